#include "scenarios/seeded_defects.h"
#include "migrate/releases.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "scenarios/defects.h"

// Every switch has a row in the table of seeded defects, and a seeded defect is found by an invariant that was expected
// to see it, on a tape that is clean without it: what `zk2kraft campaign scenarios/seeded_defects.pbtxt
// --seeded-defects` prints as a table.
namespace scenarios {

// GoogleTest would print the bytes of a row.
void PrintTo(const SeededDefect& row, std::ostream* out) {
  *out << row.defect;
}

namespace {

std::vector<SeededDefect> table() {
  const auto path =
      std::filesystem::path(ZK2KRAFT_SOURCE_DIR) / "scenarios" / "seeded_defects.pbtxt";
  auto rows = read_seeded_defects(path.string(), Topology::AsWritten);
  EXPECT_TRUE(rows) << (rows ? "" : sim::describe(rows.error()));
  return rows.value_or(std::vector<SeededDefect>());
}

class ASeededDefect : public testing::TestWithParam<SeededDefect> {};

TEST_P(ASeededDefect, IsFoundByAnInvariantThatIsSilentWithoutIt) {
  const auto initial = initial_from_topology(GetParam().scenario.cluster(), {});
  ASSERT_TRUE(initial) << sim::describe(initial.error());
  const Hunt found = hunt(GetParam(), *initial, 1, GetParam().seeds, {});
  EXPECT_TRUE(found.found) << "not within " << GetParam().seeds << " seeds";
  EXPECT_TRUE(!found.found || found.expected) << found.invariant << " saw it first: " << found.what;
  EXPECT_TRUE(found.disturbed.empty()) << fmt::format("{}", fmt::join(found.disturbed, "\n"));
}

TEST(SeededDefects, AreNotFoundWhereThereAreNone) {
  SeededDefect row = table().front();
  const auto initial = initial_from_topology(row.scenario.cluster(), {});
  ASSERT_TRUE(initial) << sim::describe(initial.error());
  row.scenario.clear_random_faults();
  row.scenario.clear_faults();
  EXPECT_FALSE(hunt(row, *initial, 1, 1, {}).found) << row.defect << " takes a fault to be seen";
}

std::string test_name(const testing::TestParamInfo<SeededDefect>& row) {
  std::string name = row.param.defect;
  std::ranges::replace_if(name, [](char c) { return c == '.' || c == '-'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(SeededDefects, ASeededDefect, testing::ValuesIn(table()), test_name);

TEST(SeededDefects, EverySwitchThatThereIsHasARow) {
  std::vector<std::string> proved;
  for (const SeededDefect& row : table()) proved.push_back(row.defect);
  // What a release before 3.9.1 has, its own file proves (releases_test.cc).
  const std::vector<std::string> names = defect_names();
  for (const std::string& name : names) {
    const auto* const bug = migrate::find_known_bug(name);
    if (bug != nullptr && bug->is_fixed_somewhere()) proved.push_back(name);
  }
  for (const std::string& name : names) {
    // A switch may have two names: what is turned on under one is on under the other, too.
    const bool covered = std::ranges::any_of(proved, [&](const std::string& defect) {
      Defects off;
      EXPECT_TRUE(off.set(defect, false, {}));
      Defects on = off;
      EXPECT_TRUE(on.set(defect, true, {}));
      return on.is_on(name) && !off.is_on(name);
    });
    EXPECT_TRUE(covered) << name << " is in no row of scenarios/seeded_defects.pbtxt";
  }
}

TEST(SeededDefects, AResultReadsBackAsItWasWritten) {
  const Hunt hunt{.defect = "zk-watch-lost",
                  .seeds = 3,
                  .seed = 7,
                  .found = true,
                  .expected = true,
                  .invariant = "zk.WatchesAreArmed",
                  .what = "nobody \"tells\"",
                  .faults = {"crash zk-1 at 3s for 1s"},
                  .disturbed = {"seed 5: broker.P1: lost"}};
  const auto back = hunt_from_line(to_line(hunt));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_line(*back), to_line(hunt));
  EXPECT_FALSE(hunt_from_line("{}"));
}

}  // namespace
}  // namespace scenarios
