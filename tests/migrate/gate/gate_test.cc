#include "migrate/gate/gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "migrate/gate/rules.h"
#include "tests/migrate/check/world.h"

// Each gate on a sound cluster in each phase, and each rule that closes it: what closes it, what is
// near it and does not, and what leaves it unknown.
namespace {

using enum migrate::Question;
using migrate::Effect;
using migrate::Gate;
using migrate::GateAnswer;
using migrate::Outcome;
using migrate::Phase;
using migrate::Question;
using sim::ZkMigrationState;
using tests::World;

GateAnswer answer(Question question, const World& world) {
  return migrate::ask(question, world.facts()).answer;
}

// The ids of what closes it, each once.
std::set<std::string> closing(Question question, const World& world) {
  std::set<std::string> ids;
  for (const auto& each : migrate::ask(question, world.facts()).judged) {
    if (each.effect == Effect::Closes && each.result.outcome == Outcome::Finding)
      ids.insert(std::string(each.result.check->id));
  }
  return ids;
}
using Ids = std::set<std::string>;

bool mentions(const Gate& gate, std::string_view what) {
  return std::ranges::any_of(gate.missing, [&](const std::string& missing) {
    return missing.find(what) != std::string::npos;
  });
}

// ── The sound cluster ───────────────────────────────────────────────────────────────────────────

struct Sound {
  Phase phase;
  GateAnswer rollback;
  GateAnswer finalize;
  GateAnswer retry;
  GateAnswer next;
};

TEST(Gates, OfASoundClusterInEachPhase) {
  constexpr auto O = GateAnswer::Open;
  constexpr auto C = GateAnswer::Closed;
  constexpr auto U = GateAnswer::Unknown;
  constexpr Sound kSound[]{
      // Without the controllers' folders nobody knows whether an attempt left something in them.
      {Phase::S0, O, C, U, O}, {Phase::S1, O, C, O, O}, {Phase::S2, O, C, C, O},
      {Phase::S3, O, C, C, C}, {Phase::S4, O, C, C, O}, {Phase::S5, O, C, C, O},
      {Phase::S6, O, O, C, O}, {Phase::S7, C, O, C, O}, {Phase::S8, C, O, C, O},
      {Phase::R1, O, C, C, O}, {Phase::R2, O, C, U, O},
  };
  for (const Sound& each : kSound) {
    const World world(each.phase);
    const auto says = [&](Question question) {
      const Gate gate = migrate::ask(question, world.facts());
      std::string text = std::string(name_of(gate.answer)) + ":";
      for (const auto& judged : gate.judged) {
        if (judged.effect == Effect::Closes && judged.result.outcome != Outcome::Pass)
          text += " " + std::string(judged.result.check->id);
      }
      for (const std::string& missing : gate.missing) text += " [" + missing + "]";
      return text;
    };
    EXPECT_EQ(answer(Rollback, world), each.rollback) << name_of(each.phase) << says(Rollback);
    EXPECT_EQ(answer(Finalize, world), each.finalize) << name_of(each.phase) << says(Finalize);
    EXPECT_EQ(answer(Retry, world), each.retry) << name_of(each.phase) << says(Retry);
    EXPECT_EQ(answer(Next, world), each.next) << name_of(each.phase) << says(Next);
  }
}

TEST(Gates, NothingKnownIsNeverOpen) {
  for (const Phase phase : {Phase::S0, Phase::S1, Phase::S2, Phase::S3, Phase::S4, Phase::S5,
                            Phase::S6, Phase::S7, Phase::S8, Phase::R1, Phase::R2}) {
    migrate::ClusterFacts nothing;
    nothing.phase = phase;
    for (const Question question : {Rollback, Finalize, Retry, Next})
      EXPECT_NE(migrate::ask(question, nothing).answer, GateAnswer::Open)
          << name_of(question) << " in " << name_of(phase);
  }
}

TEST(Gates, AStoreThatIsMissingIsNeverOpen) {
  for (const Phase phase : {Phase::S3, Phase::S4, Phase::S5, Phase::S6, Phase::R1}) {
    EXPECT_EQ(answer(Rollback, World(phase).without_log()), GateAnswer::Unknown) << name_of(phase);
    EXPECT_EQ(answer(Rollback, World(phase).without_zookeeper()), GateAnswer::Unknown);
  }
  EXPECT_EQ(answer(Finalize, World(Phase::S6).without_log()), GateAnswer::Unknown);
  EXPECT_EQ(answer(Retry, World(Phase::R2).without_zookeeper()), GateAnswer::Unknown);
}

TEST(Gates, ADoubtAboutWhatWasReadLeavesItUnknown) {
  const Gate gate = migrate::ask(Rollback, World(Phase::S4).facts(), {"a snapshot is damaged"});
  EXPECT_EQ(gate.answer, GateAnswer::Unknown);
  EXPECT_TRUE(mentions(gate, "a snapshot is damaged"));
}

TEST(Gates, EachRuleHasAWhyAndAWayOut) {
  for (const migrate::Check& check : migrate::gate_rules()) {
    EXPECT_FALSE(check.why.empty() || check.fix.empty() || check.reference.empty()) << check.id;
    EXPECT_EQ(migrate::find_check(check.id), nullptr) << check.id << " is in the registry too";
  }
}

// ── Rollback ────────────────────────────────────────────────────────────────────────────────────

TEST(RollbackGate, IsClosedWhereAPartitionsEpochIsAboveWhatANewControllerHas) {
  const auto with_epoch = [](int epoch) {
    World world(Phase::S4);
    world.znode("/brokers/topics/orders/partitions/0/state",
                World::partition_state(1, "1,2", epoch));
    return world;
  };
  // /controller_epoch is 9: the next controller has 10.
  EXPECT_EQ(answer(Rollback, with_epoch(10)), GateAnswer::Open);
  EXPECT_EQ(closing(Rollback, with_epoch(11)), Ids{"KAFKA-20488"});
  const Gate gate = migrate::ask(Rollback, with_epoch(11).facts());
  const auto& finding = gate.judged.front().result.findings.front();
  EXPECT_EQ(finding.object, "topic orders");
  EXPECT_EQ(finding.evidence.front().where, "/brokers/topics/orders/partitions/0/state");
}

TEST(RollbackGate, IsClosedWhereZooKeeperLacksWhatKRaftHas) {
  World skipped(Phase::S4);
  skipped.record(sim::TopicRecord{.name = "new", .topic_id = sim::Uuid{3, 4}});
  EXPECT_TRUE(closing(Rollback, skipped).contains("N07"));
}

TEST(RollbackGate, IsClosedWhereALeaderEpochIsNotMirroredYet) {
  World world(Phase::S4);
  world.edit_log([](auto& log) {
    sim::MetadataDelta delta(log.image);
    const auto* topic = log.image.topics().find("orders");
    const auto replayed = delta.replay(sim::PartitionChangeRecord{
        .partition_id = sim::PartitionId(0), .topic_id = topic->id(), .leader = sim::BrokerId(2)});
    sim::check(replayed.has_value(), "a leader changes");
    log.image = delta.apply({sim::Offset(510), sim::RaftEpoch(5), 100'000});
    log.end = {sim::RaftEpoch(5), sim::Offset(511)};
  });
  EXPECT_EQ(closing(Rollback, world), Ids{"W08"});
}

TEST(RollbackGate, IsClosedOnceFinalised) {
  EXPECT_EQ(closing(Rollback, World(Phase::S8)), Ids{"W04"});
  EXPECT_EQ(answer(Rollback, World(Phase::S8).without_log()), GateAnswer::Unknown);
}

TEST(RollbackGate, IsClosedWhereABrokersStorageWasFormattedForKRaft) {
  World world(Phase::S6);
  EXPECT_EQ(answer(Rollback, world), GateAnswer::Open);
  world.edit("broker-1", [](auto& node) { node.log_directories[0].version = 1; });
  EXPECT_EQ(closing(Rollback, world), Ids{"W09"});
}

TEST(RollbackGate, WaitsOnTheWayBackForEveryBroker) {
  World world(Phase::R1);
  world.record(sim::RegisterBrokerRecord{.broker_id = sim::BrokerId(2),
                                         .is_migrating_zk_broker = false,
                                         .broker_epoch = sim::BrokerEpoch(9),
                                         .fenced = false});
  EXPECT_EQ(closing(Rollback, world), Ids{"W11"});
  EXPECT_EQ(answer(Next, world), GateAnswer::Open) << "the next broker's roll is the next step";
}

TEST(RollbackGate, AnAclThatZooKeeperCannotHoldClosesIt) {
  World world(Phase::S4);
  world.record(sim::AccessControlEntryRecord{.id = sim::Uuid{1, 2},
                                             .resource_type = sim::AclResourceType::Group,
                                             .resource_name = "team/app",
                                             .pattern_type = sim::PatternType::Literal,
                                             .principal = "User:a",
                                             .host = "*",
                                             .operation = sim::AclOperation::Read,
                                             .permission_type = sim::AclPermissionType::Allow});
  EXPECT_TRUE(closing(Rollback, world).contains("N02"));
}

TEST(RollbackGate, AMirrorThatStandsStillIsAReasonToGoBackAndNoneAgainstIt) {
  EXPECT_EQ(answer(Rollback, World(Phase::S4).times(100, 900, 950)), GateAnswer::Open);
  EXPECT_EQ(closing(Next, World(Phase::S4).times(100, 900, 950)), Ids{"N08"});
}

// ── Finalize ────────────────────────────────────────────────────────────────────────────────────

sim::RegisterBrokerRecord registration(int id, bool migrating, bool fenced) {
  return {.broker_id = sim::BrokerId(id),
          .is_migrating_zk_broker = migrating,
          .broker_epoch = sim::BrokerEpoch(9),
          .fenced = fenced};
}

TEST(FinalizeGate, IsClosedWhileABrokerIsRegisteredInZooKeeperMode) {
  World world(Phase::S6);
  EXPECT_EQ(answer(Finalize, world), GateAnswer::Open);
  world.record(registration(1, true, false));
  EXPECT_EQ(closing(Finalize, world), Ids{"H01"});
}

TEST(FinalizeGate, IsClosedWhileABrokerIsFencedOrAway) {
  World fenced(Phase::S6);
  fenced.record(registration(1, false, true));
  EXPECT_EQ(closing(Finalize, fenced), Ids{"KAFKA-20960"});
  World away(Phase::S6);
  away.record(sim::UnregisterBrokerRecord{.broker_id = sim::BrokerId(2),
                                          .broker_epoch = sim::BrokerEpoch(2)});
  EXPECT_EQ(closing(Finalize, away), Ids{"KAFKA-20960"});
}

TEST(FinalizeGate, IsClosedWhileControllersDisagreeAboutTheFlag) {
  World mixed(Phase::S6);
  mixed.set("controller-3001", "zookeeper.metadata.migration.enable", "false");
  EXPECT_EQ(closing(Finalize, mixed), Ids{"KAFKA-20960"});
  // All of them edited, and none restarted: that is how the roll begins.
  World prepared(Phase::S6);
  prepared.set_all("controller", "zookeeper.metadata.migration.enable", "false");
  EXPECT_EQ(answer(Finalize, prepared), GateAnswer::Open);
  World unknown(Phase::S6);
  unknown.without_node("controller-3001");
  EXPECT_EQ(answer(Finalize, unknown), GateAnswer::Unknown);
}

TEST(FinalizeGate, IsClosedBeforeEveryBrokerIsInKRaftMode) {
  EXPECT_TRUE(closing(Finalize, World(Phase::S4)).contains("W05"));
  EXPECT_TRUE(closing(Finalize, World(Phase::S4)).contains("H01"));
}

TEST(FinalizeGate, IsClosedWhileTheStoresDiffer) {
  World world(Phase::S6);
  world.only_in_zookeeper("/config/topics/orders",
                          R"({"version":1,"config":{"retention.ms":"2000"}})");
  EXPECT_EQ(closing(Finalize, world), (Ids{"G13", "H05"}));
}

// ── Retry ───────────────────────────────────────────────────────────────────────────────────────

// Back in ZooKeeper mode, and the controllers' empty folders were looked at.
World back() {
  World world(Phase::R2);
  world.add_controllers();
  return world;
}

TEST(RetryGate, IsClosedByWhatAnAttemptLeft) {
  EXPECT_EQ(answer(Retry, back()), GateAnswer::Open);
  EXPECT_EQ(closing(Retry, back().znode("/migration", World::migration(77))), Ids{"D01"});
  EXPECT_EQ(closing(Retry, back().state(ZkMigrationState::Migration)), Ids{"N01"});
  EXPECT_EQ(
      closing(Retry,
              back().znode(
                  "/controller",
                  R"({"version":2,"brokerid":3000,"timestamp":"0","kraftControllerEpoch":7})")),
      Ids{"D03"});
}

TEST(RetryGate, ACheckpointThatSaysNothingWasCopiedIsHarmless) {
  EXPECT_EQ(answer(Retry, back().znode("/migration", World::migration(-1))), GateAnswer::Open);
}

TEST(RetryGate, IsUnknownUntilTheControllersStorageWasLookedAt) {
  const Gate gate = migrate::ask(Retry, World(Phase::R2).facts());
  EXPECT_EQ(gate.answer, GateAnswer::Unknown);
  EXPECT_TRUE(mentions(gate, "controllers' folders"));
}

// What real controllers leave behind whose storage was wiped: their files, and nothing else. Without a
// /migration none of them has been started since.
TEST(RetryGate, IsOpenOnceTheControllersWereWiped) {
  World world(Phase::S0);
  world.add_controllers();
  for (const char* name : {"controller-3000", "controller-3001", "controller-3002"}) {
    world.edit(name, [](migrate::NodeFacts& node) {
      node.log_directories.clear();
      node.has_metadata_log = false;
    });
  }
  EXPECT_EQ(migrate::guess_phase(world.facts()).phase, Phase::S0);
  EXPECT_EQ(answer(Retry, world), GateAnswer::Open);
  world.without_zookeeper();
  EXPECT_EQ(migrate::guess_phase(world.facts()).phase, Phase::S1);
  EXPECT_NE(answer(Retry, world), GateAnswer::Open);
}

TEST(RetryGate, IsClosedWhileAnAttemptIsOnAndAfterTheLastOne) {
  EXPECT_TRUE(closing(Retry, World(Phase::S4)).contains("W06"));
  EXPECT_TRUE(closing(Retry, World(Phase::S8)).contains("W06"));
}

TEST(RetryGate, IsClosedByAGhost) {
  World world = back();
  world.znode("/brokers/topics/orders", World::topic(R"("0":[1,2,4],"1":[2,1])"));
  EXPECT_EQ(closing(Retry, world), Ids{"B13"});
}

// ── Next ────────────────────────────────────────────────────────────────────────────────────────

TEST(NextGate, BrokersWaitUntilTheControllersAreReady) {
  World world(Phase::S1);
  world.record(sim::RegisterControllerRecord{.controller_id = sim::BrokerId(3001),
                                             .zk_migration_ready = false});
  EXPECT_EQ(closing(Next, world), Ids{"N11"});
  EXPECT_TRUE(closing(Next, World(Phase::S1).without("/migration")).contains("W10"));
}

TEST(NextGate, WhatTheStepPutsRightDoesNotCloseIt) {
  // The way back left a checkpoint: deleting it is the next step.
  EXPECT_EQ(answer(Next, back().znode("/migration", World::migration(77))), GateAnswer::Open);
}

TEST(NextGate, NobodyRestartsDuringTheCopy) {
  EXPECT_EQ(closing(Next, World(Phase::S3)), Ids{"W07"});
}

TEST(NextGate, TheStepAfterDualWriteIsFinalisation) {
  World world(Phase::S6);
  world.record(registration(1, false, true));
  EXPECT_EQ(closing(Next, world), Ids{"KAFKA-20960"});
}

}  // namespace
