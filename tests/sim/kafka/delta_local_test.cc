#include "sim/kafka/delta_local.h"

#include <gtest/gtest.h>

#include "tests/sim/kafka/replayed.h"

namespace sim {
namespace {

using testing::brokers;
using testing::kOrdersId;
using testing::replay;

PartitionRecord partition(int id, int leader) {
  return {.partition_id = PartitionId(id),
          .topic_id = kOrdersId,
          .replicas = brokers({1, 2}),
          .isr = brokers({1, 2}),
          .leader = BrokerId(leader),
          .leader_epoch = LeaderEpoch(0),
          .partition_epoch = PartitionEpoch(0)};
}

PartitionChangeRecord change(int id) {
  return {.partition_id = PartitionId(id), .topic_id = kOrdersId};
}

TopicPartition orders(int id) {
  return {"orders", PartitionId(id)};
}

template <class Map>
std::set<TopicPartition> keys(const Map& map) {
  std::set<TopicPartition> found;
  for (const auto& [key, value] : map) found.insert(key);
  return found;
}

using Partitions = std::set<TopicPartition>;

TEST(LocalChanges, ANewTopicElectsLeadersAndMakesFollowers) {
  MetadataDelta delta{MetadataImage()};
  replay(delta,
         {TopicRecord{.name = "orders", .topic_id = kOrdersId}, partition(0, 1), partition(1, 2)});
  const LocalReplicaChanges changes = local_changes(delta, BrokerId(1));
  EXPECT_EQ(keys(changes.leaders), Partitions{orders(0)});
  EXPECT_EQ(keys(changes.elected_leaders), Partitions{orders(0)});
  EXPECT_EQ(keys(changes.followers), Partitions{orders(1)});
  EXPECT_EQ(keys(changes.directories), (Partitions{orders(0), orders(1)}));
  EXPECT_TRUE(changes.deletes.empty());
  EXPECT_TRUE(local_changes(delta, BrokerId(3)).followers.empty());
}

TEST(LocalChanges, AShrunkIsrIsNoElectionAndALeftReplicaIsDeleted) {
  MetadataDelta before{MetadataImage()};
  replay(before, {TopicRecord{.name = "orders", .topic_id = kOrdersId}, partition(0, 1),
                  partition(1, 2), partition(2, 1)});
  MetadataDelta delta(before.apply({}));
  PartitionChangeRecord shrink = change(0);
  shrink.isr = brokers({1});
  PartitionChangeRecord leave = change(1);
  leave.replicas = brokers({2, 3});
  PartitionChangeRecord again = change(2);
  again.leader = BrokerId(1);
  replay(delta, {shrink, leave, again});
  const LocalReplicaChanges changes = local_changes(delta, BrokerId(1));
  EXPECT_EQ(keys(changes.leaders), (Partitions{orders(0), orders(2)}));
  EXPECT_EQ(keys(changes.elected_leaders), Partitions{orders(2)});
  EXPECT_EQ(changes.deletes, Partitions{orders(1)});
  EXPECT_TRUE(changes.directories.empty());
}

TEST(LocalChanges, ADeletedTopicDeletesItsReplicasHere) {
  MetadataDelta before{MetadataImage()};
  replay(before, {TopicRecord{.name = "orders", .topic_id = kOrdersId}, partition(0, 1)});
  MetadataDelta delta(before.apply({}));
  replay(delta, {RemoveTopicRecord{.topic_id = kOrdersId}});
  EXPECT_EQ(local_changes(delta, BrokerId(2)).deletes, Partitions{orders(0)});
  EXPECT_TRUE(local_changes(delta, BrokerId(3)).deletes.empty());
}

}  // namespace
}  // namespace sim
