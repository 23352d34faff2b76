#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/support/zookeeper_server.h"
#include "tests/tools/command_line.h"
#include "zk/disk/recovery.h"
#include "zk/disk/snapshot.h"

// `zk2kraft inspect` on files of captured clusters and on a real server started from them.
namespace {

using nlohmann::json;
using tests::contains;
using tests::golden;
using tests::run;
using tools::ExitCode;

json inspected(const std::filesystem::path& source, std::vector<std::string> more = {}) {
  std::vector<std::string> words{"inspect", "--output", "json", source.string()};
  words.insert(words.end(), more.begin(), more.end());
  const auto ran = run(words);
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.err;
  return ran.out.empty() ? json() : json::parse(ran.out);
}

TEST(Inspect, TellsEachPhaseOfACapturedMigrationByEachStore) {
  const std::map<std::string, std::pair<std::string, std::string>> phases{
      {"sample/p0-zookeeper", {"S0", ""}},
      {"sample/p1-controllers-ready", {"S1-S2", "S1-S2"}},
      {"sample/p3-hybrid", {"S4-S5", "S4-S5"}},
      {"sample/p4-dual-write", {"S6-S8", "S6"}},
      {"sample/p5-finalised", {"S6-S8", "S7-S8"}},
      {"rollback_hybrid/p6-rolled-back", {"S0", "S4-S5"}}};
  // The documented way back removes /migration: ZooKeeper then shows nothing of it.
  for (const auto& [phase, expected] : phases) {
    const std::string zookeeper = inspected(golden(phase) / "zk-1").at("phase");
    EXPECT_TRUE(zookeeper.starts_with(expected.first)) << phase << ": " << zookeeper;
    if (expected.second.empty()) continue;
    const std::string kraft = inspected(golden(phase) / "controller-3000").at("phase");
    EXPECT_TRUE(kraft.starts_with(expected.second)) << phase << ": " << kraft;
  }
}

TEST(Inspect, BothStoresOfAHybridClusterCountTheSame) {
  const json zookeeper = inspected(golden("sample/p3-hybrid/zk-1"));
  const json kraft = inspected(golden("sample/p3-hybrid/controller-3000"));
  for (const char* what : {"clusterId", "topics", "partitions", "topicConfigs", "brokerConfigs",
                           "scramUsers", "acls", "delegationTokens"}) {
    EXPECT_EQ(zookeeper.at(what), kraft.at(what)) << what;
  }
  EXPECT_EQ(zookeeper.at("brokers").size(), 3u);
  EXPECT_EQ(zookeeper.at("controller").at("id"), 3000);
  EXPECT_EQ(zookeeper.at("migration").at("complete"), true);
  EXPECT_EQ(kraft.at("nodeId"), 3000);
}

// Each line of the server's own answers is a line of ours.
TEST(Inspect, JsonLinesAreTheZnodesThatTheServerShowed) {
  for (const char* phase : {"sample/p0-zookeeper", "gz/p0-zookeeper", "sample/p5-finalised"}) {
    const auto ran = run({"inspect", "--output", "jsonl", (golden(phase) / "zk-1").string()});
    ASSERT_EQ(ran.code, ExitCode::Good) << ran.err;
    std::map<std::string, json> ours;
    std::istringstream lines(ran.out);
    for (std::string line; std::getline(lines, line);) {
      json znode = json::parse(line);
      ours.emplace(znode.at("path"), std::move(znode));
    }
    std::ifstream oracle(golden(phase) / "zookeeper.jsonl");
    std::size_t same = 0;
    std::size_t all = 0;
    for (std::string line; std::getline(oracle, line); ++all) {
      const json znode = json::parse(line);
      const auto found = ours.find(znode.at("path"));
      if (found != ours.end() && found->second == znode) ++same;
    }
    EXPECT_GT(all, 50u);
    // The files were copied a moment after the server was asked.
    EXPECT_GE(same + 3, all) << phase;
  }
}

TEST(Inspect, TheClaimIsBeforeTheCopy) {
  const auto source = golden("sample/p5-finalised/zk-1");
  const json claim = inspected(source, {"--at", "claim"});
  EXPECT_EQ(claim.at("brokers").size(), 3u);
  EXPECT_EQ(claim.at("migration").at("complete"), false);
  const std::string zxid = claim.at("zxid");
  json again = inspected(source, {"--at", zxid});
  again["path"] = claim.at("path");
  EXPECT_EQ(again.dump(), claim.dump());
  const auto none = run({"inspect", "--at", "claim", golden("sample/p0-zookeeper/zk-1").string()});
  EXPECT_EQ(none.code, ExitCode::Unknown);
  EXPECT_TRUE(contains(none.err, "no KRaft controller claimed")) << none.err;
}

TEST(Inspect, AMetadataLogCanBeReadAsOfAnOffset) {
  const auto dir = golden("sample/p4-dual-write/controller-3000");
  const json early = inspected(dir, {"--at", "10"});
  const json late = inspected(dir);
  EXPECT_LT(early.at("topics"), late.at("topics"));
}

TEST(Inspect, SingleFilesAreSources) {
  const auto phase = golden("gz/p3-hybrid");
  std::size_t seen = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(phase / "controller-3000/__cluster_metadata-0")) {
    if (entry.path().extension() != ".log") continue;
    EXPECT_EQ(run({"inspect", entry.path().string()}).code, ExitCode::Good);
    ++seen;
  }
  for (const auto& entry : std::filesystem::directory_iterator(phase / "zk-1/version-2")) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("log.")) {
      EXPECT_EQ(run({"inspect", entry.path().string()}).code, ExitCode::Unknown) << name;
      ++seen;
    }
  }
  EXPECT_GE(seen, 2u);
}

TEST(Inspect, TopicsAndCanonicalTextAreTheSameFromBothStores) {
  const auto phase = golden("sample/p3-hybrid");
  const auto topics = run({"inspect", "--topics", (phase / "zk-1").string()});
  EXPECT_TRUE(contains(topics.out, "audit.log")) << topics.out;
  const auto lines_of = [](const std::filesystem::path& source) {
    std::vector<std::string> lines;
    std::istringstream text(run({"inspect", "--canonical", source.string()}).out);
    for (std::string line; std::getline(text, line);) {
      if (line.starts_with("topic ") || line.starts_with("config ")) lines.push_back(line);
    }
    return lines;
  };
  const auto zookeeper = lines_of(phase / "zk-1");
  EXPECT_GT(zookeeper.size(), 5u);
  EXPECT_EQ(zookeeper, lines_of(phase / "controller-3000"));
}

// Two clusters in one ensemble, each below a chroot, as operators have them.
TEST(Inspect, AClusterBelowAChrootIsFoundAndOneOfSeveralIsChosen) {
  const auto recovery = zk::disk::recover(golden("sample/p3-hybrid/zk-1"));
  ASSERT_TRUE(recovery);
  zk::Database copy;
  zk::Zxid zxid{0x100000000};
  const auto create = [&](const std::string& path, const zk::Data& data) {
    zxid = zxid.next();
    copy.apply({.zxid = zxid},
               zk::CreateTxn{.path = path, .data = data, .acl = zk::open_acl_unsafe()});
  };
  const auto copy_below = [&](const std::string& root) {
    create(root, std::nullopt);
    recovery->database.tree.for_each([&](std::string_view path, const zk::Znode& znode) {
      if (path != "/" && !path.starts_with("/zookeeper"))
        create(root + std::string(path), znode.data);
    });
  };
  const auto metadata = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"inspect", "--canonical"});
    std::string lines;
    std::istringstream text(run(words).out);
    for (std::string line; std::getline(text, line);) {
      if (line.starts_with("topic ") || line.starts_with("config ") || line.starts_with("acl "))
        lines += line + '\n';
    }
    return lines;
  };
  const tests::ScratchFolder scratch;
  const auto write = [&] {
    std::filesystem::create_directories(scratch.path() / "version-2");
    EXPECT_TRUE(zk::disk::write_snapshot(copy, scratch.path() / "version-2"));
  };
  const std::string expected = metadata({golden("sample/p3-hybrid/zk-1").string()});
  EXPECT_GT(expected.size(), 500u);
  copy_below("/odd name");
  write();
  EXPECT_EQ(metadata({scratch.path().string()}), expected);

  copy_below("/other");
  write();
  const auto several = run({"inspect", scratch.path().string()});
  EXPECT_EQ(several.code, ExitCode::Unknown);
  EXPECT_TRUE(contains(several.err, "/odd name, /other")) << several.err;
  EXPECT_EQ(metadata({"--chroot", "/other/", scratch.path().string()}), expected);
  EXPECT_EQ(metadata({"--chroot", "odd name", scratch.path().string()}), expected);
}

TEST(Inspect, ARunningServerSaysWhatItsFilesSay) {
  if (!tests::ZooKeeperServer::is_installed()) GTEST_SKIP() << "needs the Debian package zookeeper";
  const tests::ScratchFolder scratch;
  const auto files = golden("sample/p3-hybrid/zk-1");
  const auto expected = run({"inspect", "--canonical", files.string()});
  const tests::ZooKeeperServer server(scratch.copy_of("sample/p3-hybrid/zk-1", "zk"));
  const auto live = run({"inspect", "--canonical", server.address()});
  EXPECT_EQ(live.code, ExitCode::Good) << live.err;
  EXPECT_GT(expected.out.size(), 1000u);
  EXPECT_EQ(live.out, expected.out);
  const auto diff = run({"diff", "--from", server.address(), "--to",
                         golden("sample/p3-hybrid/controller-3000").string()});
  EXPECT_EQ(diff.code, ExitCode::Good) << diff.out << diff.err;
  // The past is in files alone.
  EXPECT_EQ(run({"inspect", "--at", "0x10", server.address()}).code, ExitCode::Usage);
  const auto nowhere = run({"inspect", "--chroot", "/no/such", server.address()});
  EXPECT_EQ(nowhere.code, ExitCode::Usage) << nowhere.err;
}

}  // namespace
