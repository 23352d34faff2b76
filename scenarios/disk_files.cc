#include "scenarios/disk_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <span>

#include "kraft/disk/metadata_writer.h"
#include "kraft/log.h"
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

// ── KRaft ───────────────────────────────────────────────────────────────────────────────────────

std::vector<kraft::Voter> voters_of(const std::vector<sim::BrokerId>& ids) {
  std::vector<kraft::Voter> voters;
  for (const sim::BrokerId id : ids) voters.push_back({.voter_id = id});
  return voters;
}

// Batches in the simulation say how long the run has lasted; a real tool wants to know the time of day.
constexpr std::int64_t wall_time_ms(std::int64_t since_start_ms) {
  return Cluster::kWallClockAtZeroMs + since_start_ms;
}

kraft::RecordBatch real_batch(const kraft::Batch& batch) {
  if (const auto* const change = std::get_if<kraft::LeaderChange>(&batch.content)) {
    const kraft::ControlRecord record =
        kraft::LeaderChangeMessage{.leader_id = change->leader,
                                   .voters = voters_of(change->voters),
                                   .granting_voters = voters_of(change->granting_voters)};
    return kraft::control_batch(batch.base, batch.epoch, wall_time_ms(batch.timestamp_ms),
                                std::span(&record, 1));
  }
  return kraft::data_batch(batch.base, batch.epoch, wall_time_ms(batch.timestamp_ms),
                           batch.records());
}

sim::Expected<void> write_controller(const sim::Durable& disk, const Cluster& cluster,
                                     sim::BrokerId id, const fs::path& folder) {
  const std::uint64_t hash = sim::hash_name(folder.filename().string());
  const kraft::MetaProperties node{
      .version = 1,
      .node_id = id,
      .cluster_id = cluster.initial().cluster_id,
      .directory_id = sim::Uuid(static_cast<std::int64_t>(hash),
                                static_cast<std::int64_t>(sim::Digest::mix(hash)))};
  auto writer = kraft::MetadataDirWriter::create(folder, node);
  if (!writer) return std::unexpected(writer.error());
  const sim::VersionedRecord version{
      sim::FeatureLevelRecord{.name = std::string(sim::kMetadataVersionFeature),
                              .feature_level = sim::level_of(cluster.metadata_version())},
      0};
  if (auto written = writer->bootstrap(0, std::span(&version, 1)); !written) return written;
  for (const sim::Payload& entry : disk.at(kraft::kCheckpointFile).entries) {
    const kraft::Checkpoint& checkpoint = entry.as<kraft::Checkpoint>();
    if (auto written = writer->checkpoint(
            {.id = checkpoint.id,
             .timestamp = wall_time_ms(checkpoint.last_contained_timestamp_ms),
             .last_contained_timestamp = wall_time_ms(checkpoint.last_contained_timestamp_ms),
             .records = checkpoint.records});
        !written) {
      return written;
    }
  }
  for (const sim::Payload& entry : disk.at(kraft::kLogFile).entries) {
    if (auto written = writer->append(real_batch(entry.as<kraft::Batch>())); !written)
      return written;
  }
  kraft::QuorumStateData state{.current_voters = {}};
  if (const auto& entries = disk.at(kraft::kQuorumStateFile).entries; !entries.empty()) {
    const kraft::QuorumState& kept = entries.back().as<kraft::QuorumState>();
    state.leader_id = kept.leader;
    state.leader_epoch = kept.epoch;
    state.voted_id = kept.voted;
    state.current_voters = kept.voters;
  }
  return writer->finish(state);
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
  for (const auto& [id, node] : cluster.controllers()) {
    if (world.incarnation(node) == 0) continue;
    if (auto written = write_controller(world.disk(node).content(), cluster, id,
                                        directory / world.name_of(node));
        !written) {
      return written;
    }
  }
  return write_committed_records(world, cluster, directory / "committed-records.jsonl");
}

}  // namespace scenarios
