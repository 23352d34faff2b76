#include "scenarios/live/drive.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <system_error>
#include <utility>

#include "scenarios/controller_files.h"
#include "scenarios/fault_targets.h"
#include "scenarios/live/drive_run.h"
#include "scenarios/live/scratch.h"
#include "scenarios/workload.h"
#include "sim/base/check.h"
#include "zk/gateway.h"

namespace scenarios::live {
namespace {

namespace fs = std::filesystem;

constexpr std::array kUntils{Until::Claim, Until::Copy, Until::DualWrite};

sim::Problem unfit(const sim::Place& place, std::string what, std::string remedy) {
  return {sim::Severity::Usage, place, std::move(what), std::move(remedy)};
}

// ── What the scenario says, as far as it is asked ───────────────────────────────────────────────

sim::Expected<std::vector<AdminTask>> changes_of(const DriveOptions& options) {
  std::vector<AdminTask> tasks;
  for (const zk2kraft::Workload& workload : options.scenario.workload()) {
    if (!workload.has_change()) {
      return std::unexpected(unfit(options.place, "there are no producers and consumers here.",
                                   "Take a scenario whose workload has changes alone."));
    }
    auto task = admin_task(workload.change(), options.place);
    if (!task) return std::unexpected(task.error());
    tasks.push_back(std::move(*task));
  }
  if (tasks.empty() || options.until == Until::DualWrite) return tasks;
  return std::unexpected(unfit(options.place,
                               "there are changes, and nobody to make them before dual write.",
                               "Go on to it, --until dual-write, or leave the changes out."));
}

sim::Expected<std::vector<FaultDirective>> faults_of(const DriveOptions& options) {
  std::vector<FaultDirective> directives;
  for (const std::string& words : options.scenario.faults()) {
    auto directive = parse_fault(words, options.place);
    if (!directive) return std::unexpected(directive.error());
    directives.push_back(std::move(*directive));
  }
  directives.insert(directives.end(), options.more_faults.begin(), options.more_faults.end());
  for (const FaultDirective& directive : directives) {
    for (const sim::Target& target : sim::targets_of(directive.fault)) {
      if (!target.starts_with("zk")) continue;
      return std::unexpected(
          unfit(options.place,
                fmt::format("'{}' strikes the ensemble, which is real.", print_fault(directive)),
                "Say what shall be done to its servers instead: --do 'kill -9 4711 on "
                "migrate.CopyBatch 1'."));
    }
  }
  return directives;
}

// What is asked of the cluster: the ensemble is one gateway, the way back needs a shell.
sim::Expected<zk2kraft::Scenario> world_of(const DriveOptions& options) {
  zk2kraft::Scenario scenario = options.scenario;
  if (scenario.cluster().topics_size() > 0 || scenario.cluster().brokers() > 0 ||
      scenario.cluster().ghost_replicas_size() > 0 || scenario.cluster().has_earlier_attempt()) {
    return std::unexpected(
        unfit(options.place,
              "the scenario describes what stands in ZooKeeper, and the ensemble has its own.",
              "Take one without brokers, topics, ghost replicas and an earlier attempt."));
  }
  scenario.mutable_cluster()->set_zookeepers(1);
  if (scenario.cluster().controllers() == 0) scenario.mutable_cluster()->set_controllers(1);
  scenario.clear_operator_();
  scenario.mutable_operator_()->add_then("R2");
  return scenario;
}

// ── The controllers' disks ──────────────────────────────────────────────────────────────────────

using Disks = std::map<sim::BrokerId, sim::Durable>;

// Of an earlier run; none where there is no folder.
sim::Expected<Disks> kept_disks(const DriveOptions& options, const Cluster& cluster) {
  Disks disks;
  if (!options.disks) return disks;
  for (const auto& [id, node] : cluster.controllers()) {
    const fs::path folder = *options.disks / fmt::format("controller-{}", id.value());
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) continue;
    auto files = read_controller_files(folder, cluster.initial().wall_clock_at_zero_ms);
    if (!files) return std::unexpected(files.error());
    std::vector<sim::BrokerId> voters;
    for (const auto& [voter, its_node] : cluster.controllers()) voters.push_back(voter);
    if (files->cluster_id != cluster.initial().cluster_id || files->node_id != id ||
        files->quorum.voters != voters) {
      return std::unexpected(unfit(
          {.source = folder.string()}, "this is the disk of another cluster, or of another quorum.",
          "Name another folder, or as many controllers as it was made with."));
    }
    disks.emplace(id, std::move(files->disk));
  }
  if (!disks.empty() && disks.size() < cluster.controllers().size()) {
    return std::unexpected(unfit({.source = options.disks->string()},
                                 "the disks of some controllers are missing.",
                                 "Give the folder as the former run left it."));
  }
  return disks;
}

// Beside the old ones first, so that an end in the midst of it leaves one or the other.
sim::Expected<std::vector<fs::path>> keep_disks(const fs::path& folder, const sim::World& world,
                                                const Cluster& cluster) {
  const fs::path fresh = folder / ".new";
  std::error_code error;
  fs::remove_all(fresh, error);
  if (auto written = write_controller_files(world, cluster, fresh); !written)
    return std::unexpected(written.error());
  std::vector<fs::path> kept;
  for (const auto& [id, node] : cluster.controllers()) {
    const fs::path place = folder / world.name_of(node);
    if (!fs::exists(fresh / world.name_of(node), error)) continue;
    fs::remove_all(place, error);
    if (!error) fs::rename(fresh / world.name_of(node), place, error);
    if (error) {
      return std::unexpected(unfit({.source = place.string()},
                                   fmt::format("it cannot be replaced: {}.", error.message()),
                                   fmt::format("The new one lies in {}.", fresh.string())));
    }
    kept.push_back(place);
  }
  fs::remove(fresh, error);
  return kept;
}

// ── The world ───────────────────────────────────────────────────────────────────────────────────

// Whom an empty quorum would make trouble for (MB-01, MB-02): it begins only where no other has begun.
sim::Expected<void> check_unclaimed(const DriveOptions& options, const zk::ClusterView& view,
                                    const Disks& disks) {
  if (!disks.empty()) return {};
  const bool claimed = view.controller && view.controller->znode.is_kraft();
  const bool copied =
      view.migration && view.migration->znode.kraft_metadata.offset > sim::Offset(0);
  if (!claimed && !copied) return {};
  return std::unexpected(unfit(
      {.source = options.zookeeper.hosts + options.zookeeper.chroot},
      claimed ? fmt::format("KRaft controller {} has claimed it already, and this quorum is empty.",
                            view.controller->znode.broker.value())
              : "its /migration says that everything is copied, and this quorum is empty.",
      "Go on with that quorum, --disks DIR of the run that did it; or delete /controller and "
      "/migration, "
      "which is the way back."));
}

void populate(sim::World& world, const Cluster& cluster, const Disks& disks) {
  const auto added = [](sim::NodeId is, sim::NodeId planned) {
    sim::check(is == planned, "nodes are added in the order in which they were numbered");
  };
  const sim::NodeId door = cluster.zookeepers().front();
  added(world.add<zk::Gateway>("ensemble", [door](sim::Instant, const sim::Durable&,
                                                  sim::Incarnation) { return zk::Gateway(door); }),
        door);
  for (const auto& [id, node] : cluster.controllers()) {
    const auto disk = disks.find(id);
    added(world.add(fmt::format("controller-{}", id.value()),
                    cluster.controller_program(id, ControllerMode::Migration),
                    {.disk = disk == disks.end() ? sim::Durable{} : disk->second}),
          node);
  }
  for (const auto& [id, node] : cluster.brokers()) {
    added(world.add(fmt::format("broker-{}", id.value()),
                    cluster.broker_program(id, migrate::BrokerMode::Migrating)),
          node);
  }
  cluster.populate_administrators(world);
}

// After the last word: whether both stores say the same, where they should.
void compare_stores(const DriveOptions& options, const Cluster& cluster, const sim::World& world,
                    DriveOutcome& outcome) {
  const migrate::ControllerNode* const active = cluster.active_controller(world);
  if (options.roll_back || active == nullptr ||
      outcome.driver != migrate::MigrationDriverState::DualWrite)
    return;
  const auto tree = read_whole(options.zookeeper);
  if (!tree) {
    outcome.not_compared = sim::describe(tree.error());
    return;
  }
  const zk::TreeImage image =
      zk::zk_to_image(*tree, "", {.password_secret = options.password_secret});
  const sim::MetadataImage& kraft = active->node()->image();
  outcome.differences = migrate::differences({.zookeeper = image.image,
                                              .report = image.report,
                                              .migration = std::nullopt,
                                              .kraft_at_checkpoint = kraft,
                                              .kraft_at_end = kraft});
}

}  // namespace

std::string_view name_of(Until until) {
  switch (until) {
    case Until::Claim:
      return "claim";
    case Until::Copy:
      return "copy";
    case Until::DualWrite:
      return "dual-write";
  }
  sim::unreachable("there are three places to stop at");
}

std::optional<Until> parse_until(std::string_view name) {
  const auto found = std::ranges::find(kUntils, name, &name_of);
  return found == kUntils.end() ? std::nullopt : std::optional(*found);
}

bool DriveOutcome::changes_refused() const {
  return std::ranges::any_of(
      changes, [](const AdminDone& done) { return done.error != sim::ErrorCode::None; });
}

sim::Expected<DriveOutcome> drive(const DriveOptions& options) {
  const auto scenario = world_of(options);
  if (!scenario) return std::unexpected(scenario.error());
  auto changes = changes_of(options);
  if (!changes) return std::unexpected(changes.error());
  const auto directives = faults_of(options);
  if (!directives) return std::unexpected(directives.error());
  if (auto marked = check_marker(options.zookeeper); !marked)
    return std::unexpected(marked.error());
  const auto tell = [&](const std::string& what) {
    options.on_line({sim::Instant(0), Column::Operator, "drive", what});
  };
  const auto found = find_cluster(options.zookeeper, options.patience, tell, options.interrupted);
  if (!found) {
    if (options.interrupted()) return DriveOutcome{.interrupted = true};
    return std::unexpected(found.error());
  }
  auto initial = initial_of(*found, options.zookeeper.hosts + options.zookeeper.chroot,
                            options.password_secret);
  if (!initial) return std::unexpected(initial.error());
  const auto cluster = Cluster::plan(*scenario, *std::move(initial), options.place);
  if (!cluster) return std::unexpected(cluster.error());
  const auto disks = kept_disks(options, *cluster);
  if (!disks) return std::unexpected(disks.error());
  if (auto free = check_unclaimed(options, found->view, *disks); !free)
    return std::unexpected(free.error());

  sim::World world(options.seed, cluster->world_options());
  populate(world, *cluster, *disks);
  if (auto targets = check_targets(*directives, world, directives->size(), options.place, {});
      !targets)
    return std::unexpected(targets.error());
  const sim::FaultPlan plan = plan_of(*directives);
  world.plan(plan);
  DriveOutcome outcome;
  DriveRun(options, *cluster, *std::move(changes), world, plan).run(outcome);
  if (options.disks && outcome.back_under) {
    // Whoever tries again begins with a quorum that was formatted anew.
    std::error_code ignored;
    for (const auto& [id, node] : cluster->controllers())
      fs::remove_all(*options.disks / world.name_of(node), ignored);
  } else if (options.disks) {
    auto kept = keep_disks(*options.disks, world, *cluster);
    if (!kept) return std::unexpected(kept.error());
    outcome.disks = *std::move(kept);
  }
  compare_stores(options, *cluster, world, outcome);
  return outcome;
}

}  // namespace scenarios::live
