#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/znode_edit.h"
#include "sim/core/core.h"
#include "sim/kafka/client.h"
#include "zk/kafka_client.h"

// zookeeper-shell.sh in the operator's hands: does one edit after the other, in a session that ends
// with the last. A connection lost is waited for, an error is told and not tried again.
namespace scenarios {

// An edit was answered; `error` Ok: it is done.
struct ZnodeEdited {
  static constexpr std::string_view kName = "operator.ZnodeEdited";
  static constexpr std::string_view kRule = "migration.md §1.5";
  std::string what;
  zk::ErrorCode error = zk::ErrorCode::Ok;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("what", &ZnodeEdited::what), sim::field("error", &ZnodeEdited::error));
  }
};

class ZookeeperShell {
 public:
  explicit ZookeeperShell(zk::ClientConfig config) : config_(std::move(config)) {}

  sim::Effects step(sim::Instant now, sim::Input input, sim::Choices& choices);
  std::optional<sim::Instant> deadline() const;
  void digest_into(sim::Digest& digest) const;
  // Nothing is to be done any more.
  bool idle() const { return edits_.empty(); }

 private:
  void begin(sim::Context& context);
  void take(sim::Context& context, zk::KafkaClientEvents events);
  void answered(sim::Context& context, const std::vector<zk::Response>& responses);
  void ask(sim::Context& context, std::vector<zk::Request> requests);
  void finish(sim::Context& context, zk::ErrorCode error);

  zk::ClientConfig config_;
  std::optional<zk::KafkaClient> client_;  // while there is something to do
  std::deque<ZnodeEdit> edits_;
  std::optional<zk::CallId> call_;
  std::uint64_t last_call_ = 0;
  // Of delete_all: whose children are asked for now, and all that is to go, parents first.
  std::vector<std::string> asked_;
  std::vector<std::string> found_;
  std::uint32_t last_serial_ = 0;
};
static_assert(sim::Core<ZookeeperShell>);

}  // namespace scenarios
