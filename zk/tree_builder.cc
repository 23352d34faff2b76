#include "zk/tree_builder.h"

#include <utility>

#include "zk/tree_digest.h"

namespace zk {

// Null when there is none, and for the root.
Znode* TreeBuilder::parent(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return nullptr;
  while (!line_.empty() && line_.back().path_length > slash) line_.pop_back();
  const std::string_view above = path.substr(0, slash);
  if (!line_.empty() && line_.back().path_length == slash && last_.starts_with(above))
    return line_.back().znode;
  // It came earlier than the znode before this one's: a tree that no server wrote.
  line_.clear();
  Znode* const found = tree_.nodes_.edit(above);
  if (found != nullptr) line_.push_back({slash, found});
  return found;
}

TreeBuilder::Placed TreeBuilder::place(std::string&& path, Znode&& znode) {
  Znode* const above = parent(path);
  if (above == nullptr && !path.empty()) return Placed::NoParent;
  znode.num_children = 0;
  znode.digest = node_digest(path, znode);
  last_ = path;
  Znode* const placed = tree_.nodes_.insert(std::move(path), std::move(znode));
  if (placed == nullptr) return Placed::Duplicate;
  line_.push_back({last_.size(), placed});
  tree_.acls_.use(placed->acl);
  if (counts_in_digest(last_)) tree_.digest_ += placed->digest;
  if (above != nullptr) {
    ++above->num_children;  // no part of the digest
    tree_.register_owner(last_, placed->stat.ephemeral_owner);
  }
  return Placed::Placed;
}

Tree TreeBuilder::finish() && {
  tree_.acls_.purge_unused();
  return std::move(tree_);
}

}  // namespace zk
