#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/record_enums.h"
#include "sim/kafka/security/acl.h"
#include "sim/kafka/uuid.h"

// What Kafka's znodes hold, as values, and both ways between values and bytes (kafka.zk.ZkData,
// zookeeper.md §5). `encode` writes the bytes that Kafka 3.9 writes, key order included; `parse`
// reads what Kafka reads, which is more: older versions, unknown keys, keys in any order, and it
// says no where Kafka throws. Data that is null is the caller's business: what null means differs
// from znode to znode.
namespace zk {

// Why a znode cannot be read, as a sentence without the path.
struct Unreadable {
  std::string why;
  // Kafka's reader throws, so a migration would end here. False: Kafka takes the znode for empty or
  // absent and goes on, silently.
  bool kafka_throws = true;
  bool operator==(const Unreadable&) const = default;
};
template <class T>
using Parsed = std::expected<T, Unreadable>;

// /controller
struct ControllerZnode {
  sim::BrokerId broker;
  std::int64_t timestamp_ms = 0;
  // -1 written by a ZooKeeper-mode controller, absent before 3.4, the claim's Raft epoch from
  // KRaft.
  std::optional<sim::RaftEpoch> kraft_controller_epoch;
  bool operator==(const ControllerZnode&) const = default;
  bool is_kraft() const { return kraft_controller_epoch.value_or(sim::RaftEpoch(-1)).value() >= 0; }
};
Parsed<ControllerZnode> parse_controller(std::string_view data);
std::string encode(const ControllerZnode& znode);

// /controller_epoch: decimal text.
Parsed<sim::ControllerEpoch> parse_controller_epoch(std::string_view data);
std::string encode_controller_epoch(sim::ControllerEpoch epoch);

// /migration. -1 where nothing is known yet.
struct MigrationZnode {
  sim::BrokerId kraft_controller_id{-1};
  sim::RaftEpoch kraft_controller_epoch{-1};
  sim::OffsetAndEpoch kraft_metadata{sim::RaftEpoch(-1), sim::Offset(-1)};
  bool operator==(const MigrationZnode&) const = default;
  // The one test that decides between "copy" and "only reconcile" (migration.md §0.3).
  bool initial_migration_complete() const { return kraft_metadata.offset.value() > 0; }
};
Parsed<MigrationZnode> parse_migration(std::string_view data);
std::string encode(const MigrationZnode& znode);

// /cluster/id
Parsed<std::string> parse_cluster_id(std::string_view data);
std::string encode_cluster_id(std::string_view id);

// /brokers/ids/<id>. Broker epoch and session are in the stat: czxid and ephemeralOwner.
struct BrokerZnode {
  struct Endpoint {
    std::string listener;
    sim::SecurityProtocol security_protocol = sim::SecurityProtocol::Plaintext;
    std::string host;  // without the brackets of an IPv6 address; empty: any address
    std::int32_t port = 0;
    bool operator==(const Endpoint&) const = default;
  };
  struct SupportedVersions {
    std::int16_t min = 0;
    std::int16_t max = 0;
    bool operator==(const SupportedVersions&) const = default;
  };
  std::int32_t version = 5;
  std::vector<Endpoint> endpoints;
  std::optional<std::string> rack;
  std::int32_t jmx_port = -1;
  std::int64_t timestamp_ms = 0;
  std::map<std::string, SupportedVersions> features;
  bool operator==(const BrokerZnode&) const = default;
};
Parsed<BrokerZnode> parse_broker(std::string_view data);
// Top-level host and port are those of the first PLAINTEXT endpoint, null and -1 without one.
std::string encode(const BrokerZnode& znode);

// /brokers/topics/<t>
struct TopicZnode {
  struct Assignment {
    std::vector<sim::BrokerId> replicas;
    std::vector<sim::BrokerId> adding_replicas;
    std::vector<sim::BrokerId> removing_replicas;
    bool operator==(const Assignment&) const = default;
  };
  std::optional<sim::Uuid>
      topic_id;  // absent: written with an inter.broker.protocol.version below 2.8
  std::map<sim::PartitionId, Assignment> partitions;
  bool operator==(const TopicZnode&) const = default;
};
Parsed<TopicZnode> parse_topic(std::string_view data);
std::string encode(const TopicZnode& znode);

// /brokers/topics/<t>/partitions/<p>/state. The partition epoch is the znode's version.
struct PartitionStateZnode {
  sim::BrokerId leader;  // -1: none
  sim::LeaderEpoch leader_epoch;
  std::vector<sim::BrokerId> isr;
  sim::ControllerEpoch controller_epoch;
  sim::LeaderRecoveryState leader_recovery_state = sim::LeaderRecoveryState::Recovered;
  bool operator==(const PartitionStateZnode&) const = default;
};
Parsed<PartitionStateZnode> parse_partition_state(std::string_view data);
// The same for a whole cluster: of a million states only some thousand differ, and each is read
// once.
class PartitionStateReader {
 public:
  // Valid until the next call.
  const Parsed<PartitionStateZnode>& read(std::string_view data);

 private:
  std::map<std::string, Parsed<PartitionStateZnode>, std::less<>> known_;
};
std::string encode(const PartitionStateZnode& znode);

// /config/<type>/<entity>, quotas and SCRAM credentials included. An object without "config", and
// text that is no JSON, are an empty map to Kafka.
using ConfigZnode = std::map<std::string, std::string>;
Parsed<ConfigZnode> parse_config(std::string_view data);
std::string encode(const ConfigZnode& znode);

// /config/changes/config_change_N. Version 1 named type and entity apart; `entity_path` joins them.
Parsed<std::string> parse_config_change(std::string_view data);
std::string encode_config_change(std::string_view entity_path);

// /latest_producer_id_block, both ends included.
struct ProducerIdBlockZnode {
  sim::BrokerId broker;
  std::int64_t block_start = 0;
  std::int64_t block_end = 0;
  bool operator==(const ProducerIdBlockZnode&) const = default;
};
Parsed<ProducerIdBlockZnode> parse_producer_id_block(std::string_view data);
std::string encode(const ProducerIdBlockZnode& znode);

// Entries of /kafka-acl/<Type>/<name> and /kafka-acl-extended/prefixed/<Type>/<name>. A word that
// Kafka does not know is read as UNKNOWN, without a complaint; ANY is refused.
using AclEntry = sim::AccessControlEntry;
// Sorted, each entry once. Empty data is an empty list.
Parsed<std::vector<AclEntry>> parse_acls(std::string_view data);
std::string encode(const std::vector<AclEntry>& acls);

// Resource types as path elements, "TransactionalId". Reading ignores case, as Kafka does; what it
// does not know is Unknown.
sim::AclResourceType resource_type_of(std::string_view path_element);
std::string path_element_of(sim::AclResourceType type);

// What ACLs are about, and so where they stand.
using sim::ResourcePattern;
std::string acl_path(const ResourcePattern& resource);
// Where and what a change of these ACLs is announced: plain text for literal patterns, JSON for
// others. The path is the prefix of a sequential znode.
std::string_view acl_change_path(const ResourcePattern& resource);
std::string encode_acl_change(const ResourcePattern& resource);
Parsed<ResourcePattern> parse_acl_change(std::string_view data);
Parsed<ResourcePattern> parse_extended_acl_change(std::string_view data);

// /delegation_token/tokens/<id>. The HMAC is not stored: it follows from the id and the secret.
struct DelegationTokenZnode {
  std::string token_id;
  std::string owner;            // "User:alice"
  std::string token_requester;  // the owner, before version 3
  std::vector<std::string> renewers;
  std::int64_t issue_timestamp_ms = 0;
  std::int64_t expiry_timestamp_ms = 0;
  std::int64_t max_timestamp_ms = 0;
  bool operator==(const DelegationTokenZnode&) const = default;
};
Parsed<DelegationTokenZnode> parse_delegation_token(std::string_view data);
std::string encode(const DelegationTokenZnode& znode);
// The token's HMAC with delegation.token.secret.key: HmacSHA512 of the id (DelegationTokenManager).
sim::Bytes delegation_token_hmac(std::string_view token_id, std::string_view secret);

// /feature
struct FeatureZnode {
  std::int32_t version = 2;
  std::int32_t status = 1;                       // 0 disabled, 1 enabled
  std::map<std::string, std::int16_t> features;  // finalized max_version_level
  bool operator==(const FeatureZnode&) const = default;
};
Parsed<FeatureZnode> parse_feature(std::string_view data);
std::string encode(const FeatureZnode& znode);

// /isr_change_notification/isr_change_N and /admin/preferred_replica_election.
Parsed<std::vector<sim::TopicPartition>> parse_partition_list(std::string_view data);
std::string encode_partition_list(const std::vector<sim::TopicPartition>& partitions);

// /log_dir_event_notification/log_dir_event_N: the broker whose directory failed.
Parsed<sim::BrokerId> parse_log_dir_event(std::string_view data);
std::string encode_log_dir_event(sim::BrokerId broker);

// /admin/reassign_partitions
using ReassignmentZnode = std::map<sim::TopicPartition, std::vector<sim::BrokerId>>;
Parsed<ReassignmentZnode> parse_reassignment(std::string_view data);
std::string encode(const ReassignmentZnode& znode);

// A SCRAM credential as it stands in /config/users/<user>:
// "salt=…,stored_key=…,server_key=…,iterations=N".
struct ScramCredential {
  sim::Bytes salt;
  sim::Bytes stored_key;
  sim::Bytes server_key;
  std::int32_t iterations = 0;
  bool operator==(const ScramCredential&) const = default;
};
Parsed<ScramCredential> parse_scram_credential(std::string_view text);
std::string encode(const ScramCredential& credential);

}  // namespace zk
