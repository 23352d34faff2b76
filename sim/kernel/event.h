#pragma once

#include <cstdint>

#include "sim/base/time.h"

namespace sim {

// What a pending event will do. Each kind says what `slot` and `tag` mean; nothing pending is ever
// a closure, so a queue can be copied, digested and printed.
enum class EventKind : std::uint32_t {
  Deliver,         // slot: envelope; it knows connection and life
  Alarm,           // tag: the node's alarm serial; an older serial is stale
  DiskDone,        // slot: the node's sync operation
  DiskRefused,     // slot: file << 8 | error; tag: the life that wrote
  Boot,            // tag: 0, or the life that must still be the last
  Resume,          // tag: the node's pause serial
  ConnectTimeout,  // slot: connection; tag: its generation
  GiveUp,          // slot: connection * 2 + end; tag: the stall's serial
  FaultDue,        // slot: index into the plan
};

// One pending event: 24 bytes of plain data without a gap, so that copies are whole words. Among
// equal times the one pushed first goes first; that order is the queue's affair, no sequence number
// is carried.
struct Event {
  Instant time;
  std::uint32_t target = 0;  // the node it concerns
  std::uint32_t slot = 0;
  std::uint32_t tag = 0;
  EventKind kind = EventKind::Deliver;
  constexpr bool operator==(const Event&) const = default;
};
static_assert(sizeof(Event) == 24);

}  // namespace sim
