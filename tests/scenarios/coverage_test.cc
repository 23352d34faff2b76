#include "scenarios/coverage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "scenarios/notices.h"
#include "tests/support/worlds/stories.h"

// What no scenario meets, no checker has looked at: all scenario files and a few seeds of random faults together must
// meet everything that there is.
namespace scenarios {
namespace {

constexpr std::uint64_t kSeeds = 10;

// What the thin world cannot reach, and why. An entry that is met after all is to be taken out.
const std::map<std::string, std::string>& exemptions() {
  static const std::map<std::string, std::string> known{
      {"raft move Follower by T10",
       "it takes a leader that misses the vote requests and hears of the winner in the second "
       "before it resigns; "
       "no plan of faults has met that yet"},
      {"notice broker.GroupGenerationBegan",
       "the workload's consumers assign themselves: their groups have no members"},
  };
  return known;
}

Coverage met_by_all() {
  Coverage met;
  for (const std::string& file : tests::scenario_files()) {
    const zk2kraft::Scenario scenario = tests::scenario(file);
    add(met, tests::run(scenario, tests::beginning_of(scenario)).coverage, CountAs::Times);
  }
  const zk2kraft::Scenario campaign = tests::scenario("scenarios/campaign.txtpb");
  const Initial initial = tests::beginning_of(campaign);
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    add(met, tests::run(campaign, initial, {.seed = seed}).coverage, CountAs::Times);
  }
  return met;
}

TEST(Coverage, ScenariosMeetEveryFaultNoticeMoveAndPhaseThatThereIs) {
  const Coverage met = met_by_all();
  std::set<std::string> missing;
  for (const std::string& what : never_met(met)) {
    missing.insert(what);
    EXPECT_TRUE(exemptions().contains(what))
        << what << " is met by no scenario: add one, or say why none can";
  }
  for (const auto& [what, why] : exemptions()) {
    EXPECT_TRUE(missing.contains(what)) << what << " is met now, though it was said: " << why;
  }
  EXPECT_EQ(not_listed(met), std::vector<std::string>{});
  if (HasFailure()) fmt::print("{}", describe(met));
}

TEST(Coverage, EveryNoticeThatIsDeclaredIsOnTheList) {
  namespace fs = std::filesystem;
  // A notice is a struct with a name and, behind it, the rule that it follows.
  const std::regex declaration(
      R"re(kName = "([^"]+)";\s*static constexpr std::string_view kRule)re");
  std::set<std::string> declared;
  for (const char* const folder :
       {"sim/kafka", "sim/kafka/application", "zk", "kraft", "migrate", "scenarios"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(ZK2KRAFT_SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".h") continue;
      std::stringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      const std::string source = text.str();
      for (std::sregex_iterator found(source.begin(), source.end(), declaration), end; found != end;
           ++found) {
        declared.insert((*found)[1]);
      }
    }
  }
  std::set<std::string> listed;
  for (const NoticeType& type : notice_types()) listed.emplace(type.name);
  EXPECT_EQ(listed, declared);
}

TEST(Coverage, IsTheSameAfterAResultsFile) {
  Coverage met;
  met.faults["crash"] = 2;
  met.driver_moves["UNINITIALIZED -> INACTIVE"] = 3;
  EXPECT_EQ(nlohmann::json(met).get<Coverage>(), met);
}

TEST(Coverage, SaysWhatIsMissingAndWhatIsNotListed) {
  Coverage met = all_there_is();
  EXPECT_EQ(not_listed(met), std::vector<std::string>{});
  const std::size_t there_are = never_met(met).size();
  met.raft_moves["Leader by T8"] = 1;
  met.notices["zk.Unheard"] = 1;
  EXPECT_EQ(never_met(met).size(), there_are - 1);
  EXPECT_EQ(not_listed(met), std::vector<std::string>{"notice zk.Unheard"});
}

TEST(Coverage, OneRunCountsOnceHoweverOftenItMeetsAThing) {
  Coverage run;
  run.faults["crash"] = 5;
  run.faults["heal"] = 0;
  Coverage runs;
  add(runs, run, CountAs::OneRun);
  add(runs, run, CountAs::OneRun);
  EXPECT_EQ(runs.faults.at("crash"), 2u);
  EXPECT_EQ(runs.faults.at("heal"), 0u);
}

}  // namespace
}  // namespace scenarios
