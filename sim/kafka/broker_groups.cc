// Groups, producer ids, and what a broker hands on to its controller (brokers.md §2.1, §2.3, §3).
#include <algorithm>
#include <utility>

#include "sim/kafka/broker.h"

namespace sim {

// ── Groups
// ──────────────────────────────────────────────────────────────────────────────────────────

PartitionId Broker::partition_of_group(const std::string& group) const {
  const std::int32_t count = metadata_.partition_count(kGroupMetadataTopic);
  return count == 0 ? PartitionId{-1} : group_partition(group, count);
}

FindCoordinatorResponse Broker::find_coordinator(Context& context,
                                                 const FindCoordinatorRequest& request) {
  const PartitionId partition = partition_of_group(request.key);
  if (partition.value() < 0) {
    if (controller_ && !offsets_topic_asked_) {  // AutoTopicCreationManager
      offsets_topic_asked_ = network_.send(
          context, controller_->node,
          CreateTopicsRequest{
              .topics = {{.name = std::string(kGroupMetadataTopic),
                          .num_partitions = config_.offsets_topic_num_partitions,
                          .replication_factor = config_.offsets_topic_replication_factor,
                          .configs = {{"cleanup.policy", "compact"},
                                      {"compression.type", "producer"},
                                      {"segment.bytes", "104857600"}}}}});
    }
    return {.error_code = ErrorCode::CoordinatorNotAvailable};
  }
  const auto cached = metadata_.partition({std::string(kGroupMetadataTopic), partition});
  if (!cached || cached->leader.value() < 0 || !metadata_.is_alive(cached->leader)) {
    return {.error_code = ErrorCode::CoordinatorNotAvailable};
  }
  return {.node_id = cached->leader};
}

void Broker::serve_offset_commit(Context& context, const Received& received,
                                 const Request<OffsetCommitRequest>& request) {
  OffsetCommitResponse response;
  for (const OffsetCommitPartition& part : request.body.partitions) {
    response.partitions.push_back({part.topic_partition, ErrorCode::None});
  }
  const auto refuse = [&](ErrorCode error) {
    for (PartitionError& part : response.partitions) part.error_code = error;
    context.effects.push_back(reply(received, request, std::move(response)));
  };
  const PartitionId partition = partition_of_group(request.body.group_id);
  Hosted* hosted = find({std::string(kGroupMetadataTopic), partition});
  if (hosted == nullptr || !groups_.leads(partition)) return refuse(ErrorCode::NotCoordinator);
  OffsetCommitRecord record{request.body.group_id, request.body.partitions};
  const auto written = hosted->partition.append(context, {.count = 1, .value = Payload::of(record)},
                                                -1, rules(std::string(kGroupMetadataTopic)));
  if (written.error == ErrorCode::NotEnoughReplicas) {
    return refuse(ErrorCode::CoordinatorNotAvailable);
  }
  if (written.error != ErrorCode::None) return refuse(ErrorCode::NotCoordinator);
  groups_.begin_commit(partition, written.base_offset, record);
  if (config_.behaviour.commit_offset_without_replication) {
    groups_.complete_commit(partition, written.base_offset);
    context.effects.push_back(reply(received, request, std::move(response)));
    return after_change(context, *hosted);
  }
  const std::uint64_t id = ++last_parked_;
  const Instant expires = context.now + Duration{5'000'000'000};  // offsets.commit.timeout.ms
  hosted->writes.push_back({.required = written.base_offset.next(), .write = id});
  expiries_.emplace(expires, id);
  writes_.emplace(id, ParkedWrite{.expires = expires,
                                  .outstanding = 1,
                                  .what = ParkedCommit{.to = reply_to(received, request),
                                                       .partition = partition,
                                                       .record = written.base_offset,
                                                       .response = std::move(response)}});
  after_change(context, *hosted);
}

OffsetFetchResponse Broker::serve_offset_fetch(const OffsetFetchRequest& request) const {
  const PartitionId partition = partition_of_group(request.group_id);
  if (!groups_.leads(partition)) return {.error_code = ErrorCode::NotCoordinator};
  return groups_.fetch(partition, request);
}

// ── Producer ids
// ────────────────────────────────────────────────────────────────────────────────────

// RPCProducerIdManager: blocks come from the controller, ids of a block are given out one by one.
void Broker::serve_init_producer_id(Context& context, const ReplyTo& to) {
  if (producer_ids_left_ > 0) {
    --producer_ids_left_;
    context.effects.push_back(
        reply(to, InitProducerIdResponse{.producer_id = next_producer_id_, .producer_epoch = 0}));
    next_producer_id_ = ProducerId{next_producer_id_.value() + 1};
    return;
  }
  if (!controller_) {
    context.effects.push_back(
        reply(to, InitProducerIdResponse{.error_code = ErrorCode::CoordinatorLoadInProgress}));
    return;
  }
  producer_ids_awaited_.push_back(to);
  if (producer_ids_asked_) return;
  producer_ids_asked_ =
      network_.send(context, controller_->node,
                    AllocateProducerIdsRequest{.broker_id = config_.id,
                                               .broker_epoch = controller_->broker_epoch});
}

void Broker::on_producer_ids(Context& context, const AllocateProducerIdsResponse& response) {
  producer_ids_asked_.reset();
  if (response.error_code == ErrorCode::None) {
    next_producer_id_ = response.producer_id_start;
    producer_ids_left_ = response.producer_id_len;
  }
  for (const ReplyTo& to : std::exchange(producer_ids_awaited_, {})) {
    if (producer_ids_left_ > 0) {
      serve_init_producer_id(context, to);
    } else {
      context.effects.push_back(
          reply(to, InitProducerIdResponse{.error_code = ErrorCode::CoordinatorLoadInProgress}));
    }
  }
}

// ── Forwarding
// ──────────────────────────────────────────────────────────────────────────────────────

template <RequestBody Body>
bool Broker::forward(Context& context, const Received& received) {
  const auto* request = received.message.get_if<Request<Body>>();
  if (request == nullptr) return false;
  // Simplified: without a controller Kafka holds the request until one is known; here the client
  // hears nothing and asks again when its own timeout ends.
  if (!controller_) return true;
  // Another broker, or this one, takes this broker for the controller, and nobody here is: it must not go
  // round in circles. Simplified: Kafka answers the envelope with NOT_CONTROLLER.
  const bool forwarded_before = std::ranges::any_of(
      config_.brokers, [&](const auto& broker) { return broker.second == received.from; });
  if (forwarded_before) return true;
  const CorrelationId sent = network_.send(context, controller_->node, request->body);
  forwarded_.emplace(sent, reply_to(received, *request));
  return true;
}

template <RequestBody Body>
bool Broker::relay(Context& context, const Received& received) {
  const auto* answer = network_.answer<typename Body::Response>(received);
  if (answer == nullptr) return false;
  if (offsets_topic_asked_ == answer->correlation) offsets_topic_asked_.reset();
  const auto waiting = forwarded_.find(answer->correlation);
  if (waiting == forwarded_.end()) return true;
  context.effects.push_back(reply(waiting->second, answer->body));
  forwarded_.erase(waiting);
  return true;
}

namespace {

// What a broker hands on to its controller as it is.
template <class... Bodies>
struct BodyList {
  template <class Each>
  static bool any(Each each) {
    return (each.template operator()<Bodies>() || ...);
  }
};
using ForwardedBodies =
    BodyList<CreateTopicsRequest, DeleteTopicsRequest, CreatePartitionsRequest,
             IncrementalAlterConfigsRequest, AlterPartitionReassignmentsRequest,
             ElectLeadersRequest, AlterClientQuotasRequest, CreateAclsRequest, DeleteAclsRequest,
             AlterUserScramCredentialsRequest, UpdateFeaturesRequest, UnregisterBrokerRequest>;

}  // namespace

bool Broker::forward_any(Context& context, const Received& received) {
  return ForwardedBodies::any([&]<class Body>() { return forward<Body>(context, received); });
}

bool Broker::relay_any(Context& context, const Received& received) {
  return ForwardedBodies::any([&]<class Body>() { return relay<Body>(context, received); });
}

}  // namespace sim
