#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/fault.h"
#include "sim/kernel/occurrence.h"

// What runs have met of what there is to meet. One list of what there is, shared by the coverage test, the table
// of `campaign` and the JSON of `run`; one observer that ticks it off.
namespace scenarios {

// How often each was met, aspect by aspect. What was never met may be missing or 0.
struct Coverage {
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;
  Counts
      faults;  // kinds of planned faults that were applied, those that cure included: "crash", "heal"
  Counts notices;       // "zk.LeaderElected"
  Counts driver_moves;  // of the migration driver: "INACTIVE -> WAIT_FOR_CONTROLLER_QUORUM"
  Counts
      raft_moves;  // of a replica of the quorum, the role it takes and by which rule: "Leader by T8"
  Counts phases;   // of the operator: "S4"

  bool operator==(const Coverage&) const = default;
};

// All that can be met, each with count 0: every fault kind, every notice type, every legal move of the driver
// (migrate/driver_state.h) and of a replica (kraft/role.h), every phase.
Coverage all_there_is();

enum class CountAs : std::uint8_t {
  Times,   // as often as it was met
  OneRun,  // once if it was met at all: sums are numbers of runs
};
void add(Coverage& to, const Coverage& more, CountAs as);

// "notice zk.SnapshotTaken": what there is and `met` lacks, in the order of the aspects, then of the names.
std::vector<std::string> never_met(const Coverage& met);
// The same the other way round: what was met and is not on the list, which is a mistake of the list.
std::vector<std::string> not_listed(const Coverage& met);

// An object of the aspects, each an object of counts; for results files and `--output json`.
void to_json(nlohmann::json& json, const Coverage& coverage);
void from_json(const nlohmann::json& json, Coverage& coverage);

// For people: of each aspect how much of what there is was met, what never was, and the counts of the rest.
std::string describe(const Coverage& met);

// Ticks off what happens in a run of this plan, but for the phases, which are the operator's to tell.
class CoverageObserver : public sim::Observer {
 public:
  explicit CoverageObserver(const sim::FaultPlan& plan);
  void on(const sim::Occurrence& occurrence, const sim::World& world) override;
  const Coverage& met() const { return met_; }

 private:
  std::map<std::string, std::string_view, std::less<>> kind_of_planned_;
  Coverage met_;
};

}  // namespace scenarios
