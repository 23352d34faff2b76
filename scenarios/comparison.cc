#include "scenarios/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scenarios/runner.h"
#include "sim/base/check.h"

namespace scenarios {

const std::vector<ComparedMode>& compared_modes() {
  static const std::vector<ComparedMode> all{
      {"ZK", "S0", "ZooKeeper mode, before anything"},
      {"HYBRID", "S4", "KRaft controllers, brokers in ZooKeeper mode"},
      {"DUAL", "S6", "KRaft controllers and brokers, every change mirrored to ZooKeeper"},
      {"KRAFT", "S7", "finalised: ZooKeeper is read by nobody"}};
  return all;
}

const ComparedMode* find_mode(std::string_view name) {
  const auto found = std::ranges::find(compared_modes(), name, &ComparedMode::name);
  return found == compared_modes().end() ? nullptr : &*found;
}

sim::Expected<zk2kraft::Scenario> scenario_in(const zk2kraft::Scenario& scenario,
                                              const ComparedMode& mode, const sim::Place& place) {
  const zk2kraft::Operator& person = scenario.operator_();
  const zk2kraft::Expect& expect = scenario.expect();
  if (!person.goal().empty() || person.then_size() > 0 || person.mistakes_size() > 0 ||
      person.edits_size() > 0) {
    return std::unexpected(sim::Problem{
        sim::Severity::Usage, place, "the operator of a comparison has no way of her own.",
        "Leave goal, then, mistakes and edits out: the modes say where she goes."});
  }
  if (!expect.phase().empty() || !expect.stuck_in().empty() || expect.shows_size() > 0) {
    return std::unexpected(sim::Problem{sim::Severity::Usage, place,
                                        "a comparison expects no phase and shows nothing.",
                                        "Leave phase, stuck_in and shows out of expect."});
  }
  if (person.stay().empty()) {
    return std::unexpected(sim::Problem{
        sim::Severity::Usage, place, "nobody says how long the comparison watches each mode.",
        "Say it with operator { stay: \"60s\" }, counted from the mode's rest."});
  }
  zk2kraft::Scenario result = scenario;
  result.mutable_operator_()->set_goal(std::string(mode.phase));
  if (result.operator_().rest().empty()) result.mutable_operator_()->set_rest("0s");
  return result;
}

ComparisonRun measure_in(const zk2kraft::Scenario& of_mode, const Initial& initial,
                         std::uint64_t seed, const sim::Place& place) {
  ComparisonRun run{.seed = seed};
  ComparisonWatch watch;
  RunOptions options{.seed = seed};
  options.observers = {&watch};
  options.at_rest = [&](const sim::World& world, const Cluster& cluster) {
    watch.rest(world, cluster);
  };
  options.at_end = [&](const sim::World& world, const Cluster&) {
    run.measures = watch.measures(world);
  };
  sim::Expected<Outcome> outcome;
  try {
    outcome = run_scenario(of_mode, initial, options, place);
  } catch (const sim::Bug& bug) {
    run.objections.push_back(fmt::format("check: {}", bug.what()));
    return run;
  }
  if (!outcome) {
    run.objections.push_back(outcome.error().what);
    return run;
  }
  run.faults = outcome->random_faults;
  for (const Violation& violation : outcome->violations)
    run.objections.push_back(fmt::format("{}: {}", violation.invariant, violation.what));
  if (!outcome->goal_reached && !outcome->stopped_by_known)
    run.objections.push_back(
        fmt::format("{} was not reached: {}", outcome->goal, outcome->stuck_at));
  run.objections.insert(run.objections.end(), outcome->unmet.begin(), outcome->unmet.end());
  return run;
}

std::string to_line(const ComparisonRun& run) {
  nlohmann::json measures = nlohmann::json::object();
  for (const MeasureName& measure : all_measures()) {
    if (const auto& value = run.measures.*measure.value)
      measures[measure.name] = value->nanoseconds();
  }
  return nlohmann::json{{"seed", run.seed},
                        {"measuresNs", std::move(measures)},
                        {"faults", run.faults},
                        {"objections", run.objections}}
      .dump();
}

sim::Expected<ComparisonRun> comparison_run_from_line(const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("measuresNs")) {
    return std::unexpected(
        sim::Problem{sim::Severity::Unknown, {}, "a worker's line is no measure.", ""});
  }
  ComparisonRun run{.seed = json.value("seed", std::uint64_t{0}),
                    .faults = json.value("faults", std::vector<std::string>{}),
                    .objections = json.value("objections", std::vector<std::string>{})};
  for (const MeasureName& measure : all_measures()) {
    const auto value = json["measuresNs"].find(measure.name);
    if (value != json["measuresNs"].end())
      run.measures.*measure.value = sim::Duration(value->get<std::int64_t>());
  }
  return run;
}

}  // namespace scenarios
