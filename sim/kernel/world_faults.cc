// Plans carried out: when a fault is due, whom its targets mean now, and what it does to them.

#include <algorithm>
#include <utility>

#include "sim/base/match.h"
#include "sim/kernel/world.h"

namespace sim {

void World::plan(const FaultPlan& plan) {
  due(injector_.add(plan, now_), OccurrenceId{});
}

void World::due(const std::vector<Injector::Due>& faults, OccurrenceId cause) {
  for (const Injector::Due& fault : faults) {
    if (fault_causes_.size() <= fault.index) fault_causes_.resize(fault.index + 1);
    fault_causes_[fault.index] = cause;
    if (fault.at_once) {
      at_once_.push_back(fault.index);
    } else {
      schedule(fault.at, EventKind::FaultDue, kOperator, fault.index, 0);
    }
  }
}

void World::apply_at_once() {
  // Applying one may make others due.
  for (std::size_t next = 0; next < at_once_.size(); ++next) fault_due(at_once_[next]);
  at_once_.clear();
}

void World::fault_due(std::uint32_t index) {
  // A copy: carrying it out may add to the plan's memory.
  const PlannedFault planned = injector_.planned(index);
  for (const Target& target : targets_of(planned.fault)) {
    if (!resolve(target).empty()) continue;
    const std::string why = "nobody is " + target;
    emit({.cause = fault_causes_[index], .kind = OccurrenceKind::FaultMisfired, .text = why});
    injector_.misfired(index, why);
    return;
  }
  const OccurrenceId applied = emit(
      {.cause = fault_causes_[index], .kind = OccurrenceKind::FaultApplied, .text = planned.name});
  inflict(planned.fault, applied);
  due(injector_.applied(index, now_), applied);
}

void World::apply(const Fault& fault, const Watch& watch) {
  const auto unwatch = watching_.begin(watch);
  const std::string text = describe(fault);
  inflict(fault, emit({.kind = OccurrenceKind::FaultApplied, .text = text}));
  apply_at_once();
}

void World::poke(NodeId node, Payload message) {
  post(now_, {.message = std::move(message),
              .from = kOperator,
              .to = node,
              .to_life = at(node).life,
              .kind = Envelope::Kind::Self});
}

std::vector<NodeId> World::resolve(const Target& target) const {
  std::vector<NodeId> nodes;
  std::string_view rest = target;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view name = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    if (name == "*") {
      for (std::uint32_t node = 0; node < nodes_.size(); ++node) nodes.push_back(NodeId{node});
    } else if (const std::optional<NodeId> found = find(name)) {
      nodes.push_back(*found);
    } else if (watching_.watch != nullptr && watching_.watch->resolve) {
      for (const NodeId node : watching_.watch->resolve(*this, name)) nodes.push_back(node);
    }
  }
  std::ranges::sort(nodes);
  nodes.erase(std::ranges::unique(nodes).begin(), nodes.end());
  return nodes;
}

template <class Change>
void World::for_nodes(const Target& target, Change change) const {
  for (const NodeId node : resolve(target)) change(node);
}

template <class Change>
void World::for_links(const Target& from, const Target& to, Change change) const {
  const std::vector<NodeId> receivers = resolve(to);
  for (const NodeId sender : resolve(from)) {
    for (const NodeId receiver : receivers) {
      if (sender != receiver) change(sender, receiver);
    }
  }
}

void World::inflict(const Fault& fault, OccurrenceId cause) {
  match(fault, [&](const auto& of) { this->inflict_one(of, cause); });
}

void World::inflict_one(const CrashProcess& f, OccurrenceId cause) {
  for_nodes(f.target, [&](NodeId node) {
    if (alive(node)) end_life(node, Ending::Process, cause, "process");
  });
}
void World::inflict_one(const CrashMachine& f, OccurrenceId cause) {
  for_nodes(f.target, [&](NodeId node) { end_life(node, Ending::Machine, cause, "machine"); });
}
void World::inflict_one(const LoseDisk& f, OccurrenceId cause) {
  for_nodes(f.target, [&](NodeId node) { end_life(node, Ending::DiskLost, cause, "disk lost"); });
}
void World::inflict_one(const Restart& f, OccurrenceId cause) {
  for_nodes(f.target, [&](NodeId node) {
    if (alive(node)) {
      if (f.if_running == IfRunning::Leave) return;
      end_life(node, Ending::Process, cause, "process");
    }
    boot(node, cause);
  });
}
void World::inflict_one(const Pause& f, OccurrenceId cause) {
  for_nodes(f.target, [&](NodeId id) {
    if (!alive(id)) return;
    Node& node = at(id);
    if (!node.paused) emit({.cause = cause, .kind = OccurrenceKind::Paused, .node = id});
    node.paused = true;
    schedule(now_ + f.duration, EventKind::Resume, id, 0, ++node.pause_serial);
  });
}
void World::inflict_one(const CutLink& f, OccurrenceId /*cause*/) {
  for_links(f.from, f.to, [&](NodeId a, NodeId b) {
    links_.cut(a, b);
    if (f.direction == Direction::BothWays) links_.cut(b, a);
  });
}
void World::inflict_one(const Isolate& f, OccurrenceId /*cause*/) {
  const std::vector<NodeId> inside = resolve(f.target);
  for_links(f.target, "*", [&](NodeId a, NodeId b) {
    if (std::ranges::binary_search(inside, b)) return;
    links_.cut(a, b);
    links_.cut(b, a);
  });
}
void World::inflict_one(const Heal& f, OccurrenceId /*cause*/) {
  for_links(f.from, f.to, [&](NodeId a, NodeId b) {
    links_.heal(a, b);
    links_.heal(b, a);
  });
  flow_again();
}
void World::inflict_one(const SlowLink& f, OccurrenceId /*cause*/) {
  for_links(f.from, f.to, [&](NodeId a, NodeId b) { links_.worsen(a, b).extra = f.extra; });
}
void World::inflict_one(const Loss& f, OccurrenceId /*cause*/) {
  for_links(f.from, f.to, [&](NodeId a, NodeId b) { links_.worsen(a, b).loss = f.probability; });
}
void World::inflict_one(const Duplicate& f, OccurrenceId /*cause*/) {
  for_links(f.from, f.to,
            [&](NodeId a, NodeId b) { links_.worsen(a, b).duplicate = f.probability; });
}
void World::inflict_one(const Reorder& f, OccurrenceId /*cause*/) {
  for_links(f.from, f.to, [&](NodeId a, NodeId b) { links_.worsen(a, b).reorder = f.probability; });
}
void World::inflict_one(const ResetConnections& f, OccurrenceId cause) {
  const std::vector<NodeId> left = resolve(f.from);
  const std::vector<NodeId> right = resolve(f.to);
  const auto among = [](const std::vector<NodeId>& nodes, NodeId node) {
    return std::ranges::binary_search(nodes, node);
  };
  for (std::uint32_t place = 0; place < connections_.places(); ++place) {
    const Connection& connection = connections_[place];
    if (!connection.used) continue;
    const NodeId a = connection.ends[0].node;
    const NodeId b = connection.ends[1].node;
    if ((among(left, a) && among(right, b)) || (among(left, b) && among(right, a))) {
      reset(place, cause);
    }
  }
}
void World::inflict_one(const StallLink& f, OccurrenceId /*cause*/) {
  for_links(f.from, f.to, [&](NodeId a, NodeId b) { links_.stall(a, b, now_ + f.duration); });
}
void World::inflict_one(const StallDisk& f, OccurrenceId /*cause*/) {
  for_nodes(f.target, [&](NodeId node) {
    at(node).disk_stalled_until = std::max(at(node).disk_stalled_until, now_ + f.duration);
  });
}
void World::inflict_one(const FullDisk& f, OccurrenceId /*cause*/) {
  for_nodes(f.target, [&](NodeId node) { at(node).disk.set_full(f.space == Space::None); });
}
void World::inflict_one(const TearTail& f, OccurrenceId /*cause*/) {
  for_nodes(f.target, [&](NodeId node) { at(node).disk.tear_next_tail(); });
}
void World::inflict_one(const SkewClock& f, OccurrenceId cause) {
  for_nodes(f.target, [&](NodeId node) {
    at(node).clock.jump(now_, f.by);
    set_alarm_anew(node, cause);
  });
}
void World::inflict_one(const DriftClock& f, OccurrenceId cause) {
  for_nodes(f.target, [&](NodeId node) {
    at(node).clock.drift(now_, f.parts_per_billion);
    set_alarm_anew(node, cause);
  });
}
void World::inflict_one(const Poke& f, OccurrenceId cause) {
  for_nodes(f.target, [&](NodeId node) {
    post(now_, {.message = f.message,
                .cause = cause,
                .from = kOperator,
                .to = node,
                .to_life = at(node).life,
                .kind = Envelope::Kind::Self});
  });
}

// The clock changed, so the same local deadline lies at another true time.
void World::set_alarm_anew(NodeId id, OccurrenceId cause) {
  Node& node = at(id);
  node.alarm_at = Instant::never();
  ++node.alarm_serial;
  if (node.process->alive()) arm(id, node.deadline ? node.deadline_cause : cause);
}

}  // namespace sim
