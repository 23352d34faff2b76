#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/digest.h"
#include "zk/acl.h"
#include "zk/stat.h"
#include "zk/tree_map.h"
#include "zk/txn.h"

// ZooKeeper's data tree as a value: what a server holds in memory, what a snapshot stores, what a
// log replays into. zookeeper.md §1.1, §3.6.
namespace zk {

// What happened to one znode; enough to decide which watches fire. A creation or deletion also
// changes the children of the parent.
struct Change {
  enum class Kind : std::uint8_t {
    Created,
    Deleted,
    DataChanged,
    AclChanged
  };
  Kind kind = Kind::Created;
  std::string path;
  bool operator==(const Change&) const = default;
};

// What became of one operation.
struct OpResult {
  TxnType type = TxnType::Error;
  ErrorCode error = ErrorCode::Ok;
  std::string path;          // empty where an operation has none
  std::optional<Stat> stat;  // of create2, createTTL, createContainer, setData and setACL
  bool operator==(const OpResult&) const = default;
};

// What became of a transaction.
struct Applied {
  OpResult result;              // of the transaction; of a multi: its first error
  std::vector<OpResult> multi;  // one per operation of a multi, else empty
  std::vector<Change> changes;  // in the order in which they happened
  bool operator==(const Applied&) const = default;
};

// Copies are cheap and independent: they share znodes until one of them changes (see ZnodeMap).
class Tree {
 public:
  // A brand-new server's tree: "/", "/zookeeper", "/zookeeper/config", "/zookeeper/quota".
  Tree();

  // The znode, or null. Valid until the tree changes. The root may be asked for as "/" or "".
  const Znode* find(std::string_view path) const;
  std::optional<Stat> stat(std::string_view path) const;
  static Stat stat(const Znode& znode);
  // The names (not paths) of the children, sorted by bytes. Empty when there is no such znode.
  std::vector<std::string> children(std::string_view path) const;
  // Of a znode of this tree. Null when its number stands for no list: a damaged snapshot.
  const AclList* acl(const Znode& znode) const { return acls_.find(znode.acl); }

  // How many znodes, the root among them.
  std::size_t size() const { return nodes_.size(); }
  // Every znode, parents first, siblings sorted: `visit(std::string_view path, const Znode&)`. The
  // root comes as "/".
  template <class Visit>
  void for_each(Visit&& visit) const {
    nodes_.for_each([&](std::string_view path, const Znode& znode) {
      visit(path.empty() ? std::string_view("/") : path, znode);
    });
  }
  // The same below and including `path`. Nothing when there is no such znode.
  template <class Visit>
  void for_each_below(std::string_view path, Visit&& visit) const {
    const std::string top = path == "/" ? std::string() : std::string(path);
    nodes_.for_each_from(top, [&](std::string_view at, const Znode& znode) {
      if (!is_within(top, at)) return false;
      visit(at.empty() ? std::string_view("/") : at, znode);
      return true;
    });
  }

  // Paths of the ephemerals of a session; owners of ephemerals.
  std::set<std::string> ephemerals_of(SessionId session) const;
  std::vector<SessionId> ephemeral_owners() const;
  const std::set<std::string>& containers() const { return containers_; }
  const std::set<std::string>& ttls() const { return ttls_; }

  const AclCache& acls() const { return acls_; }
  // Of the last transaction applied; what a snapshot taken now is named after.
  Zxid last_processed_zxid() const { return last_processed_zxid_; }
  void set_last_processed_zxid(Zxid zxid) { last_processed_zxid_ = zxid; }
  // ZooKeeper's digest of the tree (version 2), kept up to date by every change.
  std::uint64_t digest() const { return digest_; }

  // Applies a transaction as DataTree.processTxn does. Any server applies the same to the same tree
  // with the same outcome. An error is normal while a fuzzy snapshot is replayed; the rest of a
  // multi is then applied all the same.
  Applied apply(const TxnHeader& header, const Txn& txn);

  // Same znodes, data, stats and ACLs; the numbers of the ACLs and the last zxid may differ.
  bool same_content(const Tree& other) const;
  void digest_into(sim::Digest& digest) const;
  std::string describe() const;

 private:
  friend class TreeBuilder;
  struct Bare {};
  explicit Tree(Bare) {}  // not even a root
  static bool is_within(std::string_view top, std::string_view path);
  struct Context;
  struct Creation;
  ErrorCode create(Context& context, Creation creation);
  ErrorCode remove(Context& context, const std::string& path);
  void close_session(Context& context, const CloseSessionTxn& txn);
  void apply_one(Context& context, const Txn& txn, OpResult& result);
  void apply_multi(Context& context, const MultiTxn& txn, Applied& applied);
  void register_owner(const std::string& path, SessionId owner);
  void unregister_owner(const std::string& path, SessionId owner);
  void raise_cversion(std::string_view parent, ChildVersion cversion, Zxid zxid);

  // Changes one znode and keeps the digest right. Null-safe: false when there is no such znode.
  template <class Edit>
  bool edit(std::string_view path, Edit&& change);

  ZnodeMap nodes_;
  AclCache acls_;
  std::map<SessionId, std::set<std::string>> ephemerals_;
  std::set<std::string> containers_;
  std::set<std::string> ttls_;
  std::uint64_t digest_ = 0;
  Zxid last_processed_zxid_;
};

// A tree with the sessions that the ensemble knows: what a server persists (ZKDatabase).
struct Database {
  Tree tree;
  std::map<SessionId, std::int32_t> session_timeouts_ms;

  // As Tree::apply; createSession and closeSession also change the sessions.
  Applied apply(const TxnHeader& header, const Txn& txn);
};

// "/a/b" of "/a/b/c", "/" of "/a". Requires a path that is not the root.
std::string_view parent_of(std::string_view path);
// "c" of "/a/b/c".
std::string_view name_in(std::string_view path);

}  // namespace zk
