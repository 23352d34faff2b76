#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/rpc_transactions.h"

// One transactional id as its coordinator knows it (TransactionMetadata, TxnTransitMetadata; brokers.md §2.4), and the
// records of `__transaction_state`. A transition is prepared, written to the log, and completed when the record is
// committed; while one is pending no other is begun.
//
//                 ┌───────────── InitProducerId: epoch+1 ─────────────┐
//                 ▼                                                   │
//     (new) ─► Empty ─► Ongoing ─► PrepareCommit ─► CompleteCommit ───┤
//                ▲         │                              │ ▲         │
//                │         ├─► PrepareAbort ─► CompleteAbort ─────────┘
//                │         │        ▲                     │
//                │         └─ PrepareEpochFence (pending) │ idle for a week ─► Dead: a tombstone
//                └────────── AddPartitions: Ongoing ◄─────┘
namespace sim {

enum class TransactionState : std::int8_t {
  Empty = 0,
  Ongoing = 1,
  PrepareCommit = 2,
  PrepareAbort = 3,
  CompleteCommit = 4,
  CompleteAbort = 5,
  Dead = 6,
  PrepareEpochFence = 7
};
std::string_view name_of(TransactionState state);
// Which states another one may follow.
bool may_follow(TransactionState next, TransactionState state);
constexpr bool is_prepared(TransactionState state) {
  return state == TransactionState::PrepareCommit || state == TransactionState::PrepareAbort;
}

// ── Records ─────────────────────────────────────────────────────────────────────────────────────

// TransactionLogValue, of the fields that 3.9 writes: who held the id before is in memory alone.
struct TransactionLogValue {
  ProducerIdAndEpoch producer;
  Duration transaction_timeout{};
  TransactionState transaction_status = TransactionState::Empty;
  std::set<TopicPartition> transaction_partitions;
  Instant transaction_last_update;
  std::optional<Instant> transaction_start;
  bool operator==(const TransactionLogValue&) const = default;
  static constexpr auto fields(auto&& visit) {
    using V = TransactionLogValue;
    return visit(field("producer", &V::producer),
                 field("transactionTimeout", &V::transaction_timeout),
                 field("transactionStatus", &V::transaction_status),
                 field("transactionPartitions", &V::transaction_partitions),
                 field("transactionLastUpdate", &V::transaction_last_update),
                 field("transactionStart", &V::transaction_start));
  }
};

struct TransactionLogEntry {
  std::string transactional_id;
  std::optional<TransactionLogValue> value;  // none: a tombstone
  bool operator==(const TransactionLogEntry&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("transactionalId", &TransactionLogEntry::transactional_id),
                 field("value", &TransactionLogEntry::value));
  }
};

// What a coordinator appends at once: the value of one batch of `__transaction_state`.
struct TransactionRecords {
  static constexpr std::string_view kName = "transaction.Records";
  std::vector<TransactionLogEntry> records;
  bool operator==(const TransactionRecords&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("records", &TransactionRecords::records));
  }
};

// ── State ───────────────────────────────────────────────────────────────────────────────────────

// The state that a transition leads to (TxnTransitMetadata).
struct TransactionTransition {
  TransactionLogValue to;
  ProducerId last_producer_id{-1};
  std::int16_t last_producer_epoch = -1;
  bool operator==(const TransactionTransition&) const = default;
  static constexpr auto fields(auto&& visit) {
    using T = TransactionTransition;
    return visit(field("to", &T::to), field("lastProducerId", &T::last_producer_id),
                 field("lastProducerEpoch", &T::last_producer_epoch));
  }
};

struct TransactionMetadata {
  std::string transactional_id;
  // What was last committed to the log, but for an epoch that is being fenced. Epoch -1: created a moment ago.
  TransactionLogValue now;
  ProducerId last_producer_id{-1};
  std::int16_t last_producer_epoch = -1;
  std::optional<TransactionState> pending_state;
  // A fence whose write failed: its epoch was bumped and nobody was told, so it is not bumped again.
  bool has_failed_epoch_fence = false;

  TransactionState state() const { return now.transaction_status; }
  const ProducerIdAndEpoch& producer() const { return now.producer; }
  bool is_epoch_exhausted() const { return is_exhausted(now.producer.epoch); }
  // One epoch is kept for the coordinator, so that it can always fence.
  static bool is_exhausted(std::int16_t epoch) { return epoch >= INT16_MAX - 1; }
  // A client that names who it was is that one, was that one, or meets an id just created.
  bool may_be(const ProducerIdAndEpoch& expected) const;

  // Each requires that nothing is pending and that the state may be left so; from here on it is pending.
  // None: the client is fenced.
  std::optional<TransactionTransition> prepare_increment_producer_epoch(
      Duration timeout, std::optional<std::int16_t> expected, Instant at);
  TransactionTransition prepare_producer_id_rotation(ProducerId next, Duration timeout, Instant at,
                                                     bool record_last_epoch);
  TransactionTransition prepare_add_partitions(const std::vector<TopicPartition>& added,
                                               Instant at);
  TransactionTransition prepare_abort_or_commit(TransactionState next, Instant at);
  TransactionTransition prepare_complete(Instant at);
  TransactionTransition prepare_fence_producer_epoch();
  TransactionTransition prepare_dead();
  // The transition is in the log for good. Requires that it is the one pending.
  void complete(const TransactionTransition& transition);

  static constexpr auto fields(auto&& visit) {
    using M = TransactionMetadata;
    return visit(field("transactionalId", &M::transactional_id), field("now", &M::now),
                 field("lastProducerId", &M::last_producer_id),
                 field("lastProducerEpoch", &M::last_producer_epoch),
                 field("pendingState", &M::pending_state),
                 field("hasFailedEpochFence", &M::has_failed_epoch_fence));
  }

 private:
  TransactionTransition prepare(TransactionState next, TransactionLogValue to,
                                std::int16_t last_epoch);
};

}  // namespace sim
