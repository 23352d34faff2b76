// SyncGroup, Heartbeat and LeaveGroup (brokers.md §3.3).
#include <algorithm>
#include <utility>

#include "sim/kafka/group_coordinator.h"

namespace sim {

// A static member is known by its instance id, and by the member id that it was given last.
ErrorCode GroupCoordinator::validate_current_member(
    const GroupMetadata& group, const std::string& member_id,
    const std::optional<std::string>& instance_id) const {
  if (instance_id) {
    const auto current = group.static_member_id(*instance_id);
    if (!current) return ErrorCode::UnknownMemberId;
    if (*current != member_id) return ErrorCode::FencedInstanceId;
  }
  return group.has(member_id) ? ErrorCode::None : ErrorCode::UnknownMemberId;
}

// ── SyncGroup
// ───────────────────────────────────────────────────────────────────────────────────────

ErrorCode GroupCoordinator::validate_sync(const GroupMetadata& group,
                                          const SyncGroupRequest& request) const {
  const ErrorCode error =
      validate_current_member(group, request.member_id, request.group_instance_id);
  if (error != ErrorCode::None) return error;
  if (request.generation_id != group.generation_id) return ErrorCode::IllegalGeneration;
  if (request.protocol_type && request.protocol_type != group.protocol_type)
    return ErrorCode::InconsistentGroupProtocol;
  if (request.protocol_name && request.protocol_name != group.protocol_name)
    return ErrorCode::InconsistentGroupProtocol;
  return ErrorCode::None;
}

void GroupCoordinator::handle(GroupContext& context, const ReplyTo& to,
                              const SyncGroupRequest& request) {
  const auto refuse = [&](ErrorCode error) {
    context.effects.push_back(GroupReply{to, SyncGroupResponse{.error_code = error}});
  };
  const ErrorCode status = validate_group_status(request.group_id, Api::Membership);
  // A rebalance that was going on is lost with the former coordinator: it starts over.
  if (status == ErrorCode::CoordinatorLoadInProgress) return refuse(ErrorCode::RebalanceInProgress);
  if (status != ErrorCode::None) return refuse(status);
  GroupMetadata* group = find(request.group_id);
  if (group == nullptr) return refuse(ErrorCode::UnknownMemberId);
  const ErrorCode error = validate_sync(*group, request);
  if (error != ErrorCode::None) return refuse(error);
  switch (group->state) {
    case GroupState::Empty:
    case GroupState::Dead:
      return refuse(ErrorCode::UnknownMemberId);
    case GroupState::PreparingRebalance:
      return refuse(ErrorCode::RebalanceInProgress);
    case GroupState::CompletingRebalance:
      return sync_completing(context, *group, to, request);
    case GroupState::Stable:
      group->pending_sync_members.erase(request.member_id);
      if (group->pending_sync_members.empty()) disarm(group->delayed_sync);
      context.effects.push_back(GroupReply{
          to, SyncGroupResponse{.protocol_type = group->protocol_type,
                                .protocol_name = group->protocol_name,
                                .assignment = group->members.find(request.member_id)->assignment}});
      schedule_session(context, *group, request.member_id);
      return;
  }
}

// Everybody waits until the leader's assignment is committed to the log.
void GroupCoordinator::sync_completing(GroupContext& context, GroupMetadata& group,
                                       const ReplyTo& to, const SyncGroupRequest& request) {
  group.members.find(request.member_id)->awaiting_sync = to;
  group.pending_sync_members.erase(request.member_id);
  if (group.pending_sync_members.empty()) disarm(group.delayed_sync);
  if (!group.is_leader(request.member_id)) return;
  std::map<std::string, Bytes> assignment;
  for (const auto& [id, member] : group.members) assignment.emplace(id, Bytes{});
  for (const SyncGroupRequestAssignment& given : request.assignments)
    assignment.insert_or_assign(given.member_id, given.assignment);
  GroupRecords records{{GroupMetadataEntry{{group.group_id}, group.to_record(assignment)}}};
  append(context, group, std::move(records),
         StoredAssignment{request.generation_id, std::move(assignment)});
}

void GroupCoordinator::on_assignment_stored(GroupContext& context, GroupMetadata& group,
                                            const StoredAssignment& stored, ErrorCode error) {
  // Somebody may have joined meanwhile.
  if (!group.is(GroupState::CompletingRebalance) || stored.generation_id != group.generation_id)
    return;
  for (auto& [id, member] : group.members) {
    member.assignment = error == ErrorCode::None ? stored.assignment.at(id) : Bytes{};
  }
  propagate_assignment(context, group, error);
  if (error == ErrorCode::None) {
    group.transition_to(GroupState::Stable, context.now);
  } else {
    maybe_prepare_rebalance(context, group);
  }
}

void GroupCoordinator::propagate_assignment(GroupContext& context, GroupMetadata& group,
                                            ErrorCode error) {
  const bool good = error == ErrorCode::None;
  for (auto& [id, member] : group.members) {
    SyncGroupResponse response{.error_code = error, .assignment = member.assignment};
    if (good) {
      response.protocol_type = group.protocol_type;
      response.protocol_name = group.protocol_name;
    }
    // A session that ended while its member waited was not looked at: it begins anew.
    if (answer_sync(context, member, std::move(response))) schedule_session(context, group, id);
  }
}

// ── Heartbeat
// ───────────────────────────────────────────────────────────────────────────────────────

void GroupCoordinator::handle(GroupContext& context, const ReplyTo& to,
                              const HeartbeatRequest& request) {
  context.effects.push_back(
      GroupReply{to, HeartbeatResponse{.error_code = heartbeat(context, request)}});
}

ErrorCode GroupCoordinator::heartbeat(GroupContext& context, const HeartbeatRequest& request) {
  const ErrorCode status = validate_group_status(request.group_id, Api::Membership);
  // Whoever it is, it is not to give up because the coordinator has moved.
  if (status == ErrorCode::CoordinatorLoadInProgress) return ErrorCode::None;
  if (status != ErrorCode::None) return status;
  GroupMetadata* group = find(request.group_id);
  if (group == nullptr) return ErrorCode::UnknownMemberId;
  const ErrorCode error =
      validate_current_member(*group, request.member_id, request.group_instance_id);
  if (error != ErrorCode::None) return error;
  if (request.generation_id != group->generation_id) return ErrorCode::IllegalGeneration;
  if (group->is(GroupState::Empty) || group->is(GroupState::Dead))
    return ErrorCode::UnknownMemberId;
  schedule_session(context, *group, request.member_id);
  return group->is(GroupState::PreparingRebalance) ? ErrorCode::RebalanceInProgress
                                                   : ErrorCode::None;
}

// ── LeaveGroup
// ──────────────────────────────────────────────────────────────────────────────────────

void GroupCoordinator::handle(GroupContext& context, const ReplyTo& to,
                              const LeaveGroupRequest& request) {
  LeaveGroupResponse response;
  response.error_code = validate_group_status(request.group_id, Api::Membership);
  if (response.error_code == ErrorCode::None) {
    GroupMetadata* group = find(request.group_id);
    for (const MemberIdentity& member : request.members) {
      response.members.push_back({.member_id = member.member_id,
                                  .group_instance_id = member.group_instance_id,
                                  .error_code = group == nullptr ? ErrorCode::UnknownMemberId
                                                                 : leave(context, *group, member)});
    }
  }
  context.effects.push_back(GroupReply{to, std::move(response)});
}

ErrorCode GroupCoordinator::leave(GroupContext& context, GroupMetadata& group,
                                  const MemberIdentity& member) {
  if (member.member_id.empty()) {  // an administrator removes a static member
    const auto current =
        member.group_instance_id ? group.static_member_id(*member.group_instance_id) : std::nullopt;
    if (!current) return ErrorCode::UnknownMemberId;
    remove_member_and_update_group(context, group, *current);
    return ErrorCode::None;
  }
  if (group.is_pending(member.member_id)) {
    remove_pending_member_and_update_group(context, group, member.member_id);
    return ErrorCode::None;
  }
  const ErrorCode error =
      validate_current_member(group, member.member_id, member.group_instance_id);
  if (error == ErrorCode::None) remove_member_and_update_group(context, group, member.member_id);
  return error;
}

}  // namespace sim
