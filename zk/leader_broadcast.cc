#include <utility>

#include "sim/base/check.h"
#include "sim/base/match.h"
#include "zk/leader.h"
#include "zk/notice.h"
#include "zk/server_clients.h"
#include "zk/server_history.h"

// What an established leader does: requests become proposals, acknowledged proposals become commits
// (zookeeper.md §2.6), sessions expire.
namespace zk {

namespace {

// The refusal of a session's write: of a multi, operation by operation.
Txn refused(const Forwarded& asked, ErrorCode error) {
  const auto* const multi = std::get_if<Multi>(&asked.request.as<ClientRequest>().request);
  if (multi == nullptr || multi->ops.empty()) return ErrorTxn{error};
  MultiTxn txn;
  txn.txns.assign(multi->ops.size(), ErrorTxn{ErrorCode::RuntimeInconsistency});
  txn.txns.front() = ErrorTxn{error};
  return txn;
}

}  // namespace

// ── Requests ────────────────────────────────────────────────────────────────────────────────────

void Leading::ask(Environment& environment, const sim::Payload& message) {
  hear_own_clients(environment);
  if (const auto* const asked = message.get_if<Forwarded>()) {
    on_forwarded(environment, sim::kDatagram, environment.config.myid, *asked);
  } else {
    on_revalidate(environment, sim::kDatagram, environment.config.myid, message.as<Revalidate>());
  }
}

void Leading::hear_own_clients(Environment& environment) {
  for (const auto& [session, timeout_ms] : environment.clients.take_touched()) {
    sessions_.touch(session, environment.now);
  }
}

void Leading::on_forwarded(Environment& environment, sim::ConnectionId over, ServerId through,
                           const Forwarded& asked) {
  sim::check(phase_ == Phase::Broadcast, "only clients of a synchronised server ask for anything");
  switch (asked.asked) {
    case Asked::NewSession:
      sessions_.track(asked.session, asked.timeout_ms, environment.now);
      sessions_.set_owner(asked.session, through);
      propose(environment, asked.session, asked.cxid, CreateSessionTxn{asked.timeout_ms});
      return;
    case Asked::EndOfSession:
      if (sessions_.check(asked.session, through) == ErrorCode::Ok) {
        close_session(environment, asked.session, asked.cxid);
      }
      return;
    case Asked::Barrier:
      barrier(environment, over, {asked.session, asked.cxid});
      return;
    case Asked::Operation:
      break;
  }
  const ErrorCode admitted = sessions_.check(asked.session, through);
  Txn txn = admitted != ErrorCode::Ok
                ? refused(asked, admitted)
                : prep_.prepare(environment.history.database().tree,
                                asked.request.as<ClientRequest>().request, asked.session,
                                asked.identities, next_zxid(), environment.config.behaviour);
  propose(environment, asked.session, asked.cxid, std::move(txn));
}

void Leading::on_revalidate(Environment& environment, sim::ConnectionId over, ServerId through,
                            const Revalidate& asked) {
  const bool valid = sessions_.touch(asked.session, environment.now);
  if (valid) sessions_.set_owner(asked.session, through);
  const Revalidated answer{asked.session, valid};
  if (over == sim::kDatagram) {
    environment.clients.on_revalidated(environment, answer);
  } else {
    environment.send(learners_.at(over).node, over, sim::Payload::of(answer));
  }
}

void Leading::barrier(Environment& environment, sim::ConnectionId over, Synced synced) {
  if (outstanding_.empty()) {
    answer_barrier(environment, over, synced);
  } else {
    outstanding_.back().barriers.emplace_back(over, synced);
  }
}

void Leading::answer_barrier(Environment& environment, sim::ConnectionId over,
                             const Synced& synced) {
  if (over == sim::kDatagram) {
    environment.clients.on_synced(environment, synced);
  } else if (const auto learner = learners_.find(over); learner != learners_.end()) {
    environment.send(learner->second.node, over, sim::Payload::of(synced));
  }
}

void Leading::close_session(Environment& environment, SessionId session, std::int32_t cxid) {
  sessions_.set_closing(session);
  propose(environment, session, cxid,
          prep_.close_session(environment.history.database().tree, session, next_zxid()));
}

void Leading::expire_sessions(Environment& environment) {
  hear_own_clients(environment);
  for (const SessionId session : sessions_.expire(environment.now)) {
    environment.notify(SessionExpired{environment.config.myid, session});
    close_session(environment, session, 0);
  }
}

// ── Proposals and commits ───────────────────────────────────────────────────────────────────────

void Leading::propose(Environment& environment, SessionId session, std::int32_t cxid, Txn txn) {
  if (environment.leave) return;
  const Zxid zxid = next_zxid();
  if (zxid.counter() == UINT32_MAX) {
    environment.leave = "the counter of this epoch's zxids is used up";
    return;
  }
  last_proposed_ = zxid;
  const sim::Payload proposal = sim::Payload::of(
      LoggedTxn{{session, cxid, zxid, environment.wall_time()}, std::move(txn), std::nullopt});
  outstanding_.push_back({zxid, proposal, 0, {}});
  for (auto& [over, learner] : learners_) {
    if (!learner.forwarding) continue;
    environment.send(learner.node, over, proposal);
    std::optional<Unacked>& sample = learner.oldest ? learner.next : learner.oldest;
    if (!sample) sample = Unacked{zxid, environment.now};
  }
  environment.history.append(environment, proposal);
  if (environment.config.behaviour.ack_before_fsync) {
    acknowledged(environment, environment.config.myid, zxid);
  }
  environment.sync(kLogFile);
}

void Leading::acknowledged(Environment& environment, ServerId by, Zxid zxid) {
  const std::uint32_t bit = environment.config.bit_of(by);
  for (Proposal& proposal : outstanding_) {
    if (proposal.zxid > zxid) break;
    proposal.acks |= bit;
  }
  commit_what_is_acknowledged(environment);
}

void Leading::commit_what_is_acknowledged(Environment& environment) {
  const bool any_will_do = environment.config.behaviour.commit_without_quorum;
  while (!outstanding_.empty()) {
    const std::uint32_t acks = outstanding_.front().acks;
    if (!environment.config.is_quorum(acks) && !(any_will_do && acks != 0)) return;
    const Proposal proposal = std::move(outstanding_.front());
    outstanding_.pop_front();
    last_committed_ = proposal.zxid;
    const sim::Payload commit = sim::Payload::of(Commit{proposal.zxid});
    for (const auto& [over, learner] : learners_) {
      if (learner.forwarding) environment.send(learner.node, over, commit);
    }
    const auto& logged = proposal.txn.as<LoggedTxn>();
    deliver(environment, proposal.txn);
    prep_.applied(proposal.zxid);
    if (std::holds_alternative<CloseSessionTxn>(logged.txn))
      sessions_.forget(logged.header.client_id);
    for (const auto& [over, synced] : proposal.barriers) answer_barrier(environment, over, synced);
  }
}

}  // namespace zk
