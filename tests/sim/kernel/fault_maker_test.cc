#include "sim/kernel/fault_maker.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <set>

#include "tests/sim/kernel/puppet.h"
#include "tests/support/rapidcheck_source.h"

namespace sim {
namespace {

using namespace sim::literals;

FaultBudget ensemble() {
  return {{{"ensemble", {"zk-1", "zk-2", "zk-3"}, 2}}};
}
FaultLimits limits() {
  return {.at_most = 4, .from = Instant{} + 1_s, .until = Instant{} + 60_s};
}

World ensemble_world() {
  World world(3);
  for (const char* const name : {"zk-1", "zk-2", "zk-3"}) {
    world.add<puppet::Puppet>(name, puppet::listening());
  }
  return world;
}

RC_GTEST_PROP(FaultMaker, PlansWithinTheBudgetNeverExceedItAndAreCuredAtTheEnd, ()) {
  RapidcheckSource source;
  const FaultPlan plan = make_faults(source, ensemble(), limits());
  World world = ensemble_world();
  world.plan(plan);
  world.run_until(Instant{} + 200_s, {}, [&](const World& now) {
    RC_ASSERT(now.now() < Instant{} + 1_s || !exceeded(now, ensemble()));
    return false;
  });
  for (const FaultReport& report : world.fault_reports()) {
    RC_ASSERT(report.fate == FaultFate::Applied);
  }
  for (const FaultGroup& group : ensemble().groups) {
    RC_ASSERT(healthy(world, group).size() == group.members.size());
  }
  RC_CLASSIFY(plan.empty(), "no fault");
}

TEST(FaultMaker, PlansBeyondTheBudgetDoExceedIt) {
  FaultLimits generous = limits();
  generous.within_budget = false;
  generous.at_most = 8;
  generous.until = Instant{} + 20_s;
  std::size_t beyond = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Choices choices(seed);
    World world = ensemble_world();
    world.plan(make_faults(choices, ensemble(), generous));
    const auto stopped = world.run_until(Instant{} + 200_s, {}, [&](const World& now) {
      return now.now() >= Instant{} + 1_s && exceeded(now, ensemble());
    });
    if (stopped == StopReason::Condition) ++beyond;
  }
  EXPECT_GT(beyond, 5u);
  EXPECT_LT(beyond, 95u);
}

TEST(FaultMaker, MakesEveryKindThatItKnowsHowToCure) {
  FaultLimits all = limits();
  all.lose_disks = true;
  std::set<std::string_view> met;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Choices choices(seed);
    for (const PlannedFault& planned : make_faults(choices, ensemble(), all)) {
      met.insert(kind_of(planned.fault));
    }
  }
  // A full disk and a poke depend on what the cores make of them: scenarios plan those themselves.
  EXPECT_EQ(met.size(), fault_kinds().size() - 2);
}

TEST(FaultMaker, MakesTheSamePlanFromTheSameSeed) {
  Choices one(5);
  Choices same(5);
  EXPECT_EQ(make_faults(one, ensemble(), limits()), make_faults(same, ensemble(), limits()));
}

TEST(FaultMaker, EnumeratesEverySmallPlanOnce) {
  FaultLimits small = limits();
  small.at_most = 1;
  small.until = small.from + 1_s;
  small.longest = small.shortest;
  small.families = {FaultFamily::Process, FaultFamily::Pause};
  Enumerator all;
  std::set<std::string> plans;
  std::size_t count = 0;
  do {
    plans.insert(describe(make_faults(all, ensemble(), small)));
    ++count;
  } while (all.advance());
  EXPECT_EQ(count, 1u + 2 * 3 * 2);  // nothing; or one of two families, three nodes, two times
  EXPECT_EQ(plans.size(), count);
}

TEST(FaultMaker, StrikesAtNoticesToo) {
  FaultLimits sharp = limits();
  sharp.notices = {"migrate.CopyBatch"};
  bool struck = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Choices choices(seed);
    for (const PlannedFault& planned : make_faults(choices, ensemble(), sharp)) {
      struck = struck || std::holds_alternative<On>(planned.when);
    }
  }
  EXPECT_TRUE(struck);
}

}  // namespace
}  // namespace sim
