#include "zk/election.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

namespace zk {
namespace {

using namespace sim::literals;

struct Candidate {
  ServerId server;
  Zxid zxid;
  ZabEpoch epoch;
};

// Three elections that hear each other after 1 ms, each message in order; returns the first
// decisions.
std::map<ServerId, Vote> elect(const std::vector<Candidate>& candidates) {
  std::vector<ServerId> voters;
  for (const Candidate& one : candidates) voters.push_back(one.server);
  std::map<ServerId, Election> elections;
  std::deque<std::tuple<sim::Instant, ServerId, Notification>> wire;
  std::map<ServerId, Vote> decided;
  sim::Instant now;
  const auto carry = [&](ServerId from, const Election::Outcome& outcome) {
    for (const auto& [to, said] : outcome.sends) wire.emplace_back(now + 1_ms, to, said);
    if (outcome.decided) decided[from] = *outcome.decided;
  };
  for (const Candidate& one : candidates) {
    elections.try_emplace(one.server, one.server, voters);
    carry(one.server, elections.at(one.server).look(now, one.zxid, one.epoch));
  }
  while (now < sim::Instant() + 5_s) {
    now = now + 1_ms;
    while (!wire.empty() && std::get<0>(wire.front()) <= now) {
      const auto [when, to, said] = wire.front();
      wire.pop_front();
      carry(to, elections.at(to).on_notification(now, said));
    }
    for (auto& [server, election] : elections) carry(server, election.on_wake(now));
  }
  return decided;
}

RC_GTEST_PROP(Election, AllDecideForTheBestHistory, ()) {
  std::vector<Candidate> candidates;
  Vote best;
  for (int id = 1; id <= 3; ++id) {
    const auto epoch = *rc::gen::inRange(0, 3);
    const auto counter = *rc::gen::inRange(0, 3);
    const Candidate one{
        ServerId(id),
        Zxid::of(static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(counter)),
        ZabEpoch(*rc::gen::inRange(epoch, 4))};
    const Vote vote{one.server, one.zxid, Round(), one.epoch};
    if (best.leader == kNoServer || is_better(vote, best)) best = vote;
    candidates.push_back(one);
  }
  const auto decided = elect(candidates);
  RC_ASSERT(decided.size() == 3u);
  for (const auto& [server, vote] : decided) RC_ASSERT(vote.leader == best.leader);
}

TEST(Election, ALaterServerJoinsThoseWhoHaveDecided) {
  const std::vector<ServerId> voters{ServerId(1), ServerId(2), ServerId(3)};
  Election late(ServerId(3), voters);
  sim::Instant now;
  late.look(now, Zxid::of(9, 9), ZabEpoch(9));  // better than theirs: still it joins
  const Vote theirs{ServerId(2), Zxid::of(1, 1), Round(7), ZabEpoch(2)};
  EXPECT_FALSE(late.on_notification(now, {ServerId(1), PeerState::Following, theirs}).decided);
  // Without the leader's own word it waits; with it, a quorum is enough.
  const auto outcome = late.on_notification(now, {ServerId(2), PeerState::Leading, theirs});
  ASSERT_TRUE(outcome.decided);
  EXPECT_EQ(outcome.decided->leader, ServerId(2));
  EXPECT_EQ(late.state(), PeerState::Following);
  EXPECT_EQ(late.round(), Round(7));
}

TEST(Election, AServerThatHearsNothingRepeatsItselfEverMoreSlowly) {
  Election alone(ServerId(1), {ServerId(1), ServerId(2), ServerId(3)});
  alone.look(sim::Instant(), Zxid(), ZabEpoch());
  EXPECT_EQ(alone.deadline(), sim::Instant() + 200_ms);
  EXPECT_EQ(alone.on_wake(*alone.deadline()).sends.size(), 2u);
  EXPECT_EQ(alone.deadline(), sim::Instant() + 600_ms);
}

}  // namespace
}  // namespace zk
