#include "kraft/disk/record_batch.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "kraft/disk/crc32c.h"
#include "sim/base/check.h"
#include "sim/kafka/record_codec.h"
#include "sim/kafka/record_wire.h"

namespace kraft {
namespace {

using sim::ByteView;
using sim::ByteWriter;
using sim::Problem;
using sim::Severity;
using sim::WireReader;

constexpr std::int16_t kControlAttribute = 0x20;
constexpr std::int16_t kCompressionMask = 0x07;
constexpr std::size_t kCrcStart = 21;  // what precedes is not covered by the checksum

std::unexpected<Problem> malformed(std::size_t at, std::string what) {
  return std::unexpected(Problem{.severity = Severity::Malformed,
                                 .place = {.source = {}, .offset = at, .line = {}, .column = {}},
                                 .what = std::move(what),
                                 .remedy = {}});
}

// Key and value of a record, or nothing where its length leads astray; `in` then says why.
struct RawRecord {
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  std::size_t value_at = 0;
};

bool read_nullable(WireReader& in, std::optional<ByteView>& bytes) {
  std::int32_t size = 0;
  if (!in.varint(size)) return false;
  if (size < 0) {
    bytes.reset();
    return true;
  }
  return in.take(static_cast<std::size_t>(size), bytes.emplace());
}

bool skip_headers(WireReader& in) {
  const std::size_t at = in.position();
  std::int32_t headers = 0;
  if (!in.varint(headers)) return false;
  // Kafka's metadata reader refuses headers as well.
  return headers == 0 || in.fail(at, "a metadata record has headers");
}

bool read_raw(WireReader& in, RawRecord& raw) {
  const std::size_t at = in.position();
  std::int32_t length = 0;
  if (!in.varint(length)) return false;
  if (length <= 0 || static_cast<std::size_t>(length) > in.remaining()) {
    return in.fail(at, fmt::format("a record says its length is {}, {} bytes are left in the batch", length,
                                   in.remaining()));
  }
  const std::size_t end = in.position() + static_cast<std::size_t>(length);
  std::int8_t attributes = 0;
  if (!in.fixed(attributes) || !in.varlong(raw.timestamp_delta) || !in.varint(raw.offset_delta) ||
      !read_nullable(in, raw.key) || !read_nullable(in, raw.value)) {
    return false;
  }
  raw.value_at = in.position() - (raw.value ? raw.value->size() : 0);
  if (!skip_headers(in)) return false;
  return in.position() == end ||
         in.fail(at, fmt::format("a record says its length is {} but has {}", length,
                                 static_cast<std::int64_t>(length) + static_cast<std::int64_t>(in.position()) -
                                     static_cast<std::int64_t>(end)));
}

Problem placed(Problem problem, std::size_t value_at) {
  problem.place.offset = problem.place.offset.value_or(0) + value_at;
  return problem;
}

void read_content(const RawRecord& raw, bool is_control, Content& content) {
  if (is_control) {
    const ByteView key = raw.key.value_or(ByteView{});
    auto control = decode_control_record(key, raw.value.value_or(ByteView{}));
    if (control) {
      content = *std::move(control);
    } else {
      content = UnreadControl{.type = control_type(key),
                              .problem = placed(std::move(control).error(), raw.value_at)};
    }
    return;
  }
  if (raw.key || !raw.value || raw.value->empty()) {
    content = malformed(raw.value_at, raw.key ? "a metadata record has a key"
                                              : "a metadata record has no value").error();
    return;
  }
  auto record = sim::decode_record(*raw.value);
  if (record) {
    content = *std::move(record);
  } else {
    content = placed(std::move(record).error(), raw.value_at);
  }
}

}  // namespace

std::string_view BatchHeader::compression() const {
  constexpr std::array<std::string_view, 5> kNames{"none", "gzip", "snappy", "lz4", "zstd"};
  const auto type = static_cast<std::size_t>(attributes & kCompressionMask);
  return type < kNames.size() ? kNames[type] : "unknown";
}

sim::Expected<BatchHeader> read_batch_header(ByteView bytes) {
  sim::check(bytes.size() >= kBatchHeaderBytes, "a batch header is read from all its bytes");
  sim::ByteReader in(bytes);
  BatchHeader header;
  header.base_offset = sim::Offset(*in.i64());
  const std::int32_t length = *in.i32();
  header.partition_leader_epoch = sim::RaftEpoch(*in.i32());
  header.magic = *in.i8();
  if (header.magic != 2) {
    return malformed(16, fmt::format("the magic byte of a record batch is {}, it must be 2", header.magic));
  }
  if (length < static_cast<std::int32_t>(kBatchHeaderBytes - kBatchLengthEnd) ||
      static_cast<std::size_t>(length) > kMostBatchBytes) {
    return malformed(8, fmt::format("a record batch says its length is {}", length));
  }
  header.size = static_cast<std::uint32_t>(length) + static_cast<std::uint32_t>(kBatchLengthEnd);
  header.crc = *in.u32();
  header.attributes = *in.i16();
  header.last_offset_delta = *in.i32();
  header.base_timestamp = *in.i64();
  header.max_timestamp = *in.i64();
  header.producer_id = *in.i64();
  header.producer_epoch = *in.i16();
  header.base_sequence = *in.i32();
  header.records_count = *in.i32();
  return header;
}

sim::Expected<void> check_batch(ByteView bytes, RecordBatch& batch) {
  batch.records.clear();
  batch.crc_valid = false;
  auto header = read_batch_header(bytes);
  if (!header) return std::unexpected(std::move(header).error());
  batch.header = *header;
  sim::check(bytes.size() == header->size, "a batch is read from exactly its bytes");
  batch.crc_valid = crc32c(bytes.subspan(kCrcStart)) == header->crc;
  return {};
}

sim::Expected<void> read_batch(ByteView bytes, RecordBatch& batch) {
  if (auto checked = check_batch(bytes, batch); !checked) return checked;
  const BatchHeader* const header = &batch.header;
  if ((header->attributes & kCompressionMask) != 0) {
    auto problem = malformed(kCrcStart, fmt::format("the batch is compressed with {}; a metadata log never is",
                                                    header->compression()));
    problem.error().severity = Severity::Unknown;
    return problem;
  }
  WireReader in(bytes);
  ByteView skipped;
  in.take(kBatchHeaderBytes, skipped);
  for (std::int32_t i = 0; i < header->records_count; ++i) {
    RawRecord raw;
    if (!read_raw(in, raw)) return malformed(in.failed_at(), in.what());
    LogRecord& record = batch.records.emplace_back();
    record.offset = header->base_offset.plus(raw.offset_delta);
    record.timestamp =
        header->is_log_append_time() ? header->max_timestamp : header->base_timestamp + raw.timestamp_delta;
    record.key_size = raw.key ? static_cast<std::int32_t>(raw.key->size()) : -1;
    record.value_size = raw.value ? static_cast<std::int32_t>(raw.value->size()) : -1;
    read_content(raw, header->is_control(), record.content);
  }
  if (!in.empty()) {
    return malformed(in.position(), fmt::format("{} bytes are left after the {} records of the batch",
                                                in.remaining(), header->records_count));
  }
  return {};
}

namespace {

KeyAndValue encode_content(const Content& content, bool& has_key) {
  if (const auto* control = std::get_if<ControlRecord>(&content)) {
    has_key = true;
    return encode_control_record(*control);
  }
  const auto* record = std::get_if<sim::VersionedRecord>(&content);
  sim::check(record != nullptr, "only what was read can be written");
  has_key = false;
  return {.key = {}, .value = sim::encode_record(*record)};
}

void write_record(ByteWriter& out, const LogRecord& record, std::int64_t timestamp_delta,
                  std::int32_t offset_delta) {
  bool has_key = false;
  const KeyAndValue pair = encode_content(record.content, has_key);
  ByteWriter body;
  body.i8(0);  // attributes: none are in use
  sim::write_varlong(body, timestamp_delta);
  sim::write_varint(body, offset_delta);
  sim::write_varint(body, has_key ? static_cast<std::int32_t>(pair.key.size()) : -1);
  body.append(pair.key);
  sim::write_varint(body, static_cast<std::int32_t>(pair.value.size()));
  body.append(pair.value);
  sim::write_varint(body, 0);  // headers
  sim::write_varint(out, static_cast<std::int32_t>(body.size()));
  out.append(body.view());
}

template <class Record>
RecordBatch batch_of(sim::Offset base, sim::RaftEpoch epoch, std::int64_t timestamp,
                     std::span<const Record> records, std::int16_t attributes) {
  RecordBatch batch;
  batch.header.base_offset = base;
  batch.header.partition_leader_epoch = epoch;
  batch.header.attributes = attributes;
  batch.header.base_timestamp = timestamp;
  batch.header.max_timestamp = timestamp;
  batch.header.records_count = static_cast<std::int32_t>(records.size());
  batch.header.last_offset_delta = batch.header.records_count - 1;
  sim::Offset offset = base;
  for (const Record& record : records) {
    batch.records.push_back({.offset = offset, .timestamp = timestamp, .content = record});
    offset = offset.next();
  }
  return batch;
}

}  // namespace

void write_batch(ByteWriter& out, const RecordBatch& batch) {
  sim::check(!batch.records.empty(), "a batch has records");
  ByteWriter records;
  std::int32_t index = 0;
  for (const LogRecord& record : batch.records) {
    write_record(records, record, record.timestamp - batch.header.base_timestamp, index++);
  }
  // What the checksum covers is put together first, then framed.
  ByteWriter covered;
  covered.i16(batch.header.attributes);
  covered.i32(index - 1);
  covered.i64(batch.header.base_timestamp);
  covered.i64(batch.header.max_timestamp);
  covered.i64(batch.header.producer_id);
  covered.i16(batch.header.producer_epoch);
  covered.i32(batch.header.base_sequence);
  covered.i32(index);
  covered.append(records.view());

  out.i64(batch.header.base_offset.value());
  out.u32(static_cast<std::uint32_t>(kCrcStart - kBatchLengthEnd + covered.size()));
  out.i32(batch.header.partition_leader_epoch.value());
  out.i8(batch.header.magic);
  out.u32(crc32c(covered.view()));
  out.append(covered.view());
}

RecordBatch data_batch(sim::Offset base, sim::RaftEpoch epoch, std::int64_t timestamp,
                       std::span<const sim::VersionedRecord> records) {
  return batch_of(base, epoch, timestamp, records, 0);
}

RecordBatch control_batch(sim::Offset base, sim::RaftEpoch epoch, std::int64_t timestamp,
                          std::span<const ControlRecord> records) {
  return batch_of(base, epoch, timestamp, records, kControlAttribute);
}

}  // namespace kraft
