#include "zk/server_history.h"

#include <algorithm>

#include "sim/base/check.h"
#include "zk/notice.h"

namespace zk {
namespace {

constexpr sim::Site kSnapshotDue{"zk.server.snapshot_due"};

// By then the operating system has written back what nobody synced (sim/kernel/disk.h).
constexpr sim::Duration kWrittenBack{60'000'000'000};

std::optional<ZabEpoch> epoch_in(const sim::FileContent& file) {
  if (file.entries.empty()) return std::nullopt;
  return file.entries.back().as<EpochFile>().epoch;
}

}  // namespace

History::History(const sim::Durable& durable) {
  const sim::FileContent& log = durable.at(kLogFile);
  const sim::FileContent& snapshots = durable.at(kSnapshotFile);
  log_ = log.entries;
  log_first_ = log.first;
  snapshots_ = snapshots.entries;
  snapshots_first_ = snapshots.first;
  taken_at_.resize(snapshots_.size());
  torn_ = log.torn;
  sim::check(reload(ServerBehaviour{}), "a log whose beginning was cleaned away has a snapshot");
  recovered_snapshot_ = base_zxid_;
  // Simplified: where the epoch of the last zxid is ahead of currentEpoch, ZooKeeper wants to see
  // currentEpoch.tmp before it adopts it and refuses to start otherwise.
  const ZabEpoch of_log(last_logged().epoch());
  current_epoch_ = std::max(epoch_in(durable.at(kCurrentEpochFile)).value_or(of_log), of_log);
  accepted_epoch_ =
      std::max(epoch_in(durable.at(kAcceptedEpochFile)).value_or(current_epoch_), current_epoch_);
}

// ── Epochs ──────────────────────────────────────────────────────────────────────────────────────

void History::accept_epoch(Environment& environment, ZabEpoch epoch) {
  sim::check(epoch >= accepted_epoch_, "accepted epochs never fall");
  accepted_epoch_ = epoch;
  if (environment.config.behaviour.epochs_not_persisted) return;
  environment.effects.emplace_back(
      sim::Replace{kAcceptedEpochFile, sim::Payload::of(EpochFile{epoch})});
}

void History::set_current_epoch(Environment& environment, ZabEpoch epoch) {
  sim::check(epoch >= current_epoch_ && epoch <= accepted_epoch_,
             "the current epoch grows and was accepted before");
  current_epoch_ = epoch;
  if (environment.config.behaviour.epochs_not_persisted) return;
  environment.effects.emplace_back(
      sim::Replace{kCurrentEpochFile, sim::Payload::of(EpochFile{epoch})});
}

// ── The log ─────────────────────────────────────────────────────────────────────────────────────

std::size_t History::position_after(Zxid zxid) const {
  const auto behind = std::ranges::upper_bound(
      log_, zxid, {}, [](const sim::Payload& txn) { return txn.as<LoggedTxn>().header.zxid; });
  return static_cast<std::size_t>(behind - log_.begin());
}

void History::append(Environment& environment, const sim::Payload& txn) {
  sim::check(txn.as<LoggedTxn>().header.zxid > last_logged(), "the log grows in order of zxids");
  log_.push_back(txn);
  environment.effects.emplace_back(sim::Append{kLogFile, txn});
  const std::uint64_t snap_count = environment.config.snap_count;
  if (next_snapshot_ == 0) {  // so that the servers of an ensemble do not all take theirs at once
    next_snapshot_ =
        snap_count / 2 + environment.choices.pick(kSnapshotDue, environment.self().value(), 1,
                                                  std::max<std::uint64_t>(snap_count / 2, 1));
  }
  if (++since_snapshot_ > next_snapshot_) take_snapshot(environment);
}

Applied History::apply(const sim::Payload& txn, const ServerBehaviour& behaviour) {
  const auto& logged = txn.as<LoggedTxn>();
  if (logged.header.zxid <= last_processed()) return {};
  if (behaviour.expiry_keeps_ephemerals && logged.header.cxid == 0 &&
      std::holds_alternative<CloseSessionTxn>(logged.txn)) {
    database_.session_timeouts_ms.erase(logged.header.client_id);
    database_.tree.set_last_processed_zxid(logged.header.zxid);
    return {};
  }
  return database_.apply(logged.header, logged.txn);
}

void History::fast_forward(const ServerBehaviour& behaviour) {
  for (std::size_t at = position_after(std::max(last_processed(), base_zxid_)); at < log_.size();
       ++at) {
    apply(log_[at], behaviour);
  }
}

sim::Payload History::snapshot() const {
  return sim::Payload::of(
      Snapshot{last_processed(), database_.tree, database_.session_timeouts_ms, false});
}

void History::keep(Environment& environment, sim::Payload snapshot) {
  since_snapshot_ = 0;
  next_snapshot_ = 0;
  for (auto& at : taken_at_) at = at.value_or(environment.now);
  snapshots_.push_back(std::move(snapshot));
  taken_at_.emplace_back(environment.now);
  environment.effects.emplace_back(sim::Append{kSnapshotFile, snapshots_.back()});
  // Simplified: ZooKeeper purges by the hour, if at all (autopurge). What matters is that no snapshot
  // goes before the next one is safe, for nobody syncs them, and the log may have a gap before the
  // oldest: a learner that was sent a snapshot logs on from there.
  std::size_t gone = 0;
  while (snapshots_.size() - gone > environment.config.snap_retain_count &&
         environment.now - *taken_at_[gone + 1] >= kWrittenBack) {
    ++gone;
  }
  if (gone > 0) {
    const auto count = static_cast<std::ptrdiff_t>(gone);
    snapshots_.erase(snapshots_.begin(), snapshots_.begin() + count);
    taken_at_.erase(taken_at_.begin(), taken_at_.begin() + count);
    snapshots_first_ += gone;
    environment.effects.emplace_back(sim::DropBefore{kSnapshotFile, snapshots_first_});
  }
  environment.notify(SnapshotTaken{environment.config.myid, last_processed()});
}

// ── Synchronisation ─────────────────────────────────────────────────────────────────────────────

History::Plan History::plan_for(Zxid learner_zxid, Zxid last_committed,
                                std::size_t commit_log_count) const {
  // The committed log: the last `commit_log_count` transactions that are committed and of this
  // history.
  const std::size_t end = position_after(std::max(last_committed, base_zxid_));
  const std::size_t own = std::min(position_after(base_zxid_), end);
  const std::size_t begin = end - std::min(end - own, commit_log_count);
  const Zxid max = begin == end ? last_processed() : zxid_at(end - 1);
  const Zxid min = begin == end ? last_processed() : zxid_at(begin);

  if (learner_zxid == last_processed()) return {SyncMode::Diff, learner_zxid, end, end};
  const bool new_epoch_zxid = learner_zxid.counter() == 0;
  if (learner_zxid > max && !new_epoch_zxid) return {SyncMode::Trunc, max, end, end};
  if (begin != end && min <= learner_zxid && learner_zxid <= max) {
    const std::size_t behind = std::max(position_after(learner_zxid), begin);
    if (zxid_at(behind - 1) == learner_zxid || new_epoch_zxid) {
      return {SyncMode::Diff, max, behind, end};
    }
    // The learner has a transaction that this history does not know. TRUNC never crosses an epoch.
    if (zxid_at(behind).epoch() == learner_zxid.epoch()) {
      return {SyncMode::Trunc, zxid_at(behind - 1), behind, end};
    }
  }
  // Simplified: a learner that is behind the committed log gets a snapshot, never a DIFF read from
  // the log files. ZooKeeper compares file lengths, in which 64 MiB of padding count: small trees
  // go by SNAP there, too.
  return {SyncMode::Snap, last_processed(), end, end};
}

void History::load(const sim::Payload& snapshot) {
  const auto& whole = snapshot.as<Snapshot>();
  database_.tree = whole.tree;
  database_.session_timeouts_ms = whole.session_timeouts_ms;
  base_zxid_ = whole.zxid;
  database_.tree.set_last_processed_zxid(whole.zxid);
}

bool History::reload(const ServerBehaviour& behaviour) {
  if (!snapshots_.empty()) {
    load(snapshots_.back());
  } else if (log_first_ == 0) {
    database_ = Database();
    base_zxid_ = Zxid();
  } else {
    return false;
  }
  fast_forward(behaviour);
  return true;
}

bool History::truncate(Environment& environment, Zxid zxid) {
  const std::size_t kept = position_after(zxid);
  log_.resize(kept);
  environment.effects.emplace_back(sim::Truncate{kLogFile, kept});
  if (!environment.config.behaviour.uncommitted_in_snapshot) {
    while (!snapshots_.empty() && snapshots_.back().as<Snapshot>().zxid > zxid) {
      if (snapshots_.back().as<Snapshot>().received) return false;
      snapshots_.pop_back();
      taken_at_.pop_back();
    }
    environment.effects.emplace_back(sim::Truncate{kSnapshotFile, snapshots_.size()});
  }
  return reload(environment.config.behaviour);
}

void History::install(Environment& environment, const sim::Payload& snapshot) {
  load(snapshot);
  // What the log holds beyond the snapshot is another history's, and uncommitted.
  const std::size_t kept = position_after(base_zxid_);
  if (kept < log_.size()) {
    log_.resize(kept);
    environment.effects.emplace_back(sim::Truncate{kLogFile, kept});
  }
  Snapshot received = snapshot.as<Snapshot>();
  received.received = true;
  keep(environment, sim::Payload::of(std::move(received)));
}

void History::digest_into(sim::Digest& digest) const {
  sim::digest_into(digest, last_logged());
  sim::digest_into(digest, last_processed());
  digest.add(log_.size());
  digest.add(database_.tree.digest());
  sim::digest_into(digest, database_.session_timeouts_ms);
  sim::digest_into(digest, accepted_epoch_);
  sim::digest_into(digest, current_epoch_);
}

}  // namespace zk
