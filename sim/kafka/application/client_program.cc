#include "sim/kafka/application/client_program.h"

#include <algorithm>
#include <array>

namespace sim {
namespace {

using namespace literals;

constexpr std::array kCommitPatterns{
    NamedCommitPattern{"sync_batch", CommitPattern::SyncBatch,
                       "process the batch, then commitSync: at least once"},
    NamedCommitPattern{"sync_each", CommitPattern::SyncEach,
                       "process one record, then commitSync: at least once, one duplicate at most"},
    NamedCommitPattern{"sync_before", CommitPattern::SyncBefore,
                       "commitSync, then process the batch: at most once"},
    NamedCommitPattern{"async", CommitPattern::Async,
                       "process the batch, then commitAsync, never retried: at least once"},
    NamedCommitPattern{"auto", CommitPattern::Auto,
                       "enable.auto.commit, processed in the poll loop: at least once, unless an "
                       "exception runs close()"},
    NamedCommitPattern{"auto_threads", CommitPattern::AutoThreads,
                       "enable.auto.commit, handed to other threads: neither"},
    NamedCommitPattern{"external_store", CommitPattern::ExternalStore,
                       "result and offset in one transaction outside, seek on assignment: exactly "
                       "one effect"},
    NamedCommitPattern{"transaction", CommitPattern::Transaction,
                       "consume, process, produce: outputs and offsets in one transaction: exactly "
                       "once inside of Kafka"},
    NamedCommitPattern{"interval", CommitPattern::Interval,
                       "what is handled, asynchronously, every commit interval and on close: at "
                       "least once"}};

constexpr std::array kBadRecordPolicies{
    NamedBadRecordPolicy{"fail_stop", BadRecordPolicy::FailStop, "throw: nothing lost, all stands"},
    NamedBadRecordPolicy{"skip", BadRecordPolicy::Skip, "counted, and lost"},
    NamedBadRecordPolicy{"log_and_skip", BadRecordPolicy::LogAndSkip,
                         "lost unless the log is kept"},
    NamedBadRecordPolicy{"blocking_retry", BadRecordPolicy::BlockingRetry,
                         "back off and try again, in order; then what `exhausted` says"},
    NamedBadRecordPolicy{"dlq_sync", BadRecordPolicy::DlqSync,
                         "at least once into the queue: its acknowledgement comes first"},
    NamedBadRecordPolicy{"dlq_awaited", BadRecordPolicy::DlqAwaited,
                         "at least once into the queue: the commit waits for it"},
    NamedBadRecordPolicy{"dlq_independent", BadRecordPolicy::DlqIndependent,
                         "at most once into the queue: the commit does not wait"},
    NamedBadRecordPolicy{
        "dlq_transactional", BadRecordPolicy::DlqTransactional,
        "exactly once into the queue, for who reads committed data: the letter and "
        "the offset in one transaction"},
    NamedBadRecordPolicy{"retry_topics", BadRecordPolicy::RetryTopics,
                         "at least once, not in order: topics with a delay, then the queue"},
    NamedBadRecordPolicy{"split", BadRecordPolicy::Split,
                         "the batch in halves until the record stands alone; then what "
                         "`exhausted` says"}};

constexpr BadRecordHandling kFailStop{};

// errors.tolerance=all with a dead letter queue (brokers.md §4.4). What a converter cannot read is
// reported and forgotten; what put() reports is awaited by the commit. The producer of letters is
// not idempotent and blocks rather than drops.
ClientProgram connect(BadRecordHandling converter, BadRecordHandling put, HeaderStyle headers) {
  return {.commit = CommitPattern::Interval,
          .undeserialisable = converter,
          .failed = put,
          .deserialises_in_poll = false,
          .headers = headers,
          .idempotent_letters = false,
          .letter_timeout = std::nullopt,
          .commit_interval = 60_s,
          .restart_after = std::nullopt};
}

ClientProgram streams(BadRecordPolicy policy) {
  return {.commit = CommitPattern::Interval,
          .undeserialisable = {policy},
          .failed = {policy},
          .deserialises_in_poll = false,
          .logs_payload = policy == BadRecordPolicy::LogAndSkip,
          .commit_interval = 30_s,
          .restart_after = std::nullopt};
}

std::vector<NamedFramework> all_frameworks() {
  using enum BadRecordPolicy;
  const ClientProgram connect_all = connect({DlqIndependent, LetterFailure::Drop},
                                            {DlqAwaited, LetterFailure::Fail}, HeaderStyle::None);
  ClientProgram with_headers = connect_all;
  with_headers.headers = HeaderStyle::Connect;
  ClientProgram retries = with_headers;
  retries.failed = {BlockingRetry};
  retries.exhausted = {DlqAwaited};
  retries.attempts = 5;
  retries.backoff = {.first = 300_ms, .doubles = true};
  ClientProgram replaces_thread = streams(FailStop);
  replaces_thread.restart_after = 0_s;
  return {
      {"connect_none", connect(kFailStop, kFailStop, HeaderStyle::None),
       "sink task, errors.tolerance=none: the task fails"},
      {"connect_all", connect_all,
       "sink task, errors.tolerance=all, dead letter queue without headers"},
      {"connect_all_headers", with_headers,
       "the same with errors.deadletterqueue.context.headers.enable=true"},
      {"connect_all_retry", retries,
       "the same with errors.retry.timeout: put() is tried again, 300 ms times 2^(n-1)"},
      {"streams_log_and_continue", streams(LogAndSkip), "LogAndContinue handlers"},
      {"streams_log_and_fail", streams(FailStop),
       "LogAndFail handlers, and SHUTDOWN_CLIENT of the uncaught exception"},
      {"streams_replace_thread", replaces_thread,
       "LogAndFail handlers with REPLACE_THREAD: the new thread reads the same record"},
      {"spring_default",
       {.commit = CommitPattern::SyncBatch,
        .undeserialisable = {LogAndSkip},
        .failed = {BlockingRetry},
        .exhausted = {LogAndSkip},
        .deserialises_in_poll = false,
        .attempts = 10,
        .logs_payload = true},
       "DefaultErrorHandler: ten deliveries without a pause, then logged and skipped"},
      {"spring_dead_letter",
       {.commit = CommitPattern::SyncBatch,
        .undeserialisable = {DlqSync},
        .failed = {BlockingRetry},
        .exhausted = {DlqSync},
        .deserialises_in_poll = false,
        .attempts = 10,
        .headers = HeaderStyle::Spring,
        .same_partition = true},
       "DefaultErrorHandler with DeadLetterPublishingRecoverer and ErrorHandlingDeserializer"},
  };
}

template <class Names, class Enum>
std::string_view find_name(const Names& names, Enum Names::value_type::* member, Enum value) {
  const auto found = std::ranges::find(names, value, member);
  check(found != names.end(), "each pattern and policy has a name");
  return found->name;
}

}  // namespace

Duration Backoff::nth(std::int32_t n) const {
  Duration wait = first;
  for (std::int32_t i = 1; doubles && i < n && wait < most; ++i) wait = wait * 2;
  return std::min(wait, most);
}

bool ClientProgram::uses(BadRecordPolicy policy) const {
  const auto has = [&](const BadRecordHandling& handling) { return handling.policy == policy; };
  const auto ends = [&](const BadRecordHandling& handling) {
    return handling.policy == BadRecordPolicy::BlockingRetry ||
           handling.policy == BadRecordPolicy::Split;
  };
  return has(undeserialisable) || has(failed) ||
         ((ends(undeserialisable) || ends(failed)) && has(exhausted));
}

bool ClientProgram::may_throw() const {
  const auto fails = [](const BadRecordHandling& handling) {
    return handling.letter_failure == LetterFailure::Fail;
  };
  return uses(BadRecordPolicy::FailStop) ||
         (writes_letters() && (fails(undeserialisable) || fails(failed) || fails(exhausted)));
}

bool ClientProgram::writes_letters() const {
  using enum BadRecordPolicy;
  return uses(DlqSync) || uses(DlqAwaited) || uses(DlqIndependent) || uses(RetryTopics) ||
         uses(DlqTransactional);
}

bool ClientProgram::uses_transactions() const {
  return commit == CommitPattern::Transaction || uses(BadRecordPolicy::DlqTransactional);
}

std::string_view name_of(Promise promise) {
  switch (promise) {
    case Promise::AtLeastOnce:
      return "at least once";
    case Promise::AtMostOnce:
      return "at most once";
    case Promise::Neither:
      return "neither";
    case Promise::ExactlyOnce:
      return "exactly one effect";
  }
  unreachable("there are four promises");
}

// Auto-commit promises at-least-once as long as nothing escapes the loop; an exception that runs
// close() commits positions behind records that were not processed (§3.6).
Promise promise_of(const ClientProgram& program) {
  switch (program.commit) {
    case CommitPattern::SyncBefore:
      return Promise::AtMostOnce;
    case CommitPattern::AutoThreads:
      return Promise::Neither;
    case CommitPattern::ExternalStore:
    case CommitPattern::Transaction:
      return Promise::ExactlyOnce;
    case CommitPattern::Auto:
      return program.closes && program.may_throw() ? Promise::Neither : Promise::AtLeastOnce;
    case CommitPattern::SyncBatch:
    case CommitPattern::SyncEach:
    case CommitPattern::Async:
    case CommitPattern::Interval:
      return Promise::AtLeastOnce;
  }
  unreachable("each pattern promises something");
}

std::span<const NamedCommitPattern> commit_patterns() {
  return kCommitPatterns;
}
std::span<const NamedBadRecordPolicy> bad_record_policies() {
  return kBadRecordPolicies;
}
std::span<const NamedFramework> frameworks() {
  static const std::vector<NamedFramework> all = all_frameworks();
  return all;
}

std::string_view name_of(CommitPattern pattern) {
  return find_name(kCommitPatterns, &NamedCommitPattern::pattern, pattern);
}
std::string_view name_of(BadRecordPolicy policy) {
  return find_name(kBadRecordPolicies, &NamedBadRecordPolicy::policy, policy);
}
std::string_view name_of(LetterFailure failure) {
  switch (failure) {
    case LetterFailure::Fail:
      return "fail";
    case LetterFailure::Drop:
      return "drop";
    case LetterFailure::Spool:
      return "spool";
  }
  unreachable("there are three ways to take a failure");
}

}  // namespace sim
