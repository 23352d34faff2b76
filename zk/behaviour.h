#pragma once

#include <string_view>

#include "sim/base/described.h"

// Known and seeded defects of a ZooKeeper server, each a switch at the one line where it lives. All
// are off in a correct server. They are the mutants that prove the checkers, and the answer to
// "what would have happened on that version?" (zookeeper.md §2.8). The names in the table are how
// scenarios turn them on.
namespace zk {

struct ServerBehaviour {
  // ZOOKEEPER-4643: a follower writes currentEpoch before the transactions it was synchronised
  // with; a crash in between makes it win the next election with a shorter log, and the others
  // truncate.
  bool epoch_before_history = false;
  // ZOOKEEPER-3911, ZOOKEEPER-4646: NEWLEADER is acknowledged before the synchronised transactions
  // are durable.
  bool new_leader_ack_before_history = false;
  // ZOOKEEPER-1549: a leader takes a snapshot of its log's uncommitted tail before any quorum
  // confirms it, and TRUNC cuts the log but not the snapshot. Never fixed; rare enough that no
  // deployment waits for it.
  bool uncommitted_in_snapshot = false;
  // Seeded: acceptedEpoch and currentEpoch are not written, so that a restarted server may help the
  // same epoch to a second leader.
  bool epochs_not_persisted = false;
  // Seeded, or forceSync=no: a proposal is acknowledged before the fsync.
  bool ack_before_fsync = false;
  // Seeded: a leader commits what any single server acknowledged.
  bool commit_without_quorum = false;
  // Seeded: watches are forgotten when they should fire.
  bool watch_lost = false;
  // Seeded: setData does not compare the version that the client expects.
  bool version_check_dropped = false;
  // ZOOKEEPER-2355, ZOOKEEPER-2985: an expired session's ephemerals stay.
  bool expiry_keeps_ephemerals = false;
  // Seeded: the operations of a multi that stand before the failing one are applied.
  bool multi_not_atomic = false;

  bool operator==(const ServerBehaviour&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("zookeeper-4643", &ServerBehaviour::epoch_before_history),
                 field("zookeeper-3911", &ServerBehaviour::new_leader_ack_before_history),
                 field("zookeeper-1549", &ServerBehaviour::uncommitted_in_snapshot),
                 field("zk-epochs-not-persisted", &ServerBehaviour::epochs_not_persisted),
                 field("zk-ack-before-fsync", &ServerBehaviour::ack_before_fsync),
                 field("zk-commit-without-quorum", &ServerBehaviour::commit_without_quorum),
                 field("zk-watch-lost", &ServerBehaviour::watch_lost),
                 field("zk-version-check-dropped", &ServerBehaviour::version_check_dropped),
                 field("zookeeper-2355", &ServerBehaviour::expiry_keeps_ephemerals),
                 field("zk-multi-not-atomic", &ServerBehaviour::multi_not_atomic));
  }
};

}  // namespace zk
