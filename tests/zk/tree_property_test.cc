#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/zk/random_txns.h"
#include "zk/tree.h"
#include "zk/tree_digest.h"

// The tree against its own words: what it keeps up to date step by step must be what counting from
// scratch says.
namespace zk {
namespace {

std::uint64_t digest_from_scratch(const Tree& tree) {
  std::uint64_t sum = 0;
  tree.for_each([&](std::string_view path, const Znode& znode) {
    const std::string_view key = path == "/" ? std::string_view() : path;
    if (counts_in_digest(key)) sum += node_digest(key, znode);
  });
  return sum;
}

RC_GTEST_PROP(TreeProperty, WhatIsKeptUpToDateIsWhatCountingFromScratchSays, ()) {
  Database database;
  for (const LoggedTxn& txn : *gen_txns()) {
    database.apply(txn.header, txn.txn);
    const Tree& tree = database.tree;
    RC_ASSERT(tree.digest() == digest_from_scratch(tree));
    std::map<SessionId, std::set<std::string>> ephemerals;
    std::map<AclId, std::int64_t> uses;
    std::map<std::string, std::int32_t> children;
    std::size_t count = 0;
    tree.for_each([&](std::string_view path, const Znode& znode) {
      ++count;
      if (znode.acl != kOpenUnsafeAclId) ++uses[znode.acl];
      if (owner_kind(znode.stat.ephemeral_owner) == OwnerKind::Ephemeral) {
        ephemerals[znode.stat.ephemeral_owner].insert(std::string(path));
      }
      if (path != "/") ++children[std::string(parent_of(path))];
    });
    RC_ASSERT(count == tree.size());
    for (const auto& [session, paths] : ephemerals) RC_ASSERT(tree.ephemerals_of(session) == paths);
    RC_ASSERT(tree.ephemeral_owners().size() == ephemerals.size());
    for (const auto& [id, entry] : tree.acls().entries()) RC_ASSERT(entry.uses == uses[id]);
    tree.for_each([&](std::string_view path, const Znode& znode) {
      RC_ASSERT(znode.num_children == children[std::string(path)]);
      RC_ASSERT(tree.children(path).size() == static_cast<std::size_t>(znode.num_children));
    });
  }
}

RC_GTEST_PROP(ZnodeMapProperty, IsASortedMap, ()) {
  const auto less = [](const std::string& a, const std::string& b) {
    return compare_paths(a, b) < 0;
  };
  std::map<std::string, std::int64_t, decltype(less)> model(less);
  ZnodeMap map;
  std::vector<std::pair<ZnodeMap, std::size_t>> copies;
  const auto steps = *rc::gen::inRange(0, 600);
  for (int i = 0; i < steps; ++i) {
    const std::string path = "/" + std::to_string(*rc::gen::inRange(0, 200)) +
                             (*rc::gen::arbitrary<bool>() ? "/" : "-") +
                             std::to_string(*rc::gen::inRange(0, 3));
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        RC_ASSERT(map.erase(path) == (model.erase(path) == 1));
        break;
      case 1:
        if (Znode* znode = map.edit(path)) {
          znode->stat.czxid = Zxid(i);
          model.at(path) = i;
        } else {
          RC_ASSERT(!model.contains(path));
        }
        break;
      default:
        RC_ASSERT((map.insert(std::string(path), {.stat = {.czxid = Zxid(i)}}) != nullptr) ==
                  model.emplace(path, i).second);
    }
    if (i % 100 == 0) copies.emplace_back(map, map.size());
    const auto* at = map.seek(path);
    const auto expected = model.lower_bound(path);
    RC_ASSERT((at == nullptr) == (expected == model.end()));
    if (at != nullptr) RC_ASSERT(at->path == expected->first);
  }
  RC_ASSERT(map.size() == model.size());
  auto expected = model.begin();
  map.for_each([&](std::string_view path, const Znode& znode) {
    RC_ASSERT(path == expected->first);
    RC_ASSERT(znode.stat.czxid == Zxid(expected->second));
    ++expected;
  });
  for (const auto& [copy, size] : copies) {
    std::size_t count = 0;
    copy.for_each([&](std::string_view, const Znode&) { ++count; });
    RC_ASSERT(count == size);
  }
}

}  // namespace
}  // namespace zk
