// How nodes come into a world, start, end and are looked at: the part of World that is not on the hot path.

#include <algorithm>
#include <utility>

#include "sim/base/match.h"
#include "sim/kernel/world.h"

namespace sim {

NodeId World::add(std::string name, std::unique_ptr<Process> process, NodeOptions options) {
  check(process != nullptr && !process->alive(), "a node is added with a process that never ran");
  check(!name.empty() && !find(name), "names of nodes are unique");
  const NodeId id{static_cast<std::uint32_t>(nodes_.size())};
  Node node;
  node.process = Program(std::move(process));
  node.disk = Disk(options.disk);
  node.fsync = options.fsync.value_or(options_.fsync);
  if (options.clock_skew != Duration{}) node.clock.jump(now_, options.clock_skew);
  if (options.clock_drift_ppb != 0) node.clock.drift(now_, options.clock_drift_ppb);
  nodes_.push_back(std::move(node));
  std::vector<std::string> names = *names_;
  names.push_back(std::move(name));
  names_ = std::make_shared<const std::vector<std::string>>(std::move(names));
  if (options.start == Start::AtOnce) schedule(now_, EventKind::Boot, id, 0, 0);
  return id;
}

void World::install(NodeId id, std::unique_ptr<Process> process) {
  check(process != nullptr && !process->alive(), "a program is installed before it runs");
  at(id).next_program = Program(std::move(process));
}

void World::boot(NodeId id, OccurrenceId cause) {
  Node& node = at(id);
  if (node.next_program) node.process = std::exchange(node.next_program, Program{});
  node.machine_down = false;
  ++node.life;
  const OccurrenceId started = emit({.cause = cause, .kind = OccurrenceKind::Started, .node = id});
  node.process->boot(node.clock.local(now_), node.disk.content(), node.life);
  say_closed_for(id, started);
  arm(id, started);
}

void World::end_life(NodeId id, Ending ending, OccurrenceId cause, std::string_view why) {
  Node& node = at(id);
  if (node.process->alive()) {
    const OccurrenceId end =
        emit({.cause = cause,
              .kind = ending == Ending::Exit ? OccurrenceKind::Exited : OccurrenceKind::Crashed,
              .node = id,
              .text = why});
    cause = end;
    node.process->kill();
  }
  node.lanes.clear();
  node.alarm_at = Instant::never();
  ++node.alarm_serial;
  node.deadline.reset();
  if (ending == Ending::Machine || ending == Ending::DiskLost) {
    node.machine_down = true;
    node.syncs.clear();
    if (ending == Ending::Machine) {
      node.disk.lose_unsynced(choices_, id, now_);
    } else {
      node.disk.erase();
    }
  }
  close_all(id, cause);
  if (node.paused) {
    // What was held meets a dead process.
    node.paused = false;
    while (!node.held.empty()) dispatch(node.held.pop());
  }
}

void World::resume(NodeId id) {
  Node& node = at(id);
  node.paused = false;
  emit({.kind = OccurrenceKind::Resumed, .node = id});
  // First what the disk answered meanwhile, then what arrived.
  for (std::size_t lane = 0; lane < node.lanes.size(); ++lane) {
    release_lane(id, node.lanes[lane].lane);
  }
  while (!node.paused && !node.held.empty()) dispatch(node.held.pop());
}

// ── Looking ─────────────────────────────────────────────────────────────────────────────────────

std::optional<NodeId> World::find(std::string_view name) const {
  const auto found = std::ranges::find(*names_, name);
  if (found == names_->end()) return std::nullopt;
  return NodeId{static_cast<std::uint32_t>(found - names_->begin())};
}

NodeId World::node(std::string_view name) const {
  const std::optional<NodeId> found = find(name);
  check(found.has_value(), "a node of this name exists");
  return *found;
}

const std::string& World::name_of(NodeId node) const {
  static const std::string nobody = "operator";
  return node == kOperator ? nobody : names_->at(node.value());
}

namespace {

void digest_item(Digest& digest, const LaneItem& item) {
  digest.add(item.effect.index());
  match(
      item.effect,
      [&](const Barrier& barrier) {
        digest.add(barrier.files.first.value());
        digest.add(barrier.files.last.value());
        digest.add(barrier.version);
      },
      [&](const Send& send) {
        digest.add(send.to.value());
        digest_into(digest, send.over);
        send.message.digest_into(digest);
      },
      [&](const Connect& connect) { digest_into(digest, connect.connection); },
      [&](const Disconnect& disconnect) { digest_into(digest, disconnect.connection); },
      [&](const Exit& exit) { digest.add(std::string_view(exit.reason)); });
}

void digest_envelope(Digest& digest, const Envelope& envelope) {
  digest.add(static_cast<std::uint64_t>(envelope.kind));
  digest.add(envelope.from.value());
  digest.add(envelope.to.value());
  digest_into(digest, envelope.over);
  digest.add(envelope.to_life);
  digest.add(envelope.from_end);
  envelope.message.digest_into(digest);
}

}  // namespace

void World::digest_node(Digest& digest, const Node& node) const {
  digest.add(static_cast<std::uint64_t>(node.process->alive()) |
             static_cast<std::uint64_t>(node.machine_down) << 1 |
             static_cast<std::uint64_t>(node.paused) << 2 | std::uint64_t{node.life} << 3);
  if (node.process->alive()) node.process->digest_into(digest);
  node.disk.digest_into(digest);
  digest.add(static_cast<std::uint64_t>(node.disk_stalled_until.nanoseconds()));
  node.clock.digest_into(digest);
  for (const Event& event : node.held) digest_event(digest, event);
  for (const LaneState& lane : node.lanes) {
    if (lane.waiting.empty()) continue;
    digest.add(lane.lane.value());
    digest.add(lane.waiting.size());
    for (const LaneItem& item : lane.waiting) digest_item(digest, item);
  }
  for (const auto& [id, place] : node.connections) {
    const Connection& connection = connections_[place];
    digest_into(digest, id);
    digest.add(static_cast<std::uint64_t>(connection.established) |
               static_cast<std::uint64_t>(connection.reset) << 1);
    for (const Connection::End& end : connection.ends) {
      digest.add(static_cast<std::uint64_t>(end.state));
      digest.add(static_cast<std::uint64_t>(end.last_arrival.nanoseconds()));
      for (const Envelope& envelope : end.stalled) digest_envelope(digest, envelope);
    }
  }
}

void World::digest_event(Digest& digest, const Event& event) const {
  digest.add(static_cast<std::uint64_t>(event.time.nanoseconds()));
  digest.add(std::uint64_t{event.target} << 8 | static_cast<std::uint64_t>(event.kind));
  // Slots and serials depend on the way; what they stand for does not.
  if (event.kind == EventKind::Deliver) digest_envelope(digest, envelopes_[event.slot]);
  if (event.kind == EventKind::FaultDue) digest.add(event.slot);
}

std::uint64_t World::digest() const {
  Digest digest;
  digest.add(static_cast<std::uint64_t>(now_.nanoseconds()));
  choices_.digest_into(digest);
  for (const Node& node : nodes_) digest_node(digest, node);
  links_.digest_into(digest);
  injector_.digest_into(digest);
  for (const Event& event : queue_.in_order()) digest_event(digest, event);
  return digest.value();
}

}  // namespace sim
