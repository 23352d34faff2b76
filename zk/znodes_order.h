#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/kafka/scala_order.h"

namespace zk {

using sim::java_hash;

// The order of keys that share a bucket: by hash in scala.collection.mutable.HashMap, as they were
// put in in java.util.HashMap and java.util.Properties.
enum class WithinBucket : std::uint8_t {
  ByHash,
  AsGiven
};

// The order in which the JVM's hash maps give these distinct keys back, and so the order of keys in
// the JSON that Kafka writes. All three agree on table sizes and on the bucket of a key.
// Simplified: of configs nobody knows in what order they were put in, so ByHash stands in; and a
// Java map that once was larger keeps its larger table. No reader of these znodes looks at the
// order.
std::vector<std::string> hash_map_order(std::vector<std::string> keys,
                                        WithinBucket within = WithinBucket::ByHash);

}  // namespace zk
