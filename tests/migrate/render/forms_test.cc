#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "migrate/plan/plan.h"
#include "migrate/plan/steps.h"
#include "migrate/plan/thresholds.h"
#include "migrate/render/commands.h"
#include "migrate/render/formats.h"
#include "migrate/render/monitoring.h"
#include "migrate/render/unified_diff.h"
#include "tests/migrate/check/world.h"

// Commands, alerts, and the words of others.
namespace {

using migrate::Phase;
using tests::World;

std::string commands_in(const World& world, Phase phase) {
  const auto facts = world.facts();
  const auto fleet = render_fleet(facts, phase, {});
  return migrate::command_sheet(migrate::make_plan(facts, {}), phase, facts,
                                migrate::command_variables(fleet.target, facts, "fleet"));
}
std::string commands_in(Phase from, Phase phase) {
  return commands_in(World(from), phase);
}

std::vector<Phase> every_phase() {
  std::vector<Phase> phases;
  for (int i = 0; i < migrate::kPhaseCount; ++i) phases.push_back(static_cast<Phase>(i));
  return phases;
}

bool in_order(const std::string& text, std::initializer_list<const char*> parts) {
  std::size_t at = 0;
  for (const char* part : parts) {
    at = text.find(part, at);
    if (at == std::string::npos) return false;
  }
  return true;
}

TEST(Commands, EachBrokerIsRestartedByItsOwnStep) {
  const std::string text = commands_in(Phase::S4, Phase::S5);
  EXPECT_TRUE(in_order(text, {"# 1. kraft-mode.broker-1: restart in KRaft mode",
                              "zk2kraft render $FLEET --phase S5 --node broker-1 -o rendered/S5",
                              "scp rendered/S5/broker-1/server.properties b1:", "kafka-server-stop",
                              "# 2. kraft-mode.broker-2", "under-replicated"}))
      << text;
  EXPECT_TRUE(in_order(text, {"The way back", "# B1. back-to-migration-mode.broker-1", "--phase R1",
                              "kafka-server-stop", "delete /controller", "delete /migration"}))
      << text;
}

TEST(Commands, OnTheWayBackControllersStopBeforeTheirZnodesGo) {
  for (const Phase phase : {Phase::S4, Phase::S6, Phase::R2}) {
    const std::string text = commands_in(phase == Phase::S6 ? Phase::S6 : Phase::S4, phase);
    EXPECT_TRUE(in_order(
        text, {"gate rollback", "stop-controllers", "kafka-server-stop", "set /controller_epoch 1",
               "delete /controller", "delete /migration", "--phase R2", "rm -rf"}))
        << text;
  }
}

TEST(Commands, FinalisingHasNoWayBackOnceAControllerWithoutTheFlagHasLed) {
  const std::string text = commands_in(Phase::S6, Phase::S7);
  EXPECT_NE(text.find("POINT OF NO RETURN"), std::string::npos);
  EXPECT_NE(text.find("once it is 3 there is no way back"), std::string::npos) << text;
  EXPECT_EQ(text.find("# B1."), std::string::npos) << text;
}

// There is one place that says what is done to a cluster.
TEST(Commands, AreThePlansWordForWord) {
  for (const Phase phase : every_phase()) {
    const World world(Phase::S4);
    const auto plan = migrate::make_plan(world.facts(), {});
    const std::string text = commands_in(world, phase);
    int steps = 0;
    for (const auto& step : plan.steps()) {
      if (step.phase() != name_of(phase)) continue;
      ++steps;
      EXPECT_NE(text.find(fmt::format("# {}. {}: {}", steps, step.id(), step.title())),
                std::string::npos)
          << step.id() << "\n"
          << text;
      for (const std::string& command : step.commands())
        EXPECT_TRUE(step.done() || text.find("\n" + command + "\n") != std::string::npos)
            << command << "\n"
            << text;
    }
    EXPECT_GT(steps, 0) << name_of(phase);
  }
}

// Or the same files could not be made again.
TEST(Commands, SayOfNewControllersWhatWasAskedFor) {
  const auto facts = World(Phase::S0).facts();
  const auto plan = migrate::make_plan(facts, {.controllers = {{sim::BrokerId(9000), "c9:9093"}},
                                               .controller_listener = "CONTROLLER:SSL",
                                               .controller_log_dir = "/my disk/metadata"});
  const std::string text = command_sheet(
      plan, Phase::S1, facts,
      migrate::command_variables(render_fleet(facts, Phase::S1, {}).target, facts, "fleet"));
  EXPECT_NE(text.find("--controllers 9000@c9:9093 --controller-listener CONTROLLER:SSL "
                      "--controller-log-dir '/my disk/metadata'\n"),
            std::string::npos)
      << text;
}

TEST(Commands, AStepThatIsDoneIsNamedWithoutItsCommands) {
  const std::string text = commands_in(Phase::S6, Phase::S5);
  EXPECT_TRUE(in_order(text, {"# 1. kraft-mode.broker-1", "it is done", "The way back"})) << text;
  EXPECT_EQ(text.find("--phase S5"), std::string::npos) << text;
}

TEST(Commands, DefineTheVariablesThatTheyUseAndNoOthers) {
  for (const Phase phase : every_phase()) {
    const std::string text = commands_in(Phase::S4, phase);
    const std::regex use(R"(\$([A-Z][A-Z_0-9]*))");
    std::set<std::string> used;
    for (std::sregex_iterator at(text.begin(), text.end(), use), end; at != end; ++at)
      used.insert((*at)[1]);
    used.erase("HOST");  // of the function's own loop
    for (const std::string& name : used)
      EXPECT_NE(text.find("\n" + name + "="), std::string::npos) << name << "\n" << text;
    const std::regex definition(R"(\n([A-Z_0-9]+)=)");
    for (std::sregex_iterator at(text.begin(), text.end(), definition), end; at != end; ++at)
      EXPECT_TRUE(used.contains((*at)[1])) << (*at)[1] << "\n" << text;
  }
}

TEST(Commands, WordsAreSafeForAShell) {
  EXPECT_EQ(migrate::shell_word("b1:9092,b2"), "b1:9092,b2");
  EXPECT_EQ(migrate::shell_word("a b'c"), "'a b'\\''c'");
}

// ── Alerts ──────────────────────────────────────────────────────────────────────────────────────

TEST(Monitoring, EveryMetricWasSeenOnARealKafka) {
  std::ifstream in(std::string(ZK2KRAFT_SOURCE_DIR) + "/tests/migrate/render/mbeans.txt");
  std::set<std::string> seen;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string where;
    std::string bean;
    words >> where >> bean;
    for (std::string attribute; words >> attribute;) seen.insert(bean + " " + attribute);
  }
  EXPECT_GT(seen.size(), 100U);
  for (const auto& watched : migrate::thresholds())
    EXPECT_TRUE(seen.contains(std::string(watched.bean) + " " + std::string(watched.attribute)))
        << watched.id;
}

TEST(Monitoring, NamesAreThoseOfTheExporter) {
  EXPECT_EQ(migrate::exported_name("kafka.controller:type=KafkaController,name=ZkMigrationState",
                                   "Value"),
            "kafka_controller_kafkacontroller_zkmigrationstate");
  EXPECT_EQ(migrate::exported_name("kafka.server:type=raft-metrics", "current-epoch"),
            "kafka_server_raft_metrics_current_epoch");
  const std::string rules = monitoring_rules(render_fleet(World(Phase::S4).facts(), Phase::S4, {}));
  std::set<std::string_view> alerts;
  for (const auto& watched : migrate::thresholds()) {
    for (const auto& limit : watched.limits) {
      if (limit.alert.empty()) continue;
      EXPECT_TRUE(alerts.insert(limit.alert).second) << limit.alert;
      EXPECT_NE(rules.find("alert: " + std::string(limit.alert) + "\n"), std::string::npos);
    }
  }
  EXPECT_GE(alerts.size(), 27U);
  EXPECT_EQ(rules.find("{}"), std::string::npos);
  EXPECT_EQ(rules.find("{0}"), std::string::npos);
}

// ── The words of others ─────────────────────────────────────────────────────────────────────────

TEST(Ansible, SaysWhatIsAndWhatIsGone) {
  const auto fleet = render_fleet(World(Phase::S4).facts(), Phase::S5, {});
  const std::string text = ansible_variables(fleet.nodes.front(), migrate::Profile::Apache);
  EXPECT_NE(text.find("kafka_properties:\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  \"process.roles\": \"broker\"\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  - \"zookeeper.connect\"\n"), std::string::npos) << text;
  EXPECT_NE(ansible_variables(fleet.nodes.front(), migrate::Profile::CpAnsible)
                .find("kafka_broker_custom_properties:\n"),
            std::string::npos);
}

TEST(Strimzi, IsToldOneThingAfterAnother) {
  const migrate::StrimziNames names{"my-cluster", "kafka", "20Gi"};
  const std::string forward = strimzi_steps(Phase::S6, 3, names);
  EXPECT_TRUE(in_order(forward, {"strimzi.io/node-pools=enabled", "name: controller",
                                 "strimzi.io/kraft=migration", "KRaftPostMigration"}))
      << forward;
  const std::string back = strimzi_steps(Phase::R2, 3, names);
  EXPECT_TRUE(in_order(
      back, {"strimzi.io/kraft=rollback", "KRaftDualWriting", "delete kafkanodepool controller",
             "strimzi.io/kraft=disabled", "=ZooKeeper"}))
      << back;
  EXPECT_NE(strimzi_steps(Phase::S7, 3, names).find("strimzi.io/kraft=enabled"), std::string::npos);
}

TEST(UnifiedDiff, NamesLinesAsDiffDoes) {
  EXPECT_EQ(migrate::unified_diff("a\nb\n", "a\nb\n", "x", "y"), "");
  EXPECT_EQ(migrate::unified_diff("1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6", "x", "y"),
            "--- x\n+++ y\n@@ -2,5 +2,5 @@\n 2\n 3\n 4\n-5\n-6\n+five\n+6\n\\ No newline at end of "
            "file\n");
  EXPECT_EQ(migrate::unified_diff("", "a\n", "/dev/null", "y"),
            "--- /dev/null\n+++ y\n@@ -0,0 +1,1 @@\n+a\n");
}

}  // namespace
