#include "tests/tools/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "tests/support/zookeeper_server.h"

// What a person gets wrong, and whether the message helps.
namespace {

using tests::contains;
using tests::golden;
using tests::run;
using tools::ExitCode;

TEST(CommandLine, EveryVerbExplainsItselfWithExamples) {
  for (const tools::Verb& verb : tools::verbs()) {
    const auto help = run({std::string(verb.name), "--help"});
    EXPECT_EQ(help.code, ExitCode::Good);
    EXPECT_GE(verb.examples.size(), 3u) << verb.name;
    for (const tools::Example& example : verb.examples)
      EXPECT_TRUE(contains(help.out, example.command)) << verb.name;
    EXPECT_TRUE(contains(run({"--help"}).out, verb.name));
  }
}

TEST(CommandLine, AnUnknownVerbOrFlagIsAnsweredWithASuggestion) {
  const auto verb = run({"inspct"});
  EXPECT_EQ(verb.code, ExitCode::Usage);
  EXPECT_TRUE(contains(verb.err, "Did you mean 'inspect'?")) << verb.err;
  const auto flag = run({"diff", "--form", "x"});
  EXPECT_EQ(flag.code, ExitCode::Usage);
  EXPECT_TRUE(contains(flag.err, "Did you mean '--from'?")) << flag.err;
  EXPECT_EQ(run({"inspect", "--output", "xml", "x"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"inspect"}).code, ExitCode::Usage);
}

TEST(CommandLine, AMissingPathIsSaidToBeMissing) {
  const auto ran = run({"inspect", "/no/such/folder"});
  EXPECT_EQ(ran.code, ExitCode::Usage);
  EXPECT_TRUE(contains(ran.err, "there is no such file or folder")) << ran.err;
  EXPECT_TRUE(contains(ran.err, "host:port")) << ran.err;
}

TEST(CommandLine, AnEmptyFolderAndOneOfNeitherStoreAreToldApart) {
  const tests::ScratchFolder scratch;
  const auto empty = run({"inspect", scratch.path().string()});
  EXPECT_EQ(empty.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(empty.err, "this folder is empty")) << empty.err;
  std::ofstream(scratch.path() / "notes.txt") << "hello, this is neither\n";
  const auto neither = run({"inspect", scratch.path().string()});
  EXPECT_EQ(neither.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(neither.err, "neither a ZooKeeper database nor a metadata log"))
      << neither.err;
  const auto file = run({"inspect", (scratch.path() / "notes.txt").string()});
  EXPECT_EQ(file.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(file.err, "this file is neither")) << file.err;
}

TEST(CommandLine, AFolderAboveTheSourcesPointsToThem) {
  const auto ran = run({"inspect", golden("sample/p3-hybrid").string()});
  EXPECT_EQ(ran.code, ExitCode::Usage);
  EXPECT_TRUE(contains(ran.err, "zk-1 (ZooKeeper)")) << ran.err;
  EXPECT_TRUE(contains(ran.err, "controller-3000 (KRaft)")) << ran.err;
}

TEST(CommandLine, TransactionLogsWithoutASnapshotAreIncomplete) {
  const tests::ScratchFolder scratch;
  const auto zookeeper = scratch.copy_of("sample/p3-hybrid/zk-1", "zk");
  for (const auto& entry : std::filesystem::directory_iterator(zookeeper / "version-2")) {
    if (entry.path().filename().string().starts_with("snapshot."))
      std::filesystem::remove(entry.path());
  }
  const auto ran = run({"inspect", zookeeper.string()});
  EXPECT_EQ(ran.code, ExitCode::Unknown) << ran.err;
  EXPECT_TRUE(contains(ran.err, "snapshot")) << ran.err;
  for (const auto& entry : std::filesystem::directory_iterator(zookeeper / "version-2")) {
    std::filesystem::remove(entry.path());
  }
  EXPECT_EQ(run({"inspect", (zookeeper / "version-2").string()}).code, ExitCode::Malformed);
}

TEST(CommandLine, ADamagedLogIsMalformed) {
  const tests::ScratchFolder scratch;
  const auto kraft = scratch.copy_of("sample/p3-hybrid/controller-3000", "controller");
  const auto segment = kraft / "__cluster_metadata-0/00000000000000000000.log";
  std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2000);
  file.write("damaged", 7);
  file.close();
  const auto ran = run({"inspect", kraft.string()});
  EXPECT_EQ(ran.code, ExitCode::Malformed) << ran.out;
  EXPECT_TRUE(contains(ran.out, "00000000000000000000.log at byte 1935 (0x78f)")) << ran.out;
}

TEST(CommandLine, AMomentThatIsNoneIsAUsageError) {
  const auto source = golden("sample/p3-hybrid/zk-1").string();
  EXPECT_EQ(run({"inspect", "--at", "yesterday", source}).code, ExitCode::Usage);
  EXPECT_EQ(run({"inspect", "--at", "0x7fffffff", source}).code, ExitCode::Unknown);
  EXPECT_EQ(run({"inspect", "--chroot", "/no/such", source}).code, ExitCode::Usage);
  EXPECT_EQ(run({"inspect", "--chroot", "/config", source}).code, ExitCode::Unknown);
  EXPECT_EQ(run({"inspect", "--secret", "/no/such", source}).code, ExitCode::Usage);
}

TEST(CommandLine, AnEnsembleThatIsNotThereIsNamed) {
  const std::string address = "127.0.0.1:" + std::to_string(tests::free_port());
  const auto ran = run({"inspect", address});
  EXPECT_EQ(ran.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(ran.err, "nobody accepts connections there")) << ran.err;
}

TEST(CommandLine, AHostThatNobodyKnowsIsAMisspelling) {
  const auto ran = run({"inspect", "no-such-host.invalid:2181"});
  EXPECT_NE(ran.code, ExitCode::Good);
  EXPECT_TRUE(contains(ran.err, "no host of this name is known")) << ran.err;
}

TEST(CommandLine, AMisspeltFieldOfAScenarioIsNamedWithItsPlaceAndTheRightOne) {
  const tests::ScratchFolder scratch;
  const std::string file = (scratch.path() / "mine.txtpb").string();
  std::ofstream(file) << "why: \"a slip\"\ncluster { zookeeperz: 3 }\n";
  const auto ran = run({"run", file});
  EXPECT_EQ(ran.code, ExitCode::Usage);
  EXPECT_TRUE(contains(ran.err, file + ":2:11: there is no field 'zookeeperz'")) << ran.err;
  EXPECT_TRUE(contains(ran.err, "Did you mean 'zookeepers'?")) << ran.err;
}

// The gravest of several sources' codes is the program's.
TEST(CommandLine, OneBadSourceDoesNotHideTheOthers) {
  const auto ran = run({"inspect", "/no/such/folder", golden("sample/p3-hybrid/zk-1").string()});
  EXPECT_EQ(ran.code, ExitCode::Usage);
  EXPECT_TRUE(contains(ran.out, "S4-S5")) << ran.out;
}

}  // namespace
