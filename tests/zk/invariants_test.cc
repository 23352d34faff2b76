#include "zk/invariants.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "tests/zk/server_bench.h"

namespace zk {
namespace {

using namespace sim::literals;
using bench::Bench;
using bench::BenchOptions;

std::set<std::string> names_of(const Violations& violations) {
  std::set<std::string> names;
  for (const Violation& one : violations) names.insert(one.invariant);
  return names;
}

struct Blow {
  enum class Kind {
    CrashMachine,
    CrashProcess,
    Restart,
    Isolate,
    Heal,
    Pause,
    StallDisk,
    Nothing
  };
  Kind kind = Kind::Nothing;
  int server = 1;
  int wait_ms = 0;
};
void showValue(const Blow& blow, std::ostream& out) {
  out << "{" << static_cast<int>(blow.kind) << " zk-" << blow.server << " then " << blow.wait_ms
      << " ms}";
}

void strike(Bench& bench, const Blow& blow) {
  const std::string target = Bench::name(blow.server);
  const bool runs = bench.server(blow.server) != nullptr;
  switch (blow.kind) {
    case Blow::Kind::CrashMachine:
      if (runs) bench.apply(sim::CrashMachine{target});
      break;
    case Blow::Kind::CrashProcess:
      if (runs) bench.apply(sim::CrashProcess{target});
      break;
    case Blow::Kind::Restart:
      if (!runs) bench.apply(sim::Restart{target});
      break;
    case Blow::Kind::Isolate:
      bench.apply(sim::Isolate{target});
      break;
    case Blow::Kind::Heal:
      bench.apply(sim::Heal{});
      break;
    case Blow::Kind::Pause:
      if (runs) bench.apply(sim::Pause{target, sim::Duration(blow.wait_ms * 4'000'000LL)});
      break;
    case Blow::Kind::StallDisk:
      if (runs) bench.apply(sim::StallDisk{target, sim::Duration(blow.wait_ms * 1'000'000LL)});
      break;
    case Blow::Kind::Nothing:
      break;
  }
}

// Two clients write throughout; afterwards all is healed and must come to rest.
struct Storm {
  Violations violations;
  bool settled = false;
  std::string standing;
};
Storm weather(const BenchOptions& options, const std::vector<Blow>& blows) {
  Bench bench(options);
  const auto one = bench.add_client("one", 6_s);
  const auto two = bench.add_client("two", 20_s);
  bench.submit(one, Create{.path = "/a", .data = ""});
  int count = 0;
  for (const Blow& blow : blows) {
    strike(bench, blow);
    const std::string text = std::to_string(++count);
    bench.submit(one, Create{.path = "/e" + text, .data = "", .mode = CreateMode::Ephemeral});
    bench.submit(two, SetData{"/a", text});
    bench.submit(two,
                 Multi{{Check{"/a", DataVersion(count)}, Create{.path = "/m" + text, .data = ""}}});
    bench.run(sim::Duration(blow.wait_ms * 1'000'000LL));
  }
  bench.apply(sim::Heal{});
  bench.run(5_ms);
  for (int id = 1; id <= options.servers; ++id) {
    if (bench.server(id) == nullptr) bench.apply(sim::Restart{Bench::name(id)});
  }
  const bool settled = bench.settle();
  return {bench.violations, settled, bench.standing()};
}

rc::Gen<std::vector<Blow>> storms(std::vector<Blow::Kind> kinds) {
  const auto wait =
      rc::gen::oneOf(rc::gen::inRange(2, 20), rc::gen::inRange(2, 600), rc::gen::inRange(2, 6'000));
  return rc::gen::container<std::vector<Blow>>(rc::gen::build<Blow>(
      rc::gen::set(&Blow::kind, rc::gen::elementOf(std::move(kinds))),
      rc::gen::set(&Blow::server, rc::gen::inRange(1, 4)), rc::gen::set(&Blow::wait_ms, wait)));
}
using Kind = Blow::Kind;

RC_GTEST_PROP(Invariants, HoldUnderAnyCrashesCutsAndStalls, ()) {
  const auto blows =
      *storms({Kind::CrashMachine, Kind::CrashProcess, Kind::Restart, Kind::Restart, Kind::Isolate,
               Kind::Heal, Kind::Pause, Kind::StallDisk, Kind::Nothing});
  const auto seed = *rc::gen::arbitrary<std::uint16_t>();
  const Storm storm = weather({.seed = seed, .snap_count = 40, .commit_log_count = 10}, blows);
  for (const Violation& one : storm.violations) {
    RC_LOG() << one.invariant << ": " << one.what << "\n";
  }
  RC_ASSERT(storm.violations.empty());
}

// A learner was sent a snapshot, so that its log has a gap, and went on to take its own, which nobody syncs. Then the
// power failed: the one that it had been sent must still be there.
TEST(Invariants, HoldWhereALogWithAGapLosesItsYoungerSnapshots) {
  std::vector<Blow> blows{{Kind::Pause, 1, 2},     {Kind::CrashProcess, 1, 2},
                          {Kind::Nothing, 1, 646}, {Kind::Nothing, 1, 29},
                          {Kind::Pause, 2, 2},     {Kind::Pause, 2, 3}};
  blows.resize(10, {Kind::Nothing, 1, 2});
  blows.push_back({Kind::Restart, 1, 2});
  blows.push_back({Kind::Nothing, 1, 3});
  blows.resize(34, {Kind::Nothing, 1, 2});
  for (const int wait_ms : {10, 7, 306}) blows.push_back({Kind::Nothing, 1, wait_ms});
  blows.push_back({Kind::CrashMachine, 1, 2});
  const Storm storm = weather({.seed = 1436, .snap_count = 40, .commit_log_count = 10}, blows);
  EXPECT_TRUE(storm.settled);
  for (const Violation& one : storm.violations) ADD_FAILURE() << one.invariant << ": " << one.what;
}

// Servers that are gone come back at the end.
RC_GTEST_PROP(Invariants, HoldAndTheEnsembleServesAgainAfterPowerLossAndStalls, ()) {
  const auto blows = *storms({Kind::CrashMachine, Kind::Pause, Kind::StallDisk, Kind::Nothing});
  const auto seed = *rc::gen::arbitrary<std::uint16_t>();
  const Storm storm = weather({.seed = seed, .snap_count = 40, .commit_log_count = 10}, blows);
  RC_LOG() << storm.standing;
  RC_ASSERT(storm.violations.empty());
  RC_ASSERT(storm.settled);
}

// ── Each defect is found by an invariant ────────────────────────────────────────────────────────

Violations epochs_after_power_loss(ServerBehaviour behaviour) {
  Bench bench({.behaviour = behaviour});
  bench.run_until([&] { return bench.all_serve(); });
  for (int id = 1; id <= 3; ++id) bench.apply(sim::CrashMachine{Bench::name(id)});
  for (int id = 1; id <= 2; ++id) bench.apply(sim::Restart{Bench::name(id)});
  bench.run_until([&] { return bench.leader() != 0; });
  return bench.violations;
}

TEST(Invariants, EpochsThatAreNotPersistedLetTwoServersLeadOne) {
  EXPECT_TRUE(epochs_after_power_loss({}).empty());
  EXPECT_TRUE(names_of(epochs_after_power_loss({.epochs_not_persisted = true}))
                  .contains("zk.OneLeaderPerEpoch"));
}

// What a disk had not synced may survive all the same: some seeds lose it.
template <class Story>
std::set<std::string> found_in_some_run(Story story, ServerBehaviour behaviour) {
  std::set<std::string> names;
  for (std::uint64_t seed = 1; seed <= 40 && names.empty(); ++seed)
    names = names_of(story(behaviour, seed));
  return names;
}

Violations power_loss_after_an_answer(ServerBehaviour behaviour, std::uint64_t seed) {
  BenchOptions options{.seed = seed, .behaviour = behaviour};
  options.world.fsync = sim::Distribution::constant(50_ms);
  Bench bench(options);
  const auto client = bench.add_client("client", 30_s, {3});
  bench.call(client, Create{.path = "/a", .data = ""});
  bench.run(1_s);
  bench.call(client, SetData{"/a", "answered"});
  for (int id = 1; id <= 3; ++id) bench.apply(sim::CrashMachine{Bench::name(id)});
  for (int id = 1; id <= 3; ++id) bench.apply(sim::Restart{Bench::name(id)});
  bench.run_until([&] { return bench.leader() != 0; });
  return bench.violations;
}

TEST(Invariants, AnAcknowledgementBeforeTheFsyncLosesWhatWasAnswered) {
  EXPECT_TRUE(found_in_some_run(power_loss_after_an_answer, {}).empty());
  EXPECT_TRUE(found_in_some_run(power_loss_after_an_answer, {.ack_before_fsync = true})
                  .contains("zk.CommittedIsKept"));
}

Violations write_at_an_isolated_leader(ServerBehaviour behaviour) {
  Bench bench({.behaviour = behaviour});
  const auto client = bench.add_client("client", 30_s, {3});
  bench.call(client, Create{.path = "/a", .data = ""});
  bench.run(1_s);
  bench.apply(sim::CutLink{"zk-3", "zk-1,zk-2", sim::Direction::BothWays});
  bench.submit(client, SetData{"/a", "alone"});
  bench.run_until([&] { return bench.leader() == 2; });
  return bench.violations;
}

TEST(Invariants, ACommitWithoutAQuorumIsMissedByTheNextLeader) {
  EXPECT_TRUE(write_at_an_isolated_leader({}).empty());
  EXPECT_TRUE(names_of(write_at_an_isolated_leader({.commit_without_quorum = true}))
                  .contains("zk.CommittedIsKept"));
}

Violations expiry_with_an_ephemeral(ServerBehaviour behaviour) {
  Bench bench({.behaviour = behaviour});
  const auto client = bench.add_client("client", 6_s);
  bench.call(client, Create{.path = "/e", .data = "", .mode = CreateMode::Ephemeral});
  bench.apply(sim::CrashMachine{"client"});
  bench.run(15_s);
  return bench.violations;
}

TEST(Invariants, AnEphemeralThatOutlivesItsSessionIsFound) {
  EXPECT_TRUE(expiry_with_an_ephemeral({}).empty());
  EXPECT_TRUE(names_of(expiry_with_an_ephemeral({.expiry_keeps_ephemerals = true}))
                  .contains("zk.EphemeralHasSession"));
}

Violations watches_after_a_change(ServerBehaviour behaviour) {
  Bench bench({.behaviour = behaviour});
  const auto client = bench.add_client("client", 6_s, {1});
  bench.call(client, Create{.path = "/a", .data = ""});
  bench.call(client, GetData{"/a"}, Watching::Yes);
  bench.call(client, SetData{"/a", "changed"});
  bench.run(100_ms);
  return check_watches(bench.client(client).client, *bench.server(1));
}

TEST(Invariants, AWatchThatNobodyWillFireIsFound) {
  EXPECT_TRUE(watches_after_a_change({}).empty());
  EXPECT_TRUE(
      names_of(watches_after_a_change({.watch_lost = true})).contains("zk.WatchesAreArmed"));
}

// 1 misses what 2 and 3 have; 3 goes, 2 brings 1 up to date in epoch 2, and both lose power while 1
// has the new epoch on its disk and not yet the history. Then 1 and 3 meet.
Violations power_loss_in_synchronization(ServerBehaviour behaviour, std::uint64_t seed) {
  BenchOptions options{.seed = seed, .behaviour = behaviour};
  options.world.fsync = sim::Distribution::constant(50_ms);
  Bench bench(options);
  const auto client = bench.add_client("client", 40_s, {3});
  bench.call(client, Create{.path = "/a", .data = ""});
  bench.run(1_s);
  bench.apply(sim::CrashMachine{"zk-1"});
  for (int i = 0; i < 5; ++i) bench.call(client, SetData{"/a", std::to_string(i)});
  const Zxid old = bench.server(3)->history().last_logged();
  bench.run(200_ms);
  bench.apply(sim::CrashMachine{"zk-3"});
  bench.apply(sim::Restart{"zk-1"});
  bench.run_until([&] { return bench.server(1)->history().last_logged() >= old; });
  bench.apply(sim::CrashMachine{"zk-1"});
  bench.apply(sim::CrashMachine{"zk-2"});
  bench.apply(sim::Restart{"zk-1"});
  bench.apply(sim::Restart{"zk-3"});
  bench.run_until([&] { return bench.leader() != 0; });
  return bench.violations;
}

TEST(Invariants, AnEpochPersistedBeforeItsHistoryLosesCommittedTransactions) {
  EXPECT_TRUE(found_in_some_run(power_loss_in_synchronization, {}).empty());
  EXPECT_TRUE(found_in_some_run(power_loss_in_synchronization, {.epoch_before_history = true})
                  .contains("zk.CommittedIsKept"));
}

// 2 alone has a proposal, leads with it, is acknowledged at once by 1, and both lose power before
// 1's fsync.
Violations power_loss_after_new_leader(ServerBehaviour behaviour, std::uint64_t seed) {
  BenchOptions options{.seed = seed, .behaviour = behaviour};
  options.world.fsync = sim::Distribution::constant(50_ms);
  Bench bench(options);
  const auto client = bench.add_client("client", 40_s, {3});
  bench.call(client, Create{.path = "/a", .data = ""});
  bench.run(1_s);
  bench.apply(sim::CrashMachine{"zk-1"});
  bench.apply(sim::CutLink{"zk-2", "zk-3", sim::Direction::OneWay});
  bench.submit(client, SetData{"/a", "tail"});
  bench.run(200_ms);  // 2 has it on its disk, and 3 may have it too: 3 goes for good
  bench.apply(sim::LoseDisk{"zk-3"});
  bench.apply(sim::Heal{});
  bench.apply(sim::Restart{"zk-1"});
  bench.run_until([&] { return bench.leader() == 2; });
  bench.apply(sim::CrashMachine{"zk-1"});
  bench.apply(sim::CrashMachine{"zk-2"});
  bench.apply(sim::Restart{"zk-1"});
  bench.apply(sim::Restart{"zk-3"});
  bench.run_until([&] { return bench.leader() != 0; });
  return bench.violations;
}

TEST(Invariants, AnAcknowledgementOfNewLeaderBeforeTheHistoryIsDurableLosesIt) {
  EXPECT_TRUE(found_in_some_run(power_loss_after_new_leader, {}).empty());
  EXPECT_TRUE(
      found_in_some_run(power_loss_after_new_leader, {.new_leader_ack_before_history = true})
          .contains("zk.CommittedIsKept"));
}

// 3 alone has a proposal, decides to lead, takes its snapshot, and goes; 1 and 2 go on without it.
Violations snapshot_of_a_tail(ServerBehaviour behaviour) {
  Bench bench({.behaviour = behaviour});
  const auto client = bench.add_client("client", 40_s, {3});
  bench.call(client, Create{.path = "/a", .data = ""});
  bench.run(1_s);
  bench.apply(sim::CutLink{"zk-3", "zk-1,zk-2", sim::Direction::BothWays});
  bench.submit(client, SetData{"/a", "tail"});
  bench.run(100_ms);
  for (int id = 1; id <= 3; ++id) bench.apply(sim::CrashMachine{Bench::name(id)});
  bench.apply(sim::Heal{});
  bench.apply(sim::Restart{"zk-2"});
  bench.apply(sim::Restart{"zk-3"});
  bench.run_until([&] { return bench.server(3)->state() == PeerState::Leading; });
  bench.apply(sim::CrashProcess{"zk-3"});
  bench.apply(sim::Restart{"zk-1"});
  bench.run_until([&] { return bench.leader() == 2; });
  bench.apply(sim::Restart{"zk-3"});
  bench.run_until([&] { return bench.all_serve(); });
  bench.call(bench.add_client("other"), Create{.path = "/b", .data = ""});
  bench.run(1_s);
  return bench.violations;
}

TEST(Invariants, ASnapshotOfAnUncommittedTailMakesAServerDiffer) {
  EXPECT_TRUE(snapshot_of_a_tail({}).empty());
  EXPECT_TRUE(names_of(snapshot_of_a_tail({.uncommitted_in_snapshot = true}))
                  .contains("zk.CommittedPrefixAgrees"));
}

// ── Defects that a client sees ──────────────────────────────────────────────────────────────────

TEST(Invariants, ADroppedVersionCheckLetsAStaleWriteThrough) {
  for (const bool dropped : {false, true}) {
    Bench bench({.behaviour = {.version_check_dropped = dropped}});
    const auto client = bench.add_client("client");
    bench.call(client, Create{.path = "/a", .data = ""});
    EXPECT_EQ(bench.call(client, SetData{"/a", "stale", DataVersion(9)}).ok(), dropped);
  }
}

TEST(Invariants, ATornMultiLeavesATrace) {
  for (const bool torn : {false, true}) {
    Bench bench({.behaviour = {.multi_not_atomic = torn}});
    const auto client = bench.add_client("client");
    bench.call(client, Multi{{Create{.path = "/half", .data = ""}, Check{"/none"}}});
    EXPECT_EQ(bench.call(client, Exists{"/half"}).ok(), torn);
  }
}

}  // namespace
}  // namespace zk
