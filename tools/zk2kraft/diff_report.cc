#include "tools/zk2kraft/diff_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
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

// Whether ZooKeeper says that a copy was completed, so that both stores should agree.
bool copied(const DiffSides& sides) {
  return sides.migration && sides.migration->initial_migration_complete();
}

std::string meaning_of(const DiffReport& report, const DiffSides& sides) {
  const std::string_view both = !sides.one_store()            ? "both stores"
                                : sides.from.store == "KRaft" ? "both logs"
                                                              : "both trees";
  switch (report.verdict) {
    case Verdict::Equal:
      return fmt::format(
          "{} say the same{}", both,
          report.pending.empty() ? "" : ", but for changes that have yet to be mirrored");
    case Verdict::Different:
      if (sides.one_store()) return fmt::format("{} disagree", both);
      if (!copied(sides)) {
        return "nothing was copied yet, so ZooKeeper alone has the word; compare again in dual "
               "write";
      }
      return "the stores disagree; do not roll back to this ZooKeeper, and do not finalise before "
             "you know why";
    case Verdict::Unknown:
      return "no difference was found, but not everything could be compared";
    case Verdict::Behind:
      return fmt::format(
          "this log ends below /migration's offset {}: take the files of a controller that was "
          "alive, best the active one's",
          report.checkpoint.offset.value());
  }
  sim::unreachable("a verdict is one of those above");
}

// What a column or a side of a difference is called.
std::pair<std::string_view, std::string_view> labels(const DiffSides& sides) {
  if (sides.one_store()) return {"from", "to"};
  return {sides.from.store, sides.to.store};
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

void print_counts(const DiffReport& report, const DiffSides& sides) {
  const auto said = remarks(report);
  const auto [left, right] = labels(sides);
  fmt::print("\n  {:<20}{:>10}{:>10}\n", "kind", left, right);
  for (const migrate::KindCount& count : report.counts) {
    const auto remark = said.find(count.kind);
    // Partitions of a topic that one side lacks are not told one by one.
    const bool with_topics = count.kind == sim::Family::Partitions && count.left != count.right;
    const std::string_view otherwise = report.verdict == Verdict::Behind ? "not compared"
                                       : with_topics                     ? "with their topics"
                                                                         : "equal";
    fmt::print("  {:<20}{:>10}{:>10}  {}\n", sim::name_of(count.kind), count.left, count.right,
               remark == said.end() ? otherwise : std::string_view(remark->second));
  }
}

void print_tolerated(const DiffReport& report, Detail detail) {
  std::map<Tolerance, std::vector<const sim::Difference*>> by_reason;
  for (const auto& each : report.tolerated) by_reason[each.why].push_back(&each.difference);
  for (const auto& [why, differences] : by_reason) {
    // What a rollback would bring back is always named.
    const bool returns =
        why == Tolerance::QuotaLeftBehind || why == Tolerance::ConfigOfDeletedTopic;
    const std::size_t most = detail == Detail::All || returns ? differences.size() : std::size_t{3};
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

void print_list(std::string_view title, const std::vector<sim::Difference>& differences,
                const DiffSides& sides) {
  if (differences.empty()) return;
  const auto [left, right] = labels(sides);
  fmt::print("\n{} ({}): {} vs {}\n", title, differences.size(), left, right);
  for (const sim::Difference& difference : differences)
    fmt::print("    {}\n", sim::describe(difference));
}

void print_side(std::string_view label, const DiffSide& side, bool named_by_store) {
  fmt::print("{:<11}{}{}", label, named_by_store ? "" : fmt::format("{}, ", side.store),
             side.described);
  if (side.end)
    fmt::print(", ends with offset {} of epoch {}", side.end->offset.value(),
               side.end->epoch.value());
  fmt::print("\n");
}

void print_moment(const DiffReport& report, const DiffSides& sides) {
  if (sides.one_store()) return;
  if (copied(sides)) {
    fmt::print("compared   as of offset {} of epoch {}, up to which ZooKeeper is said to mirror\n",
               report.checkpoint.offset.value(), report.checkpoint.epoch.value());
  } else {
    fmt::print("compared   as of the end of the log: {}\n",
               sides.migration ? "/migration says that nothing was copied yet"
                               : "there is no /migration znode");
  }
}

void print_text(const DiffReport& report, const DiffSides& sides, Detail detail) {
  const auto [from, to] = labels(sides);
  print_side(from, sides.from, !sides.one_store());
  print_side(to, sides.to, !sides.one_store());
  print_moment(report, sides);
  print_counts(report, sides);
  print_tolerated(report, detail);
  print_list("pending", report.pending, sides);
  print_list("different", report.different, sides);
  if (!report.unknown.empty()) fmt::print("\nunknown ({})\n", report.unknown.size());
  for (const auto& each : report.unknown) fmt::print("    {}: {}\n", each.path, each.why);
  fmt::print("\nverdict: {} - {}\n",
             coloured(migrate::name_of(report.verdict), colour_of(report.verdict)),
             meaning_of(report, sides));
}

// ── For programs ────────────────────────────────────────────────────────────────────────────────

ordered_json as_json(const sim::Difference& difference) {
  const auto side = [](const std::optional<std::string>& value) {
    return value ? ordered_json(*value) : ordered_json();
  };
  return {{"path", difference.path},
          {"kind", migrate::word_of(difference.kind)},
          {"from", side(difference.left)},
          {"to", side(difference.right)}};
}

ordered_json as_json(const migrate::Tolerated& tolerated) {
  ordered_json json = as_json(tolerated.difference);
  json["why"] = migrate::name_of(tolerated.why);
  json["explanation"] = migrate::explain(tolerated.why);
  return json;
}

ordered_json as_json(const migrate::Incomparable& unknown) {
  return {{"path", unknown.path}, {"why", unknown.why}};
}

ordered_json as_json(const migrate::KindCount& count) {
  return {{"kind", migrate::word_of(count.kind)}, {"from", count.left}, {"to", count.right}};
}

ordered_json as_json(const sim::OffsetAndEpoch& id) {
  return {{"offset", id.offset.value()}, {"epoch", id.epoch.value()}};
}

ordered_json as_json(const DiffSide& side) {
  ordered_json json{{"source", side.described}, {"store", side.store}};
  if (side.end) json["end"] = as_json(*side.end);
  return json;
}

std::string text_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

// Element by element: a million of them are never in memory as JSON.
template <class Values>
void print_member(std::string_view name, const Values& values) {
  fmt::print(",\n  \"{}\": [", name);
  std::string_view separator = "\n    ";
  for (const auto& value : values) {
    fmt::print("{}{}", separator, text_of(as_json(value)));
    separator = ",\n    ";
  }
  fmt::print("{}]", values.empty() ? "" : "\n  ");
}

ordered_json header_json(const DiffReport& report, const DiffSides& sides) {
  ordered_json json{{"from", as_json(sides.from)},
                    {"to", as_json(sides.to)},
                    {"verdict", migrate::name_of(report.verdict)}};
  if (sides.migration) json["checkpoint"] = as_json(report.checkpoint);
  return json;
}

// A line for the verdict, then one for each thing that it is about.
void print_json_lines(const DiffReport& report, const DiffSides& sides) {
  fmt::print("{}\n", text_of(header_json(report, sides)));
  const auto lines = [](std::string_view is, const auto& values) {
    for (const auto& value : values) {
      ordered_json json{{"is", is}};
      json.update(as_json(value));
      fmt::print("{}\n", text_of(json));
    }
  };
  lines("kind", report.counts);
  lines("tolerated", report.tolerated);
  lines("pending", report.pending);
  lines("different", report.different);
  lines("unknown", report.unknown);
}

void print_json(const DiffReport& report, const DiffSides& sides) {
  std::string header =
      header_json(report, sides).dump(2, ' ', false, ordered_json::error_handler_t::replace);
  header.resize(header.rfind('\n'));  // the brace that would close it
  fmt::print("{}", header);
  print_member("kinds", report.counts);
  print_member("tolerated", report.tolerated);
  print_member("pending", report.pending);
  print_member("different", report.different);
  print_member("unknown", report.unknown);
  fmt::print("\n}}\n");
}

// A test case for each kind, and one for what concerns them all.
void print_junit(const DiffReport& report, const DiffSides& sides) {
  struct Failure {
    std::size_t differences = 0;
    std::string text;
  };
  std::map<sim::Family, Failure> failures;
  for (const auto& each : report.different) {
    ++failures[each.kind].differences;
    failures[each.kind].text += sim::describe(each) + '\n';
  }
  std::string errors;
  if (report.verdict == Verdict::Behind) errors = meaning_of(report, sides) + '\n';
  for (const auto& each : report.unknown) errors += fmt::format("{}: {}\n", each.path, each.why);
  fmt::print(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"zk2kraft diff\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
      report.counts.size() + 1, failures.size(), errors.empty() ? 0 : 1);
  const auto test_case = [](std::string_view name, std::string_view element,
                            std::string_view message, const std::string& what) {
    fmt::print("  <testcase classname=\"zk2kraft.diff\" name=\"{}\"", xml(name));
    if (what.empty()) {
      fmt::print("/>\n");
    } else {
      fmt::print("><{0} message=\"{1}\">{2}</{0}></testcase>\n", element, xml(message), xml(what));
    }
  };
  for (const auto& count : report.counts) {
    const Failure& failure = failures[count.kind];
    test_case(sim::name_of(count.kind), "failure",
              fmt::format("{} differences", failure.differences), failure.text);
  }
  test_case("everything could be compared", "error", meaning_of(report, sides), errors);
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

void turn_round(DiffReport& report) {
  const auto turn = [](sim::Difference& each) { std::swap(each.left, each.right); };
  for (migrate::KindCount& count : report.counts) std::swap(count.left, count.right);
  for (migrate::Tolerated& each : report.tolerated) turn(each.difference);
  for (auto* differences : {&report.pending, &report.unmirrored, &report.different})
    std::ranges::for_each(*differences, turn);
}

void print(const DiffReport& report, const DiffSides& sides, OutputFormat format, Detail detail) {
  switch (format) {
    case OutputFormat::Text:
      return print_text(report, sides, detail);
    case OutputFormat::Json:
      return print_json(report, sides);
    case OutputFormat::JsonLines:
      return print_json_lines(report, sides);
    case OutputFormat::Junit:
      return print_junit(report, sides);
  }
}

}  // namespace tools
