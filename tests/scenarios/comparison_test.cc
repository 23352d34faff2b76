#include "scenarios/comparison.h"

#include <gtest/gtest.h>

#include "tests/support/worlds/stories.h"

// What is measured in each mode, on the files of scenarios/comparisons: windows lie where Kafka's time-outs put them
// (brokers.md §8.3).
namespace {

using scenarios::ComparisonRun;
using scenarios::Measures;

std::int64_t seconds_times_10(const std::optional<sim::Duration>& duration) {
  return duration ? duration->nanoseconds() / 100'000'000 : -1;
}

ComparisonRun in_mode(const std::string& file, const std::string& mode, std::uint64_t seed) {
  const auto of_mode = scenarios::scenario_in(tests::scenario("scenarios/comparisons/" + file),
                                              *scenarios::find_mode(mode), {});
  EXPECT_TRUE(of_mode) << (of_mode ? "" : sim::describe(of_mode.error()));
  const ComparisonRun run =
      scenarios::measure_in(*of_mode, tests::from_nothing(*of_mode), seed, {});
  for (const std::string& objection : run.objections) ADD_FAILURE() << mode << ": " << objection;
  return run;
}

TEST(Comparison, ADeadBrokersPartitionsWaitForItsSession) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Measures zk = in_mode("broker_killed.txtpb", "ZK", seed).measures;
    EXPECT_GE(seconds_times_10(zk.longest_without_leader), 160);  // 18 s since it was last heard
    EXPECT_LE(seconds_times_10(zk.longest_without_leader), 210);
    EXPECT_FALSE(zk.without_controller);
    for (const char* mode : {"HYBRID", "DUAL", "KRAFT"}) {
      const Measures kraft = in_mode("broker_killed.txtpb", mode, seed).measures;
      EXPECT_GE(seconds_times_10(kraft.longest_without_leader), 70) << mode;  // 9 s since then
      EXPECT_LE(seconds_times_10(kraft.longest_without_leader), 100) << mode;
    }
  }
}

TEST(Comparison, ADeadControllerIsMissedForItsSessionOrForTheFetchTimeout) {
  const Measures zk = in_mode("controller_killed.txtpb", "ZK", 1).measures;
  EXPECT_GE(seconds_times_10(zk.without_controller), 160);
  EXPECT_GE(seconds_times_10(zk.longest_without_leader), 160) << "it was a broker as well";
  const Measures kraft = in_mode("controller_killed.txtpb", "KRAFT", 1).measures;
  EXPECT_GE(seconds_times_10(kraft.without_controller), 20);
  EXPECT_LE(seconds_times_10(kraft.without_controller), 60);
  EXPECT_EQ(seconds_times_10(kraft.longest_without_leader), 0);
}

// Both kinds of controllers move leaders away from a broker that asks to leave.
TEST(Comparison, ABrokerThatLeavesInGoodOrderLeavesNoPartitionWithoutLeader) {
  for (const char* mode : {"ZK", "HYBRID", "DUAL", "KRAFT"}) {
    const Measures rolled = in_mode("broker_rolled.txtpb", mode, 1).measures;
    EXPECT_EQ(seconds_times_10(rolled.longest_without_leader), 0) << mode;
  }
}

TEST(Comparison, ASpareBrokerIsUnknownUntilItIsStarted) {
  for (const char* mode : {"ZK", "HYBRID", "DUAL", "KRAFT"}) {
    const Measures added = in_mode("new_broker.txtpb", mode, 1).measures;
    EXPECT_TRUE(added.broker_registered && added.broker_leads && added.broker_used) << mode;
    EXPECT_TRUE(added.change_answered && added.topics_known) << mode;
  }
  zk2kraft::Scenario scenario = tests::scenario("scenarios/comparisons/new_broker.txtpb");
  scenario.clear_faults();
  scenario.clear_workload();
  scenario.mutable_operator_()->set_goal("S7");
  scenarios::RunOptions options;
  std::size_t registered = 0;
  options.at_end = [&](const sim::World& world, const scenarios::Cluster& cluster) {
    registered = cluster.active_controller(world)->node()->image().cluster().brokers.size();
  };
  const auto outcome = tests::run(scenario, tests::from_nothing(scenario), options);
  EXPECT_EQ(outcome.verdict, scenarios::Verdict::Good) << tests::why(outcome);
  EXPECT_EQ(registered, 3u);
}

TEST(Comparison, ARunSurvivesItsLine) {
  const ComparisonRun run{
      .seed = 7,
      .measures = {.longest_silence = sim::Duration(5), .staleness = sim::Duration(0)},
      .faults = {"crash broker-1 at 5s forever"},
      .objections = {"broker.P1: \"lost\""}};
  const auto read = scenarios::comparison_run_from_line(scenarios::to_line(run));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, run);
  EXPECT_FALSE(scenarios::comparison_run_from_line("{}"));
}

TEST(Comparison, AWayOfHerOwnIsRefused) {
  const auto refused = [](const std::string& fields) {
    const auto scenario =
        tests::scenario_from("why: \"x\" cluster { topics { name: \"t\" } } " + fields);
    return !scenarios::scenario_in(scenario, scenarios::compared_modes().front(), {});
  };
  EXPECT_FALSE(refused("operator { stay: \"1s\" }"));
  EXPECT_TRUE(refused("operator { stay: \"1s\" goal: \"S4\" }"));
  EXPECT_TRUE(refused("operator { stay: \"1s\" mistakes: \"keep_migration\" }"));
  EXPECT_TRUE(refused("operator { stay: \"1s\" } expect { stuck_in: \"S3\" }"));
  EXPECT_TRUE(refused("operator { patience: \"5s\" }"));
}

// Nothing strikes on her way, and everything counts from her rest.
TEST(Rest, FaultsAndChangesCountFromIt) {
  zk2kraft::Scenario scenario = tests::scenario_from(
      "why: \"x\" cluster { brokers: 3 topics { name: \"t\" } } operator { goal: \"S4\" rest: "
      "\"10s\" "
      "stay: \"20s\" } faults: \"crash zk:follower at 1s for 2s\" workload { change { when { at: "
      "\"3s\" } create_topic { name: \"u\" } } }");
  scenarios::RunOptions options;
  sim::Instant rest;
  std::vector<std::pair<sim::Instant, std::string>> met;
  options.at_rest = [&](const sim::World& world, const scenarios::Cluster&) { rest = world.now(); };
  options.on_line = [&](const scenarios::TimelineLine& line) {
    met.emplace_back(line.at, line.what);
  };
  const auto outcome = tests::run(scenario, tests::from_nothing(scenario), options);
  EXPECT_EQ(outcome.verdict, scenarios::Verdict::Good) << tests::why(outcome);
  EXPECT_GT(rest, outcome.phases.at(scenarios::Phase::S4) + sim::Duration(10'000'000'000));
  const auto fault = std::ranges::find_if(met, [](const auto& line) {
    return line.second.find("crash zk:follower") != std::string::npos;
  });
  ASSERT_NE(fault, met.end());
  EXPECT_EQ(fault->first, rest + sim::Duration(1'000'000'000));
}

}  // namespace
