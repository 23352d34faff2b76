#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/described.h"
#include "sim/base/time.h"
#include "sim/kafka/error.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/log_batch.h"
#include "sim/kafka/log_transactions.h"
#include "sim/kafka/uuid.h"

// Fetch: how followers and consumers read a leader's log. Field names are Kafka's.
namespace sim {

// FetchRequest.replicaId of a consumer.
constexpr BrokerId kConsumerReplica{-1};

// Given by a leader, at random: an id of a former life of it means nothing to it.
struct FetchSessionIdTag {};
using FetchSessionId = Id<FetchSessionIdTag, std::int32_t>;
constexpr FetchSessionId kNoFetchSession{0};
struct FetchSessionEpochTag {};
using FetchSessionEpoch = Ordinal<FetchSessionEpochTag, std::int32_t>;

// Where in which session a request stands (KIP-227, FetchMetadata). A full request names all
// partitions that are wanted; an incremental one says what has changed since the one before it.
//
//   (none, initial) ──► full; asks for a session    (id, initial) ──► full; closes `id`, asks anew
//   (none, final)   ──► full; wants no session      (id, 1, 2, …) ──► incremental
struct FetchMetadata {
  static constexpr FetchSessionEpoch kInitialEpoch{0};
  static constexpr FetchSessionEpoch kFinalEpoch{-1};

  FetchSessionId session_id = kNoFetchSession;
  FetchSessionEpoch epoch = kFinalEpoch;

  // After the largest epoch comes 1: 0 and -1 have a meaning of their own.
  static constexpr FetchSessionEpoch next_epoch(FetchSessionEpoch epoch) {
    if (epoch.value() < 0) return kFinalEpoch;
    return epoch.value() == INT32_MAX ? FetchSessionEpoch{1} : epoch.next();
  }
  bool is_full() const { return epoch == kInitialEpoch || epoch == kFinalEpoch; }
  FetchMetadata next_incremental() const { return {session_id, next_epoch(epoch)}; }
  FetchMetadata next_close_existing() const { return {session_id, kInitialEpoch}; }
  bool operator==(const FetchMetadata&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("sessionId", &FetchMetadata::session_id),
                 field("sessionEpoch", &FetchMetadata::epoch));
  }
};

struct FetchPartition {
  PartitionId partition{};
  LeaderEpoch current_leader_epoch{-1};  // -1: do not check (old consumers)
  Offset fetch_offset{};
  LeaderEpoch last_fetched_epoch{-1};  // of the last batch in the follower's log; -1: none
  Offset log_start_offset{-1};         // the follower's own
  bool operator==(const FetchPartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partition", &FetchPartition::partition),
                 field("currentLeaderEpoch", &FetchPartition::current_leader_epoch),
                 field("fetchOffset", &FetchPartition::fetch_offset),
                 field("lastFetchedEpoch", &FetchPartition::last_fetched_epoch),
                 field("logStartOffset", &FetchPartition::log_start_offset));
  }
};

struct FetchTopic {
  std::string topic;
  Uuid topic_id;
  std::vector<FetchPartition> partitions;
  bool operator==(const FetchTopic&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topic", &FetchTopic::topic), field("topicId", &FetchTopic::topic_id),
                 field("partitions", &FetchTopic::partitions));
  }
};

// Where the fetcher's log parts from the leader's (KIP-595, KIP-320): the largest epoch not above
// the one asked for, and its end offset.
struct EpochEndOffset {
  LeaderEpoch epoch{-1};
  Offset end_offset{-1};
  bool operator==(const EpochEndOffset&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("epoch", &EpochEndOffset::epoch),
                 field("endOffset", &EpochEndOffset::end_offset));
  }
};

// KIP-951: with NotLeaderOrFollower and FencedLeaderEpoch, where to go instead.
struct LeaderIdAndEpoch {
  BrokerId leader_id{-1};
  LeaderEpoch leader_epoch{-1};
  bool operator==(const LeaderIdAndEpoch&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("leaderId", &LeaderIdAndEpoch::leader_id),
                 field("leaderEpoch", &LeaderIdAndEpoch::leader_epoch));
  }
};

// What a consumer wants to see (isolation.level).
enum class IsolationLevel : std::uint8_t {
  ReadUncommitted,
  ReadCommitted
};
constexpr std::string_view name_of(IsolationLevel level) {
  return level == IsolationLevel::ReadCommitted ? "read_committed" : "read_uncommitted";
}

struct FetchPartitionData {
  PartitionId partition_index{};
  ErrorCode error_code = ErrorCode::None;
  Offset high_watermark{-1};
  Offset log_start_offset{-1};
  std::optional<EpochEndOffset> diverging_epoch;
  std::optional<LeaderIdAndEpoch> current_leader;
  std::vector<LogBatch> records;
  // With read_committed: where the records end at most, and which of them were aborted.
  std::optional<Offset> last_stable_offset;
  std::vector<AbortedTransaction> aborted_transactions;
  bool operator==(const FetchPartitionData&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitionIndex", &FetchPartitionData::partition_index),
                 field("errorCode", &FetchPartitionData::error_code),
                 field("highWatermark", &FetchPartitionData::high_watermark),
                 field("logStartOffset", &FetchPartitionData::log_start_offset),
                 field("divergingEpoch", &FetchPartitionData::diverging_epoch),
                 field("currentLeader", &FetchPartitionData::current_leader),
                 field("records", &FetchPartitionData::records),
                 sparse_field("lastStableOffset", &FetchPartitionData::last_stable_offset),
                 sparse_field("abortedTransactions", &FetchPartitionData::aborted_transactions));
  }
};

struct FetchTopicResponse {
  std::string topic;
  Uuid topic_id;
  std::vector<FetchPartitionData> partitions;
  bool operator==(const FetchTopicResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topic", &FetchTopicResponse::topic),
                 field("topicId", &FetchTopicResponse::topic_id),
                 field("partitions", &FetchTopicResponse::partitions));
  }
};

struct FetchResponse {
  static constexpr std::string_view kName = "kafka.FetchResponse";
  ErrorCode error_code = ErrorCode::None;
  FetchSessionId session_id = kNoFetchSession;  // none: no session was made, or it is gone
  std::vector<FetchTopicResponse> responses;
  bool operator==(const FetchResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &FetchResponse::error_code),
                 field("sessionId", &FetchResponse::session_id),
                 field("responses", &FetchResponse::responses));
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
  FetchMetadata metadata;        // sessionId and sessionEpoch
  std::vector<FetchTopic> topics;
  std::vector<TopicPartition> forgotten;  // forgottenTopicsData: no longer part of the session
  IsolationLevel isolation_level = IsolationLevel::ReadUncommitted;
  bool operator==(const FetchRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("replicaId", &FetchRequest::replica_id),
                 field("replicaEpoch", &FetchRequest::replica_epoch),
                 field("maxWait", &FetchRequest::max_wait),
                 field("minRecords", &FetchRequest::min_records),
                 field("maxRecords", &FetchRequest::max_records),
                 field("metadata", &FetchRequest::metadata), field("topics", &FetchRequest::topics),
                 field("forgottenTopicsData", &FetchRequest::forgotten),
                 sparse_field("isolationLevel", &FetchRequest::isolation_level));
  }
};

}  // namespace sim
