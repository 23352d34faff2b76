#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/error.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/log_batch.h"

// What brokers and clients say of themselves, for traces, checkers, coverage and fault plans
// ("crash on broker.BecameLeader 3"); each with the rule that it follows.
namespace sim {

// The broker leads the partition in a new leader epoch, from this log end on.
struct BrokerBecameLeader {
  static constexpr std::string_view kName = "broker.BecameLeader";
  static constexpr std::string_view kRule = "brokers.md §1.9";
  BrokerId broker{-1};
  TopicPartition topic_partition;
  LeaderEpoch leader_epoch{};
  PartitionEpoch partition_epoch{};
  std::vector<BrokerId> isr;
  Offset log_end{};
  Offset high_watermark{};
  bool operator==(const BrokerBecameLeader&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("broker", &BrokerBecameLeader::broker),
                 field("topicPartition", &BrokerBecameLeader::topic_partition),
                 field("leaderEpoch", &BrokerBecameLeader::leader_epoch),
                 field("partitionEpoch", &BrokerBecameLeader::partition_epoch),
                 field("isr", &BrokerBecameLeader::isr),
                 field("logEnd", &BrokerBecameLeader::log_end),
                 field("highWatermark", &BrokerBecameLeader::high_watermark));
  }
};

// The broker follows, or knows of no leader, in a new leader epoch.
struct BrokerBecameFollower {
  static constexpr std::string_view kName = "broker.BecameFollower";
  static constexpr std::string_view kRule = "brokers.md §1.9";
  BrokerId broker{-1};
  TopicPartition topic_partition;
  LeaderEpoch leader_epoch{};
  PartitionEpoch partition_epoch{};
  BrokerId leader{-1};  // -1: nobody leads
  bool operator==(const BrokerBecameFollower&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("broker", &BrokerBecameFollower::broker),
                 field("topicPartition", &BrokerBecameFollower::topic_partition),
                 field("leaderEpoch", &BrokerBecameFollower::leader_epoch),
                 field("partitionEpoch", &BrokerBecameFollower::partition_epoch),
                 field("leader", &BrokerBecameFollower::leader));
  }
};

// The ports of a broker in KRaft mode are open: what it leads can be asked for from now on.
struct RequestProcessingEnabled {
  static constexpr std::string_view kName = "broker.RequestProcessingEnabled";
  static constexpr std::string_view kRule = "kraft.md §4.1";
  BrokerId broker{-1};
  bool operator==(const RequestProcessingEnabled&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("broker", &RequestProcessingEnabled::broker));
  }
};

// The controller accepted that followers left the ISR.
struct IsrShrunk {
  static constexpr std::string_view kName = "broker.IsrShrunk";
  static constexpr std::string_view kRule = "brokers.md §1.5";
  BrokerId broker{-1};
  TopicPartition topic_partition;
  LeaderEpoch leader_epoch{};
  PartitionEpoch partition_epoch{};
  std::vector<BrokerId> isr;
  bool operator==(const IsrShrunk&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(
        field("broker", &IsrShrunk::broker), field("topicPartition", &IsrShrunk::topic_partition),
        field("leaderEpoch", &IsrShrunk::leader_epoch),
        field("partitionEpoch", &IsrShrunk::partition_epoch), field("isr", &IsrShrunk::isr));
  }
};

// The controller accepted that a follower joined the ISR.
struct IsrExpanded {
  static constexpr std::string_view kName = "broker.IsrExpanded";
  static constexpr std::string_view kRule = "brokers.md §1.5";
  BrokerId broker{-1};
  TopicPartition topic_partition;
  LeaderEpoch leader_epoch{};
  PartitionEpoch partition_epoch{};
  std::vector<BrokerId> isr;
  bool operator==(const IsrExpanded&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("broker", &IsrExpanded::broker),
                 field("topicPartition", &IsrExpanded::topic_partition),
                 field("leaderEpoch", &IsrExpanded::leader_epoch),
                 field("partitionEpoch", &IsrExpanded::partition_epoch),
                 field("isr", &IsrExpanded::isr));
  }
};

// A follower dropped the end of its log, which its leader does not have.
struct ReplicaTruncated {
  static constexpr std::string_view kName = "broker.Truncated";
  static constexpr std::string_view kRule = "brokers.md §1.8";
  BrokerId broker{-1};
  TopicPartition topic_partition;
  Offset from{};  // the log end before
  Offset to{};
  bool operator==(const ReplicaTruncated&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("broker", &ReplicaTruncated::broker),
                 field("topicPartition", &ReplicaTruncated::topic_partition),
                 field("from", &ReplicaTruncated::from), field("to", &ReplicaTruncated::to));
  }
};

// A replica was stopped, and its log perhaps deleted or set aside.
struct ReplicaStopped {
  static constexpr std::string_view kName = "broker.ReplicaStopped";
  static constexpr std::string_view kRule = "migration.md §5.6";
  BrokerId broker{-1};
  TopicPartition topic_partition;
  bool deleted = false;
  bool stray = false;  // absent from a full LeaderAndIsr, or of another topic id
  bool operator==(const ReplicaStopped&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("broker", &ReplicaStopped::broker),
                 field("topicPartition", &ReplicaStopped::topic_partition),
                 field("deleted", &ReplicaStopped::deleted),
                 field("stray", &ReplicaStopped::stray));
  }
};

// The coordinator has read a partition of `__consumer_offsets`: its groups are answered from now on.
struct GroupsLoaded {
  static constexpr std::string_view kName = "broker.GroupsLoaded";
  static constexpr std::string_view kRule = "brokers.md §3.5";
  BrokerId broker{-1};
  PartitionId partition{};
  LeaderEpoch leader_epoch{};
  bool operator==(const GroupsLoaded&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("broker", &GroupsLoaded::broker),
                 field("partition", &GroupsLoaded::partition),
                 field("leaderEpoch", &GroupsLoaded::leader_epoch));
  }
};

// The coordinator took a commit to be one of the group's present generation, or of a group without
// members; it is on its way to the log.
struct OffsetCommitAccepted {
  static constexpr std::string_view kName = "broker.OffsetCommitAccepted";
  static constexpr std::string_view kRule = "brokers.md §3.4";
  BrokerId broker{-1};
  std::string group;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  bool operator==(const OffsetCommitAccepted&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = OffsetCommitAccepted;
    return visit(field("broker", &N::broker), field("group", &N::group),
                 field("generationId", &N::generation_id), field("memberId", &N::member_id),
                 field("groupInstanceId", &N::group_instance_id));
  }
};

// Offsets expired, were deleted, or went with their topic: nobody is promised them any more.
struct CommittedOffsetsRemoved {
  static constexpr std::string_view kName = "broker.CommittedOffsetsRemoved";
  static constexpr std::string_view kRule = "brokers.md §3.7";
  BrokerId broker{-1};
  std::string group;
  std::vector<TopicPartition> partitions;
  bool operator==(const CommittedOffsetsRemoved&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = CommittedOffsetsRemoved;
    return visit(field("broker", &N::broker), field("group", &N::group),
                 field("partitions", &N::partitions));
  }
};

// A generation begins: its members are told, and its leader is to assign.
struct GroupGenerationBegan {
  static constexpr std::string_view kName = "broker.GroupGenerationBegan";
  static constexpr std::string_view kRule = "brokers.md §3.3";
  BrokerId broker{-1};
  std::string group;
  std::int32_t generation_id = 0;
  std::vector<std::string> members;  // none: the group is empty
  bool operator==(const GroupGenerationBegan&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = GroupGenerationBegan;
    return visit(field("broker", &N::broker), field("group", &N::group),
                 field("generationId", &N::generation_id), field("members", &N::members));
  }
};

// A request of a controller of the past, or meant for a former life of the broker.
struct ControlRequestRefused {
  static constexpr std::string_view kName = "broker.ControlRequestRefused";
  static constexpr std::string_view kRule = "migration.md §5.5";
  BrokerId broker{-1};
  std::string request;
  ErrorCode error = ErrorCode::None;
  ControllerEpoch controller_epoch{};  // of the request
  ControllerEpoch known_epoch{};
  bool operator==(const ControlRequestRefused&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("broker", &ControlRequestRefused::broker),
                 field("request", &ControlRequestRefused::request),
                 field("error", &ControlRequestRefused::error),
                 field("controllerEpoch", &ControlRequestRefused::controller_epoch),
                 field("knownEpoch", &ControlRequestRefused::known_epoch));
  }
};

// UpdateMetadata named another controller than before.
struct CachedControllerChanged {
  static constexpr std::string_view kName = "broker.CachedControllerChanged";
  static constexpr std::string_view kRule = "migration.md §5.5";
  BrokerId broker{-1};
  BrokerId controller{-1};
  bool is_kraft_controller = false;
  bool operator==(const CachedControllerChanged&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("broker", &CachedControllerChanged::broker),
                 field("controller", &CachedControllerChanged::controller),
                 field("isKRaftController", &CachedControllerChanged::is_kraft_controller));
  }
};

// A producer heard that its records (acks=all) are committed at these offsets.
struct ClientAcknowledged {
  static constexpr std::string_view kName = "client.Acknowledged";
  static constexpr std::string_view kRule = "brokers.md §6.1";
  std::string client;
  TopicPartition topic_partition;
  LeaderEpoch leader_epoch{-1};  // as the producer knew it when it sent
  Offset base_offset{};
  std::int32_t count = 0;
  RecordToken first_token{};
  bool operator==(const ClientAcknowledged&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("client", &ClientAcknowledged::client),
                 field("topicPartition", &ClientAcknowledged::topic_partition),
                 field("leaderEpoch", &ClientAcknowledged::leader_epoch),
                 field("baseOffset", &ClientAcknowledged::base_offset),
                 field("count", &ClientAcknowledged::count),
                 field("firstToken", &ClientAcknowledged::first_token));
  }
};

// A consumer read these records.
struct ClientConsumed {
  static constexpr std::string_view kName = "client.Consumed";
  static constexpr std::string_view kRule = "brokers.md §6.1";
  std::string group;
  TopicPartition topic_partition;
  Offset base_offset{};
  std::int32_t count = 0;
  RecordToken first_token{};
  BrokerId leader{-1};  // which served them
  bool operator==(const ClientConsumed&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("group", &ClientConsumed::group),
                 field("topicPartition", &ClientConsumed::topic_partition),
                 field("baseOffset", &ClientConsumed::base_offset),
                 field("count", &ClientConsumed::count),
                 field("firstToken", &ClientConsumed::first_token),
                 field("leader", &ClientConsumed::leader));
  }
};

// A group heard that its position is committed.
struct ClientCommitted {
  static constexpr std::string_view kName = "client.Committed";
  static constexpr std::string_view kRule = "brokers.md §6.1";
  std::string group;
  TopicPartition topic_partition;
  Offset offset{};  // the next to read
  BrokerId coordinator{-1};
  bool operator==(const ClientCommitted&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("group", &ClientCommitted::group),
                 field("topicPartition", &ClientCommitted::topic_partition),
                 field("offset", &ClientCommitted::offset),
                 field("coordinator", &ClientCommitted::coordinator));
  }
};

// A group that starts or starts anew asked where to go on.
struct ClientFetchedOffset {
  static constexpr std::string_view kName = "client.FetchedOffset";
  static constexpr std::string_view kRule = "brokers.md §6.4 P13";
  std::string group;
  TopicPartition topic_partition;
  Offset offset{-1};  // -1: the coordinator knows none
  bool operator==(const ClientFetchedOffset&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("group", &ClientFetchedOffset::group),
                 field("topicPartition", &ClientFetchedOffset::topic_partition),
                 field("offset", &ClientFetchedOffset::offset));
  }
};

// A request failed in a way that is retried.
struct ClientWaits {
  static constexpr std::string_view kName = "client.Waits";
  static constexpr std::string_view kRule = "brokers.md §2.2";
  std::string client;
  TopicPartition topic_partition;
  ErrorCode error = ErrorCode::None;
  bool operator==(const ClientWaits&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("client", &ClientWaits::client),
                 field("topicPartition", &ClientWaits::topic_partition),
                 field("error", &ClientWaits::error));
  }
};

}  // namespace sim
