#pragma once

#include <map>
#include <set>

#include "sim/kafka/delta.h"
#include "sim/kafka/ids.h"

namespace sim {

// A partition and the topic's id, which a broker keeps beside its log.
struct LocalPartition {
  Uuid topic_id;
  Partition partition;
  auto operator<=>(const LocalPartition&) const = default;
};

// What a delta means for the replicas of one broker (Kafka's LocalReplicaChanges; kraft.md §4.2).
struct LocalReplicaChanges {
  std::set<TopicPartition> deletes;  // the broker's replica is gone, or its topic is
  std::map<TopicPartition, LocalPartition> leaders;          // it leads, in a new partition epoch
  std::map<TopicPartition, LocalPartition> elected_leaders;  // those of them in a new leader epoch
  std::map<TopicPartition, LocalPartition> followers;        // it follows, in a new partition epoch
  std::map<TopicPartition, Uuid> directories;  // of its replicas, where they are new or changed
};
LocalReplicaChanges local_changes(const MetadataDelta& delta, BrokerId broker);

}  // namespace sim
