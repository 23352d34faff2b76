#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zk {

// java.lang.String.hashCode, over UTF-16 units.
std::int32_t java_hash(std::string_view text);

// The order in which the JVM's hash maps give these distinct keys back, and so the order of keys in the
// JSON that Kafka writes: scala.collection.mutable.HashMap (partitions of a topic), java.util.Properties
// (configs) and java.util.HashMap agree on table sizes and on the bucket of a key. Within a bucket the order
// is Scala's, by hash.
// Simplified: the Java maps order a bucket by insertion, and a map that once was larger keeps its larger
// table; both are rare, and no reader of these znodes looks at the order.
std::vector<std::string> hash_map_order(std::vector<std::string> keys);

}  // namespace zk
