#include "sim/kafka/transaction_manager.h"

#include <algorithm>
#include <utility>

#include "sim/kafka/transaction_notice.h"

namespace sim {
namespace {

// A transaction that was just ended is still being completed (KAFKA-5482).
constexpr Duration kAddPartitionsRetryBackoff{20'000'000};

bool is_fenced(ErrorCode error) {
  return error == ErrorCode::ProducerFenced || error == ErrorCode::InvalidProducerEpoch;
}

bool loses_coordinator(ErrorCode error) {
  return error == ErrorCode::NotCoordinator || error == ErrorCode::CoordinatorNotAvailable;
}

// Errors whose exceptions are RetriableExceptions, of those that coordinators give.
bool is_retriable(ErrorCode error) {
  using enum ErrorCode;
  return is_any_of(error, {CoordinatorLoadInProgress, ConcurrentTransactions, NetworkException,
                           RequestTimedOut, UnknownTopicOrPartition, NotEnoughReplicas,
                           NotEnoughReplicasAfterAppend, KafkaStorageError});
}

}  // namespace

// ── The program ─────────────────────────────────────────────────────────────────────────────────

void TransactionManager::begin() {
  check(state_ == State::Ready, "a transaction begins where none is");
  state_ = State::InTransaction;
  ++transaction_;
}

void TransactionManager::send_offsets(std::string group,
                                      std::vector<OffsetCommitPartition> offsets) {
  check(state_ == State::InTransaction && !offsets_pending(),
        "offsets are sent in a transaction, one call after the other");
  group_ = std::move(group);
  offsets_ = offsets_in_whole_ = std::move(offsets);
  offsets_stage_ = OffsetsStage::Add;
  has_work_ = true;
}

void TransactionManager::commit() {
  check(state_ == State::InTransaction, "what is committed is in order");
  state_ = State::Committing;
  has_work_ = true;
}

// TransactionManager.beginAbort: what has not been asked for yet will not be.
void TransactionManager::abort() {
  check(state_ == State::InTransaction || state_ == State::AbortableError,
        "what is aborted was begun");
  state_ = State::Aborting;
  new_partitions_.clear();
  offsets_stage_ = OffsetsStage::None;
  has_work_ = true;
}

void TransactionManager::maybe_add_partition(const TopicPartition& id) {
  check(state_ == State::InTransaction, "partitions are added to a transaction");
  const bool asked = std::ranges::find(pending_partitions_, id) != pending_partitions_.end();
  if (partitions_.contains(id) || asked) return;
  new_partitions_.insert(id);
  has_work_ = true;
}

// ── Requests ────────────────────────────────────────────────────────────────────────────────────

TransactionManager::Asked TransactionManager::next(bool has_incomplete_batches) const {
  const bool needs_coordinator = !coordinator_.has_value();
  const auto with = [&](Asked asked) { return needs_coordinator ? Asked::Coordinator : asked; };
  switch (state_) {
    case State::Initializing:
      return with(producer_.epoch < 0 ? Asked::InitProducerId : Asked::EpochBump);
    case State::Ready:
    case State::AbortableError:
    case State::FatalError:
      return Asked::Nothing;
    case State::InTransaction:
    case State::Committing:
      if (!new_partitions_.empty() || !pending_partitions_.empty()) return with(Asked::Partitions);
      if (offsets_stage_ == OffsetsStage::Add) return with(Asked::Offsets);
      if (offsets_stage_ == OffsetsStage::Commit)
        return group_coordinator_ ? Asked::OffsetCommit : Asked::GroupCoordinator;
      if (state_ == State::InTransaction) return Asked::Nothing;
      break;
    case State::Aborting:
      // Whether they are part of the transaction is not known: that comes first.
      if (!pending_partitions_.empty()) return with(Asked::Partitions);
      break;
  }
  if (has_incomplete_batches) return Asked::Nothing;
  return started_ ? with(Asked::End) : Asked::End;
}

void TransactionManager::run(Context& context, NetworkClient& network,
                             const ClientMetadata& metadata, bool has_incomplete_batches) {
  if (in_flight_) return;
  asked_ = next(has_incomplete_batches);
  has_work_ = asked_ != Asked::Nothing;
  if (!has_work_ || context.now < not_before_) return;
  if (asked_ == Asked::End && !started_) {
    // The coordinator knows nothing of it.
    return complete(context, state_ == State::Committing ? TransactionResult::Commit
                                                         : TransactionResult::Abort);
  }
  send(context, network, metadata);
}

void TransactionManager::send(Context& context, NetworkClient& network,
                              const ClientMetadata& metadata) {
  const std::string& id = config_.transactional_id;
  if (asked_ == Asked::Coordinator || asked_ == Asked::GroupCoordinator) {
    const bool group = asked_ == Asked::GroupCoordinator;
    in_flight_ =
        network.send(context, metadata.any_broker(context),
                     FindCoordinatorRequest{.key = group ? group_ : id,
                                            .key_type = group ? CoordinatorType::Group
                                                              : CoordinatorType::Transaction});
    return;
  }
  auto& coordinator = asked_ == Asked::OffsetCommit ? group_coordinator_ : coordinator_;
  const auto node = metadata.node(*coordinator);
  if (!node) {
    coordinator.reset();
    not_before_ = context.now + kRetryBackoff;
    return;
  }
  switch (asked_) {
    case Asked::InitProducerId:
    case Asked::EpochBump:
      in_flight_ =
          network.send(context, *node,
                       InitProducerIdRequest{.transactional_id = id,
                                             .producer_id = producer_.producer_id,
                                             .producer_epoch = producer_.epoch,
                                             .transaction_timeout = config_.transaction_timeout});
      return;
    case Asked::Partitions:
      pending_partitions_.insert(pending_partitions_.end(), new_partitions_.begin(),
                                 new_partitions_.end());
      new_partitions_.clear();
      in_flight_ = network.send(
          context, *node,
          AddPartitionsToTxnRequest{
              .transactional_id = id, .producer = producer_, .partitions = pending_partitions_});
      return;
    case Asked::Offsets:
      in_flight_ = network.send(context, *node, AddOffsetsToTxnRequest{id, producer_, group_});
      return;
    case Asked::OffsetCommit:
      in_flight_ = network.send(context, *node,
                                TxnOffsetCommitRequest{.transactional_id = id,
                                                       .group_id = group_,
                                                       .producer = producer_,
                                                       .partitions = offsets_});
      return;
    case Asked::End:
      return end_transaction(context, network, *node);
    case Asked::Coordinator:
    case Asked::GroupCoordinator:
    case Asked::Nothing:
      break;
  }
  unreachable("what is sent to a coordinator is one of these");
}

void TransactionManager::end_transaction(Context& context, NetworkClient& network,
                                         NodeId coordinator) {
  const TransactionResult result =
      state_ == State::Committing ? TransactionResult::Commit : TransactionResult::Abort;
  context.notify(Payload::of(TransactionEnding{.client = config_.name,
                                               .transactional_id = config_.transactional_id,
                                               .producer = producer_,
                                               .transaction = transaction_,
                                               .result = result}));
  in_flight_ = network.send(context, coordinator,
                            EndTxnRequest{config_.transactional_id, producer_, result});
}

// ── Answers ─────────────────────────────────────────────────────────────────────────────────────

bool TransactionManager::handle(Context& context, NetworkClient& network,
                                const Received& received) {
  const auto take = [&]<class Body>(const Response<Body>* answer, const auto& handler) {
    if (answer == nullptr || in_flight_ != answer->correlation) return false;
    in_flight_.reset();
    has_work_ = true;
    handler(answer->body);
    return true;
  };
  // Others of the same client ask for coordinators, too.
  if (!in_flight_) return false;
  switch (asked_) {
    case Asked::Coordinator:
    case Asked::GroupCoordinator:
      return take(network.answer<FindCoordinatorResponse>(received),
                  [&](const auto& body) { on_found(context, body); });
    case Asked::InitProducerId:
    case Asked::EpochBump:
      return take(network.answer<InitProducerIdResponse>(received),
                  [&](const auto& body) { on_initialized(context, body); });
    case Asked::Partitions:
      return take(network.answer<AddPartitionsToTxnResponse>(received),
                  [&](const auto& body) { on_partitions_added(context, body); });
    case Asked::Offsets:
      return take(network.answer<AddOffsetsToTxnResponse>(received),
                  [&](const auto& body) { on_offsets_added(context, body); });
    case Asked::OffsetCommit:
      return take(network.answer<TxnOffsetCommitResponse>(received),
                  [&](const auto& body) { on_offsets_committed(context, body); });
    case Asked::End:
      return take(network.answer<EndTxnResponse>(received),
                  [&](const auto& body) { on_ended(context, body); });
    case Asked::Nothing:
      return false;
  }
  unreachable("each request has an answer");
}

// TxnRequestHandler.onComplete: the coordinator may be another one by now.
bool TransactionManager::on_lost(Instant now, CorrelationId correlation) {
  if (in_flight_ != correlation) return false;
  in_flight_.reset();
  has_work_ = true;
  (asked_ == Asked::OffsetCommit ? group_coordinator_ : coordinator_).reset();
  not_before_ = now + kRetryBackoff;
  return true;
}

void TransactionManager::on_error(Context& context, ErrorCode error) {
  not_before_ = context.now + kRetryBackoff;
  if (loses_coordinator(error)) {
    coordinator_.reset();
  } else if (!is_retriable(error)) {
    const bool abortable =
        is_any_of(error, {ErrorCode::InvalidProducerIdMapping, ErrorCode::UnknownProducerId,
                          ErrorCode::TransactionAbortable});
    if (error == ErrorCode::InvalidProducerIdMapping || error == ErrorCode::UnknownProducerId)
      epoch_bump_required_ = true;
    fail(context, error, !abortable);
  }
}

void TransactionManager::fail(Context& context, ErrorCode error, bool fatal) {
  // What is aborted already will be; there is nothing left but to go on with that.
  if (state_ == State::FatalError || (!fatal && state_ == State::Aborting)) return;
  state_ = fatal ? State::FatalError : State::AbortableError;
  error_ = is_fenced(error) && fatal ? ErrorCode::ProducerFenced : error;
  offsets_stage_ = OffsetsStage::None;
  new_partitions_.clear();
  pending_partitions_.clear();
  context.notify(Payload::of(TransactionFailed{.client = config_.name,
                                               .transactional_id = config_.transactional_id,
                                               .producer = producer_,
                                               .error = error_,
                                               .fatal = fatal}));
}

// TransactionManager.maybeTransitionToErrorState.
void TransactionManager::on_batch_failed(Context& context, ErrorCode error) {
  const bool fatal = is_any_of(
      error, {ErrorCode::ClusterAuthorizationFailed, ErrorCode::TransactionalIdAuthorizationFailed,
              ErrorCode::ProducerFenced, ErrorCode::UnsupportedVersion});
  if (!fatal && !is_ending()) epoch_bump_required_ = true;
  fail(context, error, fatal);
}

void TransactionManager::on_found(Context& context, const FindCoordinatorResponse& response) {
  if (response.error_code != ErrorCode::None) return on_error(context, response.error_code);
  (asked_ == Asked::GroupCoordinator ? group_coordinator_ : coordinator_) = response.node_id;
}

void TransactionManager::on_initialized(Context& context, const InitProducerIdResponse& response) {
  if (response.error_code != ErrorCode::None) return on_error(context, response.error_code);
  producer_ = {response.producer_id, response.producer_epoch};
  epoch_bump_required_ = false;
  state_ = State::Ready;
  error_ = ErrorCode::None;
  context.notify(
      Payload::of(ProducerInitialized{config_.name, config_.transactional_id, producer_}));
}

void TransactionManager::on_partitions_added(Context& context,
                                             const AddPartitionsToTxnResponse& response) {
  for (const PartitionError& part : response.results) {
    if (part.error_code == ErrorCode::None) continue;
    on_error(context, part.error_code);
    if (part.error_code == ErrorCode::ConcurrentTransactions && partitions_.empty())
      not_before_ = context.now + kAddPartitionsRetryBackoff;
    return;
  }
  partitions_.insert(pending_partitions_.begin(), pending_partitions_.end());
  pending_partitions_.clear();
  started_ = true;
}

void TransactionManager::on_offsets_added(Context& context,
                                          const AddOffsetsToTxnResponse& response) {
  if (response.error_code != ErrorCode::None) return on_error(context, response.error_code);
  started_ = true;
  if (offsets_pending()) offsets_stage_ = OffsetsStage::Commit;
}

void TransactionManager::on_offsets_committed(Context& context,
                                              const TxnOffsetCommitResponse& response) {
  using enum ErrorCode;
  for (const PartitionError& part : response.partitions) {
    const ErrorCode error = part.error_code;
    if (error == None) {
      std::erase_if(offsets_, [&](const OffsetCommitPartition& offset) {
        return offset.topic_partition == part.topic_partition;
      });
    } else if (loses_coordinator(error) || error == RequestTimedOut) {
      group_coordinator_.reset();
    } else if (!is_retriable(error)) {
      const bool abortable =
          is_any_of(error, {GroupAuthorizationFailed, FencedInstanceId, TransactionAbortable,
                            UnknownMemberId, IllegalGeneration});
      return fail(context, error, !abortable);
    }
  }
  if (!offsets_pending()) return;  // it is being aborted
  if (!offsets_.empty()) {
    not_before_ = context.now + kRetryBackoff;
  } else {
    offsets_stage_ = OffsetsStage::None;
    context.notify(
        Payload::of(OffsetsSentToTransaction{.client = config_.name,
                                             .transactional_id = config_.transactional_id,
                                             .producer = producer_,
                                             .transaction = transaction_,
                                             .group = group_,
                                             .offsets = std::exchange(offsets_in_whole_, {})}));
  }
}

void TransactionManager::on_ended(Context& context, const EndTxnResponse& response) {
  if (response.error_code != ErrorCode::None) return on_error(context, response.error_code);
  complete(context,
           state_ == State::Committing ? TransactionResult::Commit : TransactionResult::Abort);
}

// TransactionManager.completeTransaction; with a bump of the epoch the program waits for that, too.
void TransactionManager::complete(Context& context, TransactionResult result) {
  partitions_.clear();
  new_partitions_.clear();
  pending_partitions_.clear();
  offsets_stage_ = OffsetsStage::None;
  started_ = false;
  error_ = ErrorCode::None;
  state_ = epoch_bump_required_ ? State::Initializing : State::Ready;
  has_work_ = true;
  context.notify(Payload::of(TransactionEnded{.client = config_.name,
                                              .transactional_id = config_.transactional_id,
                                              .producer = producer_,
                                              .transaction = transaction_,
                                              .result = result}));
}

Instant TransactionManager::deadline() const {
  return in_flight_ || !has_work_ ? Instant::never() : not_before_;
}

void TransactionManager::digest_into(Digest& digest) const {
  sim::digest_into(digest, state_);
  sim::digest_into(digest, error_);
  sim::digest_into(digest, producer_);
  sim::digest_into(digest, transaction_);
  sim::digest_into(digest, new_partitions_);
  sim::digest_into(digest, pending_partitions_);
  sim::digest_into(digest, partitions_);
  sim::digest_into(digest, offsets_stage_);
  sim::digest_into(digest, offsets_);
  sim::digest_into(digest, coordinator_);
  sim::digest_into(digest, group_coordinator_);
  sim::digest_into(digest, in_flight_);
  sim::digest_into(digest, asked_);
  sim::digest_into(digest, not_before_);
}

}  // namespace sim
