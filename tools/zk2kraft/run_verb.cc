#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scenarios/runner.h"
#include "scenarios/text.h"
#include "scenarios/trace.h"
#include "scenarios/vocabulary.h"
#include "sim/base/check.h"
#include "tools/source/source.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/run_disks.h"
#include "tools/zk2kraft/run_report.h"
#include "tools/zk2kraft/run_support.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft run`: one simulated run, told as it happens, and its verdict.
namespace tools {
namespace {

po::options_description run_options() {
  po::options_description options("Options");
  add_cluster_options(options);
  auto add = options.add_options();
  add("seed", po::value<std::uint64_t>()->value_name("N"),
      "seed of all choices; default: the scenario's, else 1");
  add("inject", po::value<std::vector<std::string>>()->composing()->value_name("FAULT"),
      "add a fault: 'crash zk:leader on migrate.CopyBatch 2 for 5s'; may be repeated");
  add("disks", po::value<std::string>()->value_name("DIR"),
      "leave what the simulated servers had on their disks as real files; DIR must be new or "
      "empty");
  add("trace", po::value<std::string>()->value_name("FILE"),
      "write every occurrence with its cause into FILE; 'zk2kraft dump FILE' reads it");
  add("report", po::value<std::string>()->value_name("FILE"),
      "write the run as one plain HTML file");
  add("list", po::value<std::string>()->implicit_value("all")->value_name("WHAT"),
      "list what can be named (notices, roles, faults, defects, phases) and exit");
  add_output_option(options, "text|json");
  add("quiet,q", "print the verdict alone, not the story");
  return options;
}

// Three columns for people: ensemble, brokers, quorum; the operator's and the faults' lines go
// across.
class StoryPrinter {
 public:
  void print(const scenarios::TimelineLine& line) {
    if (!std::exchange(headed_, true)) {
      fmt::print("{:>10}  {:<44}  {:<44}  {}\n", "time", "ensemble", "brokers", "quorum");
    }
    const std::string at = sim::describe(line.at);
    const std::string text = fmt::format("{}: {}", line.who, line.what);
    switch (line.column) {
      case scenarios::Column::Ensemble:
        fmt::print("{:>10}  {}\n", at, text);
        return;
      case scenarios::Column::Brokers:
        fmt::print("{:>10}  {:<44}  {}\n", at, "", text);
        return;
      case scenarios::Column::Quorum:
        fmt::print("{:>10}  {:<44}  {:<44}  {}\n", at, "", "", text);
        return;
      case scenarios::Column::Operator:
        fmt::print("{:>10}  {}\n", at,
                   coloured(fmt::format("-- {} --", text),
                            line.who == "fault" ? Colour::Red : Colour::Blue));
        return;
    }
  }

 private:
  bool headed_ = false;
};

ExitCode list_vocabulary(const std::string& what) {
  for (const scenarios::VocabularyList& list : scenarios::vocabulary()) {
    if (what != "all" && what != list.name) continue;
    fmt::print("{}: {}\n", list.name, list.explanation);
    for (const auto& [word, meaning] : list.words) fmt::print("  {:<36} {}\n", word, meaning);
  }
  return ExitCode::Good;
}

// Null if no trace is asked for.
sim::Expected<std::unique_ptr<scenarios::TraceWriter>> open_trace(
    const po::variables_map& arguments, const PreparedRun& prepared,
    const scenarios::RunOptions& options) {
  if (arguments.count("trace") == 0) return nullptr;
  scenarios::TraceAbout about{.program = "zk2kraft " ZK2KRAFT_VERSION,
                              .digest_format = scenarios::kDigestFormat,
                              .seed = scenarios::seed_of(prepared.scenario, options),
                              .scenario = scenarios::print_scenario(prepared.scenario),
                              .source = prepared.initial.described};
  for (const scenarios::FaultDirective& fault : prepared.injected) {
    about.faults.push_back(scenarios::print_fault(fault));
  }
  return scenarios::TraceWriter::create(arguments["trace"].as<std::string>(), about);
}

ExitCode run_run(const po::variables_map& arguments) {
  if (arguments.count("list") != 0) return list_vocabulary(arguments["list"].as<std::string>());
  const auto format = output_format(arguments, std::vector{OutputFormat::Text, OutputFormat::Json});
  if (!format) return report(format.error());
  const auto prepared = prepare_run(arguments);
  if (!prepared) return report(prepared.error());
  scenarios::RunOptions options;
  if (arguments.count("seed") != 0) options.seed = arguments["seed"].as<std::uint64_t>();
  options.more_faults = prepared->injected;
  options.more_faults_from = {.source = "--inject"};
  const bool text = *format == OutputFormat::Text;
  StoryPrinter story;
  std::vector<scenarios::TimelineLine> lines;
  options.on_line = [&](const scenarios::TimelineLine& line) {
    lines.push_back(line);
    if (text && arguments.count("quiet") == 0) story.print(line);
  };
  if (arguments.count("disks") != 0) {
    if (auto ready = disks_directory_ready(arguments["disks"].as<std::string>()); !ready)
      return report(ready.error());
  }
  ExitCode code = ExitCode::Good;
  options.at_end = [&](const sim::World& world, const scenarios::Cluster& cluster) {
    if (arguments.count("disks") == 0) return;
    if (auto written = write_disks(world, cluster, arguments["disks"].as<std::string>());
        !written) {
      code = worse(code, report(written.error()));
    }
  };
  const auto trace = open_trace(arguments, *prepared, options);
  if (!trace) return report(trace.error());
  if (*trace) options.observers.push_back(trace->get());
  const auto begun = std::chrono::steady_clock::now();
  const auto outcome =
      scenarios::run_scenario(prepared->scenario, prepared->initial, options, prepared->place);
  if (!outcome) return report(outcome.error());
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  if (*trace) {
    const auto closed =
        (*trace)->finish({.verdict = std::string(scenarios::name_of(outcome->verdict)),
                          .digest = outcome->digest,
                          .ended_at = outcome->ended_at,
                          .events = outcome->events});
    if (!closed) code = worse(code, report(closed.error()));
  }
  const std::string replay = replay_command(arguments, outcome->seed);
  if (text) {
    print_outcome(*outcome, replay, prepared->injected, seconds);
  } else {
    fmt::print("{}\n", outcome_json(*outcome, replay).dump(2));
  }
  if (arguments.count("report") != 0) {
    if (auto written = write_report(arguments["report"].as<std::string>(), prepared->scenario,
                                    *outcome, lines, replay);
        !written) {
      code = worse(code, report(written.error()));
    }
  }
  return worse(code, exit_code_of(outcome->verdict));
}

}  // namespace

Verb run_verb() {
  return {
      .name = "run",
      .summary = "simulate one migration: story, verdict, disks",
      .synopsis =
          "SCENARIO [--from SOURCE [--at claim]] [--seed N] [--inject FAULT] [--disks DIR] "
          "[--report FILE] [--trace FILE]",
      .explanation =
          "Runs a scenario in the simulator: ZooKeeper ensemble, brokers and metadata quorum side "
          "by side, an\n"
          "operator who migrates, clients, and the faults that the scenario plans. Prints what "
          "happens in three\n"
          "columns, and at the end the verdict: invariants, elections, records and offsets kept, "
          "phases, seed and\n"
          "digest. The same seed gives the same run on every machine.\n\n"
          "With --from the simulated cluster is a real one: same brokers, topics, ids, "
          "assignments, configs, ACLs,\n"
          "quotas and credentials. --at claim begins right before the KRaft controller's claim "
          "that led to the copy;\n"
          "without it the cluster begins in ZooKeeper mode and the rolls come first.",
      .examples =
          {{"zk2kraft run scenarios/demo.txtpb --from scenarios/sample/p3-hybrid/zk-1 --at claim",
            "what tools/demo runs: the bundled real cluster, two servers killed on the way"},
           {"zk2kraft run scenarios/plain.txtpb --from /backup/zookeeper/version-2 --seed 7 "
            "--disks /tmp/out",
            "rehearse your own cluster; real files of every simulated server in /tmp/out"},
           {"zk2kraft run scenarios/plain.txtpb --inject 'crash controller:active on "
            "migrate.CopyBatch 2'",
            "add a fault and see the directive to keep it"},
           {"zk2kraft run scenarios/demo.txtpb --from scenarios/sample/p3-hybrid/zk-1 --at claim "
            "--quiet --trace run.trace",
            "keep all that happened, each with its cause; then: zk2kraft dump run.trace --from 30s "
            "--to 31s"}},
      .options = &run_options,
      .positionals = {{"scenario", 1}},
      .run = &run_run};
}

}  // namespace tools
