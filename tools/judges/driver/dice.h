#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace judge {

// The chance of a sequence: a counter that is mixed (splitmix64), so that a seed is a sequence with
// every compiler.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t mixed = (state_ += 0x9E3779B97F4A7C15U);
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31);
  }
  // From 0 to `count` - 1. Requires a count.
  std::uint64_t below(std::uint64_t count) { return bits() % count; }
  // Both ends included.
  int between(int low, int high) {
    return low + static_cast<int>(below(static_cast<std::uint64_t>(high - low + 1)));
  }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  template <class T, std::size_t N>
  const T& one_of(const T (&values)[N]) {
    return values[below(N)];
  }
  template <class Range>
  const auto& one_of(const Range& values) {
    return values[below(values.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace judge
