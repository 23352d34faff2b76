#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/world.h"

namespace sim {

// Nodes of which some must stay healthy: a quorum, the replicas of a partition, the brokers as a whole.
struct FaultGroup {
  std::string name;                  // "zookeeper ensemble"
  std::vector<std::string> members;  // names of nodes
  std::uint32_t minimum_healthy = 0;
};

// What must stay alive for the system's promises to hold. A fault that leaves a group fewer healthy members
// is beyond the budget: safety must hold even then, liveness and durability need not.
struct FaultBudget {
  std::vector<FaultGroup> groups;
};

// The members that run, are not paused, and can all reach each other. Where links are cut, who is cut off
// most is left out first; so of two separated halves one counts, and of an isolated node and the rest, the
// rest.
std::vector<NodeId> healthy(const World& world, const FaultGroup& group);

// The name of a group that has too few healthy members now, or nothing. A lost disk is remembered by whoever
// watches the run: a node that came back with an empty disk counts as healthy here.
std::optional<std::string> exceeded(const World& world, const FaultBudget& budget);

}  // namespace sim
