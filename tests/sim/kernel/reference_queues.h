#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <deque>
#include <queue>
#include <vector>

#include "sim/kernel/event.h"

// Two other event queues, as plain as can be, that must pop the very order of sim::EventQueue.
namespace sim::reference {

// A binary heap by (time, arrival).
class HeapQueue {
 public:
  void push(const Event& event) { heap_.push({event, arrivals_++}); }
  Event pop() {
    const Event event = heap_.top().event;
    heap_.pop();
    return event;
  }
  bool empty() const { return heap_.empty(); }

 private:
  struct Entry {
    Event event;
    std::uint64_t arrival;
    bool operator<(const Entry& other) const {
      return event.time != other.event.time ? event.time > other.event.time
                                            : arrival > other.arrival;
    }
  };
  std::priority_queue<Entry> heap_;
  std::uint64_t arrivals_ = 0;
};

// A radix heap: 65 lists, by the highest bit in which a time differs from the last popped one. Relies on
// times that never fall below it.
class RadixQueue {
 public:
  void push(const Event& event) { list_of(event).push_back(event); }
  Event pop() {
    if (lists_[0].empty()) refill();
    const Event event = lists_[0].front();
    lists_[0].pop_front();
    return event;
  }
  bool empty() const {
    return std::ranges::all_of(lists_, [](const auto& list) { return list.empty(); });
  }

 private:
  static std::uint64_t time_of(const Event& event) {
    return static_cast<std::uint64_t>(event.time.nanoseconds());
  }
  std::deque<Event>& list_of(const Event& event) {
    return lists_[static_cast<std::size_t>(std::bit_width(time_of(event) ^ last_))];
  }
  void refill() {
    const auto lowest =
        std::ranges::find_if(lists_, [](const auto& list) { return !list.empty(); });
    last_ = time_of(*std::ranges::min_element(*lowest, {}, &Event::time));
    std::deque<Event> moved;
    moved.swap(*lowest);
    for (const Event& event : moved) list_of(event).push_back(event);
  }

  std::array<std::deque<Event>, 65> lists_;
  std::uint64_t last_ = 0;
};

}  // namespace sim::reference
