#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sim/base/described.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/image_topics.h"
#include "sim/kafka/metadata_version.h"
#include "sim/kafka/persistent_tree.h"
#include "sim/kafka/quota_value.h"
#include "sim/kafka/records.h"

// All cluster metadata at one point of its history, as one immutable value: what a ZooKeeper tree
// and a KRaft log become, what a broker caches and a planner reads (Kafka's MetadataImage, kraft.md
// §4.2).
//
//   log ─ Record ─► MetadataDelta on an image ─ apply ─► MetadataImage ─► records of a checkpoint
//
// Copying an image costs a dozen counts. An image made from another by a delta shares with it
// everything but the paths to what changed, and digest and comparison make use of that. How images
// come to be: delta.h; how they are written: image_records.h; how two are compared: compare.h; as
// text: canonical.h.
namespace sim {

// A plain value as an entry of a persistent tree.
template <class Value>
struct Held final : Value, Counted {
  explicit Held(Value value) : Value(std::move(value)) {}
  const Value& value() const { return *this; }
  std::uint64_t digest() const { return digest_of(value()); }
};
// Values sorted by `kKey`: `for (const Value& value : table)`, `const Value* found =
// table.find(key)`.
template <class Value, auto kKey>
using Table = PersistentTree<Held<Value>, kKey>;

// Where in the metadata log an image stands: it holds the effect of all records up to and including
// `last_contained_offset` (inclusive, other than a snapshot's id). All -1: of no log. It is no part
// of an image's content: digest, canonical text and comparison leave it out.
struct Provenance {
  Offset last_contained_offset{-1};
  RaftEpoch last_contained_epoch{-1};
  std::int64_t last_contained_log_time_ms = -1;
  auto operator<=>(const Provenance&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("lastContainedOffset", &Provenance::last_contained_offset),
                 field("lastContainedEpoch", &Provenance::last_contained_epoch),
                 field("lastContainedLogTimeMs", &Provenance::last_contained_log_time_ms));
  }
};

// Registrations, credentials, tokens and ACLs are held as the records that write them, with what
// has no order sorted by name (endpoints, features) or by id (directories) and without unknown
// tagged fields.
using BrokerRegistration = RegisterBrokerRecord;
using ControllerRegistration = RegisterControllerRecord;
using ScramCredential = UserScramCredentialRecord;
using DelegationToken = DelegationTokenRecord;
using Acl = AccessControlEntryRecord;

struct FeatureLevel {
  std::string name;
  std::int16_t level = 0;
  auto operator<=>(const FeatureLevel&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("name", &FeatureLevel::name), field("level", &FeatureLevel::level));
  }
};

struct FeaturesPart {
  // As recorded, be it a level that this version does not know. Until a record names one it is that
  // of Kafka's empty image.
  MetadataVersion metadata_version = kMinimumMetadataVersion;
  ZkMigrationState zk_migration_state = ZkMigrationState::None;
  // All finalised features but metadata.version.
  Table<FeatureLevel, &FeatureLevel::name> finalized;
};

struct ClusterPart {
  Table<BrokerRegistration, &BrokerRegistration::broker_id> brokers;
  Table<ControllerRegistration, &ControllerRegistration::controller_id> controllers;
  // The registration, or null.
  const BrokerRegistration* broker(BrokerId id) const { return brokers.find(id); }
  const ControllerRegistration* controller(BrokerId id) const { return controllers.find(id); }
};

// What has configs: a topic by its name, a broker by its id in decimal or "" for all brokers, …
struct ConfigResource {
  ConfigResourceType type = ConfigResourceType::Unknown;
  std::string name;
  auto operator<=>(const ConfigResource&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("type", &ConfigResource::type), field("name", &ConfigResource::name));
  }
};

// The dynamic configs of one resource; never without any.
struct ResourceConfigs {
  ConfigResource resource;
  std::map<std::string, std::string, std::less<>> values;
  auto operator<=>(const ResourceConfigs&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("resource", &ResourceConfigs::resource),
                 field("values", &ResourceConfigs::values));
  }
};

struct ConfigsPart {
  Table<ResourceConfigs, &ResourceConfigs::resource> resources;
  // The resource's dynamic configs, or null if it has none.
  const ResourceConfigs* find(const ConfigResource& resource) const {
    return resources.find(resource);
  }
  // One dynamic config, or nothing. Defaults are not looked at.
  std::optional<std::string_view> value(const ConfigResource& resource, std::string_view key) const;
};

// Whom a quota is for: a name, or absent for the default, for each type of entity (user, client-id,
// ip). The order in which a record lists them means nothing.
using QuotaEntity = std::map<std::string, std::optional<std::string>>;
QuotaEntity quota_entity(const ClientQuotaRecord& record);

// The quotas of one entity; never without any.
struct ClientQuota {
  QuotaEntity entity;
  std::map<std::string, QuotaValue, std::less<>> values;
  auto operator<=>(const ClientQuota&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("entity", &ClientQuota::entity), field("values", &ClientQuota::values));
  }
};

struct ClientQuotasPart {
  Table<ClientQuota, &ClientQuota::entity> entities;
  const ClientQuota* find(const QuotaEntity& entity) const { return entities.find(entity); }
};

using ScramKey = std::pair<ScramMechanism, std::string_view>;
inline ScramKey scram_key(const ScramCredential& credential) {
  return {credential.mechanism, credential.name};
}
struct ScramPart {
  Table<ScramCredential, &scram_key> credentials;
  const ScramCredential* find(ScramMechanism mechanism, std::string_view user) const {
    return credentials.find(ScramKey(mechanism, user));
  }
};

struct AclsPart {
  Table<Acl, &Acl::id> acls;
  const Acl* find(Uuid id) const { return acls.find(id); }
};

struct DelegationTokensPart {
  Table<DelegationToken, &DelegationToken::token_id> tokens;
  const DelegationToken* find(std::string_view token_id) const { return tokens.find(token_id); }
};

struct ProducerIdsPart {
  // The first producer id of the next block to allocate; -1 before the first record.
  ProducerId next_producer_id{-1};
  bool known() const { return next_producer_id.value() >= 0; }
};

// The parts of an image. An image is read through its accessors; who builds one (MetadataDelta)
// fills this.
struct ImageParts {
  FeaturesPart features;
  ClusterPart cluster;
  TopicsPart topics;
  ConfigsPart configs;
  ClientQuotasPart client_quotas;
  ProducerIdsPart producer_ids;
  AclsPart acls;
  ScramPart scram;
  DelegationTokensPart tokens;
};

class MetadataImage {
 public:
  // The empty image.
  MetadataImage() = default;
  MetadataImage(ImageParts parts, Provenance provenance)
      : parts_(std::move(parts)), provenance_(provenance) {}

  const FeaturesPart& features() const { return parts_.features; }
  const ClusterPart& cluster() const { return parts_.cluster; }
  const TopicsPart& topics() const { return parts_.topics; }
  const ConfigsPart& configs() const { return parts_.configs; }
  const ClientQuotasPart& client_quotas() const { return parts_.client_quotas; }
  const ProducerIdsPart& producer_ids() const { return parts_.producer_ids; }
  const AclsPart& acls() const { return parts_.acls; }
  const ScramPart& scram() const { return parts_.scram; }
  const DelegationTokensPart& tokens() const { return parts_.tokens; }
  const ImageParts& parts() const { return parts_; }
  const Provenance& provenance() const { return provenance_; }

  // A hash of the content, without the provenance: equal for images of equal content, however they
  // came to be, and (but for the odds of 64 bits) for no others. Asking again after a change costs
  // the change.
  std::uint64_t digest() const;
  void digest_into(Digest& digest) const { digest.add(this->digest()); }
  std::string describe() const;  // one line: counts and digest

 private:
  ImageParts parts_;
  Provenance provenance_;
};

}  // namespace sim
