#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/record_wire.h"

// Record batches of format v2 as every log of Kafka holds them, whatever its records say
// (DefaultRecordBatch, DefaultRecord; kraft.md §6.2). A record here is a key, a value and headers
// in bytes; kraft/disk and group_log.h know what they mean.
namespace sim {

constexpr std::size_t kBatchHeaderBytes = 61;
// From the start of a batch to the end of its length field, which that length does not count.
constexpr std::size_t kBatchLengthEnd = 12;
// What precedes is not covered by the checksum.
constexpr std::size_t kBatchCrcStart = 21;
// KRaft writes batches of at most 8 MiB, a group coordinator of message.max.bytes; a length far
// above that is damage and not believed.
constexpr std::size_t kMostBatchBytes = 64U << 20;

enum class Compression : std::uint8_t {  // CompressionType's ids
  None,
  Gzip,
  Snappy,
  Lz4,
  Zstd,
};
std::string_view name_of(Compression compression);  // "none", "gzip", …

struct BatchHeader {
  Offset base_offset;
  LeaderEpoch partition_leader_epoch;
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
  bool is_compressed() const { return (attributes & 0x07) != 0; }
  // Nothing for the ids 5 to 7, which Kafka has not given away.
  std::optional<Compression> compression() const;
  std::string_view compression_name() const;  // "unknown" for those
  Offset last_offset() const { return base_offset.plus(last_offset_delta); }
  Offset next_offset() const { return last_offset().next(); }
  // When a record of this batch was made, or appended, in ms.
  std::int64_t timestamp_of(std::int64_t delta) const {
    return is_log_append_time()
               ? max_timestamp
               : static_cast<std::int64_t>(static_cast<std::uint64_t>(base_timestamp) +
                                           static_cast<std::uint64_t>(delta));
  }
  bool operator==(const BatchHeader&) const = default;
};

// The sequence number so many records on: they wrap to zero behind the largest
// (DefaultRecordBatch).
std::int32_t sequence_at(std::int32_t base, std::int32_t distance);

// The header of the batch that begins here. Offsets of problems count from the start of `bytes`.
// Malformed: the magic byte is not 2, or the length lies outside of what a batch can have.
// Requires kBatchHeaderBytes bytes; whether the rest of the batch is there is the caller's to see.
Expected<BatchHeader> read_batch_header(ByteView bytes);

// Whether the bytes of a whole batch are those that its checksum was made of.
bool crc_is_valid(const BatchHeader& header, ByteView batch);

// A record as its batch holds it. Views point into the bytes that it was read from.
struct RawRecord {
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  std::size_t value_at = 0;  // position in the bytes read from
  std::vector<std::string> header_keys;
};

// Reads one record; on false `in` says why it cannot be told apart from what follows.
bool read_raw_record(WireReader& in, RawRecord& record);

// Writes one record without headers. An absent key or value is null.
void write_raw_record(ByteWriter& out, std::int64_t timestamp_delta, std::int32_t offset_delta,
                      std::optional<ByteView> key, std::optional<ByteView> value);
// Writes a batch: size and checksum are computed, everything else is the header's. `records` are
// the bytes behind the header, compressed if it says so.
void write_batch_bytes(ByteWriter& out, const BatchHeader& header, ByteView records);

}  // namespace sim
