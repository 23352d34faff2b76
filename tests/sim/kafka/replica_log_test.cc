#include "sim/kafka/replica_log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sim {
namespace {

const TopicPartition kPartition{"orders", PartitionId{0}};

ReplicaLog empty_log() {
  Effects effects;
  return {File{1}, kPartition, Uuid{1, 2}, effects};
}

// A log whose epochs start at the given offsets and that ends at `end`; token = epoch * 1000 + offset.
ReplicaLog log_of(const std::vector<std::pair<int, int>>& epochs, int end) {
  Effects effects;
  ReplicaLog log = empty_log();
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    const auto [epoch, start] = epochs[i];
    const int below = std::min(end, i + 1 < epochs.size() ? epochs[i + 1].second : end);
    log.start_epoch(LeaderEpoch{epoch}, Offset{start}, effects);
    if (below > start) {
      log.append_as_leader(
          {.count = below - start, .first_token = RecordToken{epoch * 1000 + start}},
          LeaderEpoch{epoch}, effects);
    }
  }
  EXPECT_EQ(log.end_offset(), Offset{end});
  return log;
}

FileContent content_of(const Effects& effects) {
  FileContent content;
  for (const Effect& effect : effects) content.entries.push_back(std::get<Append>(effect).entry);
  return content;
}

// What the leader answers to a fetch of this follower: nothing where the logs agree.
std::optional<EpochEndOffset> divergence(const ReplicaLog& leader, const ReplicaLog& follower) {
  if (follower.latest_epoch().value() < 0) return std::nullopt;
  const EpochEndOffset answer = leader.end_offset_for(follower.latest_epoch());
  if (answer.epoch < follower.latest_epoch() || answer.end_offset < follower.end_offset()) {
    return answer;
  }
  return std::nullopt;
}

struct Fork {
  const char* story;
  std::vector<std::pair<int, int>> leader;
  int leader_end;
  std::vector<std::pair<int, int>> follower;
  int follower_end;
  int truncated_to;
};

// The table of brokers.md §1.8.
TEST(ReplicaLog, AFollowerTruncatesToWhereItsLogPartsFromTheLeaders) {
  const Fork forks[] = {
      {"A behind", {{1, 0}, {2, 4}}, 4, {{1, 0}}, 2, 2},
      {"C longer in the same epoch", {{1, 0}, {2, 2}}, 2, {{1, 0}}, 4, 2},
      {"D an epoch that the leader lacks", {{1, 0}, {3, 2}}, 2, {{1, 0}, {2, 2}}, 4, 2},
      {"E a fork of equal length", {{1, 0}, {3, 2}}, 4, {{1, 0}, {2, 2}}, 4, 2},
      {"F forked earlier", {{1, 0}, {3, 2}}, 2, {{1, 0}, {2, 1}}, 3, 1},
      {"G no epoch in common", {{0, 0}, {3, 1}}, 2, {{2, 0}}, 2, 0},
      {"H elections without data", {{5, 0}, {7, 10}}, 10, {{5, 0}, {6, 10}}, 10, 10},
  };
  for (const Fork& fork : forks) {
    const ReplicaLog leader = log_of(fork.leader, fork.leader_end);
    ReplicaLog follower = log_of(fork.follower, fork.follower_end);
    Effects effects;
    int rounds = 0;
    while (const auto answer = divergence(leader, follower)) {
      ASSERT_LT(++rounds, 5) << fork.story << ": the same answer repeats";
      follower.truncate_to_divergence(*answer, effects);
    }
    EXPECT_EQ(follower.end_offset(), Offset{fork.truncated_to}) << fork.story;
  }
}

TEST(ReplicaLog, TheEndOfAnEpochIsTheStartOfTheNext) {
  const ReplicaLog log = log_of({{1, 0}, {4, 10}}, 15);
  const auto end_of = [&](int epoch) { return log.end_offset_for(LeaderEpoch{epoch}); };
  EXPECT_EQ(end_of(0), (EpochEndOffset{LeaderEpoch{0}, Offset{0}}));
  EXPECT_EQ(end_of(1), (EpochEndOffset{LeaderEpoch{1}, Offset{10}}));
  EXPECT_EQ(end_of(3), (EpochEndOffset{LeaderEpoch{1}, Offset{10}}));
  EXPECT_EQ(end_of(4), (EpochEndOffset{LeaderEpoch{4}, Offset{15}}));
  EXPECT_EQ(end_of(5), EpochEndOffset{});
  EXPECT_EQ(end_of(-1), EpochEndOffset{});
}

TEST(ReplicaLog, AMillionRecordsOfOneProducerAreOneRun) {
  Effects effects;
  ReplicaLog log = empty_log();
  for (int i = 0; i < 1000; ++i) {
    log.append_as_leader({.count = 1000,
                          .base_sequence = i * 1000,
                          .producer_id = ProducerId{7},
                          .producer_epoch = 0,
                          .first_token = RecordToken{i * 1000}},
                         LeaderEpoch{0}, effects);
  }
  EXPECT_EQ(log.end_offset(), Offset{1'000'000});
  EXPECT_EQ(log.batches().size(), 1U);
  EXPECT_EQ(log.batch_at(Offset{123'456})->token_at(Offset{123'456}), RecordToken{123'456});
  EXPECT_EQ(log.batch_at(Offset{1'000'000}), nullptr);
}

TEST(ReplicaLog, ARetriedBatchIsAnsweredWithItsOldOffsetAndAGapIsRefused) {
  Effects effects;
  ReplicaLog log = empty_log();
  LogBatch batch{.count = 3,
                 .base_sequence = 0,
                 .producer_id = ProducerId{7},
                 .producer_epoch = 0,
                 .first_token = RecordToken{0}};
  EXPECT_EQ(log.append_as_leader(batch, LeaderEpoch{0}, effects).base_offset, Offset{0});
  const auto again = log.append_as_leader(batch, LeaderEpoch{1}, effects);
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.base_offset, Offset{0});
  EXPECT_EQ(log.end_offset(), Offset{3});
  batch.base_sequence = 5;
  EXPECT_EQ(log.append_as_leader(batch, LeaderEpoch{0}, effects).error,
            ErrorCode::OutOfOrderSequenceNumber);
  batch.base_sequence = 0;
  batch.producer_epoch = 1;
  EXPECT_EQ(log.append_as_leader(batch, LeaderEpoch{0}, effects).error, ErrorCode::None);
  batch.producer_epoch = 0;
  EXPECT_EQ(log.append_as_leader(batch, LeaderEpoch{0}, effects).error,
            ErrorCode::InvalidProducerEpoch);
}

TEST(ReplicaLog, AReadIsCutAtItsEdges) {
  const ReplicaLog log = log_of({{1, 0}, {4, 10}}, 15);
  const auto found = log.read(Offset{8}, Offset{12});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].base_offset, Offset{8});
  EXPECT_EQ(found[0].first_token, RecordToken{1008});
  EXPECT_EQ(found[1].next_offset(), Offset{12});
  EXPECT_EQ(log.read(Offset{3}, Offset{99}, 4).front().count, 4);
  EXPECT_TRUE(log.read(Offset{15}, Offset{20}).empty());
}

TEST(ReplicaLog, AFileOfADeletedLogIsFree) {
  Effects effects;
  ReplicaLog log(File{1}, kPartition, Uuid{1, 2}, effects);
  log.remove(false, effects);
  EXPECT_FALSE(ReplicaLog::recover(File{1}, content_of(effects)).has_value());
  const ReplicaLog next(File{1}, {"other", PartitionId{3}}, Uuid{3, 4}, effects);
  EXPECT_EQ(ReplicaLog::recover(File{1}, content_of(effects))->topic_partition().topic, "other");
}

// ── Properties ──────────────────────────────────────────────────────────────────────────────────────

// A log and its mirror: a vector of (epoch, token), which is all that a naive reader would keep.
struct Mirrored {
  ReplicaLog log = empty_log();
  std::vector<std::pair<int, std::int64_t>> records;
  Effects written;

  void append(int epoch, int count, std::int64_t token) {
    log.start_epoch(LeaderEpoch{epoch}, log.end_offset(), written);
    log.append_as_leader({.count = count, .first_token = RecordToken{token}}, LeaderEpoch{epoch},
                         written);
    for (int i = 0; i < count; ++i) records.emplace_back(epoch, token + i);
  }
  std::vector<std::pair<int, std::int64_t>> read_back() const {
    std::vector<std::pair<int, std::int64_t>> found;
    for (const LogBatch& batch : log.batches()) {
      for (int i = 0; i < batch.count; ++i) {
        found.emplace_back(batch.leader_epoch.value(), batch.first_token.value() + i);
      }
    }
    return found;
  }
};

RC_GTEST_PROP(ReplicaLogProperty, ALogReadsAsItsNaiveMirrorAndSurvivesARestart, ()) {
  Mirrored mirrored;
  mirrored.written.push_back(Append{File{1}, Payload::of(LogCreated{kPartition, Uuid{1, 2}})});
  int epoch = 0;
  std::int64_t token = 0;
  const int steps = *rc::gen::inRange(0, 30);
  for (int i = 0; i < steps; ++i) {
    if (*rc::gen::inRange(0, 4) == 0) {
      const auto to = *rc::gen::inRange<std::int64_t>(0, mirrored.log.end_offset().value() + 1);
      mirrored.log.truncate_to(Offset{to}, mirrored.written);
      mirrored.records.resize(static_cast<std::size_t>(to));
      token += 100;
    } else {
      epoch += *rc::gen::inRange(0, 2);
      const int count = *rc::gen::inRange(1, 5);
      mirrored.append(epoch, count, token);
      token += count;
    }
    epoch = std::max(epoch, mirrored.log.latest_epoch().value());
  }
  RC_ASSERT(mirrored.read_back() == mirrored.records);
  const auto recovered = ReplicaLog::recover(File{1}, content_of(mirrored.written));
  RC_ASSERT(recovered.has_value());
  RC_ASSERT(std::ranges::equal(recovered->batches(), mirrored.log.batches()));
  RC_ASSERT(std::ranges::equal(recovered->epochs(), mirrored.log.epochs(), {},
                               &LogEpochStarted::start_offset, &LogEpochStarted::start_offset));
}

// Replicas take turns as leader, one term per epoch; each term, the others catch up by the protocol
// to some point. A follower that has finished truncating agrees with its leader on all it holds.
RC_GTEST_PROP(ReplicaLogProperty, TruncationLeavesNothingThatTheLeaderLacks, ()) {
  std::vector<Mirrored> replicas(3);
  std::int64_t token = 0;
  const int terms = *rc::gen::inRange(1, 12);
  for (int epoch = 0; epoch < terms; ++epoch) {
    Mirrored& leader = replicas[*rc::gen::inRange<std::size_t>(0, 3)];
    leader.log.start_epoch(LeaderEpoch{epoch}, leader.log.end_offset(), leader.written);
    const int count = *rc::gen::inRange(0, 5);
    if (count > 0) leader.append(epoch, count, token);
    token += 10;
    for (Mirrored& follower : replicas) {
      if (&follower == &leader || *rc::gen::inRange(0, 3) == 0) continue;
      const auto before = follower.records;
      int rounds = 0;
      while (const auto answer = divergence(leader.log, follower.log)) {
        RC_ASSERT(++rounds < 20);
        follower.log.truncate_to_divergence(*answer, follower.written);
      }
      const auto end = static_cast<std::size_t>(follower.log.end_offset().value());
      follower.records.resize(end);
      RC_ASSERT(end <= leader.records.size());
      RC_ASSERT(
          std::equal(follower.records.begin(), follower.records.end(), leader.records.begin()));
      const auto part = *rc::gen::inRange<std::int32_t>(0, 4);
      if (part == 0) continue;
      auto fetched = leader.log.read(follower.log.end_offset(), leader.log.end_offset(), part);
      follower.log.append_as_follower(std::move(fetched), follower.written);
      follower.records = follower.read_back();
    }
  }
  RC_CLASSIFY(terms > 6);
}

}  // namespace
}  // namespace sim
