#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/kernel/choice_source.h"
#include "sim/kernel/fault.h"
#include "sim/kernel/fault_budget.h"

namespace sim {

enum class FaultFamily : std::uint8_t {
  Process,  // crash and restart of a process
  Machine,  // power loss and restart, with or without a torn tail
  Disk,     // stalls; lost disks only when the limits allow them
  Pause,
  Network,  // isolation and cuts, both ways and one way
  Traffic,  // loss, doubling, overtaking, slowness, resets
  Clock,    // jumps and drift
};
constexpr std::uint64_t kFaultFamilies = 7;

// What a random plan may contain.
struct FaultLimits {
  std::uint32_t at_most = 4;  // disturbances; each is a fault and, where it has one, its cure
  Instant from;               // of the first fault
  Instant until;              // the last fault begins by then
  Duration shortest{1'000'000'000};  // of an outage, and the grain of all times
  Duration longest{20'000'000'000};
  // Empty: all. A campaign that leaves families out per seed (swarm) finds more.
  std::vector<FaultFamily> families = {};
  // Notices at which a fault may strike instead of at a time: where it hurts.
  std::vector<std::string> notices = {};
  std::uint32_t nth_at_most = 3;
  bool lose_disks = false;
  // Whether plans stay within the budget. Safety holds beyond it, too; liveness does not.
  bool within_budget = true;
};

// A plan, each choice named "faults.…" and asked of the source. Every disturbance is cured in the plan:
// after the last cure everything runs and is connected, so progress may be demanded from then on. The
// targets are the members of the budget's groups.
//
// Within the budget means: disturbances that harm members of one group do not overlap beyond what the group
// can spare. One that would do so, and one struck by a notice while another harms the same group, is left
// out; so a plan may hold fewer disturbances than were drawn.
FaultPlan make_faults(ChoiceSource source, const FaultBudget& budget, const FaultLimits& limits);

}  // namespace sim
