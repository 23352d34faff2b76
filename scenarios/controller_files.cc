#include "scenarios/controller_files.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "kraft/disk/metadata_log.h"
#include "kraft/disk/metadata_writer.h"
#include "sim/base/match.h"

namespace scenarios {
namespace {

namespace fs = std::filesystem;

std::vector<kraft::Voter> voters_of(const std::vector<sim::BrokerId>& ids) {
  std::vector<kraft::Voter> voters;
  for (const sim::BrokerId id : ids) voters.push_back({.voter_id = id});
  return voters;
}

// Batches in the simulation say how long the run has lasted; a real tool wants to know the time of day.
kraft::RecordBatch real_batch(const kraft::Batch& batch, std::int64_t wall_clock_at_zero_ms) {
  const std::int64_t timestamp_ms = wall_clock_at_zero_ms + batch.timestamp_ms;
  if (const auto* const change = std::get_if<kraft::LeaderChange>(&batch.content)) {
    const kraft::ControlRecord record =
        kraft::LeaderChangeMessage{.leader_id = change->leader,
                                   .voters = voters_of(change->voters),
                                   .granting_voters = voters_of(change->granting_voters)};
    return kraft::control_batch(batch.base, batch.epoch, timestamp_ms, std::span(&record, 1));
  }
  return kraft::data_batch(batch.base, batch.epoch, timestamp_ms, batch.records());
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
  const std::int64_t zero_ms = cluster.initial().wall_clock_at_zero_ms;
  for (const sim::Payload& entry : disk.at(kraft::kCheckpointFile).entries) {
    const kraft::Checkpoint& checkpoint = entry.as<kraft::Checkpoint>();
    if (auto written = writer->checkpoint(
            {.id = checkpoint.id,
             .timestamp = zero_ms + checkpoint.last_contained_timestamp_ms,
             .last_contained_timestamp = zero_ms + checkpoint.last_contained_timestamp_ms,
             .records = checkpoint.records});
        !written) {
      return written;
    }
  }
  for (const sim::Payload& entry : disk.at(kraft::kLogFile).entries) {
    if (auto written = writer->append(real_batch(entry.as<kraft::Batch>(), zero_ms)); !written)
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

// ── Back ────────────────────────────────────────────────────────────────────────────────────────

// The batch as the simulation keeps it. A Problem for content that no controller of ours writes.
sim::Expected<sim::Payload> simulated_batch(kraft::RecordBatch& batch, const std::string& file,
                                            std::int64_t zero_ms) {
  const auto strange = [&](std::string what) {
    return sim::refused(
        sim::Severity::Unknown, file,
        fmt::format("the batch at offset {} {}", batch.header.base_offset.value(), std::move(what)),
        "Begin with an empty folder, on an ensemble that no controller has claimed.");
  };
  const sim::RaftEpoch epoch = kraft::epoch_of(batch.header);
  const std::int64_t timestamp_ms = batch.header.base_timestamp - zero_ms;
  kraft::Records records;
  for (kraft::LogRecord& record : batch.records) {
    if (auto* const data = std::get_if<sim::VersionedRecord>(&record.content)) {
      records.push_back(std::move(*data));
      continue;
    }
    const auto* const control = std::get_if<kraft::ControlRecord>(&record.content);
    const auto* const change =
        control == nullptr ? nullptr : std::get_if<kraft::LeaderChangeMessage>(control);
    if (change == nullptr) return strange("holds what cannot be read, or is of a dynamic quorum.");
    kraft::LeaderChange simulated{.leader = change->leader_id, .voters = {}, .granting_voters = {}};
    for (const kraft::Voter& voter : change->voters) simulated.voters.push_back(voter.voter_id);
    for (const kraft::Voter& voter : change->granting_voters)
      simulated.granting_voters.push_back(voter.voter_id);
    return kraft::Batch::of(batch.header.base_offset, epoch, timestamp_ms, std::move(simulated));
  }
  if (records.empty()) return strange("is empty.");
  return kraft::Batch::of(batch.header.base_offset, epoch, timestamp_ms, std::move(records));
}

}  // namespace

sim::Expected<void> write_controller_files(const sim::World& world, const Cluster& cluster,
                                           const fs::path& directory) {
  for (const auto& [id, node] : cluster.controllers()) {
    if (world.incarnation(node) == 0) continue;
    if (auto written = write_controller(world.disk(node).content(), cluster, id,
                                        directory / world.name_of(node));
        !written) {
      return written;
    }
  }
  return {};
}

sim::Expected<ControllerFiles> read_controller_files(const fs::path& folder,
                                                     std::int64_t wall_clock_at_zero_ms) {
  const auto dir = kraft::open_metadata_dir(folder);
  if (!dir) return std::unexpected(dir.error());
  if (!dir->problems.empty()) return std::unexpected(dir->problems.front());
  if (!dir->meta_properties || !dir->meta_properties->node_id ||
      !dir->meta_properties->cluster_id || !dir->quorum_state) {
    return sim::refused(sim::Severity::Unknown, folder.string(),
                        "meta.properties or quorum-state is missing or incomplete.",
                        "Give the folder that a former run left, as it was.");
  }
  if (!dir->checkpoints.empty()) {
    return sim::refused(sim::Severity::Unknown, folder.string(),
                        "its log has a checkpoint, and cannot be gone on with here.",
                        "Let a real controller go on with it, or begin anew.");
  }
  ControllerFiles files{.cluster_id = *dir->meta_properties->cluster_id,
                        .node_id = *dir->meta_properties->node_id,
                        .quorum = {.epoch = dir->quorum_state->leader_epoch,
                                   .leader = dir->quorum_state->leader_id,
                                   .voted = dir->quorum_state->voted_id,
                                   .voters = dir->quorum_state->current_voters},
                        .disk = {}};
  sim::FileContent log;
  std::optional<sim::Problem> strange;
  const kraft::MetadataLogRead read = kraft::read_metadata_log(
      *dir, [&](kraft::RecordBatch& batch, const kraft::BatchSource& source) {
        if (strange) return;
        auto payload = simulated_batch(batch, source.file, wall_clock_at_zero_ms);
        if (payload) {
          log.entries.push_back(*std::move(payload));
        } else {
          strange = std::move(payload).error();
        }
      });
  if (read.damage) return std::unexpected(*read.damage);
  if (strange) return std::unexpected(*std::move(strange));
  files.disk.files[kraft::kLogFile] = std::move(log);
  files.disk.files[kraft::kQuorumStateFile] = {.first = 0,
                                               .entries = {sim::Payload::of(files.quorum)}};
  return files;
}

}  // namespace scenarios
