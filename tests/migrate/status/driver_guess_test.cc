#include "migrate/status/driver_guess.h"

#include <gtest/gtest.h>

#include "migrate/status/status.h"
#include "tests/migrate/check/world.h"

// The driver's state by what it left in both stores: the sound cluster of each phase, and then what
// a test did to it.
namespace {

using enum migrate::MigrationDriverState;
using migrate::DriverPresence;
using migrate::MigrationDriverState;
using migrate::Phase;
using migrate::StatusVerdict;
using migrate::WedgeKind;
using sim::ZkMigrationState;
using tests::World;

MigrationDriverState state_of(const World& world) {
  const auto guess = migrate::guess_driver(world.facts());
  EXPECT_EQ(guess.presence, DriverPresence::Running) << guess.because;
  EXPECT_FALSE(guess.because.empty());
  return guess.state.value_or(Uninitialized);
}
DriverPresence presence_of(const World& world) {
  return migrate::guess_driver(world.facts()).presence;
}
std::string claim(int epoch) {
  return zk::encode(zk::ControllerZnode{.broker = sim::BrokerId(3000),
                                        .timestamp_ms = 7,
                                        .kraft_controller_epoch = sim::RaftEpoch(epoch)});
}

TEST(DriverGuess, NoDriverRunsBeforeAndAfterAndOnTheWayBack) {
  EXPECT_EQ(presence_of(World(Phase::S0)), DriverPresence::None);
  EXPECT_EQ(presence_of(World(Phase::S8)), DriverPresence::None);
  EXPECT_EQ(presence_of(World(Phase::R2).state(ZkMigrationState::Migration)), DriverPresence::None);
}

TEST(DriverGuess, MakesMigrationFirstOfAll) {
  EXPECT_EQ(state_of(World(Phase::S1).without("/migration")), Uninitialized);
}

TEST(DriverGuess, WaitsForAControllerThatHasNotRegisteredWithTheFlag) {
  World world(Phase::S1);
  EXPECT_EQ(state_of(world), WaitForBrokers);
  world.record(sim::RegisterControllerRecord{.controller_id = sim::BrokerId(3001),
                                             .zk_migration_ready = false});
  EXPECT_EQ(state_of(world), WaitForControllerQuorum);
}

// As below metadata.version 3.7-IV0.
void let_no_controller_register(World& world) {
  world.edit_log([](auto& log) {
    sim::ImageParts parts = log.image.parts();
    parts.cluster.controllers = {};
    parts.features.metadata_version = sim::MetadataVersion::V3_6_IV2;
    log.image = {std::move(parts), log.image.provenance()};
  });
}

TEST(DriverGuess, AsksNoControllerBeforeTheyRegister) {
  World world(Phase::S1);
  let_no_controller_register(world);
  EXPECT_EQ(state_of(world), WaitForBrokers);
  // 3.5 and 3.6 ask them all the same, by ApiVersions; what one answers is in its file.
  world.set("controller-3002", "zookeeper.metadata.migration.enable", "false");
  EXPECT_EQ(state_of(world), WaitForBrokers);
  world.edit("controller-3000", [](auto& node) { node.software = "3.6.2"; });
  EXPECT_EQ(state_of(world), WaitForControllerQuorum);
}

// As 3.7 left it: the same controller of a new quorum claimed in its epoch 5, and had been in epoch
// 5 when it wrote the checkpoint that was left.
TEST(DriverGuess, ReconcilesUntilTheCheckpointIsWrittenAfterTheClaim) {
  migrate::ClusterFacts facts = World(Phase::S4).facts();
  EXPECT_EQ(migrate::guess_driver(facts).state, DualWrite);
  auto apply = [&, zxid = 1000](const zk::Txn& txn) mutable {
    ++zxid;
    (void)facts.zookeeper->tree.apply(
        {.client_id = {}, .cxid = 0, .zxid = zk::Zxid(zxid), .time = zk::WallTime(zxid)}, txn);
  };
  const std::string path = "/controller";
  apply(zk::Txn{zk::DeleteTxn{.path = path}});
  apply(zk::Txn{zk::CreateTxn{.path = path,
                              .data = claim(5),
                              .acl = {},
                              .ephemeral = false,
                              .parent_cversion = zk::ChildVersion(1)}});
  EXPECT_EQ(migrate::guess_driver(facts).state, SyncKraftToZk);
}

TEST(DriverGuess, RestsWhereNobodyLeadsTheQuorum) {
  const auto looking = [](auto& log) { log.quorum = {.epoch = sim::RaftEpoch(9), .leader = {}}; };
  EXPECT_EQ(state_of(World(Phase::S4).edit_log(looking)), Inactive);
  World elected(Phase::S4);
  elected.edit_log(
      [](auto& log) { log.quorum = {.epoch = sim::RaftEpoch(5), .leader = sim::BrokerId(3000)}; });
  EXPECT_EQ(state_of(elected), DualWrite);
}

TEST(DriverGuess, IsUnknownWhereOneControllerLooksForALeaderAndAnotherDoesNot) {
  World world(Phase::S4);
  world.edit_log([](auto& log) { log.quorum = {.epoch = sim::RaftEpoch(9), .leader = {}}; });
  auto facts = world.facts();
  facts.metadata.push_back(facts.metadata.front());
  facts.metadata.back().quorum = {.epoch = sim::RaftEpoch(5), .leader = sim::BrokerId(3000)};
  EXPECT_EQ(migrate::guess_driver(facts).presence, DriverPresence::Unknown);
}

TEST(DriverGuess, NoDriverHasBeenThereWithoutMigration) {
  EXPECT_EQ(presence_of(World(Phase::S0).add_controllers()), DriverPresence::None);
}

TEST(DriverGuess, WaitsForABrokerThatLivesAndForOneThatHasReplicas) {
  World ready(Phase::S2);
  EXPECT_EQ(state_of(ready), BecomeController);
  World living(Phase::S2);
  living.znode("/brokers/ids/3", zk::encode(zk::BrokerZnode{}));
  EXPECT_EQ(state_of(living), WaitForBrokers);
  World ghost(Phase::S2);
  ghost.znode("/brokers/topics/orders", World::topic(R"("0":[1,4],"1":[2,1])"));
  EXPECT_EQ(state_of(ghost), WaitForBrokers);
}

TEST(DriverGuess, CopiesWhatItClaimedAndHasNotRecorded) {
  EXPECT_EQ(state_of(World(Phase::S3)), ZkMigration);
  EXPECT_EQ(
      migrate::guess_driver(World(Phase::S3).znode("/controller", claim(5)).facts()).claimed_ms, 7);
}

TEST(DriverGuess, RefusesToGoOnWhereTheCopyIsCommittedAndNotRecorded) {
  EXPECT_EQ(state_of(World(Phase::S3).state(ZkMigrationState::Migration)), Inactive);
}

TEST(DriverGuess, IsInactiveInAQuorumThatWasBegunWithoutTheFlag) {
  EXPECT_EQ(state_of(World(Phase::S1).state(ZkMigrationState::None)), Inactive);
}

TEST(DriverGuess, ReconcilesUntilTheCheckpointMovesIntoTheClaimsEpoch) {
  EXPECT_EQ(state_of(World(Phase::S4)), DualWrite);
  World later(Phase::S4);
  later.znode("/controller", claim(6)).edit_log([](auto& log) {
    log.end.epoch = sim::RaftEpoch(6);
  });
  EXPECT_EQ(state_of(later), SyncKraftToZk);
  World first(Phase::S4);
  first.edit_log([](auto& log) { log.migration_state_at = sim::Offset(500); });
  EXPECT_EQ(state_of(first), SyncKraftToZk);
  first.edit_log([](auto& log) { log.migration_state_at = sim::Offset(400); });
  EXPECT_EQ(state_of(first), DualWrite);
}

TEST(DriverGuess, HasYetToClaimWhatAnEarlierLeaderClaimed) {
  World world(Phase::S4);
  world.edit_log([](auto& log) { log.end.epoch = sim::RaftEpoch(6); });
  EXPECT_EQ(state_of(world), BecomeController);
}

TEST(DriverGuess, IsUnknownWhereAStoreIsMissing) {
  EXPECT_EQ(presence_of(World(Phase::S4).without_zookeeper()), DriverPresence::Unknown);
  EXPECT_EQ(presence_of(World(Phase::S1).without_log()), DriverPresence::Unknown);
  EXPECT_EQ(presence_of(World(Phase::S0).without_zookeeper()), DriverPresence::Unknown);
  // ZooKeeper alone still shows the claim and how far the mirror is.
  EXPECT_EQ(state_of(World(Phase::S4).without_log()), DualWrite);
}

// ── Status ──────────────────────────────────────────────────────────────────────────────────────

migrate::Status status(const World& world) {
  return migrate::status_of(world.facts());
}

TEST(Status, TheSoundClusterIsHealthyInEveryPhase) {
  for (const Phase phase : {Phase::S0, Phase::S1, Phase::S2, Phase::S3, Phase::S4, Phase::S5,
                            Phase::S6, Phase::S7, Phase::S8, Phase::R1, Phase::R2}) {
    World world(phase);
    if (phase == Phase::R2) world.add_controllers();  // and nothing is left in their folders
    const auto seen = status(world);
    EXPECT_EQ(seen.verdict(), StatusVerdict::Healthy)
        << name_of(phase) << " "
        << (seen.wedges.empty() ? "" : std::string(seen.wedges.front().hazard)) << " "
        << (seen.missing.empty() ? "" : seen.missing.front());
  }
}

TEST(Status, NamesTheHazardThatItIsStuckOn) {
  const auto stuck = status(World(Phase::S4).times(100, 900, 950));
  EXPECT_EQ(stuck.verdict(), StatusVerdict::Wedged);
  ASSERT_EQ(stuck.wedges.size(), 1U);
  EXPECT_EQ(stuck.wedges.front().hazard, "MB-04");
  EXPECT_EQ(stuck.wedges.front().kind, WedgeKind::Stuck);
}

TEST(Status, AControllerWithoutTheFlagHoldsUpTheCopy) {
  const sim::RegisterControllerRecord without{.controller_id = sim::BrokerId(3001),
                                              .zk_migration_ready = false};
  EXPECT_EQ(status(World(Phase::S2).record(without)).verdict(), StatusVerdict::Wedged);
}

// Below metadata.version 3.7-IV0 releases from 3.7 on ask nobody: nothing waits, until that controller leads.
TEST(Status, AControllerWithoutTheFlagIsATrapWhereNobodyAsksIt) {
  for (const auto& [software, verdict] :
       {std::pair("3.6.2", StatusVerdict::Wedged), std::pair("3.9.1", StatusVerdict::AtRisk)}) {
    World world(Phase::S1);
    let_no_controller_register(world);
    world.set("controller-3002", "zookeeper.metadata.migration.enable", "false");
    migrate::ClusterFacts facts = world.facts();
    for (migrate::NodeFacts& node : facts.nodes) node.software = software;
    EXPECT_EQ(migrate::status_of(facts).verdict(), verdict) << software;
  }
}

// Seen on real Kafka 3.9.1: every topic went (tools/conformance migration, seed 1002).
TEST(Status, WhatANewQuorumWritesOverZooKeeperIsMB01) {
  World world(Phase::S4);
  world.edit_log([](auto& log) {
    sim::ImageParts parts = log.image.parts();
    parts.features.zk_migration_state = ZkMigrationState::PreMigration;
    log.image = {std::move(parts), log.image.provenance()};
  });
  const auto seen = status(world);
  EXPECT_NE(std::ranges::find(seen.wedges, "MB-01", &migrate::Wedge::hazard), seen.wedges.end());
  EXPECT_EQ(seen.verdict(), StatusVerdict::Wedged);
}

// Both seen on real Kafka 3.9.1 (tools/conformance migration, seeds 1003 and 1005): old controllers
// that were started after the way back, and an end that left brokers behind.
TEST(Status, BrokersThatKRaftDoesNotSpeakToAreStuck) {
  World old(Phase::S4);
  for (const char* key : {"zookeeper.metadata.migration.enable", "controller.quorum.voters",
                          "controller.listener.names"})
    old.unset("broker-1", key);
  EXPECT_EQ(status(old).verdict(), StatusVerdict::Wedged);
  World early(Phase::S8);
  early.record(sim::RegisterBrokerRecord{.broker_id = sim::BrokerId(1),
                                         .is_migrating_zk_broker = true,
                                         .broker_epoch = sim::BrokerEpoch(9)});
  EXPECT_EQ(status(early).verdict(), StatusVerdict::Wedged);
}

TEST(Status, ACopyThatOutlivedItsClaimIsAWedge) {
  World world(Phase::S3);
  world.record(sim::TopicRecord{.name = "copied", .topic_id = sim::Uuid{3, 4}});
  const auto stuck = status(world);
  EXPECT_EQ(stuck.verdict(), StatusVerdict::Wedged);
  ASSERT_FALSE(stuck.wedges.empty());
  EXPECT_EQ(stuck.wedges.front().hazard, "MB-24");
}

TEST(Status, ATrapShutsInTheReconcileThatCannotPassIt) {
  World world(Phase::S4);
  world.record(sim::ConfigRecord{.resource_type = sim::ConfigResourceType::ClientMetrics,
                                 .resource_name = "all",
                                 .name = "metrics",
                                 .value = "x"});
  EXPECT_EQ(status(world).verdict(), StatusVerdict::AtRisk);
  world.znode("/controller", claim(6)).edit_log([](auto& log) {
    log.end.epoch = sim::RaftEpoch(6);
  });
  const auto stuck = status(world);
  EXPECT_EQ(stuck.driver.state, SyncKraftToZk);
  EXPECT_EQ(stuck.verdict(), StatusVerdict::Wedged);
}

TEST(Status, WhatAnAttemptLeftIsATrapUntilAControllerStarts) {
  const auto left = status(World(Phase::R2).state(ZkMigrationState::Migration));
  ASSERT_FALSE(left.wedges.empty());
  EXPECT_EQ(left.wedges.front().hazard, "MB-02");
  EXPECT_EQ(left.verdict(), StatusVerdict::AtRisk);
  World runs(Phase::S1);
  runs.znode("/migration", World::migration(77));
  const auto destroys = status(runs);
  ASSERT_FALSE(destroys.wedges.empty());
  EXPECT_EQ(destroys.wedges.front().hazard, "MB-01");
  EXPECT_EQ(destroys.wedges.front().kind, WedgeKind::Destroys);
}

TEST(Status, WhatCouldShowAWedgeAndIsMissingIsUnknown) {
  EXPECT_EQ(status(World(Phase::S4).without_zookeeper()).verdict(), StatusVerdict::Unknown);
  EXPECT_EQ(status(World(Phase::S4).without_log()).verdict(), StatusVerdict::Unknown);
}

}  // namespace
