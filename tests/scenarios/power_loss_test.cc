#include <gtest/gtest.h>

#include "tests/support/worlds/stories.h"

// What Kafka's acknowledgements are worth when machines lose power: its data logs are not synced, its metadata log is
// (brokers.md §1.12, §6.3; kraft.md §1.12).
namespace {

constexpr const char* kFile = "scenarios/faults/power_fails_everywhere.txtpb";

TEST(PowerLoss, EverywhereLosesWhatWasAcknowledgedAndNoMetadataAndIsNamedAsAnExpectedLoss) {
  const zk2kraft::Scenario scenario = tests::scenario(kFile);
  const scenarios::Initial initial = tests::beginning_of(scenario);
  std::uint64_t lost = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const scenarios::Outcome outcome = tests::run(scenario, initial, {.seed = seed});
    EXPECT_EQ(outcome.verdict, scenarios::Verdict::Good)
        << "seed " << seed << ": " << tests::why(outcome);
    const auto excused = outcome.expected_losses.find("E-LRS");
    if (excused == outcome.expected_losses.end()) continue;
    lost += excused->second;
    EXPECT_LT(outcome.durability.readable, outcome.durability.acknowledged) << "seed " << seed;
  }
  EXPECT_GT(lost, 0u);
}

TEST(PowerLoss, OfOneReplicaLosesNothingThatTheWholeIsrAcknowledged) {
  zk2kraft::Scenario scenario = tests::scenario(kFile);
  const scenarios::Initial initial = tests::beginning_of(scenario);
  for (const std::string broker : {"broker-1", "broker-2", "broker-3"}) {
    scenario.clear_faults();
    scenario.add_faults("crash_machine " + broker +
                        " on broker.RequestProcessingEnabled of broker-3 plus 20s for 5s");
    const scenarios::Outcome outcome = tests::run(scenario, initial);
    EXPECT_EQ(outcome.verdict, scenarios::Verdict::Good) << broker << ": " << tests::why(outcome);
    EXPECT_TRUE(outcome.expected_losses.empty()) << broker;
    EXPECT_GT(outcome.durability.acknowledged, 0u);
    EXPECT_EQ(outcome.durability.readable, outcome.durability.acknowledged) << broker;
  }
}

}  // namespace
