// What client programs make of the records that they read (brokers.md §4.6, §6.4 P17, P23, P24, L10).
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/checkers.h"
#include "sim/kafka/transaction_notice.h"

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

// What is sent, decided and read in transactions (brokers.md §6.4 P16, P20, P21, P22, §6.5 L6).
void Checkers::look_at_transactions(const sim::Occurrence& occurrence, const sim::World& world) {
  count({"broker.P20", "broker.P21", "broker.P22"});
  add(sim::check_transaction_notice(*occurrence.payload, world.now(), running_brokers(world),
                                    transactions_),
      world);
  if (occurrence.payload->get_if<sim::TransactionStateChanged>() != nullptr)
    look_at_clients(occurrence, world);
}

void Checkers::settle_transactions(const sim::World& world) {
  if (!has_transactions_) return;
  count({"broker.P20", "broker.L6"});
  // Where Kafka does not promise that records stay, it does not promise that all of a transaction do.
  if (!brokers_.expected_losses.empty()) {
    for (const auto& [id, ghost] : brokers_.partitions) {
      if (!ghost.lossy.empty()) transactions_.excused.insert(id.topic);
    }
  }
  add(sim::check_transactions_at_end(running_brokers(world), world.now(), transactions_), world);
  deliveries_.late_results = transactions_.late;
}

void Checkers::settle_deliveries(const sim::World& world) {
  if (deliveries_.groups.empty()) return;
  count({"broker.P23", "broker.P24", "broker.L10"});
  add(sim::check_delivery_at_end(running_brokers(world), world.now(), deliveries_), world);
}

}  // namespace scenarios
