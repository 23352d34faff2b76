#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "scenarios/campaign.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/run_support.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft campaign`: a scenario under many seeds. Worlds are single-threaded; seeds go to processes.
namespace tools {
namespace {

volatile std::sig_atomic_t interrupted = 0;
void on_interrupt(int) { interrupted = 1; }

po::options_description options() {
  po::options_description options("Options");
  add_cluster_options(options);
  auto add = options.add_options();
  add("seeds", po::value<std::uint64_t>()->default_value(100)->value_name("N"), "how many seeds");
  add("first-seed", po::value<std::uint64_t>()->default_value(1)->value_name("S"), "the first one");
  add("jobs,j", po::value<unsigned>()->default_value(static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN))))->value_name("J"),
      "processes; results do not depend on it");
  add("results", po::value<std::string>()->value_name("FILE"),
      "one JSON line per seed; seeds that are there already are not run again, so a campaign goes on where it stopped");
  add_output_option(options, "text|jsonl");
  return options;
}

struct Worker {
  pid_t process = -1;
  int from = -1;
  std::string buffer;
};

// A worker runs every jobs-th of the seeds and writes a line for each into its pipe.
Worker start_worker(const PreparedRun& prepared, const std::vector<std::uint64_t>& seeds, std::size_t index, std::size_t jobs) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  std::fflush(nullptr);
  const pid_t process = fork();
  if (process == 0) {
    close(ends[0]);
    std::signal(SIGINT, SIG_DFL);
    for (std::size_t i = index; i < seeds.size(); i += jobs) {
      const std::string line = scenarios::to_line(scenarios::run_seed(prepared.scenario, prepared.initial, seeds[i], prepared.place)) + "\n";
      for (std::size_t written = 0; written < line.size();) {
        const ssize_t more = write(ends[1], line.data() + written, line.size() - written);
        if (more <= 0) _exit(1);
        written += static_cast<std::size_t>(more);
      }
    }
    _exit(0);
  }
  close(ends[1]);
  return {process, ends[0], {}};
}

void print_table(const std::map<std::uint64_t, scenarios::SeedResult>& results, const std::string& replay_base) {
  std::map<std::string, std::uint64_t> verdicts;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> firsts;  // text: count, first seed
  std::map<std::string, std::uint64_t> checks;
  std::map<std::string, std::uint64_t> notices;
  std::uint64_t events = 0;
  for (const auto& [seed, result] : results) {
    ++verdicts[std::string(scenarios::name_of(result.verdict))];
    events += result.events;
    for (const auto& [name, count] : result.checks) checks[name] += count;
    for (const auto& [name, count] : result.notices) ++notices[name], static_cast<void>(count);
    if (result.verdict == scenarios::Verdict::Good) continue;
    const std::string key = result.first.substr(0, result.first.find(':'));
    const auto [at, is_new] = firsts.try_emplace(key, 0, seed);
    ++at->second.first;
  }
  fmt::print("seeds        {}\n", results.size());
  for (const auto& [name, count] : verdicts) fmt::print("  {:<10} {}\n", name, count);
  for (const auto& [what, found] : firsts) fmt::print("  {:<40} {} seeds, first {}: {} --seed {}\n", what, found.first, found.second, replay_base, found.second);
  fmt::print("events       {}\ninvariants   (times checked)\n", events);
  for (const auto& [name, count] : checks) fmt::print("  {:<36} {}\n", name, count);
  fmt::print("coverage     (seeds in which a notice was met)\n");
  for (const auto& [name, count] : notices) fmt::print("  {:<36} {}\n", name, count);
}

ExitCode run(const po::variables_map& arguments) {
  const auto format = output_format(arguments, std::vector{OutputFormat::Text, OutputFormat::JsonLines});
  if (!format) return report(format.error());
  const auto prepared = prepare_run(arguments);
  if (!prepared) return report(prepared.error());
  std::map<std::uint64_t, scenarios::SeedResult> results;
  std::string file;
  if (arguments.count("results") != 0) {
    file = arguments["results"].as<std::string>();
    std::ifstream before(file);
    for (std::string line; std::getline(before, line);) {
      if (const auto result = scenarios::from_line(line)) results.insert_or_assign(result->seed, *result);
    }
  }
  const std::uint64_t first = arguments["first-seed"].as<std::uint64_t>();
  const std::uint64_t count = arguments["seeds"].as<std::uint64_t>();
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    if (!results.contains(seed)) seeds.push_back(seed);
  }
  std::erase_if(results, [&](const auto& entry) { return entry.first < first || entry.first >= first + count; });
  std::ofstream out;
  if (!file.empty()) {
    out.open(file, std::ios::app);
    if (!out) return report({sim::Severity::Usage, {.source = file}, "the results file cannot be written.", ""});
  }
  const std::size_t jobs = std::max<std::size_t>(1, std::min<std::size_t>(arguments["jobs"].as<unsigned>(), seeds.size()));
  std::signal(SIGINT, on_interrupt);
  std::vector<Worker> workers;
  for (std::size_t i = 0; i < jobs && !seeds.empty(); ++i) workers.push_back(start_worker(*prepared, seeds, i, jobs));
  {
    Progress progress("campaign", "seeds", seeds.size());
    std::uint64_t done = 0;
    while (std::ranges::any_of(workers, [](const Worker& w) { return w.from >= 0; }) && interrupted == 0) {
      std::vector<pollfd> polled;
      for (const Worker& worker : workers) polled.push_back({worker.from, POLLIN, 0});
      if (poll(polled.data(), polled.size(), 500) < 0) continue;
      for (std::size_t i = 0; i < workers.size(); ++i) {
        if (workers[i].from < 0 || (polled[i].revents & (POLLIN | POLLHUP)) == 0) continue;
        char bytes[65536];
        const ssize_t got = read(workers[i].from, bytes, sizeof bytes);
        if (got <= 0) {
          close(workers[i].from);
          workers[i].from = -1;
          continue;
        }
        workers[i].buffer.append(bytes, static_cast<std::size_t>(got));
        for (std::size_t end; (end = workers[i].buffer.find('\n')) != std::string::npos;) {
          const std::string line = workers[i].buffer.substr(0, end);
          workers[i].buffer.erase(0, end + 1);
          if (out.is_open()) out << line << '\n' << std::flush;
          if (*format == OutputFormat::JsonLines) fmt::print("{}\n", line);
          if (auto result = scenarios::from_line(line)) results.insert_or_assign(result->seed, std::move(*result));
          progress.update(++done);
        }
      }
    }
  }
  for (const Worker& worker : workers) {
    if (interrupted != 0) kill(worker.process, SIGTERM);
    waitpid(worker.process, nullptr, 0);
  }
  if (*format == OutputFormat::Text) {
    std::string replay = replay_command(arguments, 0);
    print_table(results, replay.substr(0, replay.rfind(" --seed")));
  }
  if (interrupted != 0) return ExitCode::Interrupted;
  ExitCode code = ExitCode::Good;
  if (results.size() < count) code = ExitCode::Internal;  // a worker died
  for (const auto& [seed, result] : results) code = worse(code, exit_code_of(result.verdict));
  return code;
}

}  // namespace

Verb campaign_verb() {
  return {.name = "campaign",
          .summary = "many seeds of one scenario, with sampled faults; resumable",
          .synopsis = "SCENARIO [--from SOURCE [--at claim]] --seeds N [--jobs J] [--results FILE]",
          .explanation =
              "Runs a scenario under many seeds, each with the random faults that its `random_faults` allows, and\n"
              "prints what came of it: verdicts, what was violated first and under which seed, how often each invariant\n"
              "was checked, what was met. Seeds are independent: any number of jobs gives the same results.",
          .examples = {{"zk2kraft campaign scenarios/campaign.txtpb --from scenarios/sample/p3-hybrid/zk-1 --at claim --seeds 1000",
                        "a thousand migrations of the bundled cluster under random faults"},
                       {"zk2kraft campaign scenarios/campaign.txtpb --seeds 10000 --results found.jsonl",
                        "resumable: interrupt it, run the same command again"},
                       {"zk2kraft campaign scenarios/campaign.txtpb --seeds 50 --first-seed 200 --output jsonl",
                        "one JSON line per seed"}},
          .options = options,
          .positionals = {{"scenario", 1}},
          .run = run};
}

}  // namespace tools
