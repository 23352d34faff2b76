#include "scenarios/client_programs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "scenarios/delivery_table.h"
#include "tests/support/worlds/stories.h"

namespace scenarios {
namespace {

zk2kraft::Scenario poison_pill() {
  return tests::scenario("scenarios/clients/poison-pill.txtpb");
}

// The exception with its place, the payload, the letter with its headers, and that it goes on: told in that order.
TEST(PoisonPill, IsToldInFourSteps) {
  const zk2kraft::Scenario scenario = poison_pill();
  std::vector<std::string> told;
  const auto outcome = tests::run(scenario, tests::beginning_of(scenario),
                                  {.on_line = [&](const TimelineLine& line) {
                                    if (line.who == "consumer-1") told.push_back(line.what);
                                  }});
  EXPECT_EQ(outcome.verdict, Verdict::Good) << tests::why(outcome);
  auto at = told.begin();
  for (const char* const step :
       {"RecordDeserializationException (VALUE, attempt 1): the value of orders-0 at offset 29",
        "value 01 7b 22", "dlq.original.offset=29", "dead letter acknowledged: dlq-0 at offset 0",
        "has committed past the bad record of orders-0 at offset 29"}) {
    at = std::find_if(at, told.end(), [&](const std::string& line) {
      return line.find(step) != std::string::npos;
    });
    EXPECT_NE(at, told.end()) << step;
  }
  const sim::DeliveryAccount& account = outcome.deliveries.at("billing");
  EXPECT_GE(account.dlq_acked, 3);
  EXPECT_EQ(account.processed_ok + account.dlq_acked, account.consumed);
}

// Each step left out, and who names the harm.
TEST(PoisonPill, WithoutAStepACheckerNamesTheHarm) {
  for (const auto& [step, invariant] : {std::pair("client.exception_swallowed", "broker.P17"),
                                        std::pair("client.payload_not_logged", "broker.P23"),
                                        std::pair("client.dead_letter_not_sent", "broker.P23"),
                                        std::pair("client.position_not_advanced", "broker.L10")}) {
    zk2kraft::Scenario scenario = poison_pill();
    scenario.mutable_cluster()->add_defects(step);
    const auto outcome = tests::run(scenario, tests::beginning_of(scenario));
    ASSERT_FALSE(outcome.violations.empty()) << step;
    EXPECT_EQ(outcome.violations.front().invariant, invariant) << step << tests::why(outcome);
  }
}

TEST(ClientPrograms, WhatIsNoneOrNotSimulatedIsRefused) {
  for (const auto& [consumer, says] :
       {std::pair("commit: \"sync_bach\"", "Did you mean 'sync_batch'"),
        std::pair("transactional_id: \"a\"", "without transactions says something about them"),
        std::pair("commit: \"transaction\" on_bad: \"dlq_sync\"", "does not go with transactions"),
        std::pair("commit: \"transaction\" transaction_timeout: \"16m\"", "transaction_timeout is"),
        std::pair("commit: \"transaction\" on_bad: \"blocking_retry\" exhausted: \"dlq_sync\"",
                  "does not go with transactions"),
        std::pair("on_bad: \"share_group\"", "a share group (KIP-932) is not simulated yet"),
        std::pair("on_bad: \"retry_topics\"", "retry_topics has no topic"),
        std::pair("framework: \"connect_all\" commit: \"auto\"", "names a framework and says"),
        std::pair("framework: \"connect\"", "there is no framework 'connect'"),
        std::pair("on_bad: \"split\" exhausted: \"split\"", "cannot be what comes after"),
        std::pair("letter_failure: \"spol\"", "Did you mean 'spool'"),
        std::pair("auto_offset_reset: \"newest\"", "is no value of auto.offset.reset"),
        std::pair("restart_after: \"soon\"", "restart_after is no duration"),
        std::pair("attempts: -1", "negative")}) {
    const zk2kraft::Scenario scenario =
        tests::scenario_from("why: \"x\" cluster { brokers: 3 } workload { consumer { " +
                             std::string(consumer) + " } }");
    const auto outcome =
        run_scenario(scenario, tests::from_nothing(scenario), {}, {.source = "test"});
    ASSERT_FALSE(outcome.has_value()) << consumer;
    EXPECT_NE(outcome.error().what.find(says), std::string::npos) << outcome.error().what;
    EXPECT_FALSE(outcome.error().remedy.empty());
  }
}

TEST(ClientPrograms, TwoOfOneGroupAreRefused) {
  const zk2kraft::Scenario scenario = tests::scenario_from(
      "why: \"x\" cluster { brokers: 3 } workload { consumer { group_id: \"a\" } } workload { "
      "consumer { group_id: \"a\" } }");
  const auto outcome = run_scenario(scenario, tests::from_nothing(scenario), {}, {});
  ASSERT_FALSE(outcome.has_value());
  EXPECT_NE(outcome.error().what.find("two consumers are in group a"), std::string::npos);
}

// One seed of the tables; `zk2kraft campaign … --delivery` measures many.
TEST(DeliveryTable, EachCellAgreesWithWhatTheReferenceSays) {
  const auto path = std::filesystem::path(ZK2KRAFT_SOURCE_DIR) / "scenarios/clients/delivery.pbtxt";
  const auto table = read_delivery_table(path.string());
  ASSERT_TRUE(table) << sim::describe(table.error());
  const auto cells = cells_of(*table);
  for (const zk2kraft::DeliveryMode& mode : table->mode()) {
    const zk2kraft::Scenario scenario = scenario_of(*table, mode);
    const DeliveryRun run = measure(*table, scenario, tests::from_nothing(scenario), 7, {});
    EXPECT_TRUE(run.objections.empty()) << mode.name() << ": " << run.objections.front();
    ASSERT_EQ(run.cells.size(), cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const zk2kraft::DeliveryRow& row = table->row(cells[i].row);
      const zk2kraft::DeliveryCell& cell = row.cell(cells[i].cell);
      EXPECT_TRUE(agrees(cell, run.cells[i]))
          << mode.name() << " " << row.name() << ", " << cell.point() << ": lost "
          << run.cells[i].lost << ", seen twice " << run.cells[i].duplicated << ", dead letters "
          << run.cells[i].dead_lettered << ", copies " << run.cells[i].copies;
    }
    const auto back = delivery_run_from_line(to_line(run));
    ASSERT_TRUE(back);
    EXPECT_EQ(to_line(*back), to_line(run));
  }
}

TEST(DeliveryTable, ACellThatSaysOtherwiseIsSeen) {
  const DeliveryMeasure measure{.lost = 1, .duplicated = 4, .crashed = true};
  zk2kraft::DeliveryCell cell;
  EXPECT_FALSE(agrees(cell, measure));
  cell.mutable_lost()->set_most(1);
  cell.mutable_duplicated()->set_least(4);
  cell.mutable_duplicated()->set_most(4);
  EXPECT_TRUE(agrees(cell, measure));
  EXPECT_FALSE(agrees(cell, {.lost = 1, .duplicated = 4, .crashed = false}));
}

}  // namespace
}  // namespace scenarios
