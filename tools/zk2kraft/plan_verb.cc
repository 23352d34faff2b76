#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "migrate/plan/graph.h"
#include "migrate/plan/inputs.h"
#include "migrate/plan/plan.h"
#include "scenarios/text.h"
#include "tools/source/draft.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/plan_report.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft plan SOURCE… -o plan.txtpb`: the steps of this cluster's migration.
namespace tools {
namespace {

using zk2kraft::Plan;

constexpr int kMostAtOnce = 100;

po::options_description plan_options() {
  po::options_description options("Options");
  options.add_options()(
      "out,o", po::value<std::string>()->value_name("FILE"),
      "write the plan into FILE (text that people edit: migrate/plan/plan.proto)")(
      "force", "write FILE even though another plan stands in it")(
      "controllers", po::value<std::string>()->value_name("ID@HOST:PORT,…"),
      "who the controllers will be, where there are none yet")(
      "controller-listener", po::value<std::string>()->value_name("NAME:PROTOCOL"),
      "their listener and its security, where there are none yet: CONTROLLER:SSL")(
      "at-once", po::value<int>()->default_value(1)->value_name("N"),
      "brokers of one rack that may be down together, where every partition bears it")(
      "window", po::value<std::vector<std::string>>()->composing()->value_name("WHEN"),
      "a change window, in whatever words; may be repeated, in order of time")(
      "verify", po::value<std::string>()->value_name("FILE"),
      "say whether the plan in FILE still fits this cluster")(
      "dot", "print the steps as a graph in Graphviz' language")(
      "all", "print commands, gates and thresholds of each step")(
      "phase", po::value<std::string>()->value_name("S0…S8|R1|R2"),
      "plan from this phase on (default: the one that the files show)");
  add_output_option(options, "text|json");
  add_source_options(options);
  return options;
}

sim::Expected<migrate::PlanOptions> asked_plan(const po::variables_map& arguments) {
  migrate::PlanOptions options;
  if (arguments.count("controllers") != 0) {
    auto controllers = migrate::parse_controllers(arguments["controllers"].as<std::string>());
    if (!controllers)
      return std::unexpected(usage(
          "--controllers: " + controllers.error(),
          "Write them like controller.quorum.voters: 3000@c1:9093,3001@c2:9093,3002@c3:9093."));
    options.controllers = *std::move(controllers);
  }
  if (arguments.count("controller-listener") != 0)
    options.controller_listener = arguments["controller-listener"].as<std::string>();
  const int at_once = arguments["at-once"].as<int>();
  if (at_once < 1 || at_once > kMostAtOnce)
    return std::unexpected(
        usage(fmt::format("--at-once {} is no number of brokers", at_once), "Give 1 or more."));
  options.at_once = static_cast<std::size_t>(at_once);
  if (arguments.count("window") != 0)
    options.windows = arguments["window"].as<std::vector<std::string>>();
  return options;
}

// All of it or nothing.
sim::Expected<void> write_plan(const std::string& path, const std::string& text, bool force) {
  namespace fs = std::filesystem;
  const auto wrong = [&](std::string what, std::string remedy) {
    return sim::refused(sim::Severity::Usage, path, std::move(what), std::move(remedy));
  };
  std::error_code error;
  if (!force && fs::exists(path, error)) {
    std::ifstream in(path, std::ios::binary);
    const std::string there((std::istreambuf_iterator<char>(in)), {});
    if (there != text)
      return wrong("another plan stands there",
                   "Take another name, or --force; what people wrote in it is lost then.");
    return {};
  }
  Draft draft(path);
  error = draft.write(text, MayRead::Everyone);
  if (!error) error = draft.keep();
  if (error)
    return wrong(fmt::format("it cannot be written: {}", error.message()),
                 "Is there such a folder, and may you write in it?");
  return {};
}

ExitCode verify_plan(const std::string& file, const Plan& now) {
  Plan plan;
  if (const auto read = scenarios::read_message(file, plan); !read) return report(read.error());
  if (const auto ordered = migrate::order_steps(plan, file); !ordered)
    return report(ordered.error());
  if (plan.inputs().empty())
    return report(usage(fmt::format("{} does not say what it rests on", file),
                        "Write a plan with: zk2kraft plan SOURCE… -o FILE."));
  const migrate::Staleness stale = migrate::compare_inputs(plan, now);
  for (const std::string& each : stale.changed)
    fmt::print("{} {}\n", coloured("changed", Colour::Red), each);
  for (const std::string& each : stale.unknown)
    fmt::print("{} {}\n", coloured("unknown", Colour::Yellow), each);
  if (!stale.changed.empty()) {
    fmt::print("\nplan {}: {} - make it again: zk2kraft plan SOURCE… -o FILE\n", file,
               coloured("STALE", Colour::Red));
    return ExitCode::Finding;
  }
  if (!stale.unknown.empty()) {
    fmt::print("\nplan {}: {} - give every file that it was made from\n", file,
               coloured("UNKNOWN", Colour::Yellow));
    return ExitCode::Unknown;
  }
  fmt::print(
      "plan {}: {} - {} inputs are what they were; the cluster is in {}, the plan was made in {}\n",
      file, coloured("HOLDS", Colour::Green), plan.inputs_size(), now.phase(), plan.phase());
  return ExitCode::Good;
}

ExitCode plan_exit_code(const Plan& plan) {
  if (!plan.blocked_by().empty()) return ExitCode::Finding;
  return plan.missing().empty() ? ExitCode::Good : ExitCode::Unknown;
}

ExitCode run_plan(const po::variables_map& arguments) {
  constexpr std::array kFormats{OutputFormat::Text, OutputFormat::Json};
  const auto format = output_format(arguments, kFormats);
  if (!format) return report(format.error());
  const auto options = asked_plan(arguments);
  if (!options) return report(options.error());
  const auto fleet = open_fleet_for_phase(arguments, "zk2kraft plan FLEET -o plan.txtpb");
  if (!fleet) return report(fleet.error());
  const ExitCode code = report_problems(*fleet);
  Plan plan = migrate::make_plan(fleet->facts, *options);
  for (const std::string& doubt : fleet->doubts) plan.add_missing(doubt);
  if (arguments.count("verify") != 0)
    return worse(code, verify_plan(arguments["verify"].as<std::string>(), plan));
  if (arguments.count("out") != 0) {
    const std::string path = arguments["out"].as<std::string>();
    if (const auto written = write_plan(path, plan_text(plan), arguments.count("force") != 0);
        !written)
      return report(written.error());
    fmt::print(stderr, "zk2kraft: wrote {}\n", path);
  }
  if (arguments.count("dot") != 0)
    fmt::print("{}", migrate::draw(plan));
  else if (*format == OutputFormat::Json)
    fmt::print("{}\n", plan_json(plan));
  else
    print_plan(plan, arguments.count("all") != 0 ? PlanDetail::All : PlanDetail::Brief);
  return worse(code, plan_exit_code(plan));
}

}  // namespace

Verb plan_verb() {
  return {
      .name = "plan",
      .summary = "the steps of this cluster's migration: order, gates, when to stop, ways back",
      .synopsis =
          "SOURCE… [-o FILE] [--controllers ID@HOST:PORT,…] [--at-once N] [--window WHEN]… | "
          "SOURCE… --verify FILE",
      .explanation =
          "Makes the plan of one cluster's migration from copies of its files, from wherever it "
          "stands: the\n"
          "upgrades that are due, controllers, the rolls of the brokers, the copy, the soak, the "
          "end of the way\n"
          "back, and what Kafka 4 asks. Each step names its commands, what proves that it is done "
          "(a metric, a\n"
          "line of a log, a znode, a command), when to stop, and the steps that lead back to "
          "ZooKeeper.\n\n"
          "Brokers are restarted in an order in which every partition keeps min.insync.replicas; "
          "partitions that\n"
          "no order can keep are named. Steps stand in windows between which the cluster may "
          "rest.\n\n"
          "The plan rests on digests of what it was made from. --verify says whether they still "
          "hold: taking a\n"
          "step does not make a plan stale, a new broker or a moved replica does. Nothing is "
          "written but FILE.\n\n"
          "Exit code 0: nothing blocks; 1: checks block, or the plan is stale; 2: something is "
          "missing; 3: the\n"
          "command line or a plan is wrong; 4: a file is damaged.",
      .examples = {{"zk2kraft plan scenarios/sample/p0-zookeeper --controllers "
                    "3000@c1:9093,3001@c2:9093,3002@c3:9093",
                    "the bundled cluster before it begins"},
                   {"zk2kraft plan fleet -o plan.txtpb --window 'Sat 22:00' --window 'Sun 22:00'",
                    "into a file, with change windows"},
                   {"zk2kraft plan fleet --verify plan.txtpb",
                    "is the plan still about this cluster?"}},
      .options = &plan_options,
      .positionals = {{"source", -1}},
      .run = &run_plan};
}

}  // namespace tools
