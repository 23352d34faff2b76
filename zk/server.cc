#include "zk/server.h"

#include <utility>

#include "sim/base/check.h"
#include "sim/base/match.h"
#include "zk/notice.h"

namespace zk {
namespace {

constexpr sim::Duration kElectionConnectTimeout(5'000'000'000);  // zookeeper.cnxTimeout

std::vector<ServerId> voters_of(const ServerConfig& config) {
  std::vector<ServerId> voters;
  for (const Peer& peer : config.ensemble) voters.push_back(peer.server);
  return voters;
}

}  // namespace

Server::Server(ServerConfig config, const sim::Durable& durable)
    : config_(std::move(config)), history_(durable), election_(config_.myid, voters_of(config_)) {
  sim::check(config_.bit_of(config_.myid) != 0, "a server is a member of its ensemble");
  sim::check(config_.ensemble.size() <= 31, "an ensemble has at most 31 voters");
}

sim::Effects Server::step(sim::Instant now, sim::Input input, sim::Choices& choices) {
  sim::Effects effects;
  Environment environment{now, choices, effects, config_, history_, clients_, disk_, last_serial_};
  if (!booted_) boot(environment);
  sim::match(
      input, [&](const sim::Received& received) { on_received(environment, received); },
      [&](const sim::Wake&) { on_wake(environment); },
      [&](const sim::Connected& made) { on_connected(environment, made); },
      [&](const sim::Disconnected& lost) { on_disconnected(environment, lost); },
      // SyncRequestProcessor treats a failed write as unrecoverable.
      [&](const sim::DiskFailed&) { environment.exit = "the disk refused a write"; });
  if (environment.exit) {
    effects.emplace_back(sim::Exit{sim::kMainLane, *std::move(environment.exit)});
    return effects;
  }
  if (environment.leave) look(environment, *std::exchange(environment.leave, std::nullopt));
  if (serves() && election_.vote().peer_epoch != epoch()) election_.update_vote(epoch());
  return effects;
}

std::optional<sim::Instant> Server::deadline() const {
  if (!booted_) return sim::Instant();
  return sim::match(
      role_, [&](const NoLeader&) { return election_.deadline(); },
      [&](const Following& following) { return following.deadline(config_); },
      [](const Leading& leading) { return leading.deadline(); });
}

// ── Roles ───────────────────────────────────────────────────────────────────────────────────────

void Server::boot(Environment& environment) {
  booted_ = true;
  environment.notify(Recovered{config_.myid, history_.recovered_snapshot(), history_.last_logged(),
                               history_.was_torn()});
  look(environment, "the server starts");
}

void Server::look(Environment& environment, std::string why) {
  sim::match(
      role_, [](NoLeader&) {}, [&](Following& following) { following.stop(environment); },
      [&](Leading& leading) { leading.stop(environment); });
  role_ = NoLeader{};
  clients_.close(environment);
  history_.fast_forward(config_.behaviour);
  const Election::Outcome outcome =
      election_.look(environment.now, history_.last_processed(), history_.current_epoch());
  environment.notify(Looking{config_.myid, election_.round(), std::move(why)});
  carry_out(environment, outcome);
}

void Server::carry_out(Environment& environment, const Election::Outcome& outcome) {
  for (const auto& [to, notification] : outcome.sends) notify_peer(environment, to, notification);
  if (outcome.decided) take_role(environment, *outcome.decided);
}

void Server::take_role(Environment& environment, const Vote& vote) {
  environment.notify(LeaderElected{config_.myid, vote});
  if (vote.leader == config_.myid) {
    role_.emplace<Leading>(environment).start(environment);
  } else {
    role_.emplace<Following>(vote.leader).start(environment);
  }
}

// ── Inputs ──────────────────────────────────────────────────────────────────────────────────────

void Server::on_wake(Environment& environment) {
  sim::match(
      role_, [&](NoLeader&) { carry_out(environment, election_.on_wake(environment.now)); },
      [&](Following& following) { following.on_wake(environment); },
      [&](Leading& leading) { leading.on_wake(environment); });
}

void Server::on_received(Environment& environment, const sim::Received& received) {
  const sim::Payload& message = received.message;
  auto* const following = std::get_if<Following>(&role_);
  auto* const leading = std::get_if<Leading>(&role_);
  if (following != nullptr && received.over == following->connection()) {
    following->on_message(environment, message);
  } else if (leading != nullptr && leading->owns(received.over)) {
    leading->on_message(environment, received.over, message);
  } else if (const auto* const done = message.get_if<DiskDone>()) {
    disk_.on_done(environment.effects, environment.self(), *done, history_.last_logged());
    if (following != nullptr) following->on_disk_done(environment, *done);
    if (leading != nullptr) leading->on_disk_done(environment, *done);
  } else if (const auto* const notification = message.get_if<Notification>()) {
    carry_out(environment, election_.on_notification(environment.now, *notification));
  } else if (const auto* const info = message.get_if<FollowerInfo>(); info && leading != nullptr) {
    leading->on_follower_info(environment, received.from, received.over, *info);
  } else if (clients_.is_open() &&
             (clients_.owns(received.over) || message.get_if<ConnectRequest>() != nullptr)) {
    for (const sim::Payload& asked :
         clients_.on_message(environment, received.from, received.over, message)) {
      ask_leader(environment, asked);
    }
  } else if (received.over.serial != 0) {
    // For a role that this server does not have (any more), or a client while there is no leader.
    environment.disconnect(received.over);
  }
}

void Server::ask_leader(Environment& environment, const sim::Payload& message) {
  sim::match(
      role_, [](NoLeader&) { sim::unreachable("a server without a leader has no clients"); },
      [&](Following& following) { following.ask(environment, message); },
      [&](Leading& leading) { leading.ask(environment, message); });
}

void Server::on_connected(Environment& environment, const sim::Connected& made) {
  if (made.connection.opener != environment.self())
    return;  // what it is for, its first message says
  for (auto& [peer, link] : links_) {
    if (link.connection != made.connection) continue;
    link.up = true;
    environment.send(made.peer, link.connection, link.newest);
    return;
  }
  if (auto* const following = std::get_if<Following>(&role_)) {
    following->on_connected(environment, made.connection);
  }
}

void Server::on_disconnected(Environment& environment, const sim::Disconnected& lost) {
  for (auto& [peer, link] : links_) {
    if (link.connection == lost.connection) {
      link.connection = {};
      link.up = false;
      return;
    }
  }
  if (auto* const following = std::get_if<Following>(&role_)) {
    following->on_disconnected(environment, lost.connection);
  }
  if (auto* const leading = std::get_if<Leading>(&role_)) {
    leading->on_disconnected(environment, lost.connection);
  }
  clients_.on_disconnected(lost.connection);
}

// ── The election's transport ────────────────────────────────────────────────────────────────────

void Server::notify_peer(Environment& environment, ServerId to, const Notification& notification) {
  Link& link = links_[to];
  link.newest = sim::Payload::of(notification);
  const sim::NodeId node = config_.node_of(to);
  if (link.up) {
    environment.send(node, link.connection, link.newest);
    return;
  }
  if (link.connection.serial != 0) {
    if (environment.now < link.since + kElectionConnectTimeout) return;
    environment.disconnect(link.connection);
  }
  link.connection = {environment.self(), ++last_serial_};
  link.since = environment.now;
  environment.effects.emplace_back(sim::Connect{sim::kMainLane, link.connection, node});
}

// ── Views ───────────────────────────────────────────────────────────────────────────────────────

std::string_view Server::zab_state() const {
  return sim::match(
      role_, [](const NoLeader&) { return std::string_view("ELECTION"); },
      [](const Following& following) { return name_of(following.phase()); },
      [](const Leading& leading) { return name_of(leading.phase()); });
}

ZabEpoch Server::epoch() const {
  return sim::match(
      role_, [](const NoLeader&) { return ZabEpoch(); },
      [](const Following& following) { return following.epoch(); },
      [](const Leading& leading) { return leading.epoch(); });
}

ServerId Server::leader() const {
  return sim::match(
      role_, [](const NoLeader&) { return kNoServer; },
      [](const Following& following) { return following.leader(); },
      [&](const Leading&) { return config_.myid; });
}

bool Server::is_established() const {
  return leading() != nullptr && leading()->is_established();
}

void Server::digest_into(sim::Digest& digest) const {
  history_.digest_into(digest);
  election_.digest_into(digest);
  clients_.digest_into(digest);
  disk_.digest_into(digest);
  digest.add(role_.index());
  sim::match(
      role_, [](const NoLeader&) {},
      [&](const Following& following) { following.digest_into(digest); },
      [&](const Leading& leading) { leading.digest_into(digest); });
  for (const auto& [peer, link] : links_) {
    sim::digest_into(digest, link.connection);
    sim::digest_into(digest, link.up);
  }
}

}  // namespace zk
