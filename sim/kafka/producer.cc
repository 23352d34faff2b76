#include "sim/kafka/producer.h"

#include <algorithm>
#include <utility>

namespace sim {

Producer::Producer(ProducerConfig config)
    : config_(std::move(config)),
      client_({.name = config_.name,
               .self = config_.self,
               .brokers = config_.brokers,
               .topics = config_.topics}),
      next_batch_(config_.start),
      next_token_(config_.first_token) {}

Effects Producer::step(Instant now, Input input, Choices& choices) {
  Effects effects;
  Context context{now, choices, effects, last_serial_};
  client_.handle(context, input);
  while (const auto sent = client_.take_sent()) {
    if (sent->error == ErrorCode::None) acknowledged_ += sent->batch.count;
  }
  if (now < config_.start) return effects;
  ready_ = client_.prepare(context);
  if (!ready_) return effects;
  if (now >= next_batch_ && now < config_.stop) make_batch(context);
  client_.send_due(context);
  return effects;
}

// The next partition in order of name that has nothing under way.
void Producer::make_batch(Context& context) {
  next_batch_ = context.now + config_.interval;
  const auto& leaders = client_.metadata().leaders();
  if (leaders.empty() || client_.partitions_pending() >= config_.max_pending) return;
  auto at = leaders.upper_bound(last_partition_);
  for (std::size_t tried = 0; tried < leaders.size(); ++tried, ++at) {
    if (at == leaders.end()) at = leaders.begin();
    if (client_.has_pending(at->first)) continue;
    last_partition_ = at->first;
    client_.send(context, at->first,
                 {.count = config_.records_per_batch, .first_token = next_token_});
    next_token_ = next_token_.plus(config_.records_per_batch);
    return;
  }
}

std::optional<Instant> Producer::deadline() const {
  Instant due = Instant::never();
  if (const auto client = client_.deadline()) due = std::max(config_.start, *client);
  if (ready_ && next_batch_ < config_.stop) due = std::min(due, next_batch_);
  if (due == Instant::never()) return std::nullopt;
  return due;
}

void Producer::digest_into(Digest& digest) const {
  client_.digest_into(digest);
  sim::digest_into(digest, next_batch_);
  sim::digest_into(digest, next_token_);
  digest.add(static_cast<std::uint64_t>(acknowledged_));
}

}  // namespace sim
