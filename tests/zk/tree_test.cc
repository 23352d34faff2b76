#include "zk/tree.h"

#include <gtest/gtest.h>

#include "zk/tree_digest.h"

namespace zk {
namespace {

using ChangeKind = Change::Kind;

TxnHeader at(std::int64_t zxid, SessionId client = SessionId(7)) {
  return {.client_id = client, .cxid = 1, .zxid = Zxid(zxid), .time = WallTime(1000 + zxid)};
}

CreateTxn creation(std::string path, std::int32_t parent_cversion, Data data = std::string("d")) {
  return {.path = std::move(path),
          .data = std::move(data),
          .acl = open_acl_unsafe(),
          .ephemeral = false,
          .parent_cversion = ChildVersion(parent_cversion)};
}

CreateTxn ephemeral(std::string path, std::int32_t parent_cversion) {
  CreateTxn txn = creation(std::move(path), parent_cversion);
  txn.ephemeral = true;
  return txn;
}

// zookeeper.md §3.3: the digest that a real 3.8.0 server writes for a brand-new tree.
TEST(Tree, ABrandNewTreeHasTheDigestOfARealServer) {
  const Tree tree;
  EXPECT_EQ(tree.size(), 4U);
  EXPECT_EQ(tree.digest(), 1371985504U);
  EXPECT_EQ(tree.stat("/")->cversion, ChildVersion(-1));
  EXPECT_EQ(tree.children("/zookeeper"), (std::vector<std::string>{"config", "quota"}));
  EXPECT_EQ(*tree.acl(*tree.find("/zookeeper/config")), read_acl_unsafe());
  EXPECT_EQ(tree.find("/zookeeper/config")->stat.aversion, AclVersion(-1));
}

TEST(Tree, CreatingAndDeletingMovesTheParentAsClientsSeeIt) {
  Tree tree;
  EXPECT_EQ(tree.apply(at(1), creation("/a", 1)).result.error, ErrorCode::Ok);
  EXPECT_EQ(tree.apply(at(2), creation("/a/x", 1)).result.error, ErrorCode::Ok);
  const Applied created = tree.apply(at(3), creation("/a/y", 2));
  EXPECT_EQ(created.changes, (std::vector<Change>{{ChangeKind::Created, "/a/y"}}));
  EXPECT_EQ(tree.stat("/a")->num_children, 2);
  EXPECT_EQ(tree.stat("/a")->cversion, ChildVersion(2));
  EXPECT_EQ(tree.stat("/a")->pzxid, Zxid(3));

  const Applied deleted = tree.apply(at(4), DeleteTxn{"/a/x"});
  EXPECT_EQ(deleted.changes, (std::vector<Change>{{ChangeKind::Deleted, "/a/x"}}));
  EXPECT_EQ(tree.stat("/a")->cversion, ChildVersion(3)) << "creations plus deletions";
  EXPECT_EQ(tree.find("/a")->stat.cversion, ChildVersion(2)) << "stored: creations only";
  EXPECT_EQ(tree.stat("/a")->pzxid, Zxid(4));
  EXPECT_EQ(tree.stat("/a")->mzxid, Zxid(1));
  EXPECT_EQ(tree.last_processed_zxid(), Zxid(4));
}

TEST(Tree, SettingDataStoresTheVersionThatTheTransactionCarries) {
  Tree tree;
  tree.apply(at(1), creation("/a", 1, std::nullopt));
  EXPECT_EQ(tree.find("/a")->data, std::nullopt) << "null is not empty";
  for (int again = 0; again < 2; ++again) {
    const Applied set = tree.apply(at(2), SetDataTxn{"/a", std::string(), DataVersion(1)});
    EXPECT_EQ(set.changes, (std::vector<Change>{{ChangeKind::DataChanged, "/a"}}));
  }
  EXPECT_EQ(tree.find("/a")->data, std::string());
  EXPECT_EQ(tree.find("/a")->stat.version, DataVersion(1));
  EXPECT_EQ(tree.find("/a")->stat.mzxid, Zxid(2));
  EXPECT_EQ(tree.apply(at(3), SetDataTxn{"/b", "x", DataVersion(1)}).result.error,
            ErrorCode::NoNode);
}

TEST(Tree, ClosingASessionDeletesItsEphemeralsAndNobodyElses) {
  for (const bool listed : {true, false}) {
    Tree tree;
    tree.apply(at(1, SessionId(7)), ephemeral("/e1", 1));
    tree.apply(at(2, SessionId(8)), ephemeral("/e2", 2));
    tree.apply(at(3, SessionId(7)), ephemeral("/e3", 3));
    CloseSessionTxn close;
    if (listed) close.paths_to_delete = {"/e3", "/e1"};
    const Applied closed = tree.apply(at(4, SessionId(7)), close);
    EXPECT_EQ(closed.changes.size(), 2U);
    EXPECT_EQ(tree.children("/"), (std::vector<std::string>{"e2", "zookeeper"}));
    EXPECT_EQ(tree.ephemeral_owners(), std::vector<SessionId>{SessionId(8)});
  }
}

TEST(Tree, AMultiIsAllOrNothing) {
  Tree tree;
  const std::uint64_t before = tree.digest();
  const MultiTxn failed{{creation("/a", 1), ErrorTxn{ErrorCode::BadVersion},
                         ErrorTxn{ErrorCode::RuntimeInconsistency}}};
  const Applied nothing = tree.apply(at(1), failed);
  EXPECT_TRUE(nothing.changes.empty());
  EXPECT_EQ(nothing.result.error, ErrorCode::BadVersion);
  ASSERT_EQ(nothing.multi.size(), 3U);
  EXPECT_EQ(nothing.multi[0].error, ErrorCode::Ok);
  EXPECT_EQ(nothing.multi[2].error, ErrorCode::RuntimeInconsistency);
  EXPECT_EQ(tree.digest(), before);
  EXPECT_EQ(tree.last_processed_zxid(), Zxid(1)) << "a failed multi consumes its zxid";

  const MultiTxn fine{
      {CheckTxn{"/", DataVersion(1)}, creation("/a", 1), SetDataTxn{"/a", "new", DataVersion(1)}}};
  const Applied done = tree.apply(at(2), fine);
  EXPECT_EQ(done.result.error, ErrorCode::Ok);
  EXPECT_EQ(done.changes.size(), 2U);
  EXPECT_EQ(tree.find("/a")->stat.mzxid, Zxid(2)) << "all operations carry the multi's zxid";
  EXPECT_EQ(tree.find("/a")->data, "new");
}

TEST(Tree, ReplayingOverAFuzzySnapshotNeverMovesAParentBack) {
  Tree tree;
  tree.apply(at(1), creation("/a", 1));
  tree.apply(at(5), creation("/a/x", 3));
  // The creation that the snapshot already held, and an older one whose znode is gone again.
  EXPECT_EQ(tree.apply(at(5), creation("/a/x", 3)).result.error, ErrorCode::NodeExists);
  tree.apply(at(4), creation("/a/old", 2));
  EXPECT_EQ(tree.find("/a")->stat.cversion, ChildVersion(3));
  EXPECT_EQ(tree.find("/a")->stat.pzxid, Zxid(5));
  EXPECT_EQ(tree.apply(at(6), DeleteTxn{"/a/gone"}).result.error, ErrorCode::NoNode);
  EXPECT_EQ(tree.find("/a")->stat.pzxid, Zxid(6)) << "moves even when the child is missing";
}

TEST(Tree, ACopyIsIndependentOfTheOriginal) {
  Tree tree;
  for (int i = 0; i < 500; ++i) tree.apply(at(i + 1), creation("/n" + std::to_string(i), i + 1));
  Tree copy = tree;
  copy.apply(at(501), SetDataTxn{"/n250", "changed", DataVersion(1)});
  copy.apply(at(502), DeleteTxn{"/n0"});
  EXPECT_EQ(tree.find("/n250")->data, "d");
  EXPECT_NE(tree.find("/n0"), nullptr);
  EXPECT_EQ(copy.find("/n250")->data, "changed");
  EXPECT_EQ(copy.find("/n0"), nullptr);
  EXPECT_FALSE(tree.same_content(copy));
}

TEST(Tree, ListsChildrenByNameWhateverTheirPunctuation) {
  Tree tree;
  std::int32_t cversion = 0;
  for (const char* name : {"a", "a.b", "a-b", "a_b", "ab", "a!"}) {
    tree.apply(at(cversion + 1), creation(std::string("/") + name, cversion + 1));
    ++cversion;
  }
  tree.apply(at(10), creation("/a/child", 1));
  tree.apply(at(11), creation("/a/child/grandchild", 1));
  EXPECT_EQ(tree.children("/"),
            (std::vector<std::string>{"a", "a!", "a-b", "a.b", "a_b", "ab", "zookeeper"}));
  EXPECT_EQ(tree.children("/a"), std::vector<std::string>{"child"});
  std::vector<std::string> below;
  tree.for_each_below("/a", [&](std::string_view path, const Znode&) { below.emplace_back(path); });
  EXPECT_EQ(below, (std::vector<std::string>{"/a", "/a/child", "/a/child/grandchild"}));
}

TEST(Tree, ContainersAndTtlsShowNoOwner) {
  Tree tree;
  tree.apply(at(1), CreateContainerTxn{"/c", "x", open_acl_unsafe(), ChildVersion(1)});
  tree.apply(at(2), CreateTtlTxn{"/t", "x", open_acl_unsafe(), ChildVersion(2), 5000});
  EXPECT_EQ(tree.find("/c")->stat.ephemeral_owner, kContainerOwner);
  EXPECT_EQ(ttl_ms(tree.find("/t")->stat.ephemeral_owner), 5000);
  EXPECT_EQ(tree.stat("/c")->ephemeral_owner, kNoSession);
  EXPECT_EQ(tree.stat("/t")->ephemeral_owner, kNoSession);
  EXPECT_EQ(tree.containers(), std::set<std::string>{"/c"});
  EXPECT_EQ(tree.ttls(), std::set<std::string>{"/t"});
}

TEST(Database, KeepsTheTimeoutsOfOpenSessions) {
  Database database;
  database.apply(at(1, SessionId(7)), CreateSessionTxn{18000});
  database.apply(at(2, SessionId(8)), CreateSessionTxn{6000});
  database.apply(at(3, SessionId(7)), CloseSessionTxn{});
  EXPECT_EQ(database.session_timeouts_ms,
            (std::map<SessionId, std::int32_t>{{SessionId(8), 6000}}));
}

}  // namespace
}  // namespace zk
