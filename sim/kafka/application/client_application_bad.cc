// Records that cannot be used: what went wrong, and what is done about it (brokers.md §4.1, §4.2).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kafka/application/client_application.h"
#include "sim/kafka/application/client_disk.h"
#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/broker_notice.h"

namespace sim {
namespace {

Failure failure_of(const RecordContent& content, const PolledRecord& record,
                   const ClientProgram& program) {
  const std::string where = fmt::format(
      "{} at offset {}", describe_partition(record.topic_partition), record.offset.value());
  if (!content.undeserialisable()) {
    const bool connect = program.headers == HeaderStyle::Connect;
    return {.stage = connect ? "TASK_PUT" : "PROCESSING",
            .exception = "java.lang.IllegalStateException",
            .message = fmt::format("the record of {} cannot be processed", where)};
  }
  const std::string part = content.poison == Poison::Key ? "KEY" : "VALUE";
  return {.stage = program.deserialises_in_poll ? part : part + "_CONVERTER",
          .exception = program.deserialises_in_poll
                           ? "org.apache.kafka.common.errors.RecordDeserializationException"
                           : "org.apache.kafka.common.errors.SerializationException",
          .message = fmt::format("the {} of {} cannot be deserialised",
                                 content.poison == Poison::Key ? "key" : "value", where)};
}

}  // namespace

void ClientApplication::meet_bad(Context& context, const PolledRecord& record, std::int32_t attempt,
                                 BadRecordHandling handling, Poison poison) {
  Session& session = *session_;
  if (config_.behaviour.exception_swallowed) {
    session.handled[record.topic_partition] = record.offset.next();
    return;
  }
  const RecordContent& content = *content_of(record);
  check(content.poison == poison, "what is met is what stands there");
  const Failure failure = failure_of(content, record, config_.program);
  context.notify(Payload::of(ClientRecordFailed{.group = config_.group,
                                                .origin = record.origin,
                                                .stage = failure.stage,
                                                .exception = failure.exception,
                                                .message = failure.message,
                                                .attempt = record.attempts + attempt}));
  session.bad.insert(record.origin);
  Steps next = steps_for_bad(record, attempt, handling, failure);
  for (auto step = next.rbegin(); step != next.rend(); ++step) {
    session.steps.push_front(std::move(*step));
  }
}

Steps ClientApplication::steps_for_bad(const PolledRecord& record, std::int32_t attempt,
                                       BadRecordHandling handling, const Failure& failure) const {
  const ClientProgram& program = config_.program;
  Steps steps;
  const auto add = [&](StepKind kind) -> Step& {
    return steps.emplace_back(Step{.kind = kind,
                                   .records = {record},
                                   .attempt = attempt,
                                   .handling = handling,
                                   .failure = failure});
  };
  const auto log_payload = [&] {
    if (!config_.behaviour.payload_not_logged) add(StepKind::LogPayload);
  };
  using enum BadRecordPolicy;
  const bool last = handling.policy != BlockingRetry || attempt >= program.attempts;
  if (!last) {
    add(StepKind::Back).wait = program.backoff.nth(attempt);
    add(StepKind::Process).attempt = attempt + 1;
    return steps;
  }
  if (handling.policy == BlockingRetry || handling.policy == Split) {
    return steps_for_bad(record, attempt, program.exhausted, failure);
  }
  if (program.logs_payload || handling.policy == LogAndSkip) log_payload();
  switch (handling.policy) {
    case FailStop:
      add(StepKind::Throw);
      return steps;
    case Skip:
    case LogAndSkip:
      add(StepKind::Skip);
      return steps;
    case DlqSync:
    case DlqAwaited:
    case DlqIndependent:
    case DlqTransactional:
    case RetryTopics: {
      if (config_.behaviour.dead_letter_not_sent) return steps;
      if (config_.behaviour.position_not_advanced && session_->lettered.contains(record.origin)) {
        add(StepKind::Back).wait = kRetryBackoff;
        return steps;
      }
      const auto nth = static_cast<std::size_t>(record.attempts);
      const bool again = handling.policy == RetryTopics && nth < program.retry_topics.size();
      const std::string& topic =
          again ? program.retry_topics[nth].topic : program.dead_letter_topic;
      add(StepKind::Letter).topic = topic;
      add(StepKind::SendLetter).topic = topic;
      const bool waits = handling.policy == DlqSync || handling.policy == RetryTopics;
      if (waits && !config_.behaviour.dead_letter_not_awaited) add(StepKind::AwaitLetter);
      if (handling.policy == DlqTransactional && program.commit != CommitPattern::Transaction) {
        for (Step& step : transaction_steps(offsets_behind({record}))) {
          steps.push_back(std::move(step));
          steps.back().records = {record};
        }
      }
      return steps;
    }
    case BlockingRetry:
    case Split:
      break;
  }
  unreachable("what is exhausted is not tried again");
}

}  // namespace sim
