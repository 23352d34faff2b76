#include "sim/kafka/compare.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "sim/kafka/canonical.h"
#include "sim/kafka/delta.h"
#include "tests/sim/kafka/image_model.h"
#include "tests/sim/kafka/replayed.h"

namespace sim {
namespace {

using testing::after;
using testing::kOrdersId;

PartitionRecord partition(int id) {
  return {.partition_id = PartitionId(id),
          .topic_id = kOrdersId,
          .replicas = {BrokerId(1), BrokerId(2)},
          .isr = {BrokerId(1), BrokerId(2)},
          .leader = BrokerId(1),
          .leader_epoch = LeaderEpoch(0),
          .partition_epoch = PartitionEpoch(0)};
}

ConfigRecord config(ConfigResourceType type, std::string resource, std::string value) {
  return {.resource_type = type,
          .resource_name = std::move(resource),
          .name = "retention.ms",
          .value = std::move(value)};
}

AccessControlEntryRecord acl(std::int64_t id, AclOperation operation) {
  return {.id = Uuid(0, id),
          .resource_type = AclResourceType::Topic,
          .resource_name = "orders",
          .pattern_type = PatternType::Prefixed,
          .principal = "User:alice",
          .host = "*",
          .operation = operation,
          .permission_type = AclPermissionType::Allow};
}

// Something of every family.
MetadataImage cluster() {
  return after(
      {},
      {FeatureLevelRecord{.name = "metadata.version", .feature_level = 21},
       ZkMigrationStateRecord{.zk_migration_state = ZkMigrationState::Migration},
       RegisterBrokerRecord{.broker_id = BrokerId(1), .broker_epoch = BrokerEpoch(5), .rack = "r1"},
       RegisterControllerRecord{.controller_id = BrokerId(3000)},
       TopicRecord{.name = "orders", .topic_id = kOrdersId}, partition(0), partition(3),
       config(ConfigResourceType::Topic, "orders", "60000"),
       config(ConfigResourceType::Broker, "", "1"),
       ClientQuotaRecord{.entity = {{.entity_type = "user", .entity_name = "CN=a/b"},
                                    {.entity_type = "client-id"}},
                         .key = "producer_byte_rate",
                         .value = QuotaValue(8192.0)},
       UserScramCredentialRecord{.name = "alice",
                                 .mechanism = ScramMechanism::ScramSha256,
                                 .salt = {1, 2},
                                 .iterations = 4096},
       ProducerIdsRecord{.next_producer_id = ProducerId(1000)}, acl(1, AclOperation::Read),
       DelegationTokenRecord{.owner = "User:alice", .token_id = "t1"}});
}

struct Comparison {
  std::string what;
  std::vector<Record> change;
  std::vector<std::string> expected;
  Family kind;
};

std::vector<Comparison> comparisons() {
  PartitionChangeRecord shrink{.partition_id = PartitionId(3), .topic_id = kOrdersId};
  shrink.isr = std::vector<BrokerId>{BrokerId(1)};
  ConfigRecord no_config = config(ConfigResourceType::Topic, "orders", "");
  no_config.value.reset();
  return {
      {"partition",
       {shrink},
       {"topics/orders/partitions/3/isr: [1,2] vs [1]",
        "topics/orders/partitions/3/partitionEpoch: 0 vs 1"},
       Family::Partitions},
      {"new partition",
       {partition(64)},
       {"topics/orders/partitions/64: absent vs { replicas=[1,2] "
        "directories=[AAAAAAAAAAAAAAAAAAAAAA,AAAAAAAAAAAAAAAAAAAAAA] isr=[1,2] removingReplicas=[] "
        "addingReplicas=[] leader=1 leaderRecoveryState=RECOVERED leaderEpoch=0 partitionEpoch=0 "
        "eligibleLeaderReplicas=[] lastKnownElr=[] }"},
       Family::Partitions},
      {"new topic",
       {TopicRecord{.name = "x", .topic_id = Uuid(1, 12)}},
       {"topics/x: absent vs id=" + Uuid(1, 12).describe() + ", 0 partitions"},
       Family::Topics},
      {"config",
       {config(ConfigResourceType::Topic, "orders", "6000")},
       {"configs/TOPIC/orders/retention.ms: 60000 vs 6000"},
       Family::TopicConfigs},
      {"no config",
       {no_config},
       {"configs/TOPIC/orders/retention.ms: 60000 vs absent"},
       Family::TopicConfigs},
      {"default config",
       {config(ConfigResourceType::Broker, "", "2")},
       {"configs/BROKER/<default>/retention.ms: 1 vs 2"},
       Family::BrokerConfigs},
      {"other config",
       {config(ConfigResourceType::ClientMetrics, "m", "2")},
       {"configs/CLIENT_METRICS/m/retention.ms: absent vs 2"},
       Family::OtherConfigs},
      {"quota",
       {ClientQuotaRecord{.entity = {{.entity_type = "client-id"},
                                     {.entity_type = "user", .entity_name = "CN=a/b"}},
                          .key = "producer_byte_rate",
                          .value = QuotaValue(1.5)}},
       {"quotas/client-id=<default>,user=\"CN=a%2Fb\"/producer_byte_rate: 8192.0 vs 1.5"},
       Family::ClientQuotas},
      {"SCRAM",
       {UserScramCredentialRecord{.name = "alice",
                                  .mechanism = ScramMechanism::ScramSha256,
                                  .salt = {1, 2},
                                  .iterations = 8192}},
       {"scram/SCRAM-SHA-256/alice/iterations: 4096 vs 8192"},
       Family::Scram},
      {"producer ids",
       {ProducerIdsRecord{.next_producer_id = ProducerId(2000)}},
       {"producerIds/next: 1000 vs 2000"},
       Family::ProducerIds},
      {"ACL",
       {acl(1, AclOperation::Write)},
       {"acls/" + Uuid(0, 1).describe() + "/operation: READ vs WRITE"},
       Family::Acls},
      {"token",
       {DelegationTokenRecord{.owner = "User:bob", .token_id = "t1"}},
       {"tokens/t1/owner: User:alice vs User:bob"},
       Family::DelegationTokens},
      {"broker",
       {UnfenceBrokerRecord{.id = BrokerId(1), .epoch = BrokerEpoch(5)}},
       {"brokers/1/fenced: true vs false"},
       Family::Brokers},
      {"controller",
       {RegisterControllerRecord{.controller_id = BrokerId(3000), .zk_migration_ready = true}},
       {"controllers/3000/zkMigrationReady: false vs true"},
       Family::Controllers},
      {"migration",
       {ZkMigrationStateRecord{.zk_migration_state = ZkMigrationState::PostMigration}},
       {"features/zkMigrationState: MIGRATION vs POST_MIGRATION"},
       Family::Features},
      {"feature",
       {FeatureLevelRecord{.name = "metadata.version", .feature_level = 20},
        FeatureLevelRecord{.name = "group.version", .feature_level = 1}},
       {"features/metadata.version: 21 vs 20",
        "features/group.version: absent vs { name=group.version level=1 }"},
       Family::Features},
  };
}

std::vector<std::string> described(const std::vector<Difference>& differences) {
  std::vector<std::string> lines;
  for (const Difference& difference : differences) lines.push_back(describe(difference));
  return lines;
}

TEST(Compare, FindsWhatOneRecordChangedAndNamesItsPathAndFamily) {
  const MetadataImage before = cluster();
  for (const Comparison& c : comparisons()) {
    const MetadataImage changed = after(before, c.change);
    const auto differences = compare(before, changed);
    EXPECT_EQ(described(differences), c.expected) << c.what;
    for (const Difference& difference : differences) EXPECT_EQ(difference.kind, c.kind) << c.what;
    EXPECT_EQ(compare(before, changed, {.families = Families{c.kind}}).size(), c.expected.size());
    EXPECT_TRUE(compare(before, changed, {.families = Families::all().without(c.kind)}).empty());
    EXPECT_NE(before.digest(), changed.digest()) << c.what;
    // From the other side, and against an image that shares nothing.
    auto mirrored = compare(changed, cluster());
    for (Difference& difference : mirrored) std::swap(difference.left, difference.right);
    EXPECT_EQ(mirrored, differences) << c.what;
  }
}

TEST(Compare, OfEqualImagesFindsNothing) {
  EXPECT_TRUE(compare(cluster(), cluster()).empty());
  EXPECT_TRUE(compare({}, {}).empty());
}

TEST(Compare, SecretsAreNamedByTheirHash) {
  const MetadataImage changed =
      after(cluster(), {UserScramCredentialRecord{.name = "alice",
                                                  .mechanism = ScramMechanism::ScramSha256,
                                                  .salt = {1, 3},
                                                  .iterations = 4096}});
  const auto differences = compare(cluster(), changed);
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].path, "scram/SCRAM-SHA-256/alice/salt");
  EXPECT_TRUE(differences[0].left->starts_with("2 bytes #")) << *differences[0].left;
  EXPECT_NE(differences[0].left, differences[0].right);
}

TEST(Compare, AclsWithoutTheirIdsAreASet) {
  const MetadataImage one = after({}, {acl(1, AclOperation::Read), acl(2, AclOperation::Write)});
  const MetadataImage two = after(
      {}, {acl(7, AclOperation::Write), acl(8, AclOperation::Read), acl(9, AclOperation::Read)});
  const CompareOptions options{.ignore_acl_ids = true};
  EXPECT_TRUE(compare(one, two, options).empty());
  EXPECT_EQ(compare(one, two).size(), 5u);
  const MetadataImage three = after(two, {RemoveAccessControlEntryRecord{.id = Uuid(0, 7)}});
  EXPECT_EQ(described(compare(one, three, options)),
            (std::vector<std::string>{
                "acls/TOPIC/PREFIXED/orders/User:alice: ALLOW WRITE from * vs absent"}));
}

TEST(Compare, TheOrderOfAnIsrCountsUnlessItIsToBeIgnored) {
  PartitionRecord turned = partition(0);
  std::swap(turned.isr[0], turned.isr[1]);
  const MetadataImage changed = after(cluster(), {turned});
  EXPECT_EQ(compare(cluster(), changed).size(), 1u);
  EXPECT_TRUE(compare(cluster(), changed, {.ignore_isr_order = true}).empty());
}

TEST(Compare, ATopicOfAnotherIdDiffersInItsIdAndItsPartitionsInTheirState) {
  PartitionRecord elsewhere = partition(0);
  elsewhere.topic_id = Uuid(4, 4);
  elsewhere.leader_epoch = LeaderEpoch(2);
  const MetadataImage left =
      after({}, {TopicRecord{.name = "orders", .topic_id = kOrdersId}, partition(0)});
  const MetadataImage right =
      after({}, {TopicRecord{.name = "orders", .topic_id = Uuid(4, 4)}, elsewhere});
  EXPECT_EQ(described(compare(left, right)),
            (std::vector<std::string>{
                "topics/orders/id: " + kOrdersId.describe() + " vs " + Uuid(4, 4).describe(),
                "topics/orders/partitions/0/leaderEpoch: 0 vs 2"}));
}

TEST(Compare, APartitionOfATopicThatOneSideLacksIsNamedIfTopicsAreNotCompared) {
  const MetadataImage some =
      after({}, {TopicRecord{.name = "orders", .topic_id = kOrdersId}, partition(0)});
  EXPECT_EQ(compare(some, {}).size(), 1u);
  const auto differences = compare(some, {}, {.families = Families{Family::Partitions}});
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].path, "topics/orders/partitions/0");
  EXPECT_FALSE(differences[0].right.has_value());
}

RC_GTEST_PROP(Compare, DigestTextAndComparisonAgreeWhetherImagesAreEqual, ()) {
  testing::NaiveImage naive_left;
  const MetadataImage left = after({}, testing::random_history(naive_left, 60));
  const bool related = *rc::gen::arbitrary<bool>();
  testing::NaiveImage naive_right = related ? naive_left : testing::NaiveImage();
  const MetadataImage base = related ? left : MetadataImage();
  const MetadataImage right = after(base, testing::random_history(naive_right, 4));
  const bool equal = naive_left == naive_right;
  RC_CLASSIFY(equal);
  RC_ASSERT(compare(left, right).empty() == equal);
  RC_ASSERT((left.digest() == right.digest()) == equal);
  RC_ASSERT((canonical_text(left) == canonical_text(right)) == equal);
}

}  // namespace
}  // namespace sim
