#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/kafka/application/client_program.h"
#include "sim/kafka/rpc_groups.h"

// What a program does, step by step. A crash may fall between any two steps, for each is a step of
// the world, and says what it has done as a notice.
namespace sim {

// A record as poll() returned it.
struct PolledRecord {
  TopicPartition topic_partition;
  Offset offset{};
  LeaderEpoch leader_epoch{-1};
  RecordToken token{-1};
  // What it is about: itself, or of a retry topic's the record that failed first.
  RecordOrigin origin;
  std::int32_t attempts = 0;  // before it came to its retry topic
  static constexpr auto fields(auto&& visit) {
    using R = PolledRecord;
    return visit(field("topicPartition", &R::topic_partition), field("offset", &R::offset),
                 field("leaderEpoch", &R::leader_epoch), field("token", &R::token),
                 field("origin", &R::origin), field("attempts", &R::attempts));
  }
};

enum class StepKind : std::uint8_t {
  Process,      // `records`, one of them or as one batch; takes time
  HandOver,     // `records`, to other threads
  Back,         // off, before another attempt
  LogPayload,   // of the record
  Skip,         // the record is passed over, and that is counted
  Letter,       // about the record, to `topic`: made, and announced
  SendLetter,   // handed to the producer
  AwaitLetter,  // its acknowledgement
  Seek,         // to the record behind this one, for poll() stands before what it cannot read
  Committing,   // `offsets`: announced, when the letters that must come first are acknowledged
  Commit,       // asked for
  AwaitCommit,  // answered
  Produce,      // the result of the record, in a transaction
  SendOffsets,  // `offsets`, to the transaction
  CommitTransaction,  // asked for
  AbortTransaction,   // asked for
  AwaitTransaction,   // ended
  Throw,              // out of the loop
  Close,              // the consumer
};
std::string_view name_of(StepKind kind);

// How a commit is meant.
enum class CommitHow : std::uint8_t {
  Sync,   // tried again until default.api.timeout.ms is over, then thrown
  Async,  // never tried again
  Auto,   // async
  Close,  // sync, and its failure swallowed
  Transaction
};
std::string_view name_of(CommitHow how);

struct Step {
  StepKind kind = StepKind::Process;
  std::vector<PolledRecord> records;
  std::vector<OffsetCommitPartition> offsets;
  CommitHow how = CommitHow::Sync;
  std::int32_t attempt = 1;
  std::string topic;  // of a letter
  BadRecordHandling handling;
  Failure failure;
  Duration wait{};             // of `Back`
  Instant started = kLongAgo;  // that it was begun, and when
};
using Steps = std::deque<Step>;

// The steps for what one poll() returned, in the order of the pattern. Requires records.
Steps steps_of(const ClientProgram& program, const std::vector<PolledRecord>& records);
// The steps that commit what has been handled, as the pattern does it; none where it does so
// elsewhere.
Steps commit_steps(const ClientProgram& program, std::vector<OffsetCommitPartition> offsets);
// The steps that send offsets to the transaction and commit it.
Steps transaction_steps(std::vector<OffsetCommitPartition> offsets);
// What is next to read behind these records, by partition.
std::vector<OffsetCommitPartition> offsets_behind(const std::vector<PolledRecord>& records);

}  // namespace sim
