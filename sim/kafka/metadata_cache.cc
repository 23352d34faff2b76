#include "sim/kafka/metadata_cache.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sim {
namespace {

CachedPartition cached_from(const Partition& partition) {
  return {.leader = partition.leader,
          .leader_epoch = partition.leader_epoch,
          .partition_epoch = partition.partition_epoch,
          .isr = partition.isr,
          .replicas = partition.replicas,
          .offline_replicas = {}};
}

}  // namespace

std::vector<std::string> MetadataCache::update(const UpdateMetadataRequest& request,
                                               const BrokerBehaviour& behaviour) {
  std::vector<std::string> deleted;
  if (request.header.controller_id.value() < 0) {
    controller_.reset();
  } else {
    controller_ = {request.header.controller_id, request.header.is_kraft_controller};
  }
  if (!request.live_brokers.empty()) {
    brokers_.clear();
    for (const UpdateMetadataBroker& broker : request.live_brokers) {
      brokers_[broker.id] = {.endpoints = broker.endpoints, .rack = broker.rack};
    }
  }
  if (request.type == ControlRequestType::Full && !behaviour.full_update_metadata_forgets_nothing) {
    // KRaft deletes topics at once and never says so twice: what a full request lacks is gone.
    std::set<Uuid> named;
    std::set<std::string_view> names;
    for (const UpdateMetadataTopicState& topic : request.topic_states) {
      named.insert(topic.topic_id);
      names.insert(topic.topic_name);
    }
    for (const auto& [name, topic] : topics_) {
      const bool stays = behaviour.full_requests_go_by_name ? names.contains(name)
                                                            : named.contains(topic.topic_id);
      if (!stays) deleted.push_back(name);
    }
    for (const std::string& name : deleted) topics_.erase(name);
  }
  for (const UpdateMetadataTopicState& topic : request.topic_states) {
    for (const UpdateMetadataPartitionState& state : topic.partition_states) {
      if (state.leader == kLeaderDuringDelete) {
        const auto found = topics_.find(topic.topic_name);
        if (found == topics_.end()) continue;
        found->second.partitions.erase(state.partition_index);
        if (!found->second.partitions.empty()) continue;
        topics_.erase(found);
        deleted.push_back(topic.topic_name);
      } else {
        CachedTopic& cached = topics_[topic.topic_name];
        cached.topic_id = topic.topic_id;
        cached.partitions[state.partition_index] = {.leader = state.leader,
                                                    .leader_epoch = state.leader_epoch,
                                                    .partition_epoch = state.zk_version,
                                                    .isr = state.isr,
                                                    .replicas = state.replicas,
                                                    .offline_replicas = state.offline_replicas};
      }
    }
  }
  return deleted;
}

void MetadataCache::publish(const MetadataImage& image) {
  check(kraft_mode_, "a ZooKeeper-mode broker builds no metadata image");
  image_ = image;
  brokers_.clear();
  for (const BrokerRegistration& broker : image.cluster().brokers) {
    CachedBroker& cached = brokers_[broker.broker_id];
    for (const BrokerEndpoint& endpoint : broker.end_points) {
      cached.endpoints.push_back({.name = endpoint.name,
                                  .host = endpoint.host,
                                  .port = endpoint.port,
                                  .security_protocol = endpoint.security_protocol});
    }
    cached.rack = broker.rack;
    cached.epoch = broker.broker_epoch;
    cached.fenced = broker.fenced;
    cached.in_controlled_shutdown = broker.in_controlled_shutdown;
  }
}

std::optional<CachedPartition> MetadataCache::partition(
    const TopicPartition& topic_partition) const {
  if (kraft_mode_) {
    const auto state = image_.topics().partition(topic_partition);
    if (!state) return std::nullopt;
    return cached_from(*state);
  }
  const auto topic = topics_.find(topic_partition.topic);
  if (topic == topics_.end()) return std::nullopt;
  const auto found = topic->second.partitions.find(topic_partition.partition);
  if (found == topic->second.partitions.end()) return std::nullopt;
  return found->second;
}

std::int32_t MetadataCache::partition_count(std::string_view topic) const {
  if (kraft_mode_) {
    const Topic* found = image_.topics().find(topic);
    return found == nullptr ? 0 : static_cast<std::int32_t>(found->partition_count());
  }
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : static_cast<std::int32_t>(found->second.partitions.size());
}

std::vector<std::string> MetadataCache::topic_names() const {
  std::vector<std::string> names;
  if (kraft_mode_) {
    for (const Topic& topic : image_.topics()) names.push_back(topic.name());
  } else {
    for (const auto& [name, topic] : topics_) names.push_back(name);
  }
  return names;
}

bool MetadataCache::is_alive(BrokerId broker) const {
  const auto found = brokers_.find(broker);
  return found != brokers_.end() && !found->second.fenced;
}

bool MetadataCache::is_isr_eligible(BrokerId broker, BrokerEpoch fetch_epoch) const {
  if (!is_alive(broker)) return false;
  if (!kraft_mode_) return true;
  const CachedBroker& cached = brokers_.at(broker);
  return !cached.in_controlled_shutdown &&
         (fetch_epoch == kNoBrokerEpoch || fetch_epoch == cached.epoch);
}

MetadataResponse MetadataCache::describe_to_client(const MetadataRequest& request) const {
  MetadataResponse response;
  for (const auto& [id, broker] : brokers_) {
    if (broker.fenced) continue;
    const bool reachable = !broker.endpoints.empty();
    response.brokers.push_back({.node_id = id,
                                .host = reachable ? broker.endpoints.front().host : std::string(),
                                .port = reachable ? broker.endpoints.front().port : 0,
                                .rack = broker.rack});
  }
  for (const std::string& name : request.topics ? *request.topics : topic_names()) {
    response.topics.push_back(describe_topic(name));
  }
  return response;
}

MetadataTopic MetadataCache::describe_topic(const std::string& name) const {
  MetadataTopic described{.name = name, .is_internal = is_internal_topic(name)};
  const auto add = [&](PartitionId id, const CachedPartition& partition) {
    const bool led = partition.leader.value() >= 0 && is_alive(partition.leader);
    described.partitions.push_back(
        {.error_code = led ? ErrorCode::None : ErrorCode::LeaderNotAvailable,
         .partition_index = id,
         .leader_id = led ? partition.leader : kNoBroker,
         .leader_epoch = partition.leader_epoch,
         .replica_nodes = partition.replicas,
         .isr_nodes = partition.isr,
         .offline_replicas = partition.offline_replicas});
  };
  if (const Topic* topic = kraft_mode_ ? image_.topics().find(name) : nullptr) {
    described.topic_id = topic->id();
    for (const auto& [id, partition] : topic->partitions()) add(id, cached_from(partition));
  } else if (const auto found = topics_.find(name); found != topics_.end()) {
    described.topic_id = found->second.topic_id;
    for (const auto& [id, partition] : found->second.partitions) add(id, partition);
  } else {
    described.error_code = ErrorCode::UnknownTopicOrPartition;
  }
  return described;
}

void MetadataCache::digest_into(Digest& digest) const {
  sim::digest_into(digest, brokers_);
  sim::digest_into(digest, topics_);
  if (kraft_mode_) image_.digest_into(digest);
  sim::digest_into(digest, controller_);
}

}  // namespace sim
