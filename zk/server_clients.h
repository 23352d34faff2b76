#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sim/base/digest.h"
#include "sim/core/core.h"
#include "zk/message.h"
#include "zk/server_environment.h"
#include "zk/tree.h"
#include "zk/watch.h"

// The clients of one server that serves: their connections, sessions, watches, and the order of
// what they asked. Reads are answered from the server's own tree; writes go to the leader and come
// back as commits; each session's answers come in the order of its requests (CommitProcessor,
// FinalRequestProcessor; zookeeper.md §1.8–§1.11).
namespace zk {

class ClientConnections {
 public:
  // What the leader must be asked for because of what a client said. Empty: nothing.
  using ToLeader = std::vector<sim::Payload>;  // Forwarded or Revalidate

  // Opens for clients, as a new leader or follower: sessions opened from now on get numbers of this
  // time.
  void open(Environment& environment);
  // Ends all connections: the server no longer knows a leader.
  void close(Environment& environment);
  bool is_open() const { return open_; }

  // A client spoke. Requires is_open().
  [[nodiscard]] ToLeader on_message(Environment& environment, sim::NodeId from,
                                    sim::ConnectionId over, const sim::Payload& message);
  void on_disconnected(sim::ConnectionId connection);
  bool owns(sim::ConnectionId connection) const { return connections_.contains(connection); }

  // A transaction was applied to the tree: watches fire first, then whoever waits for it is
  // answered.
  void on_applied(Environment& environment, const LoggedTxn& logged, const Applied& applied);
  // The leader passed the barrier of a sync.
  void on_synced(Environment& environment, const Synced& synced);
  // The leader knows, or does not know, the session that a client came with.
  void on_revalidated(Environment& environment, const Revalidated& answer);

  // The sessions heard of since the last call, for the leader.
  std::vector<std::pair<SessionId, std::int32_t>> take_touched();

  std::size_t size() const { return connections_.size(); }
  const WatchManager& watches() const { return watches_; }
  void digest_into(sim::Digest& digest) const;

 private:
  enum class Phase : std::uint8_t {
    Creating,
    Revalidating,
    Established
  };
  // One request of a session, in its order.
  struct Queued {
    std::int32_t xid = 0;
    sim::Payload message;  // ClientRequest, CloseSession or SetWatches
    bool waits = false;    // for the leader
  };
  struct Connection {
    sim::NodeId client;
    Phase phase = Phase::Creating;
    SessionId session;
    std::int32_t timeout_ms = 0;
    Zxid seen;  // by the client, when it came
    std::vector<Identity> identities;
    std::deque<Queued> queue;
  };
  using Connections = std::map<sim::ConnectionId, Connection>;

  ToLeader on_connect(Environment& environment, sim::NodeId from, sim::ConnectionId over,
                      const ConnectRequest& request);
  void refuse(Environment& environment, sim::ConnectionId over, sim::NodeId client, bool expired);
  void establish(Environment& environment, Connections::iterator at);
  void drop(Connections::iterator at);
  Connections::iterator find(SessionId session);
  void touch(const Connection& connection);
  SessionId next_session(const Environment& environment);

  // Answers what stands at the front of a session's queue and waits for no one.
  void drain(Environment& environment, Connections::iterator at);
  void answer(Environment& environment, Connections::iterator at, std::int32_t xid,
              Response response);
  Response read(Environment& environment, sim::ConnectionId over, const Connection& connection,
                const ClientRequest& request);
  void set_watches(Environment& environment, Connections::iterator at, const SetWatches& asked);
  void fire(Environment& environment, const Applied& applied);
  void tell(Environment& environment, sim::ConnectionId over, const Connection& connection,
            WatchedEvent event);

  bool open_ = false;
  Connections connections_;
  std::map<SessionId, sim::ConnectionId> by_session_;
  WatchManager watches_;
  std::map<SessionId, std::int32_t> touched_;
  SessionId last_session_;
};

// The answer that a client gets for its own transaction, once it is applied.
Response response_to(const LoggedTxn& logged, const Applied& applied, const Tree& tree);

}  // namespace zk
