#pragma once

#include <string>
#include <vector>

namespace sim {

// A promise that was broken: what every checker answers with, whatever it watches.
struct Violation {
  std::string invariant;  // with its home: "broker.P1", "kraft.OneLeaderPerEpoch", "migration.S1"
  std::string what;       // a sentence with the evidence
  bool operator==(const Violation&) const = default;
};
using Violations = std::vector<Violation>;

}  // namespace sim
