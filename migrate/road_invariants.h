#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "migrate/broker_node.h"
#include "migrate/driver.h"
#include "migrate/invariants.h"
#include "sim/base/violation.h"
#include "zk/controller_notice.h"
#include "zk/tree.h"

// What must hold of a whole migration, the way back included, between machines of both worlds
// (migration.md §7.4, §7.5): pure functions over const views. What a defect of 3.9.1 or a mistake
// of the operator explains is told under its name (migration.md §7.2).
namespace migrate {

// Who runs, as the checker sees it: null cores are down.
struct RunningBroker {
  sim::BrokerId id;
  const BrokerNode* core = nullptr;
};

// migration.S17, authority: no broker is through with its election as controller while a KRaft
// controller whose log says MIGRATION is active, as `kraft_controller` is. `memory` keeps that it
// happened. Asked when one of either kind has come to power; a KRaft controller whose log remembers a
// former attempt breaks nothing before it claims (MB-02, check_claimant).
enum class CameToPower : std::uint8_t {
  Broker,
  KRaftController
};
Violations check_authority(sim::BrokerId kraft_controller, const zk::Tree& tree,
                           const std::string& root, const std::vector<RunningBroker>& brokers,
                           CameToPower who, MigrationMemory& memory);

// Looks at a claim when its maker learns of it, or at a driver that begins to reconcile; `state` as
// its log says.
//
//   MB-01   nothing is reconciled while the log says PRE_MIGRATION
//   MB-02   no log that says MIGRATION claims from a broker; MB-13 if that broker came to power
//   under a living controller
Violations check_claimant(const Claimed& claim, sim::ZkMigrationState state,
                          MigrationMemory& memory);
Violations check_reconciler(sim::BrokerId node, sim::ZkMigrationState state,
                            MigrationMemory& memory);

// migration.S11 where the copy ends: whoever runs and is in an ISR holds all that its leader has
// committed. Partitions whose state was missing, and whose ISR was assumed, are told as MB-18.
Violations check_isr_at_copy(const sim::MetadataImage& image, const zk::Tree& tree,
                             const std::string& root, const std::vector<RunningBroker>& brokers);

// migration.S13: no producer id is given out twice. Blocks that brokers took from ZooKeeper count (invariants.h).
Violations check_block(std::int64_t first, std::int32_t count, MigrationMemory& memory);

// migration.S6: what /migration says to be mirrored is committed; `committed` is the end of what
// is.
Violations check_committed(const zk::Committed& notice, const std::string& root,
                           sim::Offset committed, const MigrationMemory& memory);

// migration.L8, after the way back: exactly one broker rules, the one that /controller names; every
// partition that has somebody registered in its ISR is led, by whom its state names. What is not so
// is told as MB-14 where the leader holds a newer partition epoch than the state's, as KAFKA-20488
// where the controller's epoch is below the state's. Nothing to say while no broker holds
// /controller.
Violations check_way_back(const zk::Tree& tree, const std::string& root,
                          const std::vector<RunningBroker>& brokers);

// The same as it happens: a controller refuses to elect for a state that no controller of its kind
// has written.
Violations check_refusal(const zk::ZkElectionRefused& refused, const zk::Tree& tree,
                         const std::string& root);

// migration.L4, L5 in dual write: each unfenced broker in ZooKeeper mode has the leaders of
// `image`; each partition with somebody unfenced in its ISR has a leader. L4 is told under the name
// of what explains it (why_behind), if anything does; L5 as MB-28 of partitions that came out of the copy so.
Violations check_knowledge(const sim::MetadataImage& image, std::string_view why,
                           const std::set<sim::TopicPartition>& copied_leaderless,
                           const std::vector<RunningBroker>& brokers);

// Partitions without a leader, though a broker of their ISR is unfenced.
std::set<sim::TopicPartition> leaderless(const sim::MetadataImage& image);

// migration.L4 the other way round: no broker in ZooKeeper mode has a topic or a replica that `image` does not give it.
// Told as MB-26 of brokers that `told` does not name: they have not run unfenced ever since the last full requests, and
// what a broker misses meanwhile nobody tells it before the next ones (migration.md §5.4).
Violations check_leftovers(const sim::MetadataImage& image, std::string_view why,
                           const std::set<sim::BrokerId>& told,
                           const std::vector<RunningBroker>& brokers);

// migration.L3: a driver with nothing to do is not far behind what is committed; `why` as above.
Violations check_lag(const Driver& driver, sim::Offset committed, std::string_view why);

}  // namespace migrate
