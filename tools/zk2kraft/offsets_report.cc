#include "tools/zk2kraft/offsets_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/kafka/metadata_cache.h"
#include "tools/source/offsets_source.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/facts.h"
#include "tools/zk2kraft/groups_report.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/xml.h"

namespace tools {
namespace {

using migrate::OffsetChange;
using migrate::OffsetOutcome;
using migrate::OffsetReason;
using migrate::OffsetReport;
using migrate::OffsetVerdict;
using nlohmann::ordered_json;

struct OffsetSides {
  const OffsetsSource& before;
  const OffsetsSource& after;
};

std::string object_of(const OffsetOutcome& outcome) {
  return fmt::format("{} {}-{}", outcome.group, outcome.partition.topic,
                     outcome.partition.partition.value());
}

std::string side_text(const std::optional<sim::LastCommit>& commit) {
  if (!commit) return "nothing";
  const std::string where = fmt::format("record {} of epoch {}", commit->place.offset.value(),
                                        commit->place.epoch.value());
  if (!commit->value)
    return fmt::format("a tombstone of {} ({})", time_text(commit->place.timestamp), where);
  return fmt::format("{} of {} ({})", commit->value->offset.value(),
                     time_text(commit->value->commit_timestamp), where);
}

std::string line_of(const OffsetOutcome& outcome) {
  return fmt::format("{}: {}: {} → {}", object_of(outcome), migrate::name_of(outcome.change),
                     side_text(outcome.before), side_text(outcome.after));
}

std::string_view meaning_of(OffsetVerdict verdict) {
  switch (verdict) {
    case OffsetVerdict::Good:
      return "every committed offset is where it was, or further on";
    case OffsetVerdict::Tolerated:
      return "no committed offset went back, and what vanished has a good reason";
    case OffsetVerdict::Unknown:
      return "no committed offset is known to be lost, but not of all can that be said";
    case OffsetVerdict::Finding:
      return "committed offsets went back or vanished: those groups would read again, or miss "
             "records";
  }
  sim::unreachable("a verdict is one of those above");
}

Colour colour_of(OffsetVerdict verdict) {
  switch (verdict) {
    case OffsetVerdict::Good:
    case OffsetVerdict::Tolerated:
      return Colour::Green;
    case OffsetVerdict::Unknown:
      return Colour::Yellow;
    case OffsetVerdict::Finding:
      return Colour::Red;
  }
  sim::unreachable("a verdict is one of those above");
}

// ── For people ──────────────────────────────────────────────────────────────────────────────────

void print_reason(OffsetReason reason, const std::vector<const OffsetOutcome*>& outcomes,
                  Detail detail) {
  const OffsetVerdict verdict = outcomes.front()->verdict();
  constexpr std::size_t kFew = 3;
  const bool few = verdict == OffsetVerdict::Tolerated && detail == Detail::First;
  const std::size_t most = few ? std::min(kFew, outcomes.size()) : outcomes.size();
  fmt::print("\n{}: {} ({})\n  {}\n", coloured(migrate::name_of(verdict), colour_of(verdict)),
             migrate::name_of(reason), outcomes.size(), migrate::explain(reason));
  for (std::size_t i = 0; i < most; ++i) fmt::print("    {}\n", line_of(*outcomes[i]));
  if (most < outcomes.size())
    fmt::print("    … and {} more (--all names them)\n", outcomes.size() - most);
}

void print_capture(std::string_view label, const OffsetsSource& source) {
  std::size_t groups = 0;
  for (const OffsetsPartition& partition : source.partitions) {
    for (const auto& [name, group] : partition.best().read.image.groups())
      groups += group.state() == sim::StoredGroupState::Dead ? std::size_t{0} : std::size_t{1};
  }
  fmt::print("{:<8}{}: {} partitions of __consumer_offsets, {} groups, the latest record of {}\n",
             label, source.described, source.partitions.size(), groups,
             time_text(source.last_timestamp()));
}

void print_offsets_text(const OffsetReport& report, const OffsetSides& sides, Detail detail) {
  print_capture("before", sides.before);
  print_capture("after", sides.after);
  fmt::print("\n");
  for (const OffsetChange change : migrate::kOffsetChanges) {
    const auto count = report.counts.find(change);
    fmt::print("  {:<12}{:>10}\n", migrate::name_of(change),
               count == report.counts.end() ? std::uint64_t{0} : count->second);
  }
  // The gravest last, where a terminal shows it.
  std::map<std::pair<OffsetVerdict, OffsetReason>, std::vector<const OffsetOutcome*>> by_reason;
  for (const OffsetOutcome& each : report.outcomes) {
    if (each.reason != OffsetReason::None)
      by_reason[{each.verdict(), each.reason}].push_back(&each);
  }
  for (const auto& [key, outcomes] : by_reason) print_reason(key.second, outcomes, detail);
  const OffsetVerdict verdict = report.verdict();
  fmt::print("\nverdict: {} - {}\n", coloured(migrate::name_of(verdict), colour_of(verdict)),
             meaning_of(verdict));
}

// ── For programs ────────────────────────────────────────────────────────────────────────────────

ordered_json side_json(const std::optional<sim::LastCommit>& commit) {
  if (!commit) return {};
  ordered_json json{{"record", commit->place.offset.value()},
                    {"leaderEpoch", commit->place.epoch.value()},
                    {"timestamp", commit->place.timestamp}};
  if (!commit->value) {
    json["tombstone"] = true;
    return json;
  }
  json["offset"] = commit->value->offset.value();
  json["metadata"] = commit->value->metadata;
  json["commitTimestamp"] = commit->value->commit_timestamp;
  return json;
}

ordered_json as_json(const OffsetOutcome& outcome) {
  ordered_json json{{"group", outcome.group},
                    {"topic", outcome.partition.topic},
                    {"partition", outcome.partition.partition.value()},
                    {"change", migrate::name_of(outcome.change)},
                    {"verdict", migrate::name_of(outcome.verdict())}};
  if (outcome.reason != OffsetReason::None) {
    json["reason"] = migrate::name_of(outcome.reason);
    json["explanation"] = migrate::explain(outcome.reason);
  }
  json["before"] = side_json(outcome.before);
  json["after"] = side_json(outcome.after);
  return json;
}

std::string text_of_json(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json counts_json(const OffsetReport& report) {
  ordered_json counts = ordered_json::object();
  for (const OffsetChange change : migrate::kOffsetChanges) {
    const auto count = report.counts.find(change);
    counts[std::string(migrate::name_of(change))] =
        count == report.counts.end() ? std::uint64_t{0} : count->second;
  }
  return counts;
}

void print_offsets_json(const OffsetReport& report, const OffsetSides& sides) {
  fmt::print(
      "{{\n  \"before\": {},\n  \"after\": {},\n  \"verdict\": \"{}\",\n  \"counts\": {},\n  "
      "\"offsets\": [",
      text_of_json(sides.before.described), text_of_json(sides.after.described),
      migrate::name_of(report.verdict()), text_of_json(counts_json(report)));
  std::string_view separator = "\n    ";
  for (const OffsetOutcome& each : report.outcomes) {
    fmt::print("{}{}", separator, text_of_json(as_json(each)));
    separator = ",\n    ";
  }
  fmt::print("{}]\n}}\n", report.outcomes.empty() ? "" : "\n  ");
}

// The verdict, then a line for each offset.
void print_offsets_json_lines(const OffsetReport& report, const OffsetSides& sides) {
  fmt::print("{}\n", text_of_json({{"before", sides.before.described},
                                   {"after", sides.after.described},
                                   {"verdict", migrate::name_of(report.verdict())},
                                   {"counts", counts_json(report)}}));
  for (const OffsetOutcome& each : report.outcomes) {
    ordered_json line{{"is", "offset"}};
    line.update(as_json(each));
    fmt::print("{}\n", text_of_json(line));
  }
}

// A test case for each group.
void print_offsets_junit(const OffsetReport& report) {
  struct Group {
    std::string findings;
    std::string unknown;
  };
  std::map<std::string, Group> groups;
  for (const OffsetOutcome& each : report.outcomes) {
    Group& group = groups[each.group];
    const std::string text =
        fmt::format("{}: {}. {}\n", line_of(each), migrate::name_of(each.reason),
                    migrate::explain(each.reason));
    if (each.verdict() == OffsetVerdict::Finding) group.findings += text;
    if (each.verdict() == OffsetVerdict::Unknown) group.unknown += text;
  }
  const auto failures =
      std::ranges::count_if(groups, [](const auto& each) { return !each.second.findings.empty(); });
  const auto errors = std::ranges::count_if(groups, [](const auto& each) {
    return each.second.findings.empty() && !each.second.unknown.empty();
  });
  fmt::print(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"zk2kraft diff --offsets\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
      groups.size(), failures, errors);
  for (const auto& [name, group] : groups) {
    fmt::print("  <testcase classname=\"zk2kraft.offsets\" name=\"{}\"", xml(name));
    if (!group.findings.empty()) {
      fmt::print(
          "><failure message=\"committed offsets went back or vanished\">{}</failure></testcase>\n",
          xml(group.findings + group.unknown));
    } else if (!group.unknown.empty()) {
      fmt::print("><error message=\"it cannot be told\">{}</error></testcase>\n",
                 xml(group.unknown));
    } else {
      fmt::print("/>\n");
    }
  }
  fmt::print("</testsuite>\n");
}

// ── The two captures ────────────────────────────────────────────────────────────────────────────

// What a metadata source tells of topics. Nothing where none was named, or where the source itself
// is in doubt: a topic that it could not read is not deleted.
struct ToldTopics {
  std::optional<std::map<std::string, sim::Uuid>> topics;
  std::int32_t offsets_partitions = 0;  // of __consumer_offsets; 0: it does not say
  ExitCode code = ExitCode::Good;
};
sim::Expected<ToldTopics> topics_of(const po::variables_map& arguments,
                                    const SourceOptions& options, const char* option) {
  if (arguments.count(option) == 0) return ToldTopics();
  const auto& argument = arguments[option].as<std::string>();
  const auto source = open_source(argument, options);
  if (!source) return std::unexpected(source.error());
  const SourceImage image = image_of(*source);
  if (const ExitCode code = soundness(*source, image.report); code != ExitCode::Good) {
    report({.severity = sim::Severity::Unknown,
            .place = {.source = argument},
            .what = fmt::format("not all of it can be read, so that --{} says nothing", option),
            .remedy = "zk2kraft inspect says what it is; name another source."});
    return ToldTopics{.topics = {}, .offsets_partitions = 0, .code = code};
  }
  ToldTopics told;
  told.topics.emplace();
  for (const sim::Topic& topic : image.image.topics()) {
    told.topics->emplace(topic.name(), topic.id());
    if (topic.name() == sim::kGroupMetadataTopic)
      told.offsets_partitions = static_cast<std::int32_t>(topic.partition_count());
  }
  return told;
}

// Partitions of which neither capture says anything, though they are there: below the highest that
// one of them has, or by the metadata. Whoever names a partition's own directory asks for no more.
std::vector<std::int32_t> in_neither(const std::vector<std::string>& captures,
                                     const OffsetSides& sides, std::int32_t partitions) {
  if (std::ranges::any_of(captures, [](const auto& each) { return sim::is_group_log(each); }))
    return {};
  std::set<std::int32_t> known;
  for (const OffsetsSource* side : {&sides.before, &sides.after}) {
    for (const OffsetsPartition& partition : side->partitions) known.insert(partition.id.value());
  }
  std::vector<std::int32_t> missing;
  for (std::int32_t id = 0; id < std::max(partitions, known.empty() ? 0 : *known.rbegin()); ++id) {
    if (!known.contains(id)) missing.push_back(id);
  }
  return missing;
}

ExitCode report_missing(const std::vector<std::int32_t>& missing) {
  if (missing.empty()) return ExitCode::Good;
  return report({.severity = sim::Severity::Unknown,
                 .place = {},
                 .what = fmt::format("neither capture has partition{} {} of {}",
                                     missing.size() == 1 ? "" : "s", fmt::join(missing, ", "),
                                     sim::kGroupMetadataTopic),
                 .remedy = "Add the brokers that hold them: groups have their offsets there too."});
}

ExitCode offsets_exit_code(OffsetVerdict verdict) {
  switch (verdict) {
    case OffsetVerdict::Good:
    case OffsetVerdict::Tolerated:
      return ExitCode::Good;
    case OffsetVerdict::Unknown:
      return ExitCode::Unknown;
    case OffsetVerdict::Finding:
      return ExitCode::Finding;
  }
  return ExitCode::Internal;
}

}  // namespace

void add_offsets_options(po::options_description& options) {
  options.add_options()(
      "offsets",
      "compare the committed offsets of two captures of __consumer_offsets, BEFORE and AFTER")(
      "topics", po::value<std::string>()->value_name("SOURCE"),
      "of --offsets: the metadata as of AFTER; then it is known which topics were deleted")(
      "topics-before", po::value<std::string>()->value_name("SOURCE"),
      "of --offsets: the metadata as of BEFORE; then it is known which topics were created again");
  add_retention_option(options);
}

bool asks_for_offsets(const po::variables_map& arguments) {
  return arguments.count("offsets") != 0 || arguments.count("captures") != 0;
}

ExitCode run_offsets_diff(const po::variables_map& arguments, OutputFormat format, Detail detail) {
  const auto captures = arguments.count("captures") == 0
                            ? std::vector<std::string>()
                            : arguments["captures"].as<std::vector<std::string>>();
  if (arguments.count("offsets") == 0 || captures.size() != 2 || arguments.count("from") != 0 ||
      arguments.count("to") != 0)
    return report(usage("diff takes either --from and --to, or --offsets with two captures",
                        "Write: zk2kraft diff --offsets BEFORE AFTER."));
  constexpr std::array kOfStores{"kind", "at", "to-at"};
  if (const auto wrong = refused_beside(arguments, "with --offsets", kOfStores))
    return report(*wrong);
  const auto retention = retention_ms(arguments);
  if (!retention) return report(retention.error());
  const auto options = source_options(arguments);
  if (!options) return report(options.error());
  // All are opened, so that a person learns at once of all that is wrong.
  const auto before = open_offsets({captures[0]});
  const auto after = open_offsets({captures[1]});
  const auto topics = topics_of(arguments, *options, "topics");
  const auto topics_before = topics_of(arguments, *options, "topics-before");
  ExitCode code = ExitCode::Good;
  if (!before) code = worse(code, report(before.error()));
  if (!after) code = worse(code, report(after.error()));
  if (!topics) code = worse(code, report(topics.error()));
  if (!topics_before) code = worse(code, report(topics_before.error()));
  if (code != ExitCode::Good) return code;
  if (!before->cluster_ids.empty() && !after->cluster_ids.empty() &&
      before->cluster_ids != after->cluster_ids) {
    return report({.severity = sim::Severity::Unknown,
                   .place = {.source = after->described},
                   .what = fmt::format("BEFORE is of cluster {} and AFTER of cluster {}",
                                       *before->cluster_ids.begin(), *after->cluster_ids.begin()),
                   .remedy = "Compare two captures of one cluster."});
  }
  migrate::OffsetsCapture was = before->capture();
  migrate::OffsetsCapture is = after->capture();
  was.topics = topics_before->topics;
  is.topics = topics->topics;
  const OffsetReport changes = migrate::offset_changes(was, is, *retention);
  const OffsetSides sides{.before = *before, .after = *after};
  switch (format) {
    case OutputFormat::Text:
      print_offsets_text(changes, sides, detail);
      break;
    case OutputFormat::Json:
      print_offsets_json(changes, sides);
      break;
    case OutputFormat::JsonLines:
      print_offsets_json_lines(changes, sides);
      break;
    case OutputFormat::Junit:
      print_offsets_junit(changes);
      break;
  }
  code = worse(offsets_exit_code(changes.verdict()), worse(topics->code, topics_before->code));
  code = worse(code, report_soundness(*before));
  code = worse(code, report_soundness(*after));
  const std::int32_t partitions =
      std::max(topics->offsets_partitions, topics_before->offsets_partitions);
  return worse(code, report_missing(in_neither(captures, sides, partitions)));
}

}  // namespace tools
