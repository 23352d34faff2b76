#include "zk/client.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/match.h"

namespace zk {
namespace {

constexpr sim::Site kServerOrder{"zk.client.server_order"};
constexpr sim::Site kReconnectDelay{"zk.client.reconnect_delay"};
// ClientCnxn.SendThread: a random rest below this between attempts, so that a restarted ensemble is
// not trampled; idle connections are pinged at least this often.
constexpr sim::Duration kMaxReconnectDelay(1'000'000'000);
constexpr sim::Duration kMaxPingInterval(10'000'000'000);
constexpr sim::Duration kPingMargin(1'000'000'000);

std::string with_chroot(const std::string& chroot, std::string path) {
  if (chroot.empty()) return path;
  return path == "/" ? chroot : chroot + path;
}

std::string without_chroot(const std::string& chroot, const std::string& path) {
  if (chroot.empty()) return path;
  if (path.size() == chroot.size()) return "/";
  return path.substr(chroot.size());
}

void add_chroot(const std::string& chroot, Request& request) {
  if (chroot.empty()) return;
  std::visit(
      [&]<class T>(T& one) {
        if constexpr (std::same_as<T, Multi>) {
          for (Op& op : one.ops) {
            std::visit([&](auto& each) { each.path = with_chroot(chroot, std::move(each.path)); },
                       op);
          }
        } else {
          one.path = with_chroot(chroot, std::move(one.path));
        }
      },
      request);
}

void remove_chroot(const std::string& chroot, Response& response) {
  if (chroot.empty()) return;
  if (auto* const created = std::get_if<Created>(&response.result)) {
    created->path = without_chroot(chroot, created->path);
  } else if (auto* const multi = std::get_if<MultiResult>(&response.result)) {
    for (OpResponse& one : multi->results) {
      if (auto* const made = std::get_if<Created>(&one.value)) {
        made->path = without_chroot(chroot, made->path);
      }
    }
  }
}

}  // namespace

std::string_view name_of(SessionState state) {
  switch (state) {
    case SessionState::Disconnected:
      return "Disconnected";
    case SessionState::Connected:
      return "Connected";
    case SessionState::Expired:
      return "Expired";
    case SessionState::Closed:
      return "Closed";
  }
  return "unknown";
}

SessionState Client::state() const {
  switch (phase_) {
    case Phase::NotConnected:
    case Phase::Connecting:
    case Phase::Handshaking:
      return SessionState::Disconnected;
    case Phase::Connected:
      return SessionState::Connected;
    case Phase::Expired:
      return SessionState::Expired;
    case Phase::Closed:
      return SessionState::Closed;
  }
  return SessionState::Disconnected;
}

// ── Timing (ClientCnxn.onConnected) ─────────────────────────────────────────────────────────────

sim::Duration Client::connect_timeout() const {
  const sim::Duration whole = timeout_ > sim::Duration() ? timeout_ : config_.session_timeout;
  return whole / static_cast<std::int64_t>(config_.servers.size());
}

sim::Duration Client::read_timeout() const {
  return timeout_ * 2 / 3;
}

sim::Duration Client::ping_interval() const {
  const sim::Duration half = read_timeout() / 2;
  return std::min(half > kPingMargin * 2 ? half - kPingMargin : half, kMaxPingInterval);
}

std::optional<sim::Instant> Client::deadline() const {
  switch (phase_) {
    case Phase::NotConnected:
      return next_attempt_;
    case Phase::Connecting:
    case Phase::Handshaking:
      return phase_since_ + connect_timeout();
    case Phase::Connected:
      return std::min(last_heard_ + read_timeout(), last_sent_ + ping_interval());
    case Phase::Expired:
    case Phase::Closed:
      return std::nullopt;
  }
  return std::nullopt;
}

// ── Calls ───────────────────────────────────────────────────────────────────────────────────────

std::vector<ClientEvent> Client::submit(ClientContext context, CallId call, Request request,
                                        Watching watching) {
  Events events;
  if (phase_ == Phase::Expired || phase_ == Phase::Closed) {
    events.emplace_back(Reply{call, Response{.error = ErrorCode::SessionExpired}});
    return events;
  }
  add_chroot(config_.chroot, request);
  Call made{call, std::move(request), watching, 0};
  if (phase_ == Phase::Connected) {
    transmit(context, std::move(made));
  } else {
    waiting_.push_back(std::move(made));
  }
  return events;
}

std::vector<ClientEvent> Client::close(ClientContext context) {
  Events events;
  if (phase_ == Phase::Expired || phase_ == Phase::Closed) return events;
  // Simplified: the answer to closeSession is not awaited; a lost request leaves the session to its
  // timeout, as a lost answer does in Java.
  if (phase_ == Phase::Connected) send(context, sim::Payload::of(CloseSession{++last_xid_}));
  finish(Phase::Closed, SessionState::Closed, events);
  return events;
}

void Client::transmit(ClientContext& context, Call call) {
  call.xid = ++last_xid_;
  send(context, sim::Payload::of(ClientRequest{call.xid, call.request, call.watching}));
  pending_.push_back(std::move(call));
}

void Client::send(ClientContext& context, sim::Payload message) {
  last_sent_ = context.now;
  context.effects.emplace_back(sim::Send{config_.lane, server_, connection_, std::move(message)});
}

void Client::fail_all(ErrorCode error, Events& events) {
  for (std::deque<Call>* const calls : {&pending_, &waiting_}) {
    for (const Call& call : *calls) {
      events.emplace_back(Reply{call.call, Response{.error = error}});
    }
    calls->clear();
  }
}

void Client::finish(Phase phase, SessionState state, Events& events) {
  phase_ = phase;
  connection_ = {};
  fail_all(ErrorCode::SessionExpired, events);
  data_watches_.clear();
  exist_watches_.clear();
  child_watches_.clear();
  events.emplace_back(SessionStateChanged{state});
}

// ── Connections ─────────────────────────────────────────────────────────────────────────────────

bool Client::owns(const sim::Input& input) const {
  if (connection_.serial == 0) return false;
  return sim::match(
      input, [&](const sim::Received& received) { return received.over == connection_; },
      [](const sim::Wake&) { return false; },
      [&](const sim::Connected& made) { return made.connection == connection_; },
      [&](const sim::Disconnected& lost) { return lost.connection == connection_; },
      [](const sim::DiskFailed&) { return false; });
}

std::vector<ClientEvent> Client::handle(ClientContext context, const sim::Input& input) {
  Events events;
  sim::match(
      input, [&](const sim::Received& received) { on_message(context, received.message, events); },
      [&](const sim::Wake&) { on_wake(context, events); },
      [&](const sim::Connected&) { on_connected(context); },
      [&](const sim::Disconnected&) { lose_connection(context, events); },
      [](const sim::DiskFailed&) {});
  return events;
}

void Client::connect(ClientContext& context) {
  sim::check(!config_.servers.empty(), "a ZooKeeper client knows at least one server");
  if (order_.empty()) {  // StaticHostProvider shuffles once
    order_ = config_.servers;
    for (std::size_t left = order_.size(); left > 1; --left) {
      const auto at = context.choices.pick(kServerOrder, config_.self.value(), 0, left - 1);
      std::swap(order_[left - 1], order_[at]);
    }
  }
  server_ = order_[next_server_];
  next_server_ = (next_server_ + 1) % order_.size();
  connection_ = {config_.self, ++context.last_serial};
  phase_ = Phase::Connecting;
  phase_since_ = context.now;
  context.effects.emplace_back(sim::Connect{config_.lane, connection_, server_});
}

void Client::schedule_attempt(ClientContext& context) {
  phase_ = Phase::NotConnected;
  connection_ = {};
  next_attempt_ = context.now + context.choices.uniform(kReconnectDelay, config_.self.value(),
                                                        sim::Duration(), kMaxReconnectDelay);
}

// What was sent is unknown now, and what waited is lost with it (ClientCnxn.SendThread.cleanup).
void Client::lose_connection(ClientContext& context, Events& events) {
  const bool was_connected = phase_ == Phase::Connected;
  schedule_attempt(context);
  fail_all(ErrorCode::ConnectionLoss, events);
  if (was_connected) events.emplace_back(SessionStateChanged{SessionState::Disconnected});
}

void Client::on_connected(ClientContext& context) {
  if (phase_ != Phase::Connecting) return;
  phase_ = Phase::Handshaking;
  phase_since_ = context.now;
  send(context, sim::Payload::of(ConnectRequest{
                    .last_zxid_seen = last_zxid_seen_,
                    .timeout_ms = static_cast<std::int32_t>(config_.session_timeout.milliseconds()),
                    .session = session_,
                    .password = password_,
                    .identities = config_.identities}));
}

void Client::on_wake(ClientContext& context, Events& events) {
  const auto due = deadline();
  if (!due || context.now < *due) return;
  switch (phase_) {
    case Phase::NotConnected:
      connect(context);
      return;
    case Phase::Connecting:
    case Phase::Handshaking:
      context.effects.emplace_back(sim::Disconnect{config_.lane, connection_});
      lose_connection(context, events);
      return;
    case Phase::Connected:
      if (context.now >= last_heard_ + read_timeout()) {
        context.effects.emplace_back(sim::Disconnect{config_.lane, connection_});
        lose_connection(context, events);
      } else {
        send(context, sim::Payload::of(ClientPing{}));
      }
      return;
    case Phase::Expired:
    case Phase::Closed:
      return;
  }
}

// ── What a server says ──────────────────────────────────────────────────────────────────────────

void Client::on_message(ClientContext& context, const sim::Payload& message, Events& events) {
  last_heard_ = context.now;
  if (const auto* const reply = message.get_if<ClientReply>()) {
    on_reply(context, *reply, events);
  } else if (message.get_if<ClientPong>() != nullptr) {
    // Heard from the server; its zxid is not evidence of anything that this client saw.
  } else if (const auto* const fired = message.get_if<WatchNotification>()) {
    on_watch(fired->event, events);
  } else if (const auto* const answer = message.get_if<ConnectResponse>()) {
    on_handshake(context, *answer, events);
  } else {
    sim::unreachable("a server says to a client only what clients understand");
  }
}

void Client::on_handshake(ClientContext& context, const ConnectResponse& response, Events& events) {
  if (phase_ != Phase::Handshaking) return;
  if (response.session == kNoSession) {
    context.effects.emplace_back(sim::Disconnect{config_.lane, connection_});
    finish(Phase::Expired, SessionState::Expired, events);
    return;
  }
  sim::check(session_ == kNoSession || session_ == response.session,
             "a server resumes the session that it was asked for");
  session_ = response.session;
  password_ = response.password;
  timeout_ = sim::Duration(std::int64_t{response.timeout_ms} * 1'000'000);
  phase_ = Phase::Connected;
  events.emplace_back(SessionStateChanged{SessionState::Connected});
  restore_watches(context);
  while (!waiting_.empty()) {
    Call call = std::move(waiting_.front());
    waiting_.pop_front();
    transmit(context, std::move(call));
  }
}

void Client::on_reply(ClientContext& context, const ClientReply& reply, Events& events) {
  if (pending_.empty() || pending_.front().xid != reply.xid) {
    // "Xid out of order": the Java client gives up the connection.
    context.effects.emplace_back(sim::Disconnect{config_.lane, connection_});
    lose_connection(context, events);
    return;
  }
  const Call call = std::move(pending_.front());
  pending_.pop_front();
  if (reply.response.zxid > last_zxid_seen_) last_zxid_seen_ = reply.response.zxid;
  register_watch(call, reply.response);
  Response response = reply.response;
  remove_chroot(config_.chroot, response);
  events.emplace_back(Reply{call.call, std::move(response)});
}

void Client::on_watch(const WatchedEvent& event, Events& events) {
  bool expected = false;
  switch (event.type) {
    case WatchedEventType::NodeCreated:
    case WatchedEventType::NodeDataChanged:
      expected = data_watches_.erase(event.path) + exist_watches_.erase(event.path) > 0;
      break;
    case WatchedEventType::NodeDeleted:
      expected = data_watches_.erase(event.path) + exist_watches_.erase(event.path) +
                     child_watches_.erase(event.path) >
                 0;
      break;
    case WatchedEventType::NodeChildrenChanged:
      expected = child_watches_.erase(event.path) > 0;
      break;
    case WatchedEventType::None:
      break;
  }
  if (!expected) return;
  WatchedEvent seen = event;
  seen.path = without_chroot(config_.chroot, seen.path);
  events.emplace_back(WatchFired{std::move(seen)});
}

// A read that failed leaves no watch, but for exists on a missing znode
// (WatchRegistration.shouldAddWatch).
void Client::register_watch(const Call& call, const Response& response) {
  if (call.watching == Watching::No) return;
  if (const auto* const data = std::get_if<GetData>(&call.request);
      data != nullptr && response.ok()) {
    data_watches_.insert(data->path);
  } else if (const auto* const exists = std::get_if<Exists>(&call.request)) {
    if (response.ok()) data_watches_.insert(exists->path);
    if (response.error == ErrorCode::NoNode) exist_watches_.insert(exists->path);
  } else if (const auto* const children = std::get_if<GetChildren>(&call.request);
             children != nullptr && response.ok()) {
    child_watches_.insert(children->path);
  }
}

void Client::restore_watches(ClientContext& context) {
  if (data_watches_.empty() && exist_watches_.empty() && child_watches_.empty()) return;
  send(context,
       sim::Payload::of(SetWatches{.relative_zxid = last_zxid_seen_,
                                   .data = {data_watches_.begin(), data_watches_.end()},
                                   .exist = {exist_watches_.begin(), exist_watches_.end()},
                                   .child = {child_watches_.begin(), child_watches_.end()}}));
}

void Client::digest_into(sim::Digest& digest) const {
  digest.add(static_cast<std::uint64_t>(phase_));
  sim::digest_into(digest, connection_);
  sim::digest_into(digest, session_);
  sim::digest_into(digest, last_zxid_seen_);
  sim::digest_into(digest, deadline());
  digest.add(next_server_);
  digest.add(static_cast<std::uint64_t>(last_xid_));
  for (const std::deque<Call>* const calls : {&pending_, &waiting_}) {
    digest.add(calls->size());
    for (const Call& call : *calls) {
      sim::digest_into(digest, call.call);
      sim::digest_into(digest, call.request);
    }
  }
  sim::digest_into(digest, data_watches_);
  sim::digest_into(digest, exist_watches_);
  sim::digest_into(digest, child_watches_);
}

}  // namespace zk
