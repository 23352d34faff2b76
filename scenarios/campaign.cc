#include "scenarios/campaign.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scenarios/durations.h"
#include "scenarios/mistake.h"
#include "sim/base/check.h"
#include "sim/kernel/fault_maker.h"

namespace scenarios {
namespace {

// A number of its own, so that the faults of a seed and its delays are two tapes.
constexpr std::uint64_t kFaultTape = 0x66617563;

constexpr std::uint64_t kRoadTape = 0x726f6164;
constexpr sim::Site kTurns{"operator.turns"};
constexpr sim::Site kTurnAt{"operator.turn_at"};
constexpr sim::Site kMistakes{"operator.mistakes"};
constexpr sim::Site kMistake{"operator.mistake"};

std::vector<std::string> names(const Cluster& cluster, const char* prefix,
                               const std::map<sim::BrokerId, sim::NodeId>& nodes) {
  std::vector<std::string> found;
  for (const auto& [id, node] : nodes) found.push_back(fmt::format("{}{}", prefix, id.value()));
  static_cast<void>(cluster);
  return found;
}

sim::FaultBudget budget_of(const Cluster& cluster) {
  sim::FaultBudget budget;
  sim::FaultGroup ensemble{
      .name = "ensemble",
      .minimum_healthy = static_cast<std::uint32_t>(cluster.zookeepers().size() / 2 + 1)};
  for (std::size_t i = 0; i < cluster.zookeepers().size(); ++i)
    ensemble.members.push_back(fmt::format("zk-{}", i + 1));
  budget.groups.push_back(std::move(ensemble));
  budget.groups.push_back(
      {.name = "quorum",
       .members = names(cluster, "controller-", cluster.controllers()),
       .minimum_healthy = static_cast<std::uint32_t>(cluster.controllers().size() / 2 + 1)});
  const auto brokers = static_cast<std::uint32_t>(cluster.brokers().size());
  budget.groups.push_back({.name = "brokers",
                           .members = names(cluster, "broker-", cluster.brokers()),
                           .minimum_healthy = brokers > 1 ? brokers - 1 : 0});
  return budget;
}

const std::map<std::string, std::vector<sim::FaultFamily>, std::less<>>& families() {
  using enum sim::FaultFamily;
  static const std::map<std::string, std::vector<sim::FaultFamily>, std::less<>> known{
      {"process", {Process}}, {"machine", {Machine}}, {"disk", {Disk}},   {"pause", {Pause}},
      {"network", {Network}}, {"traffic", {Traffic}}, {"clock", {Clock}},
  };
  return known;
}

std::vector<std::string> names_of(const std::vector<Violation>& violations) {
  std::vector<std::string> names;
  for (const Violation& violation : violations) {
    if (std::ranges::find(names, violation.invariant) == names.end()) {
      names.push_back(violation.invariant);
    }
  }
  return names;
}

void fill(SeedResult& result, const Outcome& outcome) {
  result.verdict = outcome.verdict;
  result.digest = outcome.digest;
  result.events = outcome.events;
  result.violated = names_of(outcome.violations);
  result.known = names_of(outcome.known_violations);
  result.faults = outcome.random_faults;
  for (const auto& [phase, at] : outcome.phases) {
    result.phases_ms[std::string(name_of(phase))] = at.milliseconds();
  }
  result.losses = outcome.expected_losses;
  result.simulated_ms = outcome.ended_at.milliseconds();
  result.coverage = outcome.coverage;
  result.checks = outcome.checks;
  if (!outcome.violations.empty()) {
    const Violation& violation = outcome.violations.front();
    result.first = fmt::format("{}: {}", violation.invariant, violation.what);
  } else if (!outcome.goal_reached) {
    result.first = "goal: waiting for " + outcome.stuck_at;
  } else if (!outcome.unmet.empty()) {
    result.first = "never came: " + outcome.unmet.front();
  }
}

}  // namespace

std::vector<FaultDirective> random_faults(const zk2kraft::Scenario& scenario,
                                          const Cluster& cluster, sim::ChoiceSource source) {
  const zk2kraft::RandomFaults& wanted = scenario.random_faults();
  if (wanted.most() <= 0) return {};
  sim::FaultLimits limits{.at_most = static_cast<std::uint32_t>(wanted.most())};
  limits.from = sim::Instant(0) + parse_duration(wanted.from()).value_or(sim::Duration(0));
  limits.until =
      sim::Instant(0) + parse_duration(wanted.until()).value_or(sim::Duration(300'000'000'000));
  limits.longest = parse_duration(wanted.longest()).value_or(limits.longest);
  limits.within_budget = !wanted.beyond_budget();
  limits.notices = {wanted.notices().begin(), wanted.notices().end()};
  if (limits.notices.empty()) {
    limits.notices = {"migrate.Claimed",       "migrate.CopyBegan",  "migrate.CopyBatch",
                      "migrate.CopyCompleted", "migrate.Reconciled", "kraft.ControllerActivated",
                      "kraft.BrokerUnfenced"};
  }
  for (const std::string& kind : wanted.kinds()) {
    if (const auto found = families().find(kind); found != families().end()) {
      limits.families.insert(limits.families.end(), found->second.begin(), found->second.end());
    }
  }
  return directives_of(sim::make_faults(source, budget_of(cluster), limits));
}

std::vector<FaultDirective> random_faults(const zk2kraft::Scenario& scenario,
                                          const Cluster& cluster, std::uint64_t seed) {
  sim::Choices tape(sim::Digest::mix(seed ^ kFaultTape));
  return random_faults(scenario, cluster, sim::ChoiceSource(tape));
}

zk2kraft::Scenario with_random_road(const zk2kraft::Scenario& scenario, std::uint64_t seed,
                                    std::vector<std::string>& drawn) {
  const zk2kraft::RandomFaults& wanted = scenario.random_faults();
  zk2kraft::Scenario with = scenario;
  if (!wanted.way_back()) return with;
  // The counterfactual of this run has no mistakes, and is not to be given new ones.
  with.mutable_random_faults()->set_way_back(false);
  sim::Choices tape(sim::Digest::mix(seed ^ kRoadTape));
  const auto pick = [&](sim::Site site, std::uint64_t low, std::uint64_t high) {
    return tape.pick(site, 0, low, high);
  };
  if (pick(kTurns, 0, 3) == 0) return with;  // three of four do
  const auto seconds = [&](const std::string& text, std::int64_t usual) {
    return static_cast<std::uint64_t>(
        parse_duration(text).value_or(sim::Duration(usual * 1'000'000'000)).nanoseconds() /
        1'000'000'000);
  };
  const std::string goal = with.operator_().goal().empty() ? "S7" : with.operator_().goal();
  zk2kraft::Operator& person = *with.mutable_operator_();
  person.set_goal(goal);
  person.add_then(fmt::format(
      "R2 at {}s", pick(kTurnAt, seconds(wanted.from(), 0), seconds(wanted.until(), 300))));
  person.add_then(goal);
  drawn.push_back(fmt::format("then: {}", person.then(0)));
  const auto most = static_cast<std::uint64_t>(std::max(0, wanted.mistakes()));
  for (std::uint64_t made = most == 0 ? 0 : pick(kMistakes, 0, most); made > 0; --made) {
    std::vector<std::string_view> words;
    for (const MistakeWord& word : mistake_words()) {
      if (!word.names_a_server && word.kind != MistakeKind::FinaliseEarly)
        words.push_back(word.word);
    }
    person.add_mistakes(std::string(words[tape.pick(kMistake, made, 0, words.size() - 1)]));
    drawn.push_back(fmt::format("mistakes: {}", person.mistakes(person.mistakes_size() - 1)));
  }
  return with;
}

std::string home_of(const SeedResult& result) {
  return result.first.substr(0, result.first.find(':'));
}

SeedResult run_seed(const zk2kraft::Scenario& scenario, const Initial& initial, std::uint64_t seed,
                    const sim::Place& place) {
  SeedResult result{.seed = seed};
  const RunOptions options{.seed = seed};
  try {
    const auto outcome = run_scenario(scenario, initial, options, place);
    if (!outcome) {
      result.problem = outcome.error();
      result.first = outcome.error().what;
      return result;
    }
    fill(result, *outcome);
  } catch (const sim::Bug& bug) {
    result.verdict = Verdict::Finding;
    result.first = fmt::format("bug: {}", bug.what());
  }
  return result;
}

std::string to_line(const SeedResult& result) {
  return nlohmann::json{{"seed", result.seed},
                        {"verdict", name_of(result.verdict)},
                        {"digest", fmt::format("{:016x}", result.digest)},
                        {"events", result.events},
                        {"first", result.first},
                        {"violated", result.violated},
                        {"known", result.known},
                        {"faults", result.faults},
                        {"phasesMs", result.phases_ms},
                        {"losses", result.losses},
                        {"simulatedMs", result.simulated_ms},
                        {"coverage", result.coverage},
                        {"checks", result.checks}}
      .dump();
}

std::optional<SeedResult> from_line(const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("seed")) return std::nullopt;
  SeedResult result;
  result.seed = json.value("seed", std::uint64_t{0});
  result.verdict = parse_verdict(json.value("verdict", "")).value_or(Verdict::Unknown);
  result.digest = std::stoull(json.value("digest", "0"), nullptr, 16);
  result.events = json.value("events", std::uint64_t{0});
  result.first = json.value("first", "");
  result.violated = json.value("violated", result.violated);
  result.known = json.value("known", result.known);
  result.faults = json.value("faults", result.faults);
  result.phases_ms = json.value("phasesMs", result.phases_ms);
  result.losses = json.value("losses", result.losses);
  result.simulated_ms = json.value("simulatedMs", std::int64_t{0});
  result.coverage = json.value("coverage", result.coverage);
  result.checks = json.value("checks", result.checks);
  return result;
}

}  // namespace scenarios
