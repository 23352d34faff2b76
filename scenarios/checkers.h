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
#include "migrate/road_invariants.h"
#include "scenarios/cluster.h"
#include "sim/kafka/application/delivery_invariants.h"
#include "sim/kafka/application/transaction_invariants.h"
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
  // Now and then: what takes a while to be wrong. So many times a whole quorum has been formatted anew by now: what the
  // former one promised binds nobody.
  void look(const sim::World& world, std::size_t quorums_formatted);
  // Validations: what must hold at the end, when nothing disturbs any more.
  void at_end(const sim::World& world);

  // In the order in which they were seen; of each invariant only the first ones.
  const std::vector<Violation>& violations() const { return violations_; }
  // How often each invariant was asked.
  const std::map<std::string, std::uint64_t>& checks() const { return checks_; }
  sim::Durability durability(const sim::World& world) const;
  const sim::BrokerMemory& broker_memory() const { return brokers_; }
  const sim::DeliveryMemory& delivery_memory() const { return deliveries_; }
  const sim::TransactionMemory& transaction_memory() const { return transactions_; }
  std::uint64_t zookeeper_elections() const { return zookeeper_elections_; }
  std::uint64_t raft_elections() const { return raft_elections_; }
  std::uint64_t partition_elections() const { return partition_elections_; }

 private:
  // Of one invariant the first violations tell the story; the rest is its echo.
  static constexpr int kMostOfOneInvariant = 5;
  template <class Found>
  void add(const Found& found, const sim::World& world) {
    for (const auto& violation : found) {
      if (++seen_[violation.invariant] > kMostOfOneInvariant) continue;
      violations_.push_back({violation.invariant, violation.what, world.now(), last_occurrence_});
    }
  }
  void count(std::initializer_list<std::string_view> names, std::uint64_t times = 1);
  void look_at_notice(const sim::Occurrence& occurrence, const sim::World& world);
  void listen_to_controllers(const sim::Occurrence& occurrence, const sim::World& world);
  void listen_to_brokers(const sim::Occurrence& occurrence, const sim::World& world);
  template <class Request, class Response>
  void check_obedience(const sim::Occurrence& occurrence, const sim::World& world,
                       const migrate::BrokerNode* broker);
  void look_at_clients(const sim::Occurrence& occurrence, const sim::World& world);
  void settle_deliveries(const sim::World& world);
  void look_at_transactions(const sim::Occurrence& occurrence, const sim::World& world);
  void settle_transactions(const sim::World& world);
  void look_at_authority(const sim::Payload& notice, const sim::World& world);
  void look_at_migration(const sim::Occurrence& occurrence, const sim::World& world);
  void look_at_copy(const migrate::ControllerNode& controller, const sim::World& world);
  void demand_progress(const sim::World& world);
  std::vector<migrate::RunningBroker> brokers_in(const sim::World& world) const;
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
  sim::DeliveryMemory deliveries_;
  sim::TransactionMemory transactions_;
  bool has_transactions_ = false;  // some program uses them
  migrate::MigrationMemory migration_;
  // Requests of brokers' former lives that a controller has not answered yet: which controller, who asked, which one.
  std::set<std::tuple<sim::NodeId, sim::NodeId, sim::CorrelationId>> stale_requests_;
  // Control requests that a broker must not obey: which broker, who asked, which one, and what obeying it breaks.
  std::map<std::tuple<sim::NodeId, sim::NodeId, sim::CorrelationId>, std::string> unfit_requests_;
  std::map<sim::BrokerId, sim::ControllerEpoch> obeyed_epochs_;  // by broker, in its present life
  std::set<sim::TopicPartition> copied_leaderless_;              // by the last copy
  std::map<sim::BrokerId, sim::Instant> silent_since_;           // dead or paused
  std::set<sim::BrokerId>
      told_everything_;  // in ZooKeeper mode, and unfenced since the last full requests to them
  sim::Offset committed_{0};  // the end of what any node of the quorum knows to be committed
  std::optional<sim::Instant> driver_waits_since_;
  std::uint64_t last_occurrence_ = 0;
  std::size_t quorums_formatted_ = 0;
  bool ensemble_due_ = false;
  bool quorum_due_ = false;
  bool metadata_due_ = false;
  std::uint64_t zookeeper_elections_ = 0;
  std::uint64_t raft_elections_ = 0;
  std::uint64_t partition_elections_ = 0;
};

}  // namespace scenarios
