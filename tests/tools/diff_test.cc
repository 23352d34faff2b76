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
  const auto json = nlohmann::json::parse(by_folders.out);
  EXPECT_EQ(json.at("verdict"), "equal");
  EXPECT_EQ(json.at("kinds").size(), 9u);
  EXPECT_GT(json.at("kinds").at(0).at("zookeeper"), 0);
  EXPECT_EQ(json.at("different").size(), 0u);
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

  const auto json = nlohmann::json::parse(diff(scratch.path(), kraft, {"--output", "json"}).out);
  ASSERT_EQ(json.at("different").size(), 1u);
  EXPECT_EQ(json.at("different")[0].at("path"), "configs/TOPIC/audit.log/retention.bytes");

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

TEST(Diff, SourcesInTheWrongPlaceAreTurnedAway) {
  const auto phase = golden("sample/p3-hybrid");
  const auto turned = diff(phase / "controller-3000", phase / "zk-1");
  EXPECT_EQ(turned.code, ExitCode::Usage);
  EXPECT_TRUE(contains(turned.err, "a ZooKeeper source is wanted here")) << turned.err;
  EXPECT_TRUE(contains(turned.err, "a KRaft metadata log is wanted here")) << turned.err;
  EXPECT_EQ(run({"diff", "--from", (phase / "zk-1").string()}).code, ExitCode::Usage);
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
