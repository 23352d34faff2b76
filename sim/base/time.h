#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace sim {

// A span of time in whole nanoseconds; may be negative.
class Duration {
 public:
  constexpr Duration() = default;
  explicit constexpr Duration(std::int64_t nanoseconds) : nanoseconds_(nanoseconds) {}
  constexpr std::int64_t nanoseconds() const { return nanoseconds_; }
  // Rounds towards zero.
  constexpr std::int64_t milliseconds() const { return nanoseconds_ / 1'000'000; }
  friend constexpr auto operator<=>(const Duration&, const Duration&) = default;
  friend constexpr Duration operator+(Duration a, Duration b) {
    return Duration(a.nanoseconds_ + b.nanoseconds_);
  }
  friend constexpr Duration operator-(Duration a, Duration b) {
    return Duration(a.nanoseconds_ - b.nanoseconds_);
  }
  friend constexpr Duration operator*(Duration a, std::int64_t factor) {
    return Duration(a.nanoseconds_ * factor);
  }
  friend constexpr Duration operator/(Duration a, std::int64_t divisor) {
    return Duration(a.nanoseconds_ / divisor);
  }

 private:
  std::int64_t nanoseconds_ = 0;
};

// A point in time, in nanoseconds since the start of the world. Cores see their own node's clock,
// which may be skewed and drift; the kernel alone knows true time.
class Instant {
 public:
  constexpr Instant() = default;
  explicit constexpr Instant(std::int64_t nanoseconds) : nanoseconds_(nanoseconds) {}
  constexpr std::int64_t nanoseconds() const { return nanoseconds_; }
  constexpr std::int64_t milliseconds() const { return nanoseconds_ / 1'000'000; }
  static constexpr Instant never() { return Instant(INT64_MAX); }
  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
  // `never` stays never whatever is added; a sum past the end of time is never, too.
  friend constexpr Instant operator+(Instant at, Duration after) {
    if (at.nanoseconds_ > 0 && after.nanoseconds() > INT64_MAX - at.nanoseconds_) return never();
    return Instant(at.nanoseconds_ + after.nanoseconds());
  }
  friend constexpr Instant operator-(Instant at, Duration before) {
    return Instant(at.nanoseconds_ - before.nanoseconds());
  }
  friend constexpr Duration operator-(Instant later, Instant earlier) {
    return Duration(later.nanoseconds_ - earlier.nanoseconds_);
  }

 private:
  std::int64_t nanoseconds_ = 0;
};

namespace literals {
constexpr Duration operator""_ns(unsigned long long n) {
  return Duration(static_cast<std::int64_t>(n));
}
constexpr Duration operator""_us(unsigned long long n) {
  return Duration(static_cast<std::int64_t>(n) * 1'000);
}
constexpr Duration operator""_ms(unsigned long long n) {
  return Duration(static_cast<std::int64_t>(n) * 1'000'000);
}
constexpr Duration operator""_s(unsigned long long n) {
  return Duration(static_cast<std::int64_t>(n) * 1'000'000'000);
}
}  // namespace literals

// "1.250s", "340ms", "12us": the shortest exact form, for people.
std::string describe(Duration duration);
// Seconds with milliseconds, "12.345s".
std::string describe(Instant instant);

}  // namespace sim
