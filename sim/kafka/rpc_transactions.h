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
#include "sim/kafka/rpc_groups.h"

// What a transactional producer says to its coordinator and to its consumers' one, partition leaders to a coordinator
// (KIP-890), and a coordinator to partition leaders (brokers.md §2.4, §2.5). InitProducerId: rpc_data.h.
namespace sim {

// Which of a producer's requests, and which attempt at a transaction.
struct ProducerIdAndEpoch {
  ProducerId producer_id{-1};
  std::int16_t epoch = -1;
  auto operator<=>(const ProducerIdAndEpoch&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("producerId", &ProducerIdAndEpoch::producer_id),
                 field("epoch", &ProducerIdAndEpoch::epoch));
  }
};

enum class TransactionResult : std::uint8_t {
  Abort,
  Commit
};
constexpr std::string_view name_of(TransactionResult result) {
  return result == TransactionResult::Commit ? "COMMIT" : "ABORT";
}

struct AddPartitionsToTxnResponse {
  static constexpr std::string_view kName = "kafka.AddPartitionsToTxnResponse";
  std::vector<PartitionError> results;
  bool operator==(const AddPartitionsToTxnResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("results", &AddPartitionsToTxnResponse::results));
  }
};

// Simplified: a broker that verifies asks about one transaction a request, Kafka about several.
struct AddPartitionsToTxnRequest {
  static constexpr std::string_view kName = "kafka.AddPartitionsToTxnRequest";
  using Response = AddPartitionsToTxnResponse;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  bool verify_only = false;  // of a broker: are they part of it?
  std::vector<TopicPartition> partitions;
  bool operator==(const AddPartitionsToTxnRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = AddPartitionsToTxnRequest;
    return visit(field("transactionalId", &R::transactional_id), field("producer", &R::producer),
                 field("verifyOnly", &R::verify_only), field("partitions", &R::partitions));
  }
};

struct AddOffsetsToTxnResponse {
  static constexpr std::string_view kName = "kafka.AddOffsetsToTxnResponse";
  ErrorCode error_code = ErrorCode::None;
  bool operator==(const AddOffsetsToTxnResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &AddOffsetsToTxnResponse::error_code));
  }
};

struct AddOffsetsToTxnRequest {
  static constexpr std::string_view kName = "kafka.AddOffsetsToTxnRequest";
  using Response = AddOffsetsToTxnResponse;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  std::string group_id;
  bool operator==(const AddOffsetsToTxnRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = AddOffsetsToTxnRequest;
    return visit(field("transactionalId", &R::transactional_id), field("producer", &R::producer),
                 field("groupId", &R::group_id));
  }
};

struct EndTxnResponse {
  static constexpr std::string_view kName = "kafka.EndTxnResponse";
  ErrorCode error_code = ErrorCode::None;
  bool operator==(const EndTxnResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &EndTxnResponse::error_code));
  }
};

struct EndTxnRequest {
  static constexpr std::string_view kName = "kafka.EndTxnRequest";
  using Response = EndTxnResponse;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  TransactionResult result = TransactionResult::Abort;
  bool operator==(const EndTxnRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = EndTxnRequest;
    return visit(field("transactionalId", &R::transactional_id), field("producer", &R::producer),
                 field("result", &R::result));
  }
};

struct TxnOffsetCommitResponse {
  static constexpr std::string_view kName = "kafka.TxnOffsetCommitResponse";
  std::vector<PartitionError> partitions;
  bool operator==(const TxnOffsetCommitResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitions", &TxnOffsetCommitResponse::partitions));
  }
};

struct TxnOffsetCommitRequest {
  static constexpr std::string_view kName = "kafka.TxnOffsetCommitRequest";
  using Response = TxnOffsetCommitResponse;
  std::string transactional_id;
  std::string group_id;
  ProducerIdAndEpoch producer;
  std::int32_t generation_id = -1;  // KIP-447; -1 without member id: who commits is not looked at
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::vector<OffsetCommitPartition> partitions;
  bool operator==(const TxnOffsetCommitRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = TxnOffsetCommitRequest;
    return visit(field("transactionalId", &R::transactional_id), field("groupId", &R::group_id),
                 field("producer", &R::producer), field("generationId", &R::generation_id),
                 field("memberId", &R::member_id), field("groupInstanceId", &R::group_instance_id),
                 field("partitions", &R::partitions));
  }
};

// How a producer's transaction ended, for some of its partitions.
struct TxnMarker {
  ProducerIdAndEpoch producer;
  CoordinatorEpoch coordinator_epoch{};
  TransactionResult result = TransactionResult::Abort;
  std::vector<TopicPartition> partitions;
  bool operator==(const TxnMarker&) const = default;
  static constexpr auto fields(auto&& visit) {
    using M = TxnMarker;
    return visit(field("producer", &M::producer), field("coordinatorEpoch", &M::coordinator_epoch),
                 field("result", &M::result), field("partitions", &M::partitions));
  }
};

struct WriteTxnMarkersResponse {
  static constexpr std::string_view kName = "kafka.WriteTxnMarkersResponse";
  std::vector<PartitionError> partitions;
  bool operator==(const WriteTxnMarkersResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitions", &WriteTxnMarkersResponse::partitions));
  }
};

// Simplified: one marker a request, Kafka sends all that wait for the same broker.
struct WriteTxnMarkersRequest {
  static constexpr std::string_view kName = "kafka.WriteTxnMarkersRequest";
  using Response = WriteTxnMarkersResponse;
  TxnMarker marker;
  bool operator==(const WriteTxnMarkersRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("marker", &WriteTxnMarkersRequest::marker));
  }
};

}  // namespace sim
