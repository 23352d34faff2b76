#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/disk/groups_image.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/uuid.h"

// What became of each committed offset between two captures of `__consumer_offsets`: the proof that
// a migration cost no group its place. A commit may go forward, and may vanish for a reason that
// the bytes or the metadata tell; anything else is a finding, and what cannot be told is said to be
// unknown.
namespace migrate {

// `__consumer_offsets` as of one moment.
struct OffsetsCapture {
  struct Partition {
    const sim::GroupsImage* image = nullptr;
    // Records below are committed for certain; none: nothing says which are. What lies above may
    // have been taken back by another leader.
    std::optional<sim::Offset> committed_below;
    bool whole = true;  // nothing was left out
  };
  std::map<sim::PartitionId, Partition> partitions;
  std::int64_t last_timestamp = -1;  // of the latest record in it, ms: it was not taken before
  std::optional<std::map<std::string, sim::Uuid>>
      topics;  // that exist, where a metadata source tells
};

enum class OffsetChange : std::uint8_t {
  Equal,
  Advanced,
  New,
  WentBack,
  Vanished,
};
inline constexpr std::array kOffsetChanges{OffsetChange::Equal, OffsetChange::Advanced,
                                           OffsetChange::New, OffsetChange::WentBack,
                                           OffsetChange::Vanished};
std::string_view name_of(OffsetChange change);  // "went back", …

enum class OffsetReason : std::uint8_t {
  None,
  // Tolerated.
  TopicDeleted,
  TopicRecreated,
  GroupDeleted,
  Expired,
  ExpiredWithoutTrace,
  // Findings.
  CommittedAgain,
  DeletedBeforeItsTime,
  LogLost,
  NoTrace,
  // Unknown.
  NotYetCommitted,
  PartitionNotCaptured,
  PartitionUnreadable,
};
std::string_view name_of(OffsetReason reason);  // a stable word: "topic-deleted"
std::string_view explain(OffsetReason reason);  // why it is so, and what to do
enum class OffsetVerdict : std::uint8_t {
  Good,
  Tolerated,
  Unknown,
  Finding,
};
std::string_view name_of(OffsetVerdict verdict);

struct OffsetOutcome {
  std::string group;
  sim::TopicPartition partition;
  OffsetChange change = OffsetChange::Equal;
  OffsetReason reason = OffsetReason::None;
  std::optional<sim::LastCommit> before;
  std::optional<sim::LastCommit> after;  // a tombstone, where that is the last word

  OffsetVerdict verdict() const;
};

struct OffsetReport {
  std::vector<OffsetOutcome> outcomes;  // by group, topic, partition
  std::map<OffsetChange, std::uint64_t> counts;
  OffsetVerdict verdict() const;  // the gravest: a finding, then unknown
};

// `retention_ms`: offsets.retention.minutes of the cluster.
OffsetReport offset_changes(const OffsetsCapture& before, const OffsetsCapture& after,
                            std::int64_t retention_ms);

}  // namespace migrate
