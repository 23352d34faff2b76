#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "migrate/config/definitions.h"
#include "migrate/releases.h"
#include "sim/kafka/metadata_version.h"
#include "zk/paths.h"

// Versions and identities, node by node and against each other.
namespace migrate {

std::optional<int> protocol_of(const NodeFacts& node) {
  if (node.config->has(kProtocol)) return protocol_version(node.config->text(kProtocol));
  const auto release = node.software ? release_of(*node.software) : std::nullopt;
  if (!release) return std::nullopt;
  return protocol_version(fmt::format("{}.{}", release->major, release->minor));
}

Evidence at_protocol(const NodeFacts& node) {
  if (node.config->has(kProtocol) || !node.software) return at_config(*node.config, kProtocol);
  return {sim::describe(node.config->place_of(kProtocol)),
          fmt::format("{} is not set, and it runs {}", kProtocol, *node.software)};
}

namespace {

// ── Versions ────────────────────────────────────────────────────────────────────────────────────

// Below these a migration is not to be had: Kafka has none, or its operator or distributor does not
// do it.
Release floor_of(Profile profile) {
  if (profile == Profile::Strimzi) return {3, 7, 0};
  if (is_confluent(profile)) return {3, 6, 1};  // CP 7.6.1
  return {3, 4, 0};
}

void bridge_release(const ClusterFacts& facts, Verdicts& verdicts) {
  const Release floor = floor_of(facts.profile);
  for (const NodeFacts& node : facts.nodes) {
    if (!node.software) continue;
    const auto release = release_of(*node.software);
    const std::vector<Evidence> evidence{{node.name, *node.software}};
    if (!release) {
      verdicts.unknown(fmt::format("which release of Kafka '{}' is", *node.software));
    } else if (*release < floor || release->major >= 4) {
      verdicts.block(node_named(node),
                     fmt::format("it runs {}, which cannot migrate: {} {}.{}.{}", *node.software,
                                 release->major >= 4 ? "the last that can is 3.9, the first"
                                                     : "the first that can is",
                                 floor.major, floor.minor, floor.patch),
                     evidence);
    } else if (*release < Release{3, 9, 0}) {
      verdicts.find(
          node_named(node),
          fmt::format("it runs {}, and the last line that migrates is 3.9", *node.software),
          evidence);
    }
  }
}

void one_build(const ClusterFacts& facts, Verdicts& verdicts) {
  std::map<std::string, std::string> nodes;
  for (const NodeFacts& node : facts.nodes) {
    if (node.software)
      nodes[*node.software] += (nodes[*node.software].empty() ? "" : ", ") + node.name;
  }
  if (nodes.size() < 2) return;
  std::vector<Evidence> evidence;
  for (const auto& [version, names] : nodes) evidence.push_back({names, version});
  verdicts.find("the fleet", fmt::format("it runs {} versions", nodes.size()), std::move(evidence));
}

void protocol_can_migrate(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config || node->config->in_kraft_mode()) continue;
    if (node->config->is_unresolved(kProtocol)) {
      verdicts.unknown(fmt::format("what {} of {} resolves to", kProtocol, node->name));
      continue;
    }
    const auto version = protocol_version(node->config->text(kProtocol));
    if (!version || *version >= *protocol_version("3.6-IV1")) continue;
    verdicts.find(node_named(*node), "controllers of 3.9 refuse a new migration at this level",
                  {at_config(*node->config, kProtocol)});
  }
}

void protocol_is_metadata_version(const ClusterFacts& facts, Verdicts& verdicts) {
  std::map<int, const NodeFacts*> versions;
  std::vector<const NodeFacts*> silent;  // of an unknown release, which is what would count
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config || node->config->in_kraft_mode() || node->config->is_unresolved(kProtocol))
      continue;
    if (const auto version = protocol_of(*node)) {
      versions.emplace(*version, node);
    } else if (!node->config->has(kProtocol)) {
      silent.push_back(node);
    }
  }
  if (versions.size() > 1) {
    std::vector<Evidence> evidence;
    for (const auto& [version, node] : versions) evidence.push_back(at_protocol(*node));
    verdicts.warn("the brokers", "their protocol versions differ", std::move(evidence));
  }
  const MetadataFacts* log = facts.latest();
  if (log == nullptr) return;
  const std::string level = sim::describe(log->image.features().metadata_version);
  const auto known = protocol_version(level);
  for (const NodeFacts* node : silent) {
    if (known != protocol_version(node->config->text(kProtocol)))
      verdicts.unknown(fmt::format("the software version of {}, whose file does not set {}",
                                   node->name, kProtocol));
  }
  for (const auto& [version, node] : versions) {
    if (!known || version == *known) continue;
    verdicts.find(
        node_named(*node),
        fmt::format("its protocol version is not the controllers' metadata.version {}: they refuse "
                    "its registration, and the migration waits for it without end",
                    level),
        {at_protocol(*node), in_log(*log, "metadata.version " + level)});
  }
}

// ── Identities ──────────────────────────────────────────────────────────────────────────────────

void one_cluster_id(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto id = facts.cluster_id();
  for (const NodeFacts& node : facts.nodes) {
    for (const LogDirectory& directory : node.log_directories) {
      if (!directory.cluster_id || (id && directory.cluster_id == *id)) continue;
      verdicts.find(node_named(node),
                    id ? "its storage belongs to another cluster: it can never register"
                       : "nodes' storages belong to different clusters",
                    {{directory.file, fmt::format("cluster.id={}", *directory.cluster_id)},
                     at_znode(zk::paths::kClusterId, id.value_or("unknown"))});
    }
  }
}

void disjoint_ids(const ClusterFacts& facts, Verdicts& verdicts) {
  std::map<sim::BrokerId, Evidence> brokers;
  if (facts.zookeeper) {
    for (const auto& [id, broker] : facts.zookeeper->view.brokers)
      brokers.emplace(id, at_znode(zk::paths::broker(id), "a broker"));
    for (const sim::BrokerId id : facts.zookeeper->report.brokers_named)
      brokers.emplace(id, Evidence{std::string(zk::paths::kTopics),
                                   fmt::format("{} has replicas or configs", id.value())});
  }
  std::map<sim::BrokerId, Evidence> controllers;
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->node_id() < 0 || node.config->shape() == NodeShape::Combined)
      continue;
    auto& own = node.is_controller() ? controllers : brokers;
    own.emplace(id_of(*node.config), at_config(*node.config, "node.id"));
    for (const sim::BrokerId voter : node.config->voter_ids())
      controllers.emplace(voter, at_config(*node.config, "controller.quorum.voters"));
  }
  for (const auto& [id, evidence] : controllers) {
    const auto broker = brokers.find(id);
    if (broker == brokers.end()) continue;
    verdicts.find(fmt::format("id {}", id.value()),
                  "a controller and a broker have the same id, and there is one space of ids",
                  {evidence, broker->second});
  }
}

void id_is_that_of_storage(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->node_id() < 0 || node.config->is_unresolved("node.id"))
      continue;
    for (const LogDirectory& directory : node.log_directories) {
      if (!directory.node_id || *directory.node_id == id_of(*node.config)) continue;
      verdicts.find(node_named(node), "its storage was written by another id: it refuses to start",
                    {at_config(*node.config, "node.id"),
                     {directory.file, fmt::format("id {}", directory.node_id->value())}});
    }
  }
}

void enough_controllers(const ClusterFacts& facts, Verdicts& verdicts) {
  std::set<sim::BrokerId> voters;
  for (const NodeFacts& node : facts.nodes) {
    if (node.config) voters.merge(node.config->voter_ids());
  }
  if (voters.empty()) {
    for (const NodeFacts* node : facts.controllers()) {
      if (node->config) voters.insert(id_of(*node->config));
    }
  }
  if (voters.empty() || (voters.size() >= 3 && voters.size() % 2 == 1)) return;
  verdicts.find(
      "the quorum",
      voters.size() < 3
          ? fmt::format("{} of 3 controllers: the loss of one stops all change", voters.size())
          : fmt::format("{} controllers bear no more losses than {}", voters.size(),
                        voters.size() - 1),
      {{"voters", joined(voters)}});
}

void no_combined_mode(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->shape() != NodeShape::Combined) continue;
    verdicts.find(node_named(node),
                  "combined mode has no place in a migration: the controller must run before "
                  "brokers leave ZooKeeper",
                  {at_config(*node.config, "process.roles")});
  }
}

void log_knows_the_migration(const ClusterFacts& facts, Verdicts& verdicts) {
  if (facts.metadata.empty() && facts.phase != Phase::S0)
    verdicts.unknown("a controller's metadata log");
  for (const MetadataFacts& log : facts.metadata) {
    if (log.image.features().zk_migration_state != sim::ZkMigrationState::None ||
        log.end.offset == sim::Offset(0))
      continue;
    // A voter that nobody has led yet has Raft's own records at most.
    if (log.image.provenance().last_contained_offset.value() < 0) continue;
    verdicts.find(log.node ? fmt::format("controller {}", log.node->value()) : log.source,
                  "its log was begun without the migration flag: the state NONE is final",
                  {in_log(log, fmt::format("state NONE at offset {}", log.end.offset.value()))});
  }
}

void one_quorum(const ClusterFacts& facts, Verdicts& verdicts) {
  std::map<std::string, const NodeFacts*> said;
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->is_unresolved("controller.quorum.voters")) continue;
    auto voters = node.config->voters().value_or(std::vector<Voter>{});
    if (voters.empty()) continue;
    std::ranges::sort(voters, {}, &Voter::id);
    std::string text;
    for (const Voter& voter : voters)
      text += fmt::format("{}@{},", voter.id.value(), voter.endpoint);
    said.emplace(text, &node);
  }
  if (said.size() < 2) return;
  std::vector<Evidence> evidence;
  for (const auto& [text, node] : said)
    evidence.push_back(at_config(*node->config, "controller.quorum.voters"));
  verdicts.find("the quorum", "nodes name different voters", std::move(evidence));
}

void brokers_have_registered(const ClusterFacts& facts, Verdicts& verdicts) {
  const MetadataFacts& log = *facts.latest();
  for (const auto& [id, broker] : facts.zookeeper->view.brokers) {
    const auto* registered = log.image.cluster().broker(id);
    if (registered != nullptr && registered->is_migrating_zk_broker) continue;
    verdicts.find(fmt::format("broker {}", id.value()),
                  "it has not registered with the controllers; the copy waits for it",
                  {at_znode(zk::paths::broker(id), "lives"),
                   in_log(log, "no registration in ZooKeeper mode")});
  }
}

std::map<sim::BrokerId, std::string> assigned(const ZooKeeperFacts& zookeeper) {
  std::map<sim::BrokerId, std::string> first_topic;
  for (const auto& topic : zookeeper.image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      for (const sim::BrokerId replica : partition.replicas)
        first_topic.emplace(replica, topic.name());
    }
  }
  return first_topic;
}

void no_ghosts(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  for (const auto& [id, topic] : assigned(zookeeper)) {
    if (zookeeper.view.brokers.contains(id)) continue;
    verdicts.find(fmt::format("broker {}", id.value()),
                  "it has replicas and does not live: the migration waits for its registration, "
                  "without end and "
                  "without a time limit",
                  {at_znode(zk::paths::topic(topic), fmt::format("a replica on {}", id.value())),
                   at_znode(zk::paths::broker(id), "not there")});
  }
}

void no_orphaned_configs(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  for (const auto& configs : zookeeper.image.configs().resources) {
    if (configs.resource.type != sim::ConfigResourceType::Broker || configs.resource.name.empty())
      continue;
    const auto id = integer_of(configs.resource.name);
    if (id && zookeeper.view.brokers.contains(sim::BrokerId(static_cast<std::int32_t>(*id))))
      continue;
    verdicts.find(
        fmt::format("broker {}", configs.resource.name), "it has dynamic configs and does not live",
        {at_znode(zk::paths::config(zk::paths::kBrokerEntity, configs.resource.name), "there")});
  }
}

constexpr std::array kIdentityChecks{
    Check{"A01", kW, Phases::from(Phase::S0, Phase::S3), kSoftware, "node",
          "the software is of the bridge release",
          "Earlier lines have bugs in the migration that 3.9 has not; 4.0 has no migration.",
          "Upgrade to the newest 3.9.x first, in a roll of its own.", "product list A01", "",
          &bridge_release},
    Check{"A02", kE, Phases::from(Phase::S1, Phase::S6), kSoftware, "cluster",
          "every node runs the same build",
          "A migration and an upgrade at once cannot be told apart when one of them fails.",
          "Finish the upgrade first.", "product list A02", "", &one_build},
    Check{"A03", kE, kBeforeCopy, kBrokers, "broker",
          "the brokers' protocol version is 3.6-IV1 or higher",
          "The copy needs metadata transactions.",
          "Set inter.broker.protocol.version=3.9 on every broker, and restart them one by one.",
          "KAFKA-17457, migration.md §6.1", "", &protocol_can_migrate},
    Check{"A04", kE, Phases::from(Phase::S0, Phase::S4), kBrokers, "broker",
          "protocol version and metadata.version are the same",
          "A broker in ZooKeeper mode registers with its protocol version as the one "
          "metadata.version it knows.",
          "Format controllers with the release of the brokers' inter.broker.protocol.version:\n  "
          "kafka-storage format --release-version 3.9 …",
          "KafkaServer.startup (featuresRemapped); product list A04", "",
          &protocol_is_metadata_version},
    Check{"B01", kE, kToS6, kDirectories, "node", "every storage belongs to this cluster",
          "A node of another cluster id is refused for ever.",
          "Read the cluster's own id, which stands in /cluster/id as JSON and in each broker's "
          "meta.properties as it is, and format the controllers with it:\n"
          "  CLUSTER_ID=$(sed -n 's/^cluster.id=//p' <a broker's log.dirs>/meta.properties)\n"
          "  kafka-storage format --cluster-id=\"$CLUSTER_ID\" -c controller.properties",
          "product list B01", "", &one_cluster_id},
    Check{"B02", kE, kToS6, kBrokers | kControllers, "node", "no controller has a broker's id",
          "One of the two is taken for the other.",
          "Give the controllers ids that no broker has, 3000 and above, and format them again.",
          "product list B02", "", &disjoint_ids},
    Check{"B06", kE, kEveryPhase, kDirectories, "node", "the id in the file is that of the storage",
          "The node refuses to start.", "Keep the number: node.id=N where broker.id=N was.",
          "product list B06", "", &id_is_that_of_storage},
    Check{"B07", kW, kToS6, kControllers, "cluster", "there are three controllers or five",
          "Controllers are the cluster's memory from the copy on.",
          "Provision three controllers in different failure domains before the first roll.",
          "product list B07", "", &enough_controllers},
    Check{"B08", kE, kToS6, kNothing, "node", "no node is broker and controller at once",
          "KIP-866 does not know it.", "Give controllers processes of their own.", "KIP-866", "",
          &no_combined_mode},
    Check{
        "B09", kE, kBeforeCopy, kNothing, "controller",
        "controllers' logs were begun with the migration flag",
        "They never leave the state NONE, and refuse the flag.",
        "Stop the controllers, wipe their storage, format it again, and start them with the flag.",
        "migration.md §6.2", "", &log_knows_the_migration},
    Check{"B11", kE, kToS6, kNothing, "cluster", "every node names the same voters",
          "Brokers look for controllers where none is; elections split.",
          "Copy controller.quorum.voters from one file to all.", "product list B11", "",
          &one_quorum},
    Check{"B12",
          kW,
          {Phase::S2},
          kZooKeeper | kMetadata,
          "broker",
          "every living broker has registered with the controllers",
          "The copy begins when the last one has.",
          "Restart the broker with the migration flag.",
          "migration.md §6.4",
          "",
          &brokers_have_registered},
    Check{"B13", kE, kBeforeCopy, kZooKeeper, "broker", "every broker with replicas lives",
          "The migration never starts, and there is no override.",
          "Start the broker, or move its replicas away:\n  kafka-reassign-partitions "
          "--bootstrap-server $BOOTSTRAP --reassignment-json-file …",
          "MB-16, migration.md §6.4", "scenarios/faults/ghost_replica.txtpb", &no_ghosts},
    Check{"B14", kW, kBeforeCopy, kZooKeeper, "broker", "every broker with dynamic configs lives",
          "They are copied and never used.",
          "kafka-configs --bootstrap-server $BOOTSTRAP --entity-type brokers --entity-name ID "
          "--alter --delete-config …",
          "KIP-866", "", &no_orphaned_configs},
};

}  // namespace

std::span<const Check> identity_checks() {
  return kIdentityChecks;
}

}  // namespace migrate
