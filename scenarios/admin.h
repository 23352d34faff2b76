#pragma once

#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/core/core.h"
#include "sim/kafka/client.h"
#include "sim/kafka/rpc.h"

// An administrator's client: sends what it is told to a broker, and sends it again to the next one
// until it is answered for good (AdminClient with its retries; brokers forward to whoever is
// controller).
namespace scenarios {

// What the scenario tells it to do: one request, described for people.
struct AdminTask {
  static constexpr std::string_view kName = "admin.Task";
  std::string what;
  std::variant<sim::CreateTopicsRequest, sim::DeleteTopicsRequest,
               sim::IncrementalAlterConfigsRequest, sim::AlterPartitionReassignmentsRequest,
               sim::AlterClientQuotasRequest, sim::CreatePartitionsRequest>
      request;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("what", &AdminTask::what), sim::field("request", &AdminTask::request));
  }
};
// The answer that is final. `error` None: done.
struct AdminDone {
  static constexpr std::string_view kName = "admin.Done";
  static constexpr std::string_view kRule = "migration.md §5.8";
  std::string what;
  sim::ErrorCode error = sim::ErrorCode::None;
  std::int32_t tries = 0;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("what", &AdminDone::what), sim::field("error", &AdminDone::error),
                 sim::field("tries", &AdminDone::tries));
  }
};

class Admin {
 public:
  struct Config {
    sim::NodeId self;
    sim::AddressBook brokers;  // or controllers: whom it asks
    sim::Duration retry_backoff{1'000'000'000};
    sim::Duration request_timeout{10'000'000'000};
  };
  explicit Admin(Config config);

  sim::Effects step(sim::Instant now, sim::Input input, sim::Choices& choices);
  std::optional<sim::Instant> deadline() const;
  void digest_into(sim::Digest& digest) const;
  std::size_t open() const { return tasks_.size(); }

 private:
  void try_next(sim::Context& context);
  void answered(sim::Context& context, sim::ErrorCode error);
  template <class Response>
  bool take(sim::Context& context, const sim::Received& received);

  Config config_;
  sim::NetworkClient network_;
  std::deque<sim::Payload> tasks_;  // AdminTask, one after the other
  std::optional<sim::CorrelationId> in_flight_;
  sim::Instant not_before_{0};
  std::size_t next_broker_ = 0;
  std::int32_t tries_ = 0;
  std::uint32_t last_serial_ = 0;
};
static_assert(sim::Core<Admin>);

}  // namespace scenarios
