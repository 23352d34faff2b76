#pragma once

#include <cstdint>
#include <string_view>

// The small numbers inside metadata records, by Kafka's names. A record read from a file may hold a
// number that is not listed here (a newer Kafka wrote it): it is kept as it is, and named UNKNOWN.
namespace sim {

// ConfigResource.Type
enum class ConfigResourceType : std::int8_t {
  Unknown = 0,
  Topic = 2,
  Broker = 4,
  BrokerLogger = 8,
  ClientMetrics = 16,
};

// org.apache.kafka.metadata.LeaderRecoveryState; NoChange occurs in PartitionChangeRecord alone.
enum class LeaderRecoveryState : std::int8_t {
  NoChange = -1,
  Recovered = 0,
  Recovering = 1
};

// org.apache.kafka.metadata.BrokerRegistrationFencingChange
enum class FencingChange : std::int8_t {
  Unfence = -1,
  None = 0,
  Fence = 1
};

// org.apache.kafka.metadata.BrokerRegistrationInControlledShutdownChange; it cannot be left again.
enum class ControlledShutdownChange : std::int8_t {
  None = 0,
  InControlledShutdown = 1
};

enum class SecurityProtocol : std::int16_t {
  Plaintext = 0,
  Ssl = 1,
  SaslPlaintext = 2,
  SaslSsl = 3
};

// org.apache.kafka.clients.admin.ScramMechanism
enum class ScramMechanism : std::int8_t {
  Unknown = 0,
  ScramSha256 = 1,
  ScramSha512 = 2
};

// org.apache.kafka.metadata.migration.ZkMigrationState as 3.5 and later write it (3.4 had 1 and 2 the
// other way round). Zookeeper is never written to the log.
enum class ZkMigrationState : std::int8_t {
  None = 0,
  Migration = 1,
  PreMigration = 2,
  PostMigration = 3,
  Zookeeper = 4,
};

// org.apache.kafka.common.resource.ResourceType
enum class AclResourceType : std::int8_t {
  Unknown = 0,
  Any = 1,
  Topic = 2,
  Group = 3,
  Cluster = 4,
  TransactionalId = 5,
  DelegationToken = 6,
  User = 7,
};

// org.apache.kafka.common.resource.PatternType
enum class PatternType : std::int8_t {
  Unknown = 0,
  Any = 1,
  Match = 2,
  Literal = 3,
  Prefixed = 4
};

// org.apache.kafka.common.acl.AclOperation
enum class AclOperation : std::int8_t {
  Unknown = 0,
  Any = 1,
  All = 2,
  Read = 3,
  Write = 4,
  Create = 5,
  Delete = 6,
  Alter = 7,
  Describe = 8,
  ClusterAction = 9,
  DescribeConfigs = 10,
  AlterConfigs = 11,
  IdempotentWrite = 12,
  CreateTokens = 13,
  DescribeTokens = 14,
};

// org.apache.kafka.common.acl.AclPermissionType
enum class AclPermissionType : std::int8_t {
  Unknown = 0,
  Any = 1,
  Deny = 2,
  Allow = 3
};

// Kafka's own spelling: TOPIC, SCRAM-SHA-256, PRE_MIGRATION; "UNKNOWN" for a number not listed.
std::string_view name_of(ConfigResourceType type);
std::string_view name_of(LeaderRecoveryState state);
std::string_view name_of(FencingChange change);
std::string_view name_of(ControlledShutdownChange change);
std::string_view name_of(SecurityProtocol protocol);
std::string_view name_of(ScramMechanism mechanism);
std::string_view name_of(ZkMigrationState state);
std::string_view name_of(AclResourceType type);
std::string_view name_of(PatternType type);
std::string_view name_of(AclOperation operation);
std::string_view name_of(AclPermissionType permission);

}  // namespace sim
