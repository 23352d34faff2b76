#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

#include "sim/base/described.h"
#include "zk/tree.h"

namespace tests {

// What a server that should serve `expected` served otherwise, one line each: paths, data, stats and ACLs, all of
// them. `leave_out`: paths that need not agree.
inline std::vector<std::string> tree_differences(
    const zk::Tree& expected, const zk::Tree& served,
    const std::function<bool(std::string_view path)>& leave_out = {}) {
  std::vector<std::string> lines;
  const auto left_out = [&](std::string_view path) { return leave_out && leave_out(path); };
  expected.for_each([&](std::string_view path, const zk::Znode& znode) {
    if (left_out(path)) return;
    const zk::Znode* const twin = served.find(path);
    if (twin == nullptr) {
      lines.push_back(fmt::format("{}: not served", path));
      return;
    }
    if (twin->data != znode.data) lines.push_back(fmt::format("{}: other data", path));
    if (twin->stat != znode.stat) {
      lines.push_back(fmt::format("{}: {} instead of {}", path, sim::describe_value(twin->stat),
                                  sim::describe_value(znode.stat)));
    }
    if (*served.acl(*twin) != *expected.acl(znode)) {
      lines.push_back(fmt::format("{}: ACL {} instead of {}", path,
                                  sim::describe_value(*served.acl(*twin)),
                                  sim::describe_value(*expected.acl(znode))));
    }
  });
  served.for_each([&](std::string_view path, const zk::Znode&) {
    if (!left_out(path) && expected.find(path) == nullptr)
      lines.push_back(fmt::format("{}: served, though unknown", path));
  });
  return lines;
}

}  // namespace tests
