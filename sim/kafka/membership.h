#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/kafka/assignors.h"
#include "sim/kafka/client.h"
#include "sim/kafka/client_metadata.h"

// A consumer's side of a classic group (AbstractCoordinator, ConsumerCoordinator, Heartbeat;
// brokers.md §3.3): finds the coordinator, joins with the id that it is given, assigns as the leader,
// syncs, sends heartbeats, rejoins when told, leaves when the application stalls. A value that
// lives inside a consumer's process; what it owns is the consumer's to read from.
//
//                 poll: JoinGroup              answer: SyncGroup               answer
//      Unjoined ─────────────────► PreparingRebalance ──────────► CompletingRebalance ─────► Stable
//         ▲                            ▲     │  ▲                        │                     │
//         └── unknown, stale, left ────┼─────┘  └────── failed ──────────┘                     │
//                                      └───── a heartbeat says so, or topics have changed ─────┘
//
// The application's thread is `poll`: it joins, and while it does not come the member goes on by its
// heartbeats alone (`run`), until max.poll.interval.ms has passed.
//
// Simplified: the eager protocol alone; the coordinator is asked over the connection that other
// requests take, and not over one of its own.
namespace sim {

struct MembershipConfig {
  std::string group;
  std::optional<std::string> group_instance_id;
  std::string client_id;
  std::string client_host;
  std::vector<std::string> topics;
  std::vector<std::string> assignors{"range"};  // in order of preference
  Duration session_timeout{45'000'000'000};
  Duration heartbeat_interval{3'000'000'000};
  Duration max_poll_interval{300'000'000'000};  // the rebalance timeout, too
};

// ── What the consumer hears, in order ──

// These are to be given up: what was read is to be committed now, then `revoked` called.
struct PartitionsRevoking {
  std::vector<TopicPartition> partitions;
};
// These belong to somebody else, perhaps for long; nothing of them can be committed.
struct PartitionsLost {
  std::vector<TopicPartition> partitions;
};
struct PartitionsAssigned {
  std::int32_t generation_id = 0;
  std::vector<TopicPartition> partitions;
};
// It cannot go on: another member bears its instance id, or the group does not take it.
struct MembershipFailed {
  ErrorCode error = ErrorCode::None;
};
using MembershipEvent =
    std::variant<PartitionsRevoking, PartitionsLost, PartitionsAssigned, MembershipFailed>;

class Membership {
 public:
  enum class State : std::uint8_t {
    Unjoined,
    PreparingRebalance,
    CompletingRebalance,
    Stable
  };

  explicit Membership(MembershipConfig config) : config_(std::move(config)) {}

  // The application polls: joins if need be. Requires that events were taken.
  void poll(Context& context, NetworkClient& network, const ClientMetadata& metadata);
  // The heartbeat thread; to be called whenever the process wakes.
  void run(Context& context, NetworkClient& network, const ClientMetadata& metadata);
  // True if the message was an answer to one of its requests.
  bool handle(Context& context, NetworkClient& network, const ClientMetadata& metadata,
              const Received& received);
  // True if the request was its own.
  bool on_lost(Instant now, CorrelationId correlation);
  std::optional<MembershipEvent> take_event();
  // The consumer has committed what it wanted to, and reads no more from what it was to give up.
  void revoked() { revoking_until_.reset(); }
  // What a commit under this membership was answered.
  void on_commit_error(Instant now, ErrorCode error);
  // Leaves for good; a static member stays in its group until its session ends.
  void close(Context& context, NetworkClient& network, const ClientMetadata& metadata);

  // When `run` has something to do; when `poll` has, should the application come by.
  std::optional<Instant> deadline() const;
  std::optional<Instant> poll_deadline() const;

  State state() const { return state_; }
  bool failed() const { return failed_; }
  const std::string& member_id() const { return member_id_; }
  // -1: of no generation.
  std::int32_t generation_id() const { return generation_id_; }
  std::optional<BrokerId> coordinator() const { return coordinator_; }
  // Empty while partitions are being revoked.
  const std::vector<TopicPartition>& assignment() const { return assignment_; }
  bool is_leader() const { return is_leader_; }
  void digest_into(Digest& digest) const;

 private:
  bool has_joined() const {
    return state_ == State::CompletingRebalance || state_ == State::Stable;
  }
  void find_coordinator(Context& context, NetworkClient& network, const ClientMetadata& metadata);
  void join(Context& context, NetworkClient& network, NodeId coordinator);
  bool prepare_join(Instant now);
  void sync(Context& context, NetworkClient& network, const ClientMetadata& metadata,
            std::vector<SyncGroupRequestAssignment> assignments);
  void beat(Context& context, NetworkClient& network, NodeId coordinator);
  void on_found(Instant now, const FindCoordinatorResponse& response);
  void on_joined(Context& context, NetworkClient& network, const ClientMetadata& metadata,
                 const JoinGroupResponse& response);
  void on_synced(Instant now, const SyncGroupResponse& response);
  void on_beaten(Instant now, const HeartbeatResponse& response);
  std::vector<SyncGroupRequestAssignment> lead(const ClientMetadata& metadata,
                                               const JoinGroupResponse& response);
  void reset(bool forget_member_id);
  void lose_coordinator(Instant now);
  void retry(Instant now) { not_before_ = now + kRetryBackoff; }
  void fail(ErrorCode error);
  PartitionCounts partition_counts(const ClientMetadata& metadata) const;

  MembershipConfig config_;
  State state_ = State::Unjoined;
  bool failed_ = false;
  std::string member_id_;
  std::int32_t generation_id_ = -1;
  std::optional<std::string> protocol_name_;
  bool rejoin_needed_ = true;
  bool join_prepared_ = false;
  bool is_leader_ = false;
  PartitionCounts assigned_counts_;  // of the topics, when the leader assigned
  std::vector<TopicPartition> assignment_;
  std::deque<MembershipEvent> events_;
  std::optional<Instant> revoking_until_;

  std::optional<BrokerId> coordinator_;
  std::optional<CorrelationId> finding_;
  std::optional<CorrelationId> joining_;  // or syncing
  std::optional<CorrelationId> beating_;
  Instant not_before_;  // of finding and joining
  Instant next_beat_;
  Instant session_ends_;
  Instant poll_ends_ = Instant::never();
};
std::string_view name_of(Membership::State state);

}  // namespace sim
