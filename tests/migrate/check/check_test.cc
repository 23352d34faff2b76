#include "migrate/check/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "tests/migrate/check/fixtures.h"
#include "tests/migrate/check/rule_fixtures.h"

// Every check finds what it is there to find, and leaves what is sound alone.
namespace {

using migrate::Check;
using migrate::CheckResult;
using migrate::find_check;
using migrate::Outcome;
using migrate::Phase;
using migrate::run_check;
using tests::World;

std::string told(const CheckResult& result) {
  std::ostringstream text;
  text << result.check->id << " is " << migrate::name_of(result.outcome);
  for (const auto& finding : result.findings)
    text << "\n  " << finding.object << ": " << finding.what;
  for (const auto& missing : result.missing) text << "\n  without " << missing;
  return text.str();
}

void expect_finding(std::string_view id, const migrate::ClusterFacts& facts) {
  const CheckResult result = run_check(*find_check(id), facts);
  EXPECT_EQ(result.outcome, Outcome::Finding) << told(result);
  for (const auto& finding : result.findings) {
    EXPECT_FALSE(finding.object.empty() || finding.what.empty()) << told(result);
    EXPECT_FALSE(finding.evidence.empty()) << told(result);
    for (const auto& evidence : finding.evidence)
      EXPECT_FALSE(evidence.where.empty()) << told(result);
  }
}

void expect_pass(std::string_view id, const migrate::ClusterFacts& facts) {
  const CheckResult result = run_check(*find_check(id), facts);
  EXPECT_EQ(result.outcome, Outcome::Pass) << told(result);
}

TEST(Checks, FindWhatIsBrokenAndPassWhatIsNearlySo) {
  for (const tests::Fixture& fixture : tests::fixtures()) {
    if (fixture.breaks == nullptr) continue;
    SCOPED_TRACE(fixture.check);
    World broken(fixture.phase);
    fixture.breaks(broken);
    expect_finding(fixture.check, broken.facts());
    World sound(fixture.phase);
    if (fixture.nearly != nullptr) fixture.nearly(sound);
    expect_pass(fixture.check, sound.facts());
  }
}

TEST(Checks, NameWhatKafkaWouldRefuse) {
  for (const tests::RuleFixture& fixture : tests::rule_fixtures()) {
    SCOPED_TRACE(fixture.check);
    World world(fixture.phase);
    expect_pass(fixture.check, world.facts());
    for (const auto& [key, value] : fixture.settings) {
      const std::string node(fixture.node);
      value == "-" ? world.unset(node, key) : world.set(node, key, value);
    }
    expect_finding(fixture.check, world.facts());
  }
}

TEST(Checks, HaveAFixtureEach) {
  std::set<std::string_view> covered;
  for (const auto& fixture : tests::fixtures()) covered.insert(fixture.check);
  for (const auto& fixture : tests::rule_fixtures()) covered.insert(fixture.check);
  for (const Check& check : migrate::all_checks())
    EXPECT_TRUE(covered.contains(check.id)) << check.id << " has no fixture";
}

TEST(Checks, FindNothingThatBlocksInASoundClusterInAnyPhase) {
  for (int i = 0; i < migrate::kPhaseCount; ++i) {
    const auto phase = static_cast<Phase>(i);
    SCOPED_TRACE(migrate::name_of(phase));
    for (const CheckResult& result : migrate::run_checks(World(phase).facts())) {
      if (result.check->severity == migrate::CheckSeverity::Information) continue;
      EXPECT_TRUE(result.findings.empty()) << told(result);
      // After a rollback one cannot see that what was not given is gone.
      if (result.check->id == "N01") continue;
      EXPECT_TRUE(result.missing.empty()) << told(result);
    }
  }
}

// What is missing is never taken for good.
TEST(Checks, PassNothingThatTheyCannotSee) {
  for (int i = 0; i < migrate::kPhaseCount; ++i) {
    migrate::ClusterFacts nothing;
    nothing.phase = static_cast<Phase>(i);
    for (const CheckResult& result : migrate::run_checks(nothing)) {
      if (result.check->needs == migrate::kNothing) continue;
      // Before there are controllers, and when they are gone, there is none to miss.
      const bool none_yet = nothing.phase == Phase::S0 || nothing.phase == Phase::R2;
      if (none_yet && result.check->needs == migrate::kControllers) continue;
      EXPECT_NE(result.outcome, Outcome::Pass) << told(result);
    }
  }
}

TEST(Checks, MissTheNodesThatAreNotThere) {
  const auto result =
      run_check(*find_check("K05"), World(Phase::S0).without_node("broker-2").facts());
  EXPECT_EQ(result.outcome, Outcome::Unknown);
  ASSERT_EQ(result.missing.size(), 1U);
  EXPECT_EQ(result.missing.front(), "server.properties of broker 2");
}

TEST(Checks, DoNotJudgeWhatOnlyTheNodeCanResolve) {
  World world(Phase::S0);
  world.set("broker-1", "config.providers", "env").set("broker-1", "broker.id", "${env:ID}");
  const auto result = run_check(*find_check("K05"), world.facts());
  EXPECT_EQ(result.outcome, Outcome::Unknown) << told(result);
}

TEST(Checks, AnEncodedPasswordIsUnknownUntilThereIsASecret) {
  World world(Phase::S0);
  world.znode(
      "/config/brokers/1",
      R"({"version":1,"config":{"ssl.keystore.password":"keyFactoryAlgorithm:PBKDF2WithHmacSHA512,)"
      R"(passwordLength:3,iterations:4096,keyLength:128,cipherAlgorithm:AES/CBC/PKCS5Padding,salt:YQ==,)"
      R"(initializationVector:YQ==,encryptedPassword:YQ=="}})");
  auto facts = world.facts();
  EXPECT_EQ(run_check(*find_check("D16"), facts).outcome, Outcome::Unknown);
  facts.zookeeper->secret_known = true;
  expect_finding("D16", facts);
  expect_pass("D16", World(Phase::S0).facts());
}

TEST(Checks, AWedgeIsUnknownWhereTheFilesAreOfDifferentMoments) {
  const auto result = run_check(*find_check("N08"), World(Phase::S4).times(100, 100, 950).facts());
  EXPECT_EQ(result.outcome, Outcome::Unknown) << told(result);
}

// Ids are what people suppress and what pipelines look for: one is never renamed nor used again. To
// add a check, add its id here.
TEST(Checks, KeepTheirIds) {
  std::string ids;
  for (const Check& check : migrate::all_checks()) ids += std::string(check.id) + " ";
  EXPECT_EQ(
      ids,
      "A01 A02 A03 A04 B01 B02 B06 B07 B08 B09 B11 B12 B13 B14 C04 C07 C09 C10 C13 C14 C15 C18 "
      "D01 D02 D03 D04 D05 D06 D07 D08 D09 D10 D11 D13 D16 D17 D18 D21 D22 D23 D24 "
      "E01 E02 E03 E14 G03 G04 G13 H01 H08 "
      "K01 K02 K03 K04 K05 K06 K07 K08 K09 K10 K11 K12 K13 K14 K15 K16 K17 K18 K19 K20 K21 K22 "
      "K23 K24 K25 K26 K27 K28 K29 K30 K31 K32 K33 K34 K35 K36 K37 K38 K39 K40 K41 K42 K43 K44 "
      "N01 N02 N03 N04 N05 N06 N07 N08 N09 N10 N11 N12 N13 N14 N15 ");
}

TEST(Checks, SayWhyWhatToDoAndWhoSaysSo) {
  for (const Check& check : migrate::all_checks()) {
    for (const std::string_view text :
         {check.object, check.title, check.why, check.fix, check.reference})
      EXPECT_FALSE(text.empty()) << check.id;
    if (check.scenario.empty()) continue;
    EXPECT_TRUE(
        std::filesystem::exists(std::filesystem::path(ZK2KRAFT_SOURCE_DIR) / check.scenario))
        << check.id;
  }
}

TEST(Phases, AreGuessedFromWhatIsThere) {
  for (int i = 0; i < migrate::kPhaseCount; ++i) {
    const auto phase = static_cast<Phase>(i);
    // These show the same files as S4, S6 or S8; S7 is told by a controller that still has the
    // flag.
    const Phase seen = phase == Phase::S5 || phase == Phase::R1 ? Phase::S4
                       : phase == Phase::S7                     ? Phase::S8
                       : phase == Phase::R2                     ? Phase::S0
                                                                : phase;
    EXPECT_EQ(migrate::guess_phase(World(phase).facts()).phase, seen) << migrate::name_of(phase);
  }
  World finalising(Phase::S7);
  finalising.set("controller-3001", "zookeeper.metadata.migration.enable", "true");
  EXPECT_EQ(migrate::guess_phase(finalising.facts()).phase, Phase::S7);
}

}  // namespace
