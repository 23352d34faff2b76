#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/broker_behaviour.h"
#include "sim/kafka/client.h"
#include "sim/kafka/metadata_cache.h"
#include "sim/kafka/replica_log.h"
#include "sim/kafka/rpc.h"

// One partition as one broker hosts it (kafka.cluster.Partition): its log, its role, and while it
// leads, what it knows of its followers, its ISR and its high watermark. The rules are those of
// brokers.md §1.2–1.9 and stand here without network or timers; `sim/kafka/broker` brings both.
//
//                  make_leader (higher leader epoch)
//      Offline ───────────────────────────────► Leader
//         │  ▲                                   │  ▲
//         │  └──────── stop (StopReplica) ───────┤  │
//         │      make_follower                   ▼  │
//         └────────────────────────────────► Follower
namespace sim {

enum class ReplicaRole : std::uint8_t {
  Offline,
  Leader,
  Follower
};
constexpr std::string_view name_of(ReplicaRole role) {
  return role == ReplicaRole::Leader     ? "leader"
         : role == ReplicaRole::Follower ? "follower"
                                         : "offline";
}

// What the rules need to know of the broker around.
struct ReplicaRules {
  BrokerId self;
  std::int32_t min_insync_replicas;  // the topic's; effective is min(this, replication factor)
  Duration lag_time_max;             // replica.lag.time.max.ms
  const MetadataCache& metadata;
  const BrokerBehaviour& behaviour;
};

// What a leader knows of a follower (Replica, ReplicaState).
struct RemoteReplica {
  BrokerId id{-1};
  Offset end_offset{-1};  // -1: has not fetched in this leadership
  Instant last_caught_up = kLongAgo;
  Instant last_fetch = kLongAgo;
  Offset last_fetch_leader_end{-1};
  BrokerEpoch fetch_epoch{-1};
  static constexpr auto fields(auto&& visit) {
    using R = RemoteReplica;
    return visit(field("id", &R::id), field("endOffset", &R::end_offset),
                 field("lastCaughtUp", &R::last_caught_up), field("lastFetch", &R::last_fetch),
                 field("lastFetchLeaderEnd", &R::last_fetch_leader_end),
                 field("fetchEpoch", &R::fetch_epoch));
  }
};

// PendingPartitionChange: an ISR that the controller was or will be asked for. While one is pending
// no other is proposed.
struct PendingIsr {
  std::vector<BrokerId> isr;
  bool expand = false;
  bool operator==(const PendingIsr&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("isr", &PendingIsr::isr), field("expand", &PendingIsr::expand));
  }
};

class HostedPartition {
 public:
  explicit HostedPartition(ReplicaLog log) : log_(std::move(log)) {}

  const TopicPartition& id() const { return log_.topic_partition(); }
  const ReplicaLog& log() const { return log_; }
  ReplicaLog& log() { return log_; }
  ReplicaRole role() const { return role_; }
  bool leads() const { return role_ == ReplicaRole::Leader; }
  BrokerId leader() const { return leader_; }
  // -1 until a controller has spoken in this life.
  LeaderEpoch leader_epoch() const { return leader_epoch_; }
  PartitionEpoch partition_epoch() const { return partition_epoch_; }
  const std::vector<BrokerId>& assignment() const { return assignment_; }
  // The last ISR known to be the controller's; empty on followers.
  const std::vector<BrokerId>& committed_isr() const { return isr_; }
  // The ISR that the high watermark waits for: with a follower that may be in it already.
  const std::vector<BrokerId>& maximal_isr() const {
    return pending_ && pending_->expand ? pending_->isr : isr_;
  }
  const std::optional<PendingIsr>& pending_isr() const { return pending_; }
  const std::vector<RemoteReplica>& remotes() const { return remotes_; }

  // Applies the controller's word. Refuses a partition epoch lower than its own (returns false);
  // leader epochs are the caller's to check. A new leader epoch begins at the log's end.
  bool make_leader(Context& context, const LeaderAndIsrPartitionState& state,
                   const ReplicaRules& rules);
  // True if fetching must start anew: the leader epoch went up.
  bool make_follower(Context& context, const LeaderAndIsrPartitionState& state,
                     const ReplicaRules& rules);
  void stop();

  // A write of `acks`. Errors before the write leave the log as it was.
  ReplicaLog::AppendResult append(Context& context, LogBatch batch, std::int16_t acks,
                                  const ReplicaRules& rules, Verification verification = {});

  // The checks of a read in the order of Partition.fetchRecords, then the read: to a follower up to
  // the log's end, to a consumer up to the high watermark, or to the last stable offset.
  FetchPartitionData read(const FetchPartition& request, BrokerId replica, std::int32_t max_records,
                          IsolationLevel isolation = IsolationLevel::ReadUncommitted) const;
  Offset consumer_end(IsolationLevel isolation) const {
    return isolation == IsolationLevel::ReadCommitted ? log_.last_stable_offset()
                                                      : log_.high_watermark();
  }
  // Notes what a follower's successful read says: how far it has come. Returns false if the fetch
  // belongs to a former life of the follower (KRaft).
  bool note_fetch(Instant now, const FetchPartition& request, BrokerId replica,
                  BrokerEpoch replica_epoch);
  // Up to this time the follower has fetched, each time at the log's end, which did not move.
  void note_settled_fetches(BrokerId replica, Instant until);
  const RemoteReplica* remote(BrokerId replica) const;

  // Moves the high watermark as far as the rules let it (Partition.maybeIncrementLeaderHW). True if
  // moved.
  bool maybe_advance_high_watermark(Instant now, const ReplicaRules& rules);
  // Proposes an ISR with the follower, or without those that lag. True if something was proposed.
  bool maybe_expand_isr(BrokerId replica, const ReplicaRules& rules);
  bool maybe_shrink_isr(Instant now, const ReplicaRules& rules);
  // What to ask the controller for. Requires pending_isr().
  AlterPartitionData alter_partition(BrokerEpoch own_epoch, const ReplicaRules& rules) const;
  enum class IsrOutcome : std::uint8_t {
    Ignored,
    Committed,
    Reverted,
    Waiting,
    Retry
  };
  // The controller's answer to that; LE and PE are those of the request's time.
  IsrOutcome on_alter_partition(const AlterPartitionResult& result);

  void digest_into(Digest& digest) const;

 private:
  bool caught_up(const RemoteReplica& remote, Instant now, const ReplicaRules& rules) const;
  void reset_remotes(Instant now, bool was_leader, bool new_epoch);
  ErrorCode check_read(const FetchPartition& request, BrokerId replica) const;
  RemoteReplica* find_remote(BrokerId replica);

  ReplicaLog log_;
  ReplicaRole role_ = ReplicaRole::Offline;
  BrokerId leader_{-1};
  LeaderEpoch leader_epoch_{-1};
  PartitionEpoch partition_epoch_{-1};
  ControllerEpoch controller_epoch_{0};
  Offset leader_epoch_start_{0};
  std::vector<BrokerId> assignment_;
  std::vector<BrokerId> isr_;
  std::optional<PendingIsr> pending_;
  std::vector<RemoteReplica> remotes_;
};

}  // namespace sim
