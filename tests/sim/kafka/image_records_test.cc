#include "sim/kafka/image_records.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "sim/kafka/canonical.h"
#include "sim/kafka/compare.h"
#include "sim/kafka/delta.h"
#include "tests/sim/kafka/image_model.h"
#include "tests/sim/kafka/replayed.h"

namespace sim {
namespace {

using testing::after;

std::vector<VersionedRecord> records_of(const MetadataImage& image, MetadataVersion version,
                                        std::vector<std::string>* losses = nullptr) {
  std::vector<VersionedRecord> records;
  auto lost =
      to_records(image, version, [&](VersionedRecord r) { records.push_back(std::move(r)); });
  if (losses != nullptr) *losses = std::move(lost);
  return records;
}

RC_GTEST_PROP(ImageRecords, ASnapshotReplayedGivesTheImageAgainWhateverWasThereBefore, ()) {
  testing::NaiveImage naive;
  const MetadataImage image = after(MetadataImage(), testing::random_history(naive, 80));
  // Of the same past, of none, or of another.
  testing::NaiveImage other = naive;
  MetadataImage base = image;
  if (*rc::gen::arbitrary<bool>()) other = {}, base = {};
  base = after(base, testing::random_history(other, 40));

  MetadataDelta delta(base);
  const MetadataVersion version = MetadataVersion::V4_0_IV1;  // can carry everything
  std::vector<std::string> losses;
  for (const VersionedRecord& r : records_of(image, version, &losses)) {
    const auto replayed = delta.replay(r.record);
    RC_ASSERT(replayed.has_value());
  }
  delta.finish_snapshot();
  RC_ASSERT(losses.empty());
  naive.metadata_version = level_of(version);
  // A snapshot does not say that no producer id was ever given out.
  if (naive.next_producer_id == -1) naive.next_producer_id = other.next_producer_id;
  const MetadataImage read = delta.apply({});
  RC_ASSERT(testing::NaiveImage::of(read) == naive);
  RC_ASSERT(read.topics().partition_count() == naive.partitions.size());
}

TEST(ImageRecords, FamiliesComeInKafkasOrder) {
  const Uuid id{1, 2};
  const MetadataImage image = after(
      {},
      {DelegationTokenRecord{.token_id = "t"},
       UserScramCredentialRecord{.name = "u", .mechanism = ScramMechanism::ScramSha256},
       AccessControlEntryRecord{.id = id}, ProducerIdsRecord{.next_producer_id = ProducerId(1000)},
       ClientQuotaRecord{.entity = {{.entity_type = "user"}}, .key = "producer_byte_rate"},
       ConfigRecord{.resource_type = ConfigResourceType::Broker, .name = "k", .value = "v"},
       TopicRecord{.name = "t", .topic_id = id},
       PartitionRecord{.partition_id = PartitionId(0), .topic_id = id},
       RegisterControllerRecord{.controller_id = BrokerId(3000)},
       RegisterBrokerRecord{.broker_id = BrokerId(1)},
       FeatureLevelRecord{.name = "group.version", .feature_level = 1}});
  std::vector<std::string_view> names;
  for (const VersionedRecord& r : records_of(image, MetadataVersion::V3_9_IV0)) {
    names.push_back(name_of(r.record));
  }
  EXPECT_EQ(names,
            (std::vector<std::string_view>{
                "FeatureLevelRecord", "FeatureLevelRecord", "ZkMigrationStateRecord",
                "RegisterBrokerRecord", "RegisterControllerRecord", "TopicRecord",
                "PartitionRecord", "ConfigRecord", "ClientQuotaRecord", "ProducerIdsRecord",
                "AccessControlEntryRecord", "UserScramCredentialRecord", "DelegationTokenRecord"}));
}

TEST(ImageRecords, AnOldVersionNamesWhatItCannotCarry) {
  const Uuid id{1, 2};
  const MetadataImage image =
      after({}, {TopicRecord{.name = "t", .topic_id = id},
                 PartitionRecord{.partition_id = PartitionId(0),
                                 .topic_id = id,
                                 .replicas = {BrokerId(1)},
                                 .directories = {Uuid(5, 5)}},
                 UserScramCredentialRecord{.name = "u", .mechanism = ScramMechanism::ScramSha256},
                 ZkMigrationStateRecord{.zk_migration_state = ZkMigrationState::Migration}});
  std::vector<std::string> losses;
  const auto at_3_6 = records_of(image, MetadataVersion::V3_6_IV1, &losses);
  EXPECT_EQ(losses, (std::vector<std::string>{"log directories of replicas"}));
  for (const VersionedRecord& r : at_3_6) {
    if (const auto* partition = std::get_if<PartitionRecord>(&r.record)) {
      EXPECT_EQ(r.version, 0);
      EXPECT_TRUE(partition->directories.empty());
    }
  }
  const auto at_3_3 = records_of(image, MetadataVersion::V3_3_IV0, &losses);
  EXPECT_EQ(losses, (std::vector<std::string>{"SCRAM credentials", "log directories of replicas",
                                              "the ZooKeeper migration state"}));
}

}  // namespace
}  // namespace sim
