#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/described.h"
#include "zk/acl.h"
#include "zk/stat.h"

// Transactions: what a leader made of requests, in the one order that every server applies. They
// are already decided: sequence numbers are in the paths, versions are the new ones, a refused
// request is an `ErrorTxn`. The table of fields of each body is its order on disk and on the wire
// (zookeeper.md §3.5).
namespace zk {

// OpCode of ZooDefs, as far as transactions have them.
enum class TxnType : std::int32_t {
  CloseSession = -11,
  CreateSession = -10,
  Error = -1,
  Create = 1,
  Delete = 2,
  SetData = 5,
  SetAcl = 7,
  Check = 13,
  Multi = 14,
  Create2 = 15,
  Reconfig = 16,
  CreateContainer = 19,
  DeleteContainer = 20,
  CreateTtl = 21,
};
std::string_view name_of(TxnType type);

// KeeperException.Code. On disk and on the wire 32 bits that may hold any number.
enum class ErrorCode : std::int32_t {
  Ok = 0,
  SystemError = -1,
  RuntimeInconsistency = -2,
  DataInconsistency = -3,
  ConnectionLoss = -4,
  MarshallingError = -5,
  Unimplemented = -6,
  OperationTimeout = -7,
  BadArguments = -8,
  NewConfigNoQuorum = -13,
  ReconfigInProgress = -14,
  ApiError = -100,
  NoNode = -101,
  NoAuth = -102,
  BadVersion = -103,
  NoChildrenForEphemerals = -108,
  NodeExists = -110,
  NotEmpty = -111,
  SessionExpired = -112,
  InvalidCallback = -113,
  InvalidAcl = -114,
  AuthFailed = -115,
  SessionMoved = -118,
  NotReadOnly = -119,
  EphemeralOnLocalSession = -120,
  NoWatcher = -121,
  RequestTimeout = -122,
  ReconfigDisabled = -123,
  SessionClosedRequireSaslAuth = -124,
  QuotaExceeded = -125,
  ThrottledOp = -127,
};
// "NoNode"; "error -999" is what `describe` makes of a number without a name.
std::string_view name_of(ErrorCode code);

// A znode's data. Absent (null in Java) and empty are two things.
using Data = std::optional<std::string>;

struct TxnHeader {
  SessionId client_id;
  std::int32_t cxid = 0;  // the client's number of the request; 0 when the server itself asked
  Zxid zxid;
  WallTime time;
  bool operator==(const TxnHeader&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("clientId", &TxnHeader::client_id), field("cxid", &TxnHeader::cxid),
                 field("zxid", &TxnHeader::zxid), field("time", &TxnHeader::time));
  }
};

struct CreateSessionTxn {
  static constexpr TxnType kType = TxnType::CreateSession;
  static constexpr std::string_view kName = "createSession";
  std::int32_t timeout_ms = 0;
  bool operator==(const CreateSessionTxn&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("timeOut", &CreateSessionTxn::timeout_ms));
  }
};

// `paths_to_delete`: the session's ephemerals as the leader saw them (since 3.6). Absent in the
// logs of older servers: then each server deletes what it knows.
struct CloseSessionTxn {
  static constexpr TxnType kType = TxnType::CloseSession;
  static constexpr std::string_view kName = "closeSession";
  std::optional<std::vector<std::string>> paths_to_delete;
  bool operator==(const CloseSessionTxn&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("paths2Delete", &CloseSessionTxn::paths_to_delete));
  }
};

// A request that was refused after it got its zxid; changes nothing.
struct ErrorTxn {
  static constexpr TxnType kType = TxnType::Error;
  static constexpr std::string_view kName = "error";
  ErrorCode error = ErrorCode::Ok;
  bool operator==(const ErrorTxn&) const = default;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("err", &ErrorTxn::error)); }
};

// `parent_cversion`: the parent's stored cversion after this creation; -1 in logs from before 3.4:
// one more than it is. `create2` differs only in what the client is told.
template <TxnType type>
struct CreateTxnOf {
  static constexpr TxnType kType = type;
  static constexpr std::string_view kName = type == TxnType::Create ? "create" : "create2";
  std::string path;
  Data data;
  AclList acl;
  bool ephemeral = false;
  ChildVersion parent_cversion;
  bool operator==(const CreateTxnOf&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("path", &CreateTxnOf::path), field("data", &CreateTxnOf::data),
                 field("acl", &CreateTxnOf::acl), field("ephemeral", &CreateTxnOf::ephemeral),
                 field("parentCVersion", &CreateTxnOf::parent_cversion));
  }
};
using CreateTxn = CreateTxnOf<TxnType::Create>;
using Create2Txn = CreateTxnOf<TxnType::Create2>;

struct CreateContainerTxn {
  static constexpr TxnType kType = TxnType::CreateContainer;
  static constexpr std::string_view kName = "createContainer";
  std::string path;
  Data data;
  AclList acl;
  ChildVersion parent_cversion;
  bool operator==(const CreateContainerTxn&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("path", &CreateContainerTxn::path), field("data", &CreateContainerTxn::data),
                 field("acl", &CreateContainerTxn::acl),
                 field("parentCVersion", &CreateContainerTxn::parent_cversion));
  }
};

struct CreateTtlTxn {
  static constexpr TxnType kType = TxnType::CreateTtl;
  static constexpr std::string_view kName = "createTTL";
  std::string path;
  Data data;
  AclList acl;
  ChildVersion parent_cversion;
  std::int64_t ttl_ms = 0;
  bool operator==(const CreateTtlTxn&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("path", &CreateTtlTxn::path), field("data", &CreateTtlTxn::data),
                 field("acl", &CreateTtlTxn::acl),
                 field("parentCVersion", &CreateTtlTxn::parent_cversion),
                 field("ttl", &CreateTtlTxn::ttl_ms));
  }
};

template <TxnType type>
struct DeleteTxnOf {
  static constexpr TxnType kType = type;
  static constexpr std::string_view kName = type == TxnType::Delete ? "delete" : "deleteContainer";
  std::string path;
  bool operator==(const DeleteTxnOf&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("path", &DeleteTxnOf::path));
  }
};
using DeleteTxn = DeleteTxnOf<TxnType::Delete>;
using DeleteContainerTxn = DeleteTxnOf<TxnType::DeleteContainer>;

// `version` is the new version, so that applying it twice changes nothing.
template <TxnType type>
struct SetDataTxnOf {
  static constexpr TxnType kType = type;
  static constexpr std::string_view kName = type == TxnType::SetData ? "setData" : "reconfig";
  std::string path;
  Data data;
  DataVersion version;
  bool operator==(const SetDataTxnOf&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("path", &SetDataTxnOf::path), field("data", &SetDataTxnOf::data),
                 field("version", &SetDataTxnOf::version));
  }
};
using SetDataTxn = SetDataTxnOf<TxnType::SetData>;
using ReconfigTxn = SetDataTxnOf<TxnType::Reconfig>;

struct SetAclTxn {
  static constexpr TxnType kType = TxnType::SetAcl;
  static constexpr std::string_view kName = "setACL";
  std::string path;
  AclList acl;
  AclVersion version;  // the new one
  bool operator==(const SetAclTxn&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("path", &SetAclTxn::path), field("acl", &SetAclTxn::acl),
                 field("version", &SetAclTxn::version));
  }
};

// Inside a multi only. `version` is one more than the version that was checked: ZooKeeper's quirk.
struct CheckTxn {
  static constexpr TxnType kType = TxnType::Check;
  static constexpr std::string_view kName = "check";
  std::string path;
  DataVersion version;
  bool operator==(const CheckTxn&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("path", &CheckTxn::path), field("version", &CheckTxn::version));
  }
};

// Inside a failed multi, an operation that stood before the failing one, as some servers of an
// ensemble log it: marked as an error, its body left as it was (zookeeper.md §1.6). Changes
// nothing.
struct UndoneTxn {
  static constexpr TxnType kType = TxnType::Error;
  static constexpr std::string_view kName = "undone";
  std::string body;
  bool operator==(const UndoneTxn&) const = default;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("body", &UndoneTxn::body)); }
};

// What may stand in a multi.
using SubTxn = std::variant<CreateTxn, Create2Txn, CreateContainerTxn, CreateTtlTxn, DeleteTxn,
                            DeleteContainerTxn, SetDataTxn, CheckTxn, ErrorTxn, UndoneTxn>;

// All or nothing: if any operation is an error, none is applied.
struct MultiTxn {
  static constexpr TxnType kType = TxnType::Multi;
  static constexpr std::string_view kName = "multi";
  std::vector<SubTxn> txns;
  bool operator==(const MultiTxn&) const = default;
  bool failed() const;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("txns", &MultiTxn::txns)); }
};

using Txn = std::variant<CreateSessionTxn, CloseSessionTxn, ErrorTxn, CreateTxn, Create2Txn,
                         CreateContainerTxn, CreateTtlTxn, DeleteTxn, DeleteContainerTxn,
                         SetDataTxn, ReconfigTxn, SetAclTxn, CheckTxn, MultiTxn>;

TxnType type_of(const Txn& txn);
TxnType type_of(const SubTxn& txn);

// The digest of the whole tree after a transaction, carried beside it since 3.6. Version 2 is the
// only one that is understood; others are carried and not compared.
struct TxnDigest {
  std::int32_t version = 2;
  std::int64_t tree_digest = 0;
  bool operator==(const TxnDigest&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("version", &TxnDigest::version),
                 field("treeDigest", &TxnDigest::tree_digest));
  }
};

// A transaction as proposed, logged and applied.
struct LoggedTxn {
  static constexpr std::string_view kName = "txn";
  TxnHeader header;
  Txn txn;
  std::optional<TxnDigest> digest;
  bool operator==(const LoggedTxn&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("header", &LoggedTxn::header), field("txn", &LoggedTxn::txn),
                 field("digest", &LoggedTxn::digest));
  }
};

}  // namespace zk
