#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "sim/kafka/disk/batch_bytes.h"

// Messages of the formats v0 and v1, which Kafka wrote before 0.11, or later where an operator kept
// log.message.format.version low. Kafka 3.9 still reads them from disk (AbstractLegacyRecordBatch,
// LegacyRecord), and the log cleaner never rewrites one in a newer format, so that a group which
// has not committed for years may have its offsets in them. Only read, never written.
namespace sim {

// Offset, size, checksum, magic, attributes.
constexpr std::size_t kLegacyHeaderBytes = 18;

// A message, or a wrapper around compressed messages, as a header: base offset (of a wrapper that
// of its last message), size, checksum, attributes; no epoch, no producer. Requires
// kLegacyHeaderBytes bytes. Malformed where the size cannot be.
Expected<BatchHeader> read_legacy_header(ByteView bytes);

// CRC-32 over what follows the checksum.
bool legacy_crc_is_valid(const BatchHeader& header, ByteView message);

struct LegacyMessage {
  Offset offset;
  std::int64_t timestamp = -1;  // ms; -1: v0 has none
  std::optional<ByteView> key;
  std::optional<ByteView> value;
};

// Hands on each message, of a wrapper those within. A problem's offset counts from the start of
// `bytes`; of what is compressed, from the start of the message that holds it. Unknown where a
// wrapper is compressed in a way that is not read (lz4 of v0, whose frames Kafka wrote with a wrong
// checksum).
Expected<void> read_legacy_messages(const BatchHeader& header, ByteView bytes,
                                    const std::function<void(const LegacyMessage&)>& sink);

}  // namespace sim
