#include "tools/zk2kraft/drive_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/base/time.h"
#include "sim/kafka/compare.h"
#include "tools/zk2kraft/facts.h"

namespace tools {
namespace {

using scenarios::live::DriveOptions;
using scenarios::live::DriveOutcome;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostNamed = 20;

std::string_view verdict_of(const DriveOutcome& outcome) {
  if (outcome.interrupted) return "interrupted";
  if (!outcome.reached) return "not reached";
  return outcome.back_under ? "reached, and back in ZooKeeper mode" : "reached";
}

void add_claims(const DriveOutcome& outcome, Facts& facts) {
  Json list = Json::array();
  std::string text;
  for (const migrate::Claimed& claim : outcome.claims) {
    list.push_back({{"controller", claim.node.value()},
                    {"kraftEpoch", claim.kraft_epoch.value()},
                    {"controllerEpoch", claim.zk_controller_epoch.value()}});
    text += fmt::format("{}controller {}, KRaft epoch {}, controller epoch {}",
                        text.empty() ? "" : "\n", claim.node.value(), claim.kraft_epoch.value(),
                        claim.zk_controller_epoch.value());
  }
  facts.add("claims", "claims", std::move(list), text.empty() ? "none" : std::move(text));
}

void add_copy(const DriveOutcome& outcome, Facts& facts) {
  if (outcome.copies_begun == 0) return;
  Json copy{{"begun", outcome.copies_begun}, {"batches", outcome.batches}};
  std::string text =
      fmt::format("begun {} times, {} batches in the last", outcome.copies_begun, outcome.batches);
  if (outcome.copied) {
    copy["records"] = outcome.copied->records;
    copy["endOffset"] = outcome.copied->end.offset.value();
    copy["endEpoch"] = outcome.copied->end.epoch.value();
    text = fmt::format(
        "{} records in {} batches, up to offset {}{}", outcome.copied->records, outcome.batches,
        outcome.copied->end.offset.value(),
        outcome.copies_begun == 1 ? "" : fmt::format("; begun {} times", outcome.copies_begun));
  }
  facts.add("copy", "copy", std::move(copy), std::move(text));
}

void add_changes(const DriveOutcome& outcome, Facts& facts) {
  if (outcome.changes.empty()) return;
  Json list = Json::array();
  std::string text;
  for (const scenarios::AdminDone& done : outcome.changes) {
    list.push_back({{"what", done.what}, {"error", sim::name_of(done.error)}});
    text += fmt::format("{}{}{}", text.empty() ? "" : "\n", done.what,
                        done.error == sim::ErrorCode::None
                            ? ""
                            : fmt::format(": refused, {}", sim::name_of(done.error)));
  }
  facts.add("changes", "changes mirrored", std::move(list), std::move(text));
}

void add_differences(const DriveOutcome& outcome, Facts& facts) {
  if (!outcome.not_compared.empty()) {
    facts.add("stores", "both stores", Json{{"verdict", "unknown"}, {"why", outcome.not_compared}},
              "could not be compared: " + outcome.not_compared);
  }
  if (!outcome.differences) return;
  const migrate::DiffReport& report = *outcome.differences;
  Json different = Json::array();
  std::string text =
      fmt::format("{}, {} differences tolerated", name_of(report.verdict), report.tolerated.size());
  for (const sim::Difference& difference : report.different) {
    different.push_back(difference.path);
    if (different.size() <= kMostNamed) text += "\ndifferent: " + difference.path;
  }
  for (const migrate::Incomparable& unknown : report.unknown) {
    if (different.size() + report.unknown.size() <= kMostNamed)
      text += fmt::format("\nnot comparable: {}: {}", unknown.path, unknown.why);
  }
  facts.add("stores", "both stores",
            Json{{"verdict", name_of(report.verdict)},
                 {"tolerated", report.tolerated.size()},
                 {"different", std::move(different)},
                 {"unknown", report.unknown.size()}},
            std::move(text));
}

}  // namespace

void print_drive(const DriveOutcome& outcome, const DriveOptions& options, OutputFormat format) {
  Facts facts;
  facts.add("ensemble", "ensemble", options.zookeeper.hosts + options.zookeeper.chroot);
  facts.add("until", "until", std::string(scenarios::live::name_of(options.until)));
  facts.add("verdict", "verdict", std::string(verdict_of(outcome)));
  if (!outcome.reached && !outcome.stuck_at.empty())
    facts.add("waitingFor", "waited for", outcome.stuck_at);
  if (!outcome.back_under)
    facts.add("driver", "driver", std::string(migrate::name_of(outcome.driver)));
  add_claims(outcome, facts);
  add_copy(outcome, facts);
  add_changes(outcome, facts);
  add_differences(outcome, facts);
  if (outcome.back_under) {
    facts.add("controller", "controller", outcome.back_under->value(),
              fmt::format("broker {}", outcome.back_under->value()));
  }
  const auto& counts = outcome.zookeeper;
  facts.add(
      "zookeeper", "ZooKeeper",
      Json{{"requests", counts.requests},
           {"sessions", counts.sessions},
           {"expired", counts.expired},
           {"connectionsLost", counts.connections_lost},
           {"failedEvents", outcome.failed_events}},
      fmt::format(
          "{} requests in {} sessions; {} connections lost, {} sessions expired, {} events of the "
          "driver failed",
          counts.requests, counts.sessions, counts.connections_lost, counts.expired,
          outcome.failed_events));
  Json disks = Json::array();
  for (const auto& folder : outcome.disks) disks.push_back(folder.string());
  if (!disks.empty()) {
    facts.add("disks", "controllers' disks", disks,
              fmt::format("{}", fmt::join(disks.get<std::vector<std::string>>(), "\n")));
  }
  facts.add("tookMs", "took", outcome.took.milliseconds(),
            fmt::format("{:.1f} s", static_cast<double>(outcome.took.milliseconds()) / 1000));
  if (format == OutputFormat::Json) {
    fmt::print("{}\n", facts.to_json().dump(2));
  } else {
    fmt::print("{}", facts.to_text());
  }
}

}  // namespace tools
