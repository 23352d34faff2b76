#include "kraft/disk/record_batch.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <boost/crc.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "kraft/disk/segment_reader.h"
#include "sim/kafka/disk/crc32c.h"
#include "sim/kafka/record_json.h"
#include "tests/support/golden.h"
#include "tests/support/record_generators.h"

namespace kraft {
namespace {

using sim::Bytes;
using sim::ByteWriter;
using sim::Offset;
using sim::RaftEpoch;

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

Bytes file_bytes(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
}

constexpr std::int64_t kBatchTime = 1700000000000;

RC_GTEST_PROP(Crc32c, AgreesWithBoostHoweverTheBytesAreSplit, (const Bytes& bytes)) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> expected;
  expected.process_bytes(bytes.data(), bytes.size());
  const auto split = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
  const sim::ByteView view(bytes);
  RC_ASSERT(sim::crc32c(view) == expected.checksum());
  RC_ASSERT(sim::crc32c(view.subspan(split), sim::crc32c(view.first(split))) ==
            expected.checksum());
}

// The worked examples of kraft.md §6.6.
TEST(RecordBatch, IsWrittenAsTheWorkedExamplesShow) {
  const sim::VersionedRecord topic{
      sim::TopicRecord{
          .name = "foo",
          .topic_id = sim::Uuid(0x0011223344556677, static_cast<std::int64_t>(0x8899aabbccddeeff))},
      0};
  ByteWriter data;
  write_batch(data, data_batch(Offset(42), RaftEpoch(3), kBatchTime, std::span(&topic, 1)));
  EXPECT_EQ(data.take(),
            from_hex("000000000000002a000000500000000302dab4697d0000000000000000018bcfe56800"
                     "0000018bcfe56800ffffffffffffffffffffffffffff000000013c00000001300102"
                     "0004666f6f00112233445566778899aabbccddeeff0000"));

  const auto voter = [](std::int32_t id) { return Voter{.voter_id = sim::BrokerId(id)}; };
  const ControlRecord leader = LeaderChangeMessage{.leader_id = sim::BrokerId(1),
                                                   .voters = {voter(1), voter(2), voter(3)},
                                                   .granting_voters = {voter(1), voter(2)}};
  ByteWriter control;
  write_batch(control, control_batch(Offset(0), RaftEpoch(1), kBatchTime, std::span(&leader, 1)));
  EXPECT_EQ(control.take(),
            from_hex("00000000000000000000005e00000001021735ab2b0020000000000000018bcfe5"
                     "68000000018bcfe56800ffffffffffffffffffffffffffff0000000158000000"
                     "0800000002440000000000010400000001000000000200000000030003000000"
                     "01000000000200"
                     "0000"));
}

TEST(RecordBatch, VotersAreWrittenAsTheWorkedExampleShows) {
  const ControlRecord voters = VotersRecord{
      .voters = {
          {.voter_id = sim::BrokerId(1),
           .voter_directory_id =
               sim::Uuid(0x0011223344556677, static_cast<std::int64_t>(0x8899aabbccddeeff)),
           .endpoints = {{.name = "CONTROLLER", .host = "h1", .port = 9093}},
           .kraft_version_feature = {.min_supported_version = 0, .max_supported_version = 1}}}};
  const KeyAndValue pair = encode_control_record(voters);
  EXPECT_EQ(pair.key, from_hex("00000006"));
  EXPECT_EQ(pair.value,
            from_hex("0000020000000100112233445566778899aabbccddeeff020b434f4e54524f4c4c4552"
                     "0368312385000000000100"
                     "0000"));
  EXPECT_EQ(decode_control_record(pair.key, pair.value).value(), voters);
}

TEST(RecordBatch, EveryGoldenFileComesOutAgainByteForByte) {
  int files = 0;
  std::size_t records = 0;
  for (const std::string_view suffix : {".log", ".checkpoint"}) {
    for (const auto& file : tests::golden_files(suffix)) {
      auto reader = SegmentReader::open(file);
      ASSERT_TRUE(reader) << describe(reader.error());
      ByteWriter again;
      RecordBatch batch;
      while (reader->next(batch)) {
        write_batch(again, batch);
        records += batch.records.size();
      }
      ASSERT_FALSE(reader->stop()) << describe(reader->stop()->problem);
      EXPECT_EQ(again.take(), file_bytes(file)) << file;
      ++files;
    }
  }
  EXPECT_GT(files, 50);
  EXPECT_GT(records, 15000U);
}

TEST(RecordBatch, RandomRecordsSurviveARoundTrip) {
  rc::check([] {
    std::vector<sim::VersionedRecord> records;
    const int count = *rc::gen::inRange(1, 6);
    for (int i = 0; i < count; ++i) records.push_back(tests::any_record());
    ByteWriter out;
    write_batch(out, data_batch(Offset(7), RaftEpoch(2), kBatchTime, records));
    const Bytes bytes = out.take();
    RecordBatch batch;
    RC_ASSERT(read_batch(bytes, batch).has_value());
    RC_ASSERT(batch.crc_valid);
    RC_ASSERT(batch.records.size() == records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      RC_ASSERT(std::get<sim::VersionedRecord>(batch.records[i].content) == records[i]);
      RC_ASSERT(batch.records[i].offset == Offset(7).plus(static_cast<std::int64_t>(i)));
    }
  });
}

}  // namespace
}  // namespace kraft
