#include "migrate/same_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "zk/migration_reader_tree.h"
#include "zk/znodes.h"

// Two states of one store: what would be excused between ZooKeeper and KRaft is a difference here.
namespace {

using migrate::Verdict;

// A cluster of one topic with one partition, of what a test adds to it.
class TreeMaker {
 public:
  TreeMaker() {
    for (const char* path :
         {"/brokers", "/brokers/ids", "/brokers/topics", "/cluster", "/config", "/config/topics",
          "/config/brokers", "/config/users", "/config/clients"})
      create(path, "");
    create("/cluster/id", R"({"version":"1","id":"Tk3Z2c5KQ0CJLgD8kN0t3A"})");
    create("/brokers/topics/orders",
           R"({"version":3,"topic_id":"AAAAAAAAAAEAAAAAAAAAAg","partitions":{"0":[1,2]},)"
           R"("adding_replicas":{},"removing_replicas":{}})");
    create("/brokers/topics/orders/partitions", "");
    create("/brokers/topics/orders/partitions/0", "");
  }

  TreeMaker& create(std::string path, std::string data) {
    const auto cversion = tree_.find(zk::parent_of(path))->stat.cversion.next();
    (void)tree_.apply({.zxid = zk::Zxid(++zxid_), .time = zk::WallTime(1'700'000'000'000)},
                      zk::CreateTxn{.path = std::move(path),
                                    .data = std::move(data),
                                    .acl = zk::open_acl_unsafe(),
                                    .parent_cversion = cversion});
    return *this;
  }
  TreeMaker& state(const std::string& isr) {
    return create(
        "/brokers/topics/orders/partitions/0/state",
        R"({"controller_epoch":5,"leader":1,"version":1,"leader_epoch":7,"isr":[)" + isr + "]}");
  }
  // The same content once more: the znode's version moves, and with it the partition's epoch.
  TreeMaker& touch(const std::string& path) {
    const std::string data = *tree_.find(path)->data;
    (void)tree_.apply(
        {.zxid = zk::Zxid(++zxid_), .time = zk::WallTime(1'700'000'000'000)},
        zk::SetDataTxn{
            .path = path, .data = data, .version = tree_.find(path)->stat.version.next()});
    return *this;
  }
  zk::TreeImage read() const { return zk::zk_to_image(tree_, "", {}); }

 private:
  zk::Tree tree_;
  std::int64_t zxid_ = 0;
};

migrate::DiffReport compare(const TreeMaker& from, const TreeMaker& to,
                            sim::Families kinds = sim::Families::mirrored()) {
  const auto left = from.read();
  const auto right = to.read();
  return migrate::differences_of_trees({left.image, left.report}, {right.image, right.report},
                                       kinds);
}

std::vector<std::string> paths(const migrate::DiffReport& report) {
  std::vector<std::string> paths;
  for (const sim::Difference& each : report.different) paths.push_back(each.path);
  return paths;
}
using Paths = std::vector<std::string>;

TEST(TwoTrees, TheOrderOfReplicasInSyncMeansNothing) {
  const auto report = compare(TreeMaker().state("1,2"), TreeMaker().state("2,1"));
  EXPECT_EQ(report.verdict, Verdict::Equal) << testing::PrintToString(paths(report));
}

TEST(TwoTrees, APartitionsEpochIsAChangeThatTheOtherStoreWouldExcuse) {
  TreeMaker touched;
  touched.state("1,2").touch("/brokers/topics/orders/partitions/0/state");
  const auto report = compare(TreeMaker().state("1,2"), touched);
  EXPECT_EQ(report.verdict, Verdict::Different);
  EXPECT_EQ(paths(report), Paths{"topics/orders/partitions/0/partitionEpoch"});
}

TEST(TwoTrees, ABlockOfProducerIdsAheadIsADifference) {
  const auto block = [](std::int64_t first) {
    return R"({"version":1,"broker":1,"block_start":")" + std::to_string(first) +
           R"(","block_end":")" + std::to_string(first + 999) + R"("})";
  };
  TreeMaker from;
  from.state("1,2").create("/latest_producer_id_block", block(0));
  TreeMaker to;
  to.state("1,2").create("/latest_producer_id_block", block(1000));
  EXPECT_EQ(paths(compare(from, to)), Paths{"producerIds/next"});
}

TEST(TwoTrees, AnEmptyConfigZnodeIsOneThatTheOtherTreeLacks) {
  TreeMaker with;
  with.state("1,2").create("/config/users/alice", R"({"version":1,"config":{}})");
  const TreeMaker without = TreeMaker().state("1,2");
  const auto report = compare(with, without);
  EXPECT_EQ(paths(report), Paths{"/config/users/alice"});
  EXPECT_EQ(report.different[0].left, "an empty znode");
  EXPECT_EQ(compare(with, with).verdict, Verdict::Equal);
  EXPECT_EQ(compare(without, with).different[0].right, "an empty znode");
}

// MB-18: it is read as if every replica were in sync, and so the images agree.
TEST(TwoTrees, APartitionWithoutItsStateZnodeIsNamed) {
  const auto report = compare(TreeMaker(), TreeMaker().state("1,2"));
  EXPECT_TRUE(std::ranges::count(paths(report), "/brokers/topics/orders/partitions/0/state"))
      << testing::PrintToString(paths(report));
}

TEST(TwoTrees, TwoEncodingsOfAPasswordMayHideTheSameOne) {
  const auto with_password = [](const std::string& cipher) {
    TreeMaker made;
    made.state("1,2").create(
        "/config/brokers/1",
        R"({"version":1,"config":{"ssl.keystore.password":)"
        R"("keyFactoryAlgorithm:PBKDF2WithHmacSHA512,cipherAlgorithm:AES/CBC/PKCS5Padding,)"
        R"(iterations:4096,keyLength:128,salt:AAAAAAAA,initializationVector:AAAAAAAA,)"
        R"(passwordLength:6,encryptedPassword:)" +
            cipher + R"("}})");
    return made;
  };
  const auto report = compare(with_password("AAAA"), with_password("BBBB"));
  EXPECT_EQ(report.verdict, Verdict::Unknown) << testing::PrintToString(paths(report));
  ASSERT_EQ(report.unknown.size(), 1u);
  EXPECT_EQ(report.unknown[0].path, "configs/BROKER/1/ssl.keystore.password");
  EXPECT_EQ(compare(with_password("AAAA"), with_password("AAAA")).verdict, Verdict::Equal);
}

TEST(TwoTrees, WhatCannotBeReadHidesOnlyWhatItMayBe) {
  TreeMaker broken;
  broken.state("1,2").create("/config/topics/orders", "{ this is no JSON");
  EXPECT_EQ(compare(broken, broken).verdict, Verdict::Unknown);
  EXPECT_EQ(compare(broken, broken, {sim::Family::Acls}).verdict, Verdict::Equal);
  EXPECT_EQ(compare(broken, broken, {sim::Family::TopicConfigs}).verdict, Verdict::Unknown);
}

TEST(MetadataKinds, EveryKindHasAWordThatNamesIt) {
  EXPECT_EQ(migrate::all_kinds().size(), sim::kFamilies);
  for (const sim::Family kind : migrate::all_kinds())
    EXPECT_EQ(migrate::kind_of_word(migrate::word_of(kind)), kind);
  EXPECT_EQ(migrate::kind_of_word("topic configs"), std::nullopt);
}

}  // namespace
