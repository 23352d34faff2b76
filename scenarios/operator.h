#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/broker_node.h"
#include "migrate/phase.h"
#include "scenarios/cluster.h"
#include "sim/base/problem.h"
#include "sim/base/time.h"
#include "sim/kernel/world.h"

// The person who migrates: looks at the cluster twice a second and takes the next step when the last one has
// settled (product.md b.3, migration.md §1). She knows what anybody can know from outside: what is registered,
// what the image says, who answers.
//
//   S0 in ZooKeeper mode ─► S1 controllers up ─► S2 brokers restarted with the flag ─► S3 the copy ─►
//   S4 hybrid ─► S5 brokers restarted in KRaft mode ─► S6 soak ─► S7 controllers restarted without the flag ─►
//   S8 ZooKeeper stopped
namespace scenarios {

using migrate::Phase;
// The way forward, which is the way she goes.
inline constexpr std::array kPhases{Phase::S0, Phase::S1, Phase::S2, Phase::S3, Phase::S4,
                                    Phase::S5, Phase::S6, Phase::S7, Phase::S8};
// One of these by its name; a Usage problem at `place` for any other, the way back included.
sim::Expected<Phase> parse_step(std::string_view name, const sim::Place& place);

struct OperatorConfig {
  Phase goal = Phase::S7;
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

  Phase phase() const { return phase_; }
  // The goal's phase has been reached and has settled.
  bool done() const { return done_; }
  // When each phase began.
  const std::map<Phase, sim::Instant>& phases() const { return phases_; }
  const std::vector<Deed>& deeds() const { return deeds_; }
  // What she waits for now, as a sentence.
  std::string waiting_for(const sim::World& world) const;
  // Brokers found fenced though alive for too long in dual write.
  const std::set<sim::BrokerId>& stuck_brokers() const { return stuck_; }

 private:
  // One server that is taken down and comes back with another program.
  struct Restarting {
    sim::NodeId node;
    sim::Instant since;
    bool down = false;
  };
  void begin(sim::World& world, Phase phase);
  bool settled(sim::World& world, bool holds, std::string waiting_for);
  void act(sim::World& world, const sim::Watch& watch);
  void start_controllers(sim::World& world, const sim::Watch& watch);
  bool roll_brokers(sim::World& world, const sim::Watch& watch, migrate::BrokerMode mode);
  bool roll_controllers(sim::World& world, const sim::Watch& watch);
  bool restart(sim::World& world, const sim::Watch& watch, sim::NodeId node,
               std::unique_ptr<sim::Process> program);
  void look_after_processes(sim::World& world, const sim::Watch& watch);
  void look_after_fenced_brokers(sim::World& world, const sim::Watch& watch);
  void note(sim::World& world, std::string what);

  bool zookeeper_mode_is_healthy(const sim::World& world);
  bool broker_is_ready(const sim::World& world, sim::BrokerId id, migrate::BrokerMode mode);
  bool isr_is_full(const sim::World& world, sim::BrokerId id);
  const std::set<sim::BrokerId>& out_of_sync_by(const zk::Tree& tree);
  const sim::MetadataImage* image(const sim::World& world) const;
  bool in_dual_write(const sim::World& world) const;
  std::vector<sim::BrokerId> awaited_brokers(const sim::World& world) const;

  const Cluster& cluster_;
  OperatorConfig config_;
  Phase phase_ = Phase::S0;
  std::map<Phase, sim::Instant> phases_;
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
  // What the tree of that zxid said.
  std::set<sim::BrokerId> out_of_sync_;
  std::optional<zk::Zxid> out_of_sync_as_of_;
};

}  // namespace scenarios
