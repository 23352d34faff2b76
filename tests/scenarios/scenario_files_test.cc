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

}  // namespace
