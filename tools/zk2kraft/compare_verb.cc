#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "scenarios/comparison.h"
#include "scenarios/forked_work.h"
#include "scenarios/text.h"
#include "sim/base/suggest.h"
#include "tools/zk2kraft/compare_report.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/run_support.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft compare`: the same workload and the same faults in ZooKeeper mode, hybrid, dual write and KRaft.
namespace tools {
namespace {

using scenarios::ComparedMode;
using scenarios::ComparisonRun;

po::options_description compare_options() {
  po::options_description options("Options");
  add_cluster_options(options);
  auto add = options.add_options();
  add("modes", po::value<std::string>()->default_value("ZK,HYBRID,DUAL,KRAFT")->value_name("MODES"),
      "which, in this order; differences are to the first");
  add("seeds", po::value<std::uint64_t>()->default_value(20)->value_name("N"),
      "how many seeds; an interval of a difference needs six");
  add("first-seed", po::value<std::uint64_t>()->default_value(1)->value_name("S"), "the first one");
  add("brokers", po::value<std::int32_t>()->value_name("N"), "instead of the scenario's");
  add("partitions", po::value<std::int32_t>()->value_name("N"),
      "of the scenario's first topic, instead of its own");
  add("jobs,j",
      po::value<unsigned>()
          ->default_value(static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN))),
                          "one a processor")
          ->value_name("J"),
      "processes; results do not depend on it");
  add("keep", po::value<std::string>()->value_name("DIR"),
      "write each mode's scenario to DIR/MODE.txtpb, for `run`");
  add_output_option(options, "text|json");
  return options;
}

sim::Expected<std::vector<ComparedRuns>> modes_of(const po::variables_map& arguments) {
  std::vector<std::string> names;
  boost::split(names, arguments["modes"].as<std::string>(), boost::is_any_of(","));
  std::vector<std::string_view> known;
  for (const ComparedMode& mode : scenarios::compared_modes()) known.push_back(mode.name);
  std::vector<ComparedRuns> modes;
  for (const std::string& name : names) {
    const ComparedMode* const mode = scenarios::find_mode(name);
    if (mode == nullptr)
      return std::unexpected(
          usage(fmt::format("'{}' is no mode.{}", name, sim::did_you_mean(name, known)),
                fmt::format("Modes are {}, with commas between them.", fmt::join(known, ", "))));
    if (std::ranges::find(modes, mode, &ComparedRuns::mode) != modes.end())
      return std::unexpected(usage(fmt::format("{} is named twice.", name), ""));
    modes.push_back({.mode = mode, .runs = {}});
  }
  return modes;
}

// What --brokers and --partitions say instead of the scenario.
sim::Expected<void> resize(const po::variables_map& arguments, zk2kraft::Scenario& scenario) {
  for (const char* name : {"brokers", "partitions"}) {
    if (arguments.count(name) == 0) continue;
    if (arguments.count("from") != 0)
      return std::unexpected(
          usage(fmt::format("--{} is of a scenario's own cluster, and --from names another.", name),
                "Leave one of them away."));
    if (arguments[name].as<std::int32_t>() < 1)
      return std::unexpected(usage(fmt::format("--{} is below 1.", name), ""));
  }
  if (arguments.count("brokers") != 0)
    scenario.mutable_cluster()->set_brokers(arguments["brokers"].as<std::int32_t>());
  if (arguments.count("partitions") == 0) return {};
  if (scenario.cluster().topics_size() == 0)
    return std::unexpected(usage("--partitions: the scenario has no topic.", ""));
  scenario.mutable_cluster()->mutable_topics(0)->set_partitions(
      arguments["partitions"].as<std::int32_t>());
  return {};
}

struct Comparison {
  PreparedRun prepared;
  std::vector<ComparedRuns> modes;
  std::vector<zk2kraft::Scenario> scenarios;  // by mode
};

sim::Expected<Comparison> prepare_comparison(const po::variables_map& arguments) {
  if (auto problem = check_range(arguments)) return std::unexpected(*problem);
  auto modes = modes_of(arguments);
  if (!modes) return std::unexpected(modes.error());
  auto prepared = prepare_run(arguments);
  if (!prepared) return std::unexpected(prepared.error());
  Comparison comparison{
      .prepared = std::move(*prepared), .modes = std::move(*modes), .scenarios = {}};
  if (auto resized = resize(arguments, comparison.prepared.scenario); !resized)
    return std::unexpected(resized.error());
  const bool resized = arguments.count("brokers") + arguments.count("partitions") > 0;
  if (resized) {
    auto initial = beginning_of(arguments, comparison.prepared.scenario, comparison.prepared.place);
    if (!initial) return std::unexpected(initial.error());
    comparison.prepared.initial = std::move(*initial);
  }
  for (const ComparedRuns& mode : comparison.modes) {
    auto scenario =
        scenarios::scenario_in(comparison.prepared.scenario, *mode.mode, comparison.prepared.place);
    if (!scenario) return std::unexpected(scenario.error());
    comparison.scenarios.push_back(std::move(*scenario));
  }
  return comparison;
}

sim::Expected<void> keep_scenarios(const Comparison& comparison, const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (std::size_t mode = 0; mode < comparison.modes.size(); ++mode) {
    const std::string path =
        fmt::format("{}/{}.txtpb", directory, comparison.modes[mode].mode->name);
    std::ofstream out(path);
    out << scenarios::print_scenario(comparison.scenarios[mode]);
    if (!out.flush())
      return std::unexpected(usage(fmt::format("{} cannot be written.", path),
                                   "Name a writable directory with --keep."));
  }
  return {};
}

// True if every run came back.
bool run_all(const po::variables_map& arguments, Comparison& comparison) {
  const auto first = arguments["first-seed"].as<std::uint64_t>();
  const std::uint64_t modes = comparison.modes.size();
  const std::uint64_t seeds = arguments["seeds"].as<std::uint64_t>();
  std::vector<std::uint64_t> tasks(modes * seeds);
  std::iota(tasks.begin(), tasks.end(), 0);
  Progress progress("comparison", "runs", tasks.size());
  std::uint64_t ended = 0;
  const auto work = [&](std::uint64_t task) {
    return scenarios::to_line(
        scenarios::measure_in(comparison.scenarios[task % modes], comparison.prepared.initial,
                              first + task / modes, comparison.prepared.place));
  };
  const auto done = [&](std::uint64_t task, const std::string& line) {
    if (auto run = scenarios::comparison_run_from_line(line))
      comparison.modes[task % modes].runs.push_back(std::move(*run));
    progress.update(++ended);
    return true;
  };
  const auto lost =
      scenarios::run_forked(tasks, arguments["jobs"].as<unsigned>(), {.work = work, .done = done});
  for (const scenarios::LostTask& task : lost)
    fmt::print(stderr, "zk2kraft: the process at run {} ended by {}.\n", task.task, task.how);
  for (ComparedRuns& mode : comparison.modes)
    std::ranges::sort(mode.runs, {}, &ComparisonRun::seed);
  return lost.empty();
}

// How many objections there are; the first few of each mode are told.
std::size_t print_objections(const std::vector<ComparedRuns>& modes) {
  constexpr std::size_t kMost = 5;
  std::size_t all = 0;
  for (const ComparedRuns& mode : modes) {
    std::size_t told = 0;
    for (const ComparisonRun& run : mode.runs) {
      for (const std::string& objection : run.objections) {
        if (++told <= kMost)
          fmt::print(stderr, "zk2kraft: {}, seed {}: {}\n", mode.mode->name, run.seed, objection);
      }
    }
    if (told > kMost) fmt::print(stderr, "zk2kraft: {}: {} more\n", mode.mode->name, told - kMost);
    all += told;
  }
  return all;
}

ExitCode run_compare(const po::variables_map& arguments) {
  const auto format = output_format(arguments, std::vector{OutputFormat::Text, OutputFormat::Json});
  if (!format) return report(format.error());
  auto prepared = prepare_comparison(arguments);
  if (!prepared) return report(prepared.error());
  Comparison& comparison = *prepared;
  if (arguments.count("keep") != 0) {
    if (auto kept = keep_scenarios(comparison, arguments["keep"].as<std::string>()); !kept)
      return report(kept.error());
  }
  const bool complete = run_all(arguments, comparison);
  if (*format == OutputFormat::Json) {
    fmt::print("{}\n", comparison_json(comparison.modes).dump(2));
  } else {
    fmt::print("{}\n{} seeds from {} on, the same in each mode\n\n",
               comparison.prepared.scenario.why(), arguments["seeds"].as<std::uint64_t>(),
               arguments["first-seed"].as<std::uint64_t>());
    print_comparison(comparison.modes);
  }
  const std::size_t objections = print_objections(comparison.modes);
  if (!complete) return ExitCode::Internal;
  return objections > 0 ? ExitCode::Finding : ExitCode::Good;
}

}  // namespace

Verb compare_verb() {
  return {
      .name = "compare",
      .summary = "the same workload and faults in ZooKeeper mode, hybrid, dual write and KRaft",
      .synopsis = "SCENARIO [--from SOURCE] [--modes ZK,KRAFT] [--seeds N] [--brokers N]",
      .explanation =
          "Runs a scenario once in each mode under each seed. In each the cluster is led to the "
          "mode and comes to rest;\n"
          "from then on the scenario's faults, changes and random faults strike at the same times "
          "in all of them, and\n"
          "operator { stay } says for how long it is watched. Modes: ZK (S0), HYBRID (S4: KRaft "
          "controllers, brokers in\n"
          "ZooKeeper mode), DUAL (S6: brokers in KRaft mode, mirrored), KRAFT (S7: finalised).\n\n"
          "Two tables are printed. The first has of each measure the median over the seeds, the "
          "least and the most. The\n"
          "second has of the differences to the first mode under the same seed the median, and an "
          "interval that covers\n"
          "the true median of such differences with 95 %, by the order of the sample alone; it "
          "needs six seeds. What was\n"
          "not there to be measured is a dash.\n\n"
          "Roles that fit each mode: controller:acting (who is controller now), broker:other (a "
          "broker that is not).\n\n"
          "Exit code 0: every run came to its end and no invariant objected; 1: one did not; 3: "
          "usage; 5: a process died.",
      .examples = {{"zk2kraft compare scenarios/comparisons/broker_killed.txtpb",
                    "what the death of a broker costs in each mode"},
                   {"zk2kraft compare scenarios/comparisons/controller_killed.txtpb --modes "
                    "ZK,KRAFT --brokers 30 --partitions 3000",
                    "the failover of a larger cluster's controller"},
                   {"zk2kraft compare scenarios/comparisons/broker_killed.txtpb --seeds 1 --keep "
                    "modes && zk2kraft run modes/KRAFT.txtpb",
                    "one of the runs, told as a story"}},
      .options = &compare_options,
      .positionals = {{"scenario", 1}},
      .run = &run_compare};
}

}  // namespace tools
