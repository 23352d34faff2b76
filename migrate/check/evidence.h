#pragma once

#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/check/check.h"
#include "migrate/differences.h"

// How checks cite what they saw.
namespace migrate {

inline Evidence at_znode(std::string_view path, std::string shows) {
  return {std::string(path), std::move(shows)};
}

// A config in force on a node: the line, or that it is the default.
inline Evidence at_config(const NodeConfig& config, std::string_view name) {
  const auto value = config.value(name);
  std::string shows =
      value ? fmt::format("{}={}", name, *value) : fmt::format("{} is not set", name);
  if (value && !config.has(name)) shows += " (the default)";
  return {sim::describe(config.place_of(name)), std::move(shows)};
}

// inter.broker.protocol.version in force on a node: where its file does not set it, the last one of
// the release that it runs (KafkaConfig's default is MetadataVersion.LATEST_PRODUCTION of each).
// Nothing for what is no version, and where the file is silent and nobody knows the release.
// Requires its config.
std::optional<int> protocol_of(const NodeFacts& node);
Evidence at_protocol(const NodeFacts& node);

inline Evidence in_log(const MetadataFacts& metadata, std::string shows) {
  return {metadata.source, std::move(shows)};
}

inline std::string node_named(const NodeFacts& node) {
  return node.config ? fmt::format("{} {}", node.is_controller() ? "controller" : "broker",
                                   node.config->node_id())
                     : node.name;
}

inline sim::BrokerId id_of(const NodeConfig& config) {
  return sim::BrokerId(static_cast<std::int32_t>(config.node_id()));
}

// The comparison of both stores as of /migration's offset. Nothing, and said to be unknown, where
// the log does not show that moment. Requires both stores.
std::optional<DiffReport> mirror_differences(const ClusterFacts& facts, Verdicts& verdicts);

// "1, 2, 3"
template <class Ids>
std::string joined(const Ids& ids) {
  std::string text;
  for (const auto& id : ids) text += fmt::format("{}{}", text.empty() ? "" : ", ", id.value());
  return text;
}

}  // namespace migrate
