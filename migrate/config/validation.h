#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/config/node_config.h"

// What Kafka 3.9 asks of a server.properties before it starts (kafka.server.KafkaConfig: the
// values' types and validators, then validateValues), restated as rules. Kafka stops at the first
// that is broken; here each is asked. tools/conformance config holds them against the real
// KafkaConfig.
namespace migrate {

// Shapes that a rule speaks of.
enum class RuleScope : std::uint8_t {
  Every,
  ZooKeeperMode,   // no process.roles, with or without the migration flag
  PureZooKeeper,   // the flag off
  Migrating,       // a broker with the flag on
  KRaftMode,       // any process.roles
  KRaftBroker,     // process.roles=broker alone
  ControllerOnly,  // process.roles=controller alone
  Controllers,     // any process.roles with controller in it
  Brokers,         // any but a pure controller
};
bool is_in(RuleScope scope, NodeShape shape);

struct ConfigRule {
  std::string_view id;  // "K24", stable
  RuleScope scope = RuleScope::Every;
  std::string_view title;  // what must be so
  // What the rule looks at, separated by blanks; the first is where a person should look.
  std::string_view configs;
  // Why Kafka refuses, as a sentence with the values in it; nothing if it does not.
  std::optional<std::string> (*why_refused)(const NodeConfig& config);
};

// Ordered by id.
std::span<const ConfigRule> config_rules();

struct RuleOutcome {
  const ConfigRule* rule = nullptr;
  std::optional<std::string> refused;
  // Set instead where the rule looks at a value that only the node can resolve.
  std::optional<std::string> unresolved;  // the config's name
};
// Of each rule that speaks of this node's shape, what it says.
std::vector<RuleOutcome> judge(const NodeConfig& config);
RuleOutcome judge(const ConfigRule& rule, const NodeConfig& config);

}  // namespace migrate
