#include <fmt/format.h>

#include <array>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "zk/paths.h"

// Whether the way back, or the way to the end, is open: asked at every step, not only on demand.
namespace migrate {

std::optional<DiffReport> mirror_differences(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  const MetadataFacts& log = *facts.latest();
  std::optional<zk::MigrationZnode> migration;
  if (zookeeper.view.migration) migration = zookeeper.view.migration->znode;
  if (!log.at_checkpoint) {
    verdicts.unknown(fmt::format("a metadata log that shows /migration's offset {}",
                                 migration ? migration->kraft_metadata.offset.value() : -1));
    return std::nullopt;
  }
  DiffReport report = differences({.zookeeper = zookeeper.image,
                                   .report = zookeeper.report,
                                   .migration = migration,
                                   .kraft_at_checkpoint = *log.at_checkpoint,
                                   .kraft_at_end = log.image,
                                   .quotas_removed = log.quotas_removed,
                                   .configs_of_deleted_topics = log.configs_of_deleted_topics});
  if (report.verdict == Verdict::Behind) {
    verdicts.unknown("the log of a controller that was alive when ZooKeeper's files were copied");
    return std::nullopt;
  }
  for (const Incomparable& each : report.unknown)
    verdicts.unknown(fmt::format("{}: {}", each.path, each.why));
  return report;
}

namespace {

// On the way back a closed way is an error; on the way forward it is worth a warning, because what
// closes it can be mended until then.
void closes_the_way_back(const ClusterFacts& facts, Verdicts& verdicts, std::string what,
                         std::vector<Evidence> evidence) {
  const std::string object(zk::paths::kControllerEpoch);
  const bool going_back = facts.phase == Phase::R1 || facts.phase == Phase::R2;
  going_back ? verdicts.find(object, std::move(what), std::move(evidence))
             : verdicts.warn(object, std::move(what), std::move(evidence));
}

// PartitionStateMachine and ReplicaStateMachine refuse a partition whose state has a higher
// controller epoch than their own.
void epoch_rule(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto& view = facts.zookeeper->view;
  const auto& highest = view.highest_partition_controller_epoch;
  if (!highest) return;
  if (!view.controller_epoch) {
    verdicts.unknown(std::string(zk::paths::kControllerEpoch));
    return;
  }
  // Whoever is elected next has one more than the znode says; a broker that leads has that.
  const bool broker_leads = view.controller && !view.controller->znode.is_kraft();
  const std::int32_t own = view.controller_epoch->value() + (broker_leads ? 0 : 1);
  if (highest->value() <= own) return;
  closes_the_way_back(
      facts, verdicts,
      fmt::format("a partition's state has controller epoch {}, and the controller {} {}: it "
                  "refuses to elect leaders for such partitions",
                  highest->value(), broker_leads ? "has" : "of a rollback will have", own),
      {at_znode(zk::paths::kControllerEpoch, std::to_string(view.controller_epoch->value())),
       {"/brokers/topics/*/partitions/*/state",
        fmt::format("controller_epoch up to {}", highest->value())}});
}

void documented_epoch_rule(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto& view = facts.zookeeper->view;
  const MetadataFacts& log = *facts.latest();
  if (!view.controller_epoch) {
    verdicts.unknown(std::string(zk::paths::kControllerEpoch));
    return;
  }
  if (view.controller_epoch->value() > log.end.epoch.value()) return;
  verdicts.find(
      std::string(zk::paths::kControllerEpoch),
      fmt::format("it is {}, and the quorum's epoch {}: what KRaft writes into partitions from now "
                  "on may close the way back",
                  view.controller_epoch->value(), log.end.epoch.value()),
      {at_znode(zk::paths::kControllerEpoch, std::to_string(view.controller_epoch->value())),
       in_log(log, fmt::format("epoch {}", log.end.epoch.value()))});
}

void stores_agree(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto report = mirror_differences(facts, verdicts);
  if (!report) return;
  for (const sim::Difference& each : report->different) {
    if (!each.left) continue;  // N07 has these
    verdicts.find(each.path, "both stores have it, or ZooKeeper alone, and they disagree",
                  {{"ZooKeeper vs KRaft", sim::describe(each)}});
  }
}

void nobody_left_behind(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  for (const auto& broker : log.image.cluster().brokers) {
    if (!broker.is_migrating_zk_broker) continue;
    verdicts.find(fmt::format("broker {}", broker.broker_id.value()),
                  "it is registered in ZooKeeper mode: once finalised, it gets no more requests "
                  "and can register "
                  "no more",
                  {in_log(log, "RegisterBrokerRecord, isMigratingZkBroker=true")});
  }
}

void flag_stays_on(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config || node->config->migration_enabled()) continue;
    verdicts.find(
        node_named(*node),
        "its migration flag is off: when it is elected after its next restart, the migration is "
        "finalised, with no way back",
        {at_config(*node->config, "zookeeper.metadata.migration.enable")});
  }
}

constexpr std::array kGateChecks{
    Check{"G03", kW, kMirrored, kZooKeeper | kMetadata, "znode",
          "/controller_epoch is above the quorum's epoch",
          "The documented rule for a rollback; the exact one is G04.",
          "Roll back only after G04 passes; else raise /controller_epoch between stopping the "
          "controllers and "
          "deleting /controller:\n  zookeeper-shell $ZK set /controller_epoch EPOCH",
          "KAFKA-20488", "", &documented_epoch_rule},
    Check{"G04", kE, kMirrored | Phases{Phase::S3, Phase::R2}, kZooKeeper, "znode",
          "no partition's controller epoch is above what a new controller would have",
          "After a rollback its partitions stay without a leader once theirs fails.",
          "With the controllers stopped and before /controller is deleted:\n"
          "  zookeeper-shell $ZK set /controller_epoch EPOCH",
          "KAFKA-20488, migration.md §1.5", "", &epoch_rule},
    Check{"G13", kE, kMirrored, kZooKeeper | kMetadata, "object",
          "both stores say the same of what both have",
          "A rollback would bring back what ZooKeeper says.",
          "Look at: zk2kraft diff --from ZK --to KRAFT --all; restart the active controller to "
          "reconcile.",
          "migration.md §4.4", "", &stores_agree},
    Check{"H01", kE, Phases::from(Phase::S7, Phase::S8), kMetadata, "broker",
          "no broker is left in ZooKeeper mode",
          "The controller speaks to brokers in KRaft mode alone from now on.",
          "Restart it in KRaft mode: process.roles=broker, node.id, no zookeeper.*.",
          "KAFKA-20960, MB-15", "", &nobody_left_behind},
    Check{"H08", kE, Phases::from(Phase::S3, Phase::S6) | Phases{Phase::R1}, kControllers,
          "controller", "no controller has the flag off before finalisation is decided",
          "The first controller without the flag that becomes active writes POST_MIGRATION, "
          "whatever the brokers "
          "are.",
          "Set zookeeper.metadata.migration.enable=true in its file until every broker is in KRaft "
          "mode and the soak is over.\nIf finalisation has been decided, say so:\n  zk2kraft check "
          "SOURCE… --phase S7",
          "KAFKA-20960, migration.md §1.4", "", &flag_stays_on},
};

}  // namespace

std::span<const Check> gate_checks() {
  return kGateChecks;
}

}  // namespace migrate
