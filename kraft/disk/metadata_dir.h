#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kraft/disk/node_files.h"
#include "sim/base/problem.h"
#include "sim/kafka/ids.h"

// The directory of a metadata log, as a list of what is in it (kraft.md §6.7).
namespace kraft {

constexpr std::string_view kMetadataPartition = "__cluster_metadata-0";
constexpr std::string_view kBootstrapCheckpoint = "bootstrap.checkpoint";

std::string segment_name(sim::Offset base);  // "00000000000000000831.log"
std::string checkpoint_name(
    const sim::OffsetAndEpoch& id);  // "00000000000000000174-0000000001.checkpoint"
// Nothing for files of other kinds, among them checkpoints that are being written or deleted.
std::optional<sim::Offset> parse_segment_name(std::string_view name);
std::optional<sim::OffsetAndEpoch> parse_checkpoint_name(std::string_view name);

struct SegmentFile {
  sim::Offset base;
  std::filesystem::path path;
  std::uint64_t size = 0;
};

// State as of `id.offset`, which is exclusive, as written under leader epoch `id.epoch` or earlier.
struct CheckpointFile {
  sim::OffsetAndEpoch id;
  std::filesystem::path path;
  std::uint64_t size = 0;
};

struct MetadataDir {
  std::filesystem::path path;
  std::vector<SegmentFile> segments;        // by base offset
  std::vector<CheckpointFile> checkpoints;  // by offset and epoch
  std::optional<QuorumStateData> quorum_state;
  std::optional<std::vector<EpochEntry>> leader_epochs;
  std::optional<MetaProperties> meta_properties;  // of the log directory above
  std::vector<sim::Problem> problems;             // small files that are there but cannot be read
};

// Lists a metadata log's directory. `path` is `__cluster_metadata-0`, under whatever name, or the log
// directory that holds it. A problem says what to give instead: `Usage` where there is no such directory,
// `Unknown` where it holds no metadata log.
sim::Expected<MetadataDir> open_metadata_dir(const std::filesystem::path& path);

}  // namespace kraft
