#include "sim/kafka/membership.h"

#include <gtest/gtest.h>
// rapidcheck after gtest.
#include <rapidcheck/gtest.h>

#include "sim/kafka/broker_notice.h"
#include "tests/sim/kafka/member_process.h"
#include "tests/sim/kafka/scripted_cluster.h"

namespace sim {
namespace {

using namespace literals;

// ── Assignors
// ───────────────────────────────────────────────────────────────────────────────────────

std::string told(const GroupAssignment& assignment) {
  std::string text;
  for (const auto& [member, partitions] : assignment) {
    text += member + ":";
    for (const auto& id : partitions) text += " " + id.topic + std::to_string(id.partition.value());
    text += "; ";
  }
  return text;
}

TEST(Assignors, RangeGivesNeighboursAndTheFirstMembersOneMore) {
  const std::vector<AssignorMember> members{
      {"c", {}, {"t", "u"}}, {"a", {}, {"t"}}, {"b", {}, {"t"}}};
  EXPECT_EQ(told(assign_range(members, {{"t", 5}, {"u", 2}, {"unread", 9}})),
            "a: t0 t1; b: t2 t3; c: t4 u0 u1; ");
}

TEST(Assignors, RoundRobinDealsOutAllPartitionsAndSkipsWhoDoesNotSubscribe) {
  const std::vector<AssignorMember> members{
      {"c", {}, {"t", "u"}}, {"a", {}, {"t"}}, {"b", {}, {"t", "u"}}};
  EXPECT_EQ(told(assign_round_robin(members, {{"t", 2}, {"u", 3}})), "a: t0; b: t1 u1; c: u0 u2; ");
}

TEST(Assignors, StaticMembersComeFirstInTheOrderOfTheirInstances) {
  const std::vector<AssignorMember> members{{"a", {}, {"t"}}, {"z", "blue", {"t"}}};
  EXPECT_EQ(told(assign_range(members, {{"t", 1}})), "a:; z: t0; ");
}

// ── A group in a cluster
// ────────────────────────────────────────────────────────────────────────────
//
//   brokers 1 2 3: orders-0 … orders-5, __consumer_offsets-0 (replicas 2, 3, 1: led by 2)
//   members 301 …: read orders

constexpr int kOrdersPartitions = 6;

struct GroupInCluster {
  ScriptedCluster cluster;
  std::map<int, MemberProcess*> members;

  explicit GroupInCluster(std::uint64_t seed = 1) : cluster(3, {}, 2, seed) {
    cluster.create("orders", kOrdersPartitions, {1, 2, 3});
    cluster.create(std::string(kGroupMetadataTopic), 1, {2, 3, 1});
    cluster.world.run_for(100_ms);
  }
  MemberProcess& start(int id, std::optional<std::string> instance = {},
                       Duration max_poll_interval = 300_s) {
    const NodeId node{static_cast<std::uint32_t>(id)};
    MembershipConfig config{.group = "billing",
                            .group_instance_id = std::move(instance),
                            .client_id = "member-" + std::to_string(id),
                            .client_host = "/10.0.0.1",
                            .topics = {"orders"},
                            .session_timeout = 10_s,
                            .max_poll_interval = max_poll_interval};
    members[id] = &cluster.world.add(node, MemberProcess(node, cluster.book, std::move(config)));
    return *members[id];
  }
  void kill(int id) {
    cluster.world.kill(NodeId{static_cast<std::uint32_t>(id)});
    members.erase(id);
  }
  const GroupMetadata* at_coordinator() {
    for (const auto& [id, process] : cluster.processes) {
      if (!cluster.world.running(NodeId{static_cast<std::uint32_t>(id)})) continue;
      if (const auto* group = process->broker.groups().group("billing")) return group;
    }
    return nullptr;
  }
  // How often each partition is owned, by what members that run believe.
  std::map<TopicPartition, int> owners() const {
    std::map<TopicPartition, int> owned;
    for (const auto& [id, member] : members) {
      for (const auto& partition : member->membership().assignment()) ++owned[partition];
    }
    return owned;
  }
  bool all_stable() const {
    return std::ranges::all_of(members, [](const auto& entry) {
      return entry.second->membership().state() == Membership::State::Stable;
    });
  }
  bool each_owned_once() const {
    const auto owned = owners();
    return owned.size() == kOrdersPartitions &&
           std::ranges::all_of(owned, [](const auto& entry) { return entry.second == 1; });
  }
};

TEST(Membership, MembersShareThePartitionsOfTheirTopics) {
  GroupInCluster group;
  group.start(301);
  group.start(302);
  group.cluster.world.run_for(15_s);
  EXPECT_TRUE(group.all_stable());
  EXPECT_TRUE(group.each_owned_once());
  EXPECT_EQ(group.members[301]->membership().assignment().size(), 3U);
  EXPECT_EQ(group.at_coordinator()->state, GroupState::Stable);
}

TEST(Membership, ALateComerTakesItsShareInTheNextGeneration) {
  GroupInCluster group;
  group.start(301);
  group.cluster.world.run_for(10_s);
  EXPECT_EQ(group.members[301]->membership().assignment().size(), 6U);
  group.start(302);
  group.cluster.world.run_for(10_s);
  EXPECT_TRUE(group.each_owned_once());
  EXPECT_EQ(group.members[302]->membership().generation_id(), 2);
}

TEST(Membership, WhatADeadMemberHadGoesToTheOthersAfterItsSession) {
  GroupInCluster group;
  group.start(301);
  group.start(302);
  group.cluster.world.run_for(15_s);
  group.kill(302);
  group.cluster.world.run_for(8_s);
  EXPECT_EQ(group.members[301]->membership().assignment().size(), 3U);
  group.cluster.world.run_for(10_s);
  EXPECT_EQ(group.members[301]->membership().assignment().size(), 6U);
}

TEST(Membership, AStalledApplicationLeavesAndComesBackWhenItPolls) {
  GroupInCluster group;
  group.start(301, {}, 20_s);
  group.start(302, {}, 20_s);
  group.cluster.world.run_for(15_s);
  group.members[302]->stalled = true;
  group.cluster.world.run_for(40_s);
  EXPECT_EQ(group.members[301]->membership().assignment().size(), 6U);
  EXPECT_EQ(group.members[302]->membership().state(), Membership::State::Unjoined);
  group.members[302]->stalled = false;
  group.cluster.world.run_for(15_s);
  const auto heard = group.cluster.world.noticed<MemberHeard>();
  EXPECT_TRUE(std::ranges::any_of(heard, [](const MemberHeard& each) {
    return each.node == NodeId{302} && each.what == "lost" && each.partitions.size() == 3;
  }));
  EXPECT_TRUE(group.each_owned_once());
}

TEST(Membership, AStaticMemberThatIsStartedAnewKeepsItsPartitionsAndTheGroupItsGeneration) {
  GroupInCluster group;
  group.start(301, "blue");
  group.start(302, "red");
  group.cluster.world.run_for(15_s);
  const auto before = group.members[301]->membership().assignment();
  group.kill(301);
  group.cluster.world.run_for(2_s);
  group.start(301, "blue");
  group.cluster.world.run_for(5_s);
  EXPECT_EQ(group.members[301]->membership().assignment(), before);
  EXPECT_EQ(group.at_coordinator()->generation_id, 1);
}

TEST(Membership, TheSecondHolderOfAnInstanceFencesTheFirst) {
  GroupInCluster group;
  group.start(301, "blue");
  group.cluster.world.run_for(10_s);
  group.start(302, "blue");
  group.cluster.world.run_for(10_s);
  EXPECT_TRUE(group.members[301]->membership().failed());
  EXPECT_EQ(group.members[302]->membership().assignment().size(), 6U);
}

TEST(Membership, AGroupSurvivesItsCoordinatorWithoutARebalance) {
  GroupInCluster group;
  group.start(301);
  group.start(302);
  group.cluster.world.run_for(15_s);
  group.cluster.world.kill(NodeId{2});
  group.cluster.fail_over(2);
  group.cluster.world.run_for(15_s);
  EXPECT_TRUE(group.all_stable());
  EXPECT_EQ(group.at_coordinator()->generation_id, 1);
  EXPECT_FALSE(group.cluster.world.noticed<GroupsLoaded>().empty());
}

// A partition has at most one owner in a generation, whatever dies, stalls or is cut off; and once
// that ends, the group ends Stable, each partition with one owner (broker.L7).
RC_GTEST_PROP(Membership, APartitionHasOneOwnerInAGenerationAndTheGroupEndsStable, ()) {
  const auto draw = [](int end) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, end));
  };
  GroupInCluster group(static_cast<std::uint64_t>(draw(1'000'000)));
  auto& world = group.cluster.world;
  std::map<std::pair<std::int32_t, TopicPartition>, NodeId> owners;
  std::optional<std::string> wrong;
  world.on_notice = [&](const Payload& notice) {
    const auto* heard = notice.get_if<MemberHeard>();
    if (heard == nullptr || heard->what != "assigned") return;
    for (const auto& partition : heard->partitions) {
      const auto [known, is_first] =
          owners.emplace(std::pair{heard->generation_id, partition}, heard->node);
      if (!is_first && known->second != heard->node)
        wrong = "two owners in generation " + std::to_string(heard->generation_id);
    }
  };
  int down = 0;
  int faults = 0;
  const int steps = 3 + draw(12);
  for (int i = 0; i < steps; ++i) {
    const int id = 301 + draw(4);
    const int broker = 1 + draw(3);
    switch (draw(8)) {
      case 0:
      case 1:
        if (!group.members.contains(id))
          group.start(id, id == 304 ? std::optional("blue") : std::nullopt);
        break;
      case 2:
        if (group.members.contains(id)) group.kill(id);
        ++faults;
        break;
      case 3:
        if (down == 0 &&
            group.cluster.state({std::string(kGroupMetadataTopic), PartitionId{0}}).isr.size() ==
                3) {
          down = broker;
          world.kill(NodeId{static_cast<std::uint32_t>(broker)});
          group.cluster.fail_over(broker);
          ++faults;
        }
        break;
      case 4:
        if (down != 0) {
          group.cluster.start(down);
          group.cluster.come_back(down);
          down = 0;
        }
        break;
      case 5:
        if (group.members.contains(id)) {
          world.cut(NodeId{static_cast<std::uint32_t>(id)},
                    NodeId{static_cast<std::uint32_t>(broker)});
          ++faults;
        }
        break;
      case 6:
        if (group.members.contains(id)) group.members[id]->stalled = !group.members[id]->stalled;
        break;
      default:
        break;
    }
    world.run_for(Duration{(1 + draw(12)) * 1'000'000'000LL});
    RC_ASSERT(!wrong.has_value());
  }
  // Everything is well from now on.
  if (down != 0) {
    group.cluster.start(down);
    group.cluster.come_back(down);
  }
  group.start(301);
  for (int id = 301; id < 305; ++id) {
    for (int broker = 1; broker < 4; ++broker)
      world.heal(NodeId{static_cast<std::uint32_t>(id)},
                 NodeId{static_cast<std::uint32_t>(broker)});
    if (group.members.contains(id)) group.members[id]->stalled = false;
  }
  world.run_for(400_s);
  RC_ASSERT(!wrong.has_value());
  RC_ASSERT(group.all_stable());
  RC_ASSERT(group.each_owned_once());
  RC_ASSERT(group.at_coordinator() != nullptr);
  RC_ASSERT(group.at_coordinator()->state == GroupState::Stable);
  RC_TAG(faults > 2 ? "several faults" : faults > 0 ? "some faults" : "none");
}

}  // namespace
}  // namespace sim
