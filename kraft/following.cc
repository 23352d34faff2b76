// What a follower or an observer does: find the leader, fetch, cut what diverges, keep what comes
// (kraft.md §1.9, §1.10).

#include <algorithm>

#include "kraft/notice.h"
#include "kraft/replica.h"
#include "kraft/replica_rpc.h"
#include "sim/base/check.h"

namespace kraft {

namespace {
constexpr sim::Site kBootstrapNode{"raft.bootstrap_node"};
}  // namespace

void Replica::handle(Instant now, NodeId from, const BeginQuorumEpochRequest& begin,
                     Choices& choices, Effects& effects) {
  const auto reply = [&](ErrorCode error) {
    answer(from, begin.correlation, BeginQuorumEpochResponse{.error = error}, effects);
  };
  if (begin.epoch < epoch_) return reply(ErrorCode::FencedLeaderEpoch);
  maybe_transition(now, begin.epoch, begin.leader, choices, effects);
  // Too late to take the new leader back: the transition stays.
  reply(begin.voter == config_.id ? ErrorCode::None : ErrorCode::InvalidVoterKey);
}

void Replica::poll_unattached(Instant now, Choices& choices, Effects& effects) {
  if (!is_voter()) return fetch_from_anyone(now, choices, effects);
  if (now >= std::get<Unattached>(role_).election_at && !shutting_down_) {
    stand(now, 1, choices, effects);
  }
}

void Replica::poll_follower(Instant now, Choices& choices, Effects& effects) {
  auto& follower = std::get<Follower>(role_);
  if (now >= follower.fetch_at) {
    if (is_voter()) {
      if (!shutting_down_) return stand(now, 1, choices, effects);
    } else {
      // T13: an observer keeps its role and asks around.
      return fetch_from_anyone(now, choices, effects);
    }
  }
  fetch_from(now, follower.leader, effects);
}

void Replica::fetch_from(Instant now, BrokerId to, Effects& effects) {
  if (!connections_[to].ready(now)) return;
  const auto* follower = std::get_if<Follower>(&role_);
  if (follower != nullptr && follower->fetching_snapshot) {
    return request(
        now, to, RequestKind::FetchSnapshot,
        FetchSnapshotRequest{
            .replica = config_.id, .epoch = epoch_, .snapshot = *follower->fetching_snapshot},
        effects);
  }
  request(now, to, RequestKind::Fetch,
          FetchRequest{.replica = config_.id, .epoch = epoch_, .fetch = log_.last()}, effects);
}

// An observer without a leader asks a random voter whose connection is ready; one question at a time.
void Replica::fetch_from_anyone(Instant now, Choices& choices, Effects& effects) {
  std::vector<BrokerId> ready;
  for (const BrokerId voter : config_.quorum.voters) {
    const Connection& connection = connections_[voter];
    if (connection.in_flight && !connection.ready(now)) return;
    if (connection.ready(now)) ready.push_back(voter);
  }
  if (ready.empty()) return;
  const auto picked = choices.pick(kBootstrapNode, static_cast<std::uint64_t>(config_.id.value()),
                                   0, ready.size() - 1);
  fetch_from(now, ready[picked], effects);
}

void Replica::handle(Instant now, const FetchResponse& fetch, Choices& choices, Effects& effects) {
  if (common_response(now, fetch.from, fetch.correlation, RequestKind::Fetch, fetch.error,
                      fetch.epoch, fetch.leader, choices, effects) == Next::Done) {
    return;
  }
  auto* follower = std::get_if<Follower>(&role_);
  if (follower == nullptr || fetch.epoch != epoch_) return;
  if (fetch.error != ErrorCode::None) return connection_failed(now, fetch.from);
  if (fetch.diverging && !config_.behaviour.divergence_ignored) {
    if (fetch.diverging->offset < high_watermark_) {
      return halt("the leader's log diverges below the high watermark", effects);
    }
    const OffsetAndEpoch ours = log_.end_offset_for(fetch.diverging->epoch);
    const Offset cut = ours.epoch == fetch.diverging->epoch
                           ? std::min(ours.offset, fetch.diverging->offset)
                           : ours.offset;
    const Offset to = fetch.diverging->epoch == RaftEpoch(0)
                          ? std::min(fetch.diverging->offset, log_.end())
                          : cut;
    if (to < high_watermark_) return halt("a follower would cut committed records", effects);
    notify(effects, LogTruncated{.node = config_.id, .from = log_.end(), .to = to});
    const std::uint64_t kept = log_.truncate(to) + (log_.first_index() - disk_first_);
    effects.push_back(sim::Truncate{kLogFile, kept});
  } else if (fetch.snapshot) {
    if (log_.checkpoint_id() != fetch.snapshot) follower->fetching_snapshot = fetch.snapshot;
  } else {
    append_fetched(now, fetch, effects);
  }
  if (auto* still = std::get_if<Follower>(&role_))
    still->fetch_at = now + config_.raft.fetch_timeout;
}

void Replica::append_fetched(Instant, const FetchResponse& fetch, Effects& effects) {
  bool appended = false;
  for (const Payload& batch : fetch.batches) {
    const auto& content = batch.as<Batch>();
    if (config_.behaviour.divergence_ignored && content.base != log_.end()) continue;
    append_batch(batch, effects);
    appended = true;
  }
  // The next Fetch certifies durability, so it waits behind this (brokers' observers do not certify).
  if (appended && config_.flush_as_follower && !config_.behaviour.fetch_before_flush) {
    effects.push_back(sim::Sync{sim::kMainLane, kLogFile});
  }
  if (fetch.high_watermark != kUnknownOffset) {
    const Offset known = std::min(log_.end(), fetch.high_watermark);
    // A new leader counts from its checkpoint at first; what was known to be committed stays so.
    advance_high_watermark(known, effects);
  }
}

void Replica::handle(Instant now, const FetchSnapshotResponse& fetch, Choices& choices,
                     Effects& effects) {
  if (common_response(now, fetch.from, fetch.correlation, RequestKind::FetchSnapshot, fetch.error,
                      fetch.epoch, fetch.leader, choices, effects) == Next::Done) {
    return;
  }
  auto* follower = std::get_if<Follower>(&role_);
  if (follower == nullptr || follower->fetching_snapshot != fetch.snapshot) return;
  follower->fetching_snapshot.reset();
  if (fetch.error != ErrorCode::None) return connection_failed(now, fetch.from);
  follower->fetch_at = now + config_.raft.fetch_timeout;
  // Frozen, renamed and durable before the log is dropped for it (truncateToLatestSnapshot).
  effects.push_back(sim::Replace{kCheckpointFile, fetch.checkpoint});
  log_.install(fetch.checkpoint);
  drop_behind_checkpoint(effects);
  advance_high_watermark(fetch.snapshot.offset, effects);
  notify(effects, SnapshotInstalled{.node = config_.id, .id = fetch.snapshot});
}

}  // namespace kraft
