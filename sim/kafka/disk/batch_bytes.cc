#include "sim/kafka/disk/batch_bytes.h"

#include <fmt/format.h>

#include <utility>

#include "sim/base/check.h"
#include "sim/kafka/disk/crc32c.h"

namespace sim {
namespace {

std::unexpected<Problem> bad_header(std::size_t at, std::string what) {
  return std::unexpected(Problem{.severity = Severity::Malformed,
                                 .place = {.source = {}, .offset = at, .line = {}, .column = {}},
                                 .what = std::move(what),
                                 .remedy = {}});
}

bool read_nullable(WireReader& in, std::optional<ByteView>& bytes) {
  std::int32_t size = 0;
  if (!in.varint(size)) return false;
  if (size < 0) {
    bytes.reset();
    return true;
  }
  return in.take(static_cast<std::size_t>(size), bytes.emplace());
}

bool read_headers(WireReader& in, std::vector<std::string>& keys) {
  const std::size_t at = in.position();
  std::int32_t count = 0;
  if (!in.varint(count)) return false;
  if (count < 0 || static_cast<std::size_t>(count) > in.remaining()) {
    return in.fail(
        at, fmt::format("a record says it has {} headers, {} bytes are left in the batch", count,
                        in.remaining()));
  }
  for (std::int32_t i = 0; i < count; ++i) {
    std::int32_t size = 0;
    ByteView key;
    std::optional<ByteView> value;
    if (!in.varint(size)) return false;
    if (size < 0) return in.fail(at, "the key of a record's header is null");
    if (!in.take(static_cast<std::size_t>(size), key) || !read_nullable(in, value)) return false;
    keys.emplace_back(as_text(key));
  }
  return true;
}

void write_nullable(ByteWriter& out, std::optional<ByteView> bytes) {
  write_varint(out, bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
  if (bytes) out.append(*bytes);
}

}  // namespace

std::string_view name_of(Compression compression) {
  switch (compression) {
    case Compression::None:
      return "none";
    case Compression::Gzip:
      return "gzip";
    case Compression::Snappy:
      return "snappy";
    case Compression::Lz4:
      return "lz4";
    case Compression::Zstd:
      return "zstd";
  }
  return "unknown";
}

std::optional<Compression> BatchHeader::compression() const {
  const int id = attributes & 0x07;
  if (id > static_cast<int>(Compression::Zstd)) return std::nullopt;
  return static_cast<Compression>(id);
}

std::string_view BatchHeader::compression_name() const {
  const auto known = compression();
  return known ? name_of(*known) : "unknown";
}

std::int32_t sequence_at(std::int32_t base, std::int32_t distance) {
  if (base < 0) return -1;
  return base > INT32_MAX - distance ? distance - (INT32_MAX - base) - 1 : base + distance;
}

Expected<BatchHeader> read_batch_header(ByteView bytes) {
  check(bytes.size() >= kBatchHeaderBytes, "a batch header is read from all its bytes");
  ByteReader in(bytes);
  BatchHeader header;
  header.base_offset = Offset(*in.i64());
  const std::int32_t length = *in.i32();
  header.partition_leader_epoch = LeaderEpoch(*in.i32());
  header.magic = *in.i8();
  if (header.magic != 2) {
    return bad_header(
        16, fmt::format("the magic byte of a record batch is {}, it must be 2", header.magic));
  }
  if (length < static_cast<std::int32_t>(kBatchHeaderBytes - kBatchLengthEnd) ||
      static_cast<std::size_t>(length) > kMostBatchBytes) {
    return bad_header(8, fmt::format("a record batch says its length is {}", length));
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

bool crc_is_valid(const BatchHeader& header, ByteView batch) {
  check(batch.size() == header.size, "a checksum is that of exactly a batch's bytes");
  return crc32c(batch.subspan(kBatchCrcStart)) == header.crc;
}

bool read_raw_record(WireReader& in, RawRecord& record) {
  const std::size_t at = in.position();
  std::int32_t length = 0;
  record.header_keys.clear();
  if (!in.varint(length)) return false;
  if (length <= 0 || static_cast<std::size_t>(length) > in.remaining()) {
    return in.fail(at, fmt::format("a record says its length is {}, {} bytes are left in the batch",
                                   length, in.remaining()));
  }
  const std::size_t end = in.position() + static_cast<std::size_t>(length);
  std::int8_t attributes = 0;
  if (!in.fixed(attributes) || !in.varlong(record.timestamp_delta) ||
      !in.varint(record.offset_delta) || !read_nullable(in, record.key) ||
      !read_nullable(in, record.value)) {
    return false;
  }
  record.value_at = in.position() - (record.value ? record.value->size() : 0);
  if (!read_headers(in, record.header_keys)) return false;
  return in.position() == end ||
         in.fail(at, fmt::format("a record says its length is {} but has {}", length,
                                 static_cast<std::int64_t>(length) +
                                     static_cast<std::int64_t>(in.position()) -
                                     static_cast<std::int64_t>(end)));
}

void write_raw_record(ByteWriter& out, std::int64_t timestamp_delta, std::int32_t offset_delta,
                      std::optional<ByteView> key, std::optional<ByteView> value) {
  ByteWriter body;
  body.i8(0);  // attributes: none are in use
  write_varlong(body, timestamp_delta);
  write_varint(body, offset_delta);
  write_nullable(body, key);
  write_nullable(body, value);
  write_varint(body, 0);  // headers
  write_varint(out, static_cast<std::int32_t>(body.size()));
  out.append(body.view());
}

void write_batch_bytes(ByteWriter& out, const BatchHeader& header, ByteView records) {
  // What the checksum covers is put together first, then framed.
  ByteWriter covered;
  covered.i16(header.attributes);
  covered.i32(header.last_offset_delta);
  covered.i64(header.base_timestamp);
  covered.i64(header.max_timestamp);
  covered.i64(header.producer_id);
  covered.i16(header.producer_epoch);
  covered.i32(header.base_sequence);
  covered.i32(header.records_count);
  covered.append(records);

  out.i64(header.base_offset.value());
  out.u32(static_cast<std::uint32_t>(kBatchCrcStart - kBatchLengthEnd + covered.size()));
  out.i32(header.partition_leader_epoch.value());
  out.i8(header.magic);
  out.u32(crc32c(covered.view()));
  out.append(covered.view());
}

}  // namespace sim
