#include "migrate/plan/thresholds.h"

#include <array>

namespace migrate {
namespace {

constexpr std::array kThresholds{
    Threshold{"migration-state", "kafka.controller:type=KafkaController,name=ZkMigrationState",
              "every controller",
              "4 (ZooKeeper), 2 (waiting), 1 (migration), 3 (finalised), never back",
              "no change for twice the time that the rehearsal took",
              "it goes to 3 before the stage finalise, or is 0 on a controller",
              "3 before its time is an accidental finalisation; 0 says that the controller was "
              "formatted and started without the flag (docs, ops.html)",
              Stage::Controllers, Stage::Finalise},
    Threshold{
        "migrating-brokers", "kafka.controller:type=KafkaController,name=MigratingZkBrokerCount",
        "the active controller",
        "the number of brokers when the copy begins, one less after each restart in KRaft "
        "mode, then 0",
        "no change for three times a broker's restart", "it rises in the stage soak",
        "a broker that came back in ZooKeeper mode by itself", Stage::MigrationMode, Stage::Soak},
    Threshold{"zk-write-behind-lag", "kafka.controller:type=KafkaController,name=ZkWriteBehindLag",
              "the active controller", "0, with short peaks", "above 0 for a minute",
              "it grows for ten minutes, or is above 0 when a gate is asked",
              "what ZooKeeper lacks is lost by a rollback (KAFKA-15532: other controllers' values "
              "mean nothing)",
              Stage::Copy, Stage::Soak},
    Threshold{"fenced-brokers", "kafka.controller:type=KafkaController,name=FencedBrokerCount",
              "the active controller", "0, and 1 while that broker restarts", "",
              "a broker is fenced that is not being restarted",
              "MB-22, or a controller that is too busy to answer heartbeats (KAFKA-15441)",
              Stage::Copy, Stage::Finalise},
    Threshold{"timed-out-heartbeats",
              "kafka.controller:type=KafkaController,name=TimedOutBrokerHeartbeatCount",
              "the active controller", "it does not rise", "it rises by one", "",
              "the copy blocks the controller's queue (KAFKA-15019)", Stage::Controllers,
              Stage::Finalise},
    Threshold{"event-queue-time",
              "kafka.controller:type=ControllerEventManager,name=EventQueueTimeMs",
              "the active controller", "99th percentile below 1 s", "above 1 s",
              "above half of broker.session.timeout.ms", "brokers are fenced when it grows further",
              Stage::Controllers, Stage::Finalise},
    Threshold{"raft-epoch", "kafka.server:type=raft-metrics, attribute current-epoch",
              "every controller", "it stays", "two more in ten minutes",
              "it reaches /controller_epoch while a rollback may still be wanted",
              "KAFKA-20488: after a rollback no leader is elected for partitions of a higher epoch",
              Stage::Controllers, Stage::Soak},
    Threshold{"commit-latency", "kafka.server:type=raft-metrics, attribute commit-latency-max",
              "the active controller", "below 100 ms", "above 200 ms", "",
              "each batch of the copy waits for it", Stage::Controllers, Stage::Finalise},
    Threshold{"metadata-errors", "kafka.controller:type=KafkaController,name=MetadataErrorCount",
              "every controller", "0", "", "above 0",
              "a record that cannot be applied; the driver's own faults are not counted here",
              Stage::Controllers, Stage::TowardsFour},
    Threshold{"metadata-lag",
              "kafka.server:type=broker-metadata-metrics, attribute last-applied-record-lag-ms",
              "every broker in KRaft mode", "below 1 s", "above 5 s", "above 60 s",
              "a broker that acts on old metadata", Stage::KRaftMode, Stage::TowardsFour},
    Threshold{"under-replicated", "kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions",
              "every broker", "0 between restarts", "above 0 for longer than a restart takes", "",
              "the next restart takes another replica away", Stage::Upgrade, Stage::Finalise},
    Threshold{"offline-partitions",
              "kafka.controller:type=KafkaController,name=OfflinePartitionsCount",
              "the active controller", "0", "",
              "above 0, but for partitions that the plan names as hazards",
              "nobody can write to them", Stage::Upgrade, Stage::Finalise},
    Threshold{"under-min-isr", "kafka.server:type=ReplicaManager,name=UnderMinIsrPartitionCount",
              "every broker", "0", "above 0", "above 0 after the restarted broker is back in sync",
              "acks=all is refused", Stage::Upgrade, Stage::Finalise},
    Threshold{"zookeeper-latency",
              "kafka.server:type=ZooKeeperClientMetrics,name=ZooKeeperRequestLatencyMs",
              "brokers in ZooKeeper mode, and controllers", "99th percentile below 10 ms",
              "above 50 ms", "above 1 s", "the copy and the mirror are made of such requests",
              Stage::Controllers, Stage::Soak},
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

}  // namespace

std::span<const Threshold> thresholds() {
  return kThresholds;
}

bool is_watched(const Threshold& threshold, Stage stage) {
  const Stage as = as_watched(stage);
  return threshold.first <= as && as <= threshold.last;
}

}  // namespace migrate
