#include "tools/zk2kraft/rule_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "tools/zk2kraft/console.h"

namespace tools {
namespace {

constexpr std::size_t kFirstFindings = 4;
constexpr std::size_t kFirstEvidence = 6;

}  // namespace

void print_block(std::string_view head, std::string_view lines, std::size_t width) {
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    fmt::print("{:<{}}{}\n", at == 0 ? head : "", width, lines.substr(at, end - at));
    at = end + 1;
  }
}

void print_advice(const migrate::Check& check) {
  constexpr std::size_t kWidth = 11;
  print_block("  why", check.why, kWidth);
  print_block("  fix", check.fix, kWidth);
  print_block("  see",
              fmt::format("{}{}", check.reference,
                          check.scenario.empty()
                              ? ""
                              : fmt::format("; zk2kraft run {} --from SOURCE", check.scenario)),
              kWidth);
}

void print_rule(const migrate::CheckResult& result, std::string_view head, CheckDetail detail) {
  const migrate::Check& check = *result.check;
  fmt::print("\n{} {}  {}\n", head, coloured(check.id, Colour::Bold), check.title);
  const bool all = detail == CheckDetail::All;
  const std::size_t shown =
      all ? result.findings.size() : std::min(result.findings.size(), kFirstFindings);
  for (std::size_t i = 0; i < shown; ++i) {
    const migrate::Finding& finding = result.findings[i];
    fmt::print("  {}: {}\n", coloured(finding.object, Colour::Bold), finding.what);
    const std::size_t rows =
        all ? finding.evidence.size() : std::min(finding.evidence.size(), kFirstEvidence);
    for (std::size_t row = 0; row < rows; ++row)
      fmt::print("    {}: {}\n", finding.evidence[row].where, finding.evidence[row].shows);
  }
  if (shown < result.findings.size())
    fmt::print("  … and {} more (--all names them)\n", result.findings.size() - shown);
  print_advice(check);
}

nlohmann::ordered_json evidence_json(std::span<const migrate::Evidence> evidence) {
  auto json = nlohmann::ordered_json::array();
  for (const migrate::Evidence& each : evidence)
    json.push_back({{"where", each.where}, {"shows", each.shows}});
  return json;
}

nlohmann::ordered_json check_json(const migrate::Check& check) {
  return {{"id", check.id},
          {"severity", name_of(check.severity)},
          {"object", check.object},
          {"title", check.title},
          {"why", check.why},
          {"fix", check.fix},
          {"reference", check.reference},
          {"scenario", check.scenario.empty() ? nlohmann::ordered_json()
                                              : nlohmann::ordered_json(check.scenario)}};
}

nlohmann::ordered_json finding_json(const migrate::Finding& finding) {
  return {{"severity", name_of(finding.severity)},
          {"object", finding.object},
          {"what", finding.what},
          {"evidence", evidence_json(finding.evidence)}};
}

nlohmann::ordered_json rule_json(const migrate::CheckResult& result) {
  nlohmann::ordered_json json = check_json(*result.check);
  json["severity"] = name_of(result.severity());
  json["outcome"] = name_of(result.outcome);
  json["findings"] = nlohmann::ordered_json::array();
  for (const migrate::Finding& finding : result.findings)
    json["findings"].push_back(finding_json(finding));
  json["missing"] = result.missing;
  return json;
}

void print_json_text(const nlohmann::ordered_json& json, OutputFormat format) {
  const int indent = format == OutputFormat::JsonLines ? -1 : 2;
  fmt::print("{}\n",
             json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace tools
