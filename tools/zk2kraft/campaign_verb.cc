#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "scenarios/campaign.h"
#include "scenarios/campaign_store.h"
#include "scenarios/forked_work.h"
#include "scenarios/text.h"
#include "tools/zk2kraft/campaign_report.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/delivery_report.h"
#include "tools/zk2kraft/interruptible.h"
#include "tools/zk2kraft/run_support.h"
#include "tools/zk2kraft/seeded_defects_report.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft campaign`: a scenario under many seeds, run by several processes, kept in one file.
namespace tools {
namespace {

using scenarios::CampaignStore;
using scenarios::SeedResult;

po::options_description campaign_options() {
  po::options_description options("Options");
  add_cluster_options(options);
  auto add = options.add_options();
  add("seeds", po::value<std::uint64_t>()->default_value(100)->value_name("N"),
      "how many seeds (with --seeded-defects each row of the table has its own number)");
  add("first-seed", po::value<std::uint64_t>()->default_value(1)->value_name("S"), "the first one");
  add("jobs,j",
      po::value<unsigned>()
          ->default_value(static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN))),
                          "one a processor")
          ->value_name("J"),
      "processes; results do not depend on it");
  add("results", po::value<std::string>()->value_name("FILE"),
      "keep the results in this SQLite file; seeds that are in it are not run again, so a campaign "
      "goes on where "
      "it stopped");
  add("seeded-defects", po::bool_switch(),
      "SCENARIO is a table of seeded defects: for each, seeds are tried until an invariant sees "
      "it");
  add("defect", po::value<std::vector<std::string>>()->value_name("NAME"),
      "with --seeded-defects: only this one (repeatable)");
  add("delivery", po::bool_switch(),
      "SCENARIO is a table of deliveries: what client programs lose, see twice or set aside by "
      "crash "
      "point, in each mode");
  add("keep", po::value<std::string>()->value_name("DIR"),
      "with --seeded-defects: write each row's scenario, its switch on, to DIR/NAME.txtpb, for "
      "`run`; with --delivery each mode's, to DIR/MODE.txtpb");
  add_output_option(options, "text|json|jsonl");
  return options;
}

struct Campaign {
  PreparedRun prepared;
  std::string replay;
  std::uint64_t first = 1;
  std::uint64_t count = 0;
  unsigned jobs = 1;
  std::string file;

  SeedResult run(std::uint64_t seed) const {
    return scenarios::run_seed(prepared.scenario, prepared.initial, seed, prepared.place);
  }
};

sim::Expected<Campaign> prepare(const po::variables_map& arguments) {
  Campaign campaign;
  campaign.first = arguments["first-seed"].as<std::uint64_t>();
  campaign.count = arguments["seeds"].as<std::uint64_t>();
  campaign.jobs = arguments["jobs"].as<unsigned>();
  if (auto problem = check_range(arguments)) return std::unexpected(*problem);
  if (arguments.count("results") != 0) campaign.file = arguments["results"].as<std::string>();
  auto prepared = prepare_run(arguments);
  if (!prepared) return std::unexpected(prepared.error());
  campaign.prepared = std::move(*prepared);
  const std::string replay = replay_command(arguments, 0);
  campaign.replay = replay.substr(0, replay.rfind(" --seed"));
  return campaign;
}

sim::Expected<CampaignStore> open_store(const Campaign& campaign) {
  return CampaignStore::open(
      campaign.file, {.scenario = campaign.prepared.place.source,
                      .scenario_text = scenarios::print_scenario(campaign.prepared.scenario),
                      .source = campaign.prepared.initial.described,
                      .source_digest = scenarios::digest_of(campaign.prepared.initial),
                      .simulator = fmt::format("zk2kraft {} (digests of format {})",
                                               ZK2KRAFT_VERSION, scenarios::kDigestFormat),
                      .replay = campaign.replay});
}

// Runs one seed before all others. It says whether the scenario can be run at all; and where the
// file has results already, whether this program gives the same: a version number cannot say that
// of a program that is worked on.
sim::Expected<void> try_one(const Campaign& campaign, CampaignStore& store,
                            const std::vector<std::uint64_t>& missing) {
  // The first seed of the range that is there, or else the first one.
  std::uint64_t seed = campaign.first;
  for (const std::uint64_t absent : missing) seed += static_cast<std::uint64_t>(absent == seed);
  if (seed == campaign.first + campaign.count) seed = campaign.first;
  const SeedResult result = campaign.run(seed);
  if (result.problem) return std::unexpected(*result.problem);
  const auto before = store.find(seed);
  if (!before) return std::unexpected(before.error());
  if (!*before) return store.add(result);
  if (**before == result) return {};
  return std::unexpected(
      sim::Problem{sim::Severity::Usage,
                   {.source = campaign.file},
                   fmt::format("these results are of a simulator that behaved differently: seed {} "
                               "had digest {:016x}, {:016x} "
                               "now.",
                               seed, (*before)->digest, result.digest),
                   "Name another file; results of two behaviours do not belong together."});
}

// One line a seed in the order of seeds, as soon as all before it are there.
class LinePrinter {
 public:
  LinePrinter(const Campaign& campaign, CampaignStore& store)
      : campaign_(campaign), store_(store), next_(campaign.first) {}
  enum class Gaps {
    WaitFor,
    Skip,
  };
  sim::Expected<void> print(Gaps gaps) {
    for (; next_ < campaign_.first + campaign_.count; ++next_) {
      const auto result = store_.find(next_);
      if (!result) return std::unexpected(result.error());
      if (!*result && gaps == Gaps::WaitFor) break;
      if (!*result) continue;
      fmt::print("{}\n", seed_json(**result, campaign_.replay).dump());
    }
    std::fflush(stdout);
    return {};
  }

 private:
  const Campaign& campaign_;
  CampaignStore& store_;
  std::uint64_t next_;
};

// Runs what is missing. The code is Internal if a process died, and the file's own if it could not
// be written.
ExitCode run_missing(const Campaign& campaign, CampaignStore& store, LinePrinter* lines) {
  const auto missing = store.missing(campaign.first, campaign.count);
  if (!missing) return report(missing.error());
  Progress progress("campaign", "seeds", missing->size());
  std::uint64_t ended = 0;
  ExitCode code = ExitCode::Good;
  const auto keep = [&](std::uint64_t, std::string line) {
    const auto result = scenarios::from_line(line);
    sim::Expected<void> kept;
    if (result) kept = store.add(*result);
    if (kept && lines != nullptr) kept = lines->print(LinePrinter::Gaps::WaitFor);
    if (!kept) code = worse(code, report(kept.error()));
    progress.update(++ended);
    return kept.has_value();
  };
  const auto lost = scenarios::run_forked(
      *missing, campaign.jobs,
      {.work = [&](std::uint64_t seed) { return scenarios::to_line(campaign.run(seed)); },
       .done = keep,
       .stop = [] { return Interruptible::interrupted(); }});
  for (const scenarios::LostTask& task : lost) {
    fmt::print(stderr,
               "zk2kraft: the process that ran seed {} ended with {}; the seed has no result. {} "
               "--seed {}\n",
               task.task, task.how, campaign.replay, task.task);
    code = worse(code, ExitCode::Internal);
  }
  return code;
}

ExitCode run_campaign(const po::variables_map& arguments) {
  const auto format = output_format(
      arguments, std::vector{OutputFormat::Text, OutputFormat::Json, OutputFormat::JsonLines});
  if (!format) return report(format.error());
  if (arguments["seeded-defects"].as<bool>()) return hunt_seeded_defects(arguments, *format);
  if (arguments["delivery"].as<bool>()) return measure_deliveries(arguments, *format);
  for (const char* name : {"defect", "keep"}) {
    if (arguments.count(name) == 0) continue;
    return report(usage(fmt::format("--{} belongs to --seeded-defects.", name),
                        "A scenario turns a defect on with cluster { defects: \"NAME\" }."));
  }
  const auto campaign = prepare(arguments);
  if (!campaign) return report(campaign.error());
  auto store = open_store(*campaign);
  if (!store) return report(store.error());
  const auto missing = store->missing(campaign->first, campaign->count);
  if (!missing) return report(missing.error());
  if (const auto tried = try_one(*campaign, *store, *missing); !tried) return report(tried.error());
  const Interruptible until_the_end;
  LinePrinter lines(*campaign, *store);
  const bool by_line = *format == OutputFormat::JsonLines;
  ExitCode code = run_missing(*campaign, *store, by_line ? &lines : nullptr);
  // Behind a seed whose process died, or that was not reached before an interrupt, there may be
  // others.
  if (by_line) {
    if (const auto printed = lines.print(LinePrinter::Gaps::Skip); !printed)
      return report(printed.error());
  }
  const auto summary = store->summary(campaign->first, campaign->count);
  if (!summary) return worse(code, report(summary.error()));
  if (*format == OutputFormat::Text) print_summary(*summary, campaign->replay);
  if (*format == OutputFormat::Json) {
    fmt::print("{}\n", summary_json(*summary, campaign->replay).dump(2));
  }
  if (Interruptible::interrupted()) return ExitCode::Interrupted;
  if (summary->seeds < campaign->count) code = worse(code, ExitCode::Internal);
  for (const auto& [name, seeds] : summary->verdicts) {
    const auto verdict = scenarios::parse_verdict(name);
    if (verdict && seeds > 0) code = worse(code, exit_code_of(*verdict));
  }
  return code;
}

}  // namespace

Verb campaign_verb() {
  return {
      .name = "campaign",
      .summary = "many seeds of one scenario, with sampled faults; resumable",
      .synopsis = "SCENARIO [--from SOURCE [--at claim]] --seeds N [--jobs J] [--results FILE]",
      .explanation =
          "Runs a scenario under many seeds, each with the random faults that its `random_faults` "
          "allows, and\n"
          "prints what came of it: verdicts, what was violated first and under which seed, how "
          "often each invariant\n"
          "was checked, what was met. Seeds are independent: any number of jobs gives the same "
          "results.\n\n"
          "With --results all is kept in one SQLite file, a row a seed. Interrupt or kill the "
          "campaign and run the\n"
          "same command again: what is there is not run again; a larger --seeds goes on from "
          "there. A file takes\n"
          "results of one scenario, one cluster and one behaviour of the simulator, and refuses "
          "others. It can be\n"
          "asked while the campaign runs; tables: campaign, seed; view: result, with the command "
          "that replays.\n\n"
          "With --seeded-defects it proves the checkers instead: SCENARIO is a table of switches, "
          "each of which breaks\n"
          "one rule of ZooKeeper, Kafka or the migration. For each, seeds are tried until an "
          "invariant objects to a run\n"
          "that is clean with the switch off; printed are the seeds it took and how many the table "
          "allows, the invariant,\n"
          "its evidence and how to see it again. --seeds N allows every row N instead.\n"
          "Its exit code 0: each is found, by an invariant that the table expects, and no run "
          "without a defect is objected\n"
          "to; 1: not so; 3: the table is wrong; 5: a process died.\n\n"
          "With --delivery it measures what client programs lose: SCENARIO is a table of programs "
          "and "
          "crash points, and of\n"
          "what the reference says comes of each. All are run at once in every mode, under each "
          "seed; "
          "printed are the fewest\n"
          "and the most records lost, seen twice, dead-lettered and copied too often, and where "
          "that "
          "differs. Exit code 0: all\n"
          "agree; 1: a cell differs, or an invariant objected; 3: the table is wrong; 5: a process "
          "died.\n\n"
          "Exit code 0: all seeds good; 1: a finding; 2: a verdict unknown; 3: also a file of "
          "another campaign;\n"
          "4: a file that is no campaign's, or damaged; 5: a process died, its seed is named; 130: "
          "interrupted.",
      .examples =
          {{"zk2kraft campaign scenarios/campaign.txtpb --from scenarios/sample/p3-hybrid/zk-1 "
            "--at claim --seeds 1000",
            "a thousand migrations of the bundled cluster under random faults"},
           {"zk2kraft campaign scenarios/campaign.txtpb --seeds 10000 --results found.db",
            "resumable: interrupt it, run the same command again"},
           {"sqlite3 found.db \"SELECT replay, what FROM result WHERE verdict <> 'good'\"",
            "every seed that was not good, with the command that shows it"},
           {"zk2kraft campaign scenarios/campaign.txtpb --seeds 50 --first-seed 200 --output jsonl",
            "one JSON line per seed, in the order of seeds"},
           {"zk2kraft campaign scenarios/seeded_defects.pbtxt --seeded-defects",
            "every seeded defect, and how many seeds it took to find it"},
           {"zk2kraft campaign scenarios/seeded_defects.pbtxt --seeded-defects --defect MB-23 "
            "--keep "
            "found",
            "one of them; found/MB-23.txtpb is a scenario that `run` takes"},
           {"zk2kraft campaign scenarios/clients/delivery.pbtxt --delivery --seeds 1000",
            "commit pattern x crash point and dead-letter pattern x crash point, measured"}},
      .options = &campaign_options,
      .positionals = {{"scenario", 1}},
      .run = &run_campaign};
}

}  // namespace tools
