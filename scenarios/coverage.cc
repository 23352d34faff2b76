#include "scenarios/coverage.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "kraft/notice.h"
#include "kraft/role.h"
#include "migrate/driver_state.h"
#include "migrate/notice.h"
#include "scenarios/notices.h"
#include "scenarios/operator.h"

namespace scenarios {
namespace {

struct Aspect {
  std::string_view key;      // in JSON
  std::string_view heading;  // above a table
  std::string_view one;      // of them
  Coverage::Counts Coverage::* counts;
};
constexpr Aspect kAspects[] = {
    {"faults", "kinds of faults", "fault", &Coverage::faults},
    {"notices", "notices", "notice", &Coverage::notices},
    {"driverMoves", "moves of the migration driver", "driver move", &Coverage::driver_moves},
    {"raftMoves", "moves of the quorum's replicas", "raft move", &Coverage::raft_moves},
    {"phases", "phases of the migration", "phase", &Coverage::phases},
};

std::string driver_move(migrate::MigrationDriverState from, migrate::MigrationDriverState to) {
  return fmt::format("{} -> {}", name_of(from), name_of(to));
}

// "kraft.md §1.4 T8" -> "Leader by T8".
std::string raft_move(std::string_view role, std::string_view rule) {
  return fmt::format("{} by {}", role, rule.substr(rule.rfind(' ') + 1));
}

// The names of `all` that `some` has not, or counts 0 times.
std::vector<std::string> lacking(const Coverage::Counts& all, const Coverage::Counts& some) {
  std::vector<std::string> names;
  for (const auto& [name, count] : all) {
    const auto found = some.find(name);
    if (found == some.end() || found->second == 0) names.push_back(name);
  }
  return names;
}

}  // namespace

Coverage all_there_is() {
  Coverage all;
  for (const std::string_view kind : sim::fault_kinds()) all.faults[std::string(kind)] = 0;
  for (const NoticeType& type : notice_types()) all.notices[std::string(type.name)] = 0;
  for (const auto& [from, to] : migrate::legal_transitions())
    all.driver_moves[driver_move(from, to)] = 0;
  for (const kraft::Move& move : kraft::kMoves)
    all.raft_moves[raft_move(kraft::name_of(move.to), move.rule)] = 0;
  for (const Phase phase : kPhases) all.phases[std::string(name_of(phase))] = 0;
  return all;
}

void add(Coverage& to, const Coverage& more, CountAs as) {
  for (const Aspect& aspect : kAspects) {
    for (const auto& [name, count] : more.*aspect.counts) {
      (to.*aspect.counts)[name] += as == CountAs::Times ? count : std::uint64_t{count > 0};
    }
  }
}

std::vector<std::string> never_met(const Coverage& met) {
  const Coverage all = all_there_is();
  std::vector<std::string> found;
  for (const Aspect& aspect : kAspects) {
    for (const std::string& name : lacking(all.*aspect.counts, met.*aspect.counts)) {
      found.push_back(fmt::format("{} {}", aspect.one, name));
    }
  }
  return found;
}

std::vector<std::string> not_listed(const Coverage& met) {
  const Coverage all = all_there_is();
  std::vector<std::string> found;
  for (const Aspect& aspect : kAspects) {
    for (const auto& [name, count] : met.*aspect.counts) {
      if (!(all.*aspect.counts).contains(name))
        found.push_back(fmt::format("{} {}", aspect.one, name));
    }
  }
  return found;
}

std::string describe(const Coverage& met) {
  const Coverage all = all_there_is();
  std::string text;
  for (const Aspect& aspect : kAspects) {
    const auto never = lacking(all.*aspect.counts, met.*aspect.counts);
    const std::size_t there_are = (all.*aspect.counts).size();
    text += fmt::format("  {} of {} {}\n", there_are - never.size(), there_are, aspect.heading);
    for (const auto& [name, count] : met.*aspect.counts)
      text += fmt::format("    {:<48} {}\n", name, count);
    if (!never.empty()) text += fmt::format("    never met: {}\n", fmt::join(never, ", "));
  }
  return text;
}

void to_json(nlohmann::json& json, const Coverage& coverage) {
  json = nlohmann::json::object();
  for (const Aspect& aspect : kAspects) json[std::string(aspect.key)] = coverage.*aspect.counts;
}

void from_json(const nlohmann::json& json, Coverage& coverage) {
  for (const Aspect& aspect : kAspects) {
    coverage.*aspect.counts = json.value(std::string(aspect.key), Coverage::Counts{});
  }
}

CoverageObserver::CoverageObserver(const sim::FaultPlan& plan) {
  for (const sim::PlannedFault& planned : plan)
    kind_of_planned_.emplace(planned.name, kind_of(planned.fault));
}

void CoverageObserver::on(const sim::Occurrence& occurrence, const sim::World& /*world*/) {
  if (occurrence.kind == sim::OccurrenceKind::FaultApplied) {
    // What the operator does to a process is no fault of the plan.
    const auto planned = kind_of_planned_.find(occurrence.text);
    if (planned != kind_of_planned_.end()) ++met_.faults[std::string(planned->second)];
    return;
  }
  if (occurrence.kind != sim::OccurrenceKind::Noticed) return;
  ++met_.notices[std::string(occurrence.payload->name())];
  if (const auto* const driver = occurrence.payload->get_if<migrate::StateChanged>()) {
    if (driver->from != driver->to) ++met_.driver_moves[driver_move(driver->from, driver->to)];
  } else if (const auto* const replica = occurrence.payload->get_if<kraft::RoleChanged>()) {
    ++met_.raft_moves[raft_move(replica->role, replica->move)];
  }
}

}  // namespace scenarios
