#include "sim/kernel/journal.h"

#include <algorithm>

namespace sim {

void Journal::append(Payload entry) {
  const std::uint64_t place = end_ - base_;
  const std::uint64_t within = place % kEntries;
  if (place / kEntries == chunks_.size()) chunks_.emplace_back();
  ChunkRef& tail = chunks_.back();
  if (tail->owners > 1) {
    // Somebody else still reads this chunk: write to a copy of the part that is ours.
    ChunkRef own;
    std::copy_n(tail->entries.begin(), within, own->entries.begin());
    tail = std::move(own);
  }
  tail->entries[within] = std::move(entry);
  ++end_;
}

void Journal::truncate(std::uint64_t end) {
  if (end >= end_) return;
  end_ = std::max(end, first_);
  const std::uint64_t chunks = (end_ - base_ + kEntries - 1) / kEntries;
  while (chunks_.size() > chunks) chunks_.pop_back();
}

void Journal::drop_before(std::uint64_t first) {
  if (first <= first_) return;
  first_ = first;
  if (first >= end_) {
    chunks_.clear();
    base_ = end_ = first;
    return;
  }
  const std::uint64_t dropped = (first_ - base_) / kEntries;
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(dropped));
  base_ += dropped * kEntries;
}

Journal Journal::prefix(std::uint64_t end) const {
  Journal shared = *this;
  shared.truncate(end);
  return shared;
}

void Journal::digest_into(Digest& digest) const {
  digest.add(first_);
  digest.add(end_);
  for (std::uint64_t index = first_; index < end_; ++index) at(index).digest_into(digest);
}

}  // namespace sim
