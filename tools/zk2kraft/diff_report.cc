#include "tools/zk2kraft/diff_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "sim/base/check.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/xml.h"
#include "zk/password.h"

namespace tools {
namespace {

using migrate::DiffReport;
using migrate::Tolerance;
using migrate::Verdict;
using nlohmann::ordered_json;

// ── For people ──────────────────────────────────────────────────────────────────────────────────

Colour colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Equal:
      return Colour::Green;
    case Verdict::Different:
      return Colour::Red;
    case Verdict::Unknown:
    case Verdict::Behind:
      return Colour::Yellow;
  }
  sim::unreachable("a verdict is one of those above");
}

std::string meaning_of(const DiffReport& report) {
  switch (report.verdict) {
    case Verdict::Equal:
      return report.pending.empty()
                 ? "both stores say the same"
                 : "both stores say the same, but for changes that have yet to be mirrored";
    case Verdict::Different:
      return "the stores disagree; do not roll back to this ZooKeeper, and do not finalise before "
             "you know why";
    case Verdict::Unknown:
      return "no difference was found, but not everything could be compared";
    case Verdict::Behind:
      return fmt::format(
          "this log ends below /migration's offset {}: take the files of a controller that was "
          "alive, "
          "best the active one's",
          report.checkpoint.offset.value());
  }
  sim::unreachable("a verdict is one of those above");
}

// "client quotas" has 2 differences, …: what the column beside the counts says.
std::map<sim::Family, std::string> remarks(const DiffReport& report) {
  std::map<sim::Family, std::array<std::size_t, 3>> numbers;
  for (const auto& each : report.different) ++numbers[each.kind][0];
  for (const auto& each : report.pending) ++numbers[each.kind][1];
  for (const auto& each : report.tolerated) ++numbers[each.difference.kind][2];
  std::map<sim::Family, std::string> remarks;
  for (const auto& [kind, counts] : numbers) {
    constexpr std::array kWords{"different", "pending", "tolerated"};
    std::string& remark = remarks[kind];
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 0)
        remark += fmt::format("{}{} {}", remark.empty() ? "" : ", ", counts[i], kWords[i]);
    }
  }
  return remarks;
}

void print_counts(const DiffReport& report) {
  const auto said = remarks(report);
  fmt::print("\n  {:<20}{:>10}{:>10}\n", "kind", "ZooKeeper", "KRaft");
  for (const migrate::KindCount& count : report.counts) {
    const auto remark = said.find(count.kind);
    const std::string_view otherwise = report.verdict == Verdict::Behind ? "not compared" : "equal";
    fmt::print("  {:<20}{:>10}{:>10}  {}\n", sim::name_of(count.kind), count.zookeeper, count.kraft,
               remark == said.end() ? otherwise : std::string_view(remark->second));
  }
}

void print_tolerated(const DiffReport& report, Detail detail) {
  std::map<Tolerance, std::vector<const sim::Difference*>> by_reason;
  for (const auto& each : report.tolerated) by_reason[each.why].push_back(&each.difference);
  for (const auto& [why, differences] : by_reason) {
    // What a rollback would bring back is always named.
    const std::size_t most = detail == Detail::All || why == Tolerance::QuotaLeftBehind
                                 ? differences.size()
                                 : std::size_t{3};
    fmt::print("\ntolerated: {} ({})\n  {}\n", migrate::name_of(why), differences.size(),
               migrate::explain(why));
    for (std::size_t i = 0; i < std::min(most, differences.size()); ++i) {
      const sim::Difference& difference = *differences[i];
      fmt::print("    {}\n",
                 difference.left || difference.right ? sim::describe(difference) : difference.path);
    }
    if (most < differences.size())
      fmt::print("    … and {} more (--all names them)\n", differences.size() - most);
  }
}

void print_list(std::string_view title, const std::vector<sim::Difference>& differences) {
  if (differences.empty()) return;
  fmt::print("\n{} ({}): ZooKeeper vs KRaft\n", title, differences.size());
  for (const sim::Difference& difference : differences)
    fmt::print("    {}\n", sim::describe(difference));
}

void print_text(const DiffReport& report, const DiffSides& sides, Detail detail) {
  fmt::print("ZooKeeper  {}\nKRaft      {}, ends with offset {} of epoch {}\n", sides.zookeeper,
             sides.kraft, report.kraft_end.offset.value(), report.kraft_end.epoch.value());
  if (sides.migration && sides.migration->initial_migration_complete()) {
    fmt::print("compared   as of offset {} of epoch {}, up to which ZooKeeper is said to mirror\n",
               report.checkpoint.offset.value(), report.checkpoint.epoch.value());
  } else {
    fmt::print("compared   as of the end of the log: {}\n",
               sides.migration ? "/migration says that nothing was copied yet"
                               : "there is no /migration znode");
  }
  print_counts(report);
  print_tolerated(report, detail);
  print_list("pending", report.pending);
  print_list("different", report.different);
  if (!report.unknown.empty()) fmt::print("\nunknown ({})\n", report.unknown.size());
  for (const auto& each : report.unknown) fmt::print("    {}: {}\n", each.path, each.why);
  fmt::print("\nverdict: {} - {}\n",
             coloured(migrate::name_of(report.verdict), colour_of(report.verdict)),
             meaning_of(report));
}

// ── For programs ────────────────────────────────────────────────────────────────────────────────

ordered_json as_json(const sim::Difference& difference) {
  const auto side = [](const std::optional<std::string>& value) {
    return value ? ordered_json(*value) : ordered_json();
  };
  return {{"path", difference.path},
          {"kind", std::string(sim::name_of(difference.kind))},
          {"zookeeper", side(difference.left)},
          {"kraft", side(difference.right)}};
}

ordered_json as_json(const sim::OffsetAndEpoch& id) {
  return {{"offset", id.offset.value()}, {"epoch", id.epoch.value()}};
}

void print_json(const DiffReport& report, const DiffSides& sides) {
  ordered_json json{{"from", sides.zookeeper},
                    {"to", sides.kraft},
                    {"verdict", std::string(migrate::name_of(report.verdict))},
                    {"checkpoint", as_json(report.checkpoint)},
                    {"kraftEnd", as_json(report.kraft_end)},
                    {"kinds", ordered_json::array()},
                    {"tolerated", ordered_json::array()},
                    {"pending", ordered_json::array()},
                    {"different", ordered_json::array()},
                    {"unknown", ordered_json::array()}};
  for (const auto& count : report.counts) {
    json["kinds"].push_back({{"kind", std::string(sim::name_of(count.kind))},
                             {"zookeeper", count.zookeeper},
                             {"kraft", count.kraft}});
  }
  for (const auto& each : report.tolerated) {
    ordered_json one = as_json(each.difference);
    one["why"] = std::string(migrate::name_of(each.why));
    one["explanation"] = std::string(migrate::explain(each.why));
    json["tolerated"].push_back(std::move(one));
  }
  for (const auto& each : report.pending) json["pending"].push_back(as_json(each));
  for (const auto& each : report.different) json["different"].push_back(as_json(each));
  for (const auto& each : report.unknown)
    json["unknown"].push_back({{"path", each.path}, {"why", each.why}});
  fmt::print("{}\n", json.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

// A test case for each kind, and one for what concerns them all.
void print_junit(const DiffReport& report) {
  std::map<sim::Family, std::string> failures;
  for (const auto& each : report.different) failures[each.kind] += sim::describe(each) + '\n';
  std::string errors;
  if (report.verdict == Verdict::Behind) errors = meaning_of(report) + '\n';
  for (const auto& each : report.unknown) errors += fmt::format("{}: {}\n", each.path, each.why);
  fmt::print(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"zk2kraft diff\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
      report.counts.size() + 1, failures.size(), errors.empty() ? 0 : 1);
  const auto test_case = [](std::string_view name, std::string_view element,
                            const std::string& what) {
    if (what.empty()) {
      fmt::print("  <testcase classname=\"zk2kraft.diff\" name=\"{}\"/>\n", xml(name));
    } else {
      fmt::print("  <testcase classname=\"zk2kraft.diff\" name=\"{0}\"><{1}>{2}</{1}></testcase>\n",
                 xml(name), element, xml(what));
    }
  };
  for (const auto& count : report.counts)
    test_case(sim::name_of(count.kind), "failure", failures[count.kind]);
  test_case("everything could be compared", "error", errors);
  fmt::print("</testsuite>\n");
}

void hide(sim::Difference& difference) {
  if (difference.kind != sim::Family::BrokerConfigs && difference.kind != sim::Family::TopicConfigs)
    return;
  if (!zk::is_password_config(difference.path.substr(difference.path.rfind('/') + 1))) return;
  // Both sides may be hidden and still be seen to differ, or one to be absent.
  if (difference.left) difference.left = "(a password)";
  if (difference.right) difference.right = "(another password)";
}

}  // namespace

void hide_secrets(DiffReport& report) {
  for (auto& each : report.tolerated) hide(each.difference);
  for (auto* differences : {&report.pending, &report.different}) {
    for (sim::Difference& difference : *differences) hide(difference);
  }
}

void print(const DiffReport& report, const DiffSides& sides, OutputFormat format, Detail detail) {
  switch (format) {
    case OutputFormat::Text:
      return print_text(report, sides, detail);
    case OutputFormat::Json:
    case OutputFormat::JsonLines:
      return print_json(report, sides);
    case OutputFormat::Junit:
      return print_junit(report);
  }
}

}  // namespace tools
