#include "sim/kafka/application/client_steps.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "sim/kafka/application/payload_table.h"

namespace sim {
namespace {

std::vector<PolledRecord> polled(std::initializer_list<int> partitions) {
  std::vector<PolledRecord> records;
  std::map<int, std::int64_t> next;
  for (const int p : partitions) {
    records.push_back({.topic_partition = {"orders", PartitionId{p}}, .offset = Offset{next[p]++}});
  }
  return records;
}

// "P0 P1 A C W": process the record, announce a commit, ask for it, wait.
std::string order_of(const Steps& steps) {
  std::string text;
  for (const Step& step : steps) {
    if (!text.empty()) text += ' ';
    switch (step.kind) {
      case StepKind::Process:
        text += 'P';
        for (const PolledRecord& record : step.records)
          text += std::to_string(record.offset.value());
        break;
      case StepKind::HandOver:
        text += 'H';
        break;
      case StepKind::Committing:
        text += 'A';
        break;
      case StepKind::Commit:
        text += 'C';
        for (const auto& part : step.offsets) text += std::to_string(part.committed_offset.value());
        break;
      case StepKind::AwaitCommit:
        text += 'W';
        break;
      default:
        text += '?';
    }
  }
  return text;
}

TEST(ClientSteps, ComeInTheOrderOfThePattern) {
  const auto order = [](CommitPattern pattern) {
    return order_of(steps_of({.commit = pattern}, polled({0, 0, 0})));
  };
  EXPECT_EQ(order(CommitPattern::SyncBatch), "P0 P1 P2 A C3 W");
  EXPECT_EQ(order(CommitPattern::SyncEach), "P0 A C1 W P1 A C2 W P2 A C3 W");
  EXPECT_EQ(order(CommitPattern::SyncBefore), "A C3 W P0 P1 P2");
  EXPECT_EQ(order(CommitPattern::Async), "P0 P1 P2 A C3");
  EXPECT_EQ(order(CommitPattern::Auto), "P0 P1 P2");
  EXPECT_EQ(order(CommitPattern::AutoThreads), "H");
  EXPECT_EQ(order(CommitPattern::ExternalStore), "P0 P1 P2");
  EXPECT_EQ(order_of(steps_of({.failed = {BadRecordPolicy::Split}}, polled({0, 0}))), "P01 A C2 W");
}

TEST(ClientSteps, ACommitNamesWhatIsNextToReadOfEachPartition) {
  EXPECT_EQ(order_of(steps_of({}, polled({0, 1, 0, 1, 1}))), "P0 P0 P1 P1 P2 A C23 W");
}

TEST(ClientProgram, PromisesWhatTheReferenceSaysOfItsPattern) {
  const auto promise = [](CommitPattern pattern, BadRecordPolicy bad, bool closes = true) {
    return promise_of(
        {.commit = pattern, .undeserialisable = {bad}, .failed = {bad}, .closes = closes});
  };
  using enum CommitPattern;
  EXPECT_EQ(promise(SyncBatch, BadRecordPolicy::Skip), Promise::AtLeastOnce);
  EXPECT_EQ(promise(SyncBefore, BadRecordPolicy::Skip), Promise::AtMostOnce);
  EXPECT_EQ(promise(AutoThreads, BadRecordPolicy::Skip), Promise::Neither);
  EXPECT_EQ(promise(ExternalStore, BadRecordPolicy::Skip), Promise::ExactlyOnce);
  EXPECT_EQ(promise(Auto, BadRecordPolicy::FailStop, false), Promise::AtLeastOnce);
  EXPECT_EQ(promise(Auto, BadRecordPolicy::FailStop), Promise::Neither);
}

TEST(Backoff, DoublesUpToItsMost) {
  const Backoff backoff{.first = Duration{300}, .doubles = true, .most = Duration{1000}};
  EXPECT_EQ(backoff.nth(1), Duration{300});
  EXPECT_EQ(backoff.nth(2), Duration{600});
  EXPECT_EQ(backoff.nth(3), Duration{1000});
  EXPECT_EQ(backoff.nth(60), Duration{1000});
}

// Against asking about each record in turn.
RC_GTEST_PROP(PayloadTable, KnowsHowManyPlainRecordsComeFirst, ()) {
  PayloadTable table;
  const auto rules = *rc::gen::inRange(0, 4);
  for (int i = 0; i < rules; ++i) {
    table.add({.first = RecordToken{*rc::gen::inRange(0, 3) * 50},
               .nth = *rc::gen::inRange(1, 30),
               .every = *rc::gen::inRange(0, 12),
               .below = 50,
               .content = {.poison = Poison::Value}});
  }
  const RecordToken first{*rc::gen::inRange(0, 160)};
  const std::int32_t count = *rc::gen::inRange(1, 40);
  std::int32_t plain = 0;
  while (plain < count && table.find(first.plus(plain)) == nullptr) ++plain;
  RC_TAG(plain < count ? "with a bad one" : "without");
  RC_ASSERT(table.plain_before(first, count) == plain);
}

TEST(DeadLetter, SaysWhereItCameFromInEachStyleButOne) {
  const RecordOrigin origin{{"orders", PartitionId{3}}, Offset{29}, LeaderEpoch{7}, RecordToken{1}};
  const Failure failure{"VALUE", "java.lang.X", "why"};
  for (const HeaderStyle style : {HeaderStyle::Plain, HeaderStyle::Connect, HeaderStyle::Spring}) {
    const auto headers = headers_of(style, origin, failure, "billing");
    EXPECT_TRUE(name_origin(headers, origin));
    RecordOrigin another = origin;
    another.offset = Offset{30};
    EXPECT_FALSE(name_origin(headers, another));
  }
  EXPECT_TRUE(headers_of(HeaderStyle::None, origin, failure, "billing").empty());
}

TEST(Payload, IsShownAsHexAndAsText) {
  EXPECT_EQ(hex_of("\x01{\""), "01 7b 22");
  EXPECT_EQ(text_of("\x01{\""), "·{\"");
  EXPECT_EQ(hex_of(std::string(60, 'a')).substr(141), "61 …");
}

}  // namespace
}  // namespace sim
