#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "migrate/check/check.h"
#include "tests/tools/command_line.h"
#include "tools/zk2kraft/check_report.h"

// `zk2kraft check` on captured clusters and on copies of them that something was done to.
namespace {

using nlohmann::json;
using tests::contains;
using tests::golden;
using tests::run;
using tools::ExitCode;

// What real clusters show in each phase: the phase, and every error and warning.
struct Captured {
  std::string cluster;
  std::string phase;
  std::set<std::string> errors;
  std::set<std::string> warnings;
};
void PrintTo(const Captured& captured, std::ostream* out) {
  *out << captured.cluster;
}

class CapturedClusters : public testing::TestWithParam<Captured> {};

TEST_P(CapturedClusters, ShowTheirPhaseAndWhatIsWrongWithThem) {
  const auto ran = run({"check", golden(GetParam().cluster).string(), "--output", "json"});
  const json report = json::parse(ran.out);
  EXPECT_EQ(report["phase"], GetParam().phase) << report["phaseBecause"];
  std::set<std::string> errors;
  std::set<std::string> warnings;
  for (const json& check : report["checks"]) {
    if (check["findings"].empty()) continue;
    if (check["severity"] == "error") errors.insert(check["id"]);
    if (check["severity"] == "warning") warnings.insert(check["id"]);
  }
  EXPECT_EQ(errors, GetParam().errors);
  EXPECT_EQ(warnings, GetParam().warnings);
  const bool sees_no_versions = GetParam().phase != "S0" && GetParam().phase != "S8";
  EXPECT_EQ(ran.code, !errors.empty()    ? ExitCode::Finding
                      : sees_no_versions ? ExitCode::Unknown
                                         : ExitCode::Good);
}

// One controller is B07, topics with one replica E03, MB-12 N04, MB-22 N05.
const Captured kCaptured[]{
    {"sample/p0-zookeeper", "S0", {}, {"E03"}},
    {"sample/p1-controllers-ready", "S1", {}, {"B07", "E03"}},
    {"sample/p3-hybrid", "S4", {}, {"B07", "E03"}},
    {"sample/p3-hybrid-changed", "S4", {}, {"B07", "E03", "N04"}},
    {"sample/p4-dual-write", "S6", {}, {"B07", "E03", "N04"}},
    {"sample/p5-finalised", "S8", {}, {}},
    {"failover/p0-zookeeper", "S0", {}, {}},
    {"failover/p3-after-failover", "S4", {}, {}},
    {"failover/p3-hybrid", "S4", {}, {}},
    {"failover/p4-dual-write", "S6", {}, {}},
    {"failover/p5-finalised", "S8", {}, {}},
    {"rollback_hybrid/p0-zookeeper", "S0", {}, {"E03"}},
    {"rollback_hybrid/p3-hybrid", "S4", {}, {"B07", "E03"}},
    {"rollback_hybrid/p6-rolled-back", "R2", {"N01"}, {"E03"}},
    {"copy_killed/p0-zookeeper", "S0", {}, {}},
    {"copy_killed/p2-killed", "S3", {}, {"B07", "E01"}},
    {"copy_killed/p3-hybrid", "S4", {"N05"}, {"B07", "E01"}},
    {"copy_killed/p3-restarted", "S4", {}, {"B07"}},
    {"gz/p0-zookeeper", "S0", {}, {"E03"}},
    {"gz/p3-hybrid", "S4", {}, {"B07", "E03"}},
    {"gz/p3-hybrid-changed", "S4", {}, {"B07", "E03"}},
    {"gz/p4-dual-write", "S6", {}, {"B07", "E03"}},
};
INSTANTIATE_TEST_SUITE_P(Golden, CapturedClusters, testing::ValuesIn(kCaptured));

TEST(Check, SaysWhereWhyAndWhatToDo) {
  const tests::ScratchFolder scratch;
  const auto fleet = scratch.copy_of("sample/p0-zookeeper", "fleet");
  std::ofstream(fleet / "broker-2.properties", std::ios::app)
      << "\ncontroller.listener.names=CONTROLLER\n";
  const auto ran = run({"check", fleet.string(), "--only", "K26"});
  EXPECT_EQ(ran.code, ExitCode::Finding) << ran.out << ran.err;
  for (const char* part :
       {"K26", "broker 2", "broker-2.properties:", "controller.listener.names=CONTROLLER",
        "must be  no controller", "why ", "fix ", "NO-GO"})
    EXPECT_TRUE(contains(ran.out, part)) << part << "\n" << ran.out;
}

TEST(Check, AStoreAloneLeavesFilesUnknown) {
  const auto ran = run({"check", golden("sample/p0-zookeeper/zk-1").string()});
  EXPECT_EQ(ran.code, ExitCode::Unknown);
  EXPECT_TRUE(contains(ran.out, "without server.properties of broker 1")) << ran.out;
  EXPECT_TRUE(contains(ran.out, "UNKNOWN")) << ran.out;
}

TEST(Check, TakesFoldersOfNodesAndSeveralSources) {
  const tests::ScratchFolder scratch;
  const auto captured = scratch.copy_of("sample/p1-controllers-ready", "captured");
  const auto fleet = scratch.path() / "fleet";
  for (const std::string node : {"broker-1", "broker-2", "broker-3", "controller-3000"}) {
    std::filesystem::create_directories(fleet / node);
    std::filesystem::copy(captured / (node + ".properties"), fleet / node / "server.properties");
    std::ofstream(fleet / node / "version") << "3.9.1\n";
    if (std::filesystem::exists(captured / (node + ".meta.properties"))) {
      std::filesystem::create_directories(fleet / node / "data");
      std::filesystem::copy(captured / (node + ".meta.properties"),
                            fleet / node / "data" / "meta.properties");
    }
  }
  std::filesystem::rename(captured / "controller-3000", fleet / "controller-3000" / "metadata");
  const auto ran = run({"check", fleet.string(), (captured / "zk-1").string()});
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.out << ran.err;
  EXPECT_TRUE(contains(ran.out, "phase   S1")) << ran.out;
}

TEST(Check, AnAcceptedFindingCountsUntilItsDay) {
  const tests::ScratchFolder scratch;
  const auto file = scratch.path() / "known.json";
  std::ofstream(file)
      << R"([{"check":"E03","object":"partition *","until":"2026-12-31","reason":"short retention"}])";
  const std::string fleet = golden("sample/p0-zookeeper").string();
  EXPECT_EQ(run({"check", fleet, "--fail-on", "warn"}).code, ExitCode::Finding);
  const auto before = run(
      {"check", fleet, "--fail-on", "warn", "--suppress", file.string(), "--today", "2026-12-31"});
  EXPECT_EQ(before.code, ExitCode::Good) << before.out;
  EXPECT_TRUE(contains(before.out, "short retention")) << before.out;
  const auto after = run(
      {"check", fleet, "--fail-on", "warn", "--suppress", file.string(), "--today", "2027-01-01"});
  EXPECT_EQ(after.code, ExitCode::Finding) << after.out;
  EXPECT_TRUE(contains(after.out, "expired")) << after.out;
}

TEST(Check, SaysWhatIsWrongWithASuppression) {
  const tests::ScratchFolder scratch;
  const auto file = scratch.path() / "known.json";
  for (const char* wrong :
       {"{}", "[", R"([{"check":"X1"}])", R"([{"check":"E03","object":"*","until":"2026-12-31"}])",
        R"([{"check":"E03","object":"*","until":"soon","reason":"r"}])"}) {
    std::ofstream(file) << wrong;
    EXPECT_EQ(
        run({"check", golden("sample/p0-zookeeper").string(), "--suppress", file.string()}).code,
        ExitCode::Usage)
        << wrong;
  }
}

TEST(Check, AFileThatJavaCannotReadIsMalformed) {
  const tests::ScratchFolder scratch;
  const auto fleet = scratch.copy_of("sample/p0-zookeeper", "fleet");
  std::ofstream(fleet / "broker-2.properties", std::ios::app) << "\nlog.dirs=C:\\users\n";
  const auto ran = run({"check", fleet.string()});
  EXPECT_EQ(ran.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(ran.err, "broker-2.properties:")) << ran.err;
  EXPECT_TRUE(contains(ran.out, "without server.properties of broker-2")) << ran.out;
}

TEST(Check, RefusesWhatItDoesNotUnderstand) {
  const std::string fleet = golden("sample/p0-zookeeper").string();
  EXPECT_EQ(run({"check"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"check", "/no/such/folder"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"check", fleet, "--phase", "S9"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"check", fleet, "--only", "Z99"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"check", fleet, "--fail-on", "never"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"check", golden("sample/logs").string()}).code, ExitCode::Malformed);
}

TEST(Check, ListsTheRegistry) {
  const json listed = json::parse(run({"check", "--list", "--output", "json"}).out);
  EXPECT_EQ(listed.size(), migrate::all_checks().size());
  EXPECT_TRUE(contains(run({"check", "--list"}).out, "N01  error"));
}

TEST(Check, JunitHasACaseForEachCheckThatApplies) {
  const auto ran =
      run({"check", golden("rollback_hybrid/p6-rolled-back").string(), "--output", "junit"});
  EXPECT_EQ(ran.code, ExitCode::Finding);
  EXPECT_TRUE(contains(ran.out, "<failure>controller 3000")) << ran.out;
}

TEST(Patterns, AStarIsAnyLetters) {
  EXPECT_TRUE(tools::matches("*", ""));
  EXPECT_TRUE(tools::matches("partition test-*", "partition test-1"));
  EXPECT_TRUE(tools::matches("*a*b", "xaybab"));
  EXPECT_FALSE(tools::matches("partition test-*", "partition prod-1"));
  EXPECT_FALSE(tools::matches("a", "ab"));
}

}  // namespace
