#include "zk/gateway.h"

#include <algorithm>

#include "sim/base/check.h"
#include "sim/base/match.h"

namespace zk {
namespace {

void say(sim::Effects& effects, sim::NodeId to, sim::ConnectionId over, sim::Payload message) {
  effects.emplace_back(sim::Send{sim::kMainLane, to, over, std::move(message)});
}

template <sim::Message T>
void ask_outside(sim::Effects& effects, T notice) {
  effects.emplace_back(sim::Notify{sim::Payload::of(std::move(notice))});
}

sim::Duration duration_of_ms(std::int32_t milliseconds) {
  return sim::Duration(std::int64_t{milliseconds} * 1'000'000);
}

}  // namespace

sim::Effects Gateway::step(sim::Instant now, sim::Input input, sim::Choices& /*choices*/) {
  sim::Effects effects;
  sim::match(
      input,
      [&](const sim::Received& received) {
        if (received.from == sim::kOperator) {
          on_told(received.message, now, effects);
        } else {
          on_client(now, received, effects);
        }
      },
      [&](const sim::Disconnected& lost) {
        if (const auto at = find(lost.connection); at != sessions_.end())
          detach(at->second, now, false, effects);
      },
      [](const sim::Connected&) {}, [](const sim::Wake&) {}, [](const sim::DiskFailed&) {});
  drop_abandoned(now, effects);
  return effects;
}

Gateway::Sessions::iterator Gateway::find(sim::ConnectionId connection) {
  return std::ranges::find_if(
      sessions_, [&](const auto& entry) { return entry.second.connection == connection; });
}

// ── Clients ─────────────────────────────────────────────────────────────────────────────────────

void Gateway::on_client(sim::Instant now, const sim::Received& received, sim::Effects& effects) {
  if (const auto* const connect = received.message.get_if<ConnectRequest>())
    return on_connect(now, received, *connect, effects);
  const auto at = find(received.over);
  if (at == sessions_.end() || !at->second.established) {
    // Said before the client learnt that the connection is lost.
    effects.emplace_back(sim::Disconnect{sim::kMainLane, received.over});
    return;
  }
  Session& session = at->second;
  if (const auto* const request = received.message.get_if<ClientRequest>()) {
    const CallId call(++last_call_);
    session.open.push_back({.call = call, .xid = request->xid, .response = std::nullopt});
    ask_outside(effects, RequestForwarded{at->first, call, request->request, request->watching});
  } else if (received.message.get_if<ClientPing>() != nullptr) {
    say(effects, received.from, received.over, sim::Payload::of(ClientPong{}));
  } else if (received.message.get_if<CloseSession>() != nullptr) {
    effects.emplace_back(sim::Disconnect{sim::kMainLane, received.over});
    drop(at, effects);
  } else {
    // Whoever stands outside keeps the watches of a session over its reconnections.
    sim::check(received.message.get_if<SetWatches>() != nullptr,
               "clients speak only what clients speak");
  }
}

void Gateway::on_connect(sim::Instant now, const sim::Received& received,
                         const ConnectRequest& request, sim::Effects& effects) {
  if (request.session == kNoSession) {
    const GatewayTicket ticket(++last_ticket_);
    Session& session = sessions_[ticket];
    session.connection = received.over;
    session.client = received.from;
    ask_outside(effects, SessionWanted{ticket, received.from, request.timeout_ms});
    return;
  }
  const auto at = std::ranges::find_if(
      sessions_, [&](const auto& entry) { return entry.second.id == request.session; });
  if (at == sessions_.end() || request.password != password_of(request.session))
    return refuse(received, effects);
  Session& session = at->second;
  if (session.state == SessionState::Expired) {
    refuse(received, effects);
    return drop(at, effects);
  }
  detach(session, now, true, effects);
  session.connection = received.over;
  session.client = received.from;
  session.alone_since.reset();
  if (session.state == SessionState::Connected) establish(session, effects);
}

void Gateway::refuse(const sim::Received& received, sim::Effects& effects) const {
  say(effects, received.from, received.over, sim::Payload::of(ConnectResponse{}));
}

void Gateway::establish(Session& session, sim::Effects& effects) {
  session.established = true;
  say(effects, session.client, *session.connection,
      sim::Payload::of(ConnectResponse{.timeout_ms = session.timeout_ms,
                                       .session = session.id,
                                       .password = password_of(session.id)}));
  for (WatchedEvent& event : std::exchange(session.unheard, {})) {
    say(effects, session.client, *session.connection,
        sim::Payload::of(WatchNotification{std::move(event)}));
  }
}

// What was asked is unknown from now on. `tell`: the client's end still stands.
void Gateway::detach(Session& session, sim::Instant now, bool tell, sim::Effects& effects) const {
  if (!session.connection) return;
  if (tell) effects.emplace_back(sim::Disconnect{sim::kMainLane, *session.connection});
  session.connection.reset();
  session.established = false;
  session.open.clear();
  session.alone_since = now;
}

// ── The other side ──────────────────────────────────────────────────────────────────────────────

void Gateway::on_told(const sim::Payload& message, sim::Instant now, sim::Effects& effects) {
  if (const auto* const made = message.get_if<SessionMade>()) return on_made(*made, effects);
  const auto with_session = [&](GatewayTicket ticket, auto act) {
    if (const auto at = sessions_.find(ticket); at != sessions_.end()) act(at);
  };
  if (const auto* const refused = message.get_if<SessionRefused>()) {
    with_session(refused->ticket, [&](Sessions::iterator at) {
      detach(at->second, now, true, effects);
      sessions_.erase(at);
    });
  } else if (const auto* const told = message.get_if<SessionTold>()) {
    with_session(told->ticket,
                 [&](Sessions::iterator at) { on_state(at, told->state, now, effects); });
  } else if (const auto* const answer = message.get_if<RequestAnswered>()) {
    with_session(answer->ticket,
                 [&](Sessions::iterator at) { on_answer(at, *answer, now, effects); });
  } else {
    const WatchTold& watch = message.as<WatchTold>();
    with_session(watch.ticket, [&](Sessions::iterator at) {
      Session& session = at->second;
      if (!session.established) return session.unheard.push_back(watch.event);
      say(effects, session.client, *session.connection,
          sim::Payload::of(WatchNotification{watch.event}));
    });
  }
}

void Gateway::on_made(const SessionMade& made, sim::Effects& effects) {
  const auto at = sessions_.find(made.ticket);
  // The client has lost its patience, and come back for another one.
  if (at == sessions_.end()) return ask_outside(effects, SessionDropped{made.ticket});
  Session& session = at->second;
  session.id = made.session;
  session.timeout_ms = made.timeout_ms;
  session.state = SessionState::Connected;
  if (!session.connection) return drop(at, effects);
  establish(session, effects);
}

void Gateway::on_state(Sessions::iterator at, SessionState state, sim::Instant now,
                       sim::Effects& effects) {
  Session& session = at->second;
  if (session.id == kNoSession || session.state == SessionState::Expired) return;
  session.state = state;
  if (state != SessionState::Connected) {
    detach(session, now, true, effects);
  } else if (session.connection && !session.established) {
    establish(session, effects);
  }
}

void Gateway::on_answer(Sessions::iterator at, const RequestAnswered& answer, sim::Instant now,
                        sim::Effects& effects) {
  Session& session = at->second;
  const auto open = std::ranges::find(session.open, answer.call, &Open::call);
  if (open == session.open.end()) return;  // of a connection that is lost
  if (answer.response.error == ErrorCode::ConnectionLoss)
    return on_state(at, SessionState::Disconnected, now, effects);
  if (answer.response.error == ErrorCode::SessionExpired)
    return on_state(at, SessionState::Expired, now, effects);
  open->response = answer.response;
  // What a client library refuses by itself it answers at once; a server answers in order.
  while (!session.open.empty() && session.open.front().response) {
    Open& first = session.open.front();
    say(effects, session.client, *session.connection,
        sim::Payload::of(ClientReply{first.xid, *std::move(first.response)}));
    session.open.pop_front();
  }
}

void Gateway::drop(Sessions::iterator at, sim::Effects& effects) {
  ask_outside(effects, SessionDropped{at->first});
  sessions_.erase(at);
}

// ── Time ────────────────────────────────────────────────────────────────────────────────────────

// A process that died says no farewell; the servers outside hear pings of the session all the same, for they come from
// a client that lives. So its end is decided here.
void Gateway::drop_abandoned(sim::Instant now, sim::Effects& effects) {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto here = at++;
    const Session& session = here->second;
    if (session.id != kNoSession && session.alone_since &&
        now >= *session.alone_since + duration_of_ms(session.timeout_ms)) {
      drop(here, effects);
    }
  }
}

std::optional<sim::Instant> Gateway::deadline() const {
  std::optional<sim::Instant> earliest;
  for (const auto& [ticket, session] : sessions_) {
    if (session.id == kNoSession || !session.alone_since) continue;
    const sim::Instant at = *session.alone_since + duration_of_ms(session.timeout_ms);
    if (!earliest || at < *earliest) earliest = at;
  }
  return earliest;
}

void Gateway::digest_into(sim::Digest& digest) const {
  digest.add(last_ticket_);
  digest.add(last_call_);
  for (const auto& [ticket, session] : sessions_) {
    sim::digest_into(digest, ticket);
    sim::digest_into(digest, session.id);
    sim::digest_into(digest, session.state);
    digest.add(std::uint64_t{session.established});
    digest.add(std::uint64_t{session.open.size()});
    digest.add(std::uint64_t{session.unheard.size()});
    sim::digest_into(digest, deadline());
  }
}

}  // namespace zk
