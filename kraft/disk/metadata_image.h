#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kraft/disk/metadata_log.h"
#include "sim/base/problem.h"
#include "sim/kafka/image.h"

namespace kraft {

// A metadata log folded to its image, with all that a person should know of the reading.
struct LoadedMetadata {
  sim::MetadataImage
      image;  // what a loader would have published at the end of the log (kraft.md §4.2)
  MetadataLogRead log;
  std::optional<MetaProperties> node;  // whose directory it is
  std::optional<QuorumStateData> quorum_state;
  struct OpenTransaction {
    sim::Offset begin;
    std::optional<std::string> name;
    std::uint64_t records = 0;
  };
  std::optional<OpenTransaction> open_transaction;  // its records are not in the image
  // Records that could not be read, or that contradict the image, each left out of it.
  std::vector<sim::Problem> problems;
  // Entities of which a quota was removed, as far as the records tell: a checkpoint has forgotten.
  std::set<sim::QuotaEntity> quotas_removed;
  // Configs that topics had when they were deleted, and that nothing has set since: Kafka 3.8 and 3.9 keep them
  // in an image that is made of creation and deletion at once (MB-25).
  std::map<sim::ConfigResource, std::map<std::string, std::string>> configs_of_deleted_topics;
  // Brokers whose last unfencing stands in a transaction that was aborted, with its offset (MB-22).
  std::map<sim::BrokerId, sim::Offset> unfenced_in_vain;
  // Brokers that had registered in KRaft mode and whose newest registration is in ZooKeeper mode again, as far
  // as the records tell: they are on the way back.
  std::set<sim::BrokerId> back_in_zookeeper_mode;
  // Of the last ZkMigrationStateRecord; no higher than that where only a checkpoint still has it.
  std::optional<sim::Offset> migration_state_at;
};

struct LoadOptions {
  // The image as of this offset, inclusive: what is above it is left out, and checkpoints that contain more
  // are passed over. An image of a moment in the middle of a batch never was; its records are cut there.
  std::optional<sim::Offset> until;
};

// Reads the directory of a metadata log (see open_metadata_dir) to an image. Damage does not fail: the
// image is then what the records before it say, and `log.damage` is set. A Problem of severity Unknown if the
// files begin above `until`. That they end below it is for the caller to see, in `log.end`.
sim::Expected<LoadedMetadata> load_metadata(const std::filesystem::path& path,
                                            const LoadOptions& options = {});

// The same for one file: a checkpoint, or a segment that starts at offset 0, under whatever name.
sim::Expected<LoadedMetadata> load_metadata_file(const std::filesystem::path& file);

}  // namespace kraft
