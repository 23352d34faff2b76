#pragma once

#include <boost/program_options.hpp>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/problem.h"
#include "tools/zk2kraft/exit_code.h"

// A verb of the command line: what it is called, how it is explained, what it accepts, what it
// does. Each verb is one value in one file; main knows nothing but the list.
namespace tools {

namespace po = boost::program_options;

struct Example {
  std::string_view command;
  std::string_view meaning;
};

struct Verb {
  std::string_view name;
  std::string_view summary;      // one line, no full stop
  std::string_view synopsis;     // "SOURCE… [--chroot PATH]"
  std::string_view explanation;  // paragraphs for --help
  std::vector<Example> examples;
  po::options_description (*options)();  // visible options, without --help
  // Names the positional arguments are stored under, at most `count` each (-1: all the rest).
  struct Positional {
    const char* name;
    int count;
  };
  std::vector<Positional> positionals;
  // The words that an option, or a positional argument, takes, where the name of its value does not
  // list them ("text|json"). Nothing is refused because of it: that is the verb's business.
  struct Choices {
    std::string_view of;
    std::vector<std::string_view> values;
  };
  std::vector<Choices> choices = {};
  ExitCode (*run)(const po::variables_map& arguments);
};

// Every verb, in the order of the help text.
std::span<const Verb> verbs();

// Parses and runs; the whole command line but for the program's name. Prints errors to stderr.
ExitCode run_command_line(std::span<const std::string> words);

// The options that every reading verb shares: --output, --quiet.
enum class OutputFormat {
  Text,
  Json,
  JsonLines,
  Junit
};
// Adds `--output` with the forms allowed ("text|json").
void add_output_option(po::options_description& options, const char* allowed);
// The format asked for; a Usage problem if it is not one of those allowed.
sim::Expected<OutputFormat> output_format(const po::variables_map& arguments,
                                          std::span<const OutputFormat> allowed);

// A command line that is wrong: what is, and what to write instead (a sentence; may be empty).
sim::Problem usage(std::string what, std::string remedy);

// Prints a problem to stderr as "zk2kraft: …" and returns its exit code.
ExitCode report(const sim::Problem& problem);

}  // namespace tools
