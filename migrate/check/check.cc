#include "migrate/check/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "migrate/check/groups.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

std::vector<Check> sorted_checks() {
  std::vector<Check> checks;
  for (const auto group :
       {rule_checks(), identity_checks(), config_checks(), zookeeper_checks(), health_checks(),
        hazard_checks(), gate_checks(), way_checks(), feature_checks(), topology_checks(),
        security_checks(), key_checks(), content_checks(), question_checks(), authorizer_checks()})
    checks.insert(checks.end(), group.begin(), group.end());
  std::ranges::sort(checks, {}, &Check::id);
  sim::check(std::ranges::adjacent_find(checks, {}, &Check::id) == checks.end(),
             "each check has an id of its own");
  return checks;
}

// ── What is missing ─────────────────────────────────────────────────────────────────────────────

std::set<sim::BrokerId> ids_with_files(const std::vector<const NodeFacts*>& nodes) {
  std::set<sim::BrokerId> ids;
  for (const NodeFacts* node : nodes) {
    if (node->config) ids.insert(sim::BrokerId(static_cast<std::int32_t>(node->config->node_id())));
  }
  return ids;
}

void miss_files(std::string_view role, const std::set<sim::BrokerId>& expected,
                const std::vector<const NodeFacts*>& nodes, std::vector<std::string>& missing) {
  for (const NodeFacts* node : nodes) {
    if (!node->config) missing.push_back(fmt::format("server.properties of {}", node->name));
  }
  const auto known = ids_with_files(nodes);
  for (const sim::BrokerId id : expected) {
    if (!known.contains(id))
      missing.push_back(fmt::format("server.properties of {} {}", role, id.value()));
  }
}

void miss_brokers(const ClusterFacts& facts, std::vector<std::string>& missing) {
  std::set<sim::BrokerId> expected;
  if (facts.zookeeper) {
    for (const auto& [id, broker] : facts.zookeeper->view.brokers) expected.insert(id);
  }
  if (const MetadataFacts* latest = facts.latest()) {
    for (const auto& broker : latest->image.cluster().brokers) expected.insert(broker.broker_id);
  }
  const auto nodes = facts.brokers();
  if (nodes.empty() && expected.empty()) missing.push_back("server.properties of the brokers");
  miss_files("broker", expected, nodes, missing);
}

void miss_controllers(const ClusterFacts& facts, std::vector<std::string>& missing) {
  std::set<sim::BrokerId> expected;
  if (const MetadataFacts* latest = facts.latest()) {
    for (const auto& controller : latest->image.cluster().controllers)
      expected.insert(controller.controller_id);
  }
  for (const NodeFacts& node : facts.nodes) {
    if (node.config) expected.merge(node.config->voter_ids());
  }
  const auto nodes = facts.controllers();
  // Before controllers are provisioned, and when they are gone again, there is nothing to miss.
  const bool has_controllers = facts.phase != Phase::S0 && facts.phase != Phase::R2;
  if (nodes.empty() && expected.empty() && has_controllers)
    missing.push_back("server.properties of the controllers");
  miss_files("controller", expected, nodes, missing);
}

std::vector<std::string> missing_for(const Check& check, const ClusterFacts& facts) {
  std::vector<std::string> missing;
  if ((check.needs & kZooKeeper) != 0 && !facts.zookeeper) missing.push_back("ZooKeeper's files");
  if ((check.needs & kMetadata) != 0 && facts.metadata.empty())
    missing.push_back("a controller's metadata log");
  if ((check.needs & kBrokers) != 0) miss_brokers(facts, missing);
  if ((check.needs & kControllers) != 0) miss_controllers(facts, missing);
  if ((check.needs & (kDirectories | kSoftware)) != 0 && facts.nodes.empty())
    missing.push_back("the nodes' files");
  for (const NodeFacts& node : facts.nodes) {
    // Before they are provisioned nobody has formatted the controllers.
    const bool unformatted =
        facts.phase == Phase::S0 && node.is_controller() && !node.has_metadata_log;
    if ((check.needs & kDirectories) != 0 && node.log_directories.empty() && !unformatted)
      missing.push_back(fmt::format("meta.properties of {}", node.name));
    if ((check.needs & kSoftware) != 0 && !node.software)
      missing.push_back(fmt::format("the software version of {}", node.name));
  }
  return missing;
}

// Without these a predicate has nothing to look at.
bool has_stores(const Check& check, const ClusterFacts& facts) {
  return ((check.needs & kZooKeeper) == 0 || facts.zookeeper.has_value()) &&
         ((check.needs & kMetadata) == 0 || !facts.metadata.empty());
}

}  // namespace

std::string_view name_of(CheckSeverity severity) {
  switch (severity) {
    case CheckSeverity::Error:
      return "error";
    case CheckSeverity::Warning:
      return "warning";
    case CheckSeverity::Information:
      return "information";
  }
  sim::unreachable("a check has one of these severities");
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Pass:
      return "pass";
    case Outcome::Finding:
      return "finding";
    case Outcome::Unknown:
      return "unknown";
    case Outcome::Question:
      return "question";
    case Outcome::NotApplicable:
      return "not applicable";
  }
  sim::unreachable("a check has one of these outcomes");
}

std::span<const Check> all_checks() {
  static const std::vector<Check> checks = sorted_checks();
  return checks;
}

const Check* find_check(std::string_view id) {
  const auto all = all_checks();
  const auto at = std::ranges::lower_bound(all, id, {}, &Check::id);
  return at != all.end() && at->id == id ? &*at : nullptr;
}

CheckSeverity Verdicts::check_severity() const {
  return check_.severity;
}

CheckSeverity CheckResult::severity() const {
  if (findings.empty()) return check->severity;
  return std::ranges::min(findings, {}, &Finding::severity).severity;
}

namespace {

// What a person said to the questions of a check takes their place.
void take_answers(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto answer = facts.answers.find(verdicts.check().id);
  if (answer == facts.answers.end()) return;
  for (const std::string& question : std::exchange(verdicts.questions, {})) {
    if (answer->second.yes) continue;
    verdicts.find("the answer", fmt::format("no: {}", question),
                  {{answer->second.where, answer->second.reason}});
  }
}

}  // namespace

CheckResult run_check(const Check& check, const ClusterFacts& facts) {
  CheckResult result{.check = &check};
  if (!check.phases.contains(facts.phase)) {
    result.outcome = Outcome::NotApplicable;
    return result;
  }
  Verdicts verdicts(check);
  verdicts.missing = missing_for(check, facts);
  if (has_stores(check, facts)) check.judge(facts, verdicts);
  take_answers(facts, verdicts);
  result.findings = std::move(verdicts.findings);
  result.missing = std::move(verdicts.missing);
  result.questions = std::move(verdicts.questions);
  result.outcome = !result.findings.empty()    ? Outcome::Finding
                   : !result.missing.empty()   ? Outcome::Unknown
                   : !result.questions.empty() ? Outcome::Question
                                               : Outcome::Pass;
  return result;
}

std::vector<CheckResult> run_checks(const ClusterFacts& facts) {
  std::vector<CheckResult> results;
  for (const Check& check : all_checks()) results.push_back(run_check(check, facts));
  return results;
}

}  // namespace migrate
