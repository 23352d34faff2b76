#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "migrate/render/render.h"
#include "sim/base/problem.h"

// Rendered files on their way to the disk, and how they differ from those that were read.
namespace tools {

struct WrittenFile {
  std::string path;
  bool was_there = false;  // with the same bytes: left alone
};
enum class Overwrite {
  No,
  Yes
};
// DIR/NODE/server.properties of each node: all of them or, where one cannot be written or stands
// there with other bytes and may not be overwritten, none. Each is written beside its place and
// then renamed.
sim::Expected<std::vector<WrittenFile>> write_rendered(
    const std::vector<migrate::RenderedNode>& nodes, const std::filesystem::path& directory,
    Overwrite overwrite);

// A unified diff of the node's file, which `patch -p1` applies in the folder that was opened.
std::string diff_of_rendered(const migrate::RenderedNode& node,
                             const std::vector<std::string>& sources);

}  // namespace tools
