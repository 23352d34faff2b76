#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/delivery_table.pb.h"
#include "scenarios/initial.h"
#include "scenarios/scenario.pb.h"
#include "sim/base/problem.h"

// The tables *commit pattern × crash point* and *dead-letter pattern × crash point* (brokers.md §3.6, §4.2, §4.3),
// measured. One run has all cells of all rows: each is a client program of its own group, with a crash of its own.
namespace scenarios {

// The table in a file. A Usage problem for one without why, mode or row, or for a row that cannot be.
sim::Expected<zk2kraft::DeliveryTable> read_delivery_table(const std::string& path);

// All cells, in the order of rows and cells: the order of the consumers in a scenario.
struct DeliveryCellName {
  int row = 0;
  int cell = 0;
};
std::vector<DeliveryCellName> cells_of(const zk2kraft::DeliveryTable& table);

// The scenario of one mode.
zk2kraft::Scenario scenario_of(const zk2kraft::DeliveryTable& table,
                               const zk2kraft::DeliveryMode& mode);

// What one cell came to in one run.
struct DeliveryMeasure {
  std::int64_t lost = 0;
  std::int64_t duplicated = 0;
  std::int64_t dead_lettered = 0;
  std::int64_t copies = 0;
  bool crashed = false;  // its crash came, or none was wanted
};
struct DeliveryRun {
  std::uint64_t seed = 0;
  std::vector<DeliveryMeasure> cells;
  std::vector<std::string> objections;  // violations, a goal that was missed
};
DeliveryRun measure(const zk2kraft::DeliveryTable& table, const zk2kraft::Scenario& scenario,
                    const Initial& initial, std::uint64_t seed, const sim::Place& place);
// What the reference says of the cell holds for the measure.
bool agrees(const zk2kraft::DeliveryCell& cell, const DeliveryMeasure& measure);

// One line of JSON, and back.
std::string to_line(const DeliveryRun& run);
sim::Expected<DeliveryRun> delivery_run_from_line(const std::string& line);

}  // namespace scenarios
