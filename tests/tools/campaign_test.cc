#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "scenarios/sqlite.h"
#include "tests/tools/command_line.h"

// Campaigns as a person runs them: one file, the same whatever happened on the way.
namespace {

using tests::contains;
using tests::run;
using tools::ExitCode;

constexpr const char* kScenario = R"(
why: "A small cluster under random faults, quick enough to be run often."
cluster { zookeepers: 1 controllers: 1 brokers: 2 topics { name: "orders" partitions: 2 } }
workload { producer { topic: "orders" every: "500ms" } }
random_faults { most: 3 from: "1s" until: "6s" }
operator { goal: "S1" patience: "1s" }
time_limit: "2m"
)";

class Campaign : public testing::Test {
 protected:
  Campaign() { std::ofstream(path("small.txtpb")) << kScenario; }
  std::string path(const std::string& name) const { return (scratch_.path() / name).string(); }
  std::vector<std::string> words(std::vector<std::string> more) const {
    more.insert(more.begin(), {"campaign", path("small.txtpb")});
    return more;
  }
  // Every row, in the order of seeds, with all its columns.
  std::string rows(const std::string& file) const {
    auto database = scenarios::Sqlite::open(path(file));
    EXPECT_TRUE(database);
    auto query = database->prepare("SELECT * FROM result ORDER BY seed");
    EXPECT_TRUE(query);
    std::string text;
    while (query->step().value_or(false)) {
      for (int column = 0; column < 15; ++column) text += query->text(column) + "|";
      text += "\n";
    }
    return text;
  }
  tests::ScratchFolder scratch_;
};

TEST_F(Campaign, ResultsDoNotDependOnTheNumberOfJobs) {
  const auto alone =
      run(words({"--seeds", "12", "--jobs", "1", "--results", path("1.db"), "--output", "jsonl"}));
  const auto three =
      run(words({"--seeds", "12", "--jobs", "3", "--results", path("3.db"), "--output", "jsonl"}));
  EXPECT_EQ(alone.code, three.code);
  EXPECT_EQ(alone.out, three.out);
  EXPECT_EQ(std::ranges::count(alone.out, '\n'), 12);
  EXPECT_EQ(rows("1.db"), rows("3.db"));
  EXPECT_EQ(std::ranges::count(rows("1.db"), '\n'), 12);
  EXPECT_TRUE(contains(rows("1.db"), "zk2kraft run " + path("small.txtpb") + " --seed 12"));
}

TEST_F(Campaign, GoesOnWhereItStoppedAndEndsAsIfItHadNot) {
  const auto whole = run(words({"--seeds", "8", "--results", path("whole.db")}));
  run(words({"--seeds", "3", "--results", path("parts.db")}));
  run(words({"--seeds", "2", "--first-seed", "6", "--results", path("parts.db")}));
  const auto last = run(words({"--seeds", "8", "--results", path("parts.db")}));
  EXPECT_EQ(whole.out, last.out);
  EXPECT_EQ(whole.code, last.code);
  EXPECT_EQ(rows("whole.db"), rows("parts.db"));
}

TEST_F(Campaign, KilledAtAnyMomentItGoesOnWhereItStopped) {
  const pid_t campaign = fork();
  if (campaign == 0) {
    if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(1);
    tools::run_command_line(
        words({"--seeds", "100000", "--jobs", "2", "--results", path("killed.db")}));
    _exit(0);
  }
  // Until some rows are there, seen from outside as anybody may.
  std::int64_t seeds = 0;
  for (int i = 0; i < 1000 && seeds < 5; ++i) {
    usleep(20'000);
    if (!std::filesystem::exists(path("killed.db"))) continue;
    auto database = scenarios::Sqlite::open(path("killed.db"));
    if (database) seeds = database->number("SELECT count(*) FROM seed").value_or(0);
  }
  kill(campaign, SIGKILL);
  waitpid(campaign, nullptr, 0);
  ASSERT_GE(seeds, 5);
  // The same range from a new file is the judge; a few seeds beyond those that were there.
  const std::string range = std::to_string(seeds + 4);
  const auto resumed = run(words({"--seeds", range, "--results", path("killed.db")}));
  const auto fresh = run(words({"--seeds", range, "--results", path("fresh.db")}));
  EXPECT_EQ(resumed.out, fresh.out);
  const std::string all = rows("killed.db");
  EXPECT_EQ(all.substr(0, rows("fresh.db").size()), rows("fresh.db"));
}

TEST_F(Campaign, AnotherScenarioOrABehaviourThatChangedIsRefused) {
  run(words({"--seeds", "1", "--results", path("found.db")}));
  {
    auto database = scenarios::Sqlite::open(path("found.db"));
    ASSERT_TRUE(database && database->run("UPDATE seed SET digest = '0123456789abcdef'"));
  }
  const auto changed = run(words({"--seeds", "1", "--results", path("found.db")}));
  EXPECT_EQ(changed.code, ExitCode::Usage);
  EXPECT_TRUE(contains(changed.err, "behaved differently: seed 1 had digest 0123456789abcdef"))
      << changed.err;
  std::ofstream(path("small.txtpb"), std::ios::app) << "seed: 5\n";
  const auto other = run(words({"--seeds", "1", "--results", path("found.db")}));
  EXPECT_EQ(other.code, ExitCode::Usage);
  EXPECT_TRUE(contains(other.err, "holds the results of another campaign")) << other.err;
}

TEST_F(Campaign, AFileThatIsNoneAndARangeThatIsNoneAreRefused) {
  std::ofstream(path("found.jsonl")) << R"({"seed":1,"verdict":"good"})" << "\n";
  const auto lines = run(words({"--seeds", "1", "--results", path("found.jsonl")}));
  EXPECT_EQ(lines.code, ExitCode::Malformed) << lines.err;
  EXPECT_TRUE(contains(lines.err, "found.jsonl")) << lines.err;
  EXPECT_EQ(run(words({"--seeds", "0"})).code, ExitCode::Usage);
  EXPECT_EQ(run(words({"--first-seed", "18446744073709551615"})).code, ExitCode::Usage);
  EXPECT_EQ(run(words({"--results", "/no/such/folder/x.db"})).code, ExitCode::Usage);
}

TEST_F(Campaign, AScenarioThatCannotRunIsAUsageErrorAndNoRow) {
  std::string wrong = kScenario;
  wrong.insert(wrong.find("brokers: 2"), "defects: \"nonsense\" ");
  std::ofstream(path("small.txtpb")) << wrong;
  const auto ran = run(words({"--seeds", "3", "--results", path("found.db")}));
  EXPECT_EQ(ran.code, ExitCode::Usage) << ran.err;
  EXPECT_EQ(rows("found.db"), "");
}

TEST_F(Campaign, TheResultIsOneJsonDocumentWhenAskedFor) {
  const auto ran = run(words({"--seeds", "3", "--output", "json"}));
  const auto json = nlohmann::json::parse(ran.out, nullptr, false);
  ASSERT_TRUE(json.is_object()) << ran.out;
  EXPECT_EQ(json["seeds"], 3);
  EXPECT_TRUE(json["invariants"].is_object());
  EXPECT_FALSE(json["coverage"].empty());
}

}  // namespace
