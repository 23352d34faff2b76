#include "kraft/disk/metadata_image.h"

#include <fmt/format.h>

#include <utility>

#include "sim/kafka/delta.h"

namespace kraft {
namespace {

// Folds batches to an image; remembers the last record that counts as the image's provenance.
class Folding {
 public:
  Folding() = default;
  Folding(const Folding&) = delete;  // its callback knows its place
  Folding& operator=(const Folding&) = delete;

  void add(RecordBatch& batch, const BatchSource& source) {
    source_ = &source;
    position_ = batch.position;
    const sim::Provenance reached{.last_contained_offset = batch.header.last_offset(),
                                  .last_contained_epoch = batch.header.partition_leader_epoch,
                                  .last_contained_log_time_ms = batch.header.max_timestamp};
    const bool is_control = batch.header.is_control();
    records_.add(batch, source);
    // Nothing is published in the middle of a transaction, and Raft's own records make no image.
    if (!source.in_checkpoint && !is_control && !records_.open_transaction()) provenance_ = reached;
  }

  LoadedMetadata finish(MetadataLogRead log, std::optional<MetaProperties> node) {
    if (provenance_.last_contained_offset == sim::Offset(-1) && log.checkpoint) {
      provenance_ = {.last_contained_offset = log.checkpoint->offset.plus(-1),
                     .last_contained_epoch = log.checkpoint->epoch,
                     .last_contained_log_time_ms = log.checkpoint_timestamp};
    }
    LoadedMetadata loaded{.image = delta_.apply(provenance_),
                          .log = std::move(log),
                          .node = std::move(node),
                          .open_transaction = {},
                          .problems = std::move(problems_)};
    loaded.problems.insert(loaded.problems.end(), records_.problems().begin(), records_.problems().end());
    if (const auto& open = records_.open_transaction()) {
      loaded.open_transaction = LoadedMetadata::OpenTransaction{
          .begin = open->begin, .name = open->name, .records = open->records.size()};
    }
    return loaded;
  }

 private:
  void apply(const AppliedRecord& applied) {
    const sim::Place place{.source = source_->file, .offset = position_, .line = {}, .column = {}};
    auto replayed = delta_.replay(applied.record.record, place);
    if (replayed) return;
    sim::Problem problem = std::move(replayed).error();
    problem.what = fmt::format("record at offset {}: {}", applied.offset.value(), problem.what);
    problems_.push_back(std::move(problem));
  }

  sim::MetadataDelta delta_{sim::MetadataImage{}};
  AppliedRecords records_{[this](const AppliedRecord& applied) { apply(applied); }};
  sim::Provenance provenance_;
  const BatchSource* source_ = nullptr;
  std::uint64_t position_ = 0;
  std::vector<sim::Problem> problems_;
};

}  // namespace

sim::Expected<LoadedMetadata> load_metadata(const std::filesystem::path& path) {
  const auto dir = open_metadata_dir(path);
  if (!dir) return std::unexpected(dir.error());
  Folding folding;
  MetadataLogRead log = read_metadata_log(
      *dir, [&](RecordBatch& batch, const BatchSource& source) { folding.add(batch, source); });
  return folding.finish(std::move(log), dir->meta_properties);
}

sim::Expected<LoadedMetadata> load_metadata_file(const std::filesystem::path& file) {
  auto reader = SegmentReader::open(file);
  if (!reader) return std::unexpected(std::move(reader).error());
  Folding folding;
  MetadataLogRead log;
  const std::string name = file.string();
  const bool in_checkpoint = file.extension() == ".checkpoint";
  log.checkpoint = parse_checkpoint_name(file.filename().string());
  auto stop = read_batches(*reader, [&](RecordBatch& batch) {
    ++log.batches;
    log.records += batch.records.size();
    log.end = batch.header.next_offset();
    log.epoch = batch.header.partition_leader_epoch;
    folding.add(batch, {.file = name, .in_checkpoint = in_checkpoint});
  });
  if (log.checkpoint) log.end = log.checkpoint->offset;
  if (stop && stop->kind == Stop::Kind::TornTail && !in_checkpoint) {
    log.torn_tail = std::move(stop);
  } else if (stop) {
    log.damage = std::move(stop)->problem;
  }
  return folding.finish(std::move(log), std::nullopt);
}

}  // namespace kraft
