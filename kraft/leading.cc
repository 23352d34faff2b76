// What a leader does: appends, serves fetches, commits, keeps its followers (kraft.md §1.8–§1.12).

#include <algorithm>

#include "kraft/notice.h"
#include "kraft/replica.h"
#include "kraft/replica_rpc.h"
#include "sim/base/check.h"
#include "sim/base/match.h"

namespace kraft {

// T8: a majority granted. The first record of the epoch goes through the accumulator like any other.
void Replica::lead(Instant now, Choices& choices, Effects& effects) {
  Leader next{.epoch_start = log_.end()};
  for (const auto& [voter, granted] : std::get<Candidate>(role_).votes) {
    if (granted) next.granting.push_back(voter);
  }
  for (const BrokerId voter : config_.quorum.voters) {
    if (voter == config_.id) continue;
    next.progress[voter] = {};
    next.begin_at[voter] = now;  // the first is due at once
  }
  if (config_.quorum.voters.size() > 1) {
    next.check_quorum_at = now + config_.raft.fetch_timeout * 3 / 2;
  }
  LeaderChange change{
      .leader = config_.id, .voters = config_.quorum.voters, .granting_voters = next.granting};
  high_watermark_ = kUnknownOffset;  // until a record of this epoch is on a majority
  if (const auto id = log_.checkpoint_id()) high_watermark_ = id->offset;
  become(std::move(next), epoch_, effects);
  notify(effects, BecameLeader{.node = config_.id, .epoch = epoch_, .epoch_start = log_.end()});
  append_batch(Batch::of(log_.end(), epoch_, now.milliseconds(), std::move(change)), effects);
  sync(kLogFile, effects);
  maybe_commit(effects);
  poll_leader(now, choices, effects);
}

void Replica::poll_leader(Instant now, Choices& choices, Effects& effects) {
  if (now >= std::get<Leader>(role_).check_quorum_at) {
    return resign(now, epoch_, "a majority has not fetched for too long", choices, effects);
  }
  drain(now, effects);
  auto& leader = std::get<Leader>(role_);
  // A fetch whose wait is over gets the answer of the time when it came.
  std::erase_if(leader.parked, [&](ParkedFetch& parked) {
    if (now < parked.until) return false;
    answer(parked.from, parked.request.correlation, parked.empty, effects);
    return true;
  });
  for (auto& [voter, at] : leader.begin_at) {
    if (now < at || !connections_[voter].ready(now)) continue;
    at = now + config_.raft.fetch_timeout / 2;
    request(now, voter, RequestKind::BeginQuorumEpoch,
            BeginQuorumEpochRequest{.voter = voter, .epoch = epoch_, .leader = config_.id},
            effects);
  }
}

std::optional<Offset> Replica::append(Instant now, RaftEpoch epoch, Records records) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr || epoch != epoch_) return std::nullopt;
  sim::check(!records.empty(), "an append holds a record");
  if (leader->open_batch.empty()) {
    leader->open_batch = std::move(records);
    leader->linger_until = now + config_.raft.append_linger;
  } else {
    std::ranges::move(records, std::back_inserter(leader->open_batch));
  }
  return next_offset().plus(-1);
}

// Writes what lingered long enough. Answers to waiting fetches leave before the fsync, all else after it.
void Replica::drain(Instant now, Effects& effects) {
  auto& leader = std::get<Leader>(role_);
  if (leader.open_batch.empty() || now < leader.linger_until) return;
  Records records = std::exchange(leader.open_batch, {});
  leader.linger_until = Instant::never();
  append_batch(Batch::of(log_.end(), epoch_, now.milliseconds(), std::move(records)), effects);
  // A fetch that is answered counts in maybe_commit, which must take this batch for unflushed already.
  ++syncs_asked_;
  answer_parked(now, effects);
  --syncs_asked_;
  sync(kLogFile, effects);
  maybe_commit(effects);
}

void Replica::append_batch(Payload batch, Effects& effects) {
  log_.append(batch);
  effects.push_back(sim::Append{kLogFile, std::move(batch)});
}

void Replica::answer_parked(Instant now, Effects& effects) {
  std::vector<ParkedFetch> parked = std::exchange(std::get<Leader>(role_).parked, {});
  for (ParkedFetch& fetch : parked) {
    FetchResponse response;
    if (try_complete(now, fetch.from, fetch.request, response, effects)) {
      answer(fetch.from, fetch.request.correlation, std::move(response), effects);
    } else {
      std::get<Leader>(role_).parked.push_back(std::move(fetch));
    }
  }
}

// Leaving leadership: nobody waits in vain.
void Replica::stop_leading(Effects& effects) {
  for (const ParkedFetch& fetch : std::exchange(std::get<Leader>(role_).parked, {})) {
    answer(fetch.from, fetch.request.correlation,
           FetchResponse{.error = ErrorCode::NotLeaderOrFollower}, effects);
  }
}

void Replica::handle(Instant now, NodeId from, const FetchRequest& fetch, Effects& effects) {
  FetchResponse response;
  if (fetch.fetch.offset < Offset(0) || fetch.fetch.epoch > fetch.epoch) {
    response.error = ErrorCode::InvalidRequest;
  } else {
    response.error = leader_only_error(fetch.epoch);
  }
  if (response.error != ErrorCode::None || try_complete(now, from, fetch, response, effects)) {
    return answer(from, fetch.correlation, std::move(response), effects);
  }
  auto& parked = std::get<Leader>(role_).parked;
  // A replica has one fetch at a time; an older one of its was given up.
  std::erase_if(parked, [&](const ParkedFetch& p) { return p.request.replica == fetch.replica; });
  parked.push_back({.from = from,
                    .request = fetch,
                    .empty = std::move(response),
                    .until = now + Duration(std::int64_t{fetch.max_wait_ms} * 1'000'000)});
}

// tryCompleteFetchRequest: fills in the response; false if there is nothing to send yet.
bool Replica::try_complete(Instant now, NodeId, const FetchRequest& fetch, FetchResponse& response,
                           Effects& effects) {
  response.log_start = log_.start();
  const auto checkpoint = log_.checkpoint_id();
  Log::Validation validation = log_.validate(fetch.fetch);
  // To start from nothing with a checkpoint is always cheaper, even if the log still holds offset 0.
  if (fetch.fetch.offset == Offset(0) && checkpoint) validation = Log::UseSnapshot{*checkpoint};
  const bool answered = sim::match(
      validation,
      [&](const Log::Diverging& diverging) {
        response.diverging = diverging.end;
        return true;
      },
      [&](const Log::UseSnapshot& snapshot) {
        response.snapshot = snapshot.id;
        return true;
      },
      [&](const Log::Valid&) {
        response.batches = log_.read(fetch.fetch.offset, log_.end(), config_.raft.max_fetch_bytes);
        auto& leader = std::get<Leader>(role_);
        auto& progress = config_.quorum.is_voter(fetch.replica) ? leader.progress[fetch.replica]
                                                                : leader.observers[fetch.replica];
        progress = {.end = fetch.fetch.offset, .last_fetch = now};
        count_fetch(now, fetch.replica);
        maybe_commit(effects);
        return !response.batches.empty();
      });
  response.high_watermark = high_watermark_;  // this fetch counted in
  return answered || fetch.max_wait_ms == 0;
}

// Check-quorum: only fetches from a valid position and snapshot fetches count (kraft.md §1.10).
void Replica::count_fetch(Instant now, BrokerId replica) {
  auto& leader = std::get<Leader>(role_);
  if (!config_.quorum.is_voter(replica) || replica == config_.id) return;
  leader.fetched.insert(replica);
  if (leader.fetched.size() + 1 < majority()) return;
  leader.fetched.clear();
  leader.check_quorum_at = now + config_.raft.fetch_timeout * 3 / 2;
}

// LeaderState.maybeUpdateHighWatermark. While an fsync of this node is under way its Raft thread stands
// still, and commits nothing; the exception is a lone voter, which counts its append before the fsync.
void Replica::maybe_commit(Effects& effects) {
  const auto& leader = std::get<Leader>(role_);
  const bool alone = config_.quorum.voters.size() == 1;
  const bool may_precede_flush = alone && config_.behaviour.single_voter_commits_before_flush;
  if (syncs_done_ < syncs_asked_ && !may_precede_flush && !config_.behaviour.commit_by_own_append)
    return;
  std::vector<Offset> ends{log_.end()};
  for (const auto& [voter, progress] : leader.progress) ends.push_back(progress.end);
  std::ranges::sort(ends, std::greater<>{});
  Offset candidate = ends[ends.size() / 2];
  if (config_.behaviour.commit_by_own_append) candidate = log_.end();
  // Strict: a record of this epoch, its LeaderChange, must be among those on a majority.
  if (candidate <= leader.epoch_start && !config_.behaviour.old_epoch_commits) return;
  if (candidate == kUnknownOffset) return;
  advance_high_watermark(candidate, effects);
}

void Replica::handle(Instant now, NodeId from, const FetchSnapshotRequest& fetch,
                     Effects& effects) {
  FetchSnapshotResponse response{.error = leader_only_error(fetch.epoch),
                                 .snapshot = fetch.snapshot};
  if (response.error == ErrorCode::None) {
    if (log_.checkpoint_id() != fetch.snapshot) {
      response.error = ErrorCode::SnapshotNotFound;
    } else {
      response.checkpoint = log_.checkpoint();
      count_fetch(now, fetch.replica);
    }
  }
  answer(from, fetch.correlation, std::move(response), effects);
}

// Acknowledgements are tracked in Kafka, but do not stop the resending: nothing to do.
void Replica::handle(Instant now, const BeginQuorumEpochResponse& begin, Choices& choices,
                     Effects& effects) {
  common_response(now, begin.from, begin.correlation, RequestKind::BeginQuorumEpoch, begin.error,
                  begin.epoch, begin.leader, choices, effects);
}

}  // namespace kraft
