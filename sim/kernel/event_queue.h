#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/kernel/event.h"

namespace sim {

// Pending events, earliest first; among equal times the one pushed first. A value: copies are independent.
//
// A lazily sorted timing wheel. Time is read as digits of 8 bits; an event waits in the bucket of the
// highest digit in which it differs from the present (level 0: the next 256 ns, level 4: the next 18
// minutes; what differs above that waits in an overflow heap). When a bucket's turn comes it is sorted as a
// whole, or, if it is huge or spans more time than most events wait, dealt to the level below first. So no
// width has to be tuned: a sparse queue sorts wide buckets, a crowded one splits them, and one that is crowded
// only near the present (messages among time-outs) learns to split there.
//
//   batch: one bucket, sorted ┐                level 0 ── level 1 ── … ── level 4 ── overflow heap
//   inserted: came since then ┴─► pop          unsorted lists of chunks, in order of arrival
//   (everything before window_end_)            (everything else)
//
// Equal times always share a bucket, every move keeps the order of a bucket, and what is in the batch came
// before what was inserted: so the order of arrival survives without a sequence number (the overflow heap,
// which is rarely used, keeps its own). Cost per event: a few sequential copies, no matter how many are
// pending. No allocation once the number of pending events has stopped growing.
class EventQueue {
 public:
  // Requires a time that is neither negative nor before the last popped event's.
  void push(const Event& event) {
    ++size_;
    if (time_of(event) < window_end_) {
      insert(event);
    } else {
      place(event);
    }
  }
  // Removes the earliest. Requires !empty().
  Event pop() {
    if (!look_at_inserted()) {
      --size_;
      return batch_[batch_head_++];
    }
    --size_;
    const Event event = inserted_.back();
    inserted_.pop_back();
    return event;
  }
  // The time of the earliest. Requires !empty(). Not const, for it may have to sort.
  Instant next_time() {
    return look_at_inserted() ? inserted_.back().time : batch_[batch_head_].time;
  }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // All events in the order in which they would be popped.
  std::vector<Event> in_order() const;

 private:
  static constexpr unsigned kDigitBits = 8;
  static constexpr unsigned kBuckets = 1U << kDigitBits;
  static constexpr unsigned kLevels = 5;
  static constexpr unsigned kHorizonBits = kDigitBits * kLevels;
  // A bucket of up to so many is sorted as a whole, by rank or by counting (the latter only if it is no
  // wider than width_); a fuller one is dealt to the level below, where nearer pushes find narrower windows.
  static constexpr std::uint32_t kRankSortAtMost = 16;
  static constexpr std::uint32_t kSortAtMost = 2048;
  // Small neighbours share a window of a sixteenth of all that is pending, within these bounds.
  static constexpr std::size_t kWindowAtLeast = 4;
  static constexpr std::size_t kWindowAtMost = 128;
  // When so many wait in the window that came after it was opened, it is too wide: all of it goes back to
  // the wheel, and the next windows are half as wide. When never more than a few do, they may grow again.
  static constexpr std::size_t kInsertedAtMost = 32;
  static constexpr std::size_t kFewInserted = 8;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  static std::uint64_t time_of(const Event& event) {
    return static_cast<std::uint64_t>(event.time.nanoseconds());
  }
  // A bucket is a list of chunks, all full but the last, so that one number says where the next event goes.
  static constexpr std::uint32_t kChunkEvents = 8;
  struct alignas(64) Chunk {  // three cache lines
    std::array<Event, kChunkEvents> events;
  };
  struct Bucket {
    std::uint32_t head = kNone;
    std::uint32_t tail = kNone;
    std::uint32_t count = 0;
  };
  struct Level {
    std::array<Bucket, kBuckets> buckets;
    std::array<std::uint64_t, kBuckets / 64> occupied{};
  };
  struct Late {
    Event event;
    std::uint64_t arrival;
  };
  // For std heaps, which keep the greatest on top.
  static bool later(const Late& a, const Late& b) {
    return a.event.time != b.event.time ? a.event.time > b.event.time : a.arrival > b.arrival;
  }

  void place(const Event& event) {
    const std::uint64_t differs = time_of(event) ^ base_;
    if (differs >> kHorizonBits) {
      push_late(event);
      return;
    }
    const unsigned level = (static_cast<unsigned>(std::bit_width(differs | 1)) - 1) / kDigitBits;
    append(level, (time_of(event) >> (level * kDigitBits)) % kBuckets, event);
  }
  void append(unsigned level, std::uint64_t digit, const Event& event) {
    Bucket& bucket = levels_[level].buckets[digit];
    const std::uint32_t at = bucket.count % kChunkEvents;
    if (at == 0) lengthen(bucket, level, digit);
    chunks_[bucket.tail].events[at] = event;
    ++bucket.count;
  }
  // Adds a chunk to a bucket that is empty, or whose last chunk is full.
  void lengthen(Bucket& bucket, unsigned level, std::uint64_t digit) {
    const std::uint32_t fresh = new_chunk();
    if (bucket.count == 0) {
      levels_[level].occupied[digit / 64] |= std::uint64_t{1} << (digit % 64);
      occupied_levels_ |= 1U << level;
      bucket.head = fresh;
    } else {
      next_[bucket.tail] = fresh;
    }
    bucket.tail = fresh;
  }
  std::uint32_t new_chunk() {
    if (free_ == kNone) {
      chunks_.emplace_back();
      next_.push_back(kNone);
      return static_cast<std::uint32_t>(chunks_.size() - 1);
    }
    return std::exchange(free_, next_[free_]);
  }
  // Calls `each(event)` in order of arrival.
  template <class Each>
  void for_each(const Bucket& bucket, Each&& each) const {
    std::uint32_t chunk = bucket.head;
    for (std::uint32_t left = bucket.count; left != 0; chunk = next_[chunk]) {
      const std::uint32_t here = std::min(left, kChunkEvents);
      for (std::uint32_t i = 0; i < here; ++i) each(chunks_[chunk].events[i]);
      left -= here;
    }
  }
  // Whether the earliest event is among the inserted ones; if not, it is the head of the batch.
  bool look_at_inserted() {
    if (inserted_.empty()) [[likely]] {
      if (batch_head_ == batch_end_) advance();
      return false;
    }
    return batch_head_ == batch_end_ || inserted_.back().time < batch_[batch_head_].time;
  }
  void insert(const Event& event);
  void push_late(const Event& event);
  // Fills the batch with the earliest bucket. Requires an empty window and events behind it.
  void advance();
  unsigned next_occupied(unsigned level, unsigned digit) const;
  void take_buckets(unsigned level, unsigned digit, std::uint64_t start);
  void take_bucket(unsigned level, unsigned digit);
  void sort_by_rank(const Bucket& taken);
  void sort_by_counting(const Bucket& taken, unsigned level);
  void grow_width();
  void deal_bucket(unsigned level, unsigned digit, std::uint64_t start);
  void refill_from_overflow();
  void deal_window();
  Bucket detach(unsigned level, unsigned digit);

  std::size_t size_ = 0;
  // Everything before window_end_ is in batch_ or inserted_; everything else lies at or behind it, and its
  // place in the wheel is relative to base_, which is not behind window_end_.
  std::uint64_t base_ = 0;
  std::uint64_t window_end_ = 0;
  std::vector<Event> batch_;  // sorted from batch_head_ to batch_end_; room behind that
  std::size_t batch_head_ = 0;
  std::size_t batch_end_ = 0;
  std::vector<Event> inserted_;         // earliest last
  std::size_t most_inserted_ = 0;       // at any time in this window
  std::uint64_t width_ = std::uint64_t{1} << kHorizonBits;  // windows of many events are no wider
  std::vector<std::uint32_t> counts_;   // of sort_by_counting; no state
  std::array<Level, kLevels> levels_;
  std::uint32_t occupied_levels_ = 0;
  std::vector<Chunk> chunks_;
  std::vector<std::uint32_t> next_;  // of each chunk, the one behind it in its list
  std::uint32_t free_ = kNone;       // the list of chunks in no bucket
  std::vector<Late> overflow_;  // a heap
  std::uint64_t arrivals_ = 0;
};

}  // namespace sim
