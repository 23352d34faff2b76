// poll(): what it returns, what it throws, what it commits on the way.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kafka/application/client_application.h"
#include "sim/kafka/application/client_disk.h"
#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/broker_notice.h"

namespace sim {

// What a commit that names no offsets would commit: positions with auto-commit, what is handled
// with a framework. Simplified: only what has moved since it was last committed.
std::vector<OffsetCommitPartition> ClientApplication::committable() const {
  std::vector<OffsetCommitPartition> offsets;
  const CommitPattern commit = config_.program.commit;
  if (commit != CommitPattern::Auto && commit != CommitPattern::AutoThreads &&
      commit != CommitPattern::Interval) {
    return offsets;
  }
  for (const auto& [id, position] : session_->consumer.positions()) {
    Offset next = position.next;
    if (commit == CommitPattern::Interval) {
      const auto handled = session_->handled.find(id);
      next = handled == session_->handled.end() ? Offset{-1} : handled->second;
    }
    if (next.value() < 0 || next <= position.committed) continue;
    offsets.push_back({.topic_partition = id,
                       .committed_offset = next,
                       .committed_leader_epoch = position.last_epoch});
  }
  return offsets;
}

// ConsumerCoordinator.maybeAutoCommitOffsetsAsync; WorkerSinkTask between two polls.
bool ClientApplication::commits_in_poll(Context& context) {
  Session& session = *session_;
  auto offsets = committable();
  if (offsets.empty() || context.now < session.next_commit) return false;
  session.next_commit = context.now + config_.program.commit_interval;
  const CommitHow how =
      config_.program.commit == CommitPattern::Interval ? CommitHow::Async : CommitHow::Auto;
  session.steps.push_back({.kind = StepKind::Committing, .offsets = offsets, .how = how});
  session.steps.push_back({.kind = StepKind::Commit, .offsets = std::move(offsets), .how = how});
  return true;
}

void ClientApplication::poll(Context& context) {
  if (commits_in_poll(context)) return;
  if (const auto& id = session_->consumer.without_offset()) {
    return throw_out(fmt::format("NoOffsetForPartitionException: {} has no offset to begin at",
                                 describe_partition(*id)));
  }
  std::optional<PolledRecord> unreadable;
  const std::vector<PolledRecord> polled = gather(context, unreadable);
  if (unreadable) {
    // The position stays before it until somebody steps over it.
    const auto offsets = offsets_behind({*unreadable});
    if (!config_.behaviour.position_not_advanced) {
      session_->steps = commit_steps(config_.program, offsets);
      session_->steps.push_front({.kind = StepKind::Seek, .offsets = offsets});
    }
    const RecordContent& content = *content_of(*unreadable);
    return meet_bad(context, *unreadable, 1, config_.program.undeserialisable, content.poison);
  }
  if (polled.empty()) return;
  session_->steps = steps_of(config_.program, polled);
  if (!config_.behaviour.commit_before_processing) return;
  Steps commits_first;
  for (const bool processes : {false, true}) {
    for (const Step& step : session_->steps) {
      if ((step.kind == StepKind::Process) == processes) commits_first.push_back(step);
    }
  }
  session_->steps = std::move(commits_first);
}

// CompletedFetch.fetchRecords: what stands before a record that cannot be deserialised is returned
// first.
std::vector<PolledRecord> ClientApplication::gather(Context& context,
                                                    std::optional<PolledRecord>& unreadable) {
  std::vector<PolledRecord> polled;
  ConsumerClient& consumer = session_->consumer;
  while (const ConsumerClient::Fetched* next = consumer.front(context.now)) {
    const auto room = config_.max_poll_records - static_cast<std::int32_t>(polled.size());
    if (room <= 0) break;
    const LogBatch& batch = next->batch;
    std::int32_t count = std::min(batch.count, room);
    const auto* letter = batch.value.get_if<DeadLetter>();
    const auto record_at = [&](std::int32_t i) {
      PolledRecord record{.topic_partition = next->id,
                          .offset = batch.base_offset.plus(i),
                          .leader_epoch = batch.leader_epoch,
                          .token = batch.first_token.plus(i)};
      record.origin = letter != nullptr ? letter->origin
                                        : RecordOrigin{next->id, record.offset, record.leader_epoch,
                                                       record.token};
      record.attempts = letter != nullptr ? letter->attempts : 0;
      return record;
    };
    if (letter != nullptr && letter->due > context.now) {
      consumer.pause(next->id, letter->due);
      continue;
    }
    if (letter == nullptr && config_.payloads) {
      const std::int32_t plain = config_.payloads->plain_before(batch.first_token, count);
      const RecordContent* content =
          plain < count ? config_.payloads->find(batch.first_token.plus(plain)) : nullptr;
      if (content != nullptr && content->undeserialisable() &&
          config_.program.deserialises_in_poll) {
        if (plain == 0 && polled.empty()) unreadable = record_at(0);
        if (plain == 0) break;
        count = plain;
      }
    }
    for (std::int32_t i = 0; i < count; ++i) polled.push_back(record_at(i));
    const auto [id, taken, leader, next_offset] = consumer.take(context.now, count);
    context.notify(Payload::of(ClientConsumed{config_.group, id, taken.base_offset, taken.count,
                                              taken.first_token, leader}));
  }
  return polled;
}

}  // namespace sim
