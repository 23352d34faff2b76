#include "sim/kafka/replica_log.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sim {
namespace {

constexpr std::size_t kRememberedBatches = 5;  // ProducerStateEntry.NUM_BATCHES_TO_RETAIN
constexpr EpochEndOffset kUndefined{};

// True when `next` merely goes on where `last` ends, so that one run says both.
bool continues(const LogBatch& last, const LogBatch& next) {
  if (last.value || next.value || last.kind != next.kind || last.is_control()) return false;
  if (last.leader_epoch != next.leader_epoch || last.producer_id != next.producer_id) return false;
  if (last.producer_epoch != next.producer_epoch) return false;
  if (next.first_token != last.first_token.plus(last.count)) return false;
  return last.base_sequence < 0 ? next.base_sequence < 0
                                : next.base_sequence == last.last_sequence() + 1;
}

LogBatch slice(const LogBatch& batch, Offset from, Offset below) {
  LogBatch part = batch;
  const auto skipped = static_cast<std::int32_t>(batch.base_offset.distance_to(from));
  part.base_offset = from;
  part.count = static_cast<std::int32_t>(from.distance_to(below));
  if (batch.base_sequence >= 0) part.base_sequence = batch.base_sequence + skipped;
  if (!batch.value) part.first_token = batch.first_token.plus(skipped);
  return part;
}

std::uint64_t mix_batch(std::uint64_t so_far, const LogBatch& batch) {
  Digest digest(so_far);
  digest_into(digest, batch);
  return digest.value();
}

}  // namespace

ReplicaLog::ReplicaLog(File file, TopicPartition topic_partition, Uuid topic_id, Effects& effects)
    : file_(file), topic_partition_(std::move(topic_partition)), topic_id_(topic_id) {
  effects.push_back(Append{file_, Payload::of(LogCreated{topic_partition_, topic_id_})});
}

std::optional<ReplicaLog> ReplicaLog::recover(File file, const FileContent& content) {
  std::optional<ReplicaLog> log;
  for (const Payload& entry : content.entries) {
    if (const auto* created = entry.get_if<LogCreated>()) {
      // The same partition again: an id was assigned later.
      if (log && log->topic_partition_ == created->topic_partition) {
        log->topic_id_ = created->topic_id;
      } else {
        log = ReplicaLog(file, *created);
      }
    } else if (entry.get_if<LogDeleted>() != nullptr) {
      log.reset();
    } else {
      check(log.has_value(), "the first entry of a log's file says whose log it is");
      log->replay(entry);
    }
  }
  return log;
}

void ReplicaLog::replay(const Payload& entry) {
  if (const auto* appended = entry.get_if<LogAppended>()) {
    for (const LogBatch& batch : appended->batches) append(batch);
  } else if (const auto* started = entry.get_if<LogEpochStarted>()) {
    add_epoch(started->epoch, started->start_offset);
  } else {
    const auto& truncated = entry.as<LogTruncated>();
    drop_from(truncated.restart ? start_offset_ : truncated.to);
    if (truncated.restart) start_offset_ = end_offset_ = truncated.to;
  }
}

void ReplicaLog::assign_topic_id(Uuid id, Effects& effects) {
  check(topic_id_.is_zero(), "a log's topic id is assigned once");
  topic_id_ = id;
  effects.push_back(Append{file_, Payload::of(LogCreated{topic_partition_, topic_id_})});
}

const LogBatch* ReplicaLog::batch_at(Offset offset) const {
  const auto after = std::ranges::upper_bound(batches_, offset, {}, &LogBatch::base_offset);
  if (after == batches_.begin()) return nullptr;
  const LogBatch& batch = *std::prev(after);
  return offset < batch.next_offset() ? &batch : nullptr;
}

EpochEndOffset ReplicaLog::end_offset_for(LeaderEpoch epoch) const {
  if (epochs_.empty() || epoch.value() < 0) return kUndefined;
  if (epoch == epochs_.back().epoch) return {epoch, end_offset_};
  if (epoch > epochs_.back().epoch) return kUndefined;
  const auto after = std::ranges::upper_bound(epochs_, epoch, {}, &LogEpochStarted::epoch);
  if (after == epochs_.begin()) return {epoch, after->start_offset};
  return {std::prev(after)->epoch, after->start_offset};
}

// What UnifiedLog.analyzeAndValidateProducerState and ProducerAppendInfo say to a client's or coordinator's append, in their
// order.
ReplicaLog::AppendResult ReplicaLog::check_append(const LogBatch& batch,
                                                  Verification verification) const {
  if (batch.producer_id.value() < 0) return {};
  const auto found = producers_.find(batch.producer_id);
  const ProducerState* const known = found == producers_.end() ? nullptr : &found->second;
  if (known != nullptr && batch.base_sequence >= 0) {
    if (const auto duplicate = find_duplicate(batch, *known)) return *duplicate;
  }
  const bool open = known != nullptr && known->current_txn_first_offset.has_value();
  if (batch.kind == BatchKind::TransactionalData && !open && verification.required) {
    const auto asked = verifications_.find(batch.producer_id);
    const bool verified =
        asked != verifications_.end() && asked->second.guard == verification.guard;
    if (!verified) return {.error = ErrorCode::InvalidTxnState};
  }
  if (known != nullptr && batch.producer_epoch < known->epoch) {
    return {.error = ErrorCode::InvalidProducerEpoch};
  }
  if (batch.is_control()) {
    const bool zombie = known != nullptr && batch.coordinator_epoch < known->coordinator_epoch;
    return {.error = zombie ? ErrorCode::TransactionCoordinatorFenced : ErrorCode::None};
  }
  if (batch.base_sequence >= 0) {
    const ErrorCode error = check_sequence(batch, known);
    if (error != ErrorCode::None) return {.error = error};
  }
  if (open && !batch.is_transactional()) return {.error = ErrorCode::InvalidTxnState};
  return {};
}

std::optional<ReplicaLog::AppendResult> ReplicaLog::find_duplicate(const LogBatch& batch,
                                                                   const ProducerState& known) {
  if (batch.producer_epoch != known.epoch) return std::nullopt;
  for (const ProducerState::Written& written : known.recent) {
    // A run read back from disk may have merged several batches: containment, not equality.
    if (written.first_sequence <= batch.base_sequence &&
        batch.last_sequence() <= written.last_sequence) {
      return AppendResult{
          .base_offset = written.base_offset.plus(batch.base_sequence - written.first_sequence),
          .duplicate = true};
    }
  }
  return std::nullopt;
}

ErrorCode ReplicaLog::check_sequence(const LogBatch& batch, const ProducerState* known) const {
  const auto asked = verifications_.find(batch.producer_id);
  if (asked != verifications_.end() && batch.base_sequence > asked->second.lowest_sequence) {
    return ErrorCode::OutOfOrderSequenceNumber;
  }
  if (known == nullptr) return ErrorCode::None;  // any first sequence is accepted (KAFKA-14359)
  // After a marker of a new epoch nothing of that epoch was written yet.
  const bool begins = batch.producer_epoch > known->epoch || known->recent.empty();
  const std::int32_t expected = begins ? 0 : known->recent.back().last_sequence + 1;
  return batch.base_sequence == expected ? ErrorCode::None : ErrorCode::OutOfOrderSequenceNumber;
}

ReplicaLog::AppendResult ReplicaLog::append_as_leader(LogBatch batch, LeaderEpoch epoch,
                                                      Effects& effects, Verification verification) {
  check(batch.count > 0, "a batch holds at least one record");
  AppendResult result = check_append(batch, verification);
  if (result.error != ErrorCode::None || result.duplicate) return result;
  batch.base_offset = end_offset_;
  batch.leader_epoch = epoch;
  result.base_offset = end_offset_;
  append(batch);
  effects.push_back(Append{file_, Payload::of(LogAppended{{std::move(batch)}})});
  return result;
}

void ReplicaLog::append_as_follower(std::vector<LogBatch> batches, Effects& effects) {
  if (batches.empty()) return;
  for (const LogBatch& batch : batches) append(batch);
  effects.push_back(Append{file_, Payload::of(LogAppended{std::move(batches)})});
}

void ReplicaLog::append(const LogBatch& batch) {
  check(batch.base_offset == end_offset_, "a batch continues the log");
  check(batches_.empty() || batch.leader_epoch >= batches_.back().leader_epoch,
        "leader epochs never go down along the records of a log");
  // An epoch may stand there for which no record came: a broker that lost records in a power failure
  // and believes at its start that it still leads. The cache forgets it (LeaderEpochFileCache.assign).
  if (batch.leader_epoch != latest_epoch()) add_epoch(batch.leader_epoch, batch.base_offset);
  if (!batches_.empty() && continues(batches_.back(), batch)) {
    batches_.back().count += batch.count;
  } else {
    batches_.push_back(batch);
  }
  end_offset_ = batch.next_offset();
  content_digest_ = mix_batch(content_digest_, batch);
  remember(batch);
}

void ReplicaLog::remember(const LogBatch& batch) {
  if (batch.producer_id.value() < 0) return;
  ProducerState& producer = producers_[batch.producer_id];
  if (batch.producer_epoch != producer.epoch) {
    producer.epoch = batch.producer_epoch;
    producer.recent.clear();
  }
  if (batch.is_transactional()) verifications_.erase(batch.producer_id);
  if (batch.is_control()) return remember_marker(batch, producer);
  if (batch.is_transactional() && !producer.current_txn_first_offset) {
    producer.current_txn_first_offset = batch.base_offset;
    transactions_.begin(batch.producer_id, batch.base_offset);
  }
  if (batch.base_sequence < 0) return;
  if (producer.recent.size() == kRememberedBatches) producer.recent.erase(producer.recent.begin());
  producer.recent.push_back({batch.base_sequence, batch.last_sequence(), batch.base_offset});
}

// ProducerAppendInfo.appendEndTxnMarker: without an open transaction it says nothing but its epochs.
void ReplicaLog::remember_marker(const LogBatch& batch, ProducerState& producer) {
  producer.coordinator_epoch = batch.coordinator_epoch;
  const auto first = std::exchange(producer.current_txn_first_offset, std::nullopt);
  if (!first) return;
  using Outcome = LogTransactions::Outcome;
  transactions_.complete(batch.producer_id, *first, batch.base_offset,
                         batch.kind == BatchKind::AbortMarker ? Outcome::Abort : Outcome::Commit);
}

bool ReplicaLog::has_ongoing_transaction(ProducerId producer) const {
  const auto known = producers_.find(producer);
  return known != producers_.end() && known->second.current_txn_first_offset.has_value();
}

std::vector<const LogBatch*> ReplicaLog::committed_batches() const {
  const Offset end = last_stable_offset();
  const auto aborted = transactions_.aborted(start_offset_, end);
  std::multimap<Offset, ProducerId> upcoming;
  for (const AbortedTransaction& entry : aborted)
    upcoming.emplace(entry.first_offset, entry.producer_id);
  std::set<ProducerId> passed_over;
  std::vector<const LogBatch*> shown;
  for (const LogBatch& batch : batches_) {
    if (batch.base_offset >= end) break;
    while (!upcoming.empty() && upcoming.begin()->first <= batch.last_offset()) {
      passed_over.insert(upcoming.begin()->second);
      upcoming.erase(upcoming.begin());
    }
    if (batch.kind == BatchKind::AbortMarker) passed_over.erase(batch.producer_id);
    if (batch.is_control()) continue;
    if (batch.is_transactional() && passed_over.contains(batch.producer_id)) continue;
    shown.push_back(&batch);
  }
  return shown;
}

VerificationGuard ReplicaLog::maybe_start_verification(const LogBatch& batch) {
  if (has_ongoing_transaction(batch.producer_id)) return kNoGuard;
  const auto [state, is_new] = verifications_.try_emplace(batch.producer_id);
  if (is_new) {
    state->second = {++last_guard_, batch.base_sequence, batch.producer_epoch};
  } else if (batch.producer_epoch > state->second.epoch) {
    state->second.epoch = batch.producer_epoch;
    state->second.lowest_sequence = batch.base_sequence;
  } else if (batch.producer_epoch == state->second.epoch) {
    state->second.lowest_sequence = std::min(state->second.lowest_sequence, batch.base_sequence);
  }
  return state->second.guard;
}

void ReplicaLog::start_epoch(LeaderEpoch epoch, Offset start_offset, Effects& effects) {
  if (!epochs_.empty() && epochs_.back().epoch == epoch &&
      epochs_.back().start_offset <= start_offset) {
    return;
  }
  add_epoch(epoch, start_offset);
  effects.push_back(Append{file_, Payload::of(LogEpochStarted{epoch, start_offset})});
}

void ReplicaLog::add_epoch(LeaderEpoch epoch, Offset start_offset) {
  while (!epochs_.empty() &&
         (epochs_.back().epoch >= epoch || epochs_.back().start_offset >= start_offset)) {
    epochs_.pop_back();
  }
  epochs_.push_back({epoch, start_offset});
}

bool ReplicaLog::truncate_to(Offset offset, Effects& effects) {
  const bool epochs_go = !epochs_.empty() && epochs_.back().start_offset >= offset;
  if (offset >= end_offset_ && !epochs_go) return false;
  drop_from(offset);
  effects.push_back(Append{file_, Payload::of(LogTruncated{offset, false})});
  return true;
}

void ReplicaLog::drop_from(Offset offset) {
  offset = std::max(offset, start_offset_);
  while (!epochs_.empty() && epochs_.back().start_offset >= offset) epochs_.pop_back();
  if (offset >= end_offset_) return;
  while (!batches_.empty() && batches_.back().base_offset >= offset) batches_.pop_back();
  if (!batches_.empty() && batches_.back().next_offset() > offset) {
    batches_.back() = slice(batches_.back(), batches_.back().base_offset, offset);
  }
  end_offset_ = offset;
  high_watermark_ = std::min(high_watermark_, end_offset_);
  rebuild_derived();
}

void ReplicaLog::rebuild_derived() {
  producers_.clear();
  transactions_.clear();
  content_digest_ = 0;
  for (const LogBatch& batch : batches_) {
    content_digest_ = mix_batch(content_digest_, batch);
    remember(batch);
  }
  transactions_.on_high_watermark(high_watermark_);
}

bool ReplicaLog::truncate_to_divergence(const EpochEndOffset& leader, Effects& effects) {
  const EpochEndOffset mine = end_offset_for(leader.epoch);
  if (mine.epoch.value() < 0) {
    truncate_to(std::min(leader.end_offset, end_offset_), effects);
    return true;
  }
  if (mine.epoch != leader.epoch) {
    truncate_to(std::min(mine.end_offset, end_offset_), effects);
    return false;
  }
  truncate_to(std::min({mine.end_offset, leader.end_offset, end_offset_}), effects);
  return true;
}

void ReplicaLog::restart_at(Offset offset, Effects& effects) {
  drop_from(start_offset_);
  epochs_.clear();
  start_offset_ = end_offset_ = high_watermark_ = offset;
  effects.push_back(Append{file_, Payload::of(LogTruncated{offset, true})});
}

void ReplicaLog::remove(bool stray, Effects& effects) {
  effects.push_back(Append{file_, Payload::of(LogDeleted{stray})});
}

void ReplicaLog::set_high_watermark(Offset offset) {
  high_watermark_ = std::clamp(offset, start_offset_, end_offset_);
  transactions_.on_high_watermark(high_watermark_);
}

std::vector<LogBatch> ReplicaLog::read(Offset from, Offset below, std::int32_t max_records) const {
  if (max_records > 0) below = std::min(below, from.plus(max_records));
  below = std::min(below, end_offset_);
  std::vector<LogBatch> found;
  if (from >= below) return found;
  auto batch = std::ranges::upper_bound(batches_, from, {}, &LogBatch::base_offset);
  if (batch != batches_.begin()) --batch;
  for (; batch != batches_.end() && batch->base_offset < below; ++batch) {
    if (batch->next_offset() <= from) continue;
    found.push_back(
        slice(*batch, std::max(from, batch->base_offset), std::min(below, batch->next_offset())));
  }
  return found;
}

void ReplicaLog::digest_into(Digest& digest) const {
  sim::digest_into(digest, topic_partition_);
  sim::digest_into(digest, topic_id_);
  sim::digest_into(digest, start_offset_);
  sim::digest_into(digest, end_offset_);
  sim::digest_into(digest, high_watermark_);
  sim::digest_into(digest, epochs_);
  digest.add(content_digest_);
}

}  // namespace sim
