#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/problem.h"
#include "zk/tree.h"

// Where in a tree a Kafka cluster has its root: many clusters may share an ensemble, each below a
// chroot.
namespace zk {

// Every znode that has brokers/ids and cluster/id below it; "" stands for the root of the tree.
std::vector<std::string> cluster_roots(const Tree& tree);

// The root to read: `chroot` if it is given ("/kafka" or "kafka"; "/" is the tree's own root), else
// the one there is. A Problem when there is none or several to choose from (exit 2, names them), or
// when the chroot given does not exist (exit 3) or holds no cluster (exit 2).
sim::Expected<std::string> cluster_root(const Tree& tree, const std::optional<std::string>& chroot,
                                        const sim::Place& place);

}  // namespace zk
