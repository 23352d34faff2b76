// What the application does at each of its steps.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kafka/application/client_application.h"
#include "sim/kafka/application/client_disk.h"
#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/broker_notice.h"

namespace sim {
namespace {

// What trying a commit again cannot mend (OffsetCommitResponseHandler).
bool is_final_for_commit(ErrorCode error) {
  using enum ErrorCode;
  return error == OffsetMetadataTooLarge || error == InvalidCommitOffsetSize ||
         error == UnknownMemberId || error == IllegalGeneration || error == FencedInstanceId ||
         error == GroupAuthorizationFailed || error == TopicAuthorizationFailed;
}

}  // namespace

// ── Processing ──────────────────────────────────────────────────────────────────────────────────

bool ClientApplication::process(Context& context, Step& step) {
  if (session_->storing) {
    if (!session_->stored) return false;
    session_->storing.reset();
    session_->stored = false;
    execute(context, step.records.front(), step.attempt);
    return true;
  }
  if (step.started == kLongAgo) {
    step.started = context.now;
    return false;
  }
  const Duration takes = config_.processing * static_cast<std::int64_t>(step.records.size());
  if (context.now < step.started + takes) return false;
  if (step.records.size() > 1) return split(context, step);
  const PolledRecord& record = step.records.front();
  const RecordContent* content = content_of(record);
  const bool good = content == nullptr || content->poison == Poison::None;
  if (good && config_.program.commit == CommitPattern::ExternalStore) {
    if (config_.behaviour.stored_offset_apart) {
      execute(context, record, step.attempt);
      constexpr std::int64_t kApart = 5;  // offsets are stored every so many results
      if (++results_ % kApart != 0) return true;
      store_[record.topic_partition] = record.offset.next();
      context.effects.push_back(Append{
          kStoreFile, Payload::of(StoredOffset{record.topic_partition, record.offset.next()})});
      context.effects.push_back(Sync{kMainLane, kStoreFile});
      return true;
    }
    session_->storing = record.origin;
    store_[record.topic_partition] = record.offset.next();
    context.effects.push_back(Append{
        kStoreFile, Payload::of(StoredOffset{record.topic_partition, record.offset.next()})});
    context.effects.push_back(Sync{kMainLane, kStoreFile});
    context.effects.push_back(
        Send{kMainLane, config_.self, kDatagram, Payload::of(ResultStored{record.origin})});
    return false;
  }
  attempt(context, record, step.attempt);
  return true;
}

// A batch listener's batch succeeds as a whole or fails as a whole; what fails is tried in halves.
bool ClientApplication::split(Context& context, Step& step) {
  const bool good = std::ranges::all_of(step.records, [&](const PolledRecord& record) {
    const RecordContent* content = content_of(record);
    return content == nullptr || content->poison == Poison::None;
  });
  if (good) {
    for (const PolledRecord& record : step.records) execute(context, record, step.attempt);
    return true;
  }
  const auto middle = step.records.begin() + static_cast<std::ptrdiff_t>(step.records.size() / 2);
  session_->steps.push_front(
      {.kind = StepKind::Process, .records = std::vector(middle, step.records.end())});
  session_->steps.push_front(
      {.kind = StepKind::Process, .records = std::vector(step.records.begin(), middle)});
  return true;
}

void ClientApplication::attempt(Context& context, const PolledRecord& record,
                                std::int32_t attempt) {
  const RecordContent* content = content_of(record);
  const Poison poison = content == nullptr ? Poison::None : content->poison;
  switch (poison) {
    case Poison::None:
      return execute(context, record, attempt);
    case Poison::Key:
    case Poison::Value:
      return meet_bad(context, record, attempt, config_.program.undeserialisable, poison);
    case Poison::Processing:
      if (content->succeeds_at > 0 && record.attempts + attempt >= content->succeeds_at) {
        return execute(context, record, attempt);
      }
      return meet_bad(context, record, attempt, config_.program.failed, poison);
    case Poison::Killer:
      context.notify(Payload::of(ClientRecordFailed{
          .group = config_.group,
          .origin = record.origin,
          .stage = "PROCESSING",
          .exception = "java.lang.OutOfMemoryError",
          .message = fmt::format("the record of {} at offset {} kills the process",
                                 describe_partition(record.topic_partition), record.offset.value()),
          .attempt = attempt}));
      return die(context, "the process was killed by a record");
  }
}

void ClientApplication::execute(Context& context, const PolledRecord& record,
                                std::int32_t attempt) {
  context.notify(
      Payload::of(ClientProcessed{config_.group, record.origin, record.attempts + attempt}));
  session_->handled[record.topic_partition] = record.offset.next();
  if (config_.program.commit == CommitPattern::Transaction)
    session_->steps.push_front({.kind = StepKind::Produce, .records = {record}});
}

// ── Steps ───────────────────────────────────────────────────────────────────────────────────────

bool ClientApplication::perform(Context& context, Step& step) {
  Session& session = *session_;
  switch (step.kind) {
    case StepKind::Process:
      return process(context, step);
    case StepKind::HandOver:
      if (session.handed_over.empty()) session.worker_due = context.now + config_.processing;
      for (PolledRecord& record : step.records) session.handed_over.push_back(std::move(record));
      return true;
    case StepKind::Back:
      if (step.started == kLongAgo) step.started = context.now;
      return context.now >= step.started + step.wait;
    case StepKind::LogPayload: {
      const PolledRecord& record = step.records.front();
      const RecordContent& content = *content_of(record);
      context.notify(
          Payload::of(ClientPayloadLogged{config_.group, record.origin, text_of(content.key),
                                          hex_of(content.value), text_of(content.value)}));
      return true;
    }
    case StepKind::Skip: {
      const PolledRecord& record = step.records.front();
      context.notify(Payload::of(ClientSkipped{config_.group, record.origin}));
      session.handled[record.topic_partition] = record.offset.next();
      return true;
    }
    case StepKind::Letter:
      context.notify(
          Payload::of(ClientDeadLettering{config_.group, step.records.front().origin, step.topic,
                                          letter_about(step, context.now).headers}));
      return true;
    case StepKind::SendLetter:
      return send_letter(context, step);
    case StepKind::AwaitLetter:
      return !session.last_letter || !session.letters.contains(*session.last_letter);
    case StepKind::Seek: {
      const OffsetCommitPartition& behind = step.offsets.front();
      session.consumer.seek(behind.topic_partition, behind.committed_offset);
      session.handled[behind.topic_partition] = behind.committed_offset;
      return true;
    }
    case StepKind::Committing:
      if (letters_hold_back(step.offsets)) {
        if (step.how != CommitHow::Close) return false;
        // Nothing is committed on the way out that is not safe.
        std::erase_if(session.steps, [](const Step& next) { return next.how == CommitHow::Close; });
        return true;
      }
      context.notify(Payload::of(
          ClientCommitting{config_.group, std::string(name_of(step.how)), step.offsets}));
      return true;
    case StepKind::Commit:
      ask_for_commit(step);
      return true;
    case StepKind::AwaitCommit:
      return await_commit(context, step);
    case StepKind::Produce:
      return produce(context, step);
    case StepKind::SendOffsets:
      return send_offsets(step);
    case StepKind::CommitTransaction:
      begin_transaction();
      transactions()->commit();
      return true;
    case StepKind::AbortTransaction:
      if (transactions()->state() != TransactionManager::State::FatalError) transactions()->abort();
      return true;
    case StepKind::AwaitTransaction:
      return await_transaction(context, step);
    case StepKind::Throw:
      throw_out(fmt::format("{}: {}", step.failure.exception, step.failure.message));
      return true;
    case StepKind::Close:
      end(context);
      return true;
  }
  unreachable("each step is performed");
}

void ClientApplication::ask_for_commit(const Step& step) {
  std::vector<OffsetCommitPartition> offsets = step.offsets;
  for (OffsetCommitPartition& part : offsets) {
    const bool back = config_.program.off_by_one && part.committed_offset.value() > 0;
    if (back) part.committed_offset = part.committed_offset.plus(-1);
    if (config_.behaviour.commit_one_too_far) part.committed_offset = part.committed_offset.next();
  }
  session_->commits.push_back(step.how);
  session_->sync_result.reset();
  session_->consumer.commit(std::move(offsets));
}

// commitSync: what may succeed is tried again for default.api.timeout.ms; on close() failures are
// swallowed.
bool ClientApplication::await_commit(Context& context, Step& step) {
  Session& session = *session_;
  const bool closes = step.how == CommitHow::Close;
  if (step.started == kLongAgo) step.started = context.now;
  const bool late = context.now >= step.started + kCommitTimeout;
  if (!session.sync_result) {
    if (!late) return false;
    if (!closes) throw_out("TimeoutException: the commit was not answered in time");
    return true;
  }
  const ErrorCode error = *session.sync_result;
  if (error == ErrorCode::None) return true;
  const bool again = !late && !is_final_for_commit(error);
  if (context.now < session.commit_again) return false;
  if (session.commit_again == kLongAgo) {
    context.notify(Payload::of(
        ClientCommitFailed{config_.group, std::string(name_of(step.how)), error, again}));
    if (!again) {
      if (!closes) throw_out(fmt::format("CommitFailedException: {}", name_of(error)));
      return true;
    }
    session.commit_again = context.now + kRetryBackoff;
    return false;
  }
  session.commit_again = kLongAgo;
  ask_for_commit(step);
  return false;
}

// A letter that the commit has to wait for: its acknowledgement is awaited by pattern, and what it
// is about would be behind the committed offset.
bool ClientApplication::letters_hold_back(const std::vector<OffsetCommitPartition>& offsets) const {
  if (config_.behaviour.dead_letter_not_awaited) return false;
  return std::ranges::any_of(session_->letters, [&](const auto& entry) {
    const Letter& letter = entry.second;
    if (letter.handling.policy != BadRecordPolicy::DlqAwaited) return false;
    return std::ranges::any_of(offsets, [&](const OffsetCommitPartition& part) {
      return part.topic_partition == letter.record.topic_partition &&
             part.committed_offset > letter.record.offset;
    });
  });
}

}  // namespace sim
