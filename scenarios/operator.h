#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "migrate/broker_node.h"
#include "scenarios/cluster.h"
#include "scenarios/mistake.h"
#include "scenarios/road.h"
#include "scenarios/znode_edit.h"
#include "sim/base/time.h"
#include "sim/kernel/world.h"

// The person who migrates: looks at the cluster twice a second and takes the next step when the last one has
// settled (product.md b.3, migration.md §1). She knows what anybody can know from outside: what is registered,
// what the image says, who answers, what stands in ZooKeeper.
//
//   S0 in ZooKeeper mode ─► S1 controllers up ─► S2 brokers restarted with the flag ─► S3 the copy ─►
//   S4 hybrid ─► S5 brokers restarted in KRaft mode ─► S6 soak ─► S7 controllers restarted without the flag ─►
//   S8 ZooKeeper stopped
//
//   from S5, S6: R1 brokers restarted in ZooKeeper mode with the flag ─► on from S4, or back
//   from S1 to S4, R1: R2 controllers stopped, /controller and /migration deleted, brokers restarted without the flag,
//   controllers formatted anew ─► on from S1, a second attempt
namespace scenarios {

struct OperatorConfig {
  // Her way; at least one road.
  std::vector<Road> roads{Road{}};
  Mistakes mistakes;
  // How long a state must hold before she takes it for settled.
  sim::Duration patience{5'000'000'000};
  // Whether she knows what to do about a broker that stays fenced though it lives (MB-22).
  bool cures_fenced_brokers = false;
  // After that long alive and fenced in dual write a broker counts as stuck.
  sim::Duration fenced_too_long{30'000'000'000};
};

class Operator {
 public:
  // What she did, for the timeline.
  struct Deed {
    sim::Instant at;
    std::string what;
  };
  Operator(const Cluster& cluster, OperatorConfig config);

  // One look, and what follows from it.
  void look(sim::World& world, const sim::Watch& watch);
  static constexpr sim::Duration kLooksEvery{500'000'000};

  // A process has halted itself. Told by who watches the run, for it cannot be seen later.
  void process_exited(sim::NodeId node) { exited_.insert(node); }
  // The moment has come at which she turns to her nth road (from 0). One that she has left behind is no road any more.
  void turn_to(std::size_t road) { turn_to_ = road; }

  Phase phase() const { return phase_; }
  // The last road's end has been reached and has settled.
  bool done() const { return done_; }
  // The phases in which she was, in the order in which they began.
  const std::vector<std::pair<Phase, sim::Instant>>& steps() const { return steps_; }
  // How often a phase has begun; one that she passed over has, when a later one does. Forward, S0 to S8 alone.
  std::size_t times_begun(Phase phase) const;
  const std::vector<Deed>& deeds() const { return deeds_; }
  // What she waits for now, as a sentence.
  std::string waiting_for(const sim::World& world) const;
  // Brokers found fenced though alive for too long in dual write.
  const std::set<sim::BrokerId>& stuck_brokers() const { return stuck_; }
  // How often she has formatted all controllers anew: what holds of one quorum does not hold of two.
  std::size_t quorums_formatted() const { return quorums_formatted_; }

 private:
  // One server that is taken down and comes back with another program.
  struct Restarting {
    sim::NodeId node;
    sim::Instant since;
    bool down = false;
  };
  // operator.cc: her way, and the way forward
  const Road& road() const { return config_.roads[road_]; }
  void begin(sim::World& world, Phase phase);
  Phase next_step(const sim::World& world) const;
  void turn(sim::World& world);
  void go_on(sim::World& world, bool finished);
  bool settled(sim::World& world, bool holds, std::string waiting_for);
  void act(sim::World& world, const sim::Watch& watch);
  void wait_for_the_quorum(sim::World& world, const sim::Watch& watch);
  void start_controllers(sim::World& world, const sim::Watch& watch);
  void note(sim::World& world, std::string what);
  bool errs(MistakeKind kind) const { return config_.mistakes.has(kind); }
  bool errs(const sim::World& world, MistakeKind kind, sim::NodeId at) const {
    return config_.mistakes.has(kind, world.name_of(at));
  }

  // operator_back.cc: R2
  void go_back(sim::World& world, const sim::Watch& watch);
  bool stop_controllers(sim::World& world, const sim::Watch& watch);
  bool clear_znodes(sim::World& world);
  void format_controllers(sim::World& world, const sim::Watch& watch);
  bool back_in_zookeeper_mode(const sim::World& world);
  void edit(sim::World& world, ZnodeEdit what);

  // operator_rolls.cc
  bool roll_brokers(sim::World& world, const sim::Watch& watch, migrate::BrokerMode mode);
  bool roll_controllers(sim::World& world, const sim::Watch& watch);
  bool restart(sim::World& world, const sim::Watch& watch, sim::NodeId node,
               std::unique_ptr<sim::Process> program);
  migrate::BrokerMode mode_given(const sim::World& world, sim::BrokerId id,
                                 migrate::BrokerMode meant) const;
  void look_after_processes(sim::World& world, const sim::Watch& watch);
  void look_after_fenced_brokers(sim::World& world, const sim::Watch& watch);

  // operator_sight.cc
  bool zookeeper_mode_is_healthy(const sim::World& world);
  bool broker_is_ready(const sim::World& world, sim::BrokerId id, migrate::BrokerMode mode);
  bool isr_is_full(const sim::World& world, sim::BrokerId id);
  const std::set<sim::BrokerId>& out_of_sync_by(const zk::Tree& tree);
  const sim::MetadataImage* image(const sim::World& world) const;
  sim::ZkMigrationState migration_state(const sim::World& world) const;
  bool in_dual_write(const sim::World& world) const;
  std::vector<sim::BrokerId> awaited_brokers(const sim::World& world) const;
  bool some_broker_in_kraft_mode(const sim::World& world) const;

  const Cluster& cluster_;
  OperatorConfig config_;
  std::size_t road_ = 0;
  std::optional<std::size_t> turn_to_;
  Phase phase_ = Phase::S0;
  std::vector<std::pair<Phase, sim::Instant>> steps_;
  std::optional<sim::Instant> holds_since_;
  bool done_ = false;
  bool begun_ = false;
  std::string waiting_for_;
  std::vector<Deed> deeds_;
  std::optional<Restarting> restarting_;
  std::set<sim::BrokerId> final_controllers_;
  std::set<sim::NodeId> exited_;
  std::map<sim::NodeId, sim::Instant> found_exited_;
  std::map<sim::BrokerId, sim::Instant> fenced_since_;
  std::set<sim::BrokerId> stuck_;
  std::optional<sim::Instant> cured_at_;
  // Back: controllers that she has taken down; those formatted, and in which life they were; znodes looked after.
  std::set<sim::BrokerId> stopped_;
  std::map<sim::BrokerId, sim::Incarnation> formatted_;
  std::size_t quorums_formatted_ = 0;
  bool znodes_cleared_ = false;
  bool controllers_may_stop_ = false;
  // What the tree of that zxid said.
  std::set<sim::BrokerId> out_of_sync_;
  std::optional<zk::Zxid> out_of_sync_as_of_;
};

}  // namespace scenarios
