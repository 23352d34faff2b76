#include "scenarios/fault_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <string_view>

#include "scenarios/cluster.h"
#include "sim/base/suggest.h"

namespace scenarios {

sim::Expected<void> check_targets(std::span<const FaultDirective> directives,
                                  const sim::World& world, std::size_t of_scenario,
                                  const sim::Place& scenario, const sim::Place& more) {
  std::vector<std::string_view> known = Cluster::roles();
  for (std::uint32_t node = 0; node < world.node_count(); ++node)
    known.push_back(world.name_of(sim::NodeId(node)));
  for (const FaultDirective& directive : directives) {
    std::vector<sim::Target> named = sim::targets_of(directive.fault);
    if (const auto* on = std::get_if<sim::On>(&directive.when); on != nullptr && !on->node.empty())
      named.push_back(on->node);
    for (const sim::Target& target : named) {
      for (const auto part : std::views::split(std::string_view(target), ',')) {
        const std::string_view name(part);
        if (name == "*" || std::ranges::find(known, name) != known.end()) continue;
        const bool written = static_cast<std::size_t>(&directive - directives.data()) < of_scenario;
        return std::unexpected(
            sim::Problem{sim::Severity::Usage, written ? scenario : more,
                         fmt::format("'{}' names nobody: there is no node and no role '{}'.{}",
                                     print_fault(directive), name, sim::did_you_mean(name, known)),
                         "'zk2kraft run --list roles' names the roles; nodes are zk-1, "
                         "controller-3000, broker-1 and so on."});
      }
    }
  }
  return {};
}

void VictimMemory::remember(const sim::Occurrence& applied, const sim::World& world) {
  const auto planned = std::ranges::find(plan_, applied.text, &sim::PlannedFault::name);
  if (planned == plan_.end()) return;  // the operator's
  const bool ends_lives = std::holds_alternative<sim::CrashProcess>(planned->fault) ||
                          std::holds_alternative<sim::CrashMachine>(planned->fault) ||
                          std::holds_alternative<sim::LoseDisk>(planned->fault) ||
                          std::holds_alternative<sim::Poke>(planned->fault);
  auto& hit = victims_[planned->name];
  for (const sim::Target& target : sim::targets_of(planned->fault)) {
    hit.push_back(world.resolve(target));
    // Who did not run is not started at the end.
    if (ends_lives) std::erase_if(hit.back(), [&](sim::NodeId node) { return !world.alive(node); });
  }
}

std::vector<sim::NodeId> VictimMemory::victims(const Victims& of) const {
  const auto found = victims_.find(of.fault);
  if (found == victims_.end() || of.target >= found->second.size()) return {};
  return found->second[of.target];
}

}  // namespace scenarios
