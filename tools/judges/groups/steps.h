#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "tools/judges/groups/world.h"

namespace judge {

// What a seed asks of a coordinator. A step is drawn from the seed and its own number, and then
// suits what the coordinator holds: so it means something still when steps before it are left out.
struct Name {
  std::uint64_t seed = 0;
  std::set<std::size_t> without;

  // "s17", or "s17-w3.8": of seed 17 without steps 3 and 8.
  static Name parse(const std::string& text);
  std::string describe() const;
};

using Tally = std::map<std::string, std::int64_t>;

struct Performed {
  Json sequence;  // for GroupJudge.java
  Json seen;      // by ours, a step an entry
  Tally tally;    // which request met a group in which state, and which errors were answered
};
Performed perform(const Name& name);
std::size_t step_count(std::uint64_t seed);

}  // namespace judge
