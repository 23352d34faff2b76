#include "zk/kafka_client.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/match.h"

namespace zk {

KafkaClientEvents KafkaClient::submit(ClientContext context, CallId batch,
                                      std::vector<Request> requests, Watching watching) {
  sim::check(!requests.empty() && !batches_.contains(batch),
             "a batch has requests and a name of its own");
  for (std::size_t i = 0; i < requests.size(); ++i) queue_.push_back({batch, i});
  Batch& added = batches_[batch];
  added.responses.resize(requests.size());
  added.requests = std::move(requests);
  added.watching = watching;
  KafkaClientEvents events;
  pump(context, events);
  return events;
}

void KafkaClient::close(ClientContext context) {
  batches_.clear();
  queue_.clear();
  in_flight_.clear();
  [[maybe_unused]] const auto lost = client_.close(context);
}

KafkaClientEvents KafkaClient::handle(ClientContext context, const sim::Input& input) {
  KafkaClientEvents events;
  take(context, client_.handle(context, input), events);
  pump(context, events);
  return events;
}

std::optional<sim::Instant> KafkaClient::deadline() const {
  return client_.deadline();
}

// Sends as much as may be unanswered. While the connection is down the session client holds what it is given, and
// hands it back as lost if the connection does not come back in time; so sending is always right.
void KafkaClient::pump(ClientContext& context, KafkaClientEvents& events) {
  while (!queue_.empty() && in_flight_.size() < kMaxInFlight) {
    const Slot slot = queue_.front();
    queue_.pop_front();
    const auto batch = batches_.find(slot.batch);
    if (batch == batches_.end()) continue;
    const CallId call(++last_call_);
    in_flight_.emplace(call, slot);
    take(context,
         client_.submit(context, call, batch->second.requests[slot.index], batch->second.watching),
         events);
  }
}

void KafkaClient::take(ClientContext& context, std::vector<ClientEvent> arrived,
                       KafkaClientEvents& events) {
  bool expired = false;
  std::vector<Slot> again;
  for (ClientEvent& event : arrived) {
    sim::match(
        event,
        [&](Reply& reply) {
          const auto found = in_flight_.find(reply.call);
          if (found == in_flight_.end()) return;
          const Slot slot = found->second;
          in_flight_.erase(found);
          if (reply.response.error == ErrorCode::ConnectionLoss) {
            again.push_back(slot);
          } else {
            settle(slot, std::move(reply.response), events);
          }
        },
        [&](WatchFired& fired) { events.emplace_back(std::move(fired)); },
        [&](const SessionStateChanged& changed) {
          if (changed.state == SessionState::Expired) expired = true;
          if (changed.state == SessionState::Connected && std::exchange(renewed_, false)) {
            events.emplace_back(SessionRenewed{});
          }
        });
  }
  // In their old order, before what was never sent.
  std::ranges::sort(again);
  queue_.insert(queue_.begin(), again.begin(), again.end());
  if (expired) renew(context, events);
}

void KafkaClient::settle(const Slot& slot, Response response, KafkaClientEvents& events) {
  const auto found = batches_.find(slot.batch);
  if (found == batches_.end()) return;
  Batch& batch = found->second;
  sim::check(!batch.responses[slot.index], "each request is answered once");
  batch.responses[slot.index] = std::move(response);
  if (++batch.answered < batch.requests.size()) return;
  BatchDone done{slot.batch, {}};
  done.responses.reserve(batch.responses.size());
  for (std::optional<Response>& one : batch.responses) done.responses.push_back(std::move(*one));
  batches_.erase(found);
  events.emplace_back(std::move(done));
}

// The session is over: everything open fails with SessionExpired (what was waiting for a reconnection, too:
// ZooKeeperClientExpiredException), and a new session begins.
void KafkaClient::renew(ClientContext& context, KafkaClientEvents& events) {
  std::vector<Slot> open(queue_.begin(), queue_.end());
  for (const auto& [call, slot] : in_flight_) open.push_back(slot);
  queue_.clear();
  in_flight_.clear();
  std::ranges::sort(open);
  for (const Slot& slot : open) settle(slot, Response{.error = ErrorCode::SessionExpired}, events);
  config_.resume = kNoSession;
  client_ = Client(config_);
  renewed_ = true;
  take(context, client_.handle(context, sim::Wake{}), events);
}

void KafkaClient::digest_into(sim::Digest& digest) const {
  client_.digest_into(digest);
  digest.add(std::uint64_t{batches_.size()});
  for (const auto& [id, batch] : batches_) {
    sim::digest_into(digest, id);
    digest.add(std::uint64_t{batch.answered});
  }
  digest.add(std::uint64_t{queue_.size()});
  digest.add(std::uint64_t{in_flight_.size()});
  digest.add(last_call_);
  digest.add(std::uint64_t{renewed_});
}

}  // namespace zk
