#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "kraft/log.h"
#include "sim/core/core.h"

namespace kraft {

using sim::Duration;

// BrokerHeartbeatManager: what an active controller knows of its brokers' sessions. None of it is in the
// log: it is made anew at every activation, and no abort takes it back (kraft.md §3.5; migration.md MB-22).
class Heartbeats {
 public:
  enum class State : std::uint8_t {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow
  };
  struct Session {
    bool fenced = true;
    Instant last_contact = Instant(0);
    Offset metadata_offset = kUnknownOffset;
    Offset controlled_shutdown_offset = kUnknownOffset;
  };

  // A registration was replayed, or stood there at activation.
  void register_broker(BrokerId id, bool fenced, Instant now);
  // A heartbeat arrived; `fenced` is the state that it leads to.
  void touch(BrokerId id, bool fenced, Offset metadata_offset, Instant now);
  void fence(BrokerId id);
  void remove(BrokerId id) { sessions_.erase(id); }
  void clear() { sessions_.clear(); }
  // The offset of the write that let the broker enter controlled shutdown; the first one counts.
  void set_controlled_shutdown_offset(BrokerId id, Offset offset);

  const std::map<BrokerId, Session>& sessions() const { return sessions_; }
  const Session* find(BrokerId id) const;
  State state_of(BrokerId id) const;
  // Unfenced and heard of within the timeout: a fenced broker's id may be taken over at once.
  bool has_valid_session(BrokerId id, Duration timeout, Instant now) const;
  // The lowest offset among brokers that are neither fenced nor shutting down.
  Offset lowest_active_offset() const;
  // An unfenced broker that was not heard of for longer than the timeout, the stalest first.
  std::optional<BrokerId> stale_broker(Duration timeout, Instant now) const;
  // When the next session may end; never if no broker is unfenced.
  Instant next_check(Duration timeout) const;
  void digest_into(sim::Digest& digest) const;

 private:
  std::map<BrokerId, Session> sessions_;
};

}  // namespace kraft
