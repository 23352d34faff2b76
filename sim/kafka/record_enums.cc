#include "sim/kafka/record_enums.h"

namespace sim {

std::string_view name_of(ConfigResourceType type) {
  switch (type) {
    case ConfigResourceType::Unknown:
      return "UNKNOWN";
    case ConfigResourceType::Topic:
      return "TOPIC";
    case ConfigResourceType::Broker:
      return "BROKER";
    case ConfigResourceType::BrokerLogger:
      return "BROKER_LOGGER";
    case ConfigResourceType::ClientMetrics:
      return "CLIENT_METRICS";
  }
  return "UNKNOWN";
}

std::string_view name_of(LeaderRecoveryState state) {
  switch (state) {
    case LeaderRecoveryState::NoChange:
      return "NO_CHANGE";
    case LeaderRecoveryState::Recovered:
      return "RECOVERED";
    case LeaderRecoveryState::Recovering:
      return "RECOVERING";
  }
  return "UNKNOWN";
}

std::string_view name_of(FencingChange change) {
  switch (change) {
    case FencingChange::Unfence:
      return "UNFENCE";
    case FencingChange::None:
      return "NONE";
    case FencingChange::Fence:
      return "FENCE";
  }
  return "UNKNOWN";
}

std::string_view name_of(ControlledShutdownChange change) {
  switch (change) {
    case ControlledShutdownChange::None:
      return "NONE";
    case ControlledShutdownChange::InControlledShutdown:
      return "IN_CONTROLLED_SHUTDOWN";
  }
  return "UNKNOWN";
}

std::string_view name_of(SecurityProtocol protocol) {
  switch (protocol) {
    case SecurityProtocol::Plaintext:
      return "PLAINTEXT";
    case SecurityProtocol::Ssl:
      return "SSL";
    case SecurityProtocol::SaslPlaintext:
      return "SASL_PLAINTEXT";
    case SecurityProtocol::SaslSsl:
      return "SASL_SSL";
  }
  return "UNKNOWN";
}

std::string_view name_of(ScramMechanism mechanism) {
  switch (mechanism) {
    case ScramMechanism::Unknown:
      return "UNKNOWN";
    case ScramMechanism::ScramSha256:
      return "SCRAM-SHA-256";
    case ScramMechanism::ScramSha512:
      return "SCRAM-SHA-512";
  }
  return "UNKNOWN";
}

std::string_view name_of(ZkMigrationState state) {
  switch (state) {
    case ZkMigrationState::None:
      return "NONE";
    case ZkMigrationState::Migration:
      return "MIGRATION";
    case ZkMigrationState::PreMigration:
      return "PRE_MIGRATION";
    case ZkMigrationState::PostMigration:
      return "POST_MIGRATION";
    case ZkMigrationState::Zookeeper:
      return "ZK";
  }
  return "UNKNOWN";
}

std::string_view name_of(AclResourceType type) {
  switch (type) {
    case AclResourceType::Unknown:
      return "UNKNOWN";
    case AclResourceType::Any:
      return "ANY";
    case AclResourceType::Topic:
      return "TOPIC";
    case AclResourceType::Group:
      return "GROUP";
    case AclResourceType::Cluster:
      return "CLUSTER";
    case AclResourceType::TransactionalId:
      return "TRANSACTIONAL_ID";
    case AclResourceType::DelegationToken:
      return "DELEGATION_TOKEN";
    case AclResourceType::User:
      return "USER";
  }
  return "UNKNOWN";
}

std::string_view name_of(PatternType type) {
  switch (type) {
    case PatternType::Unknown:
      return "UNKNOWN";
    case PatternType::Any:
      return "ANY";
    case PatternType::Match:
      return "MATCH";
    case PatternType::Literal:
      return "LITERAL";
    case PatternType::Prefixed:
      return "PREFIXED";
  }
  return "UNKNOWN";
}

std::string_view name_of(AclOperation operation) {
  switch (operation) {
    case AclOperation::Unknown:
      return "UNKNOWN";
    case AclOperation::Any:
      return "ANY";
    case AclOperation::All:
      return "ALL";
    case AclOperation::Read:
      return "READ";
    case AclOperation::Write:
      return "WRITE";
    case AclOperation::Create:
      return "CREATE";
    case AclOperation::Delete:
      return "DELETE";
    case AclOperation::Alter:
      return "ALTER";
    case AclOperation::Describe:
      return "DESCRIBE";
    case AclOperation::ClusterAction:
      return "CLUSTER_ACTION";
    case AclOperation::DescribeConfigs:
      return "DESCRIBE_CONFIGS";
    case AclOperation::AlterConfigs:
      return "ALTER_CONFIGS";
    case AclOperation::IdempotentWrite:
      return "IDEMPOTENT_WRITE";
    case AclOperation::CreateTokens:
      return "CREATE_TOKENS";
    case AclOperation::DescribeTokens:
      return "DESCRIBE_TOKENS";
  }
  return "UNKNOWN";
}

std::string_view name_of(AclPermissionType permission) {
  switch (permission) {
    case AclPermissionType::Unknown:
      return "UNKNOWN";
    case AclPermissionType::Any:
      return "ANY";
    case AclPermissionType::Deny:
      return "DENY";
    case AclPermissionType::Allow:
      return "ALLOW";
  }
  return "UNKNOWN";
}

}  // namespace sim
