#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/group_metadata.h"
#include "sim/kafka/replica_log.h"
#include "sim/kafka/rpc.h"

// The classic group coordinator of one broker (GroupCoordinator, GroupMetadataManager; brokers.md
// §3): members, rebalances and committed offsets of the groups whose `__consumer_offsets` partition
// this broker leads. A value with one door: requests, the fate of its writes and the passing of time
// go in; answers and writes come out, in order.
//
//   load, finish_load ─┐                              ┌─► GroupReply       now, or when others have joined
//   handle(request) ───┼─► GroupCoordinator ──────────┼─► GroupAppend ──►  log ──► on_written
//   on_written ────────┤   groups, timers, writes     ├─► GroupTombstones  nobody waits for them
//   expire ────────────┘                              └─► a notice
//
// Simplified: requests of versions that say how long an offset is kept (OffsetCommit 2 to 4) are not told apart.
namespace sim {

// GroupConfig, OffsetConfig: the broker's configs by their names.
struct GroupConfig {
  Duration group_min_session_timeout{6'000'000'000};
  Duration group_max_session_timeout{1'800'000'000'000};
  std::int32_t group_max_size = INT32_MAX;
  Duration group_initial_rebalance_delay{3'000'000'000};
  std::int32_t offset_metadata_max_bytes = 4096;  // characters, as Kafka counts them
  Duration offsets_retention{std::int64_t{7 * 24 * 3600} * 1'000'000'000};
  bool fence_commits = true;               // false: a mutant, which takes commits of the past (P16)
  bool transactional_offsets_wait = true;  // false: a mutant, for which no marker is needed (P20)
  Duration offsets_retention_check_interval{600'000'000'000};  // 0: never
};

// ── Effects ─────────────────────────────────────────────────────────────────────────────────────

struct GroupReply {
  ReplyTo to;
  std::variant<JoinGroupResponse, SyncGroupResponse, HeartbeatResponse, LeaveGroupResponse,
               OffsetCommitResponse, TxnOffsetCommitResponse>
      body;
};
// To be written with acks=all; its fate comes back as on_written(write, …).
struct GroupAppend {
  PartitionId partition{};
  std::uint64_t write = 0;
  GroupRecords records;
  // In a transaction of this producer, whose partition was verified with this guard.
  std::optional<ProducerIdAndEpoch> producer;
  VerificationGuard guard = kNoGuard;
};
// To be written with acks=0: if it is lost it will be written again.
struct GroupTombstones {
  PartitionId partition{};
  GroupRecords records;
};
using GroupEffect = std::variant<GroupReply, GroupAppend, GroupTombstones, Notify>;
using GroupEffects = std::vector<GroupEffect>;

struct GroupContext {
  Instant now;
  Choices& choices;
  GroupEffects& effects;
};

// A batch of `__consumer_offsets`, as a coordinator reads it: records, or a marker.
struct GroupLogEntry {
  Offset offset{};
  const GroupRecords* records = nullptr;
  BatchKind kind = BatchKind::Data;
  ProducerId producer{-1};
};

PartitionId group_partition(std::string_view group, std::int32_t partition_count);

class GroupCoordinator {
 public:
  // `self` names the choices: member ids are drawn for it.
  GroupCoordinator(BrokerId self, GroupConfig config);

  // The partition count of `__consumer_offsets`, once known; groups belong to partitions by it.
  void set_partition_count(std::int32_t count) { partition_count_ = count; }

  // ── Leadership (§3.5) ──
  // The broker began to lead the partition: until finish_load its groups are answered
  // COORDINATOR_LOAD_IN_PROGRESS. Nothing happens if it is led already.
  void load(PartitionId partition);
  // What the partition's log says, to its end, past the high watermark. Nothing happens if the
  // partition was resigned meanwhile.
  void finish_load(GroupContext& context, PartitionId partition, const ReplicaLog& log);
  void finish_load(GroupContext& context, PartitionId partition,
                   std::span<const GroupLogEntry> log);
  // Parked members are told NOT_COORDINATOR.
  void unload(GroupContext& context, PartitionId partition);
  bool leads(PartitionId partition) const { return owned_.contains(partition); }
  bool is_loading(PartitionId partition) const { return loading_.contains(partition); }

  // ── Requests: answered by a GroupReply, now or later, or by what is returned ──
  void handle(GroupContext& context, const ReplyTo& to, const JoinGroupRequest& request);
  void handle(GroupContext& context, const ReplyTo& to, const SyncGroupRequest& request);
  void handle(GroupContext& context, const ReplyTo& to, const HeartbeatRequest& request);
  void handle(GroupContext& context, const ReplyTo& to, const LeaveGroupRequest& request);
  void handle(GroupContext& context, const ReplyTo& to, const OffsetCommitRequest& request);
  // `guard`: the partition leader's, if it had to ask whether the partition is part of the transaction.
  void handle(GroupContext& context, const ReplyTo& to, const TxnOffsetCommitRequest& request,
              VerificationGuard guard = kNoGuard);
  // Partitions with a pending commit are answered UNSTABLE_OFFSET_COMMIT if the client asked for
  // stable offsets; unknown ones -1.
  OffsetFetchResponse handle(const OffsetFetchRequest& request) const;
  DescribedGroup describe(const std::string& group_id) const;
  ListGroupsResponse handle(const ListGroupsRequest& request) const;
  DeleteGroupsResponse handle(GroupContext& context, const DeleteGroupsRequest& request);
  OffsetDeleteResponse handle(GroupContext& context, const OffsetDeleteRequest& request);

  // ── What happens besides ──
  // What became of a GroupAppend; `error` is the log's. Whatever it says, the record may be there.
  void on_written(GroupContext& context, std::uint64_t write, ErrorCode error, Offset record);
  // A marker of this producer is committed to the partition: what it committed there counts, or never will.
  void on_transaction_completed(PartitionId partition, ProducerId producer,
                                TransactionResult result);
  // Their topic is gone: so are the offsets committed of them.
  void on_partitions_deleted(GroupContext& context, const std::vector<TopicPartition>& partitions);
  void on_topics_deleted(GroupContext& context, const std::set<std::string>& topics);
  // All that is due: sessions, joins, syncs, and now and then offsets (§3.7).
  void expire(GroupContext& context);
  std::optional<Instant> deadline() const;
  // Removes expired offsets, and groups that have neither members nor offsets.
  void cleanup_group_metadata(GroupContext& context);

  // ── Views ──
  const GroupConfig& config() const { return config_; }
  const GroupMetadata* group(std::string_view group_id) const;
  // What the coordinator holds to be committed, pending or not, whoever asks; -1: nothing.
  Offset committed_offset(std::string_view group_id, const TopicPartition& id) const;
  void digest_into(Digest& digest) const;

 private:
  // What waits for a write, and how it goes on.
  struct StoredAssignment {  // SyncGroup of the leader
    std::int32_t generation_id = 0;
    std::map<std::string, Bytes> assignment;
    static constexpr auto fields(auto&& visit) {
      return visit(field("generationId", &StoredAssignment::generation_id),
                   field("assignment", &StoredAssignment::assignment));
    }
  };
  struct StoredStaticMember {  // a static member came back under a new id
    ReplyTo to;
    std::uint64_t member_serial = 0;
    std::string instance_id;
    std::string old_member_id;
    std::string new_member_id;
    std::string former_leader;
    std::vector<JoinGroupRequestProtocol> protocols;
    Duration old_rebalance_timeout{};
    Duration old_session_timeout{};
    bool may_skip_assignment = false;
    bool is_answered = false;  // by the end of a rebalance, or because it was fenced
    static constexpr auto fields(auto&& visit) {
      using S = StoredStaticMember;
      return visit(field("to", &S::to), field("memberSerial", &S::member_serial),
                   field("instanceId", &S::instance_id), field("oldMemberId", &S::old_member_id),
                   field("newMemberId", &S::new_member_id),
                   field("formerLeader", &S::former_leader), field("protocols", &S::protocols),
                   field("oldRebalanceTimeout", &S::old_rebalance_timeout),
                   field("oldSessionTimeout", &S::old_session_timeout),
                   field("maySkipAssignment", &S::may_skip_assignment),
                   field("isAnswered", &S::is_answered));
    }
  };
  struct StoredNothing {  // nobody is left
    static constexpr auto fields(auto&& visit) { return visit(); }
  };
  struct StoredOffsets {
    ReplyTo to;
    std::map<TopicPartition, OffsetCommitValue> offsets;
    OffsetCommitResponse response;  // its errors are those known already
    static constexpr auto fields(auto&& visit) {
      using S = StoredOffsets;
      return visit(field("to", &S::to), field("offsets", &S::offsets),
                   field("response", &S::response));
    }
  };
  struct StoredTransactionalOffsets {
    ReplyTo to;
    ProducerId producer{-1};
    std::map<TopicPartition, OffsetCommitValue> offsets;
    TxnOffsetCommitResponse response;
    static constexpr auto fields(auto&& visit) {
      using S = StoredTransactionalOffsets;
      return visit(field("to", &S::to), field("producer", &S::producer),
                   field("offsets", &S::offsets), field("response", &S::response));
    }
  };
  using Stored = std::variant<StoredAssignment, StoredStaticMember, StoredNothing, StoredOffsets,
                              StoredTransactionalOffsets>;
  struct PendingWrite {
    std::string group_id;
    std::uint64_t group_serial = 0;
    Stored what;
    static constexpr auto fields(auto&& visit) {
      using P = PendingWrite;
      return visit(field("groupId", &P::group_id), field("groupSerial", &P::group_serial),
                   field("what", &P::what));
    }
  };
  struct TimerTarget {
    enum class Kind : std::uint8_t {
      Session,
      PendingMember,
      Join,
      Sync
    };
    Kind kind = Kind::Session;
    std::string group_id;
    std::string member_id;
  };

  // group_coordinator.cc
  enum class Api : std::uint8_t {
    Membership,
    AnyGroupId  // an empty one, too: of old a group without a name could commit
  };
  ErrorCode validate_group_status(const std::string& group_id, Api api) const;
  PartitionId partition_of(std::string_view group_id) const;
  GroupMetadata* find(std::string_view group_id);
  GroupMetadata& find_or_create(Instant now, const std::string& group_id);
  GroupMetadata* find_by_serial(const PendingWrite& write);
  void erase(GroupMetadata& group);
  void expect_check(Instant now);
  GroupTimer arm(Instant at, TimerTarget target);
  void disarm(std::optional<GroupTimer>& timer);
  void fire(GroupContext& context, const TimerTarget& target);
  void append(GroupContext& context, const GroupMetadata& group, GroupRecords records, Stored what);
  void answer_join(GroupContext& context, MemberMetadata& member, JoinGroupResponse response);
  bool answer_sync(GroupContext& context, MemberMetadata& member, SyncGroupResponse response);

  // group_join.cc
  bool accepts_joining_member(const GroupMetadata& group, const JoinGroupRequest& request) const;
  void join_as_new(GroupContext& context, GroupMetadata& group, const ReplyTo& to,
                   const JoinGroupRequest& request);
  void join_as_current(GroupContext& context, GroupMetadata& group, const ReplyTo& to,
                       const JoinGroupRequest& request);
  std::string generate_member_id(GroupContext& context, const JoinGroupRequest& request) const;
  void add_member_and_rebalance(GroupContext& context, GroupMetadata& group, const ReplyTo& to,
                                const std::string& member_id, const JoinGroupRequest& request);
  void update_member(MemberMetadata& member, const JoinGroupRequest& request, const ReplyTo& to);
  void update_static_member_and_rebalance(GroupContext& context, GroupMetadata& group,
                                          const ReplyTo& to, const std::string& old_member_id,
                                          const std::string& new_member_id,
                                          const JoinGroupRequest& request);
  MemberMetadata& replace_static_member(GroupContext& context, GroupMetadata& group,
                                        const std::string& instance_id,
                                        const std::string& old_member_id,
                                        const std::string& new_member_id);
  void on_static_member_stored(GroupContext& context, GroupMetadata& group,
                               const StoredStaticMember& stored, ErrorCode error);

  // group_rebalance.cc
  void maybe_prepare_rebalance(GroupContext& context, GroupMetadata& group);
  void prepare_rebalance(GroupContext& context, GroupMetadata& group);
  void try_complete_join(GroupContext& context, GroupMetadata& group);
  void delay_join(GroupContext& context, GroupMetadata& group);
  void on_join_due(GroupContext& context, GroupMetadata& group);
  void complete_join(GroupContext& context, GroupMetadata& group);
  void on_sync_due(GroupContext& context, GroupMetadata& group);
  void remove_member(GroupMetadata& group, const std::string& member_id);
  void remove_member_and_update_group(GroupContext& context, GroupMetadata& group,
                                      const std::string& member_id);
  void remove_pending_member_and_update_group(GroupContext& context, GroupMetadata& group,
                                              const std::string& member_id);
  void schedule_session(GroupContext& context, GroupMetadata& group, const std::string& member_id,
                        Duration timeout);
  void schedule_session(GroupContext& context, GroupMetadata& group, const std::string& member_id);
  void forget_pending_sync(GroupMetadata& group);

  // group_sync.cc
  ErrorCode validate_current_member(const GroupMetadata& group, const std::string& member_id,
                                    const std::optional<std::string>& instance_id) const;
  ErrorCode validate_sync(const GroupMetadata& group, const SyncGroupRequest& request) const;
  void sync_completing(GroupContext& context, GroupMetadata& group, const ReplyTo& to,
                       const SyncGroupRequest& request);
  void on_assignment_stored(GroupContext& context, GroupMetadata& group,
                            const StoredAssignment& stored, ErrorCode error);
  void propagate_assignment(GroupContext& context, GroupMetadata& group, ErrorCode error);
  ErrorCode heartbeat(GroupContext& context, const HeartbeatRequest& request);
  ErrorCode leave(GroupContext& context, GroupMetadata& group, const MemberIdentity& member);

  // group_offsets.cc
  enum class CommitKind : std::uint8_t {
    Plain,
    Transactional
  };
  ErrorCode validate_offset_commit(const GroupMetadata& group, const OffsetCommitRequest& request,
                                   CommitKind kind) const;
  // What of it can be stored, and the errors of the rest.
  std::map<TopicPartition, OffsetCommitValue> storable(
      Instant now, const std::vector<OffsetCommitPartition>& partitions,
      std::vector<PartitionError>& errors) const;
  void store_offsets(GroupContext& context, GroupMetadata& group, const ReplyTo& to,
                     const OffsetCommitRequest& request);
  void on_offsets_stored(GroupContext& context, GroupMetadata* group, StoredOffsets stored,
                         ErrorCode error, Offset record);
  void on_transactional_offsets_stored(GroupContext& context, GroupMetadata* group,
                                       StoredTransactionalOffsets stored, ErrorCode error,
                                       Offset record);
  void clean_up(GroupContext& context, GroupMetadata& group,
                const std::vector<TopicPartition>& removed);

  // group_load.cc
  void add_loaded(GroupContext& context, GroupMetadata group);

  BrokerId self_;
  GroupConfig config_;
  std::int32_t partition_count_ = 0;
  std::set<PartitionId> owned_;
  std::set<PartitionId> loading_;
  std::map<std::string, GroupMetadata, std::less<>> groups_;
  // Groups that are Dead, and of which a write is not decided.
  std::map<std::uint64_t, GroupMetadata> departed_;
  std::map<std::uint64_t, PendingWrite> writes_;
  std::map<GroupTimer, TimerTarget> timers_;
  std::uint64_t last_serial_ = 0;  // of groups and members
  std::uint64_t last_write_ = 0;
  std::uint64_t last_timer_ = 0;
  std::optional<Instant> next_check_;  // of expired offsets; none without groups
};

}  // namespace sim
