#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

// Numbered tasks, carried out by forked processes. A world lives on one thread and shares payloads
// without atomics, so what runs in parallel are processes: each inherits what was prepared, is
// handed one task after another, and hands back bytes.
namespace scenarios {

struct ForkedWork {
  // In a child: the result of a task. Must not depend on what the child did before.
  std::function<std::string(std::uint64_t task)> work;
  // In the caller, in the order in which tasks end. False: stop.
  std::function<bool(std::uint64_t task, std::string result)> done;
  // In the caller, twice a second at least. True: stop.
  std::function<bool()> stop = [] { return false; };
};

// A child that ended before its time: which task it was at, and how it ended ("signal 9 (Killed)").
struct LostTask {
  std::uint64_t task = 0;
  std::string how;
};

// Runs the tasks in at most `jobs` children. Returns when all are done, or when told to stop; no
// child is left. Half a result is none: when a child dies, the task that it was at is returned, and
// another child takes over. A caller that dies takes its children along: each ends at the latest
// with the task it is at.
std::vector<LostTask> run_forked(std::span<const std::uint64_t> tasks, unsigned jobs,
                                 const ForkedWork& what);

}  // namespace scenarios
