// JoinGroup (GroupCoordinator.handleJoinGroup and below; brokers.md §3.3).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kafka/group_coordinator.h"

namespace sim {
namespace {

constexpr Site kMemberId{"group.member_id"};
// A new member does not know its id and sends no heartbeats; its JoinGroup may wait that long.
constexpr Duration kNewMemberJoinTimeout{300'000'000'000};

// java.util.UUID.randomUUID.
std::string random_uuid(Choices& choices, std::uint64_t entity) {
  const std::uint64_t high =
      (choices.bits(kMemberId, entity) & ~std::uint64_t{0xf000}) | std::uint64_t{0x4000};
  const std::uint64_t low =
      (choices.bits(kMemberId, entity) & ~(std::uint64_t{3} << 62)) | (std::uint64_t{2} << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffff'ffff'ffff);
}

JoinGroupResponse refused_join(std::string member_id, ErrorCode error) {
  return {.error_code = error, .member_id = std::move(member_id)};
}

// What a member is told of the present generation; the leader hears who the members are.
JoinGroupResponse join_result(const GroupMetadata& group, const std::string& member_id) {
  return {.generation_id = group.generation_id,
          .protocol_type = group.protocol_type,
          .protocol_name = group.protocol_name,
          .leader = group.leader_id.value_or(""),
          .member_id = member_id,
          .members = group.is_leader(member_id) ? group.current_member_metadata()
                                                : std::vector<JoinGroupResponseMember>{}};
}

}  // namespace

void GroupCoordinator::handle(GroupContext& context, const ReplyTo& to,
                              const JoinGroupRequest& request) {
  const auto refuse = [&](const std::string& member_id, ErrorCode error) {
    context.effects.push_back(GroupReply{to, refused_join(member_id, error)});
  };
  const ErrorCode status = validate_group_status(request.group_id, Api::Membership);
  if (status != ErrorCode::None) return refuse(request.member_id, status);
  if (request.session_timeout < config_.group_min_session_timeout ||
      request.session_timeout > config_.group_max_session_timeout) {
    return refuse(request.member_id, ErrorCode::InvalidSessionTimeout);
  }
  const bool is_unknown = request.member_id.empty();
  GroupMetadata* group =
      is_unknown ? &find_or_create(context.now, request.group_id) : find(request.group_id);
  if (group == nullptr) return refuse(request.member_id, ErrorCode::UnknownMemberId);
  if (!accepts_joining_member(*group, request)) {
    remove_member(*group, request.member_id);
    refuse("", ErrorCode::GroupMaxSizeReached);
  } else if (is_unknown) {
    join_as_new(context, *group, to, request);
  } else {
    join_as_current(context, *group, to, request);
  }
  try_complete_join(context, *group);
}

// While a group rebalances it is those who have joined that count, so that of too many members the
// last to come back go.
bool GroupCoordinator::accepts_joining_member(const GroupMetadata& group,
                                              const JoinGroupRequest& request) const {
  const auto limit = static_cast<std::size_t>(config_.group_max_size);
  const MemberMetadata* member = group.members.find(request.member_id);
  switch (group.state) {
    case GroupState::Empty:
    case GroupState::Dead:
      return true;
    case GroupState::PreparingRebalance:
      return (member != nullptr && member->awaiting_join) || group.awaiting_join() < limit;
    case GroupState::CompletingRebalance:
    case GroupState::Stable:
      return member != nullptr || group.members.size() < limit;
  }
  return true;
}

std::string GroupCoordinator::generate_member_id(GroupContext& context,
                                                 const JoinGroupRequest& request) const {
  return request.group_instance_id.value_or(request.client_id) + "-" +
         random_uuid(context.choices, static_cast<std::uint64_t>(self_.value()));
}

void GroupCoordinator::join_as_new(GroupContext& context, GroupMetadata& group, const ReplyTo& to,
                                   const JoinGroupRequest& request) {
  if (!group.supports_protocols(request.protocol_type, request.protocols)) {
    context.effects.push_back(
        GroupReply{to, refused_join("", ErrorCode::InconsistentGroupProtocol)});
    return;
  }
  const std::string member_id = generate_member_id(context, request);
  if (request.group_instance_id) {
    if (const auto old = group.static_member_id(*request.group_instance_id)) {
      return update_static_member_and_rebalance(context, group, to, *old, member_id, request);
    }
    return add_member_and_rebalance(context, group, to, member_id, request);
  }
  if (request.api_version < 4) {
    return add_member_and_rebalance(context, group, to, member_id, request);
  }
  // KIP-394: who does not come back with its id was never a member.
  group.pending_members.insert(member_id);
  group.pending_sessions[member_id] =
      arm(context.now + request.session_timeout,
          {TimerTarget::Kind::PendingMember, group.group_id, member_id});
  context.effects.push_back(GroupReply{to, refused_join(member_id, ErrorCode::MemberIdRequired)});
}

void GroupCoordinator::join_as_current(GroupContext& context, GroupMetadata& group,
                                       const ReplyTo& to, const JoinGroupRequest& request) {
  const std::string& member_id = request.member_id;
  const auto refuse = [&](ErrorCode error) {
    context.effects.push_back(GroupReply{to, refused_join(member_id, error)});
  };
  if (!group.supports_protocols(request.protocol_type, request.protocols))
    return refuse(ErrorCode::InconsistentGroupProtocol);
  if (group.is_pending(member_id)) {
    if (request.group_instance_id) {  // an IllegalStateException: such a member was never pending
      context.effects.push_back(GroupReply{to, refused_join("", ErrorCode::UnknownServerError)});
      return;
    }
    return add_member_and_rebalance(context, group, to, member_id, request);
  }
  const ErrorCode error = validate_current_member(group, member_id, request.group_instance_id);
  if (error != ErrorCode::None) return refuse(error);
  MemberMetadata& member = *group.members.find(member_id);
  const bool is_same = member.supported_protocols == request.protocols;
  const auto rebalance = [&] {
    update_member(member, request, to);
    maybe_prepare_rebalance(context, group);
  };
  switch (group.state) {
    case GroupState::PreparingRebalance:
      return rebalance();
    case GroupState::CompletingRebalance:
      if (!is_same) return rebalance();
      // It may not have heard the first answer.
      context.effects.push_back(GroupReply{to, join_result(group, member_id)});
      return;
    case GroupState::Stable:
      // A leader that joins wants a new assignment: topics may have changed.
      if (group.is_leader(member_id) || !is_same) return rebalance();
      context.effects.push_back(GroupReply{to, join_result(group, member_id)});
      return;
    case GroupState::Empty:
    case GroupState::Dead:
      return refuse(ErrorCode::UnknownMemberId);
  }
}

void GroupCoordinator::add_member_and_rebalance(GroupContext& context, GroupMetadata& group,
                                                const ReplyTo& to, const std::string& member_id,
                                                const JoinGroupRequest& request) {
  if (group.is(GroupState::PreparingRebalance) && group.generation_id == 0)
    group.new_member_added = true;
  group.add(member_id, request.protocol_type,
            {.serial = ++last_serial_,
             .group_instance_id = request.group_instance_id,
             .client_id = request.client_id,
             .client_host = request.client_host,
             .rebalance_timeout = request.rebalance_timeout,
             .session_timeout = request.session_timeout,
             .supported_protocols = request.protocols,
             .awaiting_join = to,
             .is_new = true});
  schedule_session(context, group, member_id, kNewMemberJoinTimeout);
  maybe_prepare_rebalance(context, group);
}

// Whoever waited for an answer to a former JoinGroup of the member waits in vain.
void GroupCoordinator::update_member(MemberMetadata& member, const JoinGroupRequest& request,
                                     const ReplyTo& to) {
  member.supported_protocols = request.protocols;
  member.rebalance_timeout = request.rebalance_timeout;
  member.session_timeout = request.session_timeout;
  member.awaiting_join = to;
}

// ── Static members (KIP-345)
// ────────────────────────────────────────────────────────────────────────

MemberMetadata& GroupCoordinator::replace_static_member(GroupContext& context, GroupMetadata& group,
                                                        const std::string& instance_id,
                                                        const std::string& old_member_id,
                                                        const std::string& new_member_id) {
  auto member = group.members.remove(old_member_id);
  check(member.has_value(), "who is replaced is a member");
  disarm(member->session);
  // The former holder of the instance id is fenced at once.
  answer_join(context, *member, refused_join(old_member_id, ErrorCode::FencedInstanceId));
  answer_sync(context, *member, {.error_code = ErrorCode::FencedInstanceId});
  if (group.is_leader(old_member_id)) group.leader_id = new_member_id;
  group.static_members[instance_id] = new_member_id;
  return group.members.put(new_member_id, std::move(*member));
}

void GroupCoordinator::update_static_member_and_rebalance(GroupContext& context,
                                                          GroupMetadata& group, const ReplyTo& to,
                                                          const std::string& old_member_id,
                                                          const std::string& new_member_id,
                                                          const JoinGroupRequest& request) {
  StoredStaticMember stored{.to = to,
                            .instance_id = *request.group_instance_id,
                            .old_member_id = old_member_id,
                            .new_member_id = new_member_id,
                            .former_leader = group.leader_id.value_or(""),
                            .protocols = request.protocols,
                            .may_skip_assignment = request.api_version >= 9};
  MemberMetadata& member =
      replace_static_member(context, group, stored.instance_id, old_member_id, new_member_id);
  schedule_session(context, group, new_member_id);
  stored.member_serial = member.serial;
  stored.old_rebalance_timeout = member.rebalance_timeout;
  stored.old_session_timeout = member.session_timeout;
  update_member(member, request, to);
  switch (group.state) {
    case GroupState::Stable: {
      if (group.protocol_name != group.select_protocol())
        return maybe_prepare_rebalance(context, group);
      std::map<std::string, Bytes> assignment;
      for (const auto& [id, each] : group.members) assignment.emplace(id, each.assignment);
      GroupRecords records{{GroupMetadataEntry{{group.group_id}, group.to_record(assignment)}}};
      return append(context, group, std::move(records), std::move(stored));
    }
    // The leader may have been told the old id already: it must hear of the new one.
    case GroupState::CompletingRebalance:
      return prepare_rebalance(context, group);
    case GroupState::PreparingRebalance:
      return;
    case GroupState::Empty:
    case GroupState::Dead:
      check(false, "a group with a static member has members");
  }
}

void GroupCoordinator::on_static_member_stored(GroupContext& context, GroupMetadata& group,
                                               const StoredStaticMember& stored, ErrorCode error) {
  const auto entry = std::ranges::find_if(
      group.members, [&](const auto& each) { return each.second.serial == stored.member_serial; });
  MemberMetadata* member = entry == group.members.end() ? nullptr : &entry->second;
  if (error != ErrorCode::None) {
    if (member != nullptr) {
      // Kafka reads what it calls the old protocols when they are replaced already; so they stay.
      member->supported_protocols = stored.protocols;
      member->rebalance_timeout = stored.old_rebalance_timeout;
      member->session_timeout = stored.old_session_timeout;
      member->awaiting_join.reset();
    }
    // If the new id has gone meanwhile Kafka throws here, and nobody is answered.
    if (!group.has(stored.new_member_id)) return;
    replace_static_member(context, group, stored.instance_id, stored.new_member_id,
                          stored.old_member_id);
    schedule_session(context, group, stored.old_member_id);
    if (stored.is_answered) return;
    context.effects.push_back(
        GroupReply{stored.to, JoinGroupResponse{.error_code = error,
                                                .generation_id = group.generation_id,
                                                .protocol_type = group.protocol_type,
                                                .protocol_name = group.protocol_name,
                                                .leader = stored.former_leader}});
    return;
  }
  const bool is_leader = stored.may_skip_assignment && group.is_leader(stored.new_member_id);
  // Kafka throws where a leader asks for the members of a group that rebalances; its JoinGroup goes
  // on waiting and is answered with those of the others.
  if (is_leader && (group.is(GroupState::Dead) || group.is(GroupState::PreparingRebalance))) return;
  if (member == nullptr) return;
  answer_join(
      context, *member,
      {.generation_id = group.generation_id,
       .protocol_type = group.protocol_type,
       .protocol_name = group.protocol_name,
       .leader = stored.may_skip_assignment ? group.leader_id.value_or("") : stored.former_leader,
       .skip_assignment = is_leader,
       .member_id = stored.new_member_id,
       .members =
           is_leader ? group.current_member_metadata() : std::vector<JoinGroupResponseMember>{}});
}

}  // namespace sim
