#include "scenarios/runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/admin.h"
#include "scenarios/campaign.h"
#include "scenarios/durations.h"
#include "scenarios/fault_targets.h"
#include "scenarios/narrator.h"
#include "scenarios/script.h"
#include "scenarios/workload.h"
#include "sim/base/check.h"

namespace scenarios {
namespace {

constexpr sim::Duration kUsualTimeLimit{1'800'000'000'000};
constexpr sim::Duration kLastWords{10'000'000'000};

// What the run itself must know while it goes on: who ended, and whom each fault hit.
class Witness : public sim::Observer {
 public:
  Witness(Operator& person, const sim::FaultPlan& plan) : person_(person), memory_(plan) {}
  void on(const sim::Occurrence& occurrence, const sim::World& world) override {
    switch (occurrence.kind) {
      case sim::OccurrenceKind::FaultApplied:
        if (const auto road = turn_of(occurrence.text)) person_.turn_to(*road);
        memory_.remember(occurrence, world);
        return;
      case sim::OccurrenceKind::Exited:
        person_.process_exited(occurrence.node);
        return;
      default:
        return;
    }
  }
  std::vector<sim::NodeId> victims(const Victims& of) const { return memory_.victims(of); }

 private:
  Operator& person_;
  VictimMemory memory_;
};

sim::Expected<std::vector<FaultDirective>> directives_of(const zk2kraft::Scenario& scenario,
                                                         const RunOptions& options,
                                                         const sim::Place& place) {
  std::vector<FaultDirective> directives;
  for (const std::string& words : scenario.faults()) {
    auto directive = parse_fault(words, place);
    if (!directive) return std::unexpected(directive.error());
    directives.push_back(std::move(*directive));
  }
  directives.insert(directives.end(), options.more_faults.begin(), options.more_faults.end());
  return directives;
}

// The same faults, their times counted from `rest`.
sim::FaultPlan from(sim::Instant rest, sim::FaultPlan plan) {
  for (sim::PlannedFault& planned : plan) {
    if (auto* const at = std::get_if<sim::At>(&planned.when))
      at->time = rest + (at->time - sim::Instant(0));
  }
  return plan;
}

// What was planned and never came: of the faults the first `planned`, and the fixed choices.
std::vector<std::string> unmet_of(const sim::World& world, std::size_t planned) {
  std::vector<std::string> unmet;
  for (const sim::FaultReport& report : world.fault_reports()) {
    if (report.fate == sim::FaultFate::Applied) continue;
    // What was drawn may strike where nothing comes by; only what somebody planned must come.
    const bool is_fault = report.name.starts_with("fault-");
    if (is_fault && std::stoul(report.name.substr(report.name.find('-') + 1)) > planned) continue;
    // The end of a fault that itself never came says nothing more.
    if (report.name.ends_with(".end")) continue;
    unmet.push_back(fmt::format("{}: {}", report.described, report.why));
  }
  for (const sim::ChoiceName& choice : world.choices().unmet_overrides()) {
    unmet.push_back(fmt::format("choice {} of {}, the {}th time, was never asked for", choice.site,
                                choice.entity, choice.k));
  }
  return unmet;
}

// A violation counts as known only if the same tape without the defect is clean of it (design.md §2): else it is
// something else that looks like it. A goal that is missed is forgiven with them, if that other run reaches it and has
// nothing to object to. What else is known stays known in the other run: a defect may hide another.
void forgive_known(Outcome& outcome, const zk2kraft::Scenario& scenario, const Initial& initial,
                   const RunOptions& options, const sim::Place& place) {
  if (outcome.known_violations.empty()) return;
  zk2kraft::Scenario without = scenario;
  without.mutable_expect()->clear_known();
  for (const std::string& known : scenario.expect().known()) {
    const bool struck = std::ranges::find(outcome.known_violations, known, &Violation::invariant) !=
                        outcome.known_violations.end();
    if (struck) {
      without.mutable_cluster()->add_fixed(known);
    } else {
      without.mutable_expect()->add_known(known);
    }
  }
  const auto same_tape = run_scenario(
      without, initial, {.seed = outcome.seed, .more_faults = options.more_faults}, place);
  std::erase_if(outcome.known_violations, [&](const Violation& known) {
    const bool clean =
        same_tape && std::ranges::find(same_tape->violations, known.invariant,
                                       &Violation::invariant) == same_tape->violations.end();
    if (!clean) outcome.violations.push_back(known);
    return !clean;
  });
  outcome.stopped_by_known = !outcome.goal_reached && outcome.violations.empty() &&
                             same_tape->violations.empty() &&
                             (same_tape->goal_reached || same_tape->stopped_by_known);
}

// What the scenario says it shows must be seen, and does not count if the same tape without errors (script.h), and without
// those that are defects, is good. So it is with a migration that stands still where the scenario says so.
void forgive_shown(Outcome& outcome, const zk2kraft::Scenario& scenario, const Initial& initial,
                   const Defects& defects, const RunOptions& options, const sim::Place& place) {
  const auto& shows = scenario.expect().shows();
  const auto is_shown = [&](const Violation& violation) {
    return std::ranges::find(shows, violation.invariant) != shows.end();
  };
  for (const std::string& name : shows) {
    if (std::ranges::find(outcome.violations, name, &Violation::invariant) !=
        outcome.violations.end())
      continue;
    outcome.unmet.push_back(fmt::format("{} was to be shown, and was not violated", name));
  }
  const auto& because = scenario.expect().because();
  const auto innocent = because.empty() ? without_errors(scenario) : std::nullopt;
  zk2kraft::Scenario without = innocent.value_or(scenario);
  bool anything_removed = innocent.has_value();
  for (const std::string& name : because.empty() ? shows : because) {
    if (!is_known_defect(name) || !defects.is_on(name)) continue;
    without.mutable_cluster()->add_fixed(name);
    anything_removed = true;
  }
  const bool stands_still = !scenario.expect().stuck_in().empty() && outcome.goal_reached;
  const bool asks = std::ranges::any_of(outcome.violations, is_shown) || stands_still;
  if (!asks || (shows.empty() && because.empty() && !innocent)) return;
  without.mutable_expect()->clear_shows();
  without.mutable_expect()->clear_because();
  without.mutable_expect()->clear_stuck_in();
  bool proven = anything_removed;
  if (proven) {
    const auto other = run_scenario(
        without, initial, {.seed = outcome.seed, .more_faults = options.more_faults}, place);
    proven = other && other->violations.empty() && (other->goal_reached || other->stopped_by_known);
  }
  if (!proven) {
    if (stands_still) outcome.goal_reached = false;
    outcome.unmet.push_back(
        "the same run without mistakes, edits, leftovers and what is shown is not good");
    return;
  }
  for (const Violation& violation : outcome.violations) {
    if (is_shown(violation)) outcome.shown_violations.push_back(violation);
  }
  std::erase_if(outcome.violations, is_shown);
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Good:
      return "good";
    case Verdict::Finding:
      return "finding";
    case Verdict::Unknown:
      return "unknown";
  }
  sim::unreachable("there are three verdicts");
}

std::optional<Verdict> parse_verdict(std::string_view name) {
  for (const Verdict verdict : {Verdict::Good, Verdict::Finding, Verdict::Unknown}) {
    if (name == name_of(verdict)) return verdict;
  }
  return std::nullopt;
}

std::uint64_t seed_of(const zk2kraft::Scenario& scenario, const RunOptions& options) {
  return options.seed.value_or(scenario.seed() == 0 ? 1 : scenario.seed());
}

sim::Expected<Outcome> run_scenario(const zk2kraft::Scenario& written, const Initial& initial,
                                    const RunOptions& options, const sim::Place& place) {
  Outcome outcome;
  outcome.seed = seed_of(written, options);
  const zk2kraft::Scenario scenario =
      with_random_road(written, outcome.seed, outcome.random_faults);
  const auto cluster = Cluster::plan(scenario, initial, place);
  if (!cluster) return std::unexpected(cluster.error());
  auto directives = directives_of(scenario, options, place);
  if (!directives) return std::unexpected(directives.error());
  const auto script = script_of(scenario, *cluster, place);
  if (!script) return std::unexpected(script.error());
  auto workload = Workload::plan(scenario, *cluster, place);
  if (!workload) return std::unexpected(workload.error());

  outcome.goal = script->stuck_in ? fmt::format("standing still in {}", name_of(*script->stuck_in))
                                  : std::string(name_of(script->config.roads.back().to));
  sim::World world(outcome.seed, cluster->world_options());
  cluster->populate(world);
  if (auto targets =
          check_targets(*directives, world, static_cast<std::size_t>(scenario.faults_size()), place,
                        options.more_faults_from);
      !targets) {
    return std::unexpected(targets.error());
  }
  const std::size_t planned = directives->size();
  for (FaultDirective& drawn : random_faults(scenario, *cluster, outcome.seed)) {
    outcome.random_faults.push_back(print_fault(drawn));
    directives->push_back(std::move(drawn));
  }
  for (const zk2kraft::Choice& choice : scenario.choices()) {
    world.choices().override_with({choice.site(), choice.entity(), choice.k()}, choice.value());
  }
  sim::FaultPlan plan = plan_of(*directives);
  const std::size_t strikes = plan.size();
  add_moments(*script, plan);
  const auto first_moment = plan.begin() + static_cast<std::ptrdiff_t>(strikes);
  const bool from_rest = !scenario.operator_().rest().empty();
  world.plan(from_rest ? sim::FaultPlan(first_moment, plan.end()) : plan);

  Operator operator_(*cluster, script->config);
  Checkers checkers(*cluster);
  Witness witness(operator_, plan);
  CoverageObserver coverage(plan);
  Narrator narrator(*cluster, plan, options.on_line);
  sim::Watch watch;
  watch.observers = {&witness, &coverage, &checkers, &narrator, &*workload};
  watch.observers.insert(watch.observers.end(), options.observers.begin(), options.observers.end());
  watch.resolve = [&](const sim::World& now, std::string_view role) {
    if (const auto victims = victims_of(role)) return witness.victims(*victims);
    return cluster->resolve(now, role);
  };

  const sim::Instant limit = sim::Instant(0) + duration_or(scenario.time_limit(), kUsualTimeLimit);
  const sim::Instant within =
      sim::Instant(0) + duration_or(scenario.expect().within(), limit - sim::Instant(0));
  const auto seen_enough = [&] {
    return options.stop_at_violation && !checkers.violations().empty();
  };
  std::optional<Violation> broke_down;
  try {
    while (world.now() < limit && !operator_.done() && !seen_enough()) {
      world.run_until(std::min(limit, world.now() + Operator::kLooksEvery), watch);
      operator_.look(world, watch);
      checkers.look(world, operator_.quorums_formatted());
      narrator.tell(world, operator_);
      workload->look(world, operator_);
    }
    outcome.goal_reached = script->stuck_in
                               ? !operator_.done() && operator_.phase() == *script->stuck_in
                               : operator_.done() && world.now() <= within;
    if (!operator_.done()) outcome.stuck_at = operator_.waiting_for(world);
    const auto goes_on_for = [&](const std::string& duration) {
      const sim::Instant leaves = world.now() + duration_or(duration, sim::Duration{});
      while (operator_.done() && world.now() < leaves && !seen_enough()) {
        world.run_until(std::min(leaves, world.now() + Operator::kLooksEvery), watch);
        checkers.look(world, operator_.quorums_formatted());
        workload->look(world, operator_);
      }
    };
    if (from_rest && operator_.done()) {
      goes_on_for(scenario.operator_().rest());
      workload->rest(world.now());
      if (options.at_rest) options.at_rest(world, *cluster);
      world.plan(from(world.now(), {plan.begin(), first_moment}));
    }
    goes_on_for(scenario.operator_().stay());
    // Let what is under way arrive, so that the last looks see a quiet world.
    if (!seen_enough()) {
      world.run_until(world.now() + kLastWords, watch);
      checkers.at_end(world);
    }
  } catch (const sim::Bug& bug) {
    // Once an invariant is broken, a machine's own check may break on what came of it: that is the end of the run, and
    // no defect of ours.
    if (checkers.violations().empty()) throw;
    broke_down = Violation{"check", bug.what(), world.now(), 0};
    outcome.stuck_at = "nothing any more: the run ended at a machine's own check";
  }

  narrator.end(world);
  for (const auto& [phase, at] : operator_.steps()) outcome.phases.insert_or_assign(phase, at);
  outcome.deeds = operator_.deeds();
  outcome.checks = checkers.checks();
  outcome.zookeeper_elections = checkers.zookeeper_elections();
  outcome.raft_elections = checkers.raft_elections();
  outcome.partition_elections = checkers.partition_elections();
  outcome.durability = checkers.durability(world);
  outcome.expected_losses = checkers.broker_memory().expected_losses;
  if (const auto& late = checkers.transaction_memory().late; !late.empty())
    outcome.expected_losses["E-TV1"] += late.size();
  for (const auto& [group, ghost] : checkers.delivery_memory().groups)
    outcome.deliveries.emplace(group, checkers.delivery_memory().total(group));
  outcome.delivery_losses = checkers.delivery_memory().expected_losses;
  for (const sim::ExpectedLoss& loss : outcome.delivery_losses)
    outcome.expected_losses[loss.excuse] += static_cast<std::uint64_t>(loss.count);
  outcome.ended_at = world.now();
  outcome.digest = world.run_digest();
  outcome.events = world.events_handled();
  outcome.coverage = coverage.met();
  for (const auto& [phase, at] : outcome.phases) outcome.coverage.phases.emplace(name_of(phase), 1);
  outcome.unmet = unmet_of(world, planned);
  std::vector<Violation> all = checkers.violations();
  for (const sim::BrokerId id : operator_.stuck_brokers()) {
    all.push_back(
        {"MB-22",
         fmt::format("broker {} stays fenced though it is alive and heartbeats", id.value()),
         world.now(), 0});
  }
  if (broke_down) all.push_back(*std::move(broke_down));
  const auto& known = scenario.expect().known();
  for (Violation& violation : all) {
    const bool expected = std::ranges::find(known, violation.invariant) != known.end() &&
                          cluster->defects().is_on(violation.invariant);
    (expected ? outcome.known_violations : outcome.violations).push_back(std::move(violation));
  }
  forgive_known(outcome, scenario, initial, options, place);
  forgive_shown(outcome, scenario, initial, cluster->defects(), options, place);
  const bool missed = !outcome.goal_reached && !outcome.stopped_by_known;
  outcome.verdict = !outcome.violations.empty() || missed ? Verdict::Finding
                    : !outcome.unmet.empty()              ? Verdict::Unknown
                                                          : Verdict::Good;
  if (options.at_end) options.at_end(world, *cluster);
  return outcome;
}

}  // namespace scenarios
