#include "sim/kafka/disk/groups_image.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/disk/group_record_codec.h"
#include "tests/sim/kafka/disk/group_log_builder.h"

namespace sim {
namespace {

// When the group's only commit may go.
std::optional<std::int64_t> expires_in(const GroupsImage& image, std::int64_t retention_ms) {
  const StoredGroup& group = *image.find("g");
  const auto& [partition, commit] = *group.offsets.begin();
  return group.expiry_rule().expires_at(partition.topic, *commit.value, retention_ms);
}

// A consumer's group as of a record, with members that subscribe to these topics.
VersionedGroupRecord classic(std::string protocol_type, const std::vector<std::string>& topics,
                             bool with_member, std::int64_t since = -1) {
  GroupMetadataValue value{
      .protocol_type = std::move(protocol_type), .generation = 3, .current_state_timestamp = since};
  if (with_member) {
    ByteWriter subscription;
    subscription.i16(0);
    subscription.i32(static_cast<std::int32_t>(topics.size()));
    for (const std::string& topic : topics) {
      subscription.i16(static_cast<std::int16_t>(topic.size()));
      subscription.append(topic);
    }
    subscription.i32(-1);
    value.members.push_back({.member_id = "m", .subscription = subscription.take()});
  }
  return {GroupMetadataEntry{{.group = "g"}, value}, 2, 3};
}

GroupsImage image_of(const std::vector<VersionedGroupRecord>& records) {
  GroupsImage image;
  std::int64_t offset = 0;
  for (const auto& record : records)
    image.apply(record, {.offset = Offset(offset++), .timestamp = 1}, std::nullopt);
  return image;
}

// brokers.md §3.7, GroupMetadata.removeExpiredOffsets.
TEST(GroupsImage, KnowsWhenACommitMayExpire) {
  const VersionedGroupRecord commit = tests::commit_of("g", 0, 5, 1000);
  const auto expires = [&](std::vector<VersionedGroupRecord> records) {
    records.push_back(commit);
    return expires_in(image_of(records), 100);
  };
  EXPECT_EQ(expires({}), 1100) << "a group that only commits";
  EXPECT_EQ(expires({classic("consumer", {}, false, 5000)}), 5100)
      << "an empty one, since it is empty";
  EXPECT_EQ(expires({classic("consumer", {}, false)}), 1100)
      << "an empty one that does not say since when";
  EXPECT_EQ(expires({classic("consumer", {"t"}, true, 5000)}), std::nullopt)
      << "a subscribed topic stays";
  EXPECT_EQ(expires({classic("consumer", {"u"}, true, 5000)}), 1100) << "another does not";
  EXPECT_EQ(expires({classic("connect", {"u"}, true, 5000)}), std::nullopt)
      << "other protocols have no topics";
}

TEST(GroupsImage, AnExplicitTimeOfVersionOneCounts) {
  VersionedGroupRecord commit = tests::commit_of("g", 0, 5, 1000);
  std::get<OffsetCommitEntry>(commit.record).value->expire_timestamp = 1500;
  EXPECT_EQ(expires_in(image_of({commit}), 100), 1500);
}

TEST(GroupsImage, TellsTheStateOfAClassicGroup) {
  EXPECT_EQ(image_of({classic("consumer", {"t"}, true)}).find("g")->state(),
            StoredGroupState::Stable);
  EXPECT_EQ(image_of({classic("consumer", {}, false)}).find("g")->state(), StoredGroupState::Empty);
  EXPECT_EQ(image_of({tests::commit_of("g", 0, 1)}).find("g")->kind(), GroupKind::Simple);
  const VersionedGroupRecord gone{GroupMetadataEntry{{.group = "g"}, std::nullopt}, 2, -1};
  EXPECT_EQ(image_of({classic("consumer", {}, false), gone}).find("g")->state(),
            StoredGroupState::Dead);
}

// ConsumerGroup.maybeUpdateGroupState.
TEST(GroupsImage, TellsTheStateOfAGroupOfTheNewProtocol) {
  const auto record = [](auto entry, std::int16_t key) {
    return VersionedGroupRecord{std::move(entry), key, 0};
  };
  const auto group = [&](std::int32_t epoch, std::int32_t target, std::int32_t member_epoch,
                         MemberState state) {
    return image_of(
               {record(
                    GroupEpochEntry{{.group_id = "g"}, ConsumerGroupMetadataValue{.epoch = epoch}},
                    3),
                record(MemberEntry{{.group_id = "g", .member_id = "m"},
                                   ConsumerGroupMemberMetadataValue{}},
                       5),
                record(TargetEpochEntry{{.group_id = "g"},
                                        ConsumerGroupTargetAssignmentMetadataValue{
                                            .assignment_epoch = target}},
                       6),
                record(CurrentAssignmentEntry{{.group_id = "g", .member_id = "m"},
                                              ConsumerGroupCurrentMemberAssignmentValue{
                                                  .member_epoch = member_epoch, .state = state}},
                       8)})
        .find("g")
        ->state();
  };
  EXPECT_EQ(group(2, 1, 1, MemberState::Stable), StoredGroupState::Assigning);
  EXPECT_EQ(group(2, 2, 1, MemberState::Stable), StoredGroupState::Reconciling);
  EXPECT_EQ(group(2, 2, 2, MemberState::UnrevokedPartitions), StoredGroupState::Reconciling);
  EXPECT_EQ(group(2, 2, 2, MemberState::Stable), StoredGroupState::Stable);
  EXPECT_EQ(
      image_of(
          {record(GroupEpochEntry{{.group_id = "g"}, ConsumerGroupMetadataValue{.epoch = 1}}, 3)})
          .find("g")
          ->state(),
      StoredGroupState::Empty);
}

}  // namespace
}  // namespace sim
