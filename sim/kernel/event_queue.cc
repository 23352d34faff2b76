#include "sim/kernel/event_queue.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "sim/base/check.h"

namespace sim {
namespace {

// Replaces each count by the sum of those before it, four at a time: a product with 1 in each
// quarter of a word sums the quarters up. Requires a total below 65 536.
static_assert(std::endian::native == std::endian::little,
              "the first count is a word's lowest quarter");
void add_up(std::uint16_t* counts, std::size_t words) {
  constexpr std::uint64_t kOnes = 0x0001'0001'0001'0001;
  std::uint64_t before = 0;
  for (std::uint16_t* four = counts; four != counts + 4 * words; four += 4) {
    std::uint64_t word;
    std::memcpy(&word, four, sizeof word);
    const std::uint64_t sums = word * kOnes;
    word = before * kOnes + (sums << 16);
    std::memcpy(four, &word, sizeof word);
    before += sums >> 48;
  }
}

}  // namespace

void EventQueue::insert(const Event& event) {
  const bool first = inserted_count_ == 0 || event.time < inserted(0).time;
  if (inserted_count_ >= kInsertedAtMost && !first) {
    deal_window();
    if (time_of(event) >= window_end_) {
      place(event);
      return;
    }
  }
  if (inserted_count_ == inserted_.size()) {
    // The ring is full: its first event moves to its front, and room comes behind its last.
    std::ranges::rotate(inserted_, inserted_.begin() + (inserted_head_ & inserted_mask()));
    inserted_head_ = 0;
    inserted_.resize(2 * inserted_.size());
  }
  most_inserted_ = std::max(most_inserted_, ++inserted_count_);
  if (first) {
    --inserted_head_;
    put(inserted(0), event);
    return;
  }
  // Behind all that are earlier or equal. What comes later is mostly due later.
  std::uint32_t at = inserted_count_ - 1;
  for (; at > 0 && inserted(at - 1).time > event.time; --at) put(inserted(at), inserted(at - 1));
  put(inserted(at), event);
}

void EventQueue::push_late(const Event& event) {
  overflow_.push_back({event, arrivals_++});
  std::ranges::push_heap(overflow_, later);
}

// Gives what is left of a window that turned out too wide back to the wheel, which puts it into
// narrower buckets.
void EventQueue::deal_window() {
  const bool behind_base = time_of(inserted(0)) >= base_ &&
                           (batch_head_ == batch_end_ || time_of(batch_[batch_head_]) >= base_);
  if (behind_base) {
    width_ = std::max<std::uint64_t>((window_end_ - base_) / 2, 1);
    window_end_ = base_;
    for (std::size_t at = batch_head_; at < batch_end_; ++at) place(batch_[at]);
    for (std::uint32_t at = 0; at < inserted_count_; ++at) place(inserted(at));
  } else {
    // Somebody looked at a far next event and then pushed nearer ones. Start anew from the nearest.
    const std::vector<Event> all = in_order();
    *this = EventQueue{};
    base_ = window_end_ = time_of(all.front());
    for (const Event& event : all) place(event);
  }
  batch_head_ = batch_end_ = 0;
  inserted_count_ = 0;
}

void EventQueue::advance() {
  check(placed_ != 0, "an event is taken only when one is pending");
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

// Called between two windows, with the last one's bounds still known. Only a window that was about
// as wide as allowed tells that a wider one might do as well; growth is slow beside the halving,
// for a window that is too wide costs more than one that is too narrow.
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
  placed_ -= from.buckets[digit].count;
  return std::exchange(from.buckets[digit], Bucket{});
}

// Sorts a bucket into the batch, and with it the small ones that follow: a window of two or three
// events is hardly worth its trouble, but one with a large part of all that is pending would see
// most pushes fall into it.
void EventQueue::take_buckets(unsigned level, unsigned digit, std::uint64_t start) {
  const unsigned shift = level * kDigitBits;
  const std::size_t enough = std::clamp(placed_ / 16, kWindowAtLeast, kWindowAtMost);
  base_ = window_end_ = start;
  batch_head_ = batch_end_ = 0;
  unsigned last = digit;
  gather(detach(level, digit));
  while (batch_end_ < enough) {
    const unsigned next = next_occupied(level, last + 1);
    if (next == kBuckets || batch_end_ + levels_[level].buckets[next].count > enough) break;
    const bool too_wide = std::uint64_t{next - digit + 1} << shift > width_;
    if (too_wide && batch_end_ >= kWindowAtLeast) break;
    gather(detach(level, next));
    last = next;
  }
  const std::uint64_t width = std::uint64_t{last - digit + 1} << shift;
  window_end_ = start + width;
  if (batch_.size() < gathered_.size()) batch_.resize(gathered_.size());
  if (level == 0 || batch_end_ == 1) {
    std::swap(batch_, gathered_);
  } else if (batch_end_ <= kRankSortAtMost) {
    if (width > kNarrowRank) {
      sort_by_rank<std::int64_t, kRankSortAtMost>();
    } else if (batch_end_ > 8) {
      sort_by_rank<std::int32_t, kRankSortAtMost>();
    } else {
      sort_by_rank<std::int32_t, 8>();
    }
  } else {
    sort_by_counting(width);
  }
}

// Copies whole chunks, though the last one may be partly filled: one jump less to mispredict.
void EventQueue::gather(const Bucket& taken) {
  const std::size_t end = batch_end_ + taken.count;
  if (gathered_.size() < end + kChunkEvents) gathered_.resize(std::bit_ceil(end + kChunkEvents));
  std::uint32_t chunk = taken.head;
  for (std::size_t at = batch_end_; at < end; at += kChunkEvents) {
    std::memcpy(static_cast<void*>(&gathered_[at]), &chunks_[chunk], sizeof(Chunk));
    free_[free_count_++] = chunk;
    chunk = next_[chunk];
  }
  batch_end_ = end;
}

// For few events: each one's place is the number of those before it. That takes more comparisons
// than other ways, but no jump that depends on one, and mispredicted jumps are what sorting a few
// costs. A key is a time and, for equal times, the order of arrival; the rest of the keys is later
// than all.
template <class Key, std::size_t kKeys>
void EventQueue::sort_by_rank() {
  std::array<Key, kKeys> keys;
  keys.fill(std::numeric_limits<Key>::max());
  for (std::size_t i = 0; i < batch_end_; ++i) {
    keys[i] = static_cast<Key>((time_of(gathered_[i]) - base_) * kRankSortAtMost + i);
  }
  std::array<Key, kKeys> ranks{};
  for (std::size_t other = 0; other < batch_end_; ++other) {
    for (std::size_t i = 0; i < kKeys; ++i) ranks[i] += keys[other] < keys[i] ? 1 : 0;
  }
  for (std::size_t i = 0; i < batch_end_; ++i) {
    put(batch_[static_cast<std::size_t>(ranks[i])], gathered_[i]);
  }
}

// Deals the events to slots of equal width, two to four times as many as events, in order of
// arrival; what is left to do within slots is done by insertion, and little.
void EventQueue::sort_by_counting(std::uint64_t width) {
  const auto wanted = static_cast<unsigned>(std::bit_width(batch_end_)) + 1;
  const auto width_bits = static_cast<unsigned>(std::bit_width(width - 1));
  const unsigned shift = width_bits > wanted ? width_bits - wanted : 0;
  const std::size_t slots = ((width - 1) >> shift) + 1;
  const std::size_t words = (slots + 3) / 4;
  if (counts_.size() < 4 * words) counts_.resize(std::bit_ceil(4 * words));
  std::fill_n(counts_.begin(), 4 * words, 0);
  std::uint16_t* const counts = counts_.data();
  const Event* const from = gathered_.data();
  Event* const to = batch_.data();
  const std::size_t end = batch_end_;
  const auto slot_of = [base = base_, shift](const Event& event) {
    return (time_of(event) - base) >> shift;
  };
  for (std::size_t i = 0; i < end; ++i) ++counts[slot_of(from[i])];
  add_up(counts, words);
  for (std::size_t i = 0; i < end; ++i) to[counts[slot_of(from[i])]++] = from[i];
  if (shift == 0) return;
  for (std::size_t next = 1; next < end; ++next) {
    if (to[next - 1].time <= to[next].time) continue;
    const Event event = to[next];
    std::size_t at = next;
    for (; at > 0 && to[at - 1].time > event.time; --at) to[at] = to[at - 1];
    to[at] = event;
  }
}

void EventQueue::add_chunk() {
  free_[free_count_++] = static_cast<std::uint32_t>(chunks_.size());
  chunks_.emplace_back();
  next_.push_back(kSpare);
  free_.push_back(kSpare);
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
    free_[free_count_++] = at;
    at = next_[at];
    for (std::uint32_t i = 0; i < here; ++i) place(chunk.events[i]);
  }
}

void EventQueue::refill_from_overflow() {
  base_ = window_end_ = time_of(overflow_.front().event) >> kHorizonBits << kHorizonBits;
  while (!overflow_.empty() && (time_of(overflow_.front().event) ^ base_) >> kHorizonBits == 0) {
    --placed_;
    std::ranges::pop_heap(overflow_, later);
    place(overflow_.back().event);
    overflow_.pop_back();
  }
}

std::vector<Event> EventQueue::in_order() const {
  // Each part in order of arrival among equal times, which never stand in two parts; except that a
  // batch came before what was inserted.
  std::vector<Late> all;
  const auto add = [&](const Event& event) { all.push_back({event, all.size()}); };
  std::for_each(batch_.begin() + static_cast<std::ptrdiff_t>(batch_head_),
                batch_.begin() + static_cast<std::ptrdiff_t>(batch_end_), add);
  for (std::uint32_t at = 0; at < inserted_count_; ++at) add(inserted(at));
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
