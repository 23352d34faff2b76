#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kraft/behaviour.h"
#include "kraft/log.h"
#include "kraft/message.h"
#include "kraft/role.h"
#include "sim/base/choices.h"
#include "sim/core/core.h"

namespace kraft {

using sim::Choices;
using sim::Duration;

// The settings of the Raft layer, by Kafka's names and defaults (kraft.md §1.5).
struct RaftConfig {
  Duration election_timeout{1'000'000'000};      // controller.quorum.election.timeout.ms
  Duration fetch_timeout{2'000'000'000};         // controller.quorum.fetch.timeout.ms
  Duration election_backoff_max{1'000'000'000};  // controller.quorum.election.backoff.max.ms
  Duration append_linger{25'000'000};            // controller.quorum.append.linger.ms
  Duration request_timeout{2'000'000'000};       // controller.quorum.request.timeout.ms
  Duration retry_backoff{20'000'000};            // controller.quorum.retry.backoff.ms
  std::size_t max_fetch_bytes = 8 * 1024 * 1024;
};

// Who takes part, and where they are found. The same on every node of a quorum.
struct QuorumConfig {
  std::vector<BrokerId> voters;          // controller.quorum.voters, ascending
  std::map<BrokerId, NodeId> addresses;  // of the voters
  bool is_voter(BrokerId id) const { return addresses.contains(id); }
};

// One replica of the metadata log: KafkaRaftClient of 3.9 as a value. A voter if its id is among the
// voters, else an observer, which only fetches. It lives inside a process that feeds it by plain calls
// and hands on its effects.
//
// All effects go through the main lane, for Kafka has one Raft thread and its fsyncs block it: what a
// leader sends before its own fsync (answers to fetches that waited for the batch, kraft.md §1.12) stands
// before the Sync, everything later behind it.
//
// What is committed is read with `log().read(next, high_watermark(), …)`.
//
// Simplified: the voters are static (KIP-853 changes of the set are not modelled); observers are not
// forgotten after five minutes; the log is one segment, checkpoints other than the latest are not kept.
class Replica {
 public:
  struct Config {
    BrokerId id;             // of this node; brokers and controllers share the number space
    NodeId self;             // the address of this process
    std::uint32_t life = 1;  // which one of it this is
    QuorumConfig quorum;
    RaftConfig raft;
    bool flush_as_follower = true;  // has the controller role (kraft.md §1.12)
    Behaviour behaviour;
  };

  // Recovers from what the disk kept (QuorumState.initialize, §1.3). Effects of recovery come with the
  // first call after.
  Replica(Config config, const sim::Durable& durable);

  // True if the message is one of Raft's and was dealt with.
  bool receive(Instant now, NodeId from, const Payload& message, Choices& choices,
               Effects& effects);
  // To be called when `deadline()` has passed; harmless earlier.
  void wake(Instant now, Choices& choices, Effects& effects);
  Instant deadline() const;

  // Leader only: accepts records as one unit; they stand together in one batch, which goes to the log when
  // the linger time is over. The offset of the last record; nothing if this is not the leader of `epoch`.
  std::optional<Offset> append(Instant now, RaftEpoch epoch, Records records);
  // Gives up leadership of `epoch` (controller renounced, or the process is shutting down); no effect if
  // that leadership is over already.
  void resign(Instant now, RaftEpoch epoch, std::string_view reason, Choices& choices,
              Effects& effects);
  // Stops standing for election; a leader resigns so that a successor need not wait.
  void begin_shutdown(Instant now, Choices& choices, Effects& effects);
  // Keeps a checkpoint of the committed records before `checkpoint.id.offset`, and cleans the log up to it
  // when `clean` says so.
  enum class Cleaning : std::uint8_t {
    Keep,
    Clean
  };
  void keep_checkpoint(Checkpoint checkpoint, Cleaning cleaning, Effects& effects);

  // ── Views ──
  BrokerId id() const { return config_.id; }
  bool is_voter() const { return config_.quorum.is_voter(config_.id); }
  const Role& role() const { return role_; }
  RoleKind kind() const { return kind_of(role_); }
  bool is_leader() const { return std::holds_alternative<Leader>(role_); }
  RaftEpoch epoch() const { return epoch_; }
  // The leader of this epoch as far as it is known; self while Resigned, as Kafka reports it.
  BrokerId leader() const;
  // Exclusive; kUnknownOffset until a leader said.
  Offset high_watermark() const { return high_watermark_; }
  const Log& log() const { return log_; }
  // Where a record appended now would stand. Requires a leader.
  Offset next_offset() const;
  const Config& config() const { return config_; }
  // The quorum-state file as last written, and its epoch as far as the disk has confirmed it.
  const QuorumState& persisted() const { return persisted_; }
  RaftEpoch durable_epoch() const { return durable_epoch_; }
  void digest_into(sim::Digest& digest) const;

 private:
  enum class RequestKind : std::uint8_t {
    Vote,
    BeginQuorumEpoch,
    EndQuorumEpoch,
    Fetch,
    FetchSnapshot
  };
  // One request in flight per destination (RequestManager). `until` ends the wait or the backing off.
  struct Connection {
    std::optional<RequestKind> in_flight;
    std::uint32_t correlation = 0;
    Instant until = Instant(0);
    bool ready(Instant now) const { return now >= until; }
  };

  // replica.cc
  void start(Instant now, Choices& choices, Effects& effects);
  Instant observer_deadline() const;
  void sync(sim::File file, Effects& effects);
  // What the log dropped for a checkpoint leaves the disk when the checkpoint is safe there.
  void drop_behind_checkpoint(Effects& effects);
  void persist(Effects& effects);
  void become(Role next, RaftEpoch epoch, Effects& effects);
  void become_unattached(Instant now, RaftEpoch epoch, Choices& choices, Effects& effects);
  void become_follower(Instant now, RaftEpoch epoch, BrokerId leader, Effects& effects);
  void halt(std::string reason, Effects& effects);
  enum class Next : std::uint8_t {
    Done,
    Continue
  };
  Next common_response(Instant now, BrokerId from, std::uint32_t correlation, RequestKind kind,
                       ErrorCode error, RaftEpoch epoch, BrokerId leader, Choices& choices,
                       Effects& effects);
  void maybe_transition(Instant now, RaftEpoch epoch, BrokerId leader, Choices& choices,
                        Effects& effects);
  template <sim::Message Request>
  void request(Instant now, BrokerId to, RequestKind kind, Request message, Effects& effects);
  void connection_failed(Instant now, BrokerId to);
  ErrorCode leader_only_error(RaftEpoch epoch) const;
  void advance_high_watermark(Offset to, Effects& effects);
  std::size_t majority() const { return config_.quorum.voters.size() / 2 + 1; }
  template <sim::Message Response>
  void answer(NodeId to, std::uint32_t correlation, Response response, Effects& effects);

  // voting.cc
  void handle(Instant now, NodeId from, const VoteRequest& vote, Choices& choices,
              Effects& effects);
  void handle(Instant now, const VoteResponse& vote, Choices& choices, Effects& effects);
  void stand(Instant now, std::uint32_t retries, Choices& choices, Effects& effects);
  void poll_candidate(Instant now, Choices& choices, Effects& effects);
  void start_backoff(Instant now, Candidate& candidate, Choices& choices);
  void poll_resigned(Instant now, Choices& choices, Effects& effects);
  void handle(Instant now, NodeId from, const EndQuorumEpochRequest& end, Choices& choices,
              Effects& effects);
  void handle(Instant now, const EndQuorumEpochResponse& end, Choices& choices, Effects& effects);
  Duration election_timeout(Choices& choices) const;

  // leading.cc
  void lead(Instant now, Choices& choices, Effects& effects);
  void poll_leader(Instant now, Choices& choices, Effects& effects);
  void drain(Instant now, Effects& effects);
  void append_batch(Payload batch, Effects& effects);
  void answer_parked(Instant now, Effects& effects);
  void stop_leading(Effects& effects);
  void handle(Instant now, NodeId from, const FetchRequest& fetch, Effects& effects);
  bool try_complete(Instant now, NodeId from, const FetchRequest& fetch, FetchResponse& response,
                    Effects& effects);
  void handle(Instant now, NodeId from, const FetchSnapshotRequest& fetch, Effects& effects);
  void handle(Instant now, const BeginQuorumEpochResponse& begin, Choices& choices,
              Effects& effects);
  void count_fetch(Instant now, BrokerId replica);
  void maybe_commit(Effects& effects);

  // following.cc
  void handle(Instant now, NodeId from, const BeginQuorumEpochRequest& begin, Choices& choices,
              Effects& effects);
  void poll_follower(Instant now, Choices& choices, Effects& effects);
  void poll_unattached(Instant now, Choices& choices, Effects& effects);
  void fetch_from(Instant now, BrokerId to, Effects& effects);
  void fetch_from_anyone(Instant now, Choices& choices, Effects& effects);
  void handle(Instant now, const FetchResponse& fetch, Choices& choices, Effects& effects);
  void handle(Instant now, const FetchSnapshotResponse& fetch, Choices& choices, Effects& effects);
  void append_fetched(Instant now, const FetchResponse& fetch, Effects& effects);

  Config config_;
  bool started_ = false;
  bool shutting_down_ = false;
  QuorumState persisted_;
  RaftEpoch durable_epoch_{0};
  std::uint64_t persist_sync_ = 0;  // the sync that makes `persisted_` durable
  RaftEpoch epoch_{0};
  Role role_ = Unattached{};
  Log log_;
  std::uint64_t disk_first_ = 0;            // index of the first batch on disk
  std::optional<std::uint64_t> drop_sync_;  // the sync after which it may be the log's first
  Offset high_watermark_ = kUnknownOffset;
  std::uint64_t syncs_asked_ = 0;
  std::uint64_t syncs_done_ = 0;
  std::map<BrokerId, Connection> connections_;
  std::uint32_t correlation_ = 0;
  Instant polled_at_{0};
};

}  // namespace kraft
