#include "tools/zk2kraft/verb_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace tools {
namespace {

constexpr std::string_view kRange = "…";

// Names of values behind which a path stands.
constexpr std::array<std::string_view, 6> kFiles{"FILE",    "FILE…", "SOURCE",
                                                 "SOURCE…", "PLAN",  "SCENARIO"};
constexpr std::array<std::string_view, 2> kFolders{"DIR", "FOLDER"};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// "S8" → ("S", 8)
std::optional<std::pair<std::string_view, int>> numbered(std::string_view word) {
  const std::size_t digits = word.find_first_of("0123456789");
  if (digits == std::string_view::npos) return std::nullopt;
  int number = 0;
  const auto [end, error] =
      std::from_chars(word.data() + digits, word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return std::pair(word.substr(0, digits), number);
}

// "S0…S8" → each of them; a word that is no such range stands for itself.
void add_range(std::string_view word, std::vector<std::string>& words) {
  const std::size_t at = word.find(kRange);
  if (at != std::string_view::npos) {
    const auto first = numbered(word.substr(0, at));
    const auto last = numbered(word.substr(at + kRange.size()));
    if (first && last && first->first == last->first && first->second <= last->second) {
      for (int i = first->second; i <= last->second; ++i)
        words.push_back(std::string(first->first) + std::to_string(i));
      return;
    }
  }
  words.emplace_back(word);
}

// Program Options gives what --help shows: "FILE", "FILE (=x)", "[=WHAT(=all)]".
void read_value(std::string_view shown, OptionRow& row) {
  if (shown.starts_with("[=")) {
    row.optional_value = true;
    shown = shown.substr(2, shown.find_first_of("(]") - 2);
  }
  const std::size_t at = shown.find(" (=");
  row.value = shown.substr(0, at);
  if (at == std::string_view::npos) return;
  shown.remove_prefix(at + 3);
  row.default_value = shown.substr(0, shown.rfind(')'));
}

std::vector<std::string> choices_for(const Verb& verb, std::string_view name) {
  const auto found = std::ranges::find(verb.choices, name, &Verb::Choices::of);
  if (found == verb.choices.end()) return {};
  return {found->values.begin(), found->values.end()};
}

OptionRow row_of(const Verb& verb, const po::option_description& option) {
  OptionRow row{.long_name = option.long_name(),
                .short_name = {},
                .value = {},
                .default_value = {},
                .explanation = option.description(),
                .choices = {}};
  const std::string shown =
      option.canonical_display_name(po::command_line_style::allow_dash_for_short);
  if (shown.size() == 2 && shown[0] == '-' && shown[1] != '-') row.short_name = shown.substr(1);
  if (option.semantic()->max_tokens() == 0) return row;
  read_value(option.format_parameter(), row);
  row.choices = choices_for(verb, row.long_name);
  if (row.choices.empty()) row.choices = words_of_value(row.value);
  row.takes = !row.choices.empty()             ? Takes::Choice
              : is_one_of(row.value, kFiles)   ? Takes::File
              : is_one_of(row.value, kFolders) ? Takes::Folder
                                               : Takes::Word;
  return row;
}

}  // namespace

std::vector<OptionRow> option_rows(const Verb& verb) {
  std::vector<OptionRow> rows;
  const po::options_description options = verb.options();
  for (const auto& option : options.options()) rows.push_back(row_of(verb, *option));
  rows.push_back({.long_name = "help",
                  .short_name = "h",
                  .value = {},
                  .default_value = {},
                  .explanation = "print this and exit",
                  .choices = {}});
  return rows;
}

std::vector<PositionalRow> positional_rows(const Verb& verb) {
  std::vector<PositionalRow> rows;
  for (const Verb::Positional& positional : verb.positionals) {
    auto choices = choices_for(verb, positional.name);
    const Takes takes = choices.empty() ? Takes::File : Takes::Choice;
    rows.push_back({.count = positional.count, .takes = takes, .choices = std::move(choices)});
  }
  return rows;
}

std::vector<std::string> words_of_value(std::string_view value) {
  std::vector<std::string> words;
  if (value.find('|') == std::string_view::npos) return words;
  while (true) {
    const std::size_t bar = value.find('|');
    add_range(value.substr(0, bar), words);
    if (bar == std::string_view::npos) return words;
    value.remove_prefix(bar + 1);
  }
}

std::span<const ExitMeaning> exit_meanings() {
  static constexpr std::array kMeanings{
      ExitMeaning{ExitCode::Good, "good: equal, open, nothing found"},
      ExitMeaning{ExitCode::Finding, "a finding: an error, a difference, a gate that is closed"},
      ExitMeaning{ExitCode::Unknown, "unknown: the input is incomplete or in part unreadable"},
      ExitMeaning{ExitCode::Usage, "the command line or a scenario is wrong"},
      ExitMeaning{ExitCode::Malformed, "a file cannot be read or is damaged"},
      ExitMeaning{ExitCode::Internal, "a defect of zk2kraft"},
      ExitMeaning{ExitCode::Interrupted, "interrupted"}};
  return kMeanings;
}

std::string_view about_zk2kraft() {
  return "rehearse, verify and understand Apache Kafka's move from ZooKeeper to KRaft";
}

std::string_view about_sources() {
  return "A SOURCE is a ZooKeeper data directory, a live ensemble "
         "(host:port[,host:port][/chroot]), a\n"
         "__cluster_metadata-0 directory, a single log segment or checkpoint, or a folder of the\n"
         "files of a cluster's nodes. Nothing is ever written to a cluster, but by drive to a "
         "scratch\n"
         "ensemble.";
}

}  // namespace tools
