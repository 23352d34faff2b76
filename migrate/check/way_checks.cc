#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "migrate/config/definitions.h"
#include "migrate/releases.h"
#include "sim/kafka/metadata_version.h"
#include "zk/paths.h"

// More of the way back and of the way to the end, beside the gates.
namespace migrate {
namespace {

using sim::ZkMigrationState;

std::string whose_log(const MetadataFacts& log) {
  return log.node ? fmt::format("controller {}", log.node->value()) : log.source;
}

// ── Back ────────────────────────────────────────────────────────────────────────────────────────

void not_finalised(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const MetadataFacts& log : facts.metadata) {
    if (log.image.features().zk_migration_state != ZkMigrationState::PostMigration) continue;
    verdicts.find(whose_log(log), "the migration is finalised: there is no way back to ZooKeeper",
                  {in_log(log, "state POST_MIGRATION")});
  }
}

void all_mirrored(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto report = mirror_differences(facts, verdicts);
  if (!report || report->pending.empty()) return;
  std::vector<Evidence> evidence;
  constexpr std::size_t kShown = 4;
  for (const sim::Difference& each : report->pending) {
    if (evidence.size() == kShown) break;
    evidence.push_back({"KRaft alone", sim::describe(each)});
  }
  verdicts.find("/migration",
                fmt::format("{} changes are not mirrored yet: they are lost with the controllers",
                            report->pending.size()),
                std::move(evidence));
}

void flag_until_the_end(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config || node->config->shape() != NodeShape::ZooKeeperBroker) continue;
    verdicts.find(
        node_named(*node),
        "it is a broker of pure ZooKeeper mode while KRaft leads: it gets no requests and "
        "does not register, and may be elected controller when /controller goes",
        {at_config(*node->config, "zookeeper.metadata.migration.enable")});
  }
}

void no_log_on_brokers(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->has_metadata_log || !node->config || node->config->in_kraft_mode()) continue;
    const auto release = node->software ? release_of(*node->software) : std::nullopt;
    if (release && *release >= Release{3, 8, 0}) continue;  // it deletes it by itself
    if (!release) verdicts.unknown(fmt::format("the software version of {}", node->name));
    if (!release) continue;
    verdicts.find(node_named(*node),
                  "the first attempt's metadata log is left: the next one "
                  "starts from it",
                  {{node->name, "__cluster_metadata-0"}, {node->name, *node->software}});
  }
}

void authorizers_are_back(const ClusterFacts& facts, Verdicts& verdicts) {
  if (facts.zookeeper->image.acls().acls.empty()) return;
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config || node->config->in_kraft_mode() ||
        !node->config->text("authorizer.class.name").empty())
      continue;
    verdicts.find(node_named(*node),
                  "ZooKeeper has ACLs and it has no authorizer: whoever reaches it may do anything",
                  {at_config(*node->config, "authorizer.class.name"),
                   {std::string(zk::paths::kAcls), "ACLs"}});
  }
}

void protocol_fits_log(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  const std::string level = sim::describe(log.image.features().metadata_version);
  const auto known = protocol_version(level);
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config || node->config->in_kraft_mode() || node->config->is_unresolved(kProtocol))
      continue;
    const auto protocol = protocol_of(*node);
    if (!protocol && !node->config->has(kProtocol) &&
        known != protocol_version(node->config->text(kProtocol)))
      verdicts.unknown(fmt::format("the software version of {}, whose file does not set {}",
                                   node->name, kProtocol));
    if (!known || !protocol || *protocol == *known) continue;
    verdicts.find(
        node_named(*node),
        fmt::format("controllers have metadata.version {} and refuse a broker of another: "
                    "back in ZooKeeper mode it cannot register",
                    level),
        {at_protocol(*node), in_log(log, "metadata.version " + level)});
  }
}

void no_earlier_storage(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const MetadataFacts& log : facts.metadata) {
    const auto state = log.image.features().zk_migration_state;
    if (state != ZkMigrationState::Migration && state != ZkMigrationState::PostMigration) continue;
    verdicts.find(whose_log(log),
                  "its storage is an earlier attempt's: started, it goes on where that one ended, "
                  "over whatever ZooKeeper has become since",
                  {in_log(log, fmt::format("state {}, ends with offset {}",
                                           state == ZkMigrationState::Migration ? "MIGRATION"
                                                                                : "POST_MIGRATION",
                                           log.end.offset.value()))});
  }
}

// ── To the end ──────────────────────────────────────────────────────────────────────────────────

void brokers_in_kraft_mode(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config || node->config->in_kraft_mode()) continue;
    std::string what = "its file is one of ZooKeeper mode: restarted, it cannot register any more";
    std::vector<Evidence> evidence{at_config(*node->config, "process.roles")};
    if (facts.phase == Phase::S6) {
      verdicts.warn(node_named(*node),
                    "its file is one of ZooKeeper mode: restarted, it goes back there",
                    std::move(evidence));
    } else {
      verdicts.find(node_named(*node), std::move(what), std::move(evidence));
    }
  }
}

void nobody_fenced(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  for (const auto& broker : log.image.cluster().brokers) {
    if (!broker.fenced) continue;
    verdicts.find(fmt::format("broker {}", broker.broker_id.value()),
                  "it is fenced: nobody knows whether it runs in KRaft mode at all",
                  {in_log(log, "fenced at the end of the log")});
  }
}

void voters_caught_up(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& latest = *facts.latest();
  for (const MetadataFacts& log : facts.metadata) {
    if (log.end.epoch == latest.end.epoch) continue;
    verdicts.find(whose_log(log),
                  fmt::format("its log ends in epoch {}, and the quorum is in {}: it has not "
                              "followed since that election",
                              log.end.epoch.value(), latest.end.epoch.value()),
                  {in_log(log, fmt::format("ends with offset {}", log.end.offset.value())),
                   in_log(latest, fmt::format("ends with offset {}", latest.end.offset.value()))});
  }
}

void stores_equal(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto report = mirror_differences(facts, verdicts);
  if (!report || report->different.empty()) return;
  std::vector<Evidence> evidence;
  constexpr std::size_t kShown = 4;
  for (const sim::Difference& each : report->different) {
    if (evidence.size() == kShown) break;
    evidence.push_back({each.path, sim::describe(each)});
  }
  verdicts.find("both stores", fmt::format("they differ in {} places", report->different.size()),
                std::move(evidence));
}

void one_authorizer(const ClusterFacts& facts, Verdicts& verdicts) {
  constexpr std::string_view kName = "authorizer.class.name";
  const NodeFacts* with = nullptr;
  for (const NodeFacts& node : facts.nodes) {
    if (node.config && !node.config->text(kName).empty()) with = &node;
  }
  if (with == nullptr) return;
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || !node.config->in_kraft_mode() || node.is_controller() ||  // C07
        !node.config->text(kName).empty())
      continue;
    verdicts.find(node_named(node),
                  "others authorize and it does not: whoever reaches it may read and write "
                  "everything that it leads",
                  {at_config(*node.config, kName), at_config(*with->config, kName)});
  }
}

constexpr Phases kBack{Phase::R1, Phase::R2};
constexpr Phases kEnd = Phases::from(Phase::S6, Phase::S7);

constexpr std::array kWayChecks{
    Check{"G01",
          kE,
          {Phase::R1},
          kMetadata,
          "controller",
          "the migration is not finalised",
          "Controllers of POST_MIGRATION never speak to ZooKeeper again, and refuse its brokers.",
          "Go on in KRaft mode. A return is a new cluster, restored from a backup.",
          "migration.md §1.5",
          "",
          &not_finalised},
    Check{"G05",
          kE,
          {Phase::R1},
          kZooKeeper | kMetadata,
          "znode",
          "everything is mirrored before the controllers stop",
          "ZooKeeper is what a rollback goes on with.",
          "Wait until ZkWriteBehindLag is 0 while nobody changes anything, and check again.",
          "product list G05",
          "",
          &all_mirrored},
    Check{"G07", kE, Phases::from(Phase::S4, Phase::S6) | Phases{Phase::R1}, kBrokers, "broker",
          "brokers in ZooKeeper mode keep the flag while KRaft leads",
          "Only the second roll of a rollback takes it away, after the controllers are gone.",
          "Set zookeeper.metadata.migration.enable=true, controller.quorum.* and "
          "controller.listener.names on it again, and restart it.",
          "migration.md §1.5", "", &flag_until_the_end},
    Check{"G09",
          kW,
          {Phase::R2},
          kNothing,
          "broker",
          "brokers of releases before 3.8 have no metadata log left",
          "A later attempt reads it.",
          "With the broker stopped:\n  rm -rf <metadata.log.dir>/__cluster_metadata-0",
          "KAFKA-16463",
          "",
          &no_log_on_brokers},
    Check{"G10", kW, kBack, kZooKeeper | kBrokers, "broker",
          "brokers that are back in ZooKeeper mode authorize again",
          "ACLs bind nobody who does not ask them.",
          "Set authorizer.class.name=kafka.security.authorizer.AclAuthorizer.", "product list G10",
          "", &authorizers_are_back},
    Check{"G11",
          kE,
          {Phase::R1},
          kMetadata | kBrokers,
          "broker",
          "brokers come back with the controllers' metadata.version as protocol version",
          "A broker in ZooKeeper mode registers with its protocol version as the one "
          "metadata.version it knows.",
          "Set inter.broker.protocol.version to the metadata.version that is named.",
          "KafkaServer.startup (featuresRemapped), product list G11",
          "",
          &protocol_fits_log},
    Check{"G12", kE, kBeforeCopy, kNothing, "controller", "controllers begin with empty storage",
          "An old log skips the copy, and its content is written over ZooKeeper's.",
          "Stop every controller, wipe its storage, and format it again:\n"
          "  rm -rf <metadata.log.dir>/__cluster_metadata-0 <log.dirs>/meta.properties\n"
          "  kafka-storage format --cluster-id=ID -c controller.properties",
          "MB-02, product list G12", "", &no_earlier_storage},
    Check{"H02", kE, Phases::from(Phase::S6, Phase::S8), kBrokers, "broker",
          "every broker's file is one of KRaft mode",
          "A restart follows the file, whenever it comes.",
          "Set process.roles=broker and node.id, and take zookeeper.* out.", "product list H02", "",
          &brokers_in_kraft_mode},
    Check{"H03", kW, kEnd, kMetadata, "broker", "no broker is fenced",
          "Before the last step every broker must be seen alive in KRaft mode.",
          "Find out why it is fenced; where its log says that it is alive, restart the active "
          "controller (N05).",
          "product list H03", "", &nobody_fenced},
    Check{"H04", kW, kEnd, kMetadata, "controller", "every controller follows the quorum",
          "A roll of the controllers needs a majority that knows everything.",
          "kafka-metadata-quorum --bootstrap-controller HOST:PORT describe --replication",
          "product list H04", "", &voters_caught_up},
    Check{"H05",
          kE,
          {Phase::S7},
          kZooKeeper | kMetadata,
          "store",
          "both stores say the same before the last one stops being written",
          "A difference is a change that one of the two never got; afterwards nobody can tell "
          "which.",
          "zk2kraft diff --from ZK --to KRAFT --all; set the flag on again until it is clean.",
          "migration.md §4.4",
          "",
          &stores_equal},
    Check{"H09", kE, Phases::from(Phase::S6, Phase::S8), kBrokers, "broker",
          "every broker in KRaft mode authorizes if any node does",
          "One open broker opens everything that it leads.",
          "Set authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer.",
          "product list H09", "", &one_authorizer},
};

}  // namespace

std::span<const Check> way_checks() {
  return kWayChecks;
}

}  // namespace migrate
