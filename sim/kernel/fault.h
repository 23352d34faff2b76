#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/distribution.h"
#include "sim/base/time.h"
#include "sim/core/payload.h"

// Faults as values: one vocabulary for scenario files, campaigns, properties and enumerations. What
// makes plans is `fault_maker.h`; what carries them out is the world.
namespace sim {

// Whom a fault concerns: names and roles, separated by commas; "*" is every node. A name is a node's
// ("zk-1"); anything else is a role ("zk:leader"), resolved by the scenario when the fault is applied.
using Target = std::string;

// The process ends; its page cache stays, its sockets are closed by the operating system.
struct CrashProcess {
  Target target;
  bool operator==(const CrashProcess&) const = default;
};
// Power loss: what was not synced is lost (a prefix of it may survive), peers hear nothing.
struct CrashMachine {
  Target target;
  bool operator==(const CrashMachine&) const = default;
};
// A machine crash after which the disk is empty.
struct LoseDisk {
  Target target;
  bool operator==(const LoseDisk&) const = default;
};
// Starts the process from its disk. One that runs is crashed (CrashProcess) first, or left alone: the end of an outage
// starts only who is still down.
enum class IfRunning : std::uint8_t {
  Crash,
  Leave
};
struct Restart {
  Target target;
  IfRunning if_running = IfRunning::Crash;
  bool operator==(const Restart&) const = default;
};
// The process handles nothing for a while, then all that waited: a long garbage collection.
struct Pause {
  Target target;
  Duration duration;
  bool operator==(const Pause&) const = default;
};
enum class Direction : std::uint8_t {
  OneWay,
  BothWays
};
// Nothing passes from `from` to `to` (and back, if both ways): datagrams are lost, connections stall.
struct CutLink {
  Target from;
  Target to;
  Direction direction = Direction::BothWays;
  bool operator==(const CutLink&) const = default;
};
// Cuts the target off from every node that is not itself a target.
struct Isolate {
  Target target;
  bool operator==(const Isolate&) const = default;
};
// Links between the two become what they were built as: cuts, slowness, loss, doubling, overtaking end.
struct Heal {
  Target from = "*";
  Target to = "*";
  bool operator==(const Heal&) const = default;
};
// Adds a delay to all that passes.
struct SlowLink {
  Target from;
  Target to;
  Distribution extra;
  bool operator==(const SlowLink&) const = default;
};
// Datagrams are lost with this probability; connections lose packets, which costs a retransmission.
struct Loss {
  Target from;
  Target to;
  Ratio probability;
  bool operator==(const Loss&) const = default;
};
struct Duplicate {
  Target from;
  Target to;
  Ratio probability;
  bool operator==(const Duplicate&) const = default;
};
// A datagram is held back with this probability, so that later ones overtake it.
struct Reorder {
  Target from;
  Target to;
  Ratio probability;
  bool operator==(const Reorder&) const = default;
};
// Both ends of every connection between the two are told at once; what is in flight is lost.
struct ResetConnections {
  Target from;
  Target to;
  bool operator==(const ResetConnections&) const = default;
};
// All that is sent during the stall leaves at its end: late, but not lost.
struct StallLink {
  Target from;
  Target to;
  Duration duration;
  bool operator==(const StallLink&) const = default;
};
// No fsync finishes before the stall ends.
struct StallDisk {
  Target target;
  Duration duration;
  bool operator==(const StallDisk&) const = default;
};
enum class Space : std::uint8_t {
  None,
  Free
};
// Appends and replacements are refused with DiskError::Full until there is space again.
struct FullDisk {
  Target target;
  Space space = Space::None;
  bool operator==(const FullDisk&) const = default;
};
// The next machine crash leaves part of an entry behind the last whole one, if anything was unsynced.
struct TearTail {
  Target target;
  bool operator==(const TearTail&) const = default;
};
// The node's clock jumps. Local time never runs backwards: a negative jump makes it stand still.
struct SkewClock {
  Target target;
  Duration by;
  bool operator==(const SkewClock&) const = default;
};
// The node's clock runs fast by so many nanoseconds a second (slow, if negative).
struct DriftClock {
  Target target;
  std::int64_t parts_per_billion = 0;
  bool operator==(const DriftClock&) const = default;
};
// The operator tells the process something: resign, expire a session, change a setting.
struct Poke {
  Target target;
  Payload message;
  bool operator==(const Poke& other) const;
};

using Fault = std::variant<CrashProcess, CrashMachine, LoseDisk, Restart, Pause, CutLink, Isolate,
                           Heal, SlowLink, Loss, Duplicate, Reorder, ResetConnections, StallLink,
                           StallDisk, FullDisk, TearTail, SkewClock, DriftClock, Poke>;

// At this time (true time since the start of the world).
struct At {
  Instant time;
  bool operator==(const At&) const = default;
};
// When the `nth` notice (from 1) of this name has been emitted, by `node` if that is not empty (a name or
// a role), among those whose description contains `containing`. Applied when the step that emitted it is
// over, before anything else happens; or `delay` later.
struct On {
  std::string notice;
  Target node = {};
  std::string containing = {};
  std::uint32_t nth = 1;
  Duration delay = {};
  bool operator==(const On&) const = default;
};
// So long after another fault of the plan was applied.
struct After {
  std::string another;  // PlannedFault::name
  Duration delay;
  bool operator==(const After&) const = default;
};
using When = std::variant<At, On, After>;

struct PlannedFault {
  std::string name;  // unique in its plan; reports and After refer to it
  When when;
  Fault fault;
  bool operator==(const PlannedFault&) const = default;
};
using FaultPlan = std::vector<PlannedFault>;

// What a kind of fault is called in scenarios and reports: "crash", "cut", "stall_disk"; by its index in
// `Fault`, so that coverage can list those that no scenario met.
std::string_view kind_of(const Fault& fault);
std::vector<std::string_view> fault_kinds();
// The targets that the fault names, in the order of its fields.
std::vector<Target> targets_of(const Fault& fault);
// "crash zk:leader", "cut zk-1 -> controller-3000".
std::string describe(const Fault& fault);
// "at 12.500s", "on migrate.CopyBatch 2", "2s after kill-leader".
std::string describe(const When& when);
// "kill-leader: crash zk:leader on migrate.CopyBatch 2".
std::string describe(const PlannedFault& planned);
// One fault a line.
std::string describe(const FaultPlan& plan);

}  // namespace sim
