#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/contracts/gateway_port.h"
#include "tests/contracts/live_port.h"
#include "tests/contracts/port.h"
#include "tests/contracts/simulated_port.h"

// What every user of the port may rely on: the migration driver, the controllers, the brokers' links. Each test runs
// against the simulated ensemble, against a real server with the C client, and with the simulated client on that server (zookeeper.md §1.4–§1.9).
namespace contracts {
namespace {

using namespace std::chrono_literals;
using enum zk::ErrorCode;
using zk::CreateMode;
using zk::DataVersion;
using zk::Watching;

class Port : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    if (GetParam() == "simulated") {
      ensemble_ = std::make_unique<SimulatedEnsemble>();
    } else if (!tests::ZooKeeperServer::is_installed()) {
      GTEST_SKIP() << "needs the Debian package zookeeper";
    } else if (GetParam() == "live") {
      ensemble_ = std::make_unique<LiveEnsemble>();
    } else {
      ensemble_ = std::make_unique<GatewayEnsemble>();
    }
    // The live server is shared by all tests: each has a root of its own.
    root_ = '/' + std::string(testing::UnitTest::GetInstance()->current_test_info()->name());
    root_.replace(root_.rfind('/'), 1, "-");
    const auto maker = ensemble_->session({});
    ASSERT_TRUE(maker->ask(zk::Create{.path = root_, .data = ""}).ok());
    session_ = new_session();
  }

  std::unique_ptr<Session> new_session(std::chrono::milliseconds timeout = 6000ms) {
    return ensemble_->session({.chroot = root_, .timeout = timeout});
  }
  zk::Response ask(zk::Request request, Watching watching = Watching::No) {
    return session_->ask(std::move(request), watching);
  }
  void create(const std::string& path, zk::Data data = "",
              CreateMode mode = CreateMode::Persistent) {
    ASSERT_TRUE(ask(zk::Create{.path = path, .data = std::move(data), .mode = mode}).ok()) << path;
  }
  zk::GotData data_of(const std::string& path) {
    const zk::Response response = ask(zk::GetData{path});
    const auto* const got = zk::result_if<zk::GotData>(response);
    EXPECT_NE(got, nullptr) << path << ": " << zk::name_of(response.error);
    return got == nullptr ? zk::GotData{} : *got;
  }
  bool exists(const std::string& path) { return ask(zk::Exists{path}).ok(); }
  std::vector<std::string> children_of(const std::string& path) {
    const zk::Response response = ask(zk::GetChildren{path});
    const auto* const got = zk::result_if<zk::GotChildren>(response);
    EXPECT_NE(got, nullptr) << path << ": " << zk::name_of(response.error);
    return got == nullptr ? std::vector<std::string>{} : got->children;
  }

  std::unique_ptr<Ensemble> ensemble_;
  std::string root_;
  std::unique_ptr<Session> session_;
};

INSTANTIATE_TEST_SUITE_P(Of, Port, testing::Values("simulated", "live", "through_gateway"),
                         [](const auto& tested) { return std::string(tested.param); });

// ── One znode ───────────────────────────────────────────────────────────────────────────────────

TEST_P(Port, ACreatedZnodeIsAnsweredWithItsPathAndStat) {
  const zk::Response response = ask(zk::Create{.path = "/a", .data = "hello"});
  const auto* const created = zk::result_if<zk::Created>(response);
  ASSERT_NE(created, nullptr);
  EXPECT_EQ(created->path, "/a");
  EXPECT_EQ(created->stat.czxid, created->stat.mzxid);
  EXPECT_EQ(created->stat.czxid, response.zxid);
  EXPECT_EQ(created->stat.ctime, created->stat.mtime);
  EXPECT_EQ(created->stat.version, DataVersion(0));
  EXPECT_EQ(created->stat.data_length, 5);
  EXPECT_EQ(data_of("/a").data, "hello");
  EXPECT_EQ(data_of("/a").stat, created->stat);
}

TEST_P(Port, AbsentAndEmptyDataAreTwoThings) {
  create("/absent", std::nullopt);
  create("/empty", "");
  EXPECT_EQ(data_of("/absent").data, std::nullopt);
  EXPECT_EQ(data_of("/empty").data, "");
}

TEST_P(Port, DataMayHoldAnyByte) {
  const std::string all("\0\x01\xff/\n\xc3\x28", 7);
  create("/bytes", all);
  EXPECT_EQ(data_of("/bytes").data, all);
}

TEST_P(Port, WhatIsThereCannotBeCreatedAndWhatIsNotCannotBeUsed) {
  create("/a");
  EXPECT_EQ(ask(zk::Create{.path = "/a"}).error, NodeExists);
  EXPECT_EQ(ask(zk::Create{.path = "/b/c"}).error, NoNode);
  EXPECT_EQ(ask(zk::SetData{.path = "/b", .data = ""}).error, NoNode);
  EXPECT_EQ(ask(zk::Delete{.path = "/b"}).error, NoNode);
  EXPECT_EQ(ask(zk::GetData{"/b"}).error, NoNode);
  EXPECT_EQ(ask(zk::Exists{"/b"}).error, NoNode);
  EXPECT_EQ(ask(zk::GetChildren{"/b"}).error, NoNode);
  EXPECT_EQ(ask(zk::GetAcl{"/b"}).error, NoNode);
  EXPECT_EQ(ask(zk::SetAcl{.path = "/b", .acl = zk::open_acl_unsafe()}).error, NoNode);
}

TEST_P(Port, AVersionMustBeTheLastUnlessItIsAny) {
  create("/a", "0");
  const zk::Response set = ask(zk::SetData{.path = "/a", .data = "1", .version = DataVersion(0)});
  const auto* const stat = zk::result_if<zk::Stat>(set);
  ASSERT_NE(stat, nullptr);
  EXPECT_EQ(stat->version, DataVersion(1));
  EXPECT_EQ(stat->mzxid, set.zxid);
  EXPECT_GT(stat->mzxid, stat->czxid);
  EXPECT_EQ(ask(zk::SetData{.path = "/a", .data = "2", .version = DataVersion(0)}).error,
            BadVersion);
  EXPECT_EQ(ask(zk::Delete{.path = "/a", .version = DataVersion(0)}).error, BadVersion);
  EXPECT_EQ(data_of("/a").data, "1");
  EXPECT_TRUE(ask(zk::SetData{.path = "/a", .data = "3"}).ok());
  EXPECT_TRUE(ask(zk::Delete{.path = "/a", .version = DataVersion(2)}).ok());
  EXPECT_FALSE(exists("/a"));
}

TEST_P(Port, AnAclHasAVersionOfItsOwn) {
  create("/a");
  EXPECT_EQ(
      ask(zk::SetAcl{.path = "/a", .acl = zk::read_acl_unsafe(), .version = zk::AclVersion(7)})
          .error,
      BadVersion);
  EXPECT_TRUE(
      ask(zk::SetAcl{.path = "/a", .acl = zk::read_acl_unsafe(), .version = zk::AclVersion(0)})
          .ok());
  const zk::Response response = ask(zk::GetAcl{"/a"});
  const auto* const got = zk::result_if<zk::GotAcl>(response);
  ASSERT_NE(got, nullptr);
  EXPECT_EQ(got->acl, zk::read_acl_unsafe());
  EXPECT_EQ(got->stat.aversion, zk::AclVersion(1));
  EXPECT_EQ(got->stat.version, DataVersion(0));
  EXPECT_EQ(ask(zk::SetData{.path = "/a", .data = "x"}).error, NoAuth);
}

// ── Parents and children ────────────────────────────────────────────────────────────────────────

TEST_P(Port, AParentCountsItsChildren) {
  create("/p");
  create("/p/b");
  create("/p/a");
  EXPECT_EQ(ask(zk::Delete{.path = "/p"}).error, NotEmpty);
  EXPECT_EQ(children_of("/p"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(ask(zk::Delete{.path = "/p/b"}).ok());
  const zk::Stat stat = data_of("/p").stat;
  EXPECT_EQ(stat.num_children, 1);
  EXPECT_EQ(stat.cversion, zk::ChildVersion(3)) << "two creations, one deletion";
  EXPECT_EQ(stat.version, DataVersion(0));
  EXPECT_GT(stat.pzxid, stat.mzxid);
}

TEST_P(Port, ASequentialZnodeIsNumberedByItsParent) {
  create("/p");
  const auto created = [&](CreateMode mode) {
    const zk::Response response = ask(zk::Create{.path = "/p/n-", .data = "", .mode = mode});
    const auto* const got = zk::result_if<zk::Created>(response);
    return got == nullptr ? "" : got->path;
  };
  EXPECT_EQ(created(CreateMode::PersistentSequential), "/p/n-0000000000");
  EXPECT_EQ(created(CreateMode::EphemeralSequential), "/p/n-0000000001");
  create("/p/other");
  EXPECT_TRUE(ask(zk::Delete{.path = "/p/n-0000000000"}).ok());
  EXPECT_EQ(created(CreateMode::PersistentSequential), "/p/n-0000000003")
      << "a deletion uses no number up";
}

// ── Ephemerals and sessions ─────────────────────────────────────────────────────────────────────

TEST_P(Port, AnEphemeralBelongsToItsSessionAndHasNoChildren) {
  create("/e", "", CreateMode::Ephemeral);
  EXPECT_EQ(data_of("/e").stat.ephemeral_owner, session_->id());
  EXPECT_EQ(ask(zk::Create{.path = "/e/child"}).error, NoChildrenForEphemerals);
}

TEST_P(Port, AClosedSessionTakesItsEphemeralsAlong) {
  const auto other = new_session();
  ASSERT_TRUE(other->ask(zk::Create{.path = "/e", .data = "", .mode = CreateMode::Ephemeral}).ok());
  ASSERT_TRUE(other->ask(zk::Create{.path = "/p", .data = ""}).ok());
  EXPECT_TRUE(ask(zk::Exists{"/e"}, Watching::Yes).ok());
  other->close();
  EXPECT_EQ(session_->fired(1),
            (std::vector<zk::WatchedEvent>{
                {zk::WatchedEventType::NodeDeleted, zk::KeeperState::SyncConnected, "/e"}}));
  EXPECT_FALSE(exists("/e"));
  EXPECT_TRUE(exists("/p"));
  EXPECT_EQ(other->ask(zk::Exists{"/p"}).error, SessionExpired);
}

// ── Multi ───────────────────────────────────────────────────────────────────────────────────────

TEST_P(Port, AMultiIsOneTransactionWhosePartsSeeEachOther) {
  create("/a", "0");
  const zk::Response response = ask(
      zk::Multi{{zk::Check{"/a", DataVersion(0)}, zk::Create{.path = "/b", .data = "new"},
                 zk::Create{.path = "/b/c-", .data = "", .mode = CreateMode::PersistentSequential},
                 zk::SetData{"/a", "1", DataVersion(0)}, zk::SetData{"/a", "2", DataVersion(1)},
                 zk::Create{.path = "/gone", .data = ""}, zk::Delete{"/gone", DataVersion(0)}}});
  const auto* const multi = zk::result_if<zk::MultiResult>(response);
  ASSERT_NE(multi, nullptr) << zk::name_of(response.error);
  ASSERT_EQ(multi->results.size(), 7u);
  EXPECT_EQ(std::get<zk::Created>(multi->results[1].value).path, "/b");
  EXPECT_EQ(std::get<zk::Created>(multi->results[2].value).path, "/b/c-0000000000");
  EXPECT_EQ(std::get<zk::Stat>(multi->results[3].value).version, DataVersion(1));
  EXPECT_EQ(std::get<zk::Stat>(multi->results[4].value).version, DataVersion(2));
  const zk::GotData a = data_of("/a");
  EXPECT_EQ(a.data, "2");
  EXPECT_EQ(a.stat.mzxid, data_of("/b").stat.czxid) << "one zxid for all";
  EXPECT_FALSE(exists("/gone"));
}

TEST_P(Port, AMultiThatFailsSaysWhichPartAndDoesNothing) {
  create("/a", "0");
  const auto errors_of = [&](zk::Multi multi) {
    const zk::Response response = ask(std::move(multi));
    std::vector<zk::ErrorCode> errors{response.error};
    const auto* const result = std::get_if<zk::MultiResult>(&response.result);
    EXPECT_NE(result, nullptr);
    if (result == nullptr) return errors;
    for (const zk::OpResponse& op : result->results) errors.push_back(op.error);
    return errors;
  };
  using Errors = std::vector<zk::ErrorCode>;
  EXPECT_EQ(errors_of({{zk::SetData{"/a", "1"}, zk::Check{"/a", DataVersion(0)},
                        zk::Create{.path = "/b"}}}),
            (Errors{BadVersion, Ok, BadVersion, RuntimeInconsistency}));
  EXPECT_EQ(errors_of({{zk::Create{.path = "/b"}, zk::Create{.path = "/a"}}}),
            (Errors{NodeExists, Ok, NodeExists}));
  EXPECT_EQ(errors_of({{zk::Delete{"/x"}, zk::Delete{"/y"}}}),
            (Errors{NoNode, NoNode, RuntimeInconsistency}));
  EXPECT_EQ(errors_of({{zk::Check{"/x", DataVersion(0)}}}), (Errors{NoNode, NoNode}));
  EXPECT_EQ(data_of("/a").data, "0");
  EXPECT_EQ(data_of("/a").stat.version, DataVersion(0));
  EXPECT_FALSE(exists("/b"));
}

TEST_P(Port, RequestsInFlightAreDoneInTheirOrder) {
  std::vector<zk::CallId> calls{session_->submit(zk::Create{.path = "/a", .data = "0"})};
  for (int version = 0; version < 20; ++version) {
    calls.push_back(
        session_->submit(zk::SetData{"/a", std::to_string(version + 1), DataVersion(version)}));
  }
  const zk::CallId read = session_->submit(zk::GetData{"/a"});
  for (const zk::CallId call : calls) EXPECT_TRUE(session_->wait(call).ok());
  EXPECT_EQ(std::get<zk::GotData>(session_->wait(read).result).data, "20");
}

// ── Watches ─────────────────────────────────────────────────────────────────────────────────────

TEST_P(Port, AWatchFiresOnceAndBeforeTheNewStateIsSeen) {
  const auto writer = new_session();
  create("/a", "0");
  EXPECT_TRUE(ask(zk::GetData{"/a"}, Watching::Yes).ok());
  for (const char* value : {"1", "2"}) ASSERT_TRUE(writer->ask(zk::SetData{"/a", value}).ok());
  const zk::WatchedEvent changed{zk::WatchedEventType::NodeDataChanged,
                                 zk::KeeperState::SyncConnected, "/a"};
  EXPECT_EQ(session_->fired(1), std::vector{changed});
  ASSERT_TRUE(ask(zk::Sync{"/a"}).ok());
  EXPECT_EQ(data_of("/a").data, "2");
  EXPECT_TRUE(session_->fired(0).empty()) << "it was one shot";
}

TEST_P(Port, EachKindOfChangeTellsItsOwnWatchers) {
  using enum zk::WatchedEventType;
  const auto types = [&](std::size_t count) {
    std::vector<std::pair<zk::WatchedEventType, std::string>> seen;
    for (const zk::WatchedEvent& event : session_->fired(count))
      seen.emplace_back(event.type, event.path);
    std::ranges::sort(seen);
    return seen;
  };
  using Seen = std::vector<std::pair<zk::WatchedEventType, std::string>>;
  create("/p");
  EXPECT_EQ(ask(zk::Exists{"/p/a"}, Watching::Yes).error, NoNode);
  EXPECT_TRUE(ask(zk::GetChildren{"/p"}, Watching::Yes).ok());
  create("/p/a");
  EXPECT_EQ(types(2), (Seen{{NodeCreated, "/p/a"}, {NodeChildrenChanged, "/p"}}));
  EXPECT_TRUE(ask(zk::GetData{"/p"}, Watching::Yes).ok());
  create("/p/b");
  EXPECT_TRUE(ask(zk::SetAcl{.path = "/p", .acl = zk::open_acl_unsafe()}).ok());
  EXPECT_TRUE(types(0).empty()) << "neither a child nor an ACL is data";
  EXPECT_TRUE(ask(zk::GetChildren{"/p"}, Watching::Yes).ok());
  EXPECT_TRUE(ask(zk::SetData{"/p", "1"}).ok());
  EXPECT_EQ(types(1), (Seen{{NodeDataChanged, "/p"}}));
  EXPECT_TRUE(ask(zk::GetData{"/p/a"}, Watching::Yes).ok());
  EXPECT_TRUE(ask(zk::Delete{"/p/a"}).ok());
  EXPECT_EQ(types(2), (Seen{{NodeDeleted, "/p/a"}, {NodeChildrenChanged, "/p"}}));
}

TEST_P(Port, AReadThatFindsNothingLeavesAWatchOnlyIfItAskedForExistence) {
  EXPECT_EQ(ask(zk::GetData{"/a"}, Watching::Yes).error, NoNode);
  EXPECT_EQ(ask(zk::GetChildren{"/b"}, Watching::Yes).error, NoNode);
  EXPECT_EQ(ask(zk::Exists{"/c"}, Watching::Yes).error, NoNode);
  create("/a");
  create("/b");
  create("/c");
  EXPECT_EQ(session_->fired(1),
            (std::vector<zk::WatchedEvent>{
                {zk::WatchedEventType::NodeCreated, zk::KeeperState::SyncConnected, "/c"}}));
}

// ── Lost connections ────────────────────────────────────────────────────────────────────────────

TEST_P(Port, ALostConnectionLeavesAWriteUnknownAndTheSessionAlive) {
  create("/e", "", CreateMode::Ephemeral);
  EXPECT_TRUE(ask(zk::Exists{"/a"}, Watching::Yes).error == NoNode);
  const zk::SessionId before = session_->id();
  ensemble_->silence();
  const zk::CallId write = session_->submit(zk::Create{.path = "/b", .data = ""});
  EXPECT_EQ(session_->wait(write).error, ConnectionLoss);
  ensemble_->speak();
  // What became of it shows a reading, and stays so.
  ASSERT_TRUE(ask(zk::Sync{"/"}).ok());
  const bool applied = exists("/b");
  EXPECT_EQ(ask(zk::Create{.path = "/b"}).error, applied ? NodeExists : Ok);
  EXPECT_EQ(data_of("/e").stat.ephemeral_owner, before);
  // The watch went along to the new connection.
  create("/a");
  EXPECT_EQ(session_->fired(1).size(), 1u);
}

TEST_P(Port, AfterAnExpiryTheSessionIsOverForGood) {
  const auto other = new_session(1500ms);
  ASSERT_TRUE(other->ask(zk::Create{.path = "/e", .data = "", .mode = CreateMode::Ephemeral}).ok());
  ensemble_->silence();
  ensemble_->pass(3500ms);
  ensemble_->speak();
  zk::ErrorCode error = other->ask(zk::Exists{"/e"}).error;
  if (error == ConnectionLoss) error = other->ask(zk::Exists{"/e"}).error;
  EXPECT_EQ(error, SessionExpired);
  EXPECT_EQ(other->ask(zk::Create{.path = "/x"}).error, SessionExpired);
  ASSERT_TRUE(ask(zk::Sync{"/"}).ok());
  EXPECT_FALSE(exists("/e"));
  EXPECT_FALSE(exists("/x"));
}

}  // namespace
}  // namespace contracts
