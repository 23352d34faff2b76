#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/check/check.h"
#include "tools/source/fleet.h"
#include "tools/zk2kraft/verb.h"

// What `check` found, and how it is shown.
namespace tools {

// "Somebody looked at this finding and lives with it, until then."
struct Suppression {
  std::string check;   // its id
  std::string object;  // of the finding, with '*' for any letters
  std::string until;   // "2026-12-31", the last day on which it counts
  std::string reason;
};
// A JSON list of {check, object, until, reason}. Usage where it is none, with the entry that is
// wrong.
sim::Expected<std::vector<Suppression>> read_suppressions(const std::string& file);

struct Suppressed {
  migrate::Finding finding;
  const migrate::Check* check = nullptr;
  Suppression by;
};

struct CheckReport {
  std::vector<migrate::CheckResult> results;  // findings that are suppressed are not in here
  std::vector<Suppressed> suppressed;
  std::vector<Suppression> expired;  // they fit a finding, and their time is over

  std::size_t count(migrate::CheckSeverity severity) const;  // of findings
  std::size_t count(migrate::Outcome outcome) const;         // of checks
  // Whether a check that could block is unknown; where a person was asked (`answered`), also
  // whether a question that could block has no answer.
  bool is_uncertain() const;
  bool answered = false;  // answers were given
};
// `today` as "2026-11-23".
CheckReport make_report(std::vector<migrate::CheckResult> results,
                        const std::vector<Suppression>& suppressions, const std::string& today);

// Whether the pattern, with '*' for any letters, is the whole text.
bool matches(std::string_view pattern, std::string_view text);

enum class CheckDetail : std::uint8_t {
  First,  // of each check a few findings; no check that passed
  All,
};
void print(const CheckReport& report, const Fleet& fleet, OutputFormat format, CheckDetail detail);

// The registry, for people or as JSON.
void print_registry(OutputFormat format);

}  // namespace tools
