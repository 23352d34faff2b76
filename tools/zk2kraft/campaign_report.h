#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "scenarios/campaign_store.h"

namespace tools {

// A campaign's end, for people: verdicts, what was found, invariants, coverage. `replay` is the
// command that runs one seed, without its " --seed N".
void print_summary(const scenarios::CampaignSummary& summary, const std::string& replay);
// The same for programs.
nlohmann::json summary_json(const scenarios::CampaignSummary& summary, const std::string& replay);
// One seed for programs.
nlohmann::json seed_json(const scenarios::SeedResult& result, const std::string& replay);

}  // namespace tools
