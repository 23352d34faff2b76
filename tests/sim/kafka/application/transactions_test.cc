#include <gtest/gtest.h>

#include "sim/kafka/transaction_notice.h"
#include "tests/sim/kafka/application/application_world.h"

// Consume, process, produce in transactions (brokers.md §2.5), and dead letters in transactions (§4.2): wherever who dies,
// each record has one result for who reads committed data.
namespace sim {
namespace {

using namespace literals;

ClientProgram transactional() {
  return {.commit = CommitPattern::Transaction, .failed = {BadRecordPolicy::Skip}};
}

ClientProgram with_letters() {
  return {.undeserialisable = {BadRecordPolicy::DlqTransactional},
          .failed = {BadRecordPolicy::DlqTransactional},
          .closes = true};
}

// Runs until all is quiet: what waits for a timeout has had it.
DeliveryAccount quiet(ApplicationWorld& world) {
  return world.settle(30_s);
}

// Runs until a coordinator has just made this of a transaction. False: it does not come to that.
bool run_to(ApplicationWorld& world, TransactionState state) {
  const std::size_t before = world.noticed<TransactionStateChanged>().size();
  for (int i = 0; i < 20'000; ++i) {
    const auto seen = world.noticed<TransactionStateChanged>();
    if (seen.size() > before && seen.back().state == state) return true;
    world.run_for(100_us);
  }
  return false;
}

void expect_once(ApplicationWorld& world, const DeliveryAccount& account) {
  EXPECT_TRUE(world.violations.empty()) << world.why();
  EXPECT_GT(account.processed_ok, 100);
  EXPECT_EQ(account.reprocessed, 0);
  EXPECT_EQ(account.lost_by_crash, 0);
  EXPECT_GT(world.transactions.committed, 5U);
}

TEST(Transactions, EachRecordHasOneResultWhereverTheProgramCrashes) {
  for (const std::string_view point :
       {"client.Consumed", "client.Processed", "client.TransactionalSend", "client.Committing",
        "client.OffsetsSentToTransaction", "client.TransactionEnding", "client.TransactionEnded",
        "broker.TransactionStateChanged", "broker.TransactionMarkerAppended"}) {
    SCOPED_TRACE(point);
    ApplicationWorld world(transactional());
    world.start_reader();
    world.run_for(1_s);
    world.start();
    ASSERT_TRUE(world.run_to(point, 7));
    world.crash();
    world.run_for(1_s);
    world.start();
    world.run_for(3_s);
    expect_once(world, quiet(world));
  }
}

// Whatever the coordinator had done when it died, the next one goes on from there.
TEST(Transactions, ADecisionSurvivesTheCoordinatorThatMadeIt) {
  for (const TransactionState state : {TransactionState::Ongoing, TransactionState::PrepareCommit,
                                       TransactionState::CompleteCommit}) {
    SCOPED_TRACE(name_of(state));
    ApplicationWorld world(transactional());
    world.start_reader();
    world.run_for(1_s);
    world.start();
    world.run_for(200_ms);
    ASSERT_TRUE(run_to(world, state));
    world.cluster.world.kill(NodeId{3});  // which leads `__transaction_state`
    world.cluster.fail_over(3);
    world.run_for(3_s);
    world.cluster.start(3);
    world.cluster.come_back(3);
    world.run_for(3_s);
    expect_once(world, quiet(world));
  }
}

TEST(Transactions, AGroupsCoordinatorThatFailsOverKeepsWhatIsPending) {
  ApplicationWorld world(transactional());
  world.start_reader();
  world.run_for(1_s);
  world.start();
  ASSERT_TRUE(world.run_to("client.OffsetsSentToTransaction", 3));
  world.cluster.world.kill(NodeId{2});  // which leads `__consumer_offsets`
  world.cluster.fail_over(2);
  world.run_for(5_s);
  world.cluster.start(2);
  world.cluster.come_back(2);
  world.run_for(2_s);
  expect_once(world, quiet(world));
}

TEST(Transactions, WhatStandsStillForTooLongIsAbortedAndFenced) {
  ClientProgram program = transactional();
  program.transaction_timeout = 2_s;
  ApplicationWorld world(program);
  world.config().processing = 20_ms;
  world.start_reader();
  world.run_for(1_s);
  world.start();
  ASSERT_TRUE(run_to(world, TransactionState::Ongoing));
  // It hears and says nothing for a while.
  for (int id = 1; id <= 3; ++id)
    world.cluster.world.cut(ApplicationWorld::kClient, NodeId{static_cast<std::uint32_t>(id)});
  world.run_for(25_s);
  for (int id = 1; id <= 3; ++id)
    world.cluster.world.heal(ApplicationWorld::kClient, NodeId{static_cast<std::uint32_t>(id)});
  world.run_for(30_s);
  const auto failed = world.noticed<TransactionFailed>();
  ASSERT_FALSE(failed.empty());
  EXPECT_EQ(failed.back().error, ErrorCode::ProducerFenced);
  EXPECT_TRUE(failed.back().fatal);
  EXPECT_FALSE(world.noticed<ClientStopped>().empty());
  expect_once(world, quiet(world));
}

TEST(Transactions, TheQueueHoldsOneLetterWhereverTheProgramCrashes) {
  for (const std::string_view point :
       {"client.RecordFailed", "client.DeadLetterSent", "client.OffsetsSentToTransaction",
        "client.TransactionEnding", "client.DeadLettered", "client.PassedBadRecord"}) {
    SCOPED_TRACE(point);
    ApplicationWorld world(with_letters());
    for (const std::int64_t nth : {15, 40, 77})
      world.poison(nth, {.key = "k", .value = "no", .poison = Poison::Value});
    world.start_reader();
    world.run_for(1_s);
    world.start();
    ASSERT_TRUE(world.run_to(point, 2));
    world.crash();
    world.run_for(1_s);
    world.start();
    world.run_for(3_s);
    const DeliveryAccount account = quiet(world);
    EXPECT_TRUE(world.violations.empty()) << world.why();
    EXPECT_EQ(account.dlq_acked, 3);
    EXPECT_EQ(account.dlq_duplicates, 0);
  }
}

// ── Checkers see what is wrong ──────────────────────────────────────────────────────────────────

struct Broken {
  const char* what;
  bool BrokerBehaviour::* flag;
  std::string_view seen_by;
};

// A program that crashes in mid-transaction now and then, and a coordinator that goes.
void live(ApplicationWorld& world) {
  world.start_reader();
  world.run_for(1_s);
  for (const std::string_view point :
       {"client.OffsetsSentToTransaction", "client.TransactionEnding", "client.TransactionalSend",
        "client.TransactionEnded"}) {
    world.start();
    world.run_to(point, 4);
    world.crash();
    world.run_for(700_ms);
  }
  world.start();
  world.run_to("client.TransactionEnding", 3);
  run_to(world, TransactionState::PrepareCommit);
  world.cluster.world.kill(NodeId{3});
  world.cluster.fail_over(3);
  world.crash();
  world.run_for(3_s);
  world.start();
  world.run_for(5_s);
}

TEST(TransactionInvariants, HoldThroughAllThat) {
  ApplicationWorld world(transactional());
  live(world);
  world.settle(60_s);
  EXPECT_TRUE(world.violations.empty()) << world.why();
}

TEST(TransactionInvariants, EachSeesWhatBreaksIt) {
  for (const Broken& broken : std::initializer_list<Broken>{
           {"zombies", &BrokerBehaviour::init_producer_id_bumps_nothing, "broker.P16"},
           {"undecided records", &BrokerBehaviour::isolation_level_is_ignored, "broker.P22"},
           {"aborted records", &BrokerBehaviour::aborted_transactions_are_not_listed, "broker.P20"},
           {"aborted offsets", &BrokerBehaviour::transactional_offsets_count_at_once, "broker.P20"},
           {"promises", &BrokerBehaviour::end_txn_is_answered_before_it_is_committed, "broker.P21"},
           {"loose ends", &BrokerBehaviour::prepared_transactions_are_left, "broker.L6"}}) {
    SCOPED_TRACE(broken.what);
    BrokerBehaviour behaviour;
    behaviour.*broken.flag = true;
    ApplicationWorld world(transactional(), {}, behaviour);
    live(world);
    world.settle(120_s);
    EXPECT_TRUE(std::ranges::any_of(world.violations, [&](const Violation& found) {
      return found.invariant == broken.seen_by;
    })) << world.why();
  }
}

TEST(TransactionInvariants, P17SeesOffsetsCommittedOutsideOfTheTransaction) {
  ApplicationWorld world(transactional(), {.offsets_outside_transaction = true});
  live(world);
  world.settle(60_s);
  EXPECT_TRUE(std::ranges::any_of(world.violations, [](const Violation& found) {
    return found.invariant == "broker.P17";
  })) << world.why();
}

}  // namespace
}  // namespace sim
