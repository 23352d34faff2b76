// Groups, producer ids, and what a broker hands on to its controller (brokers.md §2.1, §2.3, §3).
#include <algorithm>
#include <utility>

#include "sim/kafka/broker.h"
#include "sim/kafka/broker_notice.h"

namespace sim {

// ── Groups
// ──────────────────────────────────────────────────────────────────────────────────────────

PartitionId Broker::partition_of_group(const std::string& group) const {
  const std::int32_t count = metadata_.partition_count(kGroupMetadataTopic);
  return count == 0 ? PartitionId{-1} : group_partition(group, count);
}

FindCoordinatorResponse Broker::find_coordinator(Context& context,
                                                 const FindCoordinatorRequest& request) {
  const bool group = request.key_type == CoordinatorType::Group;
  const std::string_view topic = group ? kGroupMetadataTopic : kTransactionStateTopic;
  const PartitionId partition =
      group ? partition_of_group(request.key) : partition_of_transactional_id(request.key);
  if (partition.value() < 0) {
    create_internal_topic(context, topic);
    return {.error_code = ErrorCode::CoordinatorNotAvailable};
  }
  return coordinator_of(topic, partition);
}

FindCoordinatorResponse Broker::coordinator_of(std::string_view topic,
                                               PartitionId partition) const {
  const auto cached = metadata_.partition({std::string(topic), partition});
  if (!cached || cached->leader.value() < 0 || !metadata_.is_alive(cached->leader)) {
    return {.error_code = ErrorCode::CoordinatorNotAvailable};
  }
  return {.node_id = cached->leader};
}

// AutoTopicCreationManager.
void Broker::create_internal_topic(Context& context, std::string_view topic) {
  const bool group = topic == kGroupMetadataTopic;
  auto& asked = group ? offsets_topic_asked_ : transaction_topic_asked_;
  if (!controller_ || asked) return;
  CreatableTopic wanted{.name = std::string(topic)};
  if (group) {
    wanted.num_partitions = config_.offsets_topic_num_partitions;
    wanted.replication_factor = config_.offsets_topic_replication_factor;
    wanted.configs = {{"cleanup.policy", "compact"},
                      {"compression.type", "producer"},
                      {"segment.bytes", "104857600"}};
  } else {
    wanted.num_partitions = config_.transaction_state_log_num_partitions;
    wanted.replication_factor = config_.transaction_state_log_replication_factor;
    wanted.configs = {
        {"cleanup.policy", "compact"},
        {"compression.type", "uncompressed"},
        {"min.insync.replicas", std::to_string(config_.transaction_state_log_min_isr)},
        {"segment.bytes", "104857600"},
        {"unclean.leader.election.enable", "false"}};
  }
  asked =
      network_.send(context, controller_->node, CreateTopicsRequest{.topics = {std::move(wanted)}});
}

// Requests that are answered at once, and those that the coordinator answers when it can.
bool Broker::on_group_request(Context& context, const Received& received) {
  groups_.set_partition_count(metadata_.partition_count(kGroupMetadataTopic));
  const auto read = [&]<RequestBody Body>(const Body*, const auto& answer) {
    const auto* request = received.message.get_if<Request<Body>>();
    if (request == nullptr) return false;
    context.effects.push_back(reply(received, *request, answer(request->body)));
    return true;
  };
  const auto change = [&]<RequestBody Body>(const Body*) {
    const auto* request = received.message.get_if<Request<Body>>();
    if (request == nullptr) return false;
    with_groups(context, [&](GroupContext& groups) {
      groups_.handle(groups, reply_to(received, *request), request->body);
    });
    return true;
  };
  const auto remove = [&]<RequestBody Body>(const Body*) {
    const auto* request = received.message.get_if<Request<Body>>();
    if (request == nullptr) return false;
    with_groups(context, [&](GroupContext& groups) {
      context.effects.push_back(reply(received, *request, groups_.handle(groups, request->body)));
    });
    return true;
  };
  constexpr auto kOf = []<class Body>() { return static_cast<const Body*>(nullptr); };
  return read(kOf.operator()<OffsetFetchRequest>(),
              [&](const auto& body) { return groups_.handle(body); }) ||
         change(kOf.operator()<OffsetCommitRequest>()) ||
         change(kOf.operator()<HeartbeatRequest>()) || change(kOf.operator()<JoinGroupRequest>()) ||
         change(kOf.operator()<SyncGroupRequest>()) ||
         change(kOf.operator()<LeaveGroupRequest>()) ||
         read(kOf.operator()<ListGroupsRequest>(),
              [&](const auto& body) { return groups_.handle(body); }) ||
         read(kOf.operator()<DescribeGroupsRequest>(),
              [&](const DescribeGroupsRequest& body) {
                DescribeGroupsResponse response;
                for (const std::string& group : body.groups)
                  response.groups.push_back(groups_.describe(group));
                return response;
              }) ||
         remove(kOf.operator()<DeleteGroupsRequest>()) ||
         remove(kOf.operator()<OffsetDeleteRequest>());
}

void Broker::perform(Context& context, GroupEffects effects) {
  for (GroupEffect& effect : effects) {
    if (auto* answer = std::get_if<GroupReply>(&effect)) {
      std::visit([&](auto& body) { context.effects.push_back(reply(answer->to, std::move(body))); },
                 answer->body);
    } else if (auto* append = std::get_if<GroupAppend>(&effect)) {
      write_groups(context, std::move(*append));
    } else if (auto* gone = std::get_if<GroupTombstones>(&effect)) {
      const std::string topic(kGroupMetadataTopic);
      Hosted* hosted = find({topic, gone->partition});
      if (hosted == nullptr) continue;
      const LogBatch batch{.count = 1, .value = Payload::of(std::move(gone->records))};
      if (hosted->partition.append(context, batch, 0, rules(topic)).error == ErrorCode::None)
        after_change(context, *hosted);
    } else {
      context.effects.push_back(std::get<Notify>(std::move(effect)));
    }
  }
}

void Broker::write_groups(Context& context, GroupAppend append) {
  const std::string topic(kGroupMetadataTopic);
  Hosted* hosted = find({topic, append.partition});
  ReplicaLog::AppendResult written{.error = ErrorCode::NotLeaderOrFollower};
  if (hosted != nullptr) {
    LogBatch batch{.count = 1, .value = Payload::of(std::move(append.records))};
    Verification verification;
    if (append.producer) {
      batch.producer_id = append.producer->producer_id;
      batch.producer_epoch = append.producer->epoch;
      batch.kind = BatchKind::TransactionalData;
      verification = {verifies(), append.guard};
    }
    const bool open =
        append.producer && hosted->partition.log().has_ongoing_transaction(batch.producer_id);
    written = hosted->partition.append(context, std::move(batch), -1, rules(topic), verification);
    if (append.producer && !open && written.error == ErrorCode::None)
      note_opened(context, hosted->partition, append.producer->producer_id);
  }
  if (written.error != ErrorCode::None || config_.behaviour.commit_offset_without_replication) {
    with_groups(context, [&](GroupContext& groups) {
      groups_.on_written(groups, append.write, written.error, written.base_offset);
    });
    if (written.error == ErrorCode::None) after_change(context, *hosted);
    return;
  }
  const std::uint64_t id = ++last_parked_;
  const Instant expires = context.now + Duration{5'000'000'000};  // offsets.commit.timeout.ms
  hosted->writes.push_back({.required = written.base_offset.next(), .write = id});
  expiries_.emplace(expires, id);
  writes_.emplace(id, ParkedWrite{.expires = expires,
                                  .outstanding = 1,
                                  .what = ParkedGroupWrite{append.write, written.base_offset}});
  after_change(context, *hosted);
}

// One thread reads the partitions that the broker has come to lead, one after the other
// (GroupMetadataManager.scheduler).
void Broker::load_groups(Context& context, const Hosted& hosted) {
  const PartitionId partition = hosted.partition.id().partition;
  groups_.set_partition_count(metadata_.partition_count(kGroupMetadataTopic));
  groups_.load(partition);
  const ReplicaLog& log = hosted.partition.log();
  group_loader_free_ =
      std::max(group_loader_free_, context.now) + config_.group_load_start +
      config_.group_load_per_record * log.start_offset().distance_to(log.end_offset());
  group_loads_[partition] = group_loader_free_;
}

void Broker::finish_group_loads(Context& context) {
  for (auto load = group_loads_.begin(); load != group_loads_.end();) {
    if (load->second > context.now) {
      ++load;
      continue;
    }
    const PartitionId partition = load->first;
    load = group_loads_.erase(load);
    const Hosted* hosted = find({std::string(kGroupMetadataTopic), partition});
    check(hosted != nullptr, "a partition whose groups are loaded is hosted");
    with_groups(context, [&](GroupContext& groups) {
      groups_.finish_load(groups, partition, hosted->partition.log());
    });
    context.notify(
        Payload::of(GroupsLoaded{config_.id, partition, hosted->partition.leader_epoch()}));
  }
}

void Broker::forget_offsets(Context& context, const std::set<std::string>& deleted_topics) {
  if (deleted_topics.empty()) return;
  with_groups(context,
              [&](GroupContext& groups) { groups_.on_topics_deleted(groups, deleted_topics); });
}

// Requires that the partition is led no more. First its undecided writes fail, then parked members hear of it.
void Broker::unload_groups(Context& context, Hosted& hosted) {
  const PartitionId partition = hosted.partition.id().partition;
  settle_writes(context, hosted);
  group_loads_.erase(partition);
  with_groups(context, [&](GroupContext& groups) { groups_.unload(groups, partition); });
}

// ── Producer ids
// ────────────────────────────────────────────────────────────────────────────────────

// RPCProducerIdManager: blocks come from the controller, ids of a block are given out one by one.
void Broker::serve_init_producer_id(Context& context, const ReplyTo& to) {
  if (const auto id = producer_ids_.take()) {
    context.effects.push_back(
        reply(to, InitProducerIdResponse{.producer_id = *id, .producer_epoch = 0}));
    return;
  }
  if (!controller_) {
    context.effects.push_back(
        reply(to, InitProducerIdResponse{.error_code = ErrorCode::CoordinatorLoadInProgress}));
    return;
  }
  producer_ids_awaited_.push_back(to);
  ask_for_producer_ids(context);
}

void Broker::ask_for_producer_ids(Context& context) {
  if (producer_ids_asked_ || !controller_) return;
  producer_ids_asked_ =
      network_.send(context, controller_->node,
                    AllocateProducerIdsRequest{.broker_id = config_.id,
                                               .broker_epoch = controller_->broker_epoch});
}

void Broker::on_producer_ids(Context& context, const AllocateProducerIdsResponse& response) {
  producer_ids_asked_.reset();
  if (response.error_code == ErrorCode::None) {
    producer_ids_ = {response.producer_id_start, response.producer_id_len};
  }
  for (const ReplyTo& to : std::exchange(producer_ids_awaited_, {})) {
    if (producer_ids_.left > 0) {
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
  if (transaction_topic_asked_ == answer->correlation) transaction_topic_asked_.reset();
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
