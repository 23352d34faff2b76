#include "sim/kafka/producer.h"

#include <algorithm>
#include <utility>

#include "sim/kafka/broker_notice.h"

namespace sim {
namespace {

constexpr Duration kRequestTimeout{
    30'000'000'000};  // request.timeout.ms, sent as the produce timeout

}  // namespace

Producer::Producer(ProducerConfig config)
    : config_(std::move(config)),
      network_({.self = config_.self, .request_timeout = kRequestTimeout}),
      metadata_(config_.brokers, config_.topics, hash_name(config_.name)),
      next_batch_(config_.start),
      next_token_(config_.first_token) {}

Effects Producer::step(Instant now, Input input, Choices& choices) {
  Effects effects;
  Context context{now, choices, effects, last_serial_};
  for (const CorrelationId lost : network_.handle(context, input)) on_lost(context, lost);
  if (const auto* received = std::get_if<Received>(&input)) {
    if (metadata_.handle(context, network_, *received)) {
    } else if (const auto* produced = network_.answer<ProduceResponse>(*received)) {
      on_answer(context, produced->correlation, produced->body);
    } else if (const auto* given = network_.answer<InitProducerIdResponse>(*received)) {
      id_asked_.reset();
      next_id_attempt_ = now + kRetryBackoff;
      if (given->body.error_code == ErrorCode::None) producer_id_ = given->body.producer_id;
    }
  }
  if (now < config_.start) return effects;
  metadata_.run(context, network_);
  if (producer_id_.value() < 0) {
    if (!id_asked_ && now >= next_id_attempt_) {
      id_asked_ = network_.send(context, metadata_.any_broker(context), InitProducerIdRequest{});
    }
    return effects;
  }
  if (now >= next_batch_ && now < config_.stop) make_batch(context);
  send_due(context);
  return effects;
}

// The next partition in order of name that has nothing under way.
void Producer::make_batch(Context& context) {
  next_batch_ = context.now + config_.interval;
  const auto& leaders = metadata_.leaders();
  if (leaders.empty() || pending_.size() >= config_.max_pending) return;
  auto at = leaders.upper_bound(last_partition_);
  for (std::size_t tried = 0; tried < leaders.size(); ++tried, ++at) {
    if (at == leaders.end()) at = leaders.begin();
    if (pending_.contains(at->first)) continue;
    Sequence& sequence = sequences_[at->first];
    const LogBatch batch{.count = config_.records_per_batch,
                         .base_sequence = sequence.next,
                         .producer_id = producer_id_,
                         .producer_epoch = sequence.epoch,
                         .first_token = next_token_};
    sequence.next += batch.count;
    next_token_ = next_token_.plus(batch.count);
    last_partition_ = at->first;
    pending_.emplace(at->first, Pending{.batch = batch, .not_before = context.now});
    return;
  }
}

void Producer::send_due(Context& context) {
  for (auto& [id, pending] : pending_) {
    if (pending.in_flight || context.now < pending.not_before) continue;
    const auto leader = metadata_.leader(id);
    if (!leader) {
      metadata_.expire(context.now);
      pending.not_before = context.now + kRetryBackoff;
      continue;
    }
    pending.leader_epoch = leader->epoch;
    pending.in_flight = network_.send(
        context, *metadata_.node(leader->id),
        ProduceRequest{
            .acks = -1,
            .timeout = kRequestTimeout,
            .topics = {{.name = id.topic, .partitions = {{id.partition, pending.batch}}}}});
  }
}

void Producer::on_answer(Context& context, CorrelationId correlation,
                         const ProduceResponse& response) {
  const auto found = std::ranges::find_if(
      pending_, [&](const auto& entry) { return entry.second.in_flight == correlation; });
  if (found == pending_.end()) return;
  const auto& [id, pending] = *found;
  check(response.responses.size() == 1 && response.responses.front().partitions.size() == 1,
        "a broker answers for each partition that it was asked to write to");
  const ProducePartitionResponse& answer = response.responses.front().partitions.front();
  if (answer.error_code != ErrorCode::None) {
    return retry(context, id, found->second, answer.error_code);
  }
  acknowledged_ += pending.batch.count;
  context.notify(Payload::of(ClientAcknowledged{.client = config_.name,
                                                .topic_partition = id,
                                                .leader_epoch = pending.leader_epoch,
                                                .base_offset = answer.base_offset,
                                                .count = pending.batch.count,
                                                .first_token = pending.batch.first_token}));
  pending_.erase(found);
}

void Producer::retry(Context& context, const TopicPartition& id, Pending& pending,
                     ErrorCode error) {
  pending.in_flight.reset();
  pending.not_before = context.now + kRetryBackoff;
  if (error == ErrorCode::OutOfOrderSequenceNumber || error == ErrorCode::InvalidProducerEpoch) {
    // The partition forgot what it had acknowledged, or knows a newer epoch: begin anew.
    Sequence& sequence = sequences_.at(id);
    ++sequence.epoch;
    pending.batch.producer_epoch = sequence.epoch;
    pending.batch.base_sequence = 0;
    sequence.next = pending.batch.count;
  }
  metadata_.expire(context.now);
  context.notify(Payload::of(ClientWaits{config_.name, id, error}));
}

void Producer::on_lost(Context& context, CorrelationId correlation) {
  if (metadata_.on_lost(context.now, correlation)) return;
  if (id_asked_ == correlation) {
    id_asked_.reset();
    next_id_attempt_ = context.now + kRetryBackoff;
    return;
  }
  for (auto& [id, pending] : pending_) {
    if (pending.in_flight == correlation) retry(context, id, pending, ErrorCode::NetworkException);
  }
}

std::optional<Instant> Producer::deadline() const {
  Instant due = std::max(config_.start, metadata_.deadline());
  if (const auto network = network_.deadline()) due = std::min(due, *network);
  if (producer_id_.value() < 0) {
    if (!id_asked_) due = std::min(due, std::max(config_.start, next_id_attempt_));
  } else {
    if (next_batch_ < config_.stop) due = std::min(due, next_batch_);
    for (const auto& [id, pending] : pending_) {
      if (!pending.in_flight) due = std::min(due, pending.not_before);
    }
  }
  if (due == Instant::never()) return std::nullopt;
  return due;
}

void Producer::digest_into(Digest& digest) const {
  network_.digest_into(digest);
  metadata_.digest_into(digest);
  sim::digest_into(digest, producer_id_);
  sim::digest_into(digest, next_batch_);
  sim::digest_into(digest, next_token_);
  sim::digest_into(digest, sequences_);
  digest.add(static_cast<std::uint64_t>(acknowledged_));
  for (const auto& [id, pending] : pending_) {
    sim::digest_into(digest, id);
    sim::digest_into(digest, pending.batch);
    sim::digest_into(digest, pending.in_flight);
    sim::digest_into(digest, pending.not_before);
  }
}

}  // namespace sim
