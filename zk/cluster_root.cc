#include "zk/cluster_root.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "zk/paths.h"

namespace zk {
namespace {

bool holds_cluster(const Tree& tree, std::string_view root) {
  return tree.find(fmt::format("{}{}", root, paths::kBrokerIds)) != nullptr &&
         tree.find(fmt::format("{}{}", root, paths::kClusterId)) != nullptr;
}

std::string shown(std::string_view root) {
  return root.empty() ? "/" : std::string(root);
}

std::unexpected<sim::Problem> problem(sim::Severity severity, const sim::Place& place,
                                      std::string what, std::string remedy) {
  return std::unexpected(sim::Problem{severity, place, std::move(what), std::move(remedy)});
}

}  // namespace

std::vector<std::string> cluster_roots(const Tree& tree) {
  std::vector<std::string> roots;
  tree.for_each([&](std::string_view path, const Znode&) {
    if (!path.ends_with(paths::kClusterId)) return;
    const std::string_view root = path.substr(0, path.size() - paths::kClusterId.size());
    if (holds_cluster(tree, root)) roots.emplace_back(root);
  });
  return roots;
}

sim::Expected<std::string> cluster_root(const Tree& tree, const std::optional<std::string>& chroot,
                                        const sim::Place& place) {
  const std::vector<std::string> roots = cluster_roots(tree);
  std::vector<std::string> names;
  for (const std::string& root : roots) names.push_back(shown(root));
  const std::string known =
      roots.empty() ? std::string("No znode here has brokers/ids and cluster/id below it.")
                    : fmt::format("Kafka clusters stand at: {}.", fmt::join(names, ", "));
  if (chroot) {
    std::string root = *chroot;
    while (root.ends_with('/')) root.pop_back();
    if (!root.empty() && !root.starts_with('/')) root.insert(0, 1, '/');
    if (holds_cluster(tree, root)) return root;
    if (tree.find(shown(root)) == nullptr) {
      return problem(sim::Severity::Usage, place,
                     fmt::format("there is no znode {} for --chroot", shown(root)), known);
    }
    return problem(
        sim::Severity::Unknown, place,
        fmt::format("{} holds no Kafka cluster: brokers/ids or cluster/id is missing below it",
                    shown(root)),
        known);
  }
  if (roots.size() == 1) return roots.front();
  if (roots.empty()) {
    return problem(
        sim::Severity::Unknown, place, "this ZooKeeper tree holds no Kafka cluster",
        "A cluster's root has brokers/ids and cluster/id below it; is this the right directory?");
  }
  return problem(sim::Severity::Unknown, place,
                 fmt::format("this ZooKeeper tree holds {} Kafka clusters: {}", roots.size(),
                             fmt::join(names, ", ")),
                 "Choose one with --chroot PATH.");
}

}  // namespace zk
