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
  std::vector<std::pair<Offset, const GroupRecords*>> written;
  for (const LogBatch& batch : log.batches()) {
    if (const auto* records = batch.value.get_if<GroupRecords>())
      written.emplace_back(batch.base_offset, records);
  }
  finish_load(context, partition, written);
}

// GroupMetadataManager.doLoadGroupsAndOffsets: of each key the last record counts.
void GroupCoordinator::finish_load(GroupContext& context, PartitionId partition,
                                   std::span<const std::pair<Offset, const GroupRecords*>> log) {
  if (!loading_.contains(partition)) return;
  std::map<std::string, GroupMetadataValue> groups;
  std::map<std::string, std::map<TopicPartition, CommittedOffset>> offsets;
  for (const auto& [base_offset, batch] : log) {
    for (const GroupRecord& record : batch->records) {
      if (const auto* commit = std::get_if<OffsetCommitEntry>(&record)) {
        const TopicPartition id{commit->key.topic, commit->key.partition};
        if (commit->value) {
          offsets[commit->key.group].insert_or_assign(id,
                                                      CommittedOffset{base_offset, *commit->value});
        } else {
          offsets[commit->key.group].erase(id);
        }
      } else if (const auto* stored = std::get_if<GroupMetadataEntry>(&record)) {
        if (stored->value) {
          groups.insert_or_assign(stored->key.group, *stored->value);
        } else {
          groups.erase(stored->key.group);
        }
      }
    }
  }
  for (const auto& [id, value] : groups) {
    GroupMetadata group = GroupMetadata::of_record(id, value);
    if (const auto committed = offsets.extract(id)) group.offsets = std::move(committed.mapped());
    add_loaded(context, std::move(group));
  }
  // Those that only store offsets.
  for (auto& [id, committed] : offsets) {
    if (committed.empty()) continue;
    add_loaded(context, {.group_id = id,
                         .current_state_timestamp = context.now.milliseconds(),
                         .offsets = std::move(committed)});
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
