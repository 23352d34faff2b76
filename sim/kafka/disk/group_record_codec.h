#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "sim/kafka/consumer_protocol.h"
#include "sim/kafka/records_groups.h"

// A record of `__consumer_offsets` as key and value in bytes: a version each, then the message
// (CoordinatorRecordSerde, GroupMetadataManager.readMessageKey). Byte-exact with Kafka's own
// writer.
namespace sim {

struct GroupRecordBytes {
  Bytes key;
  std::optional<Bytes> value;  // none: a tombstone
};

// Requires versions that have all the fields which the record sets.
GroupRecordBytes encode_group_record(const VersionedGroupRecord& versioned);

// Reads key and value to their last byte, but as Kafka does leaves what follows a key. Offsets of
// problems count from the start of the key, or of the value where it is the value that is wrong:
// `in_value` then. `Malformed` where the bytes contradict themselves, `Unknown` where they come
// from another Kafka (a type or version that 3.9 does not know; the name is told where it is
// known).
struct GroupRecordProblem {
  Problem problem;
  bool in_value = false;
};
std::expected<VersionedGroupRecord, GroupRecordProblem> decode_group_record(
    ByteView key, std::optional<ByteView> value);

// What `kafka-dump-log --offsets-decoder` prints of key and value: {"type":"1","data":{…}} and
// {"version":"3","data":{…}}, with subscription and assignment of a consumer's group as JSON. The
// value of a tombstone is "<DELETE>", quotes included.
std::string group_key_json(const VersionedGroupRecord& versioned);
std::string group_value_json(const VersionedGroupRecord& versioned);

}  // namespace sim
