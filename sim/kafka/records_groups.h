#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/described.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/record_fields.h"
#include "sim/kafka/uuid.h"

// The records of `__consumer_offsets`, by Kafka's names, as plain values
// (group-coordinator/src/main/resources/common/message; brokers.md §3.2). Unlike a metadata record
// such a record has a key, which says what it is about and by its version which type it is, and a
// value, or none: then it is a tombstone. Each key and value has one table of its fields
// (sim/kafka/record_fields.h).
//
//   keys    kName, kLowestVersion, kHighestVersion; never flexible
//   values  kHighestVersion (the lowest is 0 for all), kFlexibleSince
//
// A simulated coordinator writes them as they stand here, several in one `GroupRecords`. How they
// look in bytes and as JSON: sim/kafka/disk/group_record_codec.h. What they add up to:
// sim/kafka/disk/groups_image.h.
namespace sim {

// A field that later versions lack again; `until` is the last one that has it.
template <class Struct, class Member>
struct RetiredWireField : WireField<Struct, Member> {
  std::int16_t until;
};
template <class Struct, class Member>
constexpr RetiredWireField<Struct, Member> retired_wire(std::string_view name,
                                                        Member Struct::* member, Wire place,
                                                        std::int16_t until) {
  return {wire(name, member, place), until};
}

// ── Committed offsets ───────────────────────────────────────────────────────────────────────────

struct OffsetCommitKey {
  static constexpr std::string_view kName = "OffsetCommit";
  static constexpr std::int16_t kLowestVersion = 0;
  static constexpr std::int16_t kHighestVersion = 1;
  std::string group;
  std::string topic;
  PartitionId partition{};
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const OffsetCommitKey&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = OffsetCommitKey;
    return visit(wire("group", &R::group), wire("topic", &R::topic),
                 wire("partition", &R::partition));
  }
};

struct OffsetCommitValue {
  static constexpr std::int16_t kHighestVersion = 4;
  static constexpr std::int16_t kFlexibleSince = 4;
  Offset offset{};               // the next one to read
  LeaderEpoch leader_epoch{-1};  // of the record before it; -1: the client did not say
  std::string metadata;
  std::int64_t commit_timestamp = 0;   // ms
  std::int64_t expire_timestamp = -1;  // ms; -1: by offsets.retention.minutes
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const OffsetCommitValue&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = OffsetCommitValue;
    return visit(wire("offset", &R::offset), wire("leaderEpoch", &R::leader_epoch, {.since = 3}),
                 wire("metadata", &R::metadata), wire("commitTimestamp", &R::commit_timestamp),
                 retired_wire("expireTimestamp", &R::expire_timestamp, {.since = 1}, 1));
  }
};

// ── Classic groups ──────────────────────────────────────────────────────────────────────────────

struct GroupMetadataKey {
  static constexpr std::string_view kName = "GroupMetadata";
  static constexpr std::int16_t kLowestVersion = 2;
  static constexpr std::int16_t kHighestVersion = 2;
  std::string group;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const GroupMetadataKey&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = GroupMetadataKey;
    return visit(wire("group", &R::group));
  }
};

// MemberMetadata in the schema.
struct GroupMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;  // of a static member
  std::string client_id;
  std::string client_host;
  std::int32_t rebalance_timeout = -1;  // ms
  std::int32_t session_timeout = 0;     // ms
  Bytes subscription;                   // of consumers a ConsumerProtocolSubscription
  Bytes assignment;                     // of consumers a ConsumerProtocolAssignment
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const GroupMember&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = GroupMember;
    return visit(wire("memberId", &R::member_id),
                 wire("groupInstanceId", &R::group_instance_id, {.since = 3}),
                 wire("clientId", &R::client_id), wire("clientHost", &R::client_host),
                 wire("rebalanceTimeout", &R::rebalance_timeout, {.since = 1}),
                 wire("sessionTimeout", &R::session_timeout),
                 wire("subscription", &R::subscription), wire("assignment", &R::assignment));
  }
};

struct GroupMetadataValue {
  static constexpr std::int16_t kHighestVersion = 4;
  static constexpr std::int16_t kFlexibleSince = 4;
  std::string protocol_type;  // "consumer", "connect", …
  std::int32_t generation = 0;
  std::optional<std::string> protocol;        // the assignor chosen
  std::optional<std::string> leader;          // a member id
  std::int64_t current_state_timestamp = -1;  // ms
  std::vector<GroupMember> members;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const GroupMetadataValue&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = GroupMetadataValue;
    return visit(wire("protocolType", &R::protocol_type), wire("generation", &R::generation),
                 wire("protocol", &R::protocol), wire("leader", &R::leader),
                 wire("currentStateTimestamp", &R::current_state_timestamp, {.since = 2}),
                 wire("members", &R::members));
  }
};

struct AssignedTopic {
  std::string topic;
  std::vector<PartitionId> partitions;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const AssignedTopic&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = AssignedTopic;
    return visit(wire("topic", &R::topic), wire("partitions", &R::partitions));
  }
};

// What a classic consumer tells its group's leader: topics it wants, partitions it has. Its version
// stands before it; never flexible, and a later version only adds at the end.
struct ConsumerProtocolSubscription {
  static constexpr std::int16_t kHighestVersion = 3;
  std::vector<std::string> topics;
  std::optional<Bytes> user_data;
  std::vector<AssignedTopic> owned_partitions;
  std::int32_t generation_id = -1;
  std::optional<std::string> rack_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerProtocolSubscription&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerProtocolSubscription;
    return visit(wire("topics", &R::topics), wire("userData", &R::user_data),
                 wire("ownedPartitions", &R::owned_partitions, {.since = 1}),
                 wire("generationId", &R::generation_id, {.since = 2}),
                 wire("rackId", &R::rack_id, {.since = 3}));
  }
};

// What the leader gives a consumer. As above.
struct ConsumerProtocolAssignment {
  static constexpr std::int16_t kHighestVersion = 3;
  std::vector<AssignedTopic> assigned_partitions;
  std::optional<Bytes> user_data;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerProtocolAssignment&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerProtocolAssignment;
    return visit(wire("assignedPartitions", &R::assigned_partitions),
                 wire("userData", &R::user_data));
  }
};

// ── Groups of the new protocol (KIP-848) ────────────────────────────────────────────────────────

struct TopicIdPartitions {
  Uuid topic_id{};
  std::vector<PartitionId> partitions;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const TopicIdPartitions&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = TopicIdPartitions;
    return visit(wire("topicId", &R::topic_id), wire("partitions", &R::partitions));
  }
};

struct ConsumerGroupMetadataKey {
  static constexpr std::string_view kName = "ConsumerGroupMetadata";
  static constexpr std::int16_t kLowestVersion = 3;
  static constexpr std::int16_t kHighestVersion = 3;
  std::string group_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupMetadataKey&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupMetadataKey;
    return visit(wire("groupId", &R::group_id));
  }
};

struct ConsumerGroupMetadataValue {
  static constexpr std::int16_t kHighestVersion = 0;
  static constexpr std::int16_t kFlexibleSince = 0;
  std::int32_t epoch = 0;  // of the group
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupMetadataValue&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupMetadataValue;
    return visit(wire("epoch", &R::epoch));
  }
};

struct PartitionRacks {
  PartitionId partition{};
  std::vector<std::string> racks;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const PartitionRacks&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = PartitionRacks;
    return visit(wire("partition", &R::partition), wire("racks", &R::racks));
  }
};

// TopicMetadata in the schema.
struct SubscribedTopic {
  Uuid topic_id{};
  std::string topic_name;
  std::int32_t num_partitions = 0;
  std::vector<PartitionRacks> partition_metadata;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const SubscribedTopic&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = SubscribedTopic;
    return visit(wire("topicId", &R::topic_id), wire("topicName", &R::topic_name),
                 wire("numPartitions", &R::num_partitions),
                 wire("partitionMetadata", &R::partition_metadata));
  }
};

struct ConsumerGroupPartitionMetadataKey {
  static constexpr std::string_view kName = "ConsumerGroupPartitionMetadata";
  static constexpr std::int16_t kLowestVersion = 4;
  static constexpr std::int16_t kHighestVersion = 4;
  std::string group_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupPartitionMetadataKey&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupPartitionMetadataKey;
    return visit(wire("groupId", &R::group_id));
  }
};

struct ConsumerGroupPartitionMetadataValue {
  static constexpr std::int16_t kHighestVersion = 0;
  static constexpr std::int16_t kFlexibleSince = 0;
  std::vector<SubscribedTopic> topics;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupPartitionMetadataValue&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupPartitionMetadataValue;
    return visit(wire("topics", &R::topics));
  }
};

struct ClassicProtocol {
  std::string name;
  Bytes metadata;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ClassicProtocol&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ClassicProtocol;
    return visit(wire("name", &R::name), wire("metadata", &R::metadata));
  }
};

// Of a member that still speaks the classic protocol while its group is being upgraded.
struct ClassicMemberMetadata {
  std::int32_t session_timeout_ms = 0;
  std::vector<ClassicProtocol> supported_protocols;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ClassicMemberMetadata&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ClassicMemberMetadata;
    return visit(wire("sessionTimeoutMs", &R::session_timeout_ms),
                 wire("supportedProtocols", &R::supported_protocols));
  }
};

struct ConsumerGroupMemberMetadataKey {
  static constexpr std::string_view kName = "ConsumerGroupMemberMetadata";
  static constexpr std::int16_t kLowestVersion = 5;
  static constexpr std::int16_t kHighestVersion = 5;
  std::string group_id;
  std::string member_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupMemberMetadataKey&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupMemberMetadataKey;
    return visit(wire("groupId", &R::group_id), wire("memberId", &R::member_id));
  }
};

struct ConsumerGroupMemberMetadataValue {
  static constexpr std::int16_t kHighestVersion = 0;
  static constexpr std::int16_t kFlexibleSince = 0;
  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::string client_id;
  std::string client_host;
  std::vector<std::string> subscribed_topic_names;
  std::optional<std::string> subscribed_topic_regex;
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<std::string> server_assignor;
  // Its default in the schema is no string "null", so that for Kafka it is an empty struct, and
  // null is written (MessageDataGenerator).
  std::optional<ClassicMemberMetadata> classic_member_metadata = ClassicMemberMetadata();
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupMemberMetadataValue&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupMemberMetadataValue;
    return visit(wire("instanceId", &R::instance_id), wire("rackId", &R::rack_id),
                 wire("clientId", &R::client_id), wire("clientHost", &R::client_host),
                 wire("subscribedTopicNames", &R::subscribed_topic_names),
                 wire("subscribedTopicRegex", &R::subscribed_topic_regex),
                 wire("rebalanceTimeoutMs", &R::rebalance_timeout_ms),
                 wire("serverAssignor", &R::server_assignor),
                 wire("classicMemberMetadata", &R::classic_member_metadata, {.tag = 0}));
  }
};

struct ConsumerGroupTargetAssignmentMetadataKey {
  static constexpr std::string_view kName = "ConsumerGroupTargetAssignmentMetadata";
  static constexpr std::int16_t kLowestVersion = 6;
  static constexpr std::int16_t kHighestVersion = 6;
  std::string group_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupTargetAssignmentMetadataKey&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupTargetAssignmentMetadataKey;
    return visit(wire("groupId", &R::group_id));
  }
};

struct ConsumerGroupTargetAssignmentMetadataValue {
  static constexpr std::int16_t kHighestVersion = 0;
  static constexpr std::int16_t kFlexibleSince = 0;
  std::int32_t assignment_epoch = 0;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupTargetAssignmentMetadataValue&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupTargetAssignmentMetadataValue;
    return visit(wire("assignmentEpoch", &R::assignment_epoch));
  }
};

struct ConsumerGroupTargetAssignmentMemberKey {
  static constexpr std::string_view kName = "ConsumerGroupTargetAssignmentMember";
  static constexpr std::int16_t kLowestVersion = 7;
  static constexpr std::int16_t kHighestVersion = 7;
  std::string group_id;
  std::string member_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupTargetAssignmentMemberKey&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupTargetAssignmentMemberKey;
    return visit(wire("groupId", &R::group_id), wire("memberId", &R::member_id));
  }
};

struct ConsumerGroupTargetAssignmentMemberValue {
  static constexpr std::int16_t kHighestVersion = 0;
  static constexpr std::int16_t kFlexibleSince = 0;
  std::vector<TopicIdPartitions> topic_partitions;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupTargetAssignmentMemberValue&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupTargetAssignmentMemberValue;
    return visit(wire("topicPartitions", &R::topic_partitions));
  }
};

struct ConsumerGroupCurrentMemberAssignmentKey {
  static constexpr std::string_view kName = "ConsumerGroupCurrentMemberAssignment";
  static constexpr std::int16_t kLowestVersion = 8;
  static constexpr std::int16_t kHighestVersion = 8;
  std::string group_id;
  std::string member_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupCurrentMemberAssignmentKey&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupCurrentMemberAssignmentKey;
    return visit(wire("groupId", &R::group_id), wire("memberId", &R::member_id));
  }
};

// ConsumerGroupMember.MemberState.
enum class MemberState : std::int8_t {
  Stable = 0,
  UnrevokedPartitions = 1,
  UnreleasedPartitions = 2,
  Unknown = 127,
};

struct ConsumerGroupCurrentMemberAssignmentValue {
  static constexpr std::int16_t kHighestVersion = 0;
  static constexpr std::int16_t kFlexibleSince = 0;
  std::int32_t member_epoch = 0;
  std::int32_t previous_member_epoch = 0;
  MemberState state = MemberState::Stable;
  std::vector<TopicIdPartitions> assigned_partitions;
  std::vector<TopicIdPartitions> partitions_pending_revocation;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConsumerGroupCurrentMemberAssignmentValue&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = ConsumerGroupCurrentMemberAssignmentValue;
    return visit(wire("memberEpoch", &R::member_epoch),
                 wire("previousMemberEpoch", &R::previous_member_epoch), wire("state", &R::state),
                 wire("assignedPartitions", &R::assigned_partitions),
                 wire("partitionsPendingRevocation", &R::partitions_pending_revocation));
  }
};

// ── All of them ─────────────────────────────────────────────────────────────────────────────────

template <class KeyT, class ValueT>
struct Keyed {
  using Key = KeyT;
  using Value = ValueT;
  Key key;
  std::optional<Value> value;  // none: a tombstone
  auto operator<=>(const Keyed&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("key", &Keyed::key), field("value", &Keyed::value));
  }
};

using OffsetCommitEntry = Keyed<OffsetCommitKey, OffsetCommitValue>;
using GroupMetadataEntry = Keyed<GroupMetadataKey, GroupMetadataValue>;
using GroupEpochEntry = Keyed<ConsumerGroupMetadataKey, ConsumerGroupMetadataValue>;
using SubscriptionMetadataEntry =
    Keyed<ConsumerGroupPartitionMetadataKey, ConsumerGroupPartitionMetadataValue>;
using MemberEntry = Keyed<ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue>;
using TargetEpochEntry =
    Keyed<ConsumerGroupTargetAssignmentMetadataKey, ConsumerGroupTargetAssignmentMetadataValue>;
using TargetAssignmentEntry =
    Keyed<ConsumerGroupTargetAssignmentMemberKey, ConsumerGroupTargetAssignmentMemberValue>;
using CurrentAssignmentEntry =
    Keyed<ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupCurrentMemberAssignmentValue>;

// In the order of their key versions.
using GroupRecord =
    std::variant<OffsetCommitEntry, GroupMetadataEntry, GroupEpochEntry, SubscriptionMetadataEntry,
                 MemberEntry, TargetEpochEntry, TargetAssignmentEntry, CurrentAssignmentEntry>;

// What a simulated coordinator appends at once: the value of one batch of `__consumer_offsets`.
// Simplified: it takes one offset of the log, whatever the number of records.
struct GroupRecords {
  static constexpr std::string_view kName = "group.Records";
  std::vector<GroupRecord> records;
  bool operator==(const GroupRecords&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("records", &GroupRecords::records));
  }
};

// A record and the versions it is, or was, written in; -1 for the value of a tombstone.
struct VersionedGroupRecord {
  GroupRecord record;
  std::int16_t key_version = 0;
  std::int16_t value_version = -1;
  bool operator==(const VersionedGroupRecord&) const = default;
};

}  // namespace sim
