#include "sim/kafka/transaction_metadata.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"

namespace sim {

std::string_view name_of(TransactionState state) {
  switch (state) {
    case TransactionState::Empty:
      return "Empty";
    case TransactionState::Ongoing:
      return "Ongoing";
    case TransactionState::PrepareCommit:
      return "PrepareCommit";
    case TransactionState::PrepareAbort:
      return "PrepareAbort";
    case TransactionState::CompleteCommit:
      return "CompleteCommit";
    case TransactionState::CompleteAbort:
      return "CompleteAbort";
    case TransactionState::Dead:
      return "Dead";
    case TransactionState::PrepareEpochFence:
      return "PrepareEpochFence";
  }
  unreachable("each state of a transaction has a name");
}

bool may_follow(TransactionState next, TransactionState state) {
  using enum TransactionState;
  const bool at_rest = state == Empty || state == CompleteCommit || state == CompleteAbort;
  switch (next) {
    case Empty:
    case Dead:
      return at_rest;
    case Ongoing:
      return at_rest || state == Ongoing;
    case PrepareCommit:
    case PrepareEpochFence:
      return state == Ongoing;
    case PrepareAbort:
      return state == Ongoing || state == PrepareEpochFence;
    case CompleteCommit:
      return state == PrepareCommit;
    case CompleteAbort:
      return state == PrepareAbort;
  }
  unreachable("each state of a transaction follows some other");
}

bool TransactionMetadata::may_be(const ProducerIdAndEpoch& expected) const {
  return now.producer.epoch == -1 || expected.producer_id == now.producer.producer_id ||
         (expected.producer_id == last_producer_id && is_exhausted(expected.epoch));
}

TransactionTransition TransactionMetadata::prepare(TransactionState next, TransactionLogValue to,
                                                   std::int16_t last_epoch) {
  check(!pending_state, "one transition of a transactional id is under way at a time");
  check(may_follow(next, state()), "a transaction goes from state to state as Kafka has it");
  check(next == TransactionState::Dead || to.producer.epoch >= 0, "an epoch is never negative");
  pending_state = next;
  to.transaction_status = next;
  return {std::move(to), now.producer.producer_id, last_epoch};
}

std::optional<TransactionTransition> TransactionMetadata::prepare_increment_producer_epoch(
    Duration timeout, std::optional<std::int16_t> expected, Instant at) {
  check(!is_epoch_exhausted(), "an exhausted epoch gets a new producer id");
  const std::int16_t epoch = now.producer.epoch;
  auto next = static_cast<std::int16_t>(epoch + 1);
  std::int16_t last = -1;
  if (expected && (epoch == -1 || *expected == epoch)) {
    last = epoch;
  } else if (expected && *expected == last_producer_epoch) {
    // The answer to the former call was lost: nobody else can have come in between.
    next = epoch;
    last = last_producer_epoch;
  } else if (expected) {
    return std::nullopt;
  }
  return prepare(TransactionState::Empty,
                 {.producer = {now.producer.producer_id, next},
                  .transaction_timeout = timeout,
                  .transaction_last_update = at},
                 last);
}

TransactionTransition TransactionMetadata::prepare_producer_id_rotation(ProducerId next,
                                                                        Duration timeout,
                                                                        Instant at,
                                                                        bool record_last_epoch) {
  return prepare(
      TransactionState::Empty,
      {.producer = {next, 0}, .transaction_timeout = timeout, .transaction_last_update = at},
      record_last_epoch ? now.producer.epoch : std::int16_t{-1});
}

TransactionTransition TransactionMetadata::prepare_add_partitions(
    const std::vector<TopicPartition>& added, Instant at) {
  TransactionLogValue to = now;
  if (state() != TransactionState::Ongoing) to.transaction_start = at;
  to.transaction_partitions.insert(added.begin(), added.end());
  to.transaction_last_update = at;
  return prepare(TransactionState::Ongoing, std::move(to), last_producer_epoch);
}

TransactionTransition TransactionMetadata::prepare_abort_or_commit(TransactionState next,
                                                                   Instant at) {
  TransactionLogValue to = now;
  to.transaction_last_update = at;
  return prepare(next, std::move(to), last_producer_epoch);
}

TransactionTransition TransactionMetadata::prepare_complete(Instant at) {
  has_failed_epoch_fence = false;
  TransactionLogValue to = now;
  to.transaction_partitions.clear();
  to.transaction_last_update = at;
  return prepare(state() == TransactionState::PrepareCommit ? TransactionState::CompleteCommit
                                                            : TransactionState::CompleteAbort,
                 std::move(to), last_producer_epoch);
}

TransactionTransition TransactionMetadata::prepare_fence_producer_epoch() {
  check(now.producer.epoch < INT16_MAX, "an epoch is kept for the coordinator to fence with");
  TransactionLogValue to = now;
  if (!has_failed_epoch_fence) ++to.producer.epoch;
  return prepare(TransactionState::PrepareEpochFence, std::move(to), -1);
}

TransactionTransition TransactionMetadata::prepare_dead() {
  TransactionLogValue to = now;
  to.transaction_partitions.clear();
  return prepare(TransactionState::Dead, std::move(to), last_producer_epoch);
}

void TransactionMetadata::complete(const TransactionTransition& transition) {
  const TransactionState next = transition.to.transaction_status;
  check(pending_state == next, "what is completed was prepared");
  check(next != TransactionState::Dead && next != TransactionState::PrepareEpochFence,
        "the dead are removed, and a fence becomes an abort");
  pending_state.reset();
  now = transition.to;
  if (next != TransactionState::Empty) return;
  last_producer_id = transition.last_producer_id;
  last_producer_epoch = transition.last_producer_epoch;
}

}  // namespace sim
