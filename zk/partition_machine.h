#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "sim/kafka/ids.h"
#include "sim/kafka/record_enums.h"

// How the ZooKeeper-mode controller chooses leaders (PartitionStateMachine,
// PartitionLeaderElectionAlgorithms; zookeeper.md §6.5): pure functions of an assignment, an ISR
// and who is alive.
namespace zk {

// Leadership as it stands in a partition's state znode; `zk_version` is the znode's version.
struct LeaderAndIsr {
  sim::BrokerId leader{-1};
  sim::LeaderEpoch leader_epoch{0};
  std::vector<sim::BrokerId> isr;
  sim::LeaderRecoveryState recovery = sim::LeaderRecoveryState::Recovered;
  sim::PartitionEpoch zk_version{0};
  // Of the controller that wrote it. One with a lower epoch elects no leader there (KAFKA-20488).
  sim::ControllerEpoch controller_epoch{0};
  bool operator==(const LeaderAndIsr&) const = default;
};

// Who may lead. A broker that is shutting down is alive but leads nothing new.
struct LiveBrokers {
  std::set<sim::BrokerId> live;  // without those that are shutting down
  std::set<sim::BrokerId> shutting_down;
  bool may_lead(sim::BrokerId broker) const { return live.contains(broker); }
};

// A new partition: the first live replica leads, all live replicas are in sync. Nothing if none is
// alive.
std::optional<LeaderAndIsr> initial_leader(const std::vector<sim::BrokerId>& assignment,
                                           const LiveBrokers& brokers);

// After a broker's failure or return. The leader stays if it is alive; else the first in assignment
// order that is alive and in sync leads; else, if unclean elections are allowed, the first alive,
// alone in its ISR; else nobody. Dead members leave the ISR, the last one never. Nothing if nothing
// changes.
std::optional<LeaderAndIsr> elect_after_change(const LeaderAndIsr& now,
                                               const std::vector<sim::BrokerId>& assignment,
                                               const LiveBrokers& brokers, bool unclean_allowed);

// A broker leaves in good order: leadership moves to a live in-sync replica, and it leaves the ISR.
// Nothing if nothing changes or nobody could take over.
std::optional<LeaderAndIsr> elect_for_shutdown(const LeaderAndIsr& now,
                                               const std::vector<sim::BrokerId>& assignment,
                                               const LiveBrokers& brokers, sim::BrokerId leaving);

// The first replica of the assignment leads, if it is alive and in sync. Nothing if it leads already or cannot.
std::optional<LeaderAndIsr> elect_preferred(const LeaderAndIsr& now,
                                            const std::vector<sim::BrokerId>& assignment,
                                            const LiveBrokers& brokers);

}  // namespace zk
