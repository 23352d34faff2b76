#include "migrate/propagator.h"

#include <algorithm>
#include <set>

namespace migrate {
namespace {

using sim::BrokerId;
using sim::ControlRequestBatch;
using sim::ControlRequestType;
using sim::MetadataImage;
using sim::Partition;
using sim::PartitionId;
using sim::Topic;

sim::ControllerEpoch partition_controller_epoch(const MetadataImage& image) {
  return sim::ControllerEpoch(image.provenance().last_contained_epoch.value());
}

// Every registered broker is "live or shutting down" here, fenced ones included.
sim::ControlSender sender_of(BrokerId controller, const MetadataImage& image,
                             sim::ControllerEpoch epoch) {
  sim::ControlSender sender{
      .controller_id = controller, .is_kraft_controller = true, .controller_epoch = epoch};
  for (const sim::BrokerRegistration& broker : image.cluster().brokers) {
    sender.live.emplace(broker.broker_id, broker.broker_epoch);
    sim::UpdateMetadataBroker named{.id = broker.broker_id, .rack = broker.rack};
    for (const auto& endpoint : broker.end_points) {
      named.endpoints.push_back({.name = endpoint.name,
                                 .host = endpoint.host,
                                 .port = endpoint.port,
                                 .security_protocol = endpoint.security_protocol});
    }
    sender.live_brokers.push_back(std::move(named));
  }
  return sender;
}

bool is_online(const MetadataImage& image, BrokerId broker) {
  const sim::BrokerRegistration* const registration = image.cluster().broker(broker);
  return registration != nullptr && !registration->fenced;
}

std::vector<BrokerId> zk_brokers(const MetadataImage& image) {
  std::vector<BrokerId> ids;
  for (const sim::BrokerRegistration& broker : image.cluster().brokers) {
    if (broker.is_migrating_zk_broker) ids.push_back(broker.broker_id);
  }
  return ids;
}

sim::LeaderAndIsrPartitionState leader_and_isr_state(const MetadataImage& image, PartitionId id,
                                                     const Partition& partition) {
  return {.partition_index = id,
          .controller_epoch = partition_controller_epoch(image),
          .leader = partition.leader,
          .leader_epoch = partition.leader_epoch,
          .isr = partition.isr,
          .partition_epoch = partition.partition_epoch,
          .replicas = partition.replicas,
          .adding_replicas = partition.adding_replicas,
          .removing_replicas = partition.removing_replicas,
          .is_new = true,  // always, from a KRaft controller
          .leader_recovery_state = partition.leader_recovery_state};
}

sim::UpdateMetadataPartitionState update_metadata_state(const MetadataImage& image, PartitionId id,
                                                        const Partition& partition) {
  sim::UpdateMetadataPartitionState state{.partition_index = id,
                                          .controller_epoch = partition_controller_epoch(image),
                                          .leader = partition.leader,
                                          .leader_epoch = partition.leader_epoch,
                                          .isr = partition.isr,
                                          .zk_version = partition.partition_epoch,
                                          .replicas = partition.replicas};
  std::ranges::copy_if(partition.replicas, std::back_inserter(state.offline_replicas),
                       [&](BrokerId replica) { return !is_online(image, replica); });
  return state;
}

// A partition told to those of its replicas that `wanted` accepts, and named in everybody's metadata: adding a
// LeaderAndIsr queues an UpdateMetadata for every registered broker.
template <class Wanted>
void add_partition(ControlRequestBatch& batch, const MetadataImage& image, const Topic& topic,
                   PartitionId id, const Partition& partition, Wanted wanted) {
  for (const BrokerId replica : partition.replicas) {
    if (wanted(replica)) {
      batch.add_leader_and_isr(replica, topic.name(), topic.id(),
                               leader_and_isr_state(image, id, partition));
    }
  }
  batch.add_update_metadata(topic.name(), topic.id(), update_metadata_state(image, id, partition));
}

void add_all_metadata(ControlRequestBatch& batch, const MetadataImage& image) {
  for (const Topic& topic : image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      batch.add_update_metadata(topic.name(), topic.id(),
                                update_metadata_state(image, id, partition));
    }
  }
}

std::vector<BrokerId> all_brokers(const MetadataImage& image) {
  std::vector<BrokerId> ids;
  for (const sim::BrokerRegistration& broker : image.cluster().brokers)
    ids.push_back(broker.broker_id);
  return ids;
}

// A channel exists for each reachable broker alone: what is queued for another is dropped there.
void keep_reachable(const MetadataImage& image, std::vector<sim::ControlRequest>& requests) {
  std::set<BrokerId> reachable;
  for (const auto& broker : reachable_zk_brokers(image)) reachable.insert(broker.broker_id);
  std::erase_if(requests, [&](const sim::ControlRequest& request) {
    return !reachable.contains(request.to);
  });
}

void append(std::vector<sim::ControlRequest>& to, std::vector<sim::ControlRequest> more) {
  std::ranges::move(more, std::back_inserter(to));
}

void add_deleted_topic(ControlRequestBatch& batch, const MetadataImage& image, const Topic& topic,
                       std::span<const BrokerId> told, sim::ControllerEpoch zk_controller_epoch) {
  for (const auto& [id, partition] : topic.partitions()) {
    for (const BrokerId replica : partition.replicas) {
      batch.add_stop_replica(replica, topic.name(),
                             {.partition_index = id,
                              .leader_epoch = sim::kEpochDuringDelete,
                              .delete_partition = true});
    }
    sim::UpdateMetadataPartitionState state = update_metadata_state(image, id, partition);
    state.controller_epoch = zk_controller_epoch;
    state.leader = sim::kLeaderDuringDelete;
    state.leader_epoch = sim::kEpochDuringDelete;
    // Kafka's list names the replicas that are online (migration.md §5.4): brokers ignore it for deletions.
    std::ranges::copy_if(partition.replicas, std::back_inserter(state.offline_replicas = {}),
                         [&](BrokerId replica) { return is_online(image, replica); });
    batch.add_update_metadata(told);
    batch.add_update_metadata(topic.name(), topic.id(), state);
  }
}

void add_changed_topic(ControlRequestBatch& batch, const sim::MetadataDelta& delta,
                       const MetadataImage& image, const Topic& topic,
                       const sim::TopicChange& change, const PropagatorDefects& defects) {
  const bool was_there = delta.base().topics().find(topic.id()) != nullptr;
  for (const PartitionId id : change.partitions) {
    const std::optional<Partition> partition = topic.partition(id);
    if (!partition) continue;
    if (defects.new_partitions_are_not_told && was_there && !delta.partition_before(topic.id(), id))
      continue;
    batch.add_update_metadata(all_brokers(image));
    add_partition(batch, image, topic, id, *partition, [](BrokerId) { return true; });
    const std::optional<Partition> before = delta.partition_before(topic.id(), id);
    if (!before) continue;
    for (const BrokerId replica : before->replicas) {
      if (partition->has_replica(replica)) continue;
      batch.add_stop_replica(replica, topic.name(),
                             {.partition_index = id,
                              .leader_epoch = partition->leader_epoch,
                              .delete_partition = !defects.moved_replicas_are_not_deleted});
    }
  }
}

}  // namespace

std::vector<sim::BrokerRegistration> reachable_zk_brokers(const MetadataImage& image) {
  std::vector<sim::BrokerRegistration> reachable;
  for (const sim::BrokerRegistration& broker : image.cluster().brokers) {
    if (broker.is_migrating_zk_broker && !broker.fenced) reachable.push_back(broker);
  }
  return reachable;
}

std::vector<sim::ControlRequest> requests_for_image(BrokerId controller, const MetadataImage& image,
                                                    sim::ControllerEpoch zk_controller_epoch) {
  const sim::ControlSender sender = sender_of(controller, image, zk_controller_epoch);
  ControlRequestBatch first(ControlRequestType::Unknown);
  first.add_update_metadata(zk_brokers(image));
  add_all_metadata(first, image);
  std::vector<sim::ControlRequest> requests = first.finish(sender);

  ControlRequestBatch full(ControlRequestType::Full);
  for (const Topic& topic : image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      add_partition(full, image, topic, id, partition, [](BrokerId) { return true; });
    }
  }
  // Without a single partition nothing is queued, so a cluster without topics gets no FULL metadata.
  if (!image.topics().empty()) full.add_update_metadata(all_brokers(image));
  append(requests, full.finish(sender));
  keep_reachable(image, requests);
  return requests;
}

namespace {

// What Kafka would have to send to brokers that come back: all there is, and that it is all.
std::vector<sim::ControlRequest> full_requests_to(const std::set<BrokerId>& brokers,
                                                  const MetadataImage& image,
                                                  const sim::ControlSender& sender) {
  ControlRequestBatch full(ControlRequestType::Full);
  for (const Topic& topic : image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      full.add_update_metadata(std::vector<BrokerId>(brokers.begin(), brokers.end()));
      add_partition(full, image, topic, id, partition,
                    [&](BrokerId replica) { return brokers.contains(replica); });
    }
  }
  return full.finish(sender);
}

}  // namespace

std::vector<sim::ControlRequest> requests_for_delta(BrokerId controller,
                                                    const sim::MetadataDelta& delta,
                                                    const MetadataImage& image,
                                                    sim::ControllerEpoch zk_controller_epoch,
                                                    const PropagatorDefects& defects) {
  const sim::ControlSender sender = sender_of(controller, image, zk_controller_epoch);
  std::set<BrokerId> changed;
  for (const BrokerId id : delta.changes().brokers) {
    const sim::BrokerRegistration* const broker = image.cluster().broker(id);
    if (broker != nullptr && broker->is_migrating_zk_broker && !broker->fenced) changed.insert(id);
  }
  std::vector<BrokerId> old = zk_brokers(image);
  std::erase_if(old, [&](BrokerId id) { return changed.contains(id); });

  ControlRequestBatch nodes(ControlRequestType::Unknown);
  if (!changed.empty()) {
    nodes.add_update_metadata(std::vector<BrokerId>(changed.begin(), changed.end()));
    add_all_metadata(nodes, image);
  }
  if (!delta.changes().brokers.empty()) nodes.add_update_metadata(old);
  std::vector<sim::ControlRequest> requests = nodes.finish(sender);

  ControlRequestBatch topics(ControlRequestType::Incremental);
  if (!defects.returning_brokers_are_not_told_all) {
    append(requests, full_requests_to(changed, image, sender));
  } else if (!changed.empty()) {
    for (const Topic& topic : image.topics()) {
      for (const auto& [id, partition] : topic.partitions()) {
        if (std::ranges::none_of(partition.replicas,
                                 [&](BrokerId r) { return changed.contains(r); }))
          continue;
        topics.add_update_metadata(all_brokers(image));
        add_partition(topics, image, topic, id, partition,
                      [&](BrokerId r) { return changed.contains(r); });
      }
    }
  }
  if (delta.changes().any_topic()) topics.add_update_metadata(old);
  for (const auto& [id, name] : delta.changes().deleted_topics) {
    if (const Topic* const topic = delta.base().topics().find(id)) {
      add_deleted_topic(topics, image, *topic, old, zk_controller_epoch);
    }
  }
  for (const auto& [id, change] : delta.changes().topics) {
    if (const Topic* const topic = image.topics().find(id))
      add_changed_topic(topics, delta, image, *topic, change, defects);
  }
  append(requests, topics.finish(sender));
  keep_reachable(image, requests);
  return requests;
}

}  // namespace migrate
