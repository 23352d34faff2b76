#include "zk/disk/data_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <tuple>
#include <utility>

namespace zk::disk {
namespace {

namespace fs = std::filesystem;
using sim::Expected;
using sim::Problem;

constexpr const char* kVersionFolder = "version-2";

std::unexpected<Problem> problem(const fs::path& path, std::string what, std::string remedy) {
  return std::unexpected(Problem{.severity = sim::Severity::Malformed,
                                 .place = {.source = path.string()},
                                 .what = std::move(what),
                                 .remedy = std::move(remedy)});
}

// The files directly in a folder, sorted by name. A file that vanishes meanwhile is simply not
// there.
Expected<std::vector<fs::path>> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) files.push_back(at->path());
  }
  if (error) {
    return problem(folder, "cannot list this folder: " + error.message(), "Check its permissions.");
  }
  std::ranges::sort(files);
  return files;
}

void add_files(const std::vector<fs::path>& files, DataDirectory& to, bool snapshots, bool logs) {
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    if (const auto snapshot = parse_snapshot_name(name); snapshot && snapshots) {
      to.snapshots.push_back({file, snapshot->zxid, snapshot->compression});
    }
    if (const auto first = parse_log_name(name); first && logs) to.logs.push_back({file, *first});
  }
}

// The version-2 that a person means by `path`.
Expected<fs::path> version_folder(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (status.type() == fs::file_type::not_found) {
    return problem(path, "there is no such file or folder",
                   "Give a ZooKeeper server's dataDir, or the version-2 in it.");
  }
  if (status.type() != fs::file_type::directory) {
    return problem(
        path, "this is a file, and a ZooKeeper data directory is a folder",
        "Give the folder that holds the snapshots and transaction logs: a dataDir, or the "
        "version-2 in it.");
  }
  if (fs::is_directory(path / kVersionFolder, ignored)) return path / kVersionFolder;
  return path;
}

}  // namespace

Expected<DataDirectory> DataDirectory::find(const fs::path& path,
                                            const std::optional<fs::path>& log_path) {
  const auto folder = version_folder(path);
  if (!folder) return std::unexpected(folder.error());
  const auto files = files_in(*folder);
  if (!files) return std::unexpected(files.error());
  DataDirectory found;
  found.folder = *folder;
  add_files(*files, found, true, !log_path);
  if (log_path) {
    const auto log_folder = version_folder(*log_path);
    if (!log_folder) return std::unexpected(log_folder.error());
    const auto log_files = files_in(*log_folder);
    if (!log_files) return std::unexpected(log_files.error());
    add_files(*log_files, found, false, true);
  }
  if (found.snapshots.empty() && found.logs.empty()) {
    std::error_code ignored;
    if (fs::is_empty(*folder, ignored)) {
      return problem(
          *folder, "this folder is empty",
          "A ZooKeeper data directory has files snapshot.<zxid> and log.<zxid> in a folder "
          "version-2. Copy them from the server (dataDir, and dataLogDir if it is set).");
    }
    return problem(
        *folder, "this is no ZooKeeper data directory: no snapshot.<zxid> and no log.<zxid> in it",
        "Give a ZooKeeper server's dataDir, or the version-2 in it.");
  }
  std::ranges::sort(found.snapshots, [](const SnapshotFile& a, const SnapshotFile& b) {
    return std::tie(b.zxid, a.path) < std::tie(a.zxid, b.path);
  });
  std::ranges::sort(found.logs, [](const LogFile& a, const LogFile& b) {
    return std::tie(a.first, a.path) < std::tie(b.first, b.path);
  });
  return found;
}

std::vector<LogFile> DataDirectory::logs_after(Zxid snapshot) const {
  const auto later =
      std::ranges::upper_bound(logs, Zxid(snapshot.next()), std::ranges::less{}, &LogFile::first);
  return {later == logs.begin() ? later : later - 1, logs.end()};
}

bool looks_like_data_directory(const fs::path& path) {
  return DataDirectory::find(path).has_value();
}

}  // namespace zk::disk
