// How a group gets from one generation to the next (DelayedJoin, DelayedSync, DelayedHeartbeat and
// what GroupCoordinator does with them; brokers.md §3.3).
#include <algorithm>
#include <utility>

#include "sim/kafka/broker_notice.h"
#include "sim/kafka/group_coordinator.h"

namespace sim {

void GroupCoordinator::maybe_prepare_rebalance(GroupContext& context, GroupMetadata& group) {
  if (group.can_rebalance()) prepare_rebalance(context, group);
}

void GroupCoordinator::prepare_rebalance(GroupContext& context, GroupMetadata& group) {
  if (group.is(GroupState::CompletingRebalance)) {
    for (auto& [id, member] : group.members) member.assignment.clear();
    propagate_assignment(context, group, ErrorCode::RebalanceInProgress);
  }
  forget_pending_sync(group);
  const bool fills = group.is(GroupState::Empty);
  group.transition_to(GroupState::PreparingRebalance, context.now);
  if (!fills) return delay_join(context, group);
  const Duration delay = config_.group_initial_rebalance_delay;
  group.delayed_join =
      DelayedJoin{.timer = arm(context.now + delay, {TimerTarget::Kind::Join, group.group_id, {}}),
                  .initial = true,
                  .delay = delay,
                  .remaining = std::max(group.rebalance_timeout() - delay, Duration{})};
}

// Until all known members have joined, or the most patient one's time is up.
void GroupCoordinator::delay_join(GroupContext& context, GroupMetadata& group) {
  if (group.has_all_members_joined()) return complete_join(context, group);
  const Duration delay = group.rebalance_timeout();
  group.delayed_join =
      DelayedJoin{.timer = arm(context.now + delay, {TimerTarget::Kind::Join, group.group_id, {}}),
                  .delay = delay};
}

void GroupCoordinator::try_complete_join(GroupContext& context, GroupMetadata& group) {
  if (!group.is(GroupState::PreparingRebalance)) return;
  if (!group.delayed_join || group.delayed_join->initial || !group.has_all_members_joined()) return;
  timers_.erase(group.delayed_join->timer);
  group.delayed_join.reset();
  complete_join(context, group);
}

void GroupCoordinator::on_join_due(GroupContext& context, GroupMetadata& group) {
  const DelayedJoin due = *group.delayed_join;
  group.delayed_join.reset();
  if (!due.initial || !group.new_member_added || due.remaining == Duration{})
    return complete_join(context, group);
  group.new_member_added = false;
  const Duration delay = std::min(config_.group_initial_rebalance_delay, due.remaining);
  group.delayed_join =
      DelayedJoin{.timer = arm(context.now + delay, {TimerTarget::Kind::Join, group.group_id, {}}),
                  .initial = true,
                  .delay = delay,
                  .remaining = std::max(due.remaining - due.delay, Duration{})};
}

// GroupCoordinator.onCompleteJoin. Who has not come back goes, unless it is a static member.
void GroupCoordinator::complete_join(GroupContext& context, GroupMetadata& group) {
  std::vector<std::string> missing;
  for (const auto& [id, member] : group.members) {
    if (!member.awaiting_join && !member.group_instance_id) missing.push_back(id);
  }
  for (const std::string& id : missing) remove_member(group, id);
  if (!group.maybe_elect_new_joined_leader() && !group.members.empty())
    return delay_join(context, group);
  group.init_next_generation(context.now);
  GroupGenerationBegan began{self_, group.group_id, group.generation_id, {}};
  for (const auto& [id, member] : group.members) began.members.push_back(id);
  context.effects.push_back(Notify{Payload::of(std::move(began))});
  if (group.is(GroupState::Empty)) {
    GroupRecords records{{GroupMetadataEntry{{group.group_id}, group.to_record({})}}};
    return append(context, group, std::move(records), StoredNothing{});
  }
  for (auto& [id, member] : group.members) {
    answer_join(context, member,
                {.generation_id = group.generation_id,
                 .protocol_type = group.protocol_type,
                 .protocol_name = group.protocol_name,
                 .leader = group.leader_id.value_or(""),
                 .member_id = id,
                 .members = group.is_leader(id) ? group.current_member_metadata()
                                                : std::vector<JoinGroupResponseMember>{}});
    schedule_session(context, group, id);
    member.is_new = false;
    group.pending_sync_members.insert(id);
  }
  group.delayed_sync =
      arm(context.now + group.rebalance_timeout(), {TimerTarget::Kind::Sync, group.group_id, {}});
}

// Who has joined and not asked for its assignment within the rebalance timeout goes.
void GroupCoordinator::on_sync_due(GroupContext& context, GroupMetadata& group) {
  group.delayed_sync.reset();
  if (group.pending_sync_members.empty()) return;
  const std::set<std::string> missing = group.pending_sync_members;
  for (const std::string& id : missing) remove_member(group, id);
  prepare_rebalance(context, group);
}

void GroupCoordinator::forget_pending_sync(GroupMetadata& group) {
  group.pending_sync_members.clear();
  disarm(group.delayed_sync);
}

// ── Members that go
// ─────────────────────────────────────────────────────────────────────────────────

void GroupCoordinator::remove_member(GroupMetadata& group, const std::string& member_id) {
  if (MemberMetadata* member = group.members.find(member_id)) disarm(member->session);
  group.remove(member_id);
}

void GroupCoordinator::remove_member_and_update_group(GroupContext& context, GroupMetadata& group,
                                                      const std::string& member_id) {
  answer_join(context, *group.members.find(member_id), {.error_code = ErrorCode::UnknownMemberId});
  remove_member(group, member_id);
  switch (group.state) {
    case GroupState::Stable:
    case GroupState::CompletingRebalance:
      return prepare_rebalance(context, group);
    case GroupState::PreparingRebalance:
      return try_complete_join(context, group);
    case GroupState::Empty:
    case GroupState::Dead:
      return;
  }
}

void GroupCoordinator::remove_pending_member_and_update_group(GroupContext& context,
                                                              GroupMetadata& group,
                                                              const std::string& member_id) {
  remove_member(group, member_id);
  try_complete_join(context, group);
}

// ── Sessions
// ────────────────────────────────────────────────────────────────────────────────────────

void GroupCoordinator::schedule_session(GroupContext& context, GroupMetadata& group,
                                        const std::string& member_id) {
  schedule_session(context, group, member_id, group.members.find(member_id)->session_timeout);
}

void GroupCoordinator::schedule_session(GroupContext& context, GroupMetadata& group,
                                        const std::string& member_id, Duration timeout) {
  if (group.is(GroupState::Dead)) return;
  MemberMetadata& member = *group.members.find(member_id);
  if (const auto pending = group.pending_sessions.extract(member_id))
    timers_.erase(pending.mapped());
  disarm(member.session);
  if (member.has_satisfied_heartbeat()) return;
  member.session =
      arm(context.now + timeout, {TimerTarget::Kind::Session, group.group_id, member_id});
}

}  // namespace sim
