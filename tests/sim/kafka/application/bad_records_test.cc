#include <gtest/gtest.h>

#include "tests/sim/kafka/application/application_world.h"

// brokers.md §4: what becomes of a record that cannot be used, by pattern, and when a crash falls between two steps.
namespace sim {
namespace {

using namespace literals;
using enum BadRecordPolicy;

constexpr Offset kBad{29};  // the 30th record

ClientProgram handles(BadRecordPolicy policy, LetterFailure failure = LetterFailure::Fail) {
  return {.undeserialisable = {policy, failure}, .failed = {policy, failure}};
}
RecordContent unreadable() {
  return {.key = "k", .value = "\x01{\"", .poison = Poison::Value};
}
RecordContent throws() {
  return {.key = "k", .value = "no", .poison = Poison::Processing};
}
// Runs to the end; nobody may object.
DeliveryAccount end_of(ApplicationWorld& world, Duration runs = 4_s) {
  world.run_for(runs);
  const DeliveryAccount account = world.settle();
  EXPECT_EQ(world.violations.size(), 0U) << world.why();
  return account;
}
DeliveryAccount run_with(const ClientProgram& program, RecordContent bad, Duration runs = 4_s) {
  ApplicationWorld world(program);
  world.poison(30, std::move(bad));
  world.run_for(1_s);
  world.start();
  return end_of(world, runs);
}

TEST(BadRecords, FailStopLosesNothingAndStandsStill) {
  for (const RecordContent& bad : {unreadable(), throws()}) {
    const DeliveryAccount account = run_with(handles(FailStop), bad, 20_s);
    EXPECT_EQ(account.processed_ok, 29);
    EXPECT_EQ(account.lost_by_crash, 0);
    EXPECT_GE(account.in_flight, 1);
  }
}

TEST(BadRecords, SkippedOnesAreCountedAndAllOthersAreProcessed) {
  for (const BadRecordPolicy policy : {Skip, LogAndSkip}) {
    for (const RecordContent& bad : {unreadable(), throws()}) {
      const DeliveryAccount account = run_with(handles(policy), bad);
      EXPECT_EQ(account.skipped, 1);
      EXPECT_EQ(account.processed_ok, account.consumed - 1);
      EXPECT_GT(account.consumed, 200);
    }
  }
}

TEST(BadRecords, ADeadLetterSaysWhereItCameFromAndTheNextRecordIsProcessed) {
  for (const BadRecordPolicy policy : {DlqSync, DlqAwaited, DlqIndependent}) {
    for (const RecordContent& bad : {unreadable(), throws()}) {
      ApplicationWorld world(handles(policy));
      world.poison(30, bad);
      world.run_for(1_s);
      world.start();
      const DeliveryAccount account = end_of(world);
      EXPECT_EQ(account.dlq_acked, 1);
      EXPECT_EQ(account.dlq_duplicates, 0);
      EXPECT_EQ(account.processed_ok, account.consumed - 1);
      const auto letters = world.noticed<ClientDeadLettered>();
      ASSERT_EQ(letters.size(), 1U);
      EXPECT_EQ(letters.front().origin.offset, kBad);
      const auto passed = world.noticed<ClientPassedBadRecord>();
      EXPECT_EQ(passed.size(), 1U);
    }
  }
}

// §4.3: a crash at each point, and how many copies the queue holds.
TEST(BadRecords, DlqSyncHasOneCopyMoreForEachCrashBetweenItsAcknowledgementAndTheCommit) {
  const std::pair<std::string_view, int> points[] = {{"client.RecordFailed", 0},
                                                     {"client.DeadLettering", 0},
                                                     {"client.DeadLettered", 1},
                                                     {"client.PassedBadRecord", 0}};
  for (const auto& [point, duplicates] : points) {
    ApplicationWorld world(handles(DlqSync));
    world.poison(30, unreadable());
    world.run_for(1_s);
    world.start();
    ASSERT_TRUE(world.run_to(point)) << point;
    world.crash();
    world.run_for(1_s);
    world.start();
    const DeliveryAccount account = end_of(world);
    EXPECT_EQ(account.dlq_acked, 1) << point;
    EXPECT_EQ(account.dlq_duplicates, duplicates) << point;
    EXPECT_EQ(account.lost_by_crash, 0) << point;
  }
}

TEST(BadRecords, AnIndependentLetterIsLostWithTheProcessThatCommittedBeforeItsAnswer) {
  ApplicationWorld world(handles(DlqIndependent, LetterFailure::Drop));
  world.poison(30, throws());
  world.run_for(1_s);
  // The queue's leader does not hear the program: the letter waits, the commit does not.
  world.cluster.world.cut(ApplicationWorld::kClient, NodeId{2});
  world.cluster.elect({"__consumer_offsets", group_partition("billing", 4)}, 3);
  world.start();
  ASSERT_TRUE(world.run_to("client.PassedBadRecord"));
  world.crash();
  world.cluster.world.heal(ApplicationWorld::kClient, NodeId{2});
  world.run_for(1_s);
  world.start();
  const DeliveryAccount account = end_of(world);
  EXPECT_EQ(account.lost_by_crash, 1);
  ASSERT_EQ(world.memory.expected_losses.size(), 1U);
  EXPECT_EQ(world.memory.expected_losses.front().excuse, "E-DLQ-ASYNC");
  EXPECT_EQ(world.memory.expected_losses.front().record.offset, kBad);
}

TEST(BadRecords, AnAwaitedLetterHoldsTheCommitBack) {
  ApplicationWorld world(handles(DlqAwaited));
  world.poison(30, throws());
  world.run_for(1_s);
  world.cluster.world.cut(ApplicationWorld::kClient, NodeId{2});
  world.cluster.elect({"__consumer_offsets", group_partition("billing", 4)}, 3);
  world.start();
  EXPECT_FALSE(world.run_to("client.PassedBadRecord"));
  world.cluster.world.heal(ApplicationWorld::kClient, NodeId{2});
  EXPECT_TRUE(world.run_to("client.PassedBadRecord"));
  EXPECT_EQ(end_of(world).dlq_acked, 1);
}

TEST(BadRecords, BlockingRetryKeepsTheOrderAndTakesItsPauses) {
  ClientProgram program = handles(BlockingRetry);
  program.exhausted = {DlqSync};
  program.attempts = 4;
  program.backoff = {.first = 100_ms, .doubles = true};
  const DeliveryAccount given_up = run_with(program, throws());
  EXPECT_EQ(given_up.retried, 3);
  EXPECT_EQ(given_up.dlq_acked, 1);
  EXPECT_EQ(given_up.out_of_order, 0);

  RecordContent later = throws();
  later.succeeds_at = 3;
  const DeliveryAccount succeeded = run_with(program, later);
  EXPECT_EQ(succeeded.retried, 2);
  EXPECT_EQ(succeeded.dlq_acked, 0);
  EXPECT_EQ(succeeded.processed_ok, succeeded.consumed);
  EXPECT_EQ(succeeded.out_of_order, 0);
}

TEST(BadRecords, RetryTopicsDoNotBlockAndBreakTheOrder) {
  ClientProgram program = handles(RetryTopics);
  program.retry_topics = {{"orders-retry-1", 500_ms}, {"orders-retry-2", 1_s}};
  RecordContent later = throws();
  later.succeeds_at = 3;
  const DeliveryAccount account = run_with(program, later, 8_s);
  EXPECT_EQ(account.processed_ok, account.consumed);
  EXPECT_EQ(account.dlq_acked, 0);
  EXPECT_EQ(account.out_of_order, 1);
  const DeliveryAccount never = run_with(program, throws(), 8_s);
  EXPECT_EQ(never.dlq_acked, 1);
  EXPECT_EQ(never.processed_ok, never.consumed - 1);
}

TEST(BadRecords, ASplitBatchSetsAsideTheOneThatFailsAlone) {
  ClientProgram program;
  program.failed = {Split};
  program.exhausted = {DlqSync};
  const DeliveryAccount account = run_with(program, throws());
  EXPECT_EQ(account.dlq_acked, 1);
  EXPECT_EQ(account.processed_ok, account.consumed - 1);
  EXPECT_EQ(account.out_of_order, 0);
}

TEST(BadRecords, ARecordThatKillsIsReadAgainByEachLife) {
  ClientProgram program = handles(DlqSync);
  program.restart_after = 1_s;
  const DeliveryAccount account =
      run_with(program, {.value = "boom", .poison = Poison::Killer}, 10_s);
  EXPECT_EQ(account.processed_ok, 29);
  EXPECT_GT(account.reprocessed, 0);
}

// The letter is too large because of its headers: each policy, and what it costs.
TEST(BadRecords, ALetterThatIsTooLargeFailsAsThePolicySays) {
  RecordContent large = throws();
  large.padding = 1'048'500;
  const DeliveryAccount fails = run_with(handles(DlqSync, LetterFailure::Fail), large, 20_s);
  EXPECT_EQ(fails.processed_ok, 29);
  EXPECT_EQ(fails.lost_by_policy, 0);
  EXPECT_GT(fails.dlq_failed, 1);

  const DeliveryAccount drops = run_with(handles(DlqSync, LetterFailure::Drop), large);
  EXPECT_EQ(drops.lost_by_policy, 1);
  EXPECT_EQ(drops.processed_ok, drops.consumed - 1);

  const DeliveryAccount spools = run_with(handles(DlqSync, LetterFailure::Spool), large);
  EXPECT_EQ(spools.spooled, 1);
  EXPECT_EQ(spools.lost_by_policy, 0);
  EXPECT_EQ(spools.processed_ok, spools.consumed - 1);
}

TEST(Connect, DropsWhatItsConverterCannotReadAndAwaitsWhatPutReports) {
  const auto connect =
      std::ranges::find(frameworks(), "connect_all_headers", &NamedFramework::name);
  ASSERT_NE(connect, frameworks().end());
  ClientProgram program = connect->program;
  program.commit_interval = 1_s;
  for (const RecordContent& bad : {unreadable(), throws()}) {
    ApplicationWorld world(program);
    world.poison(30, bad);
    world.run_for(1_s);
    world.start();
    const DeliveryAccount account = end_of(world);
    EXPECT_EQ(account.dlq_acked, 1);
    EXPECT_EQ(account.processed_ok, account.consumed - 1);
    const auto made = world.noticed<ClientDeadLettering>();
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made.front().headers.front().first, "__connect.errors.topic");
  }
}

TEST(Frameworks, EachRunsAndKeepsWhatItPromises) {
  for (const NamedFramework& framework : frameworks()) {
    ClientProgram program = framework.program;
    program.commit_interval = 1_s;
    for (const RecordContent& bad : {unreadable(), throws()}) {
      const DeliveryAccount account = run_with(program, bad);
      const bool stops = program.uses(FailStop);
      EXPECT_EQ(account.processed_ok, stops ? 29 : account.consumed - 1) << framework.name;
      EXPECT_EQ(account.lost_by_crash, 0) << framework.name;
    }
  }
}

// ── What is forgotten, and who sees it ──────────────────────────────────────────────────────────

struct Forgotten {
  bool ClientBehaviour::* what;
  const char* name;
  std::vector<std::string> seen_by;
  RecordContent bad = unreadable();
};
void PrintTo(const Forgotten& forgotten, std::ostream* out) {
  *out << forgotten.name;
}
class AForgottenStep : public testing::TestWithParam<Forgotten> {};

TEST_P(AForgottenStep, IsSeen) {
  ClientBehaviour behaviour;
  behaviour.*(GetParam().what) = true;
  ClientProgram program = handles(DlqSync);
  program.logs_payload = true;
  ApplicationWorld world(program, behaviour);
  world.poison(30, GetParam().bad);
  world.run_for(1_s);
  world.start();
  world.run_for(30_s);
  world.settle();
  ASSERT_FALSE(world.violations.empty());
  const std::string& by = world.violations.front().invariant;
  EXPECT_NE(std::ranges::find(GetParam().seen_by, by), GetParam().seen_by.end()) << world.why();
}

INSTANTIATE_TEST_SUITE_P(
    Client, AForgottenStep,
    testing::Values(
        Forgotten{&ClientBehaviour::exception_swallowed, "exception_swallowed", {"broker.P17"}},
        Forgotten{&ClientBehaviour::exception_swallowed,
                  "exception_swallowed_in_processing",
                  {"broker.P17"},
                  throws()},
        Forgotten{&ClientBehaviour::payload_not_logged, "payload_not_logged", {"broker.P23"}},
        Forgotten{&ClientBehaviour::dead_letter_not_sent, "dead_letter_not_sent", {"broker.P23"}},
        Forgotten{&ClientBehaviour::dead_letter_without_origin,
                  "dead_letter_without_origin",
                  {"broker.P23"}},
        Forgotten{&ClientBehaviour::position_not_advanced, "position_not_advanced", {"broker.L10"}},
        Forgotten{
            &ClientBehaviour::dead_letter_not_awaited, "dead_letter_not_awaited", {"broker.P23"}},
        Forgotten{&ClientBehaviour::commit_one_too_far, "commit_one_too_far", {"broker.P17"}},
        Forgotten{&ClientBehaviour::commit_before_processing,
                  "commit_before_processing",
                  {"broker.P17"}}),
    [](const auto& forgotten) { return std::string(forgotten.param.name); });

TEST(AForgottenStep, AFailedLetterThatCountsAsSentIsSeen) {
  ClientBehaviour behaviour{.dead_letter_failure_ignored = true};
  ApplicationWorld world(handles(DlqSync), behaviour);
  RecordContent large = throws();
  large.padding = 1'048'500;
  world.poison(30, large);
  world.run_for(1_s);
  world.start();
  world.run_for(5_s);
  world.settle();
  ASSERT_FALSE(world.violations.empty());
  EXPECT_EQ(world.violations.front().invariant, "broker.P23");
}

TEST(AForgottenStep, AnOffsetThatIsStoredApartFromItsResultsIsSeenAfterACrash) {
  ApplicationWorld world({.commit = CommitPattern::ExternalStore}, {.stored_offset_apart = true});
  world.run_for(1_s);
  world.start();
  ASSERT_TRUE(world.run_to("client.Processed", 13));
  world.crash();
  world.start();
  world.run_for(2_s);
  ASSERT_FALSE(world.violations.empty());
  EXPECT_EQ(world.violations.front().invariant, "broker.P17");
}

}  // namespace
}  // namespace sim
