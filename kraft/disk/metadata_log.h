#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kraft/disk/metadata_dir.h"
#include "kraft/disk/record_batch.h"
#include "kraft/disk/segment_reader.h"
#include "sim/base/problem.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/records.h"

// A metadata log as a node finds it at its start: the latest checkpoint that is whole, then the log from
// there (KafkaMetadataLog, kraft.md §1.13), batch by batch, in memory that does not grow with the log.
namespace kraft {

// Where a batch was found. Offsets in a checkpoint count its records and mean nothing in the log.
struct BatchSource {
  const std::string& file;
  bool in_checkpoint = false;
};
// Batches of a checkpoint with their control records, then batches of the log that it does not contain.
// The sink may move records out of its batch.
using BatchSink = std::function<void(RecordBatch&, const BatchSource&)>;

struct MetadataLogRead {
  std::optional<sim::OffsetAndEpoch>
      checkpoint;                          // where reading began; none: at the log's first offset
  std::int64_t checkpoint_timestamp = -1;  // ms; of the last batch which it contains
  sim::Offset end;                         // one past the last record read
  sim::RaftEpoch epoch{-1};                // of that record
  std::uint64_t batches = 0;               // of checkpoint and log
  std::uint64_t records = 0;               // as above, control records among them
  std::optional<LeaderChangeMessage> leader_change;  // the latest in the log
  sim::Offset leader_change_at{-1};                  // its offset
  // Everything below is committed; what lies between it and `end` may be, or may be taken back by another
  // leader: the files of one node cannot tell. See the function for how it is known.
  sim::Offset committed_at_least;
  std::optional<Stop> torn_tail;       // of the last segment; the rest was read
  std::optional<sim::Problem> damage;  // what stopped reading before the end; says how far it came
  std::vector<sim::Problem>
      problems;  // what could be got round: a checkpoint passed over, a small file
};

// Reads it all. Damage does not fail: what was read before it went to the sink, and `damage` says where
// and what is missing.
//
// `committed_at_least` is the end of the log if the latest leader was the only voter; else the highest of:
// the checkpoints' ends (none is made above the high watermark), and the start of the last epoch with a
// record that is not Raft's own (a controller writes only after it has seen its epoch's first record
// committed; kraft.md §8, 10).
MetadataLogRead read_metadata_log(const MetadataDir& dir, const BatchSink& sink);

// Reads a checkpoint, or any single file of batches, to its end. The answer is why it stopped early.
std::optional<Stop> read_batches(SegmentReader& reader,
                                 const std::function<void(RecordBatch&)>& sink);

// Whether a checkpoint is whole: sound batches, a header first and a footer last. Its batches are not
// decoded. Else, what is wrong.
std::optional<sim::Problem> check_checkpoint(const CheckpointFile& file);

// A data record as a loader applies it.
struct AppliedRecord {
  sim::Offset offset;
  sim::RaftEpoch epoch;
  std::int64_t timestamp = 0;  // ms
  sim::VersionedRecord record;
};

// Resolves metadata transactions (KIP-868, kraft.md §3.2, §4.2): what stands between Begin and End is handed
// on when the End is read, what an Abort takes back never is. Markers are not handed on. Holds the records
// of an open transaction in memory.
class AppliedRecords {
 public:
  struct OpenTransaction {
    sim::Offset begin;
    std::optional<std::string> name;
    std::vector<AppliedRecord> records;
  };
  using Apply = std::function<void(const AppliedRecord&)>;
  // `aborted`, if given, gets the records that an Abort takes back.
  explicit AppliedRecords(Apply apply, Apply aborted = {})
      : apply_(std::move(apply)), aborted_(std::move(aborted)) {}

  // Moves the records out of the batch.
  void add(RecordBatch& batch, const BatchSource& source);

  // A transaction that was begun and not ended yet: its records are not applied.
  const std::optional<OpenTransaction>& open_transaction() const { return open_; }
  // Records that cannot be read, and markers that contradict what is open; the rest was applied.
  const std::vector<sim::Problem>& problems() const { return problems_; }

 private:
  void add(LogRecord& record, const RecordBatch& batch, const BatchSource& source);
  void contradiction(const LogRecord& record, const RecordBatch& batch, const BatchSource& source,
                     std::string what);

  Apply apply_;
  Apply aborted_;
  std::optional<OpenTransaction> open_;
  std::vector<sim::Problem> problems_;
};

}  // namespace kraft
