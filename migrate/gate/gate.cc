#include "migrate/gate/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "migrate/gate/rules.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

struct Named {
  Question question;
  std::string_view name;
};
constexpr std::array kNamed{
    Named{Question::Rollback, "rollback"},
    Named{Question::Finalize, "finalize"},
    Named{Question::Retry, "retry"},
    Named{Question::Next, "next"},
};

// What is read first.
int rank(const Judged& judged) {
  const bool closes = judged.effect == Effect::Closes;
  const bool found = judged.result.outcome == Outcome::Finding;
  const bool unknown = !judged.result.missing.empty();
  if (found) return closes ? 0 : 2;
  if (unknown) return closes ? 1 : 3;
  return 4;
}

void add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::ranges::find(all, one) == all.end()) all.push_back(one);
}

std::string sentence(const Gate& gate) {
  const std::size_t closing = gate.count(Effect::Closes, Outcome::Finding);
  switch (gate.answer) {
    case GateAnswer::Closed:
      return fmt::format("{} of {} rules {} against it", closing, gate.judged.size(),
                         closing == 1 ? "speaks" : "speak");
    case GateAnswer::Unknown:
      return "nothing was found against it, and not everything that could be was looked at";
    case GateAnswer::Open:
      return fmt::format("{} rules were looked at, and none speaks against it", gate.judged.size());
  }
  sim::unreachable("an answer is one of these");
}

}  // namespace

std::string_view name_of(Question question) {
  return std::ranges::find(kNamed, question, &Named::question)->name;
}

std::optional<Question> parse_question(std::string_view name) {
  const auto* const at = std::ranges::find(kNamed, name, &Named::name);
  return at == kNamed.end() ? std::nullopt : std::optional(at->question);
}

std::string_view name_of(GateAnswer answer) {
  switch (answer) {
    case GateAnswer::Open:
      return "OPEN";
    case GateAnswer::Closed:
      return "CLOSED";
    case GateAnswer::Unknown:
      return "UNKNOWN";
  }
  sim::unreachable("an answer is one of these");
}

std::size_t Gate::count(Effect effect, Outcome outcome) const {
  return static_cast<std::size_t>(std::ranges::count_if(judged, [&](const Judged& each) {
    return each.effect == effect && each.result.outcome == outcome;
  }));
}

Gate ask(Question question, const ClusterFacts& facts, const std::vector<std::string>& doubts) {
  Gate gate{.question = question, .step = step_of(question, facts.phase)};
  const RuleSet set = rules_of(question, facts.phase);
  std::optional<ClusterFacts> then;  // the same facts in another phase: made once, if at all
  for (const Rule& rule : set.rules) {
    CheckResult result = run_check(*rule.check, facts);
    if (result.outcome == Outcome::NotApplicable && set.as_of) {
      if (!then) {
        then = facts;
        then->phase = *set.as_of;
      }
      result = run_check(*rule.check, *then);
    }
    if (result.outcome == Outcome::NotApplicable) continue;
    if (rule.effect == Effect::Closes) {
      for (const std::string& missing : result.missing) add_once(gate.missing, missing);
    }
    for (const std::string& each : result.questions) add_once(gate.questions, each);
    const bool is_mild = result.outcome == Outcome::Finding && !rule.whatever_its_severity &&
                         result.severity() != CheckSeverity::Error;
    gate.judged.push_back({std::move(result), is_mild ? Effect::Advises : rule.effect});
  }
  for (const std::string& doubt : doubts) add_once(gate.missing, "doubt: " + doubt);
  std::ranges::stable_sort(gate.judged, {}, [](const Judged& each) {
    return std::tuple(rank(each), each.result.check->severity, each.result.check->id);
  });
  gate.answer = gate.count(Effect::Closes, Outcome::Finding) > 0 ? GateAnswer::Closed
                : gate.missing.empty()                           ? GateAnswer::Open
                                                                 : GateAnswer::Unknown;
  gate.because = sentence(gate);
  return gate;
}

}  // namespace migrate
