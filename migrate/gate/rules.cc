#include "migrate/gate/rules.h"

// Which rules decide which question.
namespace migrate {
namespace {

bool is_one_of(std::string_view id, std::string_view ids) {
  for (std::size_t at = ids.find(id); at != std::string_view::npos; at = ids.find(id, at + 1)) {
    const bool begins = at == 0 || ids[at - 1] == ' ';
    const std::size_t end = at + id.size();
    if (begins && (end == ids.size() || ids[end] == ' ')) return true;
  }
  return false;
}

// Ids and letters of groups, separated by blanks. What is named in several counts where it comes
// first: ignored, closes, advises, as it is (its severity decides).
struct Selection {
  std::string_view own;
  std::string_view as_they_are;
  std::string_view closes;
  std::string_view advises;
  std::string_view ignored;
};

// KAFKA-20488 says of each partition what G04 says of the highest, and G03 is the documents'
// rougher form of it. The stale mirror (N05, N08, N09, N10) is what one may want to go back from:
// it advises.
constexpr Selection kRollback{
    .own = "W01 W02 W03 W04 W08 W09 W11 KAFKA-20488",
    .as_they_are = "G N E01 E02 D02 H08",
    .closes = "N02 N07",
    .advises = "G03 N01 N03 N04 N05 N08 N09 N10 N19 D01",
    .ignored = "G04 N06 N11 N12 N13 N14 N15",
};
// What only the mirror suffers from does not hold up its end, but for what shows that the two
// stores are not the same today.
constexpr Selection kFinalize{
    .own = "W02 W03 W05 KAFKA-20960",
    .as_they_are = "H G13 N05 N07 N08 N09 E01 E02 C07",
    .closes = "",
    .advises = "N02 N03 N04 N10 N19 W08",
    .ignored = "H08",
};
constexpr Selection kRetry{
    .own = "W01 W06 MB-02 KAFKA-16463",
    .as_they_are = "D A03 B01 B02 B06 B08 B09 B13 N01 N06 N15",
    .closes = "D01 N01",
    .advises = "D24 N19 N20 KAFKA-20488",
    .ignored = "",
};
// Everything that may harm the next step; the phase selects.
constexpr Selection kNext{
    .own = "W01 W02 W03 W07 W10",
    .as_they_are = "A B C D E G H K N",
    .closes = "",
    .advises = "",
    .ignored = "",
};

bool is_in(std::string_view list, std::string_view id) {
  return is_one_of(id, list) || is_one_of(id.substr(0, 1), list);
}

// Not judged: what the step itself puts right.
std::string_view cured_by_next(Phase phase) {
  switch (phase) {
    case Phase::S2:
      return "B12";
    case Phase::R1:
      return "W11";
    case Phase::R2:
      return "D01 D03 N01";
    default:
      return "";
  }
}

const Selection& selection_of(Question question, Phase phase) {
  switch (question) {
    case Question::Rollback:
      return kRollback;
    case Question::Finalize:
      return kFinalize;
    case Question::Retry:
      return kRetry;
    case Question::Next:
      break;
  }
  // The next step is finalisation itself, resp. the last of the way back.
  if (phase == Phase::S6 || phase == Phase::S7) return kFinalize;
  if (phase == Phase::R1) return kRollback;
  return kNext;
}

Effect effect_of(const Selection& selection, const Check& check) {
  if (is_one_of(check.id, selection.closes)) return Effect::Closes;
  if (is_one_of(check.id, selection.advises)) return Effect::Advises;
  return check.severity == CheckSeverity::Error ? Effect::Closes : Effect::Advises;
}

// No attempt is under way; in all other phases that alone is the answer.
constexpr Phases kMayRetry{Phase::S0, Phase::S1, Phase::R2};

std::optional<Phase> judged_as_of(Question question, Phase phase) {
  if (question == Question::Retry && kMayRetry.contains(phase)) return Phase::S0;
  const bool ends = (question == Question::Finalize && phase != Phase::S8) ||
                    (question == Question::Next && phase == Phase::S6);
  return ends ? std::optional(Phase::S7) : std::nullopt;
}

}  // namespace

RuleSet rules_of(Question question, Phase phase) {
  const Selection& selection = selection_of(question, phase);
  const std::string_view cured = question == Question::Next ? cured_by_next(phase) : "";
  RuleSet set{.rules = {}, .as_of = judged_as_of(question, phase)};
  for (const Check& check : gate_rules()) {
    const bool named = is_one_of(check.id, selection.own) || is_one_of(check.id, selection.advises);
    if (named && !is_one_of(check.id, cured))
      set.rules.push_back({&check, effect_of(selection, check)});
  }
  if (question == Question::Retry && !kMayRetry.contains(phase)) return set;
  for (const Check& check : all_checks()) {
    const bool named = is_in(selection.as_they_are, check.id) ||
                       is_one_of(check.id, selection.closes) ||
                       is_one_of(check.id, selection.advises);
    if (!named || is_one_of(check.id, selection.ignored) || is_one_of(check.id, cured)) continue;
    if (check.severity == CheckSeverity::Information) continue;
    set.rules.push_back(
        {&check, effect_of(selection, check), is_one_of(check.id, selection.closes)});
  }
  return set;
}

}  // namespace migrate
