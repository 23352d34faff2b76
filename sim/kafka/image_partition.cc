#include "sim/kafka/image_partition.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

// Gives every replica a directory. "Absent or all MIGRATING" is one state, however many were listed.
std::expected<void, ReplayError> fit_directories(Partition& partition) {
  const bool all_migrating = std::ranges::all_of(
      partition.directories, [](const Uuid& id) { return id == kMigratingDirectory; });
  if (all_migrating) {
    partition.directories.assign(partition.replicas.size(), kMigratingDirectory);
  } else if (partition.directories.size() != partition.replicas.size()) {
    return std::unexpected(fmt::format("there are {} directories for {} replicas",
                                       partition.directories.size(), partition.replicas.size()));
  }
  return {};
}

// A directory list that a record carries fits the replica list that the same record carries.
std::expected<void, ReplayError> check_lengths(std::size_t replicas, std::size_t directories) {
  if (directories == 0 || directories == replicas) return {};
  return std::unexpected(
      fmt::format("the record lists {} directories for {} replicas", directories, replicas));
}

std::expected<void, ReplayError> check_recovery_state(LeaderRecoveryState state) {
  if (state == LeaderRecoveryState::Recovered || state == LeaderRecoveryState::Recovering)
    return {};
  return std::unexpected(fmt::format("{} is no leader recovery state", static_cast<int>(state)));
}

}  // namespace

bool Partition::has_replica(BrokerId broker) const {
  return contains(replicas, broker);
}

bool Partition::in_isr(BrokerId broker) const {
  return contains(isr, broker);
}

std::optional<Uuid> Partition::directory_of(BrokerId broker) const {
  for (std::size_t i = 0; i < replicas.size() && i < directories.size(); ++i) {
    if (replicas[i] == broker) return directories[i];
  }
  return std::nullopt;
}

bool Partition::has_same_assignment(const Partition& other) const {
  return replicas == other.replicas && directories == other.directories &&
         adding_replicas == other.adding_replicas && removing_replicas == other.removing_replicas;
}

std::expected<Partition, ReplayError> partition_from(const PartitionRecord& record) {
  Partition partition{
      .replicas = record.replicas,
      .directories = record.directories,
      .isr = record.isr,
      .removing_replicas = record.removing_replicas,
      .adding_replicas = record.adding_replicas,
      .leader = record.leader,
      .leader_recovery_state = record.leader_recovery_state,
      .leader_epoch = record.leader_epoch,
      .partition_epoch = record.partition_epoch,
      .eligible_leader_replicas = record.eligible_leader_replicas.value_or(std::vector<BrokerId>()),
      .last_known_elr = record.last_known_elr.value_or(std::vector<BrokerId>()),
  };
  if (auto fits = check_lengths(record.replicas.size(), record.directories.size()); !fits) {
    return std::unexpected(std::move(fits.error()));
  }
  if (auto known = check_recovery_state(record.leader_recovery_state); !known) {
    return std::unexpected(std::move(known.error()));
  }
  if (auto fits = fit_directories(partition); !fits)
    return std::unexpected(std::move(fits.error()));
  return partition;
}

std::expected<Partition, ReplayError> merged(Partition partition,
                                             const PartitionChangeRecord& change) {
  if (change.replicas && change.directories) {
    auto fits = check_lengths(change.replicas->size(), change.directories->size());
    if (!fits) return std::unexpected(std::move(fits.error()));
  }
  if (partition.partition_epoch.value() == INT32_MAX ||
      partition.leader_epoch.value() == INT32_MAX) {
    return std::unexpected<ReplayError>("an epoch of the partition has reached its largest number");
  }
  const auto replace = [](auto& part, const auto& with) {
    if (with) part = *with;
  };
  replace(partition.replicas, change.replicas);
  replace(partition.directories, change.directories);
  replace(partition.isr, change.isr);
  replace(partition.removing_replicas, change.removing_replicas);
  replace(partition.adding_replicas, change.adding_replicas);
  replace(partition.eligible_leader_replicas, change.eligible_leader_replicas);
  replace(partition.last_known_elr, change.last_known_elr);
  if (auto fits = fit_directories(partition); !fits)
    return std::unexpected(std::move(fits.error()));
  if (change.leader != kLeaderUnchanged) {
    partition.leader = change.leader;
    partition.leader_epoch = partition.leader_epoch.next();
  }
  if (change.leader_recovery_state != LeaderRecoveryState::NoChange) {
    if (auto known = check_recovery_state(change.leader_recovery_state); !known) {
      return std::unexpected(std::move(known.error()));
    }
    partition.leader_recovery_state = change.leader_recovery_state;
  }
  partition.partition_epoch = partition.partition_epoch.next();
  return partition;
}

PartitionRecord to_record(const Partition& partition, Uuid topic_id, PartitionId partition_id) {
  const auto unless_empty = [](const std::vector<BrokerId>& brokers) {
    return brokers.empty() ? std::nullopt : std::optional(brokers);
  };
  return {.partition_id = partition_id,
          .topic_id = topic_id,
          .replicas = partition.replicas,
          .isr = partition.isr,
          .removing_replicas = partition.removing_replicas,
          .adding_replicas = partition.adding_replicas,
          .leader = partition.leader,
          .leader_recovery_state = partition.leader_recovery_state,
          .leader_epoch = partition.leader_epoch,
          .partition_epoch = partition.partition_epoch,
          .directories = partition.directories,
          .eligible_leader_replicas = unless_empty(partition.eligible_leader_replicas),
          .last_known_elr = unless_empty(partition.last_known_elr)};
}

}  // namespace sim
