#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/bytes.h"
#include "zk/base64.h"
#include "zk/tree.h"

// What a real server answered of each znode, as the files `zookeeper.jsonl` of the golden clusters
// keep it, and the same said of a tree of ours.
namespace zk {

using Oracle = std::map<std::string, nlohmann::json>;  // by path, without the path

inline Oracle read_oracle(const std::filesystem::path& jsonl) {
  Oracle oracle;
  std::ifstream lines(jsonl);
  for (std::string line; std::getline(lines, line);) {
    auto znode = nlohmann::json::parse(line);
    const std::string path = znode.at("path");
    znode.erase("path");
    oracle.emplace(path, std::move(znode));
  }
  return oracle;
}

// The last change that the oracle has seen.
inline Zxid newest(const Oracle& oracle) {
  std::int64_t newest = 0;
  for (const auto& [path, znode] : oracle) {
    for (const char* field : {"czxid", "mzxid", "pzxid"}) {
      newest = std::max(newest, znode.at(field).get<std::int64_t>());
    }
  }
  return Zxid(newest);
}

inline nlohmann::json as_oracle(const Tree& tree, const Znode& znode) {
  const Stat stat = shown(znode.stat, 0, znode.num_children);
  std::string acl;
  for (const Acl& one : *tree.acl(znode)) {
    if (!acl.empty()) acl += ',';
    acl += fmt::format("{}:{}:{}", one.scheme, one.id, one.perms);
  }
  return {{"data", znode.data ? nlohmann::json(base64_encode(sim::as_bytes(*znode.data)))
                              : nlohmann::json()},
          {"czxid", stat.czxid.value()},
          {"mzxid", stat.mzxid.value()},
          {"pzxid", stat.pzxid.value()},
          {"ctime", stat.ctime.value()},
          {"mtime", stat.mtime.value()},
          {"version", stat.version.value()},
          {"cversion", stat.cversion.value()},
          {"aversion", stat.aversion.value()},
          {"ephemeralOwner", stat.ephemeral_owner.value()},
          {"numChildren", stat.num_children},
          {"acl", acl}};
}

// Each difference as a line; empty when the tree is what the server said. `/zookeeper` is each
// server's own.
inline std::vector<std::string> differences(const Tree& tree, const Oracle& oracle) {
  std::vector<std::string> found;
  for (const auto& [path, expected] : oracle) {
    const Znode* znode = tree.find(path);
    if (znode == nullptr) {
      found.push_back(path + ": missing");
    } else if (const auto actual = as_oracle(tree, *znode); actual != expected) {
      found.push_back(fmt::format("{}: {} instead of {}", path, actual.dump(), expected.dump()));
    }
  }
  tree.for_each([&](std::string_view path, const Znode&) {
    if (!path.starts_with("/zookeeper") && !oracle.contains(std::string(path))) {
      found.push_back(std::string(path) + ": not in the oracle");
    }
  });
  return found;
}

}  // namespace zk
