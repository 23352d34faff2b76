#include "migrate/plan/thresholds.h"

#include <fmt/format.h>

#include <array>

namespace migrate {
namespace {

using enum LimitLevel;

constexpr std::array kStateLimits{
    Limit{Warn, "no change of 2 for half an hour",
          "they wait for brokers without a limit: a broker that is gone but still in an assignment "
          "blocks for ever (migration.md §6.4)",
          "KraftMigrationCopyStands",
          "max({0}) == 2 and count({0} == 2) > 0 and changes(max({0})[10m:1m]) == 0", "30m",
          "controllers have waited in state 2 for half an hour"},
    Limit{Warn, "it is 3",
          "unless finalisation has begun, somebody restarted a controller without the flag "
          "(migration.md §1.4)",
          "KraftMigrationFinalised", "{} == 3", "", "the way back is over: state 3"},
    Limit{Abort, "it goes to 3 before the stage finalise",
          "that is an accidental finalisation (docs, ops.html)"},
    Limit{Abort, "it is 0 on a controller for a minute",
          "a controller that ever led without the flag ends in state 0 for good (B09)",
          "KraftMigrationStateLost", "{} == 0", "1m",
          "a controller says that there is no migration"},
};
constexpr std::array kLeftLimits{
    Limit{Warn, "no change for half an hour while brokers are restarted",
          "in hybrid mode this may be meant; during the roll it falls by one with each restart "
          "(docs/ops)",
          "KraftMigrationBrokersStand", "max({0}) > 0 and changes(max({0})[30m:1m]) == 0", "30m",
          "brokers are still in ZooKeeper mode, and their number does not fall"},
    Limit{Abort, "it rises, but while brokers enter the migration or go back",
          "a broker came back in ZooKeeper mode by itself (docs/ops)",
          "KraftMigrationBrokerWentBack", "delta(max({0})[15m:1m]) > 0", "",
          "a broker has registered in ZooKeeper mode again"},
};
constexpr std::array kLagLimits{
    Limit{Warn, "above 0 for a minute",
          "short peaks are sound, a minute is not; other controllers' values mean nothing "
          "(KAFKA-15532)",
          "KraftMigrationMirrorLags", "{} > 0", "60s", "ZooKeeper is behind KRaft"},
    Limit{Abort, "it grows for ten minutes", "the way back would lose what is not mirrored",
          "KraftMigrationMirrorStands", "min_over_time({0}[10m]) > 0 and deriv({0}[10m]) > 0",
          "10m", "ZooKeeper falls further and further behind"},
    Limit{Abort, "it is above 0 when a gate is asked",
          "what ZooKeeper lacks is lost by a rollback"},
};
constexpr std::array kReconcileLimits{
    Limit{Warn, "99th percentile above a minute",
          "it grows with topics: three times what was rehearsed is too much (KAFKA-15196)",
          "KraftMigrationSlowReconcile", "{} > 60000", "",
          "writing all of the metadata to ZooKeeper took over a minute"},
};
constexpr std::array kMirrorLimits{
    Limit{Warn, "99th percentile above 1 s for five minutes",
          "a change is a few znodes (KAFKA-15196)", "KraftMigrationSlowMirror", "{} > 1000", "5m",
          "writing one change to ZooKeeper takes over a second"},
};
constexpr std::array kFencedLimits{
    Limit{Abort, "above 0 for ten minutes, or a broker is fenced that is not being restarted",
          "MB-22, or a controller that is too busy to answer heartbeats (KAFKA-15019, "
          "KAFKA-15441)",
          "KraftMigrationBrokerFenced", "max({}) > 0", "10m",
          "a broker is fenced for longer than a restart takes"},
};
constexpr std::array kHeartbeatsLimits{
    Limit{Warn, "it rises by one",
          "the copy blocks the controller's queue, and the next one fences the broker "
          "(KAFKA-15019, KAFKA-15441)",
          "KraftMigrationHeartbeatTimedOut", "increase({}[5m]) > 0", "",
          "a broker's heartbeat waited too long in the controller's queue"},
};
constexpr std::array kEventsTimedOutLimits{
    Limit{Warn, "it rises by one", "in a sound cluster none is dropped (docs/ops)",
          "KraftMigrationEventsTimedOut", "increase({}[5m]) > 0", "",
          "the controller dropped work that waited too long"},
};
constexpr std::array kEventsLimits{
    Limit{Warn, "above 1 s for two minutes", "the copy shares the queue with heartbeats",
          "KraftMigrationEventsWait", "{} > 1000", "2m",
          "the controller's events wait over a second"},
    Limit{Abort, "above half of broker.session.timeout.ms (9000) for two minutes",
          "at all of it brokers are fenced", "KraftMigrationEventsWaitLong", "{} > 4500", "2m",
          "the controller's events wait for half of broker.session.timeout.ms"},
};
constexpr std::array kElectionsLimits{
    Limit{Warn, "two more in ten minutes",
          "each election raises the epoch, and the way back needs /controller_epoch above it "
          "(KAFKA-20488)",
          "KraftMigrationElections", "increase(max({})[10m:1m]) >= 2", "",
          "controllers were elected again and again"},
};
constexpr std::array kEpochLimits{
    Limit{Warn, "two more in ten minutes",
          "ask zk2kraft gate rollback: above /controller_epoch it closes (KAFKA-20488)",
          "KraftMigrationEpochRose", "delta(max({})[10m:1m]) >= 2", "",
          "KRaft's epoch rose by two or more in ten minutes"},
    Limit{Abort, "it reaches /controller_epoch while a rollback may still be wanted",
          "after a rollback no leader is elected for partitions of a higher epoch"},
};
constexpr std::array kElectionLatencyLimits{
    Limit{Warn, "above 1 s", "nobody leads for as long (docs/ops)", "KraftMigrationSlowElection",
          "{} > 1000", "", "an election of controllers took over a second"},
};
constexpr std::array kCommitLatencyLimits{
    Limit{Warn, "above 200 ms for five minutes",
          "100 ms are sound; a copy waits for a commit for each batch (docs/ops)",
          "KraftMigrationSlowCommit", "{} > 200", "5m", "committing metadata takes over 200 ms"},
};
constexpr std::array kMetadataErrorsLimits{
    Limit{
        Abort, "above 0",
        "a record that cannot be applied; the driver's own faults are not counted here (docs/ops)",
        "KraftMigrationMetadataError", "{} > 0", "", "a controller met an error in its metadata"},
};
constexpr std::array kLoadErrorsLimits{
    Limit{Abort, "above 0", "it is never sound (docs/ops)", "KraftMigrationLoadError", "{} > 0", "",
          "a broker could not load metadata"},
};
constexpr std::array kApplyErrorsLimits{
    Limit{Abort, "above 0", "it is never sound (docs/ops)", "KraftMigrationApplyError", "{} > 0",
          "", "a broker could not apply metadata"},
};
constexpr std::array kMetadataLagLimits{
    Limit{Warn, "above 5 s for a minute", "a second is sound (docs/ops)",
          "KraftMigrationBrokerLags", "{} > 5000", "1m",
          "a broker's metadata are over five seconds old"},
    Limit{Abort, "above 60 s for a minute", "it serves a cluster that is no more (docs/ops)",
          "KraftMigrationBrokerLagsLong", "{} > 60000", "1m",
          "a broker's metadata are over a minute old"},
};
constexpr std::array kUnderReplicatedLimits{
    Limit{Warn, "above 0 for ten minutes, or longer than a restart takes",
          "restart no other broker: one more could be one too many",
          "KraftMigrationUnderReplicated", "{} > 0", "10m",
          "partitions have been under-replicated for longer than a restart"},
};
constexpr std::array kUnderMinIsrLimits{
    Limit{Warn, "above 0 for a minute", "acks=all is refused: restart no other broker",
          "KraftMigrationUnderMinIsr", "{} > 0", "1m", "producers with acks=all are refused"},
    Limit{Abort, "above 0 after the restarted broker is back in sync", "nothing will mend it"},
};
constexpr std::array kOfflineLimits{
    Limit{Abort, "above 0 for a minute, but for partitions that the plan names as hazards",
          "nobody can write to them, and no restart of one broker may lead to this",
          "KraftMigrationOffline", "max({}) > 0", "1m", "partitions have no leader"},
};
constexpr std::array kZooKeeperLatencyLimits{
    Limit{Warn, "above 50 ms for five minutes", "the copy and the mirror are made of such requests",
          "KraftMigrationZooKeeperSlow", "{} > 50", "5m", "ZooKeeper answers in over 50 ms"},
    Limit{Abort, "above 1 s for five minutes", "sessions and claims will be lost",
          "KraftMigrationZooKeeperVerySlow", "{} > 1000", "5m",
          "ZooKeeper answers in over a second"},
};

constexpr std::string_view kOfActive = "the active controller";
constexpr std::string_view kOfEvery = "every controller";
constexpr std::string_view kKRaftBrokers = "every broker in KRaft mode";
constexpr std::string_view kRaft = "kafka.server:type=raft-metrics";
constexpr std::string_view kBrokerMetadata = "kafka.server:type=broker-metadata-metrics";

constexpr std::array kThresholds{
    Threshold{"migration-state", "kafka.controller:type=KafkaController,name=ZkMigrationState",
              "Value", kOfEvery,
              "4 (ZooKeeper), 2 (waiting), 1 (migration), 3 (finalised), never back", kStateLimits,
              Stage::Controllers, Stage::Finalise},
    Threshold{"migrating-brokers",
              "kafka.controller:type=KafkaController,name=MigratingZkBrokerCount", "Value",
              kOfActive,
              "the number of brokers when the copy begins, one less after each restart in KRaft "
              "mode, then 0",
              kLeftLimits, Stage::MigrationMode, Stage::Soak},
    Threshold{"zk-write-behind-lag", "kafka.controller:type=KafkaController,name=ZkWriteBehindLag",
              "Value", kOfActive, "0, with short peaks", kLagLimits, Stage::Copy, Stage::Soak},
    Threshold{"zk-write-snapshot-time",
              "kafka.controller:type=KafkaController,name=ZkWriteSnapshotTimeMs", "99thPercentile",
              kOfActive, "it grows with topics", kReconcileLimits, Stage::Copy, Stage::Soak},
    Threshold{"zk-write-delta-time",
              "kafka.controller:type=KafkaController,name=ZkWriteDeltaTimeMs", "99thPercentile",
              kOfActive, "far below 1 s", kMirrorLimits, Stage::Copy, Stage::Soak},
    Threshold{"fenced-brokers", "kafka.controller:type=KafkaController,name=FencedBrokerCount",
              "Value", kOfActive, "0, and 1 while that broker restarts", kFencedLimits, Stage::Copy,
              Stage::Finalise},
    Threshold{"timed-out-heartbeats",
              "kafka.controller:type=KafkaController,name=TimedOutBrokerHeartbeatCount", "Value",
              kOfActive, "it does not rise", kHeartbeatsLimits, Stage::Controllers,
              Stage::Finalise},
    Threshold{"timed-out-events",
              "kafka.controller:type=KafkaController,name=EventQueueOperationsTimedOutCount",
              "Value", kOfActive, "it does not rise", kEventsTimedOutLimits, Stage::Controllers,
              Stage::Finalise},
    Threshold{"event-queue-time",
              "kafka.controller:type=ControllerEventManager,name=EventQueueTimeMs",
              "99thPercentile", kOfActive, "below 1 s", kEventsLimits, Stage::Controllers,
              Stage::Finalise},
    Threshold{"elections", "kafka.controller:type=KafkaController,name=NewActiveControllersCount",
              "Value", kOfEvery, "it stays", kElectionsLimits, Stage::Controllers, Stage::Soak},
    Threshold{"raft-epoch", kRaft, "current-epoch", kOfEvery, "it stays", kEpochLimits,
              Stage::Controllers, Stage::Soak},
    Threshold{"election-latency", kRaft, "election-latency-max", kOfEvery, "below 1 s",
              kElectionLatencyLimits, Stage::Controllers, Stage::Finalise},
    Threshold{"commit-latency", kRaft, "commit-latency-max", kOfActive, "below 100 ms",
              kCommitLatencyLimits, Stage::Controllers, Stage::Finalise},
    Threshold{"metadata-errors", "kafka.controller:type=KafkaController,name=MetadataErrorCount",
              "Value", kOfEvery, "0", kMetadataErrorsLimits, Stage::Controllers,
              Stage::TowardsFour},
    Threshold{"metadata-load-errors", kBrokerMetadata, "metadata-load-error-count", kKRaftBrokers,
              "0", kLoadErrorsLimits, Stage::KRaftMode, Stage::TowardsFour},
    Threshold{"metadata-apply-errors", kBrokerMetadata, "metadata-apply-error-count", kKRaftBrokers,
              "0", kApplyErrorsLimits, Stage::KRaftMode, Stage::TowardsFour},
    Threshold{"metadata-lag", kBrokerMetadata, "last-applied-record-lag-ms", kKRaftBrokers,
              "below 1 s", kMetadataLagLimits, Stage::KRaftMode, Stage::TowardsFour},
    Threshold{"under-replicated", "kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions",
              "Value", "every broker", "0 between restarts", kUnderReplicatedLimits, Stage::Upgrade,
              Stage::Finalise},
    Threshold{"offline-partitions",
              "kafka.controller:type=KafkaController,name=OfflinePartitionsCount", "Value",
              kOfActive, "0", kOfflineLimits, Stage::Upgrade, Stage::Finalise},
    Threshold{"under-min-isr", "kafka.server:type=ReplicaManager,name=UnderMinIsrPartitionCount",
              "Value", "every broker", "0", kUnderMinIsrLimits, Stage::Upgrade, Stage::Finalise},
    Threshold{"zookeeper-latency",
              "kafka.server:type=ZooKeeperClientMetrics,name=ZooKeeperRequestLatencyMs",
              "99thPercentile", "brokers in ZooKeeper mode, and controllers", "below 10 ms",
              kZooKeeperLatencyLimits, Stage::Controllers, Stage::Soak},
};

// What a way back is watched like.
Stage as_watched(Stage stage) {
  switch (stage) {
    case Stage::BackToMigrationMode:
      return Stage::KRaftMode;
    case Stage::BackToZooKeeper:
      return Stage::MigrationMode;
    default:
      return stage;
  }
}

// Texts of limits, each once, with "; " between them.
template <class Text>
std::string joined_texts(const Threshold& threshold, Text&& text_of) {
  std::string all;
  for (const Limit& limit : threshold.limits) {
    const std::string_view text = text_of(limit);
    if (text.empty() || all.find(text) != std::string::npos) continue;
    all += fmt::format("{}{}", all.empty() ? "" : "; ", text);
  }
  return all;
}

}  // namespace

std::span<const Threshold> thresholds() {
  return kThresholds;
}

std::string metric_of(const Threshold& threshold) {
  if (threshold.attribute == "Value") return std::string(threshold.bean);
  return fmt::format("{}, attribute {}", threshold.bean, threshold.attribute);
}

std::string words_of(const Threshold& threshold, LimitLevel level) {
  return joined_texts(threshold, [level](const Limit& limit) {
    return limit.level == level ? limit.words : std::string_view{};
  });
}

std::string reasons_of(const Threshold& threshold) {
  return joined_texts(threshold, [](const Limit& limit) { return limit.why; });
}

bool is_watched(const Threshold& threshold, Stage stage) {
  const Stage as = as_watched(stage);
  return threshold.first <= as && as <= threshold.last;
}

}  // namespace migrate
