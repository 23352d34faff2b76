#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "kraft/disk/metadata_dir.h"
#include "kraft/disk/record_batch.h"
#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "sim/kafka/records.h"

// Writes metadata logs as a real controller leaves them on its disk: kafka-dump-log reads them, and Kafka
// starts from them (kraft.md §6.7, §6.10). Index files are left out, as Kafka makes them anew.
namespace kraft {

// A checkpoint's content: the records of an image in the order of MetadataImage.write.
struct CheckpointContent {
  sim::OffsetAndEpoch id;                     // the offset is exclusive
  std::int64_t timestamp = 0;                 // ms; when it is written
  std::int64_t last_contained_timestamp = 0;  // ms; of the last batch that it contains
  std::optional<std::int16_t> kraft_version;  // written from kraft.version 1 on
  std::optional<VotersRecord> voters;
  std::vector<sim::VersionedRecord> records;
};
// Header, data in batches of at most 8 MiB, footer.
sim::Bytes checkpoint_bytes(const CheckpointContent& content);

// What `kafka-storage format` puts beside meta.properties: the records of a first start in one batch.
sim::Bytes bootstrap_bytes(std::int64_t timestamp, std::span<const sim::VersionedRecord> records);

// The directory of one controller. Nothing is overwritten: `create` refuses a directory that holds a
// metadata log. A problem names the file that could not be written.
class MetadataDirWriter {
 public:
  struct Options {
    std::uint64_t segment_bytes = 1U << 30;  // metadata.log.segment.bytes
  };
  // Makes the log directory, with meta.properties, and __cluster_metadata-0 in it.
  static sim::Expected<MetadataDirWriter> create(const std::filesystem::path& log_dir,
                                                 const MetaProperties& node, Options options);
  static sim::Expected<MetadataDirWriter> create(const std::filesystem::path& log_dir,
                                                 const MetaProperties& node) {
    return create(log_dir, node, Options{});
  }

  sim::Expected<void> bootstrap(std::int64_t timestamp,
                                std::span<const sim::VersionedRecord> records);
  // Appends to the log. The first batch says where the log starts; each other one requires the offset
  // where the one before ended, and an epoch not below its.
  sim::Expected<void> append(const RecordBatch& batch);
  // Checkpoints may come in any order with respect to batches.
  sim::Expected<void> checkpoint(const CheckpointContent& content);
  // Writes what stands beside the log: epochs, topic id, and the election state.
  sim::Expected<void> finish(const QuorumStateData& quorum_state);

 private:
  MetadataDirWriter(std::filesystem::path log_dir, Options options)
      : log_dir_(std::move(log_dir)), options_(options) {}
  sim::Expected<void> flush();

  std::filesystem::path log_dir_;
  Options options_;
  std::optional<sim::Offset> segment_base_;
  std::uint64_t segment_size_ = 0;
  std::optional<sim::Offset> end_;
  std::vector<EpochEntry> epochs_;
  sim::ByteWriter pending_;  // of the current segment, not yet in its file
};

}  // namespace kraft
