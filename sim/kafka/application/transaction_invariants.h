#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/time.h"
#include "sim/base/violation.h"
#include "sim/core/payload.h"
#include "sim/kafka/broker.h"

// What Kafka 3.9 promises of transactions (brokers.md §6.4 P16, P20, P21, P22, §6.5 L6): pure functions over const views and
// notices, with the ghost state of §6.1: what clients sent in which transaction, and what its coordinator decided.
namespace sim {

struct TransactionMemory {
  struct Sent {
    TopicPartition topic_partition;
    std::int32_t count = 0;
    RecordToken first_token{};
  };
  struct Transaction {
    std::string client;
    std::string transactional_id;
    ProducerIdAndEpoch producer;
    std::vector<Sent> sent;
    std::string group;
    std::vector<OffsetCommitPartition> offsets;
    std::optional<TransactionResult> decided;  // by the coordinator, durably
    Instant decided_at;
    std::optional<TransactionResult> told;  // to the client
  };
  // In the order in which they were begun; and those of a transactional id that are not decided.
  std::vector<Transaction> transactions;
  std::map<std::string, std::vector<std::size_t>> undecided;
  // The transaction of a client's life that is being written to, by client and producer.
  std::map<std::pair<std::string, ProducerIdAndEpoch>, std::pair<std::int64_t, std::size_t>>
      current;
  std::map<RecordToken, std::pair<std::int32_t, std::size_t>>
      tokens;                            // runs of them, and whose they are
  std::set<std::string> read_committed;  // groups
  // By transactional id: the epoch that was last given to a client.
  std::map<std::string, ProducerIdAndEpoch> initialized;
  std::map<ProducerId, std::string> ids;
  // By partition and broker: the leader epoch in which the last stable offset was looked at, and what it was.
  std::map<std::pair<TopicPartition, BrokerId>, std::pair<LeaderEpoch, Offset>> stable;
  std::map<std::pair<TopicPartition, ProducerId>, Instant> opened;
  // By group and partition: the highest offset that may be found to be committed.
  std::map<std::pair<std::string, TopicPartition>, Offset> may_be_committed;
  std::map<std::string, Duration> timeouts;  // by transactional id; of those not named a minute
  // Topics of which records were lost as Kafka does not promise otherwise, or that were deleted.
  std::set<std::string> excused;

  // Where and when leaders appended markers, by partition and producer.
  std::map<std::pair<TopicPartition, ProducerId>, std::vector<std::pair<Offset, Instant>>> markers;
  // E-TV1: records that came so late that their transaction was aborted, and landed in the next one of the same epoch.
  // Without transaction.version 2 nothing tells the two apart (KIP-890, brokers.md §2.5, §6.4 P20).
  std::set<RecordToken> late;

  std::uint64_t committed = 0;
  std::uint64_t aborted = 0;
};

//   broker.P16  (broker.TransactionOpened, broker.TransactionStateChanged)  who has been fenced begins nothing and
//               commits nothing
//   broker.P20  (client.Consumed, client.FetchedOffset)  who reads committed data is given nothing that was aborted, and
//               no offset counts that was sent to a transaction that was not committed
//   broker.P21  (client.TransactionEnded, broker.TransactionStateChanged)  what a client was told is what was decided,
//               and it is decided once
//   broker.P22  (client.Consumed, broker.TransactionOpened, broker.TransactionMarkerAppended)  who reads committed data
//               is given nothing undecided; the last stable offset of a leader never goes back
Violations check_transaction_notice(const Payload& notice, Instant now,
                                    std::span<const Broker* const> running,
                                    TransactionMemory& memory);

// At the end, when the world is quiet.
//
//   broker.P20  of a committed transaction all is there, records and offsets; of an aborted one nothing
//   broker.L6   no transaction is open for longer than its timeout and the next look at it, and none that no
//               coordinator knows of
Violations check_transactions_at_end(std::span<const Broker* const> running, Instant now,
                                     TransactionMemory& memory);

}  // namespace sim
