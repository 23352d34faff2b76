#include "kraft/disk/metadata_writer.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "sim/base/check.h"
#include "sim/kafka/record_codec.h"
#include "sim/kafka/uuid.h"

namespace kraft {
namespace {

namespace fs = std::filesystem;
using sim::Offset;
using sim::Problem;
using sim::RaftEpoch;

constexpr std::size_t kMostCheckpointBatch = 8U << 20;
constexpr std::size_t kFlushBytes = 4U << 20;
// What a record costs in a batch beside its value, at most.
constexpr std::size_t kRecordOverhead = 24;

std::unexpected<Problem> cannot(const fs::path& file, std::string what, std::string remedy) {
  return std::unexpected(
      Problem{.severity = sim::Severity::Usage,
              .place = {.source = file.string(), .offset = {}, .line = {}, .column = {}},
              .what = std::move(what),
              .remedy = std::move(remedy)});
}

sim::Expected<void> write_file(const fs::path& file, sim::ByteView bytes,
                               std::ios::openmode mode = std::ios::trunc) {
  std::ofstream stream(file, std::ios::binary | mode);
  stream.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  stream.close();
  if (!stream) {
    return cannot(file, fmt::format("the file cannot be written: {}", std::strerror(errno)),
                  "Check permissions and space.");
  }
  return {};
}

sim::Expected<void> write_text(const fs::path& file, const std::string& text) {
  return write_file(file, sim::as_bytes(text));
}

// A file of batches whose offsets start at 0 and mean nothing.
class BatchFile {
 public:
  BatchFile(RaftEpoch epoch, std::int64_t timestamp) : epoch_(epoch), timestamp_(timestamp) {}
  void control(std::span<const ControlRecord> records) {
    add(control_batch(next_, epoch_, timestamp_, records));
  }
  void data(std::span<const sim::VersionedRecord> records) {
    if (!records.empty()) add(data_batch(next_, epoch_, timestamp_, records));
  }
  sim::Bytes take() { return out_.take(); }

 private:
  void add(const RecordBatch& batch) {
    write_batch(out_, batch);
    next_ = batch.header.next_offset();
  }
  RaftEpoch epoch_;
  std::int64_t timestamp_;
  Offset next_{0};
  sim::ByteWriter out_;
};

}  // namespace

sim::Bytes checkpoint_bytes(const CheckpointContent& content) {
  BatchFile file(content.id.epoch, content.timestamp);
  std::vector<ControlRecord> first{
      SnapshotHeaderRecord{.last_contained_log_timestamp = content.last_contained_timestamp}};
  if (content.kraft_version)
    first.emplace_back(KRaftVersionRecord{.kraft_version = *content.kraft_version});
  if (content.voters) first.emplace_back(*content.voters);
  file.control(first);
  std::span<const sim::VersionedRecord> rest = content.records;
  while (!rest.empty()) {
    std::size_t count = 0;
    std::size_t bytes = sim::kBatchHeaderBytes;
    while (count < rest.size()) {
      bytes += sim::encode_record(rest[count]).size() + kRecordOverhead;
      if (bytes > kMostCheckpointBatch && count > 0) break;
      ++count;
    }
    file.data(rest.first(count));
    rest = rest.subspan(count);
  }
  const ControlRecord footer = SnapshotFooterRecord{};
  file.control(std::span(&footer, 1));
  return file.take();
}

sim::Bytes bootstrap_bytes(std::int64_t timestamp, std::span<const sim::VersionedRecord> records) {
  BatchFile file(RaftEpoch(0), timestamp);
  const ControlRecord header = SnapshotHeaderRecord{};
  const ControlRecord footer = SnapshotFooterRecord{};
  file.control(std::span(&header, 1));
  file.data(records);
  file.control(std::span(&footer, 1));
  return file.take();
}

sim::Expected<MetadataDirWriter> MetadataDirWriter::create(const fs::path& log_dir,
                                                           const MetaProperties& node,
                                                           Options options) {
  const fs::path partition = log_dir / kMetadataPartition;
  std::error_code error;
  if (fs::exists(partition, error)) {
    return cannot(partition, "there is a metadata log already",
                  "Give a directory that is new or empty.");
  }
  fs::create_directories(partition, error);
  if (error)
    return cannot(partition, "the directory cannot be made: " + error.message(), "Check the path.");
  if (auto written = write_text(log_dir / "meta.properties", to_text(node)); !written) {
    return std::unexpected(written.error());
  }
  return MetadataDirWriter(log_dir, options);
}

sim::Expected<void> MetadataDirWriter::bootstrap(std::int64_t timestamp,
                                                 std::span<const sim::VersionedRecord> records) {
  return write_file(log_dir_ / kBootstrapCheckpoint, bootstrap_bytes(timestamp, records));
}

sim::Expected<void> MetadataDirWriter::append(const RecordBatch& batch) {
  const Offset base = batch.header.base_offset;
  const RaftEpoch epoch = epoch_of(batch.header);
  sim::check(!end_ || base == *end_, "batches of a metadata log have no gap");
  if (epochs_.empty() || epochs_.back().epoch != epoch) {
    sim::check(epochs_.empty() || epochs_.back().epoch < epoch, "epochs of a metadata log ascend");
    epochs_.push_back({.epoch = epoch, .start_offset = base});
  }
  sim::ByteWriter bytes;
  write_batch(bytes, batch);
  // A segment rolls before the batch that would make it too long (UnifiedLog.maybeRoll).
  const bool roll = segment_base_ && segment_size_ + bytes.size() > options_.segment_bytes;
  if (!segment_base_ || roll) {
    if (auto flushed = flush(); !flushed) return flushed;
    segment_base_ = base;
    segment_size_ = 0;
  }
  pending_.append(bytes.view());
  segment_size_ += bytes.size();
  end_ = base.plus(static_cast<std::int64_t>(batch.records.size()));
  if (pending_.size() >= kFlushBytes) return flush();
  return {};
}

sim::Expected<void> MetadataDirWriter::flush() {
  if (!segment_base_) return {};
  const sim::Bytes bytes = std::exchange(pending_, sim::ByteWriter{}).take();
  return write_file(log_dir_ / kMetadataPartition / segment_name(*segment_base_), bytes,
                    std::ios::app);
}

sim::Expected<void> MetadataDirWriter::checkpoint(const CheckpointContent& content) {
  const fs::path file = log_dir_ / kMetadataPartition / checkpoint_name(content.id);
  if (auto written = write_file(file, checkpoint_bytes(content)); !written) return written;
  std::error_code ignored;
  fs::permissions(file, fs::perms::owner_read, ignored);  // as FileRawSnapshotWriter.freeze does
  return {};
}

sim::Expected<void> MetadataDirWriter::finish(const QuorumStateData& quorum_state) {
  if (auto flushed = flush(); !flushed) return flushed;
  const fs::path partition = log_dir_ / kMetadataPartition;
  if (auto written = write_text(partition / "leader-epoch-checkpoint", to_text(epochs_));
      !written) {
    return written;
  }
  if (auto written = write_text(partition / "partition.metadata",
                                partition_metadata_text(sim::kMetadataTopicId));
      !written) {
    return written;
  }
  return write_text(partition / "quorum-state", to_text(quorum_state));
}

}  // namespace kraft
