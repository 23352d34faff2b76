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
#include "sim/kafka/log_batch.h"
#include "sim/kafka/rpc_fetch.h"
#include "sim/kafka/uuid.h"

// The data plane: what producers, consumers and followers say to brokers. Field names are Kafka's.
namespace sim {

// ListOffsets timestamps that are none.
constexpr std::int64_t kLatestTimestamp = -1;
constexpr std::int64_t kEarliestTimestamp = -2;

struct ProducePartition {
  PartitionId index{};
  LogBatch records;  // offsets and leader epoch are the broker's to give
  bool operator==(const ProducePartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("index", &ProducePartition::index),
                 field("records", &ProducePartition::records));
  }
};

struct ProduceTopic {
  std::string name;
  std::vector<ProducePartition> partitions;
  bool operator==(const ProduceTopic&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &ProduceTopic::name),
                 field("partitions", &ProduceTopic::partitions));
  }
};

struct ProducePartitionResponse {
  PartitionId index{};
  ErrorCode error_code = ErrorCode::None;
  Offset base_offset{-1};
  std::optional<LeaderIdAndEpoch> current_leader;
  bool operator==(const ProducePartitionResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("index", &ProducePartitionResponse::index),
                 field("errorCode", &ProducePartitionResponse::error_code),
                 field("baseOffset", &ProducePartitionResponse::base_offset),
                 field("currentLeader", &ProducePartitionResponse::current_leader));
  }
};

struct ProduceTopicResponse {
  std::string name;
  std::vector<ProducePartitionResponse> partitions;
  bool operator==(const ProduceTopicResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &ProduceTopicResponse::name),
                 field("partitions", &ProduceTopicResponse::partitions));
  }
};

struct ProduceResponse {
  static constexpr std::string_view kName = "kafka.ProduceResponse";
  std::vector<ProduceTopicResponse> responses;
  bool operator==(const ProduceResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("responses", &ProduceResponse::responses));
  }
};

struct ProduceRequest {
  static constexpr std::string_view kName = "kafka.ProduceRequest";
  using Response = ProduceResponse;
  std::int16_t acks = -1;
  Duration timeout{};
  std::vector<ProduceTopic> topics;
  std::string transactional_id;  // empty: not in a transaction
  bool operator==(const ProduceRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("acks", &ProduceRequest::acks), field("timeout", &ProduceRequest::timeout),
                 field("topics", &ProduceRequest::topics),
                 sparse_field("transactionalId", &ProduceRequest::transactional_id));
  }
};

struct ListOffsetsPartition {
  TopicPartition topic_partition;
  LeaderEpoch current_leader_epoch{-1};
  std::int64_t timestamp = kLatestTimestamp;
  bool operator==(const ListOffsetsPartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &ListOffsetsPartition::topic_partition),
                 field("currentLeaderEpoch", &ListOffsetsPartition::current_leader_epoch),
                 field("timestamp", &ListOffsetsPartition::timestamp));
  }
};

struct ListOffsetsPartitionResponse {
  TopicPartition topic_partition;
  ErrorCode error_code = ErrorCode::None;
  Offset offset{-1};
  LeaderEpoch leader_epoch{-1};
  bool operator==(const ListOffsetsPartitionResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &ListOffsetsPartitionResponse::topic_partition),
                 field("errorCode", &ListOffsetsPartitionResponse::error_code),
                 field("offset", &ListOffsetsPartitionResponse::offset),
                 field("leaderEpoch", &ListOffsetsPartitionResponse::leader_epoch));
  }
};

struct ListOffsetsResponse {
  static constexpr std::string_view kName = "kafka.ListOffsetsResponse";
  std::vector<ListOffsetsPartitionResponse> partitions;
  bool operator==(const ListOffsetsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitions", &ListOffsetsResponse::partitions));
  }
};

struct ListOffsetsRequest {
  static constexpr std::string_view kName = "kafka.ListOffsetsRequest";
  using Response = ListOffsetsResponse;
  BrokerId replica_id{-1};
  std::vector<ListOffsetsPartition> partitions;
  IsolationLevel isolation_level = IsolationLevel::ReadUncommitted;
  bool operator==(const ListOffsetsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("replicaId", &ListOffsetsRequest::replica_id),
                 field("partitions", &ListOffsetsRequest::partitions),
                 sparse_field("isolationLevel", &ListOffsetsRequest::isolation_level));
  }
};

struct OffsetForLeaderPartition {
  TopicPartition topic_partition;
  LeaderEpoch current_leader_epoch{-1};
  LeaderEpoch leader_epoch{-1};
  bool operator==(const OffsetForLeaderPartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &OffsetForLeaderPartition::topic_partition),
                 field("currentLeaderEpoch", &OffsetForLeaderPartition::current_leader_epoch),
                 field("leaderEpoch", &OffsetForLeaderPartition::leader_epoch));
  }
};

struct OffsetForLeaderPartitionResponse {
  TopicPartition topic_partition;
  ErrorCode error_code = ErrorCode::None;
  EpochEndOffset epoch_end_offset;
  bool operator==(const OffsetForLeaderPartitionResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &OffsetForLeaderPartitionResponse::topic_partition),
                 field("errorCode", &OffsetForLeaderPartitionResponse::error_code),
                 field("epochEndOffset", &OffsetForLeaderPartitionResponse::epoch_end_offset));
  }
};

struct OffsetForLeaderEpochResponse {
  static constexpr std::string_view kName = "kafka.OffsetForLeaderEpochResponse";
  std::vector<OffsetForLeaderPartitionResponse> partitions;
  bool operator==(const OffsetForLeaderEpochResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitions", &OffsetForLeaderEpochResponse::partitions));
  }
};

struct OffsetForLeaderEpochRequest {
  static constexpr std::string_view kName = "kafka.OffsetForLeaderEpochRequest";
  using Response = OffsetForLeaderEpochResponse;
  BrokerId replica_id{-1};
  std::vector<OffsetForLeaderPartition> partitions;
  bool operator==(const OffsetForLeaderEpochRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("replicaId", &OffsetForLeaderEpochRequest::replica_id),
                 field("partitions", &OffsetForLeaderEpochRequest::partitions));
  }
};

struct MetadataBroker {
  BrokerId node_id{-1};
  std::string host;
  std::int32_t port = 0;
  std::optional<std::string> rack;
  bool operator==(const MetadataBroker&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("nodeId", &MetadataBroker::node_id), field("host", &MetadataBroker::host),
                 field("port", &MetadataBroker::port), field("rack", &MetadataBroker::rack));
  }
};

struct MetadataPartition {
  ErrorCode error_code = ErrorCode::None;
  PartitionId partition_index{};
  BrokerId leader_id{-1};
  LeaderEpoch leader_epoch{-1};
  std::vector<BrokerId> replica_nodes;
  std::vector<BrokerId> isr_nodes;
  std::vector<BrokerId> offline_replicas;
  bool operator==(const MetadataPartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &MetadataPartition::error_code),
                 field("partitionIndex", &MetadataPartition::partition_index),
                 field("leaderId", &MetadataPartition::leader_id),
                 field("leaderEpoch", &MetadataPartition::leader_epoch),
                 field("replicaNodes", &MetadataPartition::replica_nodes),
                 field("isrNodes", &MetadataPartition::isr_nodes),
                 field("offlineReplicas", &MetadataPartition::offline_replicas));
  }
};

struct MetadataTopic {
  ErrorCode error_code = ErrorCode::None;
  std::string name;
  Uuid topic_id;
  bool is_internal = false;
  std::vector<MetadataPartition> partitions;
  bool operator==(const MetadataTopic&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &MetadataTopic::error_code),
                 field("name", &MetadataTopic::name), field("topicId", &MetadataTopic::topic_id),
                 field("isInternal", &MetadataTopic::is_internal),
                 field("partitions", &MetadataTopic::partitions));
  }
};

struct MetadataResponse {
  static constexpr std::string_view kName = "kafka.MetadataResponse";
  std::vector<MetadataBroker> brokers;
  std::string cluster_id;
  BrokerId controller_id{-1};
  std::vector<MetadataTopic> topics;
  bool operator==(const MetadataResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("brokers", &MetadataResponse::brokers),
                 field("clusterId", &MetadataResponse::cluster_id),
                 field("controllerId", &MetadataResponse::controller_id),
                 field("topics", &MetadataResponse::topics));
  }
};

struct MetadataRequest {
  static constexpr std::string_view kName = "kafka.MetadataRequest";
  using Response = MetadataResponse;
  std::optional<std::vector<std::string>> topics;  // none: all
  bool allow_auto_topic_creation = false;
  bool operator==(const MetadataRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topics", &MetadataRequest::topics),
                 field("allowAutoTopicCreation", &MetadataRequest::allow_auto_topic_creation));
  }
};

struct InitProducerIdResponse {
  static constexpr std::string_view kName = "kafka.InitProducerIdResponse";
  ErrorCode error_code = ErrorCode::None;
  ProducerId producer_id{-1};
  std::int16_t producer_epoch = -1;
  bool operator==(const InitProducerIdResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &InitProducerIdResponse::error_code),
                 field("producerId", &InitProducerIdResponse::producer_id),
                 field("producerEpoch", &InitProducerIdResponse::producer_epoch));
  }
};

struct InitProducerIdRequest {
  static constexpr std::string_view kName = "kafka.InitProducerIdRequest";
  using Response = InitProducerIdResponse;
  std::string transactional_id;  // empty: idempotent only
  ProducerId producer_id{
      -1};  // KIP-360: the epoch of this one is to be bumped; -1: whatever there is
  std::int16_t producer_epoch = -1;
  Duration transaction_timeout{};  // of a transactional one: transaction.timeout.ms
  bool operator==(const InitProducerIdRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = InitProducerIdRequest;
    return visit(field("transactionalId", &R::transactional_id),
                 field("producerId", &R::producer_id), field("producerEpoch", &R::producer_epoch),
                 sparse_field("transactionTimeout", &R::transaction_timeout));
  }
};

}  // namespace sim
