// Groups come with their partition of `__consumer_offsets`, and go with it (brokers.md §3.5).
#include <algorithm>
#include <utility>

#include "sim/kafka/group_coordinator.h"

namespace sim {

void GroupCoordinator::load(PartitionId partition) {
  if (!owned_.contains(partition)) loading_.insert(partition);
}

void GroupCoordinator::finish_load(GroupContext& context, PartitionId partition,
                                   const ReplicaLog& log) {
  std::vector<GroupLogEntry> written;
  for (const LogBatch& batch : log.batches()) {
    const auto* const records = batch.value.get_if<GroupRecords>();
    if (records == nullptr && !batch.is_control()) continue;
    written.push_back({batch.base_offset, records, batch.kind, batch.producer_id});
  }
  finish_load(context, partition, written);
}

namespace {

// What the log of a partition adds up to.
struct LoadedGroups {
  using Pending = GroupMetadata::PendingTransactionalCommit;
  std::map<std::string, GroupMetadataValue> groups;
  std::map<std::string, std::map<TopicPartition, CommittedOffset>> offsets;
  // Of transactions that are open, by group and producer.
  std::map<std::string, std::map<ProducerId, std::map<TopicPartition, Pending>>> pending;

  void read(const GroupLogEntry& batch) {
    if (batch.records == nullptr) return end_transaction(batch);
    for (const GroupRecord& record : batch.records->records) {
      if (const auto* commit = std::get_if<OffsetCommitEntry>(&record)) {
        read_commit(batch, *commit);
      } else if (const auto* stored = std::get_if<GroupMetadataEntry>(&record)) {
        if (stored->value) {
          groups.insert_or_assign(stored->key.group, *stored->value);
        } else {
          groups.erase(stored->key.group);
        }
      }
    }
  }

 private:
  void read_commit(const GroupLogEntry& batch, const OffsetCommitEntry& commit) {
    const TopicPartition id{commit.key.topic, commit.key.partition};
    if (batch.kind == BatchKind::TransactionalData) {
      auto& open = pending[commit.key.group][batch.producer];
      if (commit.value) {
        open.insert_or_assign(id, Pending{batch.offset, *commit.value});
      } else {
        open.erase(id);
      }
    } else if (commit.value) {
      offsets[commit.key.group].insert_or_assign(id, CommittedOffset{batch.offset, *commit.value});
    } else {
      offsets[commit.key.group].erase(id);
    }
  }
  void end_transaction(const GroupLogEntry& marker) {
    for (auto& [group, producers] : pending) {
      const auto decided = producers.extract(marker.producer);
      if (decided.empty() || marker.kind == BatchKind::AbortMarker) continue;
      for (const auto& [id, commit] : decided.mapped()) {
        const auto known = offsets[group].find(id);
        if (known == offsets[group].end() || known->second.record < *commit.record)
          offsets[group].insert_or_assign(id, CommittedOffset{*commit.record, commit.value});
      }
    }
    std::erase_if(pending, [](const auto& entry) { return entry.second.empty(); });
  }
};

}  // namespace

// GroupMetadataManager.doLoadGroupsAndOffsets: of each key the last record counts, of a transaction what a marker says.
void GroupCoordinator::finish_load(GroupContext& context, PartitionId partition,
                                   std::span<const GroupLogEntry> log) {
  if (!loading_.contains(partition)) return;
  LoadedGroups loaded;
  for (const GroupLogEntry& batch : log) loaded.read(batch);
  for (const auto& [id, value] : loaded.groups) {
    GroupMetadata group = GroupMetadata::of_record(id, value);
    if (auto committed = loaded.offsets.extract(id)) group.offsets = std::move(committed.mapped());
    if (auto open = loaded.pending.extract(id))
      group.pending_transactional_offset_commits = std::move(open.mapped());
    add_loaded(context, std::move(group));
  }
  // Those that only store offsets, or will.
  for (auto& [id, open] : loaded.pending) loaded.offsets.try_emplace(id);
  for (auto& [id, committed] : loaded.offsets) {
    auto open = loaded.pending.extract(id);
    if (committed.empty() && !open) continue;
    GroupMetadata group{.group_id = id,
                        .current_state_timestamp = context.now.milliseconds(),
                        .offsets = std::move(committed)};
    if (open) group.pending_transactional_offset_commits = std::move(open.mapped());
    add_loaded(context, std::move(group));
  }
  owned_.insert(partition);
  loading_.erase(partition);
}

// GroupCoordinator.onGroupLoaded: sessions begin anew.
void GroupCoordinator::add_loaded(GroupContext& context, GroupMetadata loaded) {
  loaded.serial = ++last_serial_;
  for (auto& [id, member] : loaded.members) member.serial = ++last_serial_;
  expect_check(context.now);
  const std::string group_id = loaded.group_id;
  GroupMetadata& group = groups_.insert_or_assign(group_id, std::move(loaded)).first->second;
  if (group.members.size() > static_cast<std::size_t>(config_.group_max_size))
    prepare_rebalance(context, group);
  for (const auto& [id, member] : group.members) schedule_session(context, group, id);
}

void GroupCoordinator::unload(GroupContext& context, PartitionId partition) {
  owned_.erase(partition);
  loading_.erase(partition);
  std::vector<std::string> ids;
  for (const auto& [id, group] : groups_) {
    if (partition_of(id) == partition) ids.push_back(id);
  }
  for (const std::string& id : ids) {
    GroupMetadata& group = groups_.at(id);
    const bool was_preparing = group.is(GroupState::PreparingRebalance);
    group.transition_to(GroupState::Dead, context.now);
    for (auto& [member_id, member] : group.members) {
      if (was_preparing) {
        answer_join(context, member,
                    {.error_code = ErrorCode::NotCoordinator, .member_id = member_id});
      } else {
        answer_sync(context, member, {.error_code = ErrorCode::NotCoordinator});
      }
    }
    erase(group);
  }
}

}  // namespace sim
