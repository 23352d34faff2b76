#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "tests/tools/command_line.h"

// `zk2kraft gate` and the files' part of `zk2kraft status` on captured clusters in each phase.
namespace {

using nlohmann::json;
using tests::contains;
using tests::golden;
using tests::run;
using tools::ExitCode;

// What each capture shows. The driver's state is "" where none runs. A capture says nothing of the
// software's versions; the test adds them, and so leaves nothing unknown but what is.
struct CapturedPosition {
  std::string cluster;
  std::string phase;
  std::string driver;
  std::string status;
  std::string rollback;
  std::string finalize;
  std::string retry;
  std::string next;
};
void PrintTo(const CapturedPosition& captured, std::ostream* out) {
  *out << captured.cluster;
}

class CapturedPositions : public testing::TestWithParam<CapturedPosition> {};

// A copy in which every node's folder says which Kafka it runs.
std::filesystem::path with_versions(const tests::ScratchFolder& scratch,
                                    const std::string& cluster) {
  const auto fleet = scratch.copy_of(cluster, "fleet");
  for (const auto& file : tests::golden_files_in(fleet, ".properties")) {
    const std::string name = file.filename().string();
    if (file.parent_path() != fleet || name.ends_with(".meta.properties")) continue;
    std::ofstream(fleet / (file.stem().string() + ".version")) << "3.9.1\n";
  }
  return fleet;
}

std::string answer(const std::string& question, const std::string& fleet) {
  const auto ran = run({"gate", question, fleet, "--output", "json"});
  const json gate = json::parse(ran.out);
  std::string says = gate["answer"];
  std::string closing;
  for (const json& rule : gate["rules"]) {
    if (rule["effect"] == "closes" && !rule["findings"].empty())
      closing += " " + rule["id"].get<std::string>();
  }
  EXPECT_EQ(ran.code, says == "OPEN"     ? ExitCode::Good
                      : says == "CLOSED" ? ExitCode::Finding
                                         : ExitCode::Unknown);
  return says + closing;
}

TEST_P(CapturedPositions, AreToldByTheirFiles) {
  const tests::ScratchFolder scratch;
  const std::string fleet = with_versions(scratch, GetParam().cluster).string();
  const json status = json::parse(run({"status", fleet, "--output", "json"}).out);
  EXPECT_EQ(status["phase"], GetParam().phase) << status["phaseBecause"];
  EXPECT_EQ(status["driver"].is_string() ? status["driver"].get<std::string>() : "",
            GetParam().driver)
      << status["driverBecause"];
  EXPECT_FALSE(status["driverRuns"].is_null()) << status["driverBecause"];
  EXPECT_EQ(status["status"], GetParam().status) << status["wedges"] << status["missing"];
  EXPECT_EQ(answer("rollback", fleet), GetParam().rollback);
  EXPECT_EQ(answer("finalize", fleet), GetParam().finalize);
  EXPECT_EQ(answer("retry", fleet), GetParam().retry);
  EXPECT_EQ(answer("next", fleet), GetParam().next);
}

// In p0 nobody can see whether an attempt left something in controllers' folders. The captured way
// back left its controller's storage (MB-02), the killed copy a fenced broker (MB-22).
const CapturedPosition kPositions[]{
    {"sample/p0-zookeeper", "S0", "", "healthy", "OPEN", "CLOSED H02 W05", "UNKNOWN", "OPEN"},
    {"sample/p1-controllers-ready", "S1", "WAIT_FOR_BROKERS", "healthy", "OPEN",
     "CLOSED H02 H05 W05", "OPEN", "OPEN"},
    {"sample/p3-hybrid", "S4", "DUAL_WRITE", "healthy", "OPEN", "CLOSED H01 H02 W05", "CLOSED W06",
     "OPEN"},
    {"sample/p3-hybrid-changed", "S4", "DUAL_WRITE", "healthy", "OPEN", "CLOSED H01 H02 W05",
     "CLOSED W06", "OPEN"},
    {"sample/p4-dual-write", "S6", "DUAL_WRITE", "healthy", "OPEN", "OPEN", "CLOSED W06", "OPEN"},
    {"sample/p5-finalised", "S8", "", "healthy", "CLOSED W04", "OPEN", "CLOSED W06", "OPEN"},
    {"failover/p0-zookeeper", "S0", "", "healthy", "OPEN", "CLOSED H02 W05", "UNKNOWN", "OPEN"},
    {"failover/p3-after-failover", "S4", "DUAL_WRITE", "healthy", "OPEN", "CLOSED H01 H02 W05",
     "CLOSED W06", "OPEN"},
    {"failover/p3-hybrid", "S4", "DUAL_WRITE", "healthy", "OPEN", "CLOSED H01 H02 W05",
     "CLOSED W06", "OPEN"},
    {"failover/p4-dual-write", "S6", "DUAL_WRITE", "healthy", "OPEN", "OPEN", "CLOSED W06", "OPEN"},
    {"failover/p5-finalised", "S8", "", "healthy", "CLOSED W04", "OPEN", "CLOSED W06", "OPEN"},
    {"rollback_hybrid/p0-zookeeper", "S0", "", "healthy", "OPEN", "CLOSED H02 W05", "UNKNOWN",
     "OPEN"},
    {"rollback_hybrid/p3-hybrid", "S4", "DUAL_WRITE", "healthy", "OPEN", "CLOSED H01 H02 W05",
     "CLOSED W06", "OPEN"},
    {"rollback_hybrid/p6-rolled-back", "R2", "", "at risk", "OPEN", "CLOSED H01 H02 W05",
     "CLOSED N01", "OPEN"},
    {"copy_killed/p0-zookeeper", "S0", "", "healthy", "OPEN", "CLOSED H02 W05", "UNKNOWN", "OPEN"},
    {"copy_killed/p2-killed", "S3", "ZK_MIGRATION", "healthy", "OPEN",
     "CLOSED H01 H02 H05 KAFKA-20960 W05", "CLOSED W06", "CLOSED W07"},
    {"copy_killed/p3-hybrid", "S4", "DUAL_WRITE", "wedged", "OPEN",
     "CLOSED H01 H02 KAFKA-20960 N05 W05", "CLOSED W06", "CLOSED N05"},
    {"copy_killed/p3-restarted", "S4", "DUAL_WRITE", "healthy", "OPEN", "CLOSED H01 H02 W05",
     "CLOSED W06", "OPEN"},
    {"gz/p0-zookeeper", "S0", "", "healthy", "OPEN", "CLOSED H02 W05", "UNKNOWN", "OPEN"},
    {"gz/p3-hybrid", "S4", "DUAL_WRITE", "healthy", "OPEN", "CLOSED H01 H02 W05", "CLOSED W06",
     "OPEN"},
    {"gz/p3-hybrid-changed", "S4", "DUAL_WRITE", "healthy", "OPEN", "CLOSED H01 H02 W05",
     "CLOSED W06", "OPEN"},
    {"gz/p4-dual-write", "S6", "DUAL_WRITE", "healthy", "OPEN", "OPEN", "CLOSED W06", "OPEN"},
};
INSTANTIATE_TEST_SUITE_P(Golden, CapturedPositions, testing::ValuesIn(kPositions));

TEST(Gate, SaysWhatWasSeenAndWhatToDo) {
  const auto ran = run({"gate", "retry", golden("rollback_hybrid/p6-rolled-back").string()});
  EXPECT_EQ(ran.code, ExitCode::Finding);
  for (const char* part : {"phase   R2", "seen    /controller: broker", "closed by", "N01",
                           "state MIGRATION", "why", "fix", "rm -rf", "gate retry: CLOSED"})
    EXPECT_TRUE(contains(ran.out, part)) << part << "\n" << ran.out;
}

TEST(Gate, WhatIsMissingIsNamedAndNeverOpen) {
  const auto ran = run({"gate", "rollback", golden("gz/p3-hybrid/zk-1").string()});
  EXPECT_EQ(ran.code, ExitCode::Unknown) << ran.out;
  EXPECT_TRUE(contains(ran.out, "a controller's metadata log")) << ran.out;
  EXPECT_TRUE(contains(ran.out, "UNKNOWN")) << ran.out;
}

TEST(Gate, WritesForMachines) {
  const std::string fleet = golden("gz/p4-dual-write").string();
  const auto junit = run({"gate", "finalize", fleet, "--output", "junit"});
  EXPECT_TRUE(contains(junit.out, "<testsuite name=\"zk2kraft gate finalize\"")) << junit.out;
  const auto lines = run({"gate", "finalize", fleet, "--output", "jsonl"}).out;
  EXPECT_EQ(json::parse(lines.substr(0, lines.find('\n')))["answer"], "OPEN");
}

TEST(Gate, RefusesWhatItDoesNotUnderstand) {
  const std::string fleet = golden("gz/p3-hybrid").string();
  EXPECT_EQ(run({"gate"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"gate", "rollback"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"gate", "back", fleet}).code, ExitCode::Usage);
  EXPECT_EQ(run({"gate", "next", "/no/such/folder"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"gate", "next", fleet, "--phase", "S9"}).code, ExitCode::Usage);
}

}  // namespace
