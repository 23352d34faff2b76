#pragma once

#include <cstdint>
#include <string>

#include "sim/base/time.h"

namespace sim {

// A probability as an exact fraction; `denominator` is never 0.
struct Ratio {
  std::uint64_t numerator = 0;
  std::uint64_t denominator = 1;
  friend constexpr bool operator==(const Ratio&, const Ratio&) = default;
};

// A distribution of delays, sampled by integer arithmetic alone so that every compiler and every
// machine draws the same nanoseconds from the same 64 random bits.
class Distribution {
 public:
  enum class Shape : std::uint8_t {
    Constant,
    Uniform,
    Exponential,
    Bimodal
  };

  constexpr Distribution() = default;
  static constexpr Distribution constant(Duration at) { return {Shape::Constant, at, at, {}}; }
  // Both ends included. Requires low <= high.
  static constexpr Distribution uniform(Duration low, Duration high) {
    return {Shape::Uniform, low, high, {}};
  }
  // At least `floor`, with mean `floor + mean`; cut off at 44 means (2^-64).
  static constexpr Distribution exponential(Duration floor, Duration mean) {
    return {Shape::Exponential, floor, mean, {}};
  }
  // `slow` with probability `chance`, else `fast`; each spread uniformly by +-10 %.
  static constexpr Distribution bimodal(Duration fast, Duration slow, Ratio chance) {
    return {Shape::Bimodal, fast, slow, chance};
  }

  constexpr Shape shape() const { return shape_; }
  constexpr Duration first() const { return first_; }
  constexpr Duration second() const { return second_; }
  constexpr Ratio chance() const { return chance_; }
  friend constexpr bool operator==(const Distribution&, const Distribution&) = default;

  // The delay that these 64 uniformly random bits stand for. Never negative if the bounds are not.
  Duration sample(std::uint64_t random_bits) const;

 private:
  constexpr Distribution(Shape shape, Duration first, Duration second, Ratio chance)
      : shape_(shape), first_(first), second_(second), chance_(chance) {}
  Shape shape_ = Shape::Constant;
  Duration first_;
  Duration second_;
  Ratio chance_;
};

// The double width that 64-bit products need; both compilers have it on every 64-bit target.
__extension__ typedef unsigned __int128 Wide;

// A uniformly distributed value in [0, bound) from 64 random bits (multiply-shift; bias below 2^-32
// for bounds below 2^32). Requires bound > 0.
constexpr std::uint64_t scale_to(std::uint64_t random_bits, std::uint64_t bound) {
  return static_cast<std::uint64_t>((static_cast<Wide>(random_bits) * bound) >> 64);
}

// -log2(x / 2^64) in units of 2^-32, for x = random_bits | 1: exponential variates without libm.
std::uint64_t negative_log2_q32(std::uint64_t random_bits);

}  // namespace sim
