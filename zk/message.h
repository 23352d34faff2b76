#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/described.h"
#include "sim/base/id.h"
#include "sim/core/payload.h"
#include "zk/request.h"
#include "zk/txn.h"

// What servers say to each other and to clients, packet by packet: many known defects live between
// two packets (zookeeper.md §2.2, §2.3, §2.8). A PROPOSAL has no type of its own: it is the logged
// transaction, one block shared by the leader's log, the packets and the followers' logs.
namespace zk {

// `myid`, 1..255.
struct ServerIdTag {};
using ServerId = sim::Id<ServerIdTag, std::int32_t>;
constexpr ServerId kNoServer{0};

// The upper half of a zxid: the reign of one leader.
struct ZabEpochTag {};
using ZabEpoch = sim::Ordinal<ZabEpochTag, std::int64_t>;
// A round of leader election (`logicalclock`); in memory only.
struct RoundTag {};
using Round = sim::Ordinal<RoundTag, std::int64_t>;

// Whom a client proved to be: ("digest", "user:hash"), ("sasl", principal). Simplified: the client
// presents the identity that a server would have found, not a password or token.
struct Identity {
  std::string scheme;
  std::string id;
  auto operator<=>(const Identity&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("scheme", &Identity::scheme), sim::field("id", &Identity::id));
  }
};

// ── Election ────────────────────────────────────────────────────────────────────────────────────

enum class PeerState : std::uint8_t {
  Looking = 0,
  Following = 1,
  Leading = 2
};
std::string_view name_of(PeerState state);

// Whom a server votes for, and how good that server's history is.
struct Vote {
  ServerId leader = kNoServer;
  Zxid zxid;
  Round round;
  ZabEpoch peer_epoch;
  auto operator<=>(const Vote&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("leader", &Vote::leader), field("zxid", &Vote::zxid),
                 field("round", &Vote::round), field("peerEpoch", &Vote::peer_epoch));
  }
};

struct Notification {
  static constexpr std::string_view kName = "zk.Notification";
  ServerId sid = kNoServer;
  PeerState state = PeerState::Looking;
  Vote vote;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("sid", &Notification::sid), field("state", &Notification::state),
                 field("vote", &Notification::vote));
  }
};

// ── Learner and leader: discovery and synchronisation ───────────────────────────────────────────

struct FollowerInfo {
  static constexpr std::string_view kName = "zk.FollowerInfo";
  ServerId sid = kNoServer;
  ZabEpoch accepted_epoch;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("sid", &FollowerInfo::sid),
                 sim::field("acceptedEpoch", &FollowerInfo::accepted_epoch));
  }
};
struct LeaderInfo {
  static constexpr std::string_view kName = "zk.LeaderInfo";
  ZabEpoch epoch;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("epoch", &LeaderInfo::epoch));
  }
};
// `current_epoch` is absent when this very epoch had been accepted before: such an answer does not
// count.
struct AckEpoch {
  static constexpr std::string_view kName = "zk.AckEpoch";
  Zxid last_zxid;
  std::optional<ZabEpoch> current_epoch;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("lastZxid", &AckEpoch::last_zxid),
                 sim::field("currentEpoch", &AckEpoch::current_epoch));
  }
};
// DIFF, TRUNC, SNAP: how the learner gets to `zxid`, before the proposals and commits that follow.
enum class SyncMode : std::uint8_t {
  Diff,
  Trunc,
  Snap
};
std::string_view name_of(SyncMode mode);
struct SyncWith {
  static constexpr std::string_view kName = "zk.SyncWith";
  SyncMode mode = SyncMode::Diff;
  Zxid zxid;
  sim::Payload snapshot;  // a Snapshot, for Snap alone
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("mode", &SyncWith::mode), field("zxid", &SyncWith::zxid),
                 field("snapshot", &SyncWith::snapshot));
  }
};
struct NewLeader {
  static constexpr std::string_view kName = "zk.NewLeader";
  Zxid zxid;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("zxid", &NewLeader::zxid)); }
};
struct UpToDate {
  static constexpr std::string_view kName = "zk.UpToDate";
  Zxid zxid;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("zxid", &UpToDate::zxid)); }
};

// ── Learner and leader: broadcast ───────────────────────────────────────────────────────────────

// All proposals of this leader up to `zxid` are on the sender's disk; `<epoch,0>` answers
// NEWLEADER. Simplified: one packet per fsync; ZooKeeper sends one per transaction, all at once
// after the fsync.
struct Ack {
  static constexpr std::string_view kName = "zk.Ack";
  Zxid zxid;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("zxid", &Ack::zxid)); }
};
struct Commit {
  static constexpr std::string_view kName = "zk.Commit";
  Zxid zxid;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("zxid", &Commit::zxid)); }
};
struct LearnerPing {
  static constexpr std::string_view kName = "zk.LearnerPing";
  Zxid last_committed;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("lastCommitted", &LearnerPing::last_committed));
  }
};
// The learner's table of sessions heard of since its last answer: how touches reach the leader.
struct LearnerPong {
  static constexpr std::string_view kName = "zk.LearnerPong";
  std::vector<std::pair<SessionId, std::int32_t>> touched;  // with the session's timeout in ms
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("touched", &LearnerPong::touched));
  }
};
// A client came to this learner with a session: is it alive? If so the learner owns it from now on.
struct Revalidate {
  static constexpr std::string_view kName = "zk.Revalidate";
  SessionId session;
  std::int32_t timeout_ms = 0;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("session", &Revalidate::session),
                 sim::field("timeout", &Revalidate::timeout_ms));
  }
};
struct Revalidated {
  static constexpr std::string_view kName = "zk.Revalidated";
  SessionId session;
  bool valid = false;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("session", &Revalidated::session),
                 sim::field("valid", &Revalidated::valid));
  }
};

// What a server asks its leader to do, for a client: REQUEST.
enum class Asked : std::uint8_t {
  Operation,
  NewSession,
  EndOfSession,
  Barrier
};
std::string_view name_of(Asked asked);
struct Forwarded {
  static constexpr std::string_view kName = "zk.Forwarded";
  Asked asked = Asked::Operation;
  SessionId session;
  std::int32_t cxid = 0;
  std::int32_t timeout_ms = 0;       // for NewSession
  sim::Payload request;              // the client's own ClientRequest, shared; for Operation
  std::vector<Identity> identities;  // whom the client proved to be
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("asked", &Forwarded::asked), field("session", &Forwarded::session),
                 field("cxid", &Forwarded::cxid), field("timeout", &Forwarded::timeout_ms),
                 field("request", &Forwarded::request),
                 field("identities", &Forwarded::identities));
  }
};
struct Synced {
  static constexpr std::string_view kName = "zk.Synced";
  SessionId session;
  std::int32_t cxid = 0;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("session", &Synced::session), sim::field("cxid", &Synced::cxid));
  }
};

// ── A server to itself, behind a Sync ───────────────────────────────────────────────────────────

// The disk has what was written to the files that were synced when this was sent (DiskGate).
struct DiskDone {
  static constexpr std::string_view kName = "zk.DiskDone";
  std::uint64_t ticket = 0;
  Zxid logged;  // the last transaction that was in the log then, if the log was synced
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("ticket", &DiskDone::ticket), sim::field("logged", &DiskDone::logged));
  }
};

// ── Client and server ───────────────────────────────────────────────────────────────────────────

// Session 0 asks for a new one. Simplified: the password is a 64-bit checksum of the id;
// ZooKeeper's 16 bytes are one, too.
struct ConnectRequest {
  static constexpr std::string_view kName = "zk.ConnectRequest";
  Zxid last_zxid_seen;
  std::int32_t timeout_ms = 0;
  SessionId session;
  std::uint64_t password = 0;
  std::vector<Identity> identities;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("lastZxidSeen", &ConnectRequest::last_zxid_seen),
                 field("timeOut", &ConnectRequest::timeout_ms),
                 field("sessionId", &ConnectRequest::session),
                 field("passwd", &ConnectRequest::password),
                 field("identities", &ConnectRequest::identities));
  }
};
// Session 0: the session that was asked for is expired.
struct ConnectResponse {
  static constexpr std::string_view kName = "zk.ConnectResponse";
  std::int32_t timeout_ms = 0;
  SessionId session;
  std::uint64_t password = 0;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("timeOut", &ConnectResponse::timeout_ms),
                 field("sessionId", &ConnectResponse::session),
                 field("passwd", &ConnectResponse::password));
  }
};
struct ClientRequest {
  static constexpr std::string_view kName = "zk.ClientRequest";
  std::int32_t xid = 0;
  Request request;
  Watching watching = Watching::No;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("xid", &ClientRequest::xid), field("request", &ClientRequest::request),
                 field("watch", &ClientRequest::watching));
  }
};
struct ClientReply {
  static constexpr std::string_view kName = "zk.ClientReply";
  std::int32_t xid = 0;
  Response response;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("xid", &ClientReply::xid),
                 sim::field("response", &ClientReply::response));
  }
};
struct ClientPing {
  static constexpr std::string_view kName = "zk.ClientPing";
  static constexpr auto fields(auto&& visit) { return visit(); }
};
struct ClientPong {
  static constexpr std::string_view kName = "zk.ClientPong";
  Zxid zxid;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("zxid", &ClientPong::zxid));
  }
};
// The client's own end of its session.
struct CloseSession {
  static constexpr std::string_view kName = "zk.CloseSession";
  std::int32_t xid = 0;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("xid", &CloseSession::xid));
  }
};
// After a reconnection: what the client still waits for, as of the last zxid that it saw.
struct SetWatches {
  static constexpr std::string_view kName = "zk.SetWatches";
  Zxid relative_zxid;
  std::vector<std::string> data;
  std::vector<std::string> exist;
  std::vector<std::string> child;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("relativeZxid", &SetWatches::relative_zxid),
                 field("dataWatches", &SetWatches::data), field("existWatches", &SetWatches::exist),
                 field("childWatches", &SetWatches::child));
  }
};
struct WatchNotification {
  static constexpr std::string_view kName = "zk.WatchNotification";
  WatchedEvent event;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("event", &WatchNotification::event));
  }
};

// The password of a session (SessionTrackerImpl keeps a secret and derives it, so do we).
std::uint64_t password_of(SessionId session);

}  // namespace zk
