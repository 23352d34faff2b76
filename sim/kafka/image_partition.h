#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/records_topics.h"
#include "sim/kafka/uuid.h"

namespace sim {

// The state of one partition (Kafka's PartitionRegistration). Every list keeps the order it was
// recorded in; only that of `replicas` and `directories` means something.
struct Partition {
  std::vector<BrokerId> replicas;  // in preferred order
  std::vector<Uuid> directories;   // of each replica: as many, in the same order
  std::vector<BrokerId> isr;
  std::vector<BrokerId> removing_replicas;
  std::vector<BrokerId> adding_replicas;
  BrokerId leader = kNoBroker;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::Recovered;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> eligible_leader_replicas;
  std::vector<BrokerId> last_known_elr;
  auto operator<=>(const Partition&) const = default;
  static constexpr auto fields(auto&& visit) {
    using P = Partition;
    return visit(field("replicas", &P::replicas), field("directories", &P::directories),
                 field("isr", &P::isr), field("removingReplicas", &P::removing_replicas),
                 field("addingReplicas", &P::adding_replicas), field("leader", &P::leader),
                 field("leaderRecoveryState", &P::leader_recovery_state),
                 field("leaderEpoch", &P::leader_epoch),
                 field("partitionEpoch", &P::partition_epoch),
                 field("eligibleLeaderReplicas", &P::eligible_leader_replicas),
                 field("lastKnownElr", &P::last_known_elr));
  }

  bool has_leader() const { return leader != kNoBroker; }
  // The first replica, or none.
  BrokerId preferred_replica() const { return replicas.empty() ? kNoBroker : replicas.front(); }
  bool has_replica(BrokerId broker) const;
  bool in_isr(BrokerId broker) const;
  // The directory of the broker's replica, or nothing if it has none here.
  std::optional<Uuid> directory_of(BrokerId broker) const;
  // Same replicas, directories, and reassignment under way
  // (PartitionRegistration.hasSameAssignment).
  bool has_same_assignment(const Partition& other) const;
};

// What is wrong with a record that cannot be replayed, as a sentence without its place.
using ReplayError = std::string;

// The state that the record describes. Directories that are absent, or all MIGRATING, become
// MIGRATING for every replica. Fails if there are neither none nor as many directories as replicas,
// or if the recovery state is unknown (kraft.md §4.3).
std::expected<Partition, ReplayError> partition_from(const PartitionRecord& record);

// The state after the change (PartitionRegistration.merge, kraft.md §3.6): the partition epoch
// always goes up by one; the leader epoch does if and only if the record names a leader, even the
// same one; what is absent stays. Fails if the directories do not fit the replicas, or if the
// recovery state is unknown.
std::expected<Partition, ReplayError> merged(Partition partition,
                                             const PartitionChangeRecord& change);

// The record that describes the state, for any record version (kraft.md §5.2).
PartitionRecord to_record(const Partition& partition, Uuid topic_id, PartitionId partition_id);

}  // namespace sim
