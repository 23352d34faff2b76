#include <array>

#include "migrate/gate/rules.h"
#include "sim/base/check.h"

// What is next in each phase, and how the way back, the end and another attempt begin
// (migration.md §1.2, §1.3, §1.5).
namespace migrate {
namespace {

constexpr std::string_view kStopAndDelete =
    "stop every controller, the active one last\n"
    "zookeeper-shell $ZK get /controller_epoch\n"
    "zookeeper-shell $ZK delete /controller\n"
    "zookeeper-shell $ZK delete /migration\n"
    "on each broker: remove zookeeper.metadata.migration.enable, controller.listener.names and "
    "controller.quorum.*, and restart it, the first at once\n"
    "empty the controllers' log directories";

// By the phase, S0 to R2.
constexpr std::array<Step, kPhaseCount> kNextSteps{
    Step{"provision the controllers",
         "kafka-storage format --cluster-id=CLUSTER_ID -c controller.properties\n"
         "start every controller with zookeeper.metadata.migration.enable=true",
         "the active controller's log: transitioning from WAIT_FOR_CONTROLLER_QUORUM to "
         "WAIT_FOR_BROKERS",
         ""},
    Step{"restart the brokers with the migration flag, one by one",
         "on each broker: zookeeper.metadata.migration.enable=true, controller.quorum.*, "
         "controller.listener.names, and restart it",
         "a RegisterBrokerRecord of each broker; no under-replicated partition before the next one",
         "agree with the tenants on a freeze of metadata changes: none is accepted until the copy "
         "is complete"},
    Step{"restart the next broker with the migration flag; with the last one the copy begins by "
         "itself",
         "on it: zookeeper.metadata.migration.enable=true, controller.quorum.*, "
         "controller.listener.names, and restart it",
         "'Completed migration of metadata from ZooKeeper to KRaft', then DUAL_WRITE, in the "
         "active controller's log",
         ""},
    Step{"wait for the copy", "restart nobody",
         "'Completed migration of metadata from ZooKeeper to KRaft', then DUAL_WRITE, in the "
         "active controller's log",
         ""},
    Step{"restart the brokers in KRaft mode, one by one",
         "on each broker: process.roles=broker, node.id for broker.id, StandardAuthorizer; remove "
         "zookeeper.*, inter.broker.protocol.version and the flag; restart it",
         "MigratingZkBrokerCount falls by one, the broker is unfenced, no partition is "
         "under-replicated",
         ""},
    Step{"restart the next broker in KRaft mode",
         "on it: process.roles=broker, node.id for broker.id, StandardAuthorizer; remove "
         "zookeeper.*, inter.broker.protocol.version and the flag; restart it",
         "MigratingZkBrokerCount falls by one, the broker is unfenced, no partition is "
         "under-replicated",
         ""},
    Step{"finalise: restart the controllers without the migration flag, one by one, the active one "
         "last",
         "on each controller: remove zookeeper.metadata.migration.enable and zookeeper.*, and "
         "restart it",
         "ZkMigrationState is 3 on every controller",
         "there is no way back from here: soak for a week or two, try a failover of the "
         "controllers, take a backup of ZooKeeper, and have it signed off"},
    Step{"restart the remaining controllers without the migration flag",
         "on each of them: remove zookeeper.metadata.migration.enable and zookeeper.*, and restart "
         "it",
         "ZkMigrationState is 3 on every controller", ""},
    Step{"take ZooKeeper out of service",
         "stop the ensemble; /controller and /migration may stay in it, nobody reads them",
         "no connection from a broker or controller to it", "keep its last snapshot"},
    Step{"restart the remaining brokers in ZooKeeper mode with the flag; when all are back, stop "
         "the controllers and delete /controller and /migration",
         kStopAndDelete, "/controller names a broker, and its log says that it is the controller",
         "take the files again when all brokers are back, and ask again before the controllers "
         "stop"},
    Step{"clean up what the attempt left, and restart the brokers without the flag",
         "with every controller stopped: empty their log directories\n"
         "zookeeper-shell $ZK delete /migration\n"
         "on each broker: remove zookeeper.metadata.migration.enable, controller.listener.names "
         "and controller.quorum.*, and restart it",
         "zk2kraft gate retry SOURCE… is open", ""},
};

constexpr Step kNothingToUndo{"nothing is to be undone: ZooKeeper leads",
                              "stop every controller, and empty its log directories\n"
                              "zookeeper-shell $ZK delete /migration\n"
                              "take the migration flag out of the brokers that have it, and "
                              "restart them",
                              "/controller names a broker", ""};
constexpr Step kBackFromHybrid{"go back to ZooKeeper", kStopAndDelete,
                               "/controller names a broker, and /brokers/ids every broker",
                               "between the stop of the controllers and the election nobody leads: "
                               "no leader election, no ISR change"};
constexpr Step kBackFromKRaftMode{
    "go back to ZooKeeper, in two rolls",
    "on each broker: broker.id for node.id, zookeeper.*, AclAuthorizer, the migration flag and "
    "controller.quorum.* as they were in hybrid mode; restart it\n"
    "when all are back: zk2kraft gate rollback again, then the second roll",
    "every broker is in /brokers/ids, and registered in ZooKeeper mode", ""};
constexpr Step kNoWayBack{"there is no way back", "", "", ""};
constexpr Step kFinished{"it is finalised already", "", "ZkMigrationState is 3", ""};
constexpr Step kRetryNow{"begin again with new controllers",
                         "kafka-storage format --cluster-id=CLUSTER_ID -c controller.properties\n"
                         "start every controller with zookeeper.metadata.migration.enable=true",
                         "/migration is there, with offset -1",
                         "ask zk2kraft check first, as before the first attempt"};

Step way_back(Phase phase) {
  switch (phase) {
    case Phase::S0:
    case Phase::S1:
    case Phase::S2:
      return kNothingToUndo;
    case Phase::S3:
    case Phase::S4:
    case Phase::R1:
      return kBackFromHybrid;
    case Phase::S5:
    case Phase::S6:
      return kBackFromKRaftMode;
    case Phase::S7:
    case Phase::S8:
      return kNoWayBack;
    case Phase::R2:
      return kNextSteps.at(static_cast<std::size_t>(Phase::R2));
  }
  sim::unreachable("a phase is one of these");
}

}  // namespace

Step step_of(Question question, Phase phase) {
  switch (question) {
    case Question::Rollback:
      return way_back(phase);
    case Question::Finalize:
      return phase == Phase::S8 ? kFinished
                                : kNextSteps.at(static_cast<std::size_t>(
                                      phase == Phase::S7 ? Phase::S7 : Phase::S6));
    case Question::Retry:
      return kRetryNow;
    case Question::Next:
      return kNextSteps.at(static_cast<std::size_t>(phase));
  }
  sim::unreachable("a question is one of these");
}

}  // namespace migrate
