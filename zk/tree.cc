#include "zk/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/match.h"
#include "zk/torn_multi.h"
#include "zk/tree_builder.h"
#include "zk/tree_digest.h"

namespace zk {
namespace {

constexpr std::string_view kConfigPath = "/zookeeper/config";

std::int32_t length_of(const Data& data) {
  return data ? static_cast<std::int32_t>(data->size()) : 0;
}

// The key in the map: there the root is "".
std::string_view key_of(std::string_view path) {
  return path == "/" ? std::string_view() : path;
}
std::string_view parent_key(std::string_view path) {
  return path.substr(0, path.rfind('/'));
}

}  // namespace

std::string_view parent_of(std::string_view path) {
  sim::check(path.size() > 1 && path.front() == '/', "only a znode below the root has a parent");
  const std::string_view parent = parent_key(path);
  return parent.empty() ? std::string_view("/") : parent;
}

std::string_view name_in(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// What all operations of one transaction share.
struct Tree::Context {
  const TxnHeader& header;
  std::vector<Change>& changes;
};

struct Tree::Creation {
  const std::string& path;
  const Data& data;
  const AclList& acl;
  SessionId owner;
  ChildVersion parent_cversion;
};

Tree::Tree() {
  TreeBuilder builder;
  for (const char* path : {"", "/zookeeper", "/zookeeper/quota"})
    builder.place(path, {.data = std::string(), .acl = kOpenUnsafeAclId, .stat = {}});
  const AclId read_only = builder.acls().use(read_acl_unsafe());
  builder.place(std::string(kConfigPath),
                {.data = std::string(), .acl = read_only, .stat = {.aversion = AclVersion(-1)}});
  builder.acls().release(read_only);  // `place` counted it once more
  *this = std::move(builder).finish();
}

const Znode* Tree::find(std::string_view path) const {
  return nodes_.find(key_of(path));
}

std::optional<Stat> Tree::stat(std::string_view path) const {
  const Znode* znode = find(path);
  if (znode == nullptr) return std::nullopt;
  return stat(*znode);
}

Stat Tree::stat(const Znode& znode) {
  return shown(znode.stat, length_of(znode.data), znode.num_children);
}

std::vector<std::string> Tree::children(std::string_view path) const {
  std::vector<std::string> names;
  const Znode* znode = find(path);
  if (znode == nullptr) return names;
  names.reserve(static_cast<std::size_t>(znode->num_children));
  const std::string prefix = std::string(key_of(path)) + '/';
  for (const auto* at = nodes_.seek(prefix); at != nullptr && at->path.starts_with(prefix);) {
    names.push_back(at->path.substr(prefix.size()));
    // Below a child '/' comes before everything, so this is the first path beside it.
    at = nodes_.seek(at->path + '\0');
  }
  // Paths order '-' and '.' after '/', and so after the children's own children; names stand alone.
  std::ranges::sort(names);
  return names;
}

bool Tree::is_within(std::string_view top, std::string_view path) {
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

std::set<std::string> Tree::ephemerals_of(SessionId session) const {
  const auto found = ephemerals_.find(session);
  return found == ephemerals_.end() ? std::set<std::string>{} : found->second;
}

std::vector<SessionId> Tree::ephemeral_owners() const {
  std::vector<SessionId> owners;
  for (const auto& [session, paths] : ephemerals_) owners.push_back(session);
  return owners;
}

template <class Edit>
bool Tree::edit(std::string_view path, Edit&& change) {
  Znode* znode = nodes_.edit(path);
  if (znode == nullptr) return false;
  const std::uint32_t before = znode->digest;
  change(*znode);
  znode->digest = node_digest(path, *znode);
  if (counts_in_digest(path)) digest_ += std::uint64_t{znode->digest} - before;
  return true;
}

void Tree::register_owner(const std::string& path, SessionId owner) {
  switch (owner_kind(owner)) {
    case OwnerKind::Persistent:
      break;
    case OwnerKind::Ephemeral:
      ephemerals_[owner].insert(path);
      break;
    case OwnerKind::Container:
      containers_.insert(path);
      break;
    case OwnerKind::Ttl:
      ttls_.insert(path);
      break;
  }
}

void Tree::unregister_owner(const std::string& path, SessionId owner) {
  switch (owner_kind(owner)) {
    case OwnerKind::Persistent:
      break;
    case OwnerKind::Ephemeral: {
      const auto found = ephemerals_.find(owner);
      if (found == ephemerals_.end()) break;
      found->second.erase(path);
      if (found->second.empty()) ephemerals_.erase(found);
      break;
    }
    case OwnerKind::Container:
      containers_.erase(path);
      break;
    case OwnerKind::Ttl:
      ttls_.erase(path);
      break;
  }
}

void Tree::raise_cversion(std::string_view parent, ChildVersion cversion, Zxid zxid) {
  edit(parent, [&](Znode& znode) {
    const ChildVersion to = cversion == ChildVersion(-1) ? znode.stat.cversion.next() : cversion;
    if (to <= znode.stat.cversion) return;  // a replay must not move it back
    znode.stat.cversion = to;
    znode.stat.pzxid = zxid;
  });
}

ErrorCode Tree::create(Context& context, Creation creation) {
  const auto& [path, data, acl, owner, parent_cversion] = creation;
  const std::string_view parent = parent_key(path);
  if (path.empty() || path.front() != '/' || nodes_.find(parent) == nullptr) {
    return ErrorCode::NoNode;
  }
  // As in ZooKeeper the list counts once more before anything is known to exist: a fuzzy snapshot
  // may hold the znode and not its list.
  const AclId acl_id = acls_.use(acl);
  if (Znode* existing = nodes_.edit(path)) {
    existing->acl = acl_id;
    return ErrorCode::NodeExists;
  }
  raise_cversion(parent, parent_cversion, context.header.zxid);
  ++nodes_.edit(parent)->num_children;
  Znode znode{.data = data,
              .acl = acl_id,
              .stat = {.czxid = context.header.zxid,
                       .mzxid = context.header.zxid,
                       .ctime = context.header.time,
                       .mtime = context.header.time,
                       .ephemeral_owner = owner,
                       .pzxid = context.header.zxid}};
  znode.digest = node_digest(path, znode);
  if (counts_in_digest(path)) digest_ += znode.digest;
  sim::check(nodes_.insert(std::string(path), std::move(znode)) != nullptr,
             "a path that is not found can be inserted");
  register_owner(path, owner);
  context.changes.push_back({Change::Kind::Created, path});
  return ErrorCode::Ok;
}

ErrorCode Tree::remove(Context& context, const std::string& path) {
  const std::string_view parent = parent_key(path);
  const Znode* znode = path.empty() ? nullptr : nodes_.find(path);
  // The parent's pzxid moves even when the child is gone already (fuzzy snapshots), but only
  // forward.
  const bool has_parent = edit(parent, [&](Znode& above) {
    if (znode != nullptr) --above.num_children;
    above.stat.pzxid = std::max(above.stat.pzxid, context.header.zxid);
  });
  if (!has_parent || znode == nullptr) return ErrorCode::NoNode;
  znode = nodes_.find(path);
  if (counts_in_digest(path)) digest_ -= znode->digest;
  acls_.release(znode->acl);
  unregister_owner(path, znode->stat.ephemeral_owner);
  nodes_.erase(path);
  context.changes.push_back({Change::Kind::Deleted, path});
  return ErrorCode::Ok;
}

void Tree::close_session(Context& context, const CloseSessionTxn& txn) {
  const SessionId session = context.header.client_id;
  // The leader's list first, then whatever else this server knows of the session
  // (DataTree.killSession).
  if (txn.paths_to_delete) {
    for (const std::string& path : *txn.paths_to_delete) remove(context, path);
  }
  for (const std::string& path : ephemerals_of(session)) remove(context, path);
  ephemerals_.erase(session);
}

void Tree::apply_one(Context& context, const Txn& txn, OpResult& result) {
  result.type = type_of(txn);
  const SessionId client = context.header.client_id;
  const auto create_with = [&](const auto& t, SessionId owner) {
    result.path = t.path;
    result.error = create(context, {t.path, t.data, t.acl, owner, t.parent_cversion});
    if (result.error == ErrorCode::Ok && result.type != TxnType::Create) result.stat = stat(t.path);
  };
  const auto remove_with = [&](const auto& t) {
    result.path = t.path;
    result.error = remove(context, t.path);
  };
  const auto set_data = [&](const auto& t) {
    result.path = t.path;
    const bool found = edit(key_of(t.path), [&](Znode& znode) {
      znode.data = t.data;
      znode.stat.mtime = context.header.time;
      znode.stat.mzxid = context.header.zxid;
      znode.stat.version = t.version;
      result.stat = stat(znode);
    });
    result.error = found ? ErrorCode::Ok : ErrorCode::NoNode;
    if (found) context.changes.push_back({Change::Kind::DataChanged, t.path});
  };
  sim::match(
      txn, [&](const CreateSessionTxn&) {},
      [&](const CloseSessionTxn& t) { close_session(context, t); },
      [&](const ErrorTxn& t) { result.error = t.error; },
      [&](const CreateTxn& t) {
        create_with(t, t.ephemeral ? client : kNoSession);
        // Only this one operation makes up for a child that a fuzzy snapshot already held.
        if (result.error == ErrorCode::NodeExists) {
          raise_cversion(parent_key(t.path), t.parent_cversion, context.header.zxid);
        }
      },
      [&](const Create2Txn& t) { create_with(t, t.ephemeral ? client : kNoSession); },
      [&](const CreateContainerTxn& t) { create_with(t, kContainerOwner); },
      [&](const CreateTtlTxn& t) {
        create_with(t,
                    ttl_owner(std::clamp<std::int64_t>(t.ttl_ms, 1, (std::int64_t{1} << 40) - 1)));
      },
      [&](const DeleteTxn& t) { remove_with(t); },
      [&](const DeleteContainerTxn& t) { remove_with(t); },
      [&](const SetDataTxn& t) { set_data(t); }, [&](const ReconfigTxn& t) { set_data(t); },
      [&](const SetAclTxn& t) {
        result.path = t.path;
        Znode* znode = nodes_.edit(key_of(t.path));
        if (znode == nullptr) {
          result.error = ErrorCode::NoNode;
          return;
        }
        acls_.release(znode->acl);
        const AclId acl = acls_.use(t.acl);
        edit(key_of(t.path), [&](Znode& changed) {
          changed.acl = acl;
          changed.stat.aversion = t.version;
          result.stat = stat(changed);
        });
        context.changes.push_back({Change::Kind::AclChanged, t.path});
      },
      [&](const CheckTxn& t) { result.path = t.path; },
      [](const MultiTxn&) { sim::unreachable("a multi is applied operation by operation"); });
}

void Tree::apply_multi(Context& context, const MultiTxn& txn, Applied& applied) {
  const bool failed = txn.failed();
  const bool torn = is_torn(txn);
  bool after_the_error = false;
  for (const SubTxn& sub : txn.txns) {
    if (is_torn_mark(sub)) continue;
    OpResult result;
    if (failed && !(torn && type_of(sub) != TxnType::Error)) {
      // Nothing happened: the operations before the error would have been fine, those after were
      // not tried.
      const auto* error = std::get_if<ErrorTxn>(&sub);
      after_the_error = after_the_error || error != nullptr;
      const ErrorCode not_tried = after_the_error ? ErrorCode::RuntimeInconsistency : ErrorCode::Ok;
      result = {.type = TxnType::Error, .error = error != nullptr ? error->error : not_tried};
    } else {
      sim::match(
          sub,
          [](const UndoneTxn&) { sim::unreachable("an undone operation marks a failed multi"); },
          [&](const auto& one) { apply_one(context, one, result); });
    }
    if (applied.result.error == ErrorCode::Ok) applied.result.error = result.error;
    applied.multi.push_back(std::move(result));
  }
}

Applied Tree::apply(const TxnHeader& header, const Txn& txn) {
  Applied applied;
  Context context{header, applied.changes};
  if (const auto* multi = std::get_if<MultiTxn>(&txn)) {
    applied.result.type = TxnType::Multi;
    apply_multi(context, *multi, applied);
  } else {
    apply_one(context, txn, applied.result);
  }
  // Only now: a snapshot that starts in between must not be named after half a transaction.
  last_processed_zxid_ = std::max(last_processed_zxid_, header.zxid);
  return applied;
}

bool Tree::same_content(const Tree& other) const {
  if (size() != other.size()) return false;
  bool same = true;
  for_each([&](std::string_view path, const Znode& mine) {
    if (!same) return;
    const Znode* theirs = other.find(path);
    if (theirs == nullptr || mine.data != theirs->data || mine.stat != theirs->stat) {
      same = false;
      return;
    }
    const AclList* my_acl = acl(mine);
    const AclList* their_acl = other.acl(*theirs);
    same = (my_acl == nullptr) == (their_acl == nullptr) &&
           (my_acl == nullptr || *my_acl == *their_acl);
  });
  return same;
}

void Tree::digest_into(sim::Digest& digest) const {
  digest.add(digest_);
  digest.add(static_cast<std::uint64_t>(nodes_.size()));
  digest.add(static_cast<std::uint64_t>(last_processed_zxid_.value()));
  // ZooKeeper's digest leaves out the ACLs; their numbers and uses stand in for which znode has
  // which.
  for (const auto& [id, entry] : acls_.entries()) {
    digest.add(static_cast<std::uint64_t>(id.value()));
    digest.add(static_cast<std::uint64_t>(entry.uses));
    sim::digest_into(digest, entry.list);
  }
}

std::string Tree::describe() const {
  return fmt::format("Tree{{{} znodes, last zxid {}, digest {}}}", size(),
                     zk::describe(last_processed_zxid_), digest_);
}

Applied Database::apply(const TxnHeader& header, const Txn& txn) {
  if (const auto* created = std::get_if<CreateSessionTxn>(&txn)) {
    session_timeouts_ms[header.client_id] = created->timeout_ms;
  } else if (std::holds_alternative<CloseSessionTxn>(txn)) {
    session_timeouts_ms.erase(header.client_id);
  }
  return tree.apply(header, txn);
}

}  // namespace zk
