#include "zk/partition_machine.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace zk {
namespace {

using Ids = std::vector<sim::BrokerId>;

Ids ids(std::initializer_list<int> numbers) {
  Ids made;
  for (const int n : numbers) made.emplace_back(n);
  return made;
}
LeaderAndIsr state(int leader, Ids isr) {
  return {
      .leader = sim::BrokerId{leader}, .leader_epoch = sim::LeaderEpoch{7}, .isr = std::move(isr)};
}
LiveBrokers alive(std::initializer_list<int> numbers) {
  LiveBrokers brokers;
  for (const int n : numbers) brokers.live.emplace(n);
  return brokers;
}

TEST(PartitionMachine, TheFirstLiveReplicaInSyncLeadsAfterAFailure) {
  const auto next =
      elect_after_change(state(1, ids({1, 2, 3})), ids({1, 3, 2}), alive({2, 3}), false);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->leader, sim::BrokerId{3});
  EXPECT_EQ(next->isr, ids({2, 3}));
  EXPECT_EQ(next->leader_epoch, sim::LeaderEpoch{8});
}

TEST(PartitionMachine, TheLastMemberOfAnIsrStaysThoughItIsDead) {
  const auto next = elect_after_change(state(1, ids({1})), ids({1, 2}), alive({2}), false);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->leader, sim::kNoBroker);
  EXPECT_EQ(next->isr, ids({1}));
  const auto back = elect_after_change(*next, ids({1, 2}), alive({1, 2}), false);
  EXPECT_EQ(back->leader, sim::BrokerId{1});
}

TEST(PartitionMachine, AnUncleanLeaderIsAloneAndRecovering) {
  const auto next = elect_after_change(state(1, ids({1})), ids({1, 2}), alive({2}), true);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->leader, sim::BrokerId{2});
  EXPECT_EQ(next->isr, ids({2}));
  EXPECT_EQ(next->recovery, sim::LeaderRecoveryState::Recovering);
}

TEST(PartitionMachine, ABrokerThatLeavesAloneIsNotLetGo) {
  LiveBrokers brokers = alive({2});
  brokers.shutting_down = {sim::BrokerId{1}};
  EXPECT_FALSE(elect_for_shutdown(state(1, ids({1})), ids({1, 2}), brokers, sim::BrokerId{1}));
  const auto next =
      elect_for_shutdown(state(1, ids({1, 2})), ids({1, 2}), brokers, sim::BrokerId{1});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->leader, sim::BrokerId{2});
  EXPECT_EQ(next->isr, ids({2}));
}

RC_GTEST_PROP(PartitionMachineProperty, ACleanElectionKeepsTheIsrLegal, ()) {
  const auto some = [](const Ids& from) {
    Ids chosen;
    for (const sim::BrokerId id : from) {
      if (*rc::gen::arbitrary<bool>()) chosen.push_back(id);
    }
    return chosen;
  };
  const Ids assignment = ids({3, 1, 2, 4});
  Ids isr = some(assignment);
  if (isr.empty()) isr = ids({3});
  const LeaderAndIsr now{.leader = isr.front(), .leader_epoch = sim::LeaderEpoch{1}, .isr = isr};
  LiveBrokers brokers;
  for (const sim::BrokerId id : some(assignment)) brokers.live.insert(id);
  const auto next = elect_after_change(now, assignment, brokers, false);
  RC_PRE(next.has_value());
  RC_ASSERT(!next->isr.empty());
  RC_ASSERT(std::ranges::all_of(next->isr, [&](sim::BrokerId id) {
    return std::ranges::find(now.isr, id) != now.isr.end();
  }));
  RC_ASSERT(next->leader_epoch == now.leader_epoch.next());
  if (next->leader != sim::kNoBroker) {
    RC_ASSERT(brokers.live.contains(next->leader));
    RC_ASSERT(std::ranges::find(next->isr, next->leader) != next->isr.end());
  } else {
    RC_ASSERT(
        std::ranges::none_of(now.isr, [&](sim::BrokerId id) { return brokers.live.contains(id); }));
  }
  RC_ASSERT(!elect_after_change(*next, assignment, brokers, false));
}

TEST(PartitionMachine, APreferredLeaderThatIsAliveAndInSyncGetsItsPartitionBack) {
  const auto next = elect_preferred(state(2, ids({2, 1})), ids({1, 2, 3}), alive({1, 2, 3}));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->leader, sim::BrokerId{1});
  EXPECT_EQ(next->leader_epoch, sim::LeaderEpoch{8});
  EXPECT_EQ(next->isr, ids({2, 1}));
  EXPECT_FALSE(elect_preferred(state(1, ids({2, 1})), ids({1, 2, 3}), alive({1, 2})));
  EXPECT_FALSE(elect_preferred(state(2, ids({2, 3})), ids({1, 2, 3}), alive({1, 2, 3})));
  EXPECT_FALSE(elect_preferred(state(2, ids({2, 1})), ids({1, 2, 3}), alive({2, 3})));
}

}  // namespace
}  // namespace zk
