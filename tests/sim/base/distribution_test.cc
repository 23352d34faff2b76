#include "sim/base/distribution.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <cmath>

#include "sim/base/digest.h"

namespace sim {
namespace {

using namespace sim::literals;

// The mean of many samples, in nanoseconds. A test may use floating point; the code may not.
double mean_of(const Distribution& distribution, int samples = 200'000) {
  double sum = 0;
  std::uint64_t random = 17;
  for (int i = 0; i < samples; ++i) {
    random = Digest::mix(random + 0x9e3779b97f4a7c15ULL);
    sum += static_cast<double>(distribution.sample(random).nanoseconds());
  }
  return sum / samples;
}

TEST(Distribution, AnExponentialHasItsMean) {
  EXPECT_NEAR(mean_of(Distribution::exponential(0_ms, 10_ms)), 10e6, 0.1e6);
  EXPECT_NEAR(mean_of(Distribution::exponential(5_ms, 1_ms)), 6e6, 0.01e6);
}

TEST(Distribution, AnExponentialHasItsMedianAndItsTail) {
  const Distribution distribution = Distribution::exponential(0_ms, 1'000_ms);
  const auto quantile = [&](double probability) {
    // The sample of bits x is -ln(x / 2^64) means: large x, short delay.
    const auto bits = static_cast<std::uint64_t>(std::ldexp(1.0 - probability, 53)) << 11;
    return static_cast<double>(distribution.sample(bits).nanoseconds()) / 1e9;
  };
  for (const double probability : {0.01, 0.25, 0.5, 0.9, 0.999, 0.999999}) {
    EXPECT_NEAR(quantile(probability), -std::log1p(-probability), 1e-6);
  }
}

TEST(Distribution, TheIntegerLogarithmIsExactToItsLastBits) {
  EXPECT_EQ(negative_log2_q32(std::uint64_t{1} << 63 | 1), std::uint64_t{1} << 32);
  EXPECT_EQ(negative_log2_q32(0), std::uint64_t{64} << 32);
  for (std::uint64_t i = 1; i < 1'000; ++i) {
    const std::uint64_t bits = Digest::mix(i) | 1;
    const double exact = 64.0 - std::log2(static_cast<double>(bits));
    EXPECT_NEAR(static_cast<double>(negative_log2_q32(bits)) / 4294967296.0, exact, 3e-8);
  }
}

RC_GTEST_PROP(Distribution, AUniformStaysWithinItsBounds, (std::uint64_t bits)) {
  const auto low = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
  const auto width = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
  const Duration sample = Distribution::uniform(Duration(low), Duration(low + width)).sample(bits);
  RC_ASSERT(sample >= Duration(low) && sample <= Duration(low + width));
}

TEST(Distribution, AUniformReachesBothEnds) {
  const Distribution distribution = Distribution::uniform(3_ns, 4_ns);
  EXPECT_EQ(distribution.sample(0), 3_ns);
  EXPECT_EQ(distribution.sample(UINT64_MAX), 4_ns);
  EXPECT_NEAR(mean_of(Distribution::uniform(2_ms, 6_ms)), 4e6, 0.02e6);
}

TEST(Distribution, ABimodalHasBothItsModesInProportion) {
  const Distribution distribution = Distribution::bimodal(1_ms, 100_ms, {1, 10});
  EXPECT_NEAR(mean_of(distribution), 0.9 * 1e6 + 0.1 * 100e6, 0.2e6);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const Duration sample = distribution.sample(Digest::mix(i));
    const bool fast = sample >= 900_us && sample <= 1'100_us;
    const bool slow = sample >= 90_ms && sample <= 110_ms;
    ASSERT_TRUE(fast || slow) << describe(sample);
  }
}

TEST(Distribution, TheSameNanosecondsOnEveryCompilerAndMachine) {
  const std::uint64_t bits = 0x0123456789abcdefULL;
  EXPECT_EQ(Distribution::exponential(1_ms, 7_ms).sample(bits).nanoseconds(), 38'912'702);
  EXPECT_EQ(Distribution::uniform(1_ms, 7_ms).sample(bits).nanoseconds(), 1'026'666);
  EXPECT_EQ(Distribution::bimodal(1_ms, 7_ms, {1, 3}).sample(bits).nanoseconds(), 6'417'454);
}

}  // namespace
}  // namespace sim
