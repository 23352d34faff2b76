// Servers that she restarts with another program, and those that she keeps alive.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/operator.h"

namespace scenarios {
namespace {

using migrate::BrokerMode;

// A supervisor restarts what has ended by itself after this long.
constexpr sim::Duration kSupervisorDelay{5'000'000'000};
// A process that does not stop in good order is killed after this long.
constexpr sim::Duration kKillAfter{60'000'000'000};

}  // namespace

// One server: asked to stop, killed if it does not, started with its new program. True when it runs
// again.
bool Operator::restart(sim::World& world, const sim::Watch& watch, sim::NodeId node,
                       std::unique_ptr<sim::Process> program) {
  if (!restarting_ || restarting_->node != node) {
    restarting_ = Restarting{.node = node, .since = world.now()};
    note(world, fmt::format("restarts {}", world.name_of(node)));
    if (world.alive(node)) world.poke(node, sim::Payload::of(migrate::StopProcess{}));
  }
  if (!restarting_->down && world.alive(node)) {
    if (world.now() - restarting_->since < kKillAfter) return false;
    world.apply(sim::CrashProcess{world.name_of(node)}, watch);
  }
  restarting_->down = true;
  world.install(node, std::move(program));
  world.apply(sim::Restart{world.name_of(node)}, watch);
  restarting_.reset();
  return true;
}

// A broker whose flag she forgets comes back without it, and she thinks it has it.
BrokerMode Operator::mode_given(const sim::World& world, sim::BrokerId id, BrokerMode meant) const {
  const bool forgets = errs(world, MistakeKind::ForgetFlag, cluster_.brokers().at(id));
  return meant == BrokerMode::Migrating && forgets ? BrokerMode::ZooKeeper : meant;
}

bool Operator::roll_brokers(sim::World& world, const sim::Watch& watch, BrokerMode meant) {
  for (const auto& [id, node] : cluster_.brokers()) {
    const BrokerMode mode = mode_given(world, id, meant);
    // One that is kept back will start in the mode that the others have by then.
    if (!cluster_.expects(world, id)) {
      world.install(node, cluster_.broker_program(id, mode));
      continue;
    }
    const migrate::BrokerNode* const core = cluster_.broker(world, id);
    const bool under_way = restarting_ && restarting_->node == node;
    if (core != nullptr && core->mode() == mode && !under_way) {
      if (broker_is_ready(world, id, mode)) continue;
      waiting_for_ = fmt::format("broker {}, back in {} mode, unfenced and in sync", id.value(),
                                 migrate::name_of(mode));
      return false;
    }
    waiting_for_ = fmt::format("broker {} to stop", id.value());
    restart(world, watch, node, cluster_.broker_program(id, mode));
    return false;
  }
  return true;
}

// Standbys first, the active controller last: so the point of no return is passed with her last
// restart at the earliest (migration.md §1.4).
bool Operator::roll_controllers(sim::World& world, const sim::Watch& watch) {
  std::vector<std::pair<sim::BrokerId, sim::NodeId>> order(cluster_.controllers().begin(),
                                                           cluster_.controllers().end());
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  const auto is_active = [&](const auto& entry) {
    return active != nullptr && active->config().node.id == entry.first;
  };
  if (const auto leader = std::ranges::find_if(order, is_active); leader != order.end()) {
    std::rotate(leader, leader + 1, order.end());
  }
  for (const auto& [id, node] : order) {
    if (final_controllers_.contains(id)) {
      const migrate::ControllerNode* const core = cluster_.controller(world, id);
      const bool back = core != nullptr && core->node() != nullptr &&
                        core->node()->leader_and_epoch().leader != kraft::kNoLeader;
      if (back) continue;
      waiting_for_ = fmt::format("controller {} back in the quorum", id.value());
      return false;
    }
    if (active == nullptr && order.size() > 1) {
      waiting_for_ = "an active controller, before the next one is restarted";
      return false;
    }
    // A controller answers SIGTERM at once; its resignation is left to the fetch timeout.
    if (world.alive(node)) world.apply(sim::CrashProcess{world.name_of(node)}, watch);
    world.install(node, cluster_.controller_program(id, ControllerMode::Final));
    world.apply(sim::Restart{world.name_of(node)}, watch);
    note(world, fmt::format("restarts controller {} without the migration flag", id.value()));
    final_controllers_.insert(id);
    return false;
  }
  return true;
}

// ── Care ────────────────────────────────────────────────────────────────────────────────────────

// What has halted itself (a fatal fault) is started again, as a supervisor does.
void Operator::look_after_processes(sim::World& world, const sim::Watch& watch) {
  for (std::uint32_t i = 0; i < world.node_count(); ++i) {
    const sim::NodeId node(i);
    const bool mine = restarting_ && restarting_->node == node;
    if (world.alive(node) || !exited_.contains(node) || mine || (phase_ == Phase::S8)) {
      found_exited_.erase(node);
      continue;
    }
    const auto [found, is_new] = found_exited_.emplace(node, world.now());
    if (world.now() - found->second < kSupervisorDelay) continue;
    found_exited_.erase(found);
    exited_.erase(node);
    world.apply(sim::Restart{world.name_of(node)}, watch);
    note(world, fmt::format("the supervisor restarts {}", world.name_of(node)));
  }
}

void Operator::look_after_fenced_brokers(sim::World& world, const sim::Watch& watch) {
  const sim::MetadataImage* const now = image(world);
  if (now == nullptr || !in_dual_write(world)) return;
  for (const auto& [id, node] : cluster_.brokers()) {
    const sim::BrokerRegistration* const registration = now->cluster().broker(id);
    const bool fenced =
        registration != nullptr && registration->fenced && world.alive(node) && !world.paused(node);
    if (!fenced) {
      fenced_since_.erase(id);
      continue;
    }
    const auto [since, is_new] = fenced_since_.emplace(id, world.now());
    if (world.now() - since->second < config_.fenced_too_long) continue;
    // One that the quorum does not let in stays fenced as well, in its former life's registration.
    const migrate::BrokerNode* const core = cluster_.broker(world, id);
    const bool heartbeats = core != nullptr && core->kraft() != nullptr &&
                            core->kraft()->broker_epoch() == registration->broker_epoch;
    if (!heartbeats) continue;
    if (stuck_.insert(id).second) {
      note(world,
           fmt::format("broker {} is alive and heartbeats, yet stays fenced (MB-22)", id.value()));
    }
    const bool cured_lately = cured_at_ && world.now() - *cured_at_ < config_.fenced_too_long;
    if (!config_.cures_fenced_brokers || cured_lately) continue;
    const migrate::ControllerNode* const active = cluster_.active_controller(world);
    if (active == nullptr) continue;
    const std::string name = world.name_of(active->config().node.self);
    note(world,
         fmt::format("restarts {}, the active controller, as the runbook of MB-22 says", name));
    world.apply(sim::Restart{name}, watch);
    cured_at_ = world.now();
    fenced_since_.clear();
    return;
  }
}

}  // namespace scenarios
