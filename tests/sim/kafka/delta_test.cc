#include "sim/kafka/delta.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ranges>

#include "sim/kafka/canonical.h"
#include "tests/sim/kafka/image_model.h"
#include "tests/sim/kafka/replayed.h"

namespace sim {
namespace {

using testing::after;
using testing::brokers;
using testing::kOrdersId;
using testing::NaiveImage;
using testing::replay;

const Uuid kOther{1, 12};

// One topic of one partition: replicas and ISR 1,2,3, leader 1, leader epoch 5, partition epoch 9.
std::vector<Record> orders() {
  return {TopicRecord{.name = "orders", .topic_id = kOrdersId},
          PartitionRecord{.partition_id = PartitionId(0),
                          .topic_id = kOrdersId,
                          .replicas = brokers({1, 2, 3}),
                          .isr = brokers({1, 2, 3}),
                          .leader = BrokerId(1),
                          .leader_epoch = LeaderEpoch(5),
                          .partition_epoch = PartitionEpoch(9)}};
}

Partition orders_0(const ImageParts& parts) {
  return *parts.topics.find("orders")->partition(PartitionId(0));
}

PartitionChangeRecord change() {
  return {.partition_id = PartitionId(0), .topic_id = kOrdersId};
}

// ---------------------------------------------------------------------------------- partitions

TEST(PartitionChange, EveryChangeRaisesThePartitionEpochAndOnlyANamedLeaderTheLeaderEpoch) {
  MetadataDelta delta(after({}, orders()));
  PartitionChangeRecord shrink = change();
  shrink.isr = brokers({1, 2});
  replay(delta, {shrink});
  EXPECT_EQ(orders_0(delta.now()).leader_epoch, LeaderEpoch(5));
  EXPECT_EQ(orders_0(delta.now()).partition_epoch, PartitionEpoch(10));
  EXPECT_EQ(orders_0(delta.now()).isr, brokers({1, 2}));
  EXPECT_EQ(orders_0(delta.now()).replicas, brokers({1, 2, 3}));

  PartitionChangeRecord same_leader = change();
  same_leader.leader = BrokerId(1);
  replay(delta, {same_leader});
  EXPECT_EQ(orders_0(delta.now()).leader_epoch, LeaderEpoch(6));
  EXPECT_EQ(orders_0(delta.now()).partition_epoch, PartitionEpoch(11));

  PartitionChangeRecord no_leader = change();
  no_leader.leader = kNoBroker;
  replay(delta, {no_leader});
  EXPECT_FALSE(orders_0(delta.now()).has_leader());
  EXPECT_EQ(orders_0(delta.now()).leader_epoch, LeaderEpoch(7));

  replay(delta, {change()});  // names nothing at all
  EXPECT_EQ(orders_0(delta.now()).leader_epoch, LeaderEpoch(7));
  EXPECT_EQ(orders_0(delta.now()).partition_epoch, PartitionEpoch(13));
  EXPECT_EQ(delta.partition_before(kOrdersId, PartitionId(0))->partition_epoch, PartitionEpoch(9));
}

TEST(PartitionChange, AnAbsentListLeavesAndAnEmptyOneEmpties) {
  MetadataDelta delta(after({}, orders()));
  PartitionChangeRecord start = change();
  start.adding_replicas = brokers({4});
  start.removing_replicas = brokers({1});
  PartitionChangeRecord finish = change();
  finish.adding_replicas = brokers({});
  replay(delta, {start, finish});
  EXPECT_EQ(orders_0(delta.now()).adding_replicas, brokers({}));
  EXPECT_EQ(orders_0(delta.now()).removing_replicas, brokers({1}));
}

TEST(PartitionChange, DirectoriesThatAreAllMigratingFollowTheNumberOfReplicas) {
  MetadataDelta delta(after({}, orders()));
  EXPECT_EQ(orders_0(delta.now()).directories, std::vector<Uuid>(3, kMigratingDirectory));
  PartitionChangeRecord grow = change();
  grow.replicas = brokers({1, 2, 3, 4});
  replay(delta, {grow});
  EXPECT_EQ(orders_0(delta.now()).directories, std::vector<Uuid>(4, kMigratingDirectory));
  PartitionChangeRecord place = change();
  place.directories = std::vector<Uuid>{{9, 1}, {9, 2}, kUnassignedDirectory, {9, 4}};
  replay(delta, {place});
  EXPECT_EQ(orders_0(delta.now()).directory_of(BrokerId(2)), Uuid(9, 2));
  // Now the replicas cannot change in number without the directories.
  PartitionChangeRecord shrink = change();
  shrink.replicas = brokers({1, 2});
  EXPECT_FALSE(delta.replay(shrink).has_value());
  EXPECT_EQ(orders_0(delta.now()).replicas, brokers({1, 2, 3, 4}));
}

// ---------------------------------------------------------------------------------- refusals

struct Refusal {
  Record record;
  std::string what;
};

TEST(MetadataDelta, WhatContradictsTheImageIsAProblemAtTheRecordsPlace) {
  const MetadataImage base =
      after({}, {orders()[0], orders()[1],
                 RegisterBrokerRecord{.broker_id = BrokerId(1), .broker_epoch = BrokerEpoch(7)}});
  const BrokerId one(1);
  const BrokerEpoch old(6);
  const std::string epoch = "broker 1 is registered with epoch 7, not 6";
  std::vector<Refusal> refusals = {
      {PartitionRecord{.partition_id = PartitionId(0), .topic_id = kOther},
       "there is no topic with id " + kOther.describe()},
      {PartitionRecord{.partition_id = PartitionId(-1), .topic_id = kOrdersId},
       "partition orders--1: partitions are numbered from 0"},
      {PartitionRecord{
           .partition_id = PartitionId(1), .topic_id = kOrdersId, .directories = {{9, 9}}},
       "partition orders-1: the record lists 1 directories for 0 replicas"},
      {PartitionChangeRecord{.partition_id = PartitionId(7), .topic_id = kOrdersId},
       "partition orders-7: there is no such partition"},
      {PartitionChangeRecord{.partition_id = PartitionId(0),
                             .topic_id = kOrdersId,
                             .leader_recovery_state = static_cast<LeaderRecoveryState>(5)},
       "partition orders-0: 5 is no leader recovery state"},
      {RemoveTopicRecord{.topic_id = kOther}, "there is no topic with id " + kOther.describe()},
      {FenceBrokerRecord{.id = one, .epoch = old}, epoch},
      {UnfenceBrokerRecord{.id = one, .epoch = old}, epoch},
      {UnregisterBrokerRecord{.broker_id = one, .broker_epoch = old}, epoch},
      {BrokerRegistrationChangeRecord{.broker_id = one, .broker_epoch = old}, epoch},
      {BrokerRegistrationChangeRecord{.broker_id = BrokerId(2)}, "broker 2 is not registered"},
      {BrokerRegistrationChangeRecord{.broker_id = one,
                                      .broker_epoch = BrokerEpoch(7),
                                      .fenced = static_cast<FencingChange>(2)},
       "2 is no change of fencing"},
      {RemoveUserScramCredentialRecord{.name = "u", .mechanism = ScramMechanism::ScramSha256},
       "user u has no SCRAM-SHA-256 credential"},
      {RemoveDelegationTokenRecord{.token_id = "t"}, "there is no delegation token t"},
      {RemoveAccessControlEntryRecord{.id = kOther},
       "there is no ACL with id " + kOther.describe()},
      {ZkMigrationStateRecord{.zk_migration_state = static_cast<ZkMigrationState>(9)},
       "9 is no migration state"},
      {FeatureLevelRecord{.name = "metadata.version", .feature_level = 0},
       "0 is no metadata.version"},
      {EndTransactionRecord{},
       "transactions are dealt with by whoever reads the log, not by a delta"},
  };
  MetadataDelta delta(base);
  const Place place{.source = "00000000000000000000.log", .offset = 77, .line = {}, .column = {}};
  for (const auto& [record, what] : refusals) {
    const auto replayed = delta.replay(record, place);
    ASSERT_FALSE(replayed.has_value()) << describe_value(record);
    EXPECT_EQ(replayed.error().what, std::string(name_of(record)) + " cannot be replayed: " + what);
    EXPECT_EQ(replayed.error().place, place);
  }
  EXPECT_TRUE(delta.empty());
  EXPECT_EQ(delta.apply({}).digest(), base.digest());
}

TEST(MetadataDelta, ATopicIsCreatedOnceInADelta) {
  MetadataDelta delta{MetadataImage()};
  replay(delta, orders());
  EXPECT_FALSE(delta.replay(TopicRecord{.name = "orders", .topic_id = kOther}).has_value());
  EXPECT_FALSE(delta.replay(TopicRecord{.name = "other", .topic_id = kOrdersId}).has_value());
  replay(delta, {RemoveTopicRecord{.topic_id = kOrdersId},
                 TopicRecord{.name = "orders", .topic_id = kOther}});
  EXPECT_EQ(delta.now().topics.find("orders")->id(), kOther);
}

// ---------------------------------------------------------------------------------- changes

TEST(MetadataChanges, NameTopicsByWhatBecameOfThem) {
  const Uuid short_lived{3, 3};
  const MetadataImage base = after({}, orders());
  MetadataDelta delta(base);
  replay(delta, {TopicRecord{.name = "other", .topic_id = kOther}, change(),
                 TopicRecord{.name = "short-lived", .topic_id = short_lived},
                 RemoveTopicRecord{.topic_id = short_lived}});
  ASSERT_EQ(delta.changes().topics.size(), 2u);
  const TopicChange& changed = delta.changes().topics.at(kOrdersId);
  EXPECT_FALSE(changed.is_new);
  EXPECT_EQ(changed.name, "orders");
  EXPECT_EQ(changed.partitions, (boost::container::flat_set<PartitionId>{PartitionId(0)}));
  EXPECT_TRUE(delta.changes().topics.at(kOther).is_new);
  EXPECT_TRUE(delta.changes().deleted_topics.empty());

  replay(delta, {RemoveTopicRecord{.topic_id = kOrdersId}});
  EXPECT_EQ(delta.changes().deleted_topics, (std::map<Uuid, std::string>{{kOrdersId, "orders"}}));
  EXPECT_FALSE(delta.changes().topics.contains(kOrdersId));
}

TEST(MetadataChanges, AConfigSetToWhatItWasIsNamed) {
  const ConfigRecord config{.resource_type = ConfigResourceType::Topic,
                            .resource_name = "orders",
                            .name = "retention.ms",
                            .value = "1"};
  MetadataDelta delta(after({}, {config}));
  replay(delta, {config});
  EXPECT_EQ(delta.changes().configs.at({ConfigResourceType::Topic, "orders"}),
            (std::set<std::string>{"retention.ms"}));
}

TEST(MetadataChanges, ARegistrationChangeThatChangesNothingIsNotNamed) {
  MetadataDelta delta(after({}, {RegisterBrokerRecord{.broker_id = BrokerId(1)}}));
  BrokerRegistrationChangeRecord fence{.broker_id = BrokerId(1), .fenced = FencingChange::Fence};
  replay(delta, {fence});  // it is fenced from its registration on
  EXPECT_TRUE(delta.empty());
  fence.fenced = FencingChange::Unfence;
  replay(delta, {fence});
  EXPECT_EQ(delta.changes().brokers, (std::set<BrokerId>{BrokerId(1)}));
}

TEST(MetadataDelta, RemovingATopicRemovesItsConfigsAndNoOthers) {
  const auto config = [](ConfigResourceType type, std::string name) {
    return ConfigRecord{
        .resource_type = type, .resource_name = std::move(name), .name = "k", .value = "v"};
  };
  MetadataDelta delta(after({}, {orders()[0], config(ConfigResourceType::Topic, "orders"),
                                 config(ConfigResourceType::Topic, "orders2"),
                                 config(ConfigResourceType::Broker, "orders")}));
  replay(delta, {RemoveTopicRecord{.topic_id = kOrdersId}});
  EXPECT_EQ(delta.now().configs.find({ConfigResourceType::Topic, "orders"}), nullptr);
  EXPECT_EQ(delta.now().configs.resources.size(), 2u);
  EXPECT_TRUE(delta.changes().configs.contains({ConfigResourceType::Topic, "orders"}));
}

// ---------------------------------------------------------------------------------- snapshots

TEST(FinishSnapshot, WhatTheSnapshotDidNotNameIsRemoved) {
  const MetadataImage base = after(
      {}, {orders()[0], orders()[1], TopicRecord{.name = "gone", .topic_id = kOther},
           ConfigRecord{.resource_type = ConfigResourceType::Broker, .name = "kept", .value = "1"},
           ConfigRecord{.resource_type = ConfigResourceType::Broker, .name = "gone", .value = "1"},
           RegisterBrokerRecord{.broker_id = BrokerId(4)},
           ProducerIdsRecord{.next_producer_id = ProducerId(5000)}});
  MetadataDelta delta(base);
  replay(delta, orders());
  replay(delta,
         {ConfigRecord{.resource_type = ConfigResourceType::Broker, .name = "kept", .value = "1"}});
  delta.finish_snapshot();
  const MetadataImage image = delta.apply({});
  EXPECT_EQ(image.topics().size(), 1u);
  EXPECT_EQ(delta.changes().deleted_topics, (std::map<Uuid, std::string>{{kOther, "gone"}}));
  EXPECT_EQ(image.configs().value({ConfigResourceType::Broker, ""}, "kept"), "1");
  EXPECT_EQ(image.configs().value({ConfigResourceType::Broker, ""}, "gone"), std::nullopt);
  EXPECT_EQ(image.cluster().broker(BrokerId(4)), nullptr);
  EXPECT_EQ(image.producer_ids().next_producer_id, ProducerId(5000));
}

TEST(FinishSnapshot, ATopicDeletedAndCreatedAgainUnderAnotherIdBeginsAnew) {
  MetadataDelta delta(after({}, orders()));
  replay(delta, {TopicRecord{.name = "orders", .topic_id = kOther}});
  delta.finish_snapshot();
  EXPECT_EQ(delta.now().topics.size(), 1u);
  EXPECT_EQ(delta.now().topics.find("orders")->id(), kOther);
  EXPECT_EQ(delta.now().topics.find("orders")->partition_count(), 0u);
  EXPECT_EQ(delta.changes().deleted_topics, (std::map<Uuid, std::string>{{kOrdersId, "orders"}}));
}

TEST(FinishSnapshot, WhatTheSnapshotRepeatsStaysShared) {
  const MetadataImage base = after({}, orders());
  MetadataDelta delta(base);
  replay(delta, orders());
  EXPECT_NE(delta.now().topics.find("orders"), base.topics().find("orders"));
  delta.finish_snapshot();
  EXPECT_EQ(delta.now().topics.find("orders"), base.topics().find("orders"));
}

// ---------------------------------------------------------------------------------- properties

RC_GTEST_PROP(MetadataDelta, ManyDeltasLeadWhereOneLeadsAndOldImagesStay, ()) {
  NaiveImage naive;
  MetadataImage image;
  std::vector<Record> all;
  for (int round = 0; round < 4; ++round) {
    const NaiveImage naive_before = naive;
    const std::vector<Record> records = testing::random_history(naive, 30);
    const MetadataImage next = after(image, records);
    RC_ASSERT(NaiveImage::of(image) == naive_before);
    RC_ASSERT(NaiveImage::of(next) == naive);
    image = next;
    all.insert(all.end(), records.begin(), records.end());
  }
  const MetadataImage at_once = after({}, all);
  RC_ASSERT(at_once.digest() == image.digest());
  RC_ASSERT(canonical_text(at_once) == canonical_text(image));
}

RC_GTEST_PROP(MetadataChanges, NameAllThatDiffers, ()) {
  NaiveImage naive;
  const MetadataImage base = after({}, testing::random_history(naive, 60));
  const NaiveImage before = naive;
  MetadataDelta delta(base);
  replay(delta, testing::random_history(naive, 30));
  const MetadataChanges& changes = delta.changes();
  for (const auto& [key, partition] : naive.partitions) {
    const auto old = before.partitions.find(key);
    if (old != before.partitions.end() && old->second == partition) continue;
    RC_ASSERT(
        changes.topics.at(naive.topics.at(key.first)).partitions.contains(PartitionId(key.second)));
  }
  for (const auto& [name, id] : before.topics) {
    const bool is_gone = std::ranges::count(std::views::values(naive.topics), id) == 0;
    RC_ASSERT(is_gone == changes.deleted_topics.contains(id));
    if (is_gone) RC_ASSERT(changes.deleted_topics.at(id) == name);
  }
  for (const auto& [id, broker] : naive.brokers) {
    const auto old = before.brokers.find(id);
    if (old == before.brokers.end() || old->second != broker) {
      RC_ASSERT(changes.brokers.contains(BrokerId(id)));
    }
  }
}

}  // namespace
}  // namespace sim
