#include "tools/zk2kraft/compare_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "scenarios/paired.h"
#include "tools/zk2kraft/console.h"

namespace tools {
namespace {

using scenarios::ComparisonRun;
using scenarios::MeasureName;
using Sample = std::vector<std::int64_t>;

Sample sample_of(const ComparedRuns& mode, const MeasureName& measure) {
  Sample sample;
  for (const ComparisonRun& run : mode.runs) {
    if (const auto& value = run.measures.*measure.value) sample.push_back(value->nanoseconds());
  }
  return sample;
}

// Of the seeds under which both modes have the measure.
Sample differences(const ComparedRuns& base, const ComparedRuns& other,
                   const MeasureName& measure) {
  Sample sample;
  for (std::size_t at = 0; at < std::min(base.runs.size(), other.runs.size()); ++at) {
    const auto& from = base.runs[at].measures.*measure.value;
    const auto& to = other.runs[at].measures.*measure.value;
    if (from && to) sample.push_back((*to - *from).nanoseconds());
  }
  return sample;
}

std::string say_nanoseconds(std::int64_t nanoseconds) {
  return say(sim::Duration(nanoseconds));
}

std::string signed_say(std::int64_t nanoseconds) {
  return (nanoseconds > 0 ? "+" : "") + say_nanoseconds(nanoseconds);
}

std::string describe_sample(Sample sample) {
  if (sample.empty()) return "-";
  const auto [least, most] = std::ranges::minmax(sample);
  const std::string median = say_nanoseconds(scenarios::median_interval(std::move(sample)).median);
  if (least == most) return median;
  return fmt::format("{} [{}, {}]", median, say_nanoseconds(least), say_nanoseconds(most));
}

std::string describe_difference(Sample sample) {
  if (sample.empty()) return "-";
  const auto found = scenarios::median_interval(std::move(sample));
  if (!found.interval) return signed_say(found.median) + " [too few seeds]";
  return fmt::format("{} [{}, {}]", signed_say(found.median), signed_say(found.interval->first),
                     signed_say(found.interval->second));
}

// Columns as wide as their widest cell; the first row is the heading.
void print_columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  // Cells are ASCII but for the sign of micro, which is two bytes of one column.
  const auto width = [](const std::string& cell) {
    return static_cast<std::size_t>(
        std::ranges::count_if(cell, [](char c) { return (c & 0xC0) != 0x80; }));
  };
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    fmt::print("{}\n", &row == rows.data() ? coloured(line, Colour::Bold) : line);
  }
}

nlohmann::json interval_json(Sample sample) {
  nlohmann::json json{{"seeds", sample.size()}};
  if (sample.empty()) return json;
  const auto [least, most] = std::ranges::minmax(sample);
  const auto found = scenarios::median_interval(std::move(sample));
  json["medianNs"] = found.median;
  json["leastNs"] = least;
  json["mostNs"] = most;
  if (found.interval) json["interval95Ns"] = {found.interval->first, found.interval->second};
  return json;
}

}  // namespace

std::string say(sim::Duration duration) {
  const auto nanoseconds = static_cast<double>(duration.nanoseconds());
  const double size = std::abs(nanoseconds);
  if (size == 0) return "0 s";
  if (size < 1e6) return fmt::format("{:.3g} µs", nanoseconds / 1e3);
  if (size < 0.9995e9) return fmt::format("{:.3g} ms", nanoseconds / 1e6);
  if (size < 999.5e9) return fmt::format("{:.3g} s", nanoseconds / 1e9);
  return fmt::format("{:.0f} s", nanoseconds / 1e9);
}

void print_comparison(const std::vector<ComparedRuns>& modes) {
  std::vector<std::vector<std::string>> medians{{"median [least, most]"}};
  std::vector<std::vector<std::string>> paired{
      {fmt::format("same seed, against {} [95 %]", modes.front().mode->name)}};
  for (const ComparedRuns& mode : modes) {
    medians.front().emplace_back(mode.mode->name);
    if (&mode != modes.data()) paired.front().emplace_back(mode.mode->name);
  }
  for (const MeasureName& measure : scenarios::all_measures()) {
    std::vector<std::string> row{std::string(measure.says)};
    std::vector<std::string> difference = row;
    bool anything = false;
    for (const ComparedRuns& mode : modes) {
      row.push_back(describe_sample(sample_of(mode, measure)));
      anything |= row.back() != "-";
      if (&mode != modes.data())
        difference.push_back(describe_difference(differences(modes.front(), mode, measure)));
    }
    if (!anything) continue;
    medians.push_back(std::move(row));
    paired.push_back(std::move(difference));
  }
  print_columns(medians);
  if (modes.size() < 2) return;
  fmt::print("\n");
  print_columns(paired);
}

nlohmann::json comparison_json(const std::vector<ComparedRuns>& modes) {
  nlohmann::json json = nlohmann::json::array();
  for (const ComparedRuns& mode : modes) {
    nlohmann::json measures = nlohmann::json::object();
    for (const MeasureName& measure : scenarios::all_measures()) {
      Sample sample = sample_of(mode, measure);
      if (sample.empty()) continue;
      measures[measure.name] = interval_json(std::move(sample));
      if (&mode != modes.data()) {
        measures[measure.name]["against"] = {
            {"mode", modes.front().mode->name},
            {"difference", interval_json(differences(modes.front(), mode, measure))}};
      }
    }
    nlohmann::json objections = nlohmann::json::array();
    for (const ComparisonRun& run : mode.runs) {
      for (const std::string& objection : run.objections)
        objections.push_back({{"seed", run.seed}, {"what", objection}});
    }
    json.push_back({{"mode", mode.mode->name},
                    {"phase", mode.mode->phase},
                    {"measures", std::move(measures)},
                    {"objections", std::move(objections)}});
  }
  return json;
}

}  // namespace tools
