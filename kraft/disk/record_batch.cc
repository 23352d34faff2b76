#include "kraft/disk/record_batch.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

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

std::unexpected<Problem> malformed(std::size_t at, std::string what) {
  return std::unexpected(Problem{.severity = Severity::Malformed,
                                 .place = {.source = {}, .offset = at, .line = {}, .column = {}},
                                 .what = std::move(what),
                                 .remedy = {}});
}

Problem placed(Problem problem, std::size_t value_at) {
  problem.place.offset = problem.place.offset.value_or(0) + value_at;
  return problem;
}

void read_content(const sim::RawRecord& raw, bool is_control, Content& content) {
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
    content = malformed(raw.value_at,
                        raw.key ? "a metadata record has a key" : "a metadata record has no value")
                  .error();
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

sim::Expected<void> read_records(const BatchHeader& header, ByteView bytes,
                                 std::vector<LogRecord>& records) {
  records.clear();
  if (header.is_compressed()) {
    auto problem = malformed(sim::kBatchCrcStart,
                             fmt::format("the batch is compressed with {}; a metadata log never is",
                                         header.compression_name()));
    problem.error().severity = Severity::Unknown;
    return problem;
  }
  WireReader in(bytes);
  ByteView skipped;
  in.take(sim::kBatchHeaderBytes, skipped);
  sim::RawRecord raw;
  for (std::int32_t i = 0; i < header.records_count; ++i) {
    const std::size_t at = in.position();
    if (!sim::read_raw_record(in, raw)) return malformed(in.failed_at(), in.what());
    // Kafka's metadata reader refuses headers as well.
    if (!raw.header_keys.empty()) return malformed(at, "a metadata record has headers");
    LogRecord& record = records.emplace_back();
    record.offset = header.base_offset.plus(raw.offset_delta);
    record.timestamp = header.timestamp_of(raw.timestamp_delta);
    record.key_size = raw.key ? static_cast<std::int32_t>(raw.key->size()) : -1;
    record.value_size = raw.value ? static_cast<std::int32_t>(raw.value->size()) : -1;
    read_content(raw, header.is_control(), record.content);
  }
  if (!in.empty()) {
    return malformed(in.position(),
                     fmt::format("{} bytes are left after the {} records of the batch",
                                 in.remaining(), header.records_count));
  }
  return {};
}

sim::Expected<void> read_batch(ByteView bytes, RecordBatch& batch) {
  batch.records.clear();
  batch.crc_valid = false;
  auto header = sim::read_batch_header(bytes);
  if (!header) return std::unexpected(std::move(header).error());
  batch.header = *header;
  batch.crc_valid = sim::crc_is_valid(*header, bytes);
  return read_records(*header, bytes, batch.records);
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
  sim::write_raw_record(out, timestamp_delta, offset_delta,
                        has_key ? std::optional<ByteView>(pair.key) : std::nullopt, pair.value);
}

template <class Record>
RecordBatch batch_of(sim::Offset base, sim::RaftEpoch epoch, std::int64_t timestamp,
                     std::span<const Record> records, std::int16_t attributes) {
  RecordBatch batch;
  batch.header.base_offset = base;
  batch.header.partition_leader_epoch = sim::LeaderEpoch(epoch.value());
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
  BatchHeader header = batch.header;
  header.records_count = index;
  header.last_offset_delta = index - 1;
  sim::write_batch_bytes(out, header, records.view());
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
