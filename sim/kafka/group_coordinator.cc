#include "sim/kafka/group_coordinator.h"

#include <algorithm>
#include <utility>

namespace sim {

PartitionId group_partition(std::string_view group, std::int32_t partition_count) {
  check(partition_count > 0, "groups are kept in a topic that has partitions");
  const std::int32_t hash = java_hash(group);
  const std::int32_t positive = hash == INT32_MIN ? 0 : hash < 0 ? -hash : hash;
  return PartitionId{positive % partition_count};
}

GroupCoordinator::GroupCoordinator(BrokerId self, GroupConfig config)
    : self_(self), config_(config) {}

ErrorCode GroupCoordinator::validate_group_status(const std::string& group_id, Api api) const {
  if (group_id.empty() && api == Api::Membership) return ErrorCode::InvalidGroupId;
  const PartitionId partition = partition_of(group_id);
  if (is_loading(partition)) return ErrorCode::CoordinatorLoadInProgress;
  if (!leads(partition)) return ErrorCode::NotCoordinator;
  return ErrorCode::None;
}

PartitionId GroupCoordinator::partition_of(std::string_view group_id) const {
  return partition_count_ == 0 ? PartitionId{-1} : group_partition(group_id, partition_count_);
}

// ── Groups
// ──────────────────────────────────────────────────────────────────────────────────────────

const GroupMetadata* GroupCoordinator::group(std::string_view group_id) const {
  const auto found = groups_.find(group_id);
  return found == groups_.end() ? nullptr : &found->second;
}

GroupMetadata* GroupCoordinator::find(std::string_view group_id) {
  const auto found = groups_.find(group_id);
  return found == groups_.end() ? nullptr : &found->second;
}

GroupMetadata& GroupCoordinator::find_or_create(Instant now, const std::string& group_id) {
  const auto [found, is_new] = groups_.try_emplace(group_id);
  if (is_new) {
    found->second.group_id = group_id;
    found->second.serial = ++last_serial_;
    found->second.current_state_timestamp = now.milliseconds();
    expect_check(now);
  }
  return found->second;
}

// The group that wrote, even if another one bears its name by now; null if it is long gone.
GroupMetadata* GroupCoordinator::find_by_serial(const PendingWrite& write) {
  GroupMetadata* present = find(write.group_id);
  if (present != nullptr && present->serial == write.group_serial) return present;
  const auto gone = departed_.find(write.group_serial);
  return gone == departed_.end() ? nullptr : &gone->second;
}

// Requires a group that is Dead. Its undecided writes will still answer those who wait for them.
void GroupCoordinator::erase(GroupMetadata& group) {
  check(group.is(GroupState::Dead), "only a dead group is forgotten");
  std::erase_if(timers_,
                [&](const auto& entry) { return entry.second.group_id == group.group_id; });
  const bool is_awaited = std::ranges::any_of(
      writes_, [&](const auto& entry) { return entry.second.group_serial == group.serial; });
  const std::string group_id = group.group_id;
  if (is_awaited) departed_.emplace(group.serial, std::move(group));
  groups_.erase(group_id);
}

Offset GroupCoordinator::committed_offset(std::string_view group_id,
                                          const TopicPartition& id) const {
  const GroupMetadata* known = group(group_id);
  if (known == nullptr) return Offset{-1};
  const auto committed = known->offsets.find(id);
  return committed == known->offsets.end() ? Offset{-1} : committed->second.value.offset;
}

// ── Time
// ────────────────────────────────────────────────────────────────────────────────────────────

GroupTimer GroupCoordinator::arm(Instant at, TimerTarget target) {
  const GroupTimer timer{at, ++last_timer_};
  timers_.emplace(timer, std::move(target));
  return timer;
}

void GroupCoordinator::disarm(std::optional<GroupTimer>& timer) {
  if (timer) timers_.erase(*timer);
  timer.reset();
}

void GroupCoordinator::expire(GroupContext& context) {
  while (!timers_.empty() && timers_.begin()->first.at <= context.now) {
    const TimerTarget due = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    fire(context, due);
  }
  if (!next_check_ || context.now < *next_check_) return;
  cleanup_group_metadata(context);
  next_check_.reset();
  if (!groups_.empty()) expect_check(context.now);
}

// "delete-expired-group-metadata" runs every so often; without groups it has nothing to do.
void GroupCoordinator::expect_check(Instant now) {
  const std::int64_t interval = config_.offsets_retention_check_interval.nanoseconds();
  if (next_check_ || interval == 0) return;
  next_check_ = Instant((now.nanoseconds() / interval + 1) * interval);
}

void GroupCoordinator::fire(GroupContext& context, const TimerTarget& target) {
  GroupMetadata* group = find(target.group_id);
  check(group != nullptr, "a timer goes with its group");
  switch (target.kind) {
    case TimerTarget::Kind::Session: {
      MemberMetadata* member = group->members.find(target.member_id);
      check(member != nullptr, "a session's timer goes with its member");
      member->session.reset();
      if (!member->has_satisfied_heartbeat())
        remove_member_and_update_group(context, *group, target.member_id);
      return;
    }
    case TimerTarget::Kind::PendingMember:
      group->pending_sessions.erase(target.member_id);
      return remove_pending_member_and_update_group(context, *group, target.member_id);
    case TimerTarget::Kind::Join:
      return on_join_due(context, *group);
    case TimerTarget::Kind::Sync:
      return on_sync_due(context, *group);
  }
}

std::optional<Instant> GroupCoordinator::deadline() const {
  Instant due = timers_.empty() ? Instant::never() : timers_.begin()->first.at;
  if (next_check_) due = std::min(due, *next_check_);
  if (due == Instant::never()) return std::nullopt;
  return due;
}

// ── Answers and writes
// ──────────────────────────────────────────────────────────────────────────────

void GroupCoordinator::answer_join(GroupContext& context, MemberMetadata& member,
                                   JoinGroupResponse response) {
  if (!member.awaiting_join) return;
  for (auto& [write, pending] : writes_) {
    auto* stored = std::get_if<StoredStaticMember>(&pending.what);
    if (stored != nullptr && stored->to == *member.awaiting_join) stored->is_answered = true;
  }
  context.effects.push_back(GroupReply{*member.awaiting_join, std::move(response)});
  member.awaiting_join.reset();
}

bool GroupCoordinator::answer_sync(GroupContext& context, MemberMetadata& member,
                                   SyncGroupResponse response) {
  if (!member.awaiting_sync) return false;
  context.effects.push_back(GroupReply{*member.awaiting_sync, std::move(response)});
  member.awaiting_sync.reset();
  return true;
}

void GroupCoordinator::append(GroupContext& context, const GroupMetadata& group,
                              GroupRecords records, Stored what) {
  const std::uint64_t write = ++last_write_;
  writes_.emplace(write, PendingWrite{group.group_id, group.serial, std::move(what)});
  context.effects.push_back(GroupAppend{
      .partition = partition_of(group.group_id), .write = write, .records = std::move(records)});
}

namespace {

// How the log's errors look to members (GroupMetadataManager.storeGroup).
ErrorCode group_error(ErrorCode error) {
  using enum ErrorCode;
  if (is_any_of(error, {UnknownTopicOrPartition, NotEnoughReplicas, NotEnoughReplicasAfterAppend}))
    return CoordinatorNotAvailable;
  if (is_any_of(error, {NotLeaderOrFollower, KafkaStorageError})) return NotCoordinator;
  if (error == RequestTimedOut) return RebalanceInProgress;
  if (is_any_of(error, {MessageTooLarge, RecordListTooLarge, InvalidFetchSize}))
    return UnknownServerError;
  return error;
}

}  // namespace

void GroupCoordinator::on_written(GroupContext& context, std::uint64_t write, ErrorCode error,
                                  Offset record) {
  const auto found = writes_.find(write);
  check(found != writes_.end(), "a write is decided once");
  PendingWrite decided = std::move(found->second);
  writes_.erase(found);
  GroupMetadata* group = find_by_serial(decided);
  if (auto* offsets = std::get_if<StoredOffsets>(&decided.what)) {
    on_offsets_stored(context, group, std::move(*offsets), error, record);
  } else if (auto* commits = std::get_if<StoredTransactionalOffsets>(&decided.what)) {
    on_transactional_offsets_stored(context, group, std::move(*commits), error, record);
  } else if (const auto* assignment = std::get_if<StoredAssignment>(&decided.what)) {
    on_assignment_stored(context, *group, *assignment, group_error(error));
  } else if (const auto* member = std::get_if<StoredStaticMember>(&decided.what)) {
    on_static_member_stored(context, *group, *member, group_error(error));
  }
  const bool is_awaited = std::ranges::any_of(writes_, [&](const auto& entry) {
    return entry.second.group_serial == decided.group_serial;
  });
  if (!is_awaited) departed_.erase(decided.group_serial);
}

void GroupCoordinator::digest_into(Digest& digest) const {
  sim::digest_into(digest, owned_);
  sim::digest_into(digest, loading_);
  sim::digest_into(digest, groups_);
  sim::digest_into(digest, departed_);
  sim::digest_into(digest, writes_);
  sim::digest_into(digest, next_check_);
}

}  // namespace sim
