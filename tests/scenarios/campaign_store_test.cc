#include "scenarios/campaign_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace scenarios {
namespace {

namespace fs = std::filesystem;

class CampaignFile : public testing::Test {
 protected:
  CampaignFile() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = fs::path(testing::TempDir()) /
            (std::string("campaign-") + test->name() + "-" + std::to_string(getpid()));
    fs::remove(path_);
  }
  ~CampaignFile() override {
    for (const char* more : {"", "-wal", "-shm"}) fs::remove(path_.string() + more);
  }

  CampaignIdentity identity() const {
    return {.scenario = "some.txtpb",
            .scenario_text = "why: \"x\"\nseed: 1\n",
            .source = "topology",
            .source_digest = 7,
            .simulator = "zk2kraft 1",
            .replay = "zk2kraft run some.txtpb"};
  }
  CampaignStore opened() const {
    auto store = CampaignStore::open(path_.string(), identity());
    EXPECT_TRUE(store) << (store ? "" : sim::describe(store.error()));
    return std::move(*store);
  }
  sim::Problem refused(const CampaignIdentity& identity) const {
    const auto store = CampaignStore::open(path_.string(), identity);
    EXPECT_FALSE(store);
    return store ? sim::Problem{} : store.error();
  }
  std::string file() const { return path_.string(); }

 private:
  fs::path path_;
};

SeedResult result_of(std::uint64_t seed, Verdict verdict = Verdict::Good) {
  SeedResult result{.seed = seed, .verdict = verdict, .digest = ~seed, .events = 10 * seed};
  if (verdict == Verdict::Finding) result.first = "broker.P1: record 'q\"uoted' is gone";
  if (verdict == Verdict::Unknown) result.first = "never came: crash zk-1";
  if (verdict == Verdict::Finding) result.violated = {"broker.P1", "raft.I2"};
  result.known = {"MB-22"};
  result.faults = {"crash zk:leader at 1s", "cut zk-1 -> broker-2 at 3s"};
  result.phases_ms = {{"S4", 1500}, {"S5", 2500}};
  result.losses = {{"E-LRS", 2}};
  result.simulated_ms = 60'000;
  result.coverage.notices = {{"kraft.VoteGranted", seed}};
  if (seed % 2 == 0) result.coverage.notices["zk.SessionExpired"] = 1;
  result.checks = {{"broker.P1", 100}, {"raft.I2", 1}};
  return result;
}

TEST_F(CampaignFile, WhatWasAddedIsFoundAgainAfterTheFileWasClosed) {
  const SeedResult result = result_of(41, Verdict::Finding);
  {
    CampaignStore store = opened();
    ASSERT_TRUE(store.add(result));
  }
  EXPECT_FALSE(fs::exists(file() + "-wal")) << "it is one file";
  CampaignStore store = opened();
  const auto found = store.find(41);
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ(**found, result);
  const auto none = store.find(42);
  EXPECT_TRUE(none && !none->has_value());
  const auto missing = store.missing(40, 4);
  ASSERT_TRUE(missing);
  EXPECT_EQ(*missing, (std::vector<std::uint64_t>{40, 42, 43}));
}

TEST_F(CampaignFile, ALineSaysAllOfAResult) {
  const SeedResult result = result_of(9, Verdict::Finding);
  EXPECT_EQ(from_line(to_line(result)), result);
  EXPECT_EQ(from_line("half a {\"li"), std::nullopt);
}

TEST_F(CampaignFile, AnotherScenarioClusterOrSimulatorIsRefusedAndTheDifferenceSaid) {
  static_cast<void>(opened());
  CampaignIdentity other = identity();
  other.scenario_text = "why: \"x\"\nseed: 2\n";
  EXPECT_EQ(refused(other).severity, sim::Severity::Usage);
  EXPECT_NE(refused(other).what.find("had 'seed: 1' where there is 'seed: 2' now"),
            std::string::npos)
      << refused(other).what;
  other = identity();
  other.scenario_text = "why: \"x\"\n";
  EXPECT_NE(refused(other).what.find("where there is 'nothing' now"), std::string::npos);
  other = identity();
  other.source_digest = 8;
  EXPECT_NE(refused(other).what.find("its cluster was that of topology"), std::string::npos);
  other = identity();
  other.simulator = "zk2kraft 2";
  EXPECT_NE(refused(other).what.find("made by zk2kraft 1, and this is zk2kraft 2"),
            std::string::npos);
  // What is there for people only may change: the same campaign from another folder.
  other = identity();
  other.scenario = "../some.txtpb";
  EXPECT_TRUE(CampaignStore::open(file(), other));
}

TEST_F(CampaignFile, AFileThatIsNoCampaignsIsRefusedAndLeftAsItIs) {
  const std::string lines(5000, '{');
  std::ofstream(file()) << lines;
  EXPECT_EQ(refused(identity()).severity, sim::Severity::Malformed);
  EXPECT_EQ(fs::file_size(file()), lines.size());
  fs::remove(file());
  {
    auto foreign = Sqlite::open(file());
    ASSERT_TRUE(foreign);
    ASSERT_TRUE(foreign->run("CREATE TABLE song(name TEXT)"));
  }
  EXPECT_EQ(refused(identity()).severity, sim::Severity::Malformed);
  EXPECT_NE(refused(identity()).what.find("no campaign's"), std::string::npos);
  const auto nowhere = CampaignStore::open("/no/such/folder/file.db", identity());
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().severity, sim::Severity::Usage);
}

TEST_F(CampaignFile, ADamagedFileIsSaidToBeDamaged) {
  {
    CampaignStore store = opened();
    for (std::uint64_t seed = 1; seed <= 200; ++seed) ASSERT_TRUE(store.add(result_of(seed)));
  }
  {
    std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(4096);
    bytes << std::string(static_cast<std::size_t>(fs::file_size(file())) - 4096, 'x');
  }
  // SQLite may notice when it opens the file or when it reads from it.
  auto store = CampaignStore::open(file(), identity());
  const sim::Problem problem = store ? store->summary(1, 200).error() : store.error();
  EXPECT_EQ(problem.severity, sim::Severity::Malformed);
  EXPECT_NE(problem.what.find("damaged"), std::string::npos) << problem.what;
}

TEST_F(CampaignFile, TwoProcessesMayFillOneFile) {
  CampaignStore one = opened();
  CampaignStore other = opened();
  ASSERT_TRUE(one.add(result_of(1)));
  ASSERT_TRUE(other.add(result_of(1)));
  ASSERT_TRUE(other.add(result_of(2)));
  const auto missing = one.missing(1, 2);
  EXPECT_TRUE(missing && missing->empty());
}

TEST_F(CampaignFile, AKilledProcessLeavesWholeRowsAndLosesNoneThatWereAdded) {
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t writer = fork();
    if (writer == 0) {
      CampaignStore store = opened();
      for (std::uint64_t seed = static_cast<std::uint64_t>(round) * 1000;; ++seed) {
        if (!store.add(result_of(seed)) || write(ends[1], &seed, sizeof seed) != sizeof seed)
          _exit(1);
      }
    }
    close(ends[1]);
    std::uint64_t seed = 0;
    for (int rows = 0; rows < 20 + round; ++rows)
      ASSERT_EQ(read(ends[0], &seed, sizeof seed), sizeof seed);
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
    while (read(ends[0], &seed, sizeof seed) == sizeof seed) continue;  // added before the kill
    close(ends[0]);
    CampaignStore store = opened();
    const std::uint64_t first = static_cast<std::uint64_t>(round) * 1000;
    for (std::uint64_t added = first; added <= seed; ++added) {
      const auto found = store.find(added);
      ASSERT_TRUE(found && found->has_value()) << added;
      EXPECT_EQ(**found, result_of(added));
    }
  }
}

TEST_F(CampaignFile, TheSummaryCountsSeedsOfTheRangeAlone) {
  auto store = CampaignStore::open("", identity());
  ASSERT_TRUE(store);
  for (std::uint64_t seed = 1; seed <= 4; ++seed) ASSERT_TRUE(store->add(result_of(seed)));
  ASSERT_TRUE(store->add(result_of(6, Verdict::Finding)));
  ASSERT_TRUE(store->add(result_of(5, Verdict::Finding)));
  ASSERT_TRUE(store->add(result_of(7, Verdict::Unknown)));
  ASSERT_TRUE(store->add(result_of(99, Verdict::Finding)));
  const auto summary = store->summary(1, 8);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->seeds, 7U);
  EXPECT_EQ(summary->events, 280U);
  EXPECT_EQ(summary->verdicts,
            (std::map<std::string, std::uint64_t>{{"finding", 2}, {"good", 4}, {"unknown", 1}}));
  ASSERT_EQ(summary->findings.size(), 2U);
  EXPECT_EQ(summary->findings[0].home, "broker.P1");
  EXPECT_EQ(summary->findings[0].seeds, 2U);
  EXPECT_EQ(summary->findings[0].first_seed, 5U);
  EXPECT_EQ(summary->findings[1].home, "never came");
  EXPECT_EQ(summary->invariants.at("broker.P1").checked, 700U);
  EXPECT_EQ(summary->invariants.at("raft.I2").violated, 2U);
  EXPECT_EQ(summary->invariants.at("MB-22").known, 7U);
  EXPECT_EQ(summary->coverage.notices.at("zk.SessionExpired"), 3U);
  EXPECT_EQ(summary->losses.at("E-LRS"), 7U);
}

TEST(CampaignIdentity, TheDigestOfABeginningChangesWithAnyZnode) {
  zk2kraft::Cluster cluster;
  cluster.set_zookeepers(1);
  cluster.set_controllers(1);
  cluster.set_brokers(2);
  auto* const topic = cluster.add_topics();
  topic->set_name("orders");
  topic->set_partitions(2);
  const auto digest = [&] {
    const auto initial = initial_from_topology(cluster, {});
    EXPECT_TRUE(initial) << (initial ? "" : sim::describe(initial.error()));
    return initial ? digest_of(*initial) : 0;
  };
  const std::uint64_t before = digest();
  EXPECT_EQ(digest(), before);
  topic->set_partitions(3);
  EXPECT_NE(digest(), before);
}

}  // namespace
}  // namespace scenarios
