#include "tools/zk2kraft/delivery_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "scenarios/delivery_table.h"
#include "scenarios/forked_work.h"
#include "scenarios/text.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/run_support.h"

namespace tools {
namespace {

using scenarios::DeliveryMeasure;
using scenarios::DeliveryRun;

struct Extremes {
  std::int64_t least = INT64_MAX;
  std::int64_t most = INT64_MIN;
  void add(std::int64_t count) {
    least = std::min(least, count);
    most = std::max(most, count);
  }
  std::string text() const {
    if (least > most) return "-";
    return least == most ? fmt::format("{}", least) : fmt::format("{}-{}", least, most);
  }
};

// One cell in one mode, over all seeds.
struct Measured {
  Extremes lost;
  Extremes duplicated;
  Extremes dead_lettered;
  Extremes copies;
  std::uint64_t seeds = 0;
  std::uint64_t differing = 0;
  std::uint64_t first_differing = 0;

  void add(const zk2kraft::DeliveryCell& cell, const DeliveryMeasure& measure, std::uint64_t seed) {
    lost.add(measure.lost);
    duplicated.add(measure.duplicated);
    dead_lettered.add(measure.dead_lettered);
    copies.add(measure.copies);
    ++seeds;
    if (scenarios::agrees(cell, measure)) return;
    first_differing = differing == 0 ? seed : std::min(first_differing, seed);
    ++differing;
  }
  std::string text() const {
    return fmt::format("{}/{}/{}/{}", lost.text(), duplicated.text(), dead_lettered.text(),
                       copies.text());
  }
};

struct Delivery {
  std::string path;
  zk2kraft::DeliveryTable table;
  std::vector<zk2kraft::Scenario> scenarios;  // by mode
  std::vector<scenarios::Initial> initials;
  std::vector<std::vector<Measured>> measured;  // by mode, then cell
  std::map<std::string, std::uint64_t> objections;
  std::uint64_t runs = 0;
};

std::string said_of(const zk2kraft::DeliveryCell& cell) {
  const auto range = [](const zk2kraft::DeliveryRange& of) {
    return Extremes{of.least(), of.most()}.text();
  };
  return fmt::format("{}/{}/{}/{}", range(cell.lost()), range(cell.duplicated()),
                     range(cell.dead_lettered()), range(cell.copies()));
}

sim::Expected<Delivery> prepare_delivery(const po::variables_map& arguments) {
  if (arguments.count("scenario") == 0) {
    return std::unexpected(usage("no table of deliveries is named.",
                                 "One comes along: scenarios/clients/delivery.pbtxt"));
  }
  Delivery delivery{.path = arguments["scenario"].as<std::vector<std::string>>().front()};
  auto table = scenarios::read_delivery_table(delivery.path);
  if (!table) return std::unexpected(table.error());
  delivery.table = std::move(*table);
  for (const zk2kraft::DeliveryMode& mode : delivery.table.mode()) {
    delivery.scenarios.push_back(scenarios::scenario_of(delivery.table, mode));
    auto initial = beginning_of(arguments, delivery.scenarios.back(), {.source = delivery.path});
    if (!initial) return std::unexpected(initial.error());
    delivery.initials.push_back(std::move(*initial));
    delivery.measured.emplace_back(scenarios::cells_of(delivery.table).size());
  }
  return delivery;
}

sim::Expected<void> keep_modes(const Delivery& delivery, const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (std::size_t mode = 0; mode < delivery.scenarios.size(); ++mode) {
    const std::string path =
        fmt::format("{}/{}.txtpb", directory, delivery.table.mode(static_cast<int>(mode)).name());
    std::ofstream out(path);
    out << scenarios::print_scenario(delivery.scenarios[mode]);
    if (!out.flush()) {
      return std::unexpected(usage(fmt::format("{} cannot be written.", path),
                                   "Name a writable directory with --keep."));
    }
  }
  return {};
}

void add_run(Delivery& delivery, std::size_t mode, const DeliveryRun& run) {
  ++delivery.runs;
  const std::string& name = delivery.table.mode(static_cast<int>(mode)).name();
  for (const std::string& objection : run.objections)
    ++delivery.objections[fmt::format("{}, seed {}: {}", name, run.seed, objection)];
  const auto cells = scenarios::cells_of(delivery.table);
  for (std::size_t at = 0; at < std::min(cells.size(), run.cells.size()); ++at) {
    const auto& [row, cell] = cells[at];
    delivery.measured[mode][at].add(delivery.table.row(row).cell(cell), run.cells[at], run.seed);
  }
}

// How many cells do not agree.
std::size_t print_cells(const Delivery& delivery) {
  const auto cells = scenarios::cells_of(delivery.table);
  std::size_t differing = 0;
  std::string heading;
  int known_row = -1;
  for (std::size_t at = 0; at < cells.size(); ++at) {
    const zk2kraft::DeliveryRow& row = delivery.table.row(cells[at].row);
    const zk2kraft::DeliveryCell& cell = row.cell(cells[at].cell);
    if (row.table() != heading) {
      heading = row.table();
      fmt::print("\n{} × crash point: lost/seen twice/dead-lettered/copies too many\n", heading);
      fmt::print("{:<46} {:<14}", "", "says");
      for (const auto& mode : delivery.table.mode()) fmt::print(" {:<14}", mode.name());
      fmt::print("\n");
    }
    if (std::exchange(known_row, cells[at].row) != cells[at].row)
      fmt::print("{}: {}\n", coloured(row.name(), Colour::Blue), row.says());
    fmt::print("  {:<44} {:<14}", cell.point(), said_of(cell));
    std::string which;
    for (std::size_t mode = 0; mode < delivery.measured.size(); ++mode) {
      const Measured& measured = delivery.measured[mode][at];
      fmt::print(" {}", coloured(fmt::format("{:<14}", measured.text()),
                                 measured.differing == 0 ? Colour::Green : Colour::Red));
      if (measured.differing == 0) continue;
      which += fmt::format("      {} differs under {} of {} seeds, first {}\n",
                           delivery.table.mode(static_cast<int>(mode)).name(), measured.differing,
                           measured.seeds, measured.first_differing);
    }
    fmt::print(" {}\n{}", cell.says(), which);
    if (!which.empty()) ++differing;
  }
  return differing;
}

nlohmann::json cells_json(const Delivery& delivery) {
  nlohmann::json json = nlohmann::json::array();
  const auto cells = scenarios::cells_of(delivery.table);
  const auto range = [](const Extremes& of) { return nlohmann::json{of.least, of.most}; };
  for (std::size_t at = 0; at < cells.size(); ++at) {
    const zk2kraft::DeliveryRow& row = delivery.table.row(cells[at].row);
    const zk2kraft::DeliveryCell& cell = row.cell(cells[at].cell);
    nlohmann::json modes = nlohmann::json::object();
    for (std::size_t mode = 0; mode < delivery.measured.size(); ++mode) {
      const Measured& measured = delivery.measured[mode][at];
      modes[delivery.table.mode(static_cast<int>(mode)).name()] = {
          {"lost", range(measured.lost)},
          {"duplicated", range(measured.duplicated)},
          {"deadLettered", range(measured.dead_lettered)},
          {"copies", range(measured.copies)},
          {"seeds", measured.seeds},
          {"differing", measured.differing}};
    }
    json.push_back({{"table", row.table()},
                    {"row", row.name()},
                    {"point", cell.point()},
                    {"says", cell.says()},
                    {"expected", said_of(cell)},
                    {"modes", std::move(modes)}});
  }
  return json;
}

}  // namespace

ExitCode measure_deliveries(const po::variables_map& arguments, OutputFormat format) {
  if (auto problem = check_range(arguments)) return report(*problem);
  if (format == OutputFormat::JsonLines) {
    return report(usage("--delivery is a table, not lines.", "Take --output json."));
  }
  auto prepared = prepare_delivery(arguments);
  if (!prepared) return report(prepared.error());
  Delivery& delivery = *prepared;
  if (arguments.count("keep") != 0) {
    if (auto kept = keep_modes(delivery, arguments["keep"].as<std::string>()); !kept)
      return report(kept.error());
  }
  const auto first = arguments["first-seed"].as<std::uint64_t>();
  const std::uint64_t modes = delivery.scenarios.size();
  const std::uint64_t seeds = arguments["seeds"].as<std::uint64_t>();
  std::vector<std::uint64_t> tasks(modes * seeds);
  std::iota(tasks.begin(), tasks.end(), 0);
  const sim::Place place{.source = delivery.path};
  Progress progress("deliveries", "runs", tasks.size());
  const auto lost =
      scenarios::run_forked(tasks, arguments["jobs"].as<unsigned>(),
                            {.work =
                                 [&](std::uint64_t task) {
                                   const std::size_t mode = task % modes;
                                   return scenarios::to_line(scenarios::measure(
                                       delivery.table, delivery.scenarios[mode],
                                       delivery.initials[mode], first + task / modes, place));
                                 },
                             .done =
                                 [&](std::uint64_t task, const std::string& line) {
                                   if (const auto run = scenarios::delivery_run_from_line(line))
                                     add_run(delivery, task % modes, *run);
                                   progress.update(delivery.runs);
                                   return true;
                                 }});
  for (const scenarios::LostTask& task : lost)
    fmt::print(stderr, "zk2kraft: the process at run {} ended by {}.\n", task.task, task.how);
  std::size_t differing = 0;
  if (format == OutputFormat::Text) {
    differing = print_cells(delivery);
    for (const auto& [objection, times] : delivery.objections)
      fmt::print("{}\n", coloured(objection, Colour::Red));
    fmt::print("\n{} of {} cells agree, {} seeds a cell and mode\n",
               scenarios::cells_of(delivery.table).size() - differing,
               scenarios::cells_of(delivery.table).size(), seeds);
  } else {
    fmt::print("{}\n", cells_json(delivery).dump(2));
    for (const auto& cells : delivery.measured)
      differing += static_cast<std::size_t>(
          std::ranges::count_if(cells, [](const Measured& cell) { return cell.differing > 0; }));
  }
  if (delivery.runs < tasks.size()) return ExitCode::Internal;
  return differing > 0 || !delivery.objections.empty() ? ExitCode::Finding : ExitCode::Good;
}

}  // namespace tools
