#include "scenarios/paired.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace scenarios {
namespace {

// Of the table of any book on the sign test.
TEST(MedianRank, IsThatOfTheSignTest) {
  for (std::size_t size = 0; size < 6; ++size) EXPECT_FALSE(median_rank(size)) << size;
  EXPECT_EQ(median_rank(6), 1u);
  EXPECT_EQ(median_rank(8), 1u);
  EXPECT_EQ(median_rank(9), 2u);
  EXPECT_EQ(median_rank(12), 3u);
  EXPECT_EQ(median_rank(20), 6u);
  EXPECT_EQ(median_rank(50), 18u);
  EXPECT_EQ(median_rank(100), 40u);
}

TEST(MedianRank, GoesOnWhereTheNormalDistributionTakesOver) {
  ASSERT_TRUE(median_rank(1000) && median_rank(1001));
  EXPECT_LE(*median_rank(1000), *median_rank(1001) + 1);
  EXPECT_GE(*median_rank(1000) + 1, *median_rank(1001));
}

RC_GTEST_PROP(MedianInterval, EnclosesItsMedianWithinTheSample, (std::vector<std::int32_t> drawn)) {
  RC_PRE(!drawn.empty());
  std::vector<std::int64_t> sample(drawn.begin(), drawn.end());
  const MedianInterval found = median_interval(sample);
  std::ranges::sort(sample);
  const auto below = std::ranges::count_if(sample, [&](auto n) { return n < found.median; });
  const auto above = std::ranges::count_if(sample, [&](auto n) { return n > found.median; });
  RC_ASSERT(2 * below <= static_cast<std::int64_t>(sample.size()));
  RC_ASSERT(2 * above <= static_cast<std::int64_t>(sample.size()));
  RC_ASSERT(found.interval.has_value() == (sample.size() >= 6));
  if (!found.interval) return;
  RC_ASSERT(found.interval->first <= found.median && found.median <= found.interval->second);
  RC_ASSERT(std::ranges::binary_search(sample, found.interval->first));
  RC_ASSERT(std::ranges::binary_search(sample, found.interval->second));
}

}  // namespace
}  // namespace scenarios
