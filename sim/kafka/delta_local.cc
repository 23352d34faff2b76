#include "sim/kafka/delta_local.h"

#include <optional>

namespace sim {
namespace {

void add_change(LocalReplicaChanges& changes, const TopicPartition& where, LocalPartition now,
                const std::optional<Partition>& before, BrokerId broker) {
  if (!now.partition.has_replica(broker)) {
    if (before && before->has_replica(broker)) changes.deletes.insert(where);
    return;
  }
  const std::optional<Uuid> directory = now.partition.directory_of(broker);
  if (!before || before->directory_of(broker) != directory) {
    changes.directories.emplace(where, directory.value_or(kMigratingDirectory));
  }
  if (before && before->partition_epoch == now.partition.partition_epoch) return;
  if (now.partition.leader != broker) {
    changes.followers.emplace(where, std::move(now));
    return;
  }
  if (!before || before->leader_epoch != now.partition.leader_epoch) {
    changes.elected_leaders.emplace(where, now);
  }
  changes.leaders.emplace(where, std::move(now));
}

}  // namespace

LocalReplicaChanges local_changes(const MetadataDelta& delta, BrokerId broker) {
  LocalReplicaChanges changes;
  for (const auto& [id, change] : delta.changes().topics) {
    const Topic* const topic = delta.now().topics.find(id);
    for (const PartitionId partition_id : change.partitions) {
      std::optional<Partition> now = topic->partition(partition_id);
      check(now.has_value(), "a partition that a delta names is there after it");
      add_change(changes, {change.name, partition_id}, {id, std::move(*now)},
                 delta.partition_before(id, partition_id), broker);
    }
  }
  for (const auto& [id, name] : delta.changes().deleted_topics) {
    for (const auto& [partition_id, before] : delta.base().topics().find(id)->partitions()) {
      if (before.has_replica(broker)) changes.deletes.insert({name, partition_id});
    }
  }
  return changes;
}

}  // namespace sim
