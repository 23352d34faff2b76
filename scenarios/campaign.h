#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/runner.h"
#include "sim/kernel/choice_source.h"

// Many runs of one scenario, each under its own seed and, if the scenario says so, with its own
// random faults. Seeds are independent: any number of processes gives the same results.
// campaign_store.h keeps them.
namespace scenarios {

struct SeedResult {
  std::uint64_t seed = 0;
  Verdict verdict = Verdict::Unknown;
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  // The first violation, or what was never reached, after the name of its home ("broker.P1: …",
  // "goal: …", "never came: …", "bug: …"); empty if good.
  std::string first;
  // Invariants that were broken, each once, in the order in which that was seen; and those that the
  // scenario expects of the version.
  std::vector<std::string> violated;
  std::vector<std::string> known;
  std::vector<std::string> faults;                // the random ones, as directives
  std::map<std::string, std::int64_t> phases_ms;  // simulated time at which a phase began
  std::map<std::string, std::uint64_t> losses;    // expected ones, by the name of their excuse
  std::int64_t simulated_ms = 0;
  Coverage coverage;
  std::map<std::string, std::uint64_t> checks;
  // The scenario cannot be run at all, under this seed or any other.
  std::optional<sim::Problem> problem;
  bool operator==(const SeedResult&) const = default;
};

// The name in `first` before the colon: an invariant, "goal", "never came" or "bug"; empty if good.
std::string home_of(const SeedResult& result);

// A plan of as many faults and of such kinds as the scenario's `random_faults` allows, within the
// budget of the cluster: a majority of each quorum and all brokers but one stay healthy. Whoever
// answers decides: a seed (campaigns), rapidcheck (properties).
std::vector<FaultDirective> random_faults(const zk2kraft::Scenario& scenario,
                                          const Cluster& cluster, sim::ChoiceSource source);
// The same, answered by a tape of the seed's own.
std::vector<FaultDirective> random_faults(const zk2kraft::Scenario& scenario,
                                          const Cluster& cluster, std::uint64_t seed);

// The scenario with what its `random_faults` leaves to the seed of the operator's own doing: whether and when she turns
// back, and her mistakes. The same scenario if that is nothing. What was drawn is told by `drawn`.
zk2kraft::Scenario with_random_road(const zk2kraft::Scenario& scenario, std::uint64_t seed,
                                    std::vector<std::string>& drawn);

// Runs one seed. A sim::Bug is a finding, named.
SeedResult run_seed(const zk2kraft::Scenario& scenario, const Initial& initial, std::uint64_t seed,
                    const sim::Place& place);

// One line (JSON) that says all of a result but `problem`.
std::string to_line(const SeedResult& result);
// The result that a line says; nothing for a line that says none.
std::optional<SeedResult> from_line(const std::string& line);

}  // namespace scenarios
