#include "migrate/plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "migrate/plan/graph.h"
#include "migrate/plan/inputs.h"
#include "migrate/plan/roll.h"
#include "migrate/plan/steps.h"
#include "migrate/plan/thresholds.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

// A check that blocks in a thousand places is told by some of them.
constexpr std::size_t kMostObjects = 20;

struct WindowRow {
  std::string_view name;
  Stage first;
  Stage last;
  std::string_view rest;
  std::string_view together;
};

constexpr std::array kWindows{
    WindowRow{"prepare and upgrade", Stage::Prepare, Stage::Upgrade,
              "ZooKeeper leads, as before: for as long as one likes", ""},
    WindowRow{
        "controllers", Stage::Controllers, Stage::Controllers,
        "ZooKeeper leads, the quorum waits: for days, with an eye on its elections (KAFKA-20488)",
        ""},
    WindowRow{"into hybrid mode", Stage::MigrationMode, Stage::Hybrid,
              "KRaft leads brokers in ZooKeeper mode: for days rather than weeks",
              "metadata is frozen from the first restart on, and the last one begins the copy by "
              "itself: be there"},
    WindowRow{
        "into KRaft mode", Stage::KRaftMode, Stage::Soak,
        "dual write: for a week or two, with ZooKeeper cared for as before; the last way back",
        "the roll may rest between two brokers, not with one of them down"},
    WindowRow{"the end of the way back", Stage::Finalise, Stage::Finalise, "finalised: for ever",
              "from the first controller without the flag to the last"},
    WindowRow{"clean up", Stage::CleanUp, Stage::CleanUp, "for ever", ""},
    WindowRow{"towards Kafka 4", Stage::TowardsFour, Stage::TowardsFour, "for ever", ""},
    WindowRow{"back", Stage::BackToMigrationMode, Stage::BackToZooKeeper,
              "ZooKeeper leads, as before",
              "from the stop of the controllers to the election of a broker nobody leads: no "
              "leader election, no change "
              "of an ISR"},
};

void describe(const std::vector<LaidOutNode>& nodes,
              google::protobuf::RepeatedPtrField<zk2kraft::PlanNode>& out) {
  for (const LaidOutNode& node : nodes) {
    zk2kraft::PlanNode& each = *out.Add();
    each.set_name(node.name);
    each.set_id(node.id.value());
    each.set_host(node.host);
    each.set_rack(node.rack);
    if (node.shape) each.set_is(std::string(name_of(*node.shape)));
  }
}

void describe(const RollPlan& roll, zk2kraft::PlanRoll& out) {
  for (const Wave& wave : roll.waves) {
    zk2kraft::PlanWave& each = *out.add_waves();
    for (const sim::BrokerId id : wave.brokers) each.add_brokers(id.value());
    each.set_rack(wave.rack);
  }
  for (const RollHazard& hazard : roll.hazards) {
    zk2kraft::PlanHazard& each = *out.add_hazards();
    each.set_kind(std::string(name_of(hazard.kind)));
    each.set_topic(hazard.topic);
    each.set_partitions(ranges_of(hazard.partitions));
    each.set_count(static_cast<std::uint32_t>(hazard.partitions.size()));
    each.set_what(hazard.what);
  }
}

void describe_thresholds(zk2kraft::Plan& plan) {
  for (const Threshold& threshold : thresholds()) {
    zk2kraft::PlanThreshold& each = *plan.add_thresholds();
    each.set_id(std::string(threshold.id));
    each.set_metric(metric_of(threshold));
    each.set_where(std::string(threshold.where));
    each.set_expect(std::string(threshold.expect));
    each.set_warn(words_of(threshold, LimitLevel::Warn));
    each.set_abort(words_of(threshold, LimitLevel::Abort));
    each.set_reason(reasons_of(threshold));
    for (int stage = 0; stage < kStageCount; ++stage) {
      if (is_watched(threshold, static_cast<Stage>(stage)))
        each.add_stages(std::string(name_of(static_cast<Stage>(stage))));
    }
  }
}

void put_into_windows(const std::vector<std::string>& given, zk2kraft::Plan& plan) {
  std::size_t next = 0;
  for (const WindowRow& row : kWindows) {
    zk2kraft::PlanWindow& window = *plan.add_windows();
    window.set_name(std::string(row.name));
    window.set_rest(std::string(row.rest));
    window.set_together(std::string(row.together));
    for (int stage = static_cast<int>(row.first); stage <= static_cast<int>(row.last); ++stage)
      window.add_stages(std::string(name_of(static_cast<Stage>(stage))));
    bool is_ahead = false;
    for (zk2kraft::PlanStep& step : *plan.mutable_steps()) {
      const auto stage = parse_stage(step.stage());
      if (!stage || *stage < row.first || *stage > row.last) continue;
      step.set_window(window.name());
      is_ahead = is_ahead || !step.done();
    }
    if (given.empty() || !is_ahead || is_way_back(row.first)) continue;
    if (next < given.size()) {
      window.set_opens(given[next++]);
    } else {
      plan.add_questions(fmt::format(
          "is there a change window for '{}'? All that were given are used", window.name()));
    }
  }
}

// The options of render that say who the controllers will be, where no file does.
std::string controllers_said(const Layout& layout, const PlanOptions& options) {
  if (std::ranges::all_of(layout.controllers, &LaidOutNode::exists)) return "";
  std::string voters;
  for (const Voter& each : options.controllers)
    voters += fmt::format("{}{}@{}", voters.empty() ? "" : ",", each.id.value(), each.endpoint);
  return fmt::format(
      " --controllers {} --controller-listener {}{}", voters.empty() ? "$CONTROLLERS" : voters,
      options.controller_listener.empty() ? "$CONTROLLER_LISTENER" : options.controller_listener,
      options.controller_log_dir.empty()
          ? ""
          : " --controller-log-dir " + shell_word(options.controller_log_dir));
}

void take(const CheckResult& result, zk2kraft::Plan& plan, std::set<std::string>& missing) {
  std::size_t objects = 0;
  for (const Finding& finding : result.findings) {
    if (finding.severity != CheckSeverity::Error || ++objects > kMostObjects) continue;
    zk2kraft::PlanBlocker& blocker = *plan.add_blocked_by();
    blocker.set_check(std::string(result.check->id));
    blocker.set_object(finding.object);
    blocker.set_what(finding.what);
  }
  if (objects > kMostObjects) {
    zk2kraft::PlanBlocker& blocker = *plan.add_blocked_by();
    blocker.set_check(std::string(result.check->id));
    blocker.set_object(fmt::format("{} more", objects - kMostObjects));
    blocker.set_what("zk2kraft check --all names them");
  }
  if (result.check->severity == CheckSeverity::Error)
    missing.insert(result.missing.begin(), result.missing.end());
  for (const std::string& question : result.questions)
    plan.add_questions(fmt::format("{}: {}", result.check->id, question));
}

}  // namespace

zk2kraft::Plan make_plan(const ClusterFacts& facts, const PlanOptions& options) {
  zk2kraft::Plan plan;
  const Layout layout = lay_out(facts, options.controllers);
  const RollPlan roll = plan_roll(facts, layout, options.at_once);
  plan.set_cluster_id(facts.cluster_id().value_or(""));
  plan.set_phase(std::string(name_of(facts.phase)));
  plan.set_phase_because(facts.phase_because);
  describe_inputs(facts, layout, plan);
  describe(layout.brokers, *plan.mutable_brokers());
  describe(layout.controllers, *plan.mutable_controllers());
  describe(roll, *plan.mutable_roll());
  Steps(facts, layout, roll, controllers_said(layout, options), plan).add_all();
  describe_thresholds(plan);
  std::set<std::string> missing(plan.missing().begin(), plan.missing().end());
  plan.clear_missing();
  for (const CheckResult& result : run_checks(facts)) take(result, plan, missing);
  if (leading_image(facts) == nullptr)
    missing.insert("ZooKeeper's files, or a controller's metadata log: which topics there are");
  if (roll.min_isr_unknown > 0)
    missing.insert(fmt::format(
        "server.properties of brokers: {} partitions get their min.insync.replicas from there",
        roll.min_isr_unknown));
  if (layout.brokers.empty()) missing.insert("every broker: neither files nor a store name one");
  for (const std::string& each : missing) plan.add_missing(each);
  if (layout.controllers_assumed)
    plan.add_questions(
        "which machines will be controllers? The plan assumes three; name them with --controllers "
        "ID@HOST:PORT,…");
  put_into_windows(options.windows, plan);
  const auto ordered = order_steps(plan, "plan");
  sim::check(ordered.has_value(), "a plan that was made can be taken");
  return plan;
}

}  // namespace migrate
