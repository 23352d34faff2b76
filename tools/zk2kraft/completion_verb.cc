#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/suggest.h"
#include "tools/zk2kraft/verb.h"
#include "tools/zk2kraft/verb_table.h"

// `zk2kraft completion bash`: what a shell needs to complete verbs, options, their values and
// files, made of what the verbs say of themselves. The script asks nobody while a person types.
namespace tools {
namespace {

po::options_description completion_options() {
  return po::options_description("Options");
}

constexpr std::array<std::string_view, 1> kShells{"bash"};

// What completes a value, as the script below names it: words, or a kind of path.
std::string completed_by(Takes takes, const std::vector<std::string>& choices) {
  switch (takes) {
    case Takes::Choice:
      return fmt::format("words '{}'", fmt::join(choices, " "));
    case Takes::File:
      return "paths -f";
    case Takes::Folder:
      return "paths -d";
    case Takes::Nothing:
    case Takes::Word:
      break;
  }
  return "nothing";
}

// What may stand before a value: "--out", "-o", and "=--out" for --out=, which bash splits.
std::vector<std::string> before_value(const OptionRow& option) {
  std::vector<std::string> names{"=--" + option.long_name};
  if (option.optional_value) return names;
  names.push_back("--" + option.long_name);
  if (!option.short_name.empty()) names.push_back("-" + option.short_name);
  return names;
}

void print_verb_case(const Verb& verb) {
  std::string names;
  std::string valued;
  std::string values;
  for (const OptionRow& option : option_rows(verb)) {
    names += fmt::format("{}--{}", names.empty() ? "" : " ", option.long_name);
    if (option.takes == Takes::Nothing) continue;
    const auto before = before_value(option);
    valued += fmt::format("{}{}", valued.empty() ? "" : " ", fmt::join(before, " "));
    values += fmt::format("        {}) _zk2kraft_{}; return ;;\n", fmt::join(before, "|"),
                          completed_by(option.takes, option.choices));
  }
  fmt::print("    {})\n      options='{}'\n", verb.name, names);
  if (!values.empty()) fmt::print("      case $before in\n{}      esac\n", values);
  fmt::print("      _zk2kraft_position '{}'\n      case $position in\n", valued);
  int first = 0;
  for (const PositionalRow& positional : positional_rows(verb)) {
    const std::string how = completed_by(positional.takes, positional.choices);
    if (positional.count < 0) {
      fmt::print("        *) argument=({}) ;;\n", how);
      break;
    }
    for (int i = 0; i < positional.count; ++i)
      fmt::print("        {}) argument=({}) ;;\n", first + i, how);
    first += positional.count;
  }
  fmt::print("      esac ;;\n");
}

constexpr std::string_view kHelpers = R"(
# Candidates for the word at the cursor.
_zk2kraft_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word"); }
_zk2kraft_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$word")
}
_zk2kraft_nothing() { COMPREPLY=(); }

# How many arguments stand before the cursor that are neither options nor values of those in $1.
_zk2kraft_position() {
  local i
  position=0
  for ((i = 2; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -* || ${COMP_WORDS[i]} == = || ${COMP_WORDS[i - 1]} == = ]] && continue
    [[ " $1 " == *" ${COMP_WORDS[i - 1]} "* ]] && continue
    position=$((position + 1))
  done
}
)";

void print_bash() {
  std::vector<std::string_view> names;
  for (const Verb& verb : verbs()) names.push_back(verb.name);
  const std::string all = fmt::format("{}", fmt::join(names, " "));
  fmt::print("# Completion of zk2kraft {} for bash; 'zk2kraft completion bash' prints it.\n",
             ZK2KRAFT_VERSION);
  fmt::print("{}\n", kHelpers);
  fmt::print(
      "_zk2kraft() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}\n"
      "  local options='' position=0\n"
      "  local -a argument=(nothing)\n"
      "  COMPREPLY=()\n"
      "  # bash takes --output=json for three words.\n"
      "  if [[ $word == = ]]; then\n"
      "    word='' before==$before\n"
      "  elif [[ $before == = ]]; then\n"
      "    before==${{COMP_WORDS[COMP_CWORD - 2]}}\n"
      "  fi\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    _zk2kraft_words '{} help --help --version'\n"
      "    return\n"
      "  fi\n"
      "  case ${{COMP_WORDS[1]}} in\n"
      "    help) _zk2kraft_words '{}'; return ;;\n",
      all, all);
  for (const Verb& verb : verbs()) print_verb_case(verb);
  fmt::print(
      "    *) return ;;\n"
      "  esac\n"
      "  if [[ $word == -* ]]; then\n"
      "    _zk2kraft_words \"$options\"\n"
      "  else\n"
      "    \"_zk2kraft_${{argument[0]}}\" \"${{argument[1]}}\"\n"
      "  fi\n"
      "}}\n"
      "complete -F _zk2kraft zk2kraft\n");
}

ExitCode print_completion(const po::variables_map& arguments) {
  const auto wrong = [](std::string what) {
    return report({.severity = sim::Severity::Usage,
                   .place = {},
                   .what = std::move(what),
                   .remedy = "Write: zk2kraft completion bash."});
  };
  if (arguments.count("shell") == 0) return wrong("completion needs the name of a shell");
  const std::string shell = arguments["shell"].as<std::vector<std::string>>().front();
  if (shell != kShells.front()) {
    return wrong(fmt::format("there is no completion for the shell '{}'.{}", shell,
                             sim::did_you_mean(shell, kShells)));
  }
  print_bash();
  return ExitCode::Good;
}

}  // namespace

Verb completion_verb() {
  return {
      .name = "completion",
      .summary = "print what makes a shell complete verbs, options, values and files",
      .synopsis = "bash",
      .explanation = "Prints a script for the shell, made of the options that this version takes.",
      .examples =
          {{"source <(zk2kraft completion bash)", "in this shell, now"},
           {"zk2kraft completion bash > ~/.local/share/bash-completion/completions/zk2kraft",
            "in every shell of yours"},
           {"zk2kraft completion bash | sudo tee /etc/bash_completion.d/zk2kraft > /dev/null",
            "in everybody's"}},
      .options = &completion_options,
      .positionals = {{"shell", 1}},
      .choices = {{"shell", {kShells.begin(), kShells.end()}}},
      .run = &print_completion};
}

}  // namespace tools
