// Transactions as a broker sees them: as the coordinator's network, log and clock; as the leader of partitions that are
// written to in transactions, which it verifies (KIP-890) and marks (brokers.md §2.4, §2.5).
#include <algorithm>
#include <utility>

#include "sim/kafka/broker.h"
#include "sim/kafka/transaction_notice.h"

namespace sim {
namespace {

constexpr Duration kMarkerTimeout{30'000'000'000};  // request.timeout.ms
constexpr Duration kOtherThreadsTurn{
    20'000'000};  // until the group's scheduler sees to a marker (KAFKA-17507)

// What a producer is told when its partition could not be verified (ReplicaManager.handleProduceAppend): that it may
// try again, by an error that older clients know, too.
ErrorCode produce_error(ErrorCode error) {
  using enum ErrorCode;
  if (error == ProducerFenced) return InvalidProducerEpoch;
  if (is_any_of(error, {ConcurrentTransactions, NetworkException, CoordinatorLoadInProgress,
                        CoordinatorNotAvailable, NotCoordinator}))
    return NotEnoughReplicas;
  return error;
}

ErrorCode offset_error(ErrorCode error) {
  if (error == ErrorCode::ProducerFenced) return ErrorCode::InvalidProducerEpoch;
  return error == ErrorCode::NetworkException ? ErrorCode::CoordinatorLoadInProgress : error;
}

}  // namespace

PartitionId Broker::partition_of_transactional_id(std::string_view transactional_id) const {
  const std::int32_t count = metadata_.partition_count(kTransactionStateTopic);
  return count == 0 ? PartitionId{-1} : group_partition(transactional_id, count);
}

// ── Requests and answers ────────────────────────────────────────────────────────────────────────

bool Broker::on_transaction_request(Context& context, const Received& received) {
  const auto serve = [&]<RequestBody Body>(const Body*, const auto& handle) {
    const auto* request = received.message.get_if<Request<Body>>();
    if (request == nullptr) return false;
    handle(reply_to(received, *request), request->body);
    return true;
  };
  constexpr auto kOf = []<class Body>() { return static_cast<const Body*>(nullptr); };
  const auto coordinate = [&](const ReplyTo& to, const auto& body, const auto&... more) {
    transactions_.set_partition_count(metadata_.partition_count(kTransactionStateTopic));
    with_transactions(context, context.now, [&](TransactionContext& transactions) {
      transactions_.handle(transactions, to, body, more...);
    });
  };
  if (const auto* init = received.message.get_if<Request<InitProducerIdRequest>>()) {
    if (init->body.transactional_id.empty()) return false;
    if (producer_ids_.left == 0) ask_for_producer_ids(context);
    coordinate(reply_to(received, *init), init->body);
    return true;
  }
  return serve(kOf.operator()<AddPartitionsToTxnRequest>(), coordinate) ||
         serve(kOf.operator()<AddOffsetsToTxnRequest>(),
               [&](const ReplyTo& to, const AddOffsetsToTxnRequest& body) {
                 coordinate(to, body,
                            TopicPartition{std::string(kGroupMetadataTopic),
                                           partition_of_group(body.group_id)});
               }) ||
         serve(kOf.operator()<EndTxnRequest>(), coordinate) ||
         serve(kOf.operator()<TxnOffsetCommitRequest>(),
               [&](const ReplyTo& to, const TxnOffsetCommitRequest& body) {
                 serve_txn_offset_commit(context, to, body);
               }) ||
         serve(kOf.operator()<WriteTxnMarkersRequest>(),
               [&](const ReplyTo& to, const WriteTxnMarkersRequest& body) {
                 serve_markers(context, to, body);
               });
}

bool Broker::on_transaction_response(Context& context, const Received& received) {
  if (const auto* verified = network_.answer<AddPartitionsToTxnResponse>(received)) {
    on_verified(context, verified->correlation, verified->body);
    return true;
  }
  if (const auto* written = network_.answer<WriteTxnMarkersResponse>(received)) {
    const auto asked = markers_in_flight_.extract(written->correlation);
    if (!asked.empty()) on_markers_written(context, asked.mapped(), written->body.partitions);
    return true;
  }
  return false;
}

bool Broker::on_transaction_lost(Context& context, CorrelationId correlation) {
  if (auto asked = verifying_.extract(correlation)) {
    for (auto& [id, guard] : asked.mapped().guards) guard.second = ErrorCode::NetworkException;
    on_verified(context, std::move(asked.mapped()));
    return true;
  }
  if (auto sent = markers_in_flight_.extract(correlation)) {
    marker_tasks_.push_back({std::move(sent.mapped()), context.now + kRetryBackoff});
    return true;
  }
  return false;
}

// ── The coordinator ─────────────────────────────────────────────────────────────────────────────

void Broker::perform(Context& context, TransactionEffects effects, Instant markers_from) {
  for (TransactionEffect& effect : effects) {
    if (auto* answer = std::get_if<TransactionReply>(&effect)) {
      std::visit([&](auto& body) { context.effects.push_back(reply(answer->to, std::move(body))); },
                 answer->body);
    } else if (auto* append = std::get_if<TransactionAppend>(&effect)) {
      write_transaction(context, std::move(*append));
    } else if (auto* markers = std::get_if<TransactionMarkers>(&effect)) {
      marker_tasks_.push_back({std::move(*markers), markers_from});
    } else {
      context.effects.push_back(std::get<Notify>(std::move(effect)));
    }
  }
}

void Broker::write_transaction(Context& context, TransactionAppend append) {
  const std::string topic(kTransactionStateTopic);
  Hosted* const hosted = find({topic, append.partition});
  ReplicaLog::AppendResult written{.error = ErrorCode::NotLeaderOrFollower};
  if (hosted != nullptr) {
    written = hosted->partition.append(
        context, {.count = 1, .value = Payload::of(std::move(append.records))}, -1, rules(topic));
  }
  if (written.error != ErrorCode::None) {
    return with_transactions(context, context.now, [&](TransactionContext& transactions) {
      transactions_.on_written(transactions, append.write, written.error);
    });
  }
  const std::uint64_t id = ++last_parked_;
  const Instant expires = context.now + append.timeout;
  hosted->writes.push_back({.required = written.base_offset.next(), .write = id});
  expiries_.emplace(expires, id);
  writes_.emplace(
      id, ParkedWrite{
              .expires = expires, .outstanding = 1, .what = ParkedTransactionWrite{append.write}});
  after_change(context, *hosted);
}

// Read by a thread of its own (TransactionStateManager.scheduler), as fast as groups are.
void Broker::load_transactions(Context& context, const Hosted& hosted) {
  const PartitionId partition = hosted.partition.id().partition;
  transactions_.set_partition_count(metadata_.partition_count(kTransactionStateTopic));
  transactions_.load(partition, CoordinatorEpoch{hosted.partition.leader_epoch().value()});
  const ReplicaLog& log = hosted.partition.log();
  transaction_loader_free_ =
      std::max(transaction_loader_free_, context.now) + config_.group_load_start +
      config_.group_load_per_record * log.start_offset().distance_to(log.end_offset());
  transaction_loads_[partition] = transaction_loader_free_;
}

// Requires that the partition is led no more. First its undecided writes fail.
void Broker::unload_transactions(Context& context, Hosted& hosted) {
  const PartitionId partition = hosted.partition.id().partition;
  settle_writes(context, hosted);
  transaction_loads_.erase(partition);
  transactions_.unload(partition);
}

void Broker::finish_transaction_loads(Context& context) {
  for (auto load = transaction_loads_.begin(); load != transaction_loads_.end();) {
    if (load->second > context.now) {
      ++load;
      continue;
    }
    const PartitionId partition = load->first;
    load = transaction_loads_.erase(load);
    const Hosted* const hosted = find({std::string(kTransactionStateTopic), partition});
    check(hosted != nullptr, "a partition whose transactional ids are loaded is hosted");
    transactions_.set_partition_count(metadata_.partition_count(kTransactionStateTopic));
    with_transactions(context, context.now, [&](TransactionContext& transactions) {
      transactions_.finish_load(transactions, partition, hosted->partition.log());
    });
    context.notify(Payload::of(TransactionsLoaded{
        config_.id, partition, CoordinatorEpoch{hosted->partition.leader_epoch().value()}}));
  }
}

void Broker::expire_transactions(Context& context) {
  finish_transaction_loads(context);
  with_transactions(context, context.now,
                    [&](TransactionContext& transactions) { transactions_.expire(transactions); });
  complete_late(context);
}

Instant Broker::transactions_deadline() const {
  Instant due = transactions_.deadline().value_or(Instant::never());
  for (const auto& [partition, at] : transaction_loads_) due = std::min(due, at);
  for (const MarkerTask& task : marker_tasks_) due = std::min(due, task.not_before);
  for (const LateCompletion& late : late_completions_) due = std::min(due, late.at);
  return due;
}

// ── Markers, from the coordinator's side ────────────────────────────────────────────────────────

void Broker::run_markers(Context& context) {
  std::vector<MarkerTask> tasks = std::exchange(marker_tasks_, {});
  for (MarkerTask& task : tasks) {
    if (!transactions_.wants(task.markers)) continue;
    if (context.now < task.not_before) {
      marker_tasks_.push_back(std::move(task));
    } else {
      send_markers(context, std::move(task.markers));
    }
  }
}

// TransactionMarkerChannelManager.addTxnMarkersToBrokerQueue.
// Simplified: a marker that failed is sent again after retry.backoff.ms, Kafka's thread does so at its next turn.
void Broker::send_markers(Context& context, TransactionMarkers markers) {
  std::map<NodeId, TransactionMarkers> by_leader;
  std::vector<PartitionError> gone;
  TransactionMarkers waiting = markers;
  waiting.marker.partitions.clear();
  for (const TopicPartition& id : markers.marker.partitions) {
    const auto cached = metadata_.partition(id);
    if (!cached) {
      gone.push_back({id, ErrorCode::None});  // deleted, as it seems
      continue;
    }
    const auto address = config_.brokers.find(cached->leader);
    if (address == config_.brokers.end() || !metadata_.is_alive(cached->leader)) {
      waiting.marker.partitions.push_back(id);
      continue;
    }
    const auto [to, is_new] = by_leader.try_emplace(address->second, markers);
    if (is_new) to->second.marker.partitions.clear();
    to->second.marker.partitions.push_back(id);
  }
  if (!waiting.marker.partitions.empty())
    marker_tasks_.push_back({std::move(waiting), context.now + kRetryBackoff});
  for (auto& [node, part] : by_leader) {
    const CorrelationId sent =
        network_.send(context, node, WriteTxnMarkersRequest{part.marker}, kMarkerTimeout);
    markers_in_flight_.emplace(sent, std::move(part));
  }
  if (!gone.empty()) on_markers_written(context, markers, gone);
}

void Broker::on_markers_written(Context& context, const TransactionMarkers& markers,
                                const std::vector<PartitionError>& results) {
  with_transactions(context, context.now + kRetryBackoff, [&](TransactionContext& transactions) {
    transactions_.on_markers(transactions, markers, results);
  });
}

// ── Partitions: verification (KIP-890) ──────────────────────────────────────────────────────────

void Broker::note_opened(Context& context, const HostedPartition& partition, ProducerId producer) {
  const ProducerState& state = partition.log().producers().at(producer);
  check(state.current_txn_first_offset.has_value(), "a transactional batch opens a transaction");
  context.notify(Payload::of(TransactionOpened{.broker = config_.id,
                                               .topic_partition = partition.id(),
                                               .producer = {producer, state.epoch},
                                               .first_offset = *state.current_txn_first_offset}));
}

// Asks the coordinator whether the partitions that have guards are part of the transaction. True: what is to be done
// with the answer will be done. False: nothing needs to be asked.
bool Broker::verify(Context& context, const std::string& transactional_id,
                    const ProducerIdAndEpoch& producer, Verifying verifying) {
  if (!verifies() || verifying.guards.empty()) return false;
  const FindCoordinatorResponse coordinator =
      coordinator_of(kTransactionStateTopic, partition_of_transactional_id(transactional_id));
  const auto address = coordinator.error_code == ErrorCode::None
                           ? config_.brokers.find(coordinator.node_id)
                           : config_.brokers.end();
  if (address == config_.brokers.end()) {
    for (auto& [id, guard] : verifying.guards) guard.second = ErrorCode::CoordinatorNotAvailable;
    on_verified(context, std::move(verifying));
    return true;
  }
  AddPartitionsToTxnRequest question{
      .transactional_id = transactional_id, .producer = producer, .verify_only = true};
  for (const auto& [id, guard] : verifying.guards) question.partitions.push_back(id);
  const CorrelationId asked = network_.send(context, address->second, std::move(question));
  verifying_.emplace(asked, std::move(verifying));
  return true;
}

void Broker::on_verified(Context& context, CorrelationId correlation,
                         const AddPartitionsToTxnResponse& response) {
  auto asked = verifying_.extract(correlation);
  if (asked.empty()) return;
  for (const PartitionError& part : response.results) {
    const auto guard = asked.mapped().guards.find(part.topic_partition);
    if (guard != asked.mapped().guards.end()) guard->second.second = part.error_code;
  }
  on_verified(context, std::move(asked.mapped()));
}

void Broker::on_verified(Context& context, Verifying verified) {
  if (auto* produce = std::get_if<VerifiedProduce>(&verified.what)) {
    for (auto& [id, guard] : verified.guards) guard.second = produce_error(guard.second);
    return append_produced(context, produce->to, produce->request, verified.guards);
  }
  const auto& offsets = std::get<VerifiedOffsets>(verified.what);
  const auto& [guard, error] = verified.guards.begin()->second;
  if (error == ErrorCode::None) {
    return with_groups(context, [&](GroupContext& groups) {
      groups_.handle(groups, offsets.to, offsets.request, guard);
    });
  }
  TxnOffsetCommitResponse refusal;
  for (const OffsetCommitPartition& part : offsets.request.partitions)
    refusal.partitions.push_back({part.topic_partition, offset_error(error)});
  context.effects.push_back(reply(offsets.to, std::move(refusal)));
}

void Broker::serve_txn_offset_commit(Context& context, const ReplyTo& to,
                                     const TxnOffsetCommitRequest& request) {
  groups_.set_partition_count(metadata_.partition_count(kGroupMetadataTopic));
  const PartitionId partition = partition_of_group(request.group_id);
  const TopicPartition id{std::string(kGroupMetadataTopic), partition};
  Hosted* const hosted = find(id);
  Verifying verifying{.what = VerifiedOffsets{to, request}};
  if (hosted != nullptr && groups_.leads(partition)) {
    const VerificationGuard guard = hosted->partition.log().maybe_start_verification(
        {.producer_id = request.producer.producer_id, .producer_epoch = request.producer.epoch});
    if (guard != kNoGuard) verifying.guards[id] = {guard, ErrorCode::None};
  }
  if (verify(context, request.transactional_id, request.producer, std::move(verifying))) return;
  with_groups(context, [&](GroupContext& groups) { groups_.handle(groups, to, request); });
}

// ── Partitions: markers ─────────────────────────────────────────────────────────────────────────

// KafkaApis.handleWriteTxnMarkersRequest: answered when all of them are committed, or have failed.
void Broker::serve_markers(Context& context, const ReplyTo& to,
                           const WriteTxnMarkersRequest& request) {
  const TxnMarker& marker = request.marker;
  const std::uint64_t id = ++last_parked_;
  const bool commits = marker.result == TransactionResult::Commit;
  ParkedMarkers parked{.to = to, .marker = marker};
  std::size_t outstanding = 0;
  std::vector<Hosted*> touched;
  for (const TopicPartition& name : marker.partitions) {
    PartitionError& result = parked.response.partitions.emplace_back(
        PartitionError{name, ErrorCode::UnknownTopicOrPartition});
    Hosted* const hosted = find(name);
    if (hosted == nullptr) continue;
    const auto written = hosted->partition.append(
        context,
        {.count = 1,
         .coordinator_epoch = marker.coordinator_epoch,
         .producer_id = marker.producer.producer_id,
         .producer_epoch = marker.producer.epoch,
         .kind = commits ? BatchKind::CommitMarker : BatchKind::AbortMarker},
        -1, rules(name.topic));
    result.error_code = written.error;
    if (written.error != ErrorCode::None) continue;
    context.notify(Payload::of(TransactionMarkerAppended{.broker = config_.id,
                                                         .topic_partition = name,
                                                         .producer = marker.producer,
                                                         .result = marker.result,
                                                         .offset = written.base_offset}));
    ++outstanding;
    touched.push_back(hosted);
    hosted->writes.push_back({.required = written.base_offset.next(),
                              .write = id,
                              .partition = parked.response.partitions.size() - 1});
  }
  if (outstanding == 0) return finish_markers(context, std::move(parked));
  const Instant expires = context.now + kMarkerTimeout;
  expiries_.emplace(expires, id);
  writes_.emplace(
      id, ParkedWrite{.expires = expires, .outstanding = outstanding, .what = std::move(parked)});
  for (Hosted* hosted : touched) after_change(context, *hosted);
}

// What the group's transaction committed counts before anybody hears that the marker is written.
void Broker::finish_markers(Context& context, ParkedMarkers parked) {
  for (const PartitionError& part : parked.response.partitions) {
    const TopicPartition& id = part.topic_partition;
    if (id.topic != kGroupMetadataTopic || part.error_code != ErrorCode::None) continue;
    if (config_.behaviour.markers_are_answered_before_offsets_count) {
      late_completions_.push_back({context.now + kOtherThreadsTurn, id.partition,
                                   parked.marker.producer.producer_id, parked.marker.result});
    } else {
      groups_.on_transaction_completed(id.partition, parked.marker.producer.producer_id,
                                       parked.marker.result);
    }
  }
  context.effects.push_back(reply(parked.to, std::move(parked.response)));
}

void Broker::complete_late(Context& context) {
  std::erase_if(late_completions_, [&](const LateCompletion& late) {
    if (late.at > context.now) return false;
    groups_.on_transaction_completed(late.partition, late.producer, late.result);
    return true;
  });
}

void Broker::digest_transactions(Digest& digest) const {
  const bool idle = transactions_.is_idle() && verifying_.empty() && marker_tasks_.empty() &&
                    markers_in_flight_.empty() && late_completions_.empty();
  if (idle) return;
  transactions_.digest_into(digest);
  sim::digest_into(digest, transaction_loads_);
  sim::digest_into(digest, transaction_loader_free_);
  for (const auto& [asked, verifying] : verifying_) {
    sim::digest_into(digest, asked);
    sim::digest_into(digest, verifying.guards);
  }
  for (const MarkerTask& task : marker_tasks_) {
    sim::digest_into(digest, task.markers);
    sim::digest_into(digest, task.not_before);
  }
  sim::digest_into(digest, markers_in_flight_);
}

}  // namespace sim
