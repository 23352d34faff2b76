#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "tests/support/worlds/stories.h"

// Each scenario file of the repository is a test: it ends as it expects.
namespace {

class EveryScenarioFile : public testing::TestWithParam<std::string> {};

TEST_P(EveryScenarioFile, EndsAsItExpects) {
  const zk2kraft::Scenario scenario = tests::scenario(GetParam());
  const scenarios::Outcome outcome = tests::run(scenario, tests::beginning_of(scenario));
  EXPECT_EQ(outcome.verdict, scenarios::Verdict::Good) << tests::why(outcome);
}

INSTANTIATE_TEST_SUITE_P(Run, EveryScenarioFile, testing::ValuesIn(tests::scenario_files()), [](const auto& file) {
  std::string name = file.param.substr(file.param.find('/') + 1);
  std::ranges::replace_if(name, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
  return name;
});

// A defect that Kafka 3.9.1's driver has, and its file: what it expects strikes, by its name, and without the defect
// the goal is reached and nothing is amiss.
struct Shown {
  const char* defect;
  const char* file;
};
void PrintTo(const Shown& shown, std::ostream* out) { *out << shown.defect; }

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

INSTANTIATE_TEST_SUITE_P(Run, KnownDefect,
                         testing::Values(Shown{"MB-03", "scenarios/faults/claim_without_answer.txtpb"},
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

}  // namespace
