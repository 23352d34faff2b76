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
  for (;;) {
    if (occupied_levels_ == 0) refill_from_overflow();
    const auto level = static_cast<unsigned>(std::countr_zero(occupied_levels_));
    const unsigned digit = next_occupied(level, 0);
    const unsigned shift = level * kDigitBits;
    const std::uint64_t above = ~((std::uint64_t{kBuckets} << shift) - 1);
    const std::uint64_t start = (base_ & above) | (std::uint64_t{digit} << shift);
    if (level != 0 && levels_[level].buckets[digit].count > kSortAtMost) {
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

EventQueue::Bucket EventQueue::detach(unsigned level, unsigned digit) {
  Level& from = levels_[level];
  from.occupied[digit / 64] &= ~(std::uint64_t{1} << (digit % 64));
  if (std::ranges::all_of(from.occupied, [](std::uint64_t word) { return word == 0; })) {
    occupied_levels_ &= ~(1U << level);
  }
  return std::exchange(from.buckets[digit], Bucket{});
}

// Sorts a bucket into the batch, and with it the small ones that follow: a window of two or three events
// is hardly worth its trouble, but one with a large part of all that is pending would see most pushes fall
// into it.
void EventQueue::take_buckets(unsigned level, unsigned digit, std::uint64_t start) {
  Bucket taken = detach(level, digit);
  const std::size_t enough = std::clamp(size_ / 16, kWindowAtLeast, kWindowAtMost);
  unsigned last = digit;
  while (taken.count < enough) {
    const unsigned next = next_occupied(level, last + 1);
    if (next == kBuckets || taken.count + levels_[level].buckets[next].count > enough) break;
    const Bucket more = detach(level, next);
    chunks_[taken.tail].next = more.head;
    taken.tail = more.tail;
    taken.count += more.count;
    last = next;
  }
  base_ = start;
  window_end_ = start + (std::uint64_t{last - digit + 1} << (level * kDigitBits));
  batch_head_ = 0;
  batch_end_ = taken.count;
  if (batch_.size() < batch_end_) batch_.resize(std::bit_ceil(batch_end_));
  if (taken.count <= kInsertionSortAtMost || window_end_ - start == 1) {
    sort_by_insertion(taken);
  } else {
    sort_by_counting(taken);
  }
  chunks_[taken.tail].next = free_;
  free_ = taken.head;
}

// For few events, or equal ones.
void EventQueue::sort_by_insertion(const Bucket& taken) {
  std::size_t count = 0;
  for (std::uint32_t chunk = taken.head; chunk != kNone; chunk = chunks_[chunk].next) {
    for (std::uint32_t i = 0; i < chunks_[chunk].count; ++i) {
      const Event& event = chunks_[chunk].events[i];
      std::size_t at = count++;
      for (; at > 0 && batch_[at - 1].time > event.time; --at) batch_[at] = batch_[at - 1];
      batch_[at] = event;
    }
  }
}

// Deals the events to slots of equal width, two to four times as many as events, in order of arrival;
// what is left to do within slots is done by insertion, and little.
void EventQueue::sort_by_counting(const Bucket& taken) {
  const std::uint64_t start = base_;
  const auto width_bits = static_cast<unsigned>(std::bit_width(window_end_ - start - 1));
  const unsigned slot_bits =
      std::min(width_bits, static_cast<unsigned>(std::bit_width(taken.count)) + 1);
  const unsigned shift = width_bits - slot_bits;
  counts_.assign(std::size_t{1} << slot_bits, 0);
  for (std::uint32_t chunk = taken.head; chunk != kNone; chunk = chunks_[chunk].next) {
    const Chunk& from = chunks_[chunk];
    for (std::uint32_t i = 0; i < from.count; ++i) {
      ++counts_[(time_of(from.events[i]) - start) >> shift];
    }
  }
  std::uint32_t before = 0;
  for (std::uint32_t& count : counts_) before += std::exchange(count, before);
  for (std::uint32_t chunk = taken.head; chunk != kNone; chunk = chunks_[chunk].next) {
    const Chunk& from = chunks_[chunk];
    for (std::uint32_t i = 0; i < from.count; ++i) {
      batch_[counts_[(time_of(from.events[i]) - start) >> shift]++] = from.events[i];
    }
  }
  if (shift == 0) return;
  for (std::size_t next = 1; next < batch_end_; ++next) {
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
  while (at != kNone) {
    const Chunk chunk = chunks_[at];
    // Free before its events need room again: dealing allocates at most what it releases.
    chunks_[at].next = free_;
    free_ = at;
    for (std::uint32_t i = 0; i < chunk.count; ++i) place(chunk.events[i]);
    at = chunk.next;
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
      for (std::uint32_t at = bucket.head; at != kNone; at = chunks_[at].next) {
        std::for_each_n(chunks_[at].events.begin(), chunks_[at].count, add);
      }
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
