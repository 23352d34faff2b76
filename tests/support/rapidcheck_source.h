#pragma once

#include <cstdint>

#include <rapidcheck.h>

#include "sim/base/choices.h"

namespace sim {

// rapidcheck as a source of choices: usable inside a property, and what it answers shrinks towards the
// lowest answers, that is, towards fewer, simpler and earlier faults.
class RapidcheckSource {
 public:
  std::uint64_t pick(Site /*site*/, std::uint64_t /*entity*/, std::uint64_t low,
                     std::uint64_t high) {
    if (low == high) return low;
    return low + *rc::gen::inRange<std::uint64_t>(0, high - low + 1);
  }
};

}  // namespace sim
