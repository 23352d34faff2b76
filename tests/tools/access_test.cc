#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/tools/command_line.h"

// `zk2kraft inspect --can` on a captured cluster: may this principal do that, by both authorizers?
namespace {

using tests::golden;
using tests::run;
using tools::ExitCode;

struct Answer {
  std::string zookeeper;
  std::string kraft;
  std::string why;
  ExitCode code = ExitCode::Internal;
};

Answer ask(const std::string& source, const std::string& can, const std::string& principal,
           std::vector<std::string> more = {}) {
  std::vector<std::string> words{"inspect", "--output", "json",        golden(source).string(),
                                 "--can",   can,        "--principal", principal};
  words.insert(words.end(), more.begin(), more.end());
  const auto ran = run(words);
  if (ran.out.empty()) return {.why = ran.err, .code = ran.code};
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json.at("exitCode"), static_cast<int>(ran.code));
  return {.zookeeper = json.at("aclAuthorizer").at("outcome"),
          .kraft = json.at("standardAuthorizer").at("outcome"),
          .why = json.at("standardAuthorizer").at("why"),
          .code = ran.code};
}

constexpr auto kZooKeeper = "sample/p3-hybrid/zk-1";
constexpr auto kKRaft = "sample/p3-hybrid/controller-3000";

TEST(InspectCan, BothStoresGiveTheSameAnswers) {
  for (const char* source : {kZooKeeper, kKRaft}) {
    const Answer reads = ask(source, "READ:TOPIC:orders", "User:alice");
    EXPECT_EQ(reads.zookeeper, "ALLOWED");
    EXPECT_EQ(reads.kraft, "ALLOWED");
    EXPECT_EQ(reads.code, ExitCode::Good);
    EXPECT_EQ(reads.why, "ALLOW READ to User:alice from * on TOPIC LITERAL 'orders'");
    EXPECT_EQ(ask(source, "alter:topic:orders", "User:alice").kraft, "DENIED");
    // The name is all that is left behind the second colon.
    EXPECT_EQ(ask(source, "READ:GROUP:a:b", "User:CN=web,O=Acme").kraft, "ALLOWED");
  }
}

TEST(InspectCan, AHostCountsAsItIsWritten) {
  const std::string bob = "User:bob@example.org";
  EXPECT_EQ(ask(kZooKeeper, "DESCRIBE:TOPIC:payments", bob).kraft, "DENIED");
  EXPECT_EQ(ask(kZooKeeper, "DESCRIBE:TOPIC:payments", bob, {"--host", "127.0.0.1"}).kraft,
            "ALLOWED");
  EXPECT_EQ(ask(kZooKeeper, "DESCRIBE:TOPIC:payments", bob, {"--host", "::1"}).kraft, "DENIED");
}

TEST(InspectCan, SettingsOfTheBrokersCount) {
  EXPECT_EQ(ask(kZooKeeper, "WRITE:TOPIC:none", "User:root").kraft, "DENIED");
  EXPECT_EQ(ask(kZooKeeper, "WRITE:TOPIC:none", "User:root", {"--super-users", "User:root"}).kraft,
            "ALLOWED");
  EXPECT_EQ(ask(kZooKeeper, "WRITE:TOPIC:none", "User:root", {"--allow-everyone"}).kraft,
            "ALLOWED");
  const Answer broken =
      ask(kZooKeeper, "WRITE:TOPIC:none", "User:root", {"--super-users", "User:a;;User:root"});
  EXPECT_EQ(broken.zookeeper, "NOT_STARTED");
  EXPECT_EQ(broken.kraft, "ALLOWED");
}

// alice may read every group; "*all" begins with the wildcard, where KRaft's authorizer skips it.
TEST(InspectCan, WhatTheMigrationChangesIsAFinding) {
  const Answer changed = ask(kZooKeeper, "READ:GROUP:*all", "User:alice");
  EXPECT_EQ(changed.zookeeper, "ALLOWED");
  EXPECT_EQ(changed.kraft, "DENIED");
  EXPECT_EQ(changed.code, ExitCode::Finding);
}

TEST(InspectCan, SaysWhatIsWrongWithAQuestion) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--can", "READ:orders", "--principal", "User:a"},
        {"--can", "REED:TOPIC:o", "--principal", "User:a"},
        {"--can", "READ:TOPICS:o", "--principal", "User:a"},
        {"--can", "READ:TOPIC:o", "--principal", "alice"},
        {"--can", "READ:TOPIC:o"},
        {"--can", "READ:TOPIC:o", "--principal", "User:a", "--host", "broker1.acme.org"},
        {"--principal", "User:a"}}) {
    std::vector<std::string> all{"inspect", golden(kZooKeeper).string()};
    all.insert(all.end(), words.begin(), words.end());
    const auto ran = run(all);
    EXPECT_EQ(ran.code, ExitCode::Usage) << ran.out;
    EXPECT_FALSE(ran.err.empty());
  }
}

}  // namespace
