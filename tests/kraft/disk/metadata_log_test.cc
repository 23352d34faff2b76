#include "kraft/disk/metadata_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kraft/disk/metadata_image.h"
#include "kraft/disk/metadata_writer.h"
#include "tests/support/golden.h"

namespace kraft {
namespace {

namespace fs = std::filesystem;
using sim::BrokerId;
using sim::Offset;
using sim::OffsetAndEpoch;
using sim::RaftEpoch;
using sim::VersionedRecord;

constexpr std::int64_t kTime = 1700000000000;

// A directory of its own for each test, gone afterwards.
class MetadataLog : public testing::Test {
 protected:
  MetadataLog() {
    const auto* const info = testing::UnitTest::GetInstance()->current_test_info();
    home_ = fs::path(ZK2KRAFT_BINARY_DIR) /
            ("metadata-log-" + std::string(info->name()) + "-" + std::to_string(::getpid()));
    fs::remove_all(home_);
  }
  ~MetadataLog() override { fs::remove_all(home_); }

  MetadataDirWriter writer(std::uint64_t segment_bytes = 1U << 30) {
    return MetadataDirWriter::create(home_,
                                     {.version = 1,
                                      .node_id = BrokerId(3000),
                                      .cluster_id = "50yUgD7URW240KRMK4dnhg",
                                      .directory_id = sim::Uuid(5, 6)},
                                     {.segment_bytes = segment_bytes})
        .value();
  }
  static QuorumStateData quorum() {
    return {.leader_id = BrokerId(3000),
            .leader_epoch = RaftEpoch(1),
            .current_voters = {BrokerId(3000)}};
  }
  static RecordBatch leader_change(Offset base, RaftEpoch epoch, int voters) {
    LeaderChangeMessage message{.leader_id = BrokerId(3000)};
    for (int i = 0; i < voters; ++i) message.voters.push_back({.voter_id = BrokerId(3000 + i)});
    const ControlRecord record = message;
    return control_batch(base, epoch, kTime, std::span(&record, 1));
  }
  static RecordBatch topics(Offset base, int count, RaftEpoch epoch = RaftEpoch(1)) {
    std::vector<VersionedRecord> records;
    for (int i = 0; i < count; ++i) {
      const std::int64_t n = base.value() + i;
      records.push_back(
          {sim::TopicRecord{.name = "topic-" + std::to_string(n), .topic_id = sim::Uuid(1, n)}, 0});
    }
    return data_batch(base, epoch, kTime + base.value(), records);
  }
  static RecordBatch one(Offset base, sim::Record record) {
    const VersionedRecord versioned{std::move(record), 0};
    return data_batch(base, RaftEpoch(1), kTime, std::span(&versioned, 1));
  }
  MetadataLogRead read(std::vector<Offset>* applied = nullptr) {
    AppliedRecords records([&](const AppliedRecord& record) {
      if (applied != nullptr) applied->push_back(record.offset);
    });
    return read_metadata_log(
        open_metadata_dir(home_).value(),
        [&](RecordBatch& batch, const BatchSource& source) { records.add(batch, source); });
  }
  fs::path partition() const { return home_ / kMetadataPartition; }

  fs::path home_;
};

// orders is created with two configs and deleted; its successor sets one of them anew (MB-25).
TEST_F(MetadataLog, WhatADeletedTopicWasConfiguredWithIsRememberedUntilItIsSetAgain) {
  const auto config = [](const char* name, const char* value) {
    return sim::ConfigRecord{.resource_type = sim::ConfigResourceType::Topic,
                             .resource_name = "orders",
                             .name = name,
                             .value = value};
  };
  const std::vector<sim::Record> all{
      sim::TopicRecord{.name = "orders", .topic_id = sim::Uuid(1, 1)},
      config("a", "1"),
      config("b", "2"),
      sim::RemoveTopicRecord{.topic_id = sim::Uuid(1, 1)},
      sim::TopicRecord{.name = "orders", .topic_id = sim::Uuid(1, 2)},
      config("b", "3")};
  auto log = writer();
  std::int64_t offset = 0;
  for (const sim::Record& record : all) ASSERT_TRUE(log.append(one(Offset(offset++), record)));
  ASSERT_TRUE(log.finish(quorum()));
  const LoadedMetadata loaded = load_metadata(home_).value();
  const sim::ConfigResource orders{sim::ConfigResourceType::Topic, "orders"};
  ASSERT_EQ(loaded.configs_of_deleted_topics.size(), 1U);
  EXPECT_EQ(loaded.configs_of_deleted_topics.at(orders),
            (std::map<std::string, std::string>{{"a", "1"}}));
  EXPECT_EQ(loaded.image.configs().value(orders, "a"), std::nullopt);
}

TEST_F(MetadataLog, WhatIsWrittenIsReadAgainSegmentBySegment) {
  auto dir = writer(2000);
  ASSERT_TRUE(dir.append(leader_change(Offset(0), RaftEpoch(1), 1)));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(dir.append(topics(Offset(1 + 10 * i), 10)));
  ASSERT_TRUE(dir.finish(quorum()));

  const auto opened = open_metadata_dir(home_).value();
  EXPECT_GT(opened.segments.size(), 5U);
  EXPECT_EQ(opened.quorum_state, quorum());
  EXPECT_EQ(opened.meta_properties.value().node_id, BrokerId(3000));
  EXPECT_EQ(opened.leader_epochs.value().size(), 1U);
  std::vector<Offset> applied;
  const MetadataLogRead result = read(&applied);
  EXPECT_FALSE(result.damage || result.torn_tail);
  EXPECT_EQ(applied.size(), 500U);
  EXPECT_EQ(result.end, Offset(501));
  EXPECT_EQ(result.committed_at_least, Offset(501));  // a sole voter commits what it writes
}

TEST_F(MetadataLog, ReadingBeginsAtTheLatestCheckpointAndSkipsWhatItHolds) {
  auto dir = writer(700);
  ASSERT_TRUE(dir.append(leader_change(Offset(0), RaftEpoch(1), 3)));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(dir.append(topics(Offset(1 + 10 * i), 10)));
  const auto names = topics(Offset(1), 25);
  CheckpointContent content{.id = {.epoch = RaftEpoch(1), .offset = Offset(26)},
                            .timestamp = kTime};
  for (const LogRecord& record : names.records) {
    content.records.push_back(std::get<VersionedRecord>(record.content));
  }
  ASSERT_TRUE(dir.checkpoint(content));
  ASSERT_TRUE(dir.finish(quorum()));

  const LoadedMetadata loaded = load_metadata(home_).value();
  EXPECT_EQ(loaded.log.checkpoint, content.id);
  EXPECT_TRUE(loaded.problems.empty()) << describe(loaded.problems.front());
  EXPECT_EQ(loaded.image.topics().size(), 50U);
  EXPECT_EQ(loaded.image.provenance().last_contained_offset, Offset(50));
  // Three voters: only what the checkpoint holds is certain.
  EXPECT_EQ(loaded.log.committed_at_least, Offset(26));
}

TEST_F(MetadataLog, ADamagedCheckpointIsPassedOverAndNamed) {
  auto dir = writer();
  ASSERT_TRUE(dir.append(topics(Offset(0), 10)));
  const OffsetAndEpoch id{.epoch = RaftEpoch(1), .offset = Offset(5)};
  ASSERT_TRUE(dir.finish(quorum()));
  const auto bytes =
      checkpoint_bytes({.id = id, .timestamp = kTime, .records = {{sim::NoOpRecord{}, 0}}});
  std::ofstream(partition() / checkpoint_name(id), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()) - 80);
  std::vector<Offset> applied;
  const MetadataLogRead result = read(&applied);
  EXPECT_FALSE(result.checkpoint);
  EXPECT_EQ(applied.size(), 10U);
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_NE(result.problems[0].place.source.find(checkpoint_name(id)), std::string::npos);
}

TEST_F(MetadataLog, AHoleBetweenSegmentsIsDamageAndSaysHowFarReadingCame) {
  auto dir = writer(700);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(dir.append(topics(Offset(10 * i), 10)));
  ASSERT_TRUE(dir.finish(quorum()));
  const auto segments = open_metadata_dir(home_).value().segments;
  ASSERT_GT(segments.size(), 3U);
  fs::remove(segments[1].path);
  const MetadataLogRead result = read();
  ASSERT_TRUE(result.damage);
  EXPECT_EQ(result.end, segments[1].base);
  EXPECT_NE(result.damage->what.find("goes on at offset"), std::string::npos)
      << describe(*result.damage);
  EXPECT_NE(result.damage->what.find("below offset " + std::to_string(segments[1].base.value())),
            std::string::npos);
}

TEST_F(MetadataLog, ATornTailIsReportedAndTheRestRead) {
  auto dir = writer();
  ASSERT_TRUE(dir.append(topics(Offset(0), 10)));
  ASSERT_TRUE(dir.append(topics(Offset(10), 10)));
  ASSERT_TRUE(dir.finish(quorum()));
  const auto file = partition() / segment_name(Offset(0));
  fs::resize_file(file, fs::file_size(file) - 5);
  const MetadataLogRead result = read();
  EXPECT_FALSE(result.damage);
  EXPECT_EQ(result.end, Offset(10));
  ASSERT_TRUE(result.torn_tail);
  EXPECT_EQ(result.torn_tail->problem.place.source, file.string());
}

TEST_F(MetadataLog, TransactionsApplyAtTheirEndAndNeverAfterAnAbort) {
  auto dir = writer();
  ASSERT_TRUE(dir.append(topics(Offset(0), 1)));
  ASSERT_TRUE(dir.append(one(Offset(1), sim::BeginTransactionRecord{.name = "A"})));
  ASSERT_TRUE(dir.append(topics(Offset(2), 2)));
  ASSERT_TRUE(dir.append(one(Offset(4), sim::AbortTransactionRecord{})));
  ASSERT_TRUE(dir.append(one(Offset(5), sim::BeginTransactionRecord{.name = "B"})));
  ASSERT_TRUE(dir.append(topics(Offset(6), 1)));
  ASSERT_TRUE(dir.append(one(Offset(7), sim::EndTransactionRecord{})));
  ASSERT_TRUE(dir.append(one(Offset(8), sim::BeginTransactionRecord{.name = "C"})));
  ASSERT_TRUE(dir.append(topics(Offset(9), 3)));
  ASSERT_TRUE(dir.finish(quorum()));
  std::vector<Offset> applied;
  EXPECT_FALSE(read(&applied).damage);
  EXPECT_EQ(applied, (std::vector{Offset(0), Offset(6)}));

  const LoadedMetadata loaded = load_metadata(home_).value();
  EXPECT_EQ(loaded.image.topics().size(), 2U);
  ASSERT_TRUE(loaded.open_transaction);
  EXPECT_EQ(loaded.open_transaction->name, "C");
  EXPECT_EQ(loaded.open_transaction->begin, Offset(8));
  EXPECT_EQ(loaded.open_transaction->records, 3U);
  EXPECT_EQ(loaded.image.provenance().last_contained_offset, Offset(7));
}

TEST_F(MetadataLog, MarkersThatContradictEachOtherAreProblems) {
  auto dir = writer();
  ASSERT_TRUE(dir.append(one(Offset(0), sim::EndTransactionRecord{})));
  ASSERT_TRUE(dir.append(one(Offset(1), sim::AbortTransactionRecord{})));
  ASSERT_TRUE(dir.append(one(Offset(2), sim::BeginTransactionRecord{})));
  ASSERT_TRUE(dir.append(one(Offset(3), sim::BeginTransactionRecord{})));
  ASSERT_TRUE(dir.append(topics(Offset(4), 1)));
  ASSERT_TRUE(dir.append(one(Offset(5), sim::EndTransactionRecord{})));
  ASSERT_TRUE(dir.append(topics(Offset(6), 1)));
  ASSERT_TRUE(dir.finish(quorum()));
  const LoadedMetadata loaded = load_metadata(home_).value();
  EXPECT_EQ(loaded.problems.size(), 3U);
  EXPECT_EQ(loaded.image.topics().size(), 2U);
}

TEST_F(MetadataLog, ALogIsNeverOverwritten) {
  writer();
  EXPECT_FALSE(MetadataDirWriter::create(home_, {}));
}

TEST(MetadataDir, WhatIsNotAMetadataLogIsSaidSo) {
  const auto missing = open_metadata_dir("/nonexistent");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().severity, sim::Severity::Usage);
  const auto empty = open_metadata_dir(tests::golden("sample/p0-zookeeper"));
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().severity, sim::Severity::Unknown);
  EXPECT_FALSE(empty.error().remedy.empty());
  const auto file = open_metadata_dir(tests::golden("sample/p0-zookeeper/zookeeper.jsonl"));
  EXPECT_EQ(file.error().severity, sim::Severity::Usage);
}

TEST(MetadataDir, NamesOfFilesAreExact) {
  EXPECT_EQ(segment_name(Offset(831)), "00000000000000000831.log");
  EXPECT_EQ(parse_segment_name("00000000000000000831.log"), Offset(831));
  EXPECT_EQ(parse_segment_name("831.log"), std::nullopt);
  EXPECT_EQ(parse_segment_name("99999999999999999999.log"), std::nullopt);
  const OffsetAndEpoch id{.epoch = RaftEpoch(1), .offset = Offset(174)};
  EXPECT_EQ(checkpoint_name(id), "00000000000000000174-0000000001.checkpoint");
  EXPECT_EQ(parse_checkpoint_name("00000000000000000174-0000000001.checkpoint"), id);
  EXPECT_EQ(parse_checkpoint_name("00000000000000000174-0000000001-abc.checkpoint.part"),
            std::nullopt);
  EXPECT_EQ(parse_checkpoint_name("bootstrap.checkpoint"), std::nullopt);
}

// Each golden controller's image from its latest checkpoint and the log behind it, against the image from
// the whole log: both were kept by Kafka.
TEST(MetadataImageFromDisk, CheckpointsAndLogsOfEveryGoldenClusterAgree) {
  int with_checkpoint = 0;
  for (const auto& file : tests::golden_files("/quorum-state")) {
    const LoadedMetadata loaded = load_metadata(file.parent_path()).value();
    EXPECT_FALSE(loaded.log.damage) << describe(*loaded.log.damage);
    EXPECT_TRUE(loaded.problems.empty()) << describe(loaded.problems.front());
    const LoadedMetadata whole =
        load_metadata_file(file.parent_path() / segment_name(Offset(0))).value();
    EXPECT_EQ(loaded.image.digest(), whole.image.digest()) << file;
    EXPECT_EQ(loaded.log.end, whole.log.end) << file;
    if (loaded.log.checkpoint) ++with_checkpoint;
  }
  EXPECT_GT(with_checkpoint, 5);
}

TEST(MetadataImageFromDisk, ACopyKilledHalfwayIsAnOpenTransaction) {
  const LoadedMetadata loaded =
      load_metadata(tests::golden("copy_killed/p2-killed/controller-3000")).value();
  ASSERT_TRUE(loaded.open_transaction);
  EXPECT_EQ(loaded.open_transaction->name, "ZK Migration");
  EXPECT_EQ(loaded.image.topics().size(), 0U);
}

}  // namespace
}  // namespace kraft
