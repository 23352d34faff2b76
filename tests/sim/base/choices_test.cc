#include "sim/base/choices.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace sim {
namespace {

using namespace sim::literals;

constexpr Site kDelay{"test.delay"};
constexpr Site kOther{"test.other"};

RC_GTEST_PROP(Choices, AnAnswerDependsOnSeedAndNameAloneAndNotOnWhatElseWasAsked,
              (std::uint64_t seed, std::uint64_t entity, std::vector<std::uint8_t> others)) {
  Choices quiet(seed);
  Choices busy(seed);
  for (const std::uint8_t other : others) busy.bits(kOther, other);
  for (int k = 0; k < 3; ++k) RC_ASSERT(quiet.bits(kDelay, entity) == busy.bits(kDelay, entity));
}

RC_GTEST_PROP(Choices, PicksStayInTheirRange,
              (std::uint64_t seed, std::uint64_t a, std::uint64_t b)) {
  Choices choices(seed);
  const std::uint64_t low = std::min(a, b);
  const std::uint64_t high = std::max(a, b);
  for (int k = 0; k < 20; ++k) {
    const std::uint64_t picked = choices.pick(kDelay, 0, low, high);
    RC_ASSERT(picked >= low && picked <= high);
  }
}

TEST(Choices, TheSameBitsOnEveryCompilerAndMachine) {
  Choices choices(42);
  EXPECT_EQ(choices.bits(kDelay, 1), 11185839211572448966u);
  EXPECT_EQ(choices.bits(kDelay, 1), 15240306558213507240u);
  EXPECT_EQ(choices.bits(kDelay, 2), 13572916406975577521u);
}

TEST(Choices, APickReachesBothEndsOfItsRangeAboutEquallyOften) {
  Choices choices(1);
  std::array<int, 4> count{};
  for (int k = 0; k < 40'000; ++k) ++count.at(choices.pick(kDelay, 0, 0, 3));
  for (const int times : count) EXPECT_NEAR(times, 10'000, 400);
}

TEST(Choices, ChanceComesAsOftenAsItSays) {
  Choices choices(1);
  int happened = 0;
  for (int k = 0; k < 10'000; ++k) happened += choices.chance(kDelay, 0, {3, 10}) ? 1 : 0;
  EXPECT_NEAR(happened, 3'000, 200);
  EXPECT_FALSE(choices.chance(kDelay, 1, {0, 1}));
  EXPECT_TRUE(choices.chance(kDelay, 1, {1, 1}));
}

TEST(Choices, AnOverrideFixesOneAnswerAndLeavesTheRestAlone) {
  Choices plain(9);
  Choices fixed(9);
  fixed.override_with({"test.delay", 4, 1}, 77);
  EXPECT_EQ(plain.pick(kDelay, 4, 0, 1'000'000), fixed.pick(kDelay, 4, 0, 1'000'000));
  plain.pick(kDelay, 4, 0, 1'000'000);
  EXPECT_EQ(fixed.pick(kDelay, 4, 0, 1'000'000), 77u);
  EXPECT_EQ(plain.pick(kDelay, 4, 0, 1'000'000), fixed.pick(kDelay, 4, 0, 1'000'000));
}

TEST(Choices, AnOverrideIsClampedIntoTheRangeThatIsAskedFor) {
  Choices choices(9);
  choices.override_with({"test.delay", 0, 0}, 77);
  EXPECT_EQ(choices.pick(kDelay, 0, 1, 10), 10u);
}

TEST(Choices, OverridesThatNothingAskedForAreNamed) {
  Choices choices(9);
  choices.override_with({"test.delay", 0, 0}, 1);
  choices.override_with({"test.delay", 0, 5}, 1);
  choices.override_with({"test.renamed", 3, 0}, 1);
  choices.bits(kDelay, 0);
  EXPECT_EQ(choices.unmet_overrides(),
            (std::vector<ChoiceName>{{"test.delay", 0, 5}, {"test.renamed", 3, 0}}));
}

TEST(Choices, ACopyGoesOnByItself) {
  Choices one(3);
  for (std::uint64_t entity = 0; entity < 500; ++entity) one.bits(kDelay, entity);
  Choices two = one;
  EXPECT_EQ(one.times_asked(kDelay, 7), two.times_asked(kDelay, 7));
  EXPECT_EQ(one.bits(kDelay, 7), two.bits(kDelay, 7));
  one.bits(kDelay, 7);
  EXPECT_EQ(one.times_asked(kDelay, 7), 3u);
  EXPECT_EQ(two.times_asked(kDelay, 7), 2u);
}

TEST(Choices, ASkippedPairHasItsNumbersAllTheSame) {
  Choices choices(3);
  EXPECT_EQ(choices.times_asked(kDelay, 1), 0u);
  EXPECT_EQ(choices.sample(kDelay, 1, Distribution::constant(5_ms)), 5_ms);
  EXPECT_EQ(choices.times_asked(kDelay, 1), 1u);
}

}  // namespace
}  // namespace sim
