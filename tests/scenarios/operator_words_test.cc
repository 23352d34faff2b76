#include <gtest/gtest.h>

#include "scenarios/initial.h"
#include "scenarios/mistake.h"
#include "scenarios/road.h"
#include "scenarios/script.h"
#include "scenarios/text.h"
#include "scenarios/znode_edit.h"
#include "tests/support/worlds/stories.h"

// What an operator can be told in a scenario, and what is said to who tells her something else.
namespace scenarios {
namespace {

template <class Read>
std::string complaint(const Read& read) {
  return read ? "nothing" : sim::describe(read.error());
}

TEST(OperatorWords, AnEditNamesAZnodeAndAMoment) {
  const auto set =
      parse_edit(R"(set /migration to {"version":0, "at": 1} on migrate.Claimed 2 plus 1s)", {});
  ASSERT_TRUE(set) << complaint(set);
  EXPECT_EQ(set->edit.kind, ZnodeEditKind::Set);
  EXPECT_EQ(set->edit.path, "/migration");
  EXPECT_EQ(set->edit.data, R"({"version":0, "at": 1})");
  EXPECT_EQ(set->when,
            sim::When(sim::On{
                .notice = "migrate.Claimed", .nth = 2, .delay = sim::Duration(1'000'000'000)}));
  EXPECT_EQ(describe(set->edit), R"(set /migration to {"version":0, "at": 1})");
  const auto create = parse_edit("create /a at 1s", {});
  ASSERT_TRUE(create) << complaint(create);
  EXPECT_EQ(create->edit.data, std::nullopt);
  EXPECT_TRUE(parse_edit("create /a with b at 1s", {}));
  EXPECT_TRUE(parse_edit("delete_all /brokers/topics/orders at 1m", {}));
}

TEST(OperatorWords, AnEditThatIsNoneIsRefusedWithASuggestion) {
  EXPECT_TRUE(complaint(parse_edit("delte /a at 1s", {})).contains("Did you mean 'delete'"))
      << complaint(parse_edit("delte /a at 1s", {}));
  EXPECT_TRUE(complaint(parse_edit("set /a to 3", {})).contains("does not say when"));
  EXPECT_TRUE(complaint(parse_edit("set /a at 3s", {})).contains("what the znode shall hold"));
  for (const char* const path : {"a", "/", "/a/", "/a//b", "/a/../b", "/."}) {
    const auto edit = parse_edit(std::string("delete ") + path + " at 3s", {});
    EXPECT_TRUE(complaint(edit).contains("no path")) << path;
  }
  EXPECT_TRUE(complaint(parse_edit("delete /a with b at 3s", {})).contains("'with' stands where"));
  EXPECT_TRUE(
      complaint(parse_edit("set /a to 3 on migrate.Claimd", {})).contains("migrate.Claimed"));
}

TEST(OperatorWords, AMistakeIsOneOfThoseThatAreListed) {
  for (const MistakeWord& word : mistake_words()) {
    const std::string words =
        std::string(word.word) + (word.names_a_server ? " controller-3000" : "");
    const auto read = parse_mistake(words, {});
    ASSERT_TRUE(read) << complaint(read);
    EXPECT_EQ(print_mistake(*read), words);
  }
  EXPECT_TRUE(complaint(parse_mistake("keep_migrations", {})).contains("'keep_migration'"));
  EXPECT_TRUE(complaint(parse_mistake("forget_flag", {})).contains("must name one server"));
  EXPECT_TRUE(complaint(parse_mistake("keep_disks broker-1", {})).contains("stands behind"));
}

TEST(OperatorWords, ARoadIsAPhaseAndPerhapsAMoment) {
  EXPECT_EQ(parse_road("R2", {}).value(), (Road{Phase::R2, std::nullopt}));
  EXPECT_EQ(parse_road("R2 at 3s", {}).value().turns,
            sim::When(sim::At{sim::Instant(3'000'000'000)}));
  EXPECT_TRUE(complaint(parse_road("S9", {})).contains("there is no phase 'S9'"));
  EXPECT_TRUE(complaint(parse_road("R2 tomorrow", {})).contains("'tomorrow'"));
  EXPECT_FALSE(why_no_way(Phase::S4, Phase::R2));
  EXPECT_FALSE(why_no_way(Phase::R2, Phase::S4));
  EXPECT_FALSE(why_no_way(Phase::R1, Phase::S6));
  EXPECT_TRUE(why_no_way(Phase::S4, Phase::R1));
  EXPECT_TRUE(why_no_way(Phase::S7, Phase::R2));
  EXPECT_TRUE(why_no_way(Phase::R2, Phase::R1));
  EXPECT_TRUE(why_no_way(Phase::S6, Phase::S4));
}

TEST(OperatorWords, WhatIsWrongInAFileIsToldWithLineAndColumn) {
  const auto read = parse_scenario("why: \"x\"\noperator {\n  then: \"R3\"\n}\n", "story");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().place.line, 3u);
  EXPECT_EQ(read.error().place.column, 3u);
  EXPECT_FALSE(parse_scenario("why: \"x\" operator { mistakes: \"keep_all\" }", "story"));
  EXPECT_FALSE(parse_scenario("why: \"x\" operator { edits: \"set it\" }", "story"));
  EXPECT_FALSE(parse_scenario("why: \"x\" expect { stuck_in: \"S11\" }", "story"));
}

TEST(OperatorWords, AScriptFitsItsCluster) {
  const auto script = [](const std::string& words) {
    const zk2kraft::Scenario of =
        tests::scenario_from("why: \"x\" cluster { brokers: 2 } " + words);
    const auto cluster = Cluster::plan(of, tests::from_nothing(of), {});
    return complaint(script_of(of, *cluster, {}));
  };
  EXPECT_EQ(
      script(R"(operator { goal: "S4" then: "R2" then: "S7" mistakes: "forget_flag broker-2" })"),
      "nothing");
  EXPECT_TRUE(
      script(R"(operator { mistakes: "forget_flag broker-3" })").contains("names no server"));
  EXPECT_TRUE(
      script(R"(operator { mistakes: "leave_running broker-2" })").contains("names no controller"));
  EXPECT_TRUE(
      script(R"(operator { goal: "S7" then: "R2" })").contains("from S7 there is no way to R2"));
  EXPECT_EQ(script(R"(operator { goal: "S7" then: "R2 at 1m" })"), "nothing");
  EXPECT_TRUE(script(R"(operator { goal: "R2" })").contains("cannot begin"));
  EXPECT_TRUE(script(R"(operator { goal: "S4" then: "R2" } expect { phase: "S4" })")
                  .contains("her way ends in R2"));
  EXPECT_EQ(script(R"(operator { goal: "S4" then: "R2" } expect { stuck_in: "R2" })"), "nothing");
  EXPECT_TRUE(script(R"(operator { goal: "S4" } expect { stuck_in: "S5" })")
                  .contains("S5 lies behind the operator's goal S4"));
  EXPECT_TRUE(script(R"(expect { stuck_in: "S3" within: "1m" })")
                  .contains("stuck_in, and what comes after it"));
}

TEST(OperatorWords, WithoutErrorsIsAlsoAClusterInWhichEverythingWasPutRight) {
  EXPECT_FALSE(without_errors(tests::scenario_from("why: \"x\" operator { goal: \"S4\" }")));
  const auto innocent = without_errors(tests::scenario_from(
      "why: \"x\" cluster { ghost_replicas { broker: 9 } earlier_attempt {} } "
      "operator { mistakes: \"keep_migration\" edits: \"delete /migration at 1m\" }"));
  ASSERT_TRUE(innocent);
  EXPECT_FALSE(without_errors(*innocent));
}

}  // namespace
}  // namespace scenarios
