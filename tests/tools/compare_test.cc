#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/tools/command_line.h"
#include "tools/zk2kraft/compare_report.h"

// Comparisons as a person asks for them.
namespace {

using tests::contains;
using tests::run;
using tools::ExitCode;

constexpr const char* kComparedScenario = R"(
why: "A small cluster whose broker dies."
cluster { zookeepers: 1 controllers: 1 brokers: 3 topics { name: "orders" partitions: 3 } }
workload { producer { topic: "orders" every: "100ms" } }
faults: "crash broker:other at 2s for 30s"
operator { stay: "40s" patience: "1s" cures: "MB-22" }
expect { known: "MB-22" }
)";

class Compare : public testing::Test {
 protected:
  Compare() { std::ofstream(path("dies.txtpb")) << kComparedScenario; }
  std::string path(const std::string& name) const { return (scratch_.path() / name).string(); }
  std::vector<std::string> words(std::vector<std::string> more) const {
    more.insert(more.begin(), {"compare", path("dies.txtpb")});
    return more;
  }
  tests::ScratchFolder scratch_;
};

TEST_F(Compare, ResultsDoNotDependOnTheNumberOfJobs) {
  const auto alone = run(words({"--seeds", "6", "--jobs", "1"}));
  const auto three = run(words({"--seeds", "6", "--jobs", "3"}));
  EXPECT_EQ(alone.code, ExitCode::Good) << alone.err;
  EXPECT_EQ(alone.out, three.out);
  for (const char* said : {"A small cluster whose broker dies.", "KRAFT", "against ZK [95 %]",
                           "a partition without leader, longest"})
    EXPECT_TRUE(contains(alone.out, said)) << said << alone.out;
}

TEST_F(Compare, JsonHasMediansAndPairedDifferences) {
  const auto got = run(words({"--seeds", "6", "--modes", "ZK,KRAFT", "--output", "json"}));
  ASSERT_EQ(got.code, ExitCode::Good) << got.err;
  const auto told = nlohmann::json::parse(got.out);
  ASSERT_EQ(told.size(), 2u);
  const auto& kraft = told[1]["measures"]["longestWithoutLeader"];
  EXPECT_EQ(kraft["seeds"], 6);
  EXPECT_EQ(kraft["against"]["mode"], "ZK");
  EXPECT_LT(kraft["against"]["difference"]["interval95Ns"][1], 0) << "9 s are less than 18 s";
}

TEST_F(Compare, AKeptScenarioIsOneThatRunTakes) {
  ASSERT_EQ(run(words({"--seeds", "1", "--modes", "DUAL", "--keep", path("kept")})).code,
            ExitCode::Good);
  EXPECT_EQ(run({"run", path("kept/DUAL.txtpb"), "--quiet"}).code, ExitCode::Good);
}

TEST_F(Compare, WhatCannotBeComparedIsUsage) {
  const auto mode = run(words({"--modes", "KRAFTY"}));
  EXPECT_EQ(mode.code, ExitCode::Usage);
  EXPECT_TRUE(contains(mode.err, "Did you mean 'KRAFT'")) << mode.err;
  EXPECT_EQ(run(words({"--modes", "ZK,ZK"})).code, ExitCode::Usage);
  EXPECT_EQ(run(words({"--brokers", "0"})).code, ExitCode::Usage);
  EXPECT_EQ(run(words({"--seeds", "0"})).code, ExitCode::Usage);
  EXPECT_EQ(run({"compare", path("missing.txtpb")}).code, ExitCode::Usage);
  const auto goal = run({"compare", "scenarios/demo.txtpb"});
  EXPECT_EQ(goal.code, ExitCode::Usage);
}

TEST_F(Compare, OtherSizesAreTakenFromTheCommandLine) {
  const auto got = run(words({"--seeds", "1", "--modes", "KRAFT", "--brokers", "5", "--partitions",
                              "7", "--keep", path("kept"), "--output", "json"}));
  EXPECT_EQ(got.code, ExitCode::Good) << got.err;
  std::ifstream kept(path("kept/KRAFT.txtpb"));
  const std::string text(std::istreambuf_iterator<char>(kept), {});
  EXPECT_TRUE(contains(text, "brokers: 5")) << text;
  EXPECT_TRUE(contains(text, "partitions: 7")) << text;
}

TEST(SayDuration, HasThreeDigitsAndAUnit) {
  EXPECT_EQ(tools::say(sim::Duration(0)), "0 s");
  EXPECT_EQ(tools::say(sim::Duration(312'400)), "312 µs");
  EXPECT_EQ(tools::say(sim::Duration(12'340'000)), "12.3 ms");
  EXPECT_EQ(tools::say(sim::Duration(999'900'000)), "1 s");
  EXPECT_EQ(tools::say(sim::Duration(-9'210'000'000)), "-9.21 s");
  EXPECT_EQ(tools::say(sim::Duration(1'234'000'000'000)), "1234 s");
}

}  // namespace
