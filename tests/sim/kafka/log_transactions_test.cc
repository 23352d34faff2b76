#include "sim/kafka/log_transactions.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "sim/kafka/replica_log.h"

namespace sim {
namespace {

constexpr LeaderEpoch kEpoch{3};

// One log, and the batches of its producers.
struct Journal {
  Effects effects;
  ReplicaLog log{File{1}, {"orders", PartitionId{0}}, Uuid{1, 2}, effects};
  std::map<ProducerId, std::int32_t> next_sequence;
  std::int64_t next_token = 0;

  ReplicaLog::AppendResult write(int producer, std::int32_t count = 1,
                                 BatchKind kind = BatchKind::TransactionalData,
                                 Verification verification = {}, std::int16_t epoch = 0) {
    const ProducerId id{producer};
    const auto result = log.append_as_leader({.count = count,
                                              .base_sequence = next_sequence[id],
                                              .producer_id = id,
                                              .producer_epoch = epoch,
                                              .kind = kind,
                                              .first_token = RecordToken{next_token}},
                                             kEpoch, effects, verification);
    if (result.error == ErrorCode::None && !result.duplicate) {
      next_sequence[id] += count;
      next_token += count;
    }
    return result;
  }
  ReplicaLog::AppendResult mark(int producer, BatchKind kind, std::int32_t coordinator_epoch = 0,
                                std::int16_t epoch = 0) {
    return log.append_as_leader({.count = 1,
                                 .coordinator_epoch = CoordinatorEpoch{coordinator_epoch},
                                 .producer_id = ProducerId{producer},
                                 .producer_epoch = epoch,
                                 .kind = kind},
                                kEpoch, effects);
  }
  void commit_all() { log.set_high_watermark(log.end_offset()); }
  std::int64_t stable() const { return log.last_stable_offset().value(); }
};

TEST(LogTransactions, TheLastStableOffsetWaitsForTheMarkerToBeCommitted) {
  Journal journal;
  journal.write(1, 3);
  journal.write(2, 2);
  EXPECT_EQ(journal.stable(), 0);
  journal.commit_all();
  EXPECT_EQ(journal.stable(), 0) << "both are open";
  journal.mark(1, BatchKind::CommitMarker);
  EXPECT_EQ(journal.stable(), 0) << "its marker is not committed";
  journal.commit_all();
  EXPECT_EQ(journal.stable(), 3) << "the second one is still open";
  journal.mark(2, BatchKind::AbortMarker);
  journal.commit_all();
  EXPECT_EQ(journal.stable(), 7);
  EXPECT_EQ(journal.log.transactions().aborted(Offset{0}, Offset{7}),
            (std::vector<AbortedTransaction>{{ProducerId{2}, Offset{3}}}));
  EXPECT_TRUE(journal.log.transactions().aborted(Offset{0}, Offset{3}).empty());
  EXPECT_TRUE(journal.log.transactions().aborted(Offset{7}, Offset{9}).empty());
}

TEST(LogTransactions, AMarkerTakesAnOffsetAndIsNoSequenceNumber) {
  Journal journal;
  journal.write(1);
  EXPECT_EQ(journal.mark(1, BatchKind::CommitMarker).base_offset, Offset{1});
  EXPECT_EQ(journal.write(1).base_offset, Offset{2});
  EXPECT_EQ(journal.log.batches().size(), 3U) << "batches do not merge across a marker";
}

TEST(LogTransactions, AMarkerOfANewEpochFencesTheFormerOne) {
  Journal journal;
  journal.write(1, 2);
  EXPECT_EQ(journal.mark(1, BatchKind::AbortMarker, 0, 1).error, ErrorCode::None);
  EXPECT_EQ(journal.write(1).error, ErrorCode::InvalidProducerEpoch);
  EXPECT_EQ(journal.mark(1, BatchKind::AbortMarker, 0, 0).error, ErrorCode::InvalidProducerEpoch);
  journal.next_sequence[ProducerId{1}] = 2;
  EXPECT_EQ(journal.write(1, 1, BatchKind::TransactionalData, {}, 1).error,
            ErrorCode::OutOfOrderSequenceNumber)
      << "sequence numbers begin anew with the epoch";
  journal.next_sequence[ProducerId{1}] = 0;
  EXPECT_EQ(journal.write(1, 1, BatchKind::TransactionalData, {}, 1).error, ErrorCode::None);
}

TEST(LogTransactions, AMarkerOfAFormerCoordinatorIsRefused) {
  Journal journal;
  journal.write(1);
  EXPECT_EQ(journal.mark(1, BatchKind::CommitMarker, 7).error, ErrorCode::None);
  journal.write(1);
  EXPECT_EQ(journal.mark(1, BatchKind::AbortMarker, 6).error,
            ErrorCode::TransactionCoordinatorFenced);
  EXPECT_TRUE(journal.log.has_ongoing_transaction(ProducerId{1}));
}

TEST(LogTransactions, AMarkerWithoutATransactionDecidesNothing) {
  Journal journal;
  journal.write(2, 1, BatchKind::Data);
  journal.mark(1, BatchKind::AbortMarker);
  journal.commit_all();
  EXPECT_EQ(journal.stable(), 2);
  EXPECT_TRUE(journal.log.transactions().aborted(Offset{0}, Offset{2}).empty());
}

TEST(LogTransactions, WhoHasATransactionOpenWritesNothingBesideIt) {
  Journal journal;
  journal.write(1);
  EXPECT_EQ(journal.write(1, 1, BatchKind::Data).error, ErrorCode::InvalidTxnState);
}

// KIP-890: abort ─► a new attempt with the old guard would begin a transaction that nobody ends.
TEST(LogTransactions, AGuardIsGoodForOneBeginning) {
  Journal journal;
  const LogBatch first{.base_sequence = 0, .producer_id = ProducerId{1}, .producer_epoch = 0};
  EXPECT_EQ(journal.write(1, 1, BatchKind::TransactionalData, {true, kNoGuard}).error,
            ErrorCode::InvalidTxnState);
  const VerificationGuard guard = journal.log.maybe_start_verification(first);
  EXPECT_EQ(journal.log.maybe_start_verification(first), guard) << "asked again, not yet used";
  EXPECT_EQ(journal.write(1, 1, BatchKind::TransactionalData, {true, guard}).error,
            ErrorCode::None);
  EXPECT_EQ(journal.log.maybe_start_verification(first), kNoGuard) << "it is open";
  EXPECT_EQ(journal.write(1, 1, BatchKind::TransactionalData, {true, kNoGuard}).error,
            ErrorCode::None)
      << "what is open needs no guard";
  journal.mark(1, BatchKind::AbortMarker);
  EXPECT_EQ(journal.write(1, 1, BatchKind::TransactionalData, {true, guard}).error,
            ErrorCode::InvalidTxnState)
      << "the guard is of before the marker";
}

// KAFKA-14359: of an unknown producer any sequence number would do, but for what was asked about.
TEST(LogTransactions, WhoAskedForALowerSequenceNumberWritesThatFirst) {
  Journal journal;
  LogBatch asked{.base_sequence = 4, .producer_id = ProducerId{1}, .producer_epoch = 0};
  VerificationGuard guard = journal.log.maybe_start_verification(asked);
  asked.base_sequence = 0;
  guard = journal.log.maybe_start_verification(asked);
  journal.next_sequence[ProducerId{1}] = 4;
  EXPECT_EQ(journal.write(1, 1, BatchKind::TransactionalData, {true, guard}).error,
            ErrorCode::OutOfOrderSequenceNumber);
  journal.next_sequence[ProducerId{1}] = 0;
  EXPECT_EQ(journal.write(1, 1, BatchKind::TransactionalData, {true, guard}).error,
            ErrorCode::None);
}

TEST(LogTransactions, TruncationTakesTheMarkerBack) {
  Journal journal;
  journal.write(1, 2);
  journal.mark(1, BatchKind::AbortMarker);
  journal.write(2);
  journal.log.truncate_to(Offset{2}, journal.effects);
  EXPECT_TRUE(journal.log.has_ongoing_transaction(ProducerId{1}));
  EXPECT_FALSE(journal.log.has_ongoing_transaction(ProducerId{2}));
  journal.commit_all();
  EXPECT_EQ(journal.stable(), 0);
  EXPECT_TRUE(journal.log.transactions().aborted(Offset{0}, Offset{2}).empty());
}

TEST(LogTransactions, AReplicaKnowsWhatItsLeaderKnows) {
  Journal journal;
  journal.write(1, 2);
  journal.write(2);
  journal.mark(1, BatchKind::AbortMarker, 4, 1);
  journal.write(3, 5, BatchKind::Data);
  Effects effects;
  ReplicaLog follower(File{2}, {"orders", PartitionId{0}}, Uuid{1, 2}, effects);
  follower.append_as_follower(journal.log.read(Offset{0}, journal.log.end_offset()), effects);
  FileContent content;
  for (const Effect& effect : effects) content.entries.push_back(std::get<Append>(effect).entry);
  auto restarted = ReplicaLog::recover(File{2}, content);
  journal.commit_all();
  for (ReplicaLog* replica : {&follower, &*restarted}) {
    replica->set_high_watermark(replica->end_offset());
    EXPECT_EQ(replica->last_stable_offset(), journal.log.last_stable_offset());
    EXPECT_EQ(replica->transactions().aborted(Offset{0}, replica->end_offset()),
              journal.log.transactions().aborted(Offset{0}, journal.log.end_offset()));
    EXPECT_EQ(digest_of(replica->producers()), digest_of(journal.log.producers()));
  }
}

// ── A reader of committed data sees what was committed ──────────────────────────────────────────

struct Written {
  Offset offset;
  RecordToken token;
  int producer;
  enum class Fate : std::uint8_t {
    Plain,
    Open,
    Committed,
    Aborted
  } fate;
  Offset decided_at{};  // the marker
};

// What CompletedFetch makes of batches and aborted transactions.
std::set<RecordToken> read_committed(const ReplicaLog& log, Offset from) {
  std::set<RecordToken> seen;
  std::multimap<Offset, ProducerId> upcoming;
  std::set<ProducerId> aborted;
  const auto batches = log.read(from, log.last_stable_offset());
  if (batches.empty()) return seen;
  for (const auto& entry : log.transactions().aborted(from, batches.back().next_offset()))
    upcoming.emplace(entry.first_offset, entry.producer_id);
  for (const LogBatch& batch : batches) {
    while (!upcoming.empty() && upcoming.begin()->first <= batch.last_offset()) {
      aborted.insert(upcoming.begin()->second);
      upcoming.erase(upcoming.begin());
    }
    if (batch.kind == BatchKind::AbortMarker) aborted.erase(batch.producer_id);
    if (batch.is_control()) continue;
    if (batch.is_transactional() && aborted.contains(batch.producer_id)) continue;
    for (std::int32_t i = 0; i < batch.count; ++i) seen.insert(batch.first_token.plus(i));
  }
  return seen;
}

RC_GTEST_PROP(LogTransactions, AReaderOfCommittedDataSeesThatAndNothingElse, ()) {
  Journal journal;
  std::vector<Written> written;
  const int steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    const int producer = *rc::gen::inRange(0, 4);
    const int what = *rc::gen::inRange(0, 10);
    if (what < 5) {
      const BatchKind kind = producer == 0 ? BatchKind::Data : BatchKind::TransactionalData;
      const std::int32_t count = *rc::gen::inRange(1, 4);
      const std::int64_t token = journal.next_token;
      const auto result = journal.write(producer, count, kind);
      RC_ASSERT(result.error == ErrorCode::None);
      for (std::int32_t k = 0; k < count; ++k) {
        written.push_back({result.base_offset.plus(k), RecordToken{token + k}, producer,
                           producer == 0 ? Written::Fate::Plain : Written::Fate::Open});
      }
    } else if (what < 8 && producer > 0) {
      const bool commits = what == 5;
      const auto at =
          journal.mark(producer, commits ? BatchKind::CommitMarker : BatchKind::AbortMarker);
      for (Written& record : written) {
        if (record.producer != producer || record.fate != Written::Fate::Open) continue;
        record.fate = commits ? Written::Fate::Committed : Written::Fate::Aborted;
        record.decided_at = at.base_offset;
      }
    } else {
      const std::int64_t room = journal.log.end_offset().value() + 1;
      const Offset to{*rc::gen::inRange(journal.log.high_watermark().value(), room)};
      journal.log.set_high_watermark(to);
    }
  }
  const Offset committed = journal.log.high_watermark();
  Offset stable = committed;
  for (const Written& record : written) {
    const bool undecided = record.fate == Written::Fate::Open ||
                           (record.fate != Written::Fate::Plain && record.decided_at >= committed);
    if (undecided) stable = std::min(stable, record.offset);
  }
  RC_ASSERT(journal.log.last_stable_offset() == stable);
  // Fetches begin at the beginning of a batch.
  const auto batches = journal.log.batches();
  const Offset from = batches.empty()
                          ? Offset{0}
                          : batches[*rc::gen::inRange<std::size_t>(0, batches.size())].base_offset;
  std::set<RecordToken> expected;
  for (const Written& record : written) {
    if (record.offset < from || record.offset >= stable) continue;
    if (record.fate != Written::Fate::Aborted) expected.insert(record.token);
  }
  RC_CLASSIFY(expected.size() < written.size() / 2, "much is aborted or undecided");
  RC_ASSERT(read_committed(journal.log, from) == expected);
}

}  // namespace
}  // namespace sim
