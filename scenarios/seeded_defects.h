#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "scenarios/initial.h"
#include "scenarios/scenario.pb.h"
#include "sim/base/problem.h"

// The proof that the checkers can see: every switch of scenarios/defects.h, turned on under seed after seed until an
// invariant objects. Which family of scenarios reaches which switch is data (seeded_defects.pbtxt).
namespace scenarios {

struct SeededDefect {
  std::string defect;
  std::string why;
  std::set<std::string> seen_by;  // those of the invariants that are expected to see it
  std::uint64_t seeds = 0;        // within so many it must be found
  zk2kraft::Scenario scenario;    // base and addition; the switch in neither position
};

// Whether a table's own brokers and topics count, or are left out because a SOURCE says what the cluster is.
enum class Topology : std::uint8_t {
  AsWritten,
  FromSource
};

// The rows of a file, each merged with the file's base. A Usage problem for a file that is none, for a row without a
// why, an invariant or a number of seeds, for a second row of the same switch, or for a switch that does not exist.
sim::Expected<std::vector<SeededDefect>> read_seeded_defects(const std::string& path,
                                                             Topology topology);

// The row's scenario with the switch on, or off. Of a defect that the simulated version has, off means fixed.
zk2kraft::Scenario scenario_with(const SeededDefect& row);
zk2kraft::Scenario scenario_without(const SeededDefect& row);

struct Hunt {
  std::string defect;
  std::uint64_t seeds = 0;  // that were tried; the last one found it, if `found`
  std::uint64_t seed = 0;   // under which it was found
  bool found = false;
  bool expected = false;            // by one of those that are expected to see it
  std::string invariant;            // the first one that objected
  std::string what;                 // its evidence
  std::vector<std::string> faults;  // that were drawn for that seed
  std::vector<std::string>
      disturbed;  // "seed 7: broker.P1: …": objections although the switch was off
};

// Tries seeds from `first` on, at most `seeds`, until with the switch on an invariant objects. Each is also run with
// the switch off: under a seed that is not clean then nothing is found, and it is named in `disturbed`.
Hunt hunt(const SeededDefect& row, const Initial& initial, std::uint64_t first, std::uint64_t seeds,
          const sim::Place& place);

// One line of JSON, and back.
std::string to_line(const Hunt& hunt);
sim::Expected<Hunt> hunt_from_line(const std::string& line);

}  // namespace scenarios
