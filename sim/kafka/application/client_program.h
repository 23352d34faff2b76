#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/time.h"
#include "sim/kafka/application/dead_letter.h"
#include "sim/kafka/consumer_client.h"

// What a program does with the records that poll() returns, as a value: which offsets it commits
// when (brokers.md §3.6), and what becomes of a record that it cannot use (§4.2). `client_steps.h`
// turns it into steps, `ClientApplication` performs them, one at a time.
namespace sim {

enum class CommitPattern : std::uint8_t {
  SyncBatch,      // process all, commitSync
  SyncEach,       // process one, commitSync
  SyncBefore,     // commitSync, process all
  Async,          // process all, commitAsync
  Auto,           // enable.auto.commit, processed in the poll loop
  AutoThreads,    // enable.auto.commit, handed to other threads
  ExternalStore,  // result and offset stored outside in one transaction; seek on assignment
  Transaction,    // consume, process, produce: outputs and offsets in one transaction
  Interval        // a framework's: what is handled, asynchronously, now and then; on close, at once
};

enum class BadRecordPolicy : std::uint8_t {
  FailStop,
  Skip,
  LogAndSkip,
  BlockingRetry,     // seek back, back off, so many times; then `when_exhausted`
  DlqSync,           // the dead letter's acknowledgement, then on
  DlqAwaited,        // on; but no commit before all acknowledgements up to it
  DlqIndependent,    // on, and commit, whatever becomes of the letter
  DlqTransactional,  // the letter and the offset behind the record in one transaction
  RetryTopics,       // to the first retry topic, the next one, …, the dead letter queue
  Split  // a batch listener's: halves, until the record stands alone; then `when_exhausted`
};

// What a program does when a dead letter cannot be written.
enum class LetterFailure : std::uint8_t {
  Fail,   // the exception ends the consumer: nothing is lost, everything stands
  Drop,   // counted, and lost
  Spool,  // written to the program's own disk
};

struct BadRecordHandling {
  BadRecordPolicy policy = BadRecordPolicy::FailStop;
  LetterFailure letter_failure = LetterFailure::Fail;
  bool operator==(const BadRecordHandling&) const = default;
};

// The nth wait is `first` times 2^(n-1) if it doubles, and never longer than `most`.
struct Backoff {
  Duration first{};
  bool doubles = false;
  Duration most{60'000'000'000};
  Duration nth(std::int32_t n) const;
  bool operator==(const Backoff&) const = default;
};

struct RetryTopic {
  std::string topic;
  Duration delay{};
  bool operator==(const RetryTopic&) const = default;
};

struct ClientProgram {
  CommitPattern commit = CommitPattern::SyncBatch;
  // Where deserialisation fails, where processing does, and what comes after the last attempt.
  BadRecordHandling undeserialisable;
  BadRecordHandling failed;
  BadRecordHandling exhausted;
  // False: poll() returns bytes, and a converter or an ErrorHandlingDeserializer meets what is bad.
  bool deserialises_in_poll = true;
  std::int32_t attempts = 1;  // of BlockingRetry, the first included
  Backoff backoff;
  bool logs_payload = false;
  HeaderStyle headers = HeaderStyle::Plain;
  bool same_partition = false;  // a letter goes to the partition with the record's own number
  bool idempotent_letters = true;
  // delivery.timeout.ms and max.block.ms of the producer of letters; none: it blocks for ever.
  std::optional<Duration> letter_timeout = Duration{120'000'000'000};
  Duration letter_linger{};                 // linger.ms of it
  Duration commit_interval{5'000'000'000};  // auto.commit.interval.ms, offset.flush.interval.ms
  // Commits the offset of the last record instead of the next one's.
  bool off_by_one = false;
  // An exception that escapes the loop runs close(); and the supervisor starts the program again so
  // much later, if at all.
  bool closes = true;
  std::optional<Duration> restart_after = Duration{5'000'000'000};
  std::string dead_letter_topic;
  // Of programs with transactions: where their results go, transactional.id, transaction.timeout.ms.
  std::string output_topic;
  std::string transactional_id;
  Duration transaction_timeout{60'000'000'000};
  IsolationLevel isolation_level = IsolationLevel::ReadUncommitted;
  std::vector<RetryTopic> retry_topics;
  std::size_t max_request_size = 1'048'576;  // max.request.size
  bool operator==(const ClientProgram&) const = default;

  bool writes_letters() const;
  bool uses_transactions() const;
  bool uses(BadRecordPolicy policy) const;
  // A bad record, or a letter about one, may end the program.
  bool may_throw() const;
};

// What the pattern promises about the side effect of each record that was read (§3.6, "Class").
enum class Promise : std::uint8_t {
  AtLeastOnce,
  AtMostOnce,
  Neither,
  ExactlyOnce
};
std::string_view name_of(Promise promise);
Promise promise_of(const ClientProgram& program);

// A program under a name that scenarios use, with what the reference says of it.
struct NamedCommitPattern {
  std::string_view name;
  CommitPattern pattern;
  std::string_view says;
};
std::span<const NamedCommitPattern> commit_patterns();
struct NamedBadRecordPolicy {
  std::string_view name;
  BadRecordPolicy policy;
  std::string_view says;
};
std::span<const NamedBadRecordPolicy> bad_record_policies();
// Whole programs of frameworks: "connect_all", "streams_log_and_fail", "spring_default".
struct NamedFramework {
  std::string_view name;
  ClientProgram program;
  std::string_view says;
};
std::span<const NamedFramework> frameworks();

std::string_view name_of(CommitPattern pattern);
std::string_view name_of(BadRecordPolicy policy);
std::string_view name_of(LetterFailure failure);

}  // namespace sim
