#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/ids.h"
#include "sim/kafka/record_enums.h"
#include "sim/kafka/record_fields.h"
#include "sim/kafka/uuid.h"

// The metadata records about brokers, controllers, features, producer ids, the migration, and the
// log itself (no-ops and transactions). Fields stand in the order of Kafka's schemas.
namespace sim {

struct BrokerEndpoint {
  std::string name;  // the listener's; unique in a registration
  std::string host;
  std::uint16_t port = 0;
  SecurityProtocol security_protocol = SecurityProtocol::Plaintext;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const BrokerEndpoint&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("name", &BrokerEndpoint::name), wire("host", &BrokerEndpoint::host),
                 wire("port", &BrokerEndpoint::port),
                 wire("securityProtocol", &BrokerEndpoint::security_protocol));
  }
};

struct BrokerFeature {
  std::string name;
  std::int16_t min_supported_version = 0;
  std::int16_t max_supported_version = 0;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const BrokerFeature&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("name", &BrokerFeature::name),
                 wire("minSupportedVersion", &BrokerFeature::min_supported_version),
                 wire("maxSupportedVersion", &BrokerFeature::max_supported_version));
  }
};

struct RegisterBrokerRecord {
  static constexpr std::string_view kName = "RegisterBrokerRecord";
  static constexpr std::int16_t kApiKey = 0;
  static constexpr std::int16_t kHighestVersion = 3;
  BrokerId broker_id;
  bool is_migrating_zk_broker = false;  // second on the wire although it came with version 2
  Uuid incarnation_id;
  BrokerEpoch broker_epoch;
  std::vector<BrokerEndpoint> end_points;
  std::vector<BrokerFeature> features;
  std::optional<std::string> rack;
  bool fenced = true;
  bool in_controlled_shutdown = false;
  std::vector<Uuid> log_dirs;  // online directories, sorted
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const RegisterBrokerRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = RegisterBrokerRecord;
    return visit(wire("brokerId", &R::broker_id),
                 wire("isMigratingZkBroker", &R::is_migrating_zk_broker, {.since = 2}),
                 wire("incarnationId", &R::incarnation_id), wire("brokerEpoch", &R::broker_epoch),
                 wire("endPoints", &R::end_points), wire("features", &R::features),
                 wire("rack", &R::rack), wire("fenced", &R::fenced),
                 wire("inControlledShutdown", &R::in_controlled_shutdown, {.since = 1}),
                 wire("logDirs", &R::log_dirs, {.since = 3, .tag = 0}));
  }
};

struct UnregisterBrokerRecord {
  static constexpr std::string_view kName = "UnregisterBrokerRecord";
  static constexpr std::int16_t kApiKey = 1;
  static constexpr std::int16_t kHighestVersion = 0;
  BrokerId broker_id;
  BrokerEpoch broker_epoch;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const UnregisterBrokerRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("brokerId", &UnregisterBrokerRecord::broker_id),
                 wire("brokerEpoch", &UnregisterBrokerRecord::broker_epoch));
  }
};

// Written below metadata.version 6 only; BrokerRegistrationChangeRecord replaced it.
struct FenceBrokerRecord {
  static constexpr std::string_view kName = "FenceBrokerRecord";
  static constexpr std::int16_t kApiKey = 7;
  static constexpr std::int16_t kHighestVersion = 0;
  BrokerId id;
  BrokerEpoch epoch;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const FenceBrokerRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("id", &FenceBrokerRecord::id), wire("epoch", &FenceBrokerRecord::epoch));
  }
};

// Written below metadata.version 6 only; BrokerRegistrationChangeRecord replaced it.
struct UnfenceBrokerRecord {
  static constexpr std::string_view kName = "UnfenceBrokerRecord";
  static constexpr std::int16_t kApiKey = 8;
  static constexpr std::int16_t kHighestVersion = 0;
  BrokerId id;
  BrokerEpoch epoch;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const UnfenceBrokerRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("id", &UnfenceBrokerRecord::id), wire("epoch", &UnfenceBrokerRecord::epoch));
  }
};

struct BrokerRegistrationChangeRecord {
  static constexpr std::string_view kName = "BrokerRegistrationChangeRecord";
  static constexpr std::int16_t kApiKey = 17;
  static constexpr std::int16_t kHighestVersion = 2;
  BrokerId broker_id;
  BrokerEpoch broker_epoch;
  FencingChange fenced = FencingChange::None;
  ControlledShutdownChange in_controlled_shutdown = ControlledShutdownChange::None;
  std::vector<Uuid> log_dirs;  // empty: no change
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const BrokerRegistrationChangeRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = BrokerRegistrationChangeRecord;
    return visit(wire("brokerId", &R::broker_id), wire("brokerEpoch", &R::broker_epoch),
                 wire("fenced", &R::fenced, {.tag = 0}),
                 wire("inControlledShutdown", &R::in_controlled_shutdown, {.since = 1, .tag = 1}),
                 wire("logDirs", &R::log_dirs, {.since = 2, .tag = 2}));
  }
};

struct ControllerEndpoint {
  std::string name;
  std::string host;
  std::uint16_t port = 0;
  SecurityProtocol security_protocol = SecurityProtocol::Plaintext;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ControllerEndpoint&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("name", &ControllerEndpoint::name), wire("host", &ControllerEndpoint::host),
                 wire("port", &ControllerEndpoint::port),
                 wire("securityProtocol", &ControllerEndpoint::security_protocol));
  }
};

struct ControllerFeature {
  std::string name;
  std::int16_t min_supported_version = 0;
  std::int16_t max_supported_version = 0;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ControllerFeature&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("name", &ControllerFeature::name),
                 wire("minSupportedVersion", &ControllerFeature::min_supported_version),
                 wire("maxSupportedVersion", &ControllerFeature::max_supported_version));
  }
};

struct RegisterControllerRecord {
  static constexpr std::string_view kName = "RegisterControllerRecord";
  static constexpr std::int16_t kApiKey = 27;
  static constexpr std::int16_t kHighestVersion = 0;
  BrokerId controller_id;
  Uuid incarnation_id;
  bool zk_migration_ready = false;
  std::vector<ControllerEndpoint> end_points;
  std::vector<ControllerFeature> features;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const RegisterControllerRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    using R = RegisterControllerRecord;
    return visit(wire("controllerId", &R::controller_id), wire("incarnationId", &R::incarnation_id),
                 wire("zkMigrationReady", &R::zk_migration_ready),
                 wire("endPoints", &R::end_points), wire("features", &R::features));
  }
};

struct FeatureLevelRecord {
  static constexpr std::string_view kName = "FeatureLevelRecord";
  static constexpr std::int16_t kApiKey = 12;
  static constexpr std::int16_t kHighestVersion = 0;
  std::string name;
  std::int16_t feature_level = 0;  // 0 removes the feature
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const FeatureLevelRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("name", &FeatureLevelRecord::name),
                 wire("featureLevel", &FeatureLevelRecord::feature_level));
  }
};

struct ProducerIdsRecord {
  static constexpr std::string_view kName = "ProducerIdsRecord";
  static constexpr std::int16_t kApiKey = 15;
  static constexpr std::int16_t kHighestVersion = 0;
  BrokerId broker_id;            // -1 in snapshots
  BrokerEpoch broker_epoch{-1};  // -1 in snapshots
  ProducerId next_producer_id;   // the first id of the next block to allocate
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ProducerIdsRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("brokerId", &ProducerIdsRecord::broker_id),
                 wire("brokerEpoch", &ProducerIdsRecord::broker_epoch),
                 wire("nextProducerId", &ProducerIdsRecord::next_producer_id));
  }
};

// Schema file ZkMigrationRecord.json.
struct ZkMigrationStateRecord {
  static constexpr std::string_view kName = "ZkMigrationStateRecord";
  static constexpr std::int16_t kApiKey = 21;
  static constexpr std::int16_t kHighestVersion = 0;
  ZkMigrationState zk_migration_state = ZkMigrationState::None;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const ZkMigrationStateRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("zkMigrationState", &ZkMigrationStateRecord::zk_migration_state));
  }
};

struct NoOpRecord {
  static constexpr std::string_view kName = "NoOpRecord";
  static constexpr std::int16_t kApiKey = 20;
  static constexpr std::int16_t kHighestVersion = 0;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const NoOpRecord&) const = default;
  static constexpr auto fields(auto&& visit) { return visit(); }
};

struct BeginTransactionRecord {
  static constexpr std::string_view kName = "BeginTransactionRecord";
  static constexpr std::int16_t kApiKey = 23;
  static constexpr std::int16_t kHighestVersion = 0;
  std::optional<std::string> name;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const BeginTransactionRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("name", &BeginTransactionRecord::name, {.tag = 0}));
  }
};

struct EndTransactionRecord {
  static constexpr std::string_view kName = "EndTransactionRecord";
  static constexpr std::int16_t kApiKey = 24;
  static constexpr std::int16_t kHighestVersion = 0;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const EndTransactionRecord&) const = default;
  static constexpr auto fields(auto&& visit) { return visit(); }
};

struct AbortTransactionRecord {
  static constexpr std::string_view kName = "AbortTransactionRecord";
  static constexpr std::int16_t kApiKey = 25;
  static constexpr std::int16_t kHighestVersion = 0;
  std::optional<std::string> reason;
  UnknownTaggedFields unknown_tagged_fields = {};
  auto operator<=>(const AbortTransactionRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(wire("reason", &AbortTransactionRecord::reason, {.tag = 0}));
  }
};

}  // namespace sim
