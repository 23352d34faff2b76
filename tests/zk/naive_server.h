#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "zk/migration_reader.h"
#include "zk/request.h"

// A ZooKeeper of forty lines: a sorted map, no sessions, no quorum. What the machines of the
// migration say to it can be counted, refused and looked at.
namespace tests {

class NaiveServer {
 public:
  struct Node {
    zk::Data data;
    zk::DataVersion version;
    int created_below = 0;
  };

  NaiveServer() { nodes_[""]; }

  zk::Response answer(const zk::Request& request) {
    ++requests;
    zk::Response response;
    if (const auto* multi = std::get_if<zk::Multi>(&request)) {
      const auto before = nodes_;
      zk::MultiResult result;
      for (const zk::Op& op : multi->ops) {
        result.results.emplace_back();
        auto& slot = result.results.back();
        if (!response.ok()) {
          slot.error = zk::ErrorCode::RuntimeInconsistency;
          continue;
        }
        auto [error, stat] = std::visit([&](const auto& each) { return apply(each); }, op);
        slot.error = error;
        if (stat) slot.value = *stat;
        if (error != zk::ErrorCode::Ok) response.error = error;
      }
      if (!response.ok()) nodes_ = before;
      response.result = std::move(result);
      return response;
    }
    if (const auto* get = std::get_if<zk::GetData>(&request)) {
      const auto found = nodes_.find(get->path);
      if (found == nodes_.end()) return {.error = zk::ErrorCode::NoNode};
      response.result = zk::GotData{found->second.data, stat_of(found->second)};
    } else if (const auto* list = std::get_if<zk::GetChildren>(&request)) {
      if (!nodes_.contains(list->path)) return {.error = zk::ErrorCode::NoNode};
      response.result = zk::GotChildren{children(list->path), {}};
    } else if (const auto* create = std::get_if<zk::Create>(&request)) {
      response.error = apply(*create).first;
    } else if (const auto* set = std::get_if<zk::SetData>(&request)) {
      const auto [error, stat] = apply(*set);
      response.error = error;
      if (stat) response.result = *stat;
    } else {
      ADD_FAILURE() << "the machines of the migration ask for nothing else";
    }
    return response;
  }

  // Runs a machine to its end.
  template <class Machine>
  void run(Machine& machine) {
    while (!machine.requests().empty()) {
      std::vector<zk::Response> responses;
      for (const zk::Request& request : machine.requests()) responses.push_back(answer(request));
      machine.advance(std::move(responses));
    }
  }

  std::vector<std::string> children(const std::string& path) const {
    std::vector<std::string> names;
    for (auto at = nodes_.upper_bound(path + '/');
         at != nodes_.end() && at->first.starts_with(path + '/'); ++at) {
      const std::string rest = at->first.substr(path.size() + 1);
      if (rest.find('/') == std::string::npos) names.push_back(rest);
    }
    return names;
  }
  void put(const std::string& path, zk::Data data = std::nullopt) {
    nodes_[path].data = std::move(data);
  }
  const Node* find(const std::string& path) const {
    const auto found = nodes_.find(path);
    return found == nodes_.end() ? nullptr : &found->second;
  }
  void erase(const std::string& path) { nodes_.erase(path); }

  int requests = 0;

 private:
  using Outcome = std::pair<zk::ErrorCode, std::optional<zk::Stat>>;
  static zk::Stat stat_of(const Node& node) { return {.version = node.version}; }
  static bool matches(zk::DataVersion wanted, const Node& node) {
    return wanted == zk::kAnyVersion || wanted == node.version;
  }

  Outcome apply(const zk::Create& create) {
    const std::string parent = create.path.substr(0, create.path.rfind('/'));
    const auto found = nodes_.find(parent);
    if (found == nodes_.end()) return {zk::ErrorCode::NoNode, {}};
    std::string path = create.path;
    if (zk::is_sequential(create.mode))
      path += std::to_string(1000000000 + found->second.created_below);
    if (nodes_.contains(path)) return {zk::ErrorCode::NodeExists, {}};
    ++found->second.created_below;
    nodes_[path].data = create.data;
    return {zk::ErrorCode::Ok, {}};
  }
  Outcome apply(const zk::Delete& remove) {
    const auto found = nodes_.find(remove.path);
    if (found == nodes_.end()) return {zk::ErrorCode::NoNode, {}};
    if (!matches(remove.version, found->second)) return {zk::ErrorCode::BadVersion, {}};
    if (!children(remove.path).empty()) return {zk::ErrorCode::NotEmpty, {}};
    nodes_.erase(found);
    return {zk::ErrorCode::Ok, {}};
  }
  Outcome apply(const zk::SetData& set) {
    const auto found = nodes_.find(set.path);
    if (found == nodes_.end()) return {zk::ErrorCode::NoNode, {}};
    if (!matches(set.version, found->second)) return {zk::ErrorCode::BadVersion, {}};
    found->second.data = set.data;
    found->second.version = found->second.version.next();
    return {zk::ErrorCode::Ok, stat_of(found->second)};
  }
  Outcome apply(const zk::Check& check) {
    const auto found = nodes_.find(check.path);
    if (found == nodes_.end()) return {zk::ErrorCode::NoNode, {}};
    return {matches(check.version, found->second) ? zk::ErrorCode::Ok : zk::ErrorCode::BadVersion,
            {}};
  }

  std::map<std::string, Node> nodes_;
};

}  // namespace tests
