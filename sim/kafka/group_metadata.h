#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/records_groups.h"
#include "sim/kafka/rpc.h"
#include "sim/kafka/scala_order.h"

// One classic group as its coordinator knows it (GroupMetadata, MemberMetadata; brokers.md §3.3):
// members, votes, committed offsets, and which transitions there are. Who is answered when, and
// what goes to the log, is the coordinator's business (group_coordinator.h).
//
//                        join (initial delay)                    all joined, or time is up
//     Empty ──────────────────────────► PreparingRebalance ─────────────────────► CompletingRebalance
//       ▲                                    │       ▲  ▲   member joins, leaves, fails │
//       └────────── nobody is left ──────────┘       │  └───────────────────────────────┤
//                                                    └───────────────── Stable ◄────────┘
//     any ──► Dead: deleted, expired, or the coordinator has moved             leader's assignment stored
namespace sim {

enum class GroupState : std::uint8_t {
  Empty,
  PreparingRebalance,
  CompletingRebalance,
  Stable,
  Dead
};
std::string_view name_of(GroupState state);

// When something is due. Timers of one instant are due in the order in which they were set.
struct GroupTimer {
  Instant at;
  std::uint64_t order = 0;
  auto operator<=>(const GroupTimer&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("at", &GroupTimer::at), field("order", &GroupTimer::order));
  }
};

struct MemberMetadata {
  std::uint64_t serial = 0;  // of this member in this coordinator, whatever ids it bears in turn
  std::optional<std::string> group_instance_id;
  std::string client_id;
  std::string client_host;
  Duration rebalance_timeout{};
  Duration session_timeout{};
  std::vector<JoinGroupRequestProtocol> supported_protocols;
  Bytes assignment;
  std::optional<ReplyTo> awaiting_join;
  std::optional<ReplyTo> awaiting_sync;
  bool is_new = false;  // has not seen the end of a rebalance
  std::optional<GroupTimer> session;

  // Who waits for an answer need not send heartbeats; a new member waits at most five minutes.
  bool has_satisfied_heartbeat() const { return !is_new && (awaiting_join || awaiting_sync); }
  // Requires that the member supports the protocol.
  const Bytes& metadata(std::string_view protocol) const;
  static constexpr auto fields(auto&& visit) {
    using M = MemberMetadata;
    return visit(field("serial", &M::serial), field("groupInstanceId", &M::group_instance_id),
                 field("clientId", &M::client_id), field("clientHost", &M::client_host),
                 field("rebalanceTimeout", &M::rebalance_timeout),
                 field("sessionTimeout", &M::session_timeout),
                 field("supportedProtocols", &M::supported_protocols),
                 field("assignment", &M::assignment), field("awaitingJoin", &M::awaiting_join),
                 field("awaitingSync", &M::awaiting_sync), field("isNew", &M::is_new),
                 field("session", &M::session));
  }
};

// The end of PreparingRebalance: DelayedJoin, or while a group fills from nothing InitialDelayedJoin.
struct DelayedJoin {
  GroupTimer timer;
  bool initial = false;
  Duration delay{};
  Duration remaining{};  // by which an initial delay may still be prolonged
  static constexpr auto fields(auto&& visit) {
    return visit(field("timer", &DelayedJoin::timer), field("initial", &DelayedJoin::initial),
                 field("delay", &DelayedJoin::delay), field("remaining", &DelayedJoin::remaining));
  }
};

// CommitRecordMetadataAndOffset.
struct CommittedOffset {
  Offset record{};  // where in the partition the commit stands
  OffsetCommitValue value;
  static constexpr auto fields(auto&& visit) {
    return visit(field("record", &CommittedOffset::record),
                 field("value", &CommittedOffset::value));
  }
};

struct GroupMetadata {
  std::string group_id;
  std::uint64_t serial = 0;  // of this group in this coordinator; its name may return
  GroupState state = GroupState::Empty;
  std::optional<std::int64_t> current_state_timestamp;  // ms
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::int32_t generation_id = 0;
  std::optional<std::string> leader_id;
  ScalaHashMap<MemberMetadata> members;                // by member id
  std::map<std::string, std::string> static_members;   // member ids by instance id
  std::map<std::string, GroupTimer> pending_sessions;  // of those told MEMBER_ID_REQUIRED
  std::set<std::string> pending_members;
  std::set<std::string> pending_sync_members;
  // Of consumers, as of the last generation; nothing if a subscription cannot be read.
  std::optional<std::set<std::string>> subscribed_topics;
  bool new_member_added = false;
  std::optional<DelayedJoin> delayed_join;
  std::optional<GroupTimer> delayed_sync;

  std::map<TopicPartition, CommittedOffset> offsets;
  // Written and not yet known to be committed; of each partition the last one.
  std::map<TopicPartition, OffsetCommitValue> pending_offset_commits;
  // In transactions that no marker has decided yet (brokers.md §2.5). Without a record: not yet written for good.
  struct PendingTransactionalCommit {
    std::optional<Offset> record;
    OffsetCommitValue value;
    bool operator==(const PendingTransactionalCommit&) const = default;
    static constexpr auto fields(auto&& visit) {
      return visit(field("record", &PendingTransactionalCommit::record),
                   field("value", &PendingTransactionalCommit::value));
    }
  };
  std::map<ProducerId, std::map<TopicPartition, PendingTransactionalCommit>>
      pending_transactional_offset_commits;

  bool is(GroupState other) const { return state == other; }
  bool has(std::string_view member_id) const { return members.contains(member_id); }
  bool is_leader(std::string_view member_id) const { return leader_id == member_id; }
  bool is_pending(const std::string& member_id) const {
    return pending_members.contains(member_id);
  }
  std::optional<std::string> static_member_id(const std::string& instance_id) const;
  bool can_rebalance() const {
    return is(GroupState::Stable) || is(GroupState::CompletingRebalance) || is(GroupState::Empty);
  }
  // Requires one of the transitions above.
  void transition_to(GroupState next, Instant now);

  std::size_t awaiting_join() const;
  bool has_all_members_joined() const {
    return members.size() == awaiting_join() && pending_members.empty();
  }
  Duration rebalance_timeout() const;  // of the most patient member
  bool supports_protocols(std::string_view type,
                          const std::vector<JoinGroupRequestProtocol>& protocols) const;
  // Each member votes for the first of its protocols that all have. Requires members.
  std::string select_protocol() const;

  MemberMetadata& add(const std::string& member_id, const std::string& type, MemberMetadata member);
  // The member, the pending member, and who leads.
  void remove(const std::string& member_id);
  // Whether somebody leads who has joined; looks for one if the leader has not.
  bool maybe_elect_new_joined_leader();
  void init_next_generation(Instant now);
  std::vector<JoinGroupResponseMember> current_member_metadata() const;

  bool has_offsets() const {
    return !offsets.empty() || !pending_offset_commits.empty() ||
           !pending_transactional_offset_commits.empty();
  }
  bool has_pending_commit(const TopicPartition& id) const {
    return pending_offset_commits.contains(id) ||
           std::ranges::any_of(pending_transactional_offset_commits,
                               [&](const auto& entry) { return entry.second.contains(id); });
  }
  // A marker decides what the producer's transaction commits. The last in the order of the log counts.
  void complete_transaction(ProducerId producer, TransactionResult result);
  std::vector<TopicPartition> expired_offsets(std::int64_t now_ms, std::int64_t retention_ms) const;

  // What the record of a group says (key version 2).
  GroupMetadataValue to_record(const std::map<std::string, Bytes>& assignment) const;
  static GroupMetadata of_record(const std::string& group_id, const GroupMetadataValue& value);

  static constexpr auto fields(auto&& visit) {
    using G = GroupMetadata;
    return visit(
        field("groupId", &G::group_id), field("serial", &G::serial), field("state", &G::state),
        field("currentStateTimestamp", &G::current_state_timestamp),
        field("protocolType", &G::protocol_type), field("protocolName", &G::protocol_name),
        field("generationId", &G::generation_id), field("leaderId", &G::leader_id),
        field("members", &G::members), field("staticMembers", &G::static_members),
        field("pendingSessions", &G::pending_sessions),
        field("pendingMembers", &G::pending_members),
        field("pendingSyncMembers", &G::pending_sync_members),
        field("subscribedTopics", &G::subscribed_topics),
        field("newMemberAdded", &G::new_member_added), field("delayedJoin", &G::delayed_join),
        field("delayedSync", &G::delayed_sync), field("offsets", &G::offsets),
        field("pendingOffsetCommits", &G::pending_offset_commits),
        sparse_field("pendingTransactionalOffsetCommits",
                     &G::pending_transactional_offset_commits));
  }

 private:
  std::optional<std::set<std::string>> compute_subscribed_topics() const;
};

}  // namespace sim
