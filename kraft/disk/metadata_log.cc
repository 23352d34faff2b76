#include "kraft/disk/metadata_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kraft {
namespace {

using sim::Offset;
using sim::Problem;
using sim::Severity;

Problem malformed(std::string source, std::string what, std::string remedy) {
  return Problem{.severity = Severity::Malformed,
                 .place = {.source = std::move(source), .offset = {}, .line = {}, .column = {}},
                 .what = std::move(what),
                 .remedy = std::move(remedy)};
}

// One read, in its steps.
class Reading {
 public:
  Reading(const MetadataDir& dir, const BatchSink& sink) : dir_(dir), sink_(sink) {
    read_.problems = dir.problems;
  }

  MetadataLogRead run() {
    const CheckpointFile* const checkpoint = choose_checkpoint();
    if (checkpoint != nullptr) read_checkpoint(*checkpoint);
    if (!read_.damage) read_segments();
    conclude();
    return std::move(read_);
  }

 private:
  // The latest that is whole; others are passed over, and named.
  const CheckpointFile* choose_checkpoint() {
    for (auto file = dir_.checkpoints.rbegin(); file != dir_.checkpoints.rend(); ++file) {
      auto problem = check_checkpoint(*file);
      if (!problem) return &*file;
      read_.problems.push_back(*std::move(problem));
    }
    return nullptr;
  }

  void read_checkpoint(const CheckpointFile& file) {
    read_.checkpoint = file.id;
    auto reader = SegmentReader::open(file.path);
    if (!reader) {
      read_.damage = std::move(reader).error();
      return;
    }
    const std::string name = file.path.string();
    const auto stop = read_batches(*reader, [&](RecordBatch& batch) {
      count(batch);
      if (batch.header.base_offset == Offset(0) && !batch.records.empty()) {
        const auto* control = std::get_if<ControlRecord>(&batch.records.front().content);
        const auto* header =
            control != nullptr ? std::get_if<SnapshotHeaderRecord>(control) : nullptr;
        if (header != nullptr) read_.checkpoint_timestamp = header->last_contained_log_timestamp;
      }
      sink_(batch, {.file = name, .in_checkpoint = true});
    });
    read_.end = file.id.offset;
    read_.epoch = file.id.epoch;
    if (stop) read_.damage = stop->problem;
  }

  void read_segments() {
    const Offset from = read_.checkpoint ? read_.checkpoint->offset : Offset(0);
    std::optional<Offset> expected;
    for (std::size_t i = 0; i < dir_.segments.size() && !read_.damage; ++i) {
      const bool last = i + 1 == dir_.segments.size();
      const SegmentFile& segment = dir_.segments[i];
      // The checkpoint holds all of a segment whose successor starts at or below the checkpoint's end.
      if (!last && dir_.segments[i + 1].base <= from) continue;
      if (segment.base > expected.value_or(from) || (expected && segment.base < *expected)) {
        read_.damage = malformed(segment.path.string(),
                                 fmt::format("the log goes on at offset {} where {} is next",
                                             segment.base.value(), expected.value_or(from).value()),
                                 "Copy the directory again: a segment or a checkpoint is missing.");
        return;
      }
      expected = read_segment(segment, from, last);
    }
  }

  // Returns where the next segment has to begin.
  Offset read_segment(const SegmentFile& segment, Offset from, bool last) {
    auto reader = SegmentReader::open(segment.path);
    if (!reader) {
      read_.damage = std::move(reader).error();
      return segment.base;
    }
    reader->expect(segment.base);
    const std::string name = segment.path.string();
    Offset next = segment.base;
    auto stop = read_batches(*reader, [&](RecordBatch& batch) {
      next = batch.header.next_offset();
      note_leader(batch);
      if (next <= from) return;
      count(batch);
      read_.end = next;
      read_.epoch = epoch_of(batch.header);
      if (batch.header.base_offset < from) {
        std::erase_if(batch.records, [&](const LogRecord& record) { return record.offset < from; });
      }
      sink_(batch, {.file = name});
    });
    if (stop && last && stop->kind == Stop::Kind::TornTail) {
      read_.torn_tail = std::move(stop);
    } else if (stop) {
      read_.damage = std::move(stop)->problem;
    }
    return next;
  }

  void note_leader(const RecordBatch& batch) {
    for (const LogRecord& record : batch.records) {
      const auto* control = std::get_if<ControlRecord>(&record.content);
      const auto* leader = control != nullptr ? std::get_if<LeaderChangeMessage>(control) : nullptr;
      if (leader == nullptr) continue;
      read_.leader_change = *leader;
      read_.leader_change_at = record.offset;
      epoch_start_ = record.offset;
    }
    if (!batch.header.is_control() && epoch_start_) read_.committed_at_least = epoch_start_->next();
  }

  void count(const RecordBatch& batch) {
    ++read_.batches;
    read_.records += batch.records.size();
  }

  void conclude() {
    const bool sole_voter = read_.leader_change && read_.leader_change->voters.size() == 1;
    if (sole_voter) read_.committed_at_least = read_.end;
    for (const CheckpointFile& file : dir_.checkpoints) {
      if (file.id.offset <= read_.end) {
        read_.committed_at_least = std::max(read_.committed_at_least, file.id.offset);
      }
    }
    if (read_.damage) {
      fmt::format_to(std::back_inserter(read_.damage->what),
                     " (read: {} records in {} batches, the log below "
                     "offset {})",
                     read_.records, read_.batches, read_.end.value());
    }
  }

  const MetadataDir& dir_;
  const BatchSink& sink_;
  MetadataLogRead read_;
  std::optional<Offset> epoch_start_;
};

}  // namespace

MetadataLogRead read_metadata_log(const MetadataDir& dir, const BatchSink& sink) {
  return Reading(dir, sink).run();
}

std::optional<Stop> read_batches(SegmentReader& reader,
                                 const std::function<void(RecordBatch&)>& sink) {
  RecordBatch batch;
  while (reader.next(batch)) sink(batch);
  return reader.stop();
}

std::optional<Problem> check_checkpoint(const CheckpointFile& file) {
  auto reader = SegmentReader::open(file.path, SegmentReader::Depth::Headers);
  if (!reader) return std::move(reader).error();
  reader->expect(Offset(0));
  std::optional<BatchHeader> first;
  std::optional<BatchHeader> last;
  const auto stop = read_batches(*reader, [&](RecordBatch& batch) {
    if (!first) first = batch.header;
    last = batch.header;
  });
  if (stop) return stop->problem;
  constexpr const char* kRemedy =
      "It was being written; an earlier checkpoint or the log stands in for it.";
  const std::string name = file.path.string();
  if (!first || !first->is_control()) {
    return malformed(name, "the checkpoint does not begin with a header", kRemedy);
  }
  // Header and footer stand in control batches of their own; one batch would lack the other.
  if (!last->is_control() || last->base_offset == first->base_offset) {
    return malformed(name, "the checkpoint does not end with a footer", kRemedy);
  }
  return std::nullopt;
}

void AppliedRecords::add(RecordBatch& batch, const BatchSource& source) {
  for (LogRecord& record : batch.records) add(record, batch, source);
}

void AppliedRecords::contradiction(const LogRecord& record, const RecordBatch& batch,
                                   const BatchSource& source, std::string what) {
  Problem problem =
      malformed(source.file, fmt::format("log offset {}: {}", record.offset.value(), what),
                "A controller that reads this log stops here, too.");
  problem.place.offset = batch.position;
  problems_.push_back(std::move(problem));
}

void AppliedRecords::add(LogRecord& record, const RecordBatch& batch, const BatchSource& source) {
  const auto unreadable = [&](Problem problem) {
    problem.place.source = source.file;
    problem.place.offset = batch.position + problem.place.offset.value_or(0);
    problems_.push_back(std::move(problem));
  };
  if (const auto* problem = std::get_if<Problem>(&record.content)) return unreadable(*problem);
  if (const auto* control = std::get_if<UnreadControl>(&record.content))
    return unreadable(control->problem);
  auto* versioned = std::get_if<sim::VersionedRecord>(&record.content);
  if (versioned == nullptr) return;  // Raft's own

  if (const auto* begin = std::get_if<sim::BeginTransactionRecord>(&versioned->record)) {
    if (open_)
      return contradiction(record, batch, source, "a transaction begins while one is open");
    open_ = OpenTransaction{.begin = record.offset, .name = begin->name, .records = {}};
    return;
  }
  if (std::holds_alternative<sim::EndTransactionRecord>(versioned->record)) {
    if (!open_) return contradiction(record, batch, source, "a transaction ends and none is open");
    const OpenTransaction ended = *std::exchange(open_, std::nullopt);
    for (const AppliedRecord& applied : ended.records) apply_(applied);
    return;
  }
  if (std::holds_alternative<sim::AbortTransactionRecord>(versioned->record)) {
    if (!open_)
      return contradiction(record, batch, source, "a transaction is aborted and none is open");
    if (aborted_) {
      for (const AppliedRecord& applied : open_->records) aborted_(applied);
    }
    open_.reset();
    return;
  }
  AppliedRecord applied{.offset = record.offset,
                        .epoch = epoch_of(batch.header),
                        .timestamp = record.timestamp,
                        .record = std::move(*versioned)};
  if (open_) {
    open_->records.push_back(std::move(applied));
  } else {
    apply_(applied);
  }
}

}  // namespace kraft
