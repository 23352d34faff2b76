#include "tools/zk2kraft/render_files.h"

#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "migrate/render/unified_diff.h"
#include "tools/source/draft.h"
#include "tools/source/source.h"

namespace tools {
namespace {

namespace fs = std::filesystem;

std::string rendered_name(const migrate::RenderedNode& node) {
  return node.name + "/server.properties";
}

sim::Problem cannot_write(const fs::path& path, const std::error_code& error) {
  return {.severity = sim::Severity::Usage,
          .place = {.source = path.string()},
          .what = fmt::format("it cannot be written: {}", error.message()),
          .remedy = "Name another folder with -o."};
}

std::optional<std::string> bytes_at(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The path from the folder that was opened, as `patch -p1` wants it.
std::string path_in_source(const std::string& file, const std::vector<std::string>& sources) {
  for (const std::string& source : sources) {
    const fs::path inside =
        fs::path(file).lexically_normal().lexically_relative(fs::path(source).lexically_normal());
    if (!inside.empty() && *inside.begin() != ".." && inside != ".") return inside.generic_string();
  }
  return fs::path(file).filename().generic_string();
}

}  // namespace

sim::Expected<std::vector<WrittenFile>> write_rendered(
    const std::vector<migrate::RenderedNode>& nodes, const fs::path& directory,
    Overwrite overwrite) {
  std::vector<WrittenFile> written;
  std::vector<Draft> drafts;
  for (const migrate::RenderedNode& node : nodes) {
    const fs::path place = directory / rendered_name(node);
    const std::string bytes = node.after.text();
    const auto there = bytes_at(place);
    written.push_back({place.string(), there == bytes});
    if (there == bytes) continue;
    if (there && overwrite == Overwrite::No)
      return sim::refused(sim::Severity::Usage, place.string(),
                          "another file stands there, and nothing was written",
                          "Look at it, then name another folder, or say --force.");
    drafts.emplace_back(place);
    std::error_code error;
    fs::create_directories(place.parent_path(), error);
    if (!error) error = drafts.back().write(bytes, MayRead::Owner);
    if (error) return std::unexpected(cannot_write(place, error));
  }
  for (Draft& draft : drafts) {
    if (const auto error = draft.keep()) return std::unexpected(cannot_write(draft.place(), error));
  }
  return written;
}

std::string diff_of_rendered(const migrate::RenderedNode& node,
                             const std::vector<std::string>& sources) {
  if (!node.before)
    return migrate::unified_diff("", node.after.text(), "/dev/null", "b/" + rendered_name(node));
  const std::string path = path_in_source(node.source, sources);
  return migrate::unified_diff(*node.before, node.after.text(), "a/" + path, "b/" + path);
}

}  // namespace tools
