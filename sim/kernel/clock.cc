#include "sim/kernel/clock.h"

#include "sim/base/check.h"
#include "sim/base/distribution.h"

namespace sim {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;

// value * factor / divisor for what may exceed 64 bits in between. Requires nothing negative.
std::int64_t scaled(std::int64_t value, std::int64_t factor, std::int64_t divisor) {
  const Wide product =
      static_cast<Wide>(static_cast<std::uint64_t>(value)) * static_cast<std::uint64_t>(factor);
  return static_cast<std::int64_t>(product / static_cast<std::uint64_t>(divisor));
}

}  // namespace

Instant Clock::local(Instant true_time) const {
  if (true_time <= true_anchor_) return local_anchor_;
  const Duration since = true_time - true_anchor_;
  if (parts_per_billion_ == 0) return local_anchor_ + since;
  return local_anchor_ +
         Duration(scaled(since.nanoseconds(), kBillion + parts_per_billion_, kBillion));
}

Instant Clock::true_time(Instant local_time) const {
  if (local_time == Instant::never()) return Instant::never();
  if (local_time <= local_anchor_) return Instant{INT64_MIN};
  const Duration since = local_time - local_anchor_;
  if (parts_per_billion_ == 0) return true_anchor_ + since;
  Instant at =
      true_anchor_ + Duration(scaled(since.nanoseconds(), kBillion, kBillion + parts_per_billion_));
  while (local(at) < local_time) at = at + Duration(1);  // the division rounded down: a step or two
  return at;
}

void Clock::jump(Instant true_now, Duration by) {
  const Instant shown = local(true_now);
  if (by >= Duration{}) {
    true_anchor_ = true_now;
    local_anchor_ = shown + by;
  } else {
    // Standing still for as long as the rate needs to make up for the jump; a clock that already stands
    // stands longer.
    const Instant stood_until = true_anchor_ > true_now ? true_anchor_ : true_now;
    true_anchor_ =
        stood_until + Duration(scaled(-by.nanoseconds(), kBillion, kBillion + parts_per_billion_));
    local_anchor_ = shown;
  }
}

void Clock::drift(Instant true_now, std::int64_t parts_per_billion) {
  check(parts_per_billion > -kBillion, "a clock runs forwards");
  if (true_now > true_anchor_) {
    local_anchor_ = local(true_now);
    true_anchor_ = true_now;
  }
  parts_per_billion_ = parts_per_billion;
}

void Clock::digest_into(Digest& digest) const {
  digest.add(static_cast<std::uint64_t>(true_anchor_.nanoseconds()));
  digest.add(static_cast<std::uint64_t>(local_anchor_.nanoseconds()));
  digest.add(static_cast<std::uint64_t>(parts_per_billion_));
}

}  // namespace sim
