#include "sim/kernel/event_queue.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"

namespace sim {

void EventQueue::push_into_run(const Event& event) {
  if (run_head_ == run_.size()) {
    run_.clear();
    run_head_ = 0;
  } else if (run_.size() - run_head_ >= kRunAtMost && run_.back().time > event.time) {
    deal_run();
    if (time_of(event) >= run_end_) {
      place(event);
      return;
    }
  }
  // Behind all that are not later: the order of arrival among equals.
  run_.push_back(event);
  std::size_t at = run_.size() - 1;
  for (; at > run_head_ && run_[at - 1].time > event.time; --at) run_[at] = run_[at - 1];
  run_[at] = event;
}

void EventQueue::push_late(const Event& event) {
  overflow_.push_back({event, arrivals_++});
  std::ranges::push_heap(overflow_, later);
}

// Gives the events of a run that grew too long back to the wheel.
void EventQueue::deal_run() {
  if (time_of(run_[run_head_]) >= base_) {
    run_end_ = base_;
    for (std::size_t at = run_head_; at < run_.size(); ++at) place(run_[at]);
  } else {
    // Somebody looked at a far next event and then pushed nearer ones. Start anew from the nearest.
    const std::vector<Event> all = in_order();
    const std::size_t size = size_;
    *this = EventQueue{};
    size_ = size;
    base_ = run_end_ = time_of(all.front());
    for (const Event& event : all) place(event);
  }
  run_.clear();
  run_head_ = 0;
}

void EventQueue::advance() {
  check(size_ != 0, "an event is taken only when one is pending");
  run_.clear();
  run_head_ = 0;
  for (;;) {
    if (occupied_levels_ == 0) refill_from_overflow();
    const auto level = static_cast<unsigned>(std::countr_zero(occupied_levels_));
    const auto& occupied = levels_[level].occupied;
    unsigned word = 0;
    while (occupied[word] == 0) ++word;
    const unsigned digit = word * 64 + static_cast<unsigned>(std::countr_zero(occupied[word]));
    const unsigned shift = level * kDigitBits;
    const std::uint64_t above = ~((std::uint64_t{kBuckets} << shift) - 1);
    const std::uint64_t start = (base_ & above) | (std::uint64_t{digit} << shift);
    if (level == 0 || levels_[level].buckets[digit].count <= kSortAtMost) {
      take_bucket(level, digit, start);
      return;
    }
    deal_bucket(level, digit, start);
  }
}

EventQueue::Bucket EventQueue::detach(unsigned level, unsigned digit) {
  Level& from = levels_[level];
  from.occupied[digit / 64] &= ~(std::uint64_t{1} << (digit % 64));
  if (std::ranges::all_of(from.occupied, [](std::uint64_t word) { return word == 0; })) {
    occupied_levels_ &= ~(1U << level);
  }
  return std::exchange(from.buckets[digit], Bucket{});
}

void EventQueue::take_bucket(unsigned level, unsigned digit, std::uint64_t start) {
  const Bucket bucket = detach(level, digit);
  base_ = start;
  run_end_ = start + (std::uint64_t{1} << (level * kDigitBits));
  for (std::uint32_t at = bucket.head; at != kNone; at = chunks_[at].next) {
    const Chunk& chunk = chunks_[at];
    for (std::uint32_t i = 0; i < chunk.count; ++i) run_.push_back(chunk.events[i]);
  }
  chunks_[bucket.tail].next = free_;
  free_ = bucket.head;
  if (level == 0) return;  // one nanosecond: all equal, and in order of arrival
  for (std::size_t next = 1; next < run_.size(); ++next) {
    const Event event = run_[next];
    std::size_t at = next;
    for (; at > 0 && run_[at - 1].time > event.time; --at) run_[at] = run_[at - 1];
    run_[at] = event;
  }
}

void EventQueue::deal_bucket(unsigned level, unsigned digit, std::uint64_t start) {
  const Bucket bucket = detach(level, digit);
  base_ = run_end_ = start;
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
  base_ = run_end_ = time_of(overflow_.front().event) >> kHorizonBits << kHorizonBits;
  while (!overflow_.empty() && (time_of(overflow_.front().event) ^ base_) >> kHorizonBits == 0) {
    std::ranges::pop_heap(overflow_, later);
    place(overflow_.back().event);
    overflow_.pop_back();
  }
}

std::vector<Event> EventQueue::in_order() const {
  std::vector<Event> all(run_.begin() + static_cast<std::ptrdiff_t>(run_head_), run_.end());
  for (const Level& level : levels_) {
    for (const Bucket& bucket : level.buckets) {
      if (bucket.count == 0) continue;
      const auto begin = static_cast<std::ptrdiff_t>(all.size());
      for (std::uint32_t at = bucket.head; at != kNone; at = chunks_[at].next) {
        const Chunk& chunk = chunks_[at];
        all.insert(all.end(), chunk.events.begin(), chunk.events.begin() + chunk.count);
      }
      std::ranges::stable_sort(all.begin() + begin, all.end(), {}, &Event::time);
    }
  }
  std::vector<Late> late = overflow_;
  std::ranges::sort(late, [](const Late& a, const Late& b) { return later(b, a); });
  for (const Late& last : late) all.push_back(last.event);
  return all;
}

}  // namespace sim
