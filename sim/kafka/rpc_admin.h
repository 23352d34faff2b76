#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/described.h"
#include "sim/base/time.h"
#include "sim/kafka/error.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/quota_value.h"
#include "sim/kafka/record_enums.h"
#include "sim/kafka/records_topics.h"
#include "sim/kafka/rpc_control.h"
#include "sim/kafka/uuid.h"

// What an administrator asks of any broker, which forwards it to the controller of the day.
// Simplified: forwarding re-sends the body; there is no Envelope, principal or quota (brokers.md
// §2.1).
namespace sim {

// The answer for one thing asked for: a topic by name, a config resource, an ACL by position.
struct AdminResult {
  std::string name;
  ErrorCode error_code = ErrorCode::None;
  std::string error_message;
  bool operator==(const AdminResult&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &AdminResult::name), field("errorCode", &AdminResult::error_code),
                 field("errorMessage", &AdminResult::error_message));
  }
};

struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;
  bool operator==(const ConfigEntry&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &ConfigEntry::name), field("value", &ConfigEntry::value));
  }
};

struct ReplicaAssignment {
  PartitionId partition_index{};
  std::vector<BrokerId> broker_ids;
  bool operator==(const ReplicaAssignment&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitionIndex", &ReplicaAssignment::partition_index),
                 field("brokerIds", &ReplicaAssignment::broker_ids));
  }
};

struct CreatableTopic {
  std::string name;
  std::int32_t num_partitions =
      -1;  // -1: num.partitions of the controller; -1 too when assignments are given
  std::int16_t replication_factor = -1;
  std::vector<ReplicaAssignment> assignments;
  std::vector<ConfigEntry> configs;
  bool operator==(const CreatableTopic&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &CreatableTopic::name),
                 field("numPartitions", &CreatableTopic::num_partitions),
                 field("replicationFactor", &CreatableTopic::replication_factor),
                 field("assignments", &CreatableTopic::assignments),
                 field("configs", &CreatableTopic::configs));
  }
};

struct CreatableTopicResult {
  std::string name;
  Uuid topic_id;
  ErrorCode error_code = ErrorCode::None;
  std::string error_message;
  bool operator==(const CreatableTopicResult&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &CreatableTopicResult::name),
                 field("topicId", &CreatableTopicResult::topic_id),
                 field("errorCode", &CreatableTopicResult::error_code),
                 field("errorMessage", &CreatableTopicResult::error_message));
  }
};

struct CreateTopicsResponse {
  static constexpr std::string_view kName = "kafka.CreateTopicsResponse";
  std::vector<CreatableTopicResult> topics;
  bool operator==(const CreateTopicsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topics", &CreateTopicsResponse::topics));
  }
};

struct CreateTopicsRequest {
  static constexpr std::string_view kName = "kafka.CreateTopicsRequest";
  using Response = CreateTopicsResponse;
  std::vector<CreatableTopic> topics;
  Duration timeout{};
  bool validate_only = false;
  bool operator==(const CreateTopicsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topics", &CreateTopicsRequest::topics),
                 field("timeout", &CreateTopicsRequest::timeout),
                 field("validateOnly", &CreateTopicsRequest::validate_only));
  }
};

struct DeleteTopicsResponse {
  static constexpr std::string_view kName = "kafka.DeleteTopicsResponse";
  std::vector<AdminResult> responses;
  bool operator==(const DeleteTopicsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("responses", &DeleteTopicsResponse::responses));
  }
};

struct DeleteTopicsRequest {
  static constexpr std::string_view kName = "kafka.DeleteTopicsRequest";
  using Response = DeleteTopicsResponse;
  std::vector<std::string> topic_names;
  Duration timeout{};
  bool operator==(const DeleteTopicsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicNames", &DeleteTopicsRequest::topic_names),
                 field("timeout", &DeleteTopicsRequest::timeout));
  }
};

struct CreatePartitionsTopic {
  std::string name;
  std::int32_t count = 0;                          // the new total
  std::vector<std::vector<BrokerId>> assignments;  // empty: the controller places them
  bool operator==(const CreatePartitionsTopic&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &CreatePartitionsTopic::name),
                 field("count", &CreatePartitionsTopic::count),
                 field("assignments", &CreatePartitionsTopic::assignments));
  }
};

struct CreatePartitionsResponse {
  static constexpr std::string_view kName = "kafka.CreatePartitionsResponse";
  std::vector<AdminResult> results;
  bool operator==(const CreatePartitionsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("results", &CreatePartitionsResponse::results));
  }
};

struct CreatePartitionsRequest {
  static constexpr std::string_view kName = "kafka.CreatePartitionsRequest";
  using Response = CreatePartitionsResponse;
  std::vector<CreatePartitionsTopic> topics;
  Duration timeout{};
  bool validate_only = false;
  bool operator==(const CreatePartitionsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topics", &CreatePartitionsRequest::topics),
                 field("timeout", &CreatePartitionsRequest::timeout),
                 field("validateOnly", &CreatePartitionsRequest::validate_only));
  }
};

// AlterConfigOp.OpType, by its wire numbers.
enum class ConfigOperation : std::int8_t {
  Set = 0,
  Delete = 1,
  Append = 2,
  Subtract = 3
};

struct AlterableConfig {
  std::string name;
  ConfigOperation config_operation = ConfigOperation::Set;
  std::optional<std::string> value;
  bool operator==(const AlterableConfig&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &AlterableConfig::name),
                 field("configOperation", &AlterableConfig::config_operation),
                 field("value", &AlterableConfig::value));
  }
};

struct AlterConfigsResource {
  ConfigResourceType resource_type = ConfigResourceType::Topic;
  std::string resource_name;  // empty with Broker: the default of all brokers
  std::vector<AlterableConfig> configs;
  bool operator==(const AlterConfigsResource&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("resourceType", &AlterConfigsResource::resource_type),
                 field("resourceName", &AlterConfigsResource::resource_name),
                 field("configs", &AlterConfigsResource::configs));
  }
};

struct IncrementalAlterConfigsResponse {
  static constexpr std::string_view kName = "kafka.IncrementalAlterConfigsResponse";
  std::vector<AdminResult> responses;
  bool operator==(const IncrementalAlterConfigsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("responses", &IncrementalAlterConfigsResponse::responses));
  }
};

struct IncrementalAlterConfigsRequest {
  static constexpr std::string_view kName = "kafka.IncrementalAlterConfigsRequest";
  using Response = IncrementalAlterConfigsResponse;
  std::vector<AlterConfigsResource> resources;
  bool validate_only = false;
  bool operator==(const IncrementalAlterConfigsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("resources", &IncrementalAlterConfigsRequest::resources),
                 field("validateOnly", &IncrementalAlterConfigsRequest::validate_only));
  }
};

struct ReassignablePartition {
  TopicPartition topic_partition;
  std::optional<std::vector<BrokerId>> replicas;  // none: cancel
  bool operator==(const ReassignablePartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &ReassignablePartition::topic_partition),
                 field("replicas", &ReassignablePartition::replicas));
  }
};

struct AlterPartitionReassignmentsResponse {
  static constexpr std::string_view kName = "kafka.AlterPartitionReassignmentsResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<PartitionError> responses;
  bool operator==(const AlterPartitionReassignmentsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &AlterPartitionReassignmentsResponse::error_code),
                 field("responses", &AlterPartitionReassignmentsResponse::responses));
  }
};

struct AlterPartitionReassignmentsRequest {
  static constexpr std::string_view kName = "kafka.AlterPartitionReassignmentsRequest";
  using Response = AlterPartitionReassignmentsResponse;
  std::vector<ReassignablePartition> partitions;
  Duration timeout{};
  bool operator==(const AlterPartitionReassignmentsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("partitions", &AlterPartitionReassignmentsRequest::partitions),
                 field("timeout", &AlterPartitionReassignmentsRequest::timeout));
  }
};

enum class ElectionType : std::int8_t {
  Preferred = 0,
  Unclean = 1
};

struct ElectLeadersResponse {
  static constexpr std::string_view kName = "kafka.ElectLeadersResponse";
  ErrorCode error_code = ErrorCode::None;
  std::vector<PartitionError> replica_election_results;
  bool operator==(const ElectLeadersResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &ElectLeadersResponse::error_code),
                 field("replicaElectionResults", &ElectLeadersResponse::replica_election_results));
  }
};

struct ElectLeadersRequest {
  static constexpr std::string_view kName = "kafka.ElectLeadersRequest";
  using Response = ElectLeadersResponse;
  ElectionType election_type = ElectionType::Preferred;
  std::optional<std::vector<TopicPartition>> partitions;  // none: all
  Duration timeout{};
  bool operator==(const ElectLeadersRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("electionType", &ElectLeadersRequest::election_type),
                 field("partitions", &ElectLeadersRequest::partitions),
                 field("timeout", &ElectLeadersRequest::timeout));
  }
};

struct QuotaOperation {
  std::string key;
  QuotaValue value;
  bool remove = false;
  bool operator==(const QuotaOperation&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("key", &QuotaOperation::key), field("value", &QuotaOperation::value),
                 field("remove", &QuotaOperation::remove));
  }
};

struct QuotaEntry {
  std::vector<EntityData> entity;  // a type without a name: the default
  std::vector<QuotaOperation> ops;
  bool operator==(const QuotaEntry&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("entity", &QuotaEntry::entity), field("ops", &QuotaEntry::ops));
  }
};

struct AlterClientQuotasResponse {
  static constexpr std::string_view kName = "kafka.AlterClientQuotasResponse";
  std::vector<AdminResult> entries;
  bool operator==(const AlterClientQuotasResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("entries", &AlterClientQuotasResponse::entries));
  }
};

struct AlterClientQuotasRequest {
  static constexpr std::string_view kName = "kafka.AlterClientQuotasRequest";
  using Response = AlterClientQuotasResponse;
  std::vector<QuotaEntry> entries;
  bool validate_only = false;
  bool operator==(const AlterClientQuotasRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("entries", &AlterClientQuotasRequest::entries),
                 field("validateOnly", &AlterClientQuotasRequest::validate_only));
  }
};

// An ACL binding, and as a filter of DeleteAcls: an empty string, or Any, matches all.
struct AclBinding {
  AclResourceType resource_type = AclResourceType::Unknown;
  std::string resource_name;
  PatternType resource_pattern_type = PatternType::Literal;
  std::string principal;
  std::string host;
  AclOperation operation = AclOperation::Unknown;
  AclPermissionType permission_type = AclPermissionType::Unknown;
  bool operator==(const AclBinding&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("resourceType", &AclBinding::resource_type),
                 field("resourceName", &AclBinding::resource_name),
                 field("resourcePatternType", &AclBinding::resource_pattern_type),
                 field("principal", &AclBinding::principal), field("host", &AclBinding::host),
                 field("operation", &AclBinding::operation),
                 field("permissionType", &AclBinding::permission_type));
  }
};

struct CreateAclsResponse {
  static constexpr std::string_view kName = "kafka.CreateAclsResponse";
  std::vector<AdminResult> results;  // in the order of the creations
  bool operator==(const CreateAclsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("results", &CreateAclsResponse::results));
  }
};

struct CreateAclsRequest {
  static constexpr std::string_view kName = "kafka.CreateAclsRequest";
  using Response = CreateAclsResponse;
  std::vector<AclBinding> creations;
  bool operator==(const CreateAclsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("creations", &CreateAclsRequest::creations));
  }
};

struct DeleteAclsResponse {
  static constexpr std::string_view kName = "kafka.DeleteAclsResponse";
  std::vector<AdminResult> filter_results;  // in the order of the filters
  bool operator==(const DeleteAclsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("filterResults", &DeleteAclsResponse::filter_results));
  }
};

struct DeleteAclsRequest {
  static constexpr std::string_view kName = "kafka.DeleteAclsRequest";
  using Response = DeleteAclsResponse;
  std::vector<AclBinding> filters;
  bool operator==(const DeleteAclsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("filters", &DeleteAclsRequest::filters));
  }
};

struct ScramCredentialDeletion {
  std::string name;
  ScramMechanism mechanism = ScramMechanism::Unknown;
  bool operator==(const ScramCredentialDeletion&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &ScramCredentialDeletion::name),
                 field("mechanism", &ScramCredentialDeletion::mechanism));
  }
};

struct ScramCredentialUpsertion {
  std::string name;
  ScramMechanism mechanism = ScramMechanism::Unknown;
  std::int32_t iterations = 0;
  Bytes salt;
  Bytes salted_password;
  bool operator==(const ScramCredentialUpsertion&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &ScramCredentialUpsertion::name),
                 field("mechanism", &ScramCredentialUpsertion::mechanism),
                 field("iterations", &ScramCredentialUpsertion::iterations),
                 field("salt", &ScramCredentialUpsertion::salt),
                 field("saltedPassword", &ScramCredentialUpsertion::salted_password));
  }
};

struct AlterUserScramCredentialsResponse {
  static constexpr std::string_view kName = "kafka.AlterUserScramCredentialsResponse";
  std::vector<AdminResult> results;
  bool operator==(const AlterUserScramCredentialsResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("results", &AlterUserScramCredentialsResponse::results));
  }
};

struct AlterUserScramCredentialsRequest {
  static constexpr std::string_view kName = "kafka.AlterUserScramCredentialsRequest";
  using Response = AlterUserScramCredentialsResponse;
  std::vector<ScramCredentialDeletion> deletions;
  std::vector<ScramCredentialUpsertion> upsertions;
  bool operator==(const AlterUserScramCredentialsRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("deletions", &AlterUserScramCredentialsRequest::deletions),
                 field("upsertions", &AlterUserScramCredentialsRequest::upsertions));
  }
};

struct FeatureUpdate {
  std::string feature;
  std::int16_t max_version_level = 0;
  std::int8_t upgrade_type = 1;  // 1 UPGRADE, 2 SAFE_DOWNGRADE, 3 UNSAFE_DOWNGRADE
  bool operator==(const FeatureUpdate&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("feature", &FeatureUpdate::feature),
                 field("maxVersionLevel", &FeatureUpdate::max_version_level),
                 field("upgradeType", &FeatureUpdate::upgrade_type));
  }
};

struct UpdateFeaturesResponse {
  static constexpr std::string_view kName = "kafka.UpdateFeaturesResponse";
  ErrorCode error_code = ErrorCode::None;
  std::string error_message;
  bool operator==(const UpdateFeaturesResponse&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("errorCode", &UpdateFeaturesResponse::error_code),
                 field("errorMessage", &UpdateFeaturesResponse::error_message));
  }
};

struct UpdateFeaturesRequest {
  static constexpr std::string_view kName = "kafka.UpdateFeaturesRequest";
  using Response = UpdateFeaturesResponse;
  std::vector<FeatureUpdate> feature_updates;
  bool validate_only = false;
  bool operator==(const UpdateFeaturesRequest&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("featureUpdates", &UpdateFeaturesRequest::feature_updates),
                 field("validateOnly", &UpdateFeaturesRequest::validate_only));
  }
};

}  // namespace sim
