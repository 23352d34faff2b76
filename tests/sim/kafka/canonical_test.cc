#include "sim/kafka/canonical.h"

#include <gtest/gtest.h>

#include "sim/kafka/delta.h"

namespace sim {
namespace {

MetadataImage after(const std::vector<Record>& records) {
  MetadataDelta delta{MetadataImage()};
  for (const Record& record : records) {
    EXPECT_TRUE(delta.replay(record).has_value()) << describe_value(record);
  }
  return delta.apply({});
}

TEST(CanonicalText, OfNothingSaysWhatKafkaTakesForGranted) {
  EXPECT_EQ(canonical_text({}),
            "feature metadata.version 1\n"
            "zk-migration-state NONE\n"
            "producer-ids next=-1\n");
}

TEST(CanonicalText, IsSortedAndQuotesWhatIsNoPlainWord) {
  const Uuid id{1, 2};
  const MetadataImage image = after({
      ProducerIdsRecord{.next_producer_id = ProducerId(1000)},
      ConfigRecord{.resource_type = ConfigResourceType::Topic,
                   .resource_name = "b",
                   .name = "k",
                   .value = "a \"b\"\n=c"},
      TopicRecord{.name = "b", .topic_id = id},
      PartitionRecord{.partition_id = PartitionId(10), .topic_id = id, .replicas = {BrokerId(1)}},
      PartitionRecord{.partition_id = PartitionId(9), .topic_id = id},
      TopicRecord{.name = "a", .topic_id = Uuid(3, 4)},
      ClientQuotaRecord{.entity = {{.entity_type = "user"},
                                   {.entity_type = "client-id", .entity_name = "<default>"}},
                        .key = "consumer_byte_rate",
                        .value = QuotaValue(1.0)},
      UserScramCredentialRecord{
          .name = "u", .mechanism = ScramMechanism::ScramSha512, .salt = {0, 255}},
      ZkMigrationStateRecord{.zk_migration_state = ZkMigrationState::PreMigration},
  });
  const std::string a_partition =
      "isr=[] removingReplicas=[] addingReplicas=[] leader=-1 leaderRecoveryState=RECOVERED "
      "leaderEpoch=-1 partitionEpoch=-1 eligibleLeaderReplicas=[] lastKnownElr=[]\n";
  EXPECT_EQ(canonical_text(image),
            "feature metadata.version 1\n"
            "zk-migration-state PRE_MIGRATION\n"
            "topic a id=" +
                Uuid(3, 4).describe() +
                "\n"
                "topic b id=" +
                id.describe() +
                "\n"
                "partition b 9 replicas=[] directories=[] " +
                a_partition + "partition b 10 replicas=[1] directories=[AAAAAAAAAAAAAAAAAAAAAA] " +
                a_partition +
                "config TOPIC b k=\"a \\\"b\\\"\\x0a=c\"\n"
                "quota client-id=\"<default>\",user=<default> consumer_byte_rate=1.0 "
                "bits=3ff0000000000000\n"
                "producer-ids next=1000\n"
                "scram name=u mechanism=SCRAM-SHA-512 salt=0x00ff storedKey=0x serverKey=0x "
                "iterations=0\n");
}

TEST(CanonicalText, ANullIsNotTheWordNull) {
  const auto with_rack = [](std::optional<std::string> rack) {
    return canonical_text(
        after({RegisterBrokerRecord{.broker_id = BrokerId(1), .rack = std::move(rack)}}));
  };
  EXPECT_NE(with_rack(std::nullopt), with_rack("null"));
  EXPECT_NE(with_rack(std::nullopt), with_rack(""));
}

TEST(CanonicalText, AnEnumeratorThatHasNoNameKeepsItsNumber) {
  const auto with_type = [](int type) {
    return canonical_text(
        after({ConfigRecord{.resource_type = static_cast<ConfigResourceType>(type),
                            .resource_name = "x",
                            .name = "k",
                            .value = "v"}}));
  };
  EXPECT_NE(with_type(77), with_type(78));
}

}  // namespace
}  // namespace sim
