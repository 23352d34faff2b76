#include "migrate/invariants.h"

#include "migrate/road_invariants.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kraft/log.h"
#include "sim/kafka/delta.h"
#include "zk/migration_reader_tree.h"
#include "zk/paths.h"
#include "zk/txn.h"
#include "zk/znodes.h"

namespace migrate {
namespace {

using sim::BrokerId;
using sim::ControllerEpoch;
using sim::LeaderEpoch;

constexpr zk::SessionId kOld{0x100};
constexpr zk::SessionId kNew{0x200};

// The transactions of an ensemble, one after the other, as its checker sees them.
class Writes : public testing::Test {
 protected:
  // The invariants that object to this transaction.
  std::set<std::string> apply(zk::SessionId session, zk::Txn txn) {
    const zk::Committed notice{.server = zk::ServerId(1),
                               .zxid = zk::Zxid(++last_),
                               .txn = sim::Payload::of(zk::LoggedTxn{
                                   .header = {.client_id = session}, .txn = std::move(txn)})};
    std::set<std::string> names;
    for (const Violation& found : check_write(notice, "", memory_)) names.insert(found.invariant);
    return names;
  }
  std::set<std::string> claim(zk::SessionId session, std::int32_t epoch) {
    return apply(session,
                 zk::MultiTxn{.txns = {zk::SetDataTxn{
                                  .path = std::string(zk::paths::kControllerEpoch),
                                  .data = zk::encode_controller_epoch(ControllerEpoch(epoch))}}});
  }
  static zk::SetDataTxn state(std::int32_t leader_epoch) {
    return {.path = zk::paths::partition_state("orders", sim::PartitionId(0)),
            .data = zk::encode(zk::PartitionStateZnode{.leader = BrokerId(1),
                                                       .leader_epoch = LeaderEpoch(leader_epoch),
                                                       .isr = {BrokerId(1)}})};
  }
  static zk::SetDataTxn checkpoint(std::int64_t offset) {
    return {.path = std::string(zk::paths::kMigration),
            .data = zk::encode(
                zk::MigrationZnode{.kraft_metadata = {sim::RaftEpoch(1), sim::Offset(offset)}})};
  }

  MigrationMemory memory_;
  std::int64_t last_ = 0;
};

TEST_F(Writes, OfWhoHasClaimedAreFine) {
  EXPECT_TRUE(claim(kOld, 1).empty());
  EXPECT_TRUE(apply(kOld, zk::MultiTxn{.txns = {state(0)}}).empty());
  EXPECT_TRUE(claim(kNew, 2).empty());
  EXPECT_TRUE(apply(kNew, zk::MultiTxn{.txns = {state(1)}}).empty());
  EXPECT_TRUE(claim(kOld, 3).empty());
  EXPECT_TRUE(apply(kOld, state(1)).empty());
}

TEST_F(Writes, OfAnOlderClaimAreAppliedNoMore) {
  claim(kOld, 1);
  claim(kNew, 2);
  EXPECT_EQ(apply(kOld, zk::MultiTxn{.txns = {state(0)}}), std::set<std::string>{"migration.S3"});
  EXPECT_EQ(apply(kOld, state(0)), std::set<std::string>{"migration.S3"});
}

TEST_F(Writes, ThatFailedCountForNothing) {
  claim(kOld, 1);
  claim(kNew, 2);
  EXPECT_TRUE(apply(kOld, zk::MultiTxn{.txns = {zk::ErrorTxn{zk::ErrorCode::BadVersion}}}).empty());
}

TEST_F(Writes, AreLookedAtOnceHoweverManyServersDeliverThem) {
  claim(kOld, 1);
  claim(kNew, 2);
  EXPECT_FALSE(apply(kOld, state(0)).empty());
  --last_;
  EXPECT_TRUE(apply(kOld, state(0)).empty());
}

TEST_F(Writes, RaiseTheControllerEpochByOne) {
  claim(kOld, 1);
  EXPECT_EQ(claim(kNew, 3), std::set<std::string>{"migration.S2"});
  EXPECT_EQ(claim(kOld, 3), std::set<std::string>{"migration.S2"});
}

TEST_F(Writes, NeverLowerALeaderEpochWhileTheZnodeLives) {
  claim(kOld, 1);
  EXPECT_TRUE(apply(kOld, state(4)).empty());
  EXPECT_EQ(apply(kOld, state(3)), std::set<std::string>{"migration.S10"});
  EXPECT_TRUE(apply(kOld, zk::DeleteTxn{.path = state(0).path}).empty());
  EXPECT_TRUE(apply(kOld, state(0)).empty());
}

TEST_F(Writes, OfAnOlderClaimTakeACopyBack) {
  claim(kOld, 1);
  EXPECT_TRUE(apply(kOld, checkpoint(-1)).empty());
  claim(kNew, 2);
  // Late, but nothing is lost by it.
  EXPECT_TRUE(apply(kOld, checkpoint(-1)).empty());
  EXPECT_TRUE(apply(kNew, checkpoint(40)).empty());
  EXPECT_EQ(apply(kOld, checkpoint(-1)), std::set<std::string>{"MB-23"});
}

// ── Her hand, and what stands in for whom ──

TEST_F(Writes, ByHandMayRaiseTheControllerEpochAndAClaimGoesOnFromThere) {
  claim(kOld, 1);
  EXPECT_TRUE(apply(kNew, zk::SetDataTxn{.path = std::string(zk::paths::kControllerEpoch),
                                         .data = zk::encode_controller_epoch(ControllerEpoch(8))})
                  .empty());
  EXPECT_TRUE(claim(kNew, 9).empty());
}

TEST_F(Writes, DeleteNoTopicThatNobodyWantsGoneAndBringNoneBack) {
  const std::string path = zk::paths::topic("orders");
  const auto create = [&] {
    zk::CreateTxn txn{
        .path = path,
        .data = R"({"version":3,"partitions":{"0":[1]},"topic_id":"AAAAAAAAAAAAAAAAAAAAAQ"})"};
    return txn;
  };
  claim(kOld, 1);
  EXPECT_TRUE(apply(kOld, zk::MultiTxn{.txns = {create()}}).empty());
  EXPECT_EQ(apply(kOld, zk::MultiTxn{.txns = {zk::DeleteTxn{.path = path}}}),
            std::set<std::string>{"migration.S14"});
  EXPECT_EQ(apply(kOld, zk::MultiTxn{.txns = {create()}}), std::set<std::string>{"migration.S14"});
  memory_.deletions_asked.insert("orders");
  EXPECT_TRUE(apply(kOld, zk::MultiTxn{.txns = {zk::DeleteTxn{.path = path}}}).empty());
}

TEST_F(Writes, ByHandMayDeleteATopicAndAControllerMayBringItBack) {
  const zk::CreateTxn create{
      .path = zk::paths::topic("orders"),
      .data = R"({"version":3,"partitions":{"0":[1]},"topic_id":"AAAAAAAAAAAAAAAAAAAAAQ"})"};
  claim(kOld, 1);
  apply(kOld, zk::MultiTxn{.txns = {create}});
  EXPECT_TRUE(apply(kNew, zk::DeleteTxn{.path = create.path}).empty());
  EXPECT_TRUE(apply(kOld, zk::MultiTxn{.txns = {create}}).empty());
}

TEST_F(Writes, ThatGoAstrayAreToldUnderTheHazardsName) {
  claim(kOld, 1);
  apply(kOld, zk::MultiTxn{.txns = {state(4)}});
  memory_.astray = "MB-02";
  EXPECT_EQ(apply(kOld, zk::MultiTxn{.txns = {state(3)}}), std::set<std::string>{"MB-02"});
}

TEST_F(Writes, SayThatIsMirroredOnlyWhatIsCommitted) {
  const auto says = [&](std::int64_t offset, std::int64_t committed) {
    const zk::Committed notice{.server = zk::ServerId(1),
                               .zxid = zk::Zxid(++last_),
                               .txn = sim::Payload::of(zk::LoggedTxn{.header = {.client_id = kOld},
                                                                     .txn = checkpoint(offset)})};
    return check_committed(notice, "", sim::Offset(committed), memory_).size();
  };
  EXPECT_EQ(says(9, 10), 0u);
  EXPECT_EQ(says(10, 10), 1u);
}

TEST(ProducerIds, AreGivenOutOnce) {
  MigrationMemory memory;
  EXPECT_TRUE(check_block(0, 1000, memory).empty());
  EXPECT_TRUE(check_block(2000, 1000, memory).empty());
  EXPECT_TRUE(check_block(1000, 1000, memory).empty());
  EXPECT_EQ(check_block(2999, 1000, memory).size(), 1u);
  EXPECT_EQ(check_block(0, 1000, memory).size(), 1u);
}

TEST(AClaim, FromABrokerByALogThatRemembersGoesAstray) {
  MigrationMemory memory;
  memory.authority.former_office =
      zk::ControllerZnode{.broker = BrokerId(1), .kraft_controller_epoch = sim::RaftEpoch(-1)};
  const Claimed claim{.node = BrokerId(3000)};
  EXPECT_TRUE(check_claimant(claim, sim::ZkMigrationState::PreMigration, memory).empty());
  EXPECT_EQ(check_claimant(claim, sim::ZkMigrationState::Migration, memory).front().invariant,
            "MB-02");
  memory.two_ruled = true;
  EXPECT_EQ(check_claimant(claim, sim::ZkMigrationState::Migration, memory).front().invariant,
            "MB-13");
  EXPECT_TRUE(check_reconciler(BrokerId(3000), sim::ZkMigrationState::Migration, memory).empty());
  EXPECT_EQ(check_reconciler(BrokerId(3000), sim::ZkMigrationState::PreMigration, memory)
                .front()
                .invariant,
            "MB-01");
}

// ── The copy ────────────────────────────────────────────────────────────────────────────────────

// A tree with one partition, its copy, and a change of that partition, in or before the copy's transaction.
class Copied : public testing::Test {
 protected:
  Copied() {
    create("/brokers");
    create("/brokers/topics");
    create("/brokers/topics/orders",
           R"({"version":3,"partitions":{"0":[1,2]},"topic_id":"AAAAAAAAAAAAAAAAAAAAAQ"})");
    create("/brokers/topics/orders/partitions");
    create("/brokers/topics/orders/partitions/0");
    create("/brokers/topics/orders/partitions/0/state",
           R"({"controller_epoch":1,"leader":1,"version":1,"leader_epoch":5,"isr":[1,2]})");
    fenced_.topic_id = *sim::Uuid::parse("AAAAAAAAAAAAAAAAAAAAAQ");
    fenced_.partition_id = sim::PartitionId(0);
    fenced_.isr = {BrokerId(2)};
    fenced_.leader = BrokerId(2);
  }
  void create(const std::string& path, zk::Data data = std::nullopt) {
    zxid_ = zxid_.next();
    const auto applied =
        tree_.apply({.zxid = zxid_}, zk::CreateTxn{.path = path,
                                                   .data = std::move(data),
                                                   .parent_cversion = zk::ChildVersion(-1)});
    ASSERT_EQ(applied.result.error, zk::ErrorCode::Ok) << path;
  }
  std::size_t objections(std::vector<sim::Record> logged) const {
    sim::MetadataDelta delta(zk::zk_to_image(tree_, "", {}).image);
    delta.replay(fenced_);
    kraft::Records records;
    for (sim::Record& each : logged) records.push_back({std::move(each), 0});
    kraft::Log log;
    log.append(kraft::Batch::of(sim::Offset(0), sim::RaftEpoch(1), 0, std::move(records)));
    return check_copy(delta.apply({}), log, tree_, "", {}).size();
  }

  zk::Tree tree_;
  zk::Zxid zxid_{0};
  sim::PartitionChangeRecord fenced_;
};

TEST_F(Copied, WhatStandsInBetweenIsNotTheCopys) {
  EXPECT_EQ(objections({sim::BeginTransactionRecord{}, fenced_, sim::EndTransactionRecord{}}), 0U);
}

TEST_F(Copied, WhatNoRecordInItExplainsIsTheCopysFault) {
  EXPECT_EQ(objections({sim::BeginTransactionRecord{}, sim::EndTransactionRecord{}}),
            3U);  // leader, its epoch, ISR
  EXPECT_EQ(objections({fenced_, sim::BeginTransactionRecord{}, sim::EndTransactionRecord{}}), 3U);
  sim::PartitionChangeRecord only_isr = fenced_;
  only_isr.leader = sim::kLeaderUnchanged;
  EXPECT_EQ(objections({sim::BeginTransactionRecord{}, only_isr, sim::EndTransactionRecord{}}), 2U);
}

}  // namespace
}  // namespace migrate
