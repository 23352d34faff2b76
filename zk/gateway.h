#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/choices.h"
#include "sim/base/digest.h"
#include "sim/base/time.h"
#include "sim/core/core.h"
#include "zk/client.h"
#include "zk/message.h"
#include "zk/request.h"

// A server's door without a server: to the clients of its world it speaks as any ZooKeeper server does, and hands on
// what they ask to an ensemble outside of that world. So a driver, a broker's link or a shell that knows nothing but
// `zk::Client` works on a running ensemble, with its own rules of what is asked again and what is lost.
//
//   zk::Client ── ConnectRequest, ClientRequest ──► Gateway ── notices: SessionWanted, RequestForwarded ──► whoever
//        ▲ ◄───── ConnectResponse, ClientReply ───────┘   ◄── messages of kOperator: SessionMade, … ──────── stands
//                                                                                                            outside
//
// Each session of a client here is one session there. A connection that is lost there is lost here, with all that was
// asked and not answered; a session that is over there is over here.
namespace zk {

// How the two sides name a session before the ensemble has given it a number.
struct GatewayTicketTag {};
using GatewayTicket = sim::Id<GatewayTicketTag, std::uint64_t>;

// ── What the gateway asks for: notices, to be heard by an observer of the world ──

struct SessionWanted {
  static constexpr std::string_view kName = "zk.gateway.SessionWanted";
  GatewayTicket ticket;
  sim::NodeId client;
  std::int32_t timeout_ms = 0;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("ticket", &SessionWanted::ticket),
                 sim::field("client", &SessionWanted::client),
                 sim::field("timeout", &SessionWanted::timeout_ms));
  }
};
struct RequestForwarded {
  static constexpr std::string_view kName = "zk.gateway.RequestForwarded";
  GatewayTicket ticket;
  CallId call;
  Request request;
  Watching watching = Watching::No;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("ticket", &RequestForwarded::ticket), field("call", &RequestForwarded::call),
                 field("request", &RequestForwarded::request),
                 field("watch", &RequestForwarded::watching));
  }
};
// Nobody will use the session any more.
struct SessionDropped {
  static constexpr std::string_view kName = "zk.gateway.SessionDropped";
  GatewayTicket ticket;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("ticket", &SessionDropped::ticket));
  }
};

// ── What it is told: messages from kOperator ──

struct SessionMade {
  static constexpr std::string_view kName = "zk.gateway.SessionMade";
  GatewayTicket ticket;
  SessionId session;
  std::int32_t timeout_ms = 0;  // as granted
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("ticket", &SessionMade::ticket),
                 sim::field("session", &SessionMade::session),
                 sim::field("timeout", &SessionMade::timeout_ms));
  }
};
// No server gave one; the client tries again.
struct SessionRefused {
  static constexpr std::string_view kName = "zk.gateway.SessionRefused";
  GatewayTicket ticket;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("ticket", &SessionRefused::ticket));
  }
};
struct SessionTold {
  static constexpr std::string_view kName = "zk.gateway.SessionTold";
  GatewayTicket ticket;
  SessionState state = SessionState::Disconnected;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("ticket", &SessionTold::ticket),
                 sim::field("state", &SessionTold::state));
  }
};
struct RequestAnswered {
  static constexpr std::string_view kName = "zk.gateway.RequestAnswered";
  GatewayTicket ticket;
  CallId call;
  Response response;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("ticket", &RequestAnswered::ticket), field("call", &RequestAnswered::call),
                 field("response", &RequestAnswered::response));
  }
};
struct WatchTold {
  static constexpr std::string_view kName = "zk.gateway.WatchTold";
  GatewayTicket ticket;
  WatchedEvent event;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("ticket", &WatchTold::ticket), sim::field("event", &WatchTold::event));
  }
};

class Gateway {
 public:
  explicit Gateway(sim::NodeId self) : self_(self) {}

  sim::Effects step(sim::Instant now, sim::Input input, sim::Choices& choices);
  std::optional<sim::Instant> deadline() const;
  void digest_into(sim::Digest& digest) const;

  // Sessions that somebody here holds, and that stand.
  std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Open {
    CallId call;
    std::int32_t xid = 0;
    std::optional<Response> response;  // answered before an older one
  };
  struct Session {
    SessionId id = kNoSession;  // kNoSession: not made yet
    std::int32_t timeout_ms = 0;
    SessionState state = SessionState::Disconnected;
    // The connection by which its client came, and whether it was told that the session stands.
    std::optional<sim::ConnectionId> connection;
    bool established = false;
    sim::NodeId client;
    std::deque<Open> open;
    std::vector<WatchedEvent> unheard;
    // Since when no client is connected: a session is over when nobody touches it for its timeout.
    std::optional<sim::Instant> alone_since;
  };
  using Sessions = std::map<GatewayTicket, Session>;

  void on_client(sim::Instant now, const sim::Received& received, sim::Effects& effects);
  void on_connect(sim::Instant now, const sim::Received& received, const ConnectRequest& request,
                  sim::Effects& effects);
  void on_told(const sim::Payload& message, sim::Instant now, sim::Effects& effects);
  void on_made(const SessionMade& made, sim::Effects& effects);
  void on_state(Sessions::iterator at, SessionState state, sim::Instant now, sim::Effects& effects);
  void on_answer(Sessions::iterator at, const RequestAnswered& answer, sim::Instant now,
                 sim::Effects& effects);
  void establish(Session& session, sim::Effects& effects);
  void refuse(const sim::Received& received, sim::Effects& effects) const;
  void detach(Session& session, sim::Instant now, bool tell, sim::Effects& effects) const;
  void drop(Sessions::iterator at, sim::Effects& effects);
  void drop_abandoned(sim::Instant now, sim::Effects& effects);
  Sessions::iterator find(sim::ConnectionId connection);

  sim::NodeId self_;
  Sessions sessions_;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t last_call_ = 0;
};
static_assert(sim::Core<Gateway>);

}  // namespace zk
