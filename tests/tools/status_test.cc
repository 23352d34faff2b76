#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "tests/tools/command_line.h"
#include "zk/disk/input.h"

// `zk2kraft status --log` on the logs of captured clusters, whole and up to a moment.
namespace {

using nlohmann::json;
using tests::contains;
using tests::golden;
using tests::run;
using tools::ExitCode;

std::vector<std::string> logs_of(const std::string& cluster) {
  std::vector<std::string> files;
  for (const auto& file : tests::golden_files_in(golden(cluster + "/logs"), ".log.gz"))
    files.push_back(file.string());
  return files;
}

tests::Ran status_of(const std::vector<std::string>& logs, const std::string& format) {
  std::vector<std::string> words{"status", "--output", format, "--log"};
  words.insert(words.end(), logs.begin(), logs.end());
  return run(words);
}

// Where the logs of a cluster end.
struct Ended {
  std::string cluster;
  std::string acting;  // "3000 DUAL_WRITE"; "" where no driver acts any more
  std::string log_state;
  int transitions;
};
void PrintTo(const Ended& ended, std::ostream* out) {
  *out << ended.cluster;
}

class CapturedLogs : public testing::TestWithParam<Ended> {};

TEST_P(CapturedLogs, TellWhereTheyEndAndThatNothingStandsAgainstThem) {
  const auto ran = status_of(logs_of(GetParam().cluster), "json");
  const json logs = json::parse(ran.out)["logs"];
  std::string acting;
  for (const json& driver : logs["drivers"]) {
    if (driver["node"] != logs["active"]) continue;
    acting = std::to_string(driver["node"].get<int>()) + " " + driver["state"].get<std::string>();
  }
  EXPECT_EQ(acting, GetParam().acting);
  EXPECT_EQ(logs["logState"], GetParam().log_state);
  EXPECT_EQ(logs["transitions"].size(), GetParam().transitions);
  EXPECT_TRUE(logs["unexplained"].empty()) << logs["unexplained"];
}

const Ended kEnded[]{
    {"sample", "", "POST_MIGRATION", 8},       {"failover", "", "POST_MIGRATION", 17},
    {"rollback_hybrid", "", "MIGRATION", 8},   {"copy_killed", "3000 DUAL_WRITE", "MIGRATION", 19},
    {"gz", "3000 DUAL_WRITE", "MIGRATION", 8},
};
INSTANTIATE_TEST_SUITE_P(Golden, CapturedLogs, testing::ValuesIn(kEnded));

// The lines of the sample's log before a moment of its day, as a file.
std::string until(const tests::ScratchFolder& scratch, std::string_view time) {
  auto input = zk::disk::Input::open(logs_of("sample").front(), zk::disk::Compression::Gzip);
  std::string all;
  while (const std::size_t size = input->left(1U << 16U)) {
    const auto bytes = input->take(size);
    all.append(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  }
  const std::string file = (scratch.path() / "controller.log").string();
  std::ofstream(file) << all.substr(0, all.find("[2026-11-23 " + std::string(time)));
  return file;
}

TEST(StatusOfLogs, SaysWhatTheDriverWaitsFor) {
  const tests::ScratchFolder scratch;
  const auto ran = status_of({until(scratch, "08:45:40")}, "text");
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.out;
  for (const char* part : {"node 3000 (it acts) WAIT_FOR_BROKERS since 2026-11-23 08:45:25,864",
                           "waiting", "state   PRE_MIGRATION"})
    EXPECT_TRUE(contains(ran.out, part)) << part << "\n" << ran.out;
}

// The real cluster lost a publication to a NullPointerException at 08:46:09 (MB-12).
TEST(StatusOfLogs, NamesTheHazardOfARealStackTrace) {
  const tests::ScratchFolder scratch;
  const auto before = status_of({until(scratch, "08:46:09,5")}, "text");
  EXPECT_EQ(before.code, ExitCode::Good) << before.out;
  const auto after = status_of({until(scratch, "08:46:10")}, "text");
  EXPECT_EQ(after.code, ExitCode::Finding) << after.out;
  for (const char* part : {"MB-12", "controller.log:", "do:", "status: at risk"})
    EXPECT_TRUE(contains(after.out, part)) << part << "\n" << after.out;
}

TEST(StatusOfLogs, AndFilesTogetherTellTheGraver) {
  const auto logs = logs_of("copy_killed");
  const auto ran = run({"status", golden("copy_killed/p3-hybrid").string(), "--log", logs.front()});
  EXPECT_EQ(ran.code, ExitCode::Finding) << ran.out;
  EXPECT_TRUE(contains(ran.out, "MB-22")) << ran.out;
  EXPECT_TRUE(contains(ran.out, "status: wedged")) << ran.out;
}

TEST(StatusOfLogs, JunitAndJsonLinesAreForMachines) {
  const auto junit = status_of(logs_of("gz"), "junit");
  EXPECT_TRUE(contains(junit.out, "<testsuite name=\"zk2kraft status\"")) << junit.out;
  const auto lines = status_of(logs_of("gz"), "jsonl");
  EXPECT_EQ(lines.out.find('\n'), lines.out.size() - 1) << "one document, one line";
}

TEST(StatusOfLogs, RefusesWhatIsNoLog) {
  const tests::ScratchFolder scratch;
  EXPECT_EQ(run({"status"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"status", "--log", "/no/such/file"}).code, ExitCode::Usage);
  const auto file = scratch.path() / "notes.txt";
  std::ofstream(file) << "not a log\n";
  const auto ran = run({"status", "--log", file.string()});
  EXPECT_EQ(ran.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(ran.err, "log4j")) << ran.err;
  const auto broken = scratch.path() / "broken.log.gz";
  std::ofstream(broken) << "not packed";
  EXPECT_EQ(run({"status", "--log", broken.string()}).code, ExitCode::Malformed);
}

}  // namespace
