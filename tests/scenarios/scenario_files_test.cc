#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "tests/support/worlds/stories.h"
#include "zk/znodes.h"

// Each scenario file of the repository is a test: it ends as it expects.
namespace {

class EveryScenarioFile : public testing::TestWithParam<std::string> {};

TEST_P(EveryScenarioFile, EndsAsItExpects) {
  const zk2kraft::Scenario scenario = tests::scenario(GetParam());
  const scenarios::Outcome outcome = tests::run(scenario, tests::beginning_of(scenario));
  EXPECT_EQ(outcome.verdict, scenarios::Verdict::Good) << tests::why(outcome);
}

INSTANTIATE_TEST_SUITE_P(Run, EveryScenarioFile, testing::ValuesIn(tests::scenario_files()),
                         [](const auto& file) {
                           std::string name = file.param.substr(file.param.find('/') + 1);
                           std::ranges::replace_if(
                               name, [](unsigned char letter) { return std::isalnum(letter) == 0; },
                               '_');
                           return name;
                         });

// A defect that Kafka 3.9.1's driver has, and its file: what it expects strikes, by its name, and without the defect
// the goal is reached and nothing is amiss.
struct Shown {
  const char* defect;
  const char* file;
};
void PrintTo(const Shown& shown, std::ostream* out) {
  *out << shown.defect;
}

class KnownDefect : public testing::TestWithParam<Shown> {};

TEST_P(KnownDefect, StrikesInItsScenarioAndNotWithoutTheDefect) {
  zk2kraft::Scenario scenario = tests::scenario(GetParam().file);
  const scenarios::Initial initial = tests::beginning_of(scenario);
  const scenarios::Outcome with = tests::run(scenario, initial);
  EXPECT_TRUE(std::ranges::any_of(with.known_violations, [&](const scenarios::Violation& known) {
    return known.invariant == GetParam().defect;
  })) << tests::why(with);
  scenario.mutable_expect()->clear_known();
  scenario.mutable_cluster()->add_fixed(GetParam().defect);
  const scenarios::Outcome without = tests::run(scenario, initial);
  EXPECT_TRUE(without.goal_reached) << tests::why(without);
  EXPECT_EQ(without.verdict, scenarios::Verdict::Good) << tests::why(without);
}

INSTANTIATE_TEST_SUITE_P(
    Run, KnownDefect,
    testing::Values(Shown{"MB-01", "scenarios/faults/leftover_migration.txtpb"},
                    Shown{"MB-03", "scenarios/faults/claim_without_answer.txtpb"},
                    Shown{"MB-04", "scenarios/faults/checkpoint_without_answer.txtpb"},
                    Shown{"MB-05", "scenarios/faults/election_without_zookeeper.txtpb"},
                    Shown{"MB-06", "scenarios/faults/skipped_change.txtpb"},
                    Shown{"MB-07", "scenarios/faults/half_complete_copy.txtpb"},
                    Shown{"MB-23", "scenarios/faults/paused_claimant.txtpb"},
                    Shown{"MB-24", "scenarios/faults/copy_outlives_its_claim.txtpb"}),
    [](const auto& shown) { return "MB" + std::string(shown.param.defect).substr(3); });

// A run that misses its goal is not forgiven for a defect that the scenario expects and that never struck.
TEST(KnownDefect, ThatDoesNotStrikeForgivesNothing) {
  zk2kraft::Scenario scenario = tests::scenario("scenarios/faults/half_complete_copy.txtpb");
  scenario.mutable_expect()->clear_known();
  scenario.mutable_expect()->add_known("MB-22");
  scenario.mutable_expect()->add_known("MB-04");
  const scenarios::Outcome outcome = tests::run(scenario, tests::beginning_of(scenario));
  EXPECT_EQ(outcome.verdict, scenarios::Verdict::Finding) << tests::why(outcome);
  EXPECT_FALSE(outcome.stopped_by_known);
}

// The same cluster without the ghost goes on, and the scenario that says it stands still is not met.
TEST(StuckIn, IsAFindingWhereTheMigrationGoesOn) {
  zk2kraft::Scenario scenario = tests::scenario("scenarios/faults/ghost_replica.txtpb");
  const scenarios::Initial initial = tests::beginning_of(scenario);
  EXPECT_NE(tests::run(scenario, initial).stuck_at.find("waiting for broker 99"),
            std::string::npos);
  scenario.mutable_cluster()->clear_ghost_replicas();
  EXPECT_EQ(tests::run(scenario, initial).verdict, scenarios::Verdict::Finding);
}

TEST(GhostReplica, IsRefusedWhereNothingCouldHaunt) {
  for (const auto& [cluster, says] :
       {std::pair("brokers: 3 topics { name: \"a\" } ghost_replicas { broker: 2 }",
                  "broker 2 cannot be a ghost"),
        std::pair("brokers: 3 topics { name: \"a\" } ghost_replicas { broker: 9 partition: 1 }",
                  "no partition a-1"),
        std::pair("brokers: 3 ghost_replicas { broker: 9 topic: \"b\" }", "no partition b-0")}) {
    const zk2kraft::Scenario scenario =
        tests::scenario_from("why: \"a ghost\" cluster { " + std::string(cluster) + " }");
    const auto outcome =
        scenarios::run_scenario(scenario, tests::from_nothing(scenario), {}, {.source = "test"});
    ASSERT_FALSE(outcome.has_value()) << cluster;
    EXPECT_NE(outcome.error().what.find(says), std::string::npos) << outcome.error().what;
  }
}

// Nobody could reach it, and the run would wait for it to its time limit.
TEST(Source, WithABrokerThatHasNoEndpointsIsRefused) {
  scenarios::Initial initial =
      tests::from_nothing(tests::scenario_from("why: \"x\" cluster { brokers: 3 }"));
  zk::Database& database = initial.database;
  const auto header = [&] {
    return zk::TxnHeader{.client_id = zk::SessionId(7),
                         .zxid = database.tree.last_processed_zxid().next(),
                         .time = zk::WallTime(1)};
  };
  database.apply(header(), zk::CreateTxn{.path = "/brokers/ids/5",
                                         .data = zk::encode(zk::BrokerZnode{}),
                                         .acl = zk::open_acl_unsafe(),
                                         .ephemeral = true,
                                         .parent_cversion = zk::ChildVersion(-1)});
  const auto begun = scenarios::initial_from_source(
      {.database = std::move(database), .root = "", .described = "zk-1"});
  ASSERT_FALSE(begun.has_value());
  EXPECT_NE(begun.error().what.find("broker 5 is registered without endpoints"), std::string::npos);
}

// After MB-01 the log is in PRE_MIGRATION, where no broker may register in KRaft mode: it stays fenced without a
// heartbeat, which is not what MB-22 is about, and no restart of a controller cures it.
TEST(KnownDefect, AFencedBrokerThatNeverRegisteredIsNotMB22) {
  zk2kraft::Scenario scenario = tests::scenario("scenarios/faults/leftover_migration.txtpb");
  scenario.clear_expect();
  scenario.mutable_operator_()->set_goal("S5");
  scenario.set_time_limit("5m");
  const auto outcome = tests::run(scenario, tests::beginning_of(scenario));
  EXPECT_FALSE(outcome.goal_reached);
  EXPECT_NE(outcome.stuck_at.find("back in kraft mode"), std::string::npos) << outcome.stuck_at;
  EXPECT_EQ(std::ranges::find(outcome.violations, "MB-22", &scenarios::Violation::invariant),
            outcome.violations.end());
  EXPECT_NE(std::ranges::find(outcome.violations, "MB-01", &scenarios::Violation::invariant),
            outcome.violations.end());
}

}  // namespace
