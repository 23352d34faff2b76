#include "scenarios/live/drive_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenarios/zookeeper_shell.h"
#include "sim/base/check.h"
#include "zk/controller_notice.h"

namespace scenarios::live {
namespace {

// A supervisor starts what has ended by itself after this long.
constexpr sim::Duration kSupervisor{2'000'000'000};
// Without anything to do, a look at what somebody outside may have changed.
constexpr std::chrono::microseconds kLongestWait{50'000};

}  // namespace

DriveRun::DriveRun(const DriveOptions& options, const Cluster& cluster,
                   std::vector<AdminTask> changes, sim::World& world, const sim::FaultPlan& plan)
    : options_(options),
      cluster_(cluster),
      changes_(std::move(changes)),
      world_(world),
      ensemble_(options.zookeeper, cluster.zookeepers().front(),
                [this](const std::string& what) { tell(Column::Ensemble, "ensemble", what); }),
      narrator_(cluster, plan, options.on_line),
      victims_(plan),
      hooks_seen_(options.hooks.size()) {
  watch_.observers = {&ensemble_, &narrator_, this};
  watch_.resolve = [this](const sim::World& now, std::string_view role) {
    if (const auto of = victims_of(role)) return victims_.victims(*of);
    return cluster_.resolve(now, role);
  };
}

void DriveRun::tell(Column column, std::string who, std::string what) const {
  options_.on_line({elapsed(), column, std::move(who), std::move(what)});
}

sim::Instant DriveRun::elapsed() const {
  return sim::Instant(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began_).count());
}

// ── The clock ───────────────────────────────────────────────────────────────────────────────────

// The world is run up to the wall's time, told what has come from outside, and left alone until its next event or the
// next answer. A moment that the script waits for stops it, so that nothing is done beyond it.
void DriveRun::run(DriveOutcome& outcome) {
  outcome_ = &outcome;
  const sim::Instant limit = sim::Instant(0) + options_.time_limit;
  while (step_ != Step::Done && elapsed() < limit) {
    if (options_.interrupted()) {
      outcome.interrupted = true;
      break;
    }
    attention_ = false;
    world_.run_until(elapsed(), watch_, [this](const sim::World&) { return attention_; });
    look();
    if (attention_ || ensemble_.deliver(world_)) continue;
    std::chrono::microseconds wait = kLongestWait;
    if (const auto next = world_.next_event_at()) {
      const std::int64_t left = (*next - elapsed()).nanoseconds() / 1000;
      wait = std::clamp(std::chrono::microseconds(left), std::chrono::microseconds(0), wait);
    }
    ensemble_.wait(wait);
  }
  outcome.reached = step_ == Step::Done;
  if (!outcome.reached) outcome.stuck_at = waiting_for();
  if (const migrate::Driver* const now = driver()) outcome.driver = now->state();
  ensemble_.close();
  outcome.zookeeper = ensemble_.counts();
  outcome.took = elapsed() - sim::Instant(0);
}

// ── What is heard ───────────────────────────────────────────────────────────────────────────────

void DriveRun::on(const sim::Occurrence& occurrence, const sim::World& world) {
  switch (occurrence.kind) {
    case sim::OccurrenceKind::FaultApplied:
      return victims_.remember(occurrence, world);
    case sim::OccurrenceKind::Exited:
      exited_.emplace(occurrence.node, world.now());
      return;
    case sim::OccurrenceKind::Noticed:
      break;
    default:
      return;
  }
  const sim::Payload& notice = *occurrence.payload;
  for (std::size_t i = 0; i < options_.hooks.size(); ++i) {
    const Hook& hook = options_.hooks[i];
    const bool meant =
        notice.name() == hook.moment.notice &&
        (hook.moment.node.empty() || world.name_of(occurrence.node) == hook.moment.node) &&
        (hook.moment.containing.empty() ||
         notice.describe().find(hook.moment.containing) != std::string::npos);
    if (meant && ++hooks_seen_[i] == hook.moment.nth) hook.act();
  }
  hear(notice);
}

void DriveRun::hear(const sim::Payload& notice) {
  DriveOutcome& outcome = *outcome_;
  if (const auto* const claimed = notice.get_if<migrate::Claimed>()) {
    outcome.claims.push_back(*claimed);
    passed_.insert(name_of(Until::Claim));
    attention_ = true;
  } else if (notice.get_if<migrate::CopyBegan>() != nullptr) {
    ++outcome.copies_begun;
    outcome.batches = 0;
  } else if (notice.get_if<migrate::CopyBatch>() != nullptr) {
    ++outcome.batches;
  } else if (const auto* const copied = notice.get_if<migrate::CopyCompleted>()) {
    outcome.copied = *copied;
  } else if (const auto* const done = notice.get_if<migrate::Reconciled>()) {
    outcome.reconciled = done->operations;
  } else if (notice.get_if<migrate::EventFailed>() != nullptr) {
    ++outcome.failed_events;
  } else if (const auto* const changed = notice.get_if<migrate::StateChanged>()) {
    using enum migrate::MigrationDriverState;
    // From here on /migration says that the copy is complete.
    if (changed->to == SyncKraftToZk) passed_.insert(name_of(Until::Copy));
    if (changed->to == DualWrite) passed_.insert(name_of(Until::DualWrite));
    attention_ = true;
  } else if (const auto* const done_change = notice.get_if<AdminDone>()) {
    outcome.changes.push_back(*done_change);
    attention_ = true;
  } else if (notice.get_if<ZnodeEdited>() != nullptr) {
    --edits_open_;
    attention_ = true;
  } else if (const auto* const ready = notice.get_if<zk::ZkControllerReady>()) {
    outcome.back_under = ready->broker;
    attention_ = true;
  }
}

// ── The script ──────────────────────────────────────────────────────────────────────────────────

void DriveRun::look() {
  look_after_processes();
  switch (step_) {
    case Step::Forward:
      return forward();
    case Step::Change:
      if (outcome_->changes.size() < next_change_) return;
      if (const auto* const active = cluster_.active_controller(world_)) {
        to_mirror_ = active->node()->replica().high_watermark().plus(-1);
        step_ = Step::Mirror;
      }
      return;
    case Step::Mirror:
      return mirror();
    case Step::Stop:
      return stop_controllers();
    case Step::ClearZnodes:
      return clear_znodes();
    case Step::StopBrokers:
      return stop_brokers();
    case Step::Elect:
      return elect();
    case Step::Done:
      return;
  }
}

void DriveRun::look_after_processes() {
  for (auto at = exited_.begin(); at != exited_.end();) {
    const auto here = at++;
    if (world_.alive(here->first)) {
      exited_.erase(here);
    } else if (step_ <= Step::Mirror && world_.now() - here->second >= kSupervisor) {
      tell(Column::Operator, "drive", fmt::format("starts {} again", world_.name_of(here->first)));
      world_.apply(sim::Restart{world_.name_of(here->first)}, watch_);
      exited_.erase(here);
    }
  }
}

void DriveRun::forward() {
  if (!passed_.contains(name_of(options_.until))) return;
  // A request to a broker that has not heard of the claim would be lost.
  if (next_change_ < changes_.size() && !brokers_know_the_controller()) return;
  next_change();
}

bool DriveRun::brokers_know_the_controller() const {
  return std::ranges::all_of(cluster_.brokers(), [&](const auto& entry) {
    const migrate::BrokerNode* const core = cluster_.broker(world_, entry.first);
    return core == nullptr || core->broker() == nullptr ||
           core->broker()->controller_epoch() == outcome_->claims.back().zk_controller_epoch;
  });
}

void DriveRun::next_change() {
  if (next_change_ < changes_.size()) {
    tell(Column::Operator, "drive", changes_[next_change_].what);
    world_.poke(cluster_.admin(), sim::Payload::of(changes_[next_change_++]));
    step_ = Step::Change;
  } else {
    step_ = options_.roll_back ? Step::Stop : Step::Done;
  }
  attention_ = true;
}

// The driver has written what it was told of, up to the change at least.
void DriveRun::mirror() {
  const migrate::Driver* const now = driver();
  if (now == nullptr || now->state() != migrate::MigrationDriverState::DualWrite || !now->idle() ||
      now->leadership().kraft_metadata.offset < *to_mirror_)
    return;
  next_change();
}

const migrate::Driver* DriveRun::driver() const {
  const migrate::ControllerNode* const active = cluster_.active_controller(world_);
  return active == nullptr ? nullptr : active->driver();
}

std::string DriveRun::waiting_for() const {
  const migrate::Driver* const now = driver();
  const std::string state =
      now == nullptr ? "no controller is active"
                     : fmt::format("the driver of controller {} is in {}", now->node_id().value(),
                                   migrate::name_of(now->state()));
  switch (step_) {
    case Step::Forward:
      return fmt::format("{}; {}", name_of(options_.until), state);
    case Step::Change:
      return fmt::format("an answer to '{}'; {}", changes_[next_change_ - 1].what, state);
    case Step::Mirror:
      return fmt::format("'{}' to be in ZooKeeper; {}", changes_[next_change_ - 1].what, state);
    case Step::Stop:
    case Step::ClearZnodes:
      return "/controller and /migration to be gone";
    case Step::StopBrokers:
      return "the brokers to stop";
    case Step::Elect:
      return "a broker to be controller";
    case Step::Done:
      return "nothing";
  }
  sim::unreachable("each step waits for something");
}

}  // namespace scenarios::live
