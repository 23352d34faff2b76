#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "migrate/phase.h"
#include "sim/base/problem.h"
#include "sim/kernel/fault.h"

// Where the operator goes, as phases in the vocabulary of every verb (product.md b.3).
namespace scenarios {

using migrate::Phase;
// All phases that she can be in: forward S0 to S8, back R1 and R2.
inline constexpr std::array kPhases{Phase::S0, Phase::S1, Phase::S2, Phase::S3,
                                    Phase::S4, Phase::S5, Phase::S6, Phase::S7,
                                    Phase::S8, Phase::R1, Phase::R2};

constexpr bool is_way_back(Phase phase) {
  return phase == Phase::R1 || phase == Phase::R2;
}

// One of these by its name; a Usage problem at `place` for any other.
sim::Expected<Phase> parse_step(std::string_view name, const sim::Place& place);

// One stretch of her way: to a phase. It begins when the one before it has settled, or in its
// midst.
struct Road {
  Phase to = Phase::S7;
  std::optional<sim::When> turns;  // in the midst of the road before it, then
  bool operator==(const Road&) const = default;
};
// "R2", "R2 on migrate.CopyBatch 2", "R2 at 90s".
sim::Expected<Road> parse_road(std::string_view words, const sim::Place& place);

// Nothing if one may go from the end of one road to the end of the next; else why not, as a
// sentence.
std::optional<std::string_view> why_no_way(Phase from, Phase to);

}  // namespace scenarios
