// Dead letters: made, sent, acknowledged, failed.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kafka/application/client_application.h"
#include "sim/kafka/application/client_disk.h"
#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/broker_notice.h"

namespace sim {

DeadLetter ClientApplication::letter_about(const Step& step, Instant now) const {
  const PolledRecord& record = step.records.front();
  const RecordContent& content = *content_of(record);
  DeadLetter letter{.origin = record.origin,
                    .key = content.key,
                    .value = content.value,
                    .padding = content.padding,
                    .headers = content.headers,
                    .attempts = record.attempts + step.attempt};
  const auto about =
      headers_of(config_.program.headers, record.origin, step.failure, config_.group);
  if (!config_.behaviour.dead_letter_without_origin) {
    letter.headers.insert(letter.headers.end(), about.begin(), about.end());
  }
  const auto retry =
      std::ranges::find(config_.program.retry_topics, step.topic, &RetryTopic::topic);
  if (retry != config_.program.retry_topics.end()) letter.due = now + retry->delay;
  return letter;
}

bool ClientApplication::send_letter(Context& context, Step& step) {
  Session& session = *session_;
  if (step.started == kLongAgo) step.started = context.now;
  const PolledRecord& record = step.records.front();
  const std::int32_t partitions = session.producer->partition_count(step.topic);
  const DeadLetter letter = letter_about(step, context.now);
  // KafkaProducer.ensureValidRecordSize: headers count.
  const bool too_large = letter.wire_bytes() > config_.program.max_request_size;
  const bool known = session.producer_ready && partitions > 0;
  const bool late = config_.program.letter_timeout && context.now >= step.started + kMaxBlock;
  if (partitions == 0) session.producer->want_metadata(context.now);
  if (!too_large && !known && !late) return false;
  const RecordToken token = std::exchange(next_letter_, next_letter_.next());
  const Payload content = Payload::of(letter);
  session.last_letter = token;
  session.lettered.insert(record.origin);
  session.letters.emplace(token, Letter{record, step.topic, step.handling, content});
  if (too_large || !known) {
    fail_letter(context, token,
                too_large ? ErrorCode::MessageTooLarge : ErrorCode::RequestTimedOut);
    return true;
  }
  std::int32_t partition =
      static_cast<std::int32_t>(hash_name(letter.key) % static_cast<std::uint64_t>(partitions));
  if (config_.program.same_partition && record.topic_partition.partition.value() < partitions) {
    partition = record.topic_partition.partition.value();
  }
  if (step.handling.policy == BadRecordPolicy::DlqTransactional) {
    begin_transaction();
    session.in_transaction.push_back(record);
  }
  session.producer->send(context, {step.topic, PartitionId{partition}},
                         {.count = 1, .first_token = token, .value = content});
  context.notify(
      Payload::of(ClientDeadLetterSent{config_.group, record.origin, step.topic, token}));
  const bool awaited = step.handling.policy == BadRecordPolicy::DlqSync ||
                       step.handling.policy == BadRecordPolicy::RetryTopics;
  if (!awaited) session.handled[record.topic_partition] = record.offset.next();
  return true;
}

void ClientApplication::end_letter(Context& context, RecordToken token, const TopicPartition& id,
                                   Offset offset, ErrorCode error) {
  const auto found = session_->letters.find(token);
  if (found == session_->letters.end() && config_.program.uses_transactions()) return;  // a result
  check(found != session_->letters.end(), "an outcome is of a letter on its way");
  if (found->second.handling.policy == BadRecordPolicy::DlqTransactional) {
    // Whether it counts is said by the end of its transaction.
    found->second.written =
        error == ErrorCode::None ? std::optional(std::pair(id, offset)) : std::nullopt;
    return;
  }
  if (error != ErrorCode::None) return fail_letter(context, token, error);
  const PolledRecord record = std::move(found->second.record);
  session_->letters.erase(found);
  context.notify(Payload::of(ClientDeadLettered{config_.group, record.origin, id, offset}));
  step_over(record);
}

// Its letter is as safe as the pattern wants it.
void ClientApplication::step_over(const PolledRecord& record) {
  Offset& handled = session_->handled[record.topic_partition];
  handled = std::max(handled, record.offset.next());
}

void ClientApplication::fail_letter(Context& context, RecordToken token, ErrorCode error) {
  const Letter letter = session_->letters.at(token);
  if (config_.behaviour.dead_letter_failure_ignored) {
    session_->letters.erase(token);
    return step_over(letter.record);
  }
  const LetterFailure then = letter.handling.letter_failure;
  context.notify(Payload::of(ClientDeadLetterFailed{
      config_.group, letter.record.origin, letter.topic, error, std::string(name_of(then))}));
  switch (then) {
    case LetterFailure::Fail:
      // What is committed on the way out must not lie behind it: it stays among the letters.
      return throw_out(
          fmt::format("the dead letter to {} failed: {}", letter.topic, name_of(error)));
    case LetterFailure::Drop:
      session_->letters.erase(token);
      return step_over(letter.record);
    case LetterFailure::Spool:
      context.effects.push_back(Append{kSpoolFile, letter.content});
      context.effects.push_back(Sync{kMainLane, kSpoolFile});
      context.effects.push_back(Send{kMainLane, config_.self, kDatagram,
                                     Payload::of(LetterSpooled{letter.record.origin, token})});
      return step_over(letter.record);
  }
}

}  // namespace sim
