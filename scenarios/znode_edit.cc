#include "scenarios/znode_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>
#include <utility>

#include "scenarios/fault_text.h"
#include "sim/base/suggest.h"

namespace scenarios {
namespace {

constexpr std::array<std::pair<std::string_view, ZnodeEditKind>, 4> kEdits{{
    {"set", ZnodeEditKind::Set},
    {"create", ZnodeEditKind::Create},
    {"delete", ZnodeEditKind::Delete},
    {"delete_all", ZnodeEditKind::DeleteAll},
}};
constexpr std::string_view kExample = "An edit reads like: set /controller_epoch to 9 at 12s";

// Takes the first word away.
std::string_view take_word(std::string_view& words) {
  words.remove_prefix(std::min(words.find_first_not_of(' '), words.size()));
  const std::string_view word = words.substr(0, words.find(' '));
  words.remove_prefix(word.size());
  return word;
}

// Takes the moment away, which begins with the last word 'at' or 'on': data may hold such words,
// too.
std::optional<std::string_view> take_moment(std::string_view& words) {
  const auto begins = [&](std::string_view with) {
    const std::size_t at = words.rfind(with);
    return at == std::string_view::npos ? 0 : at + 1;
  };
  const std::size_t begin = std::max(begins(" at "), begins(" on "));
  if (begin == 0) return std::nullopt;
  const std::string_view moment = words.substr(begin);
  words = words.substr(0, begin);
  words.remove_suffix(words.size() - words.find_last_not_of(' ') - 1);
  return moment;
}

std::unexpected<sim::Problem> no_edit(const sim::Place& place, std::string what,
                                      std::string remedy) {
  return std::unexpected(
      sim::Problem{sim::Severity::Usage, place, std::move(what), std::move(remedy)});
}

// Znodes are named from the root, without empty parts, '.' and '..' (PathUtils.validatePath).
bool is_path(std::string_view path) {
  if (path.size() < 2 || !path.starts_with('/')) return false;
  return std::ranges::none_of(std::views::split(path.substr(1), '/'), [](const auto part) {
    const std::string_view name(part);
    return name.empty() || name == "." || name == "..";
  });
}

}  // namespace

std::string_view name_of(ZnodeEditKind kind) {
  return std::ranges::find(kEdits, kind, &std::pair<std::string_view, ZnodeEditKind>::second)
      ->first;
}

std::vector<std::string_view> edit_words() {
  std::vector<std::string_view> words;
  for (const auto& [word, kind] : kEdits) words.push_back(word);
  return words;
}

std::string describe(const ZnodeEdit& edit) {
  std::string text = fmt::format("{} {}", name_of(edit.kind), edit.path);
  if (edit.data)
    text += fmt::format(" {} {}", edit.kind == ZnodeEditKind::Set ? "to" : "with", *edit.data);
  return text;
}

sim::Expected<EditDirective> parse_edit(std::string_view words, const sim::Place& place) {
  EditDirective directive;
  const std::string_view kind = take_word(words);
  const auto known =
      std::ranges::find(kEdits, kind, &std::pair<std::string_view, ZnodeEditKind>::first);
  if (known == kEdits.end()) {
    const std::vector<std::string_view> kinds = edit_words();
    return no_edit(place,
                   fmt::format("there is no edit '{}'.{}", kind, sim::did_you_mean(kind, kinds)),
                   fmt::format("Edits: {}. {}", fmt::join(kinds, ", "), kExample));
  }
  directive.edit.kind = known->second;
  const std::optional<std::string_view> moment = take_moment(words);
  if (!moment) return no_edit(place, "the edit does not say when.", std::string(kExample));
  auto when = parse_when(*moment, place);
  if (!when) return std::unexpected(when.error());
  directive.when = std::move(*when);
  directive.edit.path = take_word(words);
  if (!is_path(directive.edit.path)) {
    return no_edit(place, fmt::format("'{}' is no path of a znode.", directive.edit.path),
                   "Begin it with /: /controller_epoch.");
  }
  const bool sets = directive.edit.kind == ZnodeEditKind::Set;
  const bool may_have_data = sets || directive.edit.kind == ZnodeEditKind::Create;
  const std::string_view before_data = sets ? "to" : "with";
  const std::string_view next = take_word(words);
  if (next.empty()) {
    if (sets)
      return no_edit(place, "the edit does not say what the znode shall hold.",
                     std::string(kExample));
    return directive;
  }
  if (!may_have_data || next != before_data) {
    return no_edit(
        place,
        fmt::format("'{}' stands where {} should.", next,
                    may_have_data ? fmt::format("'{}' and the data", before_data) : "the moment"),
        std::string(kExample));
  }
  words.remove_prefix(std::min(words.find_first_not_of(' '), words.size()));
  directive.edit.data = std::string(words);
  return directive;
}

}  // namespace scenarios
