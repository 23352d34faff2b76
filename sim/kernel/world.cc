#include "sim/kernel/world.h"

#include <algorithm>

#include "sim/base/match.h"

namespace sim {
namespace {

constexpr Site kFsync{"disk.fsync"};
// A core that is woken this often at one instant does not move its deadline and never will.
constexpr std::uint32_t kWakesInPlace = 100'000;

}  // namespace

std::string_view name_of(OccurrenceKind kind) {
  static constexpr std::array<std::string_view, kOccurrenceKinds> kNames{
      "Started",      "Sent",    "Received",     "Lost",         "Woke",   "Connected",
      "Disconnected", "Synced",  "DiskFailed",   "Noticed",      "Exited", "Crashed",
      "Paused",       "Resumed", "FaultApplied", "FaultMisfired"};
  return kNames.at(static_cast<std::size_t>(kind));
}

World::World(std::uint64_t seed, WorldOptions options)
    : options_(options),
      choices_(seed),
      names_(std::make_shared<const std::vector<std::string>>()),
      links_(options.link),
      run_digest_(seed) {}

// ── Running ─────────────────────────────────────────────────────────────────────────────────────

bool World::step(const Watch& watch) {
  if (queue_.empty()) return false;
  const auto unwatch = watching_.begin(watch);
  const Event event = queue_.pop();
  now_ = event.time;
  ++events_handled_;
  dispatch(event);
  apply_at_once();
  for (Observer* const observer : watch.observers) observer->after_event(*this);
  return true;
}

StopReason World::run_until(Instant limit, const Watch& watch) {
  while (!queue_.empty() && queue_.next_time() <= limit) step(watch);
  return reached(limit);
}

StopReason World::reached(Instant limit) {
  const bool idle = queue_.empty();
  // With nothing left to happen, time need not pass until the end of time.
  if (limit > now_ && limit != Instant::never()) now_ = limit;
  return idle ? StopReason::Idle : StopReason::Limit;
}

void World::dispatch(const Event& event) {
  const NodeId target{event.target};
  switch (event.kind) {
    case EventKind::Deliver:
      if (!hold(at(target), event)) deliver(event.slot);
      return;
    case EventKind::Alarm:
      if (!hold(at(target), event)) ring(target, event.tag);
      return;
    case EventKind::DiskDone:
      disk_done(target, event.slot);
      return;
    case EventKind::DiskRefused: {
      Node& node = at(target);
      if (hold(node, event) || !node.process->alive() || node.life != event.tag) return;
      const DiskFailed failed{File(static_cast<std::uint16_t>(event.slot)), DiskError::Full};
      const OccurrenceId failure = emit({.kind = OccurrenceKind::DiskFailed, .node = target});
      handle(target, failed, failure);
      return;
    }
    case EventKind::Boot:
      if (!at(target).process->alive()) boot(target, OccurrenceId{});
      return;
    case EventKind::Resume:
      if (at(target).paused && at(target).pause_serial == event.tag) resume(target);
      return;
    case EventKind::ConnectTimeout:
      connect_timeout(event.slot, event.tag);
      return;
    case EventKind::GiveUp:
      give_up(event.slot, event.tag);
      return;
    case EventKind::FaultDue:
      fault_due(event.slot);
      return;
  }
  unreachable("an event has one of the kinds above");
}

// A paused process handles nothing; what comes waits in the order in which it came.
bool World::hold(Node& node, const Event& event) {
  if (node.paused) node.held.push(event);
  return node.paused;
}

// ── A step and its effects ──────────────────────────────────────────────────────────────────────

void World::handle(NodeId id, Input input, OccurrenceId cause) {
  Node& node = at(id);
  perform(id, node.process->step(node.clock.local(now_), std::move(input), choices_), cause);
  if (node.process->alive()) arm(id, cause);
}

void World::perform(NodeId id, Effects effects, OccurrenceId cause) {
  Node& node = at(id);
  bool written = true;
  for (Effect& effect : effects) {
    match(
        effect, [&](Send& send) { leave(id, std::move(send), cause); },
        [&](Notify& notify) { notice(id, notify.notice, cause); },
        [&](Append& append) {
          written = node.disk.append(append.file, std::move(append.entry), now_);
        },
        [&](Sync& sync) { leave(id, std::move(sync), cause); },
        [&](Connect& connect) { leave(id, std::move(connect), cause); },
        [&](Disconnect& disconnect) { leave(id, std::move(disconnect), cause); },
        [&](Replace& replace) {
          written = node.disk.replace(replace.file, std::move(replace.content));
        },
        [&](Truncate& truncate) { node.disk.truncate(truncate.file, truncate.entries); },
        [&](DropBefore& drop) { node.disk.drop_before(drop.file, drop.first); },
        [&](Exit& exit) { leave(id, std::move(exit), cause); });
    if (!written) {
      const File file = std::holds_alternative<Append>(effect) ? std::get<Append>(effect).file
                                                               : std::get<Replace>(effect).file;
      schedule(now_, EventKind::DiskRefused, id, file.value(), node.life);
      return;
    }
    if (std::holds_alternative<Exit>(effect)) return;
  }
}

LaneState* World::busy_lane(Node& node, Lane lane) {
  for (LaneState& state : node.lanes) {
    if (state.lane == lane) return state.waiting.empty() ? nullptr : &state;
  }
  return nullptr;
}

template <class Leaving>
void World::leave(NodeId id, Leaving leaving, OccurrenceId cause) {
  Node& node = at(id);
  if (LaneState* const lane = busy_lane(node, leaving.lane)) {
    if constexpr (std::same_as<Leaving, Sync>) {
      lane->waiting.push({Barrier{leaving.files, node.disk.version_of(leaving.files)}, cause});
    } else {
      lane->waiting.push({std::move(leaving), cause});
    }
    return;
  }
  if constexpr (std::same_as<Leaving, Sync>) {
    if (!node.disk.durable(leaving.files)) begin_sync(id, leaving, cause);
  } else {
    act(id, leaving, cause);
  }
}

void World::act(NodeId id, const Send& send, OccurrenceId cause) {
  this->send(id, send, cause);
}
void World::act(NodeId id, const Connect& wish, OccurrenceId cause) {
  connect(id, wish, cause);
}
void World::act(NodeId id, const Disconnect& wish, OccurrenceId cause) {
  disconnect(id, wish.connection, cause);
}
void World::act(NodeId id, const Exit& exit, OccurrenceId cause) {
  end_life(id, Ending::Exit, cause, exit.reason);
}

// Requires a lane in which nothing waits; leaves the barrier at its front.
void World::begin_sync(NodeId id, const Sync& sync, OccurrenceId cause) {
  Node& node = at(id);
  auto state = std::ranges::find(node.lanes, sync.lane, &LaneState::lane);
  if (state == node.lanes.end()) {
    node.lanes.push_back({.lane = sync.lane});
    state = node.lanes.end() - 1;
  }
  state->waiting.push({Barrier{sync.files, node.disk.version_of(sync.files)}, cause});
  release(id, *state);
}

// Lets leave what no barrier holds back any more. A barrier at the front whose writes an earlier fsync
// covered falls at once: that is group commit.
void World::release(NodeId id, LaneState& lane) {
  Node& node = at(id);
  while (!lane.waiting.empty()) {
    if (const auto* const barrier = std::get_if<Barrier>(&lane.waiting.front().effect)) {
      if (!node.disk.durable(barrier->files, barrier->version)) {
        const Duration latency = choices_.sample(kFsync, id.value(), node.fsync);
        const std::uint32_t handle = node.disk.begin_sync(barrier->files);
        node.syncs.push_back({handle, lane.lane, node.life, lane.waiting.front().cause});
        schedule(now_ + latency, EventKind::DiskDone, id, handle, 0);
        return;
      }
      lane.waiting.pop();
      continue;
    }
    const LaneItem item = lane.waiting.pop();
    match(
        item.effect, [](const Barrier&) {},
        [&](const auto& leaving) { act(id, leaving, item.cause); });
    if (!node.process->alive()) return;  // an Exit left; the lanes are gone
  }
}

void World::disk_done(NodeId id, std::uint32_t handle) {
  Node& node = at(id);
  const auto found = std::ranges::find(node.syncs, handle, &RunningSync::handle);
  if (found == node.syncs.end()) return;  // the machine crashed meanwhile
  if (now_ < node.disk_stalled_until) {
    schedule(node.disk_stalled_until, EventKind::DiskDone, id, handle, 0);
    return;
  }
  const RunningSync sync = *found;
  node.syncs.erase(found);
  node.disk.finish_sync(handle);
  if (!node.process->alive() || sync.life != node.life) return;
  emit({.cause = sync.cause, .kind = OccurrenceKind::Synced, .node = id});
  if (!node.paused) release_lane(id, sync.lane);
}

void World::release_lane(NodeId id, Lane lane) {
  Node& node = at(id);
  const auto state = std::ranges::find(node.lanes, lane, &LaneState::lane);
  const bool syncing = std::ranges::any_of(node.syncs, [&](const RunningSync& running) {
    return running.lane == lane && running.life == node.life;
  });
  if (state != node.lanes.end() && !syncing) release(id, *state);
}

void World::notice(NodeId id, const Payload& notice, OccurrenceId cause) {
  const OccurrenceId noticed =
      emit({.cause = cause, .kind = OccurrenceKind::Noticed, .node = id, .payload = &notice});
  if (!injector_.listens_to(notice.type())) return;
  const auto emitted_by = [&](const Target& target) {
    return std::ranges::binary_search(resolve(target), id);
  };
  due(injector_.noticed(notice, now_, emitted_by), noticed);
}

// ── Deadlines ───────────────────────────────────────────────────────────────────────────────────

// One alarm is pending at most. A deadline that moves away leaves it where it is; it fires early and is set
// again then. A heartbeat so costs no event.
void World::arm(NodeId id, OccurrenceId cause) {
  Node& node = at(id);
  const std::optional<Instant> deadline = node.process->deadline();
  if (deadline != node.deadline) {
    node.deadline = deadline;
    node.deadline_cause = cause;
  }
  if (!deadline) return;
  const Instant due = std::max(now_, node.clock.true_time(*deadline));
  if (due >= node.alarm_at) return;
  node.alarm_at = due;
  schedule(due, EventKind::Alarm, id, 0, ++node.alarm_serial);
}

void World::ring(NodeId id, std::uint32_t serial) {
  Node& node = at(id);
  if (serial != node.alarm_serial) return;
  node.alarm_at = Instant::never();
  if (!node.process->alive()) return;
  const std::optional<Instant> deadline = node.process->deadline();
  if (!deadline) return;
  if (node.clock.local(now_) < *deadline) {
    arm(id, node.deadline_cause);
    return;
  }
  node.wakes_in_place = node.last_wake == now_ ? node.wakes_in_place + 1 : 0;
  node.last_wake = now_;
  if (node.wakes_in_place >= kWakesInPlace) {
    unreachable(fmt::format("{} was woken {} times at once and never moved its deadline",
                            name_of(id), kWakesInPlace));
  }
  const OccurrenceId woke =
      emit({.cause = node.deadline_cause, .kind = OccurrenceKind::Woke, .node = id});
  handle(id, Wake{}, woke);
}

// ── Occurrences ─────────────────────────────────────────────────────────────────────────────────

OccurrenceId World::emit(Occurrence occurrence) {
  last_occurrence_ = OccurrenceId(last_occurrence_.value() + 1);
  occurrence.id = last_occurrence_;
  occurrence.at = now_;
  std::uint64_t name = 0;
  if (occurrence.payload != nullptr) {
    name = occurrence.payload->type().name_hash;
    if (occurrence.kind == OccurrenceKind::Noticed) occurrence.payload->digest_into(run_digest_);
  }
  run_digest_.add(static_cast<std::uint64_t>(occurrence.kind) |
                  std::uint64_t{occurrence.node.value()} << 8 |
                  std::uint64_t{occurrence.peer.value()} << 40);
  run_digest_.add(static_cast<std::uint64_t>(now_.nanoseconds()) ^ name);
  if (watching_.watch != nullptr) {
    for (Observer* const observer : watching_.watch->observers) observer->on(occurrence, *this);
  }
  return occurrence.id;
}

}  // namespace sim
