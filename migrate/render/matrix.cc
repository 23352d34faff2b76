#include "migrate/render/matrix.h"

#include <algorithm>

#include "migrate/render/wanted.h"

namespace migrate {
namespace {

using enum Treatment;

using Treatments = std::array<Treatment, kTargetShapes.size()>;
// ZooKeeper broker, migrating broker, KRaft broker, migrating controller, final controller.
constexpr Treatments kOnControllersAsOnBrokers{Keep, Keep, Keep, Mirror, Mirror};
constexpr Treatments kInherited{Keep, Keep, Keep, Inherit, Inherit};
constexpr Treatments kOfNewControllers{Keep, Keep, Keep, Template, Template};
constexpr Treatments kOfZooKeeperMode{Restore, Restore, Remove, Remove, Remove};

constexpr std::string_view kDefaultsWhy =
    "controllers give new topics their defaults, and they must be the brokers'";
constexpr std::string_view kControllerDoesIt = "in KRaft mode this is the controllers' work";
constexpr std::string_view kDials = "controllers and brokers reach each other";

constexpr PropertyRow kMatrix[]{
    {"process.roles",
     {Remove, Remove, Set, Set, Set},
     "it makes a process a KRaft node, and its absence one of ZooKeeper mode",
     "migration.md §1.2",
     &wanted::role},
    {"broker.id.generation.enable",
     {Set, Set, Remove, Remove, Remove},
     "KRaft knows no generated ids",
     "KAFKA-17543, B04, B05",
     &wanted::generation},
    {"reserved.broker.max.id", kOfZooKeeperMode, "KRaft knows no generated ids", "B05"},
    {"zookeeper.metadata.migration.enable",
     {Remove, Set, Remove, Set, Remove},
     "the migration flag",
     "KIP-866",
     &wanted::migration_flag},
    {"zookeeper.metadata.migration.",
     {Keep, Keep, Remove, Keep, Remove},
     "of the migration driver",
     "KIP-866"},
    {"zookeeper.",
     {Restore, Restore, Remove, Inherit, Remove},
     "who is in ZooKeeper mode, or copies from it, must find it, as who may read it",
     "C10, C11"},
    {"inter.broker.protocol.version",
     {Set, Set, Remove, Remove, Remove},
     "KRaft has metadata.version in its place",
     "migration.md §1.2, C15",
     &wanted::protocol_version},
    {"control.plane.listener.name", kOfZooKeeperMode, "a process in KRaft mode refuses it",
     "KAFKA-17788, C06"},
    {"controller.quorum.voters",
     {Remove, Set, Set, Set, Set},
     "where the controllers are",
     "migration.md §1.2",
     &wanted::quorum_voters},
    {"controller.quorum.bootstrap.servers",
     {Remove, Set, Set, Set, Set},
     "where the controllers are",
     "KIP-853",
     &wanted::bootstrap_servers},
    {"controller.quorum.",
     {Remove, Keep, Keep, Keep, Keep},
     "nobody in ZooKeeper mode talks to controllers",
     "migration.md §1.5"},
    {"controller.listener.names",
     {Remove, Set, Set, Set, Set},
     "required with the flag or in KRaft mode, refused without both",
     "KafkaConfig, b.6",
     &wanted::controller_listeners},
    {"listener.security.protocol.map",
     {Set, Set, Set, Set, Set},
     "the security of the controllers' listener, and on controllers of the brokers'",
     "C03, C04",
     &wanted::protocol_map},
    {"sasl.mechanism.controller.protocol",
     {Keep, Set, Set, Set, Set},
     "how one logs in to controllers",
     "KIP-631",
     &wanted::controller_mechanism},
    {"security.inter.broker.protocol",
     {Keep, Keep, Keep, Set, Set},
     "refused beside inter.broker.listener.name",
     "KafkaConfig",
     &wanted::inter_broker_security},
    {"inter.broker.listener.name",
     {Keep, Keep, Keep, Set, Set},
     "controllers dial brokers in ZooKeeper mode there",
     "KAFKA-15670, C04",
     &wanted::inter_broker_listener},
    {"authorizer.class.name",
     {Set, Set, Set, Set, Set},
     "AclAuthorizer keeps ACLs in ZooKeeper, StandardAuthorizer in KRaft's metadata",
     "C07",
     &wanted::authorizer},
    {"confluent.authorizer.access.rule.providers",
     {Set, Set, Set, Set, Set},
     "where role bindings and ACLs lie",
     "C08",
     &wanted::rule_providers},
    {"super.users",
     {Keep, Set, Set, Set, Set},
     "brokers and controllers talk to each other as super users",
     "C09",
     &wanted::super_users},
    {"allow.everyone.if.no.acl.found", kOnControllersAsOnBrokers, "both sides must decide alike",
     "C07"},
    {"password.encoder.",
     {Restore, Restore, Keep, Inherit, Remove},
     "controllers decode the passwords that they copy",
     "KAFKA-14801, C13"},

    {"auto.create.topics.enable", kOnControllersAsOnBrokers, kDefaultsWhy, "C14"},
    {"num.partitions", kOnControllersAsOnBrokers, kDefaultsWhy, "C14"},
    {"default.replication.factor", kOnControllersAsOnBrokers, kDefaultsWhy, "C14"},
    {"min.insync.replicas", kOnControllersAsOnBrokers, kDefaultsWhy, "C14"},
    {"unclean.leader.election.enable", kOnControllersAsOnBrokers, kDefaultsWhy, "C14"},
    {"log.retention.ms", kOnControllersAsOnBrokers, kDefaultsWhy, "C14"},
    {"offsets.topic.replication.factor", kOnControllersAsOnBrokers, kDefaultsWhy, "C14"},
    {"transaction.state.log.replication.factor", kOnControllersAsOnBrokers, kDefaultsWhy, "C14"},
    {"delete.topic.enable", kOnControllersAsOnBrokers, kDefaultsWhy, "C14"},
    {"auto.leader.rebalance.enable", kOnControllersAsOnBrokers, kControllerDoesIt, "C14"},
    {"leader.imbalance.check.interval.seconds", kOnControllersAsOnBrokers, kControllerDoesIt,
     "C14"},
    {"leader.imbalance.per.broker.percentage", kOnControllersAsOnBrokers, kControllerDoesIt, "C14"},
    {"delegation.token.max.lifetime.ms", kOnControllersAsOnBrokers, kControllerDoesIt, "KIP-900"},
    {"delegation.token.expiry.time.ms", kOnControllersAsOnBrokers, kControllerDoesIt, "KIP-900"},
    {"delegation.token.expiry.check.interval.ms", kOnControllersAsOnBrokers, kControllerDoesIt,
     "KIP-900"},
    {"delegation.token.secret.key", kInherited, kControllerDoesIt, "KIP-900"},
    {"delegation.token.master.key", kInherited, kControllerDoesIt, "KIP-900"},
    {"create.topic.policy.class.name", kInherited, kControllerDoesIt, "KIP-201"},
    {"alter.config.policy.class.name", kInherited, kControllerDoesIt, "KAFKA-19026"},
    {"principal.builder.class", kInherited, "both sides must name users alike", "KIP-590"},

    {"config.providers", kOfNewControllers, "values of the brokers' files refer to them", ""},
    {"config.providers.", kOfNewControllers, "values of the brokers' files refer to them", ""},
    {"metric.reporters", kOfNewControllers, "a migration's gates are controllers' metrics", "F08"},
    {"ssl.", kOfNewControllers, kDials, "C04"},
    {"sasl.", kOfNewControllers, kDials, "C04"},
    {"security.providers", kOfNewControllers, kDials, "C04"},
    {"listener.name.", kOfNewControllers, kDials, "C04"},
    {"log.cleaner.dedupe.buffer.size", kOfNewControllers, "what fits a broker's memory", "K10"},
};

}  // namespace

std::span<const PropertyRow> property_matrix() {
  return kMatrix;
}

const PropertyRow* row_of_property(std::string_view key) {
  const PropertyRow* best = nullptr;
  for (const PropertyRow& row : kMatrix) {
    const bool fits = row.is_prefix() ? key.starts_with(row.key) : key == row.key;
    if (fits && (best == nullptr || row.key.size() > best->key.size())) best = &row;
  }
  return best;
}

void Rendering::remark(RemarkKind kind, std::string_view key, std::string what,
                       std::string remedy) const {
  remarks.push_back({kind, "", std::string(key), std::move(what), std::move(remedy)});
}

std::optional<std::int64_t> id_of_node(const NodeConfig& config, const NodeFacts* node) {
  if (config.node_id() >= 0) return config.node_id();
  if (node == nullptr) return std::nullopt;
  for (const LogDirectory& directory : node->log_directories) {
    if (directory.node_id) return directory.node_id->value();
  }
  return std::nullopt;
}

}  // namespace migrate
