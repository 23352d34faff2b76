#include "scenarios/delivery_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scenarios/fault_text.h"
#include "scenarios/runner.h"
#include "scenarios/text.h"
#include "sim/base/check.h"

namespace scenarios {
namespace {

sim::Problem unusable_table(const std::string& path, std::string what, std::string remedy) {
  return {sim::Severity::Usage, {.source = path}, std::move(what), std::move(remedy)};
}

std::string group_of(const zk2kraft::DeliveryRow& row, int cell) {
  return fmt::format("{}-{}", row.name(), cell + 1);
}

// A crash of the nth consumer, in the words of a fault. It is back two seconds later.
std::string crash_of(std::size_t consumer, const std::string& on) {
  const std::size_t space = on.find(' ');
  const std::string notice = on.substr(0, space);
  const std::string rest = space == std::string::npos ? "" : on.substr(space);
  return fmt::format("crash consumer-{0} on {1} of consumer-{0}{2} for 2s", consumer, notice, rest);
}

bool within(const zk2kraft::DeliveryRange& range, std::int64_t count) {
  return count >= range.least() && count <= range.most();
}

}  // namespace

sim::Expected<zk2kraft::DeliveryTable> read_delivery_table(const std::string& path) {
  zk2kraft::DeliveryTable table;
  if (auto read = read_message(path, table); !read) return std::unexpected(read.error());
  if (table.why().empty()) {
    return std::unexpected(unusable_table(path, "the table of deliveries has no why.",
                                          "Begin with why: \"what it shows\"."));
  }
  if (table.mode().empty() || table.row().empty()) {
    return std::unexpected(unusable_table(path, "the table of deliveries has no mode or no row.",
                                          "Add mode { … } and row { … }."));
  }
  for (const zk2kraft::DeliveryRow& row : table.row()) {
    if (row.name().empty() || row.says().empty() || row.cell().empty()) {
      return std::unexpected(unusable_table(
          path, fmt::format("row '{}' has no name, says nothing, or has no cell.", row.name()),
          "A row has name, says, consumer and cells."));
    }
    for (const zk2kraft::DeliveryCell& cell : row.cell()) {
      if (cell.on().empty()) continue;
      if (auto known = parse_fault(crash_of(1, cell.on()), {.source = path}); !known)
        return std::unexpected(known.error());
    }
  }
  return table;
}

std::vector<DeliveryCellName> cells_of(const zk2kraft::DeliveryTable& table) {
  std::vector<DeliveryCellName> cells;
  for (int row = 0; row < table.row_size(); ++row) {
    for (int cell = 0; cell < table.row(row).cell_size(); ++cell) cells.push_back({row, cell});
  }
  return cells;
}

zk2kraft::Scenario scenario_of(const zk2kraft::DeliveryTable& table,
                               const zk2kraft::DeliveryMode& mode) {
  zk2kraft::Scenario scenario = table.base();
  scenario.set_why(table.why());
  scenario.mutable_operator_()->set_goal(mode.phase());
  std::size_t consumers = 0;
  for (const auto& [row, cell] : cells_of(table)) {
    const zk2kraft::DeliveryRow& of = table.row(row);
    zk2kraft::Consumer* const consumer = scenario.add_workload()->mutable_consumer();
    *consumer = of.consumer();
    consumer->set_group_id(group_of(of, cell));
    consumer->set_from_phase(mode.phase());
    ++consumers;
    if (const std::string& on = of.cell(cell).on(); !on.empty())
      scenario.add_faults(crash_of(consumers, on));
  }
  return scenario;
}

DeliveryRun measure(const zk2kraft::DeliveryTable& table, const zk2kraft::Scenario& scenario,
                    const Initial& initial, std::uint64_t seed, const sim::Place& place) {
  DeliveryRun run{.seed = seed};
  sim::Expected<Outcome> outcome;
  try {
    outcome = run_scenario(scenario, initial, {.seed = seed}, place);
  } catch (const sim::Bug& bug) {
    run.objections.push_back(fmt::format("check: {}", bug.what()));
    return run;
  }
  if (!outcome) {
    run.objections.push_back(outcome.error().what);
    return run;
  }
  for (const Violation& violation : outcome->violations)
    run.objections.push_back(fmt::format("{}: {}", violation.invariant, violation.what));
  if (!outcome->goal_reached && !outcome->stopped_by_known)
    run.objections.push_back("the goal was missed: " + outcome->stuck_at);
  std::size_t consumer = 0;
  for (const auto& [row, cell] : cells_of(table)) {
    const auto& account = outcome->deliveries.at(group_of(table.row(row), cell));
    const std::string name = fmt::format("crash consumer-{} ", ++consumer);
    const bool missed = std::ranges::any_of(outcome->unmet, [&](const std::string& unmet) {
      return unmet.find(name) != std::string::npos;
    });
    run.cells.push_back({.lost = account.skipped + account.lost_by_policy + account.lost_by_crash,
                         .duplicated = account.reprocessed,
                         .dead_lettered = account.dlq_acked,
                         .copies = account.dlq_duplicates,
                         .crashed = !missed});
  }
  return run;
}

bool agrees(const zk2kraft::DeliveryCell& cell, const DeliveryMeasure& measure) {
  return measure.crashed && within(cell.lost(), measure.lost) &&
         within(cell.duplicated(), measure.duplicated) &&
         within(cell.dead_lettered(), measure.dead_lettered) &&
         within(cell.copies(), measure.copies);
}

std::string to_line(const DeliveryRun& run) {
  nlohmann::json cells = nlohmann::json::array();
  for (const DeliveryMeasure& cell : run.cells) {
    cells.push_back(
        {cell.lost, cell.duplicated, cell.dead_lettered, cell.copies, cell.crashed ? 1 : 0});
  }
  return nlohmann::json{
      {"seed", run.seed}, {"cells", std::move(cells)}, {"objections", run.objections}}
      .dump();
}

sim::Expected<DeliveryRun> delivery_run_from_line(const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("cells")) {
    return std::unexpected(
        sim::Problem{sim::Severity::Unknown, {}, "a worker's line is no measure.", ""});
  }
  DeliveryRun run{.seed = json.value("seed", std::uint64_t{0})};
  for (const nlohmann::json& cell : json["cells"]) {
    const auto numbers = cell.get<std::vector<std::int64_t>>();
    if (numbers.size() != 5) continue;
    run.cells.push_back({numbers[0], numbers[1], numbers[2], numbers[3], numbers[4] == 1});
  }
  run.objections = json.value("objections", std::vector<std::string>{});
  return run;
}

}  // namespace scenarios
