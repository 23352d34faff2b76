#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <variant>

#include "sim/base/described.h"
#include "sim/kafka/records_cluster.h"
#include "sim/kafka/records_security.h"
#include "sim/kafka/records_topics.h"

// The 25 metadata records of Kafka 3.9, by Kafka's names, as plain values. Each has
//   kName, kApiKey, kHighestVersion (the lowest is 0 for all), and
//   fields(), the one table of its fields (sim/kafka/record_fields.h).
// How they look in bytes: sim/kafka/record_codec.h; as JSON: sim/kafka/record_json.h; which version
// a controller writes: sim/kafka/record_version.h. What replaying one does to an image:
// sim/kafka/image.h.
namespace sim {

// In the order of their api keys; 6, 13 and 16 are unassigned.
using Record =
    std::variant<RegisterBrokerRecord, UnregisterBrokerRecord, TopicRecord, PartitionRecord,
                 ConfigRecord, PartitionChangeRecord, FenceBrokerRecord, UnfenceBrokerRecord,
                 RemoveTopicRecord, DelegationTokenRecord, UserScramCredentialRecord,
                 FeatureLevelRecord, ClientQuotaRecord, ProducerIdsRecord,
                 BrokerRegistrationChangeRecord, AccessControlEntryRecord,
                 RemoveAccessControlEntryRecord, NoOpRecord, ZkMigrationStateRecord,
                 RemoveUserScramCredentialRecord, BeginTransactionRecord, EndTransactionRecord,
                 AbortTransactionRecord, RemoveDelegationTokenRecord, RegisterControllerRecord>;

// A record and the version it is, or was, written in (Kafka's ApiMessageAndVersion).
struct VersionedRecord {
  Record record;
  std::int16_t version = 0;
  auto operator<=>(const VersionedRecord&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("record", &VersionedRecord::record),
                 field("version", &VersionedRecord::version));
  }
};

inline std::string_view name_of(const Record& record) {
  return std::visit([](const auto& r) { return r.kName; }, record);
}
inline std::int16_t api_key_of(const Record& record) {
  return std::visit([](const auto& r) { return r.kApiKey; }, record);
}

}  // namespace sim
