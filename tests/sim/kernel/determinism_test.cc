#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <map>

#include "sim/kernel/fault_maker.h"
#include "sim/kernel/trace.h"
#include "sim/kernel/world.h"
#include "tests/sim/kernel/toys.h"
#include "tests/support/rapidcheck_source.h"

namespace sim {
namespace {

using namespace sim::literals;

FaultBudget everybody() {
  return {{{"all", {"client-1", "keeper-1", "client-2", "keeper-2", "client-3", "keeper-3"}, 0}}};
}
FaultLimits any_fault() {
  return {.at_most = 6,
          .from = Instant{} + 1_s,
          .until = Instant{} + 10_s,
          .longest = 5_s,
          .notices = {"toy.Acknowledged"},
          .within_budget = false};
}

// Acknowledged is durable: a keeper that runs has what its client was told, whatever happened.
class AcknowledgedIsKept final : public Observer {
 public:
  void on(const Occurrence& /*occurrence*/, const World& /*world*/) override {}
  void after_event(const World& world) override {
    for (std::uint32_t node = 0; node < 6; node += 2) {
      const auto* const client = world.core_if<toys::Client>(NodeId{node});
      const auto* const keeper = world.core_if<toys::Keeper>(NodeId{node + 1});
      if (client != nullptr) told_[node] = std::max(told_[node], client->acknowledged);
      if (keeper != nullptr) check(keeper->kept >= told_[node], "what was acknowledged is kept");
    }
  }

 private:
  std::map<std::uint32_t, std::uint64_t> told_;
};

RC_GTEST_PROP(Determinism, SamePlanAndSeedGiveTheSameRunWhoeverWatches, ()) {
  RapidcheckSource source;
  const FaultPlan plan = make_faults(source, everybody(), any_fault());
  const std::uint64_t seed = *rc::gen::inRange<std::uint64_t>(0, 1'000);
  World one = toys::clients_and_keepers(seed);
  World two = one;
  one.plan(plan);
  two.plan(plan);
  AcknowledgedIsKept checker;
  TraceRing ring;
  one.run_until(Instant{} + 15_s, {.observers = {&checker, &ring}});
  two.run_until(Instant{} + 15_s);
  RC_ASSERT(one.run_digest() == two.run_digest());
  RC_ASSERT(one.digest() == two.digest());
  RC_ASSERT(ring.records().size() == 40u);
}

RC_GTEST_PROP(Determinism, EveryWorldWorksAgainAfterItsFaultsAreCured, ()) {
  RapidcheckSource source;
  World world = toys::clients_and_keepers(1);
  world.plan(make_faults(source, everybody(), any_fault()));
  world.run_until(Instant{} + 60_s);
  const auto told = [&](std::uint32_t node) {
    return world.core<toys::Client>(NodeId{node}).acknowledged;
  };
  const std::array before{told(0), told(2), told(4)};
  world.run_until(Instant{} + 62_s);
  RC_ASSERT(told(0) > before[0]);
  RC_ASSERT(told(2) > before[1]);
  RC_ASSERT(told(4) > before[2]);
}

RC_GTEST_PROP(Determinism, ABranchGoesTheSameWayAndLeavesItsParentAlone, ()) {
  RapidcheckSource source;
  World parent = toys::clients_and_keepers(2);
  parent.plan(make_faults(source, everybody(), any_fault()));
  parent.run_until(Instant{} + Duration(*rc::gen::inRange<std::int64_t>(0, 15'000'000'000)));
  const std::uint64_t before = parent.digest();
  World branch = parent;
  RC_ASSERT(branch.digest() == before);
  const Instant later = parent.now() + 5_s;
  branch.run_until(later);
  RC_ASSERT(parent.digest() == before);
  parent.run_until(later);
  RC_ASSERT(parent.digest() == branch.digest());
  RC_ASSERT(parent.run_digest() == branch.run_digest());
}

TEST(Determinism, AnotherSeedGoesAnotherWay) {
  World one = toys::clients_and_keepers(1);
  World other = toys::clients_and_keepers(2);
  one.run_until(Instant{} + 1_s);
  other.run_until(Instant{} + 1_s);
  EXPECT_NE(one.run_digest(), other.run_digest());
}

TEST(Determinism, TheRunIsTheSameOnEveryCompilerAndMachine) {
  World world = toys::clients_and_keepers(7);
  Choices choices(7);
  world.plan(make_faults(choices, everybody(), any_fault()));
  world.run_until(Instant{} + 15_s);
  EXPECT_EQ(world.run_digest(), 2079019036880111347u);
  EXPECT_EQ(world.digest(), 8436857430270684487u);
}

}  // namespace
}  // namespace sim
