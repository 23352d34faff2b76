#include "sim/kafka/broker_invariants.h"

#include <gtest/gtest.h>

#include "sim/kafka/broker_notice.h"
#include "tests/sim/kafka/scripted_cluster.h"

namespace sim {
namespace {

using namespace literals;

// Three brokers, a producer, a committing group; every notice is checked when its step is over.
struct Checked {
  explicit Checked(BrokerBehaviour behaviour, std::int32_t min_insync = 2, GroupConfig groups = {})
      : cluster(3, behaviour, min_insync, 1, groups) {
    cluster.create("__consumer_offsets", 1, {2, 1, 3});
    cluster.create("orders", 1, {1, 2, 3});
    cluster.world.add(NodeId{200}, Producer({.name = "producer",
                                             .self = NodeId{200},
                                             .brokers = cluster.book,
                                             .topics = {"orders"},
                                             .interval = 3_ms}));
    cluster.world.add(NodeId{201}, Consumer({.group = "billing",
                                             .self = NodeId{201},
                                             .brokers = cluster.book,
                                             .topics = {"orders"},
                                             .commit_interval = 50_ms}));
  }
  void run_for(Duration duration) {
    const Instant end = cluster.world.now + duration;
    while (cluster.world.now < end) {
      cluster.world.run_for(1_ms);
      std::vector<const Broker*> running;
      for (const auto& [id, process] : cluster.processes) {
        const bool up = cluster.world.running(NodeId{static_cast<std::uint32_t>(id)});
        running.push_back(up ? &process->broker : nullptr);
      }
      for (; seen < cluster.world.notices.size(); ++seen) {
        for (auto& violation : check_broker_notice(cluster.world.notices[seen], running, memory)) {
          violations.push_back(std::move(violation));
        }
      }
      last = durability(running, memory);
    }
  }
  void kill(int id) {
    cluster.world.kill(NodeId{static_cast<std::uint32_t>(id)});
    memory.on_restart(BrokerId{id});
  }
  bool found(std::string_view invariant) const {
    return std::ranges::any_of(
        violations, [&](const auto& violation) { return violation.invariant == invariant; });
  }
  ScriptedCluster cluster;
  BrokerMemory memory;
  Violations violations;
  Durability last;
  std::size_t seen = 0;
};

// The leader and the coordinator die, one after the other, and come back.
void fail_over_twice(Checked& run) {
  run.run_for(1'003_ms);
  run.kill(2);
  run.cluster.fail_over(2);
  run.run_for(2_s);
  run.cluster.start(2);
  run.cluster.come_back(2);
  run.run_for(3_s);
  run.kill(1);
  run.cluster.fail_over(1);
  run.run_for(2_s);
}

TEST(BrokerInvariants, HoldThroughFailoversOfACorrectBroker) {
  Checked run({});
  fail_over_twice(run);
  for (const Violation& violation : run.violations) ADD_FAILURE() << violation.what;
  EXPECT_GT(run.last.acknowledged, 200U);
  EXPECT_EQ(run.last.readable, run.last.acknowledged);
  EXPECT_EQ(run.last.committed, 1U);
  EXPECT_EQ(run.last.found, 1U);
}

TEST(BrokerInvariants, P1SeesThatRecordsWereAcknowledgedBeforeTheHighWatermark) {
  Checked run({.acknowledge_before_high_watermark = true});
  // The followers hear nothing for a moment; the leader acknowledges alone, and dies.
  run.run_for(1_s);
  run.cluster.world.cut(NodeId{1}, NodeId{2});
  run.cluster.world.cut(NodeId{1}, NodeId{3});
  run.run_for(500_ms);
  run.kill(1);
  run.cluster.fail_over(1);
  run.run_for(1_s);
  EXPECT_TRUE(run.found("broker.P1"));
}

TEST(BrokerInvariants, P1SeesThatTheHighWatermarkDidNotWaitForTheIsr) {
  Checked run({.high_watermark_ignores_isr = true});
  run.run_for(1_s);
  run.cluster.world.cut(NodeId{1}, NodeId{2});
  run.cluster.world.cut(NodeId{1}, NodeId{3});
  run.run_for(500_ms);
  run.kill(1);
  run.cluster.fail_over(1);
  run.run_for(1_s);
  EXPECT_TRUE(run.found("broker.P1"));
}

// KIP-101: the follower has the record, but not yet the news that it is committed.
TEST(BrokerInvariants, P1SeesThatAFollowerTruncatedToItsHighWatermark) {
  bool caught = false;
  for (int shift = 0; shift < 8 && !caught; ++shift) {
    Checked run({.truncate_to_high_watermark = true});
    run.run_for(1_s + Duration{shift * 1'000'000});
    run.cluster.elect(kOrders0, 1);
    run.run_for(2_ms);
    run.kill(1);
    run.cluster.fail_over(1);
    run.run_for(1_s);
    caught = run.found("broker.P1");
  }
  EXPECT_TRUE(caught);
}

TEST(BrokerInvariants, P1SeesThatAFollowerJoinedTheIsrBeforeItHadCaughtUp) {
  const auto lost = [](BrokerBehaviour behaviour, Duration moment) {
    Checked run(behaviour, 1);
    run.run_for(200_ms);
    run.kill(3);
    run.cluster.fail_over(3);
    run.kill(2);
    run.cluster.fail_over(2);
    run.run_for(400_ms);
    run.cluster.world.files.erase(NodeId{2});  // it comes back with an empty disk
    run.cluster.start(2);
    run.cluster.come_back(2);
    const auto follows = [&] { return run.cluster.broker(2).partition(kOrders0) != nullptr; };
    while (!follows()) run.run_for(1_ms);
    run.run_for(moment);
    run.cluster.world.cut(NodeId{1}, NodeId{2});
    run.run_for(20_ms);
    run.kill(1);
    run.cluster.fail_over(1);
    run.run_for(200_ms);
    return run.found("broker.P1");
  };
  // There is a moment when its first fetch has arrived and the answer has not.
  bool caught = false;
  for (int ms = 1; ms <= 5; ++ms) {
    EXPECT_FALSE(lost({}, Duration{ms * 1'000'000}));
    caught = caught || lost({.expand_isr_before_caught_up = true}, Duration{ms * 1'000'000});
  }
  EXPECT_TRUE(caught);
}

TEST(BrokerInvariants, P13SeesThatACommitWasAnsweredBeforeItWasReplicated) {
  Checked run({.commit_offset_without_replication = true});
  run.run_for(1_s);
  run.cluster.world.cut(NodeId{2}, NodeId{1});
  run.cluster.world.cut(NodeId{2}, NodeId{3});
  run.run_for(300_ms);
  run.kill(2);
  run.cluster.fail_over(2);
  run.run_for(2_s);
  EXPECT_TRUE(run.found("broker.P13"));
}

TEST(BrokerInvariants, P16SeesThatACommitOfThePastWasTaken) {
  const auto taken = [](GroupConfig groups) {
    Checked run({}, 2, groups);
    run.run_for(1_s);
    const OffsetCommitRequest of_the_past{
        .group_id = "billing",
        .generation_id_or_member_epoch = 7,
        .member_id = "gone",
        .partitions = {{.topic_partition = kOrders0, .committed_offset = Offset{1}}}};
    run.cluster.world.post(
        NodeId{2},
        Received{NodeId{201}, kDatagram,
                 Payload::of(Request<OffsetCommitRequest>{CorrelationId{999}, of_the_past})});
    run.run_for(1_s);
    return run.found("broker.P16");
  };
  EXPECT_FALSE(taken({}));
  EXPECT_TRUE(taken({.fence_commits = false}));
}

TEST(BrokerInvariants, P9SeesThatAnOldLeaderAndIsrWasObeyed) {
  const auto obeyed = [](BrokerBehaviour behaviour) {
    Checked run(behaviour);
    run.run_for(500_ms);
    LeaderAndIsrRequest old = run.cluster.leader_and_isr(BrokerId{1});
    run.cluster.elect(kOrders0, 2);
    run.run_for(500_ms);
    // Its partition epoch is taken for current, as by a broker that looks at none.
    for (auto& topic : old.topic_states) {
      for (auto& state : topic.partition_states) state.partition_epoch = PartitionEpoch{1000};
    }
    old.header.controller_epoch = ControllerEpoch{0};
    run.cluster.world.post(
        NodeId{1}, Received{NodeId{99}, kDatagram,
                            Payload::of(Request<LeaderAndIsrRequest>{CorrelationId{1}, old})});
    run.run_for(500_ms);
    return run.found("broker.P9") || run.found("broker.P7");
  };
  EXPECT_FALSE(obeyed({}));
  EXPECT_TRUE(obeyed({.accept_stale_leader_and_isr = true}));
}

}  // namespace
}  // namespace sim
