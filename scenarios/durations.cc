#include "scenarios/durations.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace scenarios {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// The longer name first where one begins with the other.
constexpr Unit kUnits[] = {{"ms", 1'000'000},    {"us", 1'000},         {"ns", 1},
                           {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
constexpr Unit kPrinted[] = {{"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000},
                             {"ms", 1'000'000},        {"us", 1'000},         {"ns", 1}};

}  // namespace

std::optional<sim::Duration> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits) {
      if (unit == nullptr && text.starts_with(candidate.name)) unit = &candidate;
    }
    if (unit == nullptr) return std::nullopt;
    text.remove_prefix(unit->name.size());
    std::int64_t part = 0;
    if (__builtin_mul_overflow(count, unit->nanoseconds, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return std::nullopt;
    }
  }
  return sim::Duration(total);
}

std::string print_duration(sim::Duration duration) {
  std::int64_t left = duration.nanoseconds();
  if (left == 0) return "0s";
  std::string text;
  for (const Unit& unit : kPrinted) {
    if (left < unit.nanoseconds) continue;
    text += fmt::format("{}{}", left / unit.nanoseconds, unit.name);
    left %= unit.nanoseconds;
  }
  return text;
}

}  // namespace scenarios
