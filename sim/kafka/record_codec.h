#pragma once

#include <cstdint>

#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "sim/kafka/records.h"

// A metadata record as the value of a log record: frame version 1, api key, version, body
// (server-common AbstractApiMessageSerde; kraft.md §6.4). Byte-exact with Kafka's own writer.
namespace sim {

constexpr std::uint32_t kRecordFrameVersion = 1;

// Requires a version that has all the fields which the record sets: anything else is a bug of the
// caller, as Kafka refuses to write it. sim/kafka/record_version.h says which version to choose.
void encode_record(ByteWriter& out, const Record& record, std::int16_t version);
Bytes encode_record(const Record& record, std::int16_t version);
inline Bytes encode_record(const VersionedRecord& versioned) {
  return encode_record(versioned.record, versioned.version);
}

// Reads one value to its last byte. What is wrong is placed by its offset in `value`: `Malformed` where
// the bytes contradict themselves, `Unknown` where they may be sound but come from another Kafka (frame,
// type or version that 3.9 does not know). Never reads or allocates on the word of a length alone.
Expected<VersionedRecord> decode_record(ByteView value);

}  // namespace sim
