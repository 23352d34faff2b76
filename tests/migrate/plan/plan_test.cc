#include "migrate/plan/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "migrate/plan/graph.h"
#include "migrate/plan/inputs.h"
#include "migrate/plan/thresholds.h"
#include "tests/migrate/check/world.h"

// Plans of made-up clusters: what is done, what is due, what leads back, and what makes a plan
// stale.
namespace {

using migrate::Phase;
using migrate::Stage;
using tests::World;

zk2kraft::Plan plan_of(const World& world, const migrate::PlanOptions& options = {}) {
  return migrate::make_plan(world.facts(), options);
}

const zk2kraft::PlanStep& step(const zk2kraft::Plan& plan, const std::string& id) {
  const auto at = std::ranges::find(plan.steps(), id, &zk2kraft::PlanStep::id);
  sim::check(at != plan.steps().end(), "the plan has the step");
  return *at;
}

std::string next_of(const zk2kraft::Plan& plan) {
  std::string ids;
  for (const auto* each : migrate::ready_steps(plan)) ids += (ids.empty() ? "" : " ") + each->id();
  return ids;
}

TEST(Plan, BeginsWhereTheClusterStands) {
  const std::map<Phase, std::string> next{{Phase::S0, "prepare.check"},
                                          {Phase::S4, "hybrid.verify"},
                                          {Phase::S6, "soak.verify"},
                                          {Phase::S8, "clean-up.users"}};
  for (const auto& [phase, id] : next) {
    SCOPED_TRACE(name_of(phase));
    EXPECT_EQ(next_of(plan_of(World(phase))), id);
  }
}

TEST(Plan, StagesBeforeThePhaseAreDoneAndLaterOnesAreNot) {
  for (const Phase phase : {Phase::S0, Phase::S1, Phase::S2, Phase::S3, Phase::S4, Phase::S5,
                            Phase::S6, Phase::S7, Phase::S8}) {
    SCOPED_TRACE(name_of(phase));
    const auto plan = plan_of(World(phase));
    for (const auto& each : plan.steps()) {
      const Stage stage = *migrate::parse_stage(each.stage());
      if (is_way_back(stage) || each.id() == "upgrade.none") continue;
      if (phase_of(stage) != phase) {
        EXPECT_EQ(each.done(), phase_of(stage) < phase) << each.id();
      }
    }
  }
}

TEST(Plan, EveryStepButTheEndsLeadsBackByStepsThatAreThere) {
  const auto plan = plan_of(World(Phase::S4));
  std::set<std::string> ids;
  for (const auto& each : plan.steps()) ids.insert(each.id());
  for (const auto& each : plan.steps()) {
    const Stage stage = *migrate::parse_stage(each.stage());
    if (is_way_back(stage)) continue;
    const bool leads_back = stage >= Stage::Controllers && stage <= Stage::Soak;
    EXPECT_EQ(!each.way_back().empty(), leads_back) << each.id();
    EXPECT_TRUE(leads_back || !each.way_back_note().empty()) << each.id();
    for (const std::string& back : each.way_back()) EXPECT_TRUE(ids.contains(back)) << back;
  }
}

// migration.md §1.5: hybrid needs one roll, KRaft mode two; before the copy /controller stays.
TEST(Plan, TheWayBackIsThatOfTheStage) {
  const auto plan = plan_of(World(Phase::S4));
  const auto way = [&](const std::string& id) {
    const auto& back = step(plan, id).way_back();
    return std::vector<std::string>(back.begin(), back.end());
  };
  EXPECT_EQ(
      way("migration-mode.broker-1"),
      (std::vector<std::string>{"back-to-zookeeper.stop-controllers",
                                "back-to-zookeeper.delete-migration", "back-to-zookeeper.broker-1",
                                "back-to-zookeeper.broker-2", "back-to-zookeeper.wipe"}));
  EXPECT_EQ(
      way("hybrid.verify"),
      (std::vector<std::string>{"back-to-zookeeper.gate", "back-to-zookeeper.stop-controllers",
                                "back-to-zookeeper.epoch", "back-to-zookeeper.delete-controller",
                                "back-to-zookeeper.delete-migration", "back-to-zookeeper.broker-1",
                                "back-to-zookeeper.broker-2", "back-to-zookeeper.wipe"}));
  auto expected = way("hybrid.verify");
  expected.insert(expected.begin(),
                  {"back-to-migration-mode.broker-1", "back-to-migration-mode.broker-2"});
  EXPECT_EQ(way("soak.wait"), expected);
}

TEST(Plan, OnlyTheEndHasNoWayBackAndItsOrderEndsWithTheActiveController) {
  auto world = World(Phase::S6);
  world.edit_log([](migrate::MetadataFacts& log) { log.leader = sim::BrokerId(3000); });
  const auto plan = plan_of(world);
  std::vector<std::string> final_steps;
  for (const auto& each : plan.steps()) {
    EXPECT_EQ(each.point_of_no_return(), each.stage() == "finalise") << each.id();
    if (each.stage() == "finalise") final_steps.push_back(each.id());
  }
  EXPECT_EQ(final_steps,
            (std::vector<std::string>{"finalise.controller-3001", "finalise.controller-3002",
                                      "finalise.controller-3000", "finalise.proof"}));
}

TEST(Plan, UpgradesAreDueWhereBrokersAreOld) {
  World world(Phase::S0);
  world.edit("broker-1", [](migrate::NodeFacts& node) { node.software = "3.5.2"; });
  world.set("broker-1", "inter.broker.protocol.version", "3.5");
  const auto plan = plan_of(world);
  EXPECT_FALSE(step(plan, "upgrade.software.broker-1").done());
  EXPECT_TRUE(step(plan, "upgrade.software.broker-2").done());
  EXPECT_FALSE(step(plan, "upgrade.protocol.broker-1").done());
  EXPECT_NE(
      step(plan, "upgrade.software.broker-1").commands(2).find("inter.broker.protocol.version=3.5"),
      std::string::npos);
  const auto& after = step(plan, "upgrade.protocol.broker-1").after();
  EXPECT_EQ(std::vector<std::string>(after.begin(), after.end()),
            std::vector<std::string>{"upgrade.software.broker-2"});
}

TEST(Plan, AnUnknownReleaseIsMissingAndNoUpgradeIsInvented) {
  World world(Phase::S0);
  world.edit("broker-2", [](migrate::NodeFacts& node) { node.software.reset(); });
  world.unset("broker-2", "inter.broker.protocol.version");
  const auto plan = plan_of(world);
  const bool named = std::ranges::any_of(plan.missing(), [](const std::string& each) {
    return each.starts_with("which release runs on broker-2");
  });
  EXPECT_TRUE(named);
  EXPECT_FALSE(std::ranges::any_of(
      plan.steps(), [](const auto& each) { return each.id().starts_with("upgrade."); }));
}

TEST(Plan, AssumedControllersAreAskedForAndNamedOnesAreTaken) {
  const auto assumed = plan_of(World(Phase::S0));
  EXPECT_TRUE(std::ranges::any_of(assumed.questions(), [](const std::string& each) {
    return each.starts_with("which machines will be controllers?");
  }));
  const auto controllers = migrate::parse_controllers("4000@c1.example:9093,4001@[::1]:9093");
  ASSERT_TRUE(controllers);
  const auto named = plan_of(World(Phase::S0), {.controllers = *controllers});
  EXPECT_EQ(named.controllers_size(), 2);
  EXPECT_EQ(named.controllers(0).host(), "c1.example");
  EXPECT_NE(step(named, "controllers.controller-4001").commands(3).find(tests::kClusterId),
            std::string::npos);
  for (const char* wrong :
       {"", "3000", "3000@c1", "x@c1:9093", "3000@c1:99999", "3000@:9093", "1@a:1,1@b:1"})
    EXPECT_FALSE(migrate::parse_controllers(wrong)) << wrong;
}

TEST(Plan, WhatBlocksIsNamedWithItsCheck) {
  World world(Phase::S0);
  world.without("/controller_epoch");
  const auto plan = plan_of(world);
  EXPECT_TRUE(std::ranges::any_of(plan.blocked_by(),
                                  [](const auto& each) { return each.check() == "D04"; }));
  EXPECT_TRUE(plan_of(World(Phase::S0)).blocked_by().empty());
}

TEST(Plan, WindowsAreGivenInOrderToWhatIsAhead) {
  const auto plan = plan_of(World(Phase::S4), {.windows = {"Sat", "Sun"}});
  std::map<std::string, std::string> opens;
  for (const auto& window : plan.windows()) opens[window.name()] = window.opens();
  EXPECT_EQ(opens["controllers"], "");
  EXPECT_EQ(opens["into hybrid mode"], "Sat");
  EXPECT_EQ(opens["into KRaft mode"], "Sun");
  EXPECT_EQ(opens["the end of the way back"], "");
  EXPECT_TRUE(std::ranges::any_of(plan.questions(), [](const std::string& each) {
    return each.find("the end of the way back") != std::string::npos;
  }));
  for (const auto& each : plan.steps()) EXPECT_FALSE(each.window().empty()) << each.id();
}

// ── Staleness ───────────────────────────────────────────────────────────────────────────────────

migrate::Staleness after(const std::function<void(World&)>& change, Phase now = Phase::S0) {
  World world(now);
  change(world);
  return migrate::compare_inputs(plan_of(World(Phase::S0)), plan_of(world));
}

TEST(PlanInputs, TakingStepsDoesNotMakeAPlanStale) {
  for (const Phase phase : {Phase::S0, Phase::S1, Phase::S2, Phase::S4, Phase::S5, Phase::S6}) {
    SCOPED_TRACE(name_of(phase));
    const auto stale = after([](World&) {}, phase);
    EXPECT_EQ(stale.changed, std::vector<std::string>{});
    EXPECT_EQ(stale.unknown, std::vector<std::string>{});
  }
}

TEST(PlanInputs, AChangedClusterDoesAndSaysWhat) {
  const auto changed = [](const std::function<void(World&)>& change) {
    const auto stale = after(change);
    return stale.changed.size() == 1
               ? stale.changed.front().substr(0, stale.changed.front().find(' '))
               : std::to_string(stale.changed.size());
  };
  EXPECT_EQ(changed([](World& world) { world.set("broker-1", "num.io.threads", "9"); }), "node");
  EXPECT_EQ(
      changed([](World& world) {
        world.znode(
            "/brokers/topics/orders",
            R"({"removing_replicas":{},"partitions":{"0":[2,1],"1":[2,1]},"topic_id":"Xk3Z2c5KQ0CJLgD8kN0t3A","adding_replicas":{},"version":3})");
      }),
      "topics");
  EXPECT_EQ(changed([](World& world) { world.set("broker-1", "broker.rack", "elsewhere"); }),
            "2");  // and the file
}

TEST(PlanInputs, WhatIsGoneIsUnknown) {
  const auto stale = after([](World& world) { world.without_node("broker-2"); });
  ASSERT_EQ(stale.unknown.size(), 1u);
  EXPECT_TRUE(stale.unknown.front().starts_with("node broker-2"));
}

TEST(PlanInputs, SecretsLeaveNoTrace) {
  World one(Phase::S0);
  one.set("broker-1", "ssl.keystore.password", "alpha");
  World other(Phase::S0);
  other.set("broker-1", "ssl.keystore.password", "beta");
  EXPECT_EQ(plan_of(one).digest(), plan_of(other).digest());
}

// What a plan says in words is what monitoring watches: a number in the one stands in the other.
TEST(Thresholds, SayInWordsWhatTheirRulesSay) {
  const auto* lag =
      std::ranges::find(migrate::thresholds(), "metadata-lag", &migrate::Threshold::id)
          .operator->();
  EXPECT_EQ(words_of(*lag, migrate::LimitLevel::Warn), "above 5 s for a minute");
  EXPECT_EQ(words_of(*lag, migrate::LimitLevel::Abort), "above 60 s for a minute");
  EXPECT_EQ(metric_of(*lag),
            "kafka.server:type=broker-metadata-metrics, attribute last-applied-record-lag-ms");
  for (const auto& each : migrate::thresholds()) {
    for (const auto& limit : each.limits) {
      if (limit.lasting.empty()) continue;
      // "for a minute" and 1m or 60s, "for ten minutes" and 10m: never one without the other.
      EXPECT_TRUE(limit.words.find("minute") != std::string_view::npos ||
                  limit.words.find("hour") != std::string_view::npos)
          << limit.alert;
    }
  }
}

TEST(Thresholds, AreToldApartAndSayWhenTheyAreWatched) {
  std::set<std::string_view> ids;
  for (const auto& each : migrate::thresholds()) {
    EXPECT_TRUE(ids.insert(each.id).second) << each.id;
    EXPECT_TRUE(each.bean.starts_with("kafka.")) << each.bean;
    EXPECT_LE(each.first, each.last);
    EXPECT_FALSE(each.limits.empty()) << each.id;
    for (const auto& limit : each.limits) {
      EXPECT_FALSE(limit.words.empty() || limit.why.empty()) << each.id;
      EXPECT_EQ(limit.alert.empty(), limit.expression.empty() || limit.summary.empty()) << each.id;
    }
    EXPECT_FALSE(reasons_of(each).empty());
  }
}

}  // namespace
