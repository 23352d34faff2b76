#include "scenarios/road.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/fault_text.h"
#include "sim/base/suggest.h"

namespace scenarios {

sim::Expected<Phase> parse_step(std::string_view name, const sim::Place& place) {
  if (const auto phase = migrate::parse_phase(name)) return *phase;
  std::vector<std::string_view> names;
  for (const Phase phase : kPhases) names.push_back(name_of(phase));
  return std::unexpected(
      sim::Problem{sim::Severity::Usage, place,
                   fmt::format("there is no phase '{}'.{}", name, sim::did_you_mean(name, names)),
                   "Phases are S0 to S8, and R1 and R2 on the way back; 'zk2kraft run --list "
                   "phases' says what they are."});
}

sim::Expected<Road> parse_road(std::string_view words, const sim::Place& place) {
  const std::string_view name = words.substr(0, words.find(' '));
  const auto to = parse_step(name, place);
  if (!to) return std::unexpected(to.error());
  Road road{.to = *to};
  words.remove_prefix(name.size());
  if (words.find_first_not_of(' ') == std::string_view::npos) return road;
  auto when = parse_when(words, place);
  if (!when) return std::unexpected(when.error());
  road.turns = std::move(*when);
  return road;
}

std::optional<std::string_view> why_no_way(Phase from, Phase to) {
  if (from == Phase::S8 || (from == Phase::S7 && is_way_back(to)))
    return "once finalised, nobody goes anywhere";
  if (to == Phase::R1 && from < Phase::S5)
    return "R1 is the way back of brokers in KRaft mode, and there are none before S5";
  if (to == Phase::R1 && from == Phase::R2) return "R2 lies behind R1";
  if (to == Phase::S0) return "the way back to ZooKeeper alone is called R2";
  if (!is_way_back(to) && !is_way_back(from) && to <= from) return "back one goes by R1 and R2";
  if (from == Phase::R1 && !is_way_back(to) && to < Phase::S4)
    return "after R1 brokers are as in S4: go on to S4 or further, or to R2";
  if (from == Phase::R2 && to == Phase::R2) return "she is there already";
  return std::nullopt;
}

}  // namespace scenarios
