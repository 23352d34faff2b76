#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/zookeeper_server.h"
#include "tests/tools/command_line.h"
#include "zk/live/client.h"

// `zk2kraft drive` as a person meets it. What the driver does on a real ensemble is tests/contracts' business.
namespace tools {
namespace {

using tests::contains;
using tests::run;

struct WrongCommand {
  std::vector<std::string> words;
  std::string said;
};

TEST(DriveVerb, SaysWhatIsWrongWithTheCommandLineBeforeItAsksAnyServer) {
  const std::vector<std::string> nobody{"drive", "--zk", "127.0.0.1:1"};
  const std::vector<WrongCommand> wrong{
      {{"drive"}, "no ensemble is named"},
      {{"--until", "finalised"}, "Write claim, copy or dual-write"},
      {{"--time-limit", "soon"}, "--time-limit soon is no duration"},
      {{"--change", "create_topik { name: \"a\" }"}, "create_topic"},
      {{"--change", ""}, "says not what to change"},
      {{"--change", "create_topic { name: \"a\" }", "--until", "copy"}, "before dual write"},
      {{"--inject", "crash zk:leader on migrate.CopyBatch 1"},
       "strikes the ensemble, which is real"},
      {{"--inject", "crash"}, "--inject"},
      {{"--do", "kill -9 4711"}, "does not say when"},
      {{"--do", "kill -9 4711 on migrate.CopyBotch"}, "migrate.CopyBatch"},
      {{"--do", "kill -9 4711 at 12s"}, "does not say when"},
      {{"--auth", "sasl:me:secret"}, "only the scheme digest"},
      {{"--disks"}, "required argument"},
      {{ZK2KRAFT_SOURCE_DIR "/scenarios/topology.txtpb"}, "the ensemble has its own"},
      {{ZK2KRAFT_SOURCE_DIR "/scenarios/plain.txtpb"}, "no producers and consumers"},
  };
  for (const WrongCommand& each : wrong) {
    std::vector<std::string> words = each.words;
    if (words.front() != "drive") words.insert(words.begin(), nobody.begin(), nobody.end());
    const auto ran = run(words);
    EXPECT_EQ(ran.code, ExitCode::Usage) << each.words.back() << ": " << ran.err;
    EXPECT_TRUE(contains(ran.err, each.said)) << each.words.back() << ": " << ran.err;
    EXPECT_EQ(ran.out, "") << each.words.back();
  }
}

TEST(DriveVerb, SaysThatNobodyListens) {
  const auto ran = run({"drive", "--zk", "127.0.0.1:1"});
  EXPECT_EQ(ran.code, ExitCode::Malformed) << ran.err;
  EXPECT_TRUE(contains(ran.err, "nobody accepts connections there")) << ran.err;
}

class DriveOnAServer : public testing::Test {
 protected:
  void SetUp() override {
    if (!tests::ZooKeeperServer::is_installed())
      GTEST_SKIP() << "needs the Debian package zookeeper";
    server_ = std::make_unique<tests::ZooKeeperServer>(
        scratch_.copy_of("sample/p0-zookeeper/zk-1", "zk"));
  }
  void write(zk::Request request) {
    auto client = zk::live::Client::open({.hosts = server_->address()});
    ASSERT_TRUE(client.has_value());
    client->submit(zk::CallId(1), std::move(request));
    while (const auto event = client->next(std::chrono::seconds(20))) {
      if (std::holds_alternative<zk::Reply>(*event)) return;
    }
  }
  tests::ScratchFolder scratch_;
  std::unique_ptr<tests::ZooKeeperServer> server_;
};

TEST_F(DriveOnAServer, WritesOnlyWhereTheMarkerSaysSo) {
  const auto unmarked = run({"drive", "--zk", server_->address()});
  EXPECT_EQ(unmarked.code, ExitCode::Usage) << unmarked.err;
  EXPECT_TRUE(contains(unmarked.err, "create /zk2kraft-scratch may-be-overwritten"))
      << unmarked.err;
  write(zk::Create{.path = "/zk2kraft-scratch", .data = "yes"});
  const auto wrong = run({"drive", "--zk", server_->address()});
  EXPECT_EQ(wrong.code, ExitCode::Usage);
  EXPECT_TRUE(contains(wrong.err, "does not hold the words may-be-overwritten")) << wrong.err;

  write(zk::SetData{.path = "/zk2kraft-scratch", .data = "may-be-overwritten"});
  const auto elsewhere = run({"drive", "--zk", server_->address() + "/elsewhere"});
  EXPECT_EQ(elsewhere.code, ExitCode::Usage) << "the marker of another chroot says nothing";
  const std::string disks = (scratch_.path() / "disks").string();
  const auto ran = run({"drive", "--zk", server_->address(), "--until", "claim", "--disks", disks,
                        "--output", "json"});
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.err;
  const auto said = nlohmann::json::parse(ran.out);
  EXPECT_EQ(said["verdict"], "reached");
  EXPECT_EQ(said["claims"].size(), 1U);
  EXPECT_EQ(said["claims"][0]["controller"], 3000);
  EXPECT_FALSE(said.contains("copy"));
  EXPECT_EQ(said["disks"][0], disks + "/controller-3000");
  EXPECT_TRUE(contains(ran.err, "claims /controller")) << "the story is told on stderr";

  const auto late =
      run({"drive", "--zk", server_->address(), "--disks", disks, "--time-limit", "20ms", "-q"});
  EXPECT_EQ(late.code, ExitCode::Finding) << late.err;
  EXPECT_TRUE(contains(late.out, "not reached")) << late.out;
  EXPECT_EQ(late.err, "");
}

TEST_F(DriveOnAServer, InterruptedInMidCopyItKeepsTheDisksAndIsGoneOnWith) {
  write(zk::Create{.path = "/zk2kraft-scratch", .data = "may-be-overwritten"});
  const std::vector<std::string> words{
      "drive",   ZK2KRAFT_SOURCE_DIR "/scenarios/mirror.txtpb", "--zk",     server_->address(),
      "--disks", (scratch_.path() / "disks").string(),          "--output", "json",
      "-q"};
  std::vector<std::string> first = words;
  first.insert(first.end(), {"--do", "kill -TERM $PPID on migrate.CopyBatch 2"});
  const auto half = run(first);
  EXPECT_EQ(half.code, ExitCode::Interrupted) << half.err;
  const auto said = nlohmann::json::parse(half.out);
  EXPECT_EQ(said["verdict"], "interrupted");
  EXPECT_FALSE(said["copy"].contains("endOffset"));
  EXPECT_EQ(said["disks"].size(), 1U);
  const auto whole = run(words);
  EXPECT_EQ(whole.code, ExitCode::Good) << whole.err << whole.out;
  const auto then = nlohmann::json::parse(whole.out);
  EXPECT_EQ(then["stores"]["verdict"], "equal");
  EXPECT_EQ(then["changes"].size(), 4U);
  EXPECT_GT(then["claims"][0]["kraftEpoch"], said["claims"][0]["kraftEpoch"]);
}

TEST_F(DriveOnAServer, ItAsksForCredentialsWhereZnodesAreGuarded) {
  write(zk::Create{.path = "/zk2kraft-scratch", .data = "may-be-overwritten"});
  // Of user:password, as DigestAuthenticationProvider makes it.
  write(zk::SetAcl{
      .path = "/brokers/topics",
      .acl = {{.perms = 31, .scheme = "digest", .id = "user:tpUq/4Pn5A64fVZyQ0gOJ8ZWqkY="}}});
  const auto alone = run({"drive", "--zk", server_->address()});
  EXPECT_EQ(alone.code, ExitCode::Unknown) << alone.err;
  EXPECT_TRUE(contains(alone.err, "/brokers/topics: it may not be read: NoAuth")) << alone.err;
  EXPECT_TRUE(contains(alone.err, "--auth digest:USER:PASSWORD")) << alone.err;
  const auto wrong = run({"drive", "--zk", server_->address(), "--auth", "digest:user:guess"});
  EXPECT_EQ(wrong.code, ExitCode::Unknown) << wrong.err;
}

}  // namespace
}  // namespace tools
