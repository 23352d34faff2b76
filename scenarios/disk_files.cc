#include "scenarios/disk_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <span>

#include "kraft/log.h"
#include "scenarios/controller_files.h"
#include "sim/base/check.h"
#include "sim/kafka/record_json.h"
#include "zk/disk/snapshot.h"
#include "zk/disk/txn_log.h"
#include "zk/server_history.h"

namespace scenarios {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kZookeeperPreallocation = 64 * 1024;

sim::Expected<void> write_text(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (out) return {};
  return std::unexpected(sim::Problem{sim::Severity::Usage,
                                      {.source = path.string()},
                                      "the file cannot be written.",
                                      "Is there space, and may you write there?"});
}

sim::Expected<void> make_directory(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) return {};
  return std::unexpected(
      sim::Problem{sim::Severity::Usage,
                   {.source = path.string()},
                   fmt::format("the directory cannot be made: {}.", error.message()),
                   ""});
}

// ── ZooKeeper ───────────────────────────────────────────────────────────────────────────────────

zk::Database database_of(const zk::Snapshot& snapshot) {
  zk::Database database{snapshot.tree, snapshot.session_timeouts_ms};
  database.tree.set_last_processed_zxid(snapshot.zxid);
  return database;
}

// What a leader since 3.6 logs beside each transaction: the digest of the tree after it (PrepRequestProcessor,
// zookeeper.md §3.7). It is taken here, from the newest snapshot before the transaction, as a server does that
// recovers from these files and verifies it.
class TreeDigests {
 public:
  explicit TreeDigests(const sim::Durable& disk)
      : snapshots_(disk.at(zk::kSnapshotFile).entries),
        tree_is_known_(disk.at(zk::kLogFile).first == 0) {}

  // To be called for each transaction of the log, in order.
  zk::LoggedTxn with_digest(const zk::LoggedTxn& logged) {
    for (; !snapshots_.empty() && snapshots_.front().as<zk::Snapshot>().zxid < logged.header.zxid;
         snapshots_ = snapshots_.subspan(1)) {
      database_ = database_of(snapshots_.front().as<zk::Snapshot>());
      tree_is_known_ = true;
    }
    zk::LoggedTxn result = logged;
    database_.apply(logged.header, logged.txn);
    // A refused request has none. Neither has what is older than the oldest snapshot of a log that was cleaned:
    // no server replays it.
    if (tree_is_known_ && !std::holds_alternative<zk::ErrorTxn>(logged.txn)) {
      result.digest =
          zk::TxnDigest{.tree_digest = static_cast<std::int64_t>(database_.tree.digest())};
    }
    return result;
  }

 private:
  std::span<const sim::Payload> snapshots_;
  bool tree_is_known_;
  zk::Database database_;
};

sim::Expected<void> write_zookeeper(const sim::Durable& disk, const fs::path& folder, int myid) {
  const fs::path version_2 = folder / "version-2";
  if (auto made = make_directory(version_2); !made) return made;
  if (auto written = write_text(folder / "myid", fmt::format("{}\n", myid)); !written)
    return written;
  for (const auto& [file, name] : {std::pair{zk::kAcceptedEpochFile, "acceptedEpoch"},
                                   std::pair{zk::kCurrentEpochFile, "currentEpoch"}}) {
    const sim::FileContent& content = disk.at(file);
    const auto epoch = content.entries.empty() ? zk::ZabEpoch(0)
                                               : content.entries.back().as<zk::EpochFile>().epoch;
    if (auto written = write_text(version_2 / name, fmt::to_string(epoch.value())); !written)
      return written;
  }
  for (const sim::Payload& entry : disk.at(zk::kSnapshotFile).entries) {
    auto written = zk::disk::write_snapshot(database_of(entry.as<zk::Snapshot>()), version_2);
    if (!written) return std::unexpected(written.error());
  }
  zk::disk::LogWriter log(version_2, kZookeeperPreallocation);
  TreeDigests digests(disk);
  for (const sim::Payload& entry : disk.at(zk::kLogFile).entries) {
    if (auto written = log.append(digests.with_digest(entry.as<zk::LoggedTxn>())); !written)
      return written;
  }
  return log.flush();
}

sim::Expected<void> write_committed_records(const sim::World& world, const Cluster& cluster,
                                            const fs::path& file) {
  const kraft::Replica* knows_most = nullptr;
  for (const auto& [id, node] : cluster.controllers()) {
    const migrate::ControllerNode* const core = cluster.controller(world, id);
    if (core == nullptr || core->node() == nullptr) continue;
    const kraft::Replica& replica = core->node()->replica();
    if (knows_most == nullptr || replica.high_watermark() > knows_most->high_watermark())
      knows_most = &replica;
  }
  std::string lines;
  if (knows_most == nullptr) return write_text(file, lines);
  for (const sim::Payload& payload : knows_most->log().batches()) {
    const auto& batch = payload.as<kraft::Batch>();
    if (batch.end() > knows_most->high_watermark()) break;
    const auto add = [&](std::int64_t position, const std::string& content) {
      lines += fmt::format(R"({{"offset":{},"epoch":{},{}}})", batch.base.plus(position).value(),
                           batch.epoch.value(), content);
      lines += '\n';
    };
    if (batch.is_control()) add(0, R"json("controlType":"LEADER_CHANGE(2)")json");
    std::int64_t position = 0;
    for (const sim::VersionedRecord& record : batch.records())
      add(position++, R"("payload":)" + sim::to_json(record));
  }
  return write_text(file, lines);
}

}  // namespace

sim::Expected<void> write_disk_files(const sim::World& world, const Cluster& cluster,
                                     const fs::path& directory) {
  int myid = 0;
  for (const sim::NodeId node : cluster.zookeepers()) {
    if (auto written =
            write_zookeeper(world.disk(node).content(), directory / world.name_of(node), ++myid);
        !written) {
      return written;
    }
  }
  if (auto written = write_controller_files(world, cluster, directory); !written) return written;
  return write_committed_records(world, cluster, directory / "committed-records.jsonl");
}

}  // namespace scenarios
