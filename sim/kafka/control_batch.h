#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "sim/kafka/ids.h"
#include "sim/kafka/rpc_control.h"
#include "sim/kafka/uuid.h"

// How a controller of either kind tells brokers what changed: changes are collected and leave as at most one
// LeaderAndIsr, one UpdateMetadata and one StopReplica per broker (AbstractControllerBrokerRequestBatch;
// zookeeper.md §6.13, migration.md §5). What is sent is best effort: nobody waits for the answers.
namespace sim {

// One request for one broker, in the order in which it has to be queued.
struct ControlRequest {
  BrokerId to;
  std::variant<LeaderAndIsrRequest, UpdateMetadataRequest, StopReplicaRequest> body;
  bool operator==(const ControlRequest&) const = default;
};

// Who sends, and whom it knows. Requests are made only for brokers in `live`, each bearing the epoch that
// the sender knows of that broker.
struct ControlSender {
  BrokerId controller_id;
  bool is_kraft_controller = false;
  ControllerEpoch controller_epoch;
  std::map<BrokerId, BrokerEpoch> live;
  std::vector<UpdateMetadataBroker> live_brokers;  // as UpdateMetadata names them, by id
};

class ControlRequestBatch {
 public:
  explicit ControlRequestBatch(ControlRequestType type = ControlRequestType::Unknown)
      : type_(type) {}

  // The broker shall lead or follow the partition. A partition that was new in this batch stays new.
  void add_leader_and_isr(BrokerId broker, const std::string& topic, Uuid topic_id,
                          const LeaderAndIsrPartitionState& state);
  // These brokers get an UpdateMetadata, be it only the list of live brokers.
  void add_update_metadata(std::span<const BrokerId> brokers);
  // Every UpdateMetadata of this batch tells of this partition; the latest state wins.
  void add_update_metadata(const std::string& topic, Uuid topic_id,
                           const UpdateMetadataPartitionState& state);
  // The broker shall stop its replica; a deletion asked for in this batch stays one.
  void add_stop_replica(BrokerId broker, const std::string& topic,
                        const StopReplicaPartitionState& state);

  // The requests: LeaderAndIsr by broker, then UpdateMetadata, then StopReplica. The batch is empty after.
  std::vector<ControlRequest> finish(const ControlSender& sender);

 private:
  template <class State>
  struct TopicStates {
    Uuid id;
    std::map<PartitionId, State> partitions;
  };
  template <class State>
  using ByTopic = std::map<std::string, TopicStates<State>>;

  ControlRequestType type_;
  std::map<BrokerId, ByTopic<LeaderAndIsrPartitionState>> leader_and_isr_;
  std::set<BrokerId> update_metadata_brokers_;
  ByTopic<UpdateMetadataPartitionState> update_metadata_;
  std::map<BrokerId, ByTopic<StopReplicaPartitionState>> stop_replica_;
};

}  // namespace sim
