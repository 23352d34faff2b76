#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "zk/tree.h"

// A tree from its znodes, as a snapshot holds them (zookeeper.md §3.3): first the ACL lists, then
// the znodes, parents before children, the root ("") first. Znodes that come subtree by subtree, as
// servers write them (DataTree.serializeNode), cost no search for their parents.
namespace zk {

class TreeBuilder {
 public:
  TreeBuilder() : tree_(Tree::Bare{}) {}

  AclCache& acls() { return tree_.acls_; }

  enum class Placed : std::uint8_t {
    Placed,
    NoParent,
    Duplicate
  };
  // Takes path and znode only if it places them.
  Placed place(std::string&& path, Znode&& znode);

  std::size_t size() const { return tree_.size(); }
  // The tree. ACL lists that nobody uses are forgotten, as by a server that read a snapshot.
  Tree finish() &&;

 private:
  Znode* parent(std::string_view path);

  Tree tree_;
  // The znode placed last and all above it, the root first. None of them is shared meanwhile.
  struct Placement {
    std::size_t path_length = 0;
    Znode* znode = nullptr;
  };
  std::vector<Placement> line_;
  std::string last_;  // path of the last in `line_`
};

}  // namespace zk
