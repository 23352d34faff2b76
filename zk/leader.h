#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/digest.h"
#include "sim/core/core.h"
#include "zk/message.h"
#include "zk/prep.h"
#include "zk/server_environment.h"
#include "zk/session.h"

// A server that has decided for itself as leader (Leader, LearnerHandler, LeaderZooKeeperServer;
// zookeeper.md §2.3, §2.4, §2.6).
//
//   Discovery ──────► PersistingEpoch ─► AwaitingEpochAcks ─► PersistingNewEpoch
//     quorum of         acceptedEpoch      quorum of            currentEpoch
//     FOLLOWERINFO                         ACKEPOCH
//                 ──► Synchronization ─► Broadcast
//                     quorum of          until no quorum
//                     ACK(NEWLEADER)
//
// Each step but the last must be done within initLimit; in Broadcast a quorum of learners must have
// spoken within syncLimit. Otherwise the leader gives up, and with it go all its clients'
// connections.
namespace zk {

class Leading {
 public:
  enum class Phase : std::uint8_t {
    Discovery,
    PersistingEpoch,
    AwaitingEpochAcks,
    PersistingNewEpoch,
    Synchronization,
    Broadcast,
  };

  Leading(Environment& environment);

  void start(Environment& environment);
  // The first packet of a learner on a new connection.
  void on_follower_info(Environment& environment, sim::NodeId from, sim::ConnectionId over,
                        const FollowerInfo& info);
  bool owns(sim::ConnectionId connection) const { return learners_.contains(connection); }
  void on_message(Environment& environment, sim::ConnectionId over, const sim::Payload& message);
  void on_disconnected(Environment& environment, sim::ConnectionId connection);
  void on_disk_done(Environment& environment, const DiskDone& done);
  void on_wake(Environment& environment);
  std::optional<sim::Instant> deadline() const;
  void stop(Environment& environment);

  // What one of this server's own clients asks for: a Forwarded or a Revalidate.
  void ask(Environment& environment, const sim::Payload& message);

  Phase phase() const { return phase_; }
  ZabEpoch epoch() const { return epoch_; }
  // Leadership1 of the specification: synchronising or broadcasting in its epoch.
  bool is_established() const { return phase_ == Phase::Broadcast; }
  Zxid last_committed() const { return last_committed_; }
  std::size_t outstanding() const { return outstanding_.size(); }
  const SessionTracker& sessions() const { return sessions_; }
  void digest_into(sim::Digest& digest) const;

 private:
  struct Unacked {  // LearnerHandler.SyncLimitCheck: the oldest proposal not acknowledged, and the
                    // next sample
    Zxid zxid;
    sim::Instant since;
  };
  struct Learner {
    ServerId server;
    sim::NodeId node;
    bool acked_epoch = false;
    bool forwarding = false;  // gets proposals and commits
    bool synced = false;      // acknowledged NEWLEADER
    Zxid last_zxid;
    sim::Instant alive_until;
    std::optional<Unacked> oldest;
    std::optional<Unacked> next;
  };
  using Learners = std::map<sim::ConnectionId, Learner>;
  struct Proposal {
    Zxid zxid;
    sim::Payload txn;
    std::uint32_t acks = 0;
    // Syncs that arrived while this was the last proposal: answered once it is committed. An empty
    // connection stands for this server's own clients.
    std::vector<std::pair<sim::ConnectionId, Synced>> barriers;
  };

  // ── leader.cc: from election to broadcast ──
  void on_ack_epoch(Environment& environment, Learner& learner, sim::ConnectionId over,
                    const AckEpoch& ack);
  void on_new_leader_ack(Environment& environment, Learner& learner, sim::ConnectionId over);
  void epoch_reporters_changed(Environment& environment);
  void epoch_acks_changed(Environment& environment);
  void new_leader_acks_changed(Environment& environment);
  void send_leader_info(Environment& environment, sim::ConnectionId over, const Learner& learner);
  void synchronize(Environment& environment, sim::ConnectionId over, Learner& learner);
  void establish(Environment& environment);
  void tick(Environment& environment);
  void drop(Environment& environment, Learners::iterator at);
  void enter(Environment& environment, Phase phase);

  // ── leader_broadcast.cc: proposals and commits ──
  void on_forwarded(Environment& environment, sim::ConnectionId over, ServerId through,
                    const Forwarded& asked);
  void on_revalidate(Environment& environment, sim::ConnectionId over, ServerId through,
                     const Revalidate& asked);
  void barrier(Environment& environment, sim::ConnectionId over, Synced synced);
  void answer_barrier(Environment& environment, sim::ConnectionId over, const Synced& synced);
  void close_session(Environment& environment, SessionId session, std::int32_t cxid);
  void propose(Environment& environment, SessionId session, std::int32_t cxid, Txn txn);
  void acknowledged(Environment& environment, ServerId by, Zxid zxid);
  void commit_what_is_acknowledged(Environment& environment);
  void expire_sessions(Environment& environment);
  void hear_own_clients(Environment& environment);
  Zxid next_zxid() const { return Zxid(last_proposed_.next()); }

  Phase phase_ = Phase::Discovery;
  sim::Instant phase_deadline_;
  DiskGate::Ticket ticket_ = 0;
  ZabEpoch epoch_;
  std::uint32_t self_bit_;
  std::uint32_t reporters_ = 0;        // who sent FOLLOWERINFO
  std::uint32_t epoch_acks_ = 0;       // who acknowledged the epoch
  std::uint32_t new_leader_acks_ = 0;  // who acknowledged NEWLEADER
  Learners learners_;

  Zxid last_proposed_;
  Zxid last_committed_;
  std::deque<Proposal> outstanding_;
  Prep prep_;
  SessionTracker sessions_;
  sim::Instant next_ping_;
  bool full_tick_ = false;  // every other ping the quorum is counted
};
std::string_view name_of(Leading::Phase phase);

}  // namespace zk
