#include "sim/kafka/disk/groups_image.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sim/base/match.h"
#include "sim/kafka/disk/group_record_codec.h"

namespace sim {
namespace {

template <class T>
bool is_there(const std::optional<LastWord<T>>& word) {
  return word && word->value;
}

bool is_reconciled(const ModernMember& member, std::int32_t target_epoch) {
  return is_there(member.current) && member.current->value->state == MemberState::Stable &&
         member.current->value->member_epoch == target_epoch;
}

}  // namespace

std::string_view name_of(GroupKind kind) {
  switch (kind) {
    case GroupKind::Simple:
      return "Simple";
    case GroupKind::Classic:
      return "Classic";
    case GroupKind::Consumer:
      return "Consumer";
  }
  return "";
}

std::string_view name_of(StoredGroupState state) {
  switch (state) {
    case StoredGroupState::Empty:
      return "Empty";
    case StoredGroupState::Stable:
      return "Stable";
    case StoredGroupState::Assigning:
      return "Assigning";
    case StoredGroupState::Reconciling:
      return "Reconciling";
    case StoredGroupState::Dead:
      return "Dead";
  }
  return "";
}

GroupKind StoredGroup::kind() const {
  if (is_there(epoch)) return GroupKind::Consumer;
  return is_there(classic) ? GroupKind::Classic : GroupKind::Simple;
}

StoredGroupState StoredGroup::state() const {
  switch (kind()) {
    case GroupKind::Simple:
      return committed() > 0 ? StoredGroupState::Empty : StoredGroupState::Dead;
    case GroupKind::Classic:
      return classic->value->members.empty() ? StoredGroupState::Empty : StoredGroupState::Stable;
    case GroupKind::Consumer:
      break;
  }
  // ConsumerGroup.maybeUpdateGroupState.
  const std::int32_t target = is_there(target_epoch) ? target_epoch->value->assignment_epoch : 0;
  bool any = false;
  bool all_reconciled = true;
  for (const auto& [id, member] : members) {
    if (!is_there(member.metadata)) continue;
    any = true;
    all_reconciled = all_reconciled && is_reconciled(member, target);
  }
  if (!any) return StoredGroupState::Empty;
  if (epoch->value->epoch > target) return StoredGroupState::Assigning;
  return all_reconciled ? StoredGroupState::Stable : StoredGroupState::Reconciling;
}

std::optional<std::vector<std::string>> StoredGroup::subscribed_topics() const {
  std::set<std::string> topics;
  if (kind() == GroupKind::Consumer) {
    for (const auto& [id, member] : members) {
      if (!is_there(member.metadata)) continue;
      const auto& names = member.metadata->value->subscribed_topic_names;
      topics.insert(names.begin(), names.end());
    }
  } else if (is_there(classic)) {
    if (classic->value->protocol_type != kConsumerProtocolType) return std::nullopt;
    for (const GroupMember& member : classic->value->members) {
      const auto told = decode_subscription(member.subscription);
      if (!told) return std::nullopt;
      topics.insert(told->topics.begin(), told->topics.end());
    }
  }
  return std::vector<std::string>(topics.begin(), topics.end());
}

std::optional<std::int64_t> ExpiryRule::expires_at(const std::string& topic,
                                                   const OffsetCommitValue& commit,
                                                   std::int64_t retention_ms) const {
  if (!subscribed || std::ranges::binary_search(*subscribed, topic)) return std::nullopt;
  if (commit.expire_timestamp >= 0) return commit.expire_timestamp;
  const std::int64_t from = empty_since.value_or(commit.commit_timestamp);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(from) +
                                   static_cast<std::uint64_t>(retention_ms));
}

ExpiryRule StoredGroup::expiry_rule() const {
  ExpiryRule rule;
  if (kind() == GroupKind::Classic && state() == StoredGroupState::Empty) {
    // Since it has had no member; groups of before Kafka 2.1 do not say since when.
    if (classic->value->current_state_timestamp >= 0)
      rule.empty_since = classic->value->current_state_timestamp;
  } else if (kind() != GroupKind::Simple) {
    rule.subscribed = subscribed_topics();
  }
  return rule;
}

std::size_t StoredGroup::committed() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      offsets, [](const auto& each) { return each.second.value.has_value(); }));
}

void GroupsImage::apply(VersionedGroupRecord versioned, const RecordPlace& place,
                        const std::optional<Transaction>& transaction) {
  const auto word = [&]<class V>(std::optional<V>& value) {
    return LastWord<V>{
        .place = place, .value = std::move(value), .version = versioned.value_version};
  };
  match(
      versioned.record,
      [&](OffsetCommitEntry& entry) {
        TopicPartition partition{.topic = entry.key.topic, .partition = entry.key.partition};
        if (!transaction) {
          group(entry.key.group).offsets.insert_or_assign(std::move(partition), word(entry.value));
          return;
        }
        auto [open, begun] = open_.try_emplace(transaction->producer);
        if (begun) open->second.first = place.offset;
        open->second.producer_epoch = transaction->epoch;
        const auto key = std::pair(entry.key.group, std::move(partition));
        // Simplified: a tombstone takes back the producer's own pending commit, as the classic
        // coordinator has it; the new one lets a tombstone outside of transactions take back those
        // of all producers.
        if (entry.value) {
          open->second.commits.insert_or_assign(key, word(entry.value));
        } else {
          open->second.commits.erase(key);
        }
      },
      [&](GroupMetadataEntry& entry) { group(entry.key.group).classic = word(entry.value); },
      [&](GroupEpochEntry& entry) { group(entry.key.group_id).epoch = word(entry.value); },
      [&](SubscriptionMetadataEntry& entry) {
        group(entry.key.group_id).subscription = word(entry.value);
      },
      [&](MemberEntry& entry) {
        group(entry.key.group_id).members[entry.key.member_id].metadata = word(entry.value);
      },
      [&](TargetEpochEntry& entry) { group(entry.key.group_id).target_epoch = word(entry.value); },
      [&](TargetAssignmentEntry& entry) {
        group(entry.key.group_id).members[entry.key.member_id].target = word(entry.value);
      },
      [&](CurrentAssignmentEntry& entry) {
        group(entry.key.group_id).members[entry.key.member_id].current = word(entry.value);
      });
}

void GroupsImage::end_transaction(ProducerId producer, Outcome outcome) {
  const auto open = open_.find(producer);
  if (open == open_.end()) return;
  if (outcome == Outcome::Commit) {
    for (auto& [key, commit] : open->second.commits) {
      auto& offsets = group(key.first).offsets;
      const auto last = offsets.find(key.second);
      if (last == offsets.end()) {
        offsets.emplace(key.second, std::move(commit));
      } else if (!last->second.value || last->second.place.offset < commit.place.offset) {
        // A tombstone leaves no trace in a coordinator: a commit decided after it counts.
        last->second = std::move(commit);
      }
    }
  }
  open_.erase(open);
}

const StoredGroup* GroupsImage::find(std::string_view group) const {
  const auto found = groups_.find(std::string(group));
  return found == groups_.end() ? nullptr : &found->second;
}

}  // namespace sim
