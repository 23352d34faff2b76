#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "scenarios/durations.h"
#include "scenarios/live/drive.h"
#include "scenarios/notices.h"
#include "scenarios/text.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/drive_report.h"
#include "tools/zk2kraft/interruptible.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft drive`: the migration driver on a running scratch ensemble. The one verb that writes to ZooKeeper.
namespace tools {
namespace {

using scenarios::live::DriveOptions;
using scenarios::live::DriveOutcome;
using scenarios::live::Hook;
using scenarios::live::Until;

po::options_description drive_options() {
  po::options_description options("Options");
  auto add = options.add_options();
  add("zk", po::value<std::string>()->value_name("HOST:PORT[,…][/CHROOT]"),
      "the scratch ensemble, and the chroot of the cluster in it");
  add("until",
      po::value<std::string>()->default_value("dual-write")->value_name("claim|copy|dual-write"),
      "how far the driver goes");
  add("change", po::value<std::vector<std::string>>()->composing()->value_name("CHANGE"),
      "in dual write, a change to be mirrored, as a scenario says it: 'create_topic { name: "
      "\"orders\" partitions: 3 "
      "}'; may be repeated");
  add("roll-back", po::bool_switch(),
      "then go back: controllers stopped, /controller and /migration deleted, brokers in ZooKeeper "
      "mode");
  add("disks", po::value<std::string>()->value_name("DIR"),
      "keep the controllers' disks in DIR/controller-N, as files that a real controller boots "
      "from; a run that finds "
      "them goes on with them");
  add("inject", po::value<std::vector<std::string>>()->composing()->value_name("FAULT"),
      "a fault of a controller or broker: 'crash controller:active on migrate.CopyBatch 2 for 2s'; "
      "may be repeated");
  add("do", po::value<std::vector<std::string>>()->composing()->value_name("COMMAND"),
      "run a shell command when a notice comes: 'kill -9 4711 on migrate.CopyBatch 1'; the world "
      "stands still until it "
      "has ended; may be repeated");
  add("secret", po::value<std::string>()->value_name("FILE"),
      "file whose first line is password.encoder.secret");
  add("auth", po::value<std::string>()->value_name("digest:USER:PASSWORD"),
      "credentials for znodes that not everyone may read and write; digest:@FILE takes "
      "USER:PASSWORD from the first "
      "line of FILE");
  add("wait", po::value<std::string>()->default_value("60s")->value_name("DURATION"),
      "how long sessions of former brokers may take to end");
  add("time-limit", po::value<std::string>()->default_value("5m")->value_name("DURATION"),
      "give up after this long");
  add("seed", po::value<std::uint64_t>()->default_value(1)->value_name("N"),
      "seed of the simulated quorum's own choices");
  add_output_option(options, "text|json");
  add("quiet,q", "the result alone, not the story");
  return options;
}

sim::Expected<sim::Duration> duration_of(const po::variables_map& arguments, const char* name) {
  const auto& text = arguments[name].as<std::string>();
  const auto duration = scenarios::parse_duration(text);
  if (duration) return *duration;
  return std::unexpected(
      usage(fmt::format("--{} {} is no duration.", name, text), "Write 90s, or 5m."));
}

// "COMMAND on NOTICE …", split at the last "on".
sim::Expected<Hook> hook_of(const std::string& words) {
  const sim::Place place{.source = "--do"};
  const std::size_t at = words.rfind(" on ");
  if (at == std::string::npos || at == 0) {
    return std::unexpected(usage(fmt::format("--do '{}' does not say when.", words),
                                 "Write: 'COMMAND on migrate.CopyBatch 1'."));
  }
  const auto when = scenarios::parse_when(words.substr(at + 1), place);
  if (!when) return std::unexpected(when.error());
  const auto& moment = std::get<sim::On>(*when);
  if (const auto known = scenarios::check_notice(moment.notice, place); !known)
    return std::unexpected(known.error());
  return Hook{moment, [command = words.substr(0, at)] {
                const int code = std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe)
                if (code != 0)
                  fmt::print(stderr, "zk2kraft drive: '{}' ended with {}\n", command, code);
              }};
}

// The scenario of the command line, and the changes given beside it.
sim::Expected<zk2kraft::Scenario> scenario_of(const po::variables_map& arguments,
                                              sim::Place& place) {
  zk2kraft::Scenario scenario;
  if (arguments.count("scenario") != 0) {
    place.source = arguments["scenario"].as<std::vector<std::string>>().front();
    auto read = scenarios::read_scenario(place.source);
    if (!read) return read;
    scenario = *std::move(read);
  }
  if (arguments.count("change") == 0) return scenario;
  for (const std::string& words : arguments["change"].as<std::vector<std::string>>()) {
    const auto change =
        scenarios::parse_scenario("why: \"-\" workload { change { " + words + " } }", "--change");
    if (!change) return change;
    scenario.MergeFrom(*change);
  }
  return scenario;
}

sim::Expected<DriveOptions> asked(const po::variables_map& arguments) {
  DriveOptions options;
  if (arguments.count("zk") == 0) {
    return std::unexpected(
        usage("no ensemble is named.", "Write --zk HOST:PORT[,HOST:PORT…][/CHROOT]."));
  }
  options.zookeeper.hosts = arguments["zk"].as<std::string>();
  const auto source = source_options(arguments);
  if (!source) return std::unexpected(source.error());
  options.zookeeper.digest_auth = source->digest_auth;
  options.password_secret = source->password_secret;
  const auto& until = arguments["until"].as<std::string>();
  const auto parsed = scenarios::live::parse_until(until);
  if (!parsed)
    return std::unexpected(usage(fmt::format("--until {} is no place to stop at.", until),
                                 "Write claim, copy or dual-write."));
  options.until = *parsed;
  options.roll_back = arguments["roll-back"].as<bool>();
  options.seed = arguments["seed"].as<std::uint64_t>();
  if (arguments.count("disks") != 0) options.disks = arguments["disks"].as<std::string>();
  options.place.source = "the command line";
  auto scenario = scenario_of(arguments, options.place);
  if (!scenario) return std::unexpected(scenario.error());
  options.scenario = *std::move(scenario);
  if (arguments.count("inject") != 0) {
    for (const std::string& words : arguments["inject"].as<std::vector<std::string>>()) {
      auto directive = scenarios::parse_fault(words, {.source = "--inject"});
      if (!directive) return std::unexpected(directive.error());
      options.more_faults.push_back(std::move(*directive));
    }
  }
  if (arguments.count("do") != 0) {
    for (const std::string& words : arguments["do"].as<std::vector<std::string>>()) {
      auto hook = hook_of(words);
      if (!hook) return std::unexpected(hook.error());
      options.hooks.push_back(std::move(*hook));
    }
  }
  const auto limit = duration_of(arguments, "time-limit");
  if (!limit) return std::unexpected(limit.error());
  options.time_limit = *limit;
  const auto wait = duration_of(arguments, "wait");
  if (!wait) return std::unexpected(wait.error());
  options.patience = std::chrono::seconds(wait->milliseconds() / 1000);
  return options;
}

ExitCode exit_code_of(const DriveOutcome& outcome) {
  if (outcome.interrupted) return ExitCode::Interrupted;
  if (!outcome.reached || outcome.changes_refused()) return ExitCode::Finding;
  if (!outcome.not_compared.empty()) return ExitCode::Unknown;
  if (!outcome.differences) return ExitCode::Good;
  switch (outcome.differences->verdict) {
    case migrate::Verdict::Equal:
      return ExitCode::Good;
    case migrate::Verdict::Different:
      return ExitCode::Finding;
    case migrate::Verdict::Unknown:
    case migrate::Verdict::Behind:
      return ExitCode::Unknown;
  }
  return ExitCode::Internal;
}

ExitCode run_drive(const po::variables_map& arguments) {
  const auto format = output_format(arguments, std::vector{OutputFormat::Text, OutputFormat::Json});
  if (!format) return report(format.error());
  auto options = asked(arguments);
  if (!options) return report(options.error());
  if (arguments.count("quiet") == 0) {
    options->on_line = [](const scenarios::TimelineLine& line) {
      fmt::print(stderr, "{:>10}  {}: {}\n", sim::describe(line.at), line.who, line.what);
    };
  }
  const Interruptible until_done;
  options->interrupted = &Interruptible::interrupted;
  const auto outcome = scenarios::live::drive(*options);
  if (!outcome) return report(outcome.error());
  print_drive(*outcome, *options, *format);
  return exit_code_of(*outcome);
}

}  // namespace

Verb drive_verb() {
  return {
      .name = "drive",
      .summary = "let the migration driver work on a live scratch ensemble: it WRITES to it",
      .synopsis =
          "[SCENARIO] --zk HOST:PORT[,…][/CHROOT] [--until claim|copy|dual-write] [--change "
          "CHANGE] [--roll-back] "
          "[--disks DIR]",
      .explanation =
          "The same driver that runs in the simulator claims, copies, mirrors and goes back on a "
          "real ZooKeeper\n"
          "ensemble. Controllers and brokers are simulated, in real time; each has a real session. "
          "What a connection\n"
          "lost, a session expired or a leader killed does to a migration, this shows, with your "
          "servers.\n\n"
          "It overwrites the cluster that is kept there, so the ensemble must say that it may be "
          "written to: a znode\n"
          "/zk2kraft-scratch below the chroot, which holds may-be-overwritten. Without it, or "
          "where brokers live on\n"
          "the ensemble, nothing is done (exit 3). To make it:\n\n"
          "  zkCli.sh -server HOST:PORT[/CHROOT] create /zk2kraft-scratch may-be-overwritten\n\n"
          "Steps: the cluster is read and sessions of its former brokers are waited for; "
          "controllers and brokers\n"
          "start; the driver claims, copies and mirrors, as far as --until says; in dual write the "
          "changes are made\n"
          "one after the other; with --roll-back all goes back to ZooKeeper mode. At the end of a "
          "run in dual write\n"
          "both stores are compared. Of a SCENARIO only cluster, faults and changes count.\n\n"
          "The story goes to stderr. An interrupted run (130) ends as controllers do that are "
          "killed: with --disks\n"
          "another one goes on as their next life, claims again and copies again if it must. A "
          "real Kafka 3.9.1\n"
          "controller boots from DIR/controller-N: with log.dirs=DIR/controller-N, its node.id, "
          "one voter a folder.",
      .examples =
          {{"zk2kraft drive --zk 127.0.0.1:2181 --disks /tmp/quorum",
            "claim, copy and mirror; then boot a real controller from /tmp/quorum/controller-3000"},
           {"zk2kraft drive --zk 127.0.0.1:2181/kafka --change 'create_topic { name: \"orders\" "
            "partitions: 3 }' "
            "--roll-back",
            "one change in dual write, then back to ZooKeeper mode"},
           {"zk2kraft drive scenarios/mirror.txtpb --zk zk1:2181,zk2:2181,zk3:2181 --disks "
            "/tmp/quorum --do 'ssh zk1 "
            "systemctl kill -s KILL zookeeper on migrate.CopyBatch 1'",
            "kill a server of the ensemble in mid-copy"}},
      .options = &drive_options,
      .positionals = {{"scenario", 1}},
      .run = &run_drive};
}

}  // namespace tools
