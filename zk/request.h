#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/described.h"
#include "sim/base/id.h"
#include "zk/acl.h"
#include "zk/stat.h"
#include "zk/txn.h"

// What one asks of a ZooKeeper ensemble and what it answers, as plain values. The migration driver,
// Kafka's legacy controller, the brokers' links, the simulated client and the live one all speak
// these, so that the same code runs against the simulated and the real ensemble. ZooKeeper's
// operations, names and error codes (zookeeper.md §1.4–§1.6, §1.12; class
// org.apache.zookeeper.ZooKeeper).
namespace zk {

// How a caller names its calls: the caller's own number, handed back with the answer.
struct CallIdTag {};
using CallId = sim::Id<CallIdTag, std::uint64_t>;

// ── Requests ────────────────────────────────────────────────────────────────────────────────────

// Flags of the wire (zookeeper.md §1.4). Kafka uses the first three.
enum class CreateMode : std::int32_t {
  Persistent = 0,
  Ephemeral = 1,
  PersistentSequential = 2,
  EphemeralSequential = 3,
  Container = 4,
  PersistentWithTtl = 5,
  PersistentSequentialWithTtl = 6,
};
std::string_view name_of(CreateMode mode);
constexpr bool is_sequential(CreateMode mode) {
  return mode == CreateMode::PersistentSequential || mode == CreateMode::EphemeralSequential ||
         mode == CreateMode::PersistentSequentialWithTtl;
}
constexpr bool is_ephemeral(CreateMode mode) {
  return mode == CreateMode::Ephemeral || mode == CreateMode::EphemeralSequential;
}

struct Create {
  static constexpr std::string_view kName = "create";
  std::string path;  // of a sequential znode: without the suffix
  Data data;         // absent and empty are two things
  AclList acl = open_acl_unsafe();
  CreateMode mode = CreateMode::Persistent;
  std::int64_t ttl_ms = 0;  // for the two modes with TTL alone
  bool operator==(const Create&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("path", &Create::path), field("data", &Create::data),
                 field("acl", &Create::acl), field("mode", &Create::mode),
                 field("ttl", &Create::ttl_ms));
  }
};

struct Delete {
  static constexpr std::string_view kName = "delete";
  std::string path;
  DataVersion version = kAnyVersion;
  bool operator==(const Delete&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("path", &Delete::path), sim::field("version", &Delete::version));
  }
};

struct SetData {
  static constexpr std::string_view kName = "setData";
  std::string path;
  Data data;
  DataVersion version = kAnyVersion;
  bool operator==(const SetData&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("path", &SetData::path), field("data", &SetData::data),
                 field("version", &SetData::version));
  }
};

struct SetAcl {
  static constexpr std::string_view kName = "setACL";
  std::string path;
  AclList acl;
  AclVersion version = AclVersion(-1);  // -1: whatever it is
  bool operator==(const SetAcl&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("path", &SetAcl::path), field("acl", &SetAcl::acl),
                 field("version", &SetAcl::version));
  }
};

// Inside a multi: fails it unless the znode exists in this version. Alone it answers like any
// request.
struct Check {
  static constexpr std::string_view kName = "check";
  std::string path;
  DataVersion version = kAnyVersion;
  bool operator==(const Check&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("path", &Check::path), sim::field("version", &Check::version));
  }
};

// What a multi may hold. One zxid, one timestamp, all or nothing; each operation sees what those
// before it did (zookeeper.md §1.6).
using Op = std::variant<Create, Delete, SetData, Check>;
struct Multi {
  static constexpr std::string_view kName = "multi";
  std::vector<Op> ops;
  bool operator==(const Multi&) const = default;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("ops", &Multi::ops)); }
};

struct GetData {
  static constexpr std::string_view kName = "getData";
  std::string path;
  bool operator==(const GetData&) const = default;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("path", &GetData::path)); }
};
struct Exists {
  static constexpr std::string_view kName = "exists";
  std::string path;
  bool operator==(const Exists&) const = default;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("path", &Exists::path)); }
};
struct GetChildren {
  static constexpr std::string_view kName = "getChildren";
  std::string path;
  bool operator==(const GetChildren&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("path", &GetChildren::path));
  }
};
struct GetAcl {
  static constexpr std::string_view kName = "getACL";
  std::string path;
  bool operator==(const GetAcl&) const = default;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("path", &GetAcl::path)); }
};
// Answers after everything that the leader had proposed when it heard of this is applied at the
// client's server. No quorum takes part (zookeeper.md §1.11).
struct Sync {
  static constexpr std::string_view kName = "sync";
  std::string path;
  bool operator==(const Sync&) const = default;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("path", &Sync::path)); }
};

using Request = std::variant<Create, Delete, SetData, SetAcl, Check, Multi, GetData, Exists,
                             GetChildren, GetAcl, Sync>;

// True for what becomes a transaction: it goes through the leader and consumes a zxid, even when
// refused.
bool is_write(const Request& request);
// "setData", for people; the znode that is meant ("" for a multi).
std::string_view name_of(const Request& request);
std::string_view path_of(const Request& request);
std::string_view path_of(const Op& op);

// Whether a read leaves a one-shot watch behind (getData and exists: on data, getChildren: on
// children).
enum class Watching : std::uint8_t {
  No,
  Yes
};

// ── Responses ───────────────────────────────────────────────────────────────────────────────────

// The path as created: with its sequence number.
struct Created {
  static constexpr std::string_view kName = "created";
  std::string path;
  Stat stat;
  bool operator==(const Created&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("path", &Created::path), sim::field("stat", &Created::stat));
  }
};
struct GotData {
  static constexpr std::string_view kName = "data";
  Data data;
  Stat stat;
  bool operator==(const GotData&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("data", &GotData::data), sim::field("stat", &GotData::stat));
  }
};
// Names, not paths; sorted here, in no order that one may rely on at a real server.
struct GotChildren {
  static constexpr std::string_view kName = "children";
  std::vector<std::string> children;
  Stat stat;
  bool operator==(const GotChildren&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("children", &GotChildren::children),
                 sim::field("stat", &GotChildren::stat));
  }
};
struct GotAcl {
  static constexpr std::string_view kName = "acl";
  AclList acl;
  Stat stat;
  bool operator==(const GotAcl&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("acl", &GotAcl::acl), sim::field("stat", &GotAcl::stat));
  }
};

// One operation of a multi: its own error, and if that is Ok what it gave (Created, Stat for
// setData, else nothing). In a failed multi: Ok before the failing one, its error,
// RuntimeInconsistency after it.
struct OpResponse {
  ErrorCode error = ErrorCode::Ok;
  std::variant<std::monostate, Created, Stat> value;
  bool operator==(const OpResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("error", &OpResponse::error), sim::field("value", &OpResponse::value));
  }
};
struct MultiResult {
  static constexpr std::string_view kName = "multi";
  std::vector<OpResponse> results;
  bool operator==(const MultiResult&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("results", &MultiResult::results));
  }
};

// monostate: delete, check, sync, or an error. Stat: exists, setData, setACL.
using Result =
    std::variant<std::monostate, Created, Stat, GotData, GotChildren, GotAcl, MultiResult>;

// The answer of a server. `zxid`: for a write its own, for a read the last one the state that was
// read contains (ReplyHeader). A failed multi has the first real error, and its MultiResult tells
// which one it was.
struct Response {
  Zxid zxid;
  ErrorCode error = ErrorCode::Ok;
  Result result;
  bool ok() const { return error == ErrorCode::Ok; }
  bool operator==(const Response&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("zxid", &Response::zxid), field("error", &Response::error),
                 field("result", &Response::result));
  }
};

// The typed result, or null when the answer is an error or of another kind.
template <class T>
const T* result_if(const Response& response) {
  return response.ok() ? std::get_if<T>(&response.result) : nullptr;
}

// ── Watches ─────────────────────────────────────────────────────────────────────────────────────

// Watcher.Event.EventType and KeeperState, with the codes of the wire (zookeeper.md §1.9).
enum class WatchedEventType : std::int32_t {
  None = -1,  // about the session: see the state
  NodeCreated = 1,
  NodeDeleted = 2,
  NodeDataChanged = 3,
  NodeChildrenChanged = 4,
};
enum class KeeperState : std::int32_t {
  Disconnected = 0,
  SyncConnected = 3,
  AuthFailed = 4,
  Expired = -112,
};
std::string_view name_of(WatchedEventType type);
std::string_view name_of(KeeperState state);

// Something happened; what, one has to read. Carries no data.
struct WatchedEvent {
  static constexpr std::string_view kName = "watchedEvent";
  WatchedEventType type = WatchedEventType::None;
  KeeperState state = KeeperState::SyncConnected;
  std::string path;
  auto operator<=>(const WatchedEvent&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("type", &WatchedEvent::type), field("state", &WatchedEvent::state),
                 field("path", &WatchedEvent::path));
  }
};

}  // namespace zk
