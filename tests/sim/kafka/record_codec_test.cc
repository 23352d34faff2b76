#include "sim/kafka/record_codec.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <set>
#include <string>

#include "sim/kafka/metadata_version.h"
#include "sim/kafka/record_json.h"
#include "sim/kafka/record_version.h"
#include "tests/support/record_generators.h"

namespace sim {
namespace {

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  int digits = 0;
  unsigned value = 0;
  for (const char c : text) {
    if (c == ' ') continue;
    value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    if (++digits % 2 == 0) {
      bytes.push_back(static_cast<std::uint8_t>(value));
      value = 0;
    }
  }
  return bytes;
}

const Uuid kId{0x0011223344556677, static_cast<std::int64_t>(0x8899aabbccddeeff)};
const std::string kIdHex = "00112233445566778899aabbccddeeff";

// The worked examples of kraft.md §6.6.
TEST(RecordCodec, WritesTheWorkedExamplesByteForByte) {
  const auto brokers = std::vector{BrokerId{1}, BrokerId{2}, BrokerId{3}};
  const std::vector<std::pair<VersionedRecord, std::string>> examples = {
      {{TopicRecord{.name = "foo", .topic_id = kId}, 0}, "010200 04666f6f" + kIdHex + "00"},
      {{PartitionRecord{.partition_id = PartitionId{0},
                        .topic_id = kId,
                        .replicas = brokers,
                        .isr = brokers,
                        .leader = BrokerId{1},
                        .leader_epoch = LeaderEpoch{0},
                        .partition_epoch = PartitionEpoch{0},
                        .directories = std::vector<Uuid>(3)},
        1},
       "010301 00000000" + kIdHex +
           "04000000010000000200000003 04000000010000000200000003 01 01 00000001 00000000 00000000 "
           "04" +
           std::string(96, '0') + "00"},
      {{PartitionChangeRecord{.partition_id = PartitionId{0},
                              .topic_id = kId,
                              .isr = {{BrokerId{1}, BrokerId{2}}},
                              .leader = BrokerId{2}},
        1},
       "010501 00000000" + kIdHex + "02 0009030000000100000002 010400000002"},
      {{FeatureLevelRecord{.name = "metadata.version", .feature_level = 21}, 0},
       "010c00 116d657461646174612e76657273696f6e 0015 00"},
      {{ZkMigrationStateRecord{}, 0}, "0115000000"},
      {{NoOpRecord{}, 0}, "01140000"},
      {{EndTransactionRecord{}, 0}, "01180000"},
      {{BeginTransactionRecord{.name = "ZK Migration"}, 0},
       "011700 01000d0d5a4b204d6967726174696f6e"},
  };
  for (const auto& [record, hex] : examples) {
    EXPECT_EQ(encode_record(record), from_hex(hex)) << to_json(record);
    EXPECT_EQ(decode_record(from_hex(hex)).value(), record) << hex;
  }
}

TEST(RecordCodec, TagsAscendWhateverTheOrderOfTheTable) {
  // Directories stand before the eligible leaders in the schema, but have tag 8, they 6 and 7.
  const Bytes bytes =
      encode_record(PartitionChangeRecord{.directories = {{kId}},
                                          .eligible_leader_replicas = {{BrokerId{5}}},
                                          .last_known_elr = {{}},
                                          .unknown_tagged_fields = {{.tag = 9, .data = {7}}}},
                    2);
  EXPECT_EQ(bytes, from_hex("010502 ffffffff" + std::string(32, '0') +
                            "04 06050200000005 070101 081102" + kIdHex + "090107"));
}

TEST(RecordCodec, AnEmptyArrayAndAnAbsentOneAreDifferent) {
  const VersionedRecord emptied{PartitionChangeRecord{.adding_replicas = {{}}}, 1};
  const VersionedRecord unchanged{PartitionChangeRecord{}, 1};
  EXPECT_NE(encode_record(emptied), encode_record(unchanged));
  EXPECT_EQ(decode_record(encode_record(emptied)).value(), emptied);
  EXPECT_EQ(to_json(emptied),
            R"({"type":"PARTITION_CHANGE_RECORD","version":1,"data":{"partitionId":-1,)"
            R"("topicId":"AAAAAAAAAAAAAAAAAAAAAA","addingReplicas":[]}})");
}

TEST(RecordCodec, AVersionThatLacksASetFieldIsABugOfTheWriter) {
  EXPECT_THROW(encode_record(RegisterBrokerRecord{.is_migrating_zk_broker = true}, 1), Bug);
  EXPECT_THROW(encode_record(PartitionChangeRecord{.directories = {{}}}, 0), Bug);
  EXPECT_THROW(encode_record(NoOpRecord{}, 1), Bug);
}

TEST(RecordCodec, WhatAnotherKafkaWroteIsUnknownNotDamaged) {
  for (const char* hex : {"001400", "02140000", "01060000", "01140100", "011c0000"}) {
    const auto decoded = decode_record(from_hex(hex));
    ASSERT_FALSE(decoded) << hex;
    EXPECT_EQ(decoded.error().severity, Severity::Unknown) << describe(decoded.error());
  }
}

TEST(RecordCodec, DamageIsPlacedByItsOffset) {
  const auto at = [](std::string_view hex) {
    const auto decoded = decode_record(from_hex(hex));
    EXPECT_FALSE(decoded) << hex;
    return decoded ? 9999 : decoded.error().place.offset.value_or(9999);
  };
  EXPECT_EQ(at("0114"), 2U);                           // no version
  EXPECT_EQ(at("0114000000"), 4U);                     // a byte too much
  EXPECT_EQ(at("010200 00"), 3U);                      // null where no null may be
  EXPECT_EQ(at("010200 ffffffff0f"), 3U);              // a name of 4 GiB
  EXPECT_EQ(at("010200 80808080808000"), 3U);          // a length without an end
  EXPECT_EQ(at("010900" + kIdHex), 19U);               // no tagged section
  EXPECT_EQ(at("010900" + kIdHex + "01050300"), 22U);  // an unknown tag longer than the rest
  EXPECT_EQ(at("010500 00000000" + kIdHex + "01080101"), 24U);  // a tag that came with version 1
}

RC_GTEST_PROP(RecordCodec, EveryRecordInEveryVersionSurvivesARoundTrip, ()) {
  for (std::size_t type = 0; type < tests::kRecordTypes; ++type) {
    const VersionedRecord record = tests::any_record_of_type(type);
    const Bytes bytes = encode_record(record);
    const auto decoded = decode_record(bytes);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(decoded.value() == record);
    RC_ASSERT(digest_of(decoded.value()) == digest_of(record));
    RC_ASSERT(encode_record(decoded.value()) == bytes);
  }
}

RC_GTEST_PROP(RecordCodec, DamagedBytesAreRefusedOrReadButNeverFatal, ()) {
  Bytes bytes = encode_record(tests::any_record());
  const int changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes; ++i) {
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<std::uint8_t>();
  }
  bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
  const auto decoded = decode_record(bytes);
  RC_CLASSIFY(decoded.has_value(), "still a record");
  if (decoded) {
    // A bool of 2 and a tag with its default inside are read but not written: stable after one turn.
    const Bytes again = encode_record(decoded.value());
    RC_ASSERT(encode_record(decode_record(again).value()) == again);
  } else {
    RC_ASSERT(decoded.error().place.offset.value() <= bytes.size());
  }
}

TEST(RecordVersion, FollowsTheMetadataVersion) {
  using enum MetadataVersion;
  EXPECT_EQ(record_version<RegisterBrokerRecord>(V3_3_IV2), 0);
  EXPECT_EQ(record_version<RegisterBrokerRecord>(V3_3_IV3), 1);
  EXPECT_EQ(record_version<RegisterBrokerRecord>(V3_4_IV0), 2);
  EXPECT_EQ(record_version(RegisterBrokerRecord{}, V3_7_IV2), 3);
  EXPECT_EQ(record_version<PartitionRecord>(V3_7_IV1), 0);
  EXPECT_EQ(record_version<PartitionRecord>(V3_9_IV0), 1);
  EXPECT_EQ(record_version<PartitionChangeRecord>(V4_0_IV0), 2);
  EXPECT_EQ(
      record_version(BrokerRegistrationChangeRecord{.fenced = FencingChange::Fence}, V3_9_IV0), 0);
  EXPECT_EQ(record_version(TopicRecord{}, V3_9_IV0), 0);
}

TEST(MetadataVersion, NamesAndLevelsBelongTogether) {
  std::int16_t level = 0;
  for (const MetadataVersionInfo& info : metadata_versions()) {
    EXPECT_EQ(level_of(info.version), ++level);
    EXPECT_EQ(parse_metadata_version(info.name), info.version);
    EXPECT_EQ(describe(info.version), info.name);
  }
  EXPECT_EQ(parse_metadata_version("3.6"), MetadataVersion::V3_6_IV2);
  EXPECT_EQ(parse_metadata_version("3.9.1"), MetadataVersion::V3_9_IV0);
  EXPECT_EQ(parse_metadata_version("2.8"), std::nullopt);
  EXPECT_EQ(parse_metadata_version("3.9-IV7"), std::nullopt);
  EXPECT_EQ(describe(static_cast<MetadataVersion>(99)), "level 99");
}

TEST(RecordJson, TypesAreNamedAsKafkaNamesThem) {
  EXPECT_EQ(metadata_record_type("TopicRecord"), "TOPIC_RECORD");
  EXPECT_EQ(metadata_record_type("ZkMigrationStateRecord"), "ZK_MIGRATION_STATE_RECORD");
  EXPECT_EQ(metadata_record_type("NoOpRecord"), "NO_OP_RECORD");
}

TEST(RecordJson, EscapesAsJacksonDoes) {
  EXPECT_EQ(
      to_json({ConfigRecord{.resource_name = "a\"\\\n\x01\xc3\xa9\xff", .name = "k"}, 0}),
      "{\"type\":\"CONFIG_RECORD\",\"version\":0,\"data\":{\"resourceType\":0,\"resourceName\":"
      "\"a\\\"\\\\\\n\\u0001\xc3\xa9\xef\xbf\xbd\",\"name\":\"k\",\"value\":null}}");
}

// A cut-off sequence is one U+FFFD, bytes that begin none are one each, an encoded surrogate is one.
TEST(RecordJson, ReplacesWhatIsNoUtf8AsJavaDoes) {
  const auto name = [](std::string text) {
    return to_json({RemoveDelegationTokenRecord{.token_id = std::move(text)}, 0});
  };
  const auto replaced = [](int count) {
    std::string text =
        R"({"type":"REMOVE_DELEGATION_TOKEN_RECORD","version":0,"data":{"tokenId":"<)";
    for (int i = 0; i < count; ++i) text += "\xef\xbf\xbd";
    return text + R"(>"}})";
  };
  EXPECT_EQ(name("<\xe2\x82>"), replaced(1));
  EXPECT_EQ(name("<\xf0\x9f\x98>"), replaced(1));
  EXPECT_EQ(name("<\xed\xa0\x80>"), replaced(1));
  EXPECT_EQ(name("<\xc0\xaf>"), replaced(2));
  EXPECT_EQ(name("<\xf5\x80>"), replaced(2));
  EXPECT_EQ(name("<\xe0\x80\x80>"), replaced(3));
}

}  // namespace
}  // namespace sim
