#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/runner.h"

// Many runs of one scenario, each under its own seed and, if the scenario says so, with its own random faults.
// Seeds are independent: any number of processes gives the same results.
namespace scenarios {

struct SeedResult {
  std::uint64_t seed = 0;
  Verdict verdict = Verdict::Unknown;
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  std::string first;  // the first violation, or what was never reached; empty if good
  std::vector<std::string> faults;  // the random ones, as directives
  std::map<std::string, std::uint64_t> notices;
  std::map<std::string, std::uint64_t> checks;
};

// The random faults of one seed, drawn by name: as many and of such kinds as `random_faults` allows.
std::vector<FaultDirective> random_faults(const zk2kraft::Scenario& scenario, const Cluster& cluster, std::uint64_t seed);

// Runs one seed. A sim::Bug is a finding, named.
SeedResult run_seed(const zk2kraft::Scenario& scenario, const Initial& initial, std::uint64_t seed,
                    const sim::Place& place);

// One line per seed (JSON), appended as seeds end, so that a campaign that
// was interrupted goes on where it stopped.
std::string to_line(const SeedResult& result);
std::optional<SeedResult> from_line(const std::string& line);

}  // namespace scenarios
