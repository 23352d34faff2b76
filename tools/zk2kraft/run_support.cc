#include "tools/zk2kraft/run_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "scenarios/client_sentences.h"
#include "scenarios/text.h"
#include "tools/source/source.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/verb.h"

namespace tools {
namespace {

std::string optional_text(const po::variables_map& arguments, const char* name) {
  return arguments.count(name) == 0 ? std::string() : arguments[name].as<std::string>();
}

}  // namespace

std::string shell_word(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \t'\"$`\\*?[]<>|&;()#~!{}") == std::string::npos)
    return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void add_cluster_options(po::options_description& options) {
  options.add_options()(
      "from", po::value<std::string>()->value_name("SOURCE"),
      "begin with this real cluster: a ZooKeeper data directory or host:port[/chroot]");
  add_source_options(options);
}

sim::Expected<scenarios::Initial> beginning_of(const po::variables_map& arguments,
                                               const zk2kraft::Scenario& scenario,
                                               const sim::Place& place) {
  const std::string from = optional_text(arguments, "from");
  if (from.empty()) {
    if (arguments.count("at") != 0)
      return std::unexpected(usage("--at needs a --from whose past it names.", ""));
    return scenarios::initial_from_topology(scenario.cluster(), place);
  }
  if (scenario.cluster().topics_size() > 0 || scenario.cluster().brokers() > 0) {
    return std::unexpected(usage(
        "the scenario describes brokers or topics, and --from names a cluster that has its own.",
        "Take a scenario without them, such as scenarios/plain.txtpb, or leave --from away."));
  }
  const auto options = source_options(arguments);
  if (!options) return std::unexpected(options.error());
  auto source = open_zookeeper(from, *options);
  if (!source) return std::unexpected(source.error());
  return scenarios::initial_from_source(to_source_tree(std::move(*source)));
}

std::optional<sim::Problem> check_range(const po::variables_map& arguments) {
  const auto first = arguments["first-seed"].as<std::uint64_t>();
  const auto count = arguments["seeds"].as<std::uint64_t>();
  if (count > 0 && count <= INT64_MAX && first <= INT64_MAX - count) return std::nullopt;
  return usage("--seeds and --first-seed name no range of seeds.",
               "Give one seed at least; the last one is below 2^63.");
}

sim::Expected<PreparedRun> prepare_run(const po::variables_map& arguments) {
  if (arguments.count("scenario") == 0) {
    return std::unexpected(
        usage("no scenario is named.",
              "Begin with one that comes along: zk2kraft run scenarios/plain.txtpb"));
  }
  const std::string path = arguments["scenario"].as<std::vector<std::string>>().front();
  auto scenario = scenarios::read_scenario(path);
  if (!scenario) return std::unexpected(scenario.error());
  PreparedRun prepared{.scenario = std::move(*scenario), .place = {.source = path}};
  if (arguments.count("inject") != 0) {
    for (const std::string& words : arguments["inject"].as<std::vector<std::string>>()) {
      auto directive = scenarios::parse_fault(words, {.source = "--inject"});
      if (!directive) return std::unexpected(directive.error());
      prepared.injected.push_back(std::move(*directive));
    }
  }
  auto initial = beginning_of(arguments, prepared.scenario, prepared.place);
  if (!initial) return std::unexpected(initial.error());
  prepared.initial = std::move(*initial);
  return prepared;
}

ExitCode exit_code_of(scenarios::Verdict verdict) {
  switch (verdict) {
    case scenarios::Verdict::Good:
      return ExitCode::Good;
    case scenarios::Verdict::Finding:
      return ExitCode::Finding;
    case scenarios::Verdict::Unknown:
      return ExitCode::Unknown;
  }
  return ExitCode::Internal;
}

std::string replay_command(const po::variables_map& arguments, std::uint64_t seed) {
  std::string command = "zk2kraft run";
  if (arguments.count("scenario") != 0) {
    command += " " + shell_word(arguments["scenario"].as<std::vector<std::string>>().front());
  }
  for (const char* name : {"from", "at", "chroot", "secret"}) {
    if (const std::string value = optional_text(arguments, name); !value.empty()) {
      command += fmt::format(" --{} {}", name, shell_word(value));
    }
  }
  if (arguments.count("inject") != 0) {
    for (const std::string& words : arguments["inject"].as<std::vector<std::string>>()) {
      command += " --inject " + shell_word(words);
    }
  }
  return fmt::format("{} --seed {}", command, seed);
}

namespace {

// What the verdict alone would leave in doubt.
std::string remark_on(const scenarios::Outcome& outcome) {
  if (outcome.stopped_by_known)
    return ": only known defects of the simulated version kept it from its goal";
  if (outcome.goal_reached && outcome.goal == "S7") return ": FINALIZED";
  return "";
}

// The account of brokers.md §4.6 of each client program, and what it lost as its pattern allows.
void print_deliveries(const scenarios::Outcome& outcome) {
  for (const auto& [group, account] : outcome.deliveries) {
    std::string counts;
    sim::DeliveryAccount::fields([&](const auto&... f) {
      const auto add = [&](std::string_view name, std::int64_t count) {
        if (count != 0 || name == "consumed" || name == "processedOk")
          counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", name, count);
      };
      (add(f.name, account.*(f.member)), ...);
    });
    fmt::print("deliveries   {}: {}\n", group, counts);
  }
  for (const sim::ExpectedLoss& loss : outcome.delivery_losses) {
    fmt::print("expected     {} lost by {} as {} from {} on, at {}: {}\n", loss.count, loss.group,
               loss.excuse,
               scenarios::describe_place(loss.record.topic_partition, loss.record.offset),
               sim::describe(loss.at), loss.culprit);
  }
}

}  // namespace

std::string describe_goal(const scenarios::Outcome& outcome) {
  return fmt::format("{} {}reached{}{}", outcome.goal, outcome.goal_reached ? "" : "not ",
                     outcome.stuck_at.empty() ? "" : "; waiting for ", outcome.stuck_at);
}

void print_outcome(const scenarios::Outcome& outcome, const std::string& replay,
                   const std::vector<scenarios::FaultDirective>& injected, double seconds) {
  using scenarios::Verdict;
  const Colour colour = outcome.verdict == Verdict::Good      ? Colour::Green
                        : outcome.verdict == Verdict::Finding ? Colour::Red
                                                              : Colour::Yellow;
  fmt::print("\nverdict      {}\n",
             coloured(fmt::format("{}{}", scenarios::name_of(outcome.verdict), remark_on(outcome)),
                      colour));
  fmt::print("goal         {}\n", describe_goal(outcome));
  for (const scenarios::Violation& violation : outcome.violations) {
    fmt::print("violation    {} at {}: {}\n", violation.invariant, sim::describe(violation.at),
               violation.what);
  }
  std::set<std::string> said;
  for (const scenarios::Violation& violation : outcome.known_violations) {
    if (!said.insert(violation.invariant + violation.what).second) continue;
    fmt::print(
        "known        {}: {} (a defect of the simulated version; expected by the scenario)\n",
        violation.invariant, violation.what);
  }
  for (const scenarios::Violation& violation : outcome.shown_violations) {
    if (!said.insert(violation.invariant + violation.what).second) continue;
    fmt::print("shown        {}: {}\n", violation.invariant, violation.what);
  }
  for (const std::string& unmet : outcome.unmet) fmt::print("never came   {}\n", unmet);
  for (const std::string& drawn : outcome.random_faults)
    fmt::print("drawn        faults: \"{}\"\n", drawn);
  std::uint64_t checks = 0;
  for (const auto& [name, count] : outcome.checks) checks += count;
  fmt::print("elections    ZooKeeper {}, Raft {}, partitions {}\n", outcome.zookeeper_elections,
             outcome.raft_elections, outcome.partition_elections);
  fmt::print("records      {} acknowledged, {} of them readable\n", outcome.durability.acknowledged,
             outcome.durability.readable);
  fmt::print("offsets      {} committed, {} of them found\n", outcome.durability.committed,
             outcome.durability.found);
  for (const auto& [excuse, count] : outcome.expected_losses) {
    const bool of_programs =
        std::ranges::find(outcome.delivery_losses, excuse, &sim::ExpectedLoss::excuse) !=
        outcome.delivery_losses.end();
    if (of_programs) continue;
    fmt::print(
        "expected     {} lost as {} (brokers.md §6.3): Kafka does not promise to keep them\n",
        count, excuse);
  }
  print_deliveries(outcome);
  fmt::print("invariants   {} checked, {} times in all\n", outcome.checks.size(), checks);
  std::string phases;
  for (const auto& [phase, at] : outcome.phases)
    phases += fmt::format("{}{} {}", phases.empty() ? "" : ", ", name_of(phase), sim::describe(at));
  fmt::print("phases       {}\n", phases);
  for (const scenarios::FaultDirective& directive : injected) {
    fmt::print("to keep      faults: \"{}\"\n", scenarios::print_fault(directive));
  }
  fmt::print(
      "seed         {}\ndigest       {:016x}\nevents       {} in {} of simulated time, {:.0f} per "
      "second of real time\nreplay       {}\n",
      outcome.seed, outcome.digest, outcome.events, sim::describe(outcome.ended_at),
      static_cast<double>(outcome.events) / std::max(seconds, 1e-9), replay);
}

namespace {

nlohmann::json deliveries_json(const scenarios::Outcome& outcome) {
  nlohmann::json groups = nlohmann::json::object();
  for (const auto& [group, account] : outcome.deliveries) {
    nlohmann::json& counts = groups[group];
    sim::DeliveryAccount::fields(
        [&](const auto&... f) { ((counts[std::string(f.name)] = account.*(f.member)), ...); });
    counts["lost"] = nlohmann::json::array();
    for (const sim::ExpectedLoss& loss : outcome.delivery_losses) {
      if (loss.group != group) continue;
      counts["lost"].push_back({{"excuse", loss.excuse},
                                {"topic", loss.record.topic_partition.topic},
                                {"partition", loss.record.topic_partition.partition.value()},
                                {"offset", loss.record.offset.value()},
                                {"count", loss.count},
                                {"atMs", loss.at.milliseconds()},
                                {"culprit", loss.culprit}});
    }
  }
  return groups;
}

}  // namespace

nlohmann::json outcome_json(const scenarios::Outcome& outcome, const std::string& replay) {
  const auto violations = [](const std::vector<scenarios::Violation>& list) {
    nlohmann::json array = nlohmann::json::array();
    for (const scenarios::Violation& v : list) {
      array.push_back({{"invariant", v.invariant},
                       {"what", v.what},
                       {"atMs", v.at.milliseconds()},
                       {"occurrence", v.occurrence}});
    }
    return array;
  };
  nlohmann::json phases = nlohmann::json::object();
  for (const auto& [phase, at] : outcome.phases)
    phases[std::string(name_of(phase))] = at.milliseconds();
  return {{"verdict", scenarios::name_of(outcome.verdict)},
          {"goal", outcome.goal},
          {"goalReached", outcome.goal_reached},
          {"waitingFor", outcome.stuck_at},
          {"violations", violations(outcome.violations)},
          {"known", violations(outcome.known_violations)},
          {"neverCame", outcome.unmet},
          {"deliveries", deliveries_json(outcome)},
          {"elections",
           {{"zookeeper", outcome.zookeeper_elections},
            {"raft", outcome.raft_elections},
            {"partitions", outcome.partition_elections}}},
          {"records",
           {{"acknowledged", outcome.durability.acknowledged},
            {"readable", outcome.durability.readable}}},
          {"offsets",
           {{"committed", outcome.durability.committed}, {"found", outcome.durability.found}}},
          {"invariants", outcome.checks},
          {"phasesMs", phases},
          {"coverage", outcome.coverage},
          {"seed", outcome.seed},
          {"digest", fmt::format("{:016x}", outcome.digest)},
          {"events", outcome.events},
          {"replay", replay}};
}

}  // namespace tools
