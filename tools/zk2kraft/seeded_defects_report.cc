#include "tools/zk2kraft/seeded_defects_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "scenarios/forked_work.h"
#include "scenarios/seeded_defects.h"
#include "scenarios/text.h"
#include "sim/base/suggest.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/run_support.h"
#include "tools/zk2kraft/verb.h"

namespace tools {
namespace {

constexpr std::size_t kEvidence = 110;  // characters of it in the table

struct Row {
  scenarios::SeededDefect defect;
  scenarios::Initial initial;
};

std::string table_of(const po::variables_map& arguments) {
  return arguments["scenario"].as<std::vector<std::string>>().front();
}

// The rows that are asked for, each with the cluster that it begins with.
sim::Expected<std::vector<Row>> rows_of(const po::variables_map& arguments) {
  if (arguments.count("scenario") == 0) {
    return std::unexpected(usage("no table of seeded defects is named.",
                                 "One comes along: scenarios/seeded_defects.pbtxt"));
  }
  const std::string path = table_of(arguments);
  const bool from_source = arguments.count("from") != 0;
  auto defects = scenarios::read_seeded_defects(
      path, from_source ? scenarios::Topology::FromSource : scenarios::Topology::AsWritten);
  if (!defects) return std::unexpected(defects.error());
  if (arguments.count("defect") != 0) {
    const auto& wanted = arguments["defect"].as<std::vector<std::string>>();
    for (const std::string& name : wanted) {
      if (std::ranges::find(*defects, name, &scenarios::SeededDefect::defect) != defects->end())
        continue;
      std::vector<std::string_view> known;
      for (const scenarios::SeededDefect& row : *defects) known.push_back(row.defect);
      return std::unexpected(
          usage(fmt::format("the table has no row '{}'.{}", name, sim::did_you_mean(name, known)),
                fmt::format("Its rows are: {}.", fmt::join(known, ", "))));
    }
    std::erase_if(*defects, [&](const auto& row) {
      return std::ranges::find(wanted, row.defect) == wanted.end();
    });
  }
  std::vector<Row> rows;
  for (scenarios::SeededDefect& defect : *defects) {
    // One source is one beginning for all.
    auto initial = from_source && !rows.empty()
                       ? sim::Expected<scenarios::Initial>(rows.front().initial)
                       : beginning_of(arguments, defect.scenario, {.source = path});
    if (!initial) return std::unexpected(initial.error());
    rows.push_back({std::move(defect), std::move(*initial)});
  }
  return rows;
}

// The command that finds this one again, at once.
std::string replay(const po::variables_map& arguments, const scenarios::Hunt& hunt) {
  std::string command =
      arguments.count("keep") != 0
          ? fmt::format("zk2kraft run {}", shell_word(arguments["keep"].as<std::string>() + "/" +
                                                      hunt.defect + ".txtpb"))
          : fmt::format("zk2kraft campaign {} --seeded-defects --defect {}",
                        shell_word(table_of(arguments)), hunt.defect);
  for (const char* name : {"from", "at", "chroot", "secret"}) {
    if (arguments.count(name) != 0)
      command += fmt::format(" --{} {}", name, shell_word(arguments[name].as<std::string>()));
  }
  if (arguments.count("keep") != 0) return command + fmt::format(" --seed {}", hunt.seed);
  return command + fmt::format(" --first-seed {} --seeds 1", hunt.seed);
}

sim::Expected<void> keep(const std::string& directory, const std::vector<Row>& rows) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (const Row& row : rows) {
    const std::string path = fmt::format("{}/{}.txtpb", directory, row.defect.defect);
    std::ofstream out(path);
    out << scenarios::print_scenario(scenarios::scenario_with(row.defect));
    if (!out.flush())
      return std::unexpected(usage(fmt::format("{} cannot be written.", path),
                                   "Name a writable directory with --keep."));
  }
  return {};
}

// How many seeds a row may take: what the table says, unless the command line says otherwise.
std::uint64_t seeds_for(const po::variables_map& arguments, const scenarios::SeededDefect& defect) {
  return arguments["seeds"].defaulted() ? defect.seeds : arguments["seeds"].as<std::uint64_t>();
}

// What a campaign has and this has not, or a range of seeds that is none.
std::optional<sim::Problem> unusable(const po::variables_map& arguments) {
  if (arguments.count("results") != 0) {
    return usage("--results keeps a campaign, and --seeded-defects is none.",
                 "Take --output json, or --keep DIR.");
  }
  return check_range(arguments);
}

bool good(const scenarios::Hunt& hunt) {
  return hunt.found && hunt.expected && hunt.disturbed.empty();
}

void print_row(const po::variables_map& arguments, const scenarios::SeededDefect& defect,
               const scenarios::Hunt& hunt) {
  const std::string seeds =
      fmt::format("{}{} of {}", hunt.found ? "" : "> ", hunt.seeds, seeds_for(arguments, defect));
  const std::string seen =
      hunt.found ? hunt.invariant + (hunt.expected ? "" : " (not expected)") : "not found";
  fmt::print("{:<40} {:>9}  {}\n", hunt.defect, seeds,
             coloured(seen, good(hunt) ? Colour::Green : Colour::Red));
  if (hunt.found) {
    const bool longer = hunt.what.size() > kEvidence;
    fmt::print("      {}{}\n", hunt.what.substr(0, kEvidence), longer ? "…" : "");
    fmt::print("      {}\n", coloured(replay(arguments, hunt), Colour::Dim));
  }
  for (const std::string& disturbed : hunt.disturbed) {
    fmt::print("      {}\n", coloured("without the defect, " + disturbed, Colour::Red));
  }
}

// Prints each row as soon as it and all before it are known.
class Table {
 public:
  Table(const po::variables_map& arguments, OutputFormat format, const std::vector<Row>& rows)
      : arguments_(arguments), format_(format), rows_(rows) {
    if (format_ == OutputFormat::Text)
      fmt::print("{:<40} {:>9}  {}\n", "seeded defect", "seeds", "seen by");
  }

  void add(std::uint64_t row, scenarios::Hunt hunt) {
    hunts_.insert_or_assign(row, std::move(hunt));
    for (auto next = hunts_.find(printed_); next != hunts_.end(); next = hunts_.find(++printed_)) {
      print(rows_[printed_].defect, next->second);
    }
    std::fflush(stdout);
  }

  std::size_t known() const { return hunts_.size(); }

  ExitCode end() const {
    if (format_ == OutputFormat::Json) fmt::print("{}\n", all_.dump(2));
    if (format_ == OutputFormat::Text) {
      fmt::print("\n{} of {} found{}{}\n", rows_.size() - unfound_.size(), rows_.size(),
                 unfound_.empty() ? "" : "; not as it should be: ", fmt::join(unfound_, ", "));
    }
    return unfound_.empty() ? ExitCode::Good : ExitCode::Finding;
  }

 private:
  void print(const scenarios::SeededDefect& defect, const scenarios::Hunt& hunt) {
    if (!good(hunt)) unfound_.push_back(hunt.defect);
    if (format_ == OutputFormat::Text) return print_row(arguments_, defect, hunt);
    nlohmann::json told = nlohmann::json::parse(scenarios::to_line(hunt));
    told["why"] = defect.why;
    told["seen_by"] = defect.seen_by;
    told["within"] = seeds_for(arguments_, defect);
    if (format_ == OutputFormat::JsonLines) fmt::print("{}\n", told.dump());
    if (format_ == OutputFormat::Json) all_.push_back(std::move(told));
  }

  const po::variables_map& arguments_;
  OutputFormat format_;
  const std::vector<Row>& rows_;
  std::map<std::uint64_t, scenarios::Hunt> hunts_;
  std::uint64_t printed_ = 0;
  std::vector<std::string> unfound_;
  nlohmann::json all_ = nlohmann::json::array();
};

}  // namespace

ExitCode hunt_seeded_defects(const po::variables_map& arguments, OutputFormat format) {
  if (const auto problem = unusable(arguments)) return report(*problem);
  const auto rows = rows_of(arguments);
  if (!rows) return report(rows.error());
  if (arguments.count("keep") != 0) {
    if (auto kept = keep(arguments["keep"].as<std::string>(), *rows); !kept)
      return report(kept.error());
  }
  const auto first = arguments["first-seed"].as<std::uint64_t>();
  const sim::Place place{.source = table_of(arguments)};
  Table table(arguments, format, *rows);
  Progress progress("seeded defects", "defects", rows->size());
  std::vector<std::uint64_t> tasks(rows->size());
  std::iota(tasks.begin(), tasks.end(), 0);
  const auto lost = scenarios::run_forked(tasks, arguments["jobs"].as<unsigned>(),
                                          {.work =
                                               [&](std::uint64_t task) {
                                                 const Row& row = (*rows)[task];
                                                 const std::uint64_t seeds =
                                                     seeds_for(arguments, row.defect);
                                                 return scenarios::to_line(scenarios::hunt(
                                                     row.defect, row.initial, first, seeds, place));
                                               },
                                           .done =
                                               [&](std::uint64_t task, const std::string& line) {
                                                 if (auto hunt = scenarios::hunt_from_line(line))
                                                   table.add(task, std::move(*hunt));
                                                 progress.update(table.known());
                                                 return true;
                                               }});
  for (const scenarios::LostTask& task : lost) {
    fmt::print(stderr, "zk2kraft: the process at {} ended by {}.\n",
               (*rows)[task.task].defect.defect, task.how);
  }
  return table.known() < rows->size() ? ExitCode::Internal : table.end();
}

}  // namespace tools
