#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/described.h"
#include "sim/core/core.h"
#include "sim/core/payload.h"
#include "zk/message.h"

// What a server finds worth telling. Traces, coverage and checkers listen; no server does.
namespace zk {

// A server was made from its disk. `torn`: its log ended in a part of an entry, now cut off.
struct Recovered {
  static constexpr std::string_view kName = "zk.Recovered";
  static constexpr std::string_view kRule = "zookeeper.md §3.8";
  ServerId server;
  Zxid snapshot;
  Zxid last_logged;
  bool torn = false;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("server", &Recovered::server), field("snapshot", &Recovered::snapshot),
                 field("lastLogged", &Recovered::last_logged), field("torn", &Recovered::torn));
  }
};

struct Looking {
  static constexpr std::string_view kName = "zk.Looking";
  static constexpr std::string_view kRule = "zookeeper.md §2.2";
  ServerId server;
  Round round;
  std::string why;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("server", &Looking::server), field("round", &Looking::round),
                 field("why", &Looking::why));
  }
};

// The server has decided whom to follow; the leader itself elects itself.
struct LeaderElected {
  static constexpr std::string_view kName = "zk.LeaderElected";
  static constexpr std::string_view kRule = "zookeeper.md §2.2";
  ServerId server;
  Vote vote;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("server", &LeaderElected::server),
                 sim::field("vote", &LeaderElected::vote));
  }
};

// A quorum has acknowledged NEWLEADER: the leader's history is committed, broadcast begins.
struct Established {
  static constexpr std::string_view kName = "zk.Established";
  static constexpr std::string_view kRule = "zookeeper.md §2.3 step 5";
  ServerId leader;
  ZabEpoch epoch;
  Zxid history;            // the last transaction of the history that became committed
  std::uint64_t tree = 0;  // digest of the tree that this history makes
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("leader", &Established::leader), field("epoch", &Established::epoch),
                 field("history", &Established::history), field("tree", &Established::tree));
  }
};

// A leader chose how to bring a learner to its own history.
struct Synchronizing {
  static constexpr std::string_view kName = "zk.Synchronizing";
  static constexpr std::string_view kRule = "zookeeper.md §2.4";
  ServerId leader;
  ServerId learner;
  SyncMode mode = SyncMode::Diff;
  Zxid learner_zxid;
  Zxid zxid;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("leader", &Synchronizing::leader), field("learner", &Synchronizing::learner),
                 field("mode", &Synchronizing::mode),
                 field("learnerZxid", &Synchronizing::learner_zxid),
                 field("zxid", &Synchronizing::zxid));
  }
};

// A follower may serve clients: it has the leader's committed history up to `zxid`.
struct FollowerReady {
  static constexpr std::string_view kName = "zk.FollowerReady";
  static constexpr std::string_view kRule = "zookeeper.md §2.3 step 6";
  ServerId server;
  ServerId leader;
  ZabEpoch epoch;
  Zxid zxid;
  std::uint64_t tree = 0;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("server", &FollowerReady::server), field("leader", &FollowerReady::leader),
                 field("epoch", &FollowerReady::epoch), field("zxid", &FollowerReady::zxid),
                 field("tree", &FollowerReady::tree));
  }
};

// A server delivered a committed transaction: applied it to its tree, whose digest (zookeeper.md
// §3.7) is then `tree`. The transaction itself is shared with the log.
struct Committed {
  static constexpr std::string_view kName = "zk.Committed";
  static constexpr std::string_view kRule = "zookeeper.md §2.6";
  ServerId server;
  Zxid zxid;
  std::uint64_t tree = 0;
  sim::Payload txn;  // a LoggedTxn
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("server", &Committed::server), field("zxid", &Committed::zxid),
                 field("tree", &Committed::tree), field("txn", &Committed::txn));
  }
};

struct SessionExpired {
  static constexpr std::string_view kName = "zk.SessionExpired";
  static constexpr std::string_view kRule = "zookeeper.md §1.8";
  ServerId leader;
  SessionId session;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("leader", &SessionExpired::leader),
                 sim::field("session", &SessionExpired::session));
  }
};

struct SessionOpened {
  static constexpr std::string_view kName = "zk.SessionOpened";
  static constexpr std::string_view kRule = "zookeeper.md §1.8";
  ServerId server;
  SessionId session;
  sim::NodeId client;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("server", &SessionOpened::server), field("session", &SessionOpened::session),
                 field("client", &SessionOpened::client));
  }
};

// A client came back with its session, perhaps to another server.
struct SessionResumed {
  static constexpr std::string_view kName = "zk.SessionResumed";
  static constexpr std::string_view kRule = "zookeeper.md §1.8";
  ServerId server;
  SessionId session;
  sim::NodeId client;
  Zxid seen;  // the newest state that the client has seen
  Zxid zxid;  // the server's
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("server", &SessionResumed::server),
                 field("session", &SessionResumed::session),
                 field("client", &SessionResumed::client), field("seen", &SessionResumed::seen),
                 field("zxid", &SessionResumed::zxid));
  }
};

struct WatchTriggered {
  static constexpr std::string_view kName = "zk.WatchTriggered";
  static constexpr std::string_view kRule = "zookeeper.md §1.9";
  ServerId server;
  sim::NodeId client;
  WatchedEvent event;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("server", &WatchTriggered::server), field("client", &WatchTriggered::client),
                 field("event", &WatchTriggered::event));
  }
};

struct SnapshotTaken {
  static constexpr std::string_view kName = "zk.SnapshotTaken";
  static constexpr std::string_view kRule = "zookeeper.md §1.10";
  ServerId server;
  Zxid zxid;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("server", &SnapshotTaken::server),
                 sim::field("zxid", &SnapshotTaken::zxid));
  }
};

}  // namespace zk
