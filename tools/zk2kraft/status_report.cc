#include "tools/zk2kraft/status_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/rule_text.h"
#include "tools/zk2kraft/xml.h"

namespace tools {
namespace {

using migrate::LogHit;
using migrate::LogStory;
using migrate::LogVerdict;
using migrate::Status;
using migrate::StatusVerdict;
using migrate::Wedge;
using nlohmann::ordered_json;

std::string date_text(std::int64_t ms) {
  const std::chrono::sys_time<std::chrono::seconds> at{std::chrono::seconds(ms / 1000)};
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", at);
}

std::string node_text(std::optional<sim::BrokerId> node) {
  return node ? fmt::format("node {}", node->value()) : std::string("a node without id");
}

// ── The verdict of both ─────────────────────────────────────────────────────────────────────────

StatusVerdict verdict_of(LogVerdict verdict) {
  switch (verdict) {
    case LogVerdict::Sound:
      return StatusVerdict::Healthy;
    case LogVerdict::AtRisk:
      return StatusVerdict::AtRisk;
    case LogVerdict::Wedged:
      return StatusVerdict::Wedged;
    case LogVerdict::Unknown:
      return StatusVerdict::Unknown;
  }
  return StatusVerdict::Unknown;
}

Colour colour_of(StatusVerdict verdict) {
  switch (verdict) {
    case StatusVerdict::Healthy:
      return Colour::Green;
    case StatusVerdict::AtRisk:
    case StatusVerdict::Unknown:
      return Colour::Yellow;
    case StatusVerdict::Wedged:
      return Colour::Red;
  }
  return Colour::None;
}

std::string driver_text(const migrate::DriverGuess& driver) {
  switch (driver.presence) {
    case migrate::DriverPresence::None:
      return "none runs";
    case migrate::DriverPresence::Unknown:
      return "unknown";
    case migrate::DriverPresence::Running:
      return std::string(name_of(*driver.state));
  }
  return "unknown";
}

// What is safe to do now: first what frees it, then the next step of the plan.
std::string next_action(const SeenStatus& seen) {
  if (seen.status && !seen.status->wedges.empty()) {
    const Wedge& first = seen.status->wedges.front();
    return fmt::format("{} ({}): {}", first.hazard, first.check->id, first.check->fix);
  }
  if (seen.story) {
    const auto& hits = seen.story->hits;
    const auto stuck = std::ranges::find_if(hits, [](const LogHit& hit) {
      return hit.stands && hit.meaning >= migrate::LogMeaning::Lost &&
             !hit.pattern->action.empty() && hit.meaning != migrate::LogMeaning::Final;
    });
    if (stuck != hits.end())
      return fmt::format("{}{}: {}", stuck->pattern->hazard,
                         stuck->pattern->hazard.empty() ? stuck->pattern->id : "",
                         stuck->pattern->action);
  }
  if (!seen.next) return {};
  switch (seen.next->answer) {
    case migrate::GateAnswer::Open:
      return fmt::format("{}", seen.next->step.title);
    case migrate::GateAnswer::Closed:
      return fmt::format("not yet to {}: zk2kraft gate next says what speaks against it",
                         seen.next->step.title);
    case migrate::GateAnswer::Unknown:
      return fmt::format("perhaps to {}: zk2kraft gate next says what it cannot tell without",
                         seen.next->step.title);
  }
  return {};
}

// ── For people ──────────────────────────────────────────────────────────────────────────────────

void print_fleet(const Fleet& fleet, const Status& status) {
  for (const std::string& each : fleet.described) fmt::print("read    {}\n", each);
  fmt::print("phase   {}: {}\n        because {}\n", name_of(fleet.facts.phase),
             explain(fleet.facts.phase), fleet.facts.phase_because);
  fmt::print("driver  {}\n        because {}\n", coloured(driver_text(status.driver), Colour::Bold),
             status.driver.because);
  if (status.driver.claimed_ms)
    fmt::print("since   {} (the claim in /controller)\n", date_text(*status.driver.claimed_ms));
  for (const auto& each : status.seen) fmt::print("seen    {}: {}\n", each.where, each.shows);
  for (const Wedge& wedge : status.wedges) {
    fmt::print("\n{} {}  {}: {}\n",
               coloured(name_of(wedge.kind),
                        wedge.kind == migrate::WedgeKind::Trap ? Colour::Yellow : Colour::Red),
               coloured(wedge.hazard, Colour::Bold), wedge.finding.object, wedge.finding.what);
    for (const auto& each : wedge.finding.evidence)
      fmt::print("  {}: {}\n", each.where, each.shows);
    print_block("  why", wedge.check->why);
    print_block("  fix", wedge.check->fix);
    print_block("  see", fmt::format("{} of zk2kraft check", wedge.check->id));
  }
  if (!status.missing.empty())
    fmt::print("\n{}\n", coloured("cannot tell without", Colour::Yellow));
  for (const std::string& each : status.missing) fmt::print("  {}\n", each);
  for (const std::string& each : fleet.doubts) fmt::print("  in doubt: {}\n", each);
}

void print_hit(const LogHit& hit) {
  const auto meaning =
      coloured(fmt::format("{:<8}", name_of(hit.meaning)),
               hit.meaning == migrate::LogMeaning::Stuck ? Colour::Red : Colour::Yellow);
  fmt::print("{}{}{}{}: {}\n", meaning, hit.pattern->hazard, hit.pattern->hazard.empty() ? "" : " ",
             node_text(hit.node), hit.pattern->says);
  fmt::print("        {} {}, the last {} at {}\n        {}\n", hit.count,
             hit.count == 1 ? "line" : "lines", hit.last, hit.where, hit.text.substr(0, 160));
  if (!hit.pattern->action.empty()) fmt::print("        do: {}\n", hit.pattern->action);
}

void print_story(const LogStory& story, bool all) {
  if (story.drivers.empty()) fmt::print("driver  no line of one\n");
  for (const auto& [node, driver] : story.drivers)
    fmt::print("driver  {}{} {} since {}\n", node_text(node),
               story.active == node ? " (it acts)" : "",
               driver.state ? name_of(*driver.state) : "shut down", driver.since);
  if (story.log_state) fmt::print("state   {}\n", sim::name_of(*story.log_state));
  fmt::print("until   {}\n", story.last_time);
  constexpr std::size_t kLast = 12;
  const std::size_t skipped =
      all || story.transitions.size() <= kLast ? 0 : story.transitions.size() - kLast;
  if (skipped > 0) fmt::print("        … {} transitions before (--all)\n", skipped);
  for (std::size_t i = skipped; i < story.transitions.size(); ++i) {
    const auto& each = story.transitions[i];
    fmt::print("went    {}  {}  {} -> {}\n", each.time, node_text(each.node), name_of(each.from),
               name_of(each.to));
  }
  for (const LogHit& hit : story.hits) {
    if (hit.stands) print_hit(hit);
  }
  for (const auto& event : story.unexplained)
    fmt::print("{}{}:{}: {}\n", coloured("new     ", Colour::Yellow), event.file, event.line,
               event.text.substr(0, event.text.find('\n')).substr(0, 200));
  for (const LogHit& hit : story.hits) {
    if (hit.stands) continue;
    const bool was_bad = hit.meaning > migrate::LogMeaning::Progress;
    if (all || was_bad)
      fmt::print("{}{} {}: {} ({} times, until {})\n", was_bad ? "over    " : "seen    ",
                 hit.pattern->id, node_text(hit.node),
                 hit.pattern->says.empty() ? hit.pattern->text : hit.pattern->says, hit.count,
                 hit.last);
  }
}

void print_status_text(const SeenStatus& seen, bool all) {
  if (seen.fleet) print_fleet(*seen.fleet, *seen.status);
  if (seen.story) {
    if (seen.fleet) fmt::print("\nThe logs:\n");
    print_story(*seen.story, all);
  }
  if (const std::string action = next_action(seen); !action.empty())
    fmt::print("\nnext    {}\n", action);
  const StatusVerdict verdict = overall(seen);
  fmt::print("\nstatus: {}\n", coloured(name_of(verdict), colour_of(verdict)));
}

// ── For programs ────────────────────────────────────────────────────────────────────────────────

ordered_json text_json(std::string_view text) {
  return std::string(text);
}
template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(value->value()) : ordered_json();
}

ordered_json wedge_json(const Wedge& wedge) {
  return {
      {"hazard", text_json(wedge.hazard)},   {"kind", text_json(name_of(wedge.kind))},
      {"check", text_json(wedge.check->id)}, {"object", wedge.finding.object},
      {"what", wedge.finding.what},          {"evidence", evidence_json(wedge.finding.evidence)},
      {"why", text_json(wedge.check->why)},  {"fix", text_json(wedge.check->fix)}};
}

ordered_json hit_json(const LogHit& hit) {
  return {{"id", text_json(hit.pattern->id)},
          {"node", or_null(hit.node)},
          {"meaning", text_json(name_of(hit.meaning))},
          {"hazard", text_json(hit.pattern->hazard)},
          {"says", text_json(hit.pattern->says)},
          {"action", text_json(hit.pattern->action)},
          {"stands", hit.stands},
          {"count", hit.count},
          {"first", hit.first},
          {"last", hit.last},
          {"where", hit.where},
          {"text", hit.text}};
}

ordered_json story_json(const LogStory& story) {
  ordered_json json{
      {"verdict", text_json(name_of(story.verdict()))},
      {"active", or_null(story.active)},
      {"logState", story.log_state ? text_json(sim::name_of(*story.log_state)) : ordered_json()},
      {"until", story.last_time},
      {"drivers", ordered_json::array()},
      {"transitions", ordered_json::array()},
      {"lines", ordered_json::array()},
      {"unexplained", ordered_json::array()}};
  for (const auto& [node, driver] : story.drivers)
    json["drivers"].push_back(
        {{"node", node.value()},
         {"state", driver.state ? text_json(name_of(*driver.state)) : ordered_json()},
         {"since", driver.since}});
  for (const auto& each : story.transitions)
    json["transitions"].push_back({{"time", each.time},
                                   {"node", or_null(each.node)},
                                   {"from", text_json(name_of(each.from))},
                                   {"to", text_json(name_of(each.to))}});
  for (const LogHit& hit : story.hits) json["lines"].push_back(hit_json(hit));
  for (const auto& event : story.unexplained)
    json["unexplained"].push_back(
        {{"where", fmt::format("{}:{}", event.file, event.line)}, {"text", event.text}});
  return json;
}

ordered_json status_json(const SeenStatus& seen) {
  ordered_json json{{"status", text_json(name_of(overall(seen)))}, {"next", next_action(seen)}};
  if (seen.fleet) {
    const auto& driver = seen.status->driver;
    const bool known = driver.presence == migrate::DriverPresence::Running;
    json["phase"] = text_json(name_of(seen.fleet->facts.phase));
    json["phaseBecause"] = seen.fleet->facts.phase_because;
    json["driver"] = known ? text_json(name_of(*driver.state)) : ordered_json();
    json["driverRuns"] =
        driver.presence == migrate::DriverPresence::Unknown ? ordered_json() : ordered_json(known);
    json["driverBecause"] = driver.because;
    json["claimedMs"] = driver.claimed_ms ? ordered_json(*driver.claimed_ms) : ordered_json();
    json["seen"] = evidence_json(seen.status->seen);
    json["wedges"] = ordered_json::array();
    for (const Wedge& wedge : seen.status->wedges) json["wedges"].push_back(wedge_json(wedge));
    json["missing"] = seen.status->missing;
    json["doubts"] = seen.fleet->doubts;
  }
  if (seen.story) json["logs"] = story_json(*seen.story);
  return json;
}

// One test case: is anything stuck?
void print_status_junit(const SeenStatus& seen) {
  const StatusVerdict verdict = overall(seen);
  std::string text;
  if (seen.status) {
    for (const Wedge& wedge : seen.status->wedges)
      text += fmt::format("{} {}: {}\n", wedge.hazard, wedge.finding.object, wedge.finding.what);
  }
  if (seen.story) {
    for (const LogHit& hit : seen.story->hits) {
      if (hit.stands && hit.meaning >= migrate::LogMeaning::Lost)
        text += fmt::format("{} {}: {}\n", hit.pattern->hazard, hit.where, hit.pattern->says);
    }
  }
  const bool fails = exit_code_of(verdict) == ExitCode::Finding;
  const std::string inside = fails ? fmt::format("<failure>{}</failure>", xml(text))
                             : verdict == StatusVerdict::Unknown
                                 ? std::string("<skipped message=\"not everything is known\"/>")
                                 : std::string();
  fmt::print(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"zk2kraft status\" "
      "tests=\"1\" failures=\"{}\">\n  <testcase classname=\"zk2kraft.status\" "
      "name=\"{}\">{}</testcase>\n</testsuite>\n",
      fails ? 1 : 0, name_of(verdict), inside);
}

}  // namespace

StatusVerdict overall(const SeenStatus& seen) {
  constexpr std::array kByGravity{StatusVerdict::Healthy, StatusVerdict::Unknown,
                                  StatusVerdict::AtRisk, StatusVerdict::Wedged};
  const auto gravity = [&](StatusVerdict verdict) {
    return std::ranges::find(kByGravity, verdict);
  };
  const auto files = seen.status ? gravity(seen.status->verdict()) : kByGravity.begin();
  const auto logs = seen.story ? gravity(verdict_of(seen.story->verdict())) : kByGravity.begin();
  const bool in_doubt = seen.fleet && !(seen.fleet->doubts.empty() && seen.fleet->problems.empty());
  return *std::max({files, logs, in_doubt ? gravity(StatusVerdict::Unknown) : kByGravity.begin()});
}

ExitCode exit_code_of(StatusVerdict verdict) {
  switch (verdict) {
    case StatusVerdict::Healthy:
      return ExitCode::Good;
    case StatusVerdict::AtRisk:
    case StatusVerdict::Wedged:
      return ExitCode::Finding;
    case StatusVerdict::Unknown:
      return ExitCode::Unknown;
  }
  return ExitCode::Internal;
}

void print_status(const SeenStatus& seen, OutputFormat format, StatusDetail detail) {
  switch (format) {
    case OutputFormat::Text:
      return print_status_text(seen, detail == StatusDetail::All);
    case OutputFormat::Json:
    case OutputFormat::JsonLines:
      return print_json_text(status_json(seen), format);
    case OutputFormat::Junit:
      return print_status_junit(seen);
  }
}

}  // namespace tools
