#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include "kraft/disk/metadata_dir.h"
#include "sim/base/check.h"
#include "sim/kafka/disk/group_log.h"
#include "tools/source/source.h"
#include "zk/disk/data_directory.h"
#include "zk/disk/snapshot.h"

// What an argument names: by what lies in a folder, by the first bytes of a file, by the form of an
// address.
namespace tools {
namespace {

namespace fs = std::filesystem;
using sim::Severity;

// "host:port[,host:port…][/chroot]"; IPv6 addresses stand in brackets.
bool is_address(std::string_view text) {
  text = text.substr(0, text.find('/'));
  if (text.empty()) return false;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    const std::size_t colon = one.rfind(':');
    if (colon == 0 || colon == std::string_view::npos) return false;
    const std::string_view port = one.substr(colon + 1);
    if (port.empty() || port.size() > 5 ||
        port.find_first_not_of("0123456789") != std::string_view::npos)
      return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

bool holds_metadata_log(const fs::path& folder) {
  // Segments of committed offsets have the names of a metadata log's.
  if (sim::is_group_log(folder)) return false;
  std::error_code error;
  if (folder.filename() == kraft::kMetadataPartition ||
      fs::is_directory(folder / kraft::kMetadataPartition, error)) {
    return true;
  }
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (kraft::parse_segment_name(name) || kraft::parse_checkpoint_name(name)) return true;
  }
  return false;
}

// Also where nothing useful is in it: then the reader says what is missing.
bool is_zookeeper_folder(const fs::path& folder) {
  std::error_code error;
  const fs::path named = fs::absolute(folder, error).lexically_normal();
  const fs::path last = named.has_filename() ? named.filename() : named.parent_path().filename();
  return last == "version-2" || fs::is_directory(folder / "version-2", error) ||
         zk::disk::looks_like_data_directory(folder);
}

// The sources one level below: who names a folder too high up is told where to go.
std::string sources_below(const fs::path& folder) {
  constexpr std::size_t kNamed = 6;
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (!at->is_directory(ignored)) continue;
    if (is_zookeeper_folder(at->path())) {
      found.push_back(at->path().string() + " (ZooKeeper)");
    } else if (holds_metadata_log(at->path())) {
      found.push_back(at->path().string() + " (KRaft)");
    }
  }
  if (found.empty()) return {};
  std::ranges::sort(found);
  const bool more = found.size() > kNamed;
  found.resize(std::min(found.size(), kNamed));
  return fmt::format("Perhaps you mean {}{}.", fmt::join(found, ", "), more ? ", …" : "");
}

sim::Expected<SourceKind> kind_of_folder(const std::string& argument, Store store) {
  if (sim::is_group_log(argument)) {
    return sim::refused(
        Severity::Usage, argument, "these are committed offsets and no metadata",
        "zk2kraft inspect --groups reads them, zk2kraft diff --offsets compares them.");
  }
  const bool zookeeper = is_zookeeper_folder(argument);
  const bool kraft = holds_metadata_log(argument);
  if (zookeeper && (store == Store::ZooKeeper || !kraft)) return SourceKind::ZooKeeperDirectory;
  if (kraft && (store == Store::KRaft || !zookeeper)) return SourceKind::MetadataDirectory;
  if (zookeeper) {
    return sim::refused(Severity::Usage, argument,
                        "this folder holds both a ZooKeeper database and a metadata log",
                        "Name version-2 or __cluster_metadata-0 in it.");
  }
  std::error_code error;
  fs::directory_iterator first(argument, error);
  if (error) {
    return sim::refused(
        Severity::Malformed, argument, "this folder cannot be listed: " + error.message(),
        "Check its permissions, or copy the files as the user that the server runs as.");
  }
  const std::string below = sources_below(argument);
  const std::string remedy = below.empty()
                                 ? "Give a ZooKeeper dataDir (it holds version-2 with "
                                   "snapshot.<zxid> and log.<zxid>) or a "
                                   "controller's metadata.log.dir (it holds __cluster_metadata-0)."
                                 : below;
  return sim::refused(Severity::Malformed, argument,
                      first == fs::directory_iterator()
                          ? "this folder is empty"
                          : "this folder holds neither a ZooKeeper database nor a metadata log",
                      remedy);
}

// By name and, where that says nothing, by the first bytes: ZooKeeper seals its files with a word,
// gzip and snappy theirs likewise, and a batch of Kafka's has its magic, 2, at byte 16.
sim::Expected<SourceKind> kind_of_file(const std::string& argument) {
  constexpr std::size_t kMagicAt = 16;
  std::array<char, kMagicAt + 1> bytes{};
  std::ifstream file(argument, std::ios::binary);
  if (!file) {
    return sim::refused(Severity::Malformed, argument, "this file cannot be opened",
                        "Check its permissions.");
  }
  file.read(bytes.data(), bytes.size());
  const std::string_view head(bytes.data(), static_cast<std::size_t>(file.gcount()));
  const std::string name = fs::path(argument).filename().string();
  if (head.starts_with("ZKLG")) {
    return sim::refused(
        Severity::Unknown, argument,
        "this is a ZooKeeper transaction log: alone it says what changed, not what was there",
        "Give the folder that holds it together with a snapshot (version-2).");
  }
  if (head.starts_with("ZKSN") || zk::disk::parse_snapshot_name(name))
    return SourceKind::ZooKeeperSnapshot;
  const bool is_batch = head.size() > kMagicAt && head[kMagicAt] == 2;
  if (kraft::parse_segment_name(name) || name.ends_with(".checkpoint") || is_batch)
    return SourceKind::MetadataFile;
  return sim::refused(
      Severity::Malformed, argument,
      "this file is neither a ZooKeeper snapshot nor a metadata log segment or checkpoint",
      "Give a ZooKeeper data directory, a __cluster_metadata-0 directory, or one of their files.");
}

}  // namespace

std::string_view name_of(SourceKind kind) {
  switch (kind) {
    case SourceKind::ZooKeeperDirectory:
      return "ZooKeeper data directory";
    case SourceKind::ZooKeeperSnapshot:
      return "ZooKeeper snapshot";
    case SourceKind::LiveEnsemble:
      return "live ZooKeeper ensemble";
    case SourceKind::MetadataDirectory:
      return "KRaft metadata log";
    case SourceKind::MetadataFile:
      return "KRaft metadata file";
  }
  sim::unreachable("a source is of one of these kinds");
}

sim::Expected<SourceKind> kind_of_source(const std::string& argument, Store store) {
  std::error_code error;
  const fs::file_status status = fs::status(argument, error);
  if (fs::is_directory(status)) return kind_of_folder(argument, store);
  if (fs::exists(status)) return kind_of_file(argument);
  if (status.type() != fs::file_type::not_found) {
    return sim::refused(Severity::Malformed, argument,
                        "this path cannot be looked at: " + error.message(),
                        "Check the permissions of the folders above it.");
  }
  if (is_address(argument)) return SourceKind::LiveEnsemble;
  return sim::refused(Severity::Usage, argument, "there is no such file or folder",
                      "Check the path; an ensemble is written host:port[,host:port…][/chroot].");
}

}  // namespace tools
