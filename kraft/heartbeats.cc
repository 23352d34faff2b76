#include "kraft/heartbeats.h"

#include <algorithm>

#include "sim/base/check.h"
#include "sim/base/described.h"

namespace kraft {

void Heartbeats::register_broker(BrokerId id, bool fenced, Instant now) {
  const auto found = sessions_.find(id);
  Offset metadata_offset = kUnknownOffset;
  if (found != sessions_.end() && found->second.fenced != fenced) {
    metadata_offset = found->second.metadata_offset;
  }
  sessions_.try_emplace(id);
  touch(id, fenced, metadata_offset, now);
}

void Heartbeats::touch(BrokerId id, bool fenced, Offset metadata_offset, Instant now) {
  const auto found = sessions_.find(id);
  sim::check(found != sessions_.end(), "a broker that heartbeats is registered");
  Session& session = found->second;
  session.last_contact = now;
  session.metadata_offset = metadata_offset;
  session.fenced = fenced;
  // A fenced broker leaves controlled shutdown; its next heartbeat lets it go at once.
  if (fenced) session.controlled_shutdown_offset = kUnknownOffset;
}

void Heartbeats::fence(BrokerId id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  found->second.fenced = true;
  found->second.controlled_shutdown_offset = kUnknownOffset;
}

void Heartbeats::set_controlled_shutdown_offset(BrokerId id, Offset offset) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.fenced) return;
  if (found->second.controlled_shutdown_offset == kUnknownOffset) {
    found->second.controlled_shutdown_offset = offset;
  }
}

const Heartbeats::Session* Heartbeats::find(BrokerId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

Heartbeats::State Heartbeats::state_of(BrokerId id) const {
  const Session* session = find(id);
  if (session == nullptr || session->fenced) return State::Fenced;
  return session->controlled_shutdown_offset == kUnknownOffset ? State::Unfenced
                                                               : State::ControlledShutdown;
}

bool Heartbeats::has_valid_session(BrokerId id, Duration timeout, Instant now) const {
  const Session* session = find(id);
  return session != nullptr && !session->fenced && session->last_contact + timeout >= now;
}

Offset Heartbeats::lowest_active_offset() const {
  Offset lowest(INT64_MAX);
  for (const auto& [id, session] : sessions_) {
    if (session.fenced || session.controlled_shutdown_offset != kUnknownOffset) continue;
    lowest = std::min(lowest, session.metadata_offset);
  }
  return lowest;
}

std::optional<BrokerId> Heartbeats::stale_broker(Duration timeout, Instant now) const {
  std::optional<BrokerId> stalest;
  for (const auto& [id, session] : sessions_) {
    if (session.fenced || session.last_contact + timeout >= now) continue;
    if (!stalest || session.last_contact < sessions_.at(*stalest).last_contact) stalest = id;
  }
  return stalest;
}

Instant Heartbeats::next_check(Duration timeout) const {
  Instant next = Instant::never();
  for (const auto& [id, session] : sessions_) {
    // Stale means strictly later than the timeout.
    if (!session.fenced) next = std::min(next, session.last_contact + timeout + Duration(1));
  }
  return next;
}

void Heartbeats::digest_into(sim::Digest& digest) const {
  for (const auto& [id, session] : sessions_) {
    sim::digest_into(digest, id);
    digest.add(static_cast<std::uint64_t>(session.fenced));
    sim::digest_into(digest, session.last_contact);
    sim::digest_into(digest, session.metadata_offset);
    sim::digest_into(digest, session.controlled_shutdown_offset);
  }
}

}  // namespace kraft
