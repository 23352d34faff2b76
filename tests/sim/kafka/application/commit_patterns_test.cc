#include <gtest/gtest.h>

#include "tests/sim/kafka/application/application_world.h"

// brokers.md §3.6, row by row: a program, a crash at a point, and what is lost or seen twice.
namespace sim {
namespace {

using namespace literals;

ClientProgram commits(CommitPattern pattern) {
  return {.commit = pattern, .failed = {BadRecordPolicy::Skip}, .closes = true};
}

// Crashes at the nth notice, comes back, and goes on to the end.
DeliveryAccount after_crash(ApplicationWorld& world, std::string_view notice, int nth) {
  world.run_for(1_s);  // so that batches are full
  world.start();
  EXPECT_TRUE(world.run_to(notice, nth)) << notice << " does not come " << nth << " times";
  world.crash();
  world.run_for(1_s);
  world.start();
  world.run_for(2_s);
  return world.settle();
}

void expect_all_accounted(const ApplicationWorld& world, const DeliveryAccount& account) {
  EXPECT_EQ(world.violations.size(), 0U) << world.why();
  EXPECT_EQ(account.consumed, account.processed_ok + account.skipped + account.lost_by_crash);
  EXPECT_GT(account.consumed, 200);
}

TEST(CommitPatterns, SyncBatchSeesAgainWhatWasProcessedSinceTheLastCommit) {
  ApplicationWorld world(commits(CommitPattern::SyncBatch));
  const DeliveryAccount account = after_crash(world, "client.Committing", 3);
  expect_all_accounted(world, account);
  EXPECT_EQ(account.lost_by_crash, 0);
  EXPECT_GT(account.reprocessed, 0);
}

TEST(CommitPatterns, SyncBatchSeesNothingTwiceAfterACrashBehindTheCommit) {
  ApplicationWorld world(commits(CommitPattern::SyncBatch));
  const DeliveryAccount account = after_crash(world, "client.Committed", 3);
  expect_all_accounted(world, account);
  EXPECT_EQ(account.reprocessed, 0);
}

TEST(CommitPatterns, SyncEachSeesOneRecordAgainAtMost) {
  for (const std::string_view point : {"client.Processed", "client.Committing"}) {
    ApplicationWorld world(commits(CommitPattern::SyncEach));
    const DeliveryAccount account = after_crash(world, point, 7);
    expect_all_accounted(world, account);
    EXPECT_EQ(account.reprocessed, 1) << point;
  }
}

TEST(CommitPatterns, SyncBeforeLosesWhatWasCommittedAndNotProcessed) {
  ApplicationWorld world(commits(CommitPattern::SyncBefore));
  const DeliveryAccount account = after_crash(world, "client.Processed", 3);
  expect_all_accounted(world, account);
  EXPECT_GT(account.lost_by_crash, 0);
  EXPECT_EQ(account.reprocessed, 0);
  ASSERT_EQ(world.memory.expected_losses.size(), static_cast<std::size_t>(account.lost_by_crash));
  EXPECT_EQ(world.memory.expected_losses.front().excuse, "E-PATTERN");
}

TEST(CommitPatterns, AsyncCommitsDoNotLoseRecords) {
  ApplicationWorld world(commits(CommitPattern::Async));
  const DeliveryAccount account = after_crash(world, "client.Committing", 3);
  expect_all_accounted(world, account);
  EXPECT_EQ(account.lost_by_crash, 0);
  EXPECT_GT(account.reprocessed, 0);
}

TEST(CommitPatterns, AutoCommitInThePollLoopLosesNothing) {
  ClientProgram program = commits(CommitPattern::Auto);
  program.commit_interval = 500_ms;
  program.closes = false;
  ApplicationWorld world(program);
  const DeliveryAccount account = after_crash(world, "client.Processed", 80);
  expect_all_accounted(world, account);
  EXPECT_EQ(account.lost_by_crash, 0);
  EXPECT_GT(account.reprocessed, 0);
}

// Processing takes three times as long as it should: the queue of the other threads grows, and positions run ahead of it.
TEST(CommitPatterns, AutoCommitWithOtherThreadsLosesWhatTheyHaveNotDone) {
  ClientProgram program = commits(CommitPattern::AutoThreads);
  program.commit_interval = 500_ms;
  ApplicationWorld world(program);
  world.config().processing = 30_ms;
  const DeliveryAccount account = after_crash(world, "client.Committed", 2);
  EXPECT_EQ(world.violations.size(), 0U) << world.why();
  EXPECT_GT(account.lost_by_crash, 0);
}

// An exception escapes the loop, and close() commits the positions behind the rest of the batch.
TEST(CommitPatterns, AutoCommitAndCloseLoseTheRestOfTheBatch) {
  ClientProgram program = commits(CommitPattern::Auto);
  program.failed = {BadRecordPolicy::FailStop};
  ApplicationWorld world(program);
  world.poison(25, {.value = "no", .poison = Poison::Processing});
  world.run_for(1_s);  // so that batches are full
  world.start();
  world.run_for(10_s);
  const DeliveryAccount account = world.settle();
  EXPECT_EQ(world.violations.size(), 0U) << world.why();
  EXPECT_GE(account.lost_by_crash, 1);
  EXPECT_EQ(world.memory.expected_losses.front().excuse, "E-PATTERN");
  EXPECT_NE(world.memory.expected_losses.front().culprit.find("IllegalStateException"),
            std::string::npos);
}

TEST(CommitPatterns, AnExternalStoreHasEachEffectOnce) {
  for (const std::string_view point : {"client.Consumed", "client.Processed"}) {
    ApplicationWorld world(commits(CommitPattern::ExternalStore));
    const DeliveryAccount account = after_crash(world, point, 20);
    expect_all_accounted(world, account);
    EXPECT_EQ(account.reprocessed, 0) << point;
    EXPECT_EQ(account.lost_by_crash, 0) << point;
  }
}

TEST(CommitPatterns, CommittingTheLastRecordInsteadOfTheNextOneSeesItAgainAtEachStart) {
  ClientProgram program = commits(CommitPattern::SyncBatch);
  program.off_by_one = true;
  ApplicationWorld world(program);
  const DeliveryAccount account = after_crash(world, "client.Committed", 3);
  expect_all_accounted(world, account);
  EXPECT_EQ(account.reprocessed, 1);
}

TEST(CommitPatterns, SyncCommitsAreTriedAgainWhileTheCoordinatorMoves) {
  ApplicationWorld world(commits(CommitPattern::SyncBatch));
  world.start();
  ASSERT_TRUE(world.run_to("client.Committed", 3));
  world.cluster.elect({"__consumer_offsets", group_partition("billing", 4)}, 3);
  world.run_for(5_s);
  const DeliveryAccount account = world.settle();
  expect_all_accounted(world, account);
  EXPECT_EQ(account.reprocessed, 0);
  const auto failed = world.noticed<ClientCommitFailed>();
  ASSERT_FALSE(failed.empty());
  EXPECT_TRUE(failed.front().retried);
  EXPECT_TRUE(world.noticed<ClientStopped>().empty());
}

TEST(CommitPatterns, LatestBeginsAtTheEndAndNoneThrows) {
  ApplicationWorld latest(commits(CommitPattern::SyncBatch));
  latest.config().reset = OffsetReset::Latest;
  latest.run_for(2_s);
  latest.start();
  latest.run_for(2_s);
  ASSERT_FALSE(latest.noticed<ClientConsumed>().empty());
  EXPECT_GT(latest.noticed<ClientConsumed>().front().base_offset, Offset{100});

  ApplicationWorld none(commits(CommitPattern::SyncBatch));
  none.config().reset = OffsetReset::None;
  none.run_for(2_s);
  none.start();
  none.run_for(2_s);
  ASSERT_FALSE(none.noticed<ClientStopped>().empty());
  EXPECT_NE(none.noticed<ClientStopped>().front().why.find("NoOffsetForPartition"),
            std::string::npos);
}

}  // namespace
}  // namespace sim
