#include "scenarios/paired.h"

#include <algorithm>
#include <cmath>

#include "sim/base/check.h"

namespace scenarios {
namespace {

constexpr double kOutsideOnOneSide = 0.025;
// Beyond that the binomial distribution is as good as normal, and 2^-size near the end of what a double holds.
constexpr std::size_t kExactUpTo = 1000;
constexpr double kNormalQuantile = 1.9599639845400545;

}  // namespace

std::optional<std::size_t> median_rank(std::size_t size) {
  if (size > kExactUpTo) {
    const auto count = static_cast<double>(size);
    return static_cast<std::size_t>((count - kNormalQuantile * std::sqrt(count)) / 2);
  }
  // Of `size` numbers fewer than `rank` lie below the median with probability P(B < rank), B binomial (size, 1/2).
  double exactly = std::ldexp(1.0, -static_cast<int>(size));  // P(B = rank)
  double fewer = 0;
  std::size_t rank = 0;
  while (fewer + exactly <= kOutsideOnOneSide && rank < size) {
    fewer += exactly;
    exactly *= static_cast<double>(size - rank) / static_cast<double>(rank + 1);
    ++rank;
  }
  if (rank == 0) return std::nullopt;
  return rank;
}

MedianInterval median_interval(std::vector<std::int64_t> sample) {
  sim::check(!sample.empty(), "the median is asked of at least one number");
  std::ranges::sort(sample);
  const std::size_t size = sample.size();
  const std::int64_t low = sample[(size - 1) / 2];
  const std::int64_t high = sample[size / 2];
  MedianInterval result{.median = low + (high - low) / 2};
  if (const auto rank = median_rank(size))
    result.interval = {sample[*rank - 1], sample[size - *rank]};
  return result;
}

}  // namespace scenarios
