#include <gtest/gtest.h>

#include <ostream>

#include "scenarios/text.h"
#include "tests/support/worlds/fault_property.h"
#include "tests/support/worlds/stories.h"

// Random fault plans over whole migrations: none may break an invariant, none may keep the migration from its goal. And
// the proof that the property can fail: with a defect switched on it does, and what is left after shrinking is a
// scenario file that anybody can run.
namespace {

using tests::Counterexample;
using tests::FaultProperty;

// The bundled real cluster, migrated from the moment before the claim.
FaultProperty over_the_sample(const std::string& name) {
  FaultProperty property{.name = name,
                         .story = tests::scenario("scenarios/campaign.txtpb"),
                         .initial = tests::at_claim("sample/p3-hybrid/zk-1"),
                         .source_options = "--from scenarios/sample/p3-hybrid/zk-1 --at claim"};
  // A migration that nothing disturbs is finalised after half a minute: later faults would meet a cluster at rest.
  property.story.mutable_random_faults()->set_until("40s");
  property.story.set_time_limit("10m");
  return property;
}

// A cluster from nothing, through every phase: rolls in ZooKeeper mode, too.
FaultProperty over_a_small_topology(const std::string& name) {
  FaultProperty property{.name = name, .story = tests::scenario_from(R"(
    why: "A small cluster goes the whole road while anything may break."
    cluster { topics { name: "orders" partitions: 3 replication_factor: 3 configs { key: "min.insync.replicas" value: "2" } } }
    workload { producer { topic: "orders" every: "200ms" } }
    workload { group { group_id: "billing" topic: "orders" } }
    workload { change { when { phase: "S4" after: "1s" } create_topic { name: "refunds" partitions: 2 replication_factor: 3 } } }
    random_faults { most: 3 from: "5s" until: "1m" }
    operator { goal: "S7" cures: "MB-22" }
    expect { known: "MB-03" known: "MB-04" known: "MB-05" known: "MB-06" known: "MB-07" known: "MB-22" known: "MB-23" known: "MB-24" known: "MB-28" }
    time_limit: "15m")")};
  property.initial = tests::from_nothing(property.story);
  return property;
}

void expect_to_hold(const FaultProperty& property, int cases) {
  const auto found = tests::falsify(property, cases);
  EXPECT_FALSE(found) << (found ? describe(*found) : "");
}

TEST(FaultPlans, BreakNoInvariantOfTheSampleMigration) {
  expect_to_hold(over_the_sample("sample_migration"), 25);
}

TEST(FaultPlans, BreakNoInvariantOfAMigrationFromNothing) {
  expect_to_hold(over_a_small_topology("migration_from_nothing"), 15);
}

struct SeededDefect {
  const char* name;
  int cases;  // within which it must be found
};
void PrintTo(const SeededDefect& defect, std::ostream* out) {
  *out << defect.name;
}

class FaultPlansWithADefect : public testing::TestWithParam<SeededDefect> {};

TEST_P(FaultPlansWithADefect, BreakAnInvariantAndShrinkToAScenarioFileThatBlamesIt) {
  FaultProperty property = over_the_sample(GetParam().name);
  property.defect = GetParam().name;
  const auto found = tests::falsify(property, GetParam().cases);
  ASSERT_TRUE(found) << GetParam().name << " was not found";
  SCOPED_TRACE(describe(*found));
  RecordProperty("faults", found->scenario.faults_size());
  RecordProperty("runs", static_cast<int>(found->runs));
  EXPECT_LE(found->scenario.faults_size(), 6);

  // What anybody would see who runs the file.
  zk2kraft::Scenario written =
      scenarios::read_scenario(found->file.string()).value_or(zk2kraft::Scenario{});
  ASSERT_FALSE(written.why().empty());
  const auto with = tests::run(written, property.initial);
  EXPECT_EQ(with.verdict, scenarios::Verdict::Finding);
  ASSERT_FALSE(with.violations.empty());
  EXPECT_EQ(with.violations.front().invariant, found->invariant);
  written.mutable_cluster()->clear_defects();
  const auto without = tests::run(written, property.initial);
  EXPECT_EQ(without.verdict, scenarios::Verdict::Good) << tests::why(without);
}

INSTANTIATE_TEST_SUITE_P(Seeded, FaultPlansWithADefect,
                         testing::Values(SeededDefect{"kraft.divergence_ignored", 60},
                                         SeededDefect{"kraft.commit_by_own_append", 60},
                                         SeededDefect{"broker.high_watermark_ignores_isr", 400},
                                         SeededDefect{"kraft.isr_without_version", 60}));

}  // namespace
