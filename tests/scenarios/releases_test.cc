#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ranges>
#include <sstream>

#include "migrate/releases.h"
#include "scenarios/defects.h"
#include "tests/support/worlds/stories.h"

// What is simulated of former releases of Kafka, and whether everything is there that makes a defect believable.
namespace {

namespace fs = std::filesystem;
using migrate::KnownBug;
using migrate::Release;

const fs::path kSources = ZK2KRAFT_SOURCE_DIR;
constexpr std::string_view kReadme = "scenarios/releases/README.md";

bool is_of_a_release(std::string_view defect) {
  return defect.starts_with("KAFKA-") || defect.starts_with("MB-");
}

std::vector<std::string> defects_of_releases() {
  std::vector<std::string> names = scenarios::defect_names();
  std::erase_if(names, [](const std::string& name) { return !is_of_a_release(name); });
  return names;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The cells of a defect's line in the table, trimmed.
std::vector<std::string> line_of(std::string_view defect) {
  std::istringstream lines(text_of(kSources / kReadme));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(fmt::format("| {} |", defect))) continue;
    std::vector<std::string> cells;
    for (const auto cell :
         std::views::split(std::string_view(line).substr(2), std::string_view(" |"))) {
      std::string text(cell.begin(), cell.end());
      text.erase(0, text.find_first_not_of(' ') == std::string::npos ? text.size()
                                                                     : text.find_first_not_of(' '));
      if (!text.empty()) cells.push_back(std::move(text));
    }
    return cells;
  }
  return {};
}

// Somebody who reads the file learns what the defect does there.
bool tells_of(const zk2kraft::Scenario& scenario, std::string_view defect) {
  const auto& expect = scenario.expect();
  const auto names = [&](const auto& list) {
    return std::ranges::find(list, defect) != list.end();
  };
  return names(expect.shows()) || names(expect.because()) || names(expect.known()) ||
         names(scenario.cluster().defects());
}

class DefectOfARelease : public testing::TestWithParam<std::string> {};

// The condition is there, or the name would not be in the list.
TEST_P(DefectOfARelease, HasARowALineAndAScenarioThatTellsOfIt) {
  const KnownBug* const bug = migrate::find_known_bug(GetParam());
  ASSERT_NE(bug, nullptr) << "migrate/releases.cc says nothing of it";
  const std::vector<std::string> cells = line_of(GetParam());
  ASSERT_EQ(cells.size(), 4U) << kReadme << " has no line of it";
  EXPECT_EQ(cells[1], bug->symptom);
  EXPECT_EQ(cells[2], bug->describe_releases());
  ASSERT_GT(cells[3].size(), 2U);
  const fs::path file =
      (fs::path("scenarios/releases") / cells[3].substr(1, cells[3].size() - 2)).lexically_normal();
  ASSERT_TRUE(fs::exists(kSources / file)) << file;
  EXPECT_TRUE(tells_of(tests::scenario(file.generic_string()), GetParam())) << file;
}

INSTANTIATE_TEST_SUITE_P(Run, DefectOfARelease, testing::ValuesIn(defects_of_releases()),
                         [](const auto& defect) {
                           std::string name = defect.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(DefectsOfReleases, AreThirtyAtLeast) {
  EXPECT_GE(defects_of_releases().size(), 30U);
}

TEST(DefectsOfReleases, OfTheLastOneAreTheDefault) {
  EXPECT_EQ(scenarios::Defects::of({3, 9, 1}), scenarios::Defects());
}

// Each release has what migration.md §6.8 and §7.1 say of it: the fix of a line counts in that line and in later ones.
TEST(DefectsOfReleases, ComeAndGoWithTheReleases) {
  const auto has = [](Release release, std::string_view defect) {
    return scenarios::Defects::of(release).is_on(defect);
  };
  EXPECT_TRUE(has({3, 5, 0}, "KAFKA-15149"));
  EXPECT_FALSE(has({3, 5, 1}, "KAFKA-15149"));
  EXPECT_TRUE(has({3, 5, 1}, "KAFKA-15552"));
  EXPECT_FALSE(has({3, 5, 2}, "KAFKA-15552"));
  EXPECT_TRUE(has({3, 6, 0}, "KAFKA-15552"));
  EXPECT_FALSE(has({3, 6, 1}, "KAFKA-15552"));
  EXPECT_FALSE(has({3, 6, 0}, "KAFKA-16180"));
  EXPECT_TRUE(has({3, 6, 1}, "KAFKA-16180"));
  EXPECT_TRUE(has({3, 7, 0}, "KAFKA-16222"));
  EXPECT_FALSE(has({3, 6, 2}, "KAFKA-16222"));
  EXPECT_TRUE(has({3, 8, 1}, "KAFKA-16667"));
  EXPECT_FALSE(has({3, 8, 1}, "MB-23"));
  EXPECT_FALSE(has({3, 9, 0}, "KAFKA-16667"));
  EXPECT_TRUE(has({3, 9, 0}, "MB-23"));
}

std::string problem_of(const std::string& cluster) {
  const zk2kraft::Scenario scenario =
      tests::scenario_from("why: \"a release\" cluster { brokers: 3 " + cluster + " }");
  const auto outcome =
      scenarios::run_scenario(scenario, tests::from_nothing(scenario), {}, {.source = "test"});
  return outcome ? std::string() : outcome.error().what + " " + outcome.error().remedy;
}

TEST(KafkaVersion, ThatIsNotSimulatedIsRefusedAndThoseThatAreAreNamed) {
  for (const char* version : {"3.4.1", "3.9", "4.0.0", "latest"}) {
    const std::string problem = problem_of(fmt::format("kafka_version: \"{}\"", version));
    EXPECT_NE(problem.find(fmt::format("Kafka {} is not simulated", version)), std::string::npos)
        << problem;
    EXPECT_NE(problem.find("3.5.0, 3.5.1"), std::string::npos) << problem;
  }
  const std::string too_new = problem_of("kafka_version: \"3.6.1\" metadata_version: \"3.7-IV4\"");
  EXPECT_NE(too_new.find("Kafka 3.6.1 knows no metadata.version '3.7-IV4'"), std::string::npos)
      << too_new;
  EXPECT_NE(too_new.find("3.6-IV2"), std::string::npos) << too_new;
  const std::string too_old = problem_of("kafka_version: \"3.9.0\" metadata_version: \"3.5-IV2\"");
  EXPECT_NE(too_old.find("there is no migration"), std::string::npos) << too_old;
}

}  // namespace
