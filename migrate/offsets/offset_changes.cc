#include "migrate/offsets/offset_changes.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "sim/base/check.h"

namespace migrate {
namespace {

using sim::LastCommit;
using sim::StoredGroup;
using sim::TopicPartition;

// One group in one partition of both captures.
struct Side {
  const OffsetsCapture& capture;
  const OffsetsCapture::Partition* partition = nullptr;  // null: not captured
  const StoredGroup* group = nullptr;                    // null: no record of it

  const LastCommit* find(const TopicPartition& of) const {
    if (group == nullptr) return nullptr;
    const auto found = group->offsets.find(of);
    return found == group->offsets.end() ? nullptr : &found->second;
  }
};

bool topic_is_gone(const OffsetsCapture& after, const std::string& topic) {
  return after.topics && !after.topics->contains(topic);
}

bool topic_is_another(const OffsetsCapture& before, const OffsetsCapture& after,
                      const std::string& topic) {
  if (!before.topics || !after.topics) return false;
  const auto was = before.topics->find(topic);
  const auto is = after.topics->find(topic);
  return was != before.topics->end() && is != after.topics->end() && was->second != is->second;
}

// A tombstone that stands behind the commit: one before it is of an earlier group of that name.
bool group_is_deleted(const StoredGroup& group, const LastCommit& commit) {
  const auto is_deleted = [&](const auto& word) {
    return word && !word->value && word->place.offset > commit.place.offset;
  };
  return (is_deleted(group.classic) || is_deleted(group.epoch)) &&
         group.kind() == sim::GroupKind::Simple && group.committed() == 0;
}

// Whether Kafka could have removed the commit of its own accord by then. A group that subscribes to
// the topic keeps it, but may have stopped to since; then it counts from the commit, the earliest
// of all rules.
bool was_due(const StoredGroup& group, const TopicPartition& partition, const LastCommit& commit,
             std::int64_t retention_ms, std::int64_t by) {
  const auto expires = [&](const sim::ExpiryRule& rule) {
    return rule.expires_at(partition.topic, *commit.value, retention_ms);
  };
  const auto at = expires(group.expiry_rule());
  return (at ? at : expires({})) <= by;
}

bool not_yet_committed(const Side& before, const LastCommit& commit) {
  return before.partition->committed_below &&
         commit.place.offset >= *before.partition->committed_below;
}

// What the record of BEFORE says is not in AFTER, where its place is taken or the log goes on
// without it.
OffsetReason why_record_is_lost(const Side& before, const Side& after, const LastCommit& was,
                                OffsetReason finding) {
  // It, or what came after it, may be what was left out.
  if (!after.partition->whole) return OffsetReason::PartitionUnreadable;
  return not_yet_committed(before, was) ? OffsetReason::NotYetCommitted : finding;
}

class Comparison {
 public:
  Comparison(const OffsetsCapture& before, const OffsetsCapture& after, std::int64_t retention_ms)
      : before_(before), after_(after), retention_ms_(retention_ms) {}

  OffsetReport run() {
    std::set<sim::PartitionId> partitions;
    for (const auto& [id, partition] : before_.partitions) partitions.insert(id);
    for (const auto& [id, partition] : after_.partitions) partitions.insert(id);
    for (const sim::PartitionId id : partitions) compare_partition(id);
    std::ranges::sort(report_.outcomes, {}, [](const OffsetOutcome& each) {
      return std::tie(each.group, each.partition);
    });
    for (const OffsetOutcome& each : report_.outcomes) ++report_.counts[each.change];
    return std::move(report_);
  }

 private:
  static const OffsetsCapture::Partition* find(const OffsetsCapture& capture, sim::PartitionId id) {
    const auto found = capture.partitions.find(id);
    return found == capture.partitions.end() ? nullptr : &found->second;
  }

  void compare_partition(sim::PartitionId id) {
    Side before{.capture = before_, .partition = find(before_, id)};
    Side after{.capture = after_, .partition = find(after_, id)};
    std::set<std::string> groups;
    for (const Side* side : {&before, &after}) {
      if (side->partition == nullptr) continue;
      for (const auto& [name, group] : side->partition->image->groups()) groups.insert(name);
    }
    for (const std::string& name : groups) {
      if (before.partition != nullptr) before.group = before.partition->image->find(name);
      if (after.partition != nullptr) after.group = after.partition->image->find(name);
      compare_group(name, before, after);
    }
  }

  void compare_group(const std::string& name, const Side& before, const Side& after) {
    std::set<TopicPartition> partitions;
    for (const Side* side : {&before, &after}) {
      if (side->group == nullptr) continue;
      for (const auto& [partition, commit] : side->group->offsets) partitions.insert(partition);
    }
    for (const TopicPartition& partition : partitions) {
      const LastCommit* const was = before.find(partition);
      const LastCommit* const is = after.find(partition);
      const bool was_there = was != nullptr && was->value;
      const bool is_there = is != nullptr && is->value;
      if (!was_there && !is_there) continue;
      OffsetOutcome outcome{.group = name, .partition = partition};
      if (was != nullptr) outcome.before = *was;
      if (is != nullptr) outcome.after = *is;
      if (!was_there) {
        outcome.change = OffsetChange::New;
        outcome.reason = why_new(was, *is, before, after);
      } else if (is_there) {
        moved(*was, *is, before, after, outcome);
      } else {
        outcome.change = OffsetChange::Vanished;
        outcome.reason = why_vanished(*was, is, before, after, partition);
      }
      report_.outcomes.push_back(std::move(outcome));
    }
  }

  // There is no commit before; one that a tombstone had already taken away shows a log that was
  // cut. All partitions are made at once, so that one which BEFORE lacks was not copied.
  static OffsetReason why_new(const LastCommit* was, const LastCommit& is, const Side& before,
                              const Side& after) {
    if (before.partition == nullptr) return OffsetReason::PartitionNotCaptured;
    if (was == nullptr || is.place.offset > was->place.offset) return OffsetReason::None;
    return why_record_is_lost(before, after, *was, OffsetReason::LogLost);
  }

  void moved(const LastCommit& was, const LastCommit& is, const Side& before, const Side& after,
             OffsetOutcome& outcome) const {
    const sim::Offset from = was.value->offset;
    const sim::Offset to = is.value->offset;
    outcome.change = to == from  ? OffsetChange::Equal
                     : to > from ? OffsetChange::Advanced
                                 : OffsetChange::WentBack;
    if (to == from) return;
    // Below or at the same place in the log another commit stands: that of before is lost.
    if (is.place.offset <= was.place.offset) {
      outcome.reason = why_record_is_lost(before, after, was, OffsetReason::LogLost);
    } else if (outcome.change == OffsetChange::WentBack) {
      outcome.reason = topic_is_another(before_, after_, outcome.partition.topic)
                           ? OffsetReason::TopicRecreated
                           : OffsetReason::CommittedAgain;
    }
  }

  OffsetReason why_vanished(const LastCommit& was, const LastCommit* tombstone, const Side& before,
                            const Side& after, const TopicPartition& partition) const {
    if (after.partition == nullptr) return OffsetReason::PartitionNotCaptured;
    if (tombstone != nullptr && tombstone->place.offset <= was.place.offset)
      return why_record_is_lost(before, after, was, OffsetReason::LogLost);
    if (topic_is_gone(after_, partition.topic)) return OffsetReason::TopicDeleted;
    if (topic_is_another(before_, after_, partition.topic)) return OffsetReason::TopicRecreated;
    // The group as it was last: it may have lost its members since.
    const StoredGroup& judged = *before.group;
    if (tombstone != nullptr &&
        was_due(judged, partition, was, retention_ms_, tombstone->place.timestamp))
      return OffsetReason::Expired;
    if (after.group != nullptr && group_is_deleted(*after.group, was))
      return OffsetReason::GroupDeleted;
    if (tombstone != nullptr) return OffsetReason::DeletedBeforeItsTime;
    if (after.partition->whole &&
        was_due(judged, partition, was, retention_ms_, after_.last_timestamp))
      return OffsetReason::ExpiredWithoutTrace;
    return why_record_is_lost(before, after, was, OffsetReason::NoTrace);
  }

  const OffsetsCapture& before_;
  const OffsetsCapture& after_;
  std::int64_t retention_ms_;
  OffsetReport report_;
};

}  // namespace

std::string_view name_of(OffsetChange change) {
  switch (change) {
    case OffsetChange::Equal:
      return "equal";
    case OffsetChange::Advanced:
      return "advanced";
    case OffsetChange::New:
      return "new";
    case OffsetChange::WentBack:
      return "went back";
    case OffsetChange::Vanished:
      return "vanished";
  }
  sim::unreachable("a change is one of those above");
}

std::string_view name_of(OffsetReason reason) {
  switch (reason) {
    case OffsetReason::None:
      return "none";
    case OffsetReason::TopicDeleted:
      return "topic-deleted";
    case OffsetReason::TopicRecreated:
      return "topic-recreated";
    case OffsetReason::GroupDeleted:
      return "group-deleted";
    case OffsetReason::Expired:
      return "expired";
    case OffsetReason::ExpiredWithoutTrace:
      return "expired-without-trace";
    case OffsetReason::CommittedAgain:
      return "committed-again";
    case OffsetReason::DeletedBeforeItsTime:
      return "deleted-before-its-time";
    case OffsetReason::LogLost:
      return "log-lost";
    case OffsetReason::NoTrace:
      return "no-trace";
    case OffsetReason::NotYetCommitted:
      return "not-yet-committed";
    case OffsetReason::PartitionNotCaptured:
      return "partition-not-captured";
    case OffsetReason::PartitionUnreadable:
      return "partition-unreadable";
  }
  sim::unreachable("a reason is one of those above");
}

std::string_view explain(OffsetReason reason) {
  switch (reason) {
    case OffsetReason::None:
      return "";
    case OffsetReason::TopicDeleted:
      return "the topic is gone; a deleted topic takes its committed offsets with it";
    case OffsetReason::TopicRecreated:
      return "the topic was deleted and created again under its name; offsets of the old one mean "
             "nothing in the new";
    case OffsetReason::GroupDeleted:
      return "the group was deleted: its metadata has a tombstone too";
    case OffsetReason::Expired:
      return "its time was over by offsets.retention.minutes when its tombstone was written";
    case OffsetReason::ExpiredWithoutTrace:
      return "its time is over by offsets.retention.minutes; the tombstone is compacted away";
    case OffsetReason::CommittedAgain:
      return "somebody committed a lower offset later: a reset (kafka-consumer-groups "
             "--reset-offsets), a consumer that was started at another place, or an offset out of "
             "range after data was lost; ask the group's owner";
    case OffsetReason::DeletedBeforeItsTime:
      return "it was deleted by a tombstone before its time: by kafka-consumer-groups "
             "--delete-offsets, or --delete of a group that never had members, or with its topic "
             "(name the metadata with --topics to have that told apart)";
    case OffsetReason::LogLost:
      return "the log lost committed records: what stands in their place is older or another "
             "leader's. An unclean election, a replica that lost its disk, or min.insync.replicas "
             "1 of __consumer_offsets; the group reads again, or skips, what lies between. A "
             "replica that lags looks the same: AFTER must have the leader's";
    case OffsetReason::NoTrace:
      return "it is gone without a tombstone: the log lost it, a replica was emptied and elected, "
             "or AFTER has not the leader's replica; or the group or the offset was deleted so "
             "long "
             "ago (delete.retention.ms, a day) that the tombstone is compacted away. A group that "
             "lost it begins at auto.offset.reset; set its offset again before it does "
             "(kafka-consumer-groups --reset-offsets --to-offset)";
    case OffsetReason::NotYetCommitted:
      return "its record lay above the high watermark that the brokers had written down; it may "
             "never have been acknowledged. Take BEFORE again with the brokers stopped, or a few "
             "seconds after commits rest";
    case OffsetReason::PartitionNotCaptured:
      return "this partition of __consumer_offsets is in one of the captures alone; add the "
             "brokers that hold it to the other";
    case OffsetReason::PartitionUnreadable:
      return "parts of this partition of AFTER could not be read; take it from another replica";
  }
  sim::unreachable("a reason is one of those above");
}

std::string_view name_of(OffsetVerdict verdict) {
  switch (verdict) {
    case OffsetVerdict::Good:
      return "good";
    case OffsetVerdict::Tolerated:
      return "tolerated";
    case OffsetVerdict::Unknown:
      return "unknown";
    case OffsetVerdict::Finding:
      return "finding";
  }
  sim::unreachable("a verdict is one of those above");
}

OffsetVerdict OffsetOutcome::verdict() const {
  switch (reason) {
    case OffsetReason::None:
      return OffsetVerdict::Good;
    case OffsetReason::TopicDeleted:
    case OffsetReason::TopicRecreated:
    case OffsetReason::GroupDeleted:
    case OffsetReason::Expired:
    case OffsetReason::ExpiredWithoutTrace:
      return OffsetVerdict::Tolerated;
    case OffsetReason::CommittedAgain:
    case OffsetReason::DeletedBeforeItsTime:
    case OffsetReason::LogLost:
    case OffsetReason::NoTrace:
      return OffsetVerdict::Finding;
    case OffsetReason::NotYetCommitted:
    case OffsetReason::PartitionNotCaptured:
    case OffsetReason::PartitionUnreadable:
      return OffsetVerdict::Unknown;
  }
  sim::unreachable("a reason is one of those above");
}

OffsetVerdict OffsetReport::verdict() const {
  OffsetVerdict gravest = OffsetVerdict::Good;
  for (const OffsetOutcome& each : outcomes) gravest = std::max(gravest, each.verdict());
  return gravest;
}

OffsetReport offset_changes(const OffsetsCapture& before, const OffsetsCapture& after,
                            std::int64_t retention_ms) {
  return Comparison(before, after, retention_ms).run();
}

}  // namespace migrate
