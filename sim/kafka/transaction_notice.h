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
#include "sim/kafka/transaction_metadata.h"

// What coordinators, partition leaders and producers say of transactions, each with the rule that it follows: points at
// which a fault can strike ("crash broker-2 on broker.TransactionStateChanged with state=PrepareCommit"), and what
// checkers are made of.
namespace sim {

// The transition is committed to `__transaction_state`.
struct TransactionStateChanged {
  static constexpr std::string_view kName = "broker.TransactionStateChanged";
  static constexpr std::string_view kRule = "brokers.md §2.4";
  BrokerId broker{-1};
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  TransactionState state = TransactionState::Empty;
  std::vector<TopicPartition> partitions;
  CoordinatorEpoch coordinator_epoch{};
  bool operator==(const TransactionStateChanged&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = TransactionStateChanged;
    return visit(field("broker", &N::broker), field("transactionalId", &N::transactional_id),
                 field("producer", &N::producer), field("state", &N::state),
                 field("partitions", &N::partitions),
                 field("coordinatorEpoch", &N::coordinator_epoch));
  }
};

// The coordinator has read a partition of `__transaction_state`: its transactional ids are answered from now on.
struct TransactionsLoaded {
  static constexpr std::string_view kName = "broker.TransactionsLoaded";
  static constexpr std::string_view kRule = "brokers.md §2.4";
  BrokerId broker{-1};
  PartitionId partition{};
  CoordinatorEpoch coordinator_epoch{};
  bool operator==(const TransactionsLoaded&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = TransactionsLoaded;
    return visit(field("broker", &N::broker), field("partition", &N::partition),
                 field("coordinatorEpoch", &N::coordinator_epoch));
  }
};

// A partition's leader appended the first batch of a transaction: readers of committed data wait here.
struct TransactionOpened {
  static constexpr std::string_view kName = "broker.TransactionOpened";
  static constexpr std::string_view kRule = "brokers.md §2.5";
  BrokerId broker{-1};
  TopicPartition topic_partition;
  ProducerIdAndEpoch producer;
  Offset first_offset{};
  bool operator==(const TransactionOpened&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = TransactionOpened;
    return visit(field("broker", &N::broker), field("topicPartition", &N::topic_partition),
                 field("producer", &N::producer), field("firstOffset", &N::first_offset));
  }
};

// A partition's leader appended a marker.
struct TransactionMarkerAppended {
  static constexpr std::string_view kName = "broker.TransactionMarkerAppended";
  static constexpr std::string_view kRule = "brokers.md §2.4";
  BrokerId broker{-1};
  TopicPartition topic_partition;
  ProducerIdAndEpoch producer;
  TransactionResult result = TransactionResult::Abort;
  Offset offset{};
  bool operator==(const TransactionMarkerAppended&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = TransactionMarkerAppended;
    return visit(field("broker", &N::broker), field("topicPartition", &N::topic_partition),
                 field("producer", &N::producer), field("result", &N::result),
                 field("offset", &N::offset));
  }
};

// ── Producers ───────────────────────────────────────────────────────────────────────────────────

// initTransactions() returned: whoever had a lower epoch is fenced.
struct ProducerInitialized {
  static constexpr std::string_view kName = "client.ProducerInitialized";
  static constexpr std::string_view kRule = "brokers.md §2.4";
  std::string client;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  bool operator==(const ProducerInitialized&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = ProducerInitialized;
    return visit(field("client", &N::client), field("transactionalId", &N::transactional_id),
                 field("producer", &N::producer));
  }
};

// Records were handed to the producer inside of its transaction; `transaction` counts those of this client's life.
struct TransactionalSend {
  static constexpr std::string_view kName = "client.TransactionalSend";
  static constexpr std::string_view kRule = "brokers.md §2.5";
  std::string client;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  std::int64_t transaction = 0;
  TopicPartition topic_partition;
  std::int32_t count = 0;
  RecordToken first_token{};
  bool operator==(const TransactionalSend&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = TransactionalSend;
    return visit(field("client", &N::client), field("transactionalId", &N::transactional_id),
                 field("producer", &N::producer), field("transaction", &N::transaction),
                 field("topicPartition", &N::topic_partition), field("count", &N::count),
                 field("firstToken", &N::first_token));
  }
};

// sendOffsetsToTransaction() succeeded: these offsets count when the transaction is committed.
struct OffsetsSentToTransaction {
  static constexpr std::string_view kName = "client.OffsetsSentToTransaction";
  static constexpr std::string_view kRule = "brokers.md §2.5";
  std::string client;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  std::int64_t transaction = 0;
  std::string group;
  std::vector<OffsetCommitPartition> offsets;
  bool operator==(const OffsetsSentToTransaction&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = OffsetsSentToTransaction;
    return visit(field("client", &N::client), field("transactionalId", &N::transactional_id),
                 field("producer", &N::producer), field("transaction", &N::transaction),
                 field("group", &N::group), field("offsets", &N::offsets));
  }
};

// EndTxn is about to be sent, or sent again.
struct TransactionEnding {
  static constexpr std::string_view kName = "client.TransactionEnding";
  static constexpr std::string_view kRule = "brokers.md §2.4";
  std::string client;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  std::int64_t transaction = 0;
  TransactionResult result = TransactionResult::Abort;
  bool operator==(const TransactionEnding&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = TransactionEnding;
    return visit(field("client", &N::client), field("transactionalId", &N::transactional_id),
                 field("producer", &N::producer), field("transaction", &N::transaction),
                 field("result", &N::result));
  }
};

// commitTransaction() or abortTransaction() returned.
struct TransactionEnded {
  static constexpr std::string_view kName = "client.TransactionEnded";
  static constexpr std::string_view kRule = "brokers.md §2.4";
  std::string client;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  std::int64_t transaction = 0;
  TransactionResult result = TransactionResult::Abort;
  bool operator==(const TransactionEnded&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = TransactionEnded;
    return visit(field("client", &N::client), field("transactionalId", &N::transactional_id),
                 field("producer", &N::producer), field("transaction", &N::transaction),
                 field("result", &N::result));
  }
};

// The transaction cannot be committed any more: it has to be aborted, or, where that is fatal, the producer closed.
struct TransactionFailed {
  static constexpr std::string_view kName = "client.TransactionFailed";
  static constexpr std::string_view kRule = "brokers.md §2.5";
  std::string client;
  std::string transactional_id;
  ProducerIdAndEpoch producer;
  ErrorCode error = ErrorCode::None;
  bool fatal = false;
  bool operator==(const TransactionFailed&) const = default;
  static constexpr auto fields(auto&& visit) {
    using N = TransactionFailed;
    return visit(field("client", &N::client), field("transactionalId", &N::transactional_id),
                 field("producer", &N::producer), field("error", &N::error),
                 field("fatal", &N::fatal));
  }
};

}  // namespace sim
