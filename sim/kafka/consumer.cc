#include "sim/kafka/consumer.h"

#include <algorithm>
#include <utility>

#include "sim/kafka/broker_notice.h"

namespace sim {

Consumer::Consumer(ConsumerConfig config)
    : config_(std::move(config)),
      client_({.group = config_.group,
               .self = config_.self,
               .brokers = config_.brokers,
               .topics = config_.topics,
               .fetch_max_wait = config_.fetch_max_wait,
               .max_records = config_.max_records}),
      next_commit_(config_.start + config_.commit_interval) {}

Offset Consumer::position(const TopicPartition& id) const {
  const auto found = client_.positions().find(id);
  return found == client_.positions().end() ? Offset{-1} : found->second.next;
}

Effects Consumer::step(Instant now, Input input, Choices& choices) {
  Effects effects;
  Context context{now, choices, effects, last_serial_};
  client_.handle(context, input);
  client_.take_positioned();
  hear_of_commits(now);
  consume(context);
  if (now < config_.start) return effects;
  commit_if_due(now);
  client_.run(context);
  return effects;
}

void Consumer::consume(Context& context) {
  while (const ConsumerClient::Fetched* next = client_.front(context.now)) {
    const auto [id, batch, leader, next_offset] = client_.take(context.now, next->batch.count);
    consumed_ += batch.count;
    context.notify(Payload::of(ClientConsumed{config_.group, id, batch.base_offset, batch.count,
                                              batch.first_token, leader}));
  }
}

void Consumer::hear_of_commits(Instant now) {
  while (const auto committed = client_.take_committed()) {
    if (committed->error == ErrorCode::None) {
      commits_ += static_cast<std::int64_t>(committed->partitions.size());
    } else if (committed->error != ErrorCode::NetworkException) {
      next_commit_ = now;
    }
  }
}

void Consumer::commit_if_due(Instant now) {
  const auto from = client_.commits_from();
  if (!from || client_.commits_open() > 0 || now < std::max(*from, next_commit_)) return;
  next_commit_ = now + config_.commit_interval;
  std::vector<OffsetCommitPartition> due;
  for (const auto& [id, position] : client_.positions()) {
    if (position.next <= position.committed) continue;
    due.push_back({.topic_partition = id,
                   .committed_offset = position.next,
                   .committed_leader_epoch = position.last_epoch});
  }
  if (!due.empty()) client_.commit(std::move(due));
}

std::optional<Instant> Consumer::deadline() const {
  Instant due = Instant::never();
  if (const auto client = client_.deadline()) due = std::max(config_.start, *client);
  const auto from = client_.commits_from();
  if (from && client_.commits_open() == 0) due = std::min(due, std::max(*from, next_commit_));
  if (due == Instant::never()) return std::nullopt;
  return due;
}

void Consumer::digest_into(Digest& digest) const {
  client_.digest_into(digest);
  sim::digest_into(digest, next_commit_);
  digest.add(static_cast<std::uint64_t>(consumed_));
}

}  // namespace sim
