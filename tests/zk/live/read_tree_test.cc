#include "zk/live/read_tree.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/support/golden.h"
#include "tests/support/zookeeper_server.h"
#include "zk/disk/recovery.h"

// A real ZooKeeper server, started from real files, read through the real client.
namespace zk::live {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class LiveTree : public testing::Test {
 protected:
  void SetUp() override {
    if (!tests::ZooKeeperServer::is_installed())
      GTEST_SKIP() << "needs the Debian package zookeeper";
    folder_ = fs::temp_directory_path() / ("zk2kraft-live-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path copy_of(std::string_view golden) {
    const fs::path copy = folder_ / "zk";
    fs::copy(tests::golden(golden), copy, fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(copy)) {
      fs::permissions(entry.path(), fs::perms::owner_all, fs::perm_options::add);
    }
    return copy;
  }

  fs::path folder_;
};

LiveOptions options_for(const tests::ZooKeeperServer& server) {
  LiveOptions options;
  options.connect.hosts = server.address();
  options.connect.session_timeout = 6000ms;
  return options;
}

TEST_F(LiveTree, IsWhatTheServersFilesSay) {
  const fs::path data = copy_of("sample/p3-hybrid/zk-1");
  const auto files = disk::recover(data);
  ASSERT_TRUE(files);
  const tests::ZooKeeperServer server(data);
  const auto live = read_tree(options_for(server));
  ASSERT_TRUE(live) << sim::describe(live.error());
  EXPECT_TRUE(live->consistent);
  EXPECT_TRUE(live->unreadable.empty());
  const Tree& from_files = files->database.tree;
  std::size_t ephemerals = 0;
  from_files.for_each([&](std::string_view path, const Znode& znode) {
    if (path.starts_with("/zookeeper")) return;  // each server's own
    const Znode* twin = live->tree.find(path);
    if (owner_kind(znode.stat.ephemeral_owner) == OwnerKind::Ephemeral) {
      ++ephemerals;  // sessions expire a while after the start
      return;
    }
    ASSERT_NE(twin, nullptr) << path;
    EXPECT_EQ(twin->data, znode.data) << path;
    EXPECT_EQ(*live->tree.acl(*twin), *from_files.acl(znode)) << path;
    PersistedStat stat = twin->stat;
    if (stat.pzxid > files->last_zxid)
      stat.pzxid = znode.stat.pzxid;  // its ephemeral children are gone
    EXPECT_EQ(stat, znode.stat) << path;
  });
  EXPECT_GE(ephemerals, 3U);
  EXPECT_GE(live->tree.size() + ephemerals, from_files.size());
}

TEST_F(LiveTree, BelowAChrootPathsBeginAnew) {
  const tests::ZooKeeperServer server(copy_of("sample/p3-hybrid/zk-1"));
  LiveOptions options = options_for(server);
  options.connect.chroot = "/config";
  const auto live = read_tree(options);
  ASSERT_TRUE(live) << sim::describe(live.error());
  EXPECT_NE(live->tree.find("/topics"), nullptr);
  EXPECT_EQ(live->tree.find("/config"), nullptr);

  options.connect.chroot = "/no/such";
  const auto missing = read_tree(options);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().what.find("chroot"), std::string::npos);
}

TEST_F(LiveTree, SurvivesAServerThatStopsAnsweringForAWhile) {
  const tests::ZooKeeperServer server(copy_of("sample/p3-hybrid/zk-1"));
  LiveOptions options = options_for(server);
  options.max_outstanding = 3;
  bool paused = false;
  std::jthread waker;
  options.progress = [&](const Progress&) {
    if (std::exchange(paused, true)) return;
    server.pause();
    waker = std::jthread([&server] {
      std::this_thread::sleep_for(
          4500ms);  // more than two thirds of the timeout, less than all of it
      server.resume();
    });
  };
  const auto live = read_tree(options);
  ASSERT_TRUE(live) << sim::describe(live.error());
  EXPECT_TRUE(paused) << "the tree is large enough to be interrupted";
  EXPECT_TRUE(live->consistent);
}

TEST_F(LiveTree, SaysWhatToDoWhenNobodyListens) {
  LiveOptions options;
  options.connect.hosts = "127.0.0.1:" + std::to_string(tests::free_port());
  options.connect.connect_timeout = 1000ms;
  const auto live = read_tree(options);
  ASSERT_FALSE(live);
  EXPECT_NE(live.error().what.find("nobody accepts connections"), std::string::npos);
}

}  // namespace
}  // namespace zk::live
