// How a replica votes, stands for election, and makes room for a successor (kraft.md §1.5, §1.6, §1.9).

#include <algorithm>

#include "kraft/notice.h"
#include "kraft/replica.h"
#include "kraft/replica_rpc.h"
#include "sim/base/check.h"

namespace kraft {

using namespace sim::literals;

namespace {
constexpr sim::Site kElectionTimeout{"raft.election_timeout"};
constexpr sim::Site kElectionBackoff{"raft.election_backoff"};
}  // namespace

// T + uniform[0, T), in whole milliseconds; 0 stays 0.
Duration Replica::election_timeout(Choices& choices) const {
  const std::int64_t base_ms = config_.raft.election_timeout.milliseconds();
  if (base_ms == 0) return Duration(0);
  const auto jitter_ms =
      choices.pick(kElectionTimeout, static_cast<std::uint64_t>(config_.id.value()), 0,
                   static_cast<std::uint64_t>(base_ms - 1));
  return config_.raft.election_timeout + 1_ms * static_cast<std::int64_t>(jitter_ms);
}

// handleVoteRequest. An observer with an id votes, too: the candidate may know a newer voter set.
void Replica::handle(Instant now, NodeId from, const VoteRequest& vote, Choices& choices,
                     Effects& effects) {
  const auto reply = [&](ErrorCode error, bool granted) {
    answer(from, vote.correlation, VoteResponse{.error = error, .granted = granted}, effects);
  };
  if (vote.last.offset < Offset(0) || vote.last.epoch >= vote.epoch) {
    return reply(ErrorCode::InvalidRequest, false);
  }
  if (vote.epoch < epoch_) return reply(ErrorCode::FencedLeaderEpoch, false);
  // Before anything that could refuse: even a misdirected request raises the epoch.
  if (vote.epoch > epoch_) become_unattached(now, vote.epoch, choices, effects);
  if (vote.voter != config_.id) return reply(ErrorCode::InvalidVoterKey, false);

  auto* unattached = std::get_if<Unattached>(&role_);
  const bool free = unattached != nullptr && unattached->voted == BrokerId(-1);
  const bool again = unattached != nullptr && unattached->voted == vote.candidate;
  const bool granted = (free || again) && vote.last >= log_.last();
  if (granted && free) {
    become(
        Unattached{.voted = vote.candidate,
                   .election_at = is_voter() ? now + election_timeout(choices) : Instant::never()},
        vote.epoch, effects);
    notify(effects, VoteGranted{.node = config_.id, .epoch = epoch_, .candidate = vote.candidate});
  }
  reply(ErrorCode::None, granted);
}

void Replica::handle(Instant now, const VoteResponse& vote, Choices& choices, Effects& effects) {
  if (common_response(now, vote.from, vote.correlation, RequestKind::Vote, vote.error, vote.epoch,
                      vote.leader, choices, effects) == Next::Done) {
    return;
  }
  auto* candidate = std::get_if<Candidate>(&role_);
  if (candidate == nullptr || vote.epoch != epoch_) return;
  candidate->votes[vote.from] = vote.granted;
}

// T4, T5, T6, T11.
void Replica::stand(Instant now, std::uint32_t retries, Choices& choices, Effects& effects) {
  become(Candidate{.retries = retries,
                   .votes = {{config_.id, true}},
                   .election_at = now + election_timeout(choices)},
         epoch_.next(), effects);
}

void Replica::poll_candidate(Instant now, Choices& choices, Effects& effects) {
  auto& candidate = std::get<Candidate>(role_);
  const auto count = [&](bool answer) {
    return static_cast<std::size_t>(std::ranges::count_if(
        candidate.votes, [&](const auto& vote) { return vote.second == answer; }));
  };
  if (count(true) >= majority()) return lead(now, choices, effects);
  if (candidate.backoff_until != Instant::never()) {
    if (now >= candidate.backoff_until && !shutting_down_) {
      stand(now, candidate.retries + 1, choices, effects);
    }
    return;
  }
  const bool hopeless = count(false) > config_.quorum.voters.size() - majority();
  if (hopeless || now >= candidate.election_at) return start_backoff(now, candidate, choices);
  for (const BrokerId voter : config_.quorum.voters) {
    if (candidate.votes.contains(voter) || !connections_[voter].ready(now)) continue;
    request(
        now, voter, RequestKind::Vote,
        VoteRequest{.voter = voter, .epoch = epoch_, .candidate = config_.id, .last = log_.last()},
        effects);
  }
}

// min(100 ms x uniformInt[0, 2^(min(20, retries - 1) + 1)), max).
void Replica::start_backoff(Instant now, Candidate& candidate, Choices& choices) {
  const std::uint32_t exponent = std::min(20U, candidate.retries - 1) + 1;
  const auto factor = choices.pick(kElectionBackoff, static_cast<std::uint64_t>(config_.id.value()),
                                   0, (std::uint64_t{1} << exponent) - 1);
  const Duration backoff =
      std::min(100_ms * static_cast<std::int64_t>(factor), config_.raft.election_backoff_max);
  candidate.backoff_until = now + backoff;
}

void Replica::resign(Instant now, RaftEpoch epoch, std::string_view reason, Choices& choices,
                     Effects& effects) {
  const auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr || epoch != epoch_) return;
  Resigned next{.election_at = now + election_timeout(choices)};
  std::vector<std::pair<Offset, BrokerId>> successors;
  for (const auto& [voter, progress] : leader->progress) {
    next.to_tell.insert(voter);
    successors.emplace_back(progress.end, voter);
  }
  std::ranges::sort(successors, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  for (const auto& [end, voter] : successors) next.preferred.push_back(voter);
  become(std::move(next), epoch_, effects);
  notify(effects,
         LeaderResigned{.node = config_.id, .epoch = epoch_, .reason = std::string(reason)});
}

void Replica::begin_shutdown(Instant now, Choices& choices, Effects& effects) {
  start(now, choices, effects);
  shutting_down_ = true;
  resign(now, epoch_, "shutting down", choices, effects);
  wake(now, choices, effects);
}

void Replica::poll_resigned(Instant now, Choices& choices, Effects& effects) {
  auto& resigned = std::get<Resigned>(role_);
  if (now >= resigned.election_at && !shutting_down_) return stand(now, 1, choices, effects);
  for (const BrokerId voter : resigned.to_tell) {
    if (!connections_[voter].ready(now)) continue;
    request(now, voter, RequestKind::EndQuorumEpoch,
            EndQuorumEpochRequest{
                .epoch = epoch_, .leader = config_.id, .preferred_candidates = resigned.preferred},
            effects);
  }
}

// An optimisation: losing it costs the fetch timeout. The better placed this node is among the preferred
// candidates, the sooner it stands.
void Replica::handle(Instant now, NodeId from, const EndQuorumEpochRequest& end, Choices& choices,
                     Effects& effects) {
  const auto reply = [&](ErrorCode error) {
    answer(from, end.correlation, EndQuorumEpochResponse{.error = error}, effects);
  };
  if (end.epoch < epoch_) return reply(ErrorCode::FencedLeaderEpoch);
  maybe_transition(now, end.epoch, end.leader, choices, effects);
  auto* follower = std::get_if<Follower>(&role_);
  if (follower != nullptr && follower->leader == end.leader && is_voter()) {
    const auto count = static_cast<std::int64_t>(end.preferred_candidates.size());
    const auto at = std::ranges::find(end.preferred_candidates, config_.id);
    const std::int64_t place = at - end.preferred_candidates.begin();
    const Duration longest = config_.raft.election_backoff_max;
    Duration wait = longest;
    if (place == 0 && count > 0) {
      wait = Duration(0);
    } else if (place < count) {
      const std::int64_t share_ms = (longest.milliseconds() >> (count - 1)) << (place - 1);
      wait = std::min(longest, 1_ms * share_ms);
    }
    follower->fetch_at = now + wait;
  }
  reply(ErrorCode::None);
}

void Replica::handle(Instant now, const EndQuorumEpochResponse& end, Choices& choices,
                     Effects& effects) {
  if (common_response(now, end.from, end.correlation, RequestKind::EndQuorumEpoch, end.error,
                      end.epoch, end.leader, choices, effects) == Next::Done) {
    return;
  }
  if (auto* resigned = std::get_if<Resigned>(&role_)) resigned->to_tell.erase(end.from);
}

}  // namespace kraft
