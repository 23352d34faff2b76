#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "tests/tools/command_line.h"
#include "zk/disk/input.h"

// `zk2kraft plan` on captured clusters, as a person meets it.
namespace {

using nlohmann::json;
using tests::contains;
using tests::golden;
using tests::run;
using tools::ExitCode;

json plan_of(const std::string& cluster, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"plan", golden(cluster).string(), "--output", "json"};
  words.insert(words.end(), more.begin(), more.end());
  return json::parse(run(words).out);
}

// The steps that can be taken now.
std::string next_of(const std::string& cluster) {
  const std::string out = run({"plan", golden(cluster).string()}).out;
  std::string ids;
  for (std::size_t at = out.find("\nnext "); at != std::string::npos;
       at = out.find("\nnext ", at + 1)) {
    const std::size_t begin = out.find_first_not_of(' ', at + 5);
    ids += (ids.empty() ? "" : " ") + out.substr(begin, out.find(':', begin) - begin);
  }
  return ids;
}

TEST(PlanVerb, BeginsWhereEachCaptureStands) {
  const std::vector<std::pair<std::string, std::string>> expected{
      {"sample/p0-zookeeper", "prepare.check"},
      {"sample/p1-controllers-ready", "controllers.quorum"},
      {"sample/p3-hybrid", "hybrid.verify"},
      {"sample/p4-dual-write", "soak.verify"},
      {"sample/p5-finalised", "clean-up.users"},
      {"rollback_hybrid/p6-rolled-back", "back-to-zookeeper.wipe"},
      {"copy_killed/p3-hybrid", "hybrid.verify"},
      {"failover/p4-dual-write", "soak.verify"}};
  for (const auto& [cluster, step] : expected) EXPECT_EQ(next_of(cluster), step) << cluster;
}

TEST(PlanVerb, NamesThePartitionsThatNoOrderKeeps) {
  const json hazards = plan_of("sample/p3-hybrid")["roll"]["hazards"];
  ASSERT_EQ(hazards.size(), 2u);
  for (const json& hazard : hazards) EXPECT_EQ(hazard["kind"], "offline");
  EXPECT_EQ(hazards[1]["topic"], "metrics_raw");
}

// What a step's gate waits for in the active controller's log is what Kafka 3.9.1 writes there.
TEST(PlanVerb, LinesOfTheControllersLogAreThoseThatKafkaWrote) {
  const auto files = tests::golden_files_in(golden("sample/logs"), ".log.gz");
  auto input = zk::disk::Input::open(files.front().string(), zk::disk::Compression::Gzip);
  std::string log;
  while (const std::size_t size = input->left(1U << 16U)) {
    const auto bytes = input->take(size);
    log.append(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  }
  int looked_at = 0;
  const json plan = plan_of("sample/p0-zookeeper");
  for (const json& step : plan["steps"]) {
    for (const json& gate : step["gates"]) {
      const std::string where = gate["where"];
      if (gate["kind"] != "log" || !contains(where, "active controller")) continue;
      ++looked_at;
      EXPECT_TRUE(contains(log, gate["expect"].get<std::string>())) << gate;
    }
  }
  EXPECT_EQ(looked_at, 4);
}

// What a plan tells her to type is what the verbs take.
TEST(PlanVerb, ItsOwnVerbsAreSpeltAsTheyAreTaken) {
  const tests::ScratchFolder scratch;
  const std::string fleet = golden("sample/p3-hybrid").string();
  const json plan = plan_of("sample/p3-hybrid");
  std::set<std::string> commands;
  for (const json& step : plan["steps"]) {
    for (const json& each : step["commands"]) commands.insert(each.get<std::string>());
    for (const json& gate : step["gates"]) commands.insert(gate["where"].get<std::string>());
  }
  int tried = 0;
  for (std::string command : commands) {
    if (!command.starts_with("zk2kraft ") || contains(command, "$CONTROLLER")) continue;
    const auto put = [&](const std::string& name, const std::string& value) {
      for (std::size_t at = 0; (at = command.find(name, at)) != std::string::npos;)
        command.replace(at, name.size(), value);
    };
    put("$FLEET.before", golden("sample/p0-zookeeper").string());
    put("$FLEET", fleet);
    put("-o rendered", "-o " + (scratch.path() / "rendered").string());
    std::istringstream text(command);
    std::vector<std::string> words;
    for (std::string word; text >> word;) words.push_back(word);
    words.erase(words.begin());
    const auto ran = run(words);
    EXPECT_NE(ran.code, ExitCode::Usage) << command << "\n" << ran.err;
    ++tried;
  }
  EXPECT_GT(tried, 15);
}

TEST(PlanVerb, AWrittenPlanHoldsForItsClusterAndForItsLaterPhases) {
  const tests::ScratchFolder scratch;
  const std::string file = (scratch.path() / "plan.txtpb").string();
  run({"plan", golden("sample/p3-hybrid").string(), "-o", file});
  const auto same = run({"plan", golden("sample/p3-hybrid").string(), "--verify", file});
  EXPECT_EQ(same.code, ExitCode::Good) << same.out << same.err;
  EXPECT_TRUE(contains(same.out, "HOLDS")) << same.out;
  const auto other = run({"plan", golden("failover/p3-hybrid").string(), "--verify", file});
  EXPECT_EQ(other.code, ExitCode::Finding);
  EXPECT_TRUE(contains(other.out, "STALE")) << other.out;
  EXPECT_TRUE(contains(other.out, "topics changed")) << other.out;
}

TEST(PlanVerb, DoesNotWriteOverAnotherPlan) {
  const tests::ScratchFolder scratch;
  const std::string file = (scratch.path() / "plan.txtpb").string();
  const auto text = [&] {
    std::ostringstream all;
    all << std::ifstream(file).rdbuf();
    return all.str();
  };
  std::ofstream(file) << "# hers\n";
  const auto refused = run({"plan", golden("sample/p3-hybrid").string(), "-o", file});
  EXPECT_EQ(refused.code, ExitCode::Usage);
  EXPECT_TRUE(contains(refused.err, "another plan stands there")) << refused.err;
  EXPECT_EQ(text(), "# hers\n");
  run({"plan", golden("sample/p3-hybrid").string(), "-o", file, "--force"});
  EXPECT_TRUE(contains(text(), "proto-message: zk2kraft.Plan"));
  const auto again = run({"plan", golden("sample/p3-hybrid").string(), "-o", file});
  EXPECT_NE(again.code, ExitCode::Usage) << "the same plan is no other one";
  const auto nowhere = run(
      {"plan", golden("sample/p3-hybrid").string(), "-o", (scratch.path() / "no/plan").string()});
  EXPECT_EQ(nowhere.code, ExitCode::Usage);
}

TEST(PlanVerb, AnEditedPlanThatCannotBeTakenIsRefusedWithItsPlace) {
  const tests::ScratchFolder scratch;
  const std::string file = (scratch.path() / "plan.txtpb").string();
  const std::string fleet = golden("sample/p3-hybrid").string();
  std::ofstream(file) << "steps { id: \"a\" after: \"b\" }\nsteps { id: \"b\" after: \"a\" }\n";
  EXPECT_TRUE(contains(run({"plan", fleet, "--verify", file}).err, "wait for each other: a, b"));
  std::ofstream(file) << "steps { id: \"a\" affter: \"b\" }\n";
  const auto misspelt = run({"plan", fleet, "--verify", file});
  EXPECT_EQ(misspelt.code, ExitCode::Usage);
  EXPECT_TRUE(contains(misspelt.err, "plan.txtpb:1:")) << misspelt.err;
  EXPECT_TRUE(contains(misspelt.err, "after")) << misspelt.err;
  EXPECT_EQ(run({"plan", fleet, "--verify", (scratch.path() / "none").string()}).code,
            ExitCode::Usage);
}

TEST(PlanVerb, WrongWordsAreUsageErrors) {
  const std::string fleet = golden("sample/p0-zookeeper").string();
  EXPECT_EQ(run({"plan"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"plan", fleet, "--controllers", "3000"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"plan", fleet, "--at-once", "0"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"plan", fleet, "--phase", "S9"}).code, ExitCode::Usage);
}

TEST(PlanVerb, DrawsItsStepsAsAGraph) {
  const auto drawn = run({"plan", golden("sample/p3-hybrid").string(), "--dot"});
  EXPECT_TRUE(drawn.out.starts_with("digraph plan {"));
  EXPECT_TRUE(contains(drawn.out, "\"hybrid.verify\" -> \"hybrid.next\""));
}

}  // namespace
