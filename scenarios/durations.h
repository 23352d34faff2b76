#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/time.h"

namespace scenarios {

// "250ms", "10s", "2m", "1h", "30us", "5ns"; parts may follow each other ("1m30s"). Nothing if it is anything
// else, negative, or beyond 292 years.
std::optional<sim::Duration> parse_duration(std::string_view text);

// What a field of a file says, or `usual` where it says nothing. (scenarios/text has refused what is no duration.)
inline sim::Duration duration_or(std::string_view text, sim::Duration usual) {
  return text.empty() ? usual : parse_duration(text).value_or(usual);
}

// The same the other way, in the fewest parts: "1m30s".
std::string print_duration(sim::Duration duration);

}  // namespace scenarios
