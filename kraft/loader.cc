#include "kraft/loader.h"

#include "sim/base/check.h"
#include "sim/kafka/image_records.h"

namespace kraft {

std::vector<Publication> Loader::read(const Log& log, Offset high_watermark) {
  std::vector<Publication> out;
  if (fault_ || high_watermark == kUnknownOffset) return out;
  if (next_ < log.start()) load_checkpoint(log.checkpoint().as<Checkpoint>());
  for (const Payload& batch : log.read(next_, high_watermark, SIZE_MAX)) {
    read_batch(batch.as<Batch>(), out);
    if (fault_) return {};
  }
  const bool half = in_transaction_ && transactions_ == Transactions::Atomic;
  if (!half && at_ != image_.provenance()) flush(out);
  const bool caught_up = anything_read_ && next_ >= high_watermark.plus(-1);
  if (!started_ && caught_up && !half) {
    out.clear();
    out.push_back(whole_image());
    started_ = true;
  }
  return out;
}

// What a new reader gets first: the image as if a checkpoint had been loaded.
Publication Loader::whole_image() const {
  sim::MetadataDelta delta{sim::MetadataImage()};
  const auto lost = sim::to_records(image_, [&](const sim::VersionedRecord& record) {
    sim::check(delta.replay(record.record).has_value(), "the records of an image give that image");
  });
  return {.kind = Publication::Kind::Snapshot, .delta = std::move(delta), .image = image_};
}

// A checkpoint says everything: what the image has and it has not is removed.
void Loader::load_checkpoint(const Checkpoint& checkpoint) {
  delta_.emplace(image_);
  in_transaction_ = false;
  for (const sim::VersionedRecord& record : checkpoint.records) replay(record.record);
  delta_->finish_snapshot();
  next_ = checkpoint.id.offset;
  at_ = {.last_contained_offset = checkpoint.id.offset.plus(-1),
         .last_contained_epoch = checkpoint.id.epoch,
         .last_contained_log_time_ms = checkpoint.last_contained_timestamp_ms};
  loaded_checkpoint_ = true;
  anything_read_ = true;
}

void Loader::read_batch(const Batch& batch, std::vector<Publication>& out) {
  sim::check(batch.base == next_, "the loader reads the log without gaps");
  if (!delta_) delta_.emplace(image_);
  const auto provenance = [&](Offset at) {
    return sim::Provenance{.last_contained_offset = at,
                           .last_contained_epoch = batch.epoch,
                           .last_contained_log_time_ms = batch.timestamp_ms};
  };
  Offset offset = batch.base;
  for (const sim::VersionedRecord& record : batch.records()) {
    if (fault_) return;
    if (std::holds_alternative<sim::BeginTransactionRecord>(record.record)) {
      // What stands before it is no part of the transaction, and is published by itself.
      if (!delta_->empty()) {
        at_ = provenance(offset.plus(-1));
        flush(out);
        delta_.emplace(image_);
      }
      in_transaction_ = true;
    } else if (std::holds_alternative<sim::EndTransactionRecord>(record.record)) {
      in_transaction_ = false;
    } else if (std::holds_alternative<sim::AbortTransactionRecord>(record.record)) {
      delta_.emplace(image_);
      in_transaction_ = false;
    } else {
      replay(record.record);
    }
    anything_read_ = true;
    offset = offset.next();
  }
  next_ = batch.end();
  at_ = provenance(next_.plus(-1));
}

void Loader::replay(const sim::Record& record) {
  const auto replayed = delta_->replay(record);
  if (!replayed) fault_ = sim::describe(replayed.error());
}

// The next image; told to readers once there are any.
void Loader::flush(std::vector<Publication>& out) {
  if (!delta_) delta_.emplace(image_);
  image_ = delta_->apply(at_);
  if (started_) {
    out.push_back(
        {.kind = loaded_checkpoint_ ? Publication::Kind::Snapshot : Publication::Kind::LogDelta,
         .delta = std::move(*delta_),
         .image = image_});
  }
  delta_.reset();
  loaded_checkpoint_ = false;
}

void Loader::digest_into(sim::Digest& digest) const {
  image_.digest_into(digest);
  sim::digest_into(digest, next_);
  digest.add(static_cast<std::uint64_t>(in_transaction_));
}

}  // namespace kraft
