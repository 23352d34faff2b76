#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "migrate/config/definitions.h"
#include "migrate/config/validation.h"
#include "migrate/config/validation_rules.h"

// What Kafka itself refuses to start with, before it is tried: a check for each rule of
// migrate/config/validation.
namespace migrate {
namespace {

void judge_rule(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto all = config_rules();
  const auto rule = std::ranges::find(all, verdicts.check().id, &ConfigRule::id);
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || !is_in(rule->scope, node.config->shape())) continue;
    // Kafka validates the file before it learns of dynamic configs.
    const RuleOutcome outcome = node.config->has_dynamic() ? judge(*rule, node.config->at_start())
                                                           : judge(*rule, *node.config);
    if (outcome.unresolved)
      verdicts.unknown(fmt::format("what {} of {} resolves to", *outcome.unresolved, node.name));
    if (!outcome.refused) continue;
    std::vector<Evidence> evidence;
    for (const std::string_view name : rules::words_of(rule->configs)) {
      if (node.config->has(name)) evidence.push_back(at_config(*node.config, name));
    }
    if (evidence.empty()) evidence.push_back({node.config->file().source(), *outcome.refused});
    verdicts.find(fmt::format("{} ({})", node_named(node), name_of(node.config->shape())),
                  *outcome.refused, std::move(evidence));
  }
}

// DynamicBrokerConfig.updateBrokerConfig: an entity whose values Kafka does not take with the file
// is left out as a whole, with a line in the log.
void dynamic_configs_taken(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || !node.config->has_dynamic()) continue;
    for (const std::string& name : node.config->dynamic_names()) {
      const ConfigDefinition* definition = find_definition(name);
      if (definition == nullptr || node.config->is_unresolved(name)) continue;
      if (const auto why = why_invalid(*definition, node.config->text(name)))
        verdicts.find(node_named(node),
                      fmt::format("{} takes no such value ({}): it leaves all dynamic configs of "
                                  "that level out, with no more than a line in its log",
                                  name, *why),
                      {at_config(*node.config, name)});
    }
    const NodeConfig at_start = node.config->at_start();
    for (const ConfigRule& rule : config_rules()) {
      if (!is_in(rule.scope, node.config->shape()) || judge(rule, at_start).refused) continue;
      const auto refused = judge(rule, *node.config).refused;
      if (!refused) continue;
      std::vector<Evidence> evidence;
      for (const std::string_view name : rules::words_of(rule.configs)) {
        if (node.config->has(name)) evidence.push_back(at_config(*node.config, name));
      }
      if (evidence.empty()) evidence.push_back({node.config->file().source(), *refused});
      verdicts.find(node_named(node),
                    fmt::format("with its dynamic configs {} is broken ({}): it leaves them all "
                                "out, with no more than a line in its log",
                                rule.id, *refused),
                    std::move(evidence));
    }
  }
}

std::vector<Check> made_of_rules() {
  std::vector<Check> checks;
  for (const ConfigRule& rule : config_rules()) {
    const bool controllers =
        rule.scope == RuleScope::ControllerOnly || rule.scope == RuleScope::Controllers;
    checks.push_back(
        {.id = rule.id,
         .severity = CheckSeverity::Error,
         .phases = kEveryPhase,
         .needs = controllers                          ? kControllers
                  : rule.scope == RuleScope::Every     ? kBrokers | kControllers
                  : rule.scope == RuleScope::KRaftMode ? kBrokers | kControllers
                                                       : kBrokers,
         .object = "node",
         .title = rule.title,
         .why = "Kafka 3.9 refuses to start with this configuration.",
         .fix = "Correct the lines that are named, before the node is restarted; try it with:\n"
                "  zk2kraft check FLEET",
         .reference = "KafkaConfig of 3.9",
         .judge = &judge_rule});
  }
  checks.push_back(
      {.id = "K45",
       .severity = CheckSeverity::Warning,
       .phases = kEveryPhase,
       .needs = kNothing,
       .object = "node",
       .title = "a node's dynamic configs fit its file",
       .why = "The node runs on without them, and its next restart, or the copy, changes what it "
              "does.",
       .fix =
           "Set the configs that are named to what the node takes, or delete them:\n"
           "  kafka-configs --bootstrap-server $BOOTSTRAP --entity-type brokers --entity-name ID "
           "--alter --delete-config …",
       .reference = "DynamicBrokerConfig of 3.9",
       .judge = &dynamic_configs_taken});
  return checks;
}

}  // namespace

std::span<const Check> rule_checks() {
  static const std::vector<Check> checks = made_of_rules();
  return checks;
}

}  // namespace migrate
