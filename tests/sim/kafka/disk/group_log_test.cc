#include "sim/kafka/disk/group_log.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <zlib.h>

#include <unistd.h>
#include <array>
#include <filesystem>
#include <string>

#include "sim/kafka/disk/group_dump.h"
#include "sim/kafka/disk/legacy_messages.h"
#include "tests/sim/kafka/disk/group_log_builder.h"
#include "tests/support/group_record_generators.h"

namespace sim {
namespace {

using tests::commit_of;
using tests::GroupLogBuilder;
using tests::tombstone_of;

// Written to a folder of the test's own, and read from there as a broker's would be.
GroupLogRead read_back(const GroupLogBuilder& log) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("zk2kraft-group-log-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  auto read = read_group_log(log.write(folder));
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(read.has_value());
  return read ? *std::move(read) : GroupLogRead();
}

std::int64_t offset_in(const GroupLogRead& read, const std::string& group, std::int32_t partition) {
  const StoredGroup* const stored = read.image.find(group);
  if (stored == nullptr) return -2;
  const auto commit = stored->offsets.find({.topic = "t", .partition = PartitionId(partition)});
  if (commit == stored->offsets.end()) return -2;
  return commit->second.value ? commit->second.value->offset.value() : -1;
}

TEST(GroupLog, OnlyWhatAMarkerCommittedCounts) {
  GroupLogBuilder log;
  log.batch({commit_of("g", 0, 1)});
  log.batch({commit_of("g", 0, 5)}, {.producer = 7});
  log.batch({commit_of("g", 1, 6)}, {.producer = 8});
  log.batch({commit_of("g", 2, 9)}, {.producer = 9});
  log.marker(7, true).marker(8, false);
  const GroupLogRead read = read_back(log);
  EXPECT_EQ(offset_in(read, "g", 0), 5);
  EXPECT_EQ(offset_in(read, "g", 1), -2);
  EXPECT_EQ(offset_in(read, "g", 2), -2);
  ASSERT_EQ(read.image.open_transactions().size(), 1U);
  EXPECT_EQ(read.image.open_transactions().begin()->first, ProducerId(9));
  EXPECT_EQ(read.image.open_transactions().begin()->second.producer_epoch, 3);
}

// GroupMetadataManager: CommitRecordMetadataAndOffset.olderThan; brokers.md §3.4.
TEST(GroupLog, APlainCommitBehindATransactionalOneStaysWhenThatIsDecided) {
  GroupLogBuilder log;
  log.batch({commit_of("g", 0, 5)}, {.producer = 7});
  log.batch({commit_of("g", 0, 2)});
  log.marker(7, true);
  EXPECT_EQ(offset_in(read_back(log), "g", 0), 2);
}

TEST(GroupLog, ATombstoneTakesACommitAwayAndIsRemembered) {
  GroupLogBuilder log;
  log.batch({commit_of("g", 0, 5), commit_of("g", 1, 6)});
  log.batch({tombstone_of("g", 0)});
  const GroupLogRead read = read_back(log);
  EXPECT_EQ(offset_in(read, "g", 0), -1);
  EXPECT_EQ(offset_in(read, "g", 1), 6);
  EXPECT_EQ(read.image.find("g")->offsets.begin()->second.place.offset, Offset(2));
  EXPECT_EQ(read.end, Offset(3));
}

TEST(GroupLog, ReadsEveryCodecOfKafka) {
  for (const Compression codec : {Compression::None, Compression::Gzip, Compression::Snappy,
                                  Compression::Lz4, Compression::Zstd}) {
    GroupLogBuilder log;
    std::vector<VersionedGroupRecord> many;
    for (int i = 0; i < 3000; ++i)
      many.push_back(commit_of("group", i, i));  // more than a block of snappy
    log.batch(many, {.compression = codec});
    const GroupLogRead read = read_back(log);
    EXPECT_EQ(read.records, 3000U) << name_of(codec);
    EXPECT_EQ(offset_in(read, "group", 2999), 2999) << name_of(codec);
    EXPECT_EQ(read.compressed.size(), codec == Compression::None ? 0U : 1U);
  }
}

TEST(GroupLog, ACompactedLogMayLackOffsetsAndRecords) {
  GroupLogBuilder log;
  log.batch({commit_of("g", 0, 5)}).gap(40).batch({commit_of("g", 0, 6)}, {.epoch = 2});
  const GroupLogRead read = read_back(log);
  EXPECT_TRUE(read.damage.empty());
  EXPECT_EQ(read.end, Offset(42));
  EXPECT_EQ(read.epoch, LeaderEpoch(2));
  EXPECT_EQ(offset_in(read, "g", 0), 6);
}

TEST(GroupLog, DamageInTheMiddleIsNamedAndTheRestIsRead) {
  GroupLogBuilder log;
  log.batch({commit_of("g", 0, 1)}).batch({commit_of("g", 1, 2)}).batch({commit_of("g", 2, 3)});
  log.bytes()[log.starts()[1] + 70] ^= 0x55;
  const GroupLogRead read = read_back(log);
  ASSERT_EQ(read.damage.size(), 1U);
  EXPECT_EQ(read.damage.front().place.offset, log.starts()[1]);
  EXPECT_NE(read.damage.front().place.source.find("00000000000000000000.log"), std::string::npos);
  EXPECT_EQ(offset_in(read, "g", 0), 1);
  EXPECT_EQ(offset_in(read, "g", 1), -2);
  EXPECT_EQ(offset_in(read, "g", 2), 3);
}

TEST(GroupLog, ALengthThatLeadsAstrayCostsNoMoreThanItsBatch) {
  GroupLogBuilder log;
  log.batch({commit_of("g", 0, 1)}).batch({commit_of("g", 1, 2)}).batch({commit_of("g", 2, 3)});
  log.bytes()[log.starts()[1] + 9] = 0x20;  // two megabytes
  const GroupLogRead read = read_back(log);
  ASSERT_EQ(read.damage.size(), 1U);
  EXPECT_FALSE(read.torn_tail);
  EXPECT_EQ(offset_in(read, "g", 2), 3);
}

RC_GTEST_PROP(GroupLog, ALogCutAnywhereHasATornTailAndTheBatchesBeforeIt, ()) {
  GroupLogBuilder log;
  log.batch({commit_of("g", 0, 1)})
      .batch({commit_of("g", 1, 2)}, {.compression = Compression::Zstd});
  log.batch({commit_of("g", 2, 3)});
  const auto end = *rc::gen::inRange<std::size_t>(0, log.bytes().size());
  GroupLogBuilder cut = log;
  cut.bytes().resize(end);
  const GroupLogRead read = read_back(cut);
  std::size_t whole = 0;
  while (whole + 1 < log.starts().size() && log.starts()[whole + 1] <= end) ++whole;
  RC_ASSERT(read.batches == whole);
  RC_ASSERT(read.damage.empty());
  RC_ASSERT(read.torn_tail.has_value() == (end != log.starts()[whole]));
}

// Whatever byte changes, nothing is read as something else: a batch is whole, or left out and
// named.
RC_GTEST_PROP(GroupLog, AChangedByteIsNeverBelieved, (std::uint8_t change)) {
  RC_PRE(change != 0);
  GroupLogBuilder log;
  log.batch({commit_of("g", 0, 1)})
      .batch({commit_of("g", 1, 2)}, {.compression = Compression::Gzip});
  log.batch({commit_of("g", 2, 3)});
  const auto at = *rc::gen::inRange<std::size_t>(16, log.bytes().size());
  GroupLogBuilder changed = log;
  changed.bytes()[at] = static_cast<std::uint8_t>(changed.bytes()[at] ^ change);
  const GroupLogRead read = read_back(changed);
  for (std::int32_t partition = 0; partition < 3; ++partition) {
    const std::int64_t found = offset_in(read, "g", partition);
    RC_ASSERT(found == partition + 1 || found == -2);
  }
}

RC_GTEST_PROP(GroupLog, WhatIsWrittenInAnyCodecReadsAsTheSame, ()) {
  const auto codec = static_cast<Compression>(*rc::gen::inRange(0, 5));
  std::vector<VersionedGroupRecord> records;
  const int count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) records.push_back(tests::any_group_record());
  GroupLogBuilder log;
  log.batch(records, {.compression = codec});
  BatchReader reader(log.bytes(), "x.log", LogKind::Compacted);
  BatchView view;
  RC_ASSERT(reader.next(view));
  std::vector<VersionedGroupRecord> read;
  const auto done = read_group_batch(view, [&](GroupLogRecord& record) {
    read.push_back(std::get<VersionedGroupRecord>(std::move(record.content)));
  });
  RC_ASSERT(done.has_value());
  RC_ASSERT(read == records);
}

RC_GTEST_PROP(GroupLog, AnyBytesAsACompressedStreamAreRefusedOrReadAndNeverFatal,
              (const Bytes& noise)) {
  for (const Compression codec :
       {Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd}) {
    Bytes out;
    const auto done = decompress(codec, noise, out);
    if (!done) RC_ASSERT(done.error().severity == Severity::Malformed);
    // A good stream that is cut is never taken for whole.
    const Bytes packed = compress(codec, noise);
    if (noise.size() < 2 || codec == Compression::Snappy) continue;  // blocks of snappy stand alone
    const auto cut = *rc::gen::inRange<std::size_t>(1, packed.size());
    RC_ASSERT(!decompress(codec, ByteView(packed).first(cut), out).has_value());
  }
}

// ── Formats of before Kafka 0.11 ────────────────────────────────────────────────────────────────

Bytes message(std::int8_t magic, std::int64_t offset, std::int8_t attributes,
              const std::optional<Bytes>& key, const std::optional<Bytes>& value) {
  ByteWriter covered;
  covered.i8(magic);
  covered.i8(attributes);
  if (magic == 1) covered.i64(1234);
  for (const auto* part : {&key, &value}) {
    covered.i32(*part ? static_cast<std::int32_t>((*part)->size()) : -1);
    if (*part) covered.append(**part);
  }
  ByteWriter out;
  out.i64(offset);
  out.i32(static_cast<std::int32_t>(covered.size() + 4));
  out.u32(static_cast<std::uint32_t>(
      ::crc32(0, covered.view().data(), static_cast<uInt>(covered.size()))));
  out.append(covered.view());
  return out.take();
}

TEST(GroupLog, MessagesOfTheOldFormatsAreRead) {
  const auto bytes =
      encode_group_record({std::get<OffsetCommitEntry>(commit_of("old", 0, 4).record), 0, 0});
  const auto second =
      encode_group_record({std::get<OffsetCommitEntry>(commit_of("old", 1, 5).record), 1, 0});
  GroupLogBuilder log;
  log.raw(message(0, 0, 0, bytes.key, bytes.value), 1);
  log.raw(message(1, 1, 0, second.key, second.value), 1);
  log.batch({commit_of("new", 0, 6)});
  const GroupLogRead read = read_back(log);
  EXPECT_TRUE(read.damage.empty());
  EXPECT_EQ(read.old_messages, 2U);
  EXPECT_EQ(offset_in(read, "old", 0), 4);
  EXPECT_EQ(offset_in(read, "old", 1), 5);
  EXPECT_EQ(offset_in(read, "new", 0), 6);
  EXPECT_EQ(read.end, Offset(3));
}

// AbstractLegacyRecordBatch: within a wrapper of v1 offsets count up to the wrapper's own.
TEST(GroupLog, ACompressedOldMessageHoldsOthersWhoseOffsetsCountUpToItsOwn) {
  const auto first = encode_group_record(commit_of("old", 0, 4));
  const auto second = encode_group_record(commit_of("old", 1, 5));
  Bytes within = message(1, 0, 0, first.key, first.value);
  const Bytes next = message(1, 1, 0, second.key, second.value);
  within.insert(within.end(), next.begin(), next.end());
  GroupLogBuilder log;
  log.gap(10);
  log.raw(message(1, 11, 1, std::nullopt, compress(Compression::Gzip, within)), 2);
  const GroupLogRead read = read_back(log);
  EXPECT_TRUE(read.damage.empty()) << (read.damage.empty() ? "" : describe(read.damage.front()));
  const StoredGroup* const old = read.image.find("old");
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(old->offsets.begin()->second.place.offset, Offset(10));
  EXPECT_EQ(old->offsets.rbegin()->second.place.offset, Offset(11));
}

TEST(GroupLog, AnOldMessageWithAWrongChecksumIsDamage) {
  const auto bytes = encode_group_record(commit_of("old", 0, 4));
  GroupLogBuilder log;
  Bytes wrong = message(1, 0, 0, bytes.key, bytes.value);
  wrong[wrong.size() - 12] ^= 1;
  log.raw(wrong, 1).batch({commit_of("new", 0, 6)});
  const GroupLogRead read = read_back(log);
  EXPECT_EQ(read.damage.size(), 1U);
  EXPECT_EQ(read.image.find("old"), nullptr);
  EXPECT_EQ(offset_in(read, "new", 0), 6);
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────

TEST(GroupLog, OnlyDirectoriesInUseArePartitions) {
  EXPECT_EQ(parse_group_log_name("__consumer_offsets-49"), PartitionId(49));
  for (const char* name :
       {"__consumer_offsets-", "__consumer_offsets-3.abc-delete", "__consumer_offsets-3.abc-future",
        "__consumer_offsets--1", "x__consumer_offsets-1", "__transaction_state-1"})
    EXPECT_FALSE(parse_group_log_name(name)) << name;
}

TEST(GroupLog, OnlySegmentsAndWhatASwapLeftHaveABase) {
  EXPECT_EQ(base_of_segment("x/00000000000000000042.log"), Offset(42));
  EXPECT_EQ(base_of_segment("00000000000000000042.log.swap"), Offset(42));
  for (const char* name : {"00000000000000000042.log.cleaned", "00000000000000000042.log.deleted",
                           "00000000000000000042.index", "a.log", ".log", "log"})
    EXPECT_EQ(base_of_segment(name), std::nullopt) << name;
}

// A damaged length in the middle is one problem, and the file has no bad end.
TEST(GroupLog, DumpNamesBytesAmidBatchesOnce) {
  GroupLogBuilder log;
  log.batch({commit_of("g", 0, 5)}).batch({commit_of("g", 1, 6)}).batch({commit_of("g", 2, 7)});
  log.bytes()[log.starts()[1] + 9] = 0x20;
  const auto folder = std::filesystem::temp_directory_path() /
                      ("zk2kraft-group-dump-" + std::to_string(::getpid()));
  const auto directory = log.write(folder);
  const auto dump = dump_group_log(directory / "00000000000000000000.log", [](std::string_view) {});
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->batches, 2U);
  EXPECT_EQ(dump->problems.size(), 1U);
  EXPECT_FALSE(dump->stop);
}

TEST(GroupLog, DumpShowsEveryRecordAndWhatCannotBeRead) {
  GroupLogBuilder log;
  log.batch({commit_of("g", 0, 5), tombstone_of("g", 1)})
      .batch({commit_of("g", 2, 6)})
      .marker(7, false);
  log.bytes()[log.starts()[1] + 70] ^= 0x55;
  const auto folder = std::filesystem::temp_directory_path() /
                      ("zk2kraft-group-dump-" + std::to_string(::getpid()));
  const auto directory = log.write(folder);
  std::string lines;
  const auto dump =
      dump_group_log(directory / "00000000000000000000.log", [&](std::string_view line) {
        lines += line;
        lines += '\n';
      });
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->problems.size(), 1U);
  for (const char* part : {R"("key":{"type":"1","data":{"group":"g","topic":"t","partition":0}})",
                           R"("payload":"<DELETE>")", R"("isvalid":false)",
                           R"("endTxnMarker":"ABORT","coordinatorEpoch":7)"})
    EXPECT_NE(lines.find(part), std::string::npos) << part << "\n" << lines;
}

}  // namespace
}  // namespace sim
