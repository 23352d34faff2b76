#include "scenarios/live/ensemble.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "sim/base/match.h"

namespace scenarios::live {

using std::chrono::milliseconds;

namespace {

// The client tries again by itself; who interrupts a run waits no longer than this.
constexpr milliseconds kPatience{5'000};

}  // namespace

LiveEnsemble::LiveEnsemble(zk::live::ConnectOptions options, sim::NodeId gateway, Tell tell)
    : options_(std::move(options)), gateway_(gateway), tell_(std::move(tell)) {}

LiveEnsemble::~LiveEnsemble() {
  close();
}

void LiveEnsemble::arrived() {
  {
    const std::lock_guard lock(mutex_);
    arrived_ = true;
  }
  something_arrived_.notify_all();
}

void LiveEnsemble::wait(std::chrono::microseconds limit) {
  std::unique_lock lock(mutex_);
  something_arrived_.wait_for(lock, limit, [&] { return arrived_; });
  arrived_ = false;
}

// ── What the gateway asks for ───────────────────────────────────────────────────────────────────

void LiveEnsemble::on(const sim::Occurrence& occurrence, const sim::World& world) {
  if (occurrence.node != gateway_) return;
  if (occurrence.kind == sim::OccurrenceKind::Crashed) return close();
  if (occurrence.kind != sim::OccurrenceKind::Noticed) return;
  if (const auto* const wanted = occurrence.payload->get_if<zk::SessionWanted>()) {
    want(*wanted, world.name_of(wanted->client));
  } else if (const auto* const request = occurrence.payload->get_if<zk::RequestForwarded>()) {
    const auto at = sessions_.find(request->ticket);
    if (at == sessions_.end() || !at->second.client) return;
    ++counts_.requests;
    at->second.client->submit(request->call, request->request, request->watching);
  } else if (const auto* const dropped = occurrence.payload->get_if<zk::SessionDropped>()) {
    sessions_.erase(dropped->ticket);
  }
}

void LiveEnsemble::want(const zk::SessionWanted& wanted, std::string who) {
  zk::live::ConnectOptions options = options_;
  options.session_timeout = milliseconds(wanted.timeout_ms);
  options.connect_timeout = kPatience;
  Session& session = sessions_[wanted.ticket];
  session.who = std::move(who);
  session.opening = std::async(std::launch::async, [this, options = std::move(options)] {
    auto client = zk::live::Client::open(options, [this] { arrived(); });
    arrived();
    return client;
  });
}

// ── What comes back ─────────────────────────────────────────────────────────────────────────────

bool LiveEnsemble::deliver(sim::World& world) {
  bool any = false;
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto here = at++;
    any = deliver(world, here->first, here->second) || any;
    if (!here->second.opening.valid() && !here->second.client) sessions_.erase(here);
  }
  return any;
}

bool LiveEnsemble::deliver(sim::World& world, zk::GatewayTicket ticket, Session& session) {
  bool any = false;
  if (session.opening.valid()) {
    if (session.opening.wait_for(milliseconds(0)) != std::future_status::ready) return false;
    any = true;
    auto opened = session.opening.get();
    if (!opened) {
      tell_(fmt::format("{} gets no session: {}", session.who, opened.error().what));
      world.poke(gateway_, sim::Payload::of(zk::SessionRefused{ticket}));
      return true;
    }
    session.client.emplace(*std::move(opened));
    ++counts_.sessions;
    const auto timeout = session.client->granted_timeout();
    tell_(fmt::format("{} has session 0x{:x}, {} ms", session.who,
                      static_cast<std::uint64_t>(session.client->session().value()),
                      timeout.count()));
    world.poke(gateway_,
               sim::Payload::of(zk::SessionMade{ticket, session.client->session(),
                                                static_cast<std::int32_t>(timeout.count())}));
  }
  while (auto event = session.client->next(milliseconds(0))) {
    any = true;
    take(world, ticket, session, *std::move(event));
  }
  return any;
}

void LiveEnsemble::take(sim::World& world, zk::GatewayTicket ticket, Session& session,
                        zk::ClientEvent event) {
  sim::match(
      event,
      [&](zk::Reply& reply) {
        world.poke(gateway_, sim::Payload::of(zk::RequestAnswered{ticket, reply.call,
                                                                  std::move(reply.response)}));
      },
      [&](zk::WatchFired& fired) {
        world.poke(gateway_, sim::Payload::of(zk::WatchTold{ticket, std::move(fired.event)}));
      },
      [&](const zk::SessionStateChanged& changed) {
        tell_state(session, changed.state);
        world.poke(gateway_, sim::Payload::of(zk::SessionTold{ticket, changed.state}));
      });
}

void LiveEnsemble::tell_state(Session& session, zk::SessionState state) {
  switch (state) {
    case zk::SessionState::Disconnected:
      ++counts_.connections_lost;
      session.connected = false;
      return tell_(fmt::format("{} loses its connection", session.who));
    case zk::SessionState::Connected:
      if (!std::exchange(session.connected, true))
        tell_(fmt::format("{} is connected again", session.who));
      return;
    case zk::SessionState::Expired:
      ++counts_.expired;
      return tell_(fmt::format("{}: its session has expired", session.who));
    case zk::SessionState::Closed:
      return;
  }
}

void LiveEnsemble::close() {
  sessions_.clear();
}

}  // namespace scenarios::live
