#include "scenarios/operator.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/check.h"
#include "zk/migration_reader_tree.h"
#include "zk/paths.h"

namespace scenarios {
namespace {

using migrate::BrokerMode;

// A supervisor restarts what has ended by itself after this long.
constexpr sim::Duration kSupervisorDelay{5'000'000'000};
// A process that does not stop in good order is killed after this long.
constexpr sim::Duration kKillAfter{60'000'000'000};

}  // namespace

sim::Expected<Phase> parse_step(std::string_view name, const sim::Place& place) {
  const auto phase = migrate::parse_phase(name);
  if (phase && std::ranges::find(kPhases, *phase) != kPhases.end()) return *phase;
  return std::unexpected(sim::Problem{
      sim::Severity::Usage, place,
      fmt::format("{} '{}'.", phase ? "a scenario goes forward, never to phase" : "there is no phase", name),
      "Phases are S0 to S8; 'zk2kraft run --list phases' says what they are."});
}

Operator::Operator(const Cluster& cluster, OperatorConfig config) : cluster_(cluster), config_(config) {}

void Operator::note(sim::World& world, std::string what) { deeds_.push_back({world.now(), std::move(what)}); }

void Operator::begin(sim::World& world, Phase phase) {
  phase_ = phase;
  phases_[phase] = world.now();
  holds_since_.reset();
}

void Operator::look(sim::World& world, const sim::Watch& watch) {
  if (!begun_) {
    begun_ = true;
    begin(world, cluster_.initial().beginning == Beginning::BeforeClaim ? Phase::S1 : Phase::S0);
  }
  look_after_processes(world, watch);
  if (phase_ >= Phase::S4 && phase_ <= Phase::S6) look_after_fenced_brokers(world, watch);
  act(world, watch);
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
  if (done_) return;
  const auto go_on = [&](bool finished) {
    if (!finished) return;
    if (phase_ == config_.goal) {
      done_ = true;
    } else {
      begin(world, static_cast<Phase>(static_cast<int>(phase_) + 1));
    }
  };
  const auto state = [&] {
    const sim::MetadataImage* const now = image(world);
    return now == nullptr ? sim::ZkMigrationState::None : now->features().zk_migration_state;
  };
  switch (phase_) {
    case Phase::S0:
      go_on(settled(world, zookeeper_mode_is_healthy(world), "every broker registered, every replica in sync"));
      return;
    case Phase::S1:
      start_controllers(world, watch);
      // Found running before the claim, the brokers are through with S2, and the copy must not wait for her.
      if (cluster_.initial().beginning == Beginning::BeforeClaim) {
        if (state() == sim::ZkMigrationState::PreMigration || in_dual_write(world)) begin(world, Phase::S3);
        return;
      }
      go_on(settled(world, state() == sim::ZkMigrationState::PreMigration, "the quorum's leader, in PRE_MIGRATION"));
      return;
    case Phase::S2:
      go_on(roll_brokers(world, watch, BrokerMode::Migrating));
      return;
    case Phase::S3:
      waiting_for_ = "the end of the copy";
      go_on(in_dual_write(world));
      return;
    case Phase::S4:
    case Phase::S6: {
      const bool healthy = in_dual_write(world) && fenced_since_.empty();
      go_on(settled(world, healthy, "dual write, and every broker unfenced"));
      return;
    }
    case Phase::S5:
      go_on(roll_brokers(world, watch, BrokerMode::KRaft));
      return;
    case Phase::S7: {
      const bool rolled = roll_controllers(world, watch);
      if (!rolled) return;
      go_on(settled(world, state() == sim::ZkMigrationState::PostMigration, "POST_MIGRATION in the log"));
      return;
    }
    case Phase::S8:
      for (const sim::NodeId node : cluster_.zookeepers()) {
        if (world.alive(node)) world.apply(sim::CrashProcess{world.name_of(node)}, watch);
      }
      go_on(settled(world, true, "nothing"));
      return;
    case Phase::R1:
    case Phase::R2:
      sim::unreachable("she goes forward");
  }
}

void Operator::start_controllers(sim::World& world, const sim::Watch& watch) {
  for (const auto& [id, node] : cluster_.controllers()) {
    if (world.incarnation(node) > 0) continue;
    world.apply(sim::Restart{world.name_of(node)}, watch);
    note(world, fmt::format("starts controller {}", id.value()));
  }
}

// ── Rolls ───────────────────────────────────────────────────────────────────────────────────────

// One server: asked to stop, killed if it does not, started with its new program. True when it runs again.
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

bool Operator::roll_brokers(sim::World& world, const sim::Watch& watch, BrokerMode mode) {
  for (const auto& [id, node] : cluster_.brokers()) {
    const migrate::BrokerNode* const core = cluster_.broker(world, id);
    const bool under_way = restarting_ && restarting_->node == node;
    if (core != nullptr && core->mode() == mode && !under_way) {
      if (broker_is_ready(world, id, mode)) continue;
      waiting_for_ = fmt::format("broker {}, back in {} mode, unfenced and in sync", id.value(), migrate::name_of(mode));
      return false;
    }
    waiting_for_ = fmt::format("broker {} to stop", id.value());
    restart(world, watch, node, cluster_.broker_program(id, mode));
    return false;
  }
  return true;
}

// Standbys first, the active controller last: so the point of no return is passed with her last restart at
// the earliest (migration.md §1.4).
bool Operator::roll_controllers(sim::World& world, const sim::Watch& watch) {
  std::vector<std::pair<sim::BrokerId, sim::NodeId>> order(cluster_.controllers().begin(), cluster_.controllers().end());
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
    const bool fenced = registration != nullptr && registration->fenced && world.alive(node) && !world.paused(node);
    if (!fenced) {
      fenced_since_.erase(id);
      continue;
    }
    const auto [since, is_new] = fenced_since_.emplace(id, world.now());
    if (world.now() - since->second < config_.fenced_too_long) continue;
    if (stuck_.insert(id).second) {
      note(world, fmt::format("broker {} is alive and heartbeats, yet stays fenced (MB-22)", id.value()));
    }
    const bool cured_lately = cured_at_ && world.now() - *cured_at_ < config_.fenced_too_long;
    if (!config_.cures_fenced_brokers || cured_lately) continue;
    const migrate::ControllerNode* const active = cluster_.active_controller(world);
    if (active == nullptr) continue;
    const std::string name = world.name_of(active->config().node.self);
    note(world, fmt::format("restarts {}, the active controller, as the runbook of MB-22 says", name));
    world.apply(sim::Restart{name}, watch);
    cured_at_ = world.now();
    fenced_since_.clear();
    return;
  }
}

// ── What she sees ───────────────────────────────────────────────────────────────────────────────

const sim::MetadataImage* Operator::image(const sim::World& world) const {
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  return active == nullptr ? nullptr : &active->node()->image();
}

bool Operator::in_dual_write(const sim::World& world) const {
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  return active != nullptr && active->driver() != nullptr &&
         active->driver()->state() == migrate::MigrationDriverState::DualWrite;
}

std::string Operator::waiting_for(const sim::World& world) const {
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  const bool for_driver = phase_ == Phase::S3 || phase_ == Phase::S4 || phase_ == Phase::S6;
  if (!for_driver || active == nullptr || active->driver() == nullptr) return waiting_for_;
  std::string text = fmt::format("{}; the driver is in {}", waiting_for_, migrate::name_of(active->driver()->state()));
  if (active->driver()->state() != migrate::MigrationDriverState::WaitForBrokers) return text;
  for (const sim::BrokerId id : awaited_brokers(world))
    text += fmt::format(", waiting for broker {}", id.value());
  return text;
}

// Who has replicas or is registered in ZooKeeper, and is not registered with the quorum as a broker that migrates: what
// the driver logs as "Still waiting for ZK brokers" (migration.md §6.4).
std::vector<sim::BrokerId> Operator::awaited_brokers(const sim::World& world) const {
  const sim::MetadataImage* const now = image(world);
  const zk::Server* const server = cluster_.zookeeper_leader(world);
  if (now == nullptr || server == nullptr) return {};
  const zk::Tree& tree = server->database().tree;
  std::set<sim::BrokerId> awaited = zk::zk_to_image(tree, cluster_.initial().chroot, {}).report.brokers_named;
  for (const auto& [id, broker] : zk::cluster_view(tree, cluster_.initial().chroot).brokers) awaited.insert(id);
  std::erase_if(awaited, [&](sim::BrokerId id) {
    const sim::BrokerRegistration* const registered = now->cluster().broker(id);
    return registered != nullptr && registered->is_migrating_zk_broker;
  });
  return {awaited.begin(), awaited.end()};
}

// Every broker registered, and every replica of theirs in sync; what brokers that are no more are said to have, they do
// not have, and she has lived with that.
bool Operator::zookeeper_mode_is_healthy(const sim::World& world) {
  const zk::Server* const server = cluster_.zookeeper_leader(world);
  if (server == nullptr) return false;
  const zk::Tree& tree = server->database().tree;
  const std::string& chroot = cluster_.initial().chroot;
  return tree.find(chroot + std::string(zk::paths::kController)) != nullptr &&
         tree.children(chroot + std::string(zk::paths::kBrokerIds)).size() >= cluster_.brokers().size() &&
         std::ranges::none_of(out_of_sync_by(tree),
                              [&](sim::BrokerId id) { return cluster_.brokers().contains(id); });
}

// A tree says the same for as long as no transaction is applied; she looks far more often than that.
const std::set<sim::BrokerId>& Operator::out_of_sync_by(const zk::Tree& tree) {
  if (tree.last_processed_zxid() != out_of_sync_as_of_) {
    out_of_sync_ = zk::brokers_out_of_sync(tree, cluster_.initial().chroot);
    out_of_sync_as_of_ = tree.last_processed_zxid();
  }
  return out_of_sync_;
}

// In ZooKeeper mode the tree is the word, from the claim on the image.
bool Operator::isr_is_full(const sim::World& world, sim::BrokerId id) {
  if (phase_ < Phase::S4) {
    const zk::Server* const server = cluster_.zookeeper_leader(world);
    return server != nullptr && !out_of_sync_by(server->database().tree).contains(id);
  }
  const sim::MetadataImage* const now = image(world);
  if (now == nullptr) return false;
  for (const sim::Topic& topic : now->topics()) {
    for (const auto& [number, partition] : topic.partitions()) {
      if (partition.has_replica(id) && (!partition.in_isr(id) || !partition.has_leader())) return false;
    }
  }
  return true;
}

bool Operator::broker_is_ready(const sim::World& world, sim::BrokerId id, BrokerMode mode) {
  const migrate::BrokerNode* const core = cluster_.broker(world, id);
  if (core == nullptr || core->broker() == nullptr) return false;
  if (core->zookeeper() != nullptr && !core->zookeeper()->registered()) return false;
  const sim::MetadataImage* const now = image(world);
  if (now == nullptr) return false;
  const sim::BrokerRegistration* const registration = now->cluster().broker(id);
  if (registration == nullptr) return false;
  const bool migrating = mode == BrokerMode::Migrating;
  if (registration->is_migrating_zk_broker != migrating) return false;
  if (!migrating && registration->fenced) return false;
  // With the last migrating broker the copy begins by itself: nobody can wait for its replicas before.
  const bool is_last = cluster_.brokers().rbegin()->first == id;
  return (migrating && is_last) || isr_is_full(world, id);
}

}  // namespace scenarios
