#include "tools/zk2kraft/verb.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <ranges>
#include <sstream>

#include "sim/base/suggest.h"
#include "tools/zk2kraft/verb_table.h"

namespace tools {
namespace {

constexpr std::string_view kProgram = "zk2kraft";

void print_overview(std::FILE* to) {
  fmt::print(to, "zk2kraft {} - {}\n\nUsage: zk2kraft VERB [arguments]\n\nVerbs:\n",
             ZK2KRAFT_VERSION, about_zk2kraft());
  for (const Verb& verb : verbs()) fmt::print(to, "  {:<12} {}\n", verb.name, verb.summary);
  fmt::print(to, "\n'zk2kraft VERB --help' explains a verb, with examples.\n\n{}\n\nExit codes:\n",
             about_sources());
  for (const ExitMeaning& each : exit_meanings())
    fmt::print(to, "  {:>3}  {}\n", static_cast<int>(each.code), each.meaning);
}

void print_help(const Verb& verb) {
  fmt::print("Usage: zk2kraft {} {}\n\n{}\n\n", verb.name, verb.synopsis, verb.explanation);
  std::ostringstream options;
  po::options_description visible = verb.options();
  visible.add_options()("help,h", "print this and exit");
  options << visible;
  fmt::print("{}\nExamples:\n", options.str());
  for (const Example& example : verb.examples) {
    fmt::print("  {}\n      {}\n", example.command, example.meaning);
  }
}

ExitCode usage_error(std::string_view verb, std::string_view what) {
  fmt::print(stderr, "zk2kraft{}{}: {}\nTry 'zk2kraft {}{}--help'.\n", verb.empty() ? "" : " ",
             verb, what, verb, verb.empty() ? "" : " ");
  return ExitCode::Usage;
}

std::vector<std::string> option_names(const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

ExitCode run_verb(const Verb& verb, std::span<const std::string> words) {
  if (std::ranges::any_of(words, [](const std::string& w) { return w == "--help" || w == "-h"; })) {
    print_help(verb);
    return ExitCode::Good;
  }
  po::options_description all = verb.options();
  po::options_description hidden;
  po::positional_options_description positions;
  const std::vector<std::string> known = option_names(all);
  for (const Verb::Positional& positional : verb.positionals) {
    hidden.add_options()(positional.name, po::value<std::vector<std::string>>()->composing());
    positions.add(positional.name, positional.count);
  }
  all.add(hidden);
  po::variables_map arguments;
  try {
    // No guessing of abbreviated options: a script must not change its meaning when an option is
    // added.
    const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(std::vector<std::string>(words.begin(), words.end()))
                  .options(all)
                  .positional(positions)
                  .style(style)
                  .run(),
              arguments);
    po::notify(arguments);
  } catch (const po::unknown_option& unknown) {
    std::vector<std::string_view> candidates(known.begin(), known.end());
    return usage_error(verb.name,
                       fmt::format("there is no option '{}'.{}", unknown.get_option_name(),
                                   sim::did_you_mean(unknown.get_option_name(), candidates)));
  } catch (const po::too_many_positional_options_error&) {
    return usage_error(verb.name, "there are more arguments than the verb takes.");
  } catch (const po::error& wrong) {
    return usage_error(verb.name, fmt::format("{}.", wrong.what()));
  }
  return verb.run(arguments);
}

}  // namespace

ExitCode run_command_line(std::span<const std::string> words) {
  if (words.empty()) {
    print_overview(stderr);
    return ExitCode::Usage;
  }
  const std::string& first = words.front();
  if (first == "--help" || first == "-h" || first == "help") {
    if (first == "help" && words.size() > 1) {
      const std::vector<std::string> turned{words[1], "--help"};
      return run_command_line(turned);
    }
    print_overview(stdout);
    return ExitCode::Good;
  }
  if (first == "--version") {
    fmt::print("{} {}\n", kProgram, ZK2KRAFT_VERSION);
    return ExitCode::Good;
  }
  const auto verb = std::ranges::find(verbs(), std::string_view(first), &Verb::name);
  if (verb != verbs().end()) return run_verb(*verb, words.subspan(1));
  std::vector<std::string_view> names;
  for (const Verb& known : verbs()) names.push_back(known.name);
  return usage_error(
      "", fmt::format("there is no verb '{}'.{}", first, sim::did_you_mean(first, names)));
}

void add_output_option(po::options_description& options, const char* allowed) {
  options.add_options()("output",
                        po::value<std::string>()->default_value("text")->value_name(allowed),
                        "form of the result");
}

sim::Expected<OutputFormat> output_format(const po::variables_map& arguments,
                                          std::span<const OutputFormat> allowed) {
  constexpr std::pair<std::string_view, OutputFormat> kFormats[] = {
      {"text", OutputFormat::Text},
      {"json", OutputFormat::Json},
      {"jsonl", OutputFormat::JsonLines},
      {"junit", OutputFormat::Junit}};
  const auto& word = arguments["output"].as<std::string>();
  std::string names;
  for (const auto& [name, format] : kFormats) {
    if (std::ranges::find(allowed, format) == allowed.end()) continue;
    if (name == word) return format;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  }
  return std::unexpected(usage(fmt::format("--output {} is not a form this verb can write.", word),
                               fmt::format("It writes {}.", names)));
}

sim::Problem usage(std::string what, std::string remedy) {
  return {sim::Severity::Usage, {}, std::move(what), std::move(remedy)};
}

ExitCode report(const sim::Problem& problem) {
  fmt::print(stderr, "zk2kraft: {}\n", sim::describe(problem));
  return exit_code_of(problem.severity);
}

}  // namespace tools
