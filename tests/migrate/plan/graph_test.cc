#include "migrate/plan/graph.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

// Steps in an order in which they can be taken, and what is wrong with plans that people edited.
namespace {

zk2kraft::Plan plan_of(const std::vector<std::pair<std::string, std::vector<std::string>>>& steps) {
  zk2kraft::Plan plan;
  for (const auto& [id, after] : steps) {
    auto& step = *plan.add_steps();
    step.set_id(id);
    step.set_stage("prepare");
    for (const std::string& each : after) step.add_after(each);
  }
  return plan;
}

std::vector<std::string> order_of(const zk2kraft::Plan& plan) {
  std::vector<std::string> ids;
  for (const auto& step : plan.steps()) ids.push_back(step.id());
  return ids;
}

std::string refusal(zk2kraft::Plan plan) {
  const auto ordered = migrate::order_steps(plan, "plan.txtpb");
  return ordered ? "" : sim::describe(ordered.error());
}

TEST(PlanGraph, KeepsTheOrderThatIsOneAndMendsOneThatIsNot) {
  auto plan = plan_of({{"c", {"b"}}, {"a", {}}, {"b", {"a"}}, {"d", {}}});
  ASSERT_TRUE(migrate::order_steps(plan, "plan"));
  EXPECT_EQ(order_of(plan), (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST(PlanGraph, RefusesWhatCannotBeTaken) {
  EXPECT_NE(refusal(plan_of({{"a", {"c"}}, {"b", {"a"}}, {"c", {"b"}}, {"d", {}}}))
                .find("wait for each other: a, b, c"),
            std::string::npos);
  EXPECT_NE(refusal(plan_of({{"a", {"a"}}})).find("wait for each other: a"), std::string::npos);
  EXPECT_NE(refusal(plan_of({{"a", {"x"}}})).find("step a waits for x"), std::string::npos);
  EXPECT_NE(refusal(plan_of({{"a", {}}, {"a", {}}})).find("two steps a"), std::string::npos);
  auto lost = plan_of({{"a", {}}});
  lost.mutable_steps(0)->add_way_back("home");
  EXPECT_NE(refusal(lost).find("way back of step a names home"), std::string::npos);
}

TEST(PlanGraph, ReadyIsWhatWaitsForNothingUndoneAndIsNoWayBack) {
  auto plan = plan_of({{"a", {}}, {"b", {"a"}}, {"c", {"b"}}, {"back", {}}});
  plan.mutable_steps(0)->set_done(true);
  plan.mutable_steps(3)->set_stage("back-to-zookeeper");
  const auto ready = migrate::ready_steps(plan);
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(ready.front()->id(), "b");
}

RC_GTEST_PROP(PlanGraph, EveryStepStandsBehindThoseThatItWaitsFor, ()) {
  const int count = *rc::gen::inRange(1, 15);
  std::vector<std::pair<std::string, std::vector<std::string>>> steps;
  for (int i = 0; i < count; ++i) {
    steps.push_back({"s" + std::to_string(i), {}});
    for (int j = 0; j < i; ++j) {
      if (*rc::gen::inRange(0, 4) == 0) steps.back().second.push_back("s" + std::to_string(j));
    }
  }
  for (std::size_t i = steps.size(); i > 1; --i)
    std::swap(steps[i - 1], steps[*rc::gen::inRange<std::size_t>(0, i)]);
  auto plan = plan_of(steps);
  RC_ASSERT(migrate::order_steps(plan, "plan").has_value());
  std::map<std::string, int> place;
  for (int i = 0; i < plan.steps_size(); ++i) place[plan.steps(i).id()] = i;
  RC_ASSERT(place.size() == steps.size());
  for (const auto& step : plan.steps()) {
    for (const std::string& before : step.after()) RC_ASSERT(place[before] < place[step.id()]);
  }
}

}  // namespace
