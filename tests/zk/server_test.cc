#include "zk/server.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/zk/server_bench.h"

namespace zk {
namespace {

using namespace sim::literals;
using bench::Bench;

Create persistent(std::string path, std::string data = "") {
  return {.path = std::move(path), .data = std::move(data)};
}
Create ephemeral(std::string path) {
  return {.path = std::move(path), .data = "", .mode = CreateMode::Ephemeral};
}

TEST(Server, AnEnsembleOfThreeElectsALeaderAndServesWithinASecond) {
  Bench bench;
  EXPECT_TRUE(bench.run_until([&] { return bench.all_serve(); }, 1_s));
  EXPECT_EQ(bench.leader(), 3);  // equal histories: the largest id
  EXPECT_EQ(bench.server(3)->epoch(), ZabEpoch(1));
  EXPECT_TRUE(bench.violations.empty());
}

TEST(Server, AServerAloneIsItsOwnQuorum) {
  Bench bench({.servers = 1});
  EXPECT_TRUE(bench.run_until([&] { return bench.all_serve(); }, 1_s));
  const auto client = bench.add_client("client");
  EXPECT_TRUE(bench.call(client, persistent("/a")).ok());
}

TEST(Server, AWriteIsSeenByEveryServer) {
  Bench bench;
  const auto client = bench.add_client("client");
  const Response made = bench.call(client, persistent("/a", "one"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(result_if<Created>(made)->path, "/a");
  ASSERT_TRUE(bench.settle());
  for (int id = 1; id <= 3; ++id) {
    EXPECT_EQ(bench.server(id)->database().tree.find("/a")->data, Data("one"));
  }
  EXPECT_TRUE(bench.violations.empty());
}

TEST(Server, AnAcknowledgedWriteOutlivesItsLeader) {
  Bench bench;
  const auto client = bench.add_client("client");
  ASSERT_TRUE(bench.call(client, persistent("/kept", "safe")).ok());
  const int first = bench.leader();
  bench.apply(sim::CrashMachine{Bench::name(first)});
  ASSERT_TRUE(bench.run_until([&] { return bench.leader() != 0 && bench.leader() != first; }));
  const Response read = bench.call(client, GetData{"/kept"});
  // The connection may have been the dead leader's: then the first answer is unknown, the next one
  // is not.
  const Response again = read.ok() ? read : bench.call(client, GetData{"/kept"});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(result_if<GotData>(again)->data, Data("safe"));
  bench.apply(sim::Restart{Bench::name(first)});
  EXPECT_TRUE(bench.settle());
  EXPECT_TRUE(bench.violations.empty());
}

TEST(Server, ARestartedFollowerIsSynchronizedByDiff) {
  Bench bench;
  const auto client = bench.add_client("client", 6_s, {3});
  ASSERT_TRUE(bench.call(client, persistent("/a")).ok());
  ASSERT_EQ(bench.leader(), 3);
  bench.apply(sim::CrashProcess{"zk-1"});
  ASSERT_TRUE(bench.call(client, persistent("/b")).ok());
  bench.apply(sim::Restart{"zk-1"});
  ASSERT_TRUE(bench.settle());
  const auto syncs = bench.notices<Synchronizing>();
  ASSERT_FALSE(syncs.empty());
  EXPECT_EQ(syncs.back().learner, ServerId(1));
  EXPECT_EQ(syncs.back().mode, SyncMode::Diff);
  EXPECT_TRUE(bench.violations.empty());
}

TEST(Server, AFollowerThatMissedTooMuchGetsASnapshot) {
  Bench bench({.commit_log_count = 5});
  const auto client = bench.add_client("client", 6_s, {3});
  ASSERT_TRUE(bench.call(client, persistent("/a")).ok());
  bench.apply(sim::CrashMachine{"zk-1"});
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(bench.call(client, SetData{"/a", std::to_string(i)}).ok());
  }
  bench.apply(sim::Restart{"zk-1"});
  ASSERT_TRUE(bench.settle());
  EXPECT_EQ(bench.notices<Synchronizing>().back().mode, SyncMode::Snap);
  // What came by snapshot is on the disk, too.
  bench.apply(sim::CrashMachine{"zk-1"});
  bench.apply(sim::Restart{"zk-1"});
  bench.run(1_ms);
  EXPECT_EQ(bench.server(1)->database().tree.find("/a")->data, Data("9"));
  ASSERT_TRUE(bench.settle());
  EXPECT_TRUE(bench.violations.empty());
}

// 3 leads and proposes alone; 1 and 2 elect 2, which never heard of it.
TEST(Server, AnIsolatedLeadersProposalIsTruncatedWhenItReturns) {
  Bench bench;
  const auto client = bench.add_client("client", 30_s, {3});
  ASSERT_TRUE(bench.call(client, persistent("/a", "old")).ok());
  ASSERT_EQ(bench.leader(), 3);
  bench.apply(sim::CutLink{"zk-3", "zk-1,zk-2", sim::Direction::BothWays});
  const CallId lost = bench.submit(client, SetData{"/a", "never"});
  ASSERT_TRUE(bench.run_until([&] { return bench.leader() == 2; }));
  ASSERT_TRUE(bench.run_until([&] { return bench.reply(client, lost).has_value(); }));
  EXPECT_EQ(bench.reply(client, lost)->error, ErrorCode::ConnectionLoss);
  bench.apply(sim::Heal{});
  ASSERT_TRUE(bench.settle());
  const auto syncs = bench.notices<Synchronizing>();
  const auto truncated = std::ranges::find_if(
      syncs, [](const Synchronizing& one) { return one.mode == SyncMode::Trunc; });
  ASSERT_NE(truncated, syncs.end());
  EXPECT_EQ(truncated->learner, ServerId(3));
  EXPECT_EQ(bench.server(3)->database().tree.find("/a")->data, Data("old"));
  EXPECT_TRUE(bench.violations.empty());
}

TEST(Server, ALeaderWithoutAQuorumStepsDownWithinTheSyncLimit) {
  Bench bench;
  ASSERT_TRUE(bench.run_until([&] { return bench.all_serve(); }));
  const auto before = bench.world.now();
  bench.apply(sim::Isolate{"zk-3"});
  ASSERT_TRUE(bench.run_until([&] { return !bench.server(3)->is_established(); }));
  const sim::Duration took = bench.world.now() - before;
  EXPECT_GE(took, 8_s);  // syncLimit 5 of 2 s
  EXPECT_LE(took, 13_s);
  EXPECT_FALSE(bench.server(3)->serves());
}

TEST(Server, FollowersOfASilentLeaderLookForAnother) {
  Bench bench;
  ASSERT_TRUE(bench.run_until([&] { return bench.all_serve(); }));
  bench.apply(sim::Pause{"zk-3", 60_s});
  EXPECT_TRUE(bench.run_until([&] { return bench.server(2)->is_established(); }, 20_s));
  EXPECT_TRUE(bench.settle());
  EXPECT_TRUE(bench.violations.empty());
}

TEST(Server, AnExpiredSessionsEphemeralsGoAndTheirWatchersAreTold) {
  Bench bench;
  const auto owner = bench.add_client("owner", 6_s);
  const auto watcher = bench.add_client("watcher", 6_s);
  ASSERT_TRUE(bench.call(owner, persistent("/ids")).ok());
  ASSERT_TRUE(bench.call(owner, ephemeral("/ids/1")).ok());
  ASSERT_TRUE(bench.call(watcher, Sync{"/"}).ok());
  ASSERT_TRUE(bench.call(watcher, GetData{"/ids/1"}, Watching::Yes).ok());
  ASSERT_TRUE(bench.call(watcher, GetChildren{"/ids"}, Watching::Yes).ok());
  const auto before = bench.world.now();
  bench.apply(sim::CrashMachine{"owner"});
  ASSERT_TRUE(bench.run_until([&] { return bench.watches_fired(watcher).size() == 2; }));
  const sim::Duration took = bench.world.now() - before;
  EXPECT_GE(took, 4_s);   // the last touch may be 2 s old (a ping's interval)
  EXPECT_LE(took, 10_s);  // timeout, and at most a tick and half a tick
  const auto fired = bench.watches_fired(watcher);
  EXPECT_EQ(fired[0].type, WatchedEventType::NodeDeleted);
  EXPECT_EQ(fired[0].path, "/ids/1");
  EXPECT_EQ(fired[1].type, WatchedEventType::NodeChildrenChanged);
  EXPECT_EQ(fired[1].path, "/ids");
  EXPECT_EQ(bench.notices<SessionExpired>().size(), 1u);
  ASSERT_TRUE(bench.settle());
  EXPECT_EQ(bench.server(1)->database().tree.find("/ids/1"), nullptr);
  EXPECT_TRUE(bench.violations.empty());
}

TEST(Server, AQuietClientKeepsItsSessionByPings) {
  Bench bench;
  const auto client = bench.add_client("client", 6_s);
  ASSERT_TRUE(bench.call(client, persistent("/ids")).ok());
  ASSERT_TRUE(bench.call(client, ephemeral("/ids/1")).ok());
  bench.run(120_s);
  EXPECT_NE(bench.server(bench.leader())->database().tree.find("/ids/1"), nullptr);
  EXPECT_EQ(bench.client(client).client.state(), SessionState::Connected);
  EXPECT_TRUE(bench.notices<SessionExpired>().empty());
}

TEST(Server, AClosedSessionsEphemeralsGoAtOnce) {
  Bench bench;
  const auto client = bench.add_client("client");
  ASSERT_TRUE(bench.call(client, ephemeral("/e")).ok());
  bench.world.poke(client, sim::Payload::of(bench::TestClose{}));
  bench.run(100_ms);
  ASSERT_TRUE(bench.settle());
  EXPECT_EQ(bench.server(1)->database().tree.find("/e"), nullptr);
  EXPECT_EQ(bench.client(client).client.state(), SessionState::Closed);
}

TEST(Server, AClientResumesItsSessionOnAnotherServerAndItsWatchesStillFire) {
  Bench bench;
  const auto client = bench.add_client("client", 10_s);
  const auto other = bench.add_client("other", 10_s);
  ASSERT_TRUE(bench.call(client, persistent("/a", "1")).ok());
  ASSERT_TRUE(bench.call(client, ephemeral("/mine")).ok());
  ASSERT_TRUE(bench.call(client, GetData{"/a"}, Watching::Yes).ok());
  const SessionId session = bench.client(client).client.session();
  const sim::NodeId first = bench.client(client).client.server();
  bench.apply(sim::CrashMachine{bench.world.name_of(first)});
  // The other client writes while the first is away (through whoever serves).
  while (!bench.call(other, SetData{"/a", "2"}).ok()) bench.run(100_ms);
  ASSERT_TRUE(bench.run_until([&] { return !bench.watches_fired(client).empty(); }));
  EXPECT_EQ(bench.watches_fired(client)[0].type, WatchedEventType::NodeDataChanged);
  EXPECT_EQ(bench.client(client).client.session(), session);
  EXPECT_NE(bench.client(client).client.server(), first);
  Response mine = bench.call(client, Exists{"/mine"});
  if (mine.error == ErrorCode::ConnectionLoss) mine = bench.call(client, Exists{"/mine"});
  EXPECT_TRUE(mine.ok());
  EXPECT_TRUE(bench.violations.empty());
}

TEST(Server, AClientThatWasAwayForTooLongLearnsOfItsExpiryFromAServer) {
  Bench bench;
  const auto client = bench.add_client("client", 6_s);
  ASSERT_TRUE(bench.call(client, ephemeral("/mine")).ok());
  bench.apply(sim::Isolate{"client"});
  bench.run(30_s);
  EXPECT_EQ(bench.client(client).client.state(), SessionState::Disconnected);  // it cannot know
  EXPECT_EQ(bench.notices<SessionExpired>().size(), 1u);
  bench.apply(sim::Heal{});
  ASSERT_TRUE(bench.run_until(
      [&] { return bench.client(client).client.state() == SessionState::Expired; }));
  EXPECT_EQ(bench.call(client, Exists{"/mine"}).error, ErrorCode::SessionExpired);
}

TEST(Server, AMultiIsAppliedAsAWholeAndAtOneZxid) {
  Bench bench;
  const auto client = bench.add_client("client");
  ASSERT_TRUE(bench.call(client, persistent("/epoch", "1")).ok());
  const Response done = bench.call(
      client, Multi{{Check{"/epoch", DataVersion(0)}, persistent("/a"), SetData{"/epoch", "2"}}});
  ASSERT_TRUE(done.ok());
  const auto& results = result_if<MultiResult>(done)->results;
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(std::get<Created>(results[1].value).path, "/a");
  EXPECT_EQ(std::get<Stat>(results[2].value).version, DataVersion(1));
  const auto stat_a = *bench.server(3)->database().tree.stat("/a");
  EXPECT_EQ(stat_a.czxid, done.zxid);
  EXPECT_EQ(bench.server(3)->database().tree.stat("/epoch")->mzxid, done.zxid);
}

TEST(Server, AFailedCheckLeavesNoTraceButAnErrorTransaction) {
  Bench bench;
  const auto client = bench.add_client("client", 6_s, {3});
  ASSERT_TRUE(bench.call(client, persistent("/epoch", "1")).ok());
  const Tree before = bench.server(3)->database().tree;
  const Response refused = bench.call(
      client, Multi{{persistent("/a"), Check{"/epoch", DataVersion(7)}, SetData{"/epoch", "2"}}});
  EXPECT_EQ(refused.error, ErrorCode::BadVersion);
  const auto& results = std::get<MultiResult>(refused.result).results;
  EXPECT_EQ(results[0].error, ErrorCode::Ok);
  EXPECT_EQ(results[1].error, ErrorCode::BadVersion);
  EXPECT_EQ(results[2].error, ErrorCode::RuntimeInconsistency);
  EXPECT_TRUE(bench.server(3)->database().tree.same_content(before));
  EXPECT_EQ(bench.server(3)->history().last_logged(), refused.zxid);
  EXPECT_EQ(refused.zxid.value(), before.last_processed_zxid().value() + 1);
  // Nothing outstanding stays behind: the same path can be created now.
  EXPECT_TRUE(bench.call(client, persistent("/a")).ok());
}

TEST(Server, PipelinedWritesSeeEachOther) {
  Bench bench;
  const auto client = bench.add_client("client");
  ASSERT_TRUE(bench.call(client, persistent("/a")).ok());
  const CallId first = bench.submit(client, SetData{"/a", "1", DataVersion(0)});
  const CallId second = bench.submit(client, SetData{"/a", "2", DataVersion(1)});
  const CallId stale = bench.submit(client, SetData{"/a", "3", DataVersion(1)});
  const CallId read = bench.submit(client, GetData{"/a"});
  ASSERT_TRUE(bench.run_until([&] { return bench.reply(client, read).has_value(); }));
  EXPECT_TRUE(bench.reply(client, first)->ok());
  EXPECT_TRUE(bench.reply(client, second)->ok());
  EXPECT_EQ(bench.reply(client, stale)->error, ErrorCode::BadVersion);
  EXPECT_EQ(result_if<GotData>(*bench.reply(client, read))->data, Data("2"));
}

TEST(Server, ASequentialZnodeIsNumberedByItsParentsCreations) {
  Bench bench;
  const auto client = bench.add_client("client");
  ASSERT_TRUE(bench.call(client, persistent("/changes")).ok());
  const Create notification{
      .path = "/changes/change_", .data = "x", .mode = CreateMode::PersistentSequential};
  EXPECT_EQ(result_if<Created>(bench.call(client, notification))->path,
            "/changes/change_0000000000");
  ASSERT_TRUE(bench.call(client, Delete{"/changes/change_0000000000"}).ok());
  EXPECT_EQ(result_if<Created>(bench.call(client, notification))->path,
            "/changes/change_0000000001");
}

TEST(Server, SnapshotsAreTakenAndRecoveredFrom) {
  Bench bench({.snap_count = 20});
  const auto client = bench.add_client("client");
  ASSERT_TRUE(bench.call(client, persistent("/a")).ok());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(bench.call(client, SetData{"/a", std::to_string(i)}).ok());
  }
  EXPECT_FALSE(bench.notices<SnapshotTaken>().empty());
  for (int id = 1; id <= 3; ++id) bench.apply(sim::CrashMachine{Bench::name(id)});
  for (int id = 1; id <= 3; ++id) bench.apply(sim::Restart{Bench::name(id)});
  ASSERT_TRUE(bench.settle());
  EXPECT_EQ(bench.server(1)->database().tree.find("/a")->data, Data("99"));
  const auto recovered = bench.notices<Recovered>();
  EXPECT_GT(recovered.back().snapshot, Zxid(0));
  EXPECT_TRUE(bench.violations.empty());
}

TEST(Server, TheSameSeedMakesTheSameRun) {
  const auto digest = [] {
    Bench bench({.seed = 5});
    const auto client = bench.add_client("client");
    bench.call(client, persistent("/a"));
    bench.apply(sim::CrashMachine{"zk-3"});
    bench.run(20_s);
    return std::pair(bench.world.run_digest(), bench.world.digest());
  };
  EXPECT_EQ(digest(), digest());
}

}  // namespace
}  // namespace zk
