#include "scenarios/campaign.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scenarios/durations.h"
#include "sim/base/check.h"
#include "sim/kernel/fault_maker.h"

namespace scenarios {
namespace {

// A number of its own, so that the faults of a seed and its delays are two tapes.
constexpr std::uint64_t kFaultTape = 0x66617563;

std::vector<std::string> names(const Cluster& cluster, const char* prefix, const std::map<sim::BrokerId, sim::NodeId>& nodes) {
  std::vector<std::string> found;
  for (const auto& [id, node] : nodes) found.push_back(fmt::format("{}{}", prefix, id.value()));
  static_cast<void>(cluster);
  return found;
}

sim::FaultBudget budget_of(const Cluster& cluster) {
  sim::FaultBudget budget;
  sim::FaultGroup ensemble{.name = "ensemble", .minimum_healthy = static_cast<std::uint32_t>(cluster.zookeepers().size() / 2 + 1)};
  for (std::size_t i = 0; i < cluster.zookeepers().size(); ++i) ensemble.members.push_back(fmt::format("zk-{}", i + 1));
  budget.groups.push_back(std::move(ensemble));
  budget.groups.push_back({.name = "quorum",
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

// The plan as directives that say the same: cures become durations.
std::vector<FaultDirective> directives_of(const sim::FaultPlan& plan) {
  std::vector<FaultDirective> directives;
  std::map<std::string, std::size_t> position;
  for (const sim::PlannedFault& planned : plan) {
    const auto* const after = std::get_if<sim::After>(&planned.when);
    if (after == nullptr) {
      position[planned.name] = directives.size();
      directives.push_back({planned.fault, planned.when, std::nullopt});
      continue;
    }
    const auto base = position.find(after->another);
    if (base == position.end()) continue;
    if (planned.name.ends_with(".cure")) {
      for (std::size_t i = base->second; i < directives.size(); ++i) directives[i].lasts = after->delay;
    } else {
      directives.push_back({planned.fault, directives[base->second].when, std::nullopt});
    }
  }
  // What a directive cannot say is said by reading it back: durations of faults that have none are dropped.
  for (FaultDirective& directive : directives) {
    if (auto same = parse_fault(print_fault(directive), {})) directive = std::move(*same);
  }
  return directives;
}

}  // namespace

std::vector<FaultDirective> random_faults(const zk2kraft::Scenario& scenario, const Cluster& cluster, std::uint64_t seed) {
  const zk2kraft::RandomFaults& wanted = scenario.random_faults();
  if (wanted.most() <= 0) return {};
  sim::FaultLimits limits{.at_most = static_cast<std::uint32_t>(wanted.most())};
  limits.from = sim::Instant(0) + parse_duration(wanted.from()).value_or(sim::Duration(0));
  limits.until = sim::Instant(0) + parse_duration(wanted.until()).value_or(sim::Duration(300'000'000'000));
  limits.notices = {"migrate.Claimed", "migrate.CopyBegan", "migrate.CopyBatch", "migrate.CopyCompleted",
                    "migrate.Reconciled", "kraft.ControllerActivated", "kraft.BrokerUnfenced"};
  for (const std::string& kind : wanted.kinds()) {
    if (const auto found = families().find(kind); found != families().end()) {
      limits.families.insert(limits.families.end(), found->second.begin(), found->second.end());
    }
  }
  sim::Choices tape(sim::Digest::mix(seed ^ kFaultTape));
  return directives_of(sim::make_faults(tape, budget_of(cluster), limits));
}

SeedResult run_seed(const zk2kraft::Scenario& scenario, const Initial& initial, std::uint64_t seed, const sim::Place& place) {
  SeedResult result{.seed = seed};
  const RunOptions options{.seed = seed};
  try {
    const auto outcome = run_scenario(scenario, initial, options, place);
    if (!outcome) {
      result.first = outcome.error().what;
      return result;
    }
    result.verdict = outcome->verdict;
    result.faults = outcome->random_faults;
    result.digest = outcome->digest;
    result.events = outcome->events;
    result.notices = outcome->notices;
    result.checks = outcome->checks;
    if (!outcome->violations.empty()) {
      result.first = fmt::format("{}: {}", outcome->violations.front().invariant, outcome->violations.front().what);
    } else if (!outcome->goal_reached) {
      result.first = "goal: waiting for " + outcome->stuck_at;
    } else if (!outcome->unmet.empty()) {
      result.first = "never came: " + outcome->unmet.front();
    }
  } catch (const sim::Bug& bug) {
    result.verdict = Verdict::Finding;
    result.first = fmt::format("bug: {}", bug.what());
  }
  return result;
}

std::string to_line(const SeedResult& result) {
  return nlohmann::json{{"seed", result.seed},     {"verdict", name_of(result.verdict)}, {"digest", fmt::format("{:016x}", result.digest)},
                        {"events", result.events}, {"first", result.first},              {"faults", result.faults},
                        {"notices", result.notices}, {"checks", result.checks}}
      .dump();
}

std::optional<SeedResult> from_line(const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("seed")) return std::nullopt;
  SeedResult result;
  result.seed = json.value("seed", std::uint64_t{0});
  const std::string verdict = json.value("verdict", "unknown");
  result.verdict = verdict == "good" ? Verdict::Good : verdict == "finding" ? Verdict::Finding : Verdict::Unknown;
  result.digest = std::stoull(json.value("digest", "0"), nullptr, 16);
  result.events = json.value("events", std::uint64_t{0});
  result.first = json.value("first", "");
  result.faults = json.value("faults", std::vector<std::string>{});
  result.notices = json.value("notices", std::map<std::string, std::uint64_t>{});
  result.checks = json.value("checks", std::map<std::string, std::uint64_t>{});
  return result;
}

}  // namespace scenarios
