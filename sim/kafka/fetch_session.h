#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sim/base/digest.h"
#include "sim/base/finger.h"
#include "sim/core/core.h"
#include "sim/kafka/client.h"
#include "sim/kafka/rpc_fetch.h"

// The answering side of incremental fetch sessions (KIP-227; kafka.server.FetchSession,
// FetchManager): what a leader remembers of what one follower or consumer asks for, so that
// requests and responses speak only of what has changed.
//
// Kafka reads every partition of a session at each of its requests. Most of them would say nothing:
// the fetcher has all there is and was told so. Such a partition is *settled* here and not looked
// at again until it is `stirred`: by the fetcher, which asks otherwise, or by whoever changed the
// partition. So a request costs what has happened, not what the session holds. The one thing that a
// settled partition misses is the time of the fetch, and `stir` hands that back.
namespace sim {

// A fetch that waits for news or for its time.
struct ParkedFetch {
  ReplyTo to;
  Instant expires;
};

class FetchSession {
 public:
  // A partition as the session knows it (CachedPartition).
  struct Cached {
    Uuid topic_id;
    FetchPartition asked;
    // What the fetcher was last told; -1: nothing, or an error.
    Offset told_high_watermark{-1};
    Offset told_log_start{-1};
    static constexpr auto fields(auto&& visit) {
      return visit(field("topicId", &Cached::topic_id), field("asked", &Cached::asked),
                   field("toldHighWatermark", &Cached::told_high_watermark),
                   field("toldLogStart", &Cached::told_log_start));
    }
  };

  FetchSession(FetchSessionId id, BrokerId replica, Instant now)
      : id_(id), replica_(replica), created_(now), last_used_(now) {}

  // None: lives for one request (SessionlessFetchContext).
  FetchSessionId id() const { return id_; }
  BrokerId replica() const { return replica_; }
  // The broker epoch of the last request.
  BrokerEpoch replica_epoch() const { return replica_epoch_; }
  bool privileged() const { return replica_ != kConsumerReplica; }
  FetchSessionEpoch epoch() const { return epoch_; }
  Instant created() const { return created_; }
  Instant last_used() const { return last_used_; }
  std::size_t size() const { return partitions_.size(); }
  const Cached* find(const TopicPartition& id) const;
  template <class Visit>
  void for_each_partition(Visit visit) const {
    for (const auto& [id, cached] : partitions_) visit(id);
  }

  // Takes over what a request adds, changes and forgets. All of it is unsettled then.
  void update(Instant now, const FetchRequest& request);
  // `visit(id, cached)` for each unsettled partition, in order of name. True: a read of it would
  // say nothing until somebody stirs it, so it is settled from now on.
  template <class Visit>
  void visit_unsettled(Visit&& visit) {
    Finger partitions(partitions_);
    for (auto id = unsettled_.begin(); id != unsettled_.end();) {
      const bool settled = visit(*id, partitions.find(*id)->second);
      id = settled ? unsettled_.erase(id) : std::next(id);
    }
  }
  // Whether the response must speak of a partition, given what a read of it says; if so it counts
  // as told (CachedPartition.maybeUpdateResponseData).
  static bool tell(Cached& cached, const FetchPartitionData& data);
  // The partition has changed, or is about to. The time of the last request if the partition was
  // settled: so long its fetcher is known to have had all of it. None if it is no part of the
  // session, or was stirred before.
  std::optional<Instant> stir(const TopicPartition& id);

  // The next request must bear the next epoch.
  void advance_epoch() { epoch_ = FetchMetadata::next_epoch(epoch_); }
  // Out of the cache: the answer to the request that waits will be its last.
  void retire() { id_ = kNoFetchSession; }

  std::optional<ParkedFetch> parked;
  std::int32_t max_records = 0;  // of the request that is being served
  IsolationLevel isolation_level = IsolationLevel::ReadUncommitted;  // the same

  void digest_into(Digest& digest) const;

 private:
  FetchSessionId id_;
  BrokerId replica_;
  BrokerEpoch replica_epoch_{-1};
  FetchSessionEpoch epoch_ = FetchMetadata::kInitialEpoch;
  Instant created_;
  Instant last_used_;
  std::map<TopicPartition, Cached> partitions_;
  std::set<TopicPartition> unsettled_;
};

// All sessions of a broker (FetchSessionCache). A session stands in a slot, a number that the
// caller gives and that is never used again.
//
// Simplified: one shard; a session is made when its first request comes, in Kafka when that is
// answered; a session that is evicted while a request of it waits answers that request as its last.
class FetchSessionCache {
 public:
  using Slot = std::uint64_t;
  struct Config {
    std::size_t max_entries = 1000;           // max.incremental.fetch.session.cache.slots
    Duration eviction_time{120'000'000'000};  // unused or in use for so long: may be evicted
  };
  explicit FetchSessionCache(Config config) : config_(config) {}

  // The session of a request, with what the request changes in it; a new one in `slot` if the
  // request is full. FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH: what FetchManager
  // says.
  std::expected<Slot, ErrorCode> open(Context& context, BrokerId self, Slot slot,
                                      const FetchRequest& request);
  FetchSession* find(Slot slot);
  FetchSession& at(Slot slot) { return sessions_.at(slot); }
  // The request was answered or given up: a session without id ends with it.
  void finish(Slot slot);

  std::size_t cached() const { return slots_.size(); }
  const std::map<Slot, FetchSession>& sessions() const { return sessions_; }
  // Whose request waits and came by this connection.
  std::vector<Slot> parked_over(const ConnectionId& connection) const;
  void digest_into(Digest& digest) const;

 private:
  bool make_room(Instant now, bool privileged, std::size_t size);
  void remove(FetchSessionId id);

  Config config_;
  std::map<Slot, FetchSession> sessions_;
  std::map<FetchSessionId, Slot> slots_;
};

}  // namespace sim
