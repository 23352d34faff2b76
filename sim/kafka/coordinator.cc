#include "sim/kafka/coordinator.h"

#include <algorithm>

namespace sim {

std::int32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  for (const char c : text) hash = hash * 31 + static_cast<unsigned char>(c);
  return static_cast<std::int32_t>(hash);
}

PartitionId group_partition(std::string_view group, std::int32_t partition_count) {
  check(partition_count > 0, "groups are kept in a topic that has partitions");
  const std::int32_t hash = java_hash(group);
  const std::int32_t positive = hash == INT32_MIN ? 0 : hash < 0 ? -hash : hash;
  return PartitionId{positive % partition_count};
}

void GroupCoordinator::load(PartitionId partition, const ReplicaLog& log) {
  GroupPartition& loaded = partitions_[partition];
  loaded = {};
  for (const LogBatch& batch : log.batches()) {
    if (const auto* commit = batch.value.get_if<OffsetCommitRecord>()) {
      apply(loaded, batch.base_offset, *commit);
    }
  }
}

void GroupCoordinator::unload(PartitionId partition) {
  partitions_.erase(partition);
}

void GroupCoordinator::apply(GroupPartition& partition, Offset record,
                             const OffsetCommitRecord& commit) {
  Group& group = partition.groups[commit.group];
  for (const OffsetCommitPartition& committed : commit.partitions) {
    const auto [known, is_new] = group.offsets.try_emplace(committed.topic_partition);
    if (!is_new && known->second.record > record) continue;  // the last in log order wins
    known->second = {committed.committed_offset, committed.committed_leader_epoch, record};
  }
}

void GroupCoordinator::begin_commit(PartitionId partition, Offset record,
                                    const OffsetCommitRecord& commit) {
  partitions_.at(partition).pending.emplace(record, commit);
}

void GroupCoordinator::complete_commit(PartitionId partition, Offset record) {
  const auto loaded = partitions_.find(partition);
  if (loaded == partitions_.end()) return;
  const auto pending = loaded->second.pending.find(record);
  if (pending == loaded->second.pending.end()) return;
  apply(loaded->second, record, pending->second);
  loaded->second.pending.erase(pending);
}

void GroupCoordinator::fail_commit(PartitionId partition, Offset record) {
  const auto loaded = partitions_.find(partition);
  if (loaded != partitions_.end()) loaded->second.pending.erase(record);
}

OffsetFetchResponse GroupCoordinator::fetch(PartitionId partition,
                                            const OffsetFetchRequest& request) const {
  const GroupPartition& loaded = partitions_.at(partition);
  const auto is_pending = [&](const TopicPartition& asked) {
    return std::ranges::any_of(loaded.pending, [&](const auto& entry) {
      return entry.second.group == request.group_id &&
             std::ranges::find(entry.second.partitions, asked,
                               &OffsetCommitPartition::topic_partition) !=
                 entry.second.partitions.end();
    });
  };
  OffsetFetchResponse response;
  const auto found = loaded.groups.find(request.group_id);
  const auto answer = [&](const TopicPartition& asked) {
    OffsetFetchPartition part{.topic_partition = asked};
    if (request.require_stable && is_pending(asked)) {
      part.error_code = ErrorCode::UnstableOffsetCommit;
    } else if (found != loaded.groups.end()) {
      if (const auto offset = found->second.offsets.find(asked);
          offset != found->second.offsets.end()) {
        part.committed_offset = offset->second.offset;
        part.committed_leader_epoch = offset->second.leader_epoch;
      }
    }
    response.partitions.push_back(std::move(part));
  };
  if (request.partitions) {
    for (const TopicPartition& asked : *request.partitions) answer(asked);
  } else if (found != loaded.groups.end()) {
    for (const auto& [known, offset] : found->second.offsets) answer(known);
  }
  return response;
}

void GroupCoordinator::digest_into(Digest& digest) const {
  sim::digest_into(digest, partitions_);
}

}  // namespace sim
