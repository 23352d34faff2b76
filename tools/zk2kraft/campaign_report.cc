#include "tools/zk2kraft/campaign_report.h"

#include <fmt/format.h>

#include "tools/zk2kraft/console.h"

namespace tools {
namespace {

using scenarios::CampaignSummary;

Colour colour_of(std::string_view verdict) {
  if (verdict == scenarios::name_of(scenarios::Verdict::Good)) return Colour::Green;
  return verdict == scenarios::name_of(scenarios::Verdict::Finding) ? Colour::Red : Colour::Yellow;
}

std::string command(const std::string& replay, std::uint64_t seed) {
  return fmt::format("{} --seed {}", replay, seed);
}

// Zero is nothing to look at.
std::string count(std::uint64_t number) {
  return number == 0 ? "-" : fmt::format("{}", number);
}

}  // namespace

void print_summary(const CampaignSummary& summary, const std::string& replay) {
  fmt::print("verdicts     (seeds)\n");
  for (const auto& [name, seeds] : summary.verdicts) {
    fmt::print("  {:<42} {:>12}\n", coloured(fmt::format("{:<42}", name), colour_of(name)), seeds);
  }
  fmt::print("  {:<42} {:>12}\n", "all", summary.seeds);
  if (!summary.findings.empty()) fmt::print("found        (what came first in a seed; seeds)\n");
  for (const CampaignSummary::Finding& finding : summary.findings) {
    fmt::print("  {:<42} {:>12}\n      {}\n      {}\n", finding.home, finding.seeds, finding.what,
               command(replay, finding.first_seed));
  }
  fmt::print("invariants   {:>42} {:>12} {:>12}\n", "times checked", "violated in", "expected in");
  for (const auto& [name, invariant] : summary.invariants) {
    fmt::print("  {:<40} {:>12} {:>12} {:>12}\n", name, count(invariant.checked),
               count(invariant.violated), count(invariant.known));
  }
  if (!summary.losses.empty()) fmt::print("losses       (expected ones; seeds that had some)\n");
  for (const auto& [name, seeds] : summary.losses) fmt::print("  {:<42} {:>12}\n", name, seeds);
  fmt::print("coverage     (seeds in which each was met)\n{}", describe(summary.coverage));
  fmt::print("events       {}\n", summary.events);
}

nlohmann::json summary_json(const CampaignSummary& summary, const std::string& replay) {
  nlohmann::json findings = nlohmann::json::array();
  for (const CampaignSummary::Finding& finding : summary.findings) {
    findings.push_back({{"home", finding.home},
                        {"seeds", finding.seeds},
                        {"firstSeed", finding.first_seed},
                        {"what", finding.what},
                        {"replay", command(replay, finding.first_seed)}});
  }
  nlohmann::json invariants = nlohmann::json::object();
  for (const auto& [name, invariant] : summary.invariants) {
    invariants[name] = {{"checked", invariant.checked},
                        {"violated", invariant.violated},
                        {"known", invariant.known}};
  }
  return {{"seeds", summary.seeds},
          {"events", summary.events},
          {"verdicts", summary.verdicts},
          {"findings", std::move(findings)},
          {"invariants", std::move(invariants)},
          {"losses", summary.losses},
          {"coverage", summary.coverage}};
}

nlohmann::json seed_json(const scenarios::SeedResult& result, const std::string& replay) {
  nlohmann::json json = nlohmann::json::parse(scenarios::to_line(result));
  json["replay"] = command(replay, result.seed);
  return json;
}

}  // namespace tools
