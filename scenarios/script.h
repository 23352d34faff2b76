#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "scenarios/operator.h"
#include "scenarios/scenario.pb.h"
#include "scenarios/znode_edit.h"
#include "sim/kernel/fault.h"

// What a scenario tells its operator, read once: her way, her mistakes, and what she does at a
// moment of its own.
namespace scenarios {

struct Script {
  OperatorConfig config;
  std::vector<EditDirective> edits;
  // The phase in which the scenario says that she stands still, though she wants to go on.
  std::optional<Phase> stuck_in;
};

// A Usage problem for a way that nobody can go, or a mistake about a server that is none.
sim::Expected<Script> script_of(const zk2kraft::Scenario& scenario, const Cluster& cluster,
                                const sim::Place& place);

// Her moments as entries of the world's plan: "edit-1" does the edit, "turn-1" is heard by whoever
// watches.
void add_moments(const Script& script, sim::FaultPlan& plan);
// The road (from 0) that she turns to at a planned entry of this name.
std::optional<std::size_t> turn_of(std::string_view name);

// The same scenario with an operator who makes no mistake and edits nothing, in a cluster in which
// everything was put right before; nothing if it is so anyway.
std::optional<zk2kraft::Scenario> without_errors(const zk2kraft::Scenario& scenario);

}  // namespace scenarios
