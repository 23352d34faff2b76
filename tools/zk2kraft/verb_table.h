#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/zk2kraft/verb.h"

// What the verbs' own tables say of themselves, as rows: the one source of the manual page and of
// the completions, which so know a new verb or option as soon as it parses.
namespace tools {

// What stands after an option, or in the place of a positional argument.
enum class Takes {
  Nothing,  // a flag
  Choice,   // one of `choices`
  File,     // a path
  Folder,
  Word,  // anything else
};

struct OptionRow {
  std::string long_name;      // without dashes
  std::string short_name;     // "o", or empty
  std::string value;          // "FILE", "text|json"; empty for a flag
  std::string default_value;  // as --help shows it
  std::string explanation;
  Takes takes = Takes::Nothing;
  bool optional_value = false;  // only --list=WHAT takes one, --list alone will do
  std::vector<std::string> choices;
};
// In the order of --help, which ends them.
std::vector<OptionRow> option_rows(const Verb& verb);

struct PositionalRow {
  int count = 1;  // -1: all the rest
  Takes takes = Takes::File;
  std::vector<std::string> choices;
};
std::vector<PositionalRow> positional_rows(const Verb& verb);

// "S0…S2|R1" → S0, S1, S2, R1; nothing where the value's name lists no words.
std::vector<std::string> words_of_value(std::string_view value);

// What the overview and the manual say of all verbs.
struct ExitMeaning {
  ExitCode code;
  std::string_view meaning;
};
std::span<const ExitMeaning> exit_meanings();
std::string_view about_zk2kraft();  // one line, no full stop
std::string_view about_sources();   // a paragraph

}  // namespace tools
