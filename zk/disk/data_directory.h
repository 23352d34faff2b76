#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/problem.h"
#include "zk/disk/snapshot.h"
#include "zk/disk/txn_log.h"

namespace zk::disk {

struct SnapshotFile {
  std::filesystem::path path;
  Zxid zxid;  // by its name: the last transaction that is surely in it
  Compression compression = Compression::None;
};

struct LogFile {
  std::filesystem::path path;
  Zxid first;  // by its name
};

// What a server finds when it looks for its database (zookeeper.md §3.2).
struct DataDirectory {
  std::filesystem::path folder;         // the version-2 with the snapshots
  std::vector<SnapshotFile> snapshots;  // newest first
  std::vector<LogFile> logs;            // oldest first

  // `path` is a `version-2` or the folder that holds it (a dataDir). `log_path` likewise, for a
  // server with a dataLogDir of its own. A Problem, each with its own way out, when there is no
  // such path, no folder, nothing in it, or nothing of ZooKeeper's in it.
  static sim::Expected<DataDirectory> find(
      const std::filesystem::path& path,
      const std::optional<std::filesystem::path>& log_path = std::nullopt);

  // The logs that a server reads to go on after `snapshot`: the last one that begins no later than
  // the transaction after it, and all later ones.
  std::vector<LogFile> logs_after(Zxid snapshot) const;
};

// True when `path` looks like a ZooKeeper data directory: for telling kinds of input apart.
bool looks_like_data_directory(const std::filesystem::path& path);

}  // namespace zk::disk
