#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
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
    const RuleOutcome outcome = judge(*rule, *node.config);
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
  return checks;
}

}  // namespace

std::span<const Check> rule_checks() {
  static const std::vector<Check> checks = made_of_rules();
  return checks;
}

}  // namespace migrate
