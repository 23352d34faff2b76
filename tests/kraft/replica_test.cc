#include "kraft/replica.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "bench.h"
#include "kraft/invariants.h"
#include "kraft/notice.h"

namespace kraft::test {
namespace {

using namespace sim::literals;

// A process that is nothing but a replica.
struct Process {
  Replica replica;
  Effects step(Instant now, sim::Input input, Choices& choices) {
    Effects effects;
    if (const auto* received = std::get_if<sim::Received>(&input)) {
      replica.receive(now, received->from, received->message, choices, effects);
    } else {
      replica.wake(now, choices, effects);
    }
    return effects;
  }
  std::optional<Instant> deadline() const { return replica.deadline(); }
};

QuorumConfig quorum_of(std::size_t voters) {
  QuorumConfig quorum;
  for (std::size_t i = 0; i < voters; ++i) {
    const BrokerId id(static_cast<std::int32_t>(3000 + i));
    quorum.voters.push_back(id);
    quorum.addresses[id] = NodeId(static_cast<std::uint32_t>(i));
  }
  return quorum;
}

// Voters 3000, 3001, …; behind them observers; invariants after every event.
struct Quorum {
  Quorum(std::size_t voters, std::uint64_t seed, Behaviour behaviour = {},
         std::size_t observers = 0)
      : bench(voters + observers, seed,
              [=](NodeId self, Instant, const sim::Durable& durable, std::uint32_t life) {
                const bool voter = self.value() < voters;
                return Process{
                    Replica({.id = BrokerId(static_cast<std::int32_t>(3000 + self.value())),
                             .self = self,
                             .life = life,
                             .quorum = quorum_of(voters),
                             .flush_as_follower = voter,
                             .behaviour = behaviour},
                            durable)};
              }) {
    bench.after_each = [this] {
      std::vector<const Replica*> views;
      for (std::size_t i = 0; i < bench.size(); ++i) {
        views.push_back(bench.alive(i) ? &bench.core(i).replica : nullptr);
      }
      for (Violation& violation : check_quorum(views, memory))
        violations.push_back(std::move(violation));
    };
  }
  Replica& replica(std::size_t i) { return bench.core(i).replica; }
  std::optional<std::size_t> leader() {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < bench.size(); ++i) {
      if (!bench.alive(i) || !replica(i).is_leader()) continue;
      if (!found || replica(*found).epoch() < replica(i).epoch()) found = i;
    }
    return found;
  }
  bool elect(Duration within = 20_s) {
    return bench.run_until(within, [&] {
      const auto at = leader();
      return at &&
             replica(*at).high_watermark() > std::get<Leader>(replica(*at).role()).epoch_start;
    });
  }
  std::optional<Offset> append(std::size_t node, int count = 1) {
    std::optional<Offset> last;
    bench.act(node, [&](Process& process, Effects&) {
      Records records(static_cast<std::size_t>(count), sim::VersionedRecord{sim::NoOpRecord{}, 0});
      last = process.replica.append(bench.now(), process.replica.epoch(), std::move(records));
    });
    return last;
  }
  bool all_reach(Offset offset, Duration within = 20_s) {
    return bench.run_until(within, [&] {
      for (std::size_t i = 0; i < bench.size(); ++i) {
        if (bench.alive(i) && replica(i).high_watermark() <= offset) return false;
      }
      return true;
    });
  }

  Bench<Process> bench;
  QuorumMemory memory;
  std::vector<Violation> violations;
};

TEST(Replica, ThreeVotersElectOneLeaderAndCommitItsFirstRecord) {
  Quorum quorum(3, 1);
  ASSERT_TRUE(quorum.elect());
  const Replica& leader = quorum.replica(*quorum.leader());
  EXPECT_EQ(leader.epoch(), RaftEpoch(1));
  EXPECT_EQ(leader.high_watermark(), Offset(1));
  const auto& first = leader.log().batches().front().as<Batch>();
  EXPECT_TRUE(first.is_control());
  EXPECT_EQ(std::get<LeaderChange>(first.content).leader, leader.id());
  EXPECT_EQ(quorum.violations, std::vector<Violation>{});
}

TEST(Replica, TheOnlyVoterElectsItselfWithoutAnyMessage) {
  Quorum quorum(1, 1);
  ASSERT_TRUE(quorum.elect(1_s));
  EXPECT_EQ(quorum.bench.now(), Instant(0));
}

TEST(Replica, EveryReplicaAndObserverLearnsWhatIsCommitted) {
  Quorum quorum(3, 2, {}, 2);
  ASSERT_TRUE(quorum.elect());
  const auto last = quorum.append(*quorum.leader(), 10);
  ASSERT_TRUE(last);
  // Followers learn a high watermark with their next fetch, which may wait half a second.
  EXPECT_TRUE(quorum.all_reach(*last, 2_s));
  EXPECT_EQ(quorum.violations, std::vector<Violation>{});
}

TEST(Replica, RecordsAppendedWithinTheLingerTimeShareOneBatch) {
  Quorum quorum(3, 3);
  ASSERT_TRUE(quorum.elect());
  const std::size_t leader = *quorum.leader();
  quorum.append(leader, 2);
  quorum.bench.run_for(10_ms);
  const auto last = quorum.append(leader, 3);
  ASSERT_TRUE(quorum.all_reach(*last));
  EXPECT_EQ(quorum.replica(leader).log().batches().back().as<Batch>().count(), 5);
}

TEST(Replica, ARestartedLeaderResignsAndNeverResumesItsEpoch) {
  Quorum quorum(3, 4);
  ASSERT_TRUE(quorum.elect());
  const std::size_t old = *quorum.leader();
  const RaftEpoch epoch = quorum.replica(old).epoch();
  quorum.bench.crash(old);
  quorum.bench.start(old);
  quorum.bench.run_for(1_ms);
  EXPECT_EQ(quorum.replica(old).kind(), RoleKind::Resigned);
  ASSERT_TRUE(quorum.elect());
  EXPECT_GT(quorum.replica(*quorum.leader()).epoch(), epoch);
  EXPECT_EQ(quorum.violations, std::vector<Violation>{});
}

TEST(Replica, ALeaderThatAMajorityNoLongerFetchesFromResigns) {
  Quorum quorum(3, 5);
  ASSERT_TRUE(quorum.elect());
  const std::size_t old = *quorum.leader();
  quorum.bench.isolate(old);
  EXPECT_TRUE(quorum.bench.run_until(4_s, [&] { return !quorum.replica(old).is_leader(); }));
  EXPECT_EQ(quorum.bench.count<LeaderResigned>(), 1U);
}

//  old leader appends ──x── cut        new leader appends      heal: the old tail is cut
TEST(Replica, ATailThatWasNeverCommittedIsCutWhenTheNewLeaderIsMet) {
  Quorum quorum(3, 6);
  ASSERT_TRUE(quorum.elect());
  const std::size_t old = *quorum.leader();
  quorum.bench.isolate(old);
  quorum.append(old, 7);
  quorum.bench.run_for(100_ms);
  ASSERT_TRUE(
      quorum.bench.run_until(20_s, [&] { return quorum.leader() && *quorum.leader() != old; }));
  const auto last = quorum.append(*quorum.leader(), 3);
  quorum.bench.run_for(1_s);
  quorum.bench.heal();
  EXPECT_TRUE(quorum.all_reach(*last));
  EXPECT_EQ(quorum.bench.count<LogTruncated>(), 1U);
  EXPECT_EQ(quorum.violations, std::vector<Violation>{});
}

TEST(Replica, AResigningLeaderIsSucceededWithoutWaitingForTheFetchTimeout) {
  Quorum quorum(3, 7);
  ASSERT_TRUE(quorum.elect());
  const std::size_t old = *quorum.leader();
  quorum.bench.act(old, [&](Process& process, Effects& effects) {
    process.replica.begin_shutdown(quorum.bench.now(), quorum.bench.choices(), effects);
  });
  const Instant resigned = quorum.bench.now();
  ASSERT_TRUE(
      quorum.bench.run_until(20_s, [&] { return quorum.leader() && *quorum.leader() != old; }));
  EXPECT_LT(quorum.bench.now() - resigned, 500_ms);
}

TEST(Replica, ARequestToVoteRaisesTheEpochEvenOfWhoRefuses) {
  Quorum quorum(3, 8);
  ASSERT_TRUE(quorum.elect());
  const std::size_t leader = *quorum.leader();
  quorum.bench.send(leader, Payload::of(VoteRequest{.correlation = 1,
                                                    .voter = BrokerId(9),  // not whom it reached
                                                    .epoch = RaftEpoch(7),
                                                    .candidate = BrokerId(3001),
                                                    .last = {RaftEpoch(0), Offset(0)}}));
  quorum.bench.run_for(1_ms);
  EXPECT_EQ(quorum.replica(leader).epoch(), RaftEpoch(7));
  EXPECT_EQ(quorum.replica(leader).kind(), RoleKind::Unattached);
}

TEST(Replica, AReplicaThatLagsBehindACheckpointIsGivenTheCheckpoint) {
  Quorum quorum(3, 9);
  ASSERT_TRUE(quorum.elect());
  const std::size_t leader = *quorum.leader();
  const std::size_t away = (leader + 1) % 3;
  quorum.bench.crash(away);
  Offset last{0};
  for (int i = 0; i < 5; ++i) {
    last = *quorum.append(leader, 4);
    quorum.bench.run_for(1_s);
  }
  quorum.bench.act(leader, [&](Process& process, Effects& effects) {
    const Log& log = process.replica.log();
    const OffsetAndEpoch id{process.replica.epoch(), process.replica.high_watermark()};
    process.replica.keep_checkpoint({.id = id, .records = {}, .chain = log.chain_at(id.offset)},
                                    Replica::Cleaning::Clean, effects);
  });
  EXPECT_GT(quorum.replica(leader).log().start(), Offset(0));
  quorum.bench.start(away);
  ASSERT_TRUE(quorum.all_reach(last));
  EXPECT_EQ(quorum.bench.count<SnapshotInstalled>(), 1U);
  // And it comes back from what is now on its disk.
  quorum.bench.crash(away);
  quorum.bench.start(away);
  last = *quorum.append(leader, 1);
  ASSERT_TRUE(quorum.all_reach(last));
  EXPECT_EQ(quorum.violations, std::vector<Violation>{});
}

// The checkpoint of epoch 2 lies behind the first batch, of epoch 1, which the log still holds.
TEST(Log, IsReadBackWithACheckpointOfALaterEpochThanItsFirst) {
  sim::FileContent batches;
  Log log;
  for (const int epoch : {1, 2}) {
    batches.entries.push_back(
        Batch::of(log.end(), RaftEpoch(epoch), 0, LeaderChange{.leader = BrokerId(epoch)}));
    log.append(batches.entries.back());
  }
  sim::FileContent checkpoint;
  checkpoint.entries.push_back(
      Payload::of(Checkpoint{.id = {RaftEpoch(2), log.end()}, .chain = log.chain_at(log.end())}));
  const Log again(batches, checkpoint);
  EXPECT_EQ(again.end(), log.end());
  EXPECT_EQ(again.last_epoch(), RaftEpoch(2));
  EXPECT_EQ(again.chain_at(again.end()), log.chain_at(log.end()));
}

TEST(Replica, AMachineThatCrashesBeforeItsFsyncLosesOnlyWhatNobodyWasTold) {
  Quorum quorum(3, 10);
  quorum.bench.fsync = 200_ms;
  ASSERT_TRUE(quorum.elect());
  const std::size_t old = *quorum.leader();
  const auto last = quorum.append(old, 1);
  quorum.bench.run_until(100_ms, [&] { return quorum.replica(old).log().end() > *last; });
  quorum.bench.crash(old);
  quorum.bench.start(old);
  ASSERT_TRUE(quorum.elect());
  EXPECT_EQ(quorum.violations, std::vector<Violation>{});
}

//  3000 asks 3001 ── granted ── 3001 crashes, restarts ── 3002 asks 3001 in the same epoch
std::size_t votes_of_a_voter_that_restarts(Behaviour behaviour) {
  Quorum quorum(3, 11, behaviour);
  for (std::size_t i : {0U, 2U}) quorum.bench.crash(i);
  const auto ask = [&](int candidate) {
    quorum.bench.send(1, Payload::of(VoteRequest{.correlation = 1,
                                                 .voter = BrokerId(3001),
                                                 .epoch = RaftEpoch(5),
                                                 .candidate = BrokerId(candidate),
                                                 .last = {RaftEpoch(0), Offset(0)}}));
    quorum.bench.run_for(100_ms);
  };
  ask(3000);
  quorum.bench.crash(1);
  quorum.bench.start(1);
  ask(3002);
  return quorum.bench.count<VoteGranted>();
}
TEST(Replica, AVoteSurvivesTheVotersCrash) {
  EXPECT_EQ(votes_of_a_voter_that_restarts({}), 1U);
  Behaviour forgetful;
  forgetful.vote_not_persisted = true;
  EXPECT_EQ(votes_of_a_voter_that_restarts(forgetful), 2U) << "the test can fail";
}

// ── Random faults ──

// Appends, crashes, cuts and heals at random, under check after every event; then heals all and demands
// progress.
std::vector<Violation> adventure(std::uint64_t seed, Behaviour behaviour, bool demand_progress) {
  static constexpr sim::Site kDeed{"test.deed"};
  static constexpr sim::Site kWho{"test.who"};
  static constexpr sim::Site kWhen{"test.when"};
  Quorum quorum(3, seed, behaviour);
  auto& choices = quorum.bench.choices();
  quorum.bench.loss = choices.pick(kWhen, 1, 0, 1) * 5;
  for (int deed = 0; deed < 40 && quorum.violations.empty(); ++deed) {
    quorum.bench.run_for(1_ms * static_cast<std::int64_t>(choices.pick(kWhen, 0, 1, 1500)));
    const std::size_t who = choices.pick(kWho, 0, 0, 2);
    switch (choices.pick(kDeed, 0, 0, 7)) {
      case 0:
        if (quorum.bench.alive(who)) quorum.bench.crash(who);
        break;
      case 1:
        if (quorum.bench.alive(who)) quorum.bench.kill(who);
        break;
      case 2:
        quorum.bench.isolate(who);
        break;
      case 3:
        quorum.bench.heal();
        break;
      case 4:
        quorum.bench.cut(who, (who + 1) % 3);
        break;
      default:
        for (std::size_t i = 0; i < 3; ++i) {
          if (quorum.bench.alive(i) && quorum.replica(i).is_leader()) quorum.append(i, 2);
        }
    }
    for (std::size_t i = 0; i < 3; ++i) {
      if (!quorum.bench.alive(i) && choices.pick(kDeed, 1, 0, 2) == 0) quorum.bench.start(i);
    }
  }
  if (demand_progress && quorum.violations.empty()) {
    quorum.bench.heal();
    quorum.bench.loss = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      if (!quorum.bench.alive(i)) quorum.bench.start(i);
    }
    const Offset before = quorum.memory.committed;
    bool progress = false;
    for (int second = 0; second < 60 && !progress; ++second) {
      if (const auto leader = quorum.leader()) quorum.append(*leader, 1);
      progress = quorum.all_reach(before.plus(2), 1_s);
    }
    if (!progress) quorum.violations.push_back({"progress", "a healed quorum commits nothing"});
    for (const std::string& exit : quorum.bench.exits())
      quorum.violations.push_back({"exit", exit});
  }
  return quorum.violations;
}

RC_GTEST_PROP(QuorumUnderFaults, StaysSafeAndRecovers, (std::uint64_t seed)) {
  const auto violations = adventure(seed, {}, true);
  for (const Violation& violation : violations)
    RC_LOG() << violation.invariant << ": " << violation.what << "\n";
  RC_ASSERT(violations.empty());
}

// Each mutant is seen by an invariant within so many adventures.
struct Mutant {
  bool Behaviour::* flag;
  const char* name;
};
class SeededDefect : public testing::TestWithParam<Mutant> {};
TEST_P(SeededDefect, IsFound) {
  Behaviour behaviour;
  behaviour.*GetParam().flag = true;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    std::vector<Violation> found;
    try {
      found = adventure(seed, behaviour, false);
    } catch (const sim::Bug& bug) {
      found.push_back({"check", bug.what()});
    }
    if (!found.empty()) {
      RecordProperty("seeds", static_cast<int>(seed));
      std::printf("  %s: seed %d, %s\n", GetParam().name, static_cast<int>(seed),
                  found.front().invariant.c_str());
      return;
    }
  }
  FAIL() << "not seen";
}
INSTANTIATE_TEST_SUITE_P(
    Raft, SeededDefect,
    testing::Values(Mutant{&Behaviour::commit_by_own_append, "CommitByOwnAppend"},
                    Mutant{&Behaviour::restarted_leader_resumes, "RestartedLeaderResumes"},
                    Mutant{&Behaviour::divergence_ignored, "DivergenceIgnored"},
                    Mutant{&Behaviour::fetch_before_flush, "FetchBeforeFlush"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace kraft::test
