#include "sim/kernel/event_queue.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"

namespace sim {

void EventQueue::insert(const Event& event) {
  if (inserted_.size() >= kInsertedAtMost && inserted_.back().time < event.time) {
    deal_window();
    if (time_of(event) >= window_end_) {
      place(event);
      return;
    }
  }
  // Before all that are earlier or equal, for the earliest stands last.
  inserted_.push_back(event);
  most_inserted_ = std::max(most_inserted_, inserted_.size());
  std::size_t at = inserted_.size() - 1;
  for (; at > 0 && inserted_[at - 1].time <= event.time; --at) inserted_[at] = inserted_[at - 1];
  inserted_[at] = event;
}

void EventQueue::push_late(const Event& event) {
  overflow_.push_back({event, arrivals_++});
  std::ranges::push_heap(overflow_, later);
}

// Gives what is left of a window that turned out too wide back to the wheel, which puts it into narrower
// buckets.
void EventQueue::deal_window() {
  const bool behind_base =
      time_of(inserted_.back()) >= base_ &&
      (batch_head_ == batch_end_ || time_of(batch_[batch_head_]) >= base_);
  if (behind_base) {
    width_ = std::max<std::uint64_t>((window_end_ - base_) / 2, 1);
    window_end_ = base_;
    for (std::size_t at = batch_head_; at < batch_end_; ++at) place(batch_[at]);
    for (std::size_t at = inserted_.size(); at-- > 0;) place(inserted_[at]);
  } else {
    // Somebody looked at a far next event and then pushed nearer ones. Start anew from the nearest.
    const std::vector<Event> all = in_order();
    *this = EventQueue{};
    size_ = all.size();
    base_ = window_end_ = time_of(all.front());
    for (const Event& event : all) place(event);
    ++size_;  // the event that is being pushed
  }
  batch_head_ = batch_end_ = 0;
  inserted_.clear();
}

void EventQueue::advance() {
  check(size_ != 0, "an event is taken only when one is pending");
  grow_width();
  for (;;) {
    if (occupied_levels_ == 0) refill_from_overflow();
    const auto level = static_cast<unsigned>(std::countr_zero(occupied_levels_));
    const unsigned digit = next_occupied(level, 0);
    const unsigned shift = level * kDigitBits;
    const std::uint64_t above = ~((std::uint64_t{kBuckets} << shift) - 1);
    const std::uint64_t start = (base_ & above) | (std::uint64_t{digit} << shift);
    const std::uint32_t count = levels_[level].buckets[digit].count;
    const bool too_wide = count > kRankSortAtMost && std::uint64_t{1} << shift > width_;
    if (level != 0 && (count > kSortAtMost || too_wide)) {
      deal_bucket(level, digit, start);
      continue;
    }
    take_buckets(level, digit, start);
    return;
  }
}

// The first occupied bucket from `digit` on, or kBuckets.
unsigned EventQueue::next_occupied(unsigned level, unsigned digit) const {
  if (digit >= kBuckets) return kBuckets;
  const auto& occupied = levels_[level].occupied;
  unsigned word = digit / 64;
  std::uint64_t rest = occupied[word] & (~std::uint64_t{0} << (digit % 64));
  while (rest == 0) {
    if (++word == occupied.size()) return kBuckets;
    rest = occupied[word];
  }
  return word * 64 + static_cast<unsigned>(std::countr_zero(rest));
}

// Called between two windows, with the last one's bounds still known. Only a window that was about as wide as
// allowed tells that a wider one might do as well; growth is slow beside the halving, for a window that is
// too wide costs more than one that is too narrow.
void EventQueue::grow_width() {
  if (most_inserted_ <= kFewInserted && window_end_ - base_ >= width_ / 2) {
    width_ = std::min(width_ + width_ / 16 + 1, std::uint64_t{1} << kHorizonBits);
  }
  most_inserted_ = 0;
}

EventQueue::Bucket EventQueue::detach(unsigned level, unsigned digit) {
  Level& from = levels_[level];
  std::uint64_t& word = from.occupied[digit / 64];
  word &= ~(std::uint64_t{1} << (digit % 64));
  if (word == 0 && std::ranges::all_of(from.occupied, [](std::uint64_t w) { return w == 0; })) {
    occupied_levels_ &= ~(1U << level);
  }
  return std::exchange(from.buckets[digit], Bucket{});
}

// Sorts a bucket into the batch, and with it the small ones that follow: a window of two or three events
// is hardly worth its trouble, but one with a large part of all that is pending would see most pushes fall
// into it.
void EventQueue::take_buckets(unsigned level, unsigned digit, std::uint64_t start) {
  const unsigned shift = level * kDigitBits;
  const std::size_t enough = std::clamp(size_ / 16, kWindowAtLeast, kWindowAtMost);
  base_ = window_end_ = start;
  batch_head_ = batch_end_ = 0;
  unsigned last = digit;
  take_bucket(level, digit);
  while (batch_end_ < enough) {
    const unsigned next = next_occupied(level, last + 1);
    if (next == kBuckets || batch_end_ + levels_[level].buckets[next].count > enough) break;
    const bool too_wide = std::uint64_t{next - digit + 1} << shift > width_;
    if (too_wide && batch_end_ >= kWindowAtLeast) break;
    take_bucket(level, next);
    last = next;
  }
  window_end_ = start + (std::uint64_t{last - digit + 1} << shift);
}

// Appends the bucket's events to the batch, sorted.
void EventQueue::take_bucket(unsigned level, unsigned digit) {
  const Bucket taken = detach(level, digit);
  const std::size_t end = batch_end_ + taken.count;
  if (batch_.size() < end) batch_.resize(std::bit_ceil(end));
  if (level == 0 || taken.count == 1) {
    auto to = batch_.begin() + static_cast<std::ptrdiff_t>(batch_end_);
    for_each(taken, [&](const Event& event) { *to++ = event; });
  } else if (taken.count <= kRankSortAtMost) {
    sort_by_rank(taken);
  } else {
    sort_by_counting(taken, level);
  }
  batch_end_ = end;
  next_[taken.tail] = free_;
  free_ = taken.head;
}

// For few events: each one's place is the number of those before it. That takes more comparisons than
// other ways, but no jump that depends on one, and mispredicted jumps are what sorting a few costs.
void EventQueue::sort_by_rank(const Bucket& taken) {
  std::array<std::uint32_t, kRankSortAtMost> key;  // all in one bucket, so their times differ in 32 bits
  std::array<std::uint32_t, kRankSortAtMost> rank;
  std::uint32_t count = 0;
  for_each(taken, [&](const Event& event) {
    const auto mine = static_cast<std::uint32_t>(time_of(event));
    std::uint32_t before_me = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t is_later = key[i] > mine ? 1 : 0;
      rank[i] += is_later;
      before_me += 1 - is_later;
    }
    key[count] = mine;
    rank[count++] = before_me;
  });
  std::uint32_t next = 0;
  for_each(taken, [&](const Event& event) { batch_[batch_end_ + rank[next++]] = event; });
}

// Deals the events to slots of equal width, two to four times as many as events, in order of arrival;
// what is left to do within slots is done by insertion, and little.
void EventQueue::sort_by_counting(const Bucket& taken, unsigned level) {
  const unsigned width_bits = level * kDigitBits;
  const unsigned slot_bits =
      std::min(width_bits, static_cast<unsigned>(std::bit_width(taken.count)) + 1);
  const unsigned shift = width_bits - slot_bits;
  const std::uint64_t mask = (std::uint64_t{1} << width_bits) - 1;
  const auto slot_of = [&](const Event& event) { return (time_of(event) & mask) >> shift; };
  counts_.assign(std::size_t{1} << slot_bits, 0);
  for_each(taken, [&](const Event& event) { ++counts_[slot_of(event)]; });
  auto before = static_cast<std::uint32_t>(batch_end_);
  for (std::uint32_t& count : counts_) before += std::exchange(count, before);
  for_each(taken, [&](const Event& event) { batch_[counts_[slot_of(event)]++] = event; });
  if (shift == 0) return;
  for (std::size_t next = batch_end_ + 1; next < before; ++next) {
    if (batch_[next - 1].time <= batch_[next].time) continue;
    const Event event = batch_[next];
    std::size_t at = next;
    for (; at > 0 && batch_[at - 1].time > event.time; --at) batch_[at] = batch_[at - 1];
    batch_[at] = event;
  }
}

void EventQueue::deal_bucket(unsigned level, unsigned digit, std::uint64_t start) {
  const Bucket bucket = detach(level, digit);
  base_ = window_end_ = start;
  std::uint32_t at = bucket.head;
  for (std::uint32_t left = bucket.count; left != 0;) {
    const Chunk chunk = chunks_[at];
    const std::uint32_t here = std::min(left, kChunkEvents);
    left -= here;
    // Free before its events need room again: dealing allocates at most what it releases.
    at = std::exchange(next_[at], std::exchange(free_, at));
    for (std::uint32_t i = 0; i < here; ++i) place(chunk.events[i]);
  }
}

void EventQueue::refill_from_overflow() {
  base_ = window_end_ = time_of(overflow_.front().event) >> kHorizonBits << kHorizonBits;
  while (!overflow_.empty() && (time_of(overflow_.front().event) ^ base_) >> kHorizonBits == 0) {
    std::ranges::pop_heap(overflow_, later);
    place(overflow_.back().event);
    overflow_.pop_back();
  }
}

std::vector<Event> EventQueue::in_order() const {
  // Each part in order of arrival among equal times, which never stand in two parts; except that a batch
  // came before what was inserted.
  std::vector<Late> all;
  const auto add = [&](const Event& event) { all.push_back({event, all.size()}); };
  std::for_each(batch_.begin() + static_cast<std::ptrdiff_t>(batch_head_),
                batch_.begin() + static_cast<std::ptrdiff_t>(batch_end_), add);
  std::for_each(inserted_.rbegin(), inserted_.rend(), add);
  for (const Level& level : levels_) {
    for (const Bucket& bucket : level.buckets) {
      for_each(bucket, add);
    }
  }
  const auto earlier = [](const Late& a, const Late& b) { return later(b, a); };
  std::vector<Late> late = overflow_;
  std::ranges::sort(late, earlier);
  for (const Late& last : late) add(last.event);
  std::ranges::sort(all, earlier);
  std::vector<Event> events;
  events.reserve(all.size());
  for (const Late& one : all) events.push_back(one.event);
  return events;
}

}  // namespace sim
