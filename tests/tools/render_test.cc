#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "migrate/config/validation.h"
#include "migrate/plan/stage.h"
#include "tests/support/golden.h"
#include "tests/tools/command_line.h"

// `zk2kraft render` on captured clusters: what it prints, writes, and refuses.
namespace {

namespace fs = std::filesystem;

using nlohmann::json;
using tests::contains;
using tests::golden;
using tests::run;
using tools::ExitCode;

const std::string kSample = golden("sample/p0-zookeeper").string();
const std::vector<std::string> kQuorum{"--controllers", "3000@127.0.0.1:22060",
                                       "--controller-listener", "CONTROLLER:PLAINTEXT"};

std::vector<std::string> operator+(std::vector<std::string> words,
                                   const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> render(const std::string& source, const std::string& phase) {
  return {"render", source, "--phase", phase};
}

std::string text_of(const json& fleet, const std::string& node) {
  for (const json& each : fleet["nodes"]) {
    if (each["node"] == node) return each["properties"];
  }
  return "";
}

std::string bytes_of(const fs::path& file) {
  return tests::contents(file);
}

migrate::NodeConfig config_of(const std::string& text) {
  return migrate::NodeConfig(sim::PropertiesFile::parse(text, "rendered").value());
}

// ── Every captured cluster, every phase ─────────────────────────────────────────────────────────

TEST(RenderVerb, EveryCapturedClusterIsRenderedForEveryPhaseAsKafkaTakesIt) {
  const std::vector<std::string> phases{"S0", "S1", "S2", "S4", "S5", "S6", "S7", "S8", "R1", "R2"};
  std::size_t rendered = 0;
  for (const std::string& cluster : tests::golden_clusters()) {
    const std::string before = golden(cluster + "/p0-zookeeper").string();
    for (const auto& entry : fs::directory_iterator(golden(cluster))) {
      const std::string name = entry.path().filename().string();
      if (!entry.is_directory() || !name.starts_with('p')) continue;
      for (const std::string& phase : phases) {
        if (name.starts_with("p5") && phase != "S7" && phase != "S8") continue;
        auto words = render(entry.path().string(), phase) +
                     std::vector<std::string>{"--before", before, "--output", "json"};
        if (name.starts_with("p0") || name.starts_with("p6")) words = words + kQuorum;
        const auto ran = run(words);
        if (name.starts_with("p6") && ran.code == ExitCode::Finding) continue;
        EXPECT_EQ(ran.code, ExitCode::Good) << entry.path() << " " << phase << "\n" << ran.out;
        const json fleet = json::parse(ran.out);
        for (const json& node : fleet["nodes"]) {
          ++rendered;
          const auto config = config_of(node["properties"]);
          EXPECT_EQ(migrate::name_of(migrate::target_shape_of(config).value()), node["shape"]);
          for (const auto& outcome : migrate::judge(config))
            EXPECT_FALSE(outcome.refused) << node["node"] << " " << phase << *outcome.refused;
        }
      }
    }
  }
  EXPECT_GT(rendered, 300U);
}

// The people who captured the cluster wrote these files themselves.
TEST(RenderVerb, SaysWhatTheCapturedClusterDid) {
  const auto entries = [](const std::string& text) {
    const auto file = sim::PropertiesFile::parse(text, "x").value();
    std::map<std::string, std::string> all;
    for (const std::string& key : file.keys()) all[key] = *file.get(key);
    return all;
  };
  const json hybrid = json::parse(
      run(render(kSample, "S2") + kQuorum + std::vector<std::string>{"--output", "json"}).out);
  EXPECT_EQ(entries(text_of(hybrid, "broker-1")),
            entries(bytes_of(golden("sample/p3-hybrid/broker-1.properties"))));
  const json kraft = json::parse(run(render(golden("sample/p3-hybrid").string(), "S5") +
                                     std::vector<std::string>{"--output", "json"})
                                     .out);
  EXPECT_EQ(entries(text_of(kraft, "broker-2")),
            entries(bytes_of(golden("sample/p4-dual-write/broker-2.properties"))));
  const json last = json::parse(run(render(golden("sample/p4-dual-write").string(), "S7") +
                                    std::vector<std::string>{"--output", "json"})
                                    .out);
  EXPECT_EQ(text_of(last, "controller-3000"),
            bytes_of(golden("sample/p5-finalised/controller-3000.properties")));
}

// ── What is printed ─────────────────────────────────────────────────────────────────────────────

TEST(RenderVerb, PatchMakesOfTheDiffWhatIsRendered) {
  if (std::system("command -v patch > /dev/null") != 0) GTEST_SKIP() << "there is no patch";
  const tests::ScratchFolder scratch;
  const fs::path fleet = scratch.copy_of("sample/p0-zookeeper", "fleet");
  // A file as people have them: comments, other ends of lines, none at its end.
  std::ofstream(fleet / "broker-2.properties", std::ios::binary)
      << "# of rack b\r\nbroker.id=2\r\n\r\nlisteners = PLAINTEXT://127.0.0.1:22030\r\n"
         "log.dirs=/a,\\\r\n  /b\r\nzookeeper.connect=127.0.0.1:22001\r\nnum.io.threads=3";
  for (const std::string phase : {"S2", "S6"}) {
    const auto words = render(fleet.string(), phase) + kQuorum;
    const auto diff = run(words + std::vector<std::string>{"--diff"});
    std::ofstream(scratch.path() / "diff", std::ios::binary) << diff.out;
    const fs::path patched = scratch.path() / phase;
    fs::copy(fleet, patched, fs::copy_options::recursive);
    const std::string command = "cd '" + patched.string() + "' && patch --binary -s -p1 < ../diff";
    ASSERT_EQ(std::system(command.c_str()), 0) << diff.out;
    const json all = json::parse(run(words + std::vector<std::string>{"--output", "json"}).out);
    for (const char* node : {"broker-1", "broker-2", "broker-3"})
      EXPECT_EQ(bytes_of(patched / (std::string(node) + ".properties")), text_of(all, node));
    EXPECT_EQ(bytes_of(patched / "controller-3000/server.properties"),
              text_of(all, "controller-3000"));
  }
}

TEST(RenderVerb, PrintsFilesWithTheirNames) {
  const auto ran =
      run(render(kSample, "S2") + kQuorum + std::vector<std::string>{"--node", "broker-1"});
  EXPECT_EQ(ran.code, ExitCode::Good) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("#### broker-1/server.properties (migrating-broker, changed"))
      << ran.out;
  EXPECT_TRUE(contains(ran.out, "zookeeper.metadata.migration.enable=true")) << ran.out;
  EXPECT_FALSE(contains(ran.out, "broker-2")) << ran.out;
}

// ── What is written ─────────────────────────────────────────────────────────────────────────────

TEST(RenderVerb, WritesFilesAndReplacesNoOther) {
  const tests::ScratchFolder scratch;
  const std::string out = (scratch.path() / "out").string();
  const auto words = render(kSample, "S2") + kQuorum + std::vector<std::string>{"-o", out};
  EXPECT_EQ(run(words).code, ExitCode::Good);
  const fs::path file = fs::path(out) / "broker-1/server.properties";
  const std::string rendered = bytes_of(file);
  EXPECT_TRUE(contains(rendered, "controller.quorum.voters=3000@127.0.0.1:22060"));
  EXPECT_TRUE(fs::exists(fs::path(out) / "controller-3000/server.properties"));
  EXPECT_TRUE(contains(run(words).out, "kept"));
  std::ofstream(file) << "hers\n";
  fs::remove(fs::path(out) / "broker-2/server.properties");
  const auto refused = run(words);
  EXPECT_EQ(refused.code, ExitCode::Usage);
  EXPECT_TRUE(contains(refused.err, "broker-1")) << refused.err;
  EXPECT_EQ(bytes_of(file), "hers\n");
  EXPECT_FALSE(fs::exists(fs::path(out) / "broker-2/server.properties")) << "all or none";
  EXPECT_EQ(run(words + std::vector<std::string>{"--force"}).code, ExitCode::Good);
  EXPECT_EQ(bytes_of(file), rendered);
  for (const auto& entry : fs::recursive_directory_iterator(out))
    EXPECT_FALSE(entry.path().filename().string().starts_with('.')) << entry.path();
}

TEST(RenderVerb, WritesNothingThatKafkaWouldRefuseOrThatLeavesAQuestion) {
  const tests::ScratchFolder scratch;
  const std::string out = (scratch.path() / "out").string();
  const auto open = run(render(kSample, "S2") + std::vector<std::string>{"-o", out});
  EXPECT_EQ(open.code, ExitCode::Unknown);
  EXPECT_TRUE(contains(open.err, "--controllers")) << open.err;
  EXPECT_FALSE(fs::exists(out));
  const fs::path fleet = scratch.copy_of("sample/p0-zookeeper", "fleet");
  std::ofstream(fleet / "broker-1.properties", std::ios::app) << "log.dirs=\n";
  const auto refused =
      run(render(fleet.string(), "S2") + kQuorum + std::vector<std::string>{"-o", out});
  EXPECT_EQ(refused.code, ExitCode::Finding);
  EXPECT_TRUE(contains(refused.err, "rule K09")) << refused.err;
  EXPECT_FALSE(fs::exists(out));
}

TEST(RenderVerb, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(run({"render"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"render", kSample}).code, ExitCode::Usage);
  EXPECT_EQ(run(render(kSample, "S9")).code, ExitCode::Usage);
  EXPECT_EQ(run(render(kSample, "S2") + std::vector<std::string>{"--controllers", "x"}).code,
            ExitCode::Usage);
  EXPECT_EQ(run(render(kSample, "S2") + std::vector<std::string>{"--format", "xml"}).code,
            ExitCode::Usage);
  const auto near = run(render(kSample, "S0") + std::vector<std::string>{"--node", "brokr-1"});
  EXPECT_EQ(near.code, ExitCode::Usage);
  EXPECT_TRUE(contains(near.err, "Did you mean 'broker-1'?")) << near.err;
}

}  // namespace
