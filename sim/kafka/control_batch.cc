#include "sim/kafka/control_batch.h"

#include <algorithm>
#include <utility>

namespace sim {
namespace {

ControlHeader header_for(const ControlSender& sender, BrokerEpoch broker_epoch) {
  return {.controller_id = sender.controller_id,
          .is_kraft_controller = sender.is_kraft_controller,
          .controller_epoch = sender.controller_epoch,
          .broker_epoch = broker_epoch};
}

template <class States>
auto values_of(const States& states) {
  std::vector<typename States::mapped_type> values;
  values.reserve(states.size());
  for (const auto& [key, value] : states) values.push_back(value);
  return values;
}

}  // namespace

void ControlRequestBatch::add_leader_and_isr(BrokerId broker, const std::string& topic,
                                             Uuid topic_id,
                                             const LeaderAndIsrPartitionState& state) {
  if (broker < BrokerId(0)) return;
  auto& states = leader_and_isr_[broker][topic];
  states.id = topic_id;
  const auto known = states.partitions.find(state.partition_index);
  const bool already_new = known != states.partitions.end() && known->second.is_new;
  LeaderAndIsrPartitionState& kept = states.partitions[state.partition_index] = state;
  kept.is_new = state.is_new || already_new;
}

void ControlRequestBatch::add_update_metadata(std::span<const BrokerId> brokers) {
  std::ranges::copy_if(brokers,
                       std::inserter(update_metadata_brokers_, update_metadata_brokers_.end()),
                       [](BrokerId id) { return id >= BrokerId(0); });
}

void ControlRequestBatch::add_update_metadata(const std::string& topic, Uuid topic_id,
                                              const UpdateMetadataPartitionState& state) {
  auto& states = update_metadata_[topic];
  states.id = topic_id;
  states.partitions[state.partition_index] = state;
}

void ControlRequestBatch::add_stop_replica(BrokerId broker, const std::string& topic,
                                           const StopReplicaPartitionState& state) {
  if (broker < BrokerId(0)) return;
  auto& states = stop_replica_[broker][topic].partitions;
  const auto known = states.find(state.partition_index);
  const bool already_delete = known != states.end() && known->second.delete_partition;
  StopReplicaPartitionState& kept = states[state.partition_index] = state;
  kept.delete_partition = state.delete_partition || already_delete;
}

std::vector<ControlRequest> ControlRequestBatch::finish(const ControlSender& sender) {
  std::vector<ControlRequest> requests;
  for (const auto& [broker, topics] : std::exchange(leader_and_isr_, {})) {
    const auto live = sender.live.find(broker);
    if (live == sender.live.end()) continue;
    LeaderAndIsrRequest request{.header = header_for(sender, live->second), .type = type_};
    std::set<BrokerId> leaders;
    for (const auto& [name, states] : topics) {
      for (const auto& [id, state] : states.partitions) leaders.insert(state.leader);
      request.topic_states.push_back({.topic_name = name,
                                      .topic_id = states.id,
                                      .partition_states = values_of(states.partitions)});
    }
    for (const UpdateMetadataBroker& node : sender.live_brokers) {
      if (!leaders.contains(node.id) || node.endpoints.empty()) continue;
      const ListenerAddress& address = node.endpoints.front();
      request.live_leaders.push_back(
          {.broker_id = node.id, .host_name = address.host, .port = address.port});
    }
    requests.push_back({broker, std::move(request)});
  }
  UpdateMetadataRequest update{.type = type_, .live_brokers = sender.live_brokers};
  for (const auto& [name, states] : std::exchange(update_metadata_, {})) {
    update.topic_states.push_back({.topic_name = name,
                                   .topic_id = states.id,
                                   .partition_states = values_of(states.partitions)});
  }
  for (const BrokerId broker : std::exchange(update_metadata_brokers_, {})) {
    const auto live = sender.live.find(broker);
    if (live == sender.live.end()) continue;
    update.header = header_for(sender, live->second);
    requests.push_back({broker, update});
  }
  for (const auto& [broker, topics] : std::exchange(stop_replica_, {})) {
    const auto live = sender.live.find(broker);
    if (live == sender.live.end()) continue;
    StopReplicaRequest request{.header = header_for(sender, live->second)};
    for (const auto& [name, states] : topics) {
      request.topic_states.push_back(
          {.topic_name = name, .partition_states = values_of(states.partitions)});
    }
    requests.push_back({broker, std::move(request)});
  }
  return requests;
}

}  // namespace sim
