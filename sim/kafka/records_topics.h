#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/ids.h"
#include "sim/kafka/quota_value.h"
#include "sim/kafka/record_enums.h"
#include "sim/kafka/record_fields.h"
#include "sim/kafka/uuid.h"

// The metadata records about topics, partitions, configs and client quotas. Fields stand in the
// order of Kafka's schemas.
namespace sim {

// PartitionChangeRecord.leader: the leader stays and so does the leader epoch.
constexpr BrokerId kLeaderUnchanged{-2};

struct TopicRecord {
  static constexpr std::string_view kName = "TopicRecord";
  static constexpr std::int16_t kApiKey = 2;
  static constexpr std::int16_t kHighestVersion = 0;
  std::string name;
  Uuid topic_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const TopicRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("name", &TopicRecord::name), wire("topicId", &TopicRecord::topic_id));
  }
};

// The whole state of a partition: its creation, or its place in a snapshot or a migration's copy.
struct PartitionRecord {
  static constexpr std::string_view kName = "PartitionRecord";
  static constexpr std::int16_t kApiKey = 3;
  static constexpr std::int16_t kHighestVersion = 2;
  PartitionId partition_id{-1};
  Uuid topic_id;
  std::vector<BrokerId> replicas;  // in preferred order
  std::vector<BrokerId> isr;
  std::vector<BrokerId> removing_replicas;
  std::vector<BrokerId> adding_replicas;
  BrokerId leader = kNoBroker;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::Recovered;
  LeaderEpoch leader_epoch{-1};
  PartitionEpoch partition_epoch{-1};
  std::vector<Uuid> directories;  // of each replica, in its order; empty: all MIGRATING
  std::optional<std::vector<BrokerId>> eligible_leader_replicas;  // absent: empty
  std::optional<std::vector<BrokerId>> last_known_elr;            // absent: empty
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const PartitionRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = PartitionRecord;
    return visit(
        wire("partitionId", &R::partition_id), wire("topicId", &R::topic_id),
        wire("replicas", &R::replicas), wire("isr", &R::isr),
        wire("removingReplicas", &R::removing_replicas),
        wire("addingReplicas", &R::adding_replicas), wire("leader", &R::leader),
        wire("leaderRecoveryState", &R::leader_recovery_state, {.tag = 0}),
        wire("leaderEpoch", &R::leader_epoch), wire("partitionEpoch", &R::partition_epoch),
        wire("directories", &R::directories, {.since = 1}),
        wire("eligibleLeaderReplicas", &R::eligible_leader_replicas, {.since = 2, .tag = 1}),
        wire("lastKnownElr", &R::last_known_elr, {.since = 2, .tag = 2}));
  }
};

// What changes in a partition. An absent field leaves its part as it was, an empty array empties
// it; a leader that is present, even the same one, starts a new leader epoch.
struct PartitionChangeRecord {
  static constexpr std::string_view kName = "PartitionChangeRecord";
  static constexpr std::int16_t kApiKey = 5;
  static constexpr std::int16_t kHighestVersion = 2;
  PartitionId partition_id{-1};
  Uuid topic_id;
  std::optional<std::vector<BrokerId>> isr;
  BrokerId leader = kLeaderUnchanged;
  std::optional<std::vector<BrokerId>> replicas;
  std::optional<std::vector<BrokerId>> removing_replicas;
  std::optional<std::vector<BrokerId>> adding_replicas;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::NoChange;
  std::optional<std::vector<Uuid>> directories;
  std::optional<std::vector<BrokerId>> eligible_leader_replicas;
  std::optional<std::vector<BrokerId>> last_known_elr;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const PartitionChangeRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = PartitionChangeRecord;
    return visit(
        wire("partitionId", &R::partition_id), wire("topicId", &R::topic_id),
        wire("isr", &R::isr, {.tag = 0}), wire("leader", &R::leader, {.tag = 1}),
        wire("replicas", &R::replicas, {.tag = 2}),
        wire("removingReplicas", &R::removing_replicas, {.tag = 3}),
        wire("addingReplicas", &R::adding_replicas, {.tag = 4}),
        wire("leaderRecoveryState", &R::leader_recovery_state, {.tag = 5}),
        wire("directories", &R::directories, {.since = 1, .tag = 8}),
        wire("eligibleLeaderReplicas", &R::eligible_leader_replicas, {.since = 2, .tag = 6}),
        wire("lastKnownElr", &R::last_known_elr, {.since = 2, .tag = 7}));
  }
};

// Removes the topic with its partitions and its topic configs, for which no other record is
// written.
struct RemoveTopicRecord {
  static constexpr std::string_view kName = "RemoveTopicRecord";
  static constexpr std::int16_t kApiKey = 9;
  static constexpr std::int16_t kHighestVersion = 0;
  Uuid topic_id;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const RemoveTopicRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("topicId", &RemoveTopicRecord::topic_id));
  }
};

struct ConfigRecord {
  static constexpr std::string_view kName = "ConfigRecord";
  static constexpr std::int16_t kApiKey = 4;
  static constexpr std::int16_t kHighestVersion = 0;
  ConfigResourceType resource_type = ConfigResourceType::Unknown;
  std::string resource_name;  // "" with Broker: the default of all brokers
  std::string name;
  std::optional<std::string> value;  // absent: the key is deleted
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ConfigRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("resourceType", &ConfigRecord::resource_type),
                 wire("resourceName", &ConfigRecord::resource_name),
                 wire("name", &ConfigRecord::name), wire("value", &ConfigRecord::value));
  }
};

struct EntityData {
  std::string entity_type;                 // user, client-id, ip
  std::optional<std::string> entity_name;  // absent: the default entity
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const EntityData&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("entityType", &EntityData::entity_type),
                 wire("entityName", &EntityData::entity_name));
  }
};

struct ClientQuotaRecord {
  static constexpr std::string_view kName = "ClientQuotaRecord";
  static constexpr std::int16_t kApiKey = 14;
  static constexpr std::int16_t kHighestVersion = 0;
  std::vector<EntityData> entity;
  std::string key;
  QuotaValue value;  // means nothing if `remove`
  bool remove = false;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ClientQuotaRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("entity", &ClientQuotaRecord::entity), wire("key", &ClientQuotaRecord::key),
                 wire("value", &ClientQuotaRecord::value),
                 wire("remove", &ClientQuotaRecord::remove));
  }
};

}  // namespace sim
