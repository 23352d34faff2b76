#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/error.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/record_enums.h"
#include "sim/kafka/uuid.h"

// What a controller, of either kind, and brokers say to each other. Field names are Kafka's
// (clients/src/main/resources/common/message); kraft.md §1.16 and migration.md §5.1 say which
// matter.
namespace sim {

// LeaderAndIsrRequest and UpdateMetadataRequest `Type`. A ZooKeeper-mode controller leaves it
// Unknown.
enum class ControlRequestType : std::int8_t {
  Unknown = 0,
  Incremental = 1,
  Full = 2
};
constexpr std::string_view name_of(ControlRequestType type) {
  switch (type) {
    case ControlRequestType::Unknown:
      return "UNKNOWN";
    case ControlRequestType::Incremental:
      return "INCREMENTAL";
    case ControlRequestType::Full:
      return "FULL";
  }
  return "?";
}

// Leader epochs that are no epochs, as UpdateMetadata and StopReplica carry them
// (org.apache.kafka.common.requests.LeaderAndIsr).
constexpr BrokerId kLeaderDuringDelete{-2};
constexpr LeaderEpoch kNoLeaderEpoch{-1};
constexpr LeaderEpoch kEpochDuringDelete{-2};
constexpr BrokerEpoch kNoBrokerEpoch{-1};

// How a broker is reached under one listener name.
struct ListenerAddress {
  std::string name;
  std::string host;
  std::uint16_t port = 0;
  SecurityProtocol security_protocol = SecurityProtocol::Plaintext;
  bool operator==(const ListenerAddress&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &ListenerAddress::name), field("host", &ListenerAddress::host),
                 field("port", &ListenerAddress::port),
                 field("securityProtocol", &ListenerAddress::security_protocol));
  }
};

struct SupportedFeature {
  std::string name;
  std::int16_t min_supported_version = 0;
  std::int16_t max_supported_version = 0;
  bool operator==(const SupportedFeature&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &SupportedFeature::name),
                 field("minSupportedVersion", &SupportedFeature::min_supported_version),
                 field("maxSupportedVersion", &SupportedFeature::max_supported_version));
  }
};

// What LeaderAndIsr, UpdateMetadata and StopReplica have in common; every acceptance rule of
// migration.md §5.5 that is not about a partition looks at nothing else.
struct ControlHeader {
  BrokerId controller_id{-1};
  bool is_kraft_controller = false;
  ControllerEpoch controller_epoch{};  // of the claim of /controller, under either kind
  BrokerEpoch broker_epoch{-1};        // of the receiver as the sender knows it; -1 is never stale
  bool operator==(const ControlHeader&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("controllerId", &ControlHeader::controller_id),
                 field("isKRaftController", &ControlHeader::is_kraft_controller),
                 field("controllerEpoch", &ControlHeader::controller_epoch),
                 field("brokerEpoch", &ControlHeader::broker_epoch));
  }
};

struct LeaderAndIsrPartitionState {
  PartitionId partition_index{};
  ControllerEpoch
      controller_epoch{};  // of the controller that wrote the state; a kcontroller: its Raft epoch
  BrokerId leader{-1};
  LeaderEpoch leader_epoch{};
  std::vector<BrokerId> isr;
  PartitionEpoch partition_epoch{};
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> adding_replicas;
  std::vector<BrokerId> removing_replicas;
  bool is_new = false;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::Recovered;
  bool operator==(const LeaderAndIsrPartitionState&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitionIndex", &LeaderAndIsrPartitionState::partition_index),
                 field("controllerEpoch", &LeaderAndIsrPartitionState::controller_epoch),
                 field("leader", &LeaderAndIsrPartitionState::leader),
                 field("leaderEpoch", &LeaderAndIsrPartitionState::leader_epoch),
                 field("isr", &LeaderAndIsrPartitionState::isr),
                 field("partitionEpoch", &LeaderAndIsrPartitionState::partition_epoch),
                 field("replicas", &LeaderAndIsrPartitionState::replicas),
                 field("addingReplicas", &LeaderAndIsrPartitionState::adding_replicas),
                 field("removingReplicas", &LeaderAndIsrPartitionState::removing_replicas),
                 field("isNew", &LeaderAndIsrPartitionState::is_new),
                 field("leaderRecoveryState", &LeaderAndIsrPartitionState::leader_recovery_state));
  }
};

struct LeaderAndIsrTopicState {
  std::string topic_name;
  Uuid topic_id;  // zero where topics have no ids (IBP < 2.8)
  std::vector<LeaderAndIsrPartitionState> partition_states;
  bool operator==(const LeaderAndIsrTopicState&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicName", &LeaderAndIsrTopicState::topic_name),
                 field("topicId", &LeaderAndIsrTopicState::topic_id),
                 field("partitionStates", &LeaderAndIsrTopicState::partition_states));
  }
};

struct LiveLeader {
  BrokerId broker_id{-1};
  std::string host_name;
  std::int32_t port = 0;
  bool operator==(const LiveLeader&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("brokerId", &LiveLeader::broker_id),
                 field("hostName", &LiveLeader::host_name), field("port", &LiveLeader::port));
  }
};

struct PartitionError {
  TopicPartition topic_partition;
  ErrorCode error_code = ErrorCode::None;
  bool operator==(const PartitionError&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &PartitionError::topic_partition),
                 field("errorCode", &PartitionError::error_code));
  }
};

struct LeaderAndIsrResponse {
  static constexpr std::string_view kName = "kafka.LeaderAndIsrResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<PartitionError> partition_errors;  // every partition asked for, None included
  bool operator==(const LeaderAndIsrResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &LeaderAndIsrResponse::error_code),
                 field("partitionErrors", &LeaderAndIsrResponse::partition_errors));
  }
};

struct LeaderAndIsrRequest {
  static constexpr std::string_view kName = "kafka.LeaderAndIsrRequest";
  using Response = LeaderAndIsrResponse;
  ControlHeader header;
  ControlRequestType type = ControlRequestType::Unknown;
  std::vector<LeaderAndIsrTopicState> topic_states;
  std::vector<LiveLeader> live_leaders;
  bool operator==(const LeaderAndIsrRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("header", &LeaderAndIsrRequest::header),
                 field("type", &LeaderAndIsrRequest::type),
                 field("topicStates", &LeaderAndIsrRequest::topic_states),
                 field("liveLeaders", &LeaderAndIsrRequest::live_leaders));
  }
};

struct UpdateMetadataPartitionState {
  PartitionId partition_index{};
  ControllerEpoch controller_epoch{};
  BrokerId leader{-1};  // kLeaderDuringDelete removes the partition
  LeaderEpoch leader_epoch{};
  std::vector<BrokerId> isr;
  PartitionEpoch zk_version{};
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> offline_replicas;
  bool operator==(const UpdateMetadataPartitionState&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitionIndex", &UpdateMetadataPartitionState::partition_index),
                 field("controllerEpoch", &UpdateMetadataPartitionState::controller_epoch),
                 field("leader", &UpdateMetadataPartitionState::leader),
                 field("leaderEpoch", &UpdateMetadataPartitionState::leader_epoch),
                 field("isr", &UpdateMetadataPartitionState::isr),
                 field("zkVersion", &UpdateMetadataPartitionState::zk_version),
                 field("replicas", &UpdateMetadataPartitionState::replicas),
                 field("offlineReplicas", &UpdateMetadataPartitionState::offline_replicas));
  }
};

struct UpdateMetadataTopicState {
  std::string topic_name;
  Uuid topic_id;
  std::vector<UpdateMetadataPartitionState> partition_states;
  bool operator==(const UpdateMetadataTopicState&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicName", &UpdateMetadataTopicState::topic_name),
                 field("topicId", &UpdateMetadataTopicState::topic_id),
                 field("partitionStates", &UpdateMetadataTopicState::partition_states));
  }
};

struct UpdateMetadataBroker {
  BrokerId id{-1};
  std::vector<ListenerAddress> endpoints;
  std::optional<std::string> rack;
  bool operator==(const UpdateMetadataBroker&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("id", &UpdateMetadataBroker::id),
                 field("endpoints", &UpdateMetadataBroker::endpoints),
                 field("rack", &UpdateMetadataBroker::rack));
  }
};

struct UpdateMetadataResponse {
  static constexpr std::string_view kName = "kafka.UpdateMetadataResponse";
  ErrorCode error_code = ErrorCode::None;
  bool operator==(const UpdateMetadataResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &UpdateMetadataResponse::error_code));
  }
};

struct UpdateMetadataRequest {
  static constexpr std::string_view kName = "kafka.UpdateMetadataRequest";
  using Response = UpdateMetadataResponse;
  ControlHeader header;
  ControlRequestType type = ControlRequestType::Unknown;
  std::vector<UpdateMetadataTopicState> topic_states;
  std::vector<UpdateMetadataBroker> live_brokers;
  bool operator==(const UpdateMetadataRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("header", &UpdateMetadataRequest::header),
                 field("type", &UpdateMetadataRequest::type),
                 field("topicStates", &UpdateMetadataRequest::topic_states),
                 field("liveBrokers", &UpdateMetadataRequest::live_brokers));
  }
};

struct StopReplicaPartitionState {
  PartitionId partition_index{};
  LeaderEpoch leader_epoch{-1};  // kEpochDuringDelete passes every epoch check
  bool delete_partition = false;
  bool operator==(const StopReplicaPartitionState&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitionIndex", &StopReplicaPartitionState::partition_index),
                 field("leaderEpoch", &StopReplicaPartitionState::leader_epoch),
                 field("deletePartition", &StopReplicaPartitionState::delete_partition));
  }
};

struct StopReplicaTopicState {
  std::string topic_name;
  std::vector<StopReplicaPartitionState> partition_states;
  bool operator==(const StopReplicaTopicState&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicName", &StopReplicaTopicState::topic_name),
                 field("partitionStates", &StopReplicaTopicState::partition_states));
  }
};

struct StopReplicaResponse {
  static constexpr std::string_view kName = "kafka.StopReplicaResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<PartitionError> partition_errors;
  bool operator==(const StopReplicaResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &StopReplicaResponse::error_code),
                 field("partitionErrors", &StopReplicaResponse::partition_errors));
  }
};

struct StopReplicaRequest {
  static constexpr std::string_view kName = "kafka.StopReplicaRequest";
  using Response = StopReplicaResponse;
  ControlHeader header;
  std::vector<StopReplicaTopicState> topic_states;
  bool operator==(const StopReplicaRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("header", &StopReplicaRequest::header),
                 field("topicStates", &StopReplicaRequest::topic_states));
  }
};

// A member of a proposed ISR; the epoch is -1 where the leader does not know it (ZooKeeper mode).
struct BrokerState {
  BrokerId broker_id{-1};
  BrokerEpoch broker_epoch{-1};
  bool operator==(const BrokerState&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("brokerId", &BrokerState::broker_id),
                 field("brokerEpoch", &BrokerState::broker_epoch));
  }
};

struct AlterPartitionData {
  PartitionId partition_index{};
  LeaderEpoch leader_epoch{};
  std::vector<BrokerState> new_isr_with_epochs;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::Recovered;
  PartitionEpoch partition_epoch{};
  bool operator==(const AlterPartitionData&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitionIndex", &AlterPartitionData::partition_index),
                 field("leaderEpoch", &AlterPartitionData::leader_epoch),
                 field("newIsrWithEpochs", &AlterPartitionData::new_isr_with_epochs),
                 field("leaderRecoveryState", &AlterPartitionData::leader_recovery_state),
                 field("partitionEpoch", &AlterPartitionData::partition_epoch));
  }
};

struct AlterPartitionTopic {
  std::string topic_name;
  Uuid topic_id;
  std::vector<AlterPartitionData> partitions;
  bool operator==(const AlterPartitionTopic&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicName", &AlterPartitionTopic::topic_name),
                 field("topicId", &AlterPartitionTopic::topic_id),
                 field("partitions", &AlterPartitionTopic::partitions));
  }
};

struct AlterPartitionResult {
  PartitionId partition_index{};
  ErrorCode error_code = ErrorCode::None;
  BrokerId leader_id{-1};
  LeaderEpoch leader_epoch{};
  std::vector<BrokerId> isr;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::Recovered;
  PartitionEpoch partition_epoch{};
  bool operator==(const AlterPartitionResult&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitionIndex", &AlterPartitionResult::partition_index),
                 field("errorCode", &AlterPartitionResult::error_code),
                 field("leaderId", &AlterPartitionResult::leader_id),
                 field("leaderEpoch", &AlterPartitionResult::leader_epoch),
                 field("isr", &AlterPartitionResult::isr),
                 field("leaderRecoveryState", &AlterPartitionResult::leader_recovery_state),
                 field("partitionEpoch", &AlterPartitionResult::partition_epoch));
  }
};

struct AlterPartitionTopicResult {
  std::string topic_name;
  Uuid topic_id;
  std::vector<AlterPartitionResult> partitions;
  bool operator==(const AlterPartitionTopicResult&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicName", &AlterPartitionTopicResult::topic_name),
                 field("topicId", &AlterPartitionTopicResult::topic_id),
                 field("partitions", &AlterPartitionTopicResult::partitions));
  }
};

struct AlterPartitionResponse {
  static constexpr std::string_view kName = "kafka.AlterPartitionResponse";
  ErrorCode error_code =
      ErrorCode::None;  // for the request as a whole: StaleBrokerEpoch, NotController
  std::vector<AlterPartitionTopicResult> topics;
  bool operator==(const AlterPartitionResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &AlterPartitionResponse::error_code),
                 field("topics", &AlterPartitionResponse::topics));
  }
};

struct AlterPartitionRequest {
  static constexpr std::string_view kName = "kafka.AlterPartitionRequest";
  using Response = AlterPartitionResponse;
  BrokerId broker_id{-1};
  BrokerEpoch broker_epoch{-1};
  std::vector<AlterPartitionTopic> topics;
  bool operator==(const AlterPartitionRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("brokerId", &AlterPartitionRequest::broker_id),
                 field("brokerEpoch", &AlterPartitionRequest::broker_epoch),
                 field("topics", &AlterPartitionRequest::topics));
  }
};

struct ControlledShutdownResponse {
  static constexpr std::string_view kName = "kafka.ControlledShutdownResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<TopicPartition>
      remaining_partitions;  // still led by the broker; it asks again until empty
  bool operator==(const ControlledShutdownResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &ControlledShutdownResponse::error_code),
                 field("remainingPartitions", &ControlledShutdownResponse::remaining_partitions));
  }
};

struct ControlledShutdownRequest {
  static constexpr std::string_view kName = "kafka.ControlledShutdownRequest";
  using Response = ControlledShutdownResponse;
  BrokerId broker_id{-1};
  BrokerEpoch broker_epoch{-1};
  bool operator==(const ControlledShutdownRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("brokerId", &ControlledShutdownRequest::broker_id),
                 field("brokerEpoch", &ControlledShutdownRequest::broker_epoch));
  }
};

struct BrokerRegistrationResponse {
  static constexpr std::string_view kName = "kafka.BrokerRegistrationResponse";
  ErrorCode error_code = ErrorCode::None;
  BrokerEpoch broker_epoch{-1};
  bool operator==(const BrokerRegistrationResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &BrokerRegistrationResponse::error_code),
                 field("brokerEpoch", &BrokerRegistrationResponse::broker_epoch));
  }
};

struct BrokerRegistrationRequest {
  static constexpr std::string_view kName = "kafka.BrokerRegistrationRequest";
  using Response = BrokerRegistrationResponse;
  BrokerId broker_id{-1};
  std::string cluster_id;
  Uuid incarnation_id;  // random at every start
  std::vector<ListenerAddress> listeners;
  std::vector<SupportedFeature>
      features;  // "metadata.version" is [IBP, IBP] for a migrating broker
  std::optional<std::string> rack;
  bool is_migrating_zk_broker = false;
  std::vector<Uuid> log_dirs;
  BrokerEpoch previous_broker_epoch{-1};
  bool operator==(const BrokerRegistrationRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("brokerId", &BrokerRegistrationRequest::broker_id),
                 field("clusterId", &BrokerRegistrationRequest::cluster_id),
                 field("incarnationId", &BrokerRegistrationRequest::incarnation_id),
                 field("listeners", &BrokerRegistrationRequest::listeners),
                 field("features", &BrokerRegistrationRequest::features),
                 field("rack", &BrokerRegistrationRequest::rack),
                 field("isMigratingZkBroker", &BrokerRegistrationRequest::is_migrating_zk_broker),
                 field("logDirs", &BrokerRegistrationRequest::log_dirs),
                 field("previousBrokerEpoch", &BrokerRegistrationRequest::previous_broker_epoch));
  }
};

struct BrokerHeartbeatResponse {
  static constexpr std::string_view kName = "kafka.BrokerHeartbeatResponse";
  ErrorCode error_code = ErrorCode::None;
  bool is_caught_up = false;
  bool is_fenced = true;
  bool should_shut_down = false;
  bool operator==(const BrokerHeartbeatResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &BrokerHeartbeatResponse::error_code),
                 field("isCaughtUp", &BrokerHeartbeatResponse::is_caught_up),
                 field("isFenced", &BrokerHeartbeatResponse::is_fenced),
                 field("shouldShutDown", &BrokerHeartbeatResponse::should_shut_down));
  }
};

struct BrokerHeartbeatRequest {
  static constexpr std::string_view kName = "kafka.BrokerHeartbeatRequest";
  using Response = BrokerHeartbeatResponse;
  BrokerId broker_id{-1};
  BrokerEpoch broker_epoch{-1};
  Offset current_metadata_offset{-1};
  bool want_fence = false;
  bool want_shut_down = false;
  std::vector<Uuid> offline_log_dirs;
  bool operator==(const BrokerHeartbeatRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("brokerId", &BrokerHeartbeatRequest::broker_id),
                 field("brokerEpoch", &BrokerHeartbeatRequest::broker_epoch),
                 field("currentMetadataOffset", &BrokerHeartbeatRequest::current_metadata_offset),
                 field("wantFence", &BrokerHeartbeatRequest::want_fence),
                 field("wantShutDown", &BrokerHeartbeatRequest::want_shut_down),
                 field("offlineLogDirs", &BrokerHeartbeatRequest::offline_log_dirs));
  }
};

struct UnregisterBrokerResponse {
  static constexpr std::string_view kName = "kafka.UnregisterBrokerResponse";
  ErrorCode error_code = ErrorCode::None;
  std::string error_message;
  bool operator==(const UnregisterBrokerResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &UnregisterBrokerResponse::error_code),
                 field("errorMessage", &UnregisterBrokerResponse::error_message));
  }
};

struct UnregisterBrokerRequest {
  static constexpr std::string_view kName = "kafka.UnregisterBrokerRequest";
  using Response = UnregisterBrokerResponse;
  BrokerId broker_id{-1};
  bool operator==(const UnregisterBrokerRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("brokerId", &UnregisterBrokerRequest::broker_id));
  }
};

struct ControllerRegistrationResponse {
  static constexpr std::string_view kName = "kafka.ControllerRegistrationResponse";
  ErrorCode error_code = ErrorCode::None;
  std::string error_message;
  bool operator==(const ControllerRegistrationResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &ControllerRegistrationResponse::error_code),
                 field("errorMessage", &ControllerRegistrationResponse::error_message));
  }
};

struct ControllerRegistrationRequest {
  static constexpr std::string_view kName = "kafka.ControllerRegistrationRequest";
  using Response = ControllerRegistrationResponse;
  BrokerId controller_id{-1};
  Uuid incarnation_id;
  bool zk_migration_ready = false;
  std::vector<ListenerAddress> listeners;
  std::vector<SupportedFeature> features;
  bool operator==(const ControllerRegistrationRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("controllerId", &ControllerRegistrationRequest::controller_id),
                 field("incarnationId", &ControllerRegistrationRequest::incarnation_id),
                 field("zkMigrationReady", &ControllerRegistrationRequest::zk_migration_ready),
                 field("listeners", &ControllerRegistrationRequest::listeners),
                 field("features", &ControllerRegistrationRequest::features));
  }
};

struct AllocateProducerIdsResponse {
  static constexpr std::string_view kName = "kafka.AllocateProducerIdsResponse";
  ErrorCode error_code = ErrorCode::None;
  ProducerId producer_id_start{-1};
  std::int32_t producer_id_len = 0;
  bool operator==(const AllocateProducerIdsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &AllocateProducerIdsResponse::error_code),
                 field("producerIdStart", &AllocateProducerIdsResponse::producer_id_start),
                 field("producerIdLen", &AllocateProducerIdsResponse::producer_id_len));
  }
};

struct AllocateProducerIdsRequest {
  static constexpr std::string_view kName = "kafka.AllocateProducerIdsRequest";
  using Response = AllocateProducerIdsResponse;
  BrokerId broker_id{-1};
  BrokerEpoch broker_epoch{-1};
  bool operator==(const AllocateProducerIdsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("brokerId", &AllocateProducerIdsRequest::broker_id),
                 field("brokerEpoch", &AllocateProducerIdsRequest::broker_epoch));
  }
};

}  // namespace sim
