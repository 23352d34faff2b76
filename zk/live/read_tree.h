#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/base/problem.h"
#include "zk/live/connection.h"
#include "zk/tree.h"

// A whole (sub)tree from a running ensemble, as one state that really was.
//
// A server answers every read at its latest state, so a pass over many znodes is torn. Double
// collect (zookeeper.md §4.5, E) mends that: read everything, then ask for every znode's stat
// again. Whatever shows the same zxids and versions both times did not change in between (zxids
// only grow); when *all* do, the values read first all held together at the moment between the
// passes. What changed is read again, and then all stats again.
namespace zk::live {

struct Progress {
  enum class Step : std::uint8_t {
    Reading,
    Verifying
  };
  Step step = Step::Reading;
  std::uint32_t round = 1;
  std::uint64_t done = 0;   // znodes
  std::uint64_t known = 0;  // znodes found so far
};

struct LiveOptions {
  ConnectOptions connect;
  // Questions on their way at a time. A server stops reading at 1000 from all its clients.
  std::uint32_t max_outstanding = 400;
  // How often stats may be collected before giving up on a cluster that never rests.
  std::uint32_t max_rounds = 10;
  // How often to begin again after the session expired.
  std::uint32_t max_sessions = 3;
  std::function<void(const Progress&)> progress;
};

// A znode whose content the server would not show.
struct Unreadable {
  std::string path;
  ErrorCode error = ErrorCode::NoAuth;
  bool operator==(const Unreadable&) const = default;
};

struct LiveRead {
  // Paths below the chroot; the chroot itself is "/". Containers and TTL znodes look persistent, as
  // they do to every client. Where an ACL may not be read it is empty; unreadable data is absent.
  Tree tree;
  // Every value held at one moment. Else `unsettled` names the znodes that changed until the end.
  bool consistent = false;
  std::vector<std::string> unsettled;
  std::vector<Unreadable> unreadable;
  Zxid newest_zxid;          // the latest change in it
  std::uint32_t rounds = 0;  // collections of stats
  std::uint32_t sessions = 1;
};

// A Problem when no session can be had or kept, or the chroot does not exist.
sim::Expected<LiveRead> read_tree(const LiveOptions& options);

}  // namespace zk::live
