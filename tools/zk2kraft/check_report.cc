#include "tools/zk2kraft/check_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/rule_text.h"
#include "tools/zk2kraft/xml.h"

namespace tools {
namespace {

using migrate::Check;
using migrate::CheckResult;
using migrate::CheckSeverity;
using migrate::Finding;
using migrate::Outcome;
using nlohmann::ordered_json;

constexpr std::size_t kFirst = 4;

Colour colour_of(CheckSeverity severity) {
  switch (severity) {
    case CheckSeverity::Error:
      return Colour::Red;
    case CheckSeverity::Warning:
      return Colour::Yellow;
    case CheckSeverity::Information:
      return Colour::Blue;
  }
  return Colour::None;
}

// ── For people ──────────────────────────────────────────────────────────────────────────────────

// A finding's headline is its own sentence; the rule that it breaks follows as what must be.
void print_findings(const CheckResult& result, CheckSeverity severity, CheckDetail detail) {
  const Check& check = *result.check;
  std::vector<const Finding*> findings;
  for (const Finding& finding : result.findings) {
    if (finding.severity == severity) findings.push_back(&finding);
  }
  if (findings.empty()) return;
  const std::size_t shown =
      detail == CheckDetail::All ? findings.size() : std::min(findings.size(), kFirst);
  fmt::print("\n");
  for (std::size_t i = 0; i < shown; ++i) {
    const Finding& finding = *findings[i];
    fmt::print("{} {}  {}: {}\n",
               i > 0 ? std::string(11, ' ')
                     : coloured(fmt::format("{:<11}", name_of(severity)), colour_of(severity)),
               coloured(check.id, Colour::Bold), coloured(finding.object, Colour::Bold),
               finding.what);
    for (const migrate::Evidence& each : finding.evidence)
      fmt::print("    {}: {}\n", each.where, each.shows);
  }
  if (shown < findings.size())
    fmt::print("  … and {} more (--all names them)\n", findings.size() - shown);
  if (severity == CheckSeverity::Information) {
    fmt::print("  about    {}\n", check.title);
  } else {
    fmt::print("  must be  {}\n", check.title);
  }
  print_advice(check);
}

// What only people know, one line each, as one writes it into the file of answers.
void print_questions(const CheckReport& report) {
  std::size_t count = 0;
  for (const CheckResult& result : report.results) count += result.questions.size();
  if (count == 0) return;
  fmt::print(
      "\n{}: no file tells; answer them in a file (--answers FILE: lines ID = yes|no  # "
      "reason)\n",
      coloured("questions", Colour::Yellow));
  for (const CheckResult& result : report.results) {
    for (const std::string& question : result.questions)
      fmt::print("  {} {}  {}\n", result.check->id,
                 result.check->severity == CheckSeverity::Error ? "(blocks)" : "        ",
                 question);
  }
}

// Checks that miss the same are named together.
void print_unknown(const CheckReport& report) {
  std::map<std::string, std::vector<std::string_view>> by_missing;
  for (const CheckResult& result : report.results) {
    for (const std::string& missing : result.missing)
      by_missing[missing].push_back(result.check->id);
  }
  if (by_missing.empty()) return;
  fmt::print("\n{}: these checks could not be made, or not of everything\n",
             coloured("unknown", Colour::Yellow));
  for (auto& [missing, ids] : by_missing) {
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    constexpr std::size_t kIds = 12;
    std::string text;
    for (std::size_t i = 0; i < std::min(ids.size(), kIds); ++i) text += fmt::format(" {}", ids[i]);
    fmt::print("  without {}:{}{}\n", missing, text,
               ids.size() > kIds ? fmt::format(" and {} more", ids.size() - kIds) : "");
  }
}

std::string plural(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string verdict_of(const CheckReport& report) {
  if (report.count(CheckSeverity::Error) > 0)
    return coloured("NO-GO", Colour::Red) + " - errors must be put right first";
  if (report.is_uncertain())
    return coloured("UNKNOWN", Colour::Yellow) +
           " - nothing that blocks was found, and not everything could be looked at";
  return coloured("GO", Colour::Green) +
         (report.count(CheckSeverity::Warning) > 0 ? " - look at the warnings first" : "") +
         (report.count(Outcome::Question) > 0
              ? fmt::format(" - as far as files tell: {} questions are open",
                            report.count(Outcome::Question))
              : "");
}

void print_text(const CheckReport& report, const Fleet& fleet, CheckDetail detail) {
  for (const std::string& each : fleet.described) fmt::print("read    {}\n", each);
  if (!fleet.facts.nodes.empty()) {
    std::string nodes;
    for (const auto& node : fleet.facts.nodes)
      nodes +=
          fmt::format("{}{}", nodes.empty() ? "" : ", ",
                      node.config ? fmt::format("{} ({})", node.name, name_of(node.config->shape()))
                                  : node.name);
    fmt::print("nodes   {}\n", nodes);
  }
  fmt::print("phase   {}: {}\n        because {}\n", name_of(fleet.facts.phase),
             explain(fleet.facts.phase), fleet.facts.phase_because);
  if (fleet.facts.profile != migrate::Profile::Apache)
    fmt::print("profile {}\n", name_of(fleet.facts.profile));
  for (const CheckSeverity severity :
       {CheckSeverity::Error, CheckSeverity::Warning, CheckSeverity::Information}) {
    for (const CheckResult& result : report.results) print_findings(result, severity, detail);
  }
  for (const Suppressed& each : report.suppressed)
    fmt::print("\nsuppressed  {}  {}: {}\n  until {}: {}\n", each.check->id, each.finding.object,
               each.finding.what, each.by.until, each.by.reason);
  for (const Suppression& each : report.expired)
    fmt::print("\nexpired     {} for '{}' was suppressed until {}: {}\n", each.check, each.object,
               each.until, each.reason);
  print_unknown(report);
  print_questions(report);
  for (const std::string& doubt : fleet.doubts) fmt::print("  in doubt: {}\n", doubt);
  if (detail == CheckDetail::All) {
    fmt::print("\npassed\n");
    for (const CheckResult& result : report.results) {
      if (result.outcome == Outcome::Pass)
        fmt::print("  {}  {}\n", result.check->id, result.check->title);
    }
  }
  fmt::print("\n{}: {} passed, {}, {}, {} unknown, {} to be answered, {} not applicable in {}\n",
             plural(report.results.size(), "check"), report.count(Outcome::Pass),
             plural(report.count(CheckSeverity::Error), "error"),
             plural(report.count(CheckSeverity::Warning), "warning"),
             report.count(Outcome::Unknown), report.count(Outcome::Question),
             report.count(Outcome::NotApplicable), name_of(fleet.facts.phase));
  fmt::print("verdict: {}\n", verdict_of(report));
}

// ── For programs ────────────────────────────────────────────────────────────────────────────────

std::string said(std::string_view text) {
  return std::string(text);
}

// One document, or a line for each check and for each suppressed finding after a line for the
// verdict.
void print_json(const CheckReport& report, const Fleet& fleet, OutputFormat format) {
  ordered_json json{{"read", fleet.described},
                    {"phase", said(name_of(fleet.facts.phase))},
                    {"phaseBecause", fleet.facts.phase_because},
                    {"profile", said(name_of(fleet.facts.profile))},
                    {"verdict", report.count(CheckSeverity::Error) > 0 ? "NO-GO"
                                : report.is_uncertain()                ? "UNKNOWN"
                                                                       : "GO"},
                    {"doubts", fleet.doubts}};
  ordered_json checks = ordered_json::array();
  for (const CheckResult& result : report.results) {
    ordered_json one = rule_json(result);
    one["questions"] = result.questions;
    checks.push_back(std::move(one));
  }
  ordered_json suppressed = ordered_json::array();
  for (const Suppressed& each : report.suppressed) {
    ordered_json one = finding_json(each.finding);
    one["check"] = said(each.check->id);
    one["until"] = each.by.until;
    one["reason"] = each.by.reason;
    suppressed.push_back(std::move(one));
  }
  if (format == OutputFormat::JsonLines) {
    print_json_text(json, format);
    for (const ordered_json* const list : {&checks, &suppressed}) {
      for (const ordered_json& each : *list) print_json_text(each, format);
    }
    return;
  }
  json["checks"] = std::move(checks);
  json["suppressed"] = std::move(suppressed);
  print_json_text(json, format);
}

// A test case for each check that applies. Warnings do not fail it.
void print_junit(const CheckReport& report) {
  std::size_t cases = 0;
  std::size_t failures = 0;
  std::size_t skipped = 0;
  std::string body;
  for (const CheckResult& result : report.results) {
    if (result.outcome == Outcome::NotApplicable) continue;
    ++cases;
    const bool fails = !result.findings.empty() && result.severity() == CheckSeverity::Error;
    std::string inside;
    std::string text;
    for (const Finding& finding : result.findings)
      text += fmt::format("{}: {}\n", finding.object, finding.what);
    for (const std::string& missing : result.missing) text += fmt::format("missing: {}\n", missing);
    for (const std::string& question : result.questions)
      text += fmt::format("not answered: {}\n", question);
    if (fails) {
      ++failures;
      inside = fmt::format("<failure>{}</failure>", xml(text));
    } else if (result.outcome == Outcome::Unknown || result.outcome == Outcome::Question) {
      ++skipped;
      inside = fmt::format("<skipped message=\"{}\"/>", xml(text));
    } else if (!text.empty()) {
      inside = fmt::format("<system-out>{}</system-out>", xml(text));
    }
    body += fmt::format("  <testcase classname=\"zk2kraft.check\" name=\"{} {}\">{}</testcase>\n",
                        result.check->id, xml(result.check->title), inside);
  }
  fmt::print(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"zk2kraft check\" tests=\"{}\" "
      "failures=\"{}\" "
      "skipped=\"{}\">\n{}</testsuite>\n",
      cases, failures, skipped, body);
}

}  // namespace

std::size_t CheckReport::count(CheckSeverity severity) const {
  std::size_t count = 0;
  for (const CheckResult& result : results) {
    count +=
        static_cast<std::size_t>(std::ranges::count(result.findings, severity, &Finding::severity));
  }
  return count;
}

std::size_t CheckReport::count(Outcome outcome) const {
  return static_cast<std::size_t>(std::ranges::count(results, outcome, &CheckResult::outcome));
}

bool CheckReport::is_uncertain() const {
  return std::ranges::any_of(results, [this](const CheckResult& result) {
    const bool open = !result.missing.empty() || (answered && !result.questions.empty());
    return open && result.check->severity == CheckSeverity::Error;
  });
}

bool matches(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t at = star; at <= text.size(); ++at) {
    if (matches(rest, text.substr(at))) return true;
  }
  return false;
}

CheckReport make_report(std::vector<CheckResult> results,
                        const std::vector<Suppression>& suppressions, const std::string& today) {
  CheckReport report;
  std::set<const Suppression*> expired;
  for (CheckResult& result : results) {
    std::vector<Finding> kept;
    for (Finding& finding : result.findings) {
      const Suppression* by = nullptr;
      for (const Suppression& each : suppressions) {
        if (each.check != result.check->id || !matches(each.object, finding.object)) continue;
        each.until < today ? void(expired.insert(&each)) : void(by = &each);
      }
      if (by == nullptr) {
        kept.push_back(std::move(finding));
      } else {
        report.suppressed.push_back({std::move(finding), result.check, *by});
      }
    }
    if (kept.empty() && result.outcome == Outcome::Finding)
      result.outcome = !result.missing.empty()     ? Outcome::Unknown
                       : !result.questions.empty() ? Outcome::Question
                                                   : Outcome::Pass;
    result.findings = std::move(kept);
    report.results.push_back(std::move(result));
  }
  for (const Suppression& each : suppressions) {
    if (expired.contains(&each)) report.expired.push_back(each);
  }
  return report;
}

sim::Expected<std::vector<Suppression>> read_suppressions(const std::string& path) {
  const auto wrong = [&](std::string what) {
    return sim::refused(
        sim::Severity::Usage, path, std::move(what),
        R"(Write a list: [{"check": "E03", "object": "partition test-*", "until": "2026-12-31", "reason": "…"}].)");
  };
  std::ifstream file(path);
  if (!file) return wrong("this file with suppressions cannot be read");
  const auto json = ordered_json::parse(file, nullptr, false);
  if (!json.is_array()) return wrong("this is no JSON list");
  std::vector<Suppression> suppressions;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto text = [&](const char* key) {
      return json[i].is_object() && json[i].contains(key) && json[i][key].is_string()
                 ? json[i][key].get<std::string>()
                 : std::string();
    };
    Suppression one{text("check"), text("object"), text("until"), text("reason")};
    const auto entry = [&](std::string_view what) {
      return wrong(fmt::format("entry {}: {}", i + 1, what));
    };
    if (migrate::find_check(one.check) == nullptr)
      return entry(fmt::format("there is no check '{}'", one.check));
    if (one.object.empty()) return entry("'object' is missing ('*' is any)");
    if (one.reason.empty()) return entry("'reason' is missing: say why somebody may live with it");
    const bool is_date = one.until.size() == 10 && one.until[4] == '-' && one.until[7] == '-' &&
                         one.until.find_first_not_of("0123456789-") == std::string::npos;
    if (!is_date) return entry("'until' is no date like 2026-12-31");
    suppressions.push_back(std::move(one));
  }
  return suppressions;
}

void print(const CheckReport& report, const Fleet& fleet, OutputFormat format, CheckDetail detail) {
  switch (format) {
    case OutputFormat::Text:
      return print_text(report, fleet, detail);
    case OutputFormat::Json:
    case OutputFormat::JsonLines:
      return print_json(report, fleet, format);
    case OutputFormat::Junit:
      return print_junit(report);
  }
}

void print_registry(OutputFormat format) {
  if (format == OutputFormat::Json) {
    ordered_json json = ordered_json::array();
    for (const Check& check : migrate::all_checks()) json.push_back(check_json(check));
    return print_json_text(json, format);
  }
  if (format == OutputFormat::JsonLines) {
    for (const Check& check : migrate::all_checks()) print_json_text(check_json(check), format);
    return;
  }
  for (const Check& check : migrate::all_checks())
    fmt::print("{}  {:<11}  {}  [{}]\n", check.id, name_of(check.severity), check.title,
               check.reference);
}

}  // namespace tools
