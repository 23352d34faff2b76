// How transactions end: decided by a record, told to partitions by markers, completed by another record; and who ends
// them when their producers do not (brokers.md §2.4).
#include <algorithm>
#include <utility>

#include "sim/kafka/client.h"
#include "sim/kafka/transaction_coordinator.h"

namespace sim {

// ── The decision ────────────────────────────────────────────────────────────────────────────────

void TransactionCoordinator::handle(TransactionContext& context, const ReplyTo& to,
                                    const EndTxnRequest& request) {
  end_transaction(context, request.transactional_id, request.producer, request.result, Client{to});
}

void TransactionCoordinator::answer_end(TransactionContext& context, const EndListener& listener,
                                        ErrorCode error) {
  if (const auto* client = std::get_if<Client>(&listener)) {
    context.effects.push_back(TransactionReply{client->to, EndTxnResponse{error}});
  } else if (const auto* next = std::get_if<NextProducer>(&listener)) {
    // It comes back, and gets an epoch once this is over.
    answer_init(context, next->to,
                error == ErrorCode::None ? ErrorCode::ConcurrentTransactions : error);
  }
}

// What an EndTxn leads to, or what is answered to it at once: None where it has been done already.
std::expected<TransactionState, ErrorCode> TransactionCoordinator::next_state(
    const TransactionMetadata& metadata, TransactionResult result) const {
  const bool commits = result == TransactionResult::Commit;
  const auto answer = [&](bool same, ErrorCode error) {
    return std::unexpected(same ? error : ErrorCode::InvalidTxnState);
  };
  switch (metadata.state()) {
    case TransactionState::Ongoing:
      return commits ? TransactionState::PrepareCommit : TransactionState::PrepareAbort;
    case TransactionState::CompleteCommit:
      return answer(commits, ErrorCode::None);
    case TransactionState::CompleteAbort:
      return answer(!commits, ErrorCode::None);
    case TransactionState::PrepareCommit:
      return answer(commits, ErrorCode::ConcurrentTransactions);
    case TransactionState::PrepareAbort:
      return answer(!commits, ErrorCode::ConcurrentTransactions);
    case TransactionState::Empty:
      return std::unexpected(ErrorCode::InvalidTxnState);
    case TransactionState::Dead:
    case TransactionState::PrepareEpochFence:
      break;
  }
  unreachable("these are pending states alone");
}

// TransactionCoordinator.endTransaction.
void TransactionCoordinator::end_transaction(TransactionContext& context,
                                             const std::string& transactional_id,
                                             const ProducerIdAndEpoch& producer,
                                             TransactionResult result, EndListener listener) {
  const auto state = state_held_by(transactional_id, producer);
  if (!state) return answer_end(context, listener, state.error());
  TransactionMetadata& metadata = *state->metadata;
  const bool is_client = std::holds_alternative<Client>(listener);
  if ((is_client && producer.epoch != metadata.producer().epoch) ||
      producer.epoch < metadata.producer().epoch) {
    return answer_end(context, listener, ErrorCode::ProducerFenced);
  }
  const bool fences = metadata.pending_state == TransactionState::PrepareEpochFence;
  if (metadata.pending_state && !fences)
    return answer_end(context, listener, ErrorCode::ConcurrentTransactions);
  const auto next = next_state(metadata, result);
  if (!next) return answer_end(context, listener, next.error());
  if (fences && *next == TransactionState::PrepareAbort) {
    metadata.pending_state.reset();
    metadata.now.producer.epoch = producer.epoch;
    metadata.last_producer_epoch = -1;
  }
  TransactionTransition transition = metadata.prepare_abort_or_commit(*next, context.now);
  if (behaviour_.end_txn_is_answered_before_it_is_committed && is_client) {
    answer_end(context, listener, ErrorCode::None);
    listener = Nobody{};
  }
  append(context, *state, std::move(transition),
         DecidedTransaction{.listener = std::move(listener),
                            .producer = producer,
                            .result = result,
                            .is_epoch_fence = fences});
}

// The record is committed: so is the decision, whatever happens now.
void TransactionCoordinator::on_decided(TransactionContext& context, const PendingWrite& write,
                                        const DecidedTransaction& decided, ErrorCode error) {
  const auto state = state_of(write.transactional_id);
  const bool present =
      state && state->metadata != nullptr && state->epoch == write.coordinator_epoch;
  if (error != ErrorCode::None) {
    if (decided.is_epoch_fence && present) state->metadata->has_failed_epoch_fence = true;
    return answer_end(context, decided.listener, error);
  }
  check(present, "what was just completed is still here");
  answer_end(context, decided.listener, ErrorCode::None);
  begin_completion(context, *state);
}

// ── Markers ─────────────────────────────────────────────────────────────────────────────────────

// TransactionMarkerChannelManager.addTxnMarkersToSend.
void TransactionCoordinator::begin_completion(TransactionContext& context, const State& state) {
  TransactionMetadata& metadata = *state.metadata;
  completions_.insert_or_assign(
      metadata.transactional_id,
      PendingCompletion{.coordinator_epoch = state.epoch,
                        .transition = metadata.prepare_complete(context.now)});
  const auto& partitions = metadata.now.transaction_partitions;
  send_markers(context, state, {partitions.begin(), partitions.end()});
  maybe_write_completion(context, metadata.transactional_id);
}

void TransactionCoordinator::send_markers(TransactionContext& context, const State& state,
                                          std::vector<TopicPartition> partitions) {
  if (partitions.empty()) return;
  const bool commits = state.metadata->state() == TransactionState::PrepareCommit;
  context.effects.push_back(TransactionMarkers{
      .transactional_id = state.metadata->transactional_id,
      .marker = {.producer = state.metadata->producer(),
                 .coordinator_epoch = state.epoch,
                 .result = commits ? TransactionResult::Commit : TransactionResult::Abort,
                 .partitions = std::move(partitions)}});
}

bool TransactionCoordinator::wants(const TransactionMarkers& markers) const {
  const auto completion = completions_.find(markers.transactional_id);
  return completion != completions_.end() &&
         completion->second.coordinator_epoch == markers.marker.coordinator_epoch;
}

// TransactionMarkerRequestCompletionHandler.onComplete.
void TransactionCoordinator::on_markers(TransactionContext& context,
                                        const TransactionMarkers& markers,
                                        const std::vector<PartitionError>& results) {
  if (!wants(markers)) return;
  const auto state = state_of(markers.transactional_id);
  check(state && state->metadata != nullptr, "what is completed is here");
  std::vector<TopicPartition> again;
  for (const PartitionError& part : results) {
    if (part.error_code == ErrorCode::None) {
      state->metadata->now.transaction_partitions.erase(part.topic_partition);
    } else if (is_any_of(part.error_code, {ErrorCode::InvalidProducerEpoch,
                                           ErrorCode::TransactionCoordinatorFenced})) {
      // Another coordinator, or another epoch of the producer, sees to it.
      completions_.erase(markers.transactional_id);
      return;
    } else {
      again.push_back(part.topic_partition);
    }
  }
  send_markers(context, *state, std::move(again));
  maybe_write_completion(context, markers.transactional_id);
}

void TransactionCoordinator::maybe_write_completion(TransactionContext& context,
                                                    const std::string& transactional_id) {
  const auto state = state_of(transactional_id);
  check(state && state->metadata != nullptr, "what is completed is here");
  if (!state->metadata->now.transaction_partitions.empty()) return;
  const auto completion = completions_.extract(transactional_id);
  append(context, *state, completion.mapped().transition, CompletedTransaction{});
}

void TransactionCoordinator::on_completed(TransactionContext& context, const PendingWrite& write,
                                          ErrorCode error) {
  if (error != ErrorCode::CoordinatorNotAvailable) return;
  completions_.insert_or_assign(write.transactional_id,
                                PendingCompletion{.coordinator_epoch = write.coordinator_epoch,
                                                  .transition = write.transition,
                                                  .again = context.now + kRetryBackoff});
}

// ── Time ────────────────────────────────────────────────────────────────────────────────────────

// Threads that run every so often; without transactional ids they have nothing to do.
void TransactionCoordinator::expect_scans(Instant now) {
  const auto next = [&](Duration interval) {
    return Instant((now.nanoseconds() / interval.nanoseconds() + 1) * interval.nanoseconds());
  };
  if (!next_abort_scan_)
    next_abort_scan_ = next(config_.transaction_abort_timed_out_transaction_cleanup_interval);
  if (!next_expiry_scan_)
    next_expiry_scan_ = next(config_.transaction_remove_expired_transaction_cleanup_interval);
}

void TransactionCoordinator::expire(TransactionContext& context) {
  std::vector<std::string> again;
  for (auto& [id, completion] : completions_) {
    if (!completion.again || context.now < *completion.again) continue;
    completion.again.reset();
    again.push_back(id);
  }
  for (const std::string& id : again) maybe_write_completion(context, id);
  if (next_abort_scan_ && context.now >= *next_abort_scan_) {
    next_abort_scan_.reset();
    abort_timed_out(context);
  }
  if (next_expiry_scan_ && context.now >= *next_expiry_scan_) {
    next_expiry_scan_.reset();
    remove_expired(context);
  }
  if (!transactions_.empty()) expect_scans(context.now);
}

void TransactionCoordinator::abort_timed_out(TransactionContext& context) {
  std::vector<std::string> late;
  for (const auto& [id, metadata] : transactions_) {
    if (metadata.pending_state || metadata.state() != TransactionState::Ongoing) continue;
    if (*metadata.now.transaction_start + metadata.now.transaction_timeout < context.now)
      late.push_back(id);
  }
  for (const std::string& id : late) {
    const TransactionTransition fence = transactions_.at(id).prepare_fence_producer_epoch();
    end_transaction(context, id, fence.to.producer, TransactionResult::Abort, Nobody{});
  }
}

void TransactionCoordinator::remove_expired(TransactionContext& context) {
  for (auto& [id, metadata] : transactions_) {
    const bool idle =
        may_follow(TransactionState::Dead, metadata.state()) &&
        context.now - metadata.now.transaction_last_update >= config_.transactional_id_expiration;
    if (metadata.pending_state || !idle) continue;
    append(context, {owned_.at(partition_of(id)), &metadata}, metadata.prepare_dead(), ExpiredId{});
  }
}

std::optional<Instant> TransactionCoordinator::deadline() const {
  Instant due = Instant::never();
  if (next_abort_scan_) due = std::min(due, *next_abort_scan_);
  if (next_expiry_scan_) due = std::min(due, *next_expiry_scan_);
  for (const auto& [id, completion] : completions_) {
    if (completion.again) due = std::min(due, *completion.again);
  }
  if (due == Instant::never()) return std::nullopt;
  return due;
}

}  // namespace sim
