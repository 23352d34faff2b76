#include "sim/kafka/group_metadata.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/kafka/consumer_protocol.h"

namespace sim {
namespace {

bool may_follow(GroupState next, GroupState state) {
  switch (next) {
    case GroupState::PreparingRebalance:
      return state == GroupState::Stable || state == GroupState::CompletingRebalance ||
             state == GroupState::Empty;
    case GroupState::CompletingRebalance:
    case GroupState::Empty:
      return state == GroupState::PreparingRebalance;
    case GroupState::Stable:
      return state == GroupState::CompletingRebalance;
    case GroupState::Dead:
      return true;
  }
  return false;
}

bool lists(const std::vector<JoinGroupRequestProtocol>& protocols, std::string_view name) {
  return std::ranges::find(protocols, name, &JoinGroupRequestProtocol::name) != protocols.end();
}

}  // namespace

std::string_view name_of(GroupState state) {
  switch (state) {
    case GroupState::Empty:
      return "Empty";
    case GroupState::PreparingRebalance:
      return "PreparingRebalance";
    case GroupState::CompletingRebalance:
      return "CompletingRebalance";
    case GroupState::Stable:
      return "Stable";
    case GroupState::Dead:
      return "Dead";
  }
  return "unknown";
}

const Bytes& MemberMetadata::metadata(std::string_view protocol) const {
  const auto found =
      std::ranges::find(supported_protocols, protocol, &JoinGroupRequestProtocol::name);
  check(found != supported_protocols.end(), "a member supports its group's protocol");
  return found->metadata;
}

std::optional<std::string> GroupMetadata::static_member_id(const std::string& instance_id) const {
  const auto found = static_members.find(instance_id);
  if (found == static_members.end()) return std::nullopt;
  return found->second;
}

void GroupMetadata::transition_to(GroupState next, Instant now) {
  check(may_follow(next, state), "a group goes from state to state as GroupState.scala lets it");
  state = next;
  current_state_timestamp = now.milliseconds();
}

std::size_t GroupMetadata::awaiting_join() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      members, [](const auto& entry) { return entry.second.awaiting_join.has_value(); }));
}

Duration GroupMetadata::rebalance_timeout() const {
  Duration longest{};
  for (const auto& [id, member] : members) longest = std::max(longest, member.rebalance_timeout);
  return longest;
}

// ── Protocols
// ───────────────────────────────────────────────────────────────────────────────────────

bool GroupMetadata::supports_protocols(
    std::string_view type, const std::vector<JoinGroupRequestProtocol>& protocols) const {
  if (is(GroupState::Empty)) return !type.empty() && !protocols.empty();
  return protocol_type == type && std::ranges::any_of(protocols, [&](const auto& protocol) {
           return std::ranges::all_of(members, [&](const auto& entry) {
             return lists(entry.second.supported_protocols, protocol.name);
           });
         });
}

std::string GroupMetadata::select_protocol() const {
  check(!members.empty(), "a group without members votes for nothing");
  std::map<std::string, std::size_t> votes;
  for (const auto& [id, member] : members) {
    const auto vote = std::ranges::find_if(member.supported_protocols, [&](const auto& protocol) {
      return std::ranges::all_of(members, [&](const auto& other) {
        return lists(other.second.supported_protocols, protocol.name);
      });
    });
    check(vote != member.supported_protocols.end(), "members have a protocol in common");
    ++votes[vote->name];
  }
  std::vector<std::string> names;
  for (const auto& [name, count] : votes) names.push_back(name);
  names = immutable_hash_map_order(std::move(names));
  return *std::ranges::max_element(names, {}, [&](const std::string& name) { return votes[name]; });
}

std::optional<std::set<std::string>> GroupMetadata::compute_subscribed_topics() const {
  if (protocol_type != kConsumerProtocolType) return std::nullopt;
  std::set<std::string> topics;
  if (members.empty()) return topics;
  if (!protocol_name) return std::nullopt;
  for (const auto& [id, member] : members) {
    // Simplified: a subscription that breaks off within a name makes Kafka throw, here and in the
    // rebalance that asked; it is taken for one that says nothing.
    const auto subscribed = sim::subscribed_topics(member.metadata(*protocol_name));
    if (!subscribed) return std::nullopt;
    topics.insert(subscribed->begin(), subscribed->end());
  }
  return topics;
}

// ── Members
// ─────────────────────────────────────────────────────────────────────────────────────────

MemberMetadata& GroupMetadata::add(const std::string& member_id, const std::string& type,
                                   MemberMetadata member) {
  if (member.group_instance_id) {
    check(static_members.emplace(*member.group_instance_id, member_id).second,
          "an instance id has one member");
  }
  if (members.empty()) protocol_type = type;
  check(supports_protocols(type, member.supported_protocols), "a member suits its group");
  if (!leader_id) leader_id = member_id;
  pending_members.erase(member_id);
  return members.put(member_id, std::move(member));
}

void GroupMetadata::remove(const std::string& member_id) {
  const auto removed = members.remove(member_id);
  if (removed && removed->group_instance_id) static_members.erase(*removed->group_instance_id);
  if (is_leader(member_id)) {
    leader_id.reset();
    if (!members.empty()) leader_id = members.begin()->first;
  }
  pending_members.erase(member_id);
  pending_sync_members.erase(member_id);
}

bool GroupMetadata::maybe_elect_new_joined_leader() {
  if (!leader_id) return false;
  const MemberMetadata* leader = members.find(*leader_id);
  check(leader != nullptr, "a group's leader is a member");
  if (leader->awaiting_join) return true;
  const auto joined = std::ranges::find_if(
      members, [](const auto& entry) { return entry.second.awaiting_join.has_value(); });
  if (joined == members.end()) return false;
  leader_id = joined->first;
  return true;
}

void GroupMetadata::init_next_generation(Instant now) {
  ++generation_id;
  protocol_name.reset();
  if (!members.empty()) protocol_name = select_protocol();
  subscribed_topics = compute_subscribed_topics();
  transition_to(members.empty() ? GroupState::Empty : GroupState::CompletingRebalance, now);
  pending_sync_members.clear();
}

std::vector<JoinGroupResponseMember> GroupMetadata::current_member_metadata() const {
  check(protocol_name.has_value(), "a generation with members has a protocol");
  std::vector<JoinGroupResponseMember> listed;
  for (const auto& [id, member] : members) {
    listed.push_back({.member_id = id,
                      .group_instance_id = member.group_instance_id,
                      .metadata = member.metadata(*protocol_name)});
  }
  return listed;
}

// ── Offsets and records
// ─────────────────────────────────────────────────────────────────────────────

void GroupMetadata::complete_transaction(ProducerId producer, TransactionResult result) {
  const auto pending = pending_transactional_offset_commits.extract(producer);
  if (pending.empty() || result == TransactionResult::Abort) return;
  for (const auto& [id, commit] : pending.mapped()) {
    if (!commit.record) continue;
    const auto known = offsets.find(id);
    if (known == offsets.end() || known->second.record < *commit.record)
      offsets.insert_or_assign(id, CommittedOffset{*commit.record, commit.value});
  }
}

std::vector<TopicPartition> GroupMetadata::expired_offsets(std::int64_t now_ms,
                                                           std::int64_t retention_ms) const {
  const bool subscribes =
      protocol_type == kConsumerProtocolType && subscribed_topics && is(GroupState::Stable);
  const bool has_left = protocol_type.has_value() && is(GroupState::Empty);
  // While a group rebalances nothing expires (KAFKA-13636).
  if (protocol_type && !subscribes && !has_left) return {};
  std::vector<TopicPartition> expired;
  for (const auto& [id, committed] : offsets) {
    if (pending_offset_commits.contains(id)) continue;
    if (subscribes && !has_left && subscribed_topics->contains(id.topic)) continue;
    const std::int64_t since =
        has_left ? current_state_timestamp.value_or(committed.value.commit_timestamp)
                 : committed.value.commit_timestamp;
    const bool is_over = committed.value.expire_timestamp >= 0
                             ? now_ms >= committed.value.expire_timestamp
                             : now_ms - since >= retention_ms;
    if (is_over) expired.push_back(id);
  }
  return expired;
}

GroupMetadataValue GroupMetadata::to_record(const std::map<std::string, Bytes>& assignment) const {
  GroupMetadataValue value{.protocol_type = protocol_type.value_or(""),
                           .generation = generation_id,
                           .protocol = protocol_name,
                           .leader = leader_id,
                           .current_state_timestamp = current_state_timestamp.value_or(-1)};
  for (const auto& [id, member] : members) {
    check(protocol_name.has_value(), "a group with members is stored with its protocol");
    value.members.push_back(
        {.member_id = id,
         .group_instance_id = member.group_instance_id,
         .client_id = member.client_id,
         .client_host = member.client_host,
         .rebalance_timeout = static_cast<std::int32_t>(member.rebalance_timeout.milliseconds()),
         .session_timeout = static_cast<std::int32_t>(member.session_timeout.milliseconds()),
         .subscription = member.metadata(*protocol_name),
         .assignment = assignment.at(id)});
  }
  return value;
}

// GroupMetadataManager.readGroupMessageValue. A member is known by the one protocol that was chosen.
GroupMetadata GroupMetadata::of_record(const std::string& group_id,
                                       const GroupMetadataValue& value) {
  constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;
  GroupMetadata group{.group_id = group_id,
                      .state = value.members.empty() ? GroupState::Empty : GroupState::Stable,
                      .generation_id = value.generation};
  if (!value.protocol_type.empty()) group.protocol_type = value.protocol_type;
  group.protocol_name = value.protocol;
  group.leader_id = value.leader;
  if (value.current_state_timestamp != -1)
    group.current_state_timestamp = value.current_state_timestamp;
  for (const GroupMember& member : value.members) {
    group.add(member.member_id, value.protocol_type,
              {.group_instance_id = member.group_instance_id,
               .client_id = member.client_id,
               .client_host = member.client_host,
               .rebalance_timeout = Duration(member.rebalance_timeout * kNanosecondsPerMillisecond),
               .session_timeout = Duration(member.session_timeout * kNanosecondsPerMillisecond),
               .supported_protocols = {{value.protocol.value_or(""), member.subscription}},
               .assignment = member.assignment});
  }
  group.subscribed_topics = group.compute_subscribed_topics();
  return group;
}

}  // namespace sim
