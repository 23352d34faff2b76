#include "zk/election.h"

#include <algorithm>
#include <tuple>

#include "sim/base/check.h"

namespace zk {
namespace {

constexpr sim::Duration kFinalizeWait(200'000'000);
constexpr sim::Duration kFirstSilence(200'000'000);
constexpr sim::Duration kLongestSilence(60'000'000'000);

// Vote.equals: what LOOKING servers say must agree in everything; those who have decided may
// remember different zxids and rounds of the same election.
bool agrees(PeerState state_a, const Vote& a, PeerState state_b, const Vote& b) {
  if (state_a == PeerState::Looking || state_b == PeerState::Looking) return a == b;
  return a.leader == b.leader && a.peer_epoch == b.peer_epoch;
}

}  // namespace

bool is_better(const Vote& vote, const Vote& than) {
  return std::tie(vote.peer_epoch, vote.zxid, vote.leader) >
         std::tie(than.peer_epoch, than.zxid, than.leader);
}

bool Election::is_voter(ServerId server) const {
  return std::ranges::find(voters_, server) != voters_.end();
}

std::optional<sim::Instant> Election::deadline() const {
  if (state_ != PeerState::Looking) return std::nullopt;
  return deadline_;
}

Election::Outcome Election::look(sim::Instant now, Zxid last_zxid, ZabEpoch current_epoch) {
  Outcome outcome;
  state_ = PeerState::Looking;
  round_ = Round(round_.next().value());
  initial_ = {me_, last_zxid, round_, current_epoch};
  proposal_ = initial_;
  ballots_.clear();
  out_of_election_.clear();
  own_.clear();
  finalizing_ = false;
  silence_ = kFirstSilence;
  deadline_ = now + silence_;
  broadcast(outcome);
  drain(now, outcome);
  return outcome;
}

void Election::send(Outcome& outcome, ServerId to) const {
  outcome.sends.emplace_back(to, Notification{me_, state_, vote()});
}

void Election::broadcast(Outcome& outcome) {
  proposal_.round = round_;
  for (const ServerId voter : voters_) {
    if (voter != me_) send(outcome, voter);
  }
  own_.push_back({me_, PeerState::Looking, proposal_});
}

void Election::drain(sim::Instant now, Outcome& outcome) {
  while (!own_.empty() && state_ == PeerState::Looking) {
    const Notification heard = own_.front();
    own_.pop_front();
    process(now, heard, outcome);
  }
}

Election::Outcome Election::on_notification(sim::Instant now, const Notification& notification) {
  Outcome outcome;
  if (!is_voter(notification.sid) || !is_voter(notification.vote.leader)) return outcome;
  if (state_ != PeerState::Looking) {
    if (notification.state == PeerState::Looking) send(outcome, notification.sid);
    return outcome;
  }
  const bool late = notification.state == PeerState::Looking && notification.vote.round < round_;
  if (late) send(outcome, notification.sid);
  process(now, notification, outcome);
  drain(now, outcome);
  return outcome;
}

Election::Outcome Election::on_wake(sim::Instant now) {
  Outcome outcome;
  if (state_ != PeerState::Looking || now < deadline_) return outcome;
  if (finalizing_) {
    decide(proposal_, outcome);
    return outcome;
  }
  silence_ = std::min(silence_ * 2, kLongestSilence);
  deadline_ = now + silence_;
  broadcast(outcome);
  drain(now, outcome);
  return outcome;
}

void Election::process(sim::Instant now, const Notification& heard, Outcome& outcome) {
  if (finalizing_) {
    // While it waits for something better the server reads and drops all else.
    deadline_ = now + kFinalizeWait;
    if (!is_better(heard.vote, proposal_)) return;
    finalizing_ = false;
  }
  deadline_ = now + silence_;
  switch (heard.state) {
    case PeerState::Looking:
      process_looking(now, heard, outcome);
      return;
    case PeerState::Following:
    case PeerState::Leading:
      process_decided(heard, outcome);
      return;
  }
}

void Election::process_looking(sim::Instant now, const Notification& heard, Outcome& outcome) {
  if (heard.vote.round < round_) return;
  if (heard.vote.round > round_) {
    round_ = heard.vote.round;
    ballots_.clear();
    proposal_ = is_better(heard.vote, initial_) ? heard.vote : initial_;
    broadcast(outcome);
  } else if (is_better(heard.vote, proposal_)) {
    proposal_ = heard.vote;
    broadcast(outcome);
  }
  ballots_[heard.sid] = {heard.state, heard.vote};
  if (supported(ballots_, {PeerState::Looking, proposal_})) {
    finalizing_ = true;
    deadline_ = now + kFinalizeWait;
  }
}

void Election::process_decided(const Notification& heard, Outcome& outcome) {
  const Heard ballot{heard.state, heard.vote};
  if (heard.vote.round == round_) {
    ballots_[heard.sid] = ballot;
    if (supported(ballots_, ballot) && leader_confirms(ballots_, heard)) {
      decide(heard.vote, outcome);
      return;
    }
  }
  out_of_election_[heard.sid] = ballot;
  if (supported(out_of_election_, ballot) && leader_confirms(out_of_election_, heard)) {
    round_ = heard.vote.round;
    decide(heard.vote, outcome);
  }
}

bool Election::supported(const Ballots& ballots, const Heard& by) const {
  const auto votes = std::ranges::count_if(ballots, [&](const auto& entry) {
    return agrees(entry.second.state, entry.second.vote, by.state, by.vote);
  });
  return static_cast<std::size_t>(votes) * 2 > voters_.size();
}

// Without the leader's own word a server could follow one that is long dead (checkLeader).
bool Election::leader_confirms(const Ballots& ballots, const Notification& heard) const {
  if (heard.vote.leader == me_) return round_ == heard.vote.round;
  const auto found = ballots.find(heard.vote.leader);
  return found != ballots.end() && found->second.state == PeerState::Leading;
}

void Election::decide(const Vote& vote, Outcome& outcome) {
  sim::check(is_voter(vote.leader), "the elected is a voter");
  decided_ = vote;
  state_ = vote.leader == me_ ? PeerState::Leading : PeerState::Following;
  finalizing_ = false;
  ballots_.clear();
  out_of_election_.clear();
  own_.clear();
  outcome.decided = vote;
}

void Election::digest_into(sim::Digest& digest) const {
  sim::digest_into(digest, state_);
  sim::digest_into(digest, round_);
  sim::digest_into(digest, vote());
  for (const Ballots* const ballots : {&ballots_, &out_of_election_}) {
    digest.add(ballots->size());
    for (const auto& [server, heard] : *ballots) {
      sim::digest_into(digest, server);
      sim::digest_into(digest, heard.state);
      sim::digest_into(digest, heard.vote);
    }
  }
  sim::digest_into(digest, finalizing_);
  sim::digest_into(digest, deadline());
}

}  // namespace zk
