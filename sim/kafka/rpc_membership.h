#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/described.h"
#include "sim/base/time.h"
#include "sim/kafka/error.h"
#include "sim/kafka/rpc_control.h"

// The members of a classic group and its coordinator (brokers.md §3.3), and what an administrator
// asks of groups. What members tell each other, subscriptions and assignments, is bytes to the
// coordinator; consumers read them with consumer_protocol.h.
namespace sim {

// ── JoinGroup
// ───────────────────────────────────────────────────────────────────────────────────────

struct JoinGroupResponseMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  Bytes metadata;
  bool operator==(const JoinGroupResponseMember&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = JoinGroupResponseMember;
    return visit(field("memberId", &R::member_id), field("groupInstanceId", &R::group_instance_id),
                 field("metadata", &R::metadata));
  }
};

struct JoinGroupResponse {
  static constexpr std::string_view kName = "kafka.JoinGroupResponse";
  ErrorCode error_code = ErrorCode::None;
  std::int32_t generation_id = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;  // the assignor that the members voted for
  std::string leader;
  bool skip_assignment = false;  // KIP-814: the leader leaves the assignment as it is
  std::string member_id;
  std::vector<JoinGroupResponseMember> members;  // for the leader alone
  bool operator==(const JoinGroupResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = JoinGroupResponse;
    return visit(field("errorCode", &R::error_code), field("generationId", &R::generation_id),
                 field("protocolType", &R::protocol_type), field("protocolName", &R::protocol_name),
                 field("leader", &R::leader), field("skipAssignment", &R::skip_assignment),
                 field("memberId", &R::member_id), field("members", &R::members));
  }
};

struct JoinGroupRequestProtocol {
  std::string name;
  Bytes metadata;  // of a consumer a ConsumerProtocolSubscription
  bool operator==(const JoinGroupRequestProtocol&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = JoinGroupRequestProtocol;
    return visit(field("name", &R::name), field("metadata", &R::metadata));
  }
};

struct JoinGroupRequest {
  static constexpr std::string_view kName = "kafka.JoinGroupRequest";
  using Response = JoinGroupResponse;
  // Of the header: 4 and later ask for MEMBER_ID_REQUIRED, 9 for a leader that may skip its work.
  std::int16_t api_version = 9;
  std::string client_id;    // of the header
  std::string client_host;  // of the connection
  std::string group_id;
  Duration session_timeout{};
  Duration rebalance_timeout{};                  // a consumer's max.poll.interval.ms
  std::string member_id;                         // empty: a new member
  std::optional<std::string> group_instance_id;  // of a static member
  std::string protocol_type;
  std::vector<JoinGroupRequestProtocol> protocols;  // in order of preference
  bool operator==(const JoinGroupRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = JoinGroupRequest;
    return visit(field("apiVersion", &R::api_version), field("clientId", &R::client_id),
                 field("clientHost", &R::client_host), field("groupId", &R::group_id),
                 field("sessionTimeout", &R::session_timeout),
                 field("rebalanceTimeout", &R::rebalance_timeout), field("memberId", &R::member_id),
                 field("groupInstanceId", &R::group_instance_id),
                 field("protocolType", &R::protocol_type), field("protocols", &R::protocols));
  }
};

// ── SyncGroup
// ───────────────────────────────────────────────────────────────────────────────────────

struct SyncGroupResponse {
  static constexpr std::string_view kName = "kafka.SyncGroupResponse";
  ErrorCode error_code = ErrorCode::None;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  Bytes assignment;  // of a consumer a ConsumerProtocolAssignment
  bool operator==(const SyncGroupResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = SyncGroupResponse;
    return visit(field("errorCode", &R::error_code), field("protocolType", &R::protocol_type),
                 field("protocolName", &R::protocol_name), field("assignment", &R::assignment));
  }
};

struct SyncGroupRequestAssignment {
  std::string member_id;
  Bytes assignment;
  bool operator==(const SyncGroupRequestAssignment&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = SyncGroupRequestAssignment;
    return visit(field("memberId", &R::member_id), field("assignment", &R::assignment));
  }
};

struct SyncGroupRequest {
  static constexpr std::string_view kName = "kafka.SyncGroupRequest";
  using Response = SyncGroupResponse;
  std::string group_id;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::vector<SyncGroupRequestAssignment> assignments;  // from the leader alone
  bool operator==(const SyncGroupRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = SyncGroupRequest;
    return visit(field("groupId", &R::group_id), field("generationId", &R::generation_id),
                 field("memberId", &R::member_id), field("groupInstanceId", &R::group_instance_id),
                 field("protocolType", &R::protocol_type), field("protocolName", &R::protocol_name),
                 field("assignments", &R::assignments));
  }
};

// ── Heartbeat and LeaveGroup
// ────────────────────────────────────────────────────────────────────────

struct HeartbeatResponse {
  static constexpr std::string_view kName = "kafka.HeartbeatResponse";
  ErrorCode error_code = ErrorCode::None;
  bool operator==(const HeartbeatResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = HeartbeatResponse;
    return visit(field("errorCode", &R::error_code));
  }
};

struct HeartbeatRequest {
  static constexpr std::string_view kName = "kafka.HeartbeatRequest";
  using Response = HeartbeatResponse;
  std::string group_id;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  bool operator==(const HeartbeatRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = HeartbeatRequest;
    return visit(field("groupId", &R::group_id), field("generationId", &R::generation_id),
                 field("memberId", &R::member_id), field("groupInstanceId", &R::group_instance_id));
  }
};

struct MemberResponse {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  ErrorCode error_code = ErrorCode::None;
  bool operator==(const MemberResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = MemberResponse;
    return visit(field("memberId", &R::member_id), field("groupInstanceId", &R::group_instance_id),
                 field("errorCode", &R::error_code));
  }
};

struct LeaveGroupResponse {
  static constexpr std::string_view kName = "kafka.LeaveGroupResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<MemberResponse> members;
  bool operator==(const LeaveGroupResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = LeaveGroupResponse;
    return visit(field("errorCode", &R::error_code), field("members", &R::members));
  }
};

struct MemberIdentity {
  std::string member_id;  // empty: whoever has the instance id (an administrator asks)
  std::optional<std::string> group_instance_id;
  bool operator==(const MemberIdentity&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = MemberIdentity;
    return visit(field("memberId", &R::member_id), field("groupInstanceId", &R::group_instance_id));
  }
};

struct LeaveGroupRequest {
  static constexpr std::string_view kName = "kafka.LeaveGroupRequest";
  using Response = LeaveGroupResponse;
  std::string group_id;
  std::vector<MemberIdentity> members;
  bool operator==(const LeaveGroupRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = LeaveGroupRequest;
    return visit(field("groupId", &R::group_id), field("members", &R::members));
  }
};

// ── Administration
// ──────────────────────────────────────────────────────────────────────────────────

struct DescribedGroupMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string client_id;
  std::string client_host;
  Bytes member_metadata;  // of a stable group, as is the next
  Bytes member_assignment;
  bool operator==(const DescribedGroupMember&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = DescribedGroupMember;
    return visit(field("memberId", &R::member_id), field("groupInstanceId", &R::group_instance_id),
                 field("clientId", &R::client_id), field("clientHost", &R::client_host),
                 field("memberMetadata", &R::member_metadata),
                 field("memberAssignment", &R::member_assignment));
  }
};

struct DescribedGroup {
  ErrorCode error_code = ErrorCode::None;
  std::string group_id;
  std::string group_state;  // "Stable"; "Dead" if there is none
  std::string protocol_type;
  std::string protocol_data;
  std::vector<DescribedGroupMember> members;
  bool operator==(const DescribedGroup&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = DescribedGroup;
    return visit(field("errorCode", &R::error_code), field("groupId", &R::group_id),
                 field("groupState", &R::group_state), field("protocolType", &R::protocol_type),
                 field("protocolData", &R::protocol_data), field("members", &R::members));
  }
};

struct DescribeGroupsResponse {
  static constexpr std::string_view kName = "kafka.DescribeGroupsResponse";
  std::vector<DescribedGroup> groups;
  bool operator==(const DescribeGroupsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = DescribeGroupsResponse;
    return visit(field("groups", &R::groups));
  }
};

struct DescribeGroupsRequest {
  static constexpr std::string_view kName = "kafka.DescribeGroupsRequest";
  using Response = DescribeGroupsResponse;
  std::vector<std::string> groups;
  bool operator==(const DescribeGroupsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = DescribeGroupsRequest;
    return visit(field("groups", &R::groups));
  }
};

struct ListedGroup {
  std::string group_id;
  std::string protocol_type;
  std::string group_state;
  bool operator==(const ListedGroup&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ListedGroup;
    return visit(field("groupId", &R::group_id), field("protocolType", &R::protocol_type),
                 field("groupState", &R::group_state));
  }
};

struct ListGroupsResponse {
  static constexpr std::string_view kName = "kafka.ListGroupsResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<ListedGroup> groups;
  bool operator==(const ListGroupsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ListGroupsResponse;
    return visit(field("errorCode", &R::error_code), field("groups", &R::groups));
  }
};

struct ListGroupsRequest {
  static constexpr std::string_view kName = "kafka.ListGroupsRequest";
  using Response = ListGroupsResponse;
  std::vector<std::string> states_filter;  // empty: all; in any case of letters
  bool operator==(const ListGroupsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ListGroupsRequest;
    return visit(field("statesFilter", &R::states_filter));
  }
};

struct DeletableGroupResult {
  std::string group_id;
  ErrorCode error_code = ErrorCode::None;
  bool operator==(const DeletableGroupResult&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = DeletableGroupResult;
    return visit(field("groupId", &R::group_id), field("errorCode", &R::error_code));
  }
};

struct DeleteGroupsResponse {
  static constexpr std::string_view kName = "kafka.DeleteGroupsResponse";
  std::vector<DeletableGroupResult> results;
  bool operator==(const DeleteGroupsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = DeleteGroupsResponse;
    return visit(field("results", &R::results));
  }
};

struct DeleteGroupsRequest {
  static constexpr std::string_view kName = "kafka.DeleteGroupsRequest";
  using Response = DeleteGroupsResponse;
  std::vector<std::string> groups_names;
  bool operator==(const DeleteGroupsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = DeleteGroupsRequest;
    return visit(field("groupsNames", &R::groups_names));
  }
};

struct OffsetDeleteResponse {
  static constexpr std::string_view kName = "kafka.OffsetDeleteResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<PartitionError> partitions;
  bool operator==(const OffsetDeleteResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = OffsetDeleteResponse;
    return visit(field("errorCode", &R::error_code), field("partitions", &R::partitions));
  }
};

struct OffsetDeleteRequest {
  static constexpr std::string_view kName = "kafka.OffsetDeleteRequest";
  using Response = OffsetDeleteResponse;
  std::string group_id;
  std::vector<TopicPartition> partitions;
  bool operator==(const OffsetDeleteRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = OffsetDeleteRequest;
    return visit(field("groupId", &R::group_id), field("partitions", &R::partitions));
  }
};

}  // namespace sim
