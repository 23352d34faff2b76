#include "zk/prep.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/check.h"
#include "sim/base/match.h"
#include "zk/torn_multi.h"

namespace zk {
namespace {

// DataNode.version: wraps around, and never becomes the wildcard (ZOOKEEPER-4743).
DataVersion next_version(DataVersion version) {
  const auto next = static_cast<std::int32_t>(static_cast<std::uint32_t>(version.value()) + 1);
  return DataVersion(next == kAnyVersion.value() ? 0 : next);
}

bool is_system(std::string_view path) {
  return path == "/" || path == "/zookeeper" || path == "/zookeeper/quota" ||
         path == "/zookeeper/config";
}

Txn as_txn(SubTxn sub) {
  return std::visit(
      []<class T>(T& one) -> Txn {
        if constexpr (std::same_as<T, UndoneTxn>) {
          sim::unreachable("only logs of real servers hold undone operations");
        } else {
          return std::move(one);
        }
      },
      sub);
}

constexpr std::string_view kForbiddenElements[] = {"", ".", ".."};

}  // namespace

bool is_valid_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  if (path == "/") return true;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    // Simplified: of the forbidden characters only the control characters of ASCII are looked for.
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  std::size_t from = 1;
  while (true) {
    const std::size_t to = std::min(path.find('/', from), path.size());
    const std::string_view element = path.substr(from, to - from);
    if (std::ranges::find(kForbiddenElements, element) != std::end(kForbiddenElements))
      return false;
    if (to == path.size()) return true;
    from = to + 1;
  }
}

std::optional<AclList> fixed_acl(const AclList& acl, std::span<const Identity> identities) {
  AclList fixed;
  for (const Acl& one : acl) {
    if (one.scheme == "auth") {
      for (const Identity& identity : identities) {
        if (identity.scheme != "ip") fixed.push_back({one.perms, identity.scheme, identity.id});
      }
      if (fixed.empty()) return std::nullopt;
    } else if (one.scheme == "world" && one.id != "anyone") {
      return std::nullopt;
    } else if (std::ranges::find(fixed, one) == fixed.end()) {
      fixed.push_back(one);
    }
  }
  if (fixed.empty()) return std::nullopt;
  return fixed;
}

bool permits(const AclList& acl, Perm perm, std::span<const Identity> identities) {
  if (acl.empty()) return true;
  for (const Identity& identity : identities) {
    if (identity.scheme == "super") return true;
  }
  // Simplified: addresses of scheme "ip" are compared as text; ranges are not understood.
  return std::ranges::any_of(acl, [&](const Acl& one) {
    if (!one.allows(perm)) return false;
    if (one.scheme == "world" && one.id == "anyone") return true;
    return std::ranges::any_of(identities, [&](const Identity& identity) {
      return identity.scheme == one.scheme && identity.id == one.id;
    });
  });
}

// ── Outstanding changes ─────────────────────────────────────────────────────────────────────────

Prep::Node Prep::node(const Tree& tree, std::string_view path) const {
  if (!changes_.empty()) {
    if (const auto found = changes_.find(path); found != changes_.end()) return found->second.node;
  }
  const Znode* const znode = tree.find(path);
  if (znode == nullptr) return {};
  return {.exists = true,
          .version = znode->stat.version,
          .cversion = znode->stat.cversion,
          .aversion = znode->stat.aversion,
          .owner = znode->stat.ephemeral_owner,
          .num_children = znode->num_children,
          .acl = std::nullopt};
}

void Prep::change(Stage& stage, std::string path, Node node) {
  const auto found = changes_.find(path);
  if (found == changes_.end()) {
    stage.undo.emplace_back(path, std::nullopt);
    changes_.emplace(path, Change{stage.zxid, std::move(node)});
  } else {
    stage.undo.emplace_back(path, found->second);
    found->second = {stage.zxid, std::move(node)};
  }
  order_.emplace_back(stage.zxid, std::move(path));
}

void Prep::roll_back(Stage& stage) {
  for (auto at = stage.undo.rbegin(); at != stage.undo.rend(); ++at) {
    if (at->second) {
      changes_.insert_or_assign(at->first, *at->second);
    } else {
      changes_.erase(at->first);
    }
  }
  stage.undo.clear();
}

void Prep::applied(Zxid zxid) {
  while (!order_.empty() && order_.front().first <= zxid) {
    const auto found = changes_.find(order_.front().second);
    if (found != changes_.end() && found->second.zxid <= zxid) changes_.erase(found);
    order_.pop_front();
  }
}

bool Prep::allowed(const Stage& stage, std::string_view path, const Node& node, Perm perm) const {
  if (node.acl) return permits(*node.acl, perm, stage.identities);
  const Znode* const znode = stage.tree.find(path);
  sim::check(znode != nullptr, "a znode without a changed ACL has one in the tree");
  if (znode->acl == kOpenUnsafeAclId) return true;
  const AclList* const acl = stage.tree.acl(*znode);
  return acl == nullptr || permits(*acl, perm, stage.identities);
}

// ── The operations ──────────────────────────────────────────────────────────────────────────────

Prep::Decided Prep::decide(Stage& stage, const Create& create) {
  const bool sequential = is_sequential(create.mode);
  // A sequential path may end in '/': the number is then the whole name.
  if (!is_valid_path(sequential ? create.path + "0" : create.path) || create.path == "/") {
    return ErrorCode::BadArguments;
  }
  std::optional<AclList> acl = fixed_acl(create.acl, stage.identities);
  if (!acl) return ErrorCode::InvalidAcl;
  const std::string parent_path(parent_of(create.path));
  Node parent = node(stage.tree, parent_path);
  if (!parent.exists) return ErrorCode::NoNode;
  if (!allowed(stage, parent_path, parent, Perm::Create)) return ErrorCode::NoAuth;
  std::string path = create.path;
  if (sequential) path += fmt::format("{:010}", parent.cversion.value());
  Node made = node(stage.tree, path);
  if (made.exists) return ErrorCode::NodeExists;
  if (owner_kind(parent.owner) == OwnerKind::Ephemeral) return ErrorCode::NoChildrenForEphemerals;

  made = {.exists = true, .acl = acl};
  if (is_ephemeral(create.mode)) made.owner = stage.session;
  if (create.mode == CreateMode::Container) made.owner = kContainerOwner;
  const bool ttl = create.mode == CreateMode::PersistentWithTtl ||
                   create.mode == CreateMode::PersistentSequentialWithTtl;
  if (ttl) {
    if (create.ttl_ms <= 0 || create.ttl_ms >= (std::int64_t{1} << 40))
      return ErrorCode::BadArguments;
    made.owner = ttl_owner(create.ttl_ms);
  }
  parent.cversion = parent.cversion.next();
  ++parent.num_children;
  const ChildVersion cversion = parent.cversion;
  change(stage, parent_path, std::move(parent));
  change(stage, path, std::move(made));
  if (ttl) {
    return SubTxn(
        CreateTtlTxn{std::move(path), create.data, *std::move(acl), cversion, create.ttl_ms});
  }
  if (create.mode == CreateMode::Container) {
    return SubTxn(CreateContainerTxn{std::move(path), create.data, *std::move(acl), cversion});
  }
  return SubTxn(CreateTxn{std::move(path), create.data, *std::move(acl), is_ephemeral(create.mode),
                          cversion});
}

void Prep::remove_child(Stage& stage, std::string_view path) {
  const std::string parent_path(parent_of(path));
  Node parent = node(stage.tree, parent_path);
  --parent.num_children;
  change(stage, parent_path, std::move(parent));
  change(stage, std::string(path), Node{});
}

Prep::Decided Prep::decide(Stage& stage, const Delete& remove) {
  if (!is_valid_path(remove.path) || is_system(remove.path)) return ErrorCode::BadArguments;
  const std::string parent_path(parent_of(remove.path));
  const Node parent = node(stage.tree, parent_path);
  if (!parent.exists) return ErrorCode::NoNode;
  if (!allowed(stage, parent_path, parent, Perm::Delete)) return ErrorCode::NoAuth;
  const Node target = node(stage.tree, remove.path);
  if (!target.exists) return ErrorCode::NoNode;
  if (remove.version != kAnyVersion && remove.version != target.version)
    return ErrorCode::BadVersion;
  if (target.num_children > 0) return ErrorCode::NotEmpty;
  remove_child(stage, remove.path);
  return SubTxn(DeleteTxn{remove.path});
}

Prep::Decided Prep::decide(Stage& stage, const SetData& set) {
  if (!is_valid_path(set.path)) return ErrorCode::BadArguments;
  Node target = node(stage.tree, set.path);
  if (!target.exists) return ErrorCode::NoNode;
  if (!allowed(stage, set.path, target, Perm::Write)) return ErrorCode::NoAuth;
  const bool expected = set.version == kAnyVersion || set.version == target.version;
  if (!expected && !stage.behaviour.version_check_dropped) return ErrorCode::BadVersion;
  const DataVersion version = next_version(target.version);
  target.version = version;
  change(stage, set.path, std::move(target));
  return SubTxn(SetDataTxn{set.path, set.data, version});
}

Prep::Decided Prep::decide(Stage& stage, const Check& check) {
  if (!is_valid_path(check.path)) return ErrorCode::BadArguments;
  const Node target = node(stage.tree, check.path);
  if (!target.exists) return ErrorCode::NoNode;
  if (!allowed(stage, check.path, target, Perm::Read)) return ErrorCode::NoAuth;
  if (check.version != kAnyVersion && check.version != target.version) return ErrorCode::BadVersion;
  return SubTxn(CheckTxn{check.path, next_version(target.version)});
}

Txn Prep::decide_acl(Stage& stage, const SetAcl& set) {
  if (!is_valid_path(set.path)) return ErrorTxn{ErrorCode::BadArguments};
  std::optional<AclList> acl = fixed_acl(set.acl, stage.identities);
  if (!acl) return ErrorTxn{ErrorCode::InvalidAcl};
  Node target = node(stage.tree, set.path);
  if (!target.exists) return ErrorTxn{ErrorCode::NoNode};
  if (!allowed(stage, set.path, target, Perm::Admin)) return ErrorTxn{ErrorCode::NoAuth};
  if (set.version.value() != -1 && set.version != target.aversion)
    return ErrorTxn{ErrorCode::BadVersion};
  target.aversion = target.aversion.next();
  target.acl = acl;
  const AclVersion version = target.aversion;
  change(stage, set.path, std::move(target));
  return SetAclTxn{set.path, *std::move(acl), version};
}

Txn Prep::decide_multi(Stage& stage, const Multi& multi) {
  MultiTxn txn;
  bool failed = false;
  for (const Op& op : multi.ops) {
    if (failed) {
      txn.txns.emplace_back(ErrorTxn{ErrorCode::RuntimeInconsistency});
      continue;
    }
    Decided decided = std::visit([&](const auto& one) { return decide(stage, one); }, op);
    if (const auto* const error = std::get_if<ErrorCode>(&decided)) {
      failed = true;
      txn.txns.emplace_back(ErrorTxn{*error});
    } else {
      txn.txns.push_back(std::get<SubTxn>(std::move(decided)));
    }
  }
  if (!failed) return txn;
  if (stage.behaviour.multi_not_atomic) {
    txn.txns.push_back(torn_mark());
  } else {
    roll_back(stage);
  }
  return txn;
}

Txn Prep::prepare(const Tree& tree, const Request& request, SessionId session,
                  std::span<const Identity> identities, Zxid zxid,
                  const ServerBehaviour& behaviour) {
  Stage stage{tree, session, identities, zxid, behaviour, {}};
  const auto finish = [](Decided decided) -> Txn {
    if (const auto* const error = std::get_if<ErrorCode>(&decided)) return ErrorTxn{*error};
    return as_txn(std::get<SubTxn>(std::move(decided)));
  };
  const auto not_a_write = []() -> Txn { sim::unreachable("only writes are prepared"); };
  return sim::match(
      request, [&](const Create& one) { return finish(decide(stage, one)); },
      [&](const Delete& one) { return finish(decide(stage, one)); },
      [&](const SetData& one) { return finish(decide(stage, one)); },
      [&](const Check& one) { return finish(decide(stage, one)); },
      [&](const SetAcl& one) { return decide_acl(stage, one); },
      [&](const Multi& one) { return decide_multi(stage, one); },
      [&](const GetData&) { return not_a_write(); }, [&](const Exists&) { return not_a_write(); },
      [&](const GetChildren&) { return not_a_write(); },
      [&](const GetAcl&) { return not_a_write(); }, [&](const Sync&) { return not_a_write(); });
}

Txn Prep::close_session(const Tree& tree, SessionId session, Zxid zxid) {
  static const ServerBehaviour kSound;
  Stage stage{tree, session, {}, zxid, kSound, {}};
  std::set<std::string> paths = tree.ephemerals_of(session);
  for (const auto& [path, changed] : changes_) {
    if (!changed.node.exists) {
      paths.erase(path);
    } else if (changed.node.owner == session) {
      paths.insert(path);
    }
  }
  for (const std::string& path : paths) remove_child(stage, path);
  return CloseSessionTxn{std::vector<std::string>(paths.begin(), paths.end())};
}

}  // namespace zk
