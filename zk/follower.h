#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sim/base/digest.h"
#include "sim/core/core.h"
#include "zk/message.h"
#include "zk/server_environment.h"

// A server that has decided for another one as leader (Follower, Learner; zookeeper.md §2.3, §2.5,
// §2.6).
//
//   Connecting ──► Discovery ──► PersistingEpoch ──► Synchronizing ──► PersistingHistory
//     5 tries      FOLLOWERINFO    LEADERINFO          DIFF|TRUNC|SNAP      NEWLEADER
//                                  ACKEPOCH            (P,C)*  P*
//                              ──► PersistingNewEpoch ──► AwaitingUpToDate ──► Broadcast
//                                  ACK(NEWLEADER)         P* C*                P C PING …
//
// Silence of the leader, a lost connection or an impossible packet: the server looks for a leader
// again.
namespace zk {

class Following {
 public:
  enum class Phase : std::uint8_t {
    Connecting,
    Discovery,
    PersistingEpoch,
    Synchronizing,
    PersistingHistory,
    PersistingNewEpoch,
    AwaitingUpToDate,
    Broadcast,
  };

  explicit Following(ServerId leader) : leader_(leader) {}

  void start(Environment& environment);
  void on_connected(Environment& environment, sim::ConnectionId connection);
  void on_disconnected(Environment& environment, sim::ConnectionId connection);
  // A packet from the leader, over this role's connection.
  void on_message(Environment& environment, const sim::Payload& message);
  void on_disk_done(Environment& environment, const DiskDone& done);
  void on_wake(Environment& environment);
  std::optional<sim::Instant> deadline(const ServerConfig& config) const;
  // Ends the role: the connection goes.
  void stop(Environment& environment);

  // To the leader, on behalf of a client.
  void ask(Environment& environment, sim::Payload message);

  Phase phase() const { return phase_; }
  ServerId leader() const { return leader_; }
  ZabEpoch epoch() const { return epoch_; }
  sim::ConnectionId connection() const { return connection_; }
  void digest_into(sim::Digest& digest) const;

 private:
  // A proposal that is not applied yet.
  struct Pending {
    sim::Payload txn;
    bool logged = false;
  };

  void connect(Environment& environment);
  void send(Environment& environment, sim::Payload message);
  void on_leader_info(Environment& environment, const LeaderInfo& info);
  void on_new_leader(Environment& environment, const NewLeader& packet);
  void persist_history(Environment& environment);
  void acknowledge_new_leader(Environment& environment);
  void persist_new_epoch(Environment& environment);
  void on_up_to_date(Environment& environment);
  void on_proposal(Environment& environment, const sim::Payload& txn);
  void on_commit(Environment& environment, Zxid zxid);
  void deliver_committed(Environment& environment);
  void acknowledge(Environment& environment, Zxid logged);

  ServerId leader_;
  Phase phase_ = Phase::Connecting;
  sim::ConnectionId connection_;
  int tries_ = 0;
  std::optional<sim::Instant> next_try_;
  sim::Instant started_;
  sim::Instant last_heard_;
  ZabEpoch epoch_;
  std::optional<AckEpoch> ack_epoch_;  // while the epoch is being persisted
  std::optional<SyncWith> sync_;       // received and not yet carried out
  DiskGate::Ticket ticket_ = 0;        // what this phase waits for
  std::deque<Pending> pending_;
  Zxid committed_;  // the last COMMIT heard
  Zxid acked_;      // the last ACK sent
};
std::string_view name_of(Following::Phase phase);

}  // namespace zk
