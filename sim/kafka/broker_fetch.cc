// What followers and consumers fetch (KafkaApis.handleFetchRequest, DelayedFetch; brokers.md §1.3,
// §1.4). What a fetcher is known to have and to know is not looked at: see fetch_session.h.
#include <algorithm>
#include <utility>

#include "sim/kafka/broker.h"

namespace sim {
namespace {

// A high watermark alone does not end a follower's wait; it learns of it within
// replica.fetch.wait.max.ms.
bool ends_wait(const FetchPartitionData& data) {
  return data.error_code != ErrorCode::None || data.diverging_epoch || !data.records.empty();
}

// Until something changes, no fetch from there would say, ask or move anything.
bool is_settled(const HostedPartition& partition, const FetchSession& session,
                const FetchSession::Cached& cached) {
  const ReplicaLog& log = partition.log();
  if (cached.told_high_watermark != log.high_watermark() ||
      cached.told_log_start != log.start_offset()) {
    return false;
  }
  if (!session.privileged()) {
    return cached.asked.fetch_offset == partition.consumer_end(session.isolation_level);
  }
  const RemoteReplica* const follower = partition.remote(session.replica());
  return cached.asked.fetch_offset == log.end_offset() &&
         log.high_watermark() == log.end_offset() && follower != nullptr &&
         follower->fetch_epoch == session.replica_epoch() &&
         contains(partition.maximal_isr(), session.replica());
}

}  // namespace

void Broker::serve_fetch(Context& context, const Received& received,
                         const Request<FetchRequest>& request) {
  const auto opened = fetch_sessions_.open(context, config_.id, ++last_parked_, request.body);
  if (!opened) {
    context.effects.push_back(
        reply(received, request, FetchResponse{.error_code = opened.error()}));
    return;
  }
  FetchSession& session = fetch_sessions_.at(*opened);
  if (session.parked) {
    // The session has moved on under a request that waits.
    context.effects.push_back(reply(
        session.parked->to, FetchResponse{.error_code = ErrorCode::InvalidFetchSessionEpoch}));
    expiries_.erase({session.parked->expires, *opened});
  }
  session.parked = {.to = reply_to(received, request),
                    .expires = context.now + request.body.max_wait};
  std::vector<Hosted*> progressed;
  bool ready = request.body.max_wait == Duration{} || session.size() == 0;
  Finger hosted(hosted_);
  session.visit_unsettled([&](const TopicPartition& id, const FetchSession::Cached& cached) {
    const auto known = hosted.find(id);
    Fetched found = Fetched::News;  // an error
    if (known != hosted_.end()) {
      link(known->second, *opened);
      found = look_at(context, session, cached, known->second, progressed);
    }
    ready = ready || found == Fetched::News;
    return found == Fetched::Settled;
  });
  if (ready) {
    answer_fetch(context, *opened);
  } else {
    expiries_.emplace(session.parked->expires, *opened);
  }
  for (Hosted* const changed : progressed) after_change(context, *changed);
}

Broker::Fetched Broker::look_at(Context& context, const FetchSession& session,
                                const FetchSession::Cached& cached, Hosted& hosted,
                                std::vector<Hosted*>& progressed) {
  HostedPartition& partition = hosted.partition;
  const FetchPartitionData data =
      partition.read(cached.asked, session.replica(), 1, isolation_of(session));
  const Fetched found = ends_wait(data) ? Fetched::News : Fetched::Nothing;
  const bool understood = data.error_code == ErrorCode::None && !data.diverging_epoch;
  if (understood && session.privileged() &&
      partition.note_fetch(context.now, cached.asked, session.replica(), session.replica_epoch())) {
    const ReplicaRules around = rules(partition.id().topic);
    if (partition.maybe_expand_isr(session.replica(), around)) propose_isr(partition.id());
    if (partition.maybe_advance_high_watermark(context.now, around)) {
      checkpoint_due_ = true;
      progressed.push_back(&hosted);
    }
  }
  if (found == Fetched::News) return found;
  return is_settled(partition, session, cached) ? Fetched::Settled : found;
}

void Broker::answer_fetch(Context& context, FetchSessionCache::Slot slot) {
  FetchSession& session = fetch_sessions_.at(slot);
  check(session.parked.has_value(), "a fetch is answered once");
  const ParkedFetch parked = *session.parked;
  FetchResponse response{.session_id = session.id()};
  Finger hosted(hosted_);
  session.visit_unsettled([&](const TopicPartition& id, FetchSession::Cached& cached) {
    const auto known = hosted.find(id);
    const HostedPartition* const partition =
        known == hosted_.end() ? nullptr : &known->second.partition;
    FetchPartitionData data =
        partition != nullptr ? partition->read(cached.asked, session.replica(), session.max_records,
                                               isolation_of(session))
                             : FetchPartitionData{.partition_index = id.partition,
                                                  .error_code = ErrorCode::UnknownTopicOrPartition};
    const bool waits = ends_wait(data);
    if (config_.behaviour.aborted_transactions_are_not_listed) data.aborted_transactions.clear();
    if (FetchSession::tell(cached, data)) {
      if (response.responses.empty() || response.responses.back().topic != id.topic) {
        response.responses.push_back({.topic = id.topic, .topic_id = cached.topic_id});
      }
      response.responses.back().partitions.push_back(std::move(data));
    }
    return !waits && is_settled(*partition, session, cached);
  });
  context.effects.push_back(reply(parked.to, std::move(response)));
  end_fetch(slot);
}

// The request of a session is answered, or nobody waits for the answer any more.
void Broker::end_fetch(FetchSessionCache::Slot slot) {
  FetchSession& session = fetch_sessions_.at(slot);
  expiries_.erase({session.parked->expires, slot});
  if (session.id() == kNoFetchSession) {
    Finger hosted(hosted_);
    session.for_each_partition([&](const TopicPartition& id) {
      const auto known = hosted.find(id);
      if (known != hosted_.end()) std::erase(known->second.fetched_by, slot);
    });
  }
  fetch_sessions_.finish(slot);
}

IsolationLevel Broker::isolation_of(const FetchSession& session) const {
  return config_.behaviour.isolation_level_is_ignored ? IsolationLevel::ReadUncommitted
                                                      : session.isolation_level;
}

// From now on the session hears of changes.
void Broker::link(Hosted& hosted, FetchSessionCache::Slot slot) {
  if (std::ranges::find(hosted.fetched_by, slot) != hosted.fetched_by.end()) return;
  std::erase_if(hosted.fetched_by, [&](FetchSessionCache::Slot other) {
    return fetch_sessions_.find(other) == nullptr;
  });
  hosted.fetched_by.push_back(slot);
}

// Before what a follower is measured by changes, its times are brought up to date; and from now on
// its fetches look at the partition again.
void Broker::stir(Hosted& hosted) {
  for (const FetchSessionCache::Slot slot : hosted.fetched_by) {
    FetchSession* const session = fetch_sessions_.find(slot);
    if (session == nullptr) continue;
    const auto fetched = session->stir(hosted.partition.id());
    if (fetched) hosted.partition.note_settled_fetches(session->replica(), *fetched);
  }
}

void Broker::wake_fetches(Context& context, Hosted& hosted) {
  stir(hosted);
  for (const FetchSessionCache::Slot slot : std::vector(hosted.fetched_by)) {
    const FetchSession* const session = fetch_sessions_.find(slot);
    if (session == nullptr || !session->parked) continue;
    const FetchSession::Cached* const cached = session->find(hosted.partition.id());
    if (cached == nullptr) continue;
    if (ends_wait(
            hosted.partition.read(cached->asked, session->replica(), 1, isolation_of(*session)))) {
      answer_fetch(context, slot);
    }
  }
}

}  // namespace sim
