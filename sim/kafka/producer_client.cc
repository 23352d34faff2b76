#include "sim/kafka/producer_client.h"

#include <algorithm>
#include <utility>

#include "sim/kafka/broker_notice.h"
#include "sim/kafka/transaction_notice.h"

namespace sim {
namespace {

constexpr Duration kRequestTimeout{
    30'000'000'000};  // request.timeout.ms, sent as the produce timeout

// What trying again cannot mend (brokers.md §2.2). Simplified: a batch is not split when it is too
// large, for none of more than one record ever is.
bool is_final(ErrorCode error) {
  using enum ErrorCode;
  return error == MessageTooLarge || error == RecordListTooLarge || error == InvalidRecord ||
         error == InvalidTimestamp || error == InvalidTopicException ||
         error == TopicAuthorizationFailed || error == ClusterAuthorizationFailed ||
         error == PolicyViolation;
}

// What ends a transaction that a batch was part of, beside these (TransactionManager.canRetry).
bool is_final_in_transaction(ErrorCode error) {
  using enum ErrorCode;
  return is_final(error) || error == InvalidProducerEpoch || error == ProducerFenced ||
         error == OutOfOrderSequenceNumber || error == UnknownProducerId ||
         error == InvalidTxnState || error == TransactionAbortable ||
         error == InvalidProducerIdMapping || error == TransactionalIdAuthorizationFailed;
}

}  // namespace

ProducerClient::ProducerClient(ProducerClientConfig config)
    : config_(std::move(config)),
      network_({.self = config_.self, .request_timeout = kRequestTimeout}),
      metadata_(config_.brokers, config_.topics, hash_name(config_.name)) {
  if (config_.transactional_id.empty()) return;
  transactions_.emplace(
      TransactionManagerConfig{.name = config_.name,
                               .transactional_id = config_.transactional_id,
                               .transaction_timeout = config_.transaction_timeout});
}

void ProducerClient::handle(Context& context, const Input& input) {
  for (const CorrelationId lost : network_.handle(context, input)) on_lost(context, lost);
  const auto* received = std::get_if<Received>(&input);
  if (received == nullptr || metadata_.handle(context, network_, *received)) return;
  if (transactions_ && transactions_->handle(context, network_, *received)) return;
  if (const auto* produced = network_.answer<ProduceResponse>(*received)) {
    on_answer(context, produced->correlation, produced->body);
  } else if (const auto* given = network_.answer<InitProducerIdResponse>(*received)) {
    id_asked_.reset();
    next_id_attempt_ = context.now + kRetryBackoff;
    if (given->body.error_code == ErrorCode::None) producer_id_ = given->body.producer_id;
  }
}

bool ProducerClient::prepare(Context& context) {
  metadata_.run(context, network_);
  expire(context);
  if (transactions_) {
    run_transactions(context);
    return ready();
  }
  if (ready()) return true;
  if (!id_asked_ && context.now >= next_id_attempt_) {
    id_asked_ = network_.send(context, metadata_.any_broker(context), InitProducerIdRequest{});
  }
  return false;
}

// Sender.runOnce: what is not on its way when a transaction is to be aborted never will be.
void ProducerClient::run_transactions(Context& context) {
  using enum TransactionManager::State;
  const auto state = transactions_->state();
  if (state == AbortableError || state == Aborting || state == FatalError) drop_undrained(context);
  transactions_->run(context, network_, metadata_, !pending_.empty());
  const ProducerIdAndEpoch& producer = transactions_->producer();
  if (producer == ProducerIdAndEpoch{producer_id_, producer_epoch_}) return;
  // Sequence numbers begin anew.
  producer_id_ = producer.producer_id;
  producer_epoch_ = producer.epoch;
  sequences_.clear();
}

void ProducerClient::drop_undrained(Context& context) {
  for (auto queue = pending_.begin(); queue != pending_.end();) {
    const auto next = std::next(queue);
    // Behind one that is under way others may wait.
    while (queue->second.size() > 1) {
      sent_.push_back({queue->first, std::move(queue->second.back().batch), Offset{-1},
                       ErrorCode::TransactionAbortable});
      queue->second.pop_back();
    }
    if (!queue->second.front().in_flight) fail(context, queue, ErrorCode::TransactionAbortable);
    queue = next;
  }
}

bool ProducerClient::may_send(const TopicPartition& id) const {
  if (!transactions_) return true;
  using enum TransactionManager::State;
  const auto state = transactions_->state();
  return (state == InTransaction || state == Committing) && transactions_->contains(id);
}

std::int32_t ProducerClient::partition_count(const std::string& topic) const {
  return static_cast<std::int32_t>(std::ranges::count_if(
      metadata_.leaders(), [&](const auto& entry) { return entry.first.topic == topic; }));
}

void ProducerClient::send(Context& context, const TopicPartition& id, LogBatch batch) {
  const Instant now = context.now;
  if (transactions_) {
    batch.kind = BatchKind::TransactionalData;
    transactions_->maybe_add_partition(id);
    context.notify(Payload::of(TransactionalSend{.client = config_.name,
                                                 .transactional_id = config_.transactional_id,
                                                 .producer = transactions_->producer(),
                                                 .transaction = transactions_->transaction(),
                                                 .topic_partition = id,
                                                 .count = batch.count,
                                                 .first_token = batch.first_token}));
  }
  Pending pending{.batch = std::move(batch), .not_before = now + config_.linger};
  if (config_.delivery_timeout) pending.expires = now + *config_.delivery_timeout;
  pending_[id].push_back(std::move(pending));
}

std::optional<ProducerClient::Sent> ProducerClient::take_sent() {
  if (sent_.empty()) return std::nullopt;
  Sent first = std::move(sent_.front());
  sent_.pop_front();
  return first;
}

// The next sequence number of the partition, given once, before the first attempt.
void ProducerClient::number(const TopicPartition& id, Pending& pending) {
  if (!config_.idempotent || std::exchange(pending.has_sequence, true)) return;
  Sequence& sequence = sequences_.try_emplace(id, Sequence{.epoch = producer_epoch_}).first->second;
  pending.batch.producer_id = producer_id_;
  pending.batch.producer_epoch = sequence.epoch;
  pending.batch.base_sequence = sequence.next;
  sequence.next += pending.batch.count;
}

void ProducerClient::send_due(Context& context) {
  for (auto& [id, queue] : pending_) {
    Pending& pending = queue.front();
    if (pending.in_flight || context.now < pending.not_before || !may_send(id)) continue;
    const auto leader = metadata_.leader(id);
    if (!leader) {
      metadata_.expire(context.now);
      pending.not_before = context.now + kRetryBackoff;
      continue;
    }
    number(id, pending);
    pending.leader_epoch = leader->epoch;
    pending.was_sent = true;
    pending.in_flight = network_.send(
        context, *metadata_.node(leader->id),
        ProduceRequest{
            .acks = -1,
            .timeout = kRequestTimeout,
            .topics = {{.name = id.topic, .partitions = {{id.partition, pending.batch}}}},
            .transactional_id = config_.transactional_id});
  }
}

void ProducerClient::finish(Queues::iterator queue, Offset base_offset, ErrorCode error) {
  sent_.push_back({queue->first, std::move(queue->second.front().batch), base_offset, error});
  queue->second.pop_front();
  if (queue->second.empty()) pending_.erase(queue);
}

// In a transaction nothing that was to be part of it may be missing: it cannot be committed any more.
void ProducerClient::fail(Context& context, Queues::iterator queue, ErrorCode error) {
  const bool dropped = error == ErrorCode::TransactionAbortable && transactions_->has_error();
  if (transactions_ && !dropped) transactions_->on_batch_failed(context, error);
  finish(queue, Offset{-1}, error);
}

// Delivery timeout (ProducerBatch.hasReachedDeliveryTimeout). Whether what was sent is in the log
// nobody knows, so its sequence number stays unresolved.
void ProducerClient::expire(Context& context) {
  for (auto queue = pending_.begin(); queue != pending_.end();) {
    const auto next = std::next(queue);
    if (context.now >= queue->second.front().expires) {
      const bool begins_anew =
          queue->second.front().was_sent && config_.idempotent && !transactions_;
      if (begins_anew) begin_anew(queue->first, nullptr);
      fail(context, queue, ErrorCode::RequestTimedOut);
    }
    queue = next;
  }
}

void ProducerClient::on_answer(Context& context, CorrelationId correlation,
                               const ProduceResponse& response) {
  const auto found = std::ranges::find_if(
      pending_, [&](const auto& entry) { return entry.second.front().in_flight == correlation; });
  if (found == pending_.end()) return;
  const TopicPartition& id = found->first;
  Pending& pending = found->second.front();
  check(response.responses.size() == 1 && response.responses.front().partitions.size() == 1,
        "a broker answers for each partition that it was asked to write to");
  const ProducePartitionResponse& answer = response.responses.front().partitions.front();
  if (transactions_ && is_final_in_transaction(answer.error_code))
    return fail(context, found, answer.error_code);
  if (is_final(answer.error_code)) {
    // It was not written: what comes next takes its sequence number.
    if (config_.idempotent) sequences_.at(id).next -= pending.batch.count;
    return finish(found, Offset{-1}, answer.error_code);
  }
  if (answer.error_code != ErrorCode::None) return retry(context, id, pending, answer.error_code);
  context.notify(Payload::of(ClientAcknowledged{.client = config_.name,
                                                .topic_partition = id,
                                                .leader_epoch = pending.leader_epoch,
                                                .base_offset = answer.base_offset,
                                                .count = pending.batch.count,
                                                .first_token = pending.batch.first_token}));
  finish(found, answer.base_offset, ErrorCode::None);
}

// A new producer epoch, whose sequence numbers begin at 0.
void ProducerClient::begin_anew(const TopicPartition& id, Pending* resent) {
  Sequence& sequence = sequences_.at(id);
  ++sequence.epoch;
  sequence.next = 0;
  if (resent == nullptr) return;
  resent->batch.producer_epoch = sequence.epoch;
  resent->batch.base_sequence = 0;
  sequence.next = resent->batch.count;
}

void ProducerClient::retry(Context& context, const TopicPartition& id, Pending& pending,
                           ErrorCode error) {
  pending.in_flight.reset();
  pending.not_before = context.now + kRetryBackoff;
  if (error == ErrorCode::OutOfOrderSequenceNumber || error == ErrorCode::InvalidProducerEpoch) {
    // The partition forgot what it had acknowledged, or knows a newer epoch: begin anew.
    begin_anew(id, &pending);
  }
  metadata_.expire(context.now);
  context.notify(Payload::of(ClientWaits{config_.name, id, error}));
}

void ProducerClient::on_lost(Context& context, CorrelationId correlation) {
  if (metadata_.on_lost(context.now, correlation)) return;
  if (transactions_ && transactions_->on_lost(context.now, correlation)) return;
  if (id_asked_ == correlation) {
    id_asked_.reset();
    next_id_attempt_ = context.now + kRetryBackoff;
    return;
  }
  for (auto& [id, queue] : pending_) {
    Pending& pending = queue.front();
    if (pending.in_flight == correlation) retry(context, id, pending, ErrorCode::NetworkException);
  }
}

std::optional<Instant> ProducerClient::deadline() const {
  Instant due = metadata_.deadline();
  if (const auto network = network_.deadline()) due = std::min(due, *network);
  if (transactions_) due = std::min(due, transactions_->deadline());
  if (!ready() && !id_asked_ && !transactions_) due = std::min(due, next_id_attempt_);
  for (const auto& [id, queue] : pending_) {
    const Pending& pending = queue.front();
    due = std::min(due, pending.expires);
    if (ready() && !pending.in_flight && may_send(id)) due = std::min(due, pending.not_before);
  }
  if (due == Instant::never()) return std::nullopt;
  return due;
}

void ProducerClient::digest_into(Digest& digest) const {
  network_.digest_into(digest);
  metadata_.digest_into(digest);
  sim::digest_into(digest, producer_id_);
  sim::digest_into(digest, sequences_);
  if (transactions_) transactions_->digest_into(digest);
  for (const auto& [id, queue] : pending_) {
    sim::digest_into(digest, id);
    for (const Pending& pending : queue) {
      sim::digest_into(digest, pending.batch);
      sim::digest_into(digest, pending.in_flight);
      sim::digest_into(digest, pending.not_before);
    }
  }
}

}  // namespace sim
