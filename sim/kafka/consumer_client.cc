#include "sim/kafka/consumer_client.h"

#include <algorithm>
#include <utility>

#include "sim/kafka/broker_notice.h"

namespace sim {

ConsumerClient::ConsumerClient(ConsumerClientConfig config)
    : config_(std::move(config)),
      network_({.self = config_.self}),
      metadata_(config_.brokers, config_.topics, hash_name(config_.group)) {}

void ConsumerClient::handle(Context& context, const Input& input) {
  for (const CorrelationId lost : network_.handle(context, input)) on_lost(context, lost);
  const auto* received = std::get_if<Received>(&input);
  if (received == nullptr) return;
  if (metadata_.handle(context, network_, *received)) {
    on_metadata(context);
  } else if (const auto* fetched = network_.answer<FetchResponse>(*received)) {
    for (auto& [leader, fetcher] : fetchers_) {
      if (fetcher.in_flight != fetched->correlation) continue;
      fetcher.in_flight.reset();
      on_fetched(context, leader, fetched->body);
      break;
    }
  } else if (const auto* found = network_.answer<FindCoordinatorResponse>(*received)) {
    coordinating_.reset();
    if (found->body.error_code == ErrorCode::None) {
      coordinator_ = found->body.node_id;
    } else {
      coordinate_not_before_ = context.now + kRetryBackoff;
      fail_commit(found->body.error_code);
    }
  } else if (const auto* offsets = network_.answer<OffsetFetchResponse>(*received)) {
    coordinating_.reset();
    on_offsets(context, offsets->body);
  } else if (const auto* listed = network_.answer<ListOffsetsResponse>(*received)) {
    listing_.reset();
    on_listed(context, listed->body);
  } else if (const auto* committed = network_.answer<OffsetCommitResponse>(*received)) {
    coordinating_.reset();
    on_committed(context, committed->body);
  }
}

void ConsumerClient::run(Context& context) {
  metadata_.run(context, network_);
  run_coordinator(context);
  run_resets(context);
  run_fetches(context);
}

// ── Coordinator ─────────────────────────────────────────────────────────────────────────────────

void ConsumerClient::run_coordinator(Context& context) {
  const bool asks_for_positions = !config_.stored_positions;
  if (coordinating_ || positions_.empty() || context.now < coordinate_not_before_) return;
  if (!asks_for_positions && commits_.empty()) return;
  if (!coordinator_) {
    coordinating_ = network_.send(context, metadata_.any_broker(context),
                                  FindCoordinatorRequest{config_.group});
    return;
  }
  const auto node = metadata_.node(*coordinator_);
  if (!node) return lose_coordinator(context.now);
  if (!without_position_.empty()) {
    coordinating_ = network_.send(
        context, *node,
        OffsetFetchRequest{
            .group_id = config_.group,
            .partitions = std::vector(without_position_.begin(), without_position_.end())});
    return;
  }
  if (commits_.empty()) return;
  commits_.front().sent = true;
  coordinating_ = network_.send(
      context, *node,
      OffsetCommitRequest{.group_id = config_.group, .partitions = commits_.front().partitions});
}

void ConsumerClient::lose_coordinator(Instant now) {
  coordinator_.reset();
  coordinate_not_before_ = now + kRetryBackoff;
}

void ConsumerClient::begin_at(Context& context, const TopicPartition& id, Offset offset,
                              Positioned::From from) {
  Position& position = positions_.at(id);
  position.next = offset;
  position.resets = false;
  positioned_.push_back({id, offset, from});
  touch(id, position);
  if (position.leader.id.value() < 0) metadata_.expire(context.now);
}

void ConsumerClient::on_offsets(Context& context, const OffsetFetchResponse& response) {
  if (response.error_code != ErrorCode::None) return lose_coordinator(context.now);
  for (const OffsetFetchPartition& part : response.partitions) {
    const TopicPartition& id = part.topic_partition;
    if (part.error_code != ErrorCode::None) {
      coordinate_not_before_ = context.now + kRetryBackoff;
      continue;
    }
    without_position_.erase(id);
    positions_.at(id).committed = part.committed_offset;
    if (part.committed_offset.value() >= 0) {
      begin_at(context, id, part.committed_offset, Positioned::From::Committed);
    } else if (config_.reset == OffsetReset::Beginning) {
      begin_at(context, id, Offset{0}, Positioned::From::Reset);
    } else {
      reset(id, positions_.at(id));
    }
    context.notify(Payload::of(ClientFetchedOffset{config_.group, id, part.committed_offset}));
  }
}

// SubscriptionState.requestOffsetReset; with `none` poll() throws NoOffsetForPartitionException or
// OffsetOutOfRangeException.
void ConsumerClient::reset(const TopicPartition& id, Position& position) {
  drop_buffered(id, position);
  position.next = Offset{-1};
  if (config_.reset == OffsetReset::None) {
    without_offset_ = id;
  } else {
    position.resets = true;
  }
}

void ConsumerClient::run_resets(Context& context) {
  if (listing_ || context.now < list_not_before_) return;
  std::optional<BrokerId> leader;
  ListOffsetsRequest request{.isolation_level = config_.isolation_level};
  for (const auto& [id, position] : positions_) {
    if (!position.resets || position.leader.id.value() < 0) continue;
    if (!leader) leader = position.leader.id;
    if (position.leader.id != *leader) continue;
    request.partitions.push_back({.topic_partition = id,
                                  .current_leader_epoch = position.leader.epoch,
                                  .timestamp = config_.reset == OffsetReset::Latest
                                                   ? kLatestTimestamp
                                                   : kEarliestTimestamp});
  }
  if (leader) listing_ = network_.send(context, *metadata_.node(*leader), std::move(request));
}

void ConsumerClient::on_listed(Context& context, const ListOffsetsResponse& response) {
  for (const ListOffsetsPartitionResponse& part : response.partitions) {
    if (part.error_code != ErrorCode::None) {
      list_not_before_ = context.now + kRetryBackoff;
      metadata_.expire(context.now);
    } else if (positions_.at(part.topic_partition).resets) {
      begin_at(context, part.topic_partition, part.offset, Positioned::From::Reset);
    }
  }
}

// ── Commits ─────────────────────────────────────────────────────────────────────────────────────

void ConsumerClient::commit(std::vector<OffsetCommitPartition> partitions) {
  commits_.push_back({std::move(partitions)});
}

std::optional<Instant> ConsumerClient::commits_from() const {
  if (coordinating_ || !coordinator_ || positions_.empty() || !without_position_.empty()) {
    return std::nullopt;
  }
  return coordinate_not_before_;
}

std::optional<ConsumerClient::Committed> ConsumerClient::take_committed() {
  if (committed_.empty()) return std::nullopt;
  Committed first = std::move(committed_.front());
  committed_.pop_front();
  return first;
}

void ConsumerClient::fail_commit(ErrorCode error) {
  if (commits_.empty()) return;
  committed_.push_back({std::move(commits_.front().partitions), error});
  commits_.pop_front();
}

void ConsumerClient::on_committed(Context& context, const OffsetCommitResponse& response) {
  check(!commits_.empty() && commits_.front().sent, "an answer to a commit follows a commit");
  const std::vector<OffsetCommitPartition>& asked = commits_.front().partitions;
  ErrorCode error = ErrorCode::None;
  for (const PartitionError& part : response.partitions) {
    if (part.error_code != ErrorCode::None) {
      error = part.error_code;
      continue;
    }
    const auto committed =
        std::ranges::find(asked, part.topic_partition, &OffsetCommitPartition::topic_partition);
    if (committed == asked.end()) continue;
    positions_.at(part.topic_partition).committed = committed->committed_offset;
    context.notify(Payload::of(ClientCommitted{config_.group, part.topic_partition,
                                               committed->committed_offset, *coordinator_}));
  }
  fail_commit(error);
  if (error != ErrorCode::None) lose_coordinator(context.now);
}

// ── Fetching ────────────────────────────────────────────────────────────────────────────────────

// Who leads what may have changed: each partition is fetched from its leader of now.
void ConsumerClient::on_metadata(Context& context) {
  for (const auto& [id, leader] : metadata_.leaders()) {
    const auto [known, is_new] = positions_.try_emplace(id);
    if (!is_new) continue;
    if (!config_.stored_positions) {
      without_position_.insert(id);
    } else if (const auto stored = config_.stored_positions->find(id);
               stored != config_.stored_positions->end()) {
      begin_at(context, id, stored->second, Positioned::From::Stored);
    } else {
      reset(id, known->second);
    }
  }
  bool leaderless = false;
  for (auto& [id, position] : positions_) {
    const auto leader = metadata_.leader(id).value_or(ClientMetadata::Leader{});
    if (leader != position.leader) {
      touch(id, position);
      position.leader = leader;
      touch(id, position);
    }
    const bool wanted = position.next.value() >= 0 || position.resets;
    leaderless = leaderless || (leader.id.value() < 0 && wanted);
  }
  if (leaderless) metadata_.expire(context.now);
}

void ConsumerClient::touch(const TopicPartition& id, const Position& position) {
  if (position.leader.id.value() >= 0) fetchers_[position.leader.id].touch(id);
}

void ConsumerClient::run_fetches(Context& context) {
  for (auto& [leader, fetcher] : fetchers_) {
    if (fetcher.in_flight || context.now < fetcher.not_before) continue;
    auto request = fetcher.next_request(context.now, [&, to = leader](const TopicPartition& id) {
      return fetch_position(context.now, to, id);
    });
    if (!request) continue;
    request->max_wait = config_.fetch_max_wait;
    request->max_records = config_.max_records;
    request->isolation_level = config_.isolation_level;
    fetcher.in_flight = network_.send(context, *metadata_.node(leader), std::move(*request));
  }
}

// What is buffered is polled before more of it is fetched (Fetcher.fetchablePartitions).
std::optional<FetchSessionHandler::Position> ConsumerClient::fetch_position(
    Instant now, BrokerId leader, const TopicPartition& id) {
  const Position& position = positions_.at(id);
  if (position.leader.id != leader || position.next.value() < 0 || position.buffered > 0) {
    return std::nullopt;
  }
  if (now < position.not_before) {
    fetchers_.at(leader).delay(position.not_before, id);
    return std::nullopt;
  }
  return FetchSessionHandler::Position{.topic_id = {},
                                       .fetch = {.partition = id.partition,
                                                 .current_leader_epoch = position.leader.epoch,
                                                 .fetch_offset = position.next}};
}

void ConsumerClient::on_fetched(Context& context, BrokerId leader, const FetchResponse& response) {
  LeaderFetcher& fetcher = fetchers_.at(leader);
  if (!fetcher.session.handle_response(response)) return;
  fetcher.session.for_each_answer(
      response, [&](const TopicPartition& id, const FetchSessionHandler::Position&,
                    const FetchPartitionData& data) {
        on_partition_fetched(context, leader, id, data);
        fetcher.touch(id);
      });
}

// CompletedFetch.nextFetchedRecord: markers are for nobody to see, and batches of a producer are passed over from where
// its aborted transaction begins to its ABORT marker.
class ConsumerClient::Visibility {
 public:
  explicit Visibility(const FetchPartitionData& data) {
    for (const AbortedTransaction& aborted : data.aborted_transactions)
      upcoming_.emplace(aborted.first_offset, aborted.producer_id);
  }
  bool shows(const LogBatch& batch) {
    while (!upcoming_.empty() && upcoming_.begin()->first <= batch.last_offset()) {
      aborted_.insert(upcoming_.begin()->second);
      upcoming_.erase(upcoming_.begin());
    }
    if (batch.kind == BatchKind::AbortMarker) aborted_.erase(batch.producer_id);
    if (batch.is_control()) return false;
    return !batch.is_transactional() || !aborted_.contains(batch.producer_id);
  }

 private:
  std::multimap<Offset, ProducerId> upcoming_;
  std::set<ProducerId> aborted_;
};

// Requires that something of it is buffered.
std::deque<ConsumerClient::Fetched>::iterator ConsumerClient::last_fetched(
    const TopicPartition& id) {
  const auto last = std::find_if(buffer_.rbegin(), buffer_.rend(),
                                 [&](const Fetched& fetched) { return fetched.id == id; });
  return std::prev(last.base());
}

// Behind what is fetched and not yet polled.
Offset ConsumerClient::fetched_end(const TopicPartition& id, const Position& position) {
  return position.buffered == 0 ? position.next : last_fetched(id)->next;
}

void ConsumerClient::on_partition_fetched(Context& context, BrokerId leader,
                                          const TopicPartition& id,
                                          const FetchPartitionData& data) {
  Position& position = positions_.at(id);
  if (data.error_code == ErrorCode::OffsetOutOfRange) {
    if (config_.reset == OffsetReset::Beginning) {
      position.next = data.log_start_offset;
    } else {
      reset(id, position);
    }
  } else if (data.error_code != ErrorCode::None) {
    position.not_before = context.now + kRetryBackoff;
    metadata_.expire(context.now);
  }
  Offset end = fetched_end(id, position);
  Visibility visibility(data);
  for (const LogBatch& batch : data.records) {
    const bool shown = visibility.shows(batch);
    if (batch.base_offset != end) break;  // the position has moved
    end = batch.next_offset();
    if (shown) {
      position.buffered += batch.count;
      buffer_.push_back({id, batch, leader, end});
    } else if (position.buffered > 0) {
      last_fetched(id)->next = end;
    } else {
      position.next = end;
    }
  }
}

const ConsumerClient::Fetched* ConsumerClient::front(Instant now) const {
  for (const Fetched& fetched : buffer_) {
    if (positions_.at(fetched.id).paused_until <= now) return &fetched;
  }
  return nullptr;
}

ConsumerClient::Fetched ConsumerClient::take(Instant now, std::int32_t count) {
  const auto at = std::ranges::find_if(buffer_, [&](const Fetched& fetched) {
    return positions_.at(fetched.id).paused_until <= now;
  });
  check(at != buffer_.end() && count > 0 && count <= at->batch.count,
        "what is polled has been fetched");
  Fetched taken = *at;
  taken.batch.count = count;
  if (count < at->batch.count) taken.next = taken.batch.next_offset();
  if (count == at->batch.count) {
    buffer_.erase(at);
  } else {
    at->batch.base_offset = at->batch.base_offset.plus(count);
    at->batch.count -= count;
    if (at->batch.first_token.value() >= 0) {
      at->batch.first_token = at->batch.first_token.plus(count);
    }
  }
  Position& position = positions_.at(taken.id);
  position.next = taken.next;
  position.last_epoch = taken.batch.leader_epoch;
  position.buffered -= count;
  if (position.buffered == 0) touch(taken.id, position);
  return taken;
}

Instant ConsumerClient::resumes_at() const {
  Instant earliest = Instant::never();
  for (const Fetched& fetched : buffer_) {
    earliest = std::min(earliest, positions_.at(fetched.id).paused_until);
  }
  return earliest;
}

void ConsumerClient::drop_buffered(const TopicPartition& id, Position& position) {
  std::erase_if(buffer_, [&](const Fetched& fetched) { return fetched.id == id; });
  position.buffered = 0;
}

void ConsumerClient::seek(const TopicPartition& id, Offset offset) {
  Position& position = positions_.at(id);
  drop_buffered(id, position);
  position.next = offset;
  position.resets = false;
  touch(id, position);
}

void ConsumerClient::pause(const TopicPartition& id, Instant until) {
  positions_.at(id).paused_until = until;
}

// ── Loss and time ───────────────────────────────────────────────────────────────────────────────

void ConsumerClient::on_lost(Context& context, CorrelationId correlation) {
  if (metadata_.on_lost(context.now, correlation)) return;
  if (coordinating_ == correlation) {
    coordinating_.reset();
    const bool was_commit = !commits_.empty() && commits_.front().sent;
    if (was_commit || !coordinator_) fail_commit(ErrorCode::NetworkException);
    return lose_coordinator(context.now);
  }
  if (listing_ == correlation) {
    listing_.reset();
    list_not_before_ = context.now + kRetryBackoff;
    metadata_.expire(context.now);
    return;
  }
  for (auto& [leader, fetcher] : fetchers_) {
    if (fetcher.in_flight != correlation) continue;
    fetcher.in_flight.reset();
    fetcher.session.handle_error();
    fetcher.not_before = context.now + kRetryBackoff;
    metadata_.expire(context.now);
  }
}

std::optional<Instant> ConsumerClient::deadline() const {
  Instant due = metadata_.deadline();
  if (const auto network = network_.deadline()) due = std::min(due, *network);
  const bool asks = config_.stored_positions
                        ? !commits_.empty()
                        : !coordinator_ || !without_position_.empty() || !commits_.empty();
  if (!coordinating_ && !positions_.empty() && asks) due = std::min(due, coordinate_not_before_);
  const bool lists = !listing_ && std::ranges::any_of(positions_, [](const auto& entry) {
    return entry.second.resets && entry.second.leader.id.value() >= 0;
  });
  if (lists) due = std::min(due, list_not_before_);
  for (const auto& [leader, fetcher] : fetchers_) {
    if (!fetcher.in_flight) due = std::min(due, fetcher.not_before);
  }
  if (due == Instant::never()) return std::nullopt;
  return due;
}

void ConsumerClient::digest_into(Digest& digest) const {
  network_.digest_into(digest);
  metadata_.digest_into(digest);
  sim::digest_into(digest, positions_);
  sim::digest_into(digest, without_position_);
  sim::digest_into(digest, buffer_);
  sim::digest_into(digest, coordinator_);
  sim::digest_into(digest, coordinating_);
  sim::digest_into(digest, coordinate_not_before_);
  for (const Commit& commit : commits_) sim::digest_into(digest, commit.partitions);
  sim::digest_into(digest, listing_);
  sim::digest_into(digest, list_not_before_);
  sim::digest_into(digest, without_offset_);
  for (const auto& [leader, fetcher] : fetchers_) {
    sim::digest_into(digest, leader);
    fetcher.digest_into(digest);
  }
}

}  // namespace sim
