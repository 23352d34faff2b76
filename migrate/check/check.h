#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/check/facts.h"

// A check is a row of data and one pure predicate. It passes, it finds something, it does not know
// because something is missing, or it asks a person what no file can tell; not knowing and not
// being answered are never a pass.
//
//   Check{id, severity, phases, needs, title, why, fix, reference, …, judge}
//             │                                                      │
//   ClusterFacts ──► run_checks ──► CheckResult{Pass | Finding | Unknown | Question | …}
namespace migrate {

enum class CheckSeverity : std::uint8_t {
  Error,        // blocks: going on does harm, or cannot succeed
  Warning,      // look at it before going on
  Information,  // worth knowing
};
std::string_view name_of(CheckSeverity severity);  // "error"

// What a check cannot do without; where it is missing, the check is Unknown and says so.
enum Needs : std::uint8_t {
  kNothing = 0,
  kZooKeeper = 1,     // ZooKeeper's files
  kMetadata = 2,      // a metadata log
  kBrokers = 4,       // server.properties of every broker
  kControllers = 8,   // server.properties of every controller
  kDirectories = 16,  // meta.properties of every node
  kSoftware = 32,     // the version of every node's software
};

// Where one can see it oneself.
struct Evidence {
  std::string
      where;  // "broker-1/server.properties:12", "/migration", "offset 4711 of controller-3000"
  std::string shows;  // what stands there
  bool operator==(const Evidence&) const = default;
};

struct Finding {
  std::string object;  // "broker 1", "topic orders"
  std::string what;    // a sentence
  std::vector<Evidence> evidence;
  CheckSeverity severity = CheckSeverity::Error;  // its check's, if nothing else is said
};

struct Check;

// What a predicate says of the facts.
class Verdicts {
 public:
  explicit Verdicts(const Check& check) : check_(check) {}
  // Of the check's severity.
  void find(std::string object, std::string what, std::vector<Evidence> evidence) {
    add(check_severity(), std::move(object), std::move(what), std::move(evidence));
  }
  // The same rule broken in a way, or in a phase, in which it weighs more or less.
  void block(std::string object, std::string what, std::vector<Evidence> evidence) {
    add(CheckSeverity::Error, std::move(object), std::move(what), std::move(evidence));
  }
  void warn(std::string object, std::string what, std::vector<Evidence> evidence) {
    add(CheckSeverity::Warning, std::move(object), std::move(what), std::move(evidence));
  }
  void note(std::string object, std::string what, std::vector<Evidence> evidence) {
    add(CheckSeverity::Information, std::move(object), std::move(what), std::move(evidence));
  }
  void unknown(std::string what_is_missing) { missing.push_back(std::move(what_is_missing)); }
  // What a person must say, because no file does; worded so that yes is good.
  void ask(std::string question) { questions.push_back(std::move(question)); }
  const Check& check() const { return check_; }  // whose predicate this is

  std::vector<Finding> findings;
  std::vector<std::string> missing;
  std::vector<std::string> questions;

 private:
  CheckSeverity check_severity() const;
  void add(CheckSeverity severity, std::string object, std::string what,
           std::vector<Evidence> evidence) {
    findings.push_back({std::move(object), std::move(what), std::move(evidence), severity});
  }

  const Check& check_;
};

struct Check {
  std::string_view id;  // stable for ever: "N01"
  CheckSeverity severity =
      CheckSeverity::Error;  // of findings, if nothing else is said, and of not knowing
  Phases phases;
  int needs = kNothing;     // of Needs, added up
  std::string_view object;  // what its findings are about: "broker", "topic"
  std::string_view title;   // what must be so; of an Information, what it is about
  std::string_view why;     // what happens otherwise
  std::string_view fix;     // with commands, one a line; where they stand, $ZK, $BOOTSTRAP are hers
  std::string_view reference;
  std::string_view scenario;  // that shows the consequence; empty: none yet
  void (*judge)(const ClusterFacts& facts, Verdicts& verdicts) = nullptr;
};

// Every check, ordered by id.
std::span<const Check> all_checks();
const Check* find_check(std::string_view id);

enum class Outcome : std::uint8_t {
  Pass,
  Finding,
  Unknown,
  Question,  // nobody has answered yet
  NotApplicable,
};
std::string_view name_of(Outcome outcome);

struct CheckResult {
  const Check* check = nullptr;
  Outcome outcome = Outcome::Pass;
  std::vector<Finding> findings;
  std::vector<std::string> missing;    // also beside findings
  std::vector<std::string> questions;  // that nobody has answered

  // The worst of its findings; without any, what the check could have found.
  CheckSeverity severity() const;
};

// Each check once, ordered by id, for the phase in the facts.
std::vector<CheckResult> run_checks(const ClusterFacts& facts);
CheckResult run_check(const Check& check, const ClusterFacts& facts);

}  // namespace migrate
