// What clients ask of a broker (KafkaApis, DelayedProduce; brokers.md §1.2–1.4). Fetches have a file
// of their own, broker_fetch.cc.
#include <algorithm>
#include <utility>

#include "sim/kafka/broker.h"

namespace sim {
namespace {

// Calls the handler if the message is a request with this body.
template <RequestBody Body, class Handler>
bool serve(const Received& received, Handler&& handler) {
  const auto* request = received.message.get_if<Request<Body>>();
  if (request == nullptr) return false;
  handler(*request);
  return true;
}

}  // namespace

bool Broker::on_request(Context& context, const Received& received) {
  const auto answer = [&](const auto& request, auto response) {
    context.effects.push_back(reply(received, request, std::move(response)));
  };
  return serve<FetchRequest>(received, [&](const auto& r) { serve_fetch(context, received, r); }) ||
         serve<ProduceRequest>(received,
                               [&](const auto& r) { serve_produce(context, received, r); }) ||
         on_group_request(context, received) || on_transaction_request(context, received) ||
         serve<MetadataRequest>(
             received, [&](const auto& r) { answer(r, serve_metadata(context, r.body)); }) ||
         serve<FindCoordinatorRequest>(
             received, [&](const auto& r) { answer(r, find_coordinator(context, r.body)); }) ||
         serve<ListOffsetsRequest>(received,
                                   [&](const auto& r) { answer(r, list_offsets(r.body)); }) ||
         serve<OffsetForLeaderEpochRequest>(
             received, [&](const auto& r) { answer(r, offset_for_leader_epoch(r.body)); }) ||
         serve<InitProducerIdRequest>(
             received,
             [&](const auto& r) { serve_init_producer_id(context, reply_to(received, r)); }) ||
         serve<LeaderAndIsrRequest>(
             received, [&](const auto& r) { answer(r, leader_and_isr(context, r.body)); }) ||
         serve<UpdateMetadataRequest>(
             received, [&](const auto& r) { answer(r, update_metadata(context, r.body)); }) ||
         serve<StopReplicaRequest>(
             received, [&](const auto& r) { answer(r, stop_replica(context, r.body)); }) ||
         forward_any(context, received);
}

// While a kcontroller leads, clients are told of a random live broker: it will forward
// (migration.md §5.5).
MetadataResponse Broker::serve_metadata(Context& context, const MetadataRequest& request) {
  static constexpr Site kController{"broker.metadata_controller"};
  MetadataResponse response = metadata_.describe_to_client(request);
  response.cluster_id = config_.cluster_id;
  const auto controller = metadata_.controller();
  if (controller && !controller->kraft) {
    response.controller_id = controller->id;
  } else if ((controller || config_.kraft_mode) && !response.brokers.empty()) {
    const auto entity = static_cast<std::uint64_t>(config_.id.value());
    const auto at = context.choices.pick(kController, entity, 0, response.brokers.size() - 1);
    response.controller_id = response.brokers[at].node_id;
  }
  return response;
}

// ── Produce
// ─────────────────────────────────────────────────────────────────────────────────────────

void Broker::serve_produce(Context& context, const Received& received,
                           const Request<ProduceRequest>& request) {
  const ReplyTo to = reply_to(received, request);
  const ProduceRequest& body = request.body;
  if (body.transactional_id.empty()) return append_produced(context, to, body, {});
  Verifying verifying{.what = VerifiedProduce{to, body}};
  ProducerIdAndEpoch producer;
  for (const ProduceTopic& topic : body.topics) {
    for (const ProducePartition& part : topic.partitions) {
      producer = {part.records.producer_id, part.records.producer_epoch};
      const TopicPartition id{topic.name, part.index};
      Hosted* const hosted = find(id);
      if (hosted == nullptr || !hosted->partition.leads()) continue;
      const VerificationGuard guard =
          hosted->partition.log().maybe_start_verification(part.records);
      if (guard != kNoGuard) verifying.guards[id] = {guard, ErrorCode::None};
    }
  }
  if (verify(context, body.transactional_id, producer, verifying)) return;
  append_produced(context, to, body, verifying.guards);
}

void Broker::append_produced(Context& context, const ReplyTo& to, const ProduceRequest& request,
                             const Guards& guards) {
  const std::uint64_t id = ++last_parked_;
  const std::int16_t acks = request.acks;
  ParkedWrite parked{.expires = context.now + request.timeout,
                     .what = ParkedProduce{.to = to, .response = {}}};
  auto& responses = std::get<ParkedProduce>(parked.what).response.responses;
  std::vector<Hosted*> touched;
  for (const ProduceTopic& topic : request.topics) {
    responses.push_back({topic.name, {}});
    for (const ProducePartition& part : topic.partitions) {
      ProducePartitionResponse& answer =
          responses.back().partitions.emplace_back(ProducePartitionResponse{.index = part.index});
      Hosted* hosted = find({topic.name, part.index});
      if (hosted == nullptr) {
        answer.error_code = metadata_.partition({topic.name, part.index})
                                ? ErrorCode::NotLeaderOrFollower
                                : ErrorCode::UnknownTopicOrPartition;
        continue;
      }
      HostedPartition& partition = hosted->partition;
      Verification verification;
      if (part.records.is_transactional()) {
        verification.required = verifies();
        const auto guard = guards.find(partition.id());
        if (guard != guards.end()) {
          answer.error_code = guard->second.second;
          verification.guard = guard->second.first;
        }
        if (answer.error_code != ErrorCode::None) continue;
      }
      const bool open = part.records.is_transactional() &&
                        partition.log().has_ongoing_transaction(part.records.producer_id);
      const auto written =
          partition.append(context, part.records, acks, rules(topic.name), verification);
      answer.error_code = written.error;
      answer.base_offset = written.base_offset;
      if (written.error == ErrorCode::NotLeaderOrFollower) {
        answer.current_leader = {partition.leader(), partition.leader_epoch()};
      }
      if (written.error != ErrorCode::None) continue;
      if (part.records.is_transactional() && !open && !written.duplicate)
        note_opened(context, partition, part.records.producer_id);
      touched.push_back(hosted);
      if (acks != -1 || config_.behaviour.acknowledge_before_high_watermark) continue;
      ++parked.outstanding;
      hosted->writes.push_back({.required = written.base_offset.plus(part.records.count),
                                .write = id,
                                .topic = responses.size() - 1,
                                .partition = responses.back().partitions.size() - 1});
    }
  }
  if (parked.outstanding > 0) {
    expiries_.emplace(parked.expires, id);
    writes_.emplace(id, std::move(parked));
  } else if (acks != 0) {
    auto& produce = std::get<ParkedProduce>(parked.what);
    context.effects.push_back(reply(produce.to, std::move(produce.response)));
  }
  for (Hosted* hosted : touched) after_change(context, *hosted);
}

// Whoever changed a log, a high watermark or a role calls this: what waited for it moves on.
void Broker::after_change(Context& context, Hosted& hosted) {
  settle_writes(context, hosted);
  wake_fetches(context, hosted);
}

void Broker::settle_writes(Context& context, Hosted& hosted) {
  if (hosted.writes.empty()) return;
  const HostedPartition& partition = hosted.partition;
  const auto needed =
      std::min(static_cast<std::size_t>(rules(partition.id().topic).min_insync_replicas),
               partition.assignment().size());
  const ErrorCode reached = partition.maximal_isr().size() >= needed
                                ? ErrorCode::None
                                : ErrorCode::NotEnoughReplicasAfterAppend;
  std::vector<WriteWait> settled;
  std::erase_if(hosted.writes, [&](const WriteWait& wait) {
    if (partition.leads() && partition.log().high_watermark() < wait.required) return false;
    settled.push_back(wait);
    return true;
  });
  for (const WriteWait& wait : settled) {
    finish_write(context, wait.write, wait,
                 partition.leads() ? reached : ErrorCode::NotLeaderOrFollower);
  }
}

void Broker::finish_write(Context& context, std::uint64_t id, const WriteWait& wait,
                          ErrorCode error) {
  const auto found = writes_.find(id);
  if (found == writes_.end()) return;  // it has timed out
  if (auto* produce = std::get_if<ParkedProduce>(&found->second.what)) {
    produce->response.responses[wait.topic].partitions[wait.partition].error_code = error;
    if (--found->second.outstanding > 0) return;
  } else if (auto* markers = std::get_if<ParkedMarkers>(&found->second.what)) {
    markers->response.partitions[wait.partition].error_code = error;
    if (--found->second.outstanding > 0) return;
  }
  ParkedWrite write = std::move(found->second);
  expiries_.erase({write.expires, id});
  writes_.erase(found);
  if (auto* produce = std::get_if<ParkedProduce>(&write.what)) {
    context.effects.push_back(reply(produce->to, std::move(produce->response)));
    return;
  }
  if (auto* markers = std::get_if<ParkedMarkers>(&write.what))
    return finish_markers(context, std::move(*markers));
  if (const auto* decided = std::get_if<ParkedTransactionWrite>(&write.what)) {
    return with_transactions(context, context.now, [&](TransactionContext& transactions) {
      transactions_.on_written(transactions, decided->write, error);
    });
  }
  const auto& decided = std::get<ParkedGroupWrite>(write.what);
  with_groups(context, [&](GroupContext& groups) {
    groups_.on_written(groups, decided.write, error, decided.record);
  });
}

void Broker::expire_parked(Context& context) {
  while (!expiries_.empty() && expiries_.begin()->first <= context.now) {
    const std::uint64_t id = expiries_.begin()->second;
    if (fetch_sessions_.find(id) != nullptr) {
      answer_fetch(context, id);
      continue;
    }
    for (auto& [name, hosted] : hosted_) {
      std::vector<WriteWait> late;
      std::erase_if(hosted.writes, [&](const WriteWait& wait) {
        if (wait.write != id) return false;
        late.push_back(wait);
        return true;
      });
      // The record stays in the log and may be committed yet: the outcome is unknown.
      for (const WriteWait& wait : late) {
        finish_write(context, id, wait, ErrorCode::RequestTimedOut);
      }
    }
  }
}

// ── Offsets
// ─────────────────────────────────────────────────────────────────────────────────────────

ListOffsetsResponse Broker::list_offsets(const ListOffsetsRequest& request) const {
  ListOffsetsResponse response;
  for (const ListOffsetsPartition& asked : request.partitions) {
    ListOffsetsPartitionResponse answer{.topic_partition = asked.topic_partition};
    const HostedPartition* hosted = partition(asked.topic_partition);
    if (hosted == nullptr) {
      answer.error_code = ErrorCode::UnknownTopicOrPartition;
    } else if (!hosted->leads()) {
      answer.error_code = ErrorCode::NotLeaderOrFollower;
    } else if (asked.timestamp == kEarliestTimestamp) {
      answer.offset = hosted->log().start_offset();
    } else {
      answer.offset = request.replica_id == kConsumerReplica
                          ? hosted->consumer_end(request.isolation_level)
                          : hosted->log().end_offset();
      answer.leader_epoch = hosted->leader_epoch();
    }
    response.partitions.push_back(std::move(answer));
  }
  return response;
}

OffsetForLeaderEpochResponse Broker::offset_for_leader_epoch(
    const OffsetForLeaderEpochRequest& request) const {
  OffsetForLeaderEpochResponse response;
  for (const OffsetForLeaderPartition& asked : request.partitions) {
    OffsetForLeaderPartitionResponse answer{.topic_partition = asked.topic_partition};
    const HostedPartition* hosted = partition(asked.topic_partition);
    if (hosted == nullptr) {
      answer.error_code = ErrorCode::UnknownTopicOrPartition;
    } else if (!hosted->leads()) {
      answer.error_code = ErrorCode::NotLeaderOrFollower;
    } else {
      answer.epoch_end_offset = hosted->log().end_offset_for(asked.leader_epoch);
    }
    response.partitions.push_back(std::move(answer));
  }
  return response;
}

}  // namespace sim
