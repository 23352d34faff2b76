#include "tools/source/node_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "kraft/disk/node_files.h"
#include "tools/source/collection.h"
#include "tools/source/source.h"

namespace tools {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// "bytes<tab>topic id or -<tab>name", as tools/collect lists a log directory.
std::optional<migrate::PartitionDirectory> parse_partition(const std::string& line) {
  const std::size_t first = line.find('\t');
  const std::size_t second = line.find('\t', first + 1);
  if (first == std::string::npos || second == std::string::npos) return std::nullopt;
  migrate::PartitionDirectory partition{
      .name = line.substr(second + 1), .bytes = 0, .topic_id = std::nullopt};
  const auto [end, error] = std::from_chars(line.data(), line.data() + first, partition.bytes);
  if (error != std::errc() || end != line.data() + first || partition.name.empty())
    return std::nullopt;
  const std::string id = line.substr(first + 1, second - first - 1);
  if (id == "-") return partition;
  partition.topic_id = sim::Uuid::parse(id);
  if (!partition.topic_id) return std::nullopt;
  return partition;
}

std::optional<std::vector<migrate::PartitionDirectory>> read_partitions(const fs::path& file,
                                                                        ReadingNotes& notes) {
  auto text = read_file(file);
  if (!text) {
    notes.problems.push_back(std::move(text).error());
    return std::nullopt;
  }
  std::vector<migrate::PartitionDirectory> partitions;
  std::uint32_t number = 0;
  for (const std::string& line : lines_of(*text)) {
    ++number;
    auto partition = parse_partition(line);
    if (!partition) {
      notes.problems.push_back({.severity = sim::Severity::Malformed,
                                .place = {.source = file.string(), .line = number},
                                .what = "this line is not \"bytes, topic id or -, name\"",
                                .remedy = "Collect it again: tools/collect writes this file."});
      return std::nullopt;
    }
    partitions.push_back(*std::move(partition));
  }
  std::ranges::sort(partitions, {}, &migrate::PartitionDirectory::name);
  return partitions;
}

}  // namespace

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    entries.push_back(at->path());
  std::ranges::sort(entries);
  return entries;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

std::optional<sim::PropertiesFile> read_config(const fs::path& file, ReadingNotes& notes) {
  auto text = kraft::read_small_file(file);
  if (!text) {
    notes.problems.push_back(std::move(text).error());
    return std::nullopt;
  }
  auto read = sim::PropertiesFile::parse(*text, file.string());
  if (!read) {
    notes.problems.push_back(std::move(read).error());
    return std::nullopt;
  }
  for (const std::uint32_t line : read->written_as_utf8()) {
    notes.doubts.push_back(
        fmt::format("{}:{} is written in UTF-8, and Kafka reads ISO-8859-1: it sees other "
                    "characters",
                    file.string(), line));
  }
  return *std::move(read);
}

std::optional<migrate::LogDirectory> read_log_directory(const fs::path& file, ReadingNotes& notes) {
  auto text = kraft::read_small_file(file);
  if (!text) {
    notes.problems.push_back(std::move(text).error());
    return std::nullopt;
  }
  auto read = kraft::parse_meta_properties(*text, file.string());
  if (!read) {
    notes.problems.push_back(std::move(read).error());
    return std::nullopt;
  }
  migrate::LogDirectory directory{.file = file.string(),
                                  .version = read->version,
                                  .node_id = read->node_id,
                                  .cluster_id = read->cluster_id,
                                  .directory_id = read->directory_id,
                                  .path = std::nullopt,
                                  .partitions = std::nullopt,
                                  .kib_free = std::nullopt};
  const fs::path partitions = file.parent_path() / "partitions";
  if (is_file(partitions)) directory.partitions = read_partitions(partitions, notes);
  return directory;
}

std::optional<std::string> read_line(const fs::path& file, ReadingNotes& notes) {
  if (!is_file(file)) return std::nullopt;
  auto line = first_line(file, "one line");
  if (line) return *std::move(line);
  notes.problems.push_back(std::move(line).error());
  return std::nullopt;
}

Surroundings read_surroundings(const fs::path& folder, ReadingNotes& notes) {
  Surroundings found{.software = read_line(folder / kVersionName, notes),
                     .java = read_line(folder / "java-version", notes),
                     .jars = {},
                     .logs = {}};
  if (is_file(folder / "jars")) {
    if (const auto text = read_file(folder / "jars")) found.jars = lines_of(*text);
  }
  for (const fs::path& file : entries_of(folder / "logs")) {
    if (!is_file(file)) continue;
    auto text = read_file(file);
    if (text) {
      found.logs.push_back({file.string(), *std::move(text)});
    } else {
      notes.problems.push_back(std::move(text).error());
    }
  }
  return found;
}

}  // namespace tools
