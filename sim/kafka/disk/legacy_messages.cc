#include "sim/kafka/disk/legacy_messages.h"

#include <fmt/format.h>
#include <zlib.h>

#include <string>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/kafka/disk/compression.h"

namespace sim {
namespace {

constexpr std::size_t kLegacyCrcEnd = 16;
constexpr int kCodecMask = 0x07;

std::unexpected<Problem> legacy_problem(std::size_t at, std::string what,
                                        Severity severity = Severity::Malformed) {
  return std::unexpected(Problem{.severity = severity,
                                 .place = {.source = {}, .offset = at, .line = {}, .column = {}},
                                 .what = std::move(what),
                                 .remedy = {}});
}

bool read_sized(WireReader& in, std::optional<ByteView>& bytes) {
  std::int32_t size = 0;
  if (!in.fixed(size)) return false;
  if (size < 0) {
    bytes.reset();
    return true;
  }
  return in.take(static_cast<std::size_t>(size), bytes.emplace());
}

// The body behind the checksum: magic, attributes, timestamp, key, value.
bool read_body(WireReader& in, LegacyMessage& message, std::int8_t& attributes) {
  std::int8_t magic = 0;
  if (!in.fixed(magic) || !in.fixed(attributes)) return false;
  message.timestamp = -1;
  if (magic == 1 && !in.fixed(message.timestamp)) return false;
  return read_sized(in, message.key) && read_sized(in, message.value);
}

// The messages within a wrapper, with the offsets as they stand there.
Expected<std::vector<LegacyMessage>> messages_within(ByteView bytes) {
  std::vector<LegacyMessage> messages;
  WireReader in(bytes);
  while (!in.empty()) {
    const std::size_t at = in.position();
    std::int64_t offset = 0;
    std::int32_t size = 0;
    ByteView body;
    if (!in.fixed(offset) || !in.fixed(size)) return legacy_problem(at, in.what());
    if (size < 0 || !in.take(static_cast<std::size_t>(size), body) || body.size() < 4)
      return legacy_problem(
          at, fmt::format("a message within a compressed one says its size is {}", size));
    LegacyMessage& message = messages.emplace_back();
    message.offset = Offset(offset);
    std::int8_t attributes = 0;
    WireReader inner(body.subspan(4));  // its checksum: that of the wrapper was right
    if (!read_body(inner, message, attributes)) return legacy_problem(at, inner.what());
    if ((attributes & kCodecMask) != 0)
      return legacy_problem(at, "a compressed message holds another compressed one");
  }
  return messages;
}

}  // namespace

Expected<BatchHeader> read_legacy_header(ByteView bytes) {
  check(bytes.size() >= kLegacyHeaderBytes, "the header of a message is read from all its bytes");
  ByteReader in(bytes);
  BatchHeader header;
  header.base_offset = Offset(*in.i64());
  const std::int32_t length = *in.i32();
  header.partition_leader_epoch = LeaderEpoch(-1);
  header.crc = *in.u32();
  header.magic = *in.i8();
  header.attributes = static_cast<std::int16_t>(*in.i8() & 0x0f);
  header.records_count = 1;
  const std::int32_t least = header.magic == 0 ? 14 : 22;  // of an empty key and an empty value
  if (length < least || static_cast<std::size_t>(length) > kMostBatchBytes)
    return legacy_problem(
        8, fmt::format("a message of format v{} says its size is {}", header.magic, length));
  header.size = static_cast<std::uint32_t>(length) + static_cast<std::uint32_t>(kBatchLengthEnd);
  return header;
}

bool legacy_crc_is_valid(const BatchHeader& header, ByteView message) {
  const ByteView covered = message.subspan(kLegacyCrcEnd);
  return ::crc32(0, covered.data(), static_cast<uInt>(covered.size())) == header.crc;
}

Expected<void> read_legacy_messages(const BatchHeader& header, ByteView bytes,
                                    const std::function<void(const LegacyMessage&)>& sink) {
  WireReader in(bytes.subspan(kLegacyCrcEnd));
  LegacyMessage outer{.offset = header.base_offset, .timestamp = -1, .key = {}, .value = {}};
  std::int8_t attributes = 0;
  if (!read_body(in, outer, attributes))
    return legacy_problem(kLegacyCrcEnd + in.failed_at(), in.what());
  if (!header.is_compressed()) {
    sink(outer);
    return {};
  }
  const auto compression = header.compression();
  if (!compression || *compression == Compression::Zstd ||
      (*compression == Compression::Lz4 && header.magic == 0)) {
    return legacy_problem(
        kLegacyCrcEnd + 1,
        fmt::format("a message of format v{} is compressed with {}, which is not read",
                    header.magic, header.compression_name()),
        Severity::Unknown);
  }
  Bytes unpacked;
  if (auto done = decompress(*compression, outer.value.value_or(ByteView{}), unpacked); !done)
    return std::unexpected(std::move(done).error());
  auto within = messages_within(unpacked);
  if (!within) return std::unexpected(std::move(within).error());
  for (LegacyMessage& message : *within) {
    // In v1 the offsets within count up to the wrapper's, which is that of the last message.
    if (header.magic == 1) {
      const std::int64_t behind = within->back().offset.value() - message.offset.value();
      if (&message != &within->back()) message.offset = Offset(header.base_offset.value() - behind);
      if (header.is_log_append_time()) message.timestamp = outer.timestamp;
    }
  }
  if (header.magic == 1 && !within->empty()) within->back().offset = header.base_offset;
  for (const LegacyMessage& message : *within) sink(message);
  return {};
}

}  // namespace sim
