#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/zk2kraft/check_answers.h"
#include "tools/zk2kraft/check_report.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft check SOURCE…`: may this cluster go on, and if not, why not and what to do.
namespace tools {
namespace {

using migrate::CheckSeverity;

po::options_description check_options() {
  po::options_description options("Options");
  options.add_options()("phase", po::value<std::string>()->value_name("S0…S8|R1|R2"),
                        "judge for this phase of the plan (default: the one that the files show)")(
      "only", po::value<std::string>()->value_name("IDS"), "make these checks alone: N01,D07")(
      "fail-on", po::value<std::string>()->value_name("error|warn")->default_value("error"),
      "what makes the exit code 1")(
      "profile",
      po::value<std::string>()->value_name("apache|confluent|cfk|cp-ansible|strimzi|msk"),
      "who runs the nodes (default: what their files show)")(
      "answers", po::value<std::string>()->value_name("FILE"),
      "what no file tells: lines ID = yes|no  # reason")(
      "suppress", po::value<std::string>()->value_name("FILE"),
      "findings to live with: JSON list of {check, object, until, reason}")(
      "today", po::value<std::string>()->value_name("DATE"),
      "the day on which suppressions are judged (default: today)")(
      "all", "name every finding, and the checks that passed")(
      "list", "print the checks, and look at nothing");
  add_output_option(options, "text|json|jsonl|junit");
  add_source_options(options);
  return options;
}

std::string today_of(const po::variables_map& arguments) {
  if (arguments.count("today") != 0) return arguments["today"].as<std::string>();
  const std::chrono::year_month_day day(
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

// The checks to make; a Problem that names an id which is none.
sim::Expected<std::vector<const migrate::Check*>> chosen(const po::variables_map& arguments) {
  std::vector<const migrate::Check*> checks;
  if (arguments.count("only") == 0) {
    for (const migrate::Check& check : migrate::all_checks()) checks.push_back(&check);
    return checks;
  }
  const std::string ids = arguments["only"].as<std::string>();
  for (std::size_t at = 0; at <= ids.size();) {
    const std::size_t comma = std::min(ids.find(',', at), ids.size());
    const std::string id = ids.substr(at, comma - at);
    const migrate::Check* check = migrate::find_check(id);
    if (check == nullptr)
      return sim::refused(sim::Severity::Usage, "--only", fmt::format("there is no check '{}'", id),
                          "zk2kraft check --list names them.");
    checks.push_back(check);
    at = comma + 1;
  }
  return checks;
}

ExitCode check_exit_code(const CheckReport& result, const Fleet& fleet, bool fail_on_warnings) {
  ExitCode code = ExitCode::Good;
  if (result.is_uncertain() || !fleet.doubts.empty()) code = worse(code, ExitCode::Unknown);
  if (result.count(CheckSeverity::Error) > 0 ||
      (fail_on_warnings && result.count(CheckSeverity::Warning) > 0))
    code = worse(code, ExitCode::Finding);
  return worse(code, report_problems(fleet));
}

ExitCode run_check(const po::variables_map& arguments) {
  constexpr std::array kFormats{OutputFormat::Text, OutputFormat::Json, OutputFormat::JsonLines,
                                OutputFormat::Junit};
  const auto format = output_format(arguments, kFormats);
  if (!format) return report(format.error());
  if (arguments.count("list") != 0) {
    print_registry(*format);
    return ExitCode::Good;
  }
  const std::string fail_on = arguments["fail-on"].as<std::string>();
  if (fail_on != "error" && fail_on != "warn")
    return report(usage(fmt::format("--fail-on {} is neither error nor warn", fail_on),
                        "Write --fail-on warn."));
  std::optional<migrate::Profile> profile;
  if (arguments.count("profile") != 0) {
    profile = migrate::parse_profile(arguments["profile"].as<std::string>());
    if (!profile)
      return report(
          usage(fmt::format("there is no profile '{}'", arguments["profile"].as<std::string>()),
                "The profiles are apache, confluent, cfk, cp-ansible, strimzi and msk."));
  }
  const auto checks = chosen(arguments);
  if (!checks) return report(checks.error());
  std::vector<Suppression> suppressions;
  if (arguments.count("suppress") != 0) {
    auto read = read_suppressions(arguments["suppress"].as<std::string>());
    if (!read) return report(read.error());
    suppressions = *std::move(read);
  }
  std::map<std::string, migrate::Answer, std::less<>> answers;
  if (arguments.count("answers") != 0) {
    auto read = read_answers(arguments["answers"].as<std::string>());
    if (!read) return report(read.error());
    answers = *std::move(read);
  }
  auto fleet = open_fleet_for_phase(arguments, "zk2kraft check FLEET");
  if (!fleet) return report(fleet.error());
  fleet->facts.profile = profile.value_or(migrate::guess_profile(fleet->facts));
  fleet->facts.answers = std::move(answers);
  migrate::apply_dynamic_configs(fleet->facts);
  std::vector<migrate::CheckResult> results;
  for (const migrate::Check* check : *checks)
    results.push_back(migrate::run_check(*check, fleet->facts));
  CheckReport result = make_report(std::move(results), suppressions, today_of(arguments));
  result.answered = arguments.count("answers") != 0;
  print(result, *fleet, *format,
        arguments.count("all") != 0 ? CheckDetail::All : CheckDetail::First);
  return check_exit_code(result, *fleet, fail_on == "warn");
}

}  // namespace

Verb check_verb() {
  return {
      .name = "check",
      .summary = "may the migration go on from here, and if not, why and what to do",
      .synopsis =
          "SOURCE… [--phase S0…] [--only IDS] [--suppress FILE] [--fail-on error|warn] [--output "
          "text|json|jsonl|junit]",
      .explanation =
          "Judges copies of a cluster's files for the phase in which they are: ZooKeeper's "
          "content, metadata logs,\n"
          "server.properties with the values that are in force, and each against the others. A "
          "SOURCE is a folder\n"
          "with a folder or files for each node (tools/source/README.md), a store, or a "
          "server.properties; several\n"
          "are taken for one cluster. What is missing is unknown, never a pass. Nothing is written "
          "anywhere.\n\n"
          "Some checks ask what no file tells. Answers stand in a file, a line each:\n"
          "    A05 = yes  # upgraded to 3.9.1 in May, nothing else is planned\n"
          "With --answers, a question that could block and has no answer is unknown.\n\n"
          "Each finding has a stable id, what it was seen on, why it matters, and what to do.\n\n"
          "Exit code 0: no error; 1: an error was found (with --fail-on warn: or a warning); 2: no "
          "error, and not\n"
          "everything that could block could be looked at; 3: no such file; 4: a file is damaged.",
      .examples = {{"zk2kraft check scenarios/sample/p0-zookeeper",
                    "the bundled cluster, before its migration"},
                   {"zk2kraft check zk1:2181/kafka broker-1/server.properties --fail-on warn",
                    "a live ensemble and one broker's file"},
                   {"zk2kraft check fleet --answers answers.txt --profile strimzi",
                    "with what people know"},
                   {"zk2kraft check fleet --suppress known.json --output junit > check.xml",
                    "in a pipeline, with what is known left out until a date"}},
      .options = &check_options,
      .positionals = {{"source", -1}},
      .run = &run_check};
}

}  // namespace tools
