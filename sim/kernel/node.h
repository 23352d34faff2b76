#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <variant>

#include "sim/kernel/clock.h"
#include "sim/kernel/disk.h"
#include "sim/kernel/event.h"
#include "sim/kernel/occurrence.h"
#include "sim/kernel/process.h"
#include "sim/kernel/slab.h"

namespace sim {

// What was written to these files up to this version of the disk must be durable before what stands
// behind it leaves.
struct Barrier {
  Files files;
  Disk::Version version = 0;
};
// What waits in a lane, and the input it came from.
struct LaneItem {
  std::variant<Barrier, Send, Connect, Disconnect, Exit> effect;
  OccurrenceId cause;
};
struct LaneState {
  Lane lane;
  Fifo<LaneItem> waiting;
};

struct RunningSync {
  std::uint32_t handle = 0;  // of Disk
  Lane lane;
  Incarnation life = 0;  // a later life does not wait for it
  OccurrenceId cause;
};

// One machine with one process: program, disk, clock, and what the kernel remembers about them.
// Simplified: every process has a machine of its own.
struct Node {
  Program process;
  Program next_program;  // takes over at the next start
  Incarnation life = 0;
  bool machine_down = false;  // crashed without a word; the network knows nobody there
  Disk disk;
  Distribution fsync;
  Instant disk_stalled_until;
  Clock clock;

  bool paused = false;
  std::uint32_t pause_serial = 0;
  Fifo<Event> held;  // while paused

  // The lazy deadline: at most one valid alarm is pending. It may fire early, and is then set again.
  Instant alarm_at = Instant::never();
  std::uint32_t alarm_serial = 0;
  std::optional<Instant> deadline;  // as the core last said, in local time
  OccurrenceId deadline_cause;
  Instant last_wake;
  std::uint32_t wakes_in_place = 0;  // at the same instant

  boost::container::small_vector<LaneState, 1> lanes;
  boost::container::small_vector<RunningSync, 2> syncs;
  // The connections that this life has been told of, by place.
  boost::container::flat_map<ConnectionId, std::uint32_t> connections;
};

}  // namespace sim
