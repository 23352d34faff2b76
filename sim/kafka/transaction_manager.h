#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/client_metadata.h"
#include "sim/kafka/rpc.h"

namespace sim {

struct TransactionManagerConfig {
  std::string name;  // of the client, for notices
  std::string transactional_id;
  Duration transaction_timeout{60'000'000'000};  // transaction.timeout.ms
};

// What a transactional KafkaProducer knows of its transaction (TransactionManager; brokers.md §2.5): which partitions
// are part of it, which offsets, whether it can still be committed; and its requests to the coordinators, one at a time.
// Batches are its owner's, `ProducerClient`.
//
//                     ┌──────────────── abort: EndTxn, and a new epoch if one is needed ──────────────┐
//                     ▼                                                                               │
//   Initializing ─► Ready ─► InTransaction ─► Committing ─► Ready      InTransaction ─► Aborting ─────┤
//                              └──────┬───────────┘                                         ▲         │
//                                     ├─► AbortableError ──────────── abort ────────────────┘
//                                     └─► FatalError: fenced; the producer can only be closed
//
// Simplified: what KafkaProducer gives up after max.block.ms is tried for ever here, as a program does that calls
// commitTransaction() again after its TimeoutException.
class TransactionManager {
 public:
  enum class State : std::uint8_t {
    Initializing,
    Ready,
    InTransaction,
    Committing,
    Aborting,
    AbortableError,
    FatalError
  };
  explicit TransactionManager(TransactionManagerConfig config) : config_(std::move(config)) {}

  // ── What the program does ──
  void begin();  // requires Ready
  // sendOffsetsToTransaction: requires InTransaction. Its success: offsets_pending() is false again.
  void send_offsets(std::string group, std::vector<OffsetCommitPartition> offsets);
  // Require InTransaction; abort() AbortableError as well. Their success: Ready again.
  void commit();
  void abort();

  // ── What its owner asks and tells ──
  // The partition shall be part of the transaction, if it is not yet. Requires InTransaction.
  void maybe_add_partition(const TopicPartition& id);
  bool contains(const TopicPartition& id) const { return partitions_.contains(id); }
  // A batch failed for good.
  void on_batch_failed(Context& context, ErrorCode error);
  // Sends the next request. EndTxn waits until no batch is under way.
  void run(Context& context, NetworkClient& network, const ClientMetadata& metadata,
           bool has_incomplete_batches);
  // True if the message was an answer to one of its requests.
  bool handle(Context& context, NetworkClient& network, const Received& received);
  bool on_lost(Instant now, CorrelationId correlation);
  Instant deadline() const;
  void digest_into(Digest& digest) const;

  // ── Views ──
  State state() const { return state_; }
  const ProducerIdAndEpoch& producer() const { return producer_; }
  const TransactionManagerConfig& config() const { return config_; }
  bool has_error() const { return state_ == State::AbortableError || state_ == State::FatalError; }
  ErrorCode error() const { return error_; }
  bool offsets_pending() const { return offsets_stage_ != OffsetsStage::None; }
  // How many transactions were begun.
  std::int64_t transaction() const { return transaction_; }

 private:
  // What is asked next, in Kafka's order of priorities.
  enum class Asked : std::uint8_t {
    Nothing,
    Coordinator,
    GroupCoordinator,
    EpochBump,
    InitProducerId,
    Partitions,
    Offsets,
    OffsetCommit,
    End
  };
  enum class OffsetsStage : std::uint8_t {
    None,
    Add,    // AddOffsetsToTxn
    Commit  // TxnOffsetCommit
  };
  Asked next(bool has_incomplete_batches) const;
  void send(Context& context, NetworkClient& network, const ClientMetadata& metadata);
  void end_transaction(Context& context, NetworkClient& network, NodeId coordinator);
  void on_found(Context& context, const FindCoordinatorResponse& response);
  void on_initialized(Context& context, const InitProducerIdResponse& response);
  void on_partitions_added(Context& context, const AddPartitionsToTxnResponse& response);
  void on_offsets_added(Context& context, const AddOffsetsToTxnResponse& response);
  void on_offsets_committed(Context& context, const TxnOffsetCommitResponse& response);
  void on_ended(Context& context, const EndTxnResponse& response);
  // Retries, finds the coordinator anew, or fails; what a coordinator's error means to all requests alike.
  void on_error(Context& context, ErrorCode error);
  void fail(Context& context, ErrorCode error, bool fatal);
  void complete(Context& context, TransactionResult result);
  bool is_ending() const { return state_ == State::Committing || state_ == State::Aborting; }

  TransactionManagerConfig config_;
  State state_ = State::Initializing;
  ErrorCode error_ = ErrorCode::None;
  ProducerIdAndEpoch producer_;
  bool epoch_bump_required_ = false;
  std::int64_t transaction_ = 0;
  bool started_ = false;  // the coordinator knows of it
  std::set<TopicPartition> new_partitions_;
  std::vector<TopicPartition> pending_partitions_;  // asked for
  std::set<TopicPartition> partitions_;
  OffsetsStage offsets_stage_ = OffsetsStage::None;
  std::string group_;
  std::vector<OffsetCommitPartition> offsets_;           // not yet committed
  std::vector<OffsetCommitPartition> offsets_in_whole_;  // as they were sent
  std::optional<BrokerId> coordinator_;
  std::optional<BrokerId> group_coordinator_;
  std::optional<CorrelationId> in_flight_;
  Asked asked_ = Asked::Nothing;
  Instant not_before_;
  bool has_work_ = true;  // something would be asked, but for time and what is under way
};
constexpr std::string_view name_of(TransactionManager::State state) {
  using enum TransactionManager::State;
  switch (state) {
    case Initializing:
      return "initializing";
    case Ready:
      return "ready";
    case InTransaction:
      return "in transaction";
    case Committing:
      return "committing";
    case Aborting:
      return "aborting";
    case AbortableError:
      return "abortable error";
    case FatalError:
      return "fatal error";
  }
  return "";
}

}  // namespace sim
