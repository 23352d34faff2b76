#include "kraft/log.h"

#include <algorithm>

#include "sim/base/check.h"
#include "sim/base/match.h"

namespace kraft {

namespace {

// Header of a batch and framing of a record (kraft.md §6.2, §6.3): what a batch weighs before its content.
constexpr std::uint32_t kBatchOverhead = 61;
// Simplified: a record is taken to weigh its struct in memory; exact bytes come from the codec, when written.
constexpr std::uint32_t kRecordBytes = 64;

std::uint64_t chained(std::uint64_t before, const Batch& batch) {
  sim::Digest digest(before);
  digest.add(static_cast<std::uint64_t>(batch.base.value()));
  digest.add(batch.identity);
  return digest.value();
}

}  // namespace

Payload Batch::of(Offset base, RaftEpoch epoch, std::int64_t timestamp_ms,
                  std::variant<Records, LeaderChange> content) {
  Batch batch{
      .base = base, .epoch = epoch, .timestamp_ms = timestamp_ms, .content = std::move(content)};
  sim::Digest digest;
  sim::digest_into(digest, batch.epoch);
  sim::digest_into(digest, batch.content);
  batch.identity = digest.value();
  batch.bytes = kBatchOverhead + kRecordBytes * static_cast<std::uint32_t>(batch.count());
  return Payload::of(std::move(batch));
}

const Records& Batch::records() const {
  static const Records none;
  const Records* data = std::get_if<Records>(&content);
  return data == nullptr ? none : *data;
}

std::int64_t Batch::count() const {
  return is_control() ? 1 : static_cast<std::int64_t>(records().size());
}

std::string Batch::describe() const {
  std::string out = fmt::format("Batch{{base={} epoch={} ", base.value(), epoch.value());
  sim::describe_to(out, content);
  return out + "}";
}

Log::Log(const sim::FileContent& log, const sim::FileContent& checkpoint) {
  if (!checkpoint.entries.empty()) checkpoint_ = checkpoint.entries.back();
  first_index_ = log.first;
  if (!log.entries.empty()) {
    start_ = end_ = log.entries.front().as<Batch>().base;
    // A log that no longer starts at 0 was cleaned up to its checkpoint.
    if (start_ > Offset(0)) {
      sim::check(static_cast<bool>(checkpoint_), "a log that starts past 0 has a checkpoint");
    }
  }
  const auto id = checkpoint_id();
  if (id && !log.entries.empty() && log.entries.back().as<Batch>().end() < id->offset) {
    first_index_ += log.entries.size();
    start_ = end_ = id->offset;
    start_chain_ = checkpoint_.as<Checkpoint>().chain;
    return;
  }
  if (id && log.entries.empty()) {
    start_ = end_ = id->offset;
    start_chain_ = checkpoint_.as<Checkpoint>().chain;
    return;
  }
  if (id && start_ > Offset(0)) {
    sim::check(start_ == id->offset, "a cleaned log starts where its checkpoint ends");
    start_chain_ = checkpoint_.as<Checkpoint>().chain;
  }
  for (const Payload& entry : log.entries) append(entry);
}

std::optional<OffsetAndEpoch> Log::checkpoint_id() const {
  if (!checkpoint_) return std::nullopt;
  return checkpoint_.as<Checkpoint>().id;
}

RaftEpoch Log::last_epoch() const {
  if (!epochs_.empty()) return epochs_.back().first;
  const auto id = checkpoint_id();
  // While a disk is read, its checkpoint lies ahead: it says nothing of the batches before it.
  return id && id->offset <= end_ ? id->epoch : RaftEpoch(0);
}

void Log::append(const Payload& payload) {
  const auto& batch = payload.as<Batch>();
  sim::check(batch.base == end_, "a batch is appended where the log ends");
  sim::check(batch.epoch >= last_epoch(), "epochs in a log never decrease");
  if (epochs_.empty() || epochs_.back().first < batch.epoch)
    epochs_.emplace_back(batch.epoch, end_);
  chain_.push_back(chained(chain_.empty() ? start_chain_ : chain_.back(), batch));
  batches_.push_back(payload);
  end_ = batch.end();
}

std::uint64_t Log::truncate(Offset end) {
  sim::check(end >= start_ && end <= end_, "a log is cut within its bounds");
  while (!batches_.empty() && batches_.back().as<Batch>().base >= end) {
    batches_.pop_back();
    chain_.pop_back();
  }
  end_ = batches_.empty() ? start_ : batches_.back().as<Batch>().end();
  sim::check(end_ == end, "a log is cut between batches");
  while (!epochs_.empty() && epochs_.back().second >= end_) epochs_.pop_back();
  return batches_.size();
}

void Log::install(const Payload& checkpoint) {
  const auto& content = checkpoint.as<Checkpoint>();
  checkpoint_ = checkpoint;
  if (content.id.offset <= end_) return;
  first_index_ += batches_.size();
  batches_.clear();
  chain_.clear();
  epochs_.clear();
  start_ = end_ = content.id.offset;
  start_chain_ = content.chain;
}

std::uint64_t Log::clean() {
  const auto id = checkpoint_id();
  if (!id || !is_border(id->offset)) return first_index_;
  const std::size_t gone = position_of(id->offset);
  if (gone == 0) return first_index_;
  start_chain_ = chain_[gone - 1];
  batches_.erase(batches_.begin(), batches_.begin() + static_cast<std::ptrdiff_t>(gone));
  chain_.erase(chain_.begin(), chain_.begin() + static_cast<std::ptrdiff_t>(gone));
  start_ = id->offset;
  first_index_ += gone;
  // The epoch that spans the new start keeps an entry, moved up to it.
  while (epochs_.size() > 1 && epochs_[1].second <= start_) epochs_.erase(epochs_.begin());
  if (!epochs_.empty() && epochs_.front().second < start_) epochs_.front().second = start_;
  if (batches_.empty()) epochs_.clear();
  return first_index_;
}

OffsetAndEpoch Log::end_offset_for(RaftEpoch epoch) const {
  if (epoch >= last_epoch()) return {last_epoch(), end_};
  const auto after =
      std::upper_bound(epochs_.begin(), epochs_.end(), epoch,
                       [](RaftEpoch wanted, const auto& entry) { return wanted < entry.first; });
  if (after == epochs_.begin()) {
    // Older than everything here: the checkpoint's epoch, else the primordial one.
    const auto id = checkpoint_id();
    return {id && id->epoch <= epoch ? id->epoch : RaftEpoch(0), start_};
  }
  const Offset ends = after == epochs_.end() ? end_ : after->second;
  return {std::prev(after)->first, ends};
}

Log::Validation Log::validate(OffsetAndEpoch fetch) const {
  const auto id = checkpoint_id();
  if (start_ == Offset(0) && fetch.offset == Offset(0)) return Valid{};
  if (start_ > Offset(0) && id &&
      (fetch.offset < start_ || (fetch.offset == start_ && fetch.epoch != id->epoch) ||
       fetch.epoch < id->epoch)) {
    return UseSnapshot{*id};
  }
  const OffsetAndEpoch end = end_offset_for(fetch.epoch);
  if (end.epoch != fetch.epoch || end.offset < fetch.offset) return Diverging{end};
  return Valid{};
}

std::size_t Log::position_of(Offset offset) const {
  const auto found = std::lower_bound(
      batches_.begin(), batches_.end(), offset,
      [](const Payload& batch, Offset wanted) { return batch.as<Batch>().end() <= wanted; });
  return static_cast<std::size_t>(found - batches_.begin());
}

bool Log::is_border(Offset offset) const {
  if (offset < start_ || offset > end_) return false;
  const std::size_t position = position_of(offset);
  return position == batches_.size() ? offset == end_
                                     : batches_[position].as<Batch>().base == offset;
}

std::vector<Payload> Log::read(Offset from, Offset limit, std::size_t max_bytes) const {
  std::vector<Payload> out;
  std::size_t bytes = 0;
  for (std::size_t i = position_of(from); i < batches_.size(); ++i) {
    const auto& batch = batches_[i].as<Batch>();
    if (batch.end() > limit) break;
    if (!out.empty() && bytes + batch.bytes > max_bytes) break;
    bytes += batch.bytes;
    out.push_back(batches_[i]);
  }
  return out;
}

std::uint64_t Log::chain_at(Offset offset) const {
  sim::check(is_border(offset), "logs are compared at batch borders");
  const std::size_t position = position_of(offset);
  return position == 0 ? start_chain_ : chain_[position - 1];
}

void Log::digest_into(sim::Digest& digest) const {
  sim::digest_into(digest, start_);
  sim::digest_into(digest, end_);
  digest.add(chain_.empty() ? start_chain_ : chain_.back());
  const auto id = checkpoint_id();
  sim::digest_into(digest, id);
}

}  // namespace kraft
