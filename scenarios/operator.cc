#include "scenarios/operator.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/check.h"

namespace scenarios {

using migrate::BrokerMode;

Operator::Operator(const Cluster& cluster, OperatorConfig config)
    : cluster_(cluster), config_(std::move(config)) {
  sim::check(!config_.roads.empty(), "she goes somewhere");
}

void Operator::note(sim::World& world, std::string what) {
  deeds_.push_back({world.now(), std::move(what)});
}

// ── Her way ─────────────────────────────────────────────────────────────────────────────────────

void Operator::begin(sim::World& world, Phase phase) {
  phase_ = phase;
  steps_.emplace_back(phase, world.now());
  holds_since_.reset();
  znodes_cleared_ = controllers_may_stop_ = false;
}

std::size_t Operator::times_begun(Phase phase) const {
  std::size_t times = 0;
  bool begun = false;  // on the present attempt
  for (const auto& [step, at] : steps_) {
    if (is_way_back(phase)) {
      times += step == phase ? 1 : 0;
    } else if (is_way_back(step)) {
      // R1 leads back to S4, R2 to before S1.
      begun = begun && step == Phase::R1 && phase <= Phase::S4;
    } else if (!begun && step >= phase) {
      begun = true;
      ++times;
    }
  }
  return times;
}

Phase Operator::next_step(const sim::World& world) const {
  const Phase to = road().to;
  if (is_way_back(to)) {
    // Brokers that have forgotten how to live without a quorum learn it first (migration.md §1.5, row P3/P4).
    const bool first_r1 = phase_ != Phase::R1 && some_broker_in_kraft_mode(world);
    return first_r1 ? Phase::R1 : to;
  }
  if (phase_ == Phase::R2) return Phase::S1;
  if (phase_ == Phase::R1) return to == Phase::S4 ? Phase::S4 : Phase::S5;
  if (phase_ == Phase::S4 && errs(MistakeKind::FinaliseEarly)) return Phase::S7;
  return static_cast<Phase>(static_cast<int>(phase_) + 1);
}

void Operator::go_on(sim::World& world, bool finished) {
  if (!finished) return;
  if (phase_ != road().to) return begin(world, next_step(world));
  if (road_ + 1 == config_.roads.size()) {
    done_ = true;
  } else if (!config_.roads[road_ + 1].turns) {
    ++road_;
    begin(world, next_step(world));
  } else {
    waiting_for_ = "the moment to turn that her script names";
  }
}

void Operator::turn(sim::World& world) {
  const std::optional<std::size_t> to = std::exchange(turn_to_, std::nullopt);
  if (!to || *to <= road_ || *to >= config_.roads.size()) return;
  if (phase_ >= Phase::S7 && phase_ <= Phase::S8) {
    note(world, "would turn back, and learns that there is no way back from finalisation");
    config_.roads.resize(road_ + 1);
    return;
  }
  road_ = *to;
  done_ = false;
  note(world, fmt::format("turns to {}", name_of(road().to)));
  begin(world, next_step(world));
}

void Operator::look(sim::World& world, const sim::Watch& watch) {
  if (!begun_) {
    begun_ = true;
    begin(world, cluster_.initial().beginning == Beginning::BeforeClaim ? Phase::S1 : Phase::S0);
  }
  turn(world);
  look_after_processes(world, watch);
  if ((phase_ >= Phase::S4 && phase_ <= Phase::S6) || phase_ == Phase::R1)
    look_after_fenced_brokers(world, watch);
  if (!done_) act(world, watch);
}

// True once `holds` was true at every look for as long as her patience asks.
bool Operator::settled(sim::World& world, bool holds, std::string waiting_for) {
  waiting_for_ = std::move(waiting_for);
  if (!holds) {
    holds_since_.reset();
    return false;
  }
  if (!holds_since_) holds_since_ = world.now();
  return world.now() - *holds_since_ >= config_.patience;
}

void Operator::act(sim::World& world, const sim::Watch& watch) {
  if (is_way_back(phase_) && migration_state(world) == sim::ZkMigrationState::PostMigration) {
    waiting_for_ = "nothing: the migration is finalised, and there is no way back";
    return;
  }
  switch (phase_) {
    case Phase::S0:
      return go_on(world, settled(world, zookeeper_mode_is_healthy(world),
                                  "every broker registered, every replica in sync"));
    case Phase::S1:
      return wait_for_the_quorum(world, watch);
    case Phase::S2:
      return go_on(world, roll_brokers(world, watch, BrokerMode::Migrating));
    case Phase::S3:
      waiting_for_ = "the end of the copy";
      return go_on(world, in_dual_write(world));
    case Phase::S4:
    case Phase::S6: {
      const bool healthy = in_dual_write(world) && fenced_since_.empty();
      return go_on(world, settled(world, healthy, "dual write, and every broker unfenced"));
    }
    case Phase::S5:
      return go_on(world, roll_brokers(world, watch, BrokerMode::KRaft));
    case Phase::S7: {
      if (!roll_controllers(world, watch)) return;
      const bool final_state = migration_state(world) == sim::ZkMigrationState::PostMigration;
      return go_on(world, settled(world, final_state, "POST_MIGRATION in the log"));
    }
    case Phase::S8:
      for (const sim::NodeId node : cluster_.zookeepers()) {
        if (world.alive(node)) world.apply(sim::CrashProcess{world.name_of(node)}, watch);
      }
      return go_on(world, settled(world, true, "nothing"));
    case Phase::R1: {
      if (!roll_brokers(world, watch, BrokerMode::Migrating)) return;
      const bool healthy = in_dual_write(world) && fenced_since_.empty();
      return go_on(world, settled(world, healthy, "dual write, and every broker unfenced"));
    }
    case Phase::R2:
      return go_back(world, watch);
  }
}

void Operator::wait_for_the_quorum(sim::World& world, const sim::Watch& watch) {
  start_controllers(world, watch);
  const bool first_attempt = times_begun(Phase::S1) == 1;
  const bool waits = migration_state(world) == sim::ZkMigrationState::PreMigration;
  // Found running before the claim, the brokers are through with S2, and the copy must not wait for her.
  if (cluster_.initial().beginning == Beginning::BeforeClaim && first_attempt) {
    waiting_for_ = "the quorum's leader, in PRE_MIGRATION";
    if (waits || in_dual_write(world)) begin(world, Phase::S3);
    return;
  }
  // Controllers that remember a former attempt lead at once (MB-02).
  const bool leads = !first_attempt && in_dual_write(world);
  go_on(world, settled(world, waits || leads, "the quorum's leader, in PRE_MIGRATION"));
}

void Operator::start_controllers(sim::World& world, const sim::Watch& watch) {
  for (const auto& [id, node] : cluster_.controllers()) {
    const bool was_stopped = stopped_.erase(id) > 0;
    if (world.incarnation(node) > 0 && !was_stopped) continue;
    const bool forgets = errs(world, MistakeKind::ForgetFlag, node);
    if (forgets || was_stopped) {
      world.install(node, cluster_.controller_program(
                              id, forgets ? ControllerMode::Final : ControllerMode::Migration));
    }
    world.apply(sim::Restart{world.name_of(node)}, watch);
    note(world, fmt::format("starts controller {}{}", id.value(),
                            forgets ? " without the migration flag" : ""));
  }
}

}  // namespace scenarios
