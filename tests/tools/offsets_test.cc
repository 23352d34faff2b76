#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "tests/sim/kafka/disk/group_log_builder.h"
#include "tests/tools/command_line.h"

// `inspect --groups`, `diff --offsets` and `dump` on what real brokers wrote
// (tests/golden/README.md), and on what was done to it.
namespace {

using nlohmann::json;
using tests::contains;
using tests::golden;
using tests::run;
using tools::ExitCode;
namespace fs = std::filesystem;

const std::vector<std::string> kRounds{"killed", "gzip", "snappy", "lz4", "zstd", "consumer"};

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

std::string name_of(const json& line) {
  std::string name = line.at("kind").get<std::string>() + " " + line.at("group").get<std::string>();
  if (line.contains("memberId")) name += " " + line.at("memberId").get<std::string>();
  if (line.contains("topic"))
    name += " " + line.at("topic").get<std::string>() + "-" +
            std::to_string(line.at("partition").get<int>());
  return name;
}

// By name, the lines that the admin client has words for.
std::map<std::string, json> known_to_admin(const std::vector<json>& lines) {
  const std::set<std::string> kinds{"group", "member", "offset"};
  std::map<std::string, json> named;
  for (const json& line : lines) {
    if (!kinds.contains(line.at("kind").get<std::string>())) continue;
    EXPECT_TRUE(named.emplace(name_of(line), line).second) << name_of(line);
  }
  return named;
}

// The words of the admin client for what has none in a log, as GroupFiles.java has them: a group
// that only commits is a classic one with an assignor "", and one of the new protocol has the
// broker's default assignor unless a member asks for another.
json as_admin(const std::string& field, const json& ours, const json& theirs) {
  const json& told = ours.at(field);
  if (field == "type" && told == "Simple") return "Classic";
  if (field == "protocol" && told.is_null())
    return theirs.at("type") == "Consumer" ? theirs.at(field) : json("");
  return told;
}

// What the admin client said of the live brokers, our reading of their files says field by field.
TEST(Groups, AreWhatTheAdminClientSaidOfTheLiveBroker) {
  for (const std::string& round : kRounds) {
    const fs::path folder = golden("offsets/" + round);
    const auto ran = run({"inspect", "--groups", "--output", "jsonl", (folder / "data").string()});
    EXPECT_EQ(ran.code, ExitCode::Good) << round << ": " << ran.err;
    auto ours = known_to_admin(lines_of(ran.out));
    const auto theirs = known_to_admin(lines_of(tests::contents(folder / "oracle.jsonl")));
    EXPECT_GT(theirs.size(), 20U);
    for (const auto& [name, line] : theirs) {
      ASSERT_TRUE(ours.contains(name)) << round << ": Kafka has " << name;
      for (const auto& [field, value] : line.items()) {
        EXPECT_EQ(as_admin(field, ours[name], line), value)
            << round << ": " << name << ": " << field;
      }
      ours.erase(name);
    }
    EXPECT_TRUE(ours.empty()) << round << ": only we have "
                              << (ours.empty() ? "" : ours.begin()->first);
  }
}

// kafka-dump-log --offsets-decoder of the same segments, kept in the form of our lines.
TEST(Groups, AreDumpedAsKafkaDumpLogDumpsThem) {
  for (const std::string& round : kRounds) {
    const fs::path folder = golden("offsets/" + round);
    std::vector<std::string> words{"dump"};
    for (const fs::path& file : tests::golden_files_in(folder / "data", ".log")) {
      if (contains(file.string(), "__consumer_offsets-")) words.push_back(file.string());
    }
    const auto ran = run(words);
    EXPECT_EQ(ran.code, ExitCode::Good) << round << ": " << ran.err;
    std::vector<json> ours = lines_of(ran.out);
    for (json& line : ours) line.erase("file");
    const std::vector<json> theirs = lines_of(tests::contents(folder / "dump-log.jsonl"));
    ASSERT_EQ(ours.size(), theirs.size()) << round;
    for (std::size_t i = 0; i < ours.size(); ++i)
      EXPECT_EQ(ours[i], theirs[i]) << round << " line " << i + 1;
  }
}

TEST(Groups, TextTellsPeopleOfEachGroupAndOffset) {
  const auto ran = run({"inspect", "--groups", (golden("offsets/killed") / "data").string()});
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.err;
  for (const char* part :
       {"offsets topic       4 partitions in 4 replicas", "killed-live", "Classic, Stable",
        "generation", "pending, of producer", "killed-a-0", "expires", "static, instance-"})
    EXPECT_TRUE(contains(ran.out, part)) << part << "\n" << ran.out;
  const auto one =
      run({"inspect", "--group", "killed-cut", (golden("offsets/killed") / "data").string()});
  EXPECT_TRUE(contains(one.out, "deleted 20")) << one.out;
  EXPECT_FALSE(contains(one.out, "killed-live"));
}

TEST(Groups, APartitionAFolderAndABrokersDirectoryAreTaken) {
  const tests::ScratchFolder scratch;
  const fs::path fleet = scratch.path() / "fleet/host-1/broker-1/log-dir-1";
  fs::create_directories(fleet.parent_path());
  fs::copy(golden("offsets/killed/data"), fleet, fs::copy_options::recursive);
  const auto whole =
      run({"inspect", "--groups", "--output", "jsonl", (scratch.path() / "fleet").string()});
  EXPECT_EQ(whole.code, ExitCode::Good) << whole.err;
  EXPECT_TRUE(contains(whole.out, R"("offsetsPartition":3)"));
  const auto one =
      run({"inspect", "--groups", "--output", "jsonl", (fleet / "__consumer_offsets-3/").string()});
  EXPECT_EQ(one.code, ExitCode::Good) << one.err;
  EXPECT_EQ(lines_of(one.out).front().at("offsetsPartition"), 3);
}

TEST(Groups, WhatIsNoneIsRefusedWithARemedy) {
  EXPECT_EQ(run({"inspect", "--groups", "/nonexistent"}).code, ExitCode::Usage);
  const tests::ScratchFolder scratch;
  const auto empty = run({"inspect", "--groups", scratch.path().string()});
  EXPECT_EQ(empty.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(empty.err, "tools/collect --offsets")) << empty.err;
  EXPECT_EQ(run({"inspect", "--groups", "--retention-minutes", "0", scratch.path().string()}).code,
            ExitCode::Usage);
  const auto metadata =
      run({"inspect", (golden("offsets/killed") / "data/__consumer_offsets-3").string()});
  EXPECT_EQ(metadata.code, ExitCode::Usage);
  EXPECT_TRUE(contains(metadata.err, "inspect --groups")) << metadata.err;
  fs::create_directories(scratch.path() / "__consumer_offsets-3");
  const auto none = run({"dump", (scratch.path() / "__consumer_offsets-3").string()});
  EXPECT_EQ(none.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(none.err, "no log segment")) << none.err;
}

// ── Damage ──────────────────────────────────────────────────────────────────────────────────────

TEST(Groups, ADamagedBatchIsNamedAndTheRestIsPrinted) {
  const tests::ScratchFolder scratch;
  tests::GroupLogBuilder log;
  log.batch({tests::commit_of("first", 0, 1)})
      .batch({tests::commit_of("second", 0, 2)})
      .batch({tests::commit_of("third", 0, 3)});
  log.bytes()[log.starts()[1] + 70] ^= 1;
  log.write(scratch.path());
  const auto ran = run({"inspect", "--groups", scratch.path().string()});
  EXPECT_EQ(ran.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(ran.err, "00000000000000000000.log")) << ran.err;
  EXPECT_TRUE(contains(ran.out, "first") && contains(ran.out, "third")) << ran.out;
  EXPECT_FALSE(contains(ran.out, "second"));
}

TEST(Groups, ATornTailIsSaidAndNothingIsWrong) {
  const tests::ScratchFolder scratch;
  tests::GroupLogBuilder log;
  log.batch({tests::commit_of("first", 0, 1)}).batch({tests::commit_of("second", 0, 2)});
  log.bytes().resize(log.bytes().size() - 5);
  log.write(scratch.path());
  const auto ran = run({"inspect", "--groups", scratch.path().string()});
  EXPECT_EQ(ran.code, ExitCode::Good);
  EXPECT_TRUE(contains(ran.err, "Kafka cuts this off")) << ran.err;
}

// Broker 1 led and lost its last record with the machine; broker 2 leads since, at a higher epoch.
TEST(Groups, OfTwoReplicasTheHigherEpochIsBelievedAndTheDisagreementSaid) {
  const tests::ScratchFolder scratch;
  tests::GroupLogBuilder one;
  one.batch({tests::commit_of("g", 0, 1)})
      .batch({tests::commit_of("g", 1, 9)})
      .batch({tests::commit_of("g", 2, 9)});
  tests::GroupLogBuilder two;
  two.batch({tests::commit_of("g", 0, 1)}).batch({tests::commit_of("g", 1, 5)}, {.epoch = 1});
  one.write(scratch.path() / "broker-1");
  two.write(scratch.path() / "broker-2");
  const auto ran = run({"inspect", "--groups", "--output", "jsonl", scratch.path().string()});
  EXPECT_EQ(ran.code, ExitCode::Unknown);
  EXPECT_TRUE(contains(ran.err, "disagree on 2 keys")) << ran.err;
  EXPECT_TRUE(contains(ran.out, R"("partition":1,"offset":5)")) << ran.out;
}

// What broker 1 had written down as committed is no reason to believe it: it is not the leader's
// log any more, and will be cut.
TEST(Groups, AHighWatermarkOfAnEarlierLeaderDoesNotHideAnUncleanElection) {
  const tests::ScratchFolder scratch;
  tests::GroupLogBuilder old_leader, new_leader;
  old_leader.batch({tests::commit_of("g", 0, 1)}).batch({tests::commit_of("g", 0, 9)});
  old_leader.batch({tests::commit_of("g", 1, 9)});
  new_leader.batch({tests::commit_of("g", 0, 1)})
      .batch({tests::commit_of("h", 0, 5)}, {.epoch = 1});
  old_leader.write(scratch.path() / "before/broker-1");
  old_leader.write(scratch.path() / "after/broker-1");
  new_leader.write(scratch.path() / "after/broker-2");
  for (const char* capture : {"before", "after"}) {
    std::ofstream(scratch.path() / capture / "broker-1/replication-offset-checkpoint")
        << "0\n1\n__consumer_offsets 0 3\n";
  }
  const std::string after = (scratch.path() / "after").string();
  const auto groups = run({"inspect", "--groups", "--output", "jsonl", after});
  EXPECT_EQ(groups.code, ExitCode::Unknown);
  EXPECT_TRUE(contains(groups.err, "broker-2 was believed")) << groups.err;
  EXPECT_FALSE(contains(groups.out, R"("offset":9)")) << groups.out;
  const auto diff = run({"diff", "--offsets", (scratch.path() / "before").string(), after});
  EXPECT_EQ(diff.code, ExitCode::Finding) << diff.out;
  EXPECT_TRUE(contains(diff.out, "log-lost")) << diff.out;
}

// One that has only not fetched the last record yet does not disagree; nor one whose cleaner was
// slower.
TEST(Groups, AReplicaThatLagsBehindOrIsLessCompactedDoesNotDisagree) {
  const tests::ScratchFolder scratch;
  tests::GroupLogBuilder behind, leader, compacted;
  behind.batch({tests::commit_of("g", 0, 1)}).batch({tests::commit_of("g", 0, 2)});
  leader.batch({tests::commit_of("g", 0, 1)})
      .batch({tests::commit_of("g", 0, 2)})
      .batch({tests::commit_of("g", 1, 3)});
  compacted.gap(1).batch({tests::commit_of("g", 0, 2)}).batch({tests::commit_of("g", 1, 3)});
  behind.write(scratch.path() / "broker-1");
  leader.write(scratch.path() / "broker-2");
  compacted.write(scratch.path() / "broker-3");
  const auto ran = run({"inspect", "--groups", scratch.path().string()});
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.err;
}

// ── Two captures ────────────────────────────────────────────────────────────────────────────────

TEST(OffsetsDiff, ACaptureIsEqualToItself) {
  const std::string data = (golden("offsets/killed") / "data").string();
  const auto ran = run({"diff", "--offsets", data, data});
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.err;
  EXPECT_TRUE(contains(ran.out, "verdict: good")) << ran.out;
}

// An unclean election: the log ends before commits that were acknowledged.
TEST(OffsetsDiff, ALogThatLostItsTailIsAFindingInEveryForm) {
  const tests::ScratchFolder scratch;
  const std::string before = (golden("offsets/killed") / "data").string();
  const fs::path after = scratch.copy_of("offsets/killed/data", "after");
  // Offsets of the group that committed 200 times end in the last segment.
  for (const fs::path& file : tests::golden_files_in(after / "__consumer_offsets-3", ".log")) {
    if (fs::file_size(file) > 4000) fs::resize_file(file, fs::file_size(file) / 2);
  }
  const auto text = run({"diff", "--offsets", before, after.string()});
  EXPECT_EQ(text.code, ExitCode::Finding) << text.out << text.err;
  EXPECT_TRUE(contains(text.out, "log-lost") || contains(text.out, "no-trace")) << text.out;
  const auto as_json =
      json::parse(run({"diff", "--offsets", "--output", "json", before, after.string()}).out);
  EXPECT_EQ(as_json.at("verdict"), "finding");
  const auto lines =
      lines_of(run({"diff", "--offsets", "--output", "jsonl", before, after.string()}).out);
  EXPECT_EQ(lines.size(), as_json.at("offsets").size() + 1);
  EXPECT_EQ(lines.front().at("verdict"), "finding");
  const auto junit = run({"diff", "--offsets", "--output", "junit", before, after.string()}).out;
  EXPECT_TRUE(contains(junit, "<failure")) << junit;
}

TEST(OffsetsDiff, APartitionThatIsNotInAfterIsUnknown) {
  const tests::ScratchFolder scratch;
  const std::string before = (golden("offsets/killed") / "data").string();
  const fs::path after = scratch.copy_of("offsets/killed/data", "after");
  fs::remove_all(after / "__consumer_offsets-3");
  const auto ran = run({"diff", "--offsets", before, after.string()});
  EXPECT_EQ(ran.code, ExitCode::Unknown) << ran.out;
  EXPECT_TRUE(contains(ran.out, "partition-not-captured")) << ran.out;
}

// FOLDER/before has a commit, and FOLDER/after its tombstone behind it.
void write_a_commit_and_its_tombstone(const fs::path& folder) {
  tests::GroupLogBuilder before, after;
  before.batch({tests::commit_of("g", 0, 1)});
  after.batch({tests::commit_of("g", 0, 1)}).batch({tests::tombstone_of("g", 0)});
  before.write(folder / "before");
  after.write(folder / "after");
}

TEST(OffsetsDiff, ATopicThatTheMetadataLacksExplainsATombstone) {
  const tests::ScratchFolder scratch;
  write_a_commit_and_its_tombstone(scratch.path());
  const std::vector<std::string> words{"diff", "--offsets", (scratch.path() / "before").string(),
                                       (scratch.path() / "after").string()};
  EXPECT_EQ(run(words).code, ExitCode::Finding);
  auto with_topics = words;
  with_topics.insert(
      with_topics.end(),
      {"--topics", (golden("offsets/killed") / "data/__cluster_metadata-0").string()});
  // That cluster has four partitions of it, so that the one is named.
  for (std::string& capture : std::span(with_topics).subspan(2, 2))
    capture += "/__consumer_offsets-0";
  const auto ran = run(with_topics);
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.out << ran.err;
  EXPECT_TRUE(contains(ran.out, "topic-deleted")) << ran.out;
}

// A topic that the metadata source could not read is not deleted by that.
TEST(OffsetsDiff, MetadataThatCannotBeReadExcusesNothing) {
  const tests::ScratchFolder scratch;
  write_a_commit_and_its_tombstone(scratch.path());
  const fs::path metadata = scratch.copy_of("offsets/killed/data/__cluster_metadata-0", "metadata");
  const fs::path log = tests::golden_files_in(metadata, ".log").front();
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(300);
  file.put('\x7f').put('\x7f').put('\x7f');
  file.close();
  const auto ran = run({"diff", "--offsets", (scratch.path() / "before").string(),
                        (scratch.path() / "after").string(), "--topics", metadata.string()});
  EXPECT_EQ(ran.code, ExitCode::Malformed) << ran.err;
  EXPECT_TRUE(contains(ran.err, "--topics says nothing")) << ran.err;
  EXPECT_TRUE(contains(ran.out, "deleted-before-its-time")) << ran.out;
}

TEST(OffsetsDiff, APartitionThatNeitherCaptureHasIsNamed) {
  const tests::ScratchFolder scratch;
  const fs::path data = scratch.copy_of("offsets/killed/data", "data");
  const fs::path one = data / "__consumer_offsets-3";
  const auto same = [](const fs::path& capture, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"diff", "--offsets", capture.string(), capture.string()};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  EXPECT_EQ(same(one).code, ExitCode::Good) << "whoever names one has it compared";
  fs::remove_all(data / "__consumer_offsets-1");
  const auto hole = same(data);
  EXPECT_EQ(hole.code, ExitCode::Unknown);
  EXPECT_TRUE(contains(hole.err, "neither capture has partition 1 of")) << hole.err;
  fs::remove_all(one);
  const auto told = same(data, {"--topics", (data / "__cluster_metadata-0").string()});
  EXPECT_TRUE(contains(told.err, "neither capture has partitions 1, 3 of")) << told.err;
}

TEST(OffsetsDiff, TwoCapturesAreNeededAndNothingElse) {
  EXPECT_EQ(run({"diff", "--offsets", "one"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"diff", "one", "two"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"diff", "--offsets", "/nonexistent", "/nonexistent"}).code, ExitCode::Usage);
}

// What would be ignored is refused.
TEST(OffsetsDiff, OptionsOfMetadataAndOfOffsetsDoNotMix) {
  const std::string data = (golden("offsets/killed") / "data").string();
  const auto refused = [](std::vector<std::string> words, const std::vector<std::string>& option) {
    words.insert(words.end(), option.begin(), option.end());
    const auto ran = run(words);
    EXPECT_EQ(ran.code, ExitCode::Usage) << option.front();
    EXPECT_TRUE(contains(ran.err, option.front() + " means nothing with")) << ran.err;
  };
  for (const std::vector<std::string>& option : std::vector<std::vector<std::string>>{
           {"--topics"},
           {"--canonical"},
           {"--can", "READ:TOPIC:orders", "--principal", "User:alice"},
           {"--at", "7"},
           {"--chroot", "/kafka"}})
    refused({"inspect", "--groups", data}, option);
  for (const std::vector<std::string>& option :
       std::vector<std::vector<std::string>>{{"--kind", "topics"}, {"--at", "7"}, {"--to-at", "7"}})
    refused({"diff", "--offsets", data, data}, option);
  refused({"inspect", data + "/__cluster_metadata-0"}, {"--retention-minutes", "5"});
  const std::string log = data + "/__cluster_metadata-0";
  for (const std::vector<std::string>& option : std::vector<std::vector<std::string>>{
           {"--topics", log}, {"--topics-before", log}, {"--retention-minutes", "5"}})
    refused({"diff", "--from", log, "--to", log}, option);
}

}  // namespace
