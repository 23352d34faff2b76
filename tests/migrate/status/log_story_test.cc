#include "migrate/status/log_story.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

// What is made of the lines of Kafka's logs. Real ones are read in tests/tools/status_test.cc.
namespace {

using migrate::LogMeaning;
using migrate::LogStory;
using migrate::LogVerdict;
using enum migrate::MigrationDriverState;

constexpr std::string_view kDriverLogger =
    "(org.apache.kafka.metadata.migration.KRaftMigrationDriver)";

// A line of controller 3000's driver, so many seconds after ten o'clock.
std::string driver(int second, std::string_view text, std::string_view level = "INFO") {
  return fmt::format("[2026-11-20 10:00:{:02},000] {} [KRaftMigrationDriver id=3000] {} {}", second,
                     level, text, kDriverLogger);
}
std::string goes(int second, std::string_view from, std::string_view to) {
  return driver(second, fmt::format("3000 transitioning from {} to {} state", from, to));
}
std::string fault(int second, std::string_view event, std::string_view cause) {
  return fmt::format(
      "[2026-11-20 10:00:{:02},000] ERROR Encountered zk migration fault: Unhandled error in {} "
      "(org.apache.kafka.server.fault.LoggingFaultHandler)\n{}\n\tat a.b.C.d(C.java:1)",
      second, event, cause);
}

LogStory story(const std::vector<std::string>& lines) {
  migrate::LogReader reader("controller.log");
  for (const std::string& line : lines) {
    for (std::size_t at = 0; at <= line.size();) {
      const std::size_t end = std::min(line.find('\n', at), line.size());
      reader.add_line(std::string_view(line).substr(at, end - at));
      at = end + 1;
    }
  }
  return migrate::tell(reader.finish());
}

// The hazards of the lines that stand.
std::set<std::string> standing(const LogStory& story) {
  std::set<std::string> hazards;
  for (const auto& hit : story.hits) {
    if (hit.stands) hazards.insert(std::string(hit.pattern->hazard));
  }
  return hazards;
}
using Hazards = std::set<std::string>;

const std::vector<std::string> kDual{goes(1, "UNINITIALIZED", "INACTIVE"),
                                     goes(2, "INACTIVE", "WAIT_FOR_CONTROLLER_QUORUM"),
                                     goes(3, "KRAFT_CONTROLLER_TO_BROKER_COMM", "DUAL_WRITE")};
std::vector<std::string> dual_write_and(std::vector<std::string> more) {
  more.insert(more.begin(), kDual.begin(), kDual.end());
  return more;
}

// Seen on Kafka 3.6.2: two controllers made /migration at the same time.
TEST(LogStory, APollThatFailsIsTheLastOneFrom35To370) {
  const auto told = [](std::string_view release) {
    return story({fmt::format("[2026-11-20 10:00:00,000] INFO Kafka version: {} "
                              "(org.apache.kafka.common.utils.AppInfoParser)",
                              release),
                  driver(1, "Encountered ZooKeeper error during event PollEvent. Will retry.")});
  };
  for (const char* release : {"3.5.2", "3.6.0", "3.6.2", "3.7.0"})
    EXPECT_EQ(standing(told(release)), Hazards{"KAFKA-16563"}) << release;
  for (const char* release : {"3.7.1", "3.8.1", "3.9.1"})
    EXPECT_EQ(standing(told(release)), Hazards{""}) << release;
  EXPECT_EQ(told("3.6.2").verdict(), LogVerdict::Wedged);
}
TEST(LogStory, ADriverWithoutPollsMovesOnlyWhenItIsStartedAgain) {
  std::vector<std::string> lines{
      "[2026-11-20 10:00:00,000] INFO Kafka version: 3.6.2 "
      "(org.apache.kafka.common.utils.AppInfoParser)",
      driver(1, "Encountered ZooKeeper error during event PollEvent. Will retry."),
      "[2026-11-20 10:00:02,000] INFO [QuorumController id=3000] Replayed a ZkMigrationStateRecord "
      "changing the migration state from NONE to PRE_MIGRATION. (a.b.FeatureControlManager)"};
  EXPECT_EQ(standing(story(lines)), Hazards{"KAFKA-16563"});
  lines.push_back(goes(9, "UNINITIALIZED", "INACTIVE"));
  EXPECT_EQ(standing(story(lines)), Hazards{});
}

// ── Lines ───────────────────────────────────────────────────────────────────────────────────────

TEST(LogLines, AreReadInEveryLayoutThatKafkasImagesUse) {
  for (const char* line :
       {"[2026-11-20 10:00:01,250] WARN [QuorumController id=3000] text (a.b.QuorumController)",
        "2026-11-20 10:00:01,250 WARN [QuorumController id=3000] text (a.b.QuorumController) "
        "[thread-1]",
        "[2026-11-20T10:00:01.250Z] WARN [QuorumController id=3000] text (a.b.QuorumController)",
        "2026-11-20T10:00:01.250+0100 [WARN] [QuorumController id=3000] text "
        "(a.b.QuorumController)"}) {
    const auto event = migrate::parse_log_line(line);
    ASSERT_TRUE(event) << line;
    EXPECT_EQ(event->time, "2026-11-20 10:00:01,250") << line;
    EXPECT_EQ(event->level, "WARN");
    EXPECT_EQ(event->text, "[QuorumController id=3000] text") << line;
    EXPECT_EQ(event->logger, "a.b.QuorumController") << line;
    EXPECT_EQ(event->node, sim::BrokerId(3000));
  }
}

TEST(LogLines, OfAStackTraceBelongToTheEventBefore) {
  for (const char* line : {"\tat a.b.C.d(C.java:1)", "java.lang.RuntimeException: x", "",
                           "2026-11-20", "[2026-11-20 10:00:01,250] something"})
    EXPECT_FALSE(migrate::parse_log_line(line)) << line;
}

TEST(LogLines, AMessageThatEndsInParenthesesKeepsThem) {
  const auto event = migrate::parse_log_line("[2026-11-20 10:00:01] INFO a thing (with words)");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->text, "a thing (with words)");
  EXPECT_EQ(event->logger, "");
}

// ── Patterns ────────────────────────────────────────────────────────────────────────────────────

// One line for each place in which the driver of 3.9 logs at INFO or above.
TEST(LogPatterns, KnowEveryLineOfTheDriver) {
  constexpr std::string_view kTexts[]{
      "Still waiting for all controller nodes ready to begin the migration. Not ready due to:x",
      "Waiting for initial metadata publish before checking if Zk brokers are registered.",
      "No brokers are known to KRaft, waiting for brokers to register.",
      "No brokers are registered in ZK, waiting for brokers to register.",
      "Still waiting for ZK brokers [1] to register with KRaft.",
      "Still waiting for ZK brokers [7] found in metadata to register with KRaft.",
      "Recovered migration state from ZK in 1 ns. Transitioned migration state from a to b",
      "Migration driver trying to transition from an unknown state X",
      "Current leader epoch is a, but event was created with epoch b. Not running this event E.",
      "Expected driver state A but found B. Not running this event E.",
      "3000 transitioning from INACTIVE to WAIT_FOR_CONTROLLER_QUORUM state",
      "Encountered ZooKeeper error during event BecomeZkControllerEvent. Will retry.",
      "Ignoring delta p since the migration has not finished.",
      "Ignoring delta p which contains metadata that has already been written to ZK.",
      "The controller's ZkMigrationState is NONE which means this cluster should not be migrated "
      "from ZooKeeper.",
      "Controller Quorum is ready for Zk to KRaft migration. Now waiting for ZK brokers.",
      "KRaft controller indicates an active migration, but the ZK state does not.",
      "Migration is in already progress, not waiting on ZK brokers.",
      "KRaft controller indicates a completed migration, but the migration driver is somehow "
      "active.",
      "Zk brokers are registered and ready for migration",
      "Unable to claim leadership, will retry until we learn of a different KRaft leader",
      "Starting ZK migration",
      "Could not start the migration",
      "Completed migration of metadata from ZooKeeper to KRaft. 3 records.",
      "Aborting the metadata migration from ZooKeeper to KRaft. 3 records.",
      "Ignoring image p which does not contain a superset of the metadata in ZK. Staying in "
      "SYNC_KRAFT_TO_ZK until a newer image is loaded",
      "Performing a full metadata sync from KRaft to ZK.",
      "Did not make any ZK writes when reconciling with KRaft state.",
      "Made the following ZK writes when reconciling with KRaft state: {UpdateTopic=1}",
      "Sending RPCs to broker before moving to dual-write mode using at offset and epoch o",
      "Not sending metadata RPCs with current metadata image since does not contain the offset",
      "Initial migration of ZK metadata is done.",
  };
  for (const std::string_view text : kTexts) {
    const auto event = migrate::parse_log_line(driver(1, text));
    ASSERT_TRUE(event) << text;
    EXPECT_NE(migrate::find_pattern(*event), nullptr) << text;
  }
}

TEST(LogPatterns, HaveIdsOfTheirOwnAndSayWhatToDoAboutWhatIsBad) {
  std::set<std::string_view> ids;
  for (const auto& pattern : migrate::log_patterns()) {
    EXPECT_TRUE(ids.insert(pattern.id).second) << pattern.id;
    if (pattern.meaning == LogMeaning::Stuck || pattern.meaning == LogMeaning::Lost) {
      EXPECT_FALSE(pattern.action.empty()) << pattern.id;
    }
    EXPECT_TRUE(pattern.meaning == LogMeaning::Progress || !pattern.says.empty()) << pattern.id;
  }
}

// ── Stories ─────────────────────────────────────────────────────────────────────────────────────

TEST(LogStories, SayTheStateAndSinceWhen) {
  const LogStory told = story(kDual);
  EXPECT_EQ(told.active, sim::BrokerId(3000));
  EXPECT_EQ(told.drivers.at(sim::BrokerId(3000)).state, DualWrite);
  EXPECT_EQ(told.drivers.at(sim::BrokerId(3000)).since, "2026-11-20 10:00:03,000");
  EXPECT_EQ(told.transitions.size(), 3U);
  EXPECT_EQ(told.verdict(), LogVerdict::Sound);
}

TEST(LogStories, DoNotDependOnTheOrderOfTheFiles) {
  const std::vector<std::string> backwards(kDual.rbegin(), kDual.rend());
  EXPECT_EQ(story(backwards).drivers.at(sim::BrokerId(3000)).state, DualWrite);
}

TEST(LogStories, WaitingIsSound) {
  const LogStory told =
      story({goes(1, "WAIT_FOR_CONTROLLER_QUORUM", "WAIT_FOR_BROKERS"),
             driver(2, "Still waiting for ZK brokers [2] to register with KRaft.")});
  EXPECT_EQ(told.verdict(), LogVerdict::Sound);
  ASSERT_FALSE(told.hits.empty());
  EXPECT_EQ(told.hits.front().meaning, LogMeaning::Waiting);
  EXPECT_TRUE(told.hits.front().stands);
}

TEST(LogStories, AStaleVersionIsAWedgeUntilTheDriverMovesOn) {
  const std::string stale = fault(
      5, "MetadataChangeEvent{}",
      "java.lang.RuntimeException: Check op on KRaft Migration ZNode failed. Sent zkVersion = 8. "
      "This indicates that another KRaft controller is making writes to ZooKeeper.");
  const LogStory wedged = story(dual_write_and({stale}));
  EXPECT_EQ(wedged.verdict(), LogVerdict::Wedged);
  EXPECT_EQ(standing(wedged), Hazards{"MB-04"});
  // The old leader of a failover sees the same once, and steps down.
  const LogStory over = story(dual_write_and({stale, goes(6, "DUAL_WRITE", "INACTIVE")}));
  EXPECT_EQ(over.verdict(), LogVerdict::Sound);
}

// The stack traces of QuorumController's fatal faults, MB-24; another leader does not mend it.
TEST(LogStories, ACopyThatOutlivedItsClaimIsAWedgeForEver) {
  for (const char* cause :
       {"java.lang.RuntimeException: Found duplicate TopicRecord for orders with topic ID xyz",
        "java.lang.RuntimeException: Can't replay an EndTransactionRecord at 1234 because there is "
        "no open transaction."}) {
    const std::string fatal = fault(5, "MigrateMetadataEvent", cause);
    const LogStory wedged = story(dual_write_and({fatal, goes(6, "ZK_MIGRATION", "INACTIVE")}));
    EXPECT_EQ(wedged.verdict(), LogVerdict::Wedged) << cause;
    EXPECT_EQ(standing(wedged), Hazards{"MB-24"}) << cause;
  }
}

TEST(LogStories, APublicationThatWasSkippedStandsUntilAFullReconcile) {
  const std::string skipped = fault(5, "MetadataChangeEvent{}", "java.lang.Exception: x");
  EXPECT_EQ(standing(story(dual_write_and({skipped}))), Hazards{"MB-06"});
  EXPECT_EQ(story(dual_write_and({skipped, goes(6, "DUAL_WRITE", "INACTIVE")})).verdict(),
            LogVerdict::AtRisk);
  EXPECT_EQ(story(dual_write_and(
                      {skipped, goes(7, "SYNC_KRAFT_TO_ZK", "KRAFT_CONTROLLER_TO_BROKER_COMM")}))
                .verdict(),
            LogVerdict::Sound);
}

TEST(LogStories, CheckpointsThatFailInARowAreAWedge) {
  const auto failing = [](int times) {
    std::vector<std::string> lines;
    for (int i = 0; i < times; ++i)
      lines.push_back(driver(
          10 + i, "Encountered ZooKeeper error during event MetadataChangeEvent{}. Will retry."));
    return story(dual_write_and(lines)).verdict();
  };
  EXPECT_EQ(failing(1), LogVerdict::AtRisk);
  EXPECT_EQ(failing(5), LogVerdict::Wedged);
}

TEST(LogStories, NameTheHazardByTheStackTrace) {
  EXPECT_EQ(standing(story({fault(5, "SyncKRaftMetadataEvent",
                                  "java.lang.RuntimeException: Unknown config resource type "
                                  "CLIENT_METRICS")})),
            Hazards{"MB-11"});
  EXPECT_EQ(standing(story({fault(5, "MetadataChangeEvent{}",
                                  "org.apache.kafka.metadata.migration.MigrationClientException: "
                                  "Could not write ACLs for resource pattern x")})),
            Hazards{"MB-21"});
  EXPECT_EQ(standing(story({fault(5, "MetadataChangeEvent{}",
                                  "java.lang.NullPointerException\n\tat "
                                  "K.handleClientQuotasDelta(K.java:1)")})),
            Hazards{"MB-12"});
}

TEST(LogStories, ACommittedCopyWithoutRecordIsADeadEnd) {
  const LogStory told = story({driver(
      5, "KRaft controller indicates an active migration, but the ZK state does not.", "ERROR")});
  EXPECT_EQ(told.verdict(), LogVerdict::Wedged);
  EXPECT_EQ(standing(told), Hazards{"MB-07"});
}

TEST(LogStories, ABrokersLogShowsTheEpochsThatWereInverted) {
  const LogStory told = story(
      {"[2026-11-20 10:00:05,000] ERROR [Controller id=1 epoch=11] Aborted leader election for "
       "partition orders-0 since the LeaderAndIsr path was already written by another controller. "
       "(state.change.logger)"});
  EXPECT_EQ(told.verdict(), LogVerdict::Wedged);
  EXPECT_EQ(standing(told), Hazards{"KAFKA-20488"});
}

TEST(LogStories, AfterFinalisationTheMirrorIsHistory) {
  const LogStory told = story(dual_write_and(
      {fault(5, "MetadataChangeEvent{}", "java.lang.Exception: x"),
       "[2026-11-20 10:00:08,000] INFO [QuorumController id=3001] Replayed a "
       "ZkMigrationStateRecord changing the migration state from MIGRATION to POST_MIGRATION. "
       "(org.apache.kafka.controller.FeatureControlManager)"}));
  EXPECT_EQ(told.log_state, sim::ZkMigrationState::PostMigration);
  EXPECT_EQ(told.verdict(), LogVerdict::Sound);
}

TEST(LogStories, AWarningOfTheDriverThatNobodyKnowsIsShown) {
  const LogStory told = story(dual_write_and({driver(9, "Something new", "WARN")}));
  ASSERT_EQ(told.unexplained.size(), 1U);
  EXPECT_EQ(told.unexplained.front().line, 4U);
  EXPECT_EQ(told.verdict(), LogVerdict::AtRisk);
}

TEST(LogStories, WithoutALineOfADriverNothingIsKnown) {
  EXPECT_EQ(story({"[2026-11-20 10:00:05,000] INFO [SocketServer] x (a.B)"}).verdict(),
            LogVerdict::Unknown);
}

}  // namespace
