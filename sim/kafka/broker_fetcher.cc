// A follower's side of replication (ReplicaFetcherThread; brokers.md §1.3, §1.8): one fetcher per
// leading broker, which asks for all partitions it follows there in one fetch session.
#include <algorithm>
#include <utility>

#include "sim/kafka/broker.h"
#include "sim/kafka/broker_notice.h"

namespace sim {

void Broker::follow(Hosted& hosted, BrokerId leader) {
  Fetcher& fetcher = fetchers_[leader];
  hosted.fetched_from = leader;
  ++fetcher.partitions;
  fetcher.touch(hosted.partition.id());
  fetcher.not_before = kLongAgo;
}

void Broker::unfollow(Hosted& hosted) {
  if (hosted.fetched_from.value() < 0) return;
  Fetcher& fetcher = fetchers_.at(std::exchange(hosted.fetched_from, BrokerId{-1}));
  --fetcher.partitions;
  fetcher.touch(hosted.partition.id());
}

void Broker::run_fetchers(Context& context) {
  for (auto& [leader, fetcher] : fetchers_) {
    if (fetcher.in_flight || fetcher.partitions == 0) continue;
    if (context.now >= fetcher.not_before) send_fetch(context, leader, fetcher);
  }
}

// A partition that is not ready to be fetched leaves the session and comes back later.
std::optional<FetchSessionHandler::Position> Broker::fetch_position(Instant now, Fetcher& fetcher,
                                                                    const Hosted& hosted) {
  if (hosted.fetch_failed) return std::nullopt;
  const TopicPartition& id = hosted.partition.id();
  if (now < hosted.fetch_not_before) {
    fetcher.delay(hosted.fetch_not_before, id);
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
  Finger hosted(hosted_);
  auto request = fetcher.next_request(
      context.now, [&](const TopicPartition& id) -> std::optional<FetchSessionHandler::Position> {
        const auto known = hosted.find(id);
        if (known == hosted_.end() || known->second.fetched_from != leader) return std::nullopt;
        return fetch_position(context.now, fetcher, known->second);
      });
  if (!request) return;
  request->replica_id = config_.id;
  request->replica_epoch = config_.kraft_mode ? epochs_.kraft : kNoBrokerEpoch;
  request->max_wait = config_.replica_fetch_wait_max;
  fetcher.in_flight = network_.send(context, address->second, std::move(*request));
}

void Broker::on_fetched(Context& context, BrokerId leader, Fetcher& fetcher,
                        const FetchResponse& response) {
  fetcher.not_before = context.now;
  if (!fetcher.session.handle_response(response)) return;
  Finger hosted(hosted_);
  fetcher.session.for_each_answer(
      response, [&](const TopicPartition& id, const FetchSessionHandler::Position& asked,
                    const FetchPartitionData& data) {
        const auto known = hosted.find(id);
        if (known == hosted_.end() || known->second.fetched_from != leader) return;
        on_partition_fetched(context, known->second, asked.fetch, data);
        fetcher.session.touch(id);
      });
}

void Broker::on_partition_fetched(Context& context, Hosted& hosted, const FetchPartition& asked,
                                  const FetchPartitionData& data) {
  const TopicPartition& id = hosted.partition.id();
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
