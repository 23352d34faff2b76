#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/described.h"
#include "sim/base/time.h"
#include "sim/kafka/error.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/rpc_control.h"

// Consumer groups, classic protocol (brokers.md §3).
namespace sim {

struct FindCoordinatorResponse {
  static constexpr std::string_view kName = "kafka.FindCoordinatorResponse";
  ErrorCode error_code = ErrorCode::None;
  BrokerId node_id{-1};
  bool operator==(const FindCoordinatorResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &FindCoordinatorResponse::error_code),
                 field("nodeId", &FindCoordinatorResponse::node_id));
  }
};

struct FindCoordinatorRequest {
  static constexpr std::string_view kName = "kafka.FindCoordinatorRequest";
  using Response = FindCoordinatorResponse;
  std::string key;  // group.id
  bool operator==(const FindCoordinatorRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("key", &FindCoordinatorRequest::key));
  }
};

struct OffsetCommitPartition {
  TopicPartition topic_partition;
  Offset committed_offset{};  // the next to read
  LeaderEpoch committed_leader_epoch{-1};
  std::string committed_metadata;
  bool operator==(const OffsetCommitPartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &OffsetCommitPartition::topic_partition),
                 field("committedOffset", &OffsetCommitPartition::committed_offset),
                 field("committedLeaderEpoch", &OffsetCommitPartition::committed_leader_epoch),
                 field("committedMetadata", &OffsetCommitPartition::committed_metadata));
  }
};

struct OffsetCommitResponse {
  static constexpr std::string_view kName = "kafka.OffsetCommitResponse";
  std::vector<PartitionError> partitions;
  bool operator==(const OffsetCommitResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitions", &OffsetCommitResponse::partitions));
  }
};

struct OffsetCommitRequest {
  static constexpr std::string_view kName = "kafka.OffsetCommitRequest";
  using Response = OffsetCommitResponse;
  std::string group_id;
  std::int32_t generation_id_or_member_epoch = -1;  // -1: a group without members commits by hand
  std::string member_id;
  std::vector<OffsetCommitPartition> partitions;
  bool operator==(const OffsetCommitRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(
        field("groupId", &OffsetCommitRequest::group_id),
        field("generationIdOrMemberEpoch", &OffsetCommitRequest::generation_id_or_member_epoch),
        field("memberId", &OffsetCommitRequest::member_id),
        field("partitions", &OffsetCommitRequest::partitions));
  }
};

struct OffsetFetchPartition {
  TopicPartition topic_partition;
  ErrorCode error_code = ErrorCode::None;
  Offset committed_offset{-1};
  LeaderEpoch committed_leader_epoch{-1};
  bool operator==(const OffsetFetchPartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &OffsetFetchPartition::topic_partition),
                 field("errorCode", &OffsetFetchPartition::error_code),
                 field("committedOffset", &OffsetFetchPartition::committed_offset),
                 field("committedLeaderEpoch", &OffsetFetchPartition::committed_leader_epoch));
  }
};

struct OffsetFetchResponse {
  static constexpr std::string_view kName = "kafka.OffsetFetchResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<OffsetFetchPartition> partitions;
  bool operator==(const OffsetFetchResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &OffsetFetchResponse::error_code),
                 field("partitions", &OffsetFetchResponse::partitions));
  }
};

struct OffsetFetchRequest {
  static constexpr std::string_view kName = "kafka.OffsetFetchRequest";
  using Response = OffsetFetchResponse;
  std::string group_id;
  std::optional<std::vector<TopicPartition>> partitions;  // none: all of the group
  bool require_stable = true;
  bool operator==(const OffsetFetchRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("groupId", &OffsetFetchRequest::group_id),
                 field("partitions", &OffsetFetchRequest::partitions),
                 field("requireStable", &OffsetFetchRequest::require_stable));
  }
};

struct JoinGroupMember {
  std::string member_id;
  std::vector<std::string> subscription;
  bool operator==(const JoinGroupMember&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("memberId", &JoinGroupMember::member_id),
                 field("subscription", &JoinGroupMember::subscription));
  }
};

struct JoinGroupResponse {
  static constexpr std::string_view kName = "kafka.JoinGroupResponse";
  ErrorCode error_code = ErrorCode::None;
  std::int32_t generation_id = -1;
  std::string leader;
  std::string member_id;
  std::vector<JoinGroupMember> members;  // for the leader alone
  bool operator==(const JoinGroupResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &JoinGroupResponse::error_code),
                 field("generationId", &JoinGroupResponse::generation_id),
                 field("leader", &JoinGroupResponse::leader),
                 field("memberId", &JoinGroupResponse::member_id),
                 field("members", &JoinGroupResponse::members));
  }
};

struct JoinGroupRequest {
  static constexpr std::string_view kName = "kafka.JoinGroupRequest";
  using Response = JoinGroupResponse;
  std::string group_id;
  Duration session_timeout{};
  Duration rebalance_timeout{};
  std::string member_id;  // empty: a new member
  std::vector<std::string> subscription;
  bool operator==(const JoinGroupRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("groupId", &JoinGroupRequest::group_id),
                 field("sessionTimeout", &JoinGroupRequest::session_timeout),
                 field("rebalanceTimeout", &JoinGroupRequest::rebalance_timeout),
                 field("memberId", &JoinGroupRequest::member_id),
                 field("subscription", &JoinGroupRequest::subscription));
  }
};

struct MemberAssignment {
  std::string member_id;
  std::vector<TopicPartition> partitions;
  bool operator==(const MemberAssignment&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("memberId", &MemberAssignment::member_id),
                 field("partitions", &MemberAssignment::partitions));
  }
};

struct SyncGroupResponse {
  static constexpr std::string_view kName = "kafka.SyncGroupResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<TopicPartition> assignment;
  bool operator==(const SyncGroupResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &SyncGroupResponse::error_code),
                 field("assignment", &SyncGroupResponse::assignment));
  }
};

struct SyncGroupRequest {
  static constexpr std::string_view kName = "kafka.SyncGroupRequest";
  using Response = SyncGroupResponse;
  std::string group_id;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::vector<MemberAssignment> assignments;  // from the leader alone
  bool operator==(const SyncGroupRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("groupId", &SyncGroupRequest::group_id),
                 field("generationId", &SyncGroupRequest::generation_id),
                 field("memberId", &SyncGroupRequest::member_id),
                 field("assignments", &SyncGroupRequest::assignments));
  }
};

struct HeartbeatResponse {
  static constexpr std::string_view kName = "kafka.HeartbeatResponse";
  ErrorCode error_code = ErrorCode::None;
  bool operator==(const HeartbeatResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &HeartbeatResponse::error_code));
  }
};

struct HeartbeatRequest {
  static constexpr std::string_view kName = "kafka.HeartbeatRequest";
  using Response = HeartbeatResponse;
  std::string group_id;
  std::int32_t generation_id = -1;
  std::string member_id;
  bool operator==(const HeartbeatRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("groupId", &HeartbeatRequest::group_id),
                 field("generationId", &HeartbeatRequest::generation_id),
                 field("memberId", &HeartbeatRequest::member_id));
  }
};

struct LeaveGroupResponse {
  static constexpr std::string_view kName = "kafka.LeaveGroupResponse";
  ErrorCode error_code = ErrorCode::None;
  bool operator==(const LeaveGroupResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &LeaveGroupResponse::error_code));
  }
};

struct LeaveGroupRequest {
  static constexpr std::string_view kName = "kafka.LeaveGroupRequest";
  using Response = LeaveGroupResponse;
  std::string group_id;
  std::string member_id;
  bool operator==(const LeaveGroupRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("groupId", &LeaveGroupRequest::group_id),
                 field("memberId", &LeaveGroupRequest::member_id));
  }
};

}  // namespace sim
