#include "migrate/check/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "tests/migrate/check/fixtures.h"
#include "tests/migrate/check/other_fixtures.h"
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

class Fixtures : public testing::TestWithParam<const std::vector<tests::Fixture>*> {};

TEST_P(Fixtures, FindWhatIsBrokenAndPassWhatIsNearlySo) {
  for (const tests::Fixture& fixture : *GetParam()) {
    if (fixture.breaks == nullptr) continue;
    SCOPED_TRACE(fixture.check);
    World broken(fixture.phase);
    fixture.breaks(broken);
    expect_finding(fixture.check, broken.facts());
    World sound(fixture.phase);
    sound.answer(std::string(fixture.check), true);
    if (fixture.nearly != nullptr) fixture.nearly(sound);
    expect_pass(fixture.check, sound.facts());
  }
}

INSTANTIATE_TEST_SUITE_P(All, Fixtures,
                         testing::Values(&tests::fixtures(), &tests::other_fixtures()));

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

// A phase and a profile in which the sound world is asked, or nothing.
std::optional<World> who_is_asked(const Check& check) {
  for (int phase = 0; phase < migrate::kPhaseCount; ++phase) {
    for (int profile = 0; profile < migrate::kProfileCount; ++profile) {
      World world(static_cast<Phase>(phase));
      world.profile(static_cast<migrate::Profile>(profile));
      if (!run_check(check, world.facts()).questions.empty()) return world;
    }
  }
  return std::nullopt;
}

TEST(Checks, AskWhatNoFileTellsAndTakeAnAnswer) {
  std::size_t asked = 0;
  for (const Check& check : migrate::all_checks()) {
    auto world = who_is_asked(check);
    if (!world) continue;
    ++asked;
    const std::string id(check.id);
    EXPECT_EQ(run_check(check, world->facts()).outcome, Outcome::Question) << id;
    EXPECT_EQ(run_check(check, world->answer(id, true).facts()).outcome, Outcome::Pass) << id;
    const auto denied = run_check(check, world->answer(id, false).facts());
    EXPECT_EQ(denied.outcome, Outcome::Finding) << told(denied);
    EXPECT_EQ(denied.severity(), check.severity) << id;
  }
  EXPECT_GE(asked, 33U);
}

TEST(Checks, HaveAFixtureEach) {
  std::set<std::string_view> covered;
  for (const auto& fixture : tests::fixtures()) covered.insert(fixture.check);
  for (const auto& fixture : tests::other_fixtures()) covered.insert(fixture.check);
  for (const auto& fixture : tests::rule_fixtures()) covered.insert(fixture.check);
  for (const Check& check : migrate::all_checks())
    EXPECT_TRUE(covered.contains(check.id) || who_is_asked(check)) << check.id << " has no fixture";
}

TEST(Checks, FindNothingThatBlocksInASoundClusterInAnyPhase) {
  for (int i = 0; i < migrate::kPhaseCount; ++i) {
    const auto phase = static_cast<Phase>(i);
    SCOPED_TRACE(migrate::name_of(phase));
    for (const CheckResult& result : migrate::run_checks(World(phase).facts())) {
      for (const auto& finding : result.findings)
        EXPECT_EQ(finding.severity, migrate::CheckSeverity::Information) << told(result);
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

TEST(Checks, AClosedWayBackBlocksWhoGoesBack) {
  for (const auto& [phase, severity] : {std::pair(Phase::S4, migrate::CheckSeverity::Warning),
                                        std::pair(Phase::R1, migrate::CheckSeverity::Error)}) {
    World world(phase);
    world.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(1, "1,2", 11));
    const auto result = run_check(*find_check("G04"), world.facts());
    ASSERT_EQ(result.findings.size(), 1U) << told(result);
    EXPECT_EQ(result.severity(), severity) << told(result);
  }
}

// Its claim takes a second or two, and controllers that are stopped one by one elect each other to
// the last.
TEST(Checks, ALeaderThatWasJustElectedNeedNotHaveClaimedYet) {
  static constexpr auto elected = [](migrate::MetadataFacts& log, std::int64_t records) {
    log.end.epoch = sim::RaftEpoch(6);
    log.leader = sim::BrokerId(3001);
    log.records_of_leader = records;
  };
  World young(Phase::S4);
  young.edit_log([](migrate::MetadataFacts& log) { elected(log, 2); });
  const auto result = run_check(*find_check("N10"), young.facts());
  EXPECT_EQ(result.outcome, Outcome::Unknown) << told(result);
  World settled(Phase::S4);
  settled.edit_log([](migrate::MetadataFacts& log) { elected(log, 300); });
  expect_finding("N10", settled.facts());
}

TEST(Checks, KafkaValidatesTheFileBeforeItLearnsOfDynamicConfigs) {
  World world(Phase::S0);
  world.set("broker-1", "advertised.listeners", "PLAINTEXT://0.0.0.0:9092");
  world.znode("/config/brokers/1",
              R"({"version":1,"config":{"advertised.listeners":"PLAINTEXT://b1:9092"}})");
  expect_finding("K30", world.facts());
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

TEST(Checks, SecretsThatWereHashedWithOtherSaltsAreNotDrift) {
  const std::string jaas = R"(PlainLoginModule required username="kafka" password="REDACTED:%";)";
  const auto told_as = [&](std::string_view first, std::string_view second) {
    World world(Phase::S0);
    for (const auto& [node, secret] : {std::pair("broker-1", first), std::pair("broker-2", second)})
      world.set(node, "sasl.jaas.config", std::string(jaas).replace(jaas.find('%'), 1, secret));
    return run_check(*find_check("C18"), world.facts());
  };
  EXPECT_EQ(told_as("ab12:77ff", "ab12:77ff").outcome, Outcome::Pass);
  const auto unknown = told_as("ab12:77ff", "cd34:01");
  EXPECT_EQ(unknown.outcome, Outcome::Unknown) << told(unknown);
  ASSERT_EQ(unknown.missing.size(), 1U);
  EXPECT_EQ(unknown.missing.front(),
            "whether sasl.jaas.config is alike: the collections have different salts");
  const auto one_salt = told_as("ab12:77ff", "ab12:01");
  EXPECT_EQ(one_salt.outcome, Outcome::Finding) << told(one_salt);
  const auto other_name = told_as("ab12:77ff", R"(cd34:77ff" serviceName="k)");
  EXPECT_EQ(other_name.outcome, Outcome::Finding) << told(other_name);
}

// Ids are what people suppress and what pipelines look for: one is never renamed nor used again. To
// add a check, add its id here.
TEST(Checks, KeepTheirIds) {
  std::string ids;
  for (const Check& check : migrate::all_checks()) ids += std::string(check.id) + " ";
  EXPECT_EQ(
      ids,
      "A01 A02 A03 A04 A05 A06 A08 A09 A10 A11 A12 A13 A14 "
      "B01 B02 B06 B07 B08 B09 B10 B11 B12 B13 B14 B15 B16 B17 B18 B19 B20 B21 B22 B23 B24 "
      "C04 C07 C08 C09 C10 C11 C12 C13 C14 C15 C16 C17 C18 C19 C20 C21 C22 "
      "D01 D02 D03 D04 D05 D06 D07 D08 D09 D10 D11 D13 D14 D15 D16 D17 D18 D19 D20 D21 D22 D23 D24 "
      "D25 D26 E01 E02 E03 E04 E05 E06 E07 E08 E09 E10 E11 E12 E13 E14 "
      "F01 F02 F03 F04 F05 F06 F07 F08 F09 "
      "G01 G02 G03 G04 G05 G06 G07 G08 G09 G10 G11 G12 G13 "
      "H01 H02 H03 H04 H05 H06 H07 H08 H09 H10 H11 "
      "K01 K02 K03 K04 K05 K06 K07 K08 K09 K10 K11 K12 K13 K14 K15 K16 K17 K18 K19 K20 K21 K22 "
      "K23 K24 K25 K26 K27 K28 K29 K30 K31 K32 K33 K34 K35 K36 K37 K38 K39 K40 K41 K42 K43 K44 K45 "
      "N01 N02 N03 N04 N05 N06 N07 N08 N09 N10 N11 N12 N13 N14 N15 N16 N17 N18 "
      "N19 N20 ");
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

// A broker of 3.6 whose file does not set inter.broker.protocol.version speaks 3.6-IV2, and fits
// controllers of that metadata.version; of an unknown release nobody can tell.
TEST(Checks, AnUnsetProtocolVersionIsTheLastOfTheBrokersRelease) {
  const auto outcome = [](const char* check, Phase phase, std::optional<std::string> software) {
    World world(phase);
    world.record(sim::FeatureLevelRecord{std::string(sim::kMetadataVersionFeature),
                                         sim::level_of(sim::MetadataVersion::V3_6_IV2)});
    world.unset_all("broker-", "inter.broker.protocol.version");
    migrate::ClusterFacts facts = world.facts();
    for (migrate::NodeFacts& node : facts.nodes) node.software = software;
    return run_check(*find_check(check), facts).outcome;
  };
  for (const auto& [check, phase] : {std::pair("A04", Phase::S2), std::pair("G11", Phase::R1)}) {
    EXPECT_EQ(outcome(check, phase, "3.6.2"), Outcome::Pass) << check;
    EXPECT_EQ(outcome(check, phase, "3.7.2"), Outcome::Finding) << check;
    EXPECT_EQ(outcome(check, phase, std::nullopt), Outcome::Unknown) << check;
  }
}

// Below 3.7-IV0 no controller registers. 3.5 and 3.6 ask each of them, later releases nobody.
TEST(Checks, AControllerWithoutTheFlagIsFoundByItsFileWhereNoneRegister) {
  for (const auto& [software, waits] : {std::pair("3.6.2", true), std::pair("3.9.1", false)}) {
    World world(Phase::S1);
    world.record(sim::FeatureLevelRecord{std::string(sim::kMetadataVersionFeature),
                                         sim::level_of(sim::MetadataVersion::V3_6_IV2)});
    world.set("controller-3001", "zookeeper.metadata.migration.enable", "false");
    migrate::ClusterFacts facts = world.facts();
    for (migrate::NodeFacts& node : facts.nodes) node.software = software;
    const CheckResult result = run_check(*find_check("N11"), facts);
    ASSERT_EQ(result.findings.size(), 1U) << software;
    EXPECT_EQ(result.findings[0].object, "controller 3001");
    EXPECT_EQ(result.findings[0].what.contains("waits for this one"), waits) << software;
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
  // A controller that runs without the flag has begun the end, unless brokers are in ZooKeeper
  // mode.
  const sim::RegisterControllerRecord without{.controller_id = sim::BrokerId(3001),
                                              .zk_migration_ready = false};
  EXPECT_EQ(migrate::guess_phase(World(Phase::S6).record(without).facts()).phase, Phase::S7);
  EXPECT_EQ(migrate::guess_phase(World(Phase::S4).record(without).facts()).phase, Phase::S4);
  // New controllers beside what an attempt left, and old ones that cannot go on.
  EXPECT_EQ(migrate::guess_phase(World(Phase::S1).znode("/migration", World::migration(77)).facts())
                .phase,
            Phase::S1);
  EXPECT_EQ(migrate::guess_phase(World(Phase::R2)
                                     .znode("/migration", World::migration(-1))
                                     .state(sim::ZkMigrationState::Migration)
                                     .facts())
                .phase,
            Phase::R2);
  // Before 3.7-IV0 controllers do not register, and their files are all there is.
  for (const auto level : {sim::MetadataVersion::V3_6_IV2, sim::MetadataVersion::V3_7_IV0}) {
    World rolling(Phase::S6);
    rolling.record(
        sim::FeatureLevelRecord{std::string(sim::kMetadataVersionFeature), sim::level_of(level)});
    EXPECT_EQ(migrate::guess_phase(rolling.facts()).phase, Phase::S6);
    rolling.unset("controller-3001", "zookeeper.metadata.migration.enable");
    EXPECT_EQ(migrate::guess_phase(rolling.facts()).phase,
              level < sim::MetadataVersion::V3_7_IV0 ? Phase::S7 : Phase::S6);
  }
  World finalising(Phase::S7);
  finalising.set("controller-3001", "zookeeper.metadata.migration.enable", "true");
  EXPECT_EQ(migrate::guess_phase(finalising.facts()).phase, Phase::S7);
}

}  // namespace
