#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tools/command_line.h"

// A run leaves a trace, and `dump` shows it.
namespace {

using tests::contains;
using tests::run;
using tools::ExitCode;

constexpr const char* kTraced = R"(
why: "A small cluster, for its trace."
cluster { zookeepers: 1 controllers: 1 brokers: 2 topics { name: "orders" partitions: 2 } }
operator { goal: "S1" patience: "1s" }
)";

class Trace : public testing::Test {
 protected:
  Trace() {
    std::ofstream(path("small.txtpb")) << kTraced;
    ran_ =
        run({"run", path("small.txtpb"), "--quiet", "--seed", "4", "--trace", path("run.trace")});
    EXPECT_EQ(ran_.code, ExitCode::Good) << ran_.out << ran_.err;
  }
  std::string path(const std::string& name) const { return (scratch_.path() / name).string(); }
  static std::vector<nlohmann::json> lines_of(const std::string& out) {
    std::vector<nlohmann::json> lines;
    std::istringstream in(out);
    for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
  tests::ScratchFolder scratch_;
  tests::Ran ran_;
};

TEST_F(Trace, IsDumpedAsJsonLinesFromItsHeaderToItsEnd) {
  const auto dumped = run({"dump", path("run.trace")});
  EXPECT_EQ(dumped.code, ExitCode::Good) << dumped.err;
  const auto lines = lines_of(dumped.out);
  ASSERT_GT(lines.size(), 100U);
  EXPECT_EQ(lines.front()["kind"], "trace");
  EXPECT_EQ(lines.front()["seed"], 4);
  EXPECT_EQ(lines.front()["occurrences"], lines.size() - 2);
  EXPECT_EQ(lines.back()["kind"], "end");
  EXPECT_EQ(lines.back()["verdict"], "good");
  EXPECT_TRUE(contains(ran_.out, lines.back()["digest"].get<std::string>())) << "as run printed it";
}

TEST_F(Trace, TimesAndANodeChooseAndCausesAreFollowed) {
  const auto chosen = lines_of(
      run({"dump", path("run.trace"), "--from", "1s", "--to", "1500ms", "--node", "broker-1"}).out);
  ASSERT_GT(chosen.size(), 3U);
  for (std::size_t i = 1; i + 1 < chosen.size(); ++i) {
    EXPECT_EQ(chosen[i]["node"], "broker-1");
    EXPECT_GE(chosen[i]["atNs"], 1'000'000'000);
    EXPECT_LE(chosen[i]["atNs"], 1'500'000'000);
  }
  const auto id = chosen[chosen.size() - 2]["id"].get<std::uint64_t>();
  const auto chain = lines_of(run({"dump", path("run.trace"), "--causes", std::to_string(id)}).out);
  ASSERT_GT(chain.size(), 1U);
  EXPECT_EQ(chain.front()["id"], id);
  EXPECT_EQ(chain[0]["cause"], chain[1]["id"]);
  EXPECT_EQ(run({"dump", path("run.trace"), "--causes", "99999999"}).code, ExitCode::Usage);
  EXPECT_EQ(run({"dump", path("run.trace"), "--from", "noon"}).code, ExitCode::Usage);
}

TEST_F(Trace, DamageIsMalformedAndSaysWhereAndAnEndThatNeverCameIsUnknown) {
  const auto size = std::filesystem::file_size(path("run.trace"));
  std::filesystem::copy_file(path("run.trace"), path("cut.trace"));
  std::filesystem::resize_file(path("cut.trace"), size - 10);
  const auto cut = run({"dump", path("cut.trace")});
  EXPECT_EQ(cut.code, ExitCode::Unknown) << cut.err;
  EXPECT_TRUE(contains(cut.err, "the program that wrote it was stopped")) << cut.err;
  EXPECT_EQ(lines_of(cut.out).back()["complete"], false);
  {
    std::fstream bytes(path("run.trace"), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(size / 2));
    bytes << "damaged";
  }
  const auto damaged = run({"dump", path("run.trace")});
  EXPECT_EQ(damaged.code, ExitCode::Malformed);
  EXPECT_TRUE(contains(damaged.err, "run.trace at byte ")) << damaged.err;
}

TEST_F(Trace, OptionsForTracesAreRefusedForOtherFiles) {
  const auto log = tests::golden("sample/p3-hybrid/controller-3000").string();
  const auto ran = run({"dump", log, "--from", "1s"});
  EXPECT_EQ(ran.code, ExitCode::Usage);
  EXPECT_TRUE(contains(ran.err, "are for traces")) << ran.err;
  EXPECT_EQ(run({"run", path("small.txtpb"), "--trace", "/no/such/folder/x"}).code,
            ExitCode::Usage);
}

}  // namespace
