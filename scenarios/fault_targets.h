#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "scenarios/fault_text.h"
#include "sim/kernel/fault.h"
#include "sim/kernel/occurrence.h"
#include "sim/kernel/world.h"

// Whom faults name, before a run; and whom they hit, while it goes on.
namespace scenarios {

// Whom a directive names must be a node of this world or a role: a Usage problem else. The first `of_scenario` of them
// are the scenario's.
sim::Expected<void> check_targets(std::span<const FaultDirective> directives,
                                  const sim::World& world, std::size_t of_scenario,
                                  const sim::Place& scenario, const sim::Place& more);

// Remembers whom each fault of a plan hit, so that its end hits the same.
class VictimMemory {
 public:
  explicit VictimMemory(const sim::FaultPlan& plan) : plan_(plan) {}
  // To be called of each FaultApplied, which comes just before the fault does what it does.
  void remember(const sim::Occurrence& applied, const sim::World& world);
  std::vector<sim::NodeId> victims(const Victims& of) const;

 private:
  const sim::FaultPlan& plan_;
  std::map<std::string, std::vector<std::vector<sim::NodeId>>, std::less<>>
      victims_;  // by fault, then target
};

}  // namespace scenarios
