#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/kernel/event.h"

namespace sim {

// Pending events, earliest first; among equal times the one pushed first. A value: copies are
// independent.
//
// A lazily sorted timing wheel. Time is read as digits of 8 bits; an event waits in the bucket of
// the highest digit in which it differs from the present (level 0: the next 256 ns, level 4: the
// next 18 minutes; what differs above that waits in an overflow heap). When a bucket's turn comes
// it is sorted as a whole, or, if it is huge or spans more time than most events wait, dealt to the
// level below first. So no width has to be tuned: a sparse queue sorts wide buckets, a crowded one
// splits them, and one that is crowded only near the present (messages among time-outs) learns to
// split there.
//
//   batch: one bucket, sorted ┐                level 0 ── level 1 ── … ── level 4 ── overflow heap
//   inserted: came since then ┴─► pop          unsorted lists of chunks, in order of arrival
//   (everything before window_end_)            (everything else)
//
// Equal times always share a bucket, every move keeps the order of a bucket, and what is in the
// batch came before what was inserted: so the order of arrival survives without a sequence number
// (the overflow heap, which is rarely used, keeps its own). Cost per event: a few sequential
// copies, no matter how many are pending. No allocation once the number of pending events has
// stopped growing.
class EventQueue {
 public:
  // Requires a time that is neither negative nor before the last popped event's.
  void push(const Event& event) {
    if (time_of(event) < window_end_) {
      insert(by_member(event));
    } else {
      place(event);
    }
  }
  // Removes the earliest. Requires !empty().
  Event pop() {
    if (!look_at_inserted()) {
      return by_member(batch_[batch_head_++]);
    }
    --inserted_count_;
    return by_member(inserted_[inserted_head_++ & inserted_mask()]);
  }
  // The time of the earliest. Requires !empty(). Not const, for it may have to sort.
  Instant next_time() { return look_at_inserted() ? inserted(0).time : batch_[batch_head_].time; }
  bool empty() const { return size() == 0; }
  std::size_t size() const { return placed_ + inserted_count_ + (batch_end_ - batch_head_); }
  // All events in the order in which they would be popped.
  std::vector<Event> in_order() const;

 private:
  static constexpr unsigned kDigitBits = 8;
  static constexpr unsigned kBuckets = 1U << kDigitBits;
  static constexpr unsigned kLevels = 5;
  static constexpr unsigned kHorizonBits = kDigitBits * kLevels;
  // A bucket of up to so many is sorted as a whole, by rank or by counting (the latter only if it
  // is no wider than width_); a fuller one is dealt to the level below, where nearer pushes find
  // narrower windows.
  static constexpr std::uint32_t kRankSortAtMost = 16;
  static constexpr std::uint64_t kNarrowRank = std::uint64_t{INT32_MAX} / kRankSortAtMost;
  static constexpr std::uint32_t kSortAtMost = 2048;
  // Small neighbours share a window of a sixteenth of all that is pending, within these bounds.
  static constexpr std::size_t kWindowAtLeast = 4;
  static constexpr std::size_t kWindowAtMost = 128;
  // When so many wait in the window that came after it was opened, it is too wide: all of it goes
  // back to the wheel, and the next windows are half as wide. When never more than a few do, they
  // may grow again.
  static constexpr std::uint32_t kInsertedAtMost = 32;
  static constexpr std::uint32_t kFewInserted = 8;
  static constexpr std::uint32_t kSpare = 0;

  static std::uint64_t time_of(const Event& event) {
    return static_cast<std::uint64_t>(event.time.nanoseconds());
  }
  // A bucket is a list of chunks, all full but the last, so that one number says where the next
  // event goes.
  static constexpr std::uint32_t kChunkEvents = 8;
  struct alignas(64) Chunk {  // three cache lines
    std::array<Event, kChunkEvents> events;
  };
  struct Bucket {
    std::uint32_t head = kSpare;
    std::uint32_t tail = kSpare;
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

  // Copies member by member, which compilers do in registers. An event that is popped, changed and
  // pushed again at once would otherwise be read back from the stack in pieces that were not
  // written as such, and the processor waits until those have reached its cache.
  static Event by_member(const Event& from) {
    return {from.time, from.target, from.slot, from.tag, from.kind};
  }
  static void put(Event& to, const Event& from) {
    to.time = from.time;
    to.target = from.target;
    to.slot = from.slot;
    to.tag = from.tag;
    to.kind = from.kind;
  }

  void place(const Event& event) {
    ++placed_;
    const std::uint64_t differs = time_of(event) ^ base_;
    if (differs >> kHorizonBits) {
      push_late(by_member(event));
      return;
    }
    const unsigned level = (static_cast<unsigned>(std::bit_width(differs | 1)) - 1) / kDigitBits;
    append(level, (time_of(event) >> (level * kDigitBits)) % kBuckets, event);
  }
  // Without a jump that depends on how full the bucket is, for nothing predicts that: the new chunk
  // is taken or not by arithmetic. So there is always a free one, and an empty bucket's tail is the
  // spare one.
  void append(unsigned level, std::uint64_t digit, const Event& event) {
    Bucket& bucket = levels_[level].buckets[digit];
    const std::uint32_t at = bucket.count % kChunkEvents;
    const std::uint32_t if_new = 0U - static_cast<std::uint32_t>(at == 0);
    const std::uint32_t if_first = 0U - static_cast<std::uint32_t>(bucket.count == 0);
    const std::uint32_t chunk = bucket.tail ^ ((bucket.tail ^ free_[free_count_ - 1]) & if_new);
    free_count_ += if_new;  // one less
    next_[bucket.tail] = chunk;
    bucket.head ^= (bucket.head ^ chunk) & if_first;
    bucket.tail = chunk;
    ++bucket.count;
    put(chunks_[chunk].events[at], event);
    levels_[level].occupied[digit / 64] |= std::uint64_t{1} << (digit % 64);
    occupied_levels_ |= 1U << level;
    if (free_count_ == 0) [[unlikely]]
      add_chunk();
  }
  void add_chunk();
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
    if (inserted_count_ == 0) [[likely]] {
      if (batch_head_ == batch_end_) advance();
      return false;
    }
    return batch_head_ == batch_end_ || inserted(0).time < batch_[batch_head_].time;
  }
  std::uint32_t inserted_mask() const { return static_cast<std::uint32_t>(inserted_.size() - 1); }
  Event& inserted(std::uint32_t nth) { return inserted_[(inserted_head_ + nth) & inserted_mask()]; }
  const Event& inserted(std::uint32_t nth) const {
    return inserted_[(inserted_head_ + nth) & inserted_mask()];
  }
  void insert(const Event& event);
  void push_late(const Event& event);
  // Fills the batch with the earliest bucket. Requires an empty window and events behind it.
  void advance();
  unsigned next_occupied(unsigned level, unsigned digit) const;
  void take_buckets(unsigned level, unsigned digit, std::uint64_t start);
  void gather(const Bucket& taken);
  void sort_gathered(std::uint64_t width);
  template <class Key, std::size_t kKeys>
  void sort_by_rank();
  void sort_by_counting(std::uint64_t width);
  void grow_width();
  void deal_bucket(unsigned level, unsigned digit, std::uint64_t start);
  void refill_from_overflow();
  void deal_window();
  Bucket detach(unsigned level, unsigned digit);

  std::size_t placed_ = 0;  // in the wheel or the overflow heap
  // Everything before window_end_ is in batch_ or inserted_; everything else lies at or behind it,
  // and its place in the wheel is relative to base_, which is not behind window_end_.
  std::uint64_t base_ = 0;
  std::uint64_t window_end_ = 0;
  std::vector<Event> batch_;  // sorted from batch_head_ to batch_end_; room behind that
  std::size_t batch_head_ = 0;
  std::size_t batch_end_ = 0;
  std::vector<Event> inserted_ = std::vector<Event>(2 * kInsertedAtMost);  // a ring, earliest first
  std::uint32_t inserted_head_ = 0;
  std::uint32_t inserted_count_ = 0;
  std::uint32_t most_inserted_ = 0;                         // at any time in this window
  std::uint64_t width_ = std::uint64_t{1} << kHorizonBits;  // windows of many events are no wider
  std::vector<Event> gathered_;        // the batch before it is sorted; no state
  std::vector<std::uint16_t> counts_;  // of sort_by_counting; no state
  std::array<Level, kLevels> levels_;
  std::uint32_t occupied_levels_ = 0;
  std::vector<Chunk> chunks_{2};
  std::vector<std::uint32_t> next_{kSpare, kSpare};  // of each chunk, the one behind it in its list
  std::vector<std::uint32_t> free_{1, 1};  // a stack of the chunks in no bucket, and room for all
  std::uint32_t free_count_ = 1;           // never 0
  std::vector<Late> overflow_;             // a heap
  std::uint64_t arrivals_ = 0;
};

}  // namespace sim
