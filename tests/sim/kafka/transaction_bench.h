#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/kafka/transaction_coordinator.h"
#include "sim/kafka/transaction_notice.h"

namespace sim {

// A transaction coordinator with a log that takes what it is given at once, or when a test says so, partition leaders
// that write markers at once, or when a test says so, and producers that are nothing but requests. One partition, led
// from the start.
class TransactionBench {
 public:
  explicit TransactionBench(TransactionConfig config = {}, BrokerBehaviour behaviour = {})
      : coordinator_(BrokerId{1}, config, behaviour) {
    coordinator_.set_partition_count(1);
    load();
  }

  // Asks; the answer may come later.
  template <RequestBody Body>
  std::int32_t ask(const Body& body) {
    const std::int32_t request = ++last_request_;
    const ReplyTo to{.correlation = CorrelationId{request}};
    act([&](TransactionContext& context) {
      if constexpr (std::same_as<Body, AddOffsetsToTxnRequest>) {
        coordinator_.handle(context, to, body, offsets0);
      } else {
        coordinator_.handle(context, to, body);
      }
    });
    return request;
  }
  template <class Response>
  std::optional<Response> answer(std::int32_t request) const {
    const auto found = answers_.find(request);
    if (found == answers_.end()) return std::nullopt;
    return std::get<Response>(found->second);
  }
  // Asks, and requires that the answer comes at once.
  template <RequestBody Body>
  typename Body::Response told(const Body& body) {
    const auto answered = answer<typename Body::Response>(ask(body));
    check(answered.has_value(), "the coordinator answers at once");
    return *answered;
  }

  // ── Producers ──
  InitProducerIdRequest initializing(ProducerIdAndEpoch expected = {}) const {
    return {.transactional_id = id,
            .producer_id = expected.producer_id,
            .producer_epoch = expected.epoch,
            .transaction_timeout = timeout};
  }
  ProducerIdAndEpoch initialized() {
    const auto told_so = told(initializing());
    check(told_so.error_code == ErrorCode::None, "a new producer is given an epoch");
    return {told_so.producer_id, told_so.producer_epoch};
  }
  ErrorCode add(ProducerIdAndEpoch producer, const TopicPartition& partition) {
    return told(AddPartitionsToTxnRequest{
                    .transactional_id = id, .producer = producer, .partitions = {partition}})
        .results.front()
        .error_code;
  }
  ErrorCode verify(ProducerIdAndEpoch producer, const TopicPartition& partition) {
    return told(AddPartitionsToTxnRequest{.transactional_id = id,
                                          .producer = producer,
                                          .verify_only = true,
                                          .partitions = {partition}})
        .results.front()
        .error_code;
  }
  EndTxnRequest ending(ProducerIdAndEpoch producer, TransactionResult result) const {
    return {.transactional_id = id, .producer = producer, .result = result};
  }
  ErrorCode end(ProducerIdAndEpoch producer, TransactionResult result) {
    return told(ending(producer, result)).error_code;
  }

  // ── The world ──
  void run_for(Duration duration) {
    const Instant to = now + duration;
    for (auto due = coordinator_.deadline(); due && *due <= to; due = coordinator_.deadline()) {
      now = std::max(now, *due);
      act([&](TransactionContext& context) { coordinator_.expire(context); });
    }
    now = to;
  }
  // What the log could not decide yet.
  void decide_all(ErrorCode error) {
    for (const std::uint64_t write : std::exchange(undecided_, {})) {
      act([&](TransactionContext& context) { coordinator_.on_written(context, write, error); });
    }
  }
  // Partition leaders answer the markers that wait.
  void mark_all(ErrorCode error = ErrorCode::None) {
    for (const TransactionMarkers& sent : std::exchange(waiting_markers, {})) {
      std::vector<PartitionError> results;
      for (const TopicPartition& part : sent.marker.partitions) results.push_back({part, error});
      act([&](TransactionContext& context) { coordinator_.on_markers(context, sent, results); });
    }
  }
  // The partition goes to another broker that has the same log, and comes back in another epoch.
  void fail_over() {
    coordinator_.unload(PartitionId{0});
    waiting_markers.clear();
    load();
  }

  const TransactionMetadata* metadata() const { return coordinator_.find(id); }
  TransactionState state() const {
    return metadata() == nullptr ? TransactionState::Dead : metadata()->state();
  }
  TransactionCoordinator& coordinator() { return coordinator_; }

  std::string id = "billing-1";
  Duration timeout{60'000'000'000};
  TopicPartition orders0{"orders", PartitionId{0}};
  TopicPartition orders1{"orders", PartitionId{1}};
  TopicPartition offsets0{"__consumer_offsets", PartitionId{0}};
  Instant now{1'000'000'000};
  bool parks_writes = false;
  bool parks_markers = false;
  ProducerIds ids{ProducerId{4000}, 1000};
  std::vector<TransactionMarkers> waiting_markers;
  std::vector<TransactionMarkers> written_markers;
  std::vector<Payload> notices;

 private:
  void load() {
    epoch_ = epoch_.next();
    coordinator_.load(PartitionId{0}, epoch_);
    act([&](TransactionContext& context) {
      coordinator_.finish_load(context, PartitionId{0}, log_);
    });
  }
  void act(const auto& what) {
    TransactionEffects effects;
    TransactionContext context{now, ids, effects};
    what(context);
    for (TransactionEffect& effect : effects) perform(effect);
  }
  void perform(TransactionEffect& effect) {
    if (auto* reply = std::get_if<TransactionReply>(&effect)) {
      answers_.emplace(reply->to.correlation.value(), std::move(reply->body));
    } else if (auto* append = std::get_if<TransactionAppend>(&effect)) {
      Effects disk;
      log_.append_as_leader({.count = 1, .value = Payload::of(std::move(append->records))},
                            LeaderEpoch{epoch_.value()}, disk);
      undecided_.push_back(append->write);
      if (!parks_writes) decide_all(ErrorCode::None);
    } else if (auto* markers = std::get_if<TransactionMarkers>(&effect)) {
      written_markers.push_back(*markers);
      waiting_markers.push_back(std::move(*markers));
      if (!parks_markers) mark_all();
    } else {
      notices.push_back(std::get<Notify>(effect).notice);
    }
  }

  Effects disk_;
  ReplicaLog log_{File{1}, {"__transaction_state", PartitionId{0}}, Uuid{1, 2}, disk_};
  TransactionCoordinator coordinator_;
  CoordinatorEpoch epoch_{0};
  std::int32_t last_request_ = 0;
  std::map<std::int32_t, decltype(TransactionReply::body)> answers_;
  std::vector<std::uint64_t> undecided_;
};

}  // namespace sim
