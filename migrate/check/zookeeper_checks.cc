#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "zk/paths.h"

// What ZooKeeper holds, before it is copied.
namespace migrate {
namespace {

constexpr std::size_t kJuteMaxBuffer = 1'048'575;

void no_finished_migration(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto& migration = facts.zookeeper->view.migration;
  if (!migration || !migration->znode.initial_migration_complete()) return;
  verdicts.find(
      "/migration",
      "it says that a copy is complete: a new attempt copies nothing, and writes KRaft's content "
      "over "
      "ZooKeeper's",
      {at_znode(zk::paths::kMigration, fmt::format("offset {}, controller {}",
                                                   migration->znode.kraft_metadata.offset.value(),
                                                   migration->znode.kraft_controller_id.value()))});
}

void readable_migration(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  if (zookeeper.view.migration || zookeeper.znode(zk::paths::kMigration) == nullptr) return;
  verdicts.find("/migration", "it cannot be read: controllers fail on it for ever",
                {at_znode(zk::paths::kMigration, "no JSON that Kafka reads")});
}

void led_by_a_broker(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto& controller = facts.zookeeper->view.controller;
  if (!controller || !controller->znode.is_kraft()) return;
  verdicts.find(
      "/controller", "it names a KRaft controller, from an earlier attempt: no broker is elected",
      {at_znode(zk::paths::kController,
                fmt::format("broker {}, kraftControllerEpoch {}", controller->znode.broker.value(),
                            controller->znode.kraft_controller_epoch->value()))});
}

void has_controller_epoch(const ClusterFacts& facts, Verdicts& verdicts) {
  if (facts.zookeeper->view.controller_epoch) return;
  verdicts.find("/controller_epoch", "it is not there, or not a number: the claim fails",
                {at_znode(zk::paths::kControllerEpoch, "no epoch")});
}

// The principals without a type in an ACL's znode, which may be a resource's or a notification's.
std::vector<std::string> untyped_principals(const zk::Znode* znode) {
  std::vector<std::string> found;
  if (znode == nullptr || !znode->data) return found;
  const auto json = nlohmann::json::parse(*znode->data, nullptr, false);
  if (!json.is_object() || !json.contains("acls") || !json["acls"].is_array()) return found;
  for (const auto& acl : json["acls"]) {
    if (!acl.is_object() || !acl.contains("principal") || !acl["principal"].is_string()) continue;
    std::string principal = acl["principal"];
    if (principal.find(':') == std::string::npos) found.push_back(std::move(principal));
  }
  return found;
}

// Principals without a type in a znode that cannot be read; `path` with the cluster's root.
std::vector<std::string> lacking_type(const ZooKeeperFacts& zookeeper, const std::string& path) {
  const std::string_view own =
      std::string_view(path).substr(path.starts_with(zookeeper.root) ? zookeeper.root.size() : 0);
  const bool is_acl = own.starts_with("/kafka-acl/") || own.starts_with("/kafka-acl-extended/");
  return is_acl ? untyped_principals(zookeeper.znode(own)) : std::vector<std::string>();
}

void principals_have_types(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const auto& each : facts.zookeeper->report.unreadable) {
    const auto untyped = lacking_type(*facts.zookeeper, each.path);
    if (untyped.empty()) continue;
    verdicts.find(each.path,
                  "a principal in it has no type, and Kafka throws on reading it: the copy ends "
                  "here, again and again",
                  {at_znode(each.path, fmt::format("principal '{}'", untyped.front()))});
  }
}

void prefixes_are_no_wildcards(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const auto& acl : facts.zookeeper->image.acls().acls) {
    if (acl.pattern_type != sim::PatternType::Prefixed ||
        acl.resource_name.find('*') == std::string::npos)
      continue;
    verdicts.find(
        fmt::format("ACL on prefix '{}'", acl.resource_name),
        "'*' in a prefix is a letter, not a wildcard: the ACL matches less than its author thought",
        {{"/kafka-acl-extended/prefixed",
          fmt::format("'{}' for {}", acl.resource_name, acl.principal)}});
  }
}

// A sound topic from before Kafka 2.8.
bool lacks_topic_id(const ZooKeeperFacts& zookeeper, const std::string& path) {
  if (!path.starts_with(zk::paths::kTopics) || path.rfind('/') != zk::paths::kTopics.size())
    return false;
  const zk::Znode* znode = zookeeper.znode(path);
  const auto parsed = zk::parse_topic(znode == nullptr ? "" : znode->data.value_or(""));
  return parsed && !parsed->topic_id;
}

void everything_readable(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const auto& each : facts.zookeeper->report.unreadable) {
    if (!lacking_type(*facts.zookeeper, each.path).empty()) continue;  // D05
    if (lacks_topic_id(*facts.zookeeper, each.path)) continue;         // D11
    verdicts.find(each.path,
                  each.kafka_throws
                      ? "Kafka cannot read it: the copy ends here, again and again"
                      : "Kafka takes it for empty: what it should say is lost in the copy",
                  {at_znode(each.path, each.why)});
  }
}

void no_deletion_pending(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const std::string& topic : facts.zookeeper->view.topics_pending_deletion) {
    verdicts.find(fmt::format("topic {}", topic),
                  "its deletion is not finished; it is not copied, and its "
                  "replicas' data may stay on disks",
                  {at_znode(zk::paths::delete_topic(topic), "there")});
  }
}

void no_reassignment(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const auto& [partition, replicas] : facts.zookeeper->view.legacy_reassignment) {
    verdicts.find(fmt::format("partition {}-{}", partition.topic, partition.partition.value()),
                  "a reassignment is queued",
                  {at_znode(zk::paths::kReassignPartitions, joined(replicas))});
  }
  for (const auto& topic : facts.zookeeper->image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      if (partition.adding_replicas.empty() && partition.removing_replicas.empty()) continue;
      verdicts.find(
          fmt::format("partition {}-{}", topic.name(), id.value()), "a reassignment is under way",
          {at_znode(zk::paths::topic(topic.name()),
                    fmt::format("adding [{}], removing [{}]", joined(partition.adding_replicas),
                                joined(partition.removing_replicas)))});
    }
  }
}

void no_election_pending(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto& pending = facts.zookeeper->view.preferred_replica_election;
  if (pending.empty()) return;
  verdicts.find("/admin/preferred_replica_election",
                fmt::format("{} partitions wait for it", pending.size()),
                {at_znode(zk::paths::kPreferredReplicaElection,
                          fmt::format("{} partitions", pending.size()))});
}

void topics_have_ids(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const std::string& name : facts.zookeeper->children(zk::paths::kTopics)) {
    const std::string path = zk::paths::topic(name);
    if (!lacks_topic_id(*facts.zookeeper, path)) continue;
    verdicts.find(fmt::format("topic {}", name),
                  "it has no topic id: the copy throws on it, for ever",
                  {at_znode(path, "no topic_id")});
  }
}

// Why an assignment makes no sense, or nothing.
std::optional<std::string> why_odd(const sim::Partition& partition) {
  const std::set<sim::BrokerId> replicas(partition.replicas.begin(), partition.replicas.end());
  if (partition.replicas.empty()) return "it has no replica";
  if (replicas.size() != partition.replicas.size())
    return "a broker is named twice among its replicas";
  for (const sim::BrokerId id : partition.isr) {
    if (!replicas.contains(id)) return fmt::format("{} is in sync and no replica", id.value());
  }
  const bool leads = std::ranges::count(partition.isr, partition.leader) > 0;
  if (partition.leader != sim::kNoBroker && !leads)
    return fmt::format("its leader {} is not in sync", partition.leader.value());
  return std::nullopt;
}

void assignments_make_sense(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const auto& topic : facts.zookeeper->image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      const auto why = why_odd(partition);
      if (!why) continue;
      verdicts.find(
          fmt::format("partition {}-{}", topic.name(), id.value()), *why,
          {at_znode(zk::paths::partition_state(topic.name(), id),
                    fmt::format("replicas [{}], isr [{}], leader {}", joined(partition.replicas),
                                joined(partition.isr), partition.leader.value()))});
    }
  }
}

void passwords_decode(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  for (const auto& each : zookeeper.report.encoded_passwords) {
    if (!zookeeper.secret_known) {
      verdicts.unknown(
          fmt::format("password.encoder.secret, to decode {} of {}", each.config, each.path));
      continue;
    }
    verdicts.find(each.config,
                  "it cannot be decoded: the copy carries the cipher text as if it were the value",
                  {at_znode(each.path, each.why)});
  }
}

void dynamic_broker_configs(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const auto& configs : facts.zookeeper->image.configs().resources) {
    if (configs.resource.type != sim::ConfigResourceType::Broker || configs.values.empty())
      continue;
    const std::string entity = configs.resource.name.empty() ? "<default>" : configs.resource.name;
    std::string names;
    for (const auto& [name, value] : configs.values) names += (names.empty() ? "" : ", ") + name;
    verdicts.find(fmt::format("broker {}", entity),
                  "it has dynamic configs: they override files, and migrate",
                  {at_znode(zk::paths::config(zk::paths::kBrokerEntity, entity), names)});
  }
}

void token_secret(const ClusterFacts& facts, Verdicts& verdicts) {
  if (facts.zookeeper->image.tokens().tokens.empty()) return;
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config || node->config->has("delegation.token.secret.key") ||
        node->config->has("delegation.token.master.key"))
      continue;
    verdicts.find(node_named(*node),
                  "there are delegation tokens, and it has no secret to make or check them",
                  {at_config(*node->config, "delegation.token.secret.key"),
                   {std::string(zk::paths::kTokens),
                    fmt::format("{} tokens", facts.zookeeper->image.tokens().tokens.size())}});
  }
}

void znodes_fit(const ClusterFacts& facts, Verdicts& verdicts) {
  facts.zookeeper->tree.for_each([&](std::string_view path, const zk::Znode& znode) {
    const std::size_t size = znode.data ? znode.data->size() : 0;
    if (size * 10 < kJuteMaxBuffer * 8) return;
    verdicts.find(
        std::string(path), "its data come near jute.maxbuffer, beyond which clients are cut off",
        {at_znode(path, fmt::format("{} bytes; the default limit is {}", size, kJuteMaxBuffer))});
  });
}

// Who may do what to the cluster's root paths.
void znodes_are_open(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  std::map<std::string, std::string> closed;  // the list, and the first path that has it
  for (const std::string_view path :
       {zk::paths::kController, zk::paths::kControllerEpoch, zk::paths::kBrokerIds,
        zk::paths::kTopics, zk::paths::kConfig, zk::paths::kMigration}) {
    const zk::Znode* znode = zookeeper.znode(path);
    const zk::AclList* acls = znode == nullptr ? nullptr : zookeeper.tree.acl(*znode);
    if (acls == nullptr) continue;
    std::string said;
    bool open = false;
    for (const zk::Acl& acl : *acls) {
      said += fmt::format("{}{}:{}:{}", said.empty() ? "" : ", ", acl.scheme, acl.id, acl.perms);
      open = open || (acl.scheme == "world" && acl.perms == 31);
    }
    if (!open) closed.emplace(said, path);
  }
  for (const auto& [said, path] : closed)
    verdicts.find(
        path,
        "only this identity may write it: controllers must authenticate to ZooKeeper as brokers do",
        {at_znode(path, said)});
}

void alone_on_the_ensemble(const ClusterFacts& facts, Verdicts& verdicts) {
  const std::set<std::string> ours{"admin",
                                   "brokers",
                                   "cluster",
                                   "config",
                                   "consumers",
                                   "controller",
                                   "controller_epoch",
                                   "delegation_token",
                                   "feature",
                                   "isr_change_notification",
                                   "kafka-acl",
                                   "kafka-acl-changes",
                                   "kafka-acl-extended",
                                   "kafka-acl-extended-changes",
                                   "latest_producer_id_block",
                                   "log_dir_event_notification",
                                   "migration",
                                   "zookeeper"};
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  const std::string own = zookeeper.root.substr(0, zookeeper.root.find('/', 1));
  for (const std::string& name : zookeeper.tree.children("/")) {
    if ('/' + name == own || (own.empty() && ours.contains(name)) || name == "zookeeper") continue;
    verdicts.find('/' + name,
                  "somebody else uses this ensemble: it cannot be switched off after the migration",
                  {at_znode('/' + name, "not of this cluster")});
  }
}

void sizes(const ClusterFacts& facts, Verdicts& verdicts) {
  const sim::MetadataImage& image = facts.zookeeper->image;
  std::size_t topics = 0;
  std::size_t partitions = 0;
  for (const auto& topic : image.topics()) {
    ++topics;
    partitions += topic.partition_count();
  }
  if (topics == 0) return;
  verdicts.find(
      "the copy",
      fmt::format("about {} records: {} topics, {} partitions and what belongs to them",
                  topics + partitions, topics, partitions),
      {{facts.zookeeper->source, fmt::format("{} znodes", facts.zookeeper->tree.size())}});
}

constexpr std::array kZookeeperChecks{
    Check{"D01", kE, kBeforeCopy | Phases{Phase::R2}, kZooKeeper, "znode",
          "no earlier copy is recorded in /migration",
          "The initial copy is skipped, and KRaft's old or empty content is written over "
          "ZooKeeper: topics go.",
          "With every controller stopped:\n  zookeeper-shell $ZK delete /migration\nand wipe the "
          "controllers' "
          "storage (N01).",
          "MB-01, KAFKA-17146", "scenarios/faults/leftover_migration.txtpb",
          &no_finished_migration},
    Check{"D02", kE, Phases::from(Phase::S0, Phase::S6) | Phases{Phase::R1, Phase::R2}, kZooKeeper,
          "znode", "/migration, if it is there, can be read",
          "zookeeper-security-migration creates it empty; controllers then fail to start the "
          "migration.",
          "Before the controllers start:\n  zookeeper-shell $ZK delete /migration", "KAFKA-19480",
          "", &readable_migration},
    Check{"D03", kE, kBeforeCopy, kZooKeeper, "znode", "a broker leads the cluster",
          "A KRaft controller's claim is persistent: brokers elect nobody while it stands.",
          "With every controller stopped:\n  zookeeper-shell $ZK delete /controller",
          "migration.md §1.5", "", &led_by_a_broker},
    Check{"D04", kE, kBeforeCopy, kZooKeeper, "znode", "/controller_epoch exists",
          "The claim is conditional on its version.",
          "Start the brokers: the first controller creates it.", "migration.md §2.7", "",
          &has_controller_epoch},
    Check{"D05", kE, kBeforeCopy, kZooKeeper, "ACL", "principals of ACLs have a type",
          "Principals are read as TYPE:NAME; one that is not ends the copy.",
          "Delete the ACL and add it again with --allow-principal User:NAME.", "product list D05",
          "", &principals_have_types},
    Check{"D06", kW, kBeforeCopy, kZooKeeper, "ACL", "prefixed ACLs have no '*' in their names",
          "It was probably meant as a wildcard.",
          "Use --resource-pattern-type literal with '*', or drop the '*'.", "product list D06", "",
          &prefixes_are_no_wildcards},
    Check{"D07", kE, kBeforeCopy, kZooKeeper, "znode", "Kafka can read every znode that is copied",
          "Where it throws, the copy starts over for ever; where it does not, content is lost in "
          "silence.",
          "Repair or delete the znode while ZooKeeper leads:\n  zookeeper-shell $ZK get PATH",
          "migration.md §3.4", "", &everything_readable},
    Check{"D08", kW, kBeforeCopy, kZooKeeper, "topic", "no topic waits for its deletion",
          "Replicas on brokers that were away are never deleted.",
          "Bring the brokers that hold its replicas up, and wait until /admin/delete_topics is "
          "empty.",
          "KAFKA-15605, KAFKA-16180", "", &no_deletion_pending},
    Check{"D09", kW, kBeforeCopy, kZooKeeper, "partition", "no reassignment is under way",
          "It goes on under KRaft; before 3.6.2 it never ended on brokers in ZooKeeper mode.",
          "Wait for it, or cancel it:\n  kafka-reassign-partitions --bootstrap-server $BOOTSTRAP "
          "--cancel …",
          "KAFKA-16120, KAFKA-16121", "", &no_reassignment},
    Check{"D10", kI, kBeforeCopy, kZooKeeper, "znode", "a pending election of preferred leaders",
          "It is not copied.", "Wait until the controller has done it.", "product list D10", "",
          &no_election_pending},
    Check{"D11", kE, kBeforeCopy, kZooKeeper, "topic", "every topic has a topic id",
          "The copy throws on the first that has none, and the controller dies of it.",
          "Set inter.broker.protocol.version to 2.8 or higher on every broker; the controller then "
          "writes ids.",
          "migration.md §3.4", "", &topics_have_ids},
    Check{"D13", kW, kBeforeCopy, kZooKeeper, "partition", "assignments and states make sense",
          "They are copied as they are.",
          "Reassign the partition with a replica list that makes sense.", "product list D13", "",
          &assignments_make_sense},
    Check{"D16", kE, kBeforeCopy, kZooKeeper, "config", "encoded passwords can be decoded",
          "The cipher text becomes the password in KRaft: listeners fail after the roll.",
          "Give controllers the password.encoder.secret that encoded it, or set the config again.",
          "KAFKA-14801, KAFKA-15004", "", &passwords_decode},
    Check{"D17", kI, kBeforeCopy, kZooKeeper, "broker", "dynamic configs of brokers",
          "They win over server.properties before and after.",
          "kafka-configs --bootstrap-server $BOOTSTRAP --entity-type brokers --all --describe",
          "product list D17", "", &dynamic_broker_configs},
    Check{"D18", kW, Phases::from(Phase::S0, Phase::S6), kZooKeeper | kControllers, "controller",
          "with delegation tokens controllers have their secret",
          "Tokens cannot be created, renewed or verified once KRaft leads.",
          "Set delegation.token.secret.key on the controllers as on the brokers.",
          "product list D18", "", &token_secret},
    Check{"D21", kW, Phases::from(Phase::S0, Phase::S6), kZooKeeper, "znode",
          "znodes are well below jute.maxbuffer",
          "A client that reads a larger one loses its connection, the controller among them.",
          "Raise -Djute.maxbuffer on servers, brokers and controllers alike, or split the topic.",
          "product list D21", "", &znodes_fit},
    Check{"D22", kW, Phases::from(Phase::S0, Phase::S3), kZooKeeper, "znode",
          "who may write the cluster's znodes is known",
          "Controllers with another identity fail with NoAuth in the middle of the claim.",
          "Give controllers the brokers' JAAS Client section, or their zookeeper.ssl.* keys.",
          "product list D22", "", &znodes_are_open},
    Check{"D23", kW, Phases::from(Phase::S0, Phase::S1), kZooKeeper, "znode",
          "nobody else uses this ensemble", "It must live on after the migration.",
          "Find out whose these znodes are.", "product list D23", "", &alone_on_the_ensemble},
    Check{"D24", kI, Phases::from(Phase::S0, Phase::S2), kZooKeeper, "cluster",
          "the size of the copy", "It decides how long the cluster has no controller.",
          "zk2kraft inspect SOURCE", "product list D24", "", &sizes},
};

}  // namespace

std::span<const Check> zookeeper_checks() {
  return kZookeeperChecks;
}

}  // namespace migrate
