// A follower's side of replication (ReplicaFetcherThread; brokers.md §1.3, §1.8): one fetcher per
// leading broker, which asks for all partitions it follows there in one request.
#include <algorithm>
#include <utility>

#include "sim/kafka/broker.h"
#include "sim/kafka/broker_notice.h"
#include "sim/kafka/ordered_lookup.h"

namespace sim {

void Broker::follow(const TopicPartition& id, BrokerId leader) {
  Fetcher& fetcher = fetchers_[leader];
  fetcher.partitions.insert(id);
  fetcher.not_before = kLongAgo;
}

void Broker::unfollow(const TopicPartition& id) {
  for (auto& [leader, fetcher] : fetchers_) fetcher.partitions.erase(id);
}

void Broker::run_fetchers(Context& context) {
  for (auto& [leader, fetcher] : fetchers_) {
    if (fetcher.in_flight || fetcher.partitions.empty()) continue;
    if (context.now >= fetcher.not_before) send_fetch(context, leader, fetcher);
  }
}

void Broker::send_fetch(Context& context, BrokerId leader, Fetcher& fetcher) {
  const auto address = config_.brokers.find(leader);
  if (address == config_.brokers.end()) {
    fetcher.not_before = Instant::never();
    return;
  }
  FetchRequest request{.replica_id = config_.id,
                       .replica_epoch = config_.kraft_mode ? epochs_.kraft : kNoBrokerEpoch,
                       .max_wait = config_.replica_fetch_wait_max};
  fetcher.sent.clear();
  Instant earliest = Instant::never();
  OrderedLookup followed(hosted_);
  for (const TopicPartition& id : fetcher.partitions) {
    const Hosted* const known = followed.find(id.topic, id.partition);
    check(known != nullptr, "a fetcher asks for what the broker hosts");
    const Hosted& hosted = *known;
    if (hosted.fetch_failed) continue;
    if (context.now < hosted.fetch_not_before) {
      earliest = std::min(earliest, hosted.fetch_not_before);
      continue;
    }
    const ReplicaLog& log = hosted.partition.log();
    if (request.topics.empty() || request.topics.back().topic != id.topic) {
      request.topics.push_back({.topic = id.topic, .topic_id = log.topic_id()});
    }
    request.topics.back().partitions.push_back(
        {.partition = id.partition,
         .current_leader_epoch = hosted.partition.leader_epoch(),
         .fetch_offset = log.end_offset(),
         .last_fetched_epoch = log.latest_epoch(),
         .log_start_offset = log.start_offset()});
    fetcher.sent.push_back({id, hosted.partition.leader_epoch(), log.end_offset()});
  }
  if (fetcher.sent.empty()) {
    fetcher.not_before = earliest;
    return;
  }
  fetcher.in_flight = network_.send(context, address->second, std::move(request));
}

void Broker::on_fetched(Context& context, Fetcher& fetcher, const FetchResponse& response) {
  if (response.error_code != ErrorCode::None) {
    fetcher.not_before = context.now + config_.replica_fetch_backoff;
    return;
  }
  fetcher.not_before = context.now;
  for (const FetchTopicResponse& topic : response.responses) {
    for (const FetchPartitionData& data : topic.partitions) {
      const TopicPartition id{topic.topic, data.partition_index};
      const auto sent = std::ranges::lower_bound(fetcher.sent, id, {}, &SentFetch::id);
      if (sent == fetcher.sent.end() || sent->id != id || !fetcher.partitions.contains(id))
        continue;
      on_partition_fetched(context, *sent, data);
    }
  }
}

void Broker::on_partition_fetched(Context& context, const SentFetch& sent,
                                  const FetchPartitionData& data) {
  Hosted& hosted = hosted_.at(sent.id);
  ReplicaLog& log = hosted.partition.log();
  // Metadata has moved on while the answer travelled.
  if (hosted.partition.leader_epoch() != sent.leader_epoch || log.end_offset() != sent.offset)
    return;
  const Offset end_before = log.end_offset();
  const auto note_truncation = [&] {
    if (log.end_offset() == end_before) return;
    context.notify(
        Payload::of(ReplicaTruncated{config_.id, sent.id, end_before, log.end_offset()}));
  };
  if (data.error_code == ErrorCode::OffsetOutOfRange) {
    check(data.diverging_epoch.has_value(), "a leader says where its log ends");
    if (data.diverging_epoch->end_offset < log.end_offset()) {
      log.truncate_to(data.diverging_epoch->end_offset, context.effects);
    } else if (data.log_start_offset > log.end_offset()) {
      log.restart_at(data.log_start_offset, context.effects);
    } else {
      hosted.fetch_not_before = context.now + config_.replica_fetch_backoff;
    }
    note_truncation();
  } else if (data.error_code == ErrorCode::FencedLeaderEpoch) {
    hosted.fetch_failed = true;  // same epoch here, newer there: metadata will come
  } else if (data.error_code != ErrorCode::None) {
    hosted.fetch_not_before = context.now + config_.replica_fetch_backoff;
  } else if (data.diverging_epoch) {
    log.truncate_to_divergence(*data.diverging_epoch, context.effects);
    note_truncation();
  } else {
    log.append_as_follower(data.records, context.effects);
    // The leader's word, up or down: a follower's own high watermark promises nothing.
    log.set_high_watermark(data.high_watermark);
    checkpoint_due_ = true;
  }
  if (hosted.fetch_not_before > context.now && !hosted.fetch_failed) {
    // The fetcher wakes for it by itself when no other partition keeps it busy.
    Fetcher& fetcher = fetchers_.at(hosted.partition.leader());
    if (fetcher.partitions.size() == 1) fetcher.not_before = hosted.fetch_not_before;
  }
}

}  // namespace sim
