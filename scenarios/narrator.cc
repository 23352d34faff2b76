#include "scenarios/narrator.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "kraft/notice.h"
#include "migrate/notice.h"
#include "scenarios/admin.h"
#include "scenarios/client_sentences.h"
#include "scenarios/runner.h"
#include "zk/controller_notice.h"
#include "zk/notice.h"

namespace scenarios {
namespace {

// Notices that are told, in their own words where no better sentence is known.
const std::set<std::string_view>& told() {
  static const std::set<std::string_view> names{"zk.Looking",
                                                "zk.Established",
                                                "zk.FollowerReady",
                                                "zk.SessionExpired",
                                                "zkcontroller.Elected",
                                                "zkcontroller.Ready",
                                                "zkcontroller.Resigned",
                                                "kraft.BecameLeader",
                                                "kraft.LeaderResigned",
                                                "kraft.ControllerActivated",
                                                "kraft.MigrationStateChanged",
                                                "kraft.TransactionAborted",
                                                "kraft.CopyOutlivedItsClaim",
                                                "kraft.BrokerRegistered",
                                                "kraft.BrokerFenced",
                                                "kraft.BrokerUnfenced",
                                                "kraft.BrokerStateChanged",
                                                "broker.CachedControllerChanged",
                                                "admin.Done",
                                                "operator.ZnodeEdited"};
  return names;
}

Column column_of(const Cluster& cluster, sim::NodeId node) {
  const auto has = [&](const auto& nodes) {
    return std::ranges::any_of(nodes, [&](const auto& entry) { return entry.second == node; });
  };
  if (std::ranges::find(cluster.zookeepers(), node) != cluster.zookeepers().end())
    return Column::Ensemble;
  if (has(cluster.controllers())) return Column::Quorum;
  if (has(cluster.brokers())) return Column::Brokers;
  return Column::Operator;
}

// "zk.Established{server=1 epoch=2}" without what stands in front of the brace.
std::string fields_of(const sim::Payload& notice) {
  std::string text = notice.describe();
  const std::size_t brace = text.find('{');
  if (brace == std::string::npos) return text;
  text = text.substr(brace + 1);
  if (text.ends_with('}')) text.pop_back();
  return text;
}

}  // namespace

Narrator::Narrator(const Cluster& cluster, const sim::FaultPlan& plan,
                   std::function<void(const TimelineLine&)> tell)
    : cluster_(cluster), plan_(plan), tell_(std::move(tell)) {}

void Narrator::fault(const sim::Occurrence& occurrence, const sim::World& world) {
  const auto planned = std::ranges::find(plan_, occurrence.text, &sim::PlannedFault::name);
  if (planned == plan_.end() || !planned->name.starts_with("fault-")) return;
  if (planned->name.ends_with(".end")) {
    tell_({world.now(), Column::Operator, "fault",
           fmt::format("{} is over", planned->name.substr(0, planned->name.size() - 4))});
    return;
  }
  std::string whom;
  for (const sim::Target& target : sim::targets_of(planned->fault)) {
    if (target.find(':') == sim::Target::npos) continue;
    for (const sim::NodeId node : world.resolve(target))
      whom += fmt::format("{}{}", whom.empty() ? "" : ", ", world.name_of(node));
  }
  tell_({world.now(), Column::Operator, "fault",
         fmt::format("{}: {}{}", planned->name, sim::describe(planned->fault),
                     whom.empty() ? "" : fmt::format(" ({})", whom))});
}

void Narrator::tell_repeated(const sim::World& world, sim::NodeId node) {
  Said& said = said_[node];
  if (said.repeated == 0) return;
  tell_({world.now(), column_of(cluster_, node), world.name_of(node),
         said.repeated == 1 ? "the same once more"
                            : fmt::format("the same {} times more", said.repeated)});
  said.repeated = 0;
}

void Narrator::end(const sim::World& world) {
  if (!tell_) return;
  for (const auto& [node, said] : said_) tell_repeated(world, node);
}

void Narrator::line(const sim::World& world, sim::NodeId node, std::string what) {
  if (said_[node].what == what) {
    ++said_[node].repeated;
    return;
  }
  tell_repeated(world, node);
  said_[node].what = what;
  tell_({world.now(), column_of(cluster_, node), world.name_of(node), std::move(what)});
}

void Narrator::on(const sim::Occurrence& occurrence, const sim::World& world) {
  if (!tell_) return;
  switch (occurrence.kind) {
    case sim::OccurrenceKind::FaultApplied:
      fault(occurrence, world);
      return;
    case sim::OccurrenceKind::FaultMisfired:
      tell_({world.now(), Column::Operator, "fault",
             fmt::format("could not be applied: {}", occurrence.text)});
      return;
    case sim::OccurrenceKind::Started:
      line(world, occurrence.node, "starts");
      return;
    case sim::OccurrenceKind::Crashed:
      line(world, occurrence.node, fmt::format("crashes ({})", occurrence.text));
      return;
    case sim::OccurrenceKind::Exited:
      line(world, occurrence.node, fmt::format("ends: {}", occurrence.text));
      return;
    case sim::OccurrenceKind::Noticed:
      if (std::string words = sentence(*occurrence.payload); !words.empty()) {
        line(world, occurrence.node, std::move(words));
      }
      return;
    default:
      return;
  }
}

std::string Narrator::sentence(const sim::Payload& notice) const {
  using migrate::name_of;
  if (const auto* changed = notice.get_if<migrate::StateChanged>()) {
    return fmt::format("driver: {} -> {}", name_of(changed->from), name_of(changed->to));
  }
  if (const auto* claim = notice.get_if<migrate::Claimed>()) {
    return fmt::format("claims /controller: controller epoch {}, KRaft epoch {}",
                       claim->zk_controller_epoch.value(), claim->kraft_epoch.value());
  }
  if (notice.get_if<migrate::CopyBegan>() != nullptr) return "begins to copy";
  if (const auto* batch = notice.get_if<migrate::CopyBatch>()) {
    return fmt::format("copies batch {}: {} records", batch->nth, batch->records);
  }
  if (const auto* copied = notice.get_if<migrate::CopyCompleted>()) {
    return fmt::format("copy complete: {} records, up to offset {}", copied->records,
                       copied->end.offset.value());
  }
  if (const auto* aborted = notice.get_if<migrate::CopyAborted>())
    return fmt::format("copy aborted: {}", aborted->why);
  if (const auto* done = notice.get_if<migrate::Reconciled>()) {
    std::string operations;
    for (const auto& [type, count] : done->operations) {
      operations += fmt::format("{}{} {}", operations.empty() ? "" : ", ", count, type);
    }
    return fmt::format("ZooKeeper reconciled: {}",
                       operations.empty() ? "nothing to write" : operations);
  }
  if (const auto* failed = notice.get_if<migrate::EventFailed>()) {
    return fmt::format("{} fails: {}", failed->event, failed->why);
  }
  if (std::string words = client_sentence(notice); !words.empty()) return words;
  if (!told().contains(notice.name())) return {};
  const std::string_view name = notice.name();
  return fmt::format("{} {}", name.substr(name.find('.') + 1), fields_of(notice));
}

void Narrator::tell(const sim::World& world, const Operator& operator_) {
  if (!tell_) return;
  for (; phases_told_ < operator_.steps().size(); ++phases_told_) {
    const Phase phase = operator_.steps()[phases_told_].first;
    tell_({world.now(), Column::Operator, "operator",
           fmt::format("{} {}", name_of(phase), explain(phase))});
  }
  for (; deeds_told_ < operator_.deeds().size(); ++deeds_told_) {
    const Operator::Deed& deed = operator_.deeds()[deeds_told_];
    tell_({deed.at, Column::Operator, "operator", deed.what});
  }
}

}  // namespace scenarios
