#include "migrate/config/validation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "migrate/config/definitions.h"
#include "migrate/config/validation_rules.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

using namespace rules;
using enum RuleScope;

constexpr ConfigRule kRules[]{
    {"K01", Every, "every value is one that its config takes", "", &values_taken},
    {"K02", Every, "node.id and broker.id are the same where both are set", "node.id broker.id",
     &same_id},
    {"K03", ZooKeeperMode, "zookeeper.connect is set", "zookeeper.connect", &zookeeper_named},
    {"K04", Migrating, "broker.id is set: generated ids cannot migrate", "broker.id", &id_explicit},
    {"K05", ZooKeeperMode, "broker.id is in its range",
     "broker.id broker.id.generation.enable reserved.broker.max.id", &id_in_range},
    {"K06", KRaftMode, "node.id is set", "node.id", &id_explicit},
    {"K07", KRaftMode, "with the migration flag, zookeeper.connect is set",
     "zookeeper.connect zookeeper.metadata.migration.enable", &zookeeper_named_for_migration},
    {"K08", Every, "retention is not zero",
     "log.retention.ms log.retention.minutes log.retention.hours", &retention_not_zero},
    {"K09", Every, "there is a log directory", "log.dirs log.dir", &has_log_dir},
    {"K10", Every, "the cleaner has more than 1 MiB for each thread",
     "log.cleaner.dedupe.buffer.size log.cleaner.threads", &cleaner_buffer},
    {"K11", Every, "replica fetches wait no longer than their timeouts",
     "replica.fetch.wait.max.ms replica.socket.timeout.ms replica.lag.time.max.ms", &fetch_wait},
    {"K12", KRaftMode, "the quorum is named",
     "controller.quorum.voters controller.quorum.bootstrap.servers", &quorum_named},
    {"K13", Migrating, "the quorum is named",
     "controller.quorum.voters controller.quorum.bootstrap.servers", &quorum_named},
    {"K14", KRaftMode, "there is no control plane listener", "control.plane.listener.name",
     &no_control_plane},
    {"K15", KRaftBroker, "a broker is no voter", "node.id controller.quorum.voters", &not_a_voter},
    {"K16", KRaftBroker, "a controller's listener is named", "controller.listener.names",
     &controller_listener_named},
    {"K17", KRaftBroker, "a broker has no controller's listener",
     "listeners controller.listener.names", &no_controller_listener},
    {"K18", KRaftBroker, "the protocol of each controller's listener is known",
     "listener.security.protocol.map controller.listener.names", &controller_protocols_known},
    {"K19", ControllerOnly, "a controller has no listeners but controllers'",
     "listeners controller.listener.names", &only_controller_listeners},
    {"K20", Controllers, "a controller is a voter", "node.id controller.quorum.voters", &a_voter},
    {"K21", Controllers, "a controller has a controller's listener",
     "controller.listener.names listeners advertised.listeners", &has_controller_listener},
    {"K22", Controllers, "every controller's listener is among the listeners",
     "controller.listener.names listeners", &controller_listeners_listed},
    {"K23", Migrating, "a controller's listener is named", "controller.listener.names",
     &controller_listener_named},
    {"K24", Migrating, "inter.broker.protocol.version is 3.4 or higher",
     "inter.broker.protocol.version", &protocol_migrates},
    {"K25", Migrating, "several log directories need inter.broker.protocol.version 3.7-IV2",
     "inter.broker.protocol.version log.dirs", &protocol_knows_directories},
    {"K26", PureZooKeeper, "no controller's listener is named without the migration flag",
     "controller.listener.names", &no_controller_listener_named},
    {"K27", Brokers, "a listener is advertised to clients and brokers",
     "advertised.listeners listeners controller.listener.names", &advertises},
    {"K28", Brokers, "the inter-broker listener is advertised",
     "inter.broker.listener.name security.inter.broker.protocol advertised.listeners listeners",
     &inter_broker_advertised},
    {"K29", Brokers, "what is advertised is listened to", "advertised.listeners listeners",
     &advertised_listened},
    {"K30", Every, "0.0.0.0 is not advertised", "advertised.listeners listeners", &routable},
    {"K31", Brokers, "the control plane's listener is advertised and its own",
     "control.plane.listener.name advertised.listeners inter.broker.listener.name", &control_plane},
    {"K32", Brokers, "brokers speak a SASL mechanism that they accept",
     "sasl.mechanism.inter.broker.protocol sasl.enabled.mechanisms", &sasl_mechanism},
    {"K33", Every, "queued requests have room for one",
     "queued.max.request.bytes socket.request.max.bytes", &queue_has_room},
    {"K34", Every, "max.connections.per.ip 0 has overrides",
     "max.connections.per.ip max.connections.per.ip.overrides", &connections_per_ip},
    {"K35", Every, "failed authentication is answered before the connection idles out",
     "connection.failed.authentication.delay.ms connections.max.idle.ms", &failed_authentication},
    {"K36", Every, "no role is named twice", "process.roles", &roles_once},
    {"K37", KRaftMode, "inter.broker.protocol.version, if set, is one of KRaft",
     "inter.broker.protocol.version", &protocol_is_kraft},
    {"K38", Every, "the rebalance protocols include classic, and consumer only in KRaft mode",
     "group.coordinator.rebalance.protocols", &rebalance_protocols},
    {"K39", Every, "listeners can be read", "listeners listener.security.protocol.map",
     &listeners_readable},
    {"K40", Every, "advertised listeners can be read",
     "advertised.listeners listener.security.protocol.map", &advertised_readable},
    {"K41", Every, "the inter-broker listener can be found",
     "inter.broker.listener.name security.inter.broker.protocol listener.security.protocol.map",
     &inter_broker_found},
    {"K42", Every, "the quorum's voters can be read", "controller.quorum.voters", &voters_readable},
    {"K43", Every, "the quorum's bootstrap servers can be read",
     "controller.quorum.bootstrap.servers", &bootstrap_readable},
    {"K44", Every, "early.start.listeners are listeners",
     "early.start.listeners listeners controller.listener.names", &early_start},
};

}  // namespace

std::span<const ConfigRule> config_rules() {
  return kRules;
}

bool is_in(RuleScope scope, NodeShape shape) {
  using enum NodeShape;
  const bool zookeeper = shape == ZooKeeperBroker || shape == MigratingBroker;
  switch (scope) {
    case Every:
      return true;
    case ZooKeeperMode:
      return zookeeper;
    case PureZooKeeper:
      return shape == ZooKeeperBroker;
    case Migrating:
      return shape == MigratingBroker;
    case KRaftMode:
      return !zookeeper;
    case RuleScope::KRaftBroker:
      return shape == NodeShape::KRaftBroker;
    case ControllerOnly:
      return shape == Controller;
    case Controllers:
      return shape == Controller || shape == Combined;
    case Brokers:
      return shape != Controller;
  }
  sim::unreachable("a rule has one of these scopes");
}

RuleOutcome judge(const ConfigRule& rule, const NodeConfig& config) {
  for (const std::string_view name : words_of(rule.configs)) {
    if (config.is_unresolved(name))
      return {.rule = &rule, .refused = std::nullopt, .unresolved = std::string(name)};
  }
  return {.rule = &rule, .refused = rule.why_refused(config), .unresolved = std::nullopt};
}

std::vector<RuleOutcome> judge(const NodeConfig& config) {
  std::vector<RuleOutcome> outcomes;
  for (const ConfigRule& rule : kRules) {
    if (is_in(rule.scope, config.shape())) outcomes.push_back(judge(rule, config));
  }
  return outcomes;
}

}  // namespace migrate
