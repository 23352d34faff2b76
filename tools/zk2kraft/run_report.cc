#include "tools/zk2kraft/run_report.h"

#include <fmt/format.h>

#include <fstream>

#include "tools/zk2kraft/run_support.h"
#include "tools/zk2kraft/xml.h"

namespace tools {
namespace {

constexpr std::string_view kHead =
    R"(<!doctype html><html lang="en"><head><meta charset="utf-8"><title>zk2kraft run</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{text-align:left;vertical-align:top;padding:.15rem .6rem;border-bottom:1px solid #ddd}
th{background:#f4f4f4}.good{color:#176b2c}.finding{color:#a11}.unknown{color:#8a6100}.operator td{background:#eef4fb}
code{background:#f4f4f4;padding:.1rem .3rem;word-break:break-all}.time{white-space:nowrap;font-variant-numeric:tabular-nums}
</style></head><body>
)";

void row(std::string& out, std::string_view name, std::string_view value) {
  out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", xml(name), xml(value));
}

std::string violation_rows(const std::vector<scenarios::Violation>& violations,
                           std::string_view name) {
  std::string out;
  for (const scenarios::Violation& v : violations) {
    row(out, name, fmt::format("{} at {}: {}", v.invariant, sim::describe(v.at), v.what));
  }
  return out;
}

std::string story(const std::vector<scenarios::TimelineLine>& lines) {
  std::string out =
      "<table><thead><tr><th>time</th><th>ensemble</th><th>brokers</th><th>quorum</th></tr></"
      "thead><tbody>\n";
  for (const scenarios::TimelineLine& line : lines) {
    const std::string text = xml(fmt::format("{}: {}", line.who, line.what));
    const std::string at = fmt::format("<td class=\"time\">{}</td>", sim::describe(line.at));
    switch (line.column) {
      case scenarios::Column::Ensemble:
        out += fmt::format("<tr>{}<td>{}</td><td></td><td></td></tr>\n", at, text);
        break;
      case scenarios::Column::Brokers:
        out += fmt::format("<tr>{}<td></td><td>{}</td><td></td></tr>\n", at, text);
        break;
      case scenarios::Column::Quorum:
        out += fmt::format("<tr>{}<td></td><td></td><td>{}</td></tr>\n", at, text);
        break;
      case scenarios::Column::Operator:
        out += fmt::format("<tr class=\"operator\">{}<td colspan=\"3\">{}</td></tr>\n", at, text);
        break;
    }
  }
  return out + "</tbody></table>\n";
}

}  // namespace

sim::Expected<void> write_report(const std::string& path, const zk2kraft::Scenario& scenario,
                                 const scenarios::Outcome& outcome,
                                 const std::vector<scenarios::TimelineLine>& lines,
                                 const std::string& replay) {
  std::string html(kHead);
  const std::string_view verdict = scenarios::name_of(outcome.verdict);
  html += fmt::format("<h1>Verdict: <span class=\"{}\">{}</span></h1>\n<p>{}</p>\n<table>\n",
                      verdict, verdict, xml(scenario.why()));
  row(html, "goal", describe_goal(outcome));
  html += violation_rows(outcome.violations, "violation");
  html += violation_rows(outcome.known_violations, "known defect");
  html += violation_rows(outcome.shown_violations, "shown");
  for (const std::string& unmet : outcome.unmet) row(html, "never came", unmet);
  row(html, "elections",
      fmt::format("ZooKeeper {}, Raft {}, partitions {}", outcome.zookeeper_elections,
                  outcome.raft_elections, outcome.partition_elections));
  row(html, "records",
      fmt::format("{} acknowledged, {} readable", outcome.durability.acknowledged,
                  outcome.durability.readable));
  row(html, "offsets",
      fmt::format("{} committed, {} found", outcome.durability.committed,
                  outcome.durability.found));
  for (const auto& [phase, at] : outcome.phases)
    row(html, fmt::format("{} {}", name_of(phase), explain(phase)), sim::describe(at));
  row(html, "seed", fmt::to_string(outcome.seed));
  row(html, "digest", fmt::format("{:016x}", outcome.digest));
  html += fmt::format(
      "</table>\n<p>Replay: <code>{}</code></p>\n<h2>Story</h2>\n{}<h2>Invariants</h2>\n<table>\n",
      xml(replay), story(lines));
  for (const auto& [name, count] : outcome.checks)
    row(html, name, fmt::format("checked {} times", count));
  html += "</table>\n</body></html>\n";
  std::ofstream out(path, std::ios::binary);
  out << html;
  out.close();
  if (out) return {};
  return std::unexpected(sim::Problem{sim::Severity::Usage,
                                      {.source = path},
                                      "the report cannot be written.",
                                      "Is the folder there, and may you write to it?"});
}

}  // namespace tools
