#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/time.h"

namespace scenarios {

// "250ms", "10s", "2m", "1h", "30us", "5ns"; parts may follow each other ("1m30s"). Nothing if it is anything
// else, negative, or beyond 292 years.
std::optional<sim::Duration> parse_duration(std::string_view text);

// The same the other way, in the fewest parts: "1m30s".
std::string print_duration(sim::Duration duration);

}  // namespace scenarios
