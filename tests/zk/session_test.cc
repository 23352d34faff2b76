#include "zk/session.h"

#include <gtest/gtest.h>

namespace zk {
namespace {

using namespace sim::literals;

constexpr SessionId kFirst{1};
constexpr SessionId kSecond{2};
sim::Instant at(sim::Duration since_start) {
  return sim::Instant() + since_start;
}

TEST(SessionTracker, ASessionExpiresAtTheTickAfterItsTimeout) {
  SessionTracker tracker(2_s);
  tracker.track(kFirst, 6'000, at(1_s));
  EXPECT_EQ(tracker.next_expiry(), at(8_s));  // 7 s, rounded up
  EXPECT_TRUE(tracker.expire(at(7'999_ms)).empty());
  EXPECT_EQ(tracker.expire(at(8_s)), std::vector{kFirst});
  EXPECT_TRUE(tracker.expire(at(20_s)).empty());  // told once
}

TEST(SessionTracker, ATouchMovesTheExpiryAndNeverBack) {
  SessionTracker tracker(2_s);
  tracker.track(kFirst, 6'000, at(1_s));
  EXPECT_TRUE(tracker.touch(kFirst, at(5_s)));
  EXPECT_EQ(tracker.next_expiry(), at(12_s));
  EXPECT_TRUE(tracker.touch(kFirst, at(2_s)));
  EXPECT_EQ(tracker.next_expiry(), at(12_s));
}

TEST(SessionTracker, AWholeBucketExpiresAtOnceInOrder) {
  SessionTracker tracker(2_s);
  tracker.track(kSecond, 6'000, at(1_s));
  tracker.track(kFirst, 6'000, at(1'500_ms));
  EXPECT_EQ(tracker.expire(at(9_s)), (std::vector{kFirst, kSecond}));
}

TEST(SessionTracker, AClosingSessionMayDoNothingMore) {
  SessionTracker tracker(2_s);
  tracker.track(kFirst, 6'000, at(0_s));
  tracker.set_closing(kFirst);
  EXPECT_FALSE(tracker.touch(kFirst, at(1_s)));
  EXPECT_EQ(tracker.check(kFirst, ServerId(1)), ErrorCode::SessionExpired);
  EXPECT_TRUE(tracker.expire(at(60_s)).empty());
}

TEST(SessionTracker, AWriteThroughAServerThatNoLongerOwnsTheSessionIsRefused) {
  SessionTracker tracker(2_s);
  tracker.track(kFirst, 6'000, at(0_s));
  EXPECT_EQ(tracker.check(kFirst, ServerId(1)), ErrorCode::Ok);  // the first to ask owns it
  tracker.set_owner(kFirst, ServerId(2));
  EXPECT_EQ(tracker.check(kFirst, ServerId(1)), ErrorCode::SessionMoved);
  EXPECT_EQ(tracker.check(kFirst, ServerId(2)), ErrorCode::Ok);
  EXPECT_EQ(tracker.check(kSecond, ServerId(2)), ErrorCode::SessionExpired);
}

}  // namespace
}  // namespace zk
