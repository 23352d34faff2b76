#include <array>

#include "migrate/gate/rules.h"
#include "sim/base/check.h"

// What is next in each phase, and how the way back, the end and another attempt begin
// (migration.md §1.2, §1.3, §1.5). Which commands do it, the plan says (migrate/plan/steps.h).
namespace migrate {
namespace {

using enum Step::Road;

// By the phase, S0 to R2.
constexpr std::array<Step, kPhaseCount> kNextSteps{
    Step{"format and start the controllers, with the migration flag", Forward, Phase::S1,
         "the active controller's log: transitioning from WAIT_FOR_CONTROLLER_QUORUM to "
         "WAIT_FOR_BROKERS",
         ""},
    Step{"restart the brokers with the migration flag, one by one", Forward, Phase::S2,
         "a RegisterBrokerRecord of each broker; no under-replicated partition before the next one",
         "agree with the tenants on a freeze of metadata changes: none is accepted until the copy "
         "is complete"},
    Step{"restart the next broker with the migration flag; with the last one the copy begins by "
         "itself",
         Forward, Phase::S2,
         "'Completed migration of metadata from ZooKeeper to KRaft', then DUAL_WRITE, in the "
         "active controller's log",
         ""},
    Step{"wait for the copy: restart nobody", Forward, Phase::S3,
         "'Completed migration of metadata from ZooKeeper to KRaft', then DUAL_WRITE, in the "
         "active controller's log",
         ""},
    Step{"restart the brokers in KRaft mode, one by one", Forward, Phase::S5,
         "MigratingZkBrokerCount falls by one, the broker is unfenced, no partition is "
         "under-replicated",
         ""},
    Step{"restart the next broker in KRaft mode", Forward, Phase::S5,
         "MigratingZkBrokerCount falls by one, the broker is unfenced, no partition is "
         "under-replicated",
         ""},
    Step{"finalise: restart the controllers without the migration flag, one by one, the active one "
         "last",
         Forward, Phase::S7, "ZkMigrationState is 3 on every controller",
         "there is no way back from here: soak for a week or two, try a failover of the "
         "controllers, take a backup of ZooKeeper, and have it signed off"},
    Step{"restart the remaining controllers without the migration flag", Forward, Phase::S7,
         "ZkMigrationState is 3 on every controller", ""},
    Step{"take ZooKeeper out of service; /controller and /migration may stay in it, nobody reads "
         "them",
         Forward, Phase::S8, "no connection from a broker or controller to it",
         "keep its last snapshot"},
    Step{"restart the remaining brokers in ZooKeeper mode with the flag; when all are back, stop "
         "the controllers, raise /controller_epoch, and delete /controller and /migration",
         Forward, Phase::R1,
         "/controller names a broker, and its log says that it is the controller",
         "take the files again when all brokers are back, and ask again before the controllers "
         "stop"},
    Step{"clean up what the attempt left, with every controller stopped, and restart the brokers "
         "without the flag",
         Forward, Phase::R2, "zk2kraft gate retry SOURCE… is open", ""},
};

constexpr Step at_next(Phase phase) {
  return kNextSteps.at(static_cast<std::size_t>(phase));
}

constexpr Step kNoWayBack{"there is no way back", None, Phase::S8, "", ""};
constexpr Step kFinished{"it is finalised already", None, Phase::S8, "ZkMigrationState is 3", ""};
constexpr Step kRetryNow{"begin again with new controllers", Forward, Phase::S1,
                         "/migration is there, with offset -1",
                         "ask zk2kraft check first, as before the first attempt"};

Step way_back(Phase phase) {
  switch (phase) {
    case Phase::S0:
    case Phase::S1:
    case Phase::S2:
      return {
          "nothing is to be undone: ZooKeeper leads; stop the controllers and forget the "
          "attempt",
          Back, phase, "/controller names a broker", ""};
    case Phase::S3:
    case Phase::S4:
    case Phase::R1:
      return {"go back to ZooKeeper", Back, phase,
              "/controller names a broker, and /brokers/ids every broker",
              "between the stop of the controllers and the election nobody leads: no leader "
              "election, no ISR change"};
    case Phase::S5:
    case Phase::S6:
      return {"go back to ZooKeeper, in two rolls", Back, phase,
              "every broker is in /brokers/ids, and registered in ZooKeeper mode",
              "when all are back after the first roll: zk2kraft gate rollback again, then the "
              "second"};
    case Phase::S7:
    case Phase::S8:
      return kNoWayBack;
    case Phase::R2:
      return at_next(Phase::R2);
  }
  sim::unreachable("a phase is one of these");
}

}  // namespace

Step step_of(Question question, Phase phase) {
  switch (question) {
    case Question::Rollback:
      return way_back(phase);
    case Question::Finalize:
      return phase == Phase::S8 ? kFinished : at_next(phase == Phase::S7 ? Phase::S7 : Phase::S6);
    case Question::Retry:
      return kRetryNow;
    case Question::Next:
      return at_next(phase);
  }
  sim::unreachable("a question is one of these");
}

}  // namespace migrate
