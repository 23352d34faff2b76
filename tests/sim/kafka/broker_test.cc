#include "sim/kafka/broker.h"

#include <gtest/gtest.h>

#include "sim/kafka/broker_notice.h"
#include "tests/sim/kafka/scripted_cluster.h"

namespace sim {
namespace {

using namespace literals;

ProducerConfig producer_config(const ScriptedCluster& cluster) {
  return {.name = "producer",
          .self = NodeId{200},
          .brokers = cluster.book,
          .topics = {"orders"},
          .interval = 10_ms};
}

// Brokers 1 (leader), 2, 3; a producer with acks=all.
struct Replicated : testing::Test {
  void start() {
    cluster.create("orders", 1, {1, 2, 3});
    producer = &cluster.world.add(NodeId{200}, Producer(producer_config(cluster)));
  }
  // Every acknowledged record stands at its offset in the leader's log, below the high watermark.
  void expect_acknowledged_readable(int leader) {
    const HostedPartition* partition = cluster.broker(leader).partition(kOrders0);
    ASSERT_TRUE(partition->leads());
    for (const auto& acked : cluster.world.noticed<ClientAcknowledged>()) {
      const LogBatch* batch = partition->log().batch_at(acked.base_offset);
      ASSERT_NE(batch, nullptr) << "offset " << acked.base_offset.value() << " is gone";
      EXPECT_EQ(batch->token_at(acked.base_offset), acked.first_token);
    }
  }
  ScriptedCluster cluster{3};
  Producer* producer = nullptr;
};

TEST_F(Replicated, ARecordIsAcknowledgedWhenTheWholeIsrHasIt) {
  start();
  cluster.world.run_for(2_s);
  EXPECT_GT(producer->acknowledged(), 100);
  for (const int id : {2, 3}) {
    const HostedPartition* follower = cluster.broker(id).partition(kOrders0);
    EXPECT_EQ(follower->role(), ReplicaRole::Follower);
    for (const auto& acked : cluster.world.noticed<ClientAcknowledged>()) {
      EXPECT_LT(acked.base_offset, follower->log().end_offset());
    }
  }
}

TEST_F(Replicated, NothingIsAcknowledgedWhileAMemberOfTheIsrIsSilentUntilItLeaves) {
  start();
  cluster.world.run_for(1_s);
  cluster.world.kill(NodeId{3});
  cluster.world.run_for(100_ms);
  const std::int64_t before = producer->acknowledged();
  cluster.world.run_for(10_s);
  EXPECT_EQ(producer->acknowledged(), before);
  cluster.world.run_for(40_s);  // replica.lag.time.max.ms, checked at half of it
  EXPECT_GT(producer->acknowledged(), before);
  ASSERT_FALSE(cluster.world.noticed<IsrShrunk>().empty());
  EXPECT_EQ(cluster.state(kOrders0).isr, (std::vector{BrokerId{1}, BrokerId{2}}));
  cluster.start(3);
  cluster.announce();
  cluster.world.run_for(5_s);
  ASSERT_FALSE(cluster.world.noticed<IsrExpanded>().empty());
  EXPECT_EQ(cluster.state(kOrders0).isr.size(), 3U);
}

TEST_F(Replicated, BelowMinInsyncReplicasWritesAreRefusedAndNothingIsLost) {
  start();
  cluster.world.run_for(1_s);
  for (const int id : {2, 3}) {
    cluster.world.kill(NodeId{static_cast<std::uint32_t>(id)});
    cluster.fail_over(id);
  }
  cluster.world.run_for(1_s);
  const std::int64_t before = producer->acknowledged();
  cluster.world.run_for(40_s);
  EXPECT_EQ(producer->acknowledged(), before);
  const auto waits = cluster.world.noticed<ClientWaits>();
  EXPECT_TRUE(std::ranges::any_of(
      waits, [](const auto& wait) { return wait.error == ErrorCode::NotEnoughReplicas; }));
  expect_acknowledged_readable(1);
}

TEST_F(Replicated, AfterAFailoverWhatWasAcknowledgedIsThereAndTheProducerGoesOn) {
  start();
  cluster.world.run_for(1_s);
  cluster.world.kill(NodeId{1});
  cluster.fail_over(1);
  cluster.world.run_for(1_s);
  const std::int64_t before = producer->acknowledged();
  cluster.world.run_for(3_s);
  EXPECT_GT(producer->acknowledged(), before);
  expect_acknowledged_readable(2);
  cluster.start(1);
  cluster.come_back(1);
  cluster.world.run_for(5_s);
  EXPECT_EQ(cluster.state(kOrders0).isr.size(), 3U);
  cluster.elect(kOrders0, 1);
  cluster.world.run_for(3_s);
  expect_acknowledged_readable(1);
}

// The old leader hears nobody for a while and goes on taking writes that nobody copies.
TEST_F(Replicated, AZombieLeaderAcknowledgesNothingAndIsCutBackWhenItReturns) {
  start();
  cluster.world.run_for(1_s);
  for (const std::uint32_t other : {2U, 3U, 100U}) cluster.world.cut(NodeId{1}, NodeId{other});
  cluster.fail_over(1);
  const std::int64_t before = producer->acknowledged();
  cluster.world.run_for(200_ms);
  EXPECT_LE(producer->acknowledged(), before + 1);
  cluster.world.run_for(150_s);  // the producer may ask the zombie for metadata, once or twice
  EXPECT_GT(producer->acknowledged(), before);
  for (const std::uint32_t other : {2U, 3U, 100U}) cluster.world.heal(NodeId{1}, NodeId{other});
  cluster.come_back(1);
  cluster.world.run_for(5_s);
  EXPECT_FALSE(cluster.world.noticed<ReplicaTruncated>().empty());
  expect_acknowledged_readable(2);
  EXPECT_EQ(cluster.state(kOrders0).isr.size(), 3U);
}

TEST_F(Replicated, AnIdlePartitionTellsFollowersTheHighWatermarkWithinTheFetchWait) {
  start();
  cluster.world.run_for(1_s);
  cluster.world.kill(NodeId{200});
  cluster.world.run_for(2_s);
  const Offset end = cluster.broker(1).partition(kOrders0)->log().high_watermark();
  EXPECT_EQ(cluster.broker(2).partition(kOrders0)->log().high_watermark(), end);
}

TEST_F(Replicated, AGroupReadsAllThatIsAcknowledgedAndFindsItsPlaceAgain) {
  cluster.create("__consumer_offsets", 4, {2, 3, 1});
  start();
  ConsumerConfig config{
      .group = "billing", .self = NodeId{201}, .brokers = cluster.book, .topics = {"orders"}};
  auto* consumer = &cluster.world.add(NodeId{201}, Consumer(config));
  cluster.world.run_for(5_s);
  EXPECT_GT(consumer->consumed(), 300);
  EXPECT_GE(consumer->commits(), 3);
  const Offset committed = cluster.world.noticed<ClientCommitted>().back().offset;
  cluster.world.kill(NodeId{201});
  cluster.world.kill(NodeId{2});
  cluster.fail_over(2);  // the coordinator
  cluster.world.add(NodeId{201}, Consumer(config));
  cluster.world.run_for(5_s);
  const auto fetched = cluster.world.noticed<ClientFetchedOffset>();
  ASSERT_FALSE(fetched.empty());
  EXPECT_GE(fetched.back().offset, committed);
}

// ── Acceptance rules
// ────────────────────────────────────────────────────────────────────────────────

struct Accepting : testing::Test {
  LeaderAndIsrRequest request(int controller_epoch, int leader_epoch, bool kraft = false) {
    LeaderAndIsrRequest made{.header = {.controller_id = BrokerId{9},
                                        .is_kraft_controller = kraft,
                                        .controller_epoch = ControllerEpoch{controller_epoch}}};
    made.topic_states.push_back({"orders",
                                 Uuid{1, 1},
                                 {{.partition_index = PartitionId{0},
                                   .leader = BrokerId{1},
                                   .leader_epoch = LeaderEpoch{leader_epoch},
                                   .isr = {BrokerId{1}},
                                   .partition_epoch = PartitionEpoch{leader_epoch},
                                   .replicas = {BrokerId{1}}}}});
    return made;
  }
  ErrorCode top(const LeaderAndIsrRequest& request) {
    return broker.leader_and_isr(context, request).error_code;
  }
  ErrorCode partition_error(const LeaderAndIsrRequest& request) {
    return broker.leader_and_isr(context, request).partition_errors.at(0).error_code;
  }
  Choices choices{1};
  Effects effects;
  std::uint32_t serial = 0;
  Context context{Instant{}, choices, effects, serial};
  Broker broker{{.id = BrokerId{1}, .self = NodeId{1}}, Durable{}};
};

TEST_F(Accepting, AControllerOfThePastIsRefused) {
  EXPECT_EQ(top(request(5, 0)), ErrorCode::None);
  EXPECT_EQ(top(request(4, 1)), ErrorCode::StaleControllerEpoch);
  EXPECT_EQ(broker.update_metadata(context, {.header = {.controller_epoch = ControllerEpoch{4}}})
                .error_code,
            ErrorCode::StaleControllerEpoch);
  EXPECT_EQ(
      broker.stop_replica(context, {.header = {.controller_epoch = ControllerEpoch{4}}}).error_code,
      ErrorCode::StaleControllerEpoch);
  EXPECT_EQ(broker.partition(kOrders0)->leader_epoch(), LeaderEpoch{0});
}

TEST_F(Accepting, ARequestForAFormerLifeIsRefusedByTheEpochOfItsSendersKind) {
  broker.set_epochs({.zk = BrokerEpoch{40}, .kraft = BrokerEpoch{7}});
  auto from_zk = request(1, 0);
  from_zk.header.broker_epoch = BrokerEpoch{39};
  EXPECT_EQ(top(from_zk), ErrorCode::StaleBrokerEpoch);
  auto from_kraft = request(1, 0, true);
  from_kraft.header.broker_epoch = BrokerEpoch{7};
  EXPECT_EQ(top(from_kraft), ErrorCode::None);
  from_zk.header.broker_epoch = kNoBrokerEpoch;
  EXPECT_EQ(top(from_zk), ErrorCode::None);
}

TEST_F(Accepting, AnEqualLeaderEpochIsNewsFromAKraftControllerAlone) {
  EXPECT_EQ(partition_error(request(1, 3)), ErrorCode::None);
  EXPECT_EQ(partition_error(request(1, 3)), ErrorCode::StaleControllerEpoch);
  EXPECT_EQ(partition_error(request(1, 3, true)), ErrorCode::None);
  EXPECT_EQ(partition_error(request(1, 2, true)), ErrorCode::StaleControllerEpoch);
}

TEST_F(Accepting, AnotherTopicIdIsInconsistentAndNoReplicaIsNoBusiness) {
  EXPECT_EQ(partition_error(request(1, 0)), ErrorCode::None);
  auto other = request(1, 1);
  other.topic_states[0].topic_id = Uuid{2, 2};
  EXPECT_EQ(partition_error(other), ErrorCode::InconsistentTopicId);
  auto elsewhere = request(1, 1);
  elsewhere.topic_states[0].partition_states[0].replicas = {BrokerId{2}};
  EXPECT_EQ(partition_error(elsewhere), ErrorCode::UnknownTopicOrPartition);
}

TEST_F(Accepting, AFullRequestSetsAsideReplicasThatItDoesNotName) {
  EXPECT_EQ(top(request(1, 0)), ErrorCode::None);
  LeaderAndIsrRequest incremental{
      .header = {.is_kraft_controller = true, .controller_epoch = ControllerEpoch{1}},
      .type = ControlRequestType::Incremental};
  EXPECT_EQ(top(incremental), ErrorCode::None);
  EXPECT_NE(broker.partition(kOrders0), nullptr);
  LeaderAndIsrRequest full = incremental;
  full.type = ControlRequestType::Full;
  EXPECT_EQ(top(full), ErrorCode::None);
  EXPECT_EQ(broker.partition(kOrders0), nullptr);
  const auto& last = std::get<Append>(effects.back()).entry.as<LogDeleted>();
  EXPECT_TRUE(last.stray);
}

TEST_F(Accepting, AFullUpdateMetadataForgetsTopicsWhoseIdsItLacks) {
  UpdateMetadataRequest update{
      .header = {.controller_id = BrokerId{9}, .controller_epoch = ControllerEpoch{1}},
      .topic_states = {{"orders", Uuid{1, 1}, {{.leader = BrokerId{1}}}},
                       {"gone", Uuid{1, 2}, {{.leader = BrokerId{1}}}}}};
  EXPECT_EQ(broker.update_metadata(context, update).error_code, ErrorCode::None);
  EXPECT_EQ(broker.metadata().topic_names().size(), 2U);
  EXPECT_EQ(broker.metadata().controller(), (CachedController{BrokerId{9}, false}));
  update.type = ControlRequestType::Full;
  update.header.is_kraft_controller = true;
  update.topic_states.pop_back();
  EXPECT_EQ(broker.update_metadata(context, update).error_code, ErrorCode::None);
  EXPECT_EQ(broker.metadata().topic_names(), std::vector<std::string>{"orders"});
  EXPECT_EQ(broker.metadata().controller(), (CachedController{BrokerId{9}, true}));
  update.topic_states[0].partition_states[0].leader = kLeaderDuringDelete;
  EXPECT_EQ(broker.update_metadata(context, update).error_code, ErrorCode::None);
  EXPECT_TRUE(broker.metadata().topic_names().empty());
}

TEST_F(Accepting, AStoppedReplicaKeepsItsLogUnlessItIsDeleted) {
  EXPECT_EQ(top(request(1, 3)), ErrorCode::None);
  StopReplicaRequest stop{.header = {.controller_epoch = ControllerEpoch{1}},
                          .topic_states = {{"orders", {{.leader_epoch = LeaderEpoch{2}}}}}};
  EXPECT_EQ(broker.stop_replica(context, stop).partition_errors[0].error_code,
            ErrorCode::FencedLeaderEpoch);
  stop.topic_states[0].partition_states[0].leader_epoch = LeaderEpoch{3};
  EXPECT_EQ(broker.stop_replica(context, stop).partition_errors[0].error_code, ErrorCode::None);
  EXPECT_EQ(broker.partition(kOrders0)->role(), ReplicaRole::Offline);
  stop.topic_states[0].partition_states[0] = {.leader_epoch = kEpochDuringDelete,
                                              .delete_partition = true};
  EXPECT_EQ(broker.stop_replica(context, stop).partition_errors[0].error_code, ErrorCode::None);
  EXPECT_EQ(broker.partition(kOrders0), nullptr);
}

}  // namespace
}  // namespace sim
