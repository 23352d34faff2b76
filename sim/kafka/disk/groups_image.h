#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/kafka/ids.h"
#include "sim/kafka/records_groups.h"

// What the records of one partition of `__consumer_offsets` add up to, as a coordinator finds it
// when it loads that partition (GroupMetadataManager.doLoadGroupsAndOffsets of the classic
// coordinator, GroupMetadataManager.replay and OffsetMetadataManager.replay of the new one;
// brokers.md §3.5). Unlike theirs this image keeps tombstones, and where each record stands, so
// that two captures can be told apart.
namespace sim {

// Where a record stands, and when it was written.
struct RecordPlace {
  Offset offset;
  LeaderEpoch epoch{-1};
  std::int64_t timestamp = -1;  // ms
  auto operator<=>(const RecordPlace&) const = default;
};

// The last word on a key.
template <class ValueT>
struct LastWord {
  RecordPlace place;
  std::optional<ValueT> value;  // none: a tombstone
  std::int16_t version = -1;    // of the value
  bool operator==(const LastWord&) const = default;
};
using LastCommit = LastWord<OffsetCommitValue>;

// A member of a group of the new protocol; each part is a record of its own.
struct ModernMember {
  std::optional<LastWord<ConsumerGroupMemberMetadataValue>> metadata;
  std::optional<LastWord<ConsumerGroupTargetAssignmentMemberValue>> target;
  std::optional<LastWord<ConsumerGroupCurrentMemberAssignmentValue>> current;
};

// GroupType, and what a group is that only commits offsets (a "simple consumer group").
enum class GroupKind : std::uint8_t {
  Simple,
  Classic,
  Consumer,  // KIP-848
};
std::string_view name_of(GroupKind kind);

// As a coordinator that has just loaded the group would have it. PreparingRebalance and
// CompletingRebalance are nowhere written.
enum class StoredGroupState : std::uint8_t {
  Empty,
  Stable,
  Assigning,
  Reconciling,
  Dead,  // there are only tombstones
};
std::string_view name_of(StoredGroupState state);  // "Empty", …

// When the coordinator may remove a group's committed offsets, if nothing happens until then (§3.7;
// GroupMetadata.removeExpiredOffsets).
struct ExpiryRule {
  std::optional<std::int64_t> empty_since;  // ms; else it counts from each commit
  // Topics whose offsets stay. None: all stay, as the group does not say what it subscribes to.
  std::optional<std::vector<std::string>> subscribed = std::vector<std::string>();

  // In ms. Nothing: not as long as the group is as it is.
  std::optional<std::int64_t> expires_at(const std::string& topic, const OffsetCommitValue& commit,
                                         std::int64_t retention_ms) const;
};

struct StoredGroup {
  std::optional<LastWord<GroupMetadataValue>> classic;
  std::optional<LastWord<ConsumerGroupMetadataValue>> epoch;
  std::optional<LastWord<ConsumerGroupPartitionMetadataValue>> subscription;
  std::optional<LastWord<ConsumerGroupTargetAssignmentMetadataValue>> target_epoch;
  std::map<std::string, ModernMember> members;
  std::map<TopicPartition, LastCommit> offsets;

  GroupKind kind() const;
  StoredGroupState state() const;
  // Of all members; nothing where one does not say it, or has no consumer's protocol.
  std::optional<std::vector<std::string>> subscribed_topics() const;
  // Found out once for all of its offsets.
  ExpiryRule expiry_rule() const;
  std::size_t committed() const;  // offsets that are there
};

// The commits of a transaction whose end is not in the log.
struct OpenCommits {
  std::int16_t producer_epoch = -1;
  Offset first;  // record
  std::map<std::pair<std::string, TopicPartition>, LastCommit> commits;
};

class GroupsImage {
 public:
  // A record outside of any transaction, or of the transaction that this producer has open. Group
  // records are never transactional; one that is, counts at once, as both coordinators have it.
  struct Transaction {
    ProducerId producer{-1};
    std::int16_t epoch = -1;
  };
  void apply(VersionedGroupRecord versioned, const RecordPlace& place,
             const std::optional<Transaction>& transaction);
  enum class Outcome : std::uint8_t {
    Commit,
    Abort
  };
  // A marker. Of what it commits counts what stands behind the last word on its key: compaction
  // keeps the later record, whatever the order of the decisions.
  void end_transaction(ProducerId producer, Outcome outcome);

  const std::map<std::string, StoredGroup>& groups() const { return groups_; }
  const StoredGroup* find(std::string_view group) const;
  const std::map<ProducerId, OpenCommits>& open_transactions() const { return open_; }

 private:
  StoredGroup& group(const std::string& name) { return groups_[name]; }

  std::map<std::string, StoredGroup> groups_;
  std::map<ProducerId, OpenCommits> open_;
};

}  // namespace sim
