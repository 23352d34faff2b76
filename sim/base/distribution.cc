#include "sim/base/distribution.h"

#include <bit>

#include "sim/base/check.h"
#include "sim/base/digest.h"

namespace sim {
namespace {

// 2^32 * ln 2, rounded.
constexpr std::uint64_t kLn2Q32 = 2977044472;

Duration spread(Duration centre, std::uint64_t random_bits) {
  const auto tenth = static_cast<std::uint64_t>(centre.nanoseconds() / 10);
  const std::uint64_t offset = scale_to(random_bits, 2 * tenth + 1);
  return Duration(centre.nanoseconds() - static_cast<std::int64_t>(tenth) +
                  static_cast<std::int64_t>(offset));
}

}  // namespace

std::uint64_t negative_log2_q32(std::uint64_t random_bits) {
  const std::uint64_t x = random_bits | 1;
  const int leading_zeros = std::countl_zero(x);
  // The mantissa in [1, 2) with 31 fractional bits; its binary logarithm bit by bit, by squaring.
  std::uint64_t mantissa = (x << leading_zeros) >> 32;
  std::uint64_t fraction = 0;
  for (int bit = 0; bit < 32; ++bit) {
    mantissa = (mantissa * mantissa) >> 31;
    fraction <<= 1;
    if (mantissa >> 32) {
      mantissa >>= 1;
      fraction |= 1;
    }
  }
  // log2(x) = 63 - leading_zeros + fraction; the result is 64 minus that.
  return (static_cast<std::uint64_t>(leading_zeros + 1) << 32) - fraction;
}

Duration Distribution::sample(std::uint64_t random_bits) const {
  switch (shape_) {
    case Shape::Constant:
      return first_;
    case Shape::Uniform: {
      const auto width = static_cast<std::uint64_t>(second_.nanoseconds() - first_.nanoseconds());
      return Duration(first_.nanoseconds() +
                      static_cast<std::int64_t>(scale_to(random_bits, width + 1)));
    }
    case Shape::Exponential: {
      const Wide ln_q64 = static_cast<Wide>(negative_log2_q32(random_bits)) * kLn2Q32;
      const auto ln_q32 = static_cast<std::uint64_t>(ln_q64 >> 32);
      const Wide delay =
          (static_cast<Wide>(ln_q32) * static_cast<std::uint64_t>(second_.nanoseconds())) >> 32;
      return Duration(first_.nanoseconds() + static_cast<std::int64_t>(delay));
    }
    case Shape::Bimodal: {
      const bool slow = scale_to(random_bits, chance_.denominator) < chance_.numerator;
      return spread(slow ? second_ : first_, Digest::mix(random_bits + 0x9e3779b97f4a7c15ULL));
    }
  }
  unreachable("a distribution has one of four shapes");
}

}  // namespace sim
