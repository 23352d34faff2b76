#include "migrate/gate/rules.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>

#include "migrate/check/evidence.h"
#include "sim/kafka/record_enums.h"
#include "zk/paths.h"
#include "zk/znodes.h"

// The rules that only a gate asks.
namespace migrate {
namespace {

using sim::ZkMigrationState;

constexpr Phases kAll = Phases::from(Phase::S0, Phase::R2);
// KRaft has claimed the cluster, and ZooKeeper is still written.
constexpr Phases kClaimed = Phases::from(Phase::S3, Phase::S6) | Phases{Phase::R1};

// ── Is the question one for this phase? ─────────────────────────────────────────────────────────

void not_finalised(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  if (log.image.features().zk_migration_state != ZkMigrationState::PostMigration) return;
  verdicts.find("the cluster",
                "the migration is finalised: what KRaft has done since is in no znode, and brokers "
                "in ZooKeeper mode can register no more",
                {in_log(log, "ZkMigrationStateRecord POST_MIGRATION")});
}

void ready_to_finalise(const ClusterFacts& facts, Verdicts& verdicts) {
  verdicts.find("the cluster",
                fmt::format("it is in {} ({}), and finalisation follows S6", name_of(facts.phase),
                            explain(facts.phase)),
                {{"phase", facts.phase_because}});
}

void no_attempt_is_on(const ClusterFacts& facts, Verdicts& verdicts) {
  const bool finalised = facts.phase == Phase::S7 || facts.phase == Phase::S8;
  verdicts.find("the cluster",
                fmt::format("it is in {} ({}): {}", name_of(facts.phase), explain(facts.phase),
                            finalised ? "there is nothing left to migrate"
                                      : "another attempt needs the way back first"),
                {{"phase", facts.phase_because}});
}

void copy_is_complete(const ClusterFacts& facts, Verdicts& verdicts) {
  verdicts.find("the copy", "it is not complete: nobody restarts anything now",
                {{"phase", facts.phase_because}});
}

// The stores that the answer rests on: the row's needs say which.
void nothing_more(const ClusterFacts&, Verdicts&) {}

// ── The way back ────────────────────────────────────────────────────────────────────────────────

// A controller refuses to elect a leader for a partition whose state was written with a higher
// controller epoch than its own (PartitionStateMachine, ReplicaStateMachine): /controller_epoch
// while a broker leads, and one more for the one that is elected after the way back. In dual write
// KRaft writes the quorum's epoch there.
void partition_epochs(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  const auto& view = zookeeper.view;
  if (!view.highest_partition_controller_epoch) return;
  if (!view.controller_epoch) {
    verdicts.unknown(std::string(zk::paths::kControllerEpoch));
    return;
  }
  const bool broker_leads = view.controller && !view.controller->znode.is_kraft();
  const std::int32_t own = view.controller_epoch->value() + (broker_leads ? 0 : 1);
  if (view.highest_partition_controller_epoch->value() <= own) return;
  const MetadataFacts* log = facts.latest();
  for (const std::string& topic : zookeeper.children(zk::paths::kTopics)) {
    std::vector<Evidence> evidence;
    for (const std::string& name : zookeeper.children(zk::paths::partitions(topic))) {
      const std::string path =
          zk::paths::child(zk::paths::child(zk::paths::partitions(topic), name), "state");
      const zk::Znode* znode = zookeeper.znode(path);
      if (znode == nullptr || !znode->data) continue;
      const auto state = zk::parse_partition_state(*znode->data);
      if (!state || state->controller_epoch.value() <= own) continue;
      evidence.push_back(at_znode(
          path, fmt::format("controller_epoch {}, leader_epoch {}", state->controller_epoch.value(),
                            state->leader_epoch.value())));
    }
    if (evidence.empty()) continue;
    const std::size_t partitions = evidence.size();
    evidence.push_back(
        at_znode(zk::paths::kControllerEpoch, std::to_string(view.controller_epoch->value())));
    if (log != nullptr)
      evidence.push_back(
          in_log(*log, fmt::format("the quorum's epoch is {}", log->end.epoch.value())));
    verdicts.find(fmt::format("topic {}", topic),
                  fmt::format("{} of its partitions have a controller epoch above {}, which a "
                              "controller in ZooKeeper mode {}: it refuses to elect their leaders",
                              partitions, own, broker_leads ? "has" : "will have"),
                  std::move(evidence));
  }
}

// What the mirror has not carried over yet, as of the end of the log.
void nothing_unmirrored(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto report = mirror_differences(facts, verdicts);
  if (!report) return;
  for (const sim::Difference& each : report->unmirrored) {
    verdicts.find(each.path,
                  "KRaft changed it above /migration's offset: once the controllers are stopped, "
                  "nobody writes it to ZooKeeper",
                  {{"ZooKeeper vs the end of KRaft's log", sim::describe(each)}});
  }
}

// A log directory of version 1 was formatted for KRaft: a broker in ZooKeeper mode without the flag
// does not start on it.
void storage_of_zookeeper_mode(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts* node : facts.brokers()) {
    for (const LogDirectory& directory : node->log_directories) {
      if (directory.version == 0) continue;
      verdicts.find(node_named(*node),
                    "a log directory was formatted for KRaft mode: at the end of the way back the "
                    "broker refuses to start on it",
                    {{directory.file, fmt::format("version={}", directory.version)}});
    }
  }
}

void everybody_is_back(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  for (const auto& broker : log.image.cluster().brokers) {
    if (broker.is_migrating_zk_broker) continue;
    verdicts.find(fmt::format("broker {}", broker.broker_id.value()),
                  "it runs in KRaft mode: it would follow nobody once the controllers are gone",
                  {in_log(log, "RegisterBrokerRecord, isMigratingZkBroker=false")});
  }
}

// ── The end ─────────────────────────────────────────────────────────────────────────────────────

void everybody_is_there(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  const auto& cluster = log.image.cluster();
  for (const auto& broker : cluster.brokers) {
    if (!broker.fenced) continue;
    verdicts.find(fmt::format("broker {}", broker.broker_id.value()),
                  "it is fenced: whether it runs in KRaft mode nobody can tell until it is back",
                  {in_log(log, "fenced at the end of the log")});
  }
  std::map<sim::BrokerId, std::string> absent;
  for (const auto& topic : log.image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      for (const sim::BrokerId replica : partition.replicas) {
        if (cluster.broker(replica) == nullptr)
          absent.try_emplace(replica, fmt::format("{}-{}", topic.name(), id.value()));
      }
    }
  }
  for (const auto& [id, partition] : absent)
    verdicts.find(fmt::format("broker {}", id.value()),
                  fmt::format("it has a replica of {} and is not registered", partition),
                  {in_log(log, "no RegisterBrokerRecord")});
}

void controllers_agree(const ClusterFacts& facts, Verdicts& verdicts) {
  std::vector<Evidence> with;
  std::vector<Evidence> without;
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config) continue;
    (node->config->migration_enabled() ? with : without)
        .push_back(at_config(*node->config, "zookeeper.metadata.migration.enable"));
  }
  if (const MetadataFacts* log = facts.latest()) {
    for (const auto& each : log->image.cluster().controllers)
      if (!each.zk_migration_ready)
        without.push_back(in_log(*log, fmt::format("controller {} registered without the flag",
                                                   each.controller_id.value())));
  }
  if (with.empty() || without.empty()) return;
  std::vector<Evidence> evidence = std::move(without);
  evidence.insert(evidence.end(), with.begin(), with.end());
  verdicts.find("the controllers",
                "they disagree about the migration flag: which of them is elected decides whether "
                "the migration ends",
                std::move(evidence));
}

// ── Another attempt ─────────────────────────────────────────────────────────────────────────────

void storage_is_seen(const ClusterFacts& facts, Verdicts& verdicts) {
  if (!facts.controllers().empty() || !facts.metadata.empty()) return;
  verdicts.unknown("the controllers' folders, to see that nothing is left in them");
}

void brokers_logs_are_gone(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->has_metadata_log) continue;
    const auto& software = node->software;
    const bool deletes_it = software && (software->starts_with("3.9") || *software == "3.7.1" ||
                                         *software == "3.7.2" || software->starts_with("3.8"));
    if (deletes_it) continue;
    verdicts.find(node_named(*node),
                  "it still has __cluster_metadata-0 of an earlier attempt, and before 3.7.1 and "
                  "3.8.0 it is not deleted at its start",
                  {{node->name, "__cluster_metadata-0"}});
  }
}

// ── The next step ───────────────────────────────────────────────────────────────────────────────

// Controllers that have read ZooKeeper and found each other, before any broker is restarted.
void controllers_are_ready(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  const auto& cluster = log.image.cluster();
  if (log.image.features().zk_migration_state != ZkMigrationState::PreMigration)
    verdicts.find(
        "the quorum", "it is not in state PRE_MIGRATION",
        {in_log(log,
                fmt::format("state {}", sim::name_of(log.image.features().zk_migration_state)))});
  if (!facts.zookeeper->view.migration)
    verdicts.find("/migration", "no controller has reached ZooKeeper yet: the first makes it",
                  {at_znode(zk::paths::kMigration, "not there")});
  for (const sim::BrokerId id : voters_not_ready(facts, log.image)) {
    if (cluster.controller(id) != nullptr) continue;  // N11 says that it has no flag
    verdicts.find(fmt::format("controller {}", id.value()), "it has not registered",
                  {in_log(log, "no RegisterControllerRecord")});
  }
}

constexpr auto kE = CheckSeverity::Error;
constexpr auto kW = CheckSeverity::Warning;
constexpr std::string_view kTakeFiles = "Copy the files that are missing, and ask again.";

// In the order of `Own`.
constexpr std::array kOwn{
    Check{"W01", kE, Phases{Phase::S0, Phase::S1, Phase::S2, Phase::R2}, kZooKeeper, "cluster",
          "ZooKeeper's files are there to judge by", "ZooKeeper leads in this phase.", kTakeFiles,
          "migration.md §1.1", "", &nothing_more},
    Check{"W02", kE, Phases::from(Phase::S1, Phase::S8) | Phases{Phase::R1}, kMetadata, "cluster",
          "a controller's metadata log is there to judge by",
          "What the quorum has decided stands nowhere else.", kTakeFiles, "migration.md §1.1", "",
          &nothing_more},
    Check{"W03", kE, kClaimed, kZooKeeper | kMetadata, "cluster",
          "both stores are there to judge by",
          "One of them alone does not show what the other lacks.", kTakeFiles, "migration.md §1.1",
          "", &nothing_more},
    Check{"W04", kE, Phases::from(Phase::S7, Phase::S8), kMetadata, "cluster",
          "the migration is not finalised",
          "Past the point of no return ZooKeeper says nothing that is true.",
          "There is no way back. What remains is a restore into a new cluster from a backup.",
          "migration.md §1.4", "", &not_finalised},
    Check{"W05", kE, Phases::from(Phase::S0, Phase::S5) | Phases{Phase::R1, Phase::R2}, kNothing,
          "cluster", "every broker runs in KRaft mode already",
          "The first controller without the flag that becomes active ends the migration, whatever "
          "the brokers are.",
          "Go on with the plan: zk2kraft gate next says with what.", "KAFKA-20960, MB-15", "",
          &ready_to_finalise},
    Check{"W06", kE, Phases::from(Phase::S2, Phase::S8) | Phases{Phase::R1}, kNothing, "cluster",
          "no attempt is under way", "Another one begins where ZooKeeper leads again.",
          "Ask zk2kraft gate rollback first, or go on: zk2kraft gate next.", "migration.md §1.5",
          "", &no_attempt_is_on},
    Check{"W07", kE, Phases{Phase::S3}, kNothing, "cluster", "the copy is complete",
          "Brokers wait for the controller that copies; a restart now meets no controller at all.",
          "Wait for 'Completed migration of metadata from ZooKeeper to KRaft' in the active "
          "controller's log; zk2kraft status --log FILE reads it.",
          "migration.md §1.3", "", &copy_is_complete},
    Check{
        "KAFKA-20488", kE, kClaimed | Phases{Phase::R2}, kZooKeeper, "topic",
        "no partition's controller epoch is above what a controller in ZooKeeper mode will have",
        "Its partitions have no leader any more as soon as theirs fails or restarts.",
        "With the controllers stopped, before /controller is deleted, raise the epoch to the "
        "highest that is named:\n  zookeeper-shell $ZK set /controller_epoch EPOCH\nWhere a broker "
        "leads already, delete /controller after it, so that one is elected with the new epoch.",
        "KAFKA-20488, migration.md §1.5 rule 1", "", &partition_epochs},
    Check{"W08", kE, kClaimed, kZooKeeper | kMetadata, "object",
          "ZooKeeper has everything that KRaft has, up to the end of its log",
          "A rollback drops what was never mirrored; a broker that was told a higher leader epoch "
          "ignores the lower one.",
          "Stop changes of metadata, wait until ZkWriteBehindLag is 0, copy the files of both "
          "stores at one moment, and ask again.",
          "product list G05, KAFKA-20488", "", &nothing_unmirrored},
    Check{"W09", kE, Phases::from(Phase::S4, Phase::S6) | Phases{Phase::R1, Phase::R2}, kNothing,
          "broker", "every broker's storage was made in ZooKeeper mode",
          "A broker without the flag requires version=0 in meta.properties.",
          "Move the replicas off that directory, or take it out of log.dirs, before the last roll.",
          "migration.md §1.5 rule 5", "", &storage_of_zookeeper_mode},
    Check{"W11", kE, Phases{Phase::R1}, kMetadata, "broker",
          "every broker is back in ZooKeeper mode", "The controllers are stopped next.",
          "Restart it in ZooKeeper mode, with the migration flag.", "migration.md §1.5", "",
          &everybody_is_back},
    Check{"KAFKA-20960", kE, Phases::from(Phase::S3, Phase::S8) | Phases{Phase::R1}, kMetadata,
          "broker", "every broker is registered and unfenced",
          "A broker that is away now comes back in the mode of its file; in ZooKeeper mode it can "
          "register no more once the migration is finalised.",
          "Start it in KRaft mode and wait until it is unfenced:\n  kafka-cluster list-endpoints "
          "--bootstrap-server $BOOTSTRAP\nor unregister it for good:\n  kafka-cluster unregister "
          "--bootstrap-server $BOOTSTRAP --id ID",
          "KAFKA-20960, migration.md §1.4", "", &everybody_is_there},
    Check{
        "KAFKA-20960", kE, Phases::from(Phase::S3, Phase::S6) | Phases{Phase::R1}, kControllers,
        "controller", "all controllers have the same migration flag",
        "An election between decision and roll decides instead of you.",
        "Give every controller the same zookeeper.metadata.migration.enable, and restart those "
        "that run with another one. If finalisation has begun, that is: go on with it, the active "
        "controller last.",
        "KAFKA-20960, migration.md §1.4", "", &controllers_agree},
    Check{"MB-02", kE, kAll, kNothing, "controller", "the controllers' storage was looked at",
          "A controller whose old log says MIGRATION claims the cluster as soon as it starts, and "
          "writes its old image over ZooKeeper.",
          "Give the controllers' folders too; empty ones are enough of an answer once they hold "
          "their server.properties.",
          "MB-02, migration.md §1.5 rule 7", "", &storage_is_seen},
    Check{"KAFKA-16463", kW, Phases{Phase::S0, Phase::S1, Phase::R2}, kNothing, "broker",
          "no broker keeps the metadata log of an earlier attempt",
          "It follows the new quorum from an offset of the old one.",
          "With the broker stopped:\n  rm -rf <metadata.log.dir>/__cluster_metadata-0",
          "KAFKA-16463, migration.md §1.5 rule 6", "", &brokers_logs_are_gone},
    Check{"W10", kE, Phases{Phase::S1, Phase::S2}, kZooKeeper | kMetadata, "controller",
          "the controllers are ready for the brokers",
          "Brokers restarted with the flag forward what they are asked to controllers that do not "
          "answer.",
          "Start every controller with zookeeper.metadata.migration.enable=true; their logs say "
          "what they wait for (zk2kraft status --log FILE).",
          "migration.md §1.3, §6.3", "", &controllers_are_ready},
};

}  // namespace

std::span<const Check> gate_rules() {
  return kOwn;
}

}  // namespace migrate
