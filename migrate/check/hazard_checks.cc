#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "zk/acl_store.h"
#include "zk/password.h"
#include "zk/paths.h"

// Seen on real 3.9.1 clusters, and checked by nobody else (migration.md §7.2).
namespace migrate {
namespace {

using sim::ZkMigrationState;

constexpr std::int64_t kPatienceMs = 60'000;  // far above any idle interval
constexpr std::int64_t kDefaultSessionMs = 18'000;

// When ZooKeeper's files were last written to, as far as znodes tell.
std::int64_t last_written_ms(const ZooKeeperFacts& zookeeper) {
  std::int64_t latest = 0;
  zookeeper.tree.for_each([&](std::string_view, const zk::Znode& znode) {
    latest = std::max({latest, znode.stat.mtime.value(), znode.stat.ctime.value()});
  });
  return latest;
}

void leftover_controllers(const ClusterFacts& facts, Verdicts& verdicts) {
  if (facts.metadata.empty() && facts.controllers().empty())
    verdicts.unknown("the controllers' folders, to see that nothing is left in them");
  for (const MetadataFacts& log : facts.metadata) {
    if (log.image.features().zk_migration_state != ZkMigrationState::Migration) continue;
    verdicts.find(log.node ? fmt::format("controller {}", log.node->value()) : log.source,
                  "its log says MIGRATION: once started, it claims /controller within a second and "
                  "writes its old image over ZooKeeper; no broker needs the flag for that",
                  {in_log(log, fmt::format("state MIGRATION, ends with epoch {}, offset {}",
                                           log.end.epoch.value(), log.end.offset.value()))});
  }
}

void acls_without_znode_name(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  for (const auto& acl : log.image.acls().acls) {
    if (zk::is_znode_name(acl.resource_name)) continue;
    verdicts.find(
        fmt::format("ACL on '{}'", acl.resource_name),
        "the resource's name is no legal znode name, so the mirror fails on it, and the next "
        "controller failover never leaves SYNC_KRAFT_TO_ZK",
        {in_log(log, fmt::format("AccessControlEntryRecord {} of {}", acl.id.describe(),
                                 acl.principal))});
  }
}

void unknown_config_types(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  for (const auto& configs : log.image.configs().resources) {
    using enum sim::ConfigResourceType;
    if (configs.resource.type == Topic || configs.resource.type == Broker) continue;
    verdicts.find(
        fmt::format("config of '{}'", configs.resource.name),
        "ZooKeeper has no place for configs of this type; the next controller failover or snapshot "
        "never leaves SYNC_KRAFT_TO_ZK",
        {in_log(log, fmt::format("ConfigRecord of resource type {}",
                                 static_cast<int>(configs.resource.type)))});
  }
}

std::string entity_text(const sim::QuotaEntity& entity) {
  std::string text;
  for (const auto& [type, name] : entity)
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", type, name.value_or("<default>"));
  return text;
}

void quotas_left_behind(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  for (const auto& quota : facts.zookeeper->image.client_quotas().entities) {
    if (log.image.client_quotas().find(quota.entity) != nullptr) continue;
    const std::string name = entity_text(quota.entity);
    verdicts.find(fmt::format("quota of {}", name),
                  "ZooKeeper has it and KRaft has not: it returns with a rollback",
                  {{"/config/users, /config/clients, /config/ips", name},
                   in_log(log, "no such client quota")});
  }
}

// The mirror brought them back; what diff tolerates for that reason.
void configs_that_came_back(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto report = mirror_differences(facts, verdicts);
  if (!report) return;
  for (const auto& each : report->tolerated) {
    if (each.why != Tolerance::ConfigOfDeletedTopic) continue;
    verdicts.find(each.difference.path,
                  "a deleted topic of that name had it, and it is in ZooKeeper again: after a "
                  "rollback it is in force, and brokers in ZooKeeper mode obey it now",
                  {{"ZooKeeper", each.difference.left.value_or("")},
                   in_log(*facts.latest(), "deleted with its topic")});
  }
}

void fenced_in_vain(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  for (const auto& [id, offset] : log.unfenced_in_vain) {
    const auto* broker = log.image.cluster().broker(id);
    if (broker == nullptr || !broker->fenced) continue;
    verdicts.find(
        fmt::format("broker {}", id.value()),
        "its last unfencing lies in an aborted transaction: it stays fenced, gets no requests, "
        "and clients may find no node, until the controller is restarted",
        {{fmt::format("offset {} of {}", offset.value(), log.source), "unfenced, then aborted"},
         in_log(log, "fenced at the end of the log")});
  }
}

void configs_without_topic(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  for (const std::string& topic :
       zookeeper.children(zk::paths::config_type(zk::paths::kTopicEntity))) {
    if (zookeeper.znode(zk::paths::topic(topic)) != nullptr) continue;
    verdicts.find(
        fmt::format("topic {}", topic),
        "it has a config and does not exist: creating it again under KRaft wedges dual write",
        {at_znode(zk::paths::config(zk::paths::kTopicEntity, topic), "there"),
         at_znode(zk::paths::topic(topic), "not there")});
  }
}

void skipped_publications(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto report = mirror_differences(facts, verdicts);
  if (!report) return;
  for (const sim::Difference& each : report->different) {
    if (each.left) continue;
    verdicts.find(each.path,
                  "KRaft has had it since before /migration's offset, and ZooKeeper lacks it: a "
                  "publication was skipped, this is no lag",
                  {{"ZooKeeper", "absent"}, {"KRaft", sim::describe(each)}});
  }
}

void checkpoint_moves(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  const MetadataFacts& log = *facts.latest();
  const zk::Znode* znode = zookeeper.znode(zk::paths::kMigration);
  if (znode == nullptr || !zookeeper.view.migration) return;
  const std::int64_t moved = znode->stat.mtime.value();
  const std::int64_t logged = log.image.provenance().last_contained_log_time_ms;
  if (logged - moved <= kPatienceMs) return;
  if (last_written_ms(zookeeper) - moved <= kPatienceMs) {
    verdicts.unknown(
        fmt::format("ZooKeeper's files of the same moment as the log, which is {} s younger",
                    (logged - moved) / 1000));
    return;
  }
  verdicts.find(
      "/migration",
      fmt::format("it was last written {} s before the end of the log, while ZooKeeper took "
                  "other writes and the log grew: nothing is mirrored any more",
                  (logged - moved) / 1000),
      {at_znode(
           zk::paths::kMigration,
           fmt::format("offset {}", zookeeper.view.migration->znode.kraft_metadata.offset.value())),
       in_log(log, fmt::format("ends with offset {}", log.end.offset.value()))});
}

void half_complete(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  const MetadataFacts& log = *facts.latest();
  if (log.image.features().zk_migration_state != ZkMigrationState::Migration) return;
  if (!zookeeper.view.migration || zookeeper.view.migration->znode.initial_migration_complete())
    return;
  if (log.image.provenance().last_contained_log_time_ms >
      last_written_ms(zookeeper) + kPatienceMs) {
    verdicts.unknown("ZooKeeper's files of the same moment as the log");
    return;
  }
  verdicts.find(
      "/migration",
      fmt::format("the log says MIGRATION and /migration has offset {}: every later leader goes "
                  "INACTIVE, nobody will ever lead the brokers",
                  zookeeper.view.migration->znode.kraft_metadata.offset.value()),
      {at_znode(zk::paths::kMigration, "no copy is complete"), in_log(log, "state MIGRATION")});
}

void controller_is_leader(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto& controller = facts.zookeeper->view.controller;
  const MetadataFacts& log = *facts.latest();
  if (!controller || !controller->znode.is_kraft()) return;
  const auto claimed = *controller->znode.kraft_controller_epoch;
  if (claimed > log.end.epoch) {
    verdicts.unknown(
        "the log of a controller that lives: this one ends before the claim in /controller");
    return;
  }
  const bool same = !log.leader || *log.leader == controller->znode.broker;
  if (same && claimed == log.end.epoch) return;
  // An active controller writes a NoOpRecord every 500 ms (metadata.max.idle.interval.ms), so a
  // short tail is a short time: of an election, or of controllers that are stopped one by one.
  constexpr std::int64_t kTimeToClaim = 20;
  // Before metadata.version 3.7-IV0 controllers do not register.
  const auto& registered = log.image.cluster().controllers;
  const bool former_leader =
      registered.empty() || registered.find(controller->znode.broker) != nullptr;
  if (former_leader && claimed < log.end.epoch &&
      log.records_of_leader.value_or(kTimeToClaim) < kTimeToClaim) {
    verdicts.unknown(fmt::format(
        "files of a later moment: the leader of epoch {} was elected just before the log ends, and "
        "has not claimed /controller yet",
        log.end.epoch.value()));
    return;
  }
  verdicts.find(
      "/controller",
      fmt::format(
          "it names controller {} with epoch {}, and the quorum's epoch is {}{}: a broker in "
          "ZooKeeper mode that is restarted now answers with an empty cluster",
          controller->znode.broker.value(), claimed.value(), log.end.epoch.value(),
          log.leader ? fmt::format(", led by {}", log.leader->value()) : ""),
      {at_znode(zk::paths::kController,
                fmt::format("broker {}, kraftControllerEpoch {}", controller->znode.broker.value(),
                            claimed.value())),
       in_log(log, fmt::format("epoch {}", log.end.epoch.value()))});
}

// A log that never took a copy, and a driver that mirrors it: what it mirrors is nothing.
void copied_before_mirrored(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto& controller = facts.zookeeper->view.controller;
  const auto& migration = facts.zookeeper->view.migration;
  const MetadataFacts& log = *facts.latest();
  if (!controller || !controller->znode.is_kraft()) return;
  if (!migration || !migration->znode.initial_migration_complete()) return;
  if (log.image.features().zk_migration_state != sim::ZkMigrationState::PreMigration) return;
  const sim::OffsetAndEpoch mirrored = migration->znode.kraft_metadata;
  if (*controller->znode.kraft_controller_epoch > log.end.epoch ||
      (mirrored.epoch == log.end.epoch && mirrored.offset >= log.end.offset)) {
    verdicts.unknown(
        "the log of a controller that lives: this one ends before what ZooKeeper's files show");
    return;
  }
  verdicts.find(
      std::string(zk::paths::kMigration),
      fmt::format("controller {} has claimed the cluster and mirrors to ZooKeeper, and its log has "
                  "copied nothing: ZooKeeper's topics, configs, quotas and ACLs are overwritten",
                  controller->znode.broker.value()),
      {at_znode(zk::paths::kMigration, fmt::format("offset {} of epoch {}", mirrored.offset.value(),
                                                   mirrored.epoch.value())),
       in_log(log, "state PRE_MIGRATION")});
}

void quorum_ready(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto controllers = facts.controllers();
  const bool is_static = std::ranges::any_of(controllers, [](const NodeFacts* node) {
    return node->config && node->config->has_static_quorum();
  });
  const sim::MetadataImage& image = facts.latest()->image;
  const auto version = image.features().metadata_version;
  if (is_static && version >= sim::MetadataVersion::V3_7_IV0) {
    for (const sim::BrokerId id : voters_not_ready(facts, image)) {
      if (image.cluster().controller(id) == nullptr) continue;  // it may still be starting
      verdicts.find(fmt::format("controller {}", id.value()),
                    "it registered without the migration flag: the driver waits for it, and the "
                    "copy never begins",
                    {in_log(*facts.latest(), "RegisterControllerRecord, zkMigrationReady=false")});
    }
    return;
  }
  const std::string off =
      is_static && driver_asks_voters(facts)
          ? "the migration flag is off: the driver asks every voter and waits for this one, and "
            "the "
            "copy never begins"
          : fmt::format(
                "the migration flag is off, and with {} Kafka does not notice: elected, it neither "
                "copies nor mirrors, and later it finalises",
                is_static ? "metadata.version " + sim::describe(version) : "a dynamic quorum");
  for (const NodeFacts* node : controllers_without_flag(facts)) {
    verdicts.find(node_named(*node), off,
                  {at_config(*node->config, "zookeeper.metadata.migration.enable")});
  }
  const MetadataFacts& log = *facts.latest();
  for (const auto& controller : log.image.cluster().controllers) {
    if (controller.zk_migration_ready) continue;
    verdicts.find(fmt::format("controller {}", controller.controller_id.value()),
                  "it registered as not ready to migrate, and with a dynamic quorum nobody looks",
                  {in_log(log, "RegisterControllerRecord, zkMigrationReady=false")});
  }
}

void session_timeout(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config || !node->config->migration_enabled()) continue;
    const auto timeout = node->config->number("zookeeper.session.timeout.ms");
    if (!timeout || *timeout >= kDefaultSessionMs) continue;
    verdicts.find(
        node_named(*node),
        fmt::format("a ZooKeeper server that stands still for {} ms, in a fsync or a collection of "
                    "garbage, wedges dual write",
                    *timeout * 2 / 3),
        {at_config(*node->config, "zookeeper.session.timeout.ms")});
  }
}

void passwords_in_clear(const ClusterFacts& facts, Verdicts& verdicts) {
  if (!facts.zookeeper && facts.metadata.empty())
    verdicts.unknown("ZooKeeper's files or a controller's metadata log");
  if (facts.zookeeper && facts.phase < Phase::S4) {
    const zk::ReadReport& report = facts.zookeeper->report;
    for (const auto& [path, config] : report.decoded_passwords)
      verdicts.find(config, "it will stand in clear text in the metadata log and its snapshots",
                    {at_znode(path, config)});
    for (const auto& each : report.encoded_passwords)
      verdicts.find(each.config,
                    "it will stand in clear text in the metadata log and its snapshots",
                    {at_znode(each.path, each.config)});
  }
  const MetadataFacts* log = facts.latest();
  if (log == nullptr) return;
  for (const auto& configs : log->image.configs().resources) {
    if (configs.resource.type != sim::ConfigResourceType::Broker) continue;
    for (const auto& [name, value] : configs.values) {
      if (!zk::is_password_config(name)) continue;
      verdicts.find(name, "it stands in clear text in the metadata log and its snapshots",
                    {in_log(*log, fmt::format("config of broker '{}'", configs.resource.name))});
    }
  }
}

void odd_cluster_id(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto& id = facts.zookeeper->view.cluster_id;
  if (!id || !id->starts_with('-')) return;
  verdicts.find("the cluster's id", "it begins with '-', which kafka-storage takes for an option",
                {at_znode(zk::paths::kClusterId, *id)});
}

void partitions_without_state(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const auto& partition : facts.zookeeper->report.partitions_without_state) {
    verdicts.find(
        fmt::format("partition {}-{}", partition.topic, partition.partition.value()),
        "it has no state znode: the copy declares all its replicas in sync, an empty one among "
        "them, "
        "and may elect it",
        {at_znode(zk::paths::partition_state(partition.topic, partition.partition), "not there")});
  }
}

void copied_in_pieces(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  if (log.image.features().zk_migration_state != ZkMigrationState::PreMigration) return;
  const std::size_t topics = log.image.topics().size();
  if (topics == 0) return;
  verdicts.find("the copy",
                fmt::format("{} topics stand in the log though nothing has been copied: each "
                            "controller that copies ends with 'Found duplicate TopicRecord'",
                            topics),
                {in_log(log, fmt::format("state PRE_MIGRATION, {} topics outside of any "
                                         "transaction, up to epoch {}, offset {}",
                                         topics, log.end.epoch.value(), log.end.offset.value()))});
}

constexpr std::array kHazardChecks{
    Check{"N01",
          kE,
          {Phase::R2},
          kNothing,
          "controller",
          "after a rollback no controller storage is left that could be started",
          "A started controller whose log says MIGRATION claims the cluster and writes its old "
          "image over "
          "ZooKeeper: topics created since are deleted.",
          "Stop every controller, and empty its log directories before anything starts it again:\n"
          "  rm -rf <metadata.log.dir>/__cluster_metadata-0 <log.dirs>/meta.properties",
          "MB-02",
          "",
          &leftover_controllers},
    Check{"N02", kE, kMirrored | Phases{Phase::S3}, kMetadata, "ACL",
          "every ACL's resource name can be the name of a znode",
          "The mirror fails on it; after the next failover there is no dual write and no request "
          "to brokers "
          "in ZooKeeper mode.",
          "Delete these ACLs until the migration is finalised, or use a prefix that is a legal "
          "name:\n"
          "  kafka-acls --bootstrap-server $BOOTSTRAP --remove --group 'team/app' …",
          "MB-21", "", &acls_without_znode_name},
    Check{"N03", kE, kMirrored | Phases{Phase::S3}, kMetadata, "config",
          "KRaft has configs of topics and brokers alone",
          "SYNC_KRAFT_TO_ZK throws on a config of another type, at every poll.",
          "Delete them until the migration is finalised:\n"
          "  kafka-configs --bootstrap-server $BOOTSTRAP --entity-type client-metrics "
          "--entity-name NAME "
          "--alter --delete-config metrics,interval.ms,match",
          "MB-11", "scenarios/faults/unknown_config_type.txtpb", &unknown_config_types},
    Check{"N04", kW, kMirrored, kZooKeeper | kMetadata, "quota",
          "ZooKeeper has no quota that KRaft no longer has",
          "The removal was not mirrored; after a rollback the quota is in force again.",
          "Before a rollback, remove its znode's config; or set the quota in KRaft again, and "
          "remove it "
          "after the rollback.",
          "MB-12", "scenarios/faults/quota_left_behind.txtpb", &quotas_left_behind},
    Check{"N05", kE, kMirrored | Phases{Phase::S3}, kMetadata, "broker",
          "no broker's unfencing was lost with an aborted transaction",
          "The controller drops every request to it, moves no leader away, and cannot place topics "
          "on it.",
          "Restart the active controller; the next activation unfences the broker within a second.",
          "MB-22", "scenarios/faults/copy_loses_zookeeper.txtpb", &fenced_in_vain},
    Check{
        "N06", kE, Phases::from(Phase::S0, Phase::S6) | Phases{Phase::R1}, kZooKeeper, "topic",
        "every topic config belongs to a topic",
        "When the topic is created again under KRaft, writing its config finds a znode that nobody "
        "expects, and dual write stops.",
        "Delete the config while ZooKeeper still leads:\n"
        "  zookeeper-shell $ZK delete /config/topics/NAME",
        "MB-06, MB-08", "", &configs_without_topic},
    Check{"N07", kE, kMirrored, kZooKeeper | kMetadata, "object",
          "ZooKeeper has all that KRaft had at /migration's offset",
          "A publication was skipped; it is repaired by the next full reconcile alone, and missing "
          "after a "
          "rollback.",
          "Make another controller active (restart the active one), and check again; do not roll "
          "back before.",
          "MB-06", "scenarios/faults/skipped_change.txtpb", &skipped_publications},
    Check{"N08", kE, kMirrored, kZooKeeper | kMetadata, "znode",
          "in dual write /migration keeps moving",
          "The controller's idea of the znode's version is stale: every mirrored write fails, and "
          "requests to "
          "brokers in ZooKeeper mode stop.",
          "Restart the active controller; take both samples again, some seconds apart.", "MB-04",
          "scenarios/faults/checkpoint_without_answer.txtpb", &checkpoint_moves},
    Check{"N09",
          kE,
          {Phase::S3},
          kZooKeeper | kMetadata,
          "znode",
          "a copy that is committed is recorded in /migration",
          "No later controller copies again, and none reconciles: a dead end.",
          "Roll back, or write the copy's end into /migration with the controllers stopped:\n"
          "  zookeeper-shell $ZK set /migration '{\"version\":0,\"kraft_metadata_offset\":OFFSET,"
          "\"kraft_controller_id\":ID,\"kraft_metadata_epoch\":EPOCH,\"kraft_controller_epoch\":"
          "EPOCH}'",
          "MB-07",
          "scenarios/faults/half_complete_copy.txtpb",
          &half_complete},
    Check{"N10", kE, kMirrored, kZooKeeper | kMetadata, "znode",
          "/controller names the quorum's leader",
          "Brokers in ZooKeeper mode find their controller there; a restarted one learns nothing.",
          "Restart no broker. Restart the active controller, so that it claims again.", "MB-03",
          "scenarios/faults/claim_without_answer.txtpb", &controller_is_leader},
    Check{
        "N11", kE, Phases::from(Phase::S1, Phase::S2), kMetadata | kControllers, "controller",
        "every controller has the flag, in its file and in its registration",
        "With a static quorum nothing begins. With a dynamic one Kafka's own gate passes, for it "
        "looks at static voters alone, and a controller without the flag finalises the cluster by "
        "being elected.",
        "Set zookeeper.metadata.migration.enable=true on it and restart it, before any broker.\n"
        "With 3.5 and 3.6 stop all controllers, then start them: whoever leads misses a voter that "
        "has restarted since its election for ever (KAFKA-15230).",
        "migration.md §6.3", "", &quorum_ready},
    Check{"N12", kW, Phases::from(Phase::S1, Phase::S6), kControllers, "controller",
          "controllers' ZooKeeper session is no shorter than Kafka's default",
          "A server frozen for two thirds of the session applies what stood in its socket, and the "
          "retry "
          "finds a stale version: dual write is wedged.",
          "Set zookeeper.session.timeout.ms=18000 or more on the controllers.", "MB-04",
          "scenarios/faults/checkpoint_without_answer.txtpb", &session_timeout},
    Check{"N13", kW, Phases::from(Phase::S0, Phase::S8), kNothing, "config",
          "no password stands in a dynamic config",
          "KRaft keeps them in clear text in the metadata log and in every snapshot of it.",
          "Move them to files or a ConfigProvider; else restrict who reads metadata.log.dir and "
          "its backups.",
          "migration.md §3.4", "", &passwords_in_clear},
    Check{"N14", kI, Phases::from(Phase::S0, Phase::S1), kZooKeeper, "cluster",
          "a cluster id that begins with '-'",
          "kafka-storage format -t ID fails: expected one argument.",
          "Write it with an equals sign:\n  kafka-storage format --cluster-id=ID -c "
          "controller.properties",
          "migration.md §1.2", "", &odd_cluster_id},
    Check{"N15", kE, kBeforeCopy, kZooKeeper, "partition", "every partition has a state znode",
          "The copy takes all replicas for in sync and the first for the leader.",
          "Let the ZooKeeper controller write it: make another broker the controller, or recreate "
          "the topic.\n"
          "  zookeeper-shell $ZK delete /controller",
          "MB-18", "", &partitions_without_state},
    Check{
        "N16", kE, Phases::from(Phase::S1, Phase::S3), kMetadata, "log",
        "before the copy is complete the metadata log shows nothing of it",
        "A copy that outlived its claim was appended outside of its transaction. No controller can "
        "copy again, and restarts do not help.",
        "Go back, and begin again: stop all controllers, delete their metadata log directories, "
        "then\n"
        "  zookeeper-shell $ZK delete /controller\n"
        "  zookeeper-shell $ZK delete /migration",
        "MB-24", "scenarios/faults/copy_outlives_its_claim.txtpb", &copied_in_pieces},
    Check{"N17", kE, Phases::from(Phase::S3, Phase::S6) | Phases{Phase::R1}, kZooKeeper | kMetadata,
          "znode", "what is mirrored to ZooKeeper was copied from it",
          "An old /migration was believed, the copy was skipped, and an empty quorum reconciles "
          "ZooKeeper with itself.",
          "Stop every controller at once, then\n  zookeeper-shell $ZK delete /controller\n"
          "  zookeeper-shell $ZK delete /migration\nand restore ZooKeeper from a backup of before "
          "the "
          "claim. What is gone:\n  zk2kraft diff --from BACKUP --to ZK",
          "MB-01, KAFKA-17146", "scenarios/faults/leftover_migration.txtpb",
          &copied_before_mirrored},
    Check{"N18", kW, kMirrored, kZooKeeper | kMetadata, "config",
          "no config of a deleted topic came back with a controller's restart",
          "Kafka 3.8 and 3.9 forget such configs in memory alone where a topic was created and "
          "deleted since the last checkpoint; who starts has them again, and the active controller "
          "mirrors them.",
          "Set it in KRaft, then delete it; a deletion by itself changes nothing:\n"
          "  kafka-configs --bootstrap-server $BOOTSTRAP --entity-type topics --entity-name NAME "
          "--alter --add-config KEY=VALUE\n"
          "  kafka-configs --bootstrap-server $BOOTSTRAP --entity-type topics --entity-name NAME "
          "--alter --delete-config KEY",
          "MB-25", "", &configs_that_came_back},
};

}  // namespace

std::span<const Check> hazard_checks() {
  return kHazardChecks;
}

}  // namespace migrate
