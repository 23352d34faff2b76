#include "scenarios/live/drive.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kraft/disk/metadata_image.h"
#include "scenarios/live/scratch.h"
#include "scenarios/text.h"
#include "tests/support/golden.h"
#include "tests/support/relay.h"
#include "tests/support/zookeeper_ensemble.h"
#include "zk/disk/recovery.h"
#include "zk/live/client.h"
#include "zk/paths.h"

// The driver over the C client, on a real ensemble of three servers that hold the sample cluster: claim, copy, mirror,
// failover and rollback (migration.md §2, §3, §4; the quorum is simulated).
//
//   zk-1 zk-2 zk-3 (real, 3.8) ◄── C client ◄── Gateway ◄── controller-3000 …, broker-1 broker-2 broker-3 (simulated)
namespace contracts {
namespace {

namespace fs = std::filesystem;
namespace live = scenarios::live;
using live::DriveOptions;
using live::DriveOutcome;
using live::Until;

class Drive : public testing::Test {
 protected:
  void SetUp() override {
    if (!tests::ZooKeeperServer::is_installed())
      GTEST_SKIP() << "needs the Debian package zookeeper";
    fs::remove_all(folder_);
    ensemble_ = std::make_unique<tests::ZooKeeperEnsemble>(
        folder_ / "zookeeper", tests::golden("sample/p0-zookeeper/zk-1"));
  }
  void TearDown() override {
    ensemble_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void mark() {
    write(zk::Create{.path = std::string(live::kMarkerPath),
                     .data = std::string(live::kMarkerContent)});
  }
  void write(zk::Request request) {
    auto client = zk::live::Client::open({.hosts = ensemble_->hosts()});
    ASSERT_TRUE(client.has_value());
    client->submit(zk::CallId(1), std::move(request));
    while (auto event = client->next(std::chrono::seconds(20))) {
      if (const auto* const reply = std::get_if<zk::Reply>(&*event)) {
        EXPECT_TRUE(reply->response.ok()) << zk::name_of(reply->response.error);
        return;
      }
    }
    FAIL() << "the ensemble does not answer";
  }

  // Small batches, so that a copy has a middle.
  DriveOptions options(const std::string& more = "",
                       const std::string& cluster = "controllers: 1") {
    auto scenario = scenarios::parse_scenario(
        fmt::format("why: \"-\" cluster {{ min_batch_size: 20 {} }} {}", cluster, more), "test");
    EXPECT_TRUE(scenario.has_value()) << (scenario ? "" : sim::describe(scenario.error()));
    DriveOptions options;
    options.zookeeper.hosts = ensemble_->hosts();
    options.scenario = *std::move(scenario);
    options.disks = folder_ / "disks";
    options.on_line = [this](const scenarios::TimelineLine& line) {
      story_ += fmt::format("{} {}: {}\n", sim::describe(line.at), line.who, line.what);
    };
    return options;
  }
  DriveOutcome drive(const DriveOptions& options) {
    auto outcome = live::drive(options);
    EXPECT_TRUE(outcome.has_value()) << (outcome ? "" : sim::describe(outcome.error())) << story_;
    return outcome ? *std::move(outcome) : DriveOutcome{};
  }
  static live::Hook at(std::string notice, std::uint32_t nth, std::function<void()> act) {
    return {{.notice = std::move(notice), .nth = nth}, std::move(act)};
  }

  zk::Tree tree() {
    auto read = live::read_whole({.hosts = ensemble_->hosts()});
    EXPECT_TRUE(read.has_value()) << (read ? "" : sim::describe(read.error()));
    return read ? *std::move(read) : zk::Tree();
  }
  // What the controller's disk says, read back as any other controller's, against the files that the servers began with.
  void expect_the_disk_holds_the_sample() {
    auto sample = zk::disk::recover(tests::golden("sample/p0-zookeeper/zk-1"), {});
    ASSERT_TRUE(sample.has_value());
    const zk::TreeImage before = zk::zk_to_image(sample->database.tree, "", {});
    const auto loaded = kraft::load_metadata(folder_ / "disks" / "controller-3000");
    ASSERT_TRUE(loaded.has_value()) << sim::describe(loaded.error());
    EXPECT_TRUE(loaded->problems.empty());
    const migrate::DiffReport report = migrate::differences({.zookeeper = before.image,
                                                             .report = before.report,
                                                             .migration = std::nullopt,
                                                             .kraft_at_checkpoint = loaded->image,
                                                             .kraft_at_end = loaded->image});
    EXPECT_TRUE(report.different.empty()) << sim::describe(report.different.front());
    EXPECT_EQ(report.verdict, migrate::Verdict::Equal);
    EXPECT_EQ(loaded->image.topics().size(), 26U);
  }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("zk2kraft-drive-{}", ::getpid());
  std::unique_ptr<tests::ZooKeeperEnsemble> ensemble_;
  std::string story_;
};

void expect_equal_stores(const DriveOutcome& outcome, const std::string& story) {
  EXPECT_TRUE(outcome.reached) << outcome.stuck_at << '\n' << story;
  ASSERT_TRUE(outcome.differences.has_value()) << story;
  for (const sim::Difference& difference : outcome.differences->different)
    ADD_FAILURE() << sim::describe(difference);
  EXPECT_EQ(outcome.differences->verdict, migrate::Verdict::Equal);
}

// Nothing is written before the marker stands; then claim, copy and mirror; a second life claims anew; and the way back
// leaves ZooKeeper as a broker in ZooKeeper mode wants it.
TEST_F(Drive, ClaimsCopiesMirrorsAndGoesBackOnARealEnsemble) {
  const zk::Zxid untouched = tree().last_processed_zxid();
  const auto refused = live::drive(options());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().severity, sim::Severity::Usage);
  EXPECT_NE(refused.error().remedy.find("create /zk2kraft-scratch may-be-overwritten"),
            std::string::npos);
  EXPECT_EQ(tree().find("/migration"), nullptr);
  EXPECT_EQ(tree().last_processed_zxid(), untouched);

  mark();
  DriveOptions first = options();
  first.until = Until::Copy;
  const DriveOutcome copied = drive(first);
  EXPECT_TRUE(copied.reached) << copied.stuck_at << story_;
  EXPECT_EQ(copied.claims.size(), 1U);
  ASSERT_TRUE(copied.copied.has_value());
  EXPECT_GT(copied.batches, 3);
  expect_the_disk_holds_the_sample();
  const zk::ClusterView claimed = zk::cluster_view(tree(), "");
  ASSERT_TRUE(claimed.migration.has_value());
  EXPECT_EQ(claimed.migration->znode.kraft_metadata.offset, copied.copied->end.offset);

  const DriveOutcome mirrored =
      drive(options("workload { change { create_topic { name: \"mirrored\" partitions: 3 } } } "
                    "workload { change { alter_config { topic: \"mirrored\" key: \"retention.ms\" "
                    "value: \"1000\" } } }"));
  expect_equal_stores(mirrored, story_);
  EXPECT_EQ(mirrored.copies_begun, 0U) << "what is copied is not copied again";
  ASSERT_EQ(mirrored.claims.size(), 1U);
  EXPECT_GT(mirrored.claims[0].kraft_epoch, copied.claims[0].kraft_epoch);
  EXPECT_EQ(mirrored.claims[0].zk_controller_epoch, copied.claims[0].zk_controller_epoch.next());
  const zk::Tree in_dual_write = tree();
  const zk::Znode* const topic = in_dual_write.find("/brokers/topics/mirrored");
  ASSERT_NE(topic, nullptr) << story_;
  EXPECT_EQ(zk::parse_topic(*topic->data)->partitions.size(), 3U);
  EXPECT_NE(in_dual_write.find("/config/topics/mirrored")->data->find("retention.ms"),
            std::string::npos);

  DriveOptions back = options();
  back.roll_back = true;
  const DriveOutcome rolled = drive(back);
  EXPECT_TRUE(rolled.reached) << rolled.stuck_at << story_;
  EXPECT_TRUE(rolled.back_under.has_value());
  const zk::Tree after = tree();
  EXPECT_EQ(after.find("/migration"), nullptr);
  const zk::ClusterView view = zk::cluster_view(after, "");
  EXPECT_GT(*view.controller_epoch, rolled.claims[0].zk_controller_epoch);
  EXPECT_NE(after.find("/brokers/topics/mirrored"), nullptr) << "what was mirrored stays";
}

// The ensemble loses its leader between two batches of the copy: connections are lost and found, and the copy is whole.
TEST_F(Drive, GoesOnWhenTheEnsemblesLeaderIsKilledInMidCopy) {
  mark();
  DriveOptions with_kill = options("workload { change { create_topic { name: \"mirrored\" } } }");
  std::size_t killed = tests::ZooKeeperEnsemble::kServers;
  with_kill.hooks.push_back(at("migrate.CopyBatch", 1, [&] { killed = ensemble_->kill_leader(); }));
  const DriveOutcome outcome = drive(with_kill);
  ASSERT_LT(killed, tests::ZooKeeperEnsemble::kServers) << "the leader was killed";
  expect_equal_stores(outcome, story_);
  EXPECT_GT(outcome.zookeeper.connections_lost, 0U);
  EXPECT_EQ(outcome.copies_begun, 1U)
      << "a lost connection is waited for, and the read asked again";
  EXPECT_NE(tree().find("/brokers/topics/mirrored"), nullptr);
  // The one that was killed learns it all from the others.
  ensemble_->restart(killed);
  EXPECT_NE(tree().find("/brokers/topics/mirrored"), nullptr);
}

// The controller that copies dies; another of the three takes the copy back and makes it anew.
TEST_F(Drive, AnotherControllerCopiesAnewWhenOneDiesInMidCopy) {
  mark();
  const DriveOptions with_crash =
      options("faults: \"crash controller:active on migrate.CopyBatch 2 for 10s\"",
              "controllers: 3 fixed: \"MB-22\"");
  const DriveOutcome outcome = drive(with_crash);
  expect_equal_stores(outcome, story_);
  ASSERT_EQ(outcome.claims.size(), 2U) << story_;
  EXPECT_NE(outcome.claims[0].node, outcome.claims[1].node);
  EXPECT_GT(outcome.claims[1].kraft_epoch, outcome.claims[0].kraft_epoch);
  EXPECT_EQ(outcome.copies_begun, 2U);
  EXPECT_EQ(zk::cluster_view(tree(), "").controller->znode.broker, outcome.claims[1].node);
}

// Interrupted in mid-copy, the run leaves an open transaction in the log and no offset in /migration; the next one aborts
// it and copies from the beginning.
TEST_F(Drive, AnInterruptedRunIsGoneOnWith) {
  mark();
  DriveOptions first = options();
  bool interrupted = false;
  first.hooks.push_back(at("migrate.CopyBatch", 2, [&] { interrupted = true; }));
  first.interrupted = [&] { return interrupted; };
  const DriveOutcome half = drive(first);
  EXPECT_TRUE(half.interrupted);
  EXPECT_FALSE(half.copied.has_value());
  EXPECT_EQ(zk::cluster_view(tree(), "").migration->znode.kraft_metadata.offset, sim::Offset(-1));
  EXPECT_TRUE(zk::cluster_view(tree(), "").brokers.empty()) << "its sessions have ended";

  const DriveOutcome whole = drive(options());
  expect_equal_stores(whole, story_);
  EXPECT_EQ(whole.copies_begun, 1U);
  EXPECT_GT(whole.claims[0].kraft_epoch, half.claims[0].kraft_epoch);

  // A quorum that remembers nothing must not begin here (MB-01, MB-02).
  DriveOptions forgetful = options();
  forgetful.disks.reset();
  const auto refused = live::drive(forgetful);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().severity, sim::Severity::Usage);
}

// For longer than its session lasts nothing passes between the controller and the ensemble. The copy dies with the
// session, and with it the process (migration.md §2.5); its next life claims and copies anew, in a new session.
TEST_F(Drive, ASessionThatExpiresInMidCopyEndsTheControllerAndItsNextLifeCopiesAnew) {
  mark();
  tests::Relay relay(ensemble_->server(0).port());
  DriveOptions behind_relay =
      options("", "controllers: 1 zookeeper_session_timeout: \"2s\" fixed: \"MB-22\"");
  behind_relay.zookeeper.hosts = relay.address();
  std::jthread frees;
  behind_relay.hooks.push_back(at("migrate.CopyBatch", 2, [&] {
    relay.block();
    frees = std::jthread([&] {
      std::this_thread::sleep_for(std::chrono::seconds(5));
      relay.unblock();
    });
  }));
  const DriveOutcome outcome = drive(behind_relay);
  expect_equal_stores(outcome, story_);
  EXPECT_GT(outcome.zookeeper.expired, 0U) << story_;
  EXPECT_EQ(outcome.claims.size(), 2U) << story_;
  EXPECT_EQ(outcome.copies_begun, 2U) << story_;
}

// The leader stands still from mid-copy to dual write. A follower answers reads meanwhile, so nobody notices before the
// write that ends the copy; then the others elect another leader. (Should the session expire with that write under way, the
// copy would be complete in the log alone: MB-07, which 3.9.1 has.)
TEST_F(Drive, GoesOnWhenTheEnsemblesLeaderStandsStillInMidCopy) {
  mark();
  DriveOptions with_pause = options("", "controllers: 1 fixed: \"MB-07\" fixed: \"MB-22\"");
  std::optional<std::size_t> frozen;
  with_pause.hooks.push_back(at("migrate.CopyBatch", 1, [&] {
    frozen = ensemble_->leader();
    ensemble_->server(*frozen).pause();
  }));
  live::Hook thaw = at("migrate.StateChanged", 1, [&] { ensemble_->server(*frozen).resume(); });
  thaw.moment.containing = "to=DUAL_WRITE";
  with_pause.hooks.push_back(std::move(thaw));
  const DriveOutcome outcome = drive(with_pause);
  if (frozen) ensemble_->server(*frozen).resume();
  EXPECT_TRUE(outcome.reached) << outcome.stuck_at << story_;
  EXPECT_GT(outcome.zookeeper.connections_lost, 0U) << story_;
}

}  // namespace
}  // namespace contracts
