// What client programs make of the records that they read (brokers.md §4.6, §6.4 P17, P23, P24, L10).
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/checkers.h"

namespace scenarios {

void Checkers::look_at_clients(const sim::Occurrence& occurrence, const sim::World& world) {
  if (deliveries_.groups.empty()) return;
  if (occurrence.kind == sim::OccurrenceKind::Noticed) {
    count({"broker.P17", "broker.P23", "broker.P24"});
    add(sim::check_delivery_notice(*occurrence.payload, world.now(), deliveries_), world);
    return;
  }
  const bool ended = occurrence.kind == sim::OccurrenceKind::Crashed ||
                     occurrence.kind == sim::OccurrenceKind::Exited;
  const auto node = std::ranges::find(cluster_.consumers(), occurrence.node);
  if (!ended || node == cluster_.consumers().end()) return;
  const auto at = static_cast<std::size_t>(node - cluster_.consumers().begin());
  const PlannedConsumer& consumer = cluster_.planned_consumers()[at];
  const bool process = occurrence.text == "process";
  deliveries_.on_ended(
      consumer.config.group, world.now(),
      fmt::format("{} crashed ({}, occurrence {})", consumer.name, occurrence.text,
                  occurrence.id.value()),
      process ? sim::DeliveryMemory::Disk::Kept : sim::DeliveryMemory::Disk::MayGoBack);
}

void Checkers::settle_deliveries(const sim::World& world) {
  if (deliveries_.groups.empty()) return;
  count({"broker.P23", "broker.P24", "broker.L10"});
  add(sim::check_delivery_at_end(running_brokers(world), world.now(), deliveries_), world);
}

}  // namespace scenarios
