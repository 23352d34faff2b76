#include "sim/kafka/disk/group_record_codec.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <string>

#include "tests/support/group_record_generators.h"

namespace sim {
namespace {

Bytes bytes_of(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

// By OffsetCommitKey.json and OffsetCommitValue.json: not flexible up to version 3, flexible in 4.
TEST(GroupRecordCodec, WritesWhatTheSchemasSay) {
  const OffsetCommitKey key{.group = "g", .topic = "t", .partition = PartitionId(5)};
  const OffsetCommitValue value{
      .offset = Offset(9), .leader_epoch = LeaderEpoch(2), .metadata = "m", .commit_timestamp = 16};
  const auto v3 = encode_group_record({OffsetCommitEntry{key, value}, 1, 3});
  EXPECT_EQ(v3.key, bytes_of("0001"
                             "000167"
                             "000174"
                             "00000005"));
  EXPECT_EQ(v3.value, bytes_of("0003"
                               "0000000000000009"
                               "00000002"
                               "00016d"
                               "0000000000000010"));
  const auto v4 = encode_group_record({OffsetCommitEntry{key, value}, 1, 4});
  EXPECT_EQ(v4.value, bytes_of("0004"
                               "0000000000000009"
                               "00000002"
                               "026d"
                               "0000000000000010"
                               "00"));
  OffsetCommitValue old = value;
  old.leader_epoch = LeaderEpoch(-1);
  old.expire_timestamp = 17;
  const auto v1 = encode_group_record({OffsetCommitEntry{key, old}, 0, 1});
  EXPECT_EQ(v1.value, bytes_of("0001"
                               "0000000000000009"
                               "00016d"
                               "0000000000000010"
                               "0000000000000011"));
}

// As real 3.9.1 writes it (tests/golden, offsets/consumer): a null struct in a tag is a 0 that is
// there, as the default of the field is an empty struct; ConsumerGroupMemberMetadataValue.json.
TEST(GroupRecordCodec, AMemberThatStillSpeaksTheClassicProtocolHasATaggedStruct) {
  ConsumerGroupMemberMetadataValue value{.client_id = "c", .client_host = "h"};
  const auto plain =
      encode_group_record({MemberEntry{{.group_id = "g", .member_id = "m"}, value}, 5, 0});
  EXPECT_EQ(plain.value, bytes_of("0000"
                                  "00"
                                  "00"
                                  "0263"
                                  "0268"
                                  "01"
                                  "00"
                                  "ffffffff"
                                  "00"
                                  "00"));
  value.classic_member_metadata.reset();
  const auto modern =
      encode_group_record({MemberEntry{{.group_id = "g", .member_id = "m"}, value}, 5, 0});
  EXPECT_EQ(modern.value, bytes_of("0000"
                                   "00"
                                   "00"
                                   "0263"
                                   "0268"
                                   "01"
                                   "00"
                                   "ffffffff"
                                   "00"
                                   "01"
                                   "00"
                                   "01"
                                   "00"));
  value.classic_member_metadata =
      ClassicMemberMetadata{.session_timeout_ms = 1, .supported_protocols = {}};
  const auto classic =
      encode_group_record({MemberEntry{{.group_id = "g", .member_id = "m"}, value}, 5, 0});
  EXPECT_EQ(classic.value, bytes_of("0000"
                                    "00"
                                    "00"
                                    "0263"
                                    "0268"
                                    "01"
                                    "00"
                                    "ffffffff"
                                    "00"
                                    "01"
                                    "00"
                                    "07"
                                    "01"
                                    "00000001"
                                    "01"
                                    "00"));
}

RC_GTEST_PROP(GroupRecordCodec, WhatIsWrittenReadsAsTheSame, ()) {
  const VersionedGroupRecord record = tests::any_group_record();
  const GroupRecordBytes bytes = encode_group_record(record);
  const auto read = decode_group_record(
      bytes.key, bytes.value ? std::optional<ByteView>(*bytes.value) : std::nullopt);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == record);
  RC_TAG(record.record.index(), record.value_version);
}

RC_GTEST_PROP(GroupRecordCodec, ACutValueIsMalformedAndNeverFatal, ()) {
  const VersionedGroupRecord record = tests::any_group_record();
  const GroupRecordBytes bytes = encode_group_record(record);
  RC_PRE(bytes.value.has_value() && bytes.value->size() > 2);
  const auto length = *rc::gen::inRange<std::size_t>(0, bytes.value->size());
  const auto read = decode_group_record(bytes.key, ByteView(*bytes.value).first(length));
  RC_ASSERT(!read.has_value());
  RC_ASSERT(read.error().in_value);
  RC_ASSERT(read.error().problem.severity == Severity::Malformed);
}

TEST(GroupRecordCodec, NamesWhatItDoesNotKnow) {
  const auto share = decode_group_record(bytes_of("000b"
                                                  "000167"),
                                         std::nullopt);
  ASSERT_FALSE(share);
  EXPECT_EQ(share.error().problem.severity, Severity::Unknown);
  EXPECT_NE(share.error().problem.what.find("ShareGroupMetadata"), std::string::npos);
  const auto newer = decode_group_record(bytes_of("0063"), std::nullopt);
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().problem.what.find("99"), std::string::npos);
  const Bytes value = bytes_of(
      "0005"
      "00");
  const auto version = decode_group_record(bytes_of("0001"
                                                    "000167"
                                                    "000174"
                                                    "00000005"),
                                           ByteView(value));
  ASSERT_FALSE(version);
  EXPECT_TRUE(version.error().in_value);
  EXPECT_EQ(version.error().problem.severity, Severity::Unknown);
}

TEST(GroupRecordCodec, ShowsSubscriptionAndAssignmentOfConsumersAsKafkaDumpLogDoes) {
  GroupMetadataValue group{
      .protocol_type = "consumer", .generation = 1, .protocol = "range", .leader = "m"};
  group.members.push_back({.member_id = "m",
                           .client_id = "c",
                           .client_host = "/h",
                           .rebalance_timeout = 1,
                           .session_timeout = 2,
                           .subscription = bytes_of("0000"
                                                    "00000001"
                                                    "000174"
                                                    "ffffffff"),
                           .assignment = bytes_of("0000"
                                                  "00000001"
                                                  "000174"
                                                  "00000001"
                                                  "00000003"
                                                  "ffffffff")});
  VersionedGroupRecord record{GroupMetadataEntry{{.group = "g"}, group}, 2, 3};
  EXPECT_EQ(
      group_value_json(record),
      R"({"version":"3","data":{"protocolType":"consumer","generation":1,"protocol":"range","leader":"m",)"
      R"("currentStateTimestamp":-1,"members":[{"memberId":"m","groupInstanceId":null,"clientId":"c",)"
      R"("clientHost":"/h","rebalanceTimeout":1,"sessionTimeout":2,)"
      R"("subscription":{"topics":["t"],"userData":null},)"
      R"("assignment":{"assignedPartitions":[{"topic":"t","partitions":[3]}],"userData":null}}]}})");
  group.members.front().assignment = bytes_of("00");
  record.record = GroupMetadataEntry{{.group = "g"}, group};
  EXPECT_NE(group_value_json(record).find(R"("assignment":"AA==")"), std::string::npos);
}

}  // namespace
}  // namespace sim
