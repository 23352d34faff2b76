// A process that writes: "w TEXT" appends and syncs, "u TEXT" appends only, "r TEXT" replaces, "t N" keeps
// N entries, "b TEXT" appends to two files and syncs the first, "v TEXT" writes nothing and syncs the vote;
// each followed by a word to itself behind the barrier: hearing it means "durable".

#include "sim/kernel/disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/kernel/world.h"
#include "tests/sim/kernel/puppet.h"

namespace sim {
namespace {

using namespace sim::literals;
using puppet::heard;
using puppet::Puppet;
using puppet::word;
using puppet::words;
using Texts = std::vector<std::string>;

constexpr NodeId n{0};
constexpr File kLog{0};
constexpr File kVote{1};
constexpr File kData{2};
constexpr Lane kOther{1};

Effects write(const puppet::Puppet::Context& context) {
  const auto* const received = std::get_if<Received>(&context.input);
  if (received == nullptr || received->from != kOperator) return {};
  const std::string text = context.text().substr(2);
  Effects effects;
  switch (context.text().front()) {
    case 'w':
    case 'u':
      effects.push_back(Append{kLog, word(text)});
      break;
    case 'r':
      effects.push_back(Replace{kVote, word(text)});
      break;
    case 'b':
      effects.push_back(Append{kLog, word(text)});
      effects.push_back(Append{kData, word(text)});
      break;
    case 'v':
      break;
    default:
      effects.push_back(Truncate{kLog, std::stoul(text)});
  }
  switch (context.text().front()) {
    case 'u':
      break;
    case 'b':
      effects.push_back(Sync{kMainLane, kLog});
      break;
    case 'v':
      effects.push_back(Sync{kMainLane, kVote});
      break;
    default:
      effects.push_back(Sync{kMainLane, kAllFiles});
  }
  effects.push_back(Send{kMainLane, n, kDatagram, word(text)});
  effects.push_back(Send{kOther, n, kDatagram, word(text + "?")});  // waits for no barrier
  return effects;
}

class DiskOfANode : public ::testing::Test {
 protected:
  DiskOfANode() : world_(5, {.fsync = Distribution::constant(2_ms)}) {
    world_.add<Puppet>("n", puppet::acting(write));
    run(1_ms);
  }
  void run(Duration duration) { world_.run_until(world_.now() + duration); }
  void say(std::string text, Duration then = 10_ms) {
    world_.poke(n, word(std::move(text)));
    run(then);
  }
  Texts found(File file) { return words(world_.core<Puppet>(n).found.at(file)); }
  World world_;
};

TEST_F(DiskOfANode, ABarrierHoldsBackItsOwnLaneAlone) {
  say("w a", 1_ms);
  EXPECT_EQ(heard(world_, n), (Texts{"'w a' from operator", "'a?' from 0"}));
  run(1_ms);
  EXPECT_EQ(heard(world_, n).back(), "'a' from 0");
}

TEST_F(DiskOfANode, AProcessCrashLosesWhatHasNotLeftButKeepsThePageCache) {
  say("w a", 1_ms);
  world_.apply(CrashProcess{"n"});
  world_.apply(Restart{"n"});
  run(10_ms);
  EXPECT_EQ(found(kLog), Texts{"a"});
  EXPECT_EQ(heard(world_, n), Texts{});
  EXPECT_EQ(world_.core<Puppet>(n).incarnation, 2u);
}

TEST_F(DiskOfANode, TheEndOfAnOutageLeavesAProcessAloneThatRunsAgainAlready) {
  world_.apply(CrashProcess{"n"});
  world_.apply(Restart{"n"});
  world_.apply(Restart{"n", IfRunning::Leave});
  EXPECT_EQ(world_.core<Puppet>(n).incarnation, 2u);
  world_.apply(CrashProcess{"n"});
  world_.apply(Restart{"n", IfRunning::Leave});
  EXPECT_EQ(world_.core<Puppet>(n).incarnation, 3u);
}

TEST_F(DiskOfANode, AMachineCrashKeepsWhatWasSyncedAndAPrefixOfTheRest) {
  std::set<std::size_t> kept;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    World world(seed);
    world.add<Puppet>("n", puppet::acting(write));
    world.run_until(Instant{} + 1_ms);
    world.poke(n, word("w a"));
    world.run_until(Instant{} + 100_ms);
    world.poke(n, word("u b"));
    world.poke(n, word("u c"));
    world.run_until(Instant{} + 200_ms);
    world.apply(CrashMachine{"n"});
    world.apply(Restart{"n"});
    const FileContent& log = world.core<Puppet>(n).found.at(kLog);
    EXPECT_FALSE(log.torn);
    const Texts all{"a", "b", "c"};
    EXPECT_EQ(words(log), Texts(all.begin(), all.begin() + static_cast<long>(log.entries.size())));
    kept.insert(log.entries.size());
  }
  EXPECT_EQ(kept, (std::set<std::size_t>{1, 2, 3}));
}

TEST_F(DiskOfANode, AFileThatNoSyncNamesMayLoseItsTailThoughAnotherWasSynced) {
  std::set<std::size_t> kept;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    World world(seed);
    world.add<Puppet>("n", puppet::acting(write));
    world.run_until(Instant{} + 1_ms);
    world.poke(n, word("b a"));
    world.run_until(Instant{} + 100_ms);
    EXPECT_EQ(heard(world, n).back(), "'a' from 0");
    world.apply(CrashMachine{"n"});
    world.apply(Restart{"n"});
    EXPECT_EQ(words(world.core<Puppet>(n).found.at(kLog)), Texts{"a"});
    kept.insert(world.core<Puppet>(n).found.at(kData).entries.size());
  }
  EXPECT_EQ(kept, (std::set<std::size_t>{0, 1}));
}

TEST_F(DiskOfANode, ABarrierWaitsForTheFilesThatItNamesAlone) {
  say("u a", 0_ms);
  say("v b", 0_ms);
  EXPECT_EQ(heard(world_, n).back(), "'b?' from 0");  // nothing to sync: 'b' went before
  EXPECT_EQ(heard(world_, n).at(heard(world_, n).size() - 2), "'b' from 0");
  // Behind a running fsync a barrier for clean files does not wait for what is written to them later.
  say("w c", 0_ms);
  say("v d", 0_ms);
  say("r later", 2_ms);
  EXPECT_EQ(heard(world_, n).back(), "'d' from 0");
}

TEST_F(DiskOfANode, WhatWasAppendedLongAgoIsWrittenBackWithoutAnFsync) {
  say("u old", 46_s);
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    World crashed = world_;
    crashed.choices() = Choices(seed);
    crashed.poke(n, word("u new"));
    crashed.run_until(crashed.now() + 1_s);
    crashed.apply(CrashMachine{"n"});
    crashed.apply(Restart{"n"});
    const Texts kept = words(crashed.core<Puppet>(n).found.at(kLog));
    ASSERT_FALSE(kept.empty()) << "seed " << seed;
    EXPECT_EQ(kept.front(), "old");
  }
}

TEST_F(DiskOfANode, ATornTailIsMarkedAndIsNeverAWholeEntry) {
  say("w a");
  say("u b");
  world_.apply(TearTail{"n"});
  world_.apply(CrashMachine{"n"});
  world_.apply(Restart{"n"});
  EXPECT_EQ(found(kLog), Texts{"a"});
  EXPECT_TRUE(world_.core<Puppet>(n).found.at(kLog).torn);
  say("w c");
  world_.apply(CrashMachine{"n"});
  world_.apply(Restart{"n"});
  EXPECT_FALSE(world_.core<Puppet>(n).found.at(kLog).torn);
}

TEST_F(DiskOfANode, AReplacedFileIsTheOldOneOrTheNewOneWhole) {
  say("r old");
  say("r new", 1_ms);
  world_.apply(CrashMachine{"n"});
  world_.apply(Restart{"n"});
  EXPECT_EQ(found(kVote), Texts{"old"});
  say("r new");
  world_.apply(CrashMachine{"n"});
  world_.apply(Restart{"n"});
  EXPECT_EQ(found(kVote), Texts{"new"});
}

TEST_F(DiskOfANode, AnUnsyncedTruncationIsUndoneByAMachineCrash) {
  say("w a");
  say("w b");
  say("t 1", 1_ms);
  world_.apply(CrashMachine{"n"});
  world_.apply(Restart{"n"});
  EXPECT_EQ(found(kLog), (Texts{"a", "b"}));
  say("t 1");
  say("w c");
  world_.apply(CrashMachine{"n"});
  world_.apply(Restart{"n"});
  EXPECT_EQ(found(kLog), (Texts{"a", "c"}));
}

TEST_F(DiskOfANode, ALostDiskIsEmpty) {
  say("w a");
  world_.apply(LoseDisk{"n"});
  world_.apply(Restart{"n"});
  EXPECT_EQ(found(kLog), Texts{});
}

TEST_F(DiskOfANode, AFullDiskRefusesAndEndsTheStep) {
  world_.apply(FullDisk{"n"});
  say("w a");
  EXPECT_EQ(heard(world_, n), (Texts{"'w a' from operator", "disk failed 0"}));
  world_.apply(FullDisk{"n", Space::Free});
  say("w b");
  EXPECT_EQ(heard(world_, n).back(), "'b' from 0");
}

TEST_F(DiskOfANode, AStalledDiskAnswersAfterTheStall) {
  world_.apply(StallDisk{"n", 1_s});
  say("w a", 999_ms);
  EXPECT_EQ(heard(world_, n).back(), "'a?' from 0");
  run(1_ms);
  EXPECT_EQ(heard(world_, n).back(), "'a' from 0");
}

TEST_F(DiskOfANode, OneFsyncAnswersAllThatWroteBeforeItBegan) {
  world_.poke(n, word("w a"));
  for (int i = 0; i < 20; ++i) world_.poke(n, word("w b"));
  run(4_ms);  // the first fsync, and one for all the others
  EXPECT_EQ(std::ranges::count(heard(world_, n), "'b' from 0"), 20);
}

TEST(Disk, AnFsyncCoversWhatWasThereWhenItBegan) {
  Disk disk;
  disk.append(kLog, word("a"), Instant{});
  const std::uint32_t sync = disk.begin_sync(kAllFiles);
  disk.append(kLog, word("b"), Instant{});
  disk.finish_sync(sync);
  EXPECT_EQ(words(disk.durable_content().at(kLog)), Texts{"a"});
  EXPECT_EQ(words(disk.content().at(kLog)), (Texts{"a", "b"}));
}

TEST(Disk, ATruncationDuringAnFsyncDoesNotChangeWhatTheFsyncCovers) {
  Disk disk;
  disk.append(kLog, word("a"), Instant{});
  disk.append(kLog, word("b"), Instant{});
  const std::uint32_t sync = disk.begin_sync(kAllFiles);
  disk.truncate(kLog, 0);
  disk.append(kLog, word("c"), Instant{});
  disk.finish_sync(sync);
  EXPECT_EQ(words(disk.durable_content().at(kLog)), (Texts{"a", "b"}));
  disk.finish_sync(disk.begin_sync(kAllFiles));
  EXPECT_EQ(words(disk.durable_content().at(kLog)), Texts{"c"});
}

TEST(Journal, ACopyDoesNotSeeWhatTheOriginalWritesLater) {
  Journal journal;
  for (int i = 0; i < 40; ++i) journal.append(word(std::to_string(i)));
  const Journal copy = journal;
  const Journal prefix = journal.prefix(35);
  journal.truncate(35);
  journal.append(word("x"));
  journal.drop_before(33);
  EXPECT_EQ(puppet::text_of(copy.at(35)), "35");
  EXPECT_EQ(copy.end(), 40u);
  EXPECT_EQ(prefix.end(), 35u);
  EXPECT_EQ(puppet::text_of(journal.at(33)), "33");
  EXPECT_EQ(puppet::text_of(journal.at(35)), "x");
  EXPECT_EQ(journal.first(), 33u);
}

}  // namespace
}  // namespace sim
