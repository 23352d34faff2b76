#include "zk/controller.h"

#include <gtest/gtest.h>

#include "tests/zk/legacy_cluster.h"
#include "zk/paths.h"

namespace zk {
namespace {

using namespace sim::literals;
const sim::TopicPartition kOrders{"orders", sim::PartitionId{0}};

struct Legacy : testing::Test {
  void start() {
    cluster.world.run_for(5_s);
    ASSERT_GT(cluster.controller(), 0);
    cluster.create("orders", 6, 3);
    cluster.world.run_for(2_s);
    producer = &cluster.world.add(sim::NodeId{200}, sim::Producer({.name = "producer",
                                                                   .self = sim::NodeId{200},
                                                                   .brokers = cluster.book,
                                                                   .topics = {"orders"},
                                                                   .interval = 20_ms,
                                                                   .start = cluster.world.now}));
    cluster.world.run_for(2_s);
  }
  void expect_progress() {
    const std::int64_t before = producer->acknowledged();
    cluster.world.run_for(3_s);
    EXPECT_GT(producer->acknowledged(), before + 50);
  }
  void expect_acknowledged_readable() {
    for (const auto& acked : cluster.world.noticed<sim::ClientAcknowledged>()) {
      const int leader = cluster.leader(acked.topic_partition);
      ASSERT_GT(leader, 0);
      const auto& log = cluster.brokers.at(leader)->broker.partition(acked.topic_partition)->log();
      const sim::LogBatch* batch = log.batch_at(acked.base_offset);
      ASSERT_NE(batch, nullptr);
      EXPECT_EQ(batch->token_at(acked.base_offset), acked.first_token);
    }
  }
  LegacyCluster cluster{3};
  sim::Producer* producer = nullptr;
};

TEST_F(Legacy, OneBrokerWinsTheElectionAndAllHearOfIt) {
  cluster.world.run_for(5_s);
  const int controller = cluster.controller();
  ASSERT_GT(controller, 0);
  EXPECT_EQ(cluster.world.noticed<ZkControllerElected>().size(), 1U);
  for (const auto& [id, process] : cluster.brokers) {
    EXPECT_TRUE(process->link.registered());
    ASSERT_TRUE(process->broker.metadata().controller().has_value());
    EXPECT_EQ(process->broker.metadata().controller()->id, sim::BrokerId{controller});
    EXPECT_EQ(process->broker.metadata().brokers().size(), 3U);
  }
}

TEST_F(Legacy, ATopicIsCreatedLedWrittenAndDeleted) {
  start();
  EXPECT_GT(producer->acknowledged(), 50);
  for (int p = 0; p < 6; ++p) {
    EXPECT_GT(cluster.leader({"orders", sim::PartitionId{p}}), 0);
  }
  cluster.world.kill(sim::NodeId{200});
  cluster.ask(cluster.controller(), sim::DeleteTopicsRequest{.topic_names = {"orders"}});
  cluster.world.run_for(5_s);
  ASSERT_EQ(cluster.world.noticed<ZkTopicDeleted>().size(), 1U);
  for (const auto& [id, process] : cluster.brokers) {
    EXPECT_EQ(process->broker.partition(kOrders), nullptr);
    EXPECT_TRUE(process->broker.metadata().topic_names().empty());
  }
  cluster.create("orders", 2, 2);
  cluster.world.run_for(2_s);
  EXPECT_GT(cluster.leader(kOrders), 0);
}

TEST_F(Legacy, AfterABrokersDeathItsPartitionsAreLedByOthersAndItReturnsAsFollower) {
  start();
  const int controller = cluster.controller();
  const int victim = controller == 1 ? 2 : 1;
  cluster.kill(victim);
  cluster.world.run_for(25_s);  // zookeeper.session.timeout.ms
  EXPECT_EQ(cluster.controller(), controller);
  expect_progress();
  expect_acknowledged_readable();
  cluster.start(victim);
  cluster.world.run_for(10_s);
  EXPECT_FALSE(cluster.world.noticed<sim::IsrExpanded>().empty());
  expect_progress();
  expect_acknowledged_readable();
}

TEST_F(Legacy, AfterTheControllersDeathAnotherTakesOverWithAHigherEpoch) {
  start();
  const int first = cluster.controller();
  const sim::ControllerEpoch epoch = cluster.brokers.at(first)->controller.epoch();
  cluster.kill(first);
  cluster.world.run_for(30_s);
  const int second = cluster.controller();
  ASSERT_GT(second, 0);
  EXPECT_EQ(cluster.brokers.at(second)->controller.epoch(), epoch.next());
  expect_progress();
  expect_acknowledged_readable();
}

TEST_F(Legacy, AControllerThatShutsDownInGoodOrderMovesItsLeadersFirst) {
  start();
  const int controller = cluster.controller();
  const int leaving = controller == 3 ? 2 : 3;
  cluster.ask(controller, sim::ControlledShutdownRequest{.broker_id = sim::BrokerId{leaving}});
  cluster.world.run_for(2_s);
  for (int p = 0; p < 6; ++p) {
    EXPECT_NE(cluster.leader({"orders", sim::PartitionId{p}}), leaving);
  }
  expect_progress();
}

// Who is back leads nothing, until leaders are balanced: five minutes after the last time.
TEST_F(Legacy, PreferredLeadersAreGivenBackWhenLeadersAreBalanced) {
  start();
  const int controller = cluster.controller();
  const int victim = controller == 1 ? 2 : 1;
  const auto led = [&](int broker) {
    int count = 0;
    for (int p = 0; p < 6; ++p)
      count += static_cast<int>(cluster.leader({"orders", sim::PartitionId{p}}) == broker);
    return count;
  };
  ASSERT_GT(led(victim), 0);
  cluster.kill(victim);
  cluster.world.run_for(25_s);
  cluster.start(victim);
  cluster.world.run_for(200_s);
  EXPECT_EQ(led(victim), 0);
  cluster.world.run_for(100_s);
  EXPECT_EQ(led(victim), 2);
  expect_progress();
}

// A KRaft controller's claim, by hand: /controller becomes persistent and its, the epoch goes up.
void claim_for_kraft(LegacyCluster& cluster) {
  const ControllerZnode claim{.broker = sim::BrokerId{3000},
                              .kraft_controller_epoch = sim::RaftEpoch{5}};
  cluster.scribe->to_do.push_back(
      {Multi{.ops = {Delete{.path = std::string(paths::kController)},
                     Create{.path = std::string(paths::kController), .data = encode(claim)},
                     SetData{.path = std::string(paths::kControllerEpoch), .data = "100"}}}});
  cluster.world.run_for(2_s);
}

TEST_F(Legacy, AKraftControllersClaimMakesItResignAndNobodyElseStands) {
  start();
  claim_for_kraft(cluster);
  EXPECT_EQ(cluster.controller(), 0);
  EXPECT_EQ(cluster.world.noticed<ZkControllerResigned>().size(), 1U);
  cluster.world.run_for(30_s);
  EXPECT_EQ(cluster.world.noticed<ZkControllerElected>().size(), 1U);
  for (const auto& [id, process] : cluster.brokers) {
    EXPECT_TRUE(process->controller.known_controller()->is_kraft());
  }
}

// It does not hear of the claim, for its watch is lost with its connection, and goes on writing.
std::size_t writes_after_a_claim(ControllerBehaviour behaviour) {
  LegacyCluster cluster(3, behaviour);
  cluster.world.run_for(5_s);
  cluster.create("orders", 6, 3);
  cluster.world.run_for(2_s);
  const int controller = cluster.controller();
  const std::size_t before = cluster.world.noticed<ZkPartitionChanged>().size();
  // The claim, and behind it in the same instant a broker's wish to change an ISR.
  const int leader = cluster.leader(kOrders);
  const auto& partition = *cluster.brokers.at(leader)->broker.partition(kOrders);
  cluster.ask(controller,
              sim::AlterPartitionRequest{
                  .broker_id = sim::BrokerId{leader},
                  .broker_epoch = cluster.brokers.at(leader)->link.epoch(),
                  .topics = {{.topic_name = "orders",
                              .partitions = {{.leader_epoch = partition.leader_epoch(),
                                              .new_isr_with_epochs = {{sim::BrokerId{leader}}},
                                              .partition_epoch = partition.partition_epoch()}}}}});
  claim_for_kraft(cluster);
  return cluster.world.noticed<ZkPartitionChanged>().size() - before;
}

TEST(LegacyFencing, NoWriteOfTheOldControllerIsAppliedAfterTheClaim) {
  EXPECT_EQ(writes_after_a_claim({}), 0U);
  EXPECT_EQ(writes_after_a_claim({.controller_epoch_unchecked = true}), 1U);
}

}  // namespace
}  // namespace zk
