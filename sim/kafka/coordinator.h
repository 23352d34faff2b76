#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/replica_log.h"
#include "sim/kafka/rpc.h"

// The group coordinator of one broker (GroupCoordinator, GroupMetadataManager; brokers.md §3):
// committed offsets of the groups whose `__consumer_offsets` partition this broker leads. An offset
// commit is a record in that partition, replicated like any other; it counts when the high
// watermark has passed it.
//
// Simplified: groups have no members (JoinGroup and its kin are not answered): a consumer names its
// partitions and commits with generation -1, as brokers.md §3.4 lets an empty group. One record
// holds all partitions of a commit. Loading takes no time, so nothing ever answers
// COORDINATOR_LOAD_IN_PROGRESS; offsets do not expire.
namespace sim {

// The record of a commit: key v1 and value v3 of each partition.
struct OffsetCommitRecord {
  static constexpr std::string_view kName = "group.OffsetCommit";
  std::string group;
  std::vector<OffsetCommitPartition> partitions;
  static constexpr auto fields(auto&& visit) {
    return visit(field("group", &OffsetCommitRecord::group),
                 field("partitions", &OffsetCommitRecord::partitions));
  }
};

// java.lang.String.hashCode of a name in ASCII, and Kafka's Utils.abs of it: which partition of
// `__consumer_offsets` keeps the group.
std::int32_t java_hash(std::string_view text);
PartitionId group_partition(std::string_view group, std::int32_t partition_count);

struct CommittedOffset {
  Offset offset{};
  LeaderEpoch leader_epoch{-1};
  Offset record{};  // where in the partition the commit stands
  static constexpr auto fields(auto&& visit) {
    return visit(field("offset", &CommittedOffset::offset),
                 field("leaderEpoch", &CommittedOffset::leader_epoch),
                 field("record", &CommittedOffset::record));
  }
};

class GroupCoordinator {
 public:
  // The broker began to lead a partition: reads it up to its end, past the high watermark (§3.5).
  void load(PartitionId partition, const ReplicaLog& log);
  void unload(PartitionId partition);
  bool leads(PartitionId partition) const { return partitions_.contains(partition); }

  // A commit was written at `record` and is pending until `complete` or `fail`.
  void begin_commit(PartitionId partition, Offset record, const OffsetCommitRecord& commit);
  // Its record is committed: it counts, unless a later record for the same partition does already.
  void complete_commit(PartitionId partition, Offset record);
  // The write failed in a way that leaves its fate open; after a failover it may count yet.
  void fail_commit(PartitionId partition, Offset record);

  // Requires leads(). Partitions with a pending commit are answered UNSTABLE_OFFSET_COMMIT if the
  // client asked for stable offsets; unknown ones -1.
  OffsetFetchResponse fetch(PartitionId partition, const OffsetFetchRequest& request) const;
  void digest_into(Digest& digest) const;

 private:
  struct Group {
    std::map<TopicPartition, CommittedOffset> offsets;
    static constexpr auto fields(auto&& visit) { return visit(field("offsets", &Group::offsets)); }
  };
  struct GroupPartition {
    std::map<std::string, Group, std::less<>> groups;
    std::map<Offset, OffsetCommitRecord> pending;  // by record
    static constexpr auto fields(auto&& visit) {
      return visit(field("groups", &GroupPartition::groups),
                   field("pending", &GroupPartition::pending));
    }
  };
  static void apply(GroupPartition& partition, Offset record, const OffsetCommitRecord& commit);
  std::map<PartitionId, GroupPartition> partitions_;
};

}  // namespace sim
