#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "sim/base/digest.h"
#include "sim/base/time.h"
#include "zk/message.h"

// The sessions of an ensemble as its leader tracks them (SessionTrackerImpl, ExpiryQueue;
// zookeeper.md §1.8). Deadlines are rounded up to ticks, so that a session lives from its timeout
// to a tick longer after the last touch that the leader heard of; a whole bucket expires at once.
namespace zk {

class SessionTracker {
 public:
  // `tick`: tickTime of the ensemble.
  explicit SessionTracker(sim::Duration tick) : tick_(tick) {}

  // Begins to track a session, or touches it when it is known already.
  void track(SessionId session, std::int32_t timeout_ms, sim::Instant now);
  // Somebody heard of the session. False when it is unknown or closing.
  bool touch(SessionId session, sim::Instant now);
  // The session's closeSession is being proposed: nothing it asks from now on is done.
  void set_closing(SessionId session);
  // Its closeSession is committed.
  void forget(SessionId session);
  // The server that serves the session from now on.
  void set_owner(SessionId session, ServerId owner);

  // Whether a request of this session that came through this server may be prepared: Ok,
  // SessionExpired or SessionMoved. The first server to ask becomes the owner.
  ErrorCode check(SessionId session, ServerId through);

  // When the next bucket is due.
  std::optional<sim::Instant> next_expiry() const;
  // The sessions that are due now; each is closing from now on and is returned once.
  std::vector<SessionId> expire(sim::Instant now);

  std::size_t size() const { return sessions_.size(); }
  void digest_into(sim::Digest& digest) const;

 private:
  struct Tracked {
    std::int32_t timeout_ms = 0;
    sim::Instant bucket;
    ServerId owner = kNoServer;
    bool closing = false;
  };
  sim::Instant bucket_for(std::int32_t timeout_ms, sim::Instant now) const;
  void leave_bucket(SessionId session, sim::Instant bucket);

  sim::Duration tick_;
  std::map<SessionId, Tracked> sessions_;
  std::map<sim::Instant, std::vector<SessionId>> buckets_;  // unsorted within; sorted when due
};

}  // namespace zk
