#include "zk/follower.h"

#include <utility>

#include "sim/base/check.h"
#include "zk/notice.h"
#include "zk/server_clients.h"
#include "zk/server_history.h"

namespace zk {
namespace {

constexpr int kMaxTries = 5;                              // Learner.connectToLeader
constexpr sim::Duration kDelayBetweenTries(100'000'000);  // leaderConnectDelayDuringRetryMs

}  // namespace

std::string_view name_of(Following::Phase phase) {
  switch (phase) {
    case Following::Phase::Connecting:
      return "CONNECTING";
    case Following::Phase::Discovery:
    case Following::Phase::PersistingEpoch:
      return "DISCOVERY";
    case Following::Phase::Synchronizing:
    case Following::Phase::PersistingHistory:
    case Following::Phase::PersistingNewEpoch:
    case Following::Phase::AwaitingUpToDate:
      return "SYNCHRONIZATION";
    case Following::Phase::Broadcast:
      return "BROADCAST";
  }
  return "unknown";
}

// ── The connection ──────────────────────────────────────────────────────────────────────────────

void Following::start(Environment& environment) {
  started_ = environment.now;
  last_heard_ = environment.now;
  connect(environment);
}

void Following::connect(Environment& environment) {
  ++tries_;
  next_try_.reset();
  phase_ = Phase::Connecting;
  connection_ = {environment.self(), ++environment.last_serial};
  environment.effects.emplace_back(
      sim::Connect{sim::kMainLane, connection_, environment.config.node_of(leader_)});
}

void Following::stop(Environment& environment) {
  if (connection_.serial != 0) environment.disconnect(connection_);
  connection_ = {};
}

void Following::send(Environment& environment, sim::Payload message) {
  environment.send(environment.config.node_of(leader_), connection_, std::move(message));
}

void Following::ask(Environment& environment, sim::Payload message) {
  send(environment, std::move(message));
}

void Following::on_connected(Environment& environment, sim::ConnectionId connection) {
  if (connection != connection_ || phase_ != Phase::Connecting) return;
  phase_ = Phase::Discovery;
  last_heard_ = environment.now;
  send(environment, sim::Payload::of(FollowerInfo{environment.config.myid,
                                                  environment.history.accepted_epoch()}));
}

void Following::on_disconnected(Environment& environment, sim::ConnectionId connection) {
  if (connection != connection_) return;
  connection_ = {};
  // A leader that has not noticed yet that it leads refuses its learners: worth another try.
  const bool early = phase_ == Phase::Connecting || phase_ == Phase::Discovery;
  if (early && tries_ < kMaxTries) {
    phase_ = Phase::Connecting;
    next_try_ = environment.now + kDelayBetweenTries;
    return;
  }
  environment.leave = "the connection to the leader is lost";
}

std::optional<sim::Instant> Following::deadline(const ServerConfig& config) const {
  if (next_try_) return *next_try_;
  switch (phase_) {
    case Phase::Connecting:
      return started_ + config.init_timeout();
    case Phase::Discovery:
    case Phase::PersistingEpoch:
    case Phase::Synchronizing:
    case Phase::PersistingHistory:
    case Phase::PersistingNewEpoch:
      return last_heard_ + config.init_timeout();
    case Phase::AwaitingUpToDate:
    case Phase::Broadcast:
      return last_heard_ + config.sync_timeout();
  }
  return std::nullopt;
}

void Following::on_wake(Environment& environment) {
  const auto due = deadline(environment.config);
  if (!due || environment.now < *due) return;
  if (next_try_) {
    connect(environment);
  } else {
    environment.leave = "nothing was heard from the leader for too long";
  }
}

// ── Discovery and synchronisation ───────────────────────────────────────────────────────────────

void Following::on_message(Environment& environment, const sim::Payload& message) {
  last_heard_ = environment.now;
  if (message.get_if<LoggedTxn>() != nullptr) {
    on_proposal(environment, message);
  } else if (const auto* const commit = message.get_if<Commit>()) {
    on_commit(environment, commit->zxid);
  } else if (message.get_if<LearnerPing>() != nullptr) {
    send(environment, sim::Payload::of(LearnerPong{environment.clients.take_touched()}));
  } else if (const auto* const synced = message.get_if<Synced>()) {
    environment.clients.on_synced(environment, *synced);
  } else if (const auto* const answer = message.get_if<Revalidated>()) {
    environment.clients.on_revalidated(environment, *answer);
  } else if (const auto* const info = message.get_if<LeaderInfo>()) {
    on_leader_info(environment, *info);
  } else if (const auto* const sync = message.get_if<SyncWith>()) {
    sim::check(phase_ == Phase::Synchronizing,
               "synchronisation follows the epoch's acknowledgement");
    sync_ = *sync;
  } else if (const auto* const packet = message.get_if<NewLeader>()) {
    on_new_leader(environment, *packet);
  } else if (message.get_if<UpToDate>() != nullptr) {
    on_up_to_date(environment);
  } else {
    sim::unreachable("a leader says to a learner only what learners understand");
  }
}

void Following::on_leader_info(Environment& environment, const LeaderInfo& info) {
  sim::check(phase_ == Phase::Discovery, "LEADERINFO answers FOLLOWERINFO");
  const ZabEpoch accepted = environment.history.accepted_epoch();
  if (info.epoch < accepted) {
    environment.leave = "the leader's epoch is less than the one accepted";
    return;
  }
  epoch_ = info.epoch;
  ack_epoch_ = AckEpoch{environment.history.last_processed(), std::nullopt};
  if (info.epoch > accepted) {
    ack_epoch_->current_epoch = environment.history.current_epoch();
    environment.history.accept_epoch(environment, info.epoch);
  }
  phase_ = Phase::PersistingEpoch;
  ticket_ = environment.sync(kAcceptedEpochFile);
}

// NEWLEADER: everything that the leader sent to synchronise with becomes part of log and tree, then
// durable, and only then does this server count itself into the epoch (ZOOKEEPER-4643). What came
// without a COMMIT waits. Simplified: DIFF, TRUNC and SNAP are carried out here at once, so that an
// interrupted synchronisation leaves no trace (what ZOOKEEPER-3642 and ZOOKEEPER-5094 are about).
void Following::on_new_leader(Environment& environment, const NewLeader& packet) {
  sim::check(phase_ == Phase::Synchronizing && sync_.has_value(),
             "NEWLEADER follows a synchronisation");
  sim::check(packet.zxid.epoch() == static_cast<std::uint32_t>(epoch_.value()),
             "a leader keeps its epoch");
  if (environment.config.behaviour.epoch_before_history) {
    persist_new_epoch(environment);  // and only then the history
  } else {
    persist_history(environment);
  }
}

void Following::persist_history(Environment& environment) {
  History& history = environment.history;
  if (sync_->mode == SyncMode::Trunc && !history.truncate(environment, sync_->zxid)) {
    environment.exit = "the log cannot be truncated to where the leader asks";
    return;
  }
  if (sync_->mode == SyncMode::Snap) history.install(environment, sync_->snapshot);
  sync_.reset();
  std::deque<Pending> uncommitted;
  for (Pending& next : pending_) {
    const Zxid zxid = next.txn.as<LoggedTxn>().header.zxid;
    if (zxid > committed_) {
      uncommitted.push_back(std::move(next));
      continue;
    }
    // Applied, but not delivered: the leader calls its whole history committed before a quorum has it.
    history.append(environment, next.txn);
    history.apply(next.txn, environment.config.behaviour);
  }
  pending_ = std::move(uncommitted);
  if (environment.config.behaviour.new_leader_ack_before_history)
    acknowledge_new_leader(environment);
  phase_ = Phase::PersistingHistory;
  ticket_ = environment.sync(kHistoryFiles);
}

void Following::persist_new_epoch(Environment& environment) {
  environment.history.set_current_epoch(environment, epoch_);
  phase_ = Phase::PersistingNewEpoch;
  ticket_ = environment.sync(kCurrentEpochFile);
}

void Following::acknowledge_new_leader(Environment& environment) {
  acked_ = Zxid::of(static_cast<std::uint32_t>(epoch_.value()), 0);
  send(environment, sim::Payload::of(Ack{acked_}));
}

void Following::on_disk_done(Environment& environment, const DiskDone& done) {
  switch (phase_) {
    case Phase::PersistingEpoch:
      if (!environment.disk.is_done(ticket_)) return;
      phase_ = Phase::Synchronizing;
      send(environment, sim::Payload::of(*std::exchange(ack_epoch_, std::nullopt)));
      return;
    case Phase::PersistingHistory:
      if (!environment.disk.is_done(ticket_)) return;
      if (environment.history.current_epoch() == epoch_) {
        phase_ = Phase::AwaitingUpToDate;
        acknowledge_new_leader(environment);
      } else {
        persist_new_epoch(environment);
      }
      return;
    case Phase::PersistingNewEpoch:
      if (!environment.disk.is_done(ticket_)) return;
      if (sync_) {
        persist_history(environment);
      } else {
        phase_ = Phase::AwaitingUpToDate;
        acknowledge_new_leader(environment);
      }
      return;
    case Phase::Broadcast:
      acknowledge(environment, done.logged);
      return;
    case Phase::Connecting:
    case Phase::Discovery:
    case Phase::Synchronizing:
    case Phase::AwaitingUpToDate:
      return;
  }
}

void Following::on_up_to_date(Environment& environment) {
  if (environment.config.behaviour.new_leader_ack_before_history &&
      phase_ != Phase::AwaitingUpToDate) {
    environment.history.set_current_epoch(environment, epoch_);
    phase_ = Phase::AwaitingUpToDate;
  }
  sim::check(phase_ == Phase::AwaitingUpToDate,
             "UPTODATE follows the acknowledgement of NEWLEADER");
  phase_ = Phase::Broadcast;
  environment.clients.open(environment);
  environment.notify(FollowerReady{environment.config.myid, leader_, epoch_,
                                   environment.history.last_processed(),
                                   environment.history.database().tree.digest()});
  for (Pending& next : pending_) {
    environment.history.append(environment, next.txn);
    next.logged = true;
  }
  if (!pending_.empty()) {
    environment.sync(kLogFile);
  }
  deliver_committed(environment);
}

// ── Broadcast ───────────────────────────────────────────────────────────────────────────────────

void Following::on_proposal(Environment& environment, const sim::Payload& txn) {
  pending_.push_back({txn, false});
  if (phase_ != Phase::Broadcast) return;
  environment.history.append(environment, txn);
  pending_.back().logged = true;
  if (environment.config.behaviour.ack_before_fsync) {
    acknowledge(environment, environment.history.last_logged());
  }
  environment.sync(kLogFile);
}

void Following::acknowledge(Environment& environment, Zxid logged) {
  if (logged <= acked_) return;
  acked_ = logged;
  send(environment, sim::Payload::of(Ack{logged}));
}

void Following::on_commit(Environment& environment, Zxid zxid) {
  sim::check(zxid > committed_, "commits come in order");
  committed_ = zxid;
  if (phase_ == Phase::Broadcast) deliver_committed(environment);
}

void Following::deliver_committed(Environment& environment) {
  while (!pending_.empty() && pending_.front().txn.as<LoggedTxn>().header.zxid <= committed_) {
    sim::check(pending_.front().logged, "what is delivered is in the log");
    const sim::Payload txn = std::move(pending_.front().txn);
    pending_.pop_front();
    deliver(environment, txn);
  }
}

void Following::digest_into(sim::Digest& digest) const {
  sim::digest_into(digest, leader_);
  sim::digest_into(digest, phase_);
  sim::digest_into(digest, epoch_);
  sim::digest_into(digest, connection_);
  digest.add(pending_.size());
  sim::digest_into(digest, committed_);
  sim::digest_into(digest, acked_);
  sim::digest_into(digest, last_heard_);
}

}  // namespace zk
