#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kraft/disk/control_record.h"
#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "sim/kafka/disk/batch_bytes.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/records.h"

// What the batches of metadata logs and checkpoints say (RecordsIterator; kraft.md §6.3); how any
// batch lies in a file is said in sim/kafka/disk/batch_bytes.h. Reading keeps all that writing
// needs, so that a batch that Kafka wrote comes out again byte for byte.
namespace kraft {

using sim::BatchHeader;

// The leader epoch of a metadata log is that of its Raft leader.
inline sim::RaftEpoch epoch_of(const BatchHeader& header) {
  return sim::RaftEpoch(header.partition_leader_epoch.value());
}

// A control record whose type Kafka 3.9 does not know or whose value is none is kept as a problem, with
// the type from its key.
struct UnreadControl {
  std::int16_t type = -1;
  sim::Problem problem;
};

// What a record says, or why that could not be read. `Malformed` content in a batch with a good checksum
// was written so; `Unknown` content comes from another Kafka.
using Content = std::variant<sim::VersionedRecord, ControlRecord, sim::Problem, UnreadControl>;

struct LogRecord {
  sim::Offset offset;
  std::int64_t timestamp = 0;  // ms
  std::int32_t key_size = -1;  // -1: no key
  std::int32_t value_size = -1;
  Content content;
};

struct RecordBatch {
  BatchHeader header;
  std::uint64_t position = 0;  // bytes from the start of the file
  bool crc_valid = true;
  std::vector<LogRecord> records;
};

// Makes records of a batch's bytes, into `records`, whose storage is used again. A problem means
// that the records cannot be told apart; it is placed by its offset from the start of the batch,
// and the records before it are there.
sim::Expected<void> read_records(const BatchHeader& header, sim::ByteView bytes,
                                 std::vector<LogRecord>& records);

// Reads a whole batch into `batch`, whose storage is used again; `bytes` are exactly the batch's.
// Sets `crc_valid`; where the checksum is wrong, records are read as far as they make sense. Fails
// as sim::read_batch_header and read_records do, with what was read before it set.
sim::Expected<void> read_batch(sim::ByteView bytes, RecordBatch& batch);

// Bytes of a batch from its parts: size, record count, last offset delta and checksum are computed,
// keys and values encoded, and each record's offset is the base offset plus its index, its timestamp its
// own. Requires readable content in every record.
void write_batch(sim::ByteWriter& out, const RecordBatch& batch);

// Batches as a Raft leader, or a snapshot writer, makes them: no compression, one timestamp.
RecordBatch data_batch(sim::Offset base, sim::RaftEpoch epoch, std::int64_t timestamp,
                       std::span<const sim::VersionedRecord> records);
RecordBatch control_batch(sim::Offset base, sim::RaftEpoch epoch, std::int64_t timestamp,
                          std::span<const ControlRecord> records);

}  // namespace kraft
