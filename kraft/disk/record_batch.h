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
#include "sim/kafka/ids.h"
#include "sim/kafka/records.h"

// Record batches of format v2 as metadata logs and checkpoints hold them (DefaultRecordBatch,
// DefaultRecord, RecordsIterator; kraft.md §6.2, §6.3). Reading keeps all that writing needs, so that a
// batch that Kafka wrote comes out again byte for byte.
namespace kraft {

constexpr std::size_t kBatchHeaderBytes = 61;
// From the start of a batch to the end of its length field, which that length does not count.
constexpr std::size_t kBatchLengthEnd = 12;
// KRaft writes batches of at most 8 MiB; a length far above that is damage and not believed.
constexpr std::size_t kMostBatchBytes = 64U << 20;

struct BatchHeader {
  sim::Offset base_offset;
  sim::RaftEpoch partition_leader_epoch;
  std::int8_t magic = 2;
  std::uint32_t crc = 0;
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  std::int64_t base_timestamp = 0;  // ms, as the one below
  std::int64_t max_timestamp = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t records_count = 0;
  std::uint32_t size = 0;  // bytes of the whole batch, 12 more than its length field says

  bool is_control() const { return (attributes & 0x20) != 0; }
  bool is_transactional() const { return (attributes & 0x10) != 0; }
  bool is_log_append_time() const { return (attributes & 0x08) != 0; }
  bool has_delete_horizon() const { return (attributes & 0x40) != 0; }
  std::string_view compression() const;  // "none", "gzip", "snappy", "lz4", "zstd", "unknown"
  sim::Offset last_offset() const { return base_offset.plus(last_offset_delta); }
  sim::Offset next_offset() const { return last_offset().next(); }
  bool operator==(const BatchHeader&) const = default;
};

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
  std::int64_t timestamp = 0;   // ms
  std::int32_t key_size = -1;   // -1: no key
  std::int32_t value_size = -1;
  Content content;
};

struct RecordBatch {
  BatchHeader header;
  std::uint64_t position = 0;  // bytes from the start of the file
  bool crc_valid = true;
  std::vector<LogRecord> records;
};

// The header of the batch that begins here. Offsets of problems count from the start of `bytes`.
// Malformed: the magic byte is not 2, or the length lies outside of what a batch can have.
// Requires kBatchHeaderBytes bytes; whether the rest of the batch is there is the caller's to see.
sim::Expected<BatchHeader> read_batch_header(sim::ByteView bytes);

// Reads a whole batch into `batch`, whose storage is used again; `bytes` are exactly the batch's. Sets
// `crc_valid`; where the checksum is wrong, records are read as far as they make sense. A problem means
// that the records cannot be told apart; it is placed by its offset from the start of the batch, and the
// header and the records before it are set.
sim::Expected<void> read_batch(sim::ByteView bytes, RecordBatch& batch);
// The same without making records: sets header and `crc_valid`.
sim::Expected<void> check_batch(sim::ByteView bytes, RecordBatch& batch);

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
