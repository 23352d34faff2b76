#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "scenarios/comparison.h"

// What a comparison is said to have come to.
namespace tools {

// All runs of one mode, in the order of seeds.
struct ComparedRuns {
  const scenarios::ComparedMode* mode = nullptr;
  std::vector<scenarios::ComparisonRun> runs;
};

// Two tables: of each measure the median of each mode with the least and the most, and of the differences to the first mode
// under the same seed the median with its interval.
void print_comparison(const std::vector<ComparedRuns>& modes);
nlohmann::json comparison_json(const std::vector<ComparedRuns>& modes);

// "9.21 s", "12.3 ms"; of a difference with its sign.
std::string say(sim::Duration duration);

}  // namespace tools
