#include "sim/kafka/transaction_coordinator.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/sim/kafka/transaction_bench.h"

namespace sim {
namespace {

using namespace literals;
using enum TransactionState;
constexpr TransactionResult kCommit = TransactionResult::Commit;
constexpr TransactionResult kAbort = TransactionResult::Abort;

TEST(TransactionCoordinator, ATransactionGoesFromEmptyToComplete) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  EXPECT_EQ(producer, (ProducerIdAndEpoch{ProducerId{4000}, 0}));
  EXPECT_EQ(bench.state(), Empty);
  EXPECT_EQ(bench.add(producer, bench.orders0), ErrorCode::None);
  EXPECT_EQ(bench.told(AddOffsetsToTxnRequest{bench.id, producer, "billing"}).error_code,
            ErrorCode::None);
  EXPECT_EQ(bench.state(), Ongoing);
  EXPECT_EQ(bench.end(producer, kCommit), ErrorCode::None);
  EXPECT_EQ(bench.state(), CompleteCommit);
  ASSERT_EQ(bench.written_markers.size(), 1U);
  const TxnMarker& marker = bench.written_markers.front().marker;
  EXPECT_EQ(marker.result, kCommit);
  EXPECT_EQ(marker.partitions, (std::vector{bench.offsets0, bench.orders0}));
  EXPECT_TRUE(bench.metadata()->now.transaction_partitions.empty());
  EXPECT_EQ(bench.add(producer, bench.orders1), ErrorCode::None) << "the next one, same epoch";
  EXPECT_EQ(bench.end(producer, kAbort), ErrorCode::None);
  EXPECT_EQ(bench.state(), CompleteAbort);
}

TEST(TransactionCoordinator, TheAnswerComesWithTheDecisionNotWithTheMarkers) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.add(producer, bench.orders0);
  bench.parks_writes = bench.parks_markers = true;
  const std::int32_t request = bench.ask(bench.ending(producer, kCommit));
  EXPECT_FALSE(bench.answer<EndTxnResponse>(request)) << "the record is not committed";
  EXPECT_TRUE(bench.waiting_markers.empty());
  bench.decide_all(ErrorCode::None);
  EXPECT_EQ(bench.answer<EndTxnResponse>(request)->error_code, ErrorCode::None);
  EXPECT_EQ(bench.state(), PrepareCommit);
  EXPECT_EQ(bench.add(producer, bench.orders1), ErrorCode::ConcurrentTransactions);
  EXPECT_EQ(bench.end(producer, kCommit), ErrorCode::ConcurrentTransactions);
  EXPECT_EQ(bench.end(producer, kAbort), ErrorCode::ConcurrentTransactions)
      << "the completion is pending, and that is looked at first";
  bench.mark_all();
  bench.decide_all(ErrorCode::None);
  EXPECT_EQ(bench.state(), CompleteCommit);
  EXPECT_EQ(bench.end(producer, kCommit), ErrorCode::None) << "once more is as good";
  EXPECT_EQ(bench.end(producer, kAbort), ErrorCode::InvalidTxnState);
}

TEST(TransactionCoordinator, AFailedDecisionIsNone) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.add(producer, bench.orders0);
  bench.parks_writes = true;
  const std::int32_t request = bench.ask(bench.ending(producer, kCommit));
  bench.decide_all(ErrorCode::NotEnoughReplicasAfterAppend);
  EXPECT_EQ(bench.answer<EndTxnResponse>(request)->error_code, ErrorCode::CoordinatorNotAvailable);
  EXPECT_EQ(bench.state(), Ongoing);
  bench.parks_writes = false;
  EXPECT_EQ(bench.end(producer, kCommit), ErrorCode::None) << "it may be tried again";
}

TEST(TransactionCoordinator, ANewProducerFencesTheOldOneAndAbortsWhatItLeft) {
  TransactionBench bench;
  const ProducerIdAndEpoch old_one = bench.initialized();
  bench.add(old_one, bench.orders0);
  EXPECT_EQ(bench.told(bench.initializing()).error_code, ErrorCode::ConcurrentTransactions);
  EXPECT_EQ(bench.state(), CompleteAbort);
  ASSERT_EQ(bench.written_markers.size(), 1U);
  EXPECT_EQ(bench.written_markers.front().marker.producer.epoch, 1) << "the marker fences, too";
  const ProducerIdAndEpoch new_one = bench.initialized();
  EXPECT_EQ(new_one, (ProducerIdAndEpoch{old_one.producer_id, 2}))
      << "the epoch of the fence is given to nobody";
  EXPECT_EQ(bench.add(old_one, bench.orders0), ErrorCode::ProducerFenced);
  EXPECT_EQ(bench.end(old_one, kCommit), ErrorCode::ProducerFenced);
  EXPECT_EQ(bench.verify(old_one, bench.orders0), ErrorCode::ProducerFenced);
  EXPECT_EQ(bench.told(bench.initializing(old_one)).error_code, ErrorCode::ProducerFenced);
}

TEST(TransactionCoordinator, AnEpochIsBumpedForWhoHasIt) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  const auto bumped = bench.told(bench.initializing(producer));
  EXPECT_EQ(bumped.producer_epoch, 1);
  EXPECT_EQ(bench.told(bench.initializing(producer)).producer_epoch, 1)
      << "the answer was lost, and the call comes again";
  bench.initialized();
  EXPECT_EQ(bench.told(bench.initializing(producer)).error_code, ErrorCode::ProducerFenced);
}

TEST(TransactionCoordinator, AnExhaustedEpochGetsANewProducerId) {
  TransactionBench bench;
  ProducerIdAndEpoch producer = bench.initialized();
  while (producer.epoch < INT16_MAX - 1) producer = bench.initialized();
  const ProducerIdAndEpoch next = bench.initialized();
  EXPECT_EQ(next, (ProducerIdAndEpoch{ProducerId{4001}, 0}));
  EXPECT_EQ(bench.add(producer, bench.orders0), ErrorCode::InvalidProducerIdMapping);
}

TEST(TransactionCoordinator, WithoutProducerIdsItAsksToComeAgain) {
  TransactionBench bench;
  bench.ids.left = 0;
  EXPECT_EQ(bench.told(bench.initializing()).error_code, ErrorCode::CoordinatorLoadInProgress);
  bench.ids.left = 1;
  EXPECT_EQ(bench.initialized().epoch, 0);
}

TEST(TransactionCoordinator, TimeoutsAreNoLongerThanTheBrokerAllows) {
  TransactionBench bench;
  bench.timeout = 901_s;
  EXPECT_EQ(bench.told(bench.initializing()).error_code, ErrorCode::InvalidTransactionTimeout);
  bench.timeout = 0_s;
  EXPECT_EQ(bench.told(bench.initializing()).error_code, ErrorCode::InvalidTransactionTimeout);
}

TEST(TransactionCoordinator, WhatIsOpenForTooLongIsAborted) {
  TransactionBench bench;
  bench.timeout = 15_s;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.add(producer, bench.orders0);
  bench.run_for(15_s);
  EXPECT_EQ(bench.state(), Ongoing) << "looked at every ten seconds";
  bench.run_for(10_s);
  EXPECT_EQ(bench.state(), CompleteAbort);
  EXPECT_EQ(bench.end(producer, kCommit), ErrorCode::ProducerFenced);
}

TEST(TransactionCoordinator, VerificationKnowsWhatIsPartOfTheTransaction) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  EXPECT_EQ(bench.verify(producer, bench.orders0), ErrorCode::TransactionAbortable);
  bench.add(producer, bench.orders0);
  EXPECT_EQ(bench.verify(producer, bench.orders0), ErrorCode::None);
  EXPECT_EQ(bench.verify(producer, bench.orders1), ErrorCode::TransactionAbortable);
  EXPECT_EQ(bench.verify({ProducerId{7}, 0}, bench.orders0), ErrorCode::InvalidProducerIdMapping);
  bench.parks_markers = true;
  bench.end(producer, kAbort);
  EXPECT_EQ(bench.verify(producer, bench.orders0), ErrorCode::ConcurrentTransactions);
  bench.mark_all();
  EXPECT_EQ(bench.verify(producer, bench.orders0), ErrorCode::TransactionAbortable)
      << "a batch that comes late is part of nothing";
}

TEST(TransactionCoordinator, AFailoverCompletesWhatWasPrepared) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.add(producer, bench.orders0);
  bench.parks_markers = true;
  bench.end(producer, kCommit);
  bench.fail_over();
  EXPECT_EQ(bench.state(), PrepareCommit);
  ASSERT_EQ(bench.waiting_markers.size(), 1U);
  EXPECT_EQ(bench.waiting_markers.front().marker.coordinator_epoch, CoordinatorEpoch{2});
  bench.mark_all();
  EXPECT_EQ(bench.state(), CompleteCommit);
  EXPECT_EQ(bench.end(producer, kCommit), ErrorCode::None) << "the client asks once more";
}

TEST(TransactionCoordinator, AFailoverKeepsWhatIsOpenAndTheClientGoesOn) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.add(producer, bench.orders0);
  bench.fail_over();
  EXPECT_EQ(bench.add(producer, bench.orders1), ErrorCode::None);
  bench.end(producer, kCommit);
  EXPECT_EQ(bench.written_markers.back().marker.partitions,
            (std::vector{bench.orders0, bench.orders1}));
}

TEST(TransactionCoordinator, AnswersOfAFormerEpochChangeNothing) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.add(producer, bench.orders0);
  bench.parks_markers = true;
  bench.end(producer, kCommit);
  const auto late = bench.waiting_markers;
  bench.fail_over();
  const auto present = std::exchange(bench.waiting_markers, late);
  bench.mark_all();
  EXPECT_EQ(bench.state(), PrepareCommit);
  EXPECT_FALSE(bench.coordinator().wants(late.front()));
  bench.waiting_markers = present;
  bench.mark_all();
  EXPECT_EQ(bench.state(), CompleteCommit);
}

TEST(TransactionCoordinator, MarkersAreSentUntilTheyAreWritten) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.add(producer, bench.orders0);
  bench.parks_markers = true;
  bench.end(producer, kAbort);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(bench.waiting_markers.size(), 1U);
    bench.mark_all(ErrorCode::NotLeaderOrFollower);
  }
  EXPECT_EQ(bench.state(), PrepareAbort);
  bench.mark_all();
  EXPECT_EQ(bench.state(), CompleteAbort);
}

TEST(TransactionCoordinator, MarkersOfAFencedCoordinatorAreGivenUp) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.add(producer, bench.orders0);
  bench.parks_markers = true;
  bench.end(producer, kAbort);
  bench.mark_all(ErrorCode::TransactionCoordinatorFenced);
  EXPECT_TRUE(bench.waiting_markers.empty());
  EXPECT_EQ(bench.state(), PrepareAbort) << "the next coordinator sees to it";
}

TEST(TransactionCoordinator, ACompletionThatCannotBeWrittenIsTriedAgain) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.add(producer, bench.orders0);
  bench.parks_markers = true;
  bench.end(producer, kCommit);
  bench.parks_writes = true;
  bench.mark_all();
  bench.decide_all(ErrorCode::NotEnoughReplicas);
  EXPECT_EQ(bench.state(), PrepareCommit);
  bench.parks_writes = false;
  bench.run_for(200_ms);
  EXPECT_EQ(bench.state(), CompleteCommit);
}

TEST(TransactionCoordinator, AFenceThatFailsBumpsItsEpochOnce) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.add(producer, bench.orders0);
  bench.parks_writes = true;
  for (int i = 0; i < 3; ++i) {
    bench.ask(bench.initializing());
    bench.decide_all(ErrorCode::NotEnoughReplicas);
  }
  EXPECT_EQ(bench.metadata()->producer().epoch, 1);
  bench.parks_writes = false;
  EXPECT_EQ(bench.told(bench.initializing()).error_code, ErrorCode::ConcurrentTransactions);
  EXPECT_EQ(bench.initialized().epoch, 2);
}

TEST(TransactionCoordinator, WhoIsNotSeenForAWeekIsForgotten) {
  TransactionBench bench;
  const ProducerIdAndEpoch producer = bench.initialized();
  bench.run_for(Duration{std::int64_t{8 * 24 * 3600} * 1'000'000'000});
  EXPECT_EQ(bench.metadata(), nullptr);
  bench.fail_over();
  EXPECT_EQ(bench.metadata(), nullptr) << "the log says so, too";
  EXPECT_EQ(bench.add(producer, bench.orders0), ErrorCode::InvalidProducerIdMapping);
  EXPECT_EQ(bench.initialized().producer_id, ProducerId{4001});
}

TEST(TransactionCoordinator, ItAnswersForItsPartitionsAlone) {
  TransactionCoordinator coordinator(BrokerId{1}, {});
  coordinator.set_partition_count(50);
  ProducerIds ids{ProducerId{1}, 1};
  TransactionEffects effects;
  TransactionContext context{Instant{}, ids, effects};
  const InitProducerIdRequest request{.transactional_id = "a", .transaction_timeout = 1_s};
  const auto told = [&] {
    coordinator.handle(context, {}, request);
    const auto& reply = std::get<TransactionReply>(effects.back());
    return std::get<InitProducerIdResponse>(reply.body).error_code;
  };
  EXPECT_EQ(told(), ErrorCode::NotCoordinator);
  coordinator.load(coordinator.partition_of("a"), CoordinatorEpoch{1});
  EXPECT_EQ(told(), ErrorCode::CoordinatorLoadInProgress);
}

// Whatever is asked in whatever order, with failing writes, slow markers and failovers: what a producer was told to be
// committed gets COMMIT markers alone, and one that was fenced ends nothing.
RC_GTEST_PROP(TransactionCoordinator, ADecisionIsMadeOnce, ()) {
  TransactionBench bench;
  std::vector<ProducerIdAndEpoch> producers{bench.initialized()};
  std::map<std::pair<ProducerIdAndEpoch, int>, TransactionResult> told;
  const int steps = *rc::gen::inRange(5, 60);
  int transaction = 0;
  for (int i = 0; i < steps; ++i) {
    bench.parks_writes = *rc::gen::inRange(0, 4) == 0;
    bench.parks_markers = *rc::gen::inRange(0, 3) == 0;
    const ProducerIdAndEpoch producer =
        producers[*rc::gen::inRange<std::size_t>(0, producers.size())];
    const bool fenced = producer != bench.metadata()->producer();
    switch (*rc::gen::inRange(0, 8)) {
      case 0: {
        const auto init = bench.answer<InitProducerIdResponse>(bench.ask(bench.initializing()));
        if (init && init->error_code == ErrorCode::None)
          producers.push_back({init->producer_id, init->producer_epoch});
        break;
      }
      case 1:
      case 2:
        bench.ask(AddPartitionsToTxnRequest{
            .transactional_id = bench.id, .producer = producer, .partitions = {bench.orders0}});
        break;
      case 3:
      case 4: {
        const TransactionResult result = *rc::gen::element(kCommit, kAbort);
        const std::size_t before = bench.written_markers.size();
        const bool was_open = bench.state() == Ongoing;
        const auto ended = bench.answer<EndTxnResponse>(bench.ask(bench.ending(producer, result)));
        if (fenced) RC_ASSERT(ended && ended->error_code != ErrorCode::None);
        if (was_open && ended && ended->error_code == ErrorCode::None) {
          ++transaction;
          RC_ASSERT(bench.written_markers.size() > before);
          RC_ASSERT(bench.written_markers.back().marker.result == result);
        }
        break;
      }
      case 5:
        bench.decide_all(*rc::gen::element(ErrorCode::None, ErrorCode::NotEnoughReplicas));
        break;
      case 6:
        bench.mark_all(*rc::gen::element(ErrorCode::None, ErrorCode::NotLeaderOrFollower));
        break;
      case 7: {
        const TransactionState before = bench.state();
        bench.decide_all(ErrorCode::NotLeaderOrFollower);
        bench.fail_over();
        const TransactionState after = bench.state();
        // What was prepared stays so, or has been completed meanwhile; never the other way.
        if (before == PrepareCommit) RC_ASSERT(after == PrepareCommit || after == CompleteCommit);
        if (before == PrepareAbort) RC_ASSERT(after == PrepareAbort || after == CompleteAbort);
        break;
      }
    }
  }
  bench.parks_writes = bench.parks_markers = false;
  bench.decide_all(ErrorCode::None);
  bench.mark_all();
  bench.run_for(300_s);
  RC_ASSERT(!is_prepared(bench.state()) && bench.state() != Ongoing);
  RC_CLASSIFY(transaction > 2, "several transactions");
}

}  // namespace
}  // namespace sim
