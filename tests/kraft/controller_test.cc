#include "kraft/controller.h"

#include <gtest/gtest.h>

#include "cluster.h"

namespace kraft::test {
namespace {

std::vector<std::string> names_of(const Log& log) {
  std::vector<std::string> names;
  for (const Payload& batch : log.batches()) {
    if (batch.as<Batch>().is_control()) names.emplace_back("LEADER_CHANGE");
    for (const auto& record : batch.as<Batch>().records())
      names.emplace_back(name_of(record.record));
  }
  return names;
}

TEST(Controller, TheFirstActivationWritesTheBootstrapInATransaction) {
  Cluster cluster({.controllers = 1, .brokers = 0}, 1);
  ASSERT_TRUE(cluster.activate());
  auto names = names_of(cluster.node(0).replica().log());
  names.resize(5);
  EXPECT_EQ(names, (std::vector<std::string>{"LEADER_CHANGE", "BeginTransactionRecord",
                                             "FeatureLevelRecord", "ZkMigrationStateRecord",
                                             "EndTransactionRecord"}));
  EXPECT_EQ(cluster.image().features().zk_migration_state, sim::ZkMigrationState::None);
  EXPECT_EQ(cluster.image().features().metadata_version, sim::kLatestProduction);
}

TEST(Controller, BrokersRegisterCatchUpAndAreUnfenced) {
  Cluster cluster({}, 2);
  ASSERT_TRUE(cluster.all_brokers_running());
  for (std::size_t b = 0; b < 3; ++b) EXPECT_FALSE(cluster.link(b).fenced());
  EXPECT_EQ(cluster.violations, std::vector<Violation>{});
}

TEST(Controller, ControllersRegisterThemselves) {
  Cluster cluster({}, 3);
  ASSERT_TRUE(cluster.activate());
  EXPECT_TRUE(cluster.bench.run_until(
      5_s, [&] { return cluster.image().cluster().controllers.size() == 3; }));
}

TEST(Controller, ATopicIsAnsweredWhenItIsCommittedAndSeenByAll) {
  Cluster cluster({}, 4);
  ASSERT_TRUE(cluster.all_brokers_running());
  EXPECT_EQ(cluster.create_topic("orders", 6, 3), ErrorCode::None);
  EXPECT_EQ(cluster.create_topic("orders", 6, 3), ErrorCode::TopicAlreadyExists);
  EXPECT_EQ(cluster.create_topic("or ders", 6, 3), ErrorCode::InvalidTopicException);
  EXPECT_EQ(cluster.create_topic("wide", 6, 4), ErrorCode::InvalidReplicationFactor);
  cluster.bench.run_for(1_s);
  for (std::size_t b = 0; b < 3; ++b) {
    const auto* topic = cluster.link(b).image().topics().find("orders");
    ASSERT_NE(topic, nullptr);
    EXPECT_EQ(topic->partition_count(), 6U);
  }
  EXPECT_EQ(cluster.violations, std::vector<Violation>{});
  EXPECT_TRUE(check_fold(cluster.node(*cluster.active())).empty());
}

TEST(Controller, ABrokerThatFallsSilentIsFencedAndLeadsNothingAnyMore) {
  Cluster cluster({}, 5);
  ASSERT_TRUE(cluster.all_brokers_running());
  ASSERT_EQ(cluster.create_topic("orders", 12, 3), ErrorCode::None);
  cluster.bench.crash(cluster.process_of(1));
  const Instant crashed = cluster.bench.now();
  ASSERT_TRUE(cluster.bench.run_until(20_s, [&] { return cluster.fenced(1); }));
  EXPECT_GE(cluster.bench.now() - crashed, 7_s);
  for (const auto& [id, partition] : cluster.image().topics().find("orders")->partitions()) {
    EXPECT_NE(partition.leader, BrokerId(1));
    EXPECT_FALSE(partition.in_isr(BrokerId(1)));
  }
  cluster.bench.start(cluster.process_of(1));
  EXPECT_TRUE(cluster.all_brokers_running());
  EXPECT_EQ(cluster.violations, std::vector<Violation>{});
}

TEST(Controller, AControlledShutdownMovesLeadersFirst) {
  Cluster cluster({}, 6);
  ASSERT_TRUE(cluster.all_brokers_running());
  ASSERT_EQ(cluster.create_topic("orders", 12, 3), ErrorCode::None);
  cluster.bench.act(cluster.process_of(0), [&](Process& process, Effects& effects) {
    std::get<BrokerLink>(process.core)
        .begin_controlled_shutdown(cluster.bench.now(), cluster.bench.choices(), effects);
  });
  ASSERT_TRUE(cluster.bench.run_until(
      10_s, [&] { return cluster.link(0).state() == BrokerLifecycle::ShuttingDown; }));
  cluster.bench.run_for(1_s);
  EXPECT_TRUE(cluster.fenced(0));
  for (const auto& [id, partition] : cluster.image().topics().find("orders")->partitions()) {
    EXPECT_TRUE(partition.has_leader());
    EXPECT_NE(partition.leader, BrokerId(0));
  }
}

TEST(Controller, ANewControllerGoesOnWhereTheOldOneCommitted) {
  Cluster cluster({}, 7);
  ASSERT_TRUE(cluster.all_brokers_running());
  ASSERT_EQ(cluster.create_topic("before", 3, 3), ErrorCode::None);
  const std::size_t old = *cluster.active();
  cluster.bench.crash(old);
  ASSERT_TRUE(cluster.activate());
  EXPECT_NE(*cluster.active(), old);
  EXPECT_EQ(cluster.create_topic("before", 3, 3), ErrorCode::TopicAlreadyExists);
  EXPECT_EQ(cluster.create_topic("after", 3, 3), ErrorCode::None);
  EXPECT_EQ(cluster.violations, std::vector<Violation>{});
}

// ── AlterPartition ──

struct AlterPartition : testing::Test {
  AlterPartition() : cluster({}, 8) {
    EXPECT_TRUE(cluster.all_brokers_running());
    EXPECT_EQ(cluster.create_topic("t", 1, 3), ErrorCode::None);
    cluster.bench.run_for(1_s);
    topic = cluster.image().topics().find("t")->id();
    partition = *cluster.image().topics().find("t")->partition(sim::PartitionId(0));
  }
  ErrorCode alter(BrokerId sender, std::vector<std::int32_t> isr, int leader_epoch_ahead = 0,
                  int partition_epoch_ahead = 0) {
    sim::AlterPartitionData data{
        .partition_index = sim::PartitionId(0),
        .leader_epoch = partition.leader_epoch.plus(leader_epoch_ahead),
        .new_isr_with_epochs = {},
        .partition_epoch = partition.partition_epoch.plus(partition_epoch_ahead)};
    for (const std::int32_t id : isr)
      data.new_isr_with_epochs.push_back({.broker_id = BrokerId(id)});
    const auto epoch = cluster.image().cluster().broker(sender)->broker_epoch;
    const auto answer = cluster.ask(
        sim::AlterPartitionRequest{.broker_id = sender,
                                   .broker_epoch = epoch,
                                   .topics = {{.topic_id = topic, .partitions = {data}}}});
    if (!answer) return ErrorCode::RequestTimedOut;
    return answer->topics.front().partitions.front().error_code;
  }
  Cluster cluster;
  sim::Uuid topic;
  sim::Partition partition;
};

TEST_F(AlterPartition, IsCheckedInKafkasOrder) {
  const BrokerId leader = partition.leader;
  const BrokerId other((leader.value() + 1) % 3);
  EXPECT_EQ(alter(leader, {0, 1, 2}, 1), ErrorCode::NotController);
  EXPECT_EQ(alter(leader, {0, 1, 2}, 0, 1), ErrorCode::NotController);
  EXPECT_EQ(alter(leader, {0, 1, 2}, -1), ErrorCode::FencedLeaderEpoch);
  EXPECT_EQ(alter(other, {0, 1, 2}), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter(leader, {0, 1, 2}, 0, -1), ErrorCode::InvalidUpdateVersion);
  EXPECT_EQ(alter(leader, {leader.value(), 7}), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter(leader, {other.value()}), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter(leader, {leader.value(), other.value()}), ErrorCode::None);
  EXPECT_EQ(alter(leader, {leader.value()}), ErrorCode::InvalidUpdateVersion)
      << "the epoch moved on";
}

TEST_F(AlterPartition, DoesNotTakeBackWhoIsFenced) {
  const BrokerId leader = partition.leader;
  const auto away = static_cast<std::size_t>((leader.value() + 1) % 3);
  cluster.bench.crash(cluster.process_of(away));
  ASSERT_TRUE(cluster.bench.run_until(20_s, [&] { return cluster.fenced(away); }));
  partition = *cluster.image().topics().find("t")->partition(sim::PartitionId(0));
  EXPECT_EQ(alter(leader, {0, 1, 2}), ErrorCode::IneligibleReplica);
}

// ── Migration ──

Records copied_topic(const std::string& name) {
  sim::TopicRecord topic;
  topic.name = name;
  topic.topic_id = sim::Uuid(1, static_cast<std::int64_t>(sim::hash_name(name) >> 8));
  sim::PartitionRecord partition;
  partition.partition_id = sim::PartitionId(0);
  partition.topic_id = topic.topic_id;
  partition.replicas = partition.isr = {BrokerId(0)};
  partition.leader = BrokerId(0);
  partition.leader_epoch = sim::LeaderEpoch(4);
  partition.partition_epoch = sim::PartitionEpoch(9);
  return {{topic, 0}, {partition, 0}};
}

TEST(Migration, BeforeTheCopyOnlyWhatTheMigrationNeedsIsAccepted) {
  Cluster cluster({.brokers = 2, .migrating = true}, 9);
  ASSERT_TRUE(cluster.all_brokers_running());
  EXPECT_EQ(cluster.image().features().zk_migration_state, sim::ZkMigrationState::PreMigration);
  EXPECT_EQ(cluster.create_topic("t", 1, 1), ErrorCode::NotController);
  const auto kraft_broker = cluster.ask(sim::BrokerRegistrationRequest{
      .broker_id = BrokerId(9), .cluster_id = "test-cluster", .log_dirs = {sim::Uuid(9, 9)}});
  EXPECT_EQ(kraft_broker->error_code, ErrorCode::BrokerIdNotRegistered);
}

TEST(Migration, ACopyIsSeenAtItsEndAndAllAtOnce) {
  Cluster cluster({.brokers = 2, .migrating = true}, 10);
  ASSERT_TRUE(cluster.all_brokers_running());
  ASSERT_EQ(cluster.begin().state, WriteStatus::State::Committed);
  ASSERT_EQ(cluster.copy(copied_topic("a")).state, WriteStatus::State::Committed);
  cluster.bench.run_for(2_s);
  EXPECT_EQ(cluster.image().topics().size(), 0U);
  ASSERT_EQ(cluster.copy(copied_topic("b")).state, WriteStatus::State::Committed);
  ASSERT_EQ(cluster.complete().state, WriteStatus::State::Committed);
  cluster.bench.run_for(100_ms);
  EXPECT_EQ(cluster.image().topics().size(), 2U);
  EXPECT_EQ(cluster.image().features().zk_migration_state, sim::ZkMigrationState::Migration);
  EXPECT_EQ(cluster.create_topic("c", 1, 1), ErrorCode::None);
  EXPECT_EQ(cluster.violations, std::vector<Violation>{});
}

TEST(Migration, HeartbeatsAreAnsweredDuringTheCopy) {
  Cluster cluster({.brokers = 2, .migrating = true}, 11);
  ASSERT_TRUE(cluster.all_brokers_running());
  ASSERT_EQ(cluster.begin().state, WriteStatus::State::Committed);
  cluster.bench.run_for(30_s);
  for (std::size_t b = 0; b < 2; ++b) EXPECT_FALSE(cluster.fenced(b));
}

TEST(Migration, WhatADeadControllerHadCopiedIsTakenBack) {
  Cluster cluster({.brokers = 2, .migrating = true}, 12);
  ASSERT_TRUE(cluster.all_brokers_running());
  ASSERT_EQ(cluster.begin().state, WriteStatus::State::Committed);
  ASSERT_EQ(cluster.copy(copied_topic("a")).state, WriteStatus::State::Committed);
  cluster.bench.crash(*cluster.active());
  ASSERT_TRUE(cluster.activate());
  EXPECT_EQ(cluster.bench.last_notice<TransactionAborted>()->reason, "Controller failover");
  EXPECT_EQ(cluster.node(*cluster.active()).controller().state().image.topics().size(), 0U);
  ASSERT_EQ(cluster.begin().state, WriteStatus::State::Committed);
  ASSERT_EQ(cluster.copy(copied_topic("a")).state, WriteStatus::State::Committed);
  ASSERT_EQ(cluster.complete().state, WriteStatus::State::Committed);
  cluster.bench.run_for(1_s);
  EXPECT_EQ(cluster.image().topics().size(), 1U);
  EXPECT_EQ(cluster.violations, std::vector<Violation>{});
}

//  begin ─ broker 1 registers, is unfenced ─ controller dies ─ abort ─ copy again ─ is broker 1 fenced?
bool a_broker_stays_fenced(bool heartbeat_table_before_abort) {
  Behaviour behaviour;
  behaviour.heartbeat_table_before_abort = heartbeat_table_before_abort;
  Cluster cluster({.brokers = 2, .migrating = true, .behaviour = behaviour}, 13);
  cluster.bench.crash(cluster.process_of(1));
  EXPECT_TRUE(cluster.bench.run_until(
      20_s, [&] { return cluster.link(0).state() == BrokerLifecycle::Running; }));
  cluster.bench.start(cluster.process_of(1));
  EXPECT_TRUE(cluster.bench.run_until(20_s, [&] { return cluster.link(1).registered(); }));
  cluster.bench.act(*cluster.active(), [&](Process& process, Effects& effects) {
    std::get<Node>(process.core)
        .begin_migration(cluster.bench.now(), cluster.bench.choices(), effects);
  });
  EXPECT_TRUE(cluster.all_brokers_running()) << "unfenced inside the transaction";
  cluster.bench.run_for(1_s);
  const std::size_t died = *cluster.active();
  cluster.bench.crash(died);
  EXPECT_TRUE(cluster.activate());
  EXPECT_GT(cluster.bench.count<TransactionAborted>(), 0U);
  cluster.bench.start(died);
  cluster.begin();
  cluster.copy(copied_topic("a"));
  EXPECT_EQ(cluster.complete().state, WriteStatus::State::Committed);
  cluster.bench.run_for(210_s);
  EXPECT_EQ(cluster.link(1).state(), BrokerLifecycle::Running) << "a running broker stays running";
  const bool stays_fenced = cluster.fenced(1);
  if (stays_fenced) {
    // The cure: another activation.
    cluster.bench.crash(*cluster.active());
    if (!cluster.activate()) {
      ADD_FAILURE() << "no other activation; exits: " << sim::describe_value(cluster.bench.exits());
      return true;
    }
    EXPECT_TRUE(cluster.bench.run_until(5_s, [&] { return !cluster.fenced(1); }));
  }
  return stays_fenced;
}
TEST(Migration, MB22_AnUnfencingThatAnAbortTakesBackIsNeverRepeated) {
  EXPECT_TRUE(a_broker_stays_fenced(true));
  EXPECT_FALSE(a_broker_stays_fenced(false)) << "the same tape without the defect is clean";
}

// ── Seeded defects of the controller ──

std::vector<Violation> life_with(Behaviour behaviour, std::uint64_t seed) {
  Cluster cluster({.behaviour = behaviour}, seed);
  if (!cluster.all_brokers_running()) return {{"progress", "brokers do not start"}};
  if (cluster.create_topic("t", 4, 3) != ErrorCode::None) return {{"progress", "no topic"}};
  for (int round = 0; round < 6 && cluster.violations.empty(); ++round) {
    const auto broker = static_cast<std::size_t>(round % 3);
    cluster.bench.crash(cluster.process_of(broker));
    cluster.bench.run_for(12_s);
    cluster.bench.start(cluster.process_of(broker));
    cluster.bench.run_for(4_s);
    const auto* topic = cluster.active() ? cluster.image().topics().find("t") : nullptr;
    if (topic == nullptr) continue;
    for (const auto& [id, partition] : topic->partitions()) {
      if (!partition.has_leader()) continue;
      sim::AlterPartitionData data{.partition_index = id,
                                   .leader_epoch = partition.leader_epoch,
                                   .partition_epoch = partition.partition_epoch};
      for (const BrokerId replica : partition.replicas) {
        data.new_isr_with_epochs.push_back({.broker_id = replica});
      }
      const auto epoch = cluster.image().cluster().broker(partition.leader)->broker_epoch;
      cluster.ask(
          sim::AlterPartitionRequest{.broker_id = partition.leader,
                                     .broker_epoch = epoch,
                                     .topics = {{.topic_id = topic->id(), .partitions = {data}}}});
      break;
    }
  }
  return cluster.violations;
}
TEST(ControllerDefect, AnIsrWithoutVersionIsSeen) {
  EXPECT_EQ(life_with({}, 20), std::vector<Violation>{});
  Behaviour behaviour;
  behaviour.isr_without_version = true;
  const auto found = life_with(behaviour, 20);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().invariant, "kraft.EpochsMonotone");
}

std::vector<Violation> copy_with(Behaviour behaviour) {
  Cluster cluster({.brokers = 1, .migrating = true, .behaviour = behaviour}, 21);
  EXPECT_TRUE(cluster.all_brokers_running());
  cluster.begin();
  cluster.copy(copied_topic("a"));
  cluster.bench.run_for(2_s);
  cluster.bench.crash(*cluster.active());
  cluster.activate();
  cluster.bench.run_for(2_s);
  return cluster.violations;
}
TEST(ControllerDefect, AnImageInsideATransactionIsSeen) {
  EXPECT_EQ(copy_with({}), std::vector<Violation>{});
  Behaviour behaviour;
  behaviour.loader_publishes_open_transactions = true;
  const auto found = copy_with(behaviour);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().invariant, "kraft.NoTransactionInAnImage");
}

// ── Random faults ──

void adventure_of_controllers(std::uint64_t seed) {
  SCOPED_TRACE(seed);
  static constexpr sim::Site kDeed{"test.deed"};
  Cluster cluster({}, seed);
  auto& choices = cluster.bench.choices();
  int topics = 0;
  for (int deed = 0; deed < 15; ++deed) {
    cluster.bench.run_for(1_ms * static_cast<std::int64_t>(choices.pick(kDeed, 1, 1, 3000)));
    const std::size_t who = choices.pick(kDeed, 2, 0, cluster.bench.size() - 1);
    switch (choices.pick(kDeed, 3, 0, 4)) {
      case 0:
        if (cluster.bench.alive(who)) cluster.bench.crash(who);
        break;
      case 1:
        cluster.bench.isolate(who);
        break;
      case 2:
        cluster.bench.heal();
        break;
      default:
        if (cluster.active()) cluster.create_topic(fmt::format("t{}", ++topics), 2, 1);
    }
    for (std::size_t i = 0; i < cluster.bench.size(); ++i) {
      if (!cluster.bench.alive(i) && choices.pick(kDeed, 4, 0, 2) == 0) cluster.bench.start(i);
    }
  }
  cluster.bench.heal();
  for (std::size_t i = 0; i < cluster.bench.size(); ++i) {
    if (!cluster.bench.alive(i)) cluster.bench.start(i);
  }
  ASSERT_TRUE(cluster.all_brokers_running(60_s));
  cluster.bench.run_for(5_s);
  ASSERT_TRUE(cluster.activate());
  EXPECT_EQ(cluster.create_topic("last", 1, 1), ErrorCode::None);
  EXPECT_EQ(cluster.violations, std::vector<Violation>{});
  EXPECT_TRUE(check_fold(cluster.node(*cluster.active())).empty());
}
TEST(ControllersUnderFaults, AgreeOnAllImagesAndGoOn) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) adventure_of_controllers(seed);
}

}  // namespace
}  // namespace kraft::test
