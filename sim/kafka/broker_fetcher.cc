// A follower's side of replication (ReplicaFetcherThread; brokers.md §1.3, §1.8): one fetcher per
// leading broker, which asks for all partitions it follows there in one fetch session.
#include <algorithm>
#include <utility>

#include "sim/kafka/broker.h"
#include "sim/kafka/broker_notice.h"

namespace sim {

void Broker::follow(const TopicPartition& id, BrokerId leader) {
  Fetcher& fetcher = fetchers_[leader];
  fetcher.partitions.insert(id);
  fetcher.session.touch(id);
  fetcher.not_before = kLongAgo;
}

void Broker::unfollow(const TopicPartition& id) {
  for (auto& [leader, fetcher] : fetchers_) {
    if (fetcher.partitions.erase(id) > 0) fetcher.session.touch(id);
  }
}

void Broker::run_fetchers(Context& context) {
  for (auto& [leader, fetcher] : fetchers_) {
    if (fetcher.in_flight || fetcher.partitions.empty()) continue;
    if (context.now >= fetcher.not_before) send_fetch(context, leader, fetcher);
  }
}

// A partition that is not ready to be fetched leaves the session and comes back later.
std::optional<FetchSessionHandler::Position> Broker::fetch_position(
    Instant now, Fetcher& fetcher, const TopicPartition& id) const {
  if (!fetcher.partitions.contains(id)) return std::nullopt;
  const auto known = hosted_.find(id);
  check(known != hosted_.end(), "a fetcher asks for what the broker hosts");
  const Hosted& hosted = known->second;
  if (hosted.fetch_failed) return std::nullopt;
  if (now < hosted.fetch_not_before) {
    fetcher.delayed.emplace(hosted.fetch_not_before, id);
    return std::nullopt;
  }
  const ReplicaLog& log = hosted.partition.log();
  return FetchSessionHandler::Position{
      .topic_id = log.topic_id(),
      .fetch = {.partition = id.partition,
                .current_leader_epoch = hosted.partition.leader_epoch(),
                .fetch_offset = log.end_offset(),
                .last_fetched_epoch = log.latest_epoch(),
                .log_start_offset = log.start_offset()}};
}

void Broker::send_fetch(Context& context, BrokerId leader, Fetcher& fetcher) {
  const auto address = config_.brokers.find(leader);
  if (address == config_.brokers.end()) {
    fetcher.not_before = Instant::never();
    return;
  }
  while (!fetcher.delayed.empty() && fetcher.delayed.begin()->first <= context.now) {
    fetcher.session.touch(fetcher.delayed.begin()->second);
    fetcher.delayed.erase(fetcher.delayed.begin());
  }
  auto request = fetcher.session.build(
      [&](const TopicPartition& id) { return fetch_position(context.now, fetcher, id); });
  if (!request) {
    fetcher.not_before =
        fetcher.delayed.empty() ? Instant::never() : fetcher.delayed.begin()->first;
    return;
  }
  request->replica_id = config_.id;
  request->replica_epoch = config_.kraft_mode ? epochs_.kraft : kNoBrokerEpoch;
  request->max_wait = config_.replica_fetch_wait_max;
  fetcher.in_flight = network_.send(context, address->second, std::move(*request));
}

void Broker::on_fetched(Context& context, Fetcher& fetcher, const FetchResponse& response) {
  fetcher.not_before = context.now;
  if (!fetcher.session.handle_response(response)) return;
  for (const FetchTopicResponse& topic : response.responses) {
    for (const FetchPartitionData& data : topic.partitions) {
      const TopicPartition id{topic.topic, data.partition_index};
      const FetchSessionHandler::Position* const asked = fetcher.session.asked(id);
      if (asked == nullptr || !fetcher.partitions.contains(id)) continue;
      on_partition_fetched(context, id, asked->fetch, data);
      fetcher.session.touch(id);
    }
  }
}

void Broker::on_partition_fetched(Context& context, const TopicPartition& id,
                                  const FetchPartition& asked, const FetchPartitionData& data) {
  Hosted& hosted = hosted_.at(id);
  ReplicaLog& log = hosted.partition.log();
  // Metadata has moved on while the answer travelled.
  if (hosted.partition.leader_epoch() != asked.current_leader_epoch ||
      log.end_offset() != asked.fetch_offset) {
    return;
  }
  const Offset end_before = log.end_offset();
  const auto note_truncation = [&] {
    if (log.end_offset() == end_before) return;
    context.notify(Payload::of(ReplicaTruncated{config_.id, id, end_before, log.end_offset()}));
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
}

}  // namespace sim
