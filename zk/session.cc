#include "zk/session.h"

#include <algorithm>

#include "sim/base/check.h"

namespace zk {

sim::Instant SessionTracker::bucket_for(std::int32_t timeout_ms, sim::Instant now) const {
  const std::int64_t due =
      (now + sim::Duration(std::int64_t{timeout_ms} * 1'000'000)).nanoseconds();
  const std::int64_t tick = tick_.nanoseconds();
  return sim::Instant((due / tick + 1) * tick);
}

void SessionTracker::leave_bucket(SessionId session, sim::Instant bucket) {
  const auto found = buckets_.find(bucket);
  if (found == buckets_.end()) return;  // already due and taken
  auto& members = found->second;
  const auto at = std::find(members.begin(), members.end(), session);
  if (at == members.end()) return;
  *at = members.back();
  members.pop_back();
  if (members.empty()) buckets_.erase(found);
}

void SessionTracker::track(SessionId session, std::int32_t timeout_ms, sim::Instant now) {
  sim::check(session != kNoSession, "a tracked session has a number");
  const auto [at, added] = sessions_.try_emplace(session);
  if (added) {
    at->second.timeout_ms = timeout_ms;
    at->second.bucket = bucket_for(timeout_ms, now);
    buckets_[at->second.bucket].push_back(session);
  } else {
    touch(session, now);
  }
}

bool SessionTracker::touch(SessionId session, sim::Instant now) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.closing) return false;
  Tracked& tracked = found->second;
  const sim::Instant bucket = bucket_for(tracked.timeout_ms, now);
  if (bucket <= tracked.bucket) return true;  // never moves to an earlier bucket
  leave_bucket(session, tracked.bucket);
  tracked.bucket = bucket;
  buckets_[bucket].push_back(session);
  return true;
}

void SessionTracker::set_closing(SessionId session) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) found->second.closing = true;
}

void SessionTracker::forget(SessionId session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  leave_bucket(session, found->second.bucket);
  sessions_.erase(found);
}

void SessionTracker::set_owner(SessionId session, ServerId owner) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) found->second.owner = owner;
}

ErrorCode SessionTracker::check(SessionId session, ServerId through) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.closing) return ErrorCode::SessionExpired;
  if (found->second.owner == kNoServer) found->second.owner = through;
  return found->second.owner == through ? ErrorCode::Ok : ErrorCode::SessionMoved;
}

std::optional<sim::Instant> SessionTracker::next_expiry() const {
  if (buckets_.empty()) return std::nullopt;
  return buckets_.begin()->first;
}

std::vector<SessionId> SessionTracker::expire(sim::Instant now) {
  std::vector<SessionId> due;
  while (!buckets_.empty() && buckets_.begin()->first <= now) {
    for (const SessionId session : buckets_.begin()->second) {
      Tracked& tracked = sessions_.at(session);
      if (!tracked.closing) due.push_back(session);
      tracked.closing = true;
    }
    buckets_.erase(buckets_.begin());
  }
  std::sort(due.begin(), due.end());
  return due;
}

void SessionTracker::digest_into(sim::Digest& digest) const {
  digest.add(sessions_.size());
  for (const auto& [session, tracked] : sessions_) {
    sim::digest_into(digest, session);
    sim::digest_into(digest, tracked.bucket);
    sim::digest_into(digest, tracked.owner);
    sim::digest_into(digest, tracked.closing);
  }
}

}  // namespace zk
