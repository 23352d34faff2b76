#include "scenarios/fault_text.h"

#include <gtest/gtest.h>

#include "scenarios/durations.h"
#include "scenarios/text.h"
#include "sim/kernel/fault_maker.h"

namespace scenarios {
namespace {

using namespace sim::literals;

FaultDirective parsed(std::string_view words) {
  const auto directive = parse_fault(words, {});
  EXPECT_TRUE(directive.has_value())
      << words << ": " << (directive ? "" : sim::describe(directive.error()));
  return directive.value_or(FaultDirective{});
}

TEST(FaultText, WhatIsPrintedIsReadBack) {
  for (const char* words :
       {"crash zk:leader on migrate.CopyBatch 2 for 5s", "crash controller:active at 12s forever",
        "cut zk-1 -> controller-3000 at 30s for 10s", "cut zk-1 broker-2 at 30s for 1m30s",
        "pause broker-1 on zk.SessionExpired of zk:leader plus 2s for 8s",
        "skew broker-1 by -2s at 1s",
        "isolate controller:active on migrate.StateChanged with to=DUAL_WRITE 2 for 10s",
        "drift broker-1 by 50ppm at 1s for 1m", "lose zk:any broker-2 10% at 0s for 5s",
        "reset controller-3000 zk at 3s", "slow zk-1 zk-2 by 100ms at 3s for 5s",
        "tear_tail zk-1 at 3s", "fill_disk controller-3000 at 3s for 5s"}) {
    const FaultDirective directive = parsed(words);
    EXPECT_EQ(print_fault(directive), words);
    EXPECT_EQ(parsed(print_fault(directive)), directive);
  }
}

TEST(FaultText, AFaultLastsFiveSecondsUnlessItSaysOtherwise) {
  EXPECT_EQ(parsed("crash zk-1 at 1s").lasts, kUsualFaultDuration);
  EXPECT_EQ(parsed("crash zk-1 at 1s forever").lasts, std::nullopt);
}

TEST(FaultText, WhatEndsIsWhatWasHitNotWhoeverHasTheRoleThen) {
  const FaultDirective directive = parsed("crash zk:leader at 1s for 3s");
  const sim::FaultPlan plan = plan_of(std::span(&directive, 1));
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[1].fault, sim::Fault(sim::Restart{"victims:fault-1", sim::IfRunning::Leave}));
  EXPECT_EQ(plan[1].when, sim::When(sim::After{"fault-1", 3_s}));
  EXPECT_EQ(victims_of("victims:fault-1"), (Victims{"fault-1", 0}));
}

TEST(FaultText, BothEndsOfALinkAreHealedAsTheyWereWhenItWasCut) {
  const FaultDirective directive = parsed("cut controller:active zk:leader at 1s for 3s");
  const sim::FaultPlan plan = plan_of(std::span(&directive, 1));
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[1].fault, sim::Fault(sim::Heal{"victims:fault-1", "victims:fault-1:other-end"}));
  EXPECT_EQ(victims_of("victims:fault-1:other-end"), (Victims{"fault-1", 1}));
  EXPECT_EQ(victims_of("zk:leader"), std::nullopt);
}

TEST(FaultText, DrawnPlansSayTheSameAsDirectives) {
  // Every fault that is drawn has words, and lasts as long as it was drawn to.
  const sim::FaultBudget budget{{{"ensemble", {"zk-1", "zk-2", "zk-3"}, 2}}};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    sim::Choices tape(seed);
    const sim::FaultPlan drawn = sim::make_faults(
        tape, budget,
        {.from = sim::Instant(0), .until = sim::Instant(0) + 60_s, .lose_disks = true});
    for (const FaultDirective& directive : directives_of(drawn)) {
      EXPECT_EQ(parsed(print_fault(directive)), directive);
      EXPECT_FALSE(print_fault(directive).ends_with("forever")) << print_fault(directive);
    }
  }
}

TEST(FaultText, ANoticeThatDoesNotExistIsNamed) {
  EXPECT_EQ(parse_fault("crash zk-1 on migrate.CopyBach 2", {}).error().what,
            "there is no notice 'migrate.CopyBach'. Did you mean 'migrate.CopyBatch'?");
}

TEST(FaultText, EachMistakeIsNamed) {
  const auto what = [](std::string_view words) { return parse_fault(words, {}).error().what; };
  EXPECT_EQ(what("crsh zk-1 at 1s"), "there is no fault 'crsh'. Did you mean 'crash'?");
  EXPECT_EQ(what("crash zk-1"), "the fault ends where 'at' or 'on' should stand.");
  EXPECT_EQ(what("crash zk-1 at noon"), "'noon' is no duration.");
  EXPECT_EQ(what("crash zk-1 at 1s for 2s now"), "'now' stands behind the end of the fault.");
  EXPECT_EQ(what("pause zk-1 at 1s forever"), "this fault cannot last forever.");
  EXPECT_EQ(what("lose zk-1 zk-2 half at 1s"), "'half' is no percentage.");
}

TEST(Durations, AreReadAndPrinted) {
  EXPECT_EQ(parse_duration("1m30s"), 90_s);
  EXPECT_EQ(parse_duration("250ms"), 250_ms);
  EXPECT_EQ(parse_duration("250"), std::nullopt);
  EXPECT_EQ(parse_duration("s"), std::nullopt);
  EXPECT_EQ(parse_duration("-1s"), std::nullopt);
  EXPECT_EQ(parse_duration("9999999999h"), std::nullopt);
  EXPECT_EQ(print_duration(90_s), "1m30s");
}

TEST(ScenarioText, AMisspeltFieldIsNamedWithItsPlaceAndWhatWasMeant) {
  const auto scenario = parse_scenario("why: \"x\"\ncluster {\n  brokrs: 3\n}\n", "a.txtpb");
  ASSERT_FALSE(scenario.has_value());
  const sim::Problem& problem = scenario.error();
  EXPECT_EQ(problem.severity, sim::Severity::Usage);
  EXPECT_EQ(problem.place.line, 3u);
  EXPECT_EQ(problem.place.column, 3u);
  EXPECT_EQ(problem.what, "there is no field 'brokrs' here. Did you mean 'brokers'?");
}

TEST(ScenarioText, ValuesThatTheSchemaCannotCheckAreChecked) {
  const auto duration = parse_scenario("why: \"x\"\ntime_limit: \"soon\"\n", "a.txtpb");
  ASSERT_FALSE(duration.has_value());
  EXPECT_EQ(duration.error().place.line, 2u);
  EXPECT_EQ(duration.error().what, "'soon' is no duration, which time_limit must be.");
  const auto fault = parse_scenario("why: \"x\"\nfaults: \"explode zk-1 at 1s\"\n", "a.txtpb");
  ASSERT_FALSE(fault.has_value());
  EXPECT_EQ(fault.error().place.line, 2u);
  const auto silent = parse_scenario("cluster {}\n", "a.txtpb");
  ASSERT_FALSE(silent.has_value());
  EXPECT_EQ(silent.error().what, "the scenario has no why.");
}

TEST(ScenarioText, WhatIsPrintedIsReadBack) {
  const auto scenario = parse_scenario(
      "why: \"x\"\ncluster { zookeepers: 3 topics { name: \"a\" partitions: 2 } }\nfaults: \"crash "
      "zk-1 at 1s\"\n",
      "a");
  ASSERT_TRUE(scenario.has_value());
  const auto again = parse_scenario(print_scenario(*scenario), "b");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(print_scenario(*again), print_scenario(*scenario));
}

}  // namespace
}  // namespace scenarios
