#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace sim {

// Values addressed by 32-bit handles that stay the same when the slab grows or is copied. A freed place
// is used again first. No allocation once the number of live values has stopped growing.
template <class T>
class Slab {
 public:
  std::uint32_t put(T value) {
    if (free_.empty()) {
      values_.push_back(std::move(value));
      free_.reserve(values_.capacity());
      return static_cast<std::uint32_t>(values_.size() - 1);
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    values_[place] = std::move(value);
    return place;
  }
  // Removes the value and hands it over. Requires a handle that is in use.
  T take(std::uint32_t place) {
    T taken = std::exchange(values_[place], T{});
    free_.push_back(place);
    return taken;
  }
  T& operator[](std::uint32_t place) { return values_[place]; }
  const T& operator[](std::uint32_t place) const { return values_[place]; }
  std::size_t used() const { return values_.size() - free_.size(); }
  // Places handed out so far; those that are free hold a default value.
  std::uint32_t places() const { return static_cast<std::uint32_t>(values_.size()); }

 private:
  std::vector<T> values_;
  std::vector<std::uint32_t> free_;
};

// A queue in one block of memory that it keeps. No allocation once it has been as long as it gets.
template <class T>
class Fifo {
 public:
  bool empty() const { return head_ == values_.size(); }
  std::size_t size() const { return values_.size() - head_; }
  void push(T value) {
    if (head_ > 32 && 2 * head_ > values_.size()) {
      values_.erase(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    values_.push_back(std::move(value));
  }
  T& front() { return values_[head_]; }
  T pop() {
    T popped = std::move(values_[head_]);
    if (++head_ == values_.size()) clear();
    return popped;
  }
  void clear() {
    values_.clear();
    head_ = 0;
  }
  auto begin() const { return values_.begin() + static_cast<std::ptrdiff_t>(head_); }
  auto end() const { return values_.end(); }

 private:
  std::vector<T> values_;
  std::size_t head_ = 0;
};

}  // namespace sim
