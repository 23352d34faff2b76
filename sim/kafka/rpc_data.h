#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/base/described.h"
#include "sim/base/time.h"
#include "sim/kafka/error.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/log_batch.h"
#include "sim/kafka/uuid.h"

// The data plane: what producers, consumers and followers say to brokers. Field names are Kafka's.
namespace sim {

// FetchRequest.replicaId of a consumer, and ListOffsets timestamps that are none.
constexpr BrokerId kConsumerReplica{-1};
constexpr std::int64_t kLatestTimestamp = -1;
constexpr std::int64_t kEarliestTimestamp = -2;

struct FetchPartition {
  PartitionId partition{};
  LeaderEpoch current_leader_epoch{-1};  // -1: do not check (old consumers)
  Offset fetch_offset{};
  LeaderEpoch last_fetched_epoch{-1};  // of the last batch in the follower's log; -1: none
  Offset log_start_offset{-1};         // the follower's own
  bool operator==(const FetchPartition&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("partition", &FetchPartition::partition),
                      field("currentLeaderEpoch", &FetchPartition::current_leader_epoch),
                      field("fetchOffset", &FetchPartition::fetch_offset),
                      field("lastFetchedEpoch", &FetchPartition::last_fetched_epoch),
                      field("logStartOffset", &FetchPartition::log_start_offset)};
  }
};

struct FetchTopic {
  std::string topic;
  Uuid topic_id;
  std::vector<FetchPartition> partitions;
  bool operator==(const FetchTopic&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("topic", &FetchTopic::topic), field("topicId", &FetchTopic::topic_id),
                      field("partitions", &FetchTopic::partitions)};
  }
};

// Where the fetcher's log parts from the leader's (KIP-595, KIP-320): the largest epoch not above
// the one asked for, and its end offset.
struct EpochEndOffset {
  LeaderEpoch epoch{-1};
  Offset end_offset{-1};
  bool operator==(const EpochEndOffset&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("epoch", &EpochEndOffset::epoch),
                      field("endOffset", &EpochEndOffset::end_offset)};
  }
};

// KIP-951: with NotLeaderOrFollower and FencedLeaderEpoch, where to go instead.
struct LeaderIdAndEpoch {
  BrokerId leader_id{-1};
  LeaderEpoch leader_epoch{-1};
  bool operator==(const LeaderIdAndEpoch&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("leaderId", &LeaderIdAndEpoch::leader_id),
                      field("leaderEpoch", &LeaderIdAndEpoch::leader_epoch)};
  }
};

struct FetchPartitionData {
  PartitionId partition_index{};
  ErrorCode error_code = ErrorCode::None;
  Offset high_watermark{-1};
  Offset log_start_offset{-1};
  std::optional<EpochEndOffset> diverging_epoch;
  std::optional<LeaderIdAndEpoch> current_leader;
  std::vector<LogBatch> records;
  bool operator==(const FetchPartitionData&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("partitionIndex", &FetchPartitionData::partition_index),
                      field("errorCode", &FetchPartitionData::error_code),
                      field("highWatermark", &FetchPartitionData::high_watermark),
                      field("logStartOffset", &FetchPartitionData::log_start_offset),
                      field("divergingEpoch", &FetchPartitionData::diverging_epoch),
                      field("currentLeader", &FetchPartitionData::current_leader),
                      field("records", &FetchPartitionData::records)};
  }
};

struct FetchTopicResponse {
  std::string topic;
  Uuid topic_id;
  std::vector<FetchPartitionData> partitions;
  bool operator==(const FetchTopicResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("topic", &FetchTopicResponse::topic),
                      field("topicId", &FetchTopicResponse::topic_id),
                      field("partitions", &FetchTopicResponse::partitions)};
  }
};

struct FetchResponse {
  static constexpr std::string_view kName = "kafka.FetchResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<FetchTopicResponse> responses;
  bool operator==(const FetchResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("errorCode", &FetchResponse::error_code),
                      field("responses", &FetchResponse::responses)};
  }
};

struct FetchRequest {
  static constexpr std::string_view kName = "kafka.FetchRequest";
  using Response = FetchResponse;
  BrokerId replica_id{-1};        // kConsumerReplica, or the follower
  BrokerEpoch replica_epoch{-1};  // KIP-903; -1 from a ZooKeeper-mode broker
  Duration max_wait{};
  std::int32_t min_records = 1;  // stands for minBytes: records are counted, not weighed
  std::int32_t max_records = 0;  // of one partition; stands for maxBytes
  std::vector<FetchTopic> topics;
  bool operator==(const FetchRequest&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("replicaId", &FetchRequest::replica_id),
                      field("replicaEpoch", &FetchRequest::replica_epoch),
                      field("maxWait", &FetchRequest::max_wait),
                      field("minRecords", &FetchRequest::min_records),
                      field("maxRecords", &FetchRequest::max_records),
                      field("topics", &FetchRequest::topics)};
  }
};

struct ProducePartition {
  PartitionId index{};
  LogBatch records;  // offsets and leader epoch are the broker's to give
  bool operator==(const ProducePartition&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("index", &ProducePartition::index),
                      field("records", &ProducePartition::records)};
  }
};

struct ProduceTopic {
  std::string name;
  std::vector<ProducePartition> partitions;
  bool operator==(const ProduceTopic&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("name", &ProduceTopic::name),
                      field("partitions", &ProduceTopic::partitions)};
  }
};

struct ProducePartitionResponse {
  PartitionId index{};
  ErrorCode error_code = ErrorCode::None;
  Offset base_offset{-1};
  std::optional<LeaderIdAndEpoch> current_leader;
  bool operator==(const ProducePartitionResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("index", &ProducePartitionResponse::index),
                      field("errorCode", &ProducePartitionResponse::error_code),
                      field("baseOffset", &ProducePartitionResponse::base_offset),
                      field("currentLeader", &ProducePartitionResponse::current_leader)};
  }
};

struct ProduceTopicResponse {
  std::string name;
  std::vector<ProducePartitionResponse> partitions;
  bool operator==(const ProduceTopicResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("name", &ProduceTopicResponse::name),
                      field("partitions", &ProduceTopicResponse::partitions)};
  }
};

struct ProduceResponse {
  static constexpr std::string_view kName = "kafka.ProduceResponse";
  std::vector<ProduceTopicResponse> responses;
  bool operator==(const ProduceResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("responses", &ProduceResponse::responses)};
  }
};

struct ProduceRequest {
  static constexpr std::string_view kName = "kafka.ProduceRequest";
  using Response = ProduceResponse;
  std::int16_t acks = -1;
  Duration timeout{};
  std::vector<ProduceTopic> topics;
  bool operator==(const ProduceRequest&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("acks", &ProduceRequest::acks),
                      field("timeout", &ProduceRequest::timeout),
                      field("topics", &ProduceRequest::topics)};
  }
};

struct ListOffsetsPartition {
  TopicPartition topic_partition;
  LeaderEpoch current_leader_epoch{-1};
  std::int64_t timestamp = kLatestTimestamp;
  bool operator==(const ListOffsetsPartition&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("topicPartition", &ListOffsetsPartition::topic_partition),
                      field("currentLeaderEpoch", &ListOffsetsPartition::current_leader_epoch),
                      field("timestamp", &ListOffsetsPartition::timestamp)};
  }
};

struct ListOffsetsPartitionResponse {
  TopicPartition topic_partition;
  ErrorCode error_code = ErrorCode::None;
  Offset offset{-1};
  LeaderEpoch leader_epoch{-1};
  bool operator==(const ListOffsetsPartitionResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("topicPartition", &ListOffsetsPartitionResponse::topic_partition),
                      field("errorCode", &ListOffsetsPartitionResponse::error_code),
                      field("offset", &ListOffsetsPartitionResponse::offset),
                      field("leaderEpoch", &ListOffsetsPartitionResponse::leader_epoch)};
  }
};

struct ListOffsetsResponse {
  static constexpr std::string_view kName = "kafka.ListOffsetsResponse";
  std::vector<ListOffsetsPartitionResponse> partitions;
  bool operator==(const ListOffsetsResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("partitions", &ListOffsetsResponse::partitions)};
  }
};

struct ListOffsetsRequest {
  static constexpr std::string_view kName = "kafka.ListOffsetsRequest";
  using Response = ListOffsetsResponse;
  BrokerId replica_id{-1};
  std::vector<ListOffsetsPartition> partitions;
  bool operator==(const ListOffsetsRequest&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("replicaId", &ListOffsetsRequest::replica_id),
                      field("partitions", &ListOffsetsRequest::partitions)};
  }
};

struct OffsetForLeaderPartition {
  TopicPartition topic_partition;
  LeaderEpoch current_leader_epoch{-1};
  LeaderEpoch leader_epoch{-1};
  bool operator==(const OffsetForLeaderPartition&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("topicPartition", &OffsetForLeaderPartition::topic_partition),
                      field("currentLeaderEpoch", &OffsetForLeaderPartition::current_leader_epoch),
                      field("leaderEpoch", &OffsetForLeaderPartition::leader_epoch)};
  }
};

struct OffsetForLeaderPartitionResponse {
  TopicPartition topic_partition;
  ErrorCode error_code = ErrorCode::None;
  EpochEndOffset epoch_end_offset;
  bool operator==(const OffsetForLeaderPartitionResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("topicPartition", &OffsetForLeaderPartitionResponse::topic_partition),
                      field("errorCode", &OffsetForLeaderPartitionResponse::error_code),
                      field("epochEndOffset", &OffsetForLeaderPartitionResponse::epoch_end_offset)};
  }
};

struct OffsetForLeaderEpochResponse {
  static constexpr std::string_view kName = "kafka.OffsetForLeaderEpochResponse";
  std::vector<OffsetForLeaderPartitionResponse> partitions;
  bool operator==(const OffsetForLeaderEpochResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("partitions", &OffsetForLeaderEpochResponse::partitions)};
  }
};

struct OffsetForLeaderEpochRequest {
  static constexpr std::string_view kName = "kafka.OffsetForLeaderEpochRequest";
  using Response = OffsetForLeaderEpochResponse;
  BrokerId replica_id{-1};
  std::vector<OffsetForLeaderPartition> partitions;
  bool operator==(const OffsetForLeaderEpochRequest&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("replicaId", &OffsetForLeaderEpochRequest::replica_id),
                      field("partitions", &OffsetForLeaderEpochRequest::partitions)};
  }
};

struct MetadataBroker {
  BrokerId node_id{-1};
  std::string host;
  std::int32_t port = 0;
  std::optional<std::string> rack;
  bool operator==(const MetadataBroker&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("nodeId", &MetadataBroker::node_id),
                      field("host", &MetadataBroker::host), field("port", &MetadataBroker::port),
                      field("rack", &MetadataBroker::rack)};
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
  static constexpr auto fields() {
    return std::tuple{field("errorCode", &MetadataPartition::error_code),
                      field("partitionIndex", &MetadataPartition::partition_index),
                      field("leaderId", &MetadataPartition::leader_id),
                      field("leaderEpoch", &MetadataPartition::leader_epoch),
                      field("replicaNodes", &MetadataPartition::replica_nodes),
                      field("isrNodes", &MetadataPartition::isr_nodes),
                      field("offlineReplicas", &MetadataPartition::offline_replicas)};
  }
};

struct MetadataTopic {
  ErrorCode error_code = ErrorCode::None;
  std::string name;
  Uuid topic_id;
  bool is_internal = false;
  std::vector<MetadataPartition> partitions;
  bool operator==(const MetadataTopic&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("errorCode", &MetadataTopic::error_code),
                      field("name", &MetadataTopic::name),
                      field("topicId", &MetadataTopic::topic_id),
                      field("isInternal", &MetadataTopic::is_internal),
                      field("partitions", &MetadataTopic::partitions)};
  }
};

struct MetadataResponse {
  static constexpr std::string_view kName = "kafka.MetadataResponse";
  std::vector<MetadataBroker> brokers;
  std::string cluster_id;
  BrokerId controller_id{-1};
  std::vector<MetadataTopic> topics;
  bool operator==(const MetadataResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("brokers", &MetadataResponse::brokers),
                      field("clusterId", &MetadataResponse::cluster_id),
                      field("controllerId", &MetadataResponse::controller_id),
                      field("topics", &MetadataResponse::topics)};
  }
};

struct MetadataRequest {
  static constexpr std::string_view kName = "kafka.MetadataRequest";
  using Response = MetadataResponse;
  std::optional<std::vector<std::string>> topics;  // none: all
  bool allow_auto_topic_creation = false;
  bool operator==(const MetadataRequest&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("topics", &MetadataRequest::topics),
                      field("allowAutoTopicCreation", &MetadataRequest::allow_auto_topic_creation)};
  }
};

struct InitProducerIdResponse {
  static constexpr std::string_view kName = "kafka.InitProducerIdResponse";
  ErrorCode error_code = ErrorCode::None;
  ProducerId producer_id{-1};
  std::int16_t producer_epoch = -1;
  bool operator==(const InitProducerIdResponse&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("errorCode", &InitProducerIdResponse::error_code),
                      field("producerId", &InitProducerIdResponse::producer_id),
                      field("producerEpoch", &InitProducerIdResponse::producer_epoch)};
  }
};

struct InitProducerIdRequest {
  static constexpr std::string_view kName = "kafka.InitProducerIdRequest";
  using Response = InitProducerIdResponse;
  std::string transactional_id;  // empty: idempotent only
  ProducerId producer_id{-1};
  std::int16_t producer_epoch = -1;
  bool operator==(const InitProducerIdRequest&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("transactionalId", &InitProducerIdRequest::transactional_id),
                      field("producerId", &InitProducerIdRequest::producer_id),
                      field("producerEpoch", &InitProducerIdRequest::producer_epoch)};
  }
};

}  // namespace sim
