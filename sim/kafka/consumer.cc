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
      for (const auto& [id, leader] : metadata_.leaders()) positions_.try_emplace(id);
    } else if (const auto* fetched = network_.answer<FetchResponse>(*received)) {
      for (auto& [leader, fetching] : fetching_) {
        if (fetching.in_flight != fetched->correlation) continue;
        fetching.in_flight.reset();
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
  OffsetFetchRequest fetch{.group_id = config_.group, .partitions = std::vector<TopicPartition>{}};
  for (const auto& [id, position] : positions_) {
    if (position.next.value() < 0) fetch.partitions->push_back(id);
  }
  if (!fetch.partitions->empty()) {
    coordinating_ = network_.send(context, *node, std::move(fetch));
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

void Consumer::run_fetches(Context& context) {
  std::map<BrokerId, FetchRequest> requests;
  for (auto& [id, position] : positions_) {
    if (position.next.value() < 0 || context.now < position.not_before) continue;
    const auto leader = metadata_.leader(id);
    if (!leader) {
      metadata_.expire(context.now);
      position.not_before = context.now + kRetryBackoff;
      continue;
    }
    const Fetching& fetching = fetching_[leader->id];
    if (fetching.in_flight || context.now < fetching.not_before) continue;
    FetchRequest& request = requests[leader->id];
    request.max_wait = config_.fetch_max_wait;
    request.max_records = config_.max_records;
    if (request.topics.empty() || request.topics.back().topic != id.topic) {
      request.topics.push_back({.topic = id.topic});
    }
    request.topics.back().partitions.push_back({.partition = id.partition,
                                                .current_leader_epoch = leader->epoch,
                                                .fetch_offset = position.next});
  }
  for (auto& [leader, request] : requests) {
    fetching_[leader].in_flight =
        network_.send(context, *metadata_.node(leader), std::move(request));
  }
}

void Consumer::on_fetched(Context& context, BrokerId leader, const FetchResponse& response) {
  for (const FetchTopicResponse& topic : response.responses) {
    for (const FetchPartitionData& data : topic.partitions) {
      const TopicPartition id{topic.topic, data.partition_index};
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
  for (auto& [leader, fetching] : fetching_) {
    if (fetching.in_flight != correlation) continue;
    fetching.in_flight.reset();
    fetching.not_before = context.now + kRetryBackoff;
    metadata_.expire(context.now);
  }
}

std::optional<Instant> Consumer::deadline() const {
  Instant due = std::max(config_.start, metadata_.deadline());
  if (const auto network = network_.deadline()) due = std::min(due, *network);
  const bool asks_offsets = std::ranges::any_of(
      positions_, [](const auto& entry) { return entry.second.next.value() < 0; });
  if (!coordinating_ && !positions_.empty()) {
    const bool waits = coordinator_ && !asks_offsets;
    due = std::min(due,
                   waits ? std::max(next_commit_, coordinate_not_before_) : coordinate_not_before_);
  }
  for (const auto& [id, position] : positions_) {
    if (position.next.value() < 0) continue;
    const auto leader = metadata_.leader(id);
    const auto fetching = leader ? fetching_.find(leader->id) : fetching_.end();
    if (fetching == fetching_.end()) {
      due = std::min(due, position.not_before);
    } else if (!fetching->second.in_flight) {
      due = std::min(due, std::max(position.not_before, fetching->second.not_before));
    }
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
  for (const auto& [leader, fetching] : fetching_) {
    sim::digest_into(digest, leader);
    sim::digest_into(digest, fetching.in_flight);
    sim::digest_into(digest, fetching.not_before);
  }
  digest.add(static_cast<std::uint64_t>(consumed_));
}

}  // namespace sim
