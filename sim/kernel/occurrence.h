#pragma once

#include <cstdint>
#include <string_view>

#include "sim/base/id.h"
#include "sim/base/time.h"
#include "sim/core/core.h"

namespace sim {

class World;

// Occurrences are numbered from 1 in the order in which they happen; 0 names none.
struct OccurrenceTag {};
using OccurrenceId = Id<OccurrenceTag, std::uint64_t>;

enum class OccurrenceKind : std::uint8_t {
  Started,       // a process was made from its disk; text: its incarnation in words
  Sent,          // a message left its lane; peer: the receiver
  Received,      // a process is handed a message; peer: the sender
  Lost,          // a message will never arrive; text: why
  Woke,          // a deadline passed
  Connected,     // this end learns of a connection; peer: the other end
  Disconnected,  // this end learns of its end; text: why
  Synced,        // an fsync finished
  DiskFailed,    // a write was refused
  Noticed,       // payload: the notice, with its rule
  Exited,        // the process halted itself; text: its reason
  Crashed,       // text: "process", "machine" or "disk lost"
  Paused,
  Resumed,
  FaultApplied,   // text: the planned fault's name
  FaultMisfired,  // text: why it could not be applied
};
constexpr std::size_t kOccurrenceKinds = 16;
std::string_view name_of(OccurrenceKind kind);

// Something happened in a world, and why: `cause` is the occurrence without which this one would not
// have been. A Received is caused by its Sent; what a step emits by the input of that step; a wake-up by
// the step that set the deadline; a fault by what triggered it.
struct Occurrence {
  OccurrenceId id;
  OccurrenceId cause;
  Instant at;  // true time
  OccurrenceKind kind;
  NodeId node = kOperator;  // to whom it happened
  NodeId peer = kOperator;  // the other party, if there is one
  ConnectionId over = kDatagram;
  const Payload* payload = nullptr;  // message or notice; alive during the call only
  std::string_view text = {};        // alive during the call only
};

// Watches a world from outside: traces, coverage, checkers. Observers are no part of the world's value
// and cannot change it, so watching changes no digest.
class Observer {
 public:
  virtual ~Observer() = default;
  // Called for each occurrence, in order, while the event that it belongs to is being carried out: the
  // world may be between two effects of one step. Checks of whole-world invariants belong in `after_event`.
  virtual void on(const Occurrence& occurrence, const World& world) = 0;
  // Called when an event has been carried out completely.
  virtual void after_event(const World& /*world*/) {}
};

}  // namespace sim
