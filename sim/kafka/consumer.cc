#include "sim/kafka/consumer.h"

#include <algorithm>
#include <utility>

#include "sim/kafka/broker_notice.h"

namespace sim {
Consumer::Consumer(ConsumerConfig config)
    : config_(std::move(config)),
      network_({.self = config_.self}),
      metadata_(config_.brokers, config_.topics, hash_name(config_.group)),
      next_commit_(config_.start + config_.commit_interval) {}

Offset Consumer::position(const TopicPartition& id) const {
  const auto found = positions_.find(id);
  return found == positions_.end() ? Offset{-1} : found->second.next;
}

Effects Consumer::step(Instant now, Input input, Choices& choices) {
  Effects effects;
  Context context{now, choices, effects, last_serial_};
  for (const CorrelationId lost : network_.handle(context, input)) on_lost(context, lost);
  if (const auto* received = std::get_if<Received>(&input)) {
    if (metadata_.handle(context, network_, *received)) {
      on_metadata(context);
    } else if (const auto* fetched = network_.answer<FetchResponse>(*received)) {
      for (auto& [leader, fetcher] : fetchers_) {
        if (fetcher.in_flight != fetched->correlation) continue;
        fetcher.in_flight.reset();
        on_fetched(context, leader, fetched->body);
        break;
      }
    } else if (const auto* found = network_.answer<FindCoordinatorResponse>(*received)) {
      coordinating_.reset();
      if (found->body.error_code == ErrorCode::None) {
        coordinator_ = found->body.node_id;
      } else {
        coordinate_not_before_ = now + kRetryBackoff;
      }
    } else if (const auto* offsets = network_.answer<OffsetFetchResponse>(*received)) {
      coordinating_.reset();
      on_offsets(context, offsets->body);
    } else if (const auto* committed = network_.answer<OffsetCommitResponse>(*received)) {
      coordinating_.reset();
      on_committed(context, committed->body);
    }
  }
  if (now >= config_.start) run(context);
  return effects;
}

void Consumer::run(Context& context) {
  metadata_.run(context, network_);
  run_coordinator(context);
  run_fetches(context);
}

// ── Coordinator
// ─────────────────────────────────────────────────────────────────────────────────────

void Consumer::run_coordinator(Context& context) {
  if (coordinating_ || positions_.empty() || context.now < coordinate_not_before_) return;
  if (!coordinator_) {
    coordinating_ = network_.send(context, metadata_.any_broker(context),
                                  FindCoordinatorRequest{config_.group});
    return;
  }
  const auto node = metadata_.node(*coordinator_);
  if (!node) return lose_coordinator(context.now);
  if (!without_position_.empty()) {
    coordinating_ = network_.send(
        context, *node,
        OffsetFetchRequest{
            .group_id = config_.group,
            .partitions = std::vector(without_position_.begin(), without_position_.end())});
    return;
  }
  if (context.now < next_commit_) return;
  next_commit_ = context.now + config_.commit_interval;
  committing_.clear();
  for (const auto& [id, position] : positions_) {
    if (position.next <= position.committed) continue;
    committing_.push_back({.topic_partition = id,
                           .committed_offset = position.next,
                           .committed_leader_epoch = position.last_epoch});
  }
  if (committing_.empty()) return;
  coordinating_ = network_.send(
      context, *node, OffsetCommitRequest{.group_id = config_.group, .partitions = committing_});
}

void Consumer::lose_coordinator(Instant now) {
  coordinator_.reset();
  coordinate_not_before_ = now + kRetryBackoff;
}

void Consumer::on_offsets(Context& context, const OffsetFetchResponse& response) {
  if (response.error_code != ErrorCode::None) return lose_coordinator(context.now);
  for (const OffsetFetchPartition& part : response.partitions) {
    if (part.error_code != ErrorCode::None) {
      coordinate_not_before_ = context.now + kRetryBackoff;
      continue;
    }
    Position& position = positions_.at(part.topic_partition);
    position.committed = part.committed_offset;
    // Simplified: auto.offset.reset=earliest begins at 0; a higher log start is learned from the
    // leader.
    position.next = std::max(part.committed_offset, Offset{0});
    without_position_.erase(part.topic_partition);
    touch(part.topic_partition, position);
    if (position.leader.id.value() < 0) metadata_.expire(context.now);
    context.notify(Payload::of(
        ClientFetchedOffset{config_.group, part.topic_partition, part.committed_offset}));
  }
}

void Consumer::on_committed(Context& context, const OffsetCommitResponse& response) {
  bool lost = false;
  for (const PartitionError& part : response.partitions) {
    if (part.error_code != ErrorCode::None) {
      lost = true;
      continue;
    }
    const auto asked = std::ranges::find(committing_, part.topic_partition,
                                         &OffsetCommitPartition::topic_partition);
    if (asked == committing_.end()) continue;
    positions_.at(part.topic_partition).committed = asked->committed_offset;
    ++commits_;
    context.notify(Payload::of(ClientCommitted{config_.group, part.topic_partition,
                                               asked->committed_offset, *coordinator_}));
  }
  if (!lost) return;
  lose_coordinator(context.now);
  next_commit_ = context.now;
}

// ── Fetching
// ────────────────────────────────────────────────────────────────────────────────────────

// Who leads what may have changed: each partition is fetched from its leader of now.
void Consumer::on_metadata(Context& context) {
  for (const auto& [id, leader] : metadata_.leaders()) {
    if (positions_.try_emplace(id).second) without_position_.insert(id);
  }
  bool leaderless = false;
  for (auto& [id, position] : positions_) {
    const auto leader = metadata_.leader(id).value_or(ClientMetadata::Leader{});
    if (leader != position.leader) {
      touch(id, position);
      position.leader = leader;
      touch(id, position);
    }
    leaderless = leaderless || (leader.id.value() < 0 && position.next.value() >= 0);
  }
  if (leaderless) metadata_.expire(context.now);
}

void Consumer::touch(const TopicPartition& id, const Position& position) {
  if (position.leader.id.value() >= 0) fetchers_[position.leader.id].touch(id);
}

void Consumer::run_fetches(Context& context) {
  for (auto& [leader, fetcher] : fetchers_) {
    if (fetcher.in_flight || context.now < fetcher.not_before) continue;
    auto request = fetcher.next_request(context.now, [&, to = leader](const TopicPartition& id) {
      return fetch_position(context.now, to, id);
    });
    if (!request) continue;
    request->max_wait = config_.fetch_max_wait;
    request->max_records = config_.max_records;
    fetcher.in_flight = network_.send(context, *metadata_.node(leader), std::move(*request));
  }
}

std::optional<FetchSessionHandler::Position> Consumer::fetch_position(Instant now, BrokerId leader,
                                                                      const TopicPartition& id) {
  const Position& position = positions_.at(id);
  if (position.leader.id != leader || position.next.value() < 0) return std::nullopt;
  if (now < position.not_before) {
    fetchers_.at(leader).delay(position.not_before, id);
    return std::nullopt;
  }
  return FetchSessionHandler::Position{.topic_id = {},
                                       .fetch = {.partition = id.partition,
                                                 .current_leader_epoch = position.leader.epoch,
                                                 .fetch_offset = position.next}};
}

void Consumer::on_fetched(Context& context, BrokerId leader, const FetchResponse& response) {
  LeaderFetcher& fetcher = fetchers_.at(leader);
  if (!fetcher.session.handle_response(response)) return;
  fetcher.session.for_each_answer(
      response, [&](const TopicPartition& id, const FetchSessionHandler::Position&,
                    const FetchPartitionData& data) {
        on_partition_fetched(context, leader, id, data);
        fetcher.touch(id);
      });
}

void Consumer::on_partition_fetched(Context& context, BrokerId leader, const TopicPartition& id,
                                    const FetchPartitionData& data) {
  Position& position = positions_.at(id);
  if (data.error_code == ErrorCode::OffsetOutOfRange) {
    position.next = data.log_start_offset;
  } else if (data.error_code != ErrorCode::None) {
    position.not_before = context.now + kRetryBackoff;
    metadata_.expire(context.now);
  }
  for (const LogBatch& batch : data.records) {
    if (batch.base_offset != position.next) break;  // read twice: the position has moved
    position.next = batch.next_offset();
    position.last_epoch = batch.leader_epoch;
    consumed_ += batch.count;
    context.notify(Payload::of(ClientConsumed{config_.group, id, batch.base_offset, batch.count,
                                              batch.first_token, leader}));
  }
}

// ── Loss and time
// ───────────────────────────────────────────────────────────────────────────────────

void Consumer::on_lost(Context& context, CorrelationId correlation) {
  if (metadata_.on_lost(context.now, correlation)) return;
  if (coordinating_ == correlation) {
    coordinating_.reset();
    return lose_coordinator(context.now);
  }
  for (auto& [leader, fetcher] : fetchers_) {
    if (fetcher.in_flight != correlation) continue;
    fetcher.in_flight.reset();
    fetcher.session.handle_error();
    fetcher.not_before = context.now + kRetryBackoff;
    metadata_.expire(context.now);
  }
}

std::optional<Instant> Consumer::deadline() const {
  Instant due = std::max(config_.start, metadata_.deadline());
  if (const auto network = network_.deadline()) due = std::min(due, *network);
  if (!coordinating_ && !positions_.empty()) {
    const bool waits = coordinator_ && without_position_.empty();
    due = std::min(due,
                   waits ? std::max(next_commit_, coordinate_not_before_) : coordinate_not_before_);
  }
  for (const auto& [leader, fetcher] : fetchers_) {
    if (!fetcher.in_flight) due = std::min(due, fetcher.not_before);
  }
  if (due == Instant::never()) return std::nullopt;
  return due;
}

void Consumer::digest_into(Digest& digest) const {
  network_.digest_into(digest);
  metadata_.digest_into(digest);
  sim::digest_into(digest, positions_);
  sim::digest_into(digest, coordinator_);
  sim::digest_into(digest, coordinating_);
  sim::digest_into(digest, coordinate_not_before_);
  sim::digest_into(digest, next_commit_);
  for (const auto& [leader, fetcher] : fetchers_) {
    sim::digest_into(digest, leader);
    fetcher.digest_into(digest);
  }
  digest.add(static_cast<std::uint64_t>(consumed_));
}

}  // namespace sim
