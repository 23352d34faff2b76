#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/base/bytes.h"

// How a metadata record says, once, what it is on the wire. Each record's `fields()` is the only
// list of its fields: the codec, the JSON form, the digest and the description
// (sim/base/described.h) walk it.
//
// What Kafka's schemas (metadata/src/main/resources/common/metadata/*.json) state beside a name
// follows from the C++ member, so that it cannot be said twice:
//   wire type     the member's type (std::string: compact string; std::vector: compact array; …)
//   nullable      std::optional, in every version that has the field
//   default       the member's initialiser
//   tagged        in every version that has the field
namespace sim {

constexpr std::int16_t kNoTag = -1;

// Where a field lives: the first record version that has it (all later ones do), and its tag if it
// stands in the tagged section instead of the body.
struct Wire {
  std::int16_t since = 0;
  std::int16_t tag = kNoTag;
};

// One line of a record's table; `name` is the name in Kafka's JSON. Satisfies sim::Described.
template <class Struct, class Member>
struct WireField {
  std::string_view name;
  Member Struct::* member;
  std::int16_t since;
  std::int16_t tag;
};

template <class Struct, class Member>
constexpr WireField<Struct, Member> wire(std::string_view name, Member Struct::* member,
                                         Wire place = {}) {
  return {name, member, place.since, place.tag};
}

// A tagged field that this table does not know, as a newer Kafka may write: kept and written again
// (org.apache.kafka.common.protocol.types.RawTaggedField).
struct RawTaggedField {
  std::uint32_t tag = 0;
  Bytes data;
  auto operator<=>(const RawTaggedField&) const = default;
};
using UnknownTaggedFields = std::vector<RawTaggedField>;

}  // namespace sim
