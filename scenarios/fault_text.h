#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/problem.h"
#include "sim/kernel/fault.h"

// Faults in words, the same in scenario files, on the command line and in what a shrunk counterexample prints.
//
//   crash zk:leader on migrate.CopyBatch 2 for 5s
//   cut controller-3000 zk at 30s for 10s
//   ^ kind  ^ targets   ^ when     ^ how long
//
// kinds with one target   crash, crash_machine, lose_disk, restart, stop, pause, isolate, stall_disk, fill_disk, tear_tail
//            one and size skew T by 2s, skew T by -2s (both for good); drift T by 50ppm
//            two targets  cut A B, cut A -> B (one way), heal A B, reset A B, stall A B
//            two and size slow A B by 100ms; lose A B 10%, duplicate A B 10%, reorder A B 10%
// targets                 a node's name, a role (zk:leader, controller:active, broker:any), several with commas, *
// when                    at 12s | on NOTICE [of NODE] [with WORD] [NTH] [plus 2s]
// how long                for 5s (the default where a fault has an end) | forever
namespace scenarios {

struct FaultDirective {
  sim::Fault fault;
  sim::When when;
  // Empty: for ever, or a fault that has no end. Of pauses and stalls: what the fault itself says.
  std::optional<sim::Duration> lasts;
  bool operator==(const FaultDirective&) const = default;
};

constexpr sim::Duration kUsualFaultDuration{5'000'000'000};

// The kinds of faults that have words.
std::vector<std::string_view> fault_words();

// What the words say, or a Usage problem at `place` that says which word is wrong and what may stand there.
sim::Expected<FaultDirective> parse_fault(std::string_view words, const sim::Place& place);

// The moment alone, as faults name it: "at 12s", "on migrate.CopyBatch 2 plus 1s".
sim::Expected<sim::When> parse_when(std::string_view words, const sim::Place& place);

// The words; `parse_fault` reads them back to an equal directive.
std::string print_fault(const FaultDirective& directive);

// The plan, faults named "fault-1", "fault-2", … in the order of the directives. The end of a fault is a fault of
// its own, "fault-1.end", so long after the first. What ends is what was hit: role "victims:fault-1".
sim::FaultPlan plan_of(std::span<const FaultDirective> directives);

// The inverse, of plans that `make_faults` drew: a cure becomes the duration of what it cures. What strikes right
// after another fault of its disturbance becomes a directive with the same `when`.
std::vector<FaultDirective> directives_of(const sim::FaultPlan& plan);

// Whom a fault hit when it struck, which later may be somebody else than the role it named: of its targets the first,
// "victims:fault-1", or the second, "victims:fault-1:other-end". Of a crash: who was running.
struct Victims {
  std::string_view fault;
  std::size_t target = 0;
  bool operator==(const Victims&) const = default;
};
// Nothing for any other role.
std::optional<Victims> victims_of(std::string_view role);

}  // namespace scenarios
