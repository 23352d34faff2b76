#include "sim/kernel/fault_budget.h"

#include <algorithm>

namespace sim {

std::vector<NodeId> healthy(const World& world, const FaultGroup& group) {
  std::vector<NodeId> members;
  for (const std::string& name : group.members) {
    const NodeId node = world.node(name);
    if (world.alive(node) && !world.paused(node)) members.push_back(node);
  }
  const auto cut_off_from = [&](NodeId node) {
    return std::ranges::count_if(members, [&](NodeId other) {
      return world.links().is_cut(node, other) || world.links().is_cut(other, node);
    });
  };
  for (;;) {
    const auto worst = std::ranges::max_element(members, {}, cut_off_from);
    if (worst == members.end() || cut_off_from(*worst) == 0) return members;
    members.erase(worst);
  }
}

std::optional<std::string> exceeded(const World& world, const FaultBudget& budget) {
  for (const FaultGroup& group : budget.groups) {
    if (healthy(world, group).size() < group.minimum_healthy) return group.name;
  }
  return std::nullopt;
}

}  // namespace sim
