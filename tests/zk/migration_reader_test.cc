#include "zk/migration_reader_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "zk/cluster_root.h"
#include "zk/migration_reader_claim.h"
#include "zk/tree.h"

// Small trees, znode by znode: what the copy makes of them, and what it says when it cannot.
namespace {

class TreeMaker {
 public:
  // Creates the znode, with parents without data.
  TreeMaker& put(const std::string& path, zk::Data data = std::nullopt, bool ephemeral = false) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const std::string parent = path.substr(0, slash);
      if (tree.find(parent) == nullptr) create(parent, std::nullopt, false);
    }
    create(path, std::move(data), ephemeral);
    return *this;
  }
  zk::Tree tree;

 private:
  void create(const std::string& path, zk::Data data, bool ephemeral) {
    zxid = zxid.next();
    const auto applied = tree.apply({.client_id = zk::SessionId(ephemeral ? 77 : 0), .zxid = zxid},
                                    zk::CreateTxn{.path = path,
                                                  .data = std::move(data),
                                                  .ephemeral = ephemeral,
                                                  .parent_cversion = zk::ChildVersion(-1)});
    EXPECT_EQ(applied.result.error, zk::ErrorCode::Ok) << path;
  }
  zk::Zxid zxid{0};
};

constexpr const char* kTopicA =
    R"({"version":3,"partitions":{"0":[1,2],"1":[2,1]},"topic_id":"AAAAAAAAAAAAAAAAAAAAAQ"})";
constexpr const char* kState =
    R"({"controller_epoch":1,"leader":2,"version":1,"leader_epoch":5,"isr":[2]})";

template <class T>
std::vector<T> records_of(const zk::TreeCopy& copy) {
  std::vector<T> found;
  for (const auto& list : copy.lists) {
    for (const sim::Record& record : list) {
      if (const auto* each = std::get_if<T>(&record)) found.push_back(*each);
    }
  }
  return found;
}

TEST(CopyOfATree, TakesAPartitionWithoutStateForOneWithAllItsReplicasInSync) {
  const auto tree = TreeMaker()
                        .put("/brokers/topics/a", kTopicA)
                        .put("/brokers/topics/a/partitions/0/state", kState)
                        .tree;
  const auto copy = zk::copy_of(tree, "", {});
  const auto partitions = records_of<sim::PartitionRecord>(copy);
  ASSERT_EQ(partitions.size(), 2u);
  EXPECT_EQ(partitions[0].leader, sim::BrokerId(2));
  EXPECT_EQ(partitions[0].leader_epoch, sim::LeaderEpoch(5));
  EXPECT_EQ(partitions[1].isr, (std::vector{sim::BrokerId(2), sim::BrokerId(1)}));
  EXPECT_EQ(partitions[1].leader, sim::BrokerId(2));
  EXPECT_EQ(copy.report.partitions_without_state,
            (std::vector<sim::TopicPartition>{{"a", sim::PartitionId(1)}}));
  EXPECT_EQ(copy.lists.size(), 1u) << "one list for a topic with all that is its own";
}

TEST(CopyOfATree, LeavesOutTopicsThatWaitToBeDeleted) {
  const auto tree =
      TreeMaker().put("/brokers/topics/a", kTopicA).put("/admin/delete_topics/a").tree;
  const auto copy = zk::copy_of(tree, "/", {});
  EXPECT_TRUE(copy.lists.empty());
  EXPECT_EQ(copy.report.topics_pending_deletion, std::vector<std::string>{"a"});
}

TEST(CopyOfATree, WithATopicWithoutIdEndsForTheDriverAndGoesOnForAReader) {
  const auto tree = TreeMaker()
                        .put("/brokers/topics/a", kTopicA)
                        .put("/brokers/topics/b", R"({"version":1,"partitions":{"0":[1]}})")
                        .put("/config/brokers/1", R"({"version":1,"config":{"x":"y"}})")
                        .tree;
  const auto driver = zk::copy_of(tree, "", {.manner = zk::ReadManner::Driver});
  ASSERT_TRUE(driver.failure);
  EXPECT_EQ(driver.failure->path, "/brokers/topics/b");
  EXPECT_EQ(driver.lists.size(), 1u) << "what came before was handed on";
  const auto reader = zk::copy_of(tree, "", {});
  EXPECT_FALSE(reader.failure);
  ASSERT_EQ(reader.report.unreadable.size(), 1u);
  EXPECT_EQ(reader.report.unreadable[0].path, "/brokers/topics/b");
  EXPECT_EQ(reader.lists.size(), 2u);
}

TEST(CopyOfATree, NamesEachUnreadableZnodeAndReadsAllOthers) {
  const auto tree =
      TreeMaker()
          .put("/brokers/topics/a", "{")
          .put("/config/users/u", R"({"version":1,"config":{"producer_byte_rate":"many"}})")
          .put("/config/users/v", R"({"version":1,"config":{"SCRAM-SHA-256":"salt=1"}})")
          .put("/config/brokers/x", R"({"version":1,"config":{"a":"b"}})")
          .put("/latest_producer_id_block", "{}")
          .put("/kafka-acl/Topic/t", R"({"version":2,"acls":[]})")
          .put("/delegation_token/tokens/t", R"({"version":4})")
          .put("/config/clients/c", R"({"version":1,"config":{"producer_byte_rate":"1"}})")
          .tree;
  const auto copy = zk::copy_of(tree, "", {});
  EXPECT_EQ(copy.report.unreadable.size(), 7u);
  EXPECT_EQ(records_of<sim::ClientQuotaRecord>(copy).size(), 1u);
}

TEST(CopyOfATree, OrdersAclsByTypeThenPatternThenNameFromTheLastToTheFirst) {
  const char* entry =
      R"({"version":1,"acls":[{"principal":"User:a","permissionType":"Allow","operation":"Read","host":"*"}]})";
  const auto tree = TreeMaker()
                        .put("/kafka-acl/Group/g", entry)
                        .put("/kafka-acl/Topic/a", entry)
                        .put("/kafka-acl/Topic/b", entry)
                        .put("/kafka-acl-extended/prefixed/Topic/p", entry)
                        .put("/kafka-acl/Nonsense/n", entry)
                        .tree;
  const auto acls = records_of<sim::AccessControlEntryRecord>(zk::copy_of(tree, "", {}));
  std::vector<std::string> names;
  for (const auto& acl : acls) names.push_back(acl.resource_name);
  EXPECT_EQ(names, (std::vector<std::string>{"b", "a", "p", "g"}));
}

TEST(CopyOfATree, SplitsTheAclOfOneResourceAtAHundredEntries) {
  std::string entries;
  for (int i = 0; i < 250; ++i) {
    entries += R"(,{"principal":"User:)" + std::to_string(i) +
               R"(","permissionType":"Allow","operation":"Read","host":"*"})";
  }
  const auto tree =
      TreeMaker()
          .put("/kafka-acl/Topic/a", R"({"version":1,"acls":[)" + entries.substr(1) + "]}")
          .tree;
  const auto copy = zk::copy_of(tree, "", {});
  ASSERT_EQ(copy.lists.size(), 3u);
  EXPECT_EQ(copy.lists[2].size(), 50u);
  const auto acls = records_of<sim::AccessControlEntryRecord>(copy);
  std::set<sim::Uuid> ids;
  for (const auto& acl : acls) ids.insert(acl.id);
  EXPECT_EQ(ids.size(), 250u) << "each entry has its own id";
}

TEST(CopyOfATree, UnderAChrootIsTheSame) {
  const auto tree = TreeMaker().put("/x/y/brokers/topics/a", kTopicA).tree;
  EXPECT_EQ(zk::copy_of(tree, "/x/y", {}).lists.size(), 1u);
  EXPECT_EQ(zk::copy_of(tree, "", {}).lists.size(), 0u);
}

TEST(BrokersOutOfSync, AreThoseWithoutALeaderOrNotInTheIsr) {
  constexpr auto kStateText =
      R"({"controller_epoch":1,"leader":%,"version":1,"leader_epoch":0,"isr":[@]})";
  const auto state = [&](std::string_view leader, std::string_view isr) {
    std::string text = kStateText;
    text.replace(text.find('%'), 1, leader);
    text.replace(text.find('@'), 1, isr);
    return text;
  };
  const std::string topic =
      R"({"removing_replicas":{},"partitions":{"0":[1,2],"1":[2,3]},"adding_replicas":{},"version":3})";
  const auto of = [&](std::string_view first, std::string_view second) {
    TreeMaker maker;
    maker.put("/k/brokers/topics/a", topic)
        .put("/k/brokers/topics/a/partitions/0/state", std::string(first));
    if (!second.empty()) maker.put("/k/brokers/topics/a/partitions/1/state", std::string(second));
    return zk::brokers_out_of_sync(maker.tree, "/k");
  };
  using Brokers = std::set<sim::BrokerId>;
  EXPECT_EQ(of(state("1", "1,2"), state("2", "3,2")), Brokers{});
  EXPECT_EQ(of(state("1", "1"), state("2", "3,2")), Brokers{sim::BrokerId(2)});
  EXPECT_EQ(of(state("-1", "1"), state("2", "3,2")), (Brokers{sim::BrokerId(1), sim::BrokerId(2)}));
  EXPECT_EQ(of(state("1", "1,2"), ""), (Brokers{sim::BrokerId(2), sim::BrokerId(3)}));
}

TEST(ClusterView, SaysWhoIsRegisteredAndWhoControls) {
  const auto tree =
      TreeMaker()
          .put("/brokers/ids/4",
               R"({"version":4,"endpoints":["PLAINTEXT://h:1"],"jmx_port":-1,)"
               R"("listener_security_protocol_map":{"PLAINTEXT":"PLAINTEXT"}})",
               true)
          .put("/brokers/ids/5", "{}", true)
          .put("/controller",
               R"({"version":2,"brokerid":3000,"timestamp":"1","kraftControllerEpoch":2})")
          .put("/controller_epoch", "7")
          .put("/cluster/id", R"({"version":"1","id":"x"})")
          .tree;
  const auto view = zk::cluster_view(tree, "");
  ASSERT_EQ(view.brokers.size(), 1u);
  EXPECT_EQ(view.brokers.at(sim::BrokerId(4)).session, zk::SessionId(77));
  EXPECT_EQ(view.brokers.at(sim::BrokerId(4)).epoch.value(),
            tree.stat("/brokers/ids/4")->czxid.value());
  EXPECT_TRUE(view.controller->znode.is_kraft());
  EXPECT_FALSE(view.controller->ephemeral);
  EXPECT_EQ(view.controller_epoch, sim::ControllerEpoch(7));
  EXPECT_EQ(view.cluster_id, "x");
  ASSERT_EQ(view.unreadable.size(), 1u);
  EXPECT_EQ(view.unreadable[0].path, "/brokers/ids/5");
}

// ── Where the cluster is ──

TEST(ClusterRoot, IsTheOneZnodeThatHasACluster) {
  TreeMaker maker;
  EXPECT_EQ(zk::cluster_root(maker.tree, std::nullopt, {}).error().severity,
            sim::Severity::Unknown);
  maker.put("/a/brokers/ids").put("/a/cluster/id", "{}").put("/b/brokers/ids");
  EXPECT_EQ(zk::cluster_root(maker.tree, std::nullopt, {}), "/a");
  EXPECT_EQ(zk::cluster_root(maker.tree, "a/", {}), "/a");
  EXPECT_EQ(zk::cluster_root(maker.tree, "/b", {}).error().severity, sim::Severity::Unknown);
  EXPECT_EQ(zk::cluster_root(maker.tree, "/c", {}).error().severity, sim::Severity::Usage);
}

TEST(ClusterRoot, IsAskedForWhereThereAreSeveral) {
  TreeMaker maker;
  maker.put("/brokers/ids")
      .put("/cluster/id", "{}")
      .put("/k/brokers/ids")
      .put("/k/cluster/id", "{}");
  const auto root = zk::cluster_root(maker.tree, std::nullopt, {});
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().severity, sim::Severity::Unknown);
  EXPECT_NE(root.error().what.find("/, /k"), std::string::npos) << root.error().what;
  EXPECT_EQ(zk::cluster_root(maker.tree, "/", {}), "");
}

// ── The claim ──

zk::Txn claim_of(int epoch, bool ephemeral = false) {
  return zk::MultiTxn{
      {zk::SetDataTxn{.path = "/controller_epoch", .data = "2"},
       zk::CreateTxn{
           .path = "/controller",
           .data = R"({"version":2,"brokerid":3000,"timestamp":"1","kraftControllerEpoch":)" +
                   std::to_string(epoch) + "}",
           .ephemeral = ephemeral}}};
}
zk::Txn offset_of(int offset) {
  return zk::SetDataTxn{
      .path = "/migration",
      .data =
          encode(zk::MigrationZnode{.kraft_metadata = {sim::RaftEpoch(1), sim::Offset(offset)}})};
}
sim::Expected<zk::Zxid> claim_in(const std::vector<zk::Txn>& txns) {
  zk::ClaimFinder finder("", zk::Tree());
  std::int64_t zxid = 10;
  for (const zk::Txn& txn : txns) finder.take({.zxid = zk::Zxid(++zxid)}, txn);
  return finder.found({});
}

TEST(Claim, IsTheLastOneBeforeACopyCameToItsEnd) {
  EXPECT_EQ(claim_in({offset_of(-1), claim_of(1), offset_of(-1), claim_of(2), offset_of(90),
                      claim_of(3), offset_of(99)}),
            zk::Zxid(13));
}

TEST(Claim, OfABrokerOrInAFailedMultiIsNone) {
  EXPECT_FALSE(claim_in({claim_of(-1, true), offset_of(90)}));
  auto failed = std::get<zk::MultiTxn>(claim_of(1));
  failed.txns.push_back(zk::ErrorTxn{zk::ErrorCode::BadVersion});
  EXPECT_FALSE(claim_in({failed, offset_of(90)}));
  EXPECT_EQ(claim_in({claim_of(1), offset_of(-1)}).error().severity, sim::Severity::Unknown);
}

TEST(Claim, CannotBeFoundInLogsThatBeginAfterTheCopy) {
  const auto before =
      TreeMaker()
          .put("/migration",
               encode(zk::MigrationZnode{.kraft_metadata = {sim::RaftEpoch(1), sim::Offset(5)}}))
          .tree;
  zk::ClaimFinder finder("", before);
  EXPECT_FALSE(finder.take({.zxid = zk::Zxid(99)}, claim_of(4)));
  EXPECT_EQ(finder.found({}).error().severity, sim::Severity::Unknown);
}

}  // namespace
