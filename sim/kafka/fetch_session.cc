#include "sim/kafka/fetch_session.h"

#include <algorithm>
#include <tuple>

namespace sim {

const FetchSession::Cached* FetchSession::find(const TopicPartition& id) const {
  const auto found = partitions_.find(id);
  return found == partitions_.end() ? nullptr : &found->second;
}

void FetchSession::update(Instant now, const FetchRequest& request) {
  last_used_ = now;
  max_records = request.max_records;
  isolation_level = request.isolation_level;
  if (request.replica_epoch != replica_epoch_) {
    // Another life of the follower: whether it may be in an ISR is to be asked anew of each.
    replica_epoch_ = request.replica_epoch;
    for (const auto& [id, cached] : partitions_) unsettled_.insert(unsettled_.end(), id);
  }
  Finger partitions(partitions_);
  Finger unsettled(unsettled_);
  for (const FetchTopic& topic : request.topics) {
    for (const FetchPartition& asked : topic.partitions) {
      const TopicPartition id{topic.topic, asked.partition};
      Cached& cached = partitions_.try_emplace(partitions.lower_bound(id), id)->second;
      // Another topic of the same name: nothing of it was told.
      if (cached.topic_id != topic.topic_id) cached = {.topic_id = topic.topic_id};
      cached.asked = asked;
      unsettled_.insert(unsettled.lower_bound(id), id);
    }
  }
  for (const TopicPartition& id : request.forgotten) {
    if (const auto known = partitions.find(id); known != partitions_.end()) partitions.erase(known);
    if (const auto known = unsettled.find(id); known != unsettled_.end()) unsettled.erase(known);
  }
}

bool FetchSession::tell(Cached& cached, const FetchPartitionData& data) {
  const bool error = data.error_code != ErrorCode::None;
  const bool news = error || data.diverging_epoch || !data.records.empty() ||
                    data.high_watermark != cached.told_high_watermark ||
                    data.log_start_offset != cached.told_log_start;
  if (!news) return false;
  // When the error goes away, the high watermark is news again.
  cached.told_high_watermark = error ? Offset{-1} : data.high_watermark;
  cached.told_log_start = data.log_start_offset;
  return true;
}

std::optional<Instant> FetchSession::stir(const TopicPartition& id) {
  if (!partitions_.contains(id) || !unsettled_.insert(id).second) return std::nullopt;
  return last_used_;
}

void FetchSession::digest_into(Digest& digest) const {
  sim::digest_into(digest, id_);
  sim::digest_into(digest, replica_);
  sim::digest_into(digest, replica_epoch_);
  sim::digest_into(digest, epoch_);
  sim::digest_into(digest, last_used_);
  sim::digest_into(digest, partitions_);
  sim::digest_into(digest, unsettled_);
  if (parked) sim::digest_into(digest, parked->to);
}

// ── All of them
// ─────────────────────────────────────────────────────────────────────────────────────

std::expected<FetchSessionCache::Slot, ErrorCode> FetchSessionCache::open(
    Context& context, BrokerId self, Slot slot, const FetchRequest& request) {
  const FetchMetadata& metadata = request.metadata;
  if (!metadata.is_full()) {
    const auto found = slots_.find(metadata.session_id);
    if (found == slots_.end()) return std::unexpected(ErrorCode::FetchSessionIdNotFound);
    FetchSession& session = sessions_.at(found->second);
    if (session.epoch() != metadata.epoch) {
      return std::unexpected(ErrorCode::InvalidFetchSessionEpoch);
    }
    session.update(context.now, request);
    session.advance_epoch();
    const Slot known = found->second;
    // What asks for nothing needs no session; the answer says that there is none any more.
    if (session.size() == 0) {
      session.retire();
      slots_.erase(found);
    }
    return known;
  }
  remove(metadata.session_id);
  FetchSessionId id = kNoFetchSession;
  std::size_t size = 0;
  for (const FetchTopic& topic : request.topics) size += topic.partitions.size();
  const bool follower = request.replica_id != kConsumerReplica;
  if (metadata.epoch == FetchMetadata::kInitialEpoch && make_room(context.now, follower, size)) {
    static constexpr Site kSessionId{"broker.fetch_session_id"};
    const auto entity = static_cast<std::uint64_t>(self.value());
    do {
      id = FetchSessionId{
          static_cast<std::int32_t>(context.choices.pick(kSessionId, entity, 1, INT32_MAX - 1))};
    } while (slots_.contains(id));
    slots_.emplace(id, slot);
  }
  FetchSession& session =
      sessions_.emplace(slot, FetchSession(id, request.replica_id, context.now)).first->second;
  session.update(context.now, request);
  session.advance_epoch();
  return slot;
}

// FetchSessionCache.tryEvict: first what is long unused, then the least valuable of what may go,
// if the newcomer is worth more: a follower's, or the larger one.
bool FetchSessionCache::make_room(Instant now, bool privileged, std::size_t size) {
  if (slots_.size() < config_.max_entries) return true;
  const auto old = [&](Instant since) { return now - since > config_.eviction_time; };
  const FetchSession* stalest = nullptr;
  const FetchSession* cheapest = nullptr;
  const auto value = [](const FetchSession& session) {
    return std::tuple{session.privileged(), session.size(), session.id()};
  };
  for (const auto& [id, slot] : slots_) {
    const FetchSession& session = sessions_.at(slot);
    if (stalest == nullptr || session.last_used() < stalest->last_used()) stalest = &session;
    const bool evictable = old(session.created()) || (privileged && !session.privileged());
    if (!evictable) continue;
    if (cheapest == nullptr || value(session) < value(*cheapest)) cheapest = &session;
  }
  if (stalest != nullptr && old(stalest->last_used())) {
    remove(stalest->id());
    return true;
  }
  if (cheapest == nullptr) return false;
  if (std::tuple{privileged, size, kNoFetchSession} < value(*cheapest)) return false;
  remove(cheapest->id());
  return true;
}

void FetchSessionCache::remove(FetchSessionId id) {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return;
  const Slot slot = found->second;
  slots_.erase(found);
  FetchSession& session = sessions_.at(slot);
  session.retire();
  if (!session.parked) sessions_.erase(slot);
}

FetchSession* FetchSessionCache::find(Slot slot) {
  const auto found = sessions_.find(slot);
  return found == sessions_.end() ? nullptr : &found->second;
}

void FetchSessionCache::finish(Slot slot) {
  FetchSession& session = sessions_.at(slot);
  session.parked.reset();
  if (session.id() == kNoFetchSession) sessions_.erase(slot);
}

std::vector<FetchSessionCache::Slot> FetchSessionCache::parked_over(
    const ConnectionId& connection) const {
  std::vector<Slot> found;
  for (const auto& [slot, session] : sessions_) {
    if (session.parked && session.parked->to.over == connection) found.push_back(slot);
  }
  return found;
}

void FetchSessionCache::digest_into(Digest& digest) const {
  for (const auto& [slot, session] : sessions_) {
    digest.add(slot);
    session.digest_into(digest);
  }
}

}  // namespace sim
