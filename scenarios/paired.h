#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

// What a sample of numbers says of the median that it was drawn from, without any assumption about how they are
// distributed: by the order of the sample alone (the sign test turned round).
namespace scenarios {

struct MedianInterval {
  std::int64_t median = 0;
  // Covers the true median with 95 % at least; nothing for fewer than six numbers, of which no interval does.
  std::optional<std::pair<std::int64_t, std::int64_t>> interval;
};

// Requires at least one number. The median of an even number of them is the middle of the two in the middle,
// rounded towards zero.
MedianInterval median_interval(std::vector<std::int64_t> sample);

// The nth smallest and the nth largest of `size` numbers enclose the median with 95 % at least; the largest such n, from 1;
// nothing where even the smallest and the largest do not.
std::optional<std::size_t> median_rank(std::size_t size);

}  // namespace scenarios
