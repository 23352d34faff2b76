#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/choices.h"
#include "sim/base/digest.h"
#include "sim/core/core.h"
#include "sim/kernel/connections.h"
#include "sim/kernel/event_queue.h"
#include "sim/kernel/fault.h"
#include "sim/kernel/injector.h"
#include "sim/kernel/links.h"
#include "sim/kernel/node.h"
#include "sim/kernel/occurrence.h"
#include "sim/kernel/process.h"
#include "sim/kernel/slab.h"

namespace sim {

struct WorldOptions {
  LinkProfile link;  // of every link that is not built otherwise
  Distribution fsync = Distribution::uniform(Duration(1'000'000), Duration(5'000'000));
  // A connection that is not established by then is given up.
  Duration connect_timeout{10'000'000'000};
  // A connection on which data could not get through for so long is reset.
  // Simplified: Linux gives up after about 15 minutes (tcp_retries2); Kafka and ZooKeeper close sooner by
  // request and session time-outs, 30 s and less, which their cores need not repeat for dead links.
  Duration give_up_after{30'000'000'000};
  // The time a lost packet of a connection costs, and the wait before data flows again after an outage.
  Distribution retransmission = Distribution::uniform(Duration(200'000'000), Duration(400'000'000));
};

enum class Start : std::uint8_t {
  AtOnce,
  ByFault
};
struct NodeOptions {
  Start start = Start::AtOnce;  // ByFault: when a Restart is applied
  Durable disk;                 // durable before the first start
  std::optional<Distribution> fsync;
  Duration clock_skew;
  std::int64_t clock_drift_ppb = 0;
};

// Who a role stands for now, by the scenario's knowledge of its cores: "zk:leader", "broker:any".
// Nobody: the fault misfires and the report says so.
using RoleResolver = std::function<std::vector<NodeId>(const World& world, std::string_view role)>;

// What looks at a run from outside and is no part of the world: hand in the same or another for each call.
struct Watch {
  std::vector<Observer*> observers = {};
  RoleResolver resolve = {};
};

enum class StopReason : std::uint8_t {
  Limit,      // the next event lies behind the limit; now() is the limit
  Condition,  // the condition held after an event
  Idle,       // nothing is pending
};

// Nodes, their disks and clocks, what is on the wire, and all that will happen: one value. A copy is a
// branch; two copies given the same choices end with the same digest. Time is true time, from 0.
//
// One event at a time: take the earliest, hand its input to the process, carry out the effects. README.md
// draws it.
class World {
 public:
  explicit World(std::uint64_t seed, WorldOptions options = {});

  // ── Building ──────────────────────────────────────────────────────────────────────────────────
  // Names are unique; they appear in scenarios. The process starts now, after what is already due.
  NodeId add(std::string name, std::unique_ptr<Process> process, NodeOptions options = {});
  template <Core C>
  NodeId add(std::string name, typename Host<C>::Factory make, NodeOptions options = {}) {
    return add(std::move(name), std::make_unique<Host<C>>(std::move(make)), std::move(options));
  }
  // The program of the node's next start: another version, another configuration.
  void install(NodeId node, std::unique_ptr<Process> process);
  template <Core C>
  void install(NodeId node, typename Host<C>::Factory make) {
    install(node, std::make_unique<Host<C>>(std::move(make)));
  }
  void build_link(NodeId from, NodeId to, const LinkProfile& profile) {
    links_.build(from, to, profile);
  }
  // Adds planned faults; times that are past are due now. See Injector::add for what is required.
  void plan(const FaultPlan& plan);
  Choices& choices() { return choices_; }

  // ── Running ───────────────────────────────────────────────────────────────────────────────────
  // Carries out the earliest event; false when there is none.
  bool step(const Watch& watch = {});
  // Everything that happens up to and including `limit`.
  StopReason run_until(Instant limit, const Watch& watch = {});
  // The same, until `condition(world)` holds after an event.
  template <class Condition>
  StopReason run_until(Instant limit, const Watch& watch, Condition&& condition) {
    while (!queue_.empty() && queue_.next_time() <= limit) {
      step(watch);
      if (condition(static_cast<const World&>(*this))) return StopReason::Condition;
    }
    return reached(limit);
  }
  // When the next event is due; nothing when none is pending. For who runs a world beside a clock.
  std::optional<Instant> next_event_at() {
    return queue_.empty() ? std::nullopt : std::optional(queue_.next_time());
  }
  // A message from kOperator, after what is already due now. A process that does not run misses it.
  void poke(NodeId node, Payload message);
  // A fault outside any plan, at once. Targets that nobody answers to are no error here.
  void apply(const Fault& fault, const Watch& watch = {});

  // ── Looking ───────────────────────────────────────────────────────────────────────────────────
  Instant now() const { return now_; }
  std::size_t node_count() const { return nodes_.size(); }
  std::optional<NodeId> find(std::string_view name) const;
  // Requires that a node of this name exists.
  NodeId node(std::string_view name) const;
  // "operator" for kOperator.
  const std::string& name_of(NodeId node) const;
  // Runs: started, not crashed, not exited (though perhaps paused).
  bool alive(NodeId node) const { return at(node).process->alive(); }
  bool paused(NodeId node) const { return at(node).paused; }
  Incarnation incarnation(NodeId node) const { return at(node).life; }
  Instant local_time(NodeId node) const { return at(node).clock.local(now_); }
  const Disk& disk(NodeId node) const { return at(node).disk; }
  const Links& links() const { return links_; }
  // The core of a running process of this type, else null.
  template <Core C>
  const C* core_if(NodeId node) const {
    return static_cast<const C*>(at(node).process->core(core_tag<C>()));
  }
  // Requires that the node runs a core of this type.
  template <Core C>
  const C& core(NodeId node) const {
    const C* const found = core_if<C>(node);
    check(found != nullptr, "the node runs a core of the type that it is looked at as");
    return *found;
  }
  const Choices& choices() const { return choices_; }
  // Whom a target names now, in order of id. Roles need the watch that knows them: ask while one is attached.
  std::vector<NodeId> resolve(const Target& target) const;
  std::vector<FaultReport> fault_reports() const { return injector_.reports(); }
  std::uint64_t events_handled() const { return events_handled_; }
  std::size_t pending_events() const { return queue_.size(); }
  OccurrenceId last_occurrence() const { return last_occurrence_; }
  // Folds every occurrence so far ("unseed"): two runs that agree here went the same way. Cheap.
  std::uint64_t run_digest() const { return run_digest_.value(); }
  // Names the present state, whatever way led to it. Walks everything.
  std::uint64_t digest() const;

 private:
  Node& at(NodeId node) { return nodes_[node.value()]; }
  const Node& at(NodeId node) const {
    check(node.value() < nodes_.size(), "the node exists");
    return nodes_[node.value()];
  }
  StopReason reached(Instant limit);

  // world.cc: events, steps, effects.
  void dispatch(const Event& event);
  bool hold(Node& node, const Event& event);
  void handle(NodeId id, Input input, OccurrenceId cause);
  void perform(NodeId id, Effects effects, OccurrenceId cause);
  template <class Leaving>
  void leave(NodeId id, Leaving leaving, OccurrenceId cause);
  void act(NodeId id, const Send& send, OccurrenceId cause);
  void act(NodeId id, const Connect& wish, OccurrenceId cause);
  void act(NodeId id, const Disconnect& wish, OccurrenceId cause);
  void act(NodeId id, const Exit& exit, OccurrenceId cause);
  static LaneState* busy_lane(Node& node, Lane lane);
  void begin_sync(NodeId id, const Sync& sync, OccurrenceId cause);
  void release(NodeId id, LaneState& lane);
  void release_lane(NodeId id, Lane lane);
  void disk_done(NodeId id, std::uint32_t handle);
  void notice(NodeId id, const Payload& notice, OccurrenceId cause);
  void arm(NodeId id, OccurrenceId cause);
  void ring(NodeId id, std::uint32_t serial);
  OccurrenceId emit(Occurrence occurrence);
  void schedule(Instant at, EventKind kind, NodeId target, std::uint32_t slot, std::uint32_t tag) {
    queue_.push({at, target.value(), slot, tag, kind});
  }

  // world_life.cc: starts, ends, digests.
  enum class Ending : std::uint8_t {
    Exit,
    Process,
    Machine,
    DiskLost
  };
  void boot(NodeId id, OccurrenceId cause);
  void end_life(NodeId id, Ending ending, OccurrenceId cause, std::string_view why);
  void resume(NodeId id);
  void digest_node(Digest& digest, const Node& node) const;
  void digest_event(Digest& digest, const Event& event) const;

  // world_network.cc: what is on the wire.
  void send(NodeId from, const Send& send, OccurrenceId cause);
  void post(Instant arrival, Envelope envelope);
  void deliver(std::uint32_t slot);
  void deliver_over_connection(Envelope& envelope);
  void lose(const Envelope& envelope, std::string_view why);
  void connect(NodeId opener, const Connect& wish, OccurrenceId cause);
  void accept(Envelope& open);
  void disconnect(NodeId id, ConnectionId connection, OccurrenceId cause);
  void transmit(std::uint32_t place, std::uint8_t from_end, Envelope envelope);
  void pass(std::uint32_t place, std::uint8_t from_end, Envelope envelope, Instant leaves);
  void block(std::uint32_t place, std::uint8_t end);
  void say_closed(std::uint32_t place, std::uint8_t from_end, OccurrenceId cause, const char* why);
  void tell_now(std::uint32_t place, std::uint8_t end, OccurrenceId cause, const char* why);
  void end_here(std::uint32_t place, std::uint8_t end);
  void hear_closed(const Envelope& closed);
  void forget_stalled(std::uint32_t place, std::uint8_t end);
  void reset(std::uint32_t place, OccurrenceId cause);
  void give_up(std::uint32_t slot, std::uint32_t serial);
  void connect_timeout(std::uint32_t place, std::uint32_t generation);
  void close_all(NodeId id, OccurrenceId cause);
  void say_closed_for(NodeId id, OccurrenceId cause);
  void flow_again();
  bool passable(NodeId from, NodeId to) const;

  // world_faults.cc: plans carried out.
  void due(const std::vector<Injector::Due>& faults, OccurrenceId cause);
  void fault_due(std::uint32_t index);
  void apply_at_once();
  void inflict(const Fault& fault, OccurrenceId cause);
  void inflict_one(const CrashProcess& f, OccurrenceId cause);
  void inflict_one(const CrashMachine& f, OccurrenceId cause);
  void inflict_one(const LoseDisk& f, OccurrenceId cause);
  void inflict_one(const Restart& f, OccurrenceId cause);
  void inflict_one(const Pause& f, OccurrenceId cause);
  void inflict_one(const CutLink& f, OccurrenceId cause);
  void inflict_one(const Isolate& f, OccurrenceId cause);
  void inflict_one(const Heal& f, OccurrenceId cause);
  void inflict_one(const SlowLink& f, OccurrenceId cause);
  void inflict_one(const Loss& f, OccurrenceId cause);
  void inflict_one(const Duplicate& f, OccurrenceId cause);
  void inflict_one(const Reorder& f, OccurrenceId cause);
  void inflict_one(const ResetConnections& f, OccurrenceId cause);
  void inflict_one(const StallLink& f, OccurrenceId cause);
  void inflict_one(const StallDisk& f, OccurrenceId cause);
  void inflict_one(const FullDisk& f, OccurrenceId cause);
  void inflict_one(const TearTail& f, OccurrenceId cause);
  void inflict_one(const SkewClock& f, OccurrenceId cause);
  void inflict_one(const DriftClock& f, OccurrenceId cause);
  void inflict_one(const Poke& f, OccurrenceId cause);
  void set_alarm_anew(NodeId id, OccurrenceId cause);
  template <class Change>
  void for_nodes(const Target& target, Change change) const;
  template <class Change>
  void for_links(const Target& from, const Target& to, Change change) const;

  // Who watches the call that is running. Belongs to that call and not to the value: a copy has none.
  class Watching {
   public:
    Watching() = default;
    Watching(const Watching& /*other*/) {}
    Watching& operator=(const Watching& /*other*/) { return *this; }
    class Guard {
     public:
      Guard(Watching& watching, const Watch& watch) : watching_(watching), outer_(watching.watch) {
        watching.watch = &watch;
      }
      ~Guard() { watching_.watch = outer_; }
      Guard(const Guard&) = delete;
      Guard& operator=(const Guard&) = delete;

     private:
      Watching& watching_;
      const Watch* outer_;
    };
    Guard begin(const Watch& now) { return {*this, now}; }
    const Watch* watch = nullptr;
  };

  WorldOptions options_;
  Instant now_;
  EventQueue queue_;
  Choices choices_;
  std::vector<Node> nodes_;
  // Shared between branches; replaced when a node is added.
  std::shared_ptr<const std::vector<std::string>> names_;
  Links links_;
  Slab<Envelope> envelopes_;
  Connections connections_;
  Injector injector_;
  std::vector<std::uint32_t> at_once_;      // faults to apply when the present event is over
  std::vector<OccurrenceId> fault_causes_;  // by index into the plan
  std::uint32_t block_serials_ = 0;
  OccurrenceId last_occurrence_;
  std::uint64_t events_handled_ = 0;
  Digest run_digest_;
  Watching watching_;
};

}  // namespace sim
