#include "migrate/plan/roll.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/kafka/delta.h"

// The order of restarts: every broker once, no partition below what its topic asks for, and what no
// order can keep is named.
namespace {

using migrate::HazardKind;
using sim::BrokerId;

constexpr const char* kTopicId = "Xk3Z2c5KQ0CJLgD8kN0t3A";

struct Shape {
  std::vector<std::vector<int>> replicas;  // of the partitions of one topic
  int min_isr = 1;                         // of the topic; 0: it has none of its own
  std::vector<std::string> racks;          // of the brokers, from 1
  std::vector<std::vector<int>> isr = {};  // where it is not the replicas
};

std::vector<BrokerId> ids(const std::vector<int>& numbers) {
  std::vector<BrokerId> ids;
  for (const int number : numbers) ids.emplace_back(number);
  return ids;
}

migrate::ClusterFacts facts_of(const Shape& shape) {
  sim::MetadataDelta delta{sim::MetadataImage{}};
  const sim::Uuid topic = *sim::Uuid::parse(kTopicId);
  delta.replay(sim::TopicRecord{.name = "orders", .topic_id = topic});
  for (std::size_t i = 0; i < shape.replicas.size(); ++i) {
    const auto replicas = ids(shape.replicas[i]);
    delta.replay(sim::PartitionRecord{.partition_id = sim::PartitionId(static_cast<int>(i)),
                                      .topic_id = topic,
                                      .replicas = replicas,
                                      .isr = i < shape.isr.size() ? ids(shape.isr[i]) : replicas,
                                      .leader = replicas.front(),
                                      .leader_epoch = sim::LeaderEpoch(0),
                                      .partition_epoch = sim::PartitionEpoch(0)});
  }
  if (shape.min_isr > 0)
    delta.replay(sim::ConfigRecord{.resource_type = sim::ConfigResourceType::Topic,
                                   .resource_name = "orders",
                                   .name = "min.insync.replicas",
                                   .value = std::to_string(shape.min_isr)});
  migrate::ClusterFacts facts;
  facts.phase = migrate::Phase::S4;
  facts.metadata.push_back({.image = delta.apply({})});
  return facts;
}

migrate::Layout layout_of(const Shape& shape) {
  migrate::Layout layout;
  for (std::size_t i = 0; i < shape.racks.size(); ++i) {
    const int id = static_cast<int>(i) + 1;
    layout.brokers.push_back(
        {.name = "broker-" + std::to_string(id), .id = BrokerId(id), .rack = shape.racks[i]});
  }
  return layout;
}

std::vector<std::vector<int>> waves_of(const migrate::RollPlan& roll) {
  std::vector<std::vector<int>> waves;
  for (const auto& wave : roll.waves) {
    waves.emplace_back();
    for (const BrokerId id : wave.brokers) waves.back().push_back(id.value());
  }
  return waves;
}

using Waves = std::vector<std::vector<int>>;

TEST(Roll, GoesRackByRackAndTheZooKeeperControllerComesLast) {
  const Shape shape{.replicas = {{1, 2, 3}}, .min_isr = 2, .racks = {"b", "a", "b", "a", "c"}};
  auto layout = layout_of(shape);
  EXPECT_EQ(waves_of(plan_roll(facts_of(shape), layout)), (Waves{{2}, {4}, {1}, {3}, {5}}));
  layout.zookeeper_controller = BrokerId(2);
  EXPECT_EQ(waves_of(plan_roll(facts_of(shape), layout)), (Waves{{1}, {3}, {5}, {4}, {2}}));
}

TEST(Roll, WithoutRacksGoesByIdAndTheControllerLast) {
  const Shape shape{.replicas = {{1, 2, 3}}, .min_isr = 2, .racks = {"", "", ""}};
  auto layout = layout_of(shape);
  layout.zookeeper_controller = BrokerId(1);
  EXPECT_EQ(waves_of(plan_roll(facts_of(shape), layout)), (Waves{{2}, {3}, {1}}));
}

TEST(Roll, PutsBrokersTogetherThatNoPartitionMisses) {
  // Orders-0 bears one of 1, 2, 3; broker 4 shares nothing with 1.
  const Shape shape{.replicas = {{1, 2, 3}, {4, 2, 3}}, .min_isr = 2, .racks = {"", "", "", ""}};
  const auto roll = plan_roll(facts_of(shape), layout_of(shape), 2);
  EXPECT_EQ(waves_of(roll), (Waves{{1}, {2}, {3}, {4}}));
  const Shape free{
      .replicas = {{1, 2, 3}, {4, 5, 6}}, .min_isr = 1, .racks = {"", "", "", "", "", ""}};
  EXPECT_EQ(waves_of(plan_roll(facts_of(free), layout_of(free), 3)),
            (Waves{{1, 2}, {3, 4, 5}, {6}}));
}

TEST(Roll, NamesWhatNoOrderCanKeep) {
  const Shape shape{.replicas = {{1}, {2}, {1, 2, 3}, {3}}, .min_isr = 3, .racks = {"a", "a", "a"}};
  const auto roll = plan_roll(facts_of(shape), layout_of(shape));
  ASSERT_EQ(roll.hazards.size(), 2u);
  EXPECT_EQ(roll.hazards[0].kind, HazardKind::Offline);
  EXPECT_EQ(migrate::ranges_of(roll.hazards[0].partitions), "0-1,3");
  EXPECT_EQ(roll.hazards[1].kind, HazardKind::WritesRefused);
  EXPECT_EQ(migrate::ranges_of(roll.hazards[1].partitions), "2");
}

TEST(Roll, TellsWhoIsNotInSyncAndWhoLivesInOneRack) {
  const Shape shape{.replicas = {{1, 2, 3}, {1, 2, 3}, {1, 3}},
                    .min_isr = 2,
                    .racks = {"a", "b", "a"},
                    .isr = {{1, 2}, {1, 2, 3}, {1, 3}}};
  const auto roll = plan_roll(facts_of(shape), layout_of(shape));
  std::map<HazardKind, std::string> found;
  for (const auto& hazard : roll.hazards)
    found[hazard.kind] = migrate::ranges_of(hazard.partitions);
  EXPECT_EQ(found, (std::map<HazardKind, std::string>{{HazardKind::WritesRefused, "2"},
                                                      {HazardKind::NotInSync, "0"},
                                                      {HazardKind::OneRack, "2"}}));
}

TEST(Roll, WhatNobodyTellsIsCountedAndNotTakenForGood) {
  const Shape shape{.replicas = {{1, 2, 3}, {2, 3}, {1}}, .min_isr = 0, .racks = {"", "", ""}};
  const auto roll = plan_roll(facts_of(shape), layout_of(shape), 3);
  EXPECT_EQ(roll.min_isr_unknown, 2u);
  EXPECT_EQ(waves_of(roll), (Waves{{1}, {2}, {3}}));
}

// Whatever the cluster: each broker goes down once, brokers that go down together are of one rack,
// and no partition that is not named has fewer in sync than its topic asks for.
RC_GTEST_PROP(Roll, KeepsEveryPartitionThatItDoesNotName, ()) {
  const int brokers = *rc::gen::inRange(1, 9);
  Shape shape;
  shape.min_isr = *rc::gen::inRange(1, 4);
  for (int i = 0; i < brokers; ++i)
    shape.racks.push_back(*rc::gen::element<std::string>("", "a", "b"));
  const int partitions = *rc::gen::inRange(1, 12);
  for (int i = 0; i < partitions; ++i) {
    std::vector<int> all;
    std::vector<int> left;
    for (int id = 1; id <= brokers; ++id) left.push_back(id);
    while (!left.empty()) {
      const auto at = left.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(left));
      all.push_back(*at);
      left.erase(at);
    }
    all.resize(static_cast<std::size_t>(*rc::gen::inRange(1, std::min(brokers, 4) + 1)));
    shape.replicas.push_back(all);
  }
  const auto layout = layout_of(shape);
  const auto roll =
      plan_roll(facts_of(shape), layout, static_cast<std::size_t>(*rc::gen::inRange(1, 6)));
  std::set<int> hazardous;
  for (const auto& hazard : roll.hazards) {
    if (hazard.kind == HazardKind::OneRack) continue;
    for (const auto id : hazard.partitions) hazardous.insert(id.value());
  }
  std::multiset<int> restarted;
  for (const auto& wave : waves_of(roll)) {
    std::set<std::string> racks;
    for (const int id : wave) racks.insert(shape.racks[static_cast<std::size_t>(id) - 1]);
    RC_ASSERT(racks.size() == 1u);
    restarted.insert(wave.begin(), wave.end());
    for (int i = 0; i < partitions; ++i) {
      const auto& replicas = shape.replicas[static_cast<std::size_t>(i)];
      const auto up = std::ranges::count_if(
          replicas, [&](int id) { return std::ranges::find(wave, id) == wave.end(); });
      const auto asked = std::min<std::ptrdiff_t>(shape.min_isr, std::ssize(replicas));
      if (!hazardous.contains(i)) RC_ASSERT(up >= std::max<std::ptrdiff_t>(asked, 1));
    }
  }
  RC_ASSERT(restarted.size() == static_cast<std::size_t>(brokers));
  RC_ASSERT(std::set<int>(restarted.begin(), restarted.end()).size() == restarted.size());
}

}  // namespace
