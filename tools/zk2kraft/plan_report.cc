#include "tools/zk2kraft/plan_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <vector>

#include "migrate/plan/graph.h"
#include "migrate/plan/stage.h"
#include "sim/base/check.h"
#include "tools/zk2kraft/console.h"

namespace tools {
namespace {

using zk2kraft::Plan;
using zk2kraft::PlanStep;

void print_nodes(const Plan& plan) {
  std::string brokers;
  for (const auto& wave : plan.roll().waves()) {
    std::string together;
    for (const std::int32_t id : wave.brokers())
      together += fmt::format("{}{}", together.empty() ? "" : "+", id);
    brokers += fmt::format("{}{}{}", brokers.empty() ? "" : ", ", together,
                           wave.rack().empty() ? "" : " (" + wave.rack() + ")");
  }
  fmt::print("brokers {}, restarted in this order: {}\n", plan.brokers_size(), brokers);
  std::string controllers;
  for (const auto& node : plan.controllers())
    controllers += fmt::format("{}{}{}", controllers.empty() ? "" : ", ", node.name(),
                               node.host().empty() ? "" : " on " + node.host());
  fmt::print("quorum  {}\n", controllers);
}

void print_hazards(const Plan& plan) {
  if (plan.roll().hazards().empty()) {
    fmt::print("rolls   no partition is known that a restart takes below min.insync.replicas\n");
    return;
  }
  fmt::print("rolls   {} in any order:\n", coloured("cannot keep", Colour::Yellow));
  for (const auto& hazard : plan.roll().hazards())
    fmt::print("        {:<14} {}, partition{} {}: {}\n", hazard.kind(), hazard.topic(),
               hazard.count() == 1 ? "" : "s", hazard.partitions(), hazard.what());
}

void print_way_back(const PlanStep& step) {
  if (!step.way_back_note().empty()) fmt::print("        back    {}\n", step.way_back_note());
  if (!step.way_back().empty())
    fmt::print("        back    {}\n", fmt::join(step.way_back(), ", "));
}

void print_step(const PlanStep& step, PlanDetail detail) {
  const char* const mark = step.done() ? "x" : " ";
  fmt::print("    [{}] {:<38} {}{}\n", mark, step.id(), step.title(),
             step.point_of_no_return() ? coloured("  no way back", Colour::Red) : "");
  if (detail == PlanDetail::Brief || step.done()) return;
  for (const std::string& each : step.only_if()) fmt::print("        first   {}\n", each);
  for (const std::string& each : step.commands()) fmt::print("        do      {}\n", each);
  for (const auto& gate : step.gates())
    fmt::print("        proof   {}: {}\n", gate.where(), gate.expect());
  print_way_back(step);
}

void print_stages(const Plan& plan, PlanDetail detail) {
  for (const auto& window : plan.windows()) {
    fmt::print("\n{}{}\n", window.name(), window.opens().empty() ? "" : "   " + window.opens());
    for (const std::string& name : window.stages()) {
      const auto stage = migrate::parse_stage(name);
      std::vector<const PlanStep*> steps;
      for (const PlanStep& step : plan.steps()) {
        if (step.stage() == name) steps.push_back(&step);
      }
      if (steps.empty() || !stage) continue;
      fmt::print("  {} {}: {}\n", name_of(migrate::phase_of(*stage)), name, explain(*stage));
      if (detail == PlanDetail::All)
        fmt::print("    watch   {}\n", fmt::join(steps.front()->abort_if(), ", "));
      for (const PlanStep* step : steps) print_step(*step, detail);
    }
    if (!window.together().empty()) fmt::print("  not torn apart: {}\n", window.together());
    fmt::print("  after it: {}\n", window.rest());
  }
}

void print_thresholds(const Plan& plan) {
  fmt::print("\nwatch\n");
  for (const auto& each : plan.thresholds()) {
    fmt::print("  {} - {}\n      {}\n      expect {}\n", each.id(), each.where(), each.metric(),
               each.expect());
    if (!each.warn().empty()) fmt::print("      look   {}\n", each.warn());
    if (!each.abort().empty()) fmt::print("      stop   {}\n", each.abort());
    fmt::print("      why    {}\n", each.reason());
  }
}

}  // namespace

void print_plan(const Plan& plan, PlanDetail detail) {
  fmt::print("cluster {}\nphase   {}, because {}\n",
             plan.cluster_id().empty() ? "unknown" : plan.cluster_id(), plan.phase(),
             plan.phase_because());
  print_nodes(plan);
  print_hazards(plan);
  print_stages(plan, detail);
  if (detail == PlanDetail::All) print_thresholds(plan);
  if (!plan.blocked_by().empty()) fmt::print("\n{}\n", coloured("blocked by", Colour::Red));
  for (const auto& each : plan.blocked_by())
    fmt::print("  {} {}: {}\n", each.check(), each.object(), each.what());
  if (!plan.missing().empty())
    fmt::print("\n{}\n", coloured("cannot tell without", Colour::Yellow));
  for (const std::string& each : plan.missing()) fmt::print("  {}\n", each);
  if (!plan.questions().empty()) fmt::print("\nno file tells whether\n");
  for (const std::string& each : plan.questions()) fmt::print("  {}\n", each);
  for (const PlanStep* step : migrate::ready_steps(plan))
    fmt::print("\nnext    {}: {}\n", step->id(), step->title());
  fmt::print("digest  {}\n", plan.digest());
}

std::string plan_text(const Plan& plan) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  sim::check(printer.PrintToString(plan, &text), "a plan can be printed");
  return "# proto-file: migrate/plan/plan.proto\n# proto-message: zk2kraft.Plan\n" + text;
}

std::string plan_json(const Plan& plan) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string text;
  sim::check(google::protobuf::util::MessageToJsonString(plan, &text, options).ok(),
             "a plan can be printed as JSON");
  return text;
}

}  // namespace tools
