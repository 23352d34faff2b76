#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/choices.h"
#include "sim/base/digest.h"
#include "sim/base/time.h"
#include "sim/core/core.h"
#include "zk/message.h"
#include "zk/request.h"

// One session with a ZooKeeper ensemble, as the Java client holds it
// (org.apache.zookeeper.ClientCnxn; zookeeper.md §1.8, §1.9). It lives inside another process's
// core: the process hands it the inputs that are its own and its effects leave with the process's.
//
//            submit, deadline                     Connected            ConnectResponse
//   NotConnected ────────────► Connecting ─────────────► Handshaking ────────────────► Connected
//        ▲                        │                          │   │ session 0             │
//        └────────────────────────┴──── lost, silent ────────┴───┼───────────────────────┘
//                                                                ▼
//                                              Expired (for good)        close(): Closed (for good)
//
// That a session is over is learned from a server alone: a disconnected client never decides it.
namespace zk {

// What a machine inside a process needs of the process while it handles one input.
struct ClientContext {
  sim::Instant now;
  sim::Choices& choices;
  sim::Effects& effects;
  std::uint32_t& last_serial;  // of the connections that this process opened; shared by all in it
};

struct ClientConfig {
  sim::NodeId self;                               // the process that this client is in
  std::vector<sim::NodeId> servers;               // at least one
  sim::Duration session_timeout{18'000'000'000};  // zookeeper.session.timeout.ms of Kafka
  std::string chroot;                // "" or "/kafka": put before each path, taken off each answer
  std::vector<Identity> identities;  // whom the servers shall take this client for
  sim::Lane lane = sim::kMainLane;   // in which it sends
  // A session that is there already, as a process has that a simulation finds running; kNoSession:
  // a new one.
  SessionId resume = kNoSession;
};

// The answer to one submit. The error ConnectionLoss says *unknown*: a write may have been applied
// or may still be, a read told nothing. SessionExpired with zxid 0: the session was over before an
// answer came.
struct Reply {
  CallId call;
  Response response;
};
// A one-shot watch of this client. It arrives before any reply that shows the new state.
struct WatchFired {
  WatchedEvent event;
};
enum class SessionState : std::uint8_t {
  Disconnected,
  Connected,
  Expired,
  Closed
};
std::string_view name_of(SessionState state);
// Disconnected may mean "already expired": only a server can tell.
struct SessionStateChanged {
  SessionState state = SessionState::Disconnected;
};
using ClientEvent = std::variant<Reply, WatchFired, SessionStateChanged>;

class Client {
 public:
  // Begins to connect at the first `handle` or at its deadline, which is at once.
  explicit Client(ClientConfig config)
      : config_(std::move(config)),
        session_(config_.resume),
        password_(config_.resume == kNoSession ? 0 : password_of(config_.resume)) {}

  // Sends the request now or, while not connected, with the next connection; answers come in order
  // of submission. Returns at once with the answer when the session is over (Expired, Closed).
  [[nodiscard]] std::vector<ClientEvent> submit(ClientContext context, CallId call, Request request,
                                                Watching watching = Watching::No);
  // Ends the session: its ephemerals go once the ensemble has heard it. Calls still open are lost.
  [[nodiscard]] std::vector<ClientEvent> close(ClientContext context);

  // Whether an input is this client's. Wakes belong to everyone.
  bool owns(const sim::Input& input) const;
  // Requires owns(input), or a Wake.
  [[nodiscard]] std::vector<ClientEvent> handle(ClientContext context, const sim::Input& input);
  // When to be woken.
  std::optional<sim::Instant> deadline() const;

  SessionState state() const;
  // kNoSession before the first server answered.
  SessionId session() const { return session_; }
  Zxid last_zxid_seen() const { return last_zxid_seen_; }
  std::size_t in_flight() const { return pending_.size() + waiting_.size(); }
  const ClientConfig& config() const { return config_; }
  // The connection in use, and what is watched by it as far as this client knows, by full paths:
  // for checkers.
  sim::ConnectionId connection() const { return connection_; }
  sim::NodeId server() const { return server_; }
  using Paths = std::set<std::string, std::less<>>;
  const Paths& data_watches() const { return data_watches_; }
  const Paths& exist_watches() const { return exist_watches_; }
  const Paths& child_watches() const { return child_watches_; }
  void digest_into(sim::Digest& digest) const;

 private:
  enum class Phase : std::uint8_t {
    NotConnected,
    Connecting,
    Handshaking,
    Connected,
    Expired,
    Closed
  };
  struct Call {
    CallId call;
    Request request;
    Watching watching = Watching::No;
    std::int32_t xid = 0;  // 0 while waiting
  };
  using Events = std::vector<ClientEvent>;

  void connect(ClientContext& context);
  void lose_connection(ClientContext& context, Events& events);
  void on_connected(ClientContext& context);
  void on_message(ClientContext& context, const sim::Payload& message, Events& events);
  void on_handshake(ClientContext& context, const ConnectResponse& response, Events& events);
  void on_reply(ClientContext& context, const ClientReply& reply, Events& events);
  void on_watch(const WatchedEvent& event, Events& events);
  void on_wake(ClientContext& context, Events& events);
  void transmit(ClientContext& context, Call call);
  void send(ClientContext& context, sim::Payload message);
  void register_watch(const Call& call, const Response& response);
  void restore_watches(ClientContext& context);
  void fail_all(ErrorCode error, Events& events);
  void finish(Phase phase, SessionState state, Events& events);
  void schedule_attempt(ClientContext& context);
  sim::Duration connect_timeout() const;
  sim::Duration read_timeout() const;
  sim::Duration ping_interval() const;

  ClientConfig config_;
  Phase phase_ = Phase::NotConnected;
  // Servers in the shuffled order in which they are tried; the next one.
  std::vector<sim::NodeId> order_;
  std::size_t next_server_ = 0;
  sim::NodeId server_;
  sim::ConnectionId connection_;
  sim::Instant next_attempt_;  // while NotConnected
  sim::Instant phase_since_;
  sim::Instant last_heard_;
  sim::Instant last_sent_;

  SessionId session_ = kNoSession;
  std::uint64_t password_ = 0;
  sim::Duration timeout_;  // as negotiated
  Zxid last_zxid_seen_;
  std::int32_t last_xid_ = 0;
  std::deque<Call> pending_;  // sent, in the order of their xids
  std::deque<Call> waiting_;  // for a connection
  // What is watched, as this client knows it: full paths.
  Paths data_watches_;
  Paths exist_watches_;
  Paths child_watches_;
};

}  // namespace zk
