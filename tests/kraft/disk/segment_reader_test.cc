#include "kraft/disk/segment_reader.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace kraft {
namespace {

using sim::Bytes;
using sim::Offset;
using sim::RaftEpoch;

// Four batches of three no-ops: offsets 0, 3, 6, 9. `starts` are their positions, and the end.
struct Log {
  Bytes bytes;
  std::vector<std::size_t> starts;
};

Log four_batches() {
  Log log;
  sim::ByteWriter out;
  const std::vector<sim::VersionedRecord> records(3, {sim::NoOpRecord{}, 0});
  for (int i = 0; i < 4; ++i) {
    log.starts.push_back(out.size());
    write_batch(out, data_batch(Offset(3 * i), RaftEpoch(1 + i / 2), 1700000000000, records));
  }
  log.starts.push_back(out.size());
  log.bytes = out.take();
  return log;
}

struct Read {
  int batches = 0;
  std::optional<Stop> stop;
};

Read read_all(const Bytes& bytes) {
  SegmentReader reader(bytes, "x.log");
  Read read;
  RecordBatch batch;
  while (reader.next(batch)) ++read.batches;
  read.stop = reader.stop();
  return read;
}

TEST(SegmentReader, ReadsAnIntactLogToItsEnd) {
  const Read read = read_all(four_batches().bytes);
  EXPECT_EQ(read.batches, 4);
  EXPECT_FALSE(read.stop);
  EXPECT_EQ(read_all({}).batches, 0);
}

TEST(SegmentReader, ALogCutAnywhereHasATornTailAndTheBatchesBeforeIt) {
  const Log log = four_batches();
  for (std::size_t end = 0; end < log.bytes.size(); ++end) {
    const Read read =
        read_all(Bytes(log.bytes.begin(), log.bytes.begin() + static_cast<std::ptrdiff_t>(end)));
    int whole = 0;
    while (log.starts[static_cast<std::size_t>(whole) + 1] <= end) ++whole;
    EXPECT_EQ(read.batches, whole) << end;
    const std::size_t start = log.starts[static_cast<std::size_t>(whole)];
    ASSERT_EQ(read.stop.has_value(), end != start) << end;
    if (!read.stop) continue;
    EXPECT_EQ(read.stop->kind, Stop::Kind::TornTail) << end;
    EXPECT_EQ(read.stop->problem.place.offset, start);
    EXPECT_EQ(read.stop->unread, end - start);
  }
}

TEST(SegmentReader, ZerosOfAPreallocatedFileAreNoDamage) {
  Log log = four_batches();
  log.bytes.resize(log.bytes.size() + 5000);
  const Read read = read_all(log.bytes);
  EXPECT_EQ(read.batches, 4);
  EXPECT_EQ(read.stop.value().kind, Stop::Kind::TornTail);
  EXPECT_EQ(read.stop->unread, 5000U);
}

TEST(SegmentReader, ALastBatchWhoseEndWasNeverWrittenIsTorn) {
  Log log = four_batches();
  for (std::size_t i = log.bytes.size() - 20; i < log.bytes.size(); ++i) log.bytes[i] = 0;
  const Read read = read_all(log.bytes);
  EXPECT_EQ(read.batches, 3);
  EXPECT_EQ(read.stop.value().kind, Stop::Kind::TornTail);
}

// Whatever byte of the second batch changes, and however: the first is read, the place is named.
RC_GTEST_PROP(SegmentReader, AChangedByteInTheMiddleIsDamageAtItsBatch, (std::uint8_t change)) {
  RC_PRE(change != 0);
  Log log = four_batches();
  const std::size_t at = *rc::gen::inRange(log.starts[1], log.starts[2]);
  log.bytes[at] = static_cast<std::uint8_t>(log.bytes[at] ^ change);
  const Read read = read_all(log.bytes);
  // An epoch between those of its neighbours cannot be told from the right one.
  if (at - log.starts[1] >= 12 && at - log.starts[1] < 16 && read.batches > 1) return;
  RC_ASSERT(read.batches == 1);
  RC_ASSERT(read.stop.has_value());
  RC_ASSERT(read.stop->kind == Stop::Kind::Damage);
  RC_ASSERT(read.stop->problem.place.source == "x.log");
  RC_ASSERT(read.stop->problem.place.offset.value() >= log.starts[1]);
  RC_ASSERT(read.stop->unread == log.bytes.size() - log.starts[1]);
}

TEST(SegmentReader, GoesOnBehindADamagedBatchWhenAsked) {
  Log log = four_batches();
  log.bytes[log.starts[1] + 70] ^= 0x10;
  SegmentReader reader(log.bytes, "x.log");
  RecordBatch batch;
  ASSERT_TRUE(reader.next(batch));
  ASSERT_FALSE(reader.next(batch));
  EXPECT_FALSE(batch.crc_valid);
  EXPECT_EQ(batch.position, log.starts[1]);
  ASSERT_TRUE(reader.skip_damaged());
  ASSERT_TRUE(reader.next(batch));
  EXPECT_EQ(batch.header.base_offset, Offset(6));
}

TEST(SegmentReader, AMissingFileIsSaidSo) {
  const auto reader = SegmentReader::open("/nonexistent/00000000000000000000.log");
  ASSERT_FALSE(reader);
  EXPECT_NE(describe(reader.error()).find("No such file"), std::string::npos);
  EXPECT_EQ(reader.error().severity, sim::Severity::Usage);
}

RC_GTEST_PROP(SegmentReader, RandomBytesAreNeverFatal, (const Bytes& noise)) {
  Log log = four_batches();
  const auto at = *rc::gen::inRange<std::size_t>(0, log.bytes.size());
  Bytes bytes(log.bytes.begin(), log.bytes.begin() + static_cast<std::ptrdiff_t>(at));
  bytes.insert(bytes.end(), noise.begin(), noise.end());
  bytes.insert(bytes.end(), log.bytes.begin() + static_cast<std::ptrdiff_t>(at), log.bytes.end());
  const Read read = read_all(bytes);
  RC_ASSERT(read.batches <= 4);
}

}  // namespace
}  // namespace kraft
