#include "sim/base/time.h"

#include <fmt/format.h>

namespace sim {

std::string describe(Duration duration) {
  const std::int64_t ns = duration.nanoseconds();
  if (ns % 1'000'000'000 == 0) return fmt::format("{}s", ns / 1'000'000'000);
  if (ns % 1'000'000 == 0) return fmt::format("{}ms", ns / 1'000'000);
  if (ns % 1'000 == 0) return fmt::format("{}us", ns / 1'000);
  return fmt::format("{}ns", ns);
}

std::string describe(Instant instant) {
  if (instant == Instant::never()) return "never";
  const std::int64_t ms = instant.milliseconds();
  return fmt::format("{}{}.{:03}s", ms < 0 ? "-" : "", (ms < 0 ? -ms : ms) / 1000,
                     (ms < 0 ? -ms : ms) % 1000);
}

}  // namespace sim
