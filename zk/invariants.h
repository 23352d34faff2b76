#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/violation.h"
#include "sim/core/payload.h"
#include "zk/client.h"
#include "zk/message.h"
#include "zk/server.h"

// What must always hold of an ensemble (zookeeper.md §2.7, §7.2): pure functions over const views
// and notices, with a little remembered state where a property speaks of the past.
namespace zk {

using sim::Violation;
using sim::Violations;

// What the checks remember of one ensemble from one call to the next.
struct EnsembleMemory {
  std::map<ZabEpoch, ServerId> leaders;  // by epoch: who was established
  struct State {
    std::uint64_t txn = 0;   // digest of the transaction, 0 where only the state was seen
    std::uint64_t tree = 0;  // of the tree after it
  };
  std::map<Zxid, State> committed;     // what the first server delivered
  std::map<ServerId, Zxid> delivered;  // by server: the last one of its present life
};

// Looks at a notice of one ensemble; others than those named say nothing.
//
// zk.OneLeaderPerEpoch (Established): no epoch is ever led by two servers: Leadership1,
// Leadership2.
//
// zk.CommittedIsKept (Established): a new leader's history holds everything delivered in earlier
// epochs.
//
// zk.CommittedPrefixAgrees (Committed, Established, FollowerReady): at one zxid all servers
// delivered the same transaction and have the same tree: Agreement, TotalOrder, PrefixConsistency.
//
// zk.MultiIsAtomic (Committed): a multi of which one operation failed leaves the tree as it was.
//
// zk.ZxidMonotone (Committed): a server delivers in order of zxids.
//
// zk.SessionSeesNoPast (SessionResumed): no server shows a client a state older than one it has
// seen.
Violations check_notice(const sim::Payload& notice, EnsembleMemory& memory);

// Looks at the servers that run (null: down), after any event. Cheap enough for that; the number of
// ephemerals counts.
//
// zk.EpochsInOrder: acceptedEpoch is at least currentEpoch and the epoch of the last logged
// transaction; while a server serves, currentEpoch is at least that epoch, too.
//
// zk.EphemeralHasSession: no ephemeral outlives its session, in any server's tree.
Violations check_servers(std::span<const Server* const> servers);

// A validation, for quiet moments: nothing is on its way between this client and this server.
//
// zk.WatchesAreArmed: what a connected client believes to watch is watched at its server.
Violations check_watches(const Client& client, const Server& server);

}  // namespace zk
