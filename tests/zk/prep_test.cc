#include "zk/prep.h"

#include <gtest/gtest.h>

namespace zk {
namespace {

// Prepares requests one after another; `tree` moves only when told to.
class Stage {
 public:
  Txn prepare(const Request& request, std::vector<Identity> identities = {}) {
    zxid_ = Zxid(zxid_.next());
    return prep.prepare(tree, request, SessionId(7), identities, zxid_, {});
  }
  void apply(const Request& request) {
    const Txn txn = prepare(request);
    tree.apply({SessionId(7), 1, zxid_, WallTime(0)}, txn);
    prep.applied(zxid_);
  }
  Zxid zxid() const { return zxid_; }
  Tree tree;
  Prep prep;

 private:
  Zxid zxid_;
};

ErrorCode error_of(const Txn& txn) {
  const auto* const error = std::get_if<ErrorTxn>(&txn);
  return error == nullptr ? ErrorCode::Ok : error->error;
}
Create create(std::string path, CreateMode mode = CreateMode::Persistent) {
  return {.path = std::move(path), .data = "", .mode = mode};
}

TEST(Prep, WhatIsOutstandingCountsAsDone) {
  Stage stage;
  EXPECT_EQ(error_of(stage.prepare(create("/a/b"))), ErrorCode::NoNode);
  EXPECT_EQ(error_of(stage.prepare(create("/a"))), ErrorCode::Ok);
  EXPECT_EQ(error_of(stage.prepare(create("/a/b"))), ErrorCode::Ok);
  EXPECT_EQ(error_of(stage.prepare(create("/a/b"))), ErrorCode::NodeExists);
  EXPECT_EQ(error_of(stage.prepare(Delete{"/a"})), ErrorCode::NotEmpty);
  EXPECT_EQ(error_of(stage.prepare(Delete{"/a/b"})), ErrorCode::Ok);
  EXPECT_EQ(error_of(stage.prepare(Delete{"/a"})), ErrorCode::Ok);
  EXPECT_EQ(error_of(stage.prepare(SetData{"/a", "x"})), ErrorCode::NoNode);
}

TEST(Prep, AppliedChangesAreForgotten) {
  Stage stage;
  for (int i = 0; i < 10; ++i) stage.apply(create("/a" + std::to_string(i)));
  EXPECT_EQ(stage.prep.outstanding(), 0u);
  EXPECT_EQ(error_of(stage.prepare(create("/a3"))), ErrorCode::NodeExists);
}

TEST(Prep, AFailedMultiIsRolledBack) {
  Stage stage;
  stage.apply(create("/epoch"));
  const Txn failed =
      stage.prepare(Multi{{create("/a"), Check{"/epoch", DataVersion(3)}, create("/b")}});
  const auto& subs = std::get<MultiTxn>(failed).txns;
  EXPECT_TRUE(std::holds_alternative<CreateTxn>(subs[0]));
  EXPECT_EQ(std::get<ErrorTxn>(subs[1]).error, ErrorCode::BadVersion);
  EXPECT_EQ(std::get<ErrorTxn>(subs[2]).error, ErrorCode::RuntimeInconsistency);
  EXPECT_EQ(error_of(stage.prepare(create("/a"))), ErrorCode::Ok);
}

TEST(Prep, AnEphemeralHasNoChildren) {
  Stage stage;
  stage.apply(create("/e", CreateMode::Ephemeral));
  EXPECT_EQ(error_of(stage.prepare(create("/e/c"))), ErrorCode::NoChildrenForEphemerals);
}

TEST(Prep, TheEndOfASessionTakesWhatIsStillBeingCreated) {
  Stage stage;
  stage.apply(create("/old", CreateMode::Ephemeral));
  stage.apply(create("/gone", CreateMode::Ephemeral));
  stage.prepare(create("/new", CreateMode::Ephemeral));
  stage.prepare(Delete{"/gone"});
  const Txn end = stage.prep.close_session(stage.tree, SessionId(7), Zxid(stage.zxid().next()));
  EXPECT_EQ(std::get<CloseSessionTxn>(end).paths_to_delete,
            (std::vector<std::string>{"/new", "/old"}));
}

TEST(Prep, OnlyWhoIsOnTheListMayWrite) {
  Stage stage;
  const AclList mine = creator_all("digest", "kafka:hash");
  stage.apply(Create{.path = "/secret", .data = "", .acl = mine});
  EXPECT_EQ(error_of(stage.prepare(SetData{"/secret", "x"})), ErrorCode::NoAuth);
  EXPECT_EQ(error_of(stage.prepare(create("/secret/a"))), ErrorCode::NoAuth);
  EXPECT_EQ(error_of(stage.prepare(SetData{"/secret", "x"}, {{"digest", "kafka:hash"}})),
            ErrorCode::Ok);
  EXPECT_EQ(error_of(stage.prepare(SetAcl{"/secret", {}}, {{"digest", "kafka:hash"}})),
            ErrorCode::InvalidAcl);
}

TEST(Prep, PathsAreWhatZooKeeperTakesThemFor) {
  for (const char* const good : {"/", "/a", "/a/b.c", "/a..b"})
    EXPECT_TRUE(is_valid_path(good)) << good;
  for (const char* const bad : {"", "a", "/a/", "//", "/a//b", "/a/./b", "/..", "/a\x01"}) {
    EXPECT_FALSE(is_valid_path(bad)) << bad;
  }
}

}  // namespace
}  // namespace zk
