#include "sim/kafka/transaction_coordinator.h"

#include <algorithm>
#include <utility>

#include "sim/kafka/group_coordinator.h"
#include "sim/kafka/transaction_notice.h"

namespace sim {
namespace {

// TransactionStateManager.appendTransactionToLog. Whatever it says, the record may be there.
ErrorCode transaction_error(ErrorCode error) {
  using enum ErrorCode;
  if (is_any_of(error, {UnknownTopicOrPartition, NotEnoughReplicas, NotEnoughReplicasAfterAppend,
                        RequestTimedOut}))
    return CoordinatorNotAvailable;
  if (is_any_of(error, {NotLeaderOrFollower, KafkaStorageError})) return NotCoordinator;
  if (is_any_of(error, {MessageTooLarge, RecordListTooLarge})) return UnknownServerError;
  return error;
}

Notify state_changed(BrokerId self, const TransactionMetadata& metadata, CoordinatorEpoch epoch) {
  const TransactionLogValue& now = metadata.now;
  return {Payload::of(TransactionStateChanged{
      .broker = self,
      .transactional_id = metadata.transactional_id,
      .producer = now.producer,
      .state = now.transaction_status,
      .partitions = {now.transaction_partitions.begin(), now.transaction_partitions.end()},
      .coordinator_epoch = epoch})};
}

}  // namespace

PartitionId TransactionCoordinator::partition_of(std::string_view transactional_id) const {
  return partition_count_ == 0 ? PartitionId{-1}
                               : group_partition(transactional_id, partition_count_);
}

const TransactionMetadata* TransactionCoordinator::find(std::string_view transactional_id) const {
  const auto found = transactions_.find(transactional_id);
  return found == transactions_.end() ? nullptr : &found->second;
}

std::expected<TransactionCoordinator::State, ErrorCode> TransactionCoordinator::state_of(
    std::string_view transactional_id) {
  const PartitionId partition = partition_of(transactional_id);
  if (loading_.contains(partition)) return std::unexpected(ErrorCode::CoordinatorLoadInProgress);
  const auto owned = owned_.find(partition);
  if (owned == owned_.end()) return std::unexpected(ErrorCode::NotCoordinator);
  const auto known = transactions_.find(transactional_id);
  return State{owned->second, known == transactions_.end() ? nullptr : &known->second};
}

std::expected<TransactionCoordinator::State, ErrorCode> TransactionCoordinator::state_held_by(
    std::string_view transactional_id, const ProducerIdAndEpoch& producer) {
  const auto state = state_of(transactional_id);
  if (!state) return state;
  if (state->metadata == nullptr ||
      state->metadata->producer().producer_id != producer.producer_id) {
    return std::unexpected(ErrorCode::InvalidProducerIdMapping);
  }
  return state;
}

// ── Leadership ──────────────────────────────────────────────────────────────────────────────────

void TransactionCoordinator::load(PartitionId partition, CoordinatorEpoch epoch) {
  unload(partition);
  loading_[partition] = epoch;
}

void TransactionCoordinator::unload(PartitionId partition) {
  owned_.erase(partition);
  loading_.erase(partition);
  const auto is_there = [&](const auto& entry) { return partition_of(entry.first) == partition; };
  std::erase_if(transactions_, is_there);
  std::erase_if(completions_, is_there);
}

// TransactionStateManager.loadTransactionsForTxnTopicPartition: of each transactional id the last record counts.
void TransactionCoordinator::finish_load(TransactionContext& context, PartitionId partition,
                                         const ReplicaLog& log) {
  const auto loading = loading_.find(partition);
  if (loading == loading_.end()) return;
  std::map<std::string, TransactionLogValue> loaded;
  for (const LogBatch& batch : log.batches()) {
    const auto* const records = batch.value.get_if<TransactionRecords>();
    if (records == nullptr) continue;
    for (const TransactionLogEntry& entry : records->records) {
      if (entry.value) {
        loaded.insert_or_assign(entry.transactional_id, *entry.value);
      } else {
        loaded.erase(entry.transactional_id);
      }
    }
  }
  const CoordinatorEpoch epoch = loading->second;
  loading_.erase(loading);
  owned_[partition] = epoch;
  for (auto& [id, value] : loaded) {
    TransactionMetadata& metadata =
        transactions_
            .insert_or_assign(id,
                              TransactionMetadata{.transactional_id = id, .now = std::move(value)})
            .first->second;
    expect_scans(context.now);
    if (!is_prepared(metadata.state()) || behaviour_.prepared_transactions_are_left) continue;
    // Who wrote it may have died before it could say so.
    context.effects.push_back(state_changed(self_, metadata, epoch));
    begin_completion(context, {epoch, &metadata});
  }
}

// ── Writes ──────────────────────────────────────────────────────────────────────────────────────

void TransactionCoordinator::append(TransactionContext& context, const State& state,
                                    TransactionTransition transition, Written what) {
  const std::string& id = state.metadata->transactional_id;
  const std::uint64_t write = ++last_write_;
  TransactionLogEntry entry{.transactional_id = id};
  if (!std::holds_alternative<ExpiredId>(what)) entry.value = transition.to;
  context.effects.push_back(TransactionAppend{.partition = partition_of(id),
                                              .write = write,
                                              .timeout = transition.to.transaction_timeout,
                                              .records = {{std::move(entry)}}});
  writes_.emplace(write, PendingWrite{id, state.epoch, std::move(transition), std::move(what)});
}

void TransactionCoordinator::on_written(TransactionContext& context, std::uint64_t write,
                                        ErrorCode error) {
  const auto found = writes_.find(write);
  check(found != writes_.end(), "a write is decided once");
  PendingWrite decided = std::move(found->second);
  writes_.erase(found);
  error = transaction_error(error);
  const auto state = state_of(decided.transactional_id);
  const bool present =
      state && state->metadata != nullptr && state->epoch == decided.coordinator_epoch;
  const bool expires = std::holds_alternative<ExpiredId>(decided.what);
  const bool tries_again = std::holds_alternative<CompletedTransaction>(decided.what) &&
                           error == ErrorCode::CoordinatorNotAvailable;
  if (error == ErrorCode::None && !present) {
    error = state ? ErrorCode::NotCoordinator : state.error();
  } else if (error == ErrorCode::None && expires) {
    transactions_.erase(decided.transactional_id);
  } else if (error == ErrorCode::None) {
    state->metadata->complete(decided.transition);
    context.effects.push_back(state_changed(self_, *state->metadata, decided.coordinator_epoch));
  } else if (present && !tries_again) {
    state->metadata->pending_state.reset();
  }
  if (const auto* init = std::get_if<InitializedProducer>(&decided.what)) {
    answer_init(context, init->to, error, decided.transition.to.producer);
  } else if (auto* added = std::get_if<AddedPartitions>(&decided.what)) {
    answer_added(context, std::move(*added), error);
  } else if (const auto* ended = std::get_if<DecidedTransaction>(&decided.what)) {
    on_decided(context, decided, *ended, error);
  } else if (std::holds_alternative<CompletedTransaction>(decided.what)) {
    on_completed(context, decided, error);
  }
}

// ── InitProducerId ──────────────────────────────────────────────────────────────────────────────

void TransactionCoordinator::answer_init(TransactionContext& context, const ReplyTo& to,
                                         ErrorCode error, ProducerIdAndEpoch producer) {
  InitProducerIdResponse response{.error_code = error};
  if (error == ErrorCode::None) {
    response.producer_id = producer.producer_id;
    response.producer_epoch = producer.epoch;
  }
  context.effects.push_back(TransactionReply{to, response});
}

void TransactionCoordinator::handle(TransactionContext& context, const ReplyTo& to,
                                    const InitProducerIdRequest& request) {
  check(!request.transactional_id.empty(), "who is only idempotent needs no coordinator");
  const Duration timeout = request.transaction_timeout;
  if (timeout <= Duration{} || timeout > config_.transaction_max_timeout)
    return answer_init(context, to, ErrorCode::InvalidTransactionTimeout);
  auto state = state_of(request.transactional_id);
  if (!state) return answer_init(context, to, state.error());
  if (state->metadata == nullptr) {
    const auto id = context.producer_ids.take();
    if (!id) return answer_init(context, to, ErrorCode::CoordinatorLoadInProgress);
    state->metadata =
        &transactions_
             .emplace(request.transactional_id,
                      TransactionMetadata{.transactional_id = request.transactional_id,
                                          .now = {.producer = {*id, -1},
                                                  .transaction_timeout = timeout,
                                                  .transaction_last_update = context.now}})
             .first->second;
    expect_scans(context.now);
  }
  const auto transition = prepare_init(context, *state->metadata, request);
  if (!transition) return answer_init(context, to, transition.error());
  if (transition->to.transaction_status == TransactionState::PrepareEpochFence) {
    return end_transaction(context, request.transactional_id, transition->to.producer,
                           TransactionResult::Abort, NextProducer{to});
  }
  append(context, *state, *transition, InitializedProducer{to});
}

// TransactionCoordinator.prepareInitProducerIdTransit.
std::expected<TransactionTransition, ErrorCode> TransactionCoordinator::prepare_init(
    TransactionContext& context, TransactionMetadata& metadata,
    const InitProducerIdRequest& request) {
  std::optional<ProducerIdAndEpoch> expected;
  if (request.producer_id.value() >= 0) expected = {request.producer_id, request.producer_epoch};
  if (metadata.pending_state) return std::unexpected(ErrorCode::ConcurrentTransactions);
  if (expected && !metadata.may_be(*expected)) return std::unexpected(ErrorCode::ProducerFenced);
  switch (metadata.state()) {
    case TransactionState::PrepareAbort:
    case TransactionState::PrepareCommit:
      return std::unexpected(ErrorCode::ConcurrentTransactions);
    case TransactionState::Ongoing:
      // The epoch of the fence is given to nobody: who comes back gets the one after it.
      return metadata.prepare_fence_producer_epoch();
    case TransactionState::Empty:
    case TransactionState::CompleteAbort:
    case TransactionState::CompleteCommit:
      break;
    case TransactionState::Dead:
    case TransactionState::PrepareEpochFence:
      unreachable("these are pending states alone");
  }
  const bool is_last = !expected || expected->epoch == metadata.producer().epoch;
  if (metadata.is_epoch_exhausted() && is_last) {
    const auto id = context.producer_ids.take();
    if (!id) return std::unexpected(ErrorCode::CoordinatorLoadInProgress);
    return metadata.prepare_producer_id_rotation(*id, request.transaction_timeout, context.now,
                                                 expected.has_value());
  }
  const auto bumped = metadata.prepare_increment_producer_epoch(
      request.transaction_timeout, expected ? std::optional(expected->epoch) : std::nullopt,
      context.now);
  if (!bumped) return std::unexpected(ErrorCode::ProducerFenced);
  TransactionTransition transition = *bumped;
  if (behaviour_.init_producer_id_bumps_nothing && metadata.producer().epoch >= 0)
    transition.to.producer.epoch = metadata.producer().epoch;
  return transition;
}

// ── AddPartitionsToTxn, AddOffsetsToTxn ─────────────────────────────────────────────────────────

void TransactionCoordinator::handle(TransactionContext& context, const ReplyTo& to,
                                    const AddPartitionsToTxnRequest& request) {
  if (!request.verify_only) {
    return add_partitions(context, request.transactional_id, request.producer,
                          {.to = to, .partitions = request.partitions});
  }
  AddPartitionsToTxnResponse response;
  const ErrorCode error = verify(request, response);
  if (error != ErrorCode::None) {
    for (const TopicPartition& id : request.partitions) response.results.push_back({id, error});
  }
  context.effects.push_back(TransactionReply{to, std::move(response)});
}

void TransactionCoordinator::handle(TransactionContext& context, const ReplyTo& to,
                                    const AddOffsetsToTxnRequest& request,
                                    const TopicPartition& offsets) {
  add_partitions(context, request.transactional_id, request.producer,
                 {.to = to, .offsets = true, .partitions = {offsets}});
}

// handleVerifyPartitionsInTransaction (KIP-890). What is pending is not looked at: the log looks once more.
ErrorCode TransactionCoordinator::verify(const AddPartitionsToTxnRequest& request,
                                         AddPartitionsToTxnResponse& response) {
  const auto state = state_held_by(request.transactional_id, request.producer);
  if (!state) return state.error();
  const TransactionMetadata& metadata = *state->metadata;
  if (metadata.producer().epoch != request.producer.epoch) return ErrorCode::ProducerFenced;
  if (is_prepared(metadata.state())) return ErrorCode::ConcurrentTransactions;
  for (const TopicPartition& id : request.partitions) {
    const bool is_part = metadata.now.transaction_partitions.contains(id);
    response.results.push_back({id, is_part ? ErrorCode::None : ErrorCode::TransactionAbortable});
  }
  return ErrorCode::None;
}

void TransactionCoordinator::add_partitions(TransactionContext& context,
                                            const std::string& transactional_id,
                                            const ProducerIdAndEpoch& producer,
                                            AddedPartitions added) {
  const auto state = state_held_by(transactional_id, producer);
  if (!state) return answer_added(context, std::move(added), state.error());
  TransactionMetadata& metadata = *state->metadata;
  if (metadata.producer().epoch != producer.epoch)
    return answer_added(context, std::move(added), ErrorCode::ProducerFenced);
  if (metadata.pending_state || is_prepared(metadata.state()))
    return answer_added(context, std::move(added), ErrorCode::ConcurrentTransactions);
  const bool is_known = metadata.state() == TransactionState::Ongoing &&
                        std::ranges::all_of(added.partitions, [&](const TopicPartition& id) {
                          return metadata.now.transaction_partitions.contains(id);
                        });
  if (is_known) return answer_added(context, std::move(added), ErrorCode::None);
  TransactionTransition transition = metadata.prepare_add_partitions(added.partitions, context.now);
  append(context, *state, std::move(transition), std::move(added));
}

void TransactionCoordinator::answer_added(TransactionContext& context, AddedPartitions added,
                                          ErrorCode error) {
  if (added.offsets) {
    context.effects.push_back(TransactionReply{added.to, AddOffsetsToTxnResponse{error}});
    return;
  }
  AddPartitionsToTxnResponse response;
  for (TopicPartition& id : added.partitions) response.results.push_back({std::move(id), error});
  context.effects.push_back(TransactionReply{added.to, std::move(response)});
}

void TransactionCoordinator::digest_into(Digest& digest) const {
  sim::digest_into(digest, owned_);
  sim::digest_into(digest, loading_);
  sim::digest_into(digest, transactions_);
  sim::digest_into(digest, writes_);
  sim::digest_into(digest, completions_);
  sim::digest_into(digest, next_abort_scan_);
  sim::digest_into(digest, next_expiry_scan_);
}

}  // namespace sim
