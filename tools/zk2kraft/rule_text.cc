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

void print_block(std::string_view head, std::string_view lines) {
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    fmt::print("{:<8}{}\n", at == 0 ? head : "", lines.substr(at, end - at));
    at = end + 1;
  }
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
  print_block("  why", check.why);
  print_block("  fix", check.fix);
  print_block("  see", check.reference);
}

nlohmann::ordered_json evidence_json(std::span<const migrate::Evidence> evidence) {
  auto json = nlohmann::ordered_json::array();
  for (const migrate::Evidence& each : evidence)
    json.push_back({{"where", each.where}, {"shows", each.shows}});
  return json;
}

nlohmann::ordered_json rule_json(const migrate::CheckResult& result) {
  const migrate::Check& check = *result.check;
  nlohmann::ordered_json json{{"id", std::string(check.id)},
                              {"title", std::string(check.title)},
                              {"outcome", std::string(name_of(result.outcome))},
                              {"findings", nlohmann::ordered_json::array()},
                              {"missing", result.missing},
                              {"why", std::string(check.why)},
                              {"fix", std::string(check.fix)},
                              {"reference", std::string(check.reference)}};
  for (const migrate::Finding& finding : result.findings)
    json["findings"].push_back({{"object", finding.object},
                                {"what", finding.what},
                                {"evidence", evidence_json(finding.evidence)}});
  return json;
}

void print_json_text(const nlohmann::ordered_json& json, OutputFormat format) {
  const int indent = format == OutputFormat::JsonLines ? -1 : 2;
  fmt::print("{}\n",
             json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace tools
