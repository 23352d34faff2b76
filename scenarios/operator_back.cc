// R2, the way back to ZooKeeper alone (migration.md §1.5): every step is taken again at each look
// for as long as what it is about is not so, for servers come back and znodes are made anew behind
// her back.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/operator.h"
#include "scenarios/znode_edit.h"
#include "scenarios/zookeeper_shell.h"
#include "zk/migration_reader_tree.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace scenarios {

using migrate::BrokerMode;

void Operator::go_back(sim::World& world, const sim::Watch& watch) {
  const bool brokers_first = errs(MistakeKind::BrokersFirst);
  if (brokers_first && !roll_brokers(world, watch, BrokerMode::ZooKeeper)) return;
  if (!errs(MistakeKind::DeleteFirst) && !stop_controllers(world, watch)) return;
  if (!clear_znodes(world)) return;
  if (errs(MistakeKind::DeleteFirst)) {
    controllers_may_stop_ =
        controllers_may_stop_ ||
        settled(world, true, "nothing: only then she thinks of the controllers");
    if (!controllers_may_stop_ || !stop_controllers(world, watch)) return;
  }
  if (!errs(MistakeKind::SkipBrokerRoll) && !roll_brokers(world, watch, BrokerMode::ZooKeeper))
    return;
  format_controllers(world, watch);
  go_on(world, settled(world, back_in_zookeeper_mode(world),
                       "a broker as controller, every broker registered, every replica in sync"));
}

// All at once: of several stopped one by one a remaining one takes over in between (§1.5 rule 3).
bool Operator::stop_controllers(sim::World& world, const sim::Watch& watch) {
  for (const auto& [id, node] : cluster_.controllers()) {
    if (errs(world, MistakeKind::LeaveRunning, node)) continue;
    const bool runs = world.alive(node);
    const bool new_to_her = stopped_.insert(id).second;
    final_controllers_.erase(id);
    exited_.erase(node);  // the supervisor is told as well
    if (runs) world.apply(sim::CrashProcess{world.name_of(node)}, watch);
    if (runs || new_to_her) note(world, fmt::format("stops controller {}", id.value()));
  }
  return true;
}

void Operator::edit(sim::World& world, ZnodeEdit what) {
  note(world, describe(what));
  world.poke(cluster_.shell().value(), sim::Payload::of(std::move(what)));
}

// /controller_epoch raised where it must be, then /controller and /migration deleted, without a
// pause. True when nothing of the controllers is left that she knows of.
bool Operator::clear_znodes(sim::World& world) {
  if (znodes_cleared_) return true;
  waiting_for_ = "/controller and /migration to be gone";
  const auto* const shell = world.core_if<ZookeeperShell>(cluster_.shell().value());
  const zk::Server* const server = cluster_.zookeeper_leader(world);
  if (shell == nullptr || !shell->idle() || server == nullptr) return false;
  const zk::ClusterView view = zk::cluster_view(server->database().tree, cluster_.initial().chroot);
  const auto drop = [](std::string_view path) {
    return ZnodeEdit{ZnodeEditKind::Delete, std::string(path), std::nullopt};
  };
  const bool drops_controller =
      view.controller && view.controller->znode.is_kraft() && !errs(MistakeKind::KeepController);
  const bool drops_migration = view.migration.has_value() && !errs(MistakeKind::KeepMigration);
  if (drops_controller) {
    // The next controller has an epoch that is one higher; below a partition's it elects no leader
    // there (KAFKA-20488).
    const sim::ControllerEpoch known = view.controller_epoch.value_or(sim::ControllerEpoch(0));
    const sim::ControllerEpoch needed = view.highest_partition_controller_epoch.value_or(known);
    if (known <= needed && !errs(MistakeKind::SkipEpochCheck)) {
      edit(world, {ZnodeEditKind::Set, std::string(zk::paths::kControllerEpoch),
                   zk::encode_controller_epoch(needed.next())});
      return false;
    }
    edit(world, drop(zk::paths::kController));
  }
  if (drops_migration) edit(world, drop(zk::paths::kMigration));
  if (drops_controller || drops_migration) return false;
  // With a controller left running there is no end to what comes back; she has looked once and goes
  // on.
  znodes_cleared_ = std::ranges::any_of(
      cluster_.controllers(), [&](const auto& entry) { return world.alive(entry.second); });
  return true;
}

void Operator::format_controllers(sim::World& world, const sim::Watch& watch) {
  if (errs(MistakeKind::KeepDisks)) return;
  bool all_new = true;
  for (const auto& [id, node] : cluster_.controllers()) {
    const auto done = formatted_.find(id);
    if (done != formatted_.end() && done->second == world.incarnation(node)) continue;
    if (!stopped_.contains(id) || world.alive(node)) {
      all_new = false;
      continue;
    }
    world.apply(sim::LoseDisk{world.name_of(node)}, watch);
    note(world, fmt::format("formats controller {} anew", id.value()));
    formatted_[id] = world.incarnation(node);
    if (all_new && id == cluster_.controllers().rbegin()->first) ++quorums_formatted_;
  }
}

bool Operator::back_in_zookeeper_mode(const sim::World& world) {
  const zk::Server* const server = cluster_.zookeeper_leader(world);
  if (server == nullptr || !zookeeper_mode_is_healthy(world)) return false;
  const zk::ClusterView view = zk::cluster_view(server->database().tree, cluster_.initial().chroot);
  return view.controller && !view.controller->znode.is_kraft();
}

}  // namespace scenarios
