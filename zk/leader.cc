#include "zk/leader.h"

#include <algorithm>
#include <tuple>

#include "sim/base/check.h"
#include "zk/notice.h"
#include "zk/server_clients.h"
#include "zk/server_history.h"

namespace zk {

std::string_view name_of(Leading::Phase phase) {
  switch (phase) {
    case Leading::Phase::Discovery:
    case Leading::Phase::PersistingEpoch:
    case Leading::Phase::AwaitingEpochAcks:
    case Leading::Phase::PersistingNewEpoch:
      return "DISCOVERY";
    case Leading::Phase::Synchronization:
      return "SYNCHRONIZATION";
    case Leading::Phase::Broadcast:
      return "BROADCAST";
  }
  return "unknown";
}

Leading::Leading(Environment& environment)
    : self_bit_(environment.config.bit_of(environment.config.myid)),
      sessions_(environment.config.tick_time) {}

void Leading::enter(Environment& environment, Phase phase) {
  phase_ = phase;
  phase_deadline_ = environment.now + environment.config.init_timeout();
}

// ── Discovery: a new epoch ──────────────────────────────────────────────────────────────────────

void Leading::start(Environment& environment) {
  enter(environment, Phase::Discovery);
  if (environment.config.behaviour.uncommitted_in_snapshot) {
    environment.history.take_snapshot(environment);  // of a log tail that no quorum has confirmed
  }
  epoch_ = ZabEpoch(environment.history.accepted_epoch().next().value());
  reporters_ = self_bit_;
  epoch_reporters_changed(environment);
}

void Leading::on_follower_info(Environment& environment, sim::NodeId from, sim::ConnectionId over,
                               const FollowerInfo& info) {
  const auto [at, added] = learners_.emplace(
      over, Learner{.server = info.sid,
                    .node = from,
                    .last_zxid = Zxid(),
                    .alive_until = environment.now + environment.config.init_timeout() +
                                   environment.config.sync_timeout(),
                    .oldest = {},
                    .next = {}});
  sim::check(added, "a learner reports once on a connection");
  if (phase_ == Phase::Discovery) {
    epoch_ = std::max(epoch_, ZabEpoch(info.accepted_epoch.next().value()));
    reporters_ |= environment.config.bit_of(info.sid);
    epoch_reporters_changed(environment);
  } else if (phase_ != Phase::PersistingEpoch) {
    send_leader_info(environment, over, at->second);
  }
}

void Leading::epoch_reporters_changed(Environment& environment) {
  if (phase_ != Phase::Discovery || !environment.config.is_quorum(reporters_)) return;
  enter(environment, Phase::PersistingEpoch);
  environment.history.accept_epoch(environment, epoch_);
  ticket_ = environment.sync(kAcceptedEpochFile);
}

void Leading::send_leader_info(Environment& environment, sim::ConnectionId over,
                               const Learner& learner) {
  environment.send(learner.node, over, sim::Payload::of(LeaderInfo{epoch_}));
}

void Leading::on_ack_epoch(Environment& environment, Learner& learner, sim::ConnectionId over,
                           const AckEpoch& ack) {
  learner.acked_epoch = true;
  learner.last_zxid = ack.last_zxid;
  if (phase_ == Phase::Synchronization || phase_ == Phase::Broadcast) {
    synchronize(environment, over, learner);
    return;
  }
  if (!ack.current_epoch) return;  // had accepted this epoch before: does not count
  const ZabEpoch own_epoch = environment.history.current_epoch();
  const Zxid own_zxid = environment.history.last_processed();
  if (std::tie(*ack.current_epoch, ack.last_zxid) > std::tie(own_epoch, own_zxid)) {
    environment.leave = "a follower's history is more recent than the leader's";
    return;
  }
  epoch_acks_ |= environment.config.bit_of(learner.server);
  epoch_acks_changed(environment);
}

void Leading::epoch_acks_changed(Environment& environment) {
  if (phase_ != Phase::AwaitingEpochAcks || !environment.config.is_quorum(epoch_acks_)) return;
  enter(environment, Phase::PersistingNewEpoch);
  environment.history.set_current_epoch(environment, epoch_);
  // Simplified: a real leader does not sync the tail of the log that it found in the page cache when its
  // process started, and counts itself all the same.
  ticket_ = environment.sync({kLogFile, kCurrentEpochFile});
}

void Leading::on_disk_done(Environment& environment, const DiskDone& done) {
  switch (phase_) {
    case Phase::PersistingEpoch:
      if (!environment.disk.is_done(ticket_)) return;
      enter(environment, Phase::AwaitingEpochAcks);
      for (const auto& [over, learner] : learners_) send_leader_info(environment, over, learner);
      epoch_acks_ |= self_bit_;
      epoch_acks_changed(environment);
      return;
    case Phase::PersistingNewEpoch:
      if (!environment.disk.is_done(ticket_)) return;
      enter(environment, Phase::Synchronization);
      last_proposed_ = Zxid::of(static_cast<std::uint32_t>(epoch_.value()), 0);
      last_committed_ = environment.history.last_processed();
      for (auto& [over, learner] : learners_) {
        if (learner.acked_epoch) synchronize(environment, over, learner);
      }
      new_leader_acks_ |= self_bit_;
      new_leader_acks_changed(environment);
      return;
    case Phase::Broadcast:
      acknowledged(environment, environment.config.myid, done.logged);
      return;
    case Phase::Discovery:
    case Phase::AwaitingEpochAcks:
    case Phase::Synchronization:
      return;
  }
}

// ── Synchronisation ─────────────────────────────────────────────────────────────────────────────

void Leading::synchronize(Environment& environment, sim::ConnectionId over, Learner& learner) {
  const History& history = environment.history;
  const History::Plan plan =
      history.plan_for(learner.last_zxid, last_committed_, environment.config.commit_log_count);
  environment.notify(Synchronizing{environment.config.myid, learner.server, plan.mode,
                                   learner.last_zxid, plan.zxid});
  const auto send = [&](sim::Payload message) {
    environment.send(learner.node, over, std::move(message));
  };
  send(sim::Payload::of(SyncWith{
      plan.mode, plan.zxid, plan.mode == SyncMode::Snap ? history.snapshot() : sim::Payload()}));
  for (std::size_t at = plan.first; at < plan.end; ++at) {
    const sim::Payload& txn = history.log()[at];
    send(txn);
    send(sim::Payload::of(Commit{txn.as<LoggedTxn>().header.zxid}));
  }
  for (const Proposal& proposal : outstanding_) send(proposal.txn);
  learner.forwarding = true;
  send(sim::Payload::of(NewLeader{Zxid::of(static_cast<std::uint32_t>(epoch_.value()), 0)}));
}

void Leading::on_new_leader_ack(Environment& environment, Learner& learner,
                                sim::ConnectionId over) {
  if (learner.synced) return;
  learner.synced = true;
  learner.alive_until = environment.now + environment.config.sync_timeout();
  if (phase_ == Phase::Broadcast) {
    environment.send(learner.node, over, sim::Payload::of(UpToDate{last_committed_}));
    return;
  }
  new_leader_acks_ |= environment.config.bit_of(learner.server);
  new_leader_acks_changed(environment);
}

void Leading::new_leader_acks_changed(Environment& environment) {
  if (phase_ == Phase::Synchronization && environment.config.is_quorum(new_leader_acks_)) {
    establish(environment);
  }
}

void Leading::establish(Environment& environment) {
  enter(environment, Phase::Broadcast);
  History& history = environment.history;
  environment.notify(Established{environment.config.myid, epoch_, history.last_logged(),
                                 history.database().tree.digest()});
  last_committed_ = last_proposed_;
  history.set_last_processed(last_committed_);
  // Leader changes lengthen sessions and never shorten them.
  for (const auto& [session, timeout_ms] : history.database().session_timeouts_ms) {
    sessions_.track(session, timeout_ms, environment.now);
  }
  environment.clients.open(environment);
  next_ping_ = environment.now + environment.config.tick_time / 2;
  for (const auto& [over, learner] : learners_) {
    if (learner.synced) {
      environment.send(learner.node, over, sim::Payload::of(UpToDate{last_committed_}));
    }
  }
}

// ── Learners ────────────────────────────────────────────────────────────────────────────────────

void Leading::on_message(Environment& environment, sim::ConnectionId over,
                         const sim::Payload& message) {
  Learner& learner = learners_.at(over);
  learner.alive_until =
      std::max(learner.alive_until, environment.now + environment.config.sync_timeout());
  if (const auto* const ack = message.get_if<Ack>()) {
    if (ack->zxid.counter() == 0) {
      on_new_leader_ack(environment, learner, over);
      return;
    }
    if (learner.oldest && learner.oldest->zxid <= ack->zxid) {
      learner.oldest = std::exchange(learner.next, std::nullopt);
      if (learner.oldest && learner.oldest->zxid <= ack->zxid) learner.oldest.reset();
    }
    acknowledged(environment, learner.server, ack->zxid);
  } else if (const auto* const pong = message.get_if<LearnerPong>()) {
    for (const auto& [session, timeout_ms] : pong->touched)
      sessions_.touch(session, environment.now);
  } else if (const auto* const asked = message.get_if<Forwarded>()) {
    on_forwarded(environment, over, learner.server, *asked);
  } else if (const auto* const session = message.get_if<Revalidate>()) {
    on_revalidate(environment, over, learner.server, *session);
  } else if (const auto* const epoch = message.get_if<AckEpoch>()) {
    on_ack_epoch(environment, learner, over, *epoch);
  } else {
    sim::unreachable("a learner says to a leader only what leaders understand");
  }
}

void Leading::drop(Environment& environment, Learners::iterator at) {
  environment.disconnect(at->first);
  learners_.erase(at);
}

void Leading::on_disconnected(Environment&, sim::ConnectionId connection) {
  learners_.erase(connection);
}

void Leading::stop(Environment& environment) {
  for (const auto& [over, learner] : learners_) environment.disconnect(over);
  learners_.clear();
}

// ── Time ────────────────────────────────────────────────────────────────────────────────────────

std::optional<sim::Instant> Leading::deadline() const {
  if (phase_ != Phase::Broadcast) return phase_deadline_;
  const auto expiry = sessions_.next_expiry();
  return expiry ? std::min(next_ping_, *expiry) : next_ping_;
}

void Leading::on_wake(Environment& environment) {
  if (phase_ != Phase::Broadcast) {
    if (environment.now >= phase_deadline_) {
      environment.leave = "no quorum of followers came in time";
    }
    return;
  }
  if (environment.now >= next_ping_) tick(environment);
  if (!environment.leave) expire_sessions(environment);
}

// Twice a tick every learner is pinged, and those that are silent for too long or leave a proposal
// without answer are cut off; once a tick the quorum is counted.
void Leading::tick(Environment& environment) {
  next_ping_ = environment.now + environment.config.tick_time / 2;
  std::uint32_t alive = self_bit_;
  for (auto at = learners_.begin(); at != learners_.end();) {
    Learner& learner = at->second;
    const bool silent = learner.alive_until < environment.now;
    const bool lagging =
        learner.oldest &&
        learner.oldest->since + environment.config.sync_timeout() < environment.now;
    if (silent || lagging) {
      drop(environment, at++);
      continue;
    }
    if (learner.synced) {
      alive |= environment.config.bit_of(learner.server);
      environment.send(learner.node, at->first, sim::Payload::of(LearnerPing{last_committed_}));
    }
    ++at;
  }
  full_tick_ = !full_tick_;
  if (!full_tick_ && !environment.config.is_quorum(alive)) {
    environment.leave = "not enough followers are synced";
  }
}

void Leading::digest_into(sim::Digest& digest) const {
  sim::digest_into(digest, phase_);
  sim::digest_into(digest, deadline());
  sim::digest_into(digest, epoch_);
  digest.add((std::uint64_t{reporters_} << 32) | epoch_acks_);
  digest.add(new_leader_acks_);
  digest.add(learners_.size());
  for (const auto& [over, learner] : learners_) {
    sim::digest_into(digest, over);
    sim::digest_into(digest, learner.synced);
    sim::digest_into(digest, learner.alive_until);
  }
  sim::digest_into(digest, last_proposed_);
  sim::digest_into(digest, last_committed_);
  for (const Proposal& proposal : outstanding_) digest.add(proposal.acks);
  sessions_.digest_into(digest);
}

}  // namespace zk
