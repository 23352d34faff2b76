#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/comparison_watch.h"
#include "scenarios/initial.h"
#include "scenarios/scenario.pb.h"
#include "sim/base/problem.h"

// The same workload and the same faults in clusters of different modes, on one tape: what does a user notice of it in
// ZooKeeper mode, hybrid, in dual write and with KRaft alone?
namespace scenarios {

// A mode is where the operator has come to rest before anything strikes.
struct ComparedMode {
  std::string_view name;   // "DUAL"
  std::string_view phase;  // "S6"
  std::string_view says;
};
const std::vector<ComparedMode>& compared_modes();
const ComparedMode* find_mode(std::string_view name);

// The scenario of one mode: the operator goes to the mode's phase and no further, and times count from there. A Usage
// problem for one with a way back, mistakes, or an end of its own that is another.
sim::Expected<zk2kraft::Scenario> scenario_in(const zk2kraft::Scenario& scenario,
                                              const ComparedMode& mode, const sim::Place& place);

// What came of one mode under one seed.
struct ComparisonRun {
  std::uint64_t seed = 0;
  Measures measures;
  std::vector<std::string> faults;      // those that were drawn
  std::vector<std::string> objections;  // violations, what never came, rest that was never reached
  bool operator==(const ComparisonRun&) const = default;
};
ComparisonRun measure_in(const zk2kraft::Scenario& of_mode, const Initial& initial,
                         std::uint64_t seed, const sim::Place& place);

// One line of JSON, and back.
std::string to_line(const ComparisonRun& run);
sim::Expected<ComparisonRun> comparison_run_from_line(const std::string& line);

}  // namespace scenarios
