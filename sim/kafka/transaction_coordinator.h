#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/broker_behaviour.h"
#include "sim/kafka/replica_log.h"
#include "sim/kafka/rpc.h"
#include "sim/kafka/transaction_metadata.h"

// The transaction coordinator of one broker (TransactionCoordinator, TransactionStateManager; brokers.md §2.4): the
// transactional ids whose `__transaction_state` partition this broker leads. A value with one door, as the group
// coordinator is: requests, the fate of its writes and of its markers, and the passing of time go in; answers, writes
// and markers come out, in order.
//
//   load, finish_load ──┐                                  ┌─► TransactionReply
//   handle(request) ────┼─► TransactionCoordinator ────────┼─► TransactionAppend ──► log ──► on_written
//   on_written ─────────┤   transactional ids, writes,     ├─► TransactionMarkers ─► partition leaders
//   on_markers ─────────┤   transactions to be completed   │                          └──► on_markers
//   expire ─────────────┘                                  └─► a notice
//
// A transaction is decided when its Prepare record is committed: that is when the client hears of it. Markers follow,
// as often as need be, by whoever coordinates then.
namespace sim {

// TransactionConfig: the broker's configs by their names.
struct TransactionConfig {
  Duration transaction_max_timeout{900'000'000'000};
  Duration transactional_id_expiration{std::int64_t{7 * 24 * 3600} * 1'000'000'000};
  Duration transaction_abort_timed_out_transaction_cleanup_interval{10'000'000'000};
  Duration transaction_remove_expired_transaction_cleanup_interval{3'600'000'000'000};
};

// The producer ids that a broker has at hand, of a block that its controller gave it (ProducerIdManager).
struct ProducerIds {
  ProducerId next{0};
  std::int32_t left = 0;
  std::optional<ProducerId> take() {
    if (left == 0) return std::nullopt;
    --left;
    return std::exchange(next, ProducerId{next.value() + 1});
  }
};

// ── Effects ─────────────────────────────────────────────────────────────────────────────────────

struct TransactionReply {
  ReplyTo to;
  std::variant<InitProducerIdResponse, AddPartitionsToTxnResponse, AddOffsetsToTxnResponse,
               EndTxnResponse>
      body;
};
// To be written with acks=all; its fate comes back as on_written(write, …).
struct TransactionAppend {
  PartitionId partition{};
  std::uint64_t write = 0;
  Duration timeout{};
  TransactionRecords records;
};
// To be written by the leader of each of the partitions; what comes of it comes back as on_markers.
struct TransactionMarkers {
  std::string transactional_id;
  TxnMarker marker;
  bool operator==(const TransactionMarkers&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("transactionalId", &TransactionMarkers::transactional_id),
                 field("marker", &TransactionMarkers::marker));
  }
};
using TransactionEffect =
    std::variant<TransactionReply, TransactionAppend, TransactionMarkers, Notify>;
using TransactionEffects = std::vector<TransactionEffect>;

struct TransactionContext {
  Instant now;
  ProducerIds& producer_ids;
  TransactionEffects& effects;
};

class TransactionCoordinator {
 public:
  TransactionCoordinator(BrokerId self, TransactionConfig config, BrokerBehaviour behaviour = {})
      : self_(self), config_(config), behaviour_(behaviour) {}

  // The partition count of `__transaction_state`, once known; transactional ids belong to partitions by it.
  void set_partition_count(std::int32_t count) { partition_count_ = count; }
  PartitionId partition_of(std::string_view transactional_id) const;

  // ── Leadership ──
  // The broker leads the partition in this epoch: until finish_load its transactional ids are answered
  // COORDINATOR_LOAD_IN_PROGRESS. What was known of it under a former epoch is forgotten.
  void load(PartitionId partition, CoordinatorEpoch epoch);
  // What the partition's log says, to its end. Transactions that are prepared are completed from here.
  void finish_load(TransactionContext& context, PartitionId partition, const ReplicaLog& log);
  void unload(PartitionId partition);
  bool leads(PartitionId partition) const { return owned_.contains(partition); }

  // ── Requests: answered by a TransactionReply, now or when the write is decided ──
  // Requires a transactional id.
  void handle(TransactionContext& context, const ReplyTo& to, const InitProducerIdRequest& request);
  void handle(TransactionContext& context, const ReplyTo& to,
              const AddPartitionsToTxnRequest& request);
  // `offsets` is the group's partition of `__consumer_offsets`.
  void handle(TransactionContext& context, const ReplyTo& to, const AddOffsetsToTxnRequest& request,
              const TopicPartition& offsets);
  void handle(TransactionContext& context, const ReplyTo& to, const EndTxnRequest& request);

  // ── What happens besides ──
  // What became of a TransactionAppend; `error` is the log's. Whatever it says, the record may be there.
  void on_written(TransactionContext& context, std::uint64_t write, ErrorCode error);
  // What became of markers: NONE also where the partition is no more.
  void on_markers(TransactionContext& context, const TransactionMarkers& markers,
                  const std::vector<PartitionError>& results);
  // Whether anybody still waits for them.
  bool wants(const TransactionMarkers& markers) const;
  // Transactions that have been open for too long, transactional ids that nobody uses, writes to be tried again.
  void expire(TransactionContext& context);
  std::optional<Instant> deadline() const;

  // ── Views ──
  const TransactionConfig& config() const { return config_; }
  const std::map<std::string, TransactionMetadata, std::less<>>& transactions() const {
    return transactions_;
  }
  const TransactionMetadata* find(std::string_view transactional_id) const;
  // It coordinates nothing, and so it was from the start or will soon be.
  bool is_idle() const { return owned_.empty() && loading_.empty() && writes_.empty(); }
  void digest_into(Digest& digest) const;

 private:
  // What waits for a write, and how it goes on.
  struct InitializedProducer {
    ReplyTo to;
    static constexpr auto fields(auto&& visit) {
      return visit(field("to", &InitializedProducer::to));
    }
  };
  struct AddedPartitions {
    ReplyTo to;
    bool offsets = false;  // an AddOffsetsToTxn asked for it
    std::vector<TopicPartition> partitions;
    static constexpr auto fields(auto&& visit) {
      using A = AddedPartitions;
      return visit(field("to", &A::to), field("offsets", &A::offsets),
                   field("partitions", &A::partitions));
    }
  };
  // Who hears that a transaction is decided.
  struct Client {
    ReplyTo to;
    static constexpr auto fields(auto&& visit) { return visit(field("to", &Client::to)); }
  };
  struct NextProducer {  // which asked for an id, and will ask again
    ReplyTo to;
    static constexpr auto fields(auto&& visit) { return visit(field("to", &NextProducer::to)); }
  };
  struct Nobody {
    static constexpr auto fields(auto&& visit) { return visit(); }
  };
  using EndListener = std::variant<Client, NextProducer, Nobody>;
  struct DecidedTransaction {
    EndListener listener;
    ProducerIdAndEpoch producer;
    TransactionResult result = TransactionResult::Abort;
    bool is_epoch_fence = false;
    static constexpr auto fields(auto&& visit) {
      using D = DecidedTransaction;
      return visit(field("listener", &D::listener), field("producer", &D::producer),
                   field("result", &D::result), field("isEpochFence", &D::is_epoch_fence));
    }
  };
  struct CompletedTransaction {
    static constexpr auto fields(auto&& visit) { return visit(); }
  };
  struct ExpiredId {
    static constexpr auto fields(auto&& visit) { return visit(); }
  };
  using Written = std::variant<InitializedProducer, AddedPartitions, DecidedTransaction,
                               CompletedTransaction, ExpiredId>;
  struct PendingWrite {
    std::string transactional_id;
    CoordinatorEpoch coordinator_epoch{};
    TransactionTransition transition;
    Written what;
    static constexpr auto fields(auto&& visit) {
      using P = PendingWrite;
      return visit(field("transactionalId", &P::transactional_id),
                   field("coordinatorEpoch", &P::coordinator_epoch),
                   field("transition", &P::transition), field("what", &P::what));
    }
  };
  // A transaction whose markers are under way, or whose last record is to be written (PendingCompleteTxn).
  struct PendingCompletion {
    CoordinatorEpoch coordinator_epoch{};
    TransactionTransition transition;
    std::optional<Instant> again;  // its record could not be written: when to try again
    static constexpr auto fields(auto&& visit) {
      using P = PendingCompletion;
      return visit(field("coordinatorEpoch", &P::coordinator_epoch),
                   field("transition", &P::transition), field("again", &P::again));
    }
  };

  // transaction_coordinator.cc
  struct State {
    CoordinatorEpoch epoch{};
    TransactionMetadata* metadata = nullptr;  // null: there is no such transactional id
  };
  std::expected<State, ErrorCode> state_of(std::string_view transactional_id);
  // The transactional id, known and held by this producer.
  std::expected<State, ErrorCode> state_held_by(std::string_view transactional_id,
                                                const ProducerIdAndEpoch& producer);
  void append(TransactionContext& context, const State& state, TransactionTransition transition,
              Written what);
  void answer_init(TransactionContext& context, const ReplyTo& to, ErrorCode error,
                   ProducerIdAndEpoch producer = {});
  std::expected<TransactionTransition, ErrorCode> prepare_init(
      TransactionContext& context, TransactionMetadata& metadata,
      const InitProducerIdRequest& request);
  void add_partitions(TransactionContext& context, const std::string& transactional_id,
                      const ProducerIdAndEpoch& producer, AddedPartitions added);
  void answer_added(TransactionContext& context, AddedPartitions added, ErrorCode error);
  ErrorCode verify(const AddPartitionsToTxnRequest& request, AddPartitionsToTxnResponse& response);

  // transaction_end.cc
  void end_transaction(TransactionContext& context, const std::string& transactional_id,
                       const ProducerIdAndEpoch& producer, TransactionResult result,
                       EndListener listener);
  std::expected<TransactionState, ErrorCode> next_state(const TransactionMetadata& metadata,
                                                        TransactionResult result) const;
  void answer_end(TransactionContext& context, const EndListener& listener, ErrorCode error);
  void on_decided(TransactionContext& context, const PendingWrite& write,
                  const DecidedTransaction& decided, ErrorCode error);
  void on_completed(TransactionContext& context, const PendingWrite& write, ErrorCode error);
  void begin_completion(TransactionContext& context, const State& state);
  void send_markers(TransactionContext& context, const State& state,
                    std::vector<TopicPartition> partitions);
  void maybe_write_completion(TransactionContext& context, const std::string& transactional_id);
  void abort_timed_out(TransactionContext& context);
  void remove_expired(TransactionContext& context);
  void expect_scans(Instant now);

  BrokerId self_;
  TransactionConfig config_;
  BrokerBehaviour behaviour_;
  std::int32_t partition_count_ = 0;
  std::map<PartitionId, CoordinatorEpoch> owned_;
  std::map<PartitionId, CoordinatorEpoch> loading_;
  std::map<std::string, TransactionMetadata, std::less<>> transactions_;
  std::map<std::uint64_t, PendingWrite> writes_;
  std::map<std::string, PendingCompletion, std::less<>> completions_;
  std::uint64_t last_write_ = 0;
  // None without transactional ids.
  std::optional<Instant> next_abort_scan_;
  std::optional<Instant> next_expiry_scan_;
};

}  // namespace sim
