#include "scenarios/admin.h"

#include <algorithm>

#include "sim/base/check.h"
#include "sim/base/match.h"

namespace scenarios {
namespace {

sim::ErrorCode error_of(const sim::CreateTopicsResponse& response) {
  return response.topics.empty() ? sim::ErrorCode::None : response.topics.front().error_code;
}
sim::ErrorCode error_of(const sim::DeleteTopicsResponse& response) {
  return response.responses.empty() ? sim::ErrorCode::None : response.responses.front().error_code;
}
sim::ErrorCode error_of(const sim::IncrementalAlterConfigsResponse& response) {
  return response.responses.empty() ? sim::ErrorCode::None : response.responses.front().error_code;
}
sim::ErrorCode error_of(const sim::AlterPartitionReassignmentsResponse& response) {
  if (response.error_code != sim::ErrorCode::None || response.responses.empty())
    return response.error_code;
  return response.responses.front().error_code;
}

sim::ErrorCode error_of(const sim::CreatePartitionsResponse& response) {
  return response.results.empty() ? sim::ErrorCode::None : response.results.front().error_code;
}
sim::ErrorCode error_of(const sim::AlterClientQuotasResponse& response) {
  return response.entries.empty() ? sim::ErrorCode::None : response.entries.front().error_code;
}

// An answer after which the request may succeed elsewhere or later (RetriableException).
bool is_retriable(sim::ErrorCode error) {
  switch (error) {
    case sim::ErrorCode::NotController:
    case sim::ErrorCode::RequestTimedOut:
    case sim::ErrorCode::NetworkException:
    case sim::ErrorCode::CoordinatorNotAvailable:
    case sim::ErrorCode::BrokerNotAvailable:
    case sim::ErrorCode::StaleControllerEpoch:
      return true;
    default:
      return false;
  }
}

}  // namespace

Admin::Admin(Config config)
    : config_(std::move(config)),
      network_({.self = config_.self, .request_timeout = config_.request_timeout}) {
  sim::check(!config_.brokers.empty(), "an administrator needs a server to talk to");
}

sim::Effects Admin::step(sim::Instant now, sim::Input input, sim::Choices& choices) {
  sim::Effects effects;
  sim::Context context{now, choices, effects, last_serial_};
  if (const auto* const received = std::get_if<sim::Received>(&input)) {
    if (received->message.get_if<AdminTask>() != nullptr) {
      tasks_.push_back(received->message);
    } else if (!take<sim::CreateTopicsResponse>(context, *received) &&
               !take<sim::DeleteTopicsResponse>(context, *received) &&
               !take<sim::IncrementalAlterConfigsResponse>(context, *received) &&
               !take<sim::AlterClientQuotasResponse>(context, *received) &&
               !take<sim::CreatePartitionsResponse>(context, *received)) {
      take<sim::AlterPartitionReassignmentsResponse>(context, *received);
    }
  }
  for (const sim::CorrelationId lost : network_.handle(context, input)) {
    if (lost != in_flight_) continue;
    in_flight_.reset();
    not_before_ = context.now + config_.retry_backoff;
  }
  try_next(context);
  return effects;
}

template <class Response>
bool Admin::take(sim::Context& context, const sim::Received& received) {
  const auto* const answer = network_.answer<Response>(received);
  if (answer == nullptr) return false;
  if (answer->correlation == in_flight_) answered(context, error_of(answer->body));
  return true;
}

void Admin::answered(sim::Context& context, sim::ErrorCode error) {
  in_flight_.reset();
  if (is_retriable(error)) {
    not_before_ = context.now + config_.retry_backoff;
    return;
  }
  context.notify(sim::Payload::of(AdminDone{tasks_.front().as<AdminTask>().what, error, tries_}));
  tasks_.pop_front();
  tries_ = 0;
}

// One task after the other; each try goes to the next broker, for the last one may be dead.
void Admin::try_next(sim::Context& context) {
  if (tasks_.empty() || in_flight_ || context.now < not_before_) return;
  const auto broker = config_.brokers.nth(next_broker_++ % config_.brokers.size());
  ++tries_;
  in_flight_ = sim::match(tasks_.front().as<AdminTask>().request, [&](const auto& request) {
    return network_.send(context, broker->second, request);
  });
}

std::optional<sim::Instant> Admin::deadline() const {
  std::optional<sim::Instant> earliest = network_.deadline();
  if (!tasks_.empty() && !in_flight_ && (!earliest || not_before_ < *earliest))
    earliest = not_before_;
  return earliest;
}

void Admin::digest_into(sim::Digest& digest) const {
  network_.digest_into(digest);
  digest.add(std::uint64_t{tasks_.size()});
  sim::digest_into(digest, in_flight_);
  sim::digest_into(digest, not_before_);
  digest.add(std::uint64_t{next_broker_});
}

}  // namespace scenarios
