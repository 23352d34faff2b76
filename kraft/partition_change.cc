#include "kraft/partition_change.h"

#include <algorithm>

#include "sim/kafka/record_version.h"

namespace kraft {

using sim::LeaderRecoveryState;
using sim::MetadataGate;

bool contains_all(const std::vector<BrokerId>& list, const std::vector<BrokerId>& wanted) {
  return std::ranges::all_of(wanted, [&](BrokerId id) { return contains(list, id); });
}

std::vector<BrokerId> without(const std::vector<BrokerId>& list,
                              const std::vector<BrokerId>& removed) {
  std::vector<BrokerId> out;
  std::ranges::copy_if(list, std::back_inserter(out),
                       [&](BrokerId id) { return !contains(removed, id); });
  return out;
}

PartitionChange::PartitionChange(const sim::Partition& partition, sim::Uuid topic_id,
                                 sim::PartitionId partition_id)
    : target_isr(partition.isr),
      target_replicas(partition.replicas),
      target_removing(partition.removing_replicas),
      target_adding(partition.adding_replicas),
      target_recovery_state(partition.leader_recovery_state),
      partition_(partition),
      topic_id_(topic_id),
      partition_id_(partition_id) {}

bool PartitionChange::valid_new_leader(BrokerId replica) const {
  return contains(target_isr, replica) && acceptable_leader(replica);
}

PartitionChange::Elected PartitionChange::elect() const {
  const auto first_of = [&](auto&& accepts) -> std::optional<BrokerId> {
    const auto found = std::ranges::find_if(target_replicas, accepts);
    if (found == target_replicas.end()) return std::nullopt;
    return *found;
  };
  const auto valid = [&](BrokerId replica) { return valid_new_leader(replica); };
  if (election == Election::Preferred && !target_replicas.empty() &&
      valid(target_replicas.front())) {
    return {.leader = target_replicas.front()};
  }
  if (valid(partition_.leader)) return {.leader = partition_.leader};
  if (const auto leader = first_of(valid)) return {.leader = *leader};
  if (election == Election::Unclean) {
    if (const auto leader = first_of(acceptable_leader))
      return {.leader = *leader, .unclean = true};
  }
  return {.leader = sim::kNoBroker};
}

// A reassignment is over when everything that shall stay is in sync (kraft.md §3.9).
void PartitionChange::complete_reassignment() {
  if (target_removing.empty() && target_adding.empty()) return;
  const auto replicas = without(target_replicas, target_removing);
  const auto isr = without(target_isr, target_removing);
  if (replicas.empty() || isr.empty() || !contains_all(isr, replicas)) return;
  target_isr = isr;
  target_replicas = replicas;
  target_removing.clear();
  target_adding.clear();
}

void PartitionChange::try_election(sim::PartitionChangeRecord& record) const {
  const Elected elected = elect();
  if (elected.leader == partition_.leader) return;
  record.leader = elected.leader;
  if (!elected.unclean) return;
  record.isr = std::vector{elected.leader};
  if (partition_.leader_recovery_state != LeaderRecoveryState::Recovering &&
      supports(version, MetadataGate::LeaderRecoveryState)) {
    record.leader_recovery_state = LeaderRecoveryState::Recovering;
  }
}

void PartitionChange::set_assignment(sim::PartitionChangeRecord& record) const {
  if (!target_replicas.empty()) {
    if (supports(version, MetadataGate::DirectoryAssignment)) {
      std::vector<sim::Uuid> directories;
      for (const BrokerId replica : target_replicas) {
        const auto known = partition_.directory_of(replica);
        directories.push_back(known ? *known : default_directory(replica));
      }
      if (directories != partition_.directories) record.directories = std::move(directories);
    }
    if (target_replicas != partition_.replicas) record.replicas = target_replicas;
  }
  if (target_removing != partition_.removing_replicas) record.removing_replicas = target_removing;
  if (target_adding != partition_.adding_replicas) record.adding_replicas = target_adding;
}

// The order of the steps is Kafka's: each looks at what those before it wrote.
std::optional<sim::VersionedRecord> PartitionChange::build() {
  sim::PartitionChangeRecord record;
  record.partition_id = partition_id_;
  record.topic_id = topic_id_;
  const sim::PartitionChangeRecord nothing = record;

  complete_reassignment();
  try_election(record);
  // To name the leader, even the same one, is what raises the leader epoch.
  if (record.leader == sim::kLeaderUnchanged &&
      !contains_all(target_replicas, partition_.replicas)) {
    record.leader = partition_.leader;
  }
  // Without eligible leader replicas the last member never leaves the ISR.
  if (!record.isr && !target_isr.empty() && target_isr != partition_.isr) record.isr = target_isr;
  const bool bump_on_shrink =
      !supports(version, MetadataGate::SkipLeaderEpochBumpOnShrink) || zk_registrations_allowed;
  if (bump_on_shrink && record.leader == sim::kLeaderUnchanged && record.isr &&
      !contains_all(*record.isr, partition_.isr)) {
    record.leader = partition_.leader;
  }
  set_assignment(record);
  if (target_recovery_state != partition_.leader_recovery_state) {
    record.leader_recovery_state = target_recovery_state;
  }
  if (record == nothing) return std::nullopt;
  const std::int16_t record_version = sim::record_version<sim::PartitionChangeRecord>(version);
  return sim::VersionedRecord{std::move(record), record_version};
}

}  // namespace kraft
