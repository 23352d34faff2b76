#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tools/judges/driver/step.h"
#include "tools/judges/driver/world.h"

namespace judge {

// The steps of a seed: drawn one by one, each with an eye on what the ones before it led to.
std::vector<Step> plan_of(std::uint64_t seed);

// What to leave out of them: whole steps by number, and what happens during a step.
struct Without {
  std::set<std::size_t> steps;
  std::set<std::size_t> interruptions;
  // "3,7,9d": steps 3 and 7, and what happens during step 9.
  static Without parse(const std::string& text);
  std::string describe() const;
};
std::vector<Step> reduced(const std::vector<Step>& plan, const Without& without);

// The sequence for the other judge, and what it should see.
struct Performed {
  Json sequence;
  std::vector<Seen> seen;
};
Performed perform(std::uint64_t seed, const std::vector<Step>& plan, const std::string& name);

}  // namespace judge
