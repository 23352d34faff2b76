#pragma once

#include "sim/base/digest.h"
#include "sim/base/time.h"

namespace sim {

// A node's clock: true time with an offset and a rate of its own. It never runs backwards, for cores
// measure time-outs by it; a jump back makes it stand until true time has caught up.
//
// Simplified: there is one clock per node; Kafka and ZooKeeper read a wall clock for some deadlines and
// a monotonic one for others.
class Clock {
 public:
  // What the node's clock shows at a true time. Never decreases.
  Instant local(Instant true_time) const;
  // The earliest true time at which the clock shows `local_time` or more; `never` stays `never`.
  Instant true_time(Instant local_time) const;

  void jump(Instant true_now, Duration by);
  // From now on a true second is 10^9 + `parts_per_billion` local nanoseconds. Requires more than -10^9.
  void drift(Instant true_now, std::int64_t parts_per_billion);
  void digest_into(Digest& digest) const;

 private:
  // The clock shows `local_anchor_` until `true_anchor_` and runs at its rate from there.
  Instant true_anchor_;
  Instant local_anchor_;
  std::int64_t parts_per_billion_ = 0;
};

}  // namespace sim
