#pragma once

#include <initializer_list>
#include <vector>

#include "sim/base/check.h"
#include "sim/kafka/delta.h"

// Images as tests write them: records, replayed onto an image.
namespace sim::testing {

// The topic "orders" of these tests.
inline constexpr Uuid kOrdersId{1, 11};

inline std::vector<BrokerId> brokers(std::initializer_list<int> ids) {
  std::vector<BrokerId> made;
  for (const int id : ids) made.emplace_back(id);
  return made;
}

// Requires that the records are legal there.
inline void replay(MetadataDelta& delta, const std::vector<Record>& records) {
  for (const Record& record : records) {
    const auto replayed = delta.replay(record);
    check(replayed.has_value(), replayed ? "" : replayed.error().what);
  }
}

inline MetadataImage after(const MetadataImage& base, const std::vector<Record>& records) {
  MetadataDelta delta(base);
  replay(delta, records);
  return delta.apply({});
}

}  // namespace sim::testing
