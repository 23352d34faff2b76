#include "migrate/offsets/offset_changes.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/kafka/disk/group_log_builder.h"

// What became of one committed offset between two captures, row by row of
// migrate/offsets/README.md.
namespace migrate {
namespace {

using sim::GroupsImage;
using sim::Offset;
using sim::PartitionId;
using sim::VersionedGroupRecord;

constexpr std::int64_t kRetention = 1000;

// A capture of one partition. Records stand at the offsets given.
struct Capture {
  GroupsImage image;
  OffsetsCapture value;
  Capture& at(std::int64_t offset, VersionedGroupRecord record, std::int64_t timestamp = 1000) {
    image.apply(std::move(record),
                {.offset = Offset(offset), .epoch = sim::LeaderEpoch(1), .timestamp = timestamp},
                std::nullopt);
    value.last_timestamp = std::max(value.last_timestamp, timestamp);
    return *this;
  }
  const OffsetsCapture& capture() {
    auto& partition = value.partitions[PartitionId(0)];
    partition.image = &image;
    return value;
  }
  OffsetsCapture::Partition& partition() { return value.partitions[PartitionId(0)]; }
};

VersionedGroupRecord group_tombstone() {
  return {sim::GroupMetadataEntry{{.group = "g"}, std::nullopt}, 2, -1};
}

std::string outcome(Capture& before, Capture& after) {
  const OffsetReport report = offset_changes(before.capture(), after.capture(), kRetention);
  if (report.outcomes.size() != 1) return std::to_string(report.outcomes.size()) + " outcomes";
  const OffsetOutcome& only = report.outcomes.front();
  return std::string(name_of(only.change)) + ", " + std::string(name_of(only.reason)) + ", " +
         std::string(name_of(only.verdict()));
}

TEST(OffsetChanges, ACommitThatStaysOrGoesOnIsGood) {
  Capture before, same, further, none;
  before.at(5, tests::commit_of("g", 0, 10));
  same.at(9, tests::commit_of("g", 0, 10));
  further.at(9, tests::commit_of("g", 0, 11));
  EXPECT_EQ(outcome(before, same), "equal, none, good");
  EXPECT_EQ(outcome(before, further), "advanced, none, good");
  EXPECT_EQ(outcome(none, further), "new, none, good");
}

TEST(OffsetChanges, ALowerCommitIsAFindingAndItsPlaceTellsWhy) {
  Capture before, reset, cut;
  before.at(5, tests::commit_of("g", 0, 10));
  reset.at(9, tests::commit_of("g", 0, 3));
  cut.at(4, tests::commit_of("g", 0, 3));
  EXPECT_EQ(outcome(before, reset), "went back, committed-again, finding");
  EXPECT_EQ(outcome(before, cut), "went back, log-lost, finding");
}

TEST(OffsetChanges, WhatWasNotCertainlyCommittedIsUnknown) {
  Capture before, cut, empty;
  before.at(5, tests::commit_of("g", 0, 10));
  before.partition().committed_below = Offset(5);
  cut.at(4, tests::commit_of("g", 0, 3));
  EXPECT_EQ(outcome(before, cut), "went back, not-yet-committed, unknown");
  EXPECT_EQ(outcome(before, empty), "vanished, not-yet-committed, unknown");
  before.partition().committed_below = Offset(6);
  EXPECT_EQ(outcome(before, cut), "went back, log-lost, finding");
}

TEST(OffsetChanges, AnOffsetThatVanishedWithoutTraceIsAFindingWhileItsTimeIsNotOver) {
  Capture before, after;
  before.at(5, tests::commit_of("g", 0, 10, 1000));
  after.at(20, tests::commit_of("g", 1, 1), 1500);
  before.at(6, tests::commit_of("g", 1, 1));
  OffsetReport report = offset_changes(before.capture(), after.capture(), kRetention);
  EXPECT_EQ(report.outcomes.front().reason, OffsetReason::NoTrace);
  EXPECT_EQ(report.verdict(), OffsetVerdict::Finding);
  report = offset_changes(before.capture(), after.capture(), 500);
  EXPECT_EQ(report.outcomes.front().reason, OffsetReason::ExpiredWithoutTrace);
  EXPECT_EQ(report.verdict(), OffsetVerdict::Tolerated);
}

TEST(OffsetChanges, ATombstoneIsJudgedByItsTime) {
  Capture before, in_time, early, group_gone;
  before.at(5, tests::commit_of("g", 0, 10, 1000));
  in_time.at(9, tests::tombstone_of("g", 0), 2000);
  early.at(9, tests::tombstone_of("g", 0), 1999);
  group_gone.at(9, tests::tombstone_of("g", 0), 1999).at(10, group_tombstone(), 1999);
  EXPECT_EQ(outcome(before, in_time), "vanished, expired, tolerated");
  EXPECT_EQ(outcome(before, early), "vanished, deleted-before-its-time, finding");
  EXPECT_EQ(outcome(before, group_gone), "vanished, group-deleted, tolerated");
}

TEST(OffsetChanges, TheMetadataTellsOfDeletedAndRecreatedTopics) {
  Capture before, tombstone, lower;
  before.at(5, tests::commit_of("g", 0, 10, 1000));
  tombstone.at(9, tests::tombstone_of("g", 0), 1500);
  lower.at(9, tests::commit_of("g", 0, 1), 1500);
  tombstone.value.topics.emplace();
  EXPECT_EQ(outcome(before, tombstone), "vanished, topic-deleted, tolerated");
  before.value.topics = {{"t", sim::Uuid(1, 1)}};
  lower.value.topics = {{"t", sim::Uuid(1, 2)}};
  EXPECT_EQ(outcome(before, lower), "went back, topic-recreated, tolerated");
  lower.value.topics = {{"t", sim::Uuid(1, 1)}};
  EXPECT_EQ(outcome(before, lower), "went back, committed-again, finding");
}

TEST(OffsetChanges, WhatIsNotInAfterIsUnknown) {
  Capture before, after;
  before.at(5, tests::commit_of("g", 0, 10));
  after.partition().whole = false;
  EXPECT_EQ(outcome(before, after), "vanished, partition-unreadable, unknown");
  const OffsetReport report = offset_changes(before.capture(), OffsetsCapture{}, kRetention);
  EXPECT_EQ(report.outcomes.front().reason, OffsetReason::PartitionNotCaptured);
}

// Whoever copied one broker of three has no word on what stood in the others' partitions.
TEST(OffsetChanges, WhatIsNotInBeforeIsUnknown) {
  Capture after;
  after.at(5, tests::commit_of("g", 0, 10));
  const OffsetReport report = offset_changes(OffsetsCapture{}, after.capture(), kRetention);
  EXPECT_EQ(report.outcomes.front().change, OffsetChange::New);
  EXPECT_EQ(report.outcomes.front().reason, OffsetReason::PartitionNotCaptured);
  EXPECT_EQ(report.verdict(), OffsetVerdict::Unknown);
}

// The record that is missed may lie in the batch that was left out.
TEST(OffsetChanges, AnOlderCommitBesideWhatCannotBeReadIsUnknown) {
  Capture before, older, tombstone;
  before.at(5, tests::commit_of("g", 0, 10));
  older.at(4, tests::commit_of("g", 0, 3)).partition().whole = false;
  tombstone.at(4, tests::tombstone_of("g", 0)).partition().whole = false;
  EXPECT_EQ(outcome(before, older), "went back, partition-unreadable, unknown");
  EXPECT_EQ(outcome(before, tombstone), "vanished, partition-unreadable, unknown");
}

TEST(OffsetChanges, AGroupThatWasDeletedBeforeTheCommitIsNotDeletedByThat) {
  Capture before, after;
  before.at(3, group_tombstone()).at(5, tests::commit_of("g", 0, 10, 1000));
  after.at(3, group_tombstone()).at(9, tests::tombstone_of("g", 0), 1999);
  EXPECT_EQ(outcome(before, after), "vanished, deleted-before-its-time, finding");
}

TEST(OffsetChanges, ADeletedCommitThatIsBackShowsALogThatWasCut) {
  Capture before, after;
  before.at(5, tests::tombstone_of("g", 0));
  after.at(4, tests::commit_of("g", 0, 10));
  EXPECT_EQ(outcome(before, after), "new, log-lost, finding");
}

// A log that only grows never loses an offset, unless somebody commits a lower one or deletes it.
RC_GTEST_PROP(OffsetChanges, ALogThatOnlyGrowsIsNeverSaidToBeLost, ()) {
  Capture before, after;
  const int count = *rc::gen::inRange(1, 30);
  const int seen_before = *rc::gen::inRange(0, count);
  std::map<std::pair<int, int>, int> last_before, last_after;
  for (int i = 0; i < count; ++i) {
    const int group = *rc::gen::inRange(0, 3);
    const int partition = *rc::gen::inRange(0, 3);
    const int offset = *rc::gen::inRange(-1, 5);
    const std::string name = "g" + std::to_string(group);
    const auto record = offset < 0 ? tests::tombstone_of(name, partition)
                                   : tests::commit_of(name, partition, offset);
    after.at(i, record, 1000);
    last_after[{group, partition}] = offset;
    if (i >= seen_before) continue;
    before.at(i, record, 1000);
    last_before[{group, partition}] = offset;
  }
  bool lower = false;
  for (const auto& [key, offset] : last_before)
    lower = lower || (offset >= 0 && last_after[key] < offset);
  const OffsetReport report = offset_changes(before.capture(), after.capture(), kRetention);
  for (const OffsetOutcome& each : report.outcomes) {
    RC_ASSERT(each.reason != OffsetReason::LogLost);
    RC_ASSERT(each.reason != OffsetReason::NoTrace);
  }
  RC_ASSERT((report.verdict() == OffsetVerdict::Finding) == lower);
}

}  // namespace
}  // namespace migrate
