#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "scenarios/initial.h"
#include "scenarios/scenario.pb.h"

// "Whatever breaks within the budget, no invariant does", asked by rapidcheck of whole worlds. Its draws are scenario
// files: story, seed and faults as directives, nothing random left. So what it shrinks is what it writes.
//
//   story ──► rapidcheck answers the fault maker ──► scenario ──► run ──► verdict
//                 ▲                                                          │ a finding
//                 └── fewer faults, less workload, smaller seed, ◄───────────┘
//                     shorter and earlier faults, plainer targets
namespace tests {

struct FaultProperty {
  // Of the property, and of the file that a counterexample is written to.
  std::string name;
  // What is told; `random_faults` says what may be drawn.
  zk2kraft::Scenario story;
  // The cluster, and how `zk2kraft run` is told of it: "--from SOURCE --at claim", or nothing.
  scenarios::Initial initial;
  std::string source_options;
  // A seeded defect to switch on (scenarios/defects.h), or none. With one, only what is clean without it counts
  // against the property: the defect is to blame, not the plan.
  std::string defect;
};

struct Counterexample {
  zk2kraft::Scenario scenario;
  std::string invariant;       // that it breaks; "goal" or "bug" where no invariant does
  std::filesystem::path file;  // where it stands, in the build directory
  std::string command;         // that runs it
  std::size_t runs = 0;        // that it took to find and to shrink
};

// Draws up to `cases` scenarios, or as many as RC_PARAMS says (`max_success=1000`), with the seed that it says. The
// first that breaks an invariant is shrunk as long as it breaks the same, and written. Nothing: the property holds.
std::optional<Counterexample> falsify(const FaultProperty& property, int cases);

// Where it is and how to run it, for a failing test.
std::string describe(const Counterexample& counterexample);

}  // namespace tests
