#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "sim/kafka/ids.h"

// Where Kafka 3.9 keeps what (kafka.zk.ZkData, zookeeper.md §5.1). Paths are relative to the
// chroot: the caller puts the root in front, as Kafka's own client library does. Names of users,
// clients and addresses must be sanitized already (zk/sanitizer.h).
namespace zk::paths {

inline constexpr std::string_view kController = "/controller";
inline constexpr std::string_view kControllerEpoch = "/controller_epoch";
inline constexpr std::string_view kMigration = "/migration";
inline constexpr std::string_view kClusterId = "/cluster/id";
inline constexpr std::string_view kFeature = "/feature";
inline constexpr std::string_view kBrokers = "/brokers";
inline constexpr std::string_view kBrokerIds = "/brokers/ids";
inline constexpr std::string_view kBrokerSequenceId = "/brokers/seqid";
inline constexpr std::string_view kTopics = "/brokers/topics";
inline constexpr std::string_view kAdmin = "/admin";
inline constexpr std::string_view kDeleteTopics = "/admin/delete_topics";
inline constexpr std::string_view kReassignPartitions = "/admin/reassign_partitions";
inline constexpr std::string_view kPreferredReplicaElection = "/admin/preferred_replica_election";
inline constexpr std::string_view kConfig = "/config";
inline constexpr std::string_view kConfigChanges = "/config/changes";
inline constexpr std::string_view kIsrChanges = "/isr_change_notification";
inline constexpr std::string_view kLogDirEvents = "/log_dir_event_notification";
inline constexpr std::string_view kProducerIdBlock = "/latest_producer_id_block";
inline constexpr std::string_view kDelegationToken = "/delegation_token";
inline constexpr std::string_view kTokens = "/delegation_token/tokens";
inline constexpr std::string_view kTokenChanges = "/delegation_token/token_changes";
inline constexpr std::string_view kAcls = "/kafka-acl";
inline constexpr std::string_view kExtendedAcls = "/kafka-acl-extended";
inline constexpr std::string_view kPrefixedAcls = "/kafka-acl-extended/prefixed";
inline constexpr std::string_view kAclChanges = "/kafka-acl-changes";
inline constexpr std::string_view kExtendedAclChanges = "/kafka-acl-extended-changes";
inline constexpr std::string_view kConsumers = "/consumers";

// The kinds of entity that have a folder under /config.
inline constexpr std::string_view kTopicEntity = "topics";
inline constexpr std::string_view kBrokerEntity = "brokers";
inline constexpr std::string_view kUserEntity = "users";
inline constexpr std::string_view kClientEntity = "clients";
inline constexpr std::string_view kIpEntity = "ips";

// Prefixes of sequential znodes; ZooKeeper appends ten digits.
inline constexpr std::string_view kConfigChangePrefix = "/config/changes/config_change_";
inline constexpr std::string_view kIsrChangePrefix = "/isr_change_notification/isr_change_";
inline constexpr std::string_view kLogDirEventPrefix = "/log_dir_event_notification/log_dir_event_";
inline constexpr std::string_view kTokenChangePrefix =
    "/delegation_token/token_changes/token_change_";
inline constexpr std::string_view kAclChangePrefix = "/kafka-acl-changes/acl_changes_";
inline constexpr std::string_view kExtendedAclChangePrefix =
    "/kafka-acl-extended-changes/acl_changes_";

inline std::string child(std::string_view parent, std::string_view name) {
  return fmt::format("{}/{}", parent, name);
}
inline std::string broker(sim::BrokerId id) {
  return fmt::format("{}/{}", kBrokerIds, id.value());
}
inline std::string topic(std::string_view name) {
  return child(kTopics, name);
}
inline std::string partitions(std::string_view topic_name) {
  return fmt::format("{}/{}/partitions", kTopics, topic_name);
}
inline std::string partition(std::string_view topic_name, sim::PartitionId id) {
  return fmt::format("{}/{}/partitions/{}", kTopics, topic_name, id.value());
}
inline std::string partition_state(std::string_view topic_name, sim::PartitionId id) {
  return fmt::format("{}/{}/partitions/{}/state", kTopics, topic_name, id.value());
}
inline std::string delete_topic(std::string_view topic_name) {
  return child(kDeleteTopics, topic_name);
}
inline std::string config_type(std::string_view entity_type) {
  return child(kConfig, entity_type);
}
// `entity` is a sanitized name, "<default>", or "<user>/clients/<client>".
inline std::string config(std::string_view entity_type, std::string_view entity) {
  return fmt::format("{}/{}/{}", kConfig, entity_type, entity);
}
inline std::string user_clients(std::string_view sanitized_user) {
  return fmt::format("{}/{}/{}/{}", kConfig, kUserEntity, sanitized_user, kClientEntity);
}
inline std::string token(std::string_view id) {
  return child(kTokens, id);
}

}  // namespace zk::paths
