// Consume, process, produce in one transaction; and dead letters in one transaction with their offsets (brokers.md §2.5,
// §3.6, §4.2).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kafka/application/client_application.h"
#include "sim/kafka/application/client_disk.h"
#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/broker_notice.h"

namespace sim {

TransactionManager* ClientApplication::transactions() {
  const bool transactional = config_.program.uses_transactions() && session_->producer;
  return transactional ? &session_->producer->transactions() : nullptr;
}

void ClientApplication::begin_transaction() {
  if (transactions()->state() == TransactionManager::State::Ready) transactions()->begin();
}

// KafkaProducer.send() waits until it knows where to.
bool ClientApplication::produce(Context& context, Step& step) {
  Session& session = *session_;
  step.started = context.now;
  const std::string& topic = config_.program.output_topic;
  const std::int32_t partitions = session.producer->partition_count(topic);
  if (partitions == 0) {
    session.producer->want_metadata(context.now);
    return false;
  }
  begin_transaction();
  const PolledRecord& record = step.records.front();
  session.in_transaction.push_back(record);
  const RecordToken token = std::exchange(next_letter_, next_letter_.next());
  const PartitionId partition{static_cast<std::int32_t>(record.offset.value() % partitions)};
  context.notify(Payload::of(ClientOutputSent{.group = config_.group,
                                              .origin = record.origin,
                                              .topic = topic,
                                              .token = token,
                                              .transactional_id = config_.program.transactional_id,
                                              .producer = transactions()->producer()}));
  session.producer->send(
      context, {topic, partition},
      {.count = 1, .first_token = token, .value = Payload::of(OutputRecord{record.origin})});
  return true;
}

bool ClientApplication::send_offsets(Step& step) {
  if (config_.behaviour.offsets_outside_transaction) {
    ask_for_commit({.offsets = step.offsets, .how = CommitHow::Async});
    return true;
  }
  if (step.started != kLongAgo) return !transactions()->offsets_pending();
  step.started = Instant{};
  begin_transaction();
  transactions()->send_offsets(config_.group, step.offsets);
  return false;
}

bool ClientApplication::await_transaction(Context& context, Step& step) {
  if (step.started == kLongAgo) step.started = context.now;
  const auto state = transactions()->state();
  if (state == TransactionManager::State::Ready) {
    if (step.how == CommitHow::Transaction) {
      on_transaction_committed(context, step);
    } else if (session_->ends_because.empty()) {
      rewind();
    }
    return true;
  }
  // On the way out nobody waits for ever.
  return !session_->ends_because.empty() &&
         (transactions()->has_error() || context.now >= step.started + kCommitTimeout);
}

// Results, letters and offsets count from here on, all of them.
void ClientApplication::on_transaction_committed(Context& context, const Step& step) {
  Session& session = *session_;
  for (auto letter = session.letters.begin(); letter != session.letters.end();) {
    const Letter& about = letter->second;
    const bool transactional = about.handling.policy == BadRecordPolicy::DlqTransactional;
    if (!transactional || !about.written) {
      ++letter;
      continue;
    }
    const auto& [id, offset] = *about.written;
    context.notify(Payload::of(ClientDeadLettered{config_.group, about.record.origin, id, offset}));
    step_over(about.record);
    letter = session.letters.erase(letter);
  }
  if (!config_.behaviour.offsets_outside_transaction) {
    for (const OffsetCommitPartition& part : step.offsets) {
      context.notify(Payload::of(ClientCommitted{config_.group, part.topic_partition,
                                                 part.committed_offset, BrokerId{-1}}));
    }
    note_passed(context, step.offsets);
  }
  session.in_transaction.clear();
}

// True: what comes next is not the next step.
bool ClientApplication::meet_transaction_error() {
  const TransactionManager* const manager = transactions();
  if (manager == nullptr || !manager->has_error() || !session_->ends_because.empty()) return false;
  if (manager->state() == TransactionManager::State::FatalError) {
    throw_out(fmt::format("{}: the producer can only be closed",
                          manager->error() == ErrorCode::ProducerFenced
                              ? "ProducerFencedException"
                              : name_of(manager->error())));
    return true;
  }
  // What was to be done is done anew, once the transaction is aborted.
  for (const Step& step : session_->steps)
    session_->in_transaction.insert(session_->in_transaction.end(), step.records.begin(),
                                    step.records.end());
  session_->steps.clear();
  session_->steps.push_back({.kind = StepKind::AbortTransaction});
  session_->steps.push_back({.kind = StepKind::AwaitTransaction});
  return false;
}

// The loop goes back to the first record of each partition that was read for the transaction.
void ClientApplication::rewind() {
  Session& session = *session_;
  std::map<TopicPartition, Offset> back;
  for (const PolledRecord& record : session.in_transaction) {
    Offset& to = back.try_emplace(record.topic_partition, record.offset).first->second;
    to = std::min(to, record.offset);
  }
  for (const auto& [id, offset] : back) {
    session.consumer.seek(id, offset);
    session.handled[id] = offset;
  }
  std::erase_if(session.letters, [](const auto& entry) {
    return entry.second.handling.policy == BadRecordPolicy::DlqTransactional;
  });
  session.in_transaction.clear();
}

}  // namespace sim
