#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "scenarios/disk_files.h"
#include "tests/scenarios/runs.h"

// Whole migrations, from real clusters' bytes and from nothing, to a verdict.
namespace scenarios {
namespace {

namespace fs = std::filesystem;

class EveryCapturedCluster : public testing::TestWithParam<const char*> {};

TEST_P(EveryCapturedCluster, MigratesAndItsCopyIsTheOneThatKafkaCommitted) {
  const fs::path disks = fs::path(testing::TempDir()) / ("run_test_" + std::string(GetParam()));
  fs::remove_all(disks);
  std::string controller;
  RunOptions options;
  options.at_end = [&](const sim::World& world, const Cluster& cluster) {
    const auto written = write_disk_files(world, cluster, disks);
    EXPECT_TRUE(written) << (written ? "" : sim::describe(written.error()));
    controller = world.name_of(cluster.controllers().begin()->second);
  };
  const Outcome outcome =
      run(scenario("plain.txtpb"), at_claim(std::string(GetParam()) + "/p3-hybrid/zk-1"), options);
  EXPECT_EQ(outcome.verdict, Verdict::Good) << why(outcome);
  EXPECT_GT(outcome.durability.acknowledged, 0u);
  EXPECT_EQ(outcome.durability.acknowledged, outcome.durability.readable);
  const auto ours = tests::committed_copy(disks / controller / "__cluster_metadata-0");
  const auto theirs =
      tests::committed_copy(tests::golden(std::string(GetParam()) + "/p3-hybrid/controller-3000"));
  EXPECT_FALSE(theirs.empty());
  EXPECT_TRUE(ours == theirs) << ours.size() << " records of ours, " << theirs.size()
                              << " of Kafka's";
  fs::remove_all(disks);
}

INSTANTIATE_TEST_SUITE_P(Run, EveryCapturedCluster,
                         testing::Values("sample", "failover", "rollback_hybrid", "copy_killed",
                                         "gz"));

TEST(Run, TheDemoEndsFinalisedAndLosesNothing) {
  const Outcome outcome = run(scenario("demo.txtpb"), at_claim("sample/p3-hybrid/zk-1"));
  EXPECT_EQ(outcome.verdict, Verdict::Good) << why(outcome);
  EXPECT_TRUE(outcome.goal_reached);
  EXPECT_EQ(outcome.durability.acknowledged, outcome.durability.readable);
  EXPECT_EQ(outcome.durability.committed, outcome.durability.found);
  EXPECT_GE(outcome.coverage.notices.at("migrate.CopyBegan"), 2u)
      << "the copy is done again after the crash";
}

TEST(Run, ACopyCutShortLeavesABrokerFencedUnlessTheDefectIsFixed) {
  // The controller dies in mid-copy under many seeds; with 3.9.1's heartbeat table some broker stays fenced in at
  // least one of them (MB-22), with the table made after the abort in none.
  zk2kraft::Scenario of = scenario("demo.txtpb");
  const Initial initial = at_claim("sample/p3-hybrid/zk-1");
  int with_defect = 0;
  int without = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    with_defect += static_cast<int>(run(of, initial, {.seed = seed}).known_violations.size());
  }
  of.mutable_cluster()->add_fixed("MB-22");
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Outcome outcome = run(of, initial, {.seed = seed});
    without += static_cast<int>(outcome.known_violations.size());
    EXPECT_EQ(outcome.verdict, Verdict::Good) << "seed " << seed << ": " << why(outcome);
  }
  EXPECT_GT(with_defect, 0);
  EXPECT_EQ(without, 0);
}

TEST(Run, AClusterFromNothingGoesThroughEveryPhase) {
  const zk2kraft::Scenario of = scenario("topology.txtpb");
  const Outcome outcome = run(of, from_nothing(of));
  EXPECT_EQ(outcome.verdict, Verdict::Good) << why(outcome);
  EXPECT_EQ(outcome.phases.size(), 9u);
}

TEST(Run, TheSameSeedGivesTheSameDigestAndAnotherSeedAnother) {
  const zk2kraft::Scenario of = scenario("topology.txtpb");
  const Initial initial = from_nothing(of);
  const Outcome first = run(of, initial, {.seed = 7});
  EXPECT_EQ(run(of, initial, {.seed = 7}).digest, first.digest);
  EXPECT_NE(run(of, initial, {.seed = 8}).digest, first.digest);
}

TEST(Run, AFaultThatNeverFiresMakesTheVerdictUnknown) {
  zk2kraft::Scenario of = scenario("topology.txtpb");
  of.add_faults("crash zk-1 on migrate.CopyAborted for 5s");
  const Outcome outcome = run(of, from_nothing(of));
  EXPECT_EQ(outcome.verdict, Verdict::Unknown);
  ASSERT_EQ(outcome.unmet.size(), 1u);
  EXPECT_NE(outcome.unmet.front().find("migrate.CopyAborted"), std::string::npos);
}

TEST(Run, AMetadataVersionThatCannotMigrateIsRefusedWithTheFirstThatCan) {
  zk2kraft::Scenario of = scenario("topology.txtpb");
  const Initial initial = from_nothing(of);
  of.mutable_cluster()->set_metadata_version("3.6-IV0");
  const auto outcome = run_scenario(of, initial, {.seed = 1}, {.source = "topology.txtpb"});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().severity, sim::Severity::Usage);
  EXPECT_NE(sim::describe(outcome.error()).find("3.6-IV1"), std::string::npos)
      << sim::describe(outcome.error());
  of.mutable_cluster()->set_metadata_version("3.6-IV1");
  EXPECT_TRUE(Cluster::plan(of, initial, {.source = "topology.txtpb"}));
}

TEST(Run, AFaultThatNamesNobodyIsRefusedWithASuggestion) {
  for (const char* words : {"crash zk:leeder at 3s", "cut zk-1 broker-2,zk:leeder at 3s",
                            "crash zk-1 on zk.Committed of zk:leeder"}) {
    zk2kraft::Scenario of = scenario("plain.txtpb");
    of.add_faults(words);
    const auto outcome = run_scenario(of, from_nothing(of), {}, {.source = "plain.txtpb"});
    ASSERT_FALSE(outcome) << words;
    EXPECT_EQ(outcome.error().severity, sim::Severity::Usage);
    EXPECT_NE(outcome.error().what.find("Did you mean 'zk:leader'?"), std::string::npos)
        << outcome.error().what;
  }
}

}  // namespace
}  // namespace scenarios
