#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "sim/base/time.h"
#include "sim/base/violation.h"
#include "sim/core/payload.h"
#include "sim/kafka/application/client_program.h"
#include "sim/kafka/application/dead_letter.h"
#include "sim/kafka/broker.h"

// What becomes of the records that client programs read (brokers.md §4.6, §6.4 P17, P23, P24, L10),
// held against what each program's pattern promises. Its memory is ghost state: side effects that
// were executed, letters that were sent, lives that ended; no crash takes it away.
namespace sim {

// The account of §4.6, for one group and partition. `lost_by_policy` are letters that could not be
// written and were dropped; what is skipped is lost as well, and counted apart.
struct DeliveryAccount {
  std::int64_t consumed = 0;  // distinct records, as all below but the last four
  std::int64_t processed_ok = 0;
  std::int64_t skipped = 0;
  std::int64_t dlq_acked = 0;
  std::int64_t spooled = 0;
  std::int64_t in_flight = 0;
  std::int64_t lost_by_policy = 0;
  std::int64_t lost_by_crash = 0;
  std::int64_t lost_by_retention = 0;  // never read: the position was reset past them
  std::int64_t out_of_order = 0;       // processed after a later one
  std::int64_t retried = 0;            // times, from here on
  std::int64_t reprocessed = 0;
  std::int64_t dlq_attempted = 0;
  std::int64_t dlq_failed = 0;
  std::int64_t dlq_duplicates = 0;
  bool operator==(const DeliveryAccount&) const = default;
  static constexpr auto fields(auto&& visit) {
    using A = DeliveryAccount;
    return visit(field("consumed", &A::consumed), field("processedOk", &A::processed_ok),
                 field("skipped", &A::skipped), field("dlqAcked", &A::dlq_acked),
                 field("spooled", &A::spooled), field("inFlight", &A::in_flight),
                 field("lostByPolicy", &A::lost_by_policy), field("lostByCrash", &A::lost_by_crash),
                 field("lostByRetention", &A::lost_by_retention),
                 field("outOfOrder", &A::out_of_order), field("retried", &A::retried),
                 field("reprocessed", &A::reprocessed), field("dlqAttempted", &A::dlq_attempted),
                 field("dlqFailed", &A::dlq_failed), field("dlqDuplicates", &A::dlq_duplicates));
  }
};

// A loss that the declared pattern does not promise to survive.
struct ExpectedLoss {
  std::string excuse;  // "E-DLQ-ASYNC", "E-RETAIN"; "E-PATTERN": what §3.6 says of the pattern
  std::string group;
  RecordOrigin record;
  std::int64_t count = 1;  // of consecutive records
  Instant at;
  std::string culprit;  // the event, in words
};

struct DeliveryMemory {
  struct Record {
    RecordToken token{-1};
    std::int32_t life = 0;  // of the group, in which it was polled last
    std::int32_t effects = 0;
    std::int32_t letters_acked = 0;  // in the dead letter queue
    bool failed = false;
    bool payload_logged = false;
    bool lettering = false;    // a letter is made, and nobody knows yet what comes of it
    bool letter_sent = false;  // the same, and it may come into the topic at any time
    bool in_retry_topic = false;
    TopicPartition retry_partition;  // where it stands there
    Offset retry_offset{-1};
    bool skipped = false;
    bool spooled = false;
    bool dropped = false;
    bool lost = false;  // reported
    Instant failed_at;
    bool ended() const {
      return effects > 0 || letters_acked > 0 || skipped || spooled || dropped || lost;
    }
    bool handled() const { return ended() || in_retry_topic; }
  };
  struct Partition {
    std::map<Offset, Record> open;  // not both ended and behind the committed offset
    Offset committed{-1};           // the highest that was heard of
    Offset polled_end{-1};          // the highest
    Offset handled_high{-1};        // the highest record that is handled
    Offset effect_high{-1};         // the highest record whose effect was executed
    DeliveryAccount account;
  };
  struct Group {
    ClientProgram program;
    std::map<TopicPartition, Partition> partitions;
    std::map<RecordOrigin, std::int32_t> letters;  // acknowledged by the queue, and how often
    std::set<RecordToken> letter_tokens;           // of all that it has ever sent
    std::map<RecordOrigin, std::int32_t> results;  // of committed transactions, and how often
    std::set<RecordToken> result_tokens;           // of all that were sent, committed or not
    std::set<RecordOrigin>
        unheard;  // letters that were sent, and whose life ended before an answer
    std::int32_t life = 1;
    bool runs = false;
    bool store_may_go_back = false;  // the machine was lost: results that were not durable are void
    Instant ended_at;
    std::string ended_by = "nothing";  // the last time
  };
  // What a producer has sent since its last transaction was decided. A result is an effect when that is committed, and
  // so is the offset behind it.
  struct OpenTransaction {
    std::string group;
    std::vector<RecordOrigin> results;
    std::vector<OffsetCommitPartition> offsets;
  };
  std::map<std::string, Group> groups;
  std::map<std::pair<std::string, ProducerIdAndEpoch>, OpenTransaction>
      transactions;  // by transactional.id
  std::vector<ExpectedLoss> expected_losses;
  // Of these nothing is promised: they came late, and another transaction was committed with them (E-TV1).
  std::set<RecordToken> late_results;

  void declare(const std::string& group, const ClientProgram& program) {
    groups[group].program = program;
  }
  // The process of the group's only member ended; `by` says how.
  enum class Disk : std::uint8_t {
    Kept,
    MayGoBack
  };
  void on_ended(const std::string& group, Instant at, std::string by, Disk disk);
  // What stood in the topic is gone, and no promise is left about it (E-RETAIN).
  void on_topic_deleted(const std::string& topic);
  DeliveryAccount total(const std::string& group) const;
};

//   broker.P17  (client.Committed, client.PositionSet, client.Processed)  what lies behind a
//   committed offset
//               has been processed, skipped or set aside, as often as the pattern promises
//               (broker.TransactionStateChanged: of results in transactions, when these are decided)
//   broker.P23  (the same, client.PassedBadRecord)  what was to be set aside was
//   broker.P24  (client.Processed)  no record is passed over without being accounted for
Violations check_delivery_notice(const Payload& notice, Instant now, DeliveryMemory& memory);

// At the end, when the world is quiet; `running` are the brokers that run (null: down).
//
//   broker.P17  who reads committed data finds one result of each record whose transaction was committed
//   broker.P23  the queue holds each letter that was acknowledged, says where it came from, and holds
//   it no more
//               often than once and once for each crash; in a transaction, once
//   broker.P24  consumed = processed + skipped + in the queue + in flight + lost, each of them known
//   broker.L10  a bad record does not block what is behind it, where the pattern says so
Violations check_delivery_at_end(std::span<const Broker* const> running, Instant now,
                                 DeliveryMemory& memory);

}  // namespace sim
