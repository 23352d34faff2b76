#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zk/acl.h"
#include "zk/stat.h"
#include "zk/txn.h"

namespace zk {

// One znode, without its name and its children's names: the place in the tree says those.
struct Znode {
  Data data;
  AclId acl = kOpenUnsafeAclId;
  PersistedStat stat;
  std::int32_t num_children = 0;
  std::uint32_t digest = 0;  // kept by the tree: see tree_digest.h
  bool operator==(const Znode&) const = default;
};

// Orders paths so that a znode stands before its children and its subtree stands together: as
// bytes, but
// '/' first of all. The root is "".
std::strong_ordering compare_paths(std::string_view a, std::string_view b);

// Paths to znodes, sorted by `compare_paths`. A persistent B+ tree: a copy shares everything, and a
// change copies the blocks on the way to one leaf, and only those that are shared. Sharing is
// counted without locks: a map and its copies belong to one thread.
class ZnodeMap {
 public:
  struct Entry {
    std::string path;
    std::shared_ptr<Znode> znode;  // never null
  };

  std::size_t size() const { return size_; }
  // Valid until the map changes; null when there is no such path.
  const Znode* find(std::string_view path) const;
  // The first entry that is not before `path`, or null.
  const Entry* seek(std::string_view path) const;
  // The znode to change in place, unshared first; null when there is no such path.
  Znode* edit(std::string_view path);
  // Inserts, and says where the znode is: valid until it is shared or erased. Null, and nothing
  // taken or changed, when the path is there already. Behind all others it costs no search.
  Znode* insert(std::string&& path, Znode&& znode);
  bool erase(std::string_view path);

  // Every entry in order: `visit(std::string_view path, const Znode&)`.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (root_) walk(*root_, visit);
  }
  // Every entry that is not before `path`, in order, for as long as the visit says true.
  template <class Visit>
  void for_each_from(std::string_view path, Visit&& visit) const {
    if (root_) walk_from(*root_, path, visit);
  }
  // Equal contents; shared blocks are not looked into.
  bool operator==(const ZnodeMap& other) const;

 private:
  struct Block;
  // The block holds the paths from `from` up to the next branch's; the first branch's `from` means
  // nothing.
  struct Branch {
    std::string from;
    std::shared_ptr<Block> block;
  };
  // Either entries (a leaf) or branches.
  struct Block {
    std::vector<Entry> entries;
    std::vector<Branch> branches;
    bool is_leaf() const { return branches.empty(); }
    std::size_t branch_for(std::string_view path) const;
    std::size_t entry_for(std::string_view path) const;  // first not before
  };
  static Block& own(std::shared_ptr<Block>& block);
  static const Entry* seek_in(const Block& block, std::string_view path);
  struct Insertion;
  bool ends_before(std::string_view path) const;
  static bool insert_in(Block& block, Insertion& insertion, Branch& split);
  static bool erase_in(Block& block, std::string_view path);

  template <class Visit>
  static void walk(const Block& block, Visit& visit) {
    for (const Entry& entry : block.entries) visit(std::string_view(entry.path), *entry.znode);
    for (const Branch& branch : block.branches) walk(*branch.block, visit);
  }

  template <class Visit>
  static bool walk_from(const Block& block, std::string_view path, Visit& visit) {
    for (std::size_t i = block.is_leaf() ? block.entry_for(path) : 0; i < block.entries.size();
         ++i) {
      if (!visit(std::string_view(block.entries[i].path), *block.entries[i].znode)) return false;
    }
    if (block.is_leaf()) return true;
    for (std::size_t i = block.branch_for(path); i < block.branches.size(); ++i) {
      if (!walk_from(*block.branches[i].block, path, visit)) return false;
    }
    return true;
  }

  std::shared_ptr<Block> root_;
  std::size_t size_ = 0;
};

}  // namespace zk
