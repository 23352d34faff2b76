#include "scenarios/seeded_defects.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "scenarios/defects.h"
#include "scenarios/runner.h"
#include "scenarios/seeded_defects.pb.h"
#include "scenarios/text.h"
#include "sim/base/check.h"

namespace scenarios {
namespace {

// What an invariant objected to in one run.
struct Objection {
  std::string invariant;
  std::string what;
  std::vector<std::string> faults;
};

// The objection of who waits in vain (migration.md §7.5). It counts only for defects that break nothing else, for a
// goal may also be missed because the seed's faults left too little time.
constexpr std::string_view kGoal = "goal";

std::optional<Objection> run_until_objection(const zk2kraft::Scenario& scenario,
                                             const Initial& initial, std::uint64_t seed,
                                             bool liveness, const sim::Place& place) {
  try {
    const auto outcome =
        run_scenario(scenario, initial, {.seed = seed, .stop_at_violation = true}, place);
    if (!outcome) return Objection{"scenario", outcome.error().what, {}};
    if (outcome->violations.empty()) {
      if (!liveness || outcome->goal_reached) return std::nullopt;
      return Objection{std::string(kGoal), "waits for " + outcome->stuck_at,
                       outcome->random_faults};
    }
    const Violation& first = outcome->violations.front();
    return Objection{first.invariant, first.what, outcome->random_faults};
  } catch (const sim::Bug& bug) {
    // A machine's own check is an invariant, too, if one without a name.
    return Objection{"check", bug.what(), {}};
  }
}

sim::Problem bad_table(const std::string& path, std::string what, std::string remedy) {
  return {sim::Severity::Usage, {.source = path}, std::move(what), std::move(remedy)};
}

sim::Expected<void> check_row(const std::string& path, const zk2kraft::SeededDefect& row) {
  if (auto known = Defects().set(row.defect(), true, {.source = path}); !known) return known;
  const auto incomplete = [&](std::string_view what, std::string remedy) {
    return std::unexpected(
        bad_table(path, fmt::format("the row of '{}' {}.", row.defect(), what), std::move(remedy)));
  };
  if (row.why().empty()) return incomplete("has no why", "Say how the defect comes to light.");
  if (row.seen_by().empty())
    return incomplete("names no invariant", "Say with seen_by which one sees it first.");
  if (row.seeds() == 0) return incomplete("says not how many seeds may pass", "Add seeds: 10.");
  return {};
}

void drop(google::protobuf::RepeatedPtrField<std::string>& names, const std::string& name) {
  const auto gone = std::ranges::remove(names, name);
  names.erase(gone.begin(), gone.end());
}

zk2kraft::Scenario merged(const zk2kraft::Scenario& base, const zk2kraft::SeededDefect& row,
                          Topology topology) {
  zk2kraft::Scenario scenario = base;
  scenario.MergeFrom(row.with());
  scenario.set_why(row.why());
  for (const std::string& on : row.with().cluster().defects()) {
    drop(*scenario.mutable_cluster()->mutable_fixed(), on);
  }
  if (row.has_faults()) *scenario.mutable_random_faults() = row.faults();
  if (topology == Topology::FromSource) {
    scenario.mutable_cluster()->clear_brokers();
    scenario.mutable_cluster()->clear_topics();
  }
  return scenario;
}

}  // namespace

sim::Expected<std::vector<SeededDefect>> read_seeded_defects(const std::string& path,
                                                             Topology topology) {
  zk2kraft::SeededDefects file;
  if (auto read = read_message(path, file); !read) return std::unexpected(read.error());
  if (file.why().empty()) {
    return std::unexpected(bad_table(path, "the table of seeded defects has no why.",
                                     "Begin with why: \"what it proves\"."));
  }
  std::vector<SeededDefect> rows;
  for (const zk2kraft::SeededDefect& row : file.row()) {
    if (auto checked = check_row(path, row); !checked) return std::unexpected(checked.error());
    if (std::ranges::find(rows, row.defect(), &SeededDefect::defect) != rows.end()) {
      return std::unexpected(
          bad_table(path, fmt::format("'{}' has two rows.", row.defect()), "Remove one of them."));
    }
    rows.push_back({.defect = row.defect(),
                    .why = row.why(),
                    .seen_by = {row.seen_by().begin(), row.seen_by().end()},
                    .seeds = row.seeds(),
                    .scenario = merged(file.base(), row, topology)});
  }
  return rows;
}

zk2kraft::Scenario scenario_with(const SeededDefect& row) {
  zk2kraft::Scenario scenario = row.scenario;
  drop(*scenario.mutable_cluster()->mutable_fixed(), row.defect);
  scenario.mutable_cluster()->add_defects(row.defect);
  return scenario;
}

zk2kraft::Scenario scenario_without(const SeededDefect& row) {
  zk2kraft::Scenario scenario = row.scenario;
  drop(*scenario.mutable_cluster()->mutable_fixed(), row.defect);
  scenario.mutable_cluster()->add_fixed(row.defect);
  return scenario;
}

Hunt hunt(const SeededDefect& row, const Initial& initial, std::uint64_t first, std::uint64_t seeds,
          const sim::Place& place) {
  Hunt hunt{.defect = row.defect};
  const zk2kraft::Scenario with = scenario_with(row);
  const zk2kraft::Scenario without = scenario_without(row);
  const bool liveness = row.seen_by.contains(std::string(kGoal));
  for (std::uint64_t seed = first; seed < first + seeds && !hunt.found; ++seed) {
    ++hunt.seeds;
    if (const auto control = run_until_objection(without, initial, seed, liveness, place)) {
      hunt.disturbed.push_back(
          fmt::format("seed {}: {}: {}", seed, control->invariant, control->what));
      continue;
    }
    auto objection = run_until_objection(with, initial, seed, liveness, place);
    if (!objection) continue;
    hunt.found = true;
    hunt.seed = seed;
    hunt.expected = row.seen_by.contains(objection->invariant);
    hunt.invariant = std::move(objection->invariant);
    hunt.what = std::move(objection->what);
    hunt.faults = std::move(objection->faults);
  }
  return hunt;
}

std::string to_line(const Hunt& hunt) {
  return nlohmann::json{
      {"defect", hunt.defect}, {"seeds", hunt.seeds},       {"seed", hunt.seed},
      {"found", hunt.found},   {"expected", hunt.expected}, {"invariant", hunt.invariant},
      {"what", hunt.what},     {"faults", hunt.faults},     {"disturbed", hunt.disturbed}}
      .dump();
}

sim::Expected<Hunt> hunt_from_line(const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("defect")) {
    return std::unexpected(
        sim::Problem{sim::Severity::Unknown, {}, "a worker's line is no result.", ""});
  }
  Hunt hunt{.defect = json.value("defect", "")};
  hunt.seeds = json.value("seeds", std::uint64_t{0});
  hunt.seed = json.value("seed", std::uint64_t{0});
  hunt.found = json.value("found", false);
  hunt.expected = json.value("expected", false);
  hunt.invariant = json.value("invariant", "");
  hunt.what = json.value("what", "");
  hunt.faults = json.value("faults", std::vector<std::string>{});
  hunt.disturbed = json.value("disturbed", std::vector<std::string>{});
  return hunt;
}

}  // namespace scenarios
