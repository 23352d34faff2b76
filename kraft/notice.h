#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kraft/log.h"

// What the quorum, its controller and its brokers' links say of themselves: each a notice for
// traces, checkers, coverage and fault plans ("crash on kraft.ControllerActivated 2"), with the
// rule it follows.
namespace kraft {

// A replica changed its role or epoch; `rule` names the row of the table of moves.
struct RoleChanged {
  BrokerId node;
  RaftEpoch epoch;
  std::string role;
  BrokerId leader = kNoLeader;
  std::string move;
  static constexpr std::string_view kName = "kraft.RoleChanged";
  static constexpr std::string_view kRule = "kraft.md §1.4";
  static constexpr auto fields(auto&& visit) {
    using T = RoleChanged;
    return visit(sim::field("node", &T::node), sim::field("epoch", &T::epoch),
                 sim::field("role", &T::role), sim::field("leader", &T::leader),
                 sim::field("move", &T::move));
  }
};
struct VoteGranted {
  BrokerId node;
  RaftEpoch epoch;
  BrokerId candidate;
  static constexpr std::string_view kName = "kraft.VoteGranted";
  static constexpr std::string_view kRule = "kraft.md §1.6";
  static constexpr auto fields(auto&& visit) {
    using T = VoteGranted;
    return visit(sim::field("node", &T::node), sim::field("epoch", &T::epoch),
                 sim::field("candidate", &T::candidate));
  }
};
struct BecameLeader {
  BrokerId node;
  RaftEpoch epoch;
  Offset epoch_start;
  static constexpr std::string_view kName = "kraft.BecameLeader";
  static constexpr std::string_view kRule = "kraft.md §1.8";
  static constexpr auto fields(auto&& visit) {
    using T = BecameLeader;
    return visit(sim::field("node", &T::node), sim::field("epoch", &T::epoch),
                 sim::field("epochStart", &T::epoch_start));
  }
};
struct LeaderResigned {
  BrokerId node;
  RaftEpoch epoch;
  std::string reason;
  static constexpr std::string_view kName = "kraft.LeaderResigned";
  static constexpr std::string_view kRule = "kraft.md §1.4 T9";
  static constexpr auto fields(auto&& visit) {
    using T = LeaderResigned;
    return visit(sim::field("node", &T::node), sim::field("epoch", &T::epoch),
                 sim::field("reason", &T::reason));
  }
};
// The leader's high watermark advanced: what is before it is committed.
struct HighWatermark {
  BrokerId node;
  RaftEpoch epoch;
  Offset high_watermark;
  static constexpr std::string_view kName = "kraft.HighWatermark";
  static constexpr std::string_view kRule = "kraft.md §1.10";
  static constexpr auto fields(auto&& visit) {
    using T = HighWatermark;
    return visit(sim::field("node", &T::node), sim::field("epoch", &T::epoch),
                 sim::field("highWatermark", &T::high_watermark));
  }
};
struct LogTruncated {
  BrokerId node;
  Offset from;
  Offset to;
  static constexpr std::string_view kName = "kraft.LogTruncated";
  static constexpr std::string_view kRule = "kraft.md §1.10";
  static constexpr auto fields(auto&& visit) {
    using T = LogTruncated;
    return visit(sim::field("node", &T::node), sim::field("from", &T::from),
                 sim::field("to", &T::to));
  }
};
struct SnapshotInstalled {
  BrokerId node;
  OffsetAndEpoch id;
  static constexpr std::string_view kName = "kraft.SnapshotInstalled";
  static constexpr std::string_view kRule = "kraft.md §1.10";
  static constexpr auto fields(auto&& visit) {
    using T = SnapshotInstalled;
    return visit(sim::field("node", &T::node), sim::field("id", &T::id));
  }
};

struct ControllerActivated {
  BrokerId node;
  RaftEpoch epoch;
  std::string migration_state;
  static constexpr std::string_view kName = "kraft.ControllerActivated";
  static constexpr std::string_view kRule = "kraft.md §3.3";
  static constexpr auto fields(auto&& visit) {
    using T = ControllerActivated;
    return visit(sim::field("node", &T::node), sim::field("epoch", &T::epoch),
                 sim::field("migrationState", &T::migration_state));
  }
};
struct ControllerRenounced {
  BrokerId node;
  RaftEpoch epoch;
  Offset reverted_to;
  static constexpr std::string_view kName = "kraft.ControllerRenounced";
  static constexpr std::string_view kRule = "kraft.md §3.1";
  static constexpr auto fields(auto&& visit) {
    using T = ControllerRenounced;
    return visit(sim::field("node", &T::node), sim::field("epoch", &T::epoch),
                 sim::field("revertedTo", &T::reverted_to));
  }
};
// The records of a batch were handed to this node's state machines.
struct Committed {
  BrokerId node;
  Offset base;
  Offset end;
  RaftEpoch epoch;
  static constexpr std::string_view kName = "kraft.Committed";
  static constexpr std::string_view kRule = "kraft.md §1.11";
  static constexpr auto fields(auto&& visit) {
    using T = Committed;
    return visit(sim::field("node", &T::node), sim::field("base", &T::base),
                 sim::field("end", &T::end), sim::field("epoch", &T::epoch));
  }
};
// An image was published to this node's readers.
struct MetadataPublished {
  BrokerId node;
  Offset offset;  // inclusive: the provenance's last contained offset
  RaftEpoch epoch;
  static constexpr std::string_view kName = "kraft.MetadataPublished";
  static constexpr std::string_view kRule = "kraft.md §4.2";
  static constexpr auto fields(auto&& visit) {
    using T = MetadataPublished;
    return visit(sim::field("node", &T::node), sim::field("offset", &T::offset),
                 sim::field("epoch", &T::epoch));
  }
};
struct MigrationStateChanged {
  BrokerId node;
  std::string from;
  std::string to;
  static constexpr std::string_view kName = "kraft.MigrationStateChanged";
  static constexpr std::string_view kRule = "migration.md §3.1";
  static constexpr auto fields(auto&& visit) {
    using T = MigrationStateChanged;
    return visit(sim::field("node", &T::node), sim::field("from", &T::from),
                 sim::field("to", &T::to));
  }
};
struct TransactionAborted {
  BrokerId node;
  Offset began;
  std::string reason;
  static constexpr std::string_view kName = "kraft.TransactionAborted";
  static constexpr std::string_view kRule = "kraft.md §3.2";
  static constexpr auto fields(auto&& visit) {
    using T = TransactionAborted;
    return visit(sim::field("node", &T::node), sim::field("began", &T::began),
                 sim::field("reason", &T::reason));
  }
};

// MB-24: records of a copy are appended under another claim than the one that began its
// transaction.
struct CopyOutlivedItsClaim {
  BrokerId node;
  RaftEpoch began;  // under which claim the transaction began
  RaftEpoch epoch;  // under which claim this is appended
  static constexpr std::string_view kName = "kraft.CopyOutlivedItsClaim";
  static constexpr std::string_view kRule = "migration.md §3.2";
  static constexpr auto fields(auto&& visit) {
    using T = CopyOutlivedItsClaim;
    return visit(sim::field("node", &T::node), sim::field("began", &T::began),
                 sim::field("epoch", &T::epoch));
  }
};

struct BrokerRegistered {
  BrokerId controller;
  BrokerId broker;
  sim::BrokerEpoch epoch;
  bool is_migrating_zk_broker = false;
  static constexpr std::string_view kName = "kraft.BrokerRegistered";
  static constexpr std::string_view kRule = "kraft.md §3.4";
  static constexpr auto fields(auto&& visit) {
    using T = BrokerRegistered;
    return visit(sim::field("controller", &T::controller), sim::field("broker", &T::broker),
                 sim::field("epoch", &T::epoch),
                 sim::field("isMigratingZkBroker", &T::is_migrating_zk_broker));
  }
};
struct BrokerFenced {
  BrokerId controller;
  BrokerId broker;
  std::string why;
  static constexpr std::string_view kName = "kraft.BrokerFenced";
  static constexpr std::string_view kRule = "kraft.md §3.5";
  static constexpr auto fields(auto&& visit) {
    using T = BrokerFenced;
    return visit(sim::field("controller", &T::controller), sim::field("broker", &T::broker),
                 sim::field("why", &T::why));
  }
};
struct BrokerUnfenced {
  BrokerId controller;
  BrokerId broker;
  static constexpr std::string_view kName = "kraft.BrokerUnfenced";
  static constexpr std::string_view kRule = "kraft.md §3.5";
  static constexpr auto fields(auto&& visit) {
    using T = BrokerUnfenced;
    return visit(sim::field("controller", &T::controller), sim::field("broker", &T::broker));
  }
};
struct ElectedPartitionLeader {
  BrokerId controller;
  sim::Uuid topic_id;
  sim::PartitionId partition;
  BrokerId leader;  // -1: none could be found
  bool unclean = false;
  static constexpr std::string_view kName = "kraft.ElectedPartitionLeader";
  static constexpr std::string_view kRule = "kraft.md §3.6";
  static constexpr auto fields(auto&& visit) {
    using T = ElectedPartitionLeader;
    return visit(sim::field("controller", &T::controller), sim::field("topicId", &T::topic_id),
                 sim::field("partition", &T::partition), sim::field("leader", &T::leader),
                 sim::field("unclean", &T::unclean));
  }
};
// The controller answered a change that is committed: at most one controller of any kind may do so.
struct ChangeAcknowledged {
  BrokerId controller;
  RaftEpoch epoch;
  Offset offset;
  std::string request;
  static constexpr std::string_view kName = "kraft.ChangeAcknowledged";
  static constexpr std::string_view kRule = "kraft.md §3.1";
  static constexpr auto fields(auto&& visit) {
    using T = ChangeAcknowledged;
    return visit(sim::field("controller", &T::controller), sim::field("epoch", &T::epoch),
                 sim::field("offset", &T::offset), sim::field("request", &T::request));
  }
};
// A broker's link moved along its lifecycle.
struct BrokerStateChanged {
  BrokerId broker;
  std::string from;
  std::string to;
  static constexpr std::string_view kName = "kraft.BrokerStateChanged";
  static constexpr std::string_view kRule = "kraft.md §4.1";
  static constexpr auto fields(auto&& visit) {
    using T = BrokerStateChanged;
    return visit(sim::field("broker", &T::broker), sim::field("from", &T::from),
                 sim::field("to", &T::to));
  }
};

template <sim::Message Notice>
void notify(Effects& effects, Notice notice) {
  effects.push_back(sim::Notify{Payload::of(std::move(notice))});
}

}  // namespace kraft
