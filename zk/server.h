#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sim/base/choices.h"
#include "sim/base/digest.h"
#include "sim/base/time.h"
#include "sim/core/core.h"
#include "zk/election.h"
#include "zk/follower.h"
#include "zk/leader.h"
#include "zk/server_clients.h"
#include "zk/server_environment.h"
#include "zk/server_history.h"

// One ZooKeeper server of an ensemble: a core (QuorumPeer). It looks for a leader, then follows or
// leads until that fails, and looks again; its history, its clients and its disk outlive the roles.
//
//             decided for another            lost, silent, refused
//   LOOKING ──────────────────► FOLLOWING ─────────────────────────► LOOKING
//      └──────────────────────► LEADING ───────────────────────────► LOOKING
//             decided for itself             no quorum in time
namespace zk {

class Server {
 public:
  // Boots, recovering what the disk kept. The first step begins to look for a leader.
  Server(ServerConfig config, const sim::Durable& durable);

  sim::Effects step(sim::Instant now, sim::Input input, sim::Choices& choices);
  std::optional<sim::Instant> deadline() const;
  void digest_into(sim::Digest& digest) const;

  // ── Views, for checkers and reports ──
  const ServerConfig& config() const { return config_; }
  ServerId id() const { return config_.myid; }
  PeerState state() const { return election_.state(); }
  // DISCOVERY, SYNCHRONIZATION, BROADCAST; LOOKING while there is no leader (ZabState).
  std::string_view zab_state() const;
  // The epoch of the role; zero while it has none.
  ZabEpoch epoch() const;
  // Whom this server follows, itself when it leads; kNoServer while it looks.
  ServerId leader() const;
  // Leads, and a quorum has acknowledged it.
  bool is_established() const;
  // Accepts clients.
  bool serves() const { return clients_.is_open(); }
  const History& history() const { return history_; }
  const Database& database() const { return history_.database(); }
  const Election& election() const { return election_; }
  const ClientConnections& clients() const { return clients_; }
  // Null unless this server leads.
  const Leading* leading() const { return std::get_if<Leading>(&role_); }

 private:
  struct NoLeader {};
  using Role = std::variant<NoLeader, Following, Leading>;
  // This server's connection to another's election port. Simplified: each server opens its own; of
  // a pair ZooKeeper keeps the one that the larger id opened. The queue holds one message here,
  // too: the newest.
  struct Link {
    sim::ConnectionId connection;
    bool up = false;
    sim::Instant since;
    sim::Payload newest;
  };

  void boot(Environment& environment);
  void look(Environment& environment, std::string why);
  void carry_out(Environment& environment, const Election::Outcome& outcome);
  void take_role(Environment& environment, const Vote& vote);
  void notify_peer(Environment& environment, ServerId to, const Notification& notification);
  void on_received(Environment& environment, const sim::Received& received);
  void on_connected(Environment& environment, const sim::Connected& made);
  void on_disconnected(Environment& environment, const sim::Disconnected& lost);
  void on_wake(Environment& environment);
  void ask_leader(Environment& environment, const sim::Payload& message);

  ServerConfig config_;
  History history_;
  Election election_;
  ClientConnections clients_;
  DiskGate disk_;
  Role role_;
  std::map<ServerId, Link> links_;
  std::uint32_t last_serial_ = 0;
  bool booted_ = false;
};
static_assert(sim::Core<Server>);

}  // namespace zk
