#include "sim/kafka/application/client_application.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kafka/application/client_disk.h"
#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/broker_notice.h"

namespace sim {

ClientApplication::ClientApplication(ClientApplicationConfig config, const Durable& disk)
    : config_(std::move(config)),
      start_at_(config_.waits && config_.life == 1 ? Instant::never() : Instant{}),
      next_letter_(config_.first_letter_token) {
  for (const Payload& entry : disk.at(kStoreFile).entries) {
    const auto& stored = entry.as<StoredOffset>();
    store_[stored.topic_partition] = stored.next;
  }
}

Effects ClientApplication::step(Instant now, Input input, Choices& choices) {
  Effects effects;
  Context context{now, choices, effects, last_serial_};
  if (const auto* received = std::get_if<Received>(&input)) {
    if (received->message.get_if<StartClient>() != nullptr) start_at_ = std::min(start_at_, now);
    hear_own(context, *received);
  }
  if (session_) {
    session_->consumer.handle(context, input);
    if (session_->producer) session_->producer->handle(context, input);
    hear(context);
  } else if (now >= start_at_) {
    begin(context);
  }
  if (session_) advance(context);
  if (!session_) return effects;
  if (session_->initialized) session_->consumer.run(context);
  if (session_->producer) {
    session_->producer_ready = session_->producer->prepare(context);
    if (session_->producer_ready) session_->producer->send_due(context);
    if (session_->producer_ready && !session_->initialized) {
      session_->initialized = true;
      session_->consumer.run(context);
    }
  }
  look_for_work(now);
  return effects;
}

void ClientApplication::begin(Context& context) {
  start_at_ = Instant::never();
  ConsumerClientConfig consumer{.group = config_.group,
                                .self = config_.self,
                                .brokers = config_.brokers,
                                .topics = config_.topics,
                                .max_records = config_.max_poll_records,
                                .reset = config_.reset,
                                .isolation_level = config_.program.isolation_level};
  std::vector<std::string> written;
  if (!config_.program.dead_letter_topic.empty()) {
    written.push_back(config_.program.dead_letter_topic);
  }
  for (const RetryTopic& retry : config_.program.retry_topics) {
    consumer.topics.push_back(retry.topic);
    written.push_back(retry.topic);
  }
  if (!config_.program.output_topic.empty()) written.push_back(config_.program.output_topic);
  if (config_.program.commit == CommitPattern::ExternalStore) consumer.stored_positions = store_;
  const bool transactional = config_.program.uses_transactions();
  session_.emplace(Session{.consumer = ConsumerClient(std::move(consumer)),
                           .next_commit = context.now + config_.program.commit_interval,
                           .initialized = !transactional});
  if (!config_.program.writes_letters() && !transactional) return;
  session_->producer.emplace(ProducerClientConfig{
      .name = config_.name,
      .self = config_.self,
      .brokers = config_.brokers,
      .topics = std::move(written),
      .idempotent = config_.program.idempotent_letters || transactional,
      .transactional_id = transactional ? config_.program.transactional_id : "",
      .transaction_timeout = config_.program.transaction_timeout,
      .delivery_timeout = config_.program.letter_timeout,
      .linger = config_.program.letter_linger});
}

// What its own disk is done with.
void ClientApplication::hear_own(Context& context, const Received& received) {
  if (const auto* stored = received.message.get_if<ResultStored>()) {
    if (session_ && session_->storing == stored->origin) session_->stored = true;
  } else if (const auto* spooled = received.message.get_if<LetterSpooled>()) {
    context.notify(Payload::of(ClientSpooled{config_.group, spooled->origin}));
    if (session_) session_->letters.erase(spooled->letter);
  }
}

void ClientApplication::hear(Context& context) {
  Session& session = *session_;
  for (const ConsumerClient::Positioned& at : session.consumer.take_positioned()) {
    using From = ConsumerClient::Positioned::From;
    const std::string from = at.from == From::Committed ? "committed"
                             : at.from == From::Stored  ? "stored"
                                                        : "reset";
    context.notify(Payload::of(ClientPositionSet{config_.group, at.id, at.offset, from}));
  }
  while (const auto committed = session.consumer.take_committed()) {
    const CommitHow how = session.commits.front();
    session.commits.pop_front();
    if (how == CommitHow::Sync || how == CommitHow::Close) {
      session.sync_result = committed->error;
    } else if (committed->error != ErrorCode::None) {
      context.notify(Payload::of(
          ClientCommitFailed{config_.group, std::string(name_of(how)), committed->error, false}));
      // The next poll() commits, with what the positions are by then.
      if (how == CommitHow::Auto) {
        session.next_commit = std::min(session.next_commit, context.now + kRetryBackoff);
      }
    }
    if (committed->error == ErrorCode::None) note_passed(context, committed->partitions);
  }
  if (!session.producer) return;
  while (session_ && session_->producer) {
    const auto sent = session_->producer->take_sent();
    if (!sent) break;
    end_letter(context, sent->batch.first_token, sent->id, sent->base_offset, sent->error);
  }
}

// The committed offsets have gone past records that could not be used.
void ClientApplication::note_passed(Context& context,
                                    const std::vector<OffsetCommitPartition>& committed) {
  std::erase_if(session_->bad, [&](const RecordOrigin& origin) {
    const bool passed = std::ranges::any_of(committed, [&](const OffsetCommitPartition& part) {
      return part.topic_partition == origin.topic_partition &&
             part.committed_offset > origin.offset;
    });
    if (passed) context.notify(Payload::of(ClientPassedBadRecord{config_.group, origin}));
    return passed;
  });
}

// One step at most. Other threads take turns with the loop.
void ClientApplication::advance(Context& context) {
  Session& session = *session_;
  if (!session.initialized || meet_transaction_error()) return;
  if (!session.handed_over.empty() && context.now >= session.worker_due) {
    const PolledRecord record = std::move(session.handed_over.front());
    session.handed_over.pop_front();
    session.worker_due = context.now + config_.processing;
    return attempt(context, record, 1);
  }
  if (session.steps.empty()) return poll(context);
  // A step may put others in front of it, or end the session.
  Step step = std::move(session.steps.front());
  session.steps.pop_front();
  const bool done = perform(context, step);
  if (!done && session_) session_->steps.push_front(std::move(step));
}

// When the next step is due, or poll() would return something.
void ClientApplication::look_for_work(Instant now) {
  Session& session = *session_;
  session.due = Instant::never();
  if (!session.initialized) return;
  const TransactionManager* const manager = transactions();
  if (manager != nullptr && manager->has_error() && session.ends_because.empty()) {
    session.due = now;
    return;
  }
  if (session.steps.empty()) {
    const bool readable = session.consumer.front(now) != nullptr;
    if (readable || session.consumer.without_offset()) session.due = now;
    const Instant resumes = session.consumer.resumes_at();
    if (resumes > now) session.due = std::min(session.due, resumes);
    if (!committable().empty()) session.due = std::min(session.due, session.next_commit);
    return;
  }
  const Step& next = session.steps.front();
  const bool begun = next.started != kLongAgo;
  switch (next.kind) {
    case StepKind::Process:
      if (session.storing) {
        session.due = session.stored ? now : Instant::never();
      } else {
        session.due = begun ? next.started + config_.processing *
                                                 static_cast<std::int64_t>(next.records.size())
                            : now;
      }
      return;
    case StepKind::Back:
      session.due = begun ? next.started + next.wait : now;
      return;
    case StepKind::Produce:
      if (!begun || session.producer->partition_count(config_.program.output_topic) > 0)
        session.due = now;
      return;
    case StepKind::SendOffsets:
      if (!begun || !manager->offsets_pending()) session.due = now;
      return;
    case StepKind::AwaitTransaction:
      if (manager->state() == TransactionManager::State::Ready || manager->has_error()) {
        session.due = now;
      } else if (!session.ends_because.empty()) {
        session.due = begun ? next.started + kCommitTimeout : now;
      }
      return;
    case StepKind::SendLetter:
      if (!begun || (session.producer_ready && session.producer->partition_count(next.topic) > 0)) {
        session.due = now;
      } else if (config_.program.letter_timeout) {
        session.due = next.started + kMaxBlock;
      }
      return;
    case StepKind::AwaitLetter:
      if (!session.last_letter || !session.letters.contains(*session.last_letter)) {
        session.due = now;
      }
      return;
    case StepKind::Committing:
      if (!letters_hold_back(next.offsets) || next.how == CommitHow::Close) session.due = now;
      return;
    case StepKind::AwaitCommit:
      if (!begun || session.sync_result) {
        session.due = std::max(now, session.commit_again);
      } else {
        session.due = next.started + kCommitTimeout;
      }
      return;
    case StepKind::HandOver:
    case StepKind::LogPayload:
    case StepKind::Skip:
    case StepKind::Letter:
    case StepKind::Seek:
    case StepKind::Commit:
    case StepKind::CommitTransaction:
    case StepKind::AbortTransaction:
    case StepKind::Throw:
    case StepKind::Close:
      session.due = now;
      return;
  }
}

std::optional<Instant> ClientApplication::deadline() const {
  if (!session_) {
    return start_at_ == Instant::never() ? std::nullopt : std::optional(start_at_);
  }
  Instant due = session_->due;
  const auto consumer = session_->consumer.deadline();
  if (consumer && session_->initialized) due = std::min(due, *consumer);
  if (session_->producer) {
    if (const auto producer = session_->producer->deadline()) due = std::min(due, *producer);
  }
  if (!session_->handed_over.empty()) due = std::min(due, session_->worker_due);
  if (due == Instant::never()) return std::nullopt;
  return due;
}

// ── Ends ────────────────────────────────────────────────────────────────────────────────────────

// The exception leaves the loop. With auto-commit close() commits the positions, whatever was
// processed of what lies before them (§3.6); a framework commits what is handled.
void ClientApplication::throw_out(std::string why) {
  Session& session = *session_;
  if (!session.ends_because.empty()) return;  // it is ending
  session.ends_because = std::move(why);
  session.steps.clear();
  session.handed_over.clear();
  session.storing.reset();
  const CommitPattern commit = config_.program.commit;
  const bool commits_on_close = commit == CommitPattern::Auto ||
                                commit == CommitPattern::AutoThreads ||
                                commit == CommitPattern::Interval;
  if (config_.program.closes && commits_on_close) {
    if (auto offsets = committable(); !offsets.empty()) {
      const CommitHow how = CommitHow::Close;
      session.steps.push_back({.kind = StepKind::Committing, .offsets = offsets, .how = how});
      session.steps.push_back({.kind = StepKind::Commit, .offsets = offsets, .how = how});
      session.steps.push_back({.kind = StepKind::AwaitCommit, .offsets = offsets, .how = how});
    }
  }
  const TransactionManager* const manager = transactions();
  if (manager != nullptr && manager->state() == TransactionManager::State::InTransaction &&
      config_.program.closes) {
    session.steps.push_back({.kind = StepKind::AbortTransaction});
    session.steps.push_back({.kind = StepKind::AwaitTransaction});
  }
  session.steps.push_back({.kind = StepKind::Close});
}

void ClientApplication::die(Context& context, std::string why) {
  session_->ends_because = std::move(why);
  end(context);
}

void ClientApplication::end(Context& context) {
  const bool restarts = config_.program.restart_after.has_value();
  context.notify(Payload::of(ClientStopped{config_.group, session_->ends_because, restarts}));
  session_->consumer.close(context);
  if (session_->producer) session_->producer->close(context);
  session_.reset();
  start_at_ = restarts ? context.now + *config_.program.restart_after : Instant::never();
}

const RecordContent* ClientApplication::content_of(const PolledRecord& record) const {
  return config_.payloads ? config_.payloads->find(record.origin.token) : nullptr;
}

void ClientApplication::digest_into(Digest& digest) const {
  sim::digest_into(digest, start_at_);
  sim::digest_into(digest, next_letter_);
  sim::digest_into(digest, store_);
  if (!session_) return;
  session_->consumer.digest_into(digest);
  if (session_->producer) session_->producer->digest_into(digest);
  for (const Step& step : session_->steps) {
    digest.add(static_cast<std::uint64_t>(step.kind));
    sim::digest_into(digest, step.records);
    sim::digest_into(digest, step.offsets);
    sim::digest_into(digest, step.started);
  }
  sim::digest_into(digest, session_->handled);
  sim::digest_into(digest, session_->letters);
  sim::digest_into(digest, session_->bad);
  sim::digest_into(digest, session_->handed_over);
  sim::digest_into(digest, session_->next_commit);
}

}  // namespace sim
