#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "kraft/disk/metadata_dir.h"
#include "tests/tools/command_line.h"
#include "zk/disk/recovery.h"
#include "zk/disk/snapshot.h"

// `zk2kraft diff` on both stores of captured clusters, as a person would call it.
namespace {

using tests::contains;
using tests::golden;
using tests::run;
using tools::ExitCode;

struct Pair {
  std::string phase;
  std::string controller;
};
void PrintTo(const Pair& pair, std::ostream* out) {
  *out << pair.phase << " " << pair.controller;
}

tests::Ran diff(const std::filesystem::path& zookeeper, const std::filesystem::path& kraft,
                std::vector<std::string> more = {}) {
  std::vector<std::string> words{"diff", "--from", zookeeper.string(), "--to", kraft.string()};
  words.insert(words.end(), more.begin(), more.end());
  return run(words);
}

class CapturedStores : public testing::TestWithParam<Pair> {};

TEST_P(CapturedStores, AreEqualByAnyNameOfTheirFiles) {
  const auto phase = golden(GetParam().phase);
  const auto by_parents = diff(phase / "zk-1", phase / GetParam().controller);
  EXPECT_EQ(by_parents.code, ExitCode::Good) << by_parents.out << by_parents.err;
  EXPECT_TRUE(contains(by_parents.out, "verdict: equal")) << by_parents.out;
  EXPECT_EQ(by_parents.err, "");
  const auto by_folders =
      diff(phase / "zk-1/version-2", phase / GetParam().controller / "__cluster_metadata-0",
           {"--output", "json"});
  ASSERT_EQ(by_folders.code, ExitCode::Good);
  const auto said = nlohmann::json::parse(by_folders.out);
  EXPECT_EQ(said.at("verdict"), "equal");
  EXPECT_EQ(said.at("kinds").size(), 9u);
  EXPECT_GT(said.at("kinds").at(0).at("from"), 0);
  EXPECT_EQ(said.at("different").size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(OfEveryHybridAndDualWritePhase, CapturedStores,
                         testing::Values(Pair{"sample/p3-hybrid", "controller-3000"},
                                         Pair{"sample/p3-hybrid-changed", "controller-3000"},
                                         Pair{"sample/p4-dual-write", "controller-3000"},
                                         Pair{"gz/p3-hybrid", "controller-3000"},
                                         Pair{"gz/p3-hybrid-changed", "controller-3000"},
                                         Pair{"gz/p4-dual-write", "controller-3000"},
                                         Pair{"copy_killed/p3-hybrid", "controller-3000"},
                                         Pair{"copy_killed/p3-restarted", "controller-3000"},
                                         Pair{"rollback_hybrid/p3-hybrid", "controller-3000"},
                                         Pair{"failover/p3-hybrid", "controller-3000"},
                                         Pair{"failover/p3-hybrid", "controller-3001"},
                                         Pair{"failover/p3-hybrid", "controller-3002"},
                                         Pair{"failover/p3-after-failover", "controller-3001"},
                                         Pair{"failover/p3-after-failover", "controller-3002"},
                                         Pair{"failover/p4-dual-write", "controller-3000"},
                                         Pair{"failover/p4-dual-write", "controller-3001"},
                                         Pair{"failover/p4-dual-write", "controller-3002"}));

TEST(Diff, ALogOfAControllerThatDiedIsBehind) {
  const auto ran = diff(golden("failover/p3-after-failover/zk-1"),
                        golden("failover/p3-after-failover/controller-3000"));
  EXPECT_EQ(ran.code, ExitCode::Unknown) << ran.out;
  EXPECT_TRUE(contains(ran.out, "verdict: behind")) << ran.out;
  EXPECT_TRUE(contains(ran.out, "take the files of a controller that was alive"));
}

// A rollback is safe then, and a difference no drift.
TEST(Diff, BeforeTheCopyIsCompleteZooKeeperAloneHasTheWord) {
  const auto phase = golden("copy_killed/p2-killed");
  const auto ran = diff(phase / "zk-1", phase / "controller-3000");
  EXPECT_EQ(ran.code, ExitCode::Finding) << ran.out;
  EXPECT_TRUE(contains(ran.out, "nothing was copied yet, so ZooKeeper alone has the word"));
  EXPECT_FALSE(contains(ran.out, "do not roll back")) << ran.out;
  EXPECT_TRUE(contains(ran.out, "100         0  with their topics")) << ran.out;
}

TEST(Diff, OneByteOfOneConfigIsNamed) {
  auto recovery = zk::disk::recover(golden("sample/p3-hybrid/zk-1"));
  ASSERT_TRUE(recovery);
  zk::Tree& tree = recovery->database.tree;
  std::string data = *tree.find("/config/topics/audit.log")->data;
  data[data.find("1073741824")] = '2';
  tree.apply({.zxid = tree.last_processed_zxid().next()},
             zk::SetDataTxn{
                 .path = "/config/topics/audit.log", .data = data, .version = zk::DataVersion(9)});
  const tests::ScratchFolder scratch;
  std::filesystem::create_directories(scratch.path() / "version-2");
  ASSERT_TRUE(zk::disk::write_snapshot(recovery->database, scratch.path() / "version-2"));

  const auto kraft = golden("sample/p3-hybrid/controller-3000");
  const auto text = diff(scratch.path(), kraft);
  EXPECT_EQ(text.code, ExitCode::Finding) << text.out << text.err;
  EXPECT_TRUE(
      contains(text.out, "configs/TOPIC/audit.log/retention.bytes: 2073741824 vs 1073741824"))
      << text.out;
  EXPECT_TRUE(contains(text.out, "verdict: different"));

  const auto said = nlohmann::json::parse(diff(scratch.path(), kraft, {"--output", "json"}).out);
  ASSERT_EQ(said.at("different").size(), 1u);
  EXPECT_EQ(said.at("different")[0].at("path"), "configs/TOPIC/audit.log/retention.bytes");

  const auto junit = diff(scratch.path(), kraft, {"--output", "junit"});
  EXPECT_EQ(junit.code, ExitCode::Finding);
  EXPECT_TRUE(contains(junit.out, "tests=\"10\" failures=\"1\" errors=\"0\"")) << junit.out;
}

// What was mirrored later is a change on its way when ZooKeeper's files are the older ones.
TEST(Diff, ChangesAboveTheOffsetInMigrationArePending) {
  const auto ran = diff(golden("sample/p3-hybrid/zk-1"),
                        golden("sample/p4-dual-write/controller-3000"), {"--output", "json"});
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.out;
  EXPECT_GT(nlohmann::json::parse(ran.out).at("pending").size(), 3u);
}

// ── Any two sources ─────────────────────────────────────────────────────────────────────────────

TEST(Diff, TheOrderOfTheStoresIsThePersonsOwn) {
  const auto zookeeper = golden("sample/p4-dual-write/zk-1");
  const auto kraft = golden("sample/p4-dual-write/controller-3000");
  const auto there = nlohmann::json::parse(diff(zookeeper, kraft, {"--output", "json"}).out);
  const auto back = nlohmann::json::parse(diff(kraft, zookeeper, {"--output", "json"}).out);
  EXPECT_EQ(back.at("verdict"), there.at("verdict"));
  EXPECT_EQ(back.at("from").at("store"), "KRaft");
  EXPECT_EQ(back.at("to").at("store"), "ZooKeeper");
  ASSERT_EQ(back.at("kinds").size(), there.at("kinds").size());
  for (std::size_t i = 0; i < back.at("kinds").size(); ++i)
    EXPECT_EQ(back.at("kinds")[i].at("from"), there.at("kinds")[i].at("to"));
  ASSERT_GT(there.at("tolerated").size(), 0u);
  for (std::size_t i = 0; i < there.at("tolerated").size(); ++i) {
    EXPECT_EQ(back.at("tolerated")[i].at("from"), there.at("tolerated")[i].at("to"));
  }
}

TEST(Diff, TwoStatesOfZooKeeperDifferInAllThatChangedInThem) {
  const auto before = golden("sample/p3-hybrid/zk-1");
  const auto after = golden("sample/p3-hybrid-changed/zk-1");
  const auto same = diff(before, before);
  EXPECT_EQ(same.code, ExitCode::Good) << same.out << same.err;
  EXPECT_TRUE(contains(same.out, "both trees say the same")) << same.out;
  const auto ran = diff(before, after, {"--output", "json"});
  EXPECT_EQ(ran.code, ExitCode::Finding) << ran.out;
  const auto said = nlohmann::json::parse(ran.out);
  EXPECT_EQ(said.at("tolerated").size(), 0u);
  // What the stores may differ in is a change within one.
  EXPECT_TRUE(contains(ran.out, "partitionEpoch") || contains(ran.out, "producerIds")) << ran.out;
}

TEST(Diff, OneTreeAtTwoMomentsIsTwoStates) {
  const auto tree = golden("sample/p3-hybrid-changed/zk-1");
  const auto ran = diff(tree, tree, {"--at", "claim"});
  EXPECT_EQ(ran.code, ExitCode::Finding) << ran.out << ran.err;
  const auto other = diff(tree, tree, {"--at", "claim", "--to-at", "claim"});
  EXPECT_EQ(other.code, ExitCode::Good) << other.out << other.err;
}

TEST(Diff, TwoMetadataLogsAreComparedInAllThirteenKinds) {
  const auto hybrid = golden("sample/p3-hybrid/controller-3000");
  const auto final = golden("sample/p5-finalised/controller-3000");
  const auto same = diff(hybrid, hybrid, {"--output", "json"});
  EXPECT_EQ(same.code, ExitCode::Good) << same.out << same.err;
  EXPECT_EQ(nlohmann::json::parse(same.out).at("kinds").size(), 13u);
  const auto ran = diff(hybrid, final);
  EXPECT_EQ(ran.code, ExitCode::Finding) << ran.out;
  EXPECT_TRUE(contains(ran.out, "features/zkMigrationState: MIGRATION vs POST_MIGRATION"))
      << ran.out;
  const auto earlier = diff(hybrid, hybrid, {"--at", "100"});
  EXPECT_EQ(earlier.code, ExitCode::Finding) << earlier.out << earlier.err;
}

TEST(Diff, AFleetThatHoldsBothStoresIsComparedWithItself) {
  const auto fleet = golden("sample/p3-hybrid");
  const auto ran = diff(fleet, fleet);
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.out << ran.err;
  EXPECT_TRUE(contains(ran.out, "verdict: equal")) << ran.out;
  EXPECT_EQ(run({"diff", "--from", (fleet / "zk-1").string()}).code, ExitCode::Usage);
}

// ── Some kinds alone ────────────────────────────────────────────────────────────────────────────

TEST(Diff, OnlyTheKindsAskedForAreCompared) {
  const auto before = golden("sample/p3-hybrid/zk-1");
  const auto after = golden("sample/p3-hybrid-changed/zk-1");
  std::size_t in_parts = 0;
  for (const char* kind :
       {"topics", "partitions", "topic-configs", "broker-configs", "client-quotas",
        "scram-credentials", "producer-ids", "acls", "delegation-tokens"}) {
    const auto ran = diff(before, after, {"--kind", kind, "--output", "json"});
    const auto said = nlohmann::json::parse(ran.out);
    ASSERT_EQ(said.at("kinds").size(), 1u);
    EXPECT_EQ(said.at("kinds")[0].at("kind"), kind);
    for (const auto& each : said.at("different")) EXPECT_EQ(each.at("kind"), kind);
    if (!said.at("different").empty()) ++in_parts;
    EXPECT_EQ(ran.code, said.at("different").empty() ? ExitCode::Good : ExitCode::Finding);
  }
  EXPECT_GT(in_parts, 2u);
  const auto two = diff(before, after, {"--kind", "acls", "--kind", "topics", "--output", "json"});
  EXPECT_EQ(nlohmann::json::parse(two.out).at("kinds").size(), 2u);
}

TEST(Diff, AKindThatIsNoneOrThatZooKeeperLacksIsAUsageError) {
  const auto tree = golden("sample/p3-hybrid/zk-1");
  const auto log = golden("sample/p3-hybrid/controller-3000");
  const auto slip = diff(tree, log, {"--kind", "topic-config"});
  EXPECT_EQ(slip.code, ExitCode::Usage);
  EXPECT_TRUE(contains(slip.err, "Did you mean 'topic-configs'?")) << slip.err;
  const auto lacking = diff(tree, log, {"--kind", "features"});
  EXPECT_EQ(lacking.code, ExitCode::Usage);
  EXPECT_TRUE(contains(lacking.err, "ZooKeeper holds no features")) << lacking.err;
  EXPECT_EQ(diff(log, log, {"--kind", "features"}).code, ExitCode::Good);
}

TEST(Diff, JUnitHasATestCaseForEachKindWhoseFailureListsTheDifferences) {
  const auto ran = diff(golden("sample/p3-hybrid/zk-1"), golden("sample/p3-hybrid-changed/zk-1"),
                        {"--kind", "topics", "--kind", "delegation-tokens", "--output", "junit"});
  EXPECT_TRUE(contains(ran.out, "tests=\"3\" failures=\"1\" errors=\"0\"")) << ran.out;
  EXPECT_TRUE(contains(ran.out, "name=\"topics\"><failure message=\"")) << ran.out;
  EXPECT_TRUE(contains(ran.out, "topics/")) << ran.out;
  EXPECT_TRUE(contains(ran.out, "name=\"delegation tokens\"/>")) << ran.out;
}

TEST(Diff, ALogThatIsDamagedBeforeTheOffsetIsNoProof) {
  const tests::ScratchFolder scratch;
  const auto kraft = scratch.copy_of("sample/p3-hybrid/controller-3000", "controller");
  const auto dir = kraft::open_metadata_dir(kraft);
  ASSERT_TRUE(dir);
  std::filesystem::resize_file(dir->segments.back().path, dir->segments.back().size / 2);
  const auto torn = diff(golden("sample/p3-hybrid/zk-1"), kraft);
  EXPECT_NE(torn.code, ExitCode::Good) << torn.out;
  EXPECT_FALSE(contains(torn.out, "verdict: equal"));
}

}  // namespace
