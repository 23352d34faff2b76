#include "zk/tree_map.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "sim/base/check.h"

namespace zk {
namespace {

// Blocks of this size keep a leaf's strings within a few pages and a copied path under ten
// kilobytes.
constexpr std::size_t kMaxPerBlock = 64;

}  // namespace

std::strong_ordering compare_paths(std::string_view a, std::string_view b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  std::size_t i = 0;
  // Neighbouring paths share long prefixes: skip them eight bytes at a time.
  for (std::uint64_t x = 0, y = 0; i + 8 <= shorter; i += 8) {
    std::memcpy(&x, a.data() + i, 8);
    std::memcpy(&y, b.data() + i, 8);
    if (x != y) break;
  }
  while (i < shorter && a[i] == b[i]) ++i;
  if (i == shorter) return a.size() <=> b.size();
  // '/' before every other byte; U+0000 is in no legal path, and in an illegal one it ties to
  // nothing worse than a stable order.
  const auto rank = [](char c) { return c == '/' ? 0 : 1 + static_cast<unsigned char>(c); };
  return rank(a[i]) <=> rank(b[i]);
}

std::size_t ZnodeMap::Block::branch_for(std::string_view path) const {
  // Branches from the second on whose `from` is not after the path.
  const auto after = std::upper_bound(
      branches.begin() + 1, branches.end(), path,
      [](std::string_view p, const Branch& branch) { return compare_paths(p, branch.from) < 0; });
  return static_cast<std::size_t>(after - branches.begin()) - 1;
}

std::size_t ZnodeMap::Block::entry_for(std::string_view path) const {
  const auto at = std::lower_bound(
      entries.begin(), entries.end(), path,
      [](const Entry& entry, std::string_view p) { return compare_paths(entry.path, p) < 0; });
  return static_cast<std::size_t>(at - entries.begin());
}

ZnodeMap::Block& ZnodeMap::own(std::shared_ptr<Block>& block) {
  if (block.use_count() != 1) block = std::make_shared<Block>(*block);
  return *block;
}

const Znode* ZnodeMap::find(std::string_view path) const {
  const Block* block = root_.get();
  if (block == nullptr) return nullptr;
  while (!block->is_leaf()) block = block->branches[block->branch_for(path)].block.get();
  const std::size_t at = block->entry_for(path);
  if (at == block->entries.size() || block->entries[at].path != path) return nullptr;
  return block->entries[at].znode.get();
}

const ZnodeMap::Entry* ZnodeMap::seek(std::string_view path) const {
  return root_ ? seek_in(*root_, path) : nullptr;
}

const ZnodeMap::Entry* ZnodeMap::seek_in(const Block& block, std::string_view path) {
  if (block.is_leaf()) {
    const std::size_t at = block.entry_for(path);
    return at == block.entries.size() ? nullptr : &block.entries[at];
  }
  for (std::size_t i = block.branch_for(path); i < block.branches.size(); ++i) {
    if (const Entry* found = seek_in(*block.branches[i].block, path)) return found;
  }
  return nullptr;
}

Znode* ZnodeMap::edit(std::string_view path) {
  if (find(path) == nullptr) return nullptr;  // a search that fails must not unshare anything
  std::shared_ptr<Block>* at = &root_;
  Block* block = &own(*at);
  while (!block->is_leaf()) block = &own(block->branches[block->branch_for(path)].block);
  std::shared_ptr<Znode>& znode = block->entries[block->entry_for(path)].znode;
  if (znode.use_count() != 1) znode = std::make_shared<Znode>(*znode);
  return znode.get();
}

struct ZnodeMap::Insertion {
  std::string&& path;
  std::shared_ptr<Znode> znode;
  bool at_the_end = false;  // behind every other path
};

bool ZnodeMap::ends_before(std::string_view path) const {
  if (!root_) return true;
  const Block* block = root_.get();
  while (!block->is_leaf()) block = block->branches.back().block.get();
  return compare_paths(block->entries.back().path, path) < 0;
}

Znode* ZnodeMap::insert(std::string&& path, Znode&& znode) {
  const bool at_the_end = ends_before(path);
  if (!at_the_end && find(path) != nullptr) return nullptr;
  if (!root_) root_ = std::make_shared<Block>();
  Insertion insertion{std::move(path), std::make_shared<Znode>(std::move(znode)), at_the_end};
  Znode* const inserted = insertion.znode.get();
  Branch split;
  if (insert_in(own(root_), insertion, split)) {
    auto top = std::make_shared<Block>();
    top->branches.push_back({{}, std::move(root_)});
    top->branches.push_back(std::move(split));
    root_ = std::move(top);
  }
  ++size_;
  return inserted;
}

// True when the block became too large: its upper part is then in `split`.
bool ZnodeMap::insert_in(Block& block, Insertion& insertion, Branch& split) {
  // Znodes arrive mostly in order (snapshots, sequence numbers): splitting off a small tail then
  // leaves blocks well filled.
  const auto halve = [](auto& from, auto& to, std::size_t inserted_at) {
    const std::size_t keep =
        inserted_at + 1 == from.size() ? from.size() - from.size() / 8 : from.size() / 2;
    const auto tail = from.begin() + static_cast<std::ptrdiff_t>(keep);
    to.assign(std::make_move_iterator(tail), std::make_move_iterator(from.end()));
    from.erase(tail, from.end());
  };
  if (block.is_leaf()) {
    const std::size_t at =
        insertion.at_the_end ? block.entries.size() : block.entry_for(insertion.path);
    block.entries.insert(block.entries.begin() + static_cast<std::ptrdiff_t>(at),
                         {std::move(insertion.path), std::move(insertion.znode)});
    if (block.entries.size() <= kMaxPerBlock) return false;
    split.block = std::make_shared<Block>();
    halve(block.entries, split.block->entries, at);
    split.from = split.block->entries.front().path;
    return true;
  }
  const std::size_t at =
      insertion.at_the_end ? block.branches.size() - 1 : block.branch_for(insertion.path);
  Branch below;
  if (!insert_in(own(block.branches[at].block), insertion, below)) return false;
  block.branches.insert(block.branches.begin() + static_cast<std::ptrdiff_t>(at + 1),
                        std::move(below));
  if (block.branches.size() <= kMaxPerBlock) return false;
  split.block = std::make_shared<Block>();
  halve(block.branches, split.block->branches, at + 1);
  split.from = std::move(split.block->branches.front().from);
  return true;
}

bool ZnodeMap::erase(std::string_view path) {
  if (find(path) == nullptr) return false;
  if (erase_in(own(root_), path)) {
    root_ = nullptr;
  } else {
    while (root_->branches.size() == 1)
      root_ = std::shared_ptr<Block>(root_->branches.front().block);
  }
  --size_;
  return true;
}

// True when nothing is left in the block.
bool ZnodeMap::erase_in(Block& block, std::string_view path) {
  if (block.is_leaf()) {
    block.entries.erase(block.entries.begin() + static_cast<std::ptrdiff_t>(block.entry_for(path)));
    return block.entries.empty();
  }
  const std::size_t at = block.branch_for(path);
  if (!erase_in(own(block.branches[at].block), path)) return false;
  block.branches.erase(block.branches.begin() + static_cast<std::ptrdiff_t>(at));
  return block.branches.empty();
}

bool ZnodeMap::operator==(const ZnodeMap& other) const {
  if (root_ == other.root_) return true;
  if (size_ != other.size_) return false;
  // Blocks may be cut differently: walk one, look up in the other.
  bool equal = true;
  for_each([&](std::string_view path, const Znode& znode) {
    if (!equal) return;
    const Znode* twin = other.find(path);
    equal = twin != nullptr && (twin == &znode || *twin == znode);
  });
  return equal;
}

}  // namespace zk
