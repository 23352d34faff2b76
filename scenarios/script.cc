#include "scenarios/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "scenarios/durations.h"
#include "scenarios/zookeeper_shell.h"
#include "sim/base/suggest.h"

namespace scenarios {
namespace {

constexpr std::string_view kTurn = "turn-";

// An entry of the plan that touches nothing.
struct Moment {
  static constexpr std::string_view kName = "operator.Moment";
  static constexpr auto fields(auto&& visit) { return visit(); }
};

std::unexpected<sim::Problem> no_script(const sim::Place& place, std::string what,
                                        std::string remedy) {
  return std::unexpected(
      sim::Problem{sim::Severity::Usage, place, std::move(what), std::move(remedy)});
}

sim::Expected<std::vector<Road>> roads_of(const zk2kraft::Scenario& scenario,
                                          const sim::Place& place) {
  const zk2kraft::Operator& person = scenario.operator_();
  const std::string& expected = scenario.expect().phase();
  // With one road the end that is expected is the end that she wants.
  const bool one = person.then().empty();
  const std::string& goal = one && !expected.empty() ? expected : person.goal();
  std::vector<Road> roads;
  const auto first = goal.empty() ? sim::Expected<Phase>(Phase::S7) : parse_step(goal, place);
  if (!first) return std::unexpected(first.error());
  roads.push_back({*first, std::nullopt});
  if (is_way_back(*first))
    return no_script(place, fmt::format("she cannot begin with the way back to {}.", goal),
                     "Give her a goal, and go back by then: \"R2\".");
  for (const std::string& words : person.then()) {
    auto road = parse_road(words, place);
    if (!road) return std::unexpected(road.error());
    const auto why_not = road->turns ? std::nullopt : why_no_way(roads.back().to, road->to);
    if (why_not)
      return no_script(place,
                       fmt::format("from {} there is no way to {}: {}.", name_of(roads.back().to),
                                   name_of(road->to), *why_not),
                       "");
    roads.push_back(std::move(*road));
  }
  if (!expected.empty() && expected != name_of(roads.back().to)) {
    return no_script(place,
                     fmt::format("the scenario expects {} and her way ends in {}.", expected,
                                 name_of(roads.back().to)),
                     "Leave expect's phase away, or make them agree.");
  }
  return roads;
}

sim::Expected<Mistakes> mistakes_of(const zk2kraft::Scenario& scenario, const Cluster& cluster,
                                    const sim::Place& place) {
  Mistakes mistakes;
  std::vector<std::string> servers;
  for (const auto& [id, node] : cluster.controllers())
    servers.push_back(fmt::format("controller-{}", id.value()));
  const std::size_t controllers = servers.size();
  for (const auto& [id, node] : cluster.brokers())
    servers.push_back(fmt::format("broker-{}", id.value()));
  for (const std::string& words : scenario.operator_().mistakes()) {
    auto mistake = parse_mistake(words, place);
    if (!mistake) return std::unexpected(mistake.error());
    const auto named = std::ranges::find(servers, mistake->server);
    const bool may_be_a_broker = mistake->kind == MistakeKind::ForgetFlag;
    const bool fits =
        named != servers.end() &&
        (may_be_a_broker || named < servers.begin() + static_cast<std::ptrdiff_t>(controllers));
    if (!mistake->server.empty() && !fits) {
      const std::vector<std::string_view> candidates(servers.begin(), servers.end());
      return no_script(place,
                       fmt::format("'{}' names no {} of this cluster.{}", words,
                                   may_be_a_broker ? "server" : "controller",
                                   sim::did_you_mean(mistake->server, candidates)),
                       fmt::format("There are {}.", fmt::join(servers, ", ")));
    }
    mistakes.add(std::move(*mistake));
  }
  return mistakes;
}

// A phase that she comes through on her way.
sim::Expected<std::optional<Phase>> stuck_phase_of(const zk2kraft::Expect& expect,
                                                   const std::vector<Road>& roads,
                                                   const sim::Place& place) {
  if (expect.stuck_in().empty()) return std::nullopt;
  const auto phase = parse_step(expect.stuck_in(), place);
  if (!phase) return std::unexpected(phase.error());
  if (!expect.phase().empty() || !expect.within().empty())
    return no_script(place, "expect says stuck_in, and what comes after it.",
                     "Take out phase and within, or stuck_in.");
  const bool passes = std::ranges::any_of(roads, [&](const Road& road) {
    return is_way_back(road.to) == is_way_back(*phase) && *phase <= road.to;
  });
  if (!passes)
    return no_script(place,
                     fmt::format("stuck_in: {} lies behind the operator's goal {}.",
                                 name_of(*phase), name_of(roads.back().to)),
                     "Name a phase that the operator would leave.");
  return *phase;
}

}  // namespace

sim::Expected<Script> script_of(const zk2kraft::Scenario& scenario, const Cluster& cluster,
                                const sim::Place& place) {
  Script script;
  auto roads = roads_of(scenario, place);
  if (!roads) return std::unexpected(roads.error());
  auto stuck_in = stuck_phase_of(scenario.expect(), *roads, place);
  if (!stuck_in) return std::unexpected(stuck_in.error());
  script.stuck_in = *stuck_in;
  script.config.roads = std::move(*roads);
  auto mistakes = mistakes_of(scenario, cluster, place);
  if (!mistakes) return std::unexpected(mistakes.error());
  script.config.mistakes = std::move(*mistakes);
  const zk2kraft::Operator& person = scenario.operator_();
  script.config.patience = duration_or(person.patience(), script.config.patience);
  script.config.cures_fenced_brokers =
      std::ranges::find(person.cures(), "MB-22") != person.cures().end();
  for (const std::string& words : person.edits()) {
    auto edit = parse_edit(words, place);
    if (!edit) return std::unexpected(edit.error());
    script.edits.push_back(std::move(*edit));
  }
  return script;
}

void add_moments(const Script& script, sim::FaultPlan& plan) {
  const sim::Target shell(Cluster::kShell);
  for (std::size_t i = 0; i < script.edits.size(); ++i) {
    const EditDirective& edit = script.edits[i];
    plan.push_back(
        {fmt::format("edit-{}", i + 1), edit.when, sim::Poke{shell, sim::Payload::of(edit.edit)}});
  }
  for (std::size_t i = 0; i < script.config.roads.size(); ++i) {
    const Road& road = script.config.roads[i];
    if (road.turns)
      plan.push_back({fmt::format("{}{}", kTurn, i), *road.turns,
                      sim::Poke{shell, sim::Payload::of(Moment{})}});
  }
}

std::optional<std::size_t> turn_of(std::string_view name) {
  if (!name.starts_with(kTurn)) return std::nullopt;
  std::size_t road = 0;
  std::from_chars(name.data() + kTurn.size(), name.data() + name.size(), road);
  return road;
}

std::optional<zk2kraft::Scenario> without_errors(const zk2kraft::Scenario& scenario) {
  const zk2kraft::Operator& person = scenario.operator_();
  const zk2kraft::Cluster& cluster = scenario.cluster();
  const bool all_is_well = person.mistakes().empty() && person.edits().empty() &&
                           cluster.ghost_replicas().empty() && !cluster.has_earlier_attempt();
  if (all_is_well) return std::nullopt;
  zk2kraft::Scenario without = scenario;
  without.mutable_operator_()->clear_mistakes();
  without.mutable_operator_()->clear_edits();
  without.mutable_cluster()->clear_ghost_replicas();
  without.mutable_cluster()->clear_earlier_attempt();
  return without;
}

}  // namespace scenarios
