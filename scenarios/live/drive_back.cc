// The way back to ZooKeeper alone, R2 (migration.md §1.5): all controllers at once, then the znodes, then the brokers.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/live/drive_run.h"
#include "scenarios/live/scratch.h"
#include "scenarios/znode_edit.h"
#include "zk/migration_reader_tree.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace scenarios::live {
namespace {

// For what the controllers had asked ZooKeeper when they were killed.
constexpr sim::Duration kLastRequests{1'000'000'000};

}  // namespace

void DriveRun::stop_controllers() {
  if (!since_) {
    since_ = world_.now();
    for (const auto& [id, node] : cluster_.controllers()) {
      tell(Column::Operator, "drive", fmt::format("stops controller {}", id.value()));
      if (world_.alive(node)) world_.apply(sim::CrashProcess{world_.name_of(node)}, watch_);
    }
  }
  if (world_.now() - *since_ >= kLastRequests) step_ = Step::ClearZnodes;
}

// Looked at anew after each round, until nothing is to be done.
void DriveRun::clear_znodes() {
  if (edits_open_ > 0) return;
  const auto tree = read_whole(options_.zookeeper);
  if (!tree) {
    if (since_ && world_.now() - *since_ < kLastRequests) return;
    since_ = world_.now();
    return tell(Column::Operator, "drive", sim::describe(tree.error()));
  }
  std::vector<ZnodeEdit> edits;
  const zk::ClusterView view = zk::cluster_view(*tree, "");
  const auto drop = [&](std::string_view path) {
    edits.push_back({ZnodeEditKind::Delete, std::string(path), std::nullopt});
  };
  if (view.controller && view.controller->znode.is_kraft()) {
    // Below a partition's controller epoch the next controller elects no leader there (KAFKA-20488).
    const sim::ControllerEpoch known = view.controller_epoch.value_or(sim::ControllerEpoch(0));
    const sim::ControllerEpoch needed = view.highest_partition_controller_epoch.value_or(known);
    if (known <= needed) {
      edits.push_back({ZnodeEditKind::Set, std::string(zk::paths::kControllerEpoch),
                       zk::encode_controller_epoch(needed.next())});
    }
    drop(zk::paths::kController);
  }
  if (view.migration) drop(zk::paths::kMigration);
  if (edits.empty()) {
    step_ = Step::StopBrokers;
    return;
  }
  for (ZnodeEdit& edit : edits) {
    tell(Column::Operator, "drive", describe(edit));
    ++edits_open_;
    world_.poke(cluster_.shell().value(), sim::Payload::of(std::move(edit)));
  }
  attention_ = true;
}

void DriveRun::stop_brokers() {
  bool all_down = true;
  for (const auto& [id, node] : cluster_.brokers()) {
    if (!world_.alive(node)) continue;
    all_down = false;
    if (!brokers_asked_)
      world_.poke(node, sim::Payload::of(migrate::StopProcess{.controlled = false}));
  }
  brokers_asked_ = true;
  if (!all_down) return;
  for (const auto& [id, node] : cluster_.brokers()) {
    tell(Column::Operator, "drive", fmt::format("starts broker {} in ZooKeeper mode", id.value()));
    world_.install(node, cluster_.broker_program(id, migrate::BrokerMode::ZooKeeper));
    world_.apply(sim::Restart{world_.name_of(node)}, watch_);
  }
  step_ = Step::Elect;
}

void DriveRun::elect() {
  const bool all_back = std::ranges::all_of(cluster_.brokers(), [&](const auto& entry) {
    const migrate::BrokerNode* const core = cluster_.broker(world_, entry.first);
    return core != nullptr && core->zookeeper() != nullptr && core->zookeeper()->registered();
  });
  if (!all_back || !outcome_->back_under) return;
  step_ = Step::Done;
  attention_ = true;
}

}  // namespace scenarios::live
