#include <array>
#include <iterator>
#include <string>
#include <vector>

#include "tools/source/log_file.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/status_report.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft status SOURCE… [--log FILE…]`: where does the cluster stand, is it stuck, what is next?
namespace tools {
namespace {

po::options_description status_options() {
  po::options_description options("Options");
  options.add_options()(
      "log", po::value<std::vector<std::string>>()->multitoken()->composing()->value_name("FILE…"),
      "logs of controllers and brokers, plain or .gz, of one time zone")(
      "all", "name every transition and every kind of line");
  add_output_option(options, "text|json|jsonl|junit");
  add_source_options(options);
  return options;
}

sim::Expected<void> read_sources(const po::variables_map& arguments, SeenStatus& seen) {
  auto fleet = open_asked_fleet(arguments, "zk2kraft status FLEET");
  if (!fleet) return std::unexpected(std::move(fleet).error());
  seen.fleet = *std::move(fleet);
  seen.status = migrate::status_of(seen.fleet->facts);
  seen.next = migrate::ask(migrate::Question::Next, seen.fleet->facts, seen.fleet->doubts);
  return {};
}

sim::Expected<void> read_logs(const po::variables_map& arguments, SeenStatus& seen) {
  std::vector<migrate::LogEvent> events;
  for (const std::string& file : arguments["log"].as<std::vector<std::string>>()) {
    auto read = read_log_file(file);
    if (!read) return std::unexpected(std::move(read).error());
    events.insert(events.end(), std::make_move_iterator(read->begin()),
                  std::make_move_iterator(read->end()));
  }
  seen.story = migrate::tell(std::move(events));
  return {};
}

ExitCode run_status(const po::variables_map& arguments) {
  constexpr std::array kFormats{OutputFormat::Text, OutputFormat::Json, OutputFormat::JsonLines,
                                OutputFormat::Junit};
  const auto format = output_format(arguments, kFormats);
  if (!format) return report(format.error());
  const bool has_sources = arguments.count("source") != 0;
  const bool has_logs = arguments.count("log") != 0;
  if (!has_sources && !has_logs)
    return report(usage("status needs a SOURCE or --log",
                        "Write: zk2kraft status FLEET --log controller.log."));
  SeenStatus seen;
  if (has_sources) {
    if (auto read = read_sources(arguments, seen); !read) return report(read.error());
  }
  if (has_logs) {
    if (auto read = read_logs(arguments, seen); !read) return report(read.error());
  }
  print_status(seen, *format, arguments.count("all") != 0 ? StatusDetail::All : StatusDetail::Last);
  const ExitCode code = exit_code_of(overall(seen));
  return seen.fleet ? worse(code, report_problems(*seen.fleet)) : code;
}

}  // namespace

Verb status_verb() {
  return {
      .name = "status",
      .summary = "where does the cluster stand, is it stuck, and what is safe to do next",
      .synopsis = "[SOURCE…] [--log FILE…] [--output text|json|jsonl|junit]",
      .explanation =
          "Tells from copies of a cluster's files, from the logs of its controllers and brokers, "
          "or "
          "from both, in which\n"
          "phase it is and in which state the migration driver, why that is thought, whether it is "
          "stuck, on which known\n"
          "hazard (MB-… of the reference, KAFKA-…), and what to do.\n\n"
          "Of a log it knows every line that the driver writes at INFO or above: those that stand "
          "in sound migrations,\n"
          "those that say it waits, and those after which nothing goes on. Bad lines that later "
          "ones made history are\n"
          "named as over. Files may be pieces of rotated logs, of several nodes, in any order.\n\n"
          "Exit code 0: healthy; 1: stuck, or a trap is set; 2: unknown; 3: no such file; 4: a "
          "file is damaged.",
      .examples = {{"zk2kraft status scenarios/sample/p3-hybrid",
                    "the bundled cluster in hybrid mode"},
                   {"zk2kraft status --log scenarios/sample/logs/controller-3000.log.gz",
                    "what its controller logged"},
                   {"zk2kraft status fleet --log controller-*.log server.log --output json",
                    "both, for a program"}},
      .options = &status_options,
      .positionals = {{"source", -1}},
      .run = &run_status};
}

}  // namespace tools
