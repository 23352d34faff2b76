#pragma once

#include <string_view>

#include "sim/base/described.h"
#include "sim/kafka/application/dead_letter.h"

// What an application writes to its own disk, what it hears when that is done, and how long it
// waits for others.
namespace sim {

constexpr Duration kMaxBlock{60'000'000'000};       // max.block.ms
constexpr Duration kCommitTimeout{60'000'000'000};  // default.api.timeout.ms

// A result in the external store and, in the same transaction, what is next to read.
struct StoredOffset {
  static constexpr std::string_view kName = "client.StoredOffset";
  TopicPartition topic_partition;
  Offset next{};
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &StoredOffset::topic_partition),
                 field("next", &StoredOffset::next));
  }
};

// The transaction is durable.
struct ResultStored {
  static constexpr std::string_view kName = "client.ResultStored";
  RecordOrigin origin;
  static constexpr auto fields(auto&& visit) {
    return visit(field("origin", &ResultStored::origin));
  }
};

// A dead letter that could not be written is in the spool.
struct LetterSpooled {
  static constexpr std::string_view kName = "client.LetterSpooled";
  RecordOrigin origin;
  RecordToken letter{-1};
  static constexpr auto fields(auto&& visit) {
    return visit(field("origin", &LetterSpooled::origin), field("letter", &LetterSpooled::letter));
  }
};

}  // namespace sim
