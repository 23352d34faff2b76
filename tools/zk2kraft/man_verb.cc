#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/zk2kraft/verb.h"
#include "tools/zk2kraft/verb_table.h"

// `zk2kraft man`: the manual page, made of what the verbs say of themselves. Roff with the macros
// of man(7), in ASCII.
namespace tools {
namespace {

po::options_description man_options() {
  return po::options_description("Options");
}

// The code point that begins at text[at], of which it is told how many bytes there are.
std::uint32_t code_point(std::string_view text, std::size_t at, std::size_t length) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(text[at + i]) & 0xFFU; };
  std::uint32_t value = byte(0) & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = (value << 6U) | (byte(i) & 0x3FU);
  return value;
}

// The text as roff prints it and nothing else: what is a hyphen is a minus that can be copied, and
// nothing is a request or an escape.
std::string roff(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out = "\\&";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0xC0) {
      const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
      out += fmt::format("\\[u{:04X}]", code_point(text, i, length));
      i += length - 1;
      continue;
    }
    switch (text[i]) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += text[i];
    }
  }
  return out;
}

std::string bold(std::string_view text) {
  return fmt::format("\\fB{}\\fR", roff(text));
}
std::string italic(std::string_view text) {
  return fmt::format("\\fI{}\\fR", roff(text));
}

// Paragraphs as in --help: an empty line parts them, and lines that are set in stay lines.
void print_prose(std::string_view text) {
  bool verbatim = false;
  const auto set_in = [&](bool wanted) {
    if (wanted != verbatim) fmt::print("{}", wanted ? ".RS 2\n.nf\n" : ".fi\n.RE\n");
    verbatim = wanted;
  };
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) {
      set_in(false);
      fmt::print(".PP\n");
      continue;
    }
    set_in(line.starts_with("  "));
    fmt::print("{}\n", roff(verbatim ? line.substr(line.find_first_not_of(' ')) : line));
  }
  set_in(false);
}

void print_option(const OptionRow& option) {
  std::string tag;
  if (!option.short_name.empty()) tag = bold("-" + option.short_name) + ", ";
  tag += bold("--" + option.long_name);
  if (option.takes != Takes::Nothing)
    tag += option.optional_value ? fmt::format("[={}]", italic(option.value))
                                 : fmt::format(" {}", italic(option.value));
  fmt::print(".TP\n{}\n{}", tag, roff(option.explanation));
  if (!option.default_value.empty()) fmt::print(" (default: {})", roff(option.default_value));
  fmt::print("\n");
}

void print_verb(const Verb& verb) {
  fmt::print(".SS {}\n", roff(verb.name));
  fmt::print("{} {} {}\n.PP\n", bold("zk2kraft"), bold(verb.name), roff(verb.synopsis));
  print_prose(verb.explanation);
  fmt::print(".PP\nOptions:\n");
  for (const OptionRow& option : option_rows(verb)) print_option(option);
  fmt::print(".PP\nExamples:\n");
  for (const Example& example : verb.examples) {
    fmt::print(".PP\n.RS 4\n.nf\n{}\n.fi\n.RE\n.RS 8\n{}\n.RE\n", bold(example.command),
               roff(example.meaning));
  }
}

ExitCode print_manual(const po::variables_map&) {
  fmt::print(".TH ZK2KRAFT 1 \"\" \"zk2kraft {}\" \"User Commands\"\n", ZK2KRAFT_VERSION);
  fmt::print(".SH NAME\nzk2kraft \\- {}\n", roff(about_zk2kraft()));
  fmt::print(".SH SYNOPSIS\n{} {} [{}]\n.br\n{} {} {}\n", bold("zk2kraft"), italic("VERB"),
             italic("arguments"), bold("zk2kraft"), italic("VERB"), bold("--help"));
  fmt::print(".SH DESCRIPTION\n");
  print_prose(about_sources());
  for (const Verb& verb : verbs()) fmt::print(".TP\n{}\n{}\n", bold(verb.name), roff(verb.summary));
  fmt::print(".SH VERBS\n");
  for (const Verb& verb : verbs()) print_verb(verb);
  fmt::print(".SH EXIT STATUS\nWhere several apply: 130, 5, 3, 4, 1, 2, 0.\n");
  for (const ExitMeaning& each : exit_meanings())
    fmt::print(".TP\n{}\n{}\n", bold(std::to_string(static_cast<int>(each.code))),
               roff(each.meaning));
  fmt::print(
      ".SH ENVIRONMENT\n.TP\n{}\nWhere it is set and not empty, nothing is coloured; nor is it "
      "where standard output is no terminal.\n.TP\n{}\nWith the value {} nothing is coloured.\n",
      bold("NO_COLOR"), bold("TERM"), bold("dumb"));
  return ExitCode::Good;
}

}  // namespace

Verb man_verb() {
  return {.name = "man",
          .summary = "print the manual page of zk2kraft",
          .synopsis = "",
          .explanation = "Prints all that --help says of every verb as one page for man(1).",
          .examples = {{"zk2kraft man | man -l -", "read it"},
                       {"zk2kraft man | sudo tee /usr/local/share/man/man1/zk2kraft.1 > /dev/null",
                        "install it, for 'man zk2kraft'"},
                       {"zk2kraft man | groff -Tpdf -man > zk2kraft.pdf", "print it"}},
          .options = &man_options,
          .positionals = {},
          .run = &print_manual};
}

}  // namespace tools
