#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kraft/invariants.h"
#include "migrate/invariants.h"
#include "scenarios/cluster.h"
#include "sim/kafka/broker_invariants.h"
#include "sim/kafka/rpc.h"
#include "sim/kernel/occurrence.h"
#include "zk/invariants.h"

// Watches a run and asks every invariant whenever something happened that could break it. The invariants
// themselves are pure functions beside the machines (zk/invariants.h, kraft/invariants.h, sim/kafka/broker_invariants.h,
// migrate/invariants.h); here they are given what they look at, and their memory.
namespace scenarios {

struct Violation {
  std::string invariant;  // "broker.P1"
  std::string what;       // a sentence with the evidence
  sim::Instant at;
  std::uint64_t occurrence = 0;  // after which it was seen; 0: at the end
};

class Checkers : public sim::Observer {
 public:
  explicit Checkers(const Cluster& cluster);

  void on(const sim::Occurrence& occurrence, const sim::World& world) override;
  void after_event(const sim::World& world) override;
  // Validations: what must hold at the end, when nothing disturbs any more.
  void at_end(const sim::World& world);

  // In the order in which they were seen; of each invariant only the first ones.
  const std::vector<Violation>& violations() const { return violations_; }
  // How often each invariant was asked.
  const std::map<std::string, std::uint64_t>& checks() const { return checks_; }
  sim::Durability durability(const sim::World& world) const;
  const sim::BrokerMemory& broker_memory() const { return brokers_; }
  std::uint64_t zookeeper_elections() const { return zookeeper_elections_; }
  std::uint64_t raft_elections() const { return raft_elections_; }
  std::uint64_t partition_elections() const { return partition_elections_; }

 private:
  template <class Found>
  void add(const Found& found, const sim::World& world);
  void count(std::initializer_list<std::string_view> names, std::uint64_t times = 1);
  void look_at_notice(const sim::Occurrence& occurrence, const sim::World& world);
  void listen_to_controllers(const sim::Occurrence& occurrence, const sim::World& world);
  void watch_votes(const sim::Occurrence& occurrence, const sim::World& world);
  void check_watches(const zk::KafkaClient* client, const sim::World& world);
  std::vector<const sim::Broker*> running_brokers(const sim::World& world) const;
  std::vector<const kraft::Node*> running_nodes(const sim::World& world) const;

  const Cluster& cluster_;
  std::vector<Violation> violations_;
  std::map<std::string, std::uint64_t> checks_;
  std::map<std::string, int> seen_;
  zk::EnsembleMemory ensemble_;
  kraft::QuorumMemory quorum_;
  kraft::MetadataMemory metadata_;
  sim::BrokerMemory brokers_;
  migrate::MigrationMemory migration_;
  // Requests of brokers' former lives that a controller has not answered yet: which controller, who asked, which one.
  std::set<std::tuple<sim::NodeId, sim::NodeId, sim::CorrelationId>> stale_requests_;
  std::uint64_t last_occurrence_ = 0;
  bool ensemble_due_ = false;
  bool quorum_due_ = false;
  bool metadata_due_ = false;
  std::uint64_t zookeeper_elections_ = 0;
  std::uint64_t raft_elections_ = 0;
  std::uint64_t partition_elections_ = 0;
};

}  // namespace scenarios
