#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/source/source.h"

// How each kind of ZooKeeper source becomes a tree: inside tools/source alone.
namespace tools {

// "0x1f3" or "499"; nothing for anything else, negative numbers among it.
std::optional<std::int64_t> parse_position(std::string_view text);

sim::Expected<OpenSource> open_zookeeper_directory(const std::string& argument,
                                                   const SourceOptions& options);
sim::Expected<OpenSource> open_zookeeper_snapshot(const std::string& argument,
                                                  const SourceOptions& options);
sim::Expected<OpenSource> open_live_ensemble(const std::string& argument,
                                             const SourceOptions& options);

}  // namespace tools
