#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tools/judges/driver/plan.h"

namespace judge {

// The first thing that both sides did not see alike, or nothing. `observed`: a line of the other
// judge.
std::optional<std::string> disagreement(const Performed& ours, const nlohmann::json& observed);

// How often Kafka's drivers took which road, as their traces tell.
using Tally = std::map<std::string, std::int64_t>;
void count(const nlohmann::json& observed, Tally& tally);
// The roads of migration.md §2.3 and §2.5 with their counts, those never taken among them.
std::string table(const Tally& tally);

}  // namespace judge
