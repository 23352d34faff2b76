#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/check/check.h"

// May one go back, go on to the end, try again, or take the next step, now? A gate is a set of
// checks, those of the registry and rules of its own (rules.h), and what each may do to the answer.
//
//   ClusterFacts ─► the checks that matter to the question, in this phase
//                     finding of one that closes ──► Closed
//                     unknown, of one that closes ─► Unknown   (never Open)
//                     all pass ────────────────────► Open, with what to do then
//
// Reference: migration.md §1.3 to §1.5, §7; product list G, H and N; KAFKA-20488, KAFKA-20960.
namespace migrate {

enum class Question : std::uint8_t {
  Rollback,  // may one go back to ZooKeeper from here?
  Finalize,  // may one give up the way back?
  Retry,     // may one start another attempt?
  Next,      // may one take the next step of the plan?
};
std::string_view name_of(Question question);  // "rollback"
std::optional<Question> parse_question(std::string_view name);

enum class GateAnswer : std::uint8_t {
  Open,
  Closed,
  Unknown
};
std::string_view name_of(GateAnswer answer);  // "OPEN"

enum class Effect : std::uint8_t {
  Closes,   // a finding closes the gate, and not knowing leaves it unknown
  Advises,  // a finding is worth reading first
};

struct Judged {
  CheckResult result;  // never NotApplicable
  Effect effect = Effect::Closes;
};

// What to do when the gate is open, for a cluster in this phase. The commands are the plan's: those of a
// phase, or of the way back from it.
struct Step {
  enum class Road : std::uint8_t {
    None,  // there is nothing to do
    Forward,
    Back
  };
  std::string_view title;  // "restart the brokers in KRaft mode, one by one"
  Road road = Road::None;
  Phase phase = Phase::S0;  // whose steps are taken, or from which the way back begins
  std::string_view proof;   // what shows that it is done
  std::string_view after;   // what only people know: soak, sign-off; may be empty
};

struct Gate {
  Question question = Question::Next;
  GateAnswer answer = GateAnswer::Unknown;
  std::string because;               // a sentence
  Step step;                         // what is asked about: the next one, the way back, …
  std::vector<Judged> judged;        // in the order of importance: closing findings first
  std::vector<std::string> missing;  // without it the answer may be wrong; each once
  // What no file tells and nobody has answered: an open gate is open as far as files tell.
  std::vector<std::string> questions;

  // How many of the checks that may close it did so.
  std::size_t count(Effect effect, Outcome outcome) const;
};

// For the phase in the facts. `doubts` are sentences about what was read and may not be so: with
// one of them a gate that would be open is Unknown.
Gate ask(Question question, const ClusterFacts& facts, const std::vector<std::string>& doubts = {});

}  // namespace migrate
