#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "migrate/gate/gate.h"

// Which checks decide which question, and the rules that only a gate asks. The latter are checks
// like others but for the registry: they have no meaning without the question.
namespace migrate {

struct Rule {
  const Check* check = nullptr;
  Effect effect = Effect::Closes;
  bool whatever_its_severity = false;  // a warning of it closes too
};

// The rules of a question in this phase. A check of the registry that does not apply in the phase
// is judged for `as_of` (finalisation asks today what must be so then).
struct RuleSet {
  std::vector<Rule> rules;
  std::optional<Phase> as_of;
};
RuleSet rules_of(Question question, Phase phase);

// The gates' own rules, for tests and for readers.
std::span<const Check> gate_rules();

// What is next, resp. what the way back, the end or another attempt begins with.
Step step_of(Question question, Phase phase);

}  // namespace migrate
