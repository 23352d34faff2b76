#include "scenarios/disk_files.h"

#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "kraft/disk/metadata_log.h"
#include "scenarios/controller_files.h"
#include "tests/scenarios/runs.h"
#include "tests/support/zookeeper_server.h"
#include "tests/zk/live/tree_differences.h"
#include "zk/disk/recovery.h"
#include "zk/live/read_tree.h"
#include "zk/server_history.h"

// A run's disks, written as real files, and what a real ZooKeeper makes of them.
namespace scenarios {
namespace {

namespace fs = std::filesystem;

// No session expires within a test: a server of such a tick looks for expired ones once a day.
constexpr const char* kSessionsLast =
    "tickTime=86400000\nminSessionTimeout=4000\nmaxSessionTimeout=60000\n";

class DisksOfARun : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  // Runs the scenario, leaves its disks in `folder_` and the trees its ZooKeeper servers would start with in `trees_`.
  void run_and_write(const zk2kraft::Scenario& of, const Initial& initial) {
    RunOptions options;
    options.at_end = [&](const sim::World& world, const Cluster& cluster) {
      const auto written = write_disk_files(world, cluster, folder_);
      EXPECT_TRUE(written) << (written ? "" : sim::describe(written.error()));
      for (const sim::NodeId node : cluster.zookeepers()) {
        trees_[world.name_of(node)] = zk::History(world.disk(node).content()).database().tree;
      }
    };
    const Outcome outcome = run(of, initial, options);
    EXPECT_EQ(outcome.verdict, Verdict::Good) << why(outcome);
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
  std::map<std::string, zk::Tree> trees_;
};

// A number in what a server says to "mntr".
std::int64_t metric(const tests::ZooKeeperServer& server, const std::string& name) {
  const std::string all = server.answer_to("mntr");
  const std::size_t at = all.find(name + '\t');
  EXPECT_NE(at, std::string::npos) << name << " is not in:\n" << all;
  if (at == std::string::npos) return -1;
  std::int64_t value = -1;
  std::from_chars(all.data() + at + name.size() + 1, all.data() + all.size(), value);
  return value;
}

void expect_that_a_real_server_serves(const zk::Tree& expected, const fs::path& data_dir) {
  const tests::ZooKeeperServer server(data_dir, {.class_path = "", .more_config = kSessionsLast});
  zk::live::LiveOptions options;
  options.connect.hosts = server.address();
  const auto live = zk::live::read_tree(options);
  ASSERT_TRUE(live) << sim::describe(live.error());
  EXPECT_TRUE(live->consistent);
  const auto differences = tests::tree_differences(expected, live->tree);
  EXPECT_TRUE(differences.empty())
      << differences.size() << " znodes differ, the first: " << differences.front();
  EXPECT_EQ(metric(server, "zk_digest_mismatches_count"), 0);
}

TEST_F(DisksOfARun, AreServedByARealZooKeeperAsTheSimulatedServersHadThem) {
  if (!tests::ZooKeeperServer::is_installed()) GTEST_SKIP() << "needs the Debian package zookeeper";
  run_and_write(scenario("demo.txtpb"), at_claim("sample/p3-hybrid/zk-1"));
  ASSERT_EQ(trees_.size(), 3u);
  for (const auto& [name, tree] : trees_) {
    SCOPED_TRACE(name);
    EXPECT_GT(tree.size(), 100u);
    expect_that_a_real_server_serves(tree, folder_ / name);
  }
}

TEST_F(DisksOfARun, OfAClusterFromNothingAreServed) {
  if (!tests::ZooKeeperServer::is_installed()) GTEST_SKIP() << "needs the Debian package zookeeper";
  const zk2kraft::Scenario of = scenario("topology.txtpb");
  run_and_write(of, from_nothing(of));
  expect_that_a_real_server_serves(trees_.at("zk-1"), folder_ / "zk-1");
}

TEST_F(DisksOfARun, CarryTheDigestOfTheTreeAfterEachTransaction) {
  run_and_write(scenario("plain.txtpb"), at_claim("sample/p3-hybrid/zk-1"));
  for (const auto& [name, tree] : trees_) {
    const auto recovery = zk::disk::recover(folder_ / name);
    ASSERT_TRUE(recovery) << sim::describe(recovery.error());
    EXPECT_TRUE(recovery->warnings.empty());
    EXPECT_TRUE(recovery->database.tree.same_content(tree));
    std::uint64_t refused = 0;
    const auto all =
        zk::disk::read_transactions(folder_ / name, zk::Zxid(0), [&](const auto& entry) {
          refused += std::holds_alternative<zk::ErrorTxn>(entry.txn.txn) ? 1u : 0u;
          return zk::disk::Visit::Continue;
        });
    ASSERT_TRUE(all) << sim::describe(all.error());
    EXPECT_GT(recovery->transactions, 100u);
    EXPECT_EQ(recovery->digests_verified, 1 + recovery->transactions - refused)
        << "the snapshot's own among them";
  }
}

// So that another run can go on with them (zk2kraft drive).
TEST_F(DisksOfARun, OfControllersAreReadBackAsTheyWere) {
  std::map<std::string, sim::Durable> disks;
  RunOptions options;
  options.at_end = [&](const sim::World& world, const Cluster& cluster) {
    ASSERT_TRUE(write_controller_files(world, cluster, folder_));
    for (const auto& [id, node] : cluster.controllers())
      disks[world.name_of(node)] = world.disk(node).content();
  };
  run(scenario("demo.txtpb"), at_claim("sample/p3-hybrid/zk-1"), options);
  ASSERT_EQ(disks.size(), 3U);
  for (const auto& [name, disk] : disks) {
    SCOPED_TRACE(name);
    const auto read = read_controller_files(folder_ / name, Initial::kWallClockAtZeroMs);
    ASSERT_TRUE(read) << sim::describe(read.error());
    EXPECT_EQ("controller-" + std::to_string(read->node_id.value()), name);
    EXPECT_EQ(read->quorum,
              disk.at(kraft::kQuorumStateFile).entries.back().as<kraft::QuorumState>());
    const auto& before = disk.at(kraft::kLogFile).entries;
    const auto& after = read->disk.at(kraft::kLogFile).entries;
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      const auto& batch = after[i].as<kraft::Batch>();
      EXPECT_EQ(batch.describe(), before[i].as<kraft::Batch>().describe());
      EXPECT_EQ(batch.identity, before[i].as<kraft::Batch>().identity) << batch.describe();
    }
  }
}

TEST_F(DisksOfARun, OfControllersAreRefusedWhereTheyAreNotWhole) {
  RunOptions options;
  options.at_end = [&](const sim::World& world, const Cluster& cluster) {
    ASSERT_TRUE(write_controller_files(world, cluster, folder_));
    const auto again = write_controller_files(world, cluster, folder_);
    EXPECT_FALSE(again) << "nothing is overwritten";
  };
  run(scenario("plain.txtpb"), at_claim("sample/p3-hybrid/zk-1"), options);
  const auto refusal = [&](const std::string& name) {
    const auto read = read_controller_files(folder_ / name, 0);
    return read ? std::string() : sim::describe(read.error());
  };
  EXPECT_NE(refusal("controller-1").find("no such directory"), std::string::npos)
      << refusal("controller-1");
  fs::remove(folder_ / "controller-3000" / "meta.properties");
  EXPECT_NE(refusal("controller-3000").find("meta.properties"), std::string::npos);
  const fs::path log =
      folder_ / "controller-3001" / "__cluster_metadata-0" / "00000000000000000000.log";
  std::fstream(log, std::ios::in | std::ios::out | std::ios::binary).seekp(100).put('\x7f');
  EXPECT_NE(refusal("controller-3001"), "");
  std::ofstream(folder_ / "controller-3002" / "__cluster_metadata-0" /
                "00000000000000000005-0000000001.checkpoint");
  EXPECT_NE(refusal("controller-3002").find("checkpoint"), std::string::npos);
}

std::size_t files_named(const fs::path& folder, std::string_view part) {
  std::size_t found = 0;
  for (const auto& entry : fs::directory_iterator(folder))
    found += entry.path().string().find(part) != std::string::npos ? 1u : 0u;
  return found;
}

TEST_F(DisksOfARun, OfServersThatLiveByTheirSnapshotsHoldThemAndAreReadFromThem) {
  const zk2kraft::Scenario of = scenario("snapshots.txtpb");
  run_and_write(of, from_nothing(of));
  for (const auto& [name, tree] : trees_) {
    EXPECT_GT(files_named(folder_ / name / "version-2", "snapshot."), 1u);
    const auto recovery = zk::disk::recover(folder_ / name);
    ASSERT_TRUE(recovery) << sim::describe(recovery.error());
    EXPECT_TRUE(recovery->database.tree.same_content(tree));
  }
  const auto dir = kraft::open_metadata_dir(folder_ / "controller-3000");
  ASSERT_TRUE(dir) << sim::describe(dir.error());
  const auto read =
      kraft::read_metadata_log(*dir, [](kraft::RecordBatch& batch, const kraft::BatchSource&) {
        EXPECT_GE(batch.header.base_timestamp, Initial::kWallClockAtZeroMs);
      });
  ASSERT_TRUE(read.checkpoint.has_value());
  EXPECT_GT(read.checkpoint->offset, sim::Offset(0));
  EXPECT_GE(read.checkpoint_timestamp, Initial::kWallClockAtZeroMs);
  EXPECT_FALSE(read.damage.has_value());
}

}  // namespace
}  // namespace scenarios
