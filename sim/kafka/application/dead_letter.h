#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/log_batch.h"

namespace sim {

// How a dead letter says where it came from (brokers.md §4.4, §4.5).
enum class HeaderStyle : std::uint8_t {
  Plain,    // dlq.original.topic, …: a program of one's own
  None,     // Connect without errors.deadletterqueue.context.headers.enable
  Connect,  // __connect.errors.topic, …
  Spring    // kafka_dlt-original-topic, …
};

// "orders-0"
std::string describe_partition(const TopicPartition& id);

// Which record a letter is about. The key by which a reader of the queue tells copies from records;
// the epoch because after an unclean election the same offset may be another record (§4.3).
struct RecordOrigin {
  TopicPartition topic_partition;
  Offset offset{-1};
  LeaderEpoch leader_epoch{-1};
  RecordToken token{-1};  // no client sees it; checkers do
  bool operator==(const RecordOrigin&) const = default;
  auto operator<=>(const RecordOrigin&) const = default;
  static constexpr auto fields(auto&& visit) {
    using O = RecordOrigin;
    return visit(field("topicPartition", &O::topic_partition), field("offset", &O::offset),
                 field("leaderEpoch", &O::leader_epoch), field("token", &O::token));
  }
};

// A record of a dead letter queue or a retry topic: key, value and headers of the original record,
// and headers about what went wrong with it.
struct DeadLetter {
  static constexpr std::string_view kName = "client.Letter";
  RecordOrigin origin;
  std::string key;
  std::string value;
  std::size_t padding = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::int32_t attempts = 0;  // how often processing has been tried
  Instant due;                // of a retry topic: not before then
  bool operator==(const DeadLetter&) const = default;
  static constexpr auto fields(auto&& visit) {
    using L = DeadLetter;
    return visit(field("origin", &L::origin), field("key", &L::key), field("value", &L::value),
                 field("padding", &L::padding), field("headers", &L::headers),
                 field("attempts", &L::attempts), field("due", &L::due));
  }
  // What max.request.size and max.message.bytes are held against.
  std::size_t wire_bytes() const;
};

// A result of a program that consumes, processes and produces: what it was made of.
struct OutputRecord {
  static constexpr std::string_view kName = "client.Output";
  RecordOrigin origin;
  bool operator==(const OutputRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("origin", &OutputRecord::origin));
  }
};

// The headers that say what went wrong, where, in that style.
struct Failure {
  std::string stage;      // "VALUE_CONVERTER", "TASK_PUT", "processing"
  std::string exception;  // the class
  std::string message;
};
std::vector<std::pair<std::string, std::string>> headers_of(HeaderStyle style,
                                                            const RecordOrigin& origin,
                                                            const Failure& failure,
                                                            std::string_view group);
// Whether the headers name topic, partition and offset, whatever the style.
bool name_origin(const std::vector<std::pair<std::string, std::string>>& headers,
                 const RecordOrigin& origin);

}  // namespace sim
