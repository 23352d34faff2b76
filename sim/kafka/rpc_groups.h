#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/error.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/rpc_control.h"

// Where a group or a transactional id is coordinated, and a group's committed offsets (brokers.md §3). Its members:
// rpc_membership.h.
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

enum class CoordinatorType : std::uint8_t {
  Group,
  Transaction
};
constexpr std::string_view name_of(CoordinatorType type) {
  return type == CoordinatorType::Transaction ? "TRANSACTION" : "GROUP";
}

struct FindCoordinatorRequest {
  static constexpr std::string_view kName = "kafka.FindCoordinatorRequest";
  using Response = FindCoordinatorResponse;
  std::string key;  // group.id, transactional.id
  CoordinatorType key_type = CoordinatorType::Group;
  bool operator==(const FindCoordinatorRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("key", &FindCoordinatorRequest::key),
                 sparse_field("keyType", &FindCoordinatorRequest::key_type));
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
  std::optional<std::string> group_instance_id;  // of a static member
  std::vector<OffsetCommitPartition> partitions;
  bool operator==(const OffsetCommitRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(
        field("groupId", &OffsetCommitRequest::group_id),
        field("generationIdOrMemberEpoch", &OffsetCommitRequest::generation_id_or_member_epoch),
        field("memberId", &OffsetCommitRequest::member_id),
        field("groupInstanceId", &OffsetCommitRequest::group_instance_id),
        field("partitions", &OffsetCommitRequest::partitions));
  }
};

struct OffsetFetchPartition {
  TopicPartition topic_partition;
  ErrorCode error_code = ErrorCode::None;
  Offset committed_offset{-1};
  LeaderEpoch committed_leader_epoch{-1};
  std::string metadata;
  bool operator==(const OffsetFetchPartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &OffsetFetchPartition::topic_partition),
                 field("errorCode", &OffsetFetchPartition::error_code),
                 field("committedOffset", &OffsetFetchPartition::committed_offset),
                 field("committedLeaderEpoch", &OffsetFetchPartition::committed_leader_epoch),
                 field("metadata", &OffsetFetchPartition::metadata));
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

}  // namespace sim
