#include "sim/kafka/broker.h"

#include <algorithm>
#include <utility>

#include "sim/kafka/broker_notice.h"

namespace sim {
namespace {

GroupConfig groups_of(const BrokerConfig& config) {
  GroupConfig groups = config.groups;
  if (config.behaviour.transactional_offsets_count_at_once)
    groups.transactional_offsets_wait = false;
  return groups;
}

}  // namespace

Broker::Broker(BrokerConfig config, const Durable& durable)
    : config_(std::move(config)),
      network_({.self = config_.self}),
      metadata_(config_.kraft_mode),
      groups_(config_.id, groups_of(config_)),
      transactions_(config_.id, config_.transactions, config_.behaviour),
      processes_requests_(!config_.kraft_mode),
      next_file_(static_cast<File::Representation>(config_.checkpoint_file.value() + 1)),
      fetch_sessions_(config_.fetch_sessions) {
  std::map<TopicPartition, Offset> high_watermarks;
  const FileContent& checkpoint = durable.at(config_.checkpoint_file);
  if (!checkpoint.entries.empty()) {
    const auto& last = checkpoint.entries.back().as<HighWatermarkCheckpoint>();
    high_watermarks.insert(last.high_watermarks.begin(), last.high_watermarks.end());
  }
  for (auto entry = durable.files.lower_bound(next_file_); entry != durable.files.end(); ++entry) {
    next_file_ = File(static_cast<File::Representation>(entry->first.value() + 1));
    auto log = ReplicaLog::recover(entry->first, entry->second);
    if (!log) {
      free_files_.push_back(entry->first);
      continue;
    }
    const auto known = high_watermarks.find(log->topic_partition());
    if (known != high_watermarks.end()) log->set_high_watermark(known->second);
    const TopicPartition id = log->topic_partition();
    hosted_.emplace(id, Hosted{.partition = HostedPartition(std::move(*log))});
  }
}

void Broker::set_controller(Context& context, std::optional<ControllerLink> link) {
  if (link == controller_) return;
  controller_ = link;
  // An answer of the former controller means nothing any more; what was asked is asked anew.
  if (isr_in_flight_) {
    isr_queue_.insert(isr_asked_.begin(), isr_asked_.end());
    isr_in_flight_.reset();
  }
  isr_not_before_ = context.now;
  producer_ids_asked_.reset();
  offsets_topic_asked_.reset();
  transaction_topic_asked_.reset();
  send_alter_partition(context);
}

void Broker::enable_request_processing(Context& context) {
  if (processes_requests_) return;
  processes_requests_ = true;
  context.notify(Payload::of(RequestProcessingEnabled{config_.id}));
}

bool Broker::handle(Context& context, const Input& input) {
  // Simplified: a closed port accepts and closes at once, so that the peer's reconnect backoff does
  // not grow as it does when it is refused.
  if (const auto* connected = std::get_if<Connected>(&input); connected && !processes_requests_) {
    if (connected->connection.opener != config_.self) {
      context.effects.push_back(sim::Disconnect{kMainLane, connected->connection});
    }
  }
  for (const CorrelationId lost : network_.handle(context, input)) on_lost(context, lost);
  bool mine = true;
  if (const auto* received = std::get_if<Received>(&input)) {
    mine = on_request(context, *received) || on_response(context, *received);
  } else if (const auto* cut = std::get_if<sim::Disconnected>(&input)) {
    for (const auto slot : fetch_sessions_.parked_over(cut->connection)) end_fetch(slot);
  } else if (std::holds_alternative<Wake>(input)) {
    on_wake(context);
  }
  if (!marker_tasks_.empty()) run_markers(context);
  send_alter_partition(context);
  run_fetchers(context);
  return mine;
}

bool Broker::on_response(Context& context, const Received& received) {
  if (const auto* fetched = network_.answer<FetchResponse>(received)) {
    for (auto& [leader, fetcher] : fetchers_) {
      if (fetcher.in_flight != fetched->correlation) continue;
      fetcher.in_flight.reset();
      on_fetched(context, leader, fetcher, fetched->body);
      break;
    }
    return true;
  }
  if (const auto* altered = network_.answer<AlterPartitionResponse>(received)) {
    if (isr_in_flight_ == altered->correlation) on_alter_partition(context, altered->body);
    return true;
  }
  if (const auto* block = network_.answer<AllocateProducerIdsResponse>(received)) {
    if (producer_ids_asked_ == block->correlation) on_producer_ids(context, block->body);
    return true;
  }
  return on_transaction_response(context, received) || relay_any(context, received);
}

void Broker::on_lost(Context& context, CorrelationId correlation) {
  for (auto& [leader, fetcher] : fetchers_) {
    if (fetcher.in_flight != correlation) continue;
    fetcher.in_flight.reset();
    fetcher.session.handle_error();
    fetcher.not_before = context.now + config_.replica_fetch_backoff;
    return;
  }
  if (isr_in_flight_ == correlation) {
    isr_in_flight_.reset();
    isr_queue_.insert(isr_asked_.begin(), isr_asked_.end());
    isr_not_before_ = context.now + Duration{50'000'000};  // DefaultAlterPartitionManager
  } else if (producer_ids_asked_ == correlation) {
    producer_ids_asked_.reset();
    on_producer_ids(context, {.error_code = ErrorCode::CoordinatorLoadInProgress});
  } else if (offsets_topic_asked_ == correlation) {
    offsets_topic_asked_.reset();
  } else if (transaction_topic_asked_ == correlation) {
    transaction_topic_asked_.reset();
  } else if (!on_transaction_lost(context, correlation)) {
    forwarded_.erase(correlation);  // the client's own timeout will tell it
  }
}

void Broker::on_wake(Context& context) {
  expire_parked(context);
  finish_group_loads(context);
  with_groups(context, [&](GroupContext& groups) { groups_.expire(groups); });
  if (transactions_deadline() <= context.now) expire_transactions(context);
  if (context.now >= next_lag_check_) check_lagging(context);
  if (checkpoint_due_ && context.now >= next_checkpoint_) checkpoint(context);
}

std::optional<Instant> Broker::deadline() const {
  Instant due = Instant::never();
  if (const auto network = network_.deadline()) due = std::min(due, *network);
  if (!expiries_.empty()) due = std::min(due, expiries_.begin()->first);
  if (const auto groups = groups_.deadline()) due = std::min(due, *groups);
  for (const auto& [partition, at] : group_loads_) due = std::min(due, at);
  due = std::min(due, transactions_deadline());
  if (controller_ && !isr_in_flight_ && !isr_queue_.empty()) due = std::min(due, isr_not_before_);
  for (const auto& [leader, fetcher] : fetchers_) {
    if (!fetcher.in_flight && fetcher.partitions > 0) due = std::min(due, fetcher.not_before);
  }
  if (!hosted_.empty()) due = std::min(due, next_lag_check_);
  if (checkpoint_due_) due = std::min(due, next_checkpoint_);
  if (due == Instant::never()) return std::nullopt;
  return due;
}

// LogManager.checkpointLogRecoveryOffsets and its kin are not modelled; high watermarks are.
// Written, synced and renamed by a thread of its own: nothing waits for it (brokers.md §1.12).
void Broker::checkpoint(Context& context) {
  HighWatermarkCheckpoint checkpoint;
  for (const auto& [id, hosted] : hosted_) {
    checkpoint.high_watermarks.emplace_back(id, hosted.partition.log().high_watermark());
  }
  context.effects.push_back(Replace{config_.checkpoint_file, Payload::of(std::move(checkpoint))});
  context.effects.push_back(Sync{kCheckpointLane, config_.checkpoint_file});
  checkpoint_due_ = false;
  next_checkpoint_ = context.now + config_.high_watermark_checkpoint_interval;
}

void Broker::flush(Context& context) {
  checkpoint(context);
  context.effects.push_back(Sync{kMainLane, kAllFiles});
}

const HostedPartition* Broker::partition(const TopicPartition& id) const {
  const auto found = hosted_.find(id);
  return found == hosted_.end() ? nullptr : &found->second.partition;
}

Broker::Hosted* Broker::find(const TopicPartition& id) {
  const auto found = hosted_.find(id);
  return found == hosted_.end() ? nullptr : &found->second;
}

std::size_t Broker::leader_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      hosted_, [](const auto& entry) { return entry.second.partition.leads(); }));
}

void Broker::digest_into(Digest& digest) const {
  network_.digest_into(digest);
  metadata_.digest_into(digest);
  groups_.digest_into(digest);
  sim::digest_into(digest, group_loads_);
  sim::digest_into(digest, epochs_);
  sim::digest_into(digest, controller_epoch_);
  digest.add(std::uint64_t{processes_requests_});
  sim::digest_into(digest, controller_);
  for (const auto& [id, hosted] : hosted_) hosted.partition.digest_into(digest);
  fetch_sessions_.digest_into(digest);
  for (const auto& [parked, write] : writes_) {
    digest.add(parked);
    digest.add(static_cast<std::uint64_t>(write.outstanding));
  }
  sim::digest_into(digest, expiries_);
  for (const auto& [leader, fetcher] : fetchers_) {
    sim::digest_into(digest, leader);
    fetcher.digest_into(digest);
  }
  sim::digest_into(digest, isr_queue_);
  sim::digest_into(digest, isr_in_flight_);
  sim::digest_into(digest, next_lag_check_);
  sim::digest_into(digest, next_checkpoint_);
  sim::digest_into(digest, forwarded_);
  sim::digest_into(digest, producer_ids_.next);
  sim::digest_into(digest, producer_ids_.left);
  digest_transactions(digest);
}

}  // namespace sim
