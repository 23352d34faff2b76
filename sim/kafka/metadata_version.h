#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// The levels of the metadata.version feature, and what each one allowed for the first time
// (server-common MetadataVersion; kraft.md §3.10).
namespace sim {

// The numbers stand in FeatureLevelRecords. A level that is not listed was written by a newer Kafka.
enum class MetadataVersion : std::int16_t {
  V3_0_IV1 = 1,  // in force where no FeatureLevelRecord says otherwise
  V3_1_IV0 = 2,
  V3_2_IV0 = 3,
  V3_3_IV0 = 4,
  V3_3_IV1 = 5,
  V3_3_IV2 = 6,
  V3_3_IV3 = 7,
  V3_4_IV0 = 8,
  V3_5_IV0 = 9,
  V3_5_IV1 = 10,
  V3_5_IV2 = 11,
  V3_6_IV0 = 12,
  V3_6_IV1 = 13,
  V3_6_IV2 = 14,
  V3_7_IV0 = 15,
  V3_7_IV1 = 16,
  V3_7_IV2 = 17,
  V3_7_IV3 = 18,
  V3_7_IV4 = 19,
  V3_8_IV0 = 20,
  V3_9_IV0 = 21,
  V4_0_IV0 = 22,
  V4_0_IV1 = 23,
};

constexpr std::string_view kMetadataVersionFeature = "metadata.version";
constexpr MetadataVersion kMinimumMetadataVersion = MetadataVersion::V3_0_IV1;
constexpr MetadataVersion kMinimumBootstrapVersion = MetadataVersion::V3_3_IV0;
constexpr MetadataVersion kLatestProduction = MetadataVersion::V3_9_IV0;     // of Kafka 3.9
constexpr MetadataVersion kMinimumForMigration = MetadataVersion::V3_6_IV1;  // KIP-866 as of 3.9

constexpr std::int16_t level_of(MetadataVersion version) {
  return static_cast<std::int16_t>(version);
}

struct MetadataVersionInfo {
  MetadataVersion version;
  std::string_view name;  // "3.9-IV0"
  bool records_changed;   // a downgrade across it would lose metadata
};
// Ascending, without gaps, from level 1.
std::span<const MetadataVersionInfo> metadata_versions();

// "3.9-IV0"; for a level that is not listed "level 99".
std::string describe(MetadataVersion version);
// A full name, or a release, which means its last level: "3.6" is 3.6-IV2, so is "3.6.1".
std::optional<MetadataVersion> parse_metadata_version(std::string_view name);
std::optional<MetadataVersion> metadata_version_of_level(std::int16_t level);

// What a level must be at least for controllers to write something, by the name of the thing written.
enum class MetadataGate : std::int16_t {
  LeaderRecoveryState = 3,
  NoOpRecord = 5,
  BrokerRegistrationChange = 6,  // instead of FenceBroker and UnfenceBroker
  InControlledShutdown = 7,
  ZkMigration = 8,
  Scram = 11,
  SkipLeaderEpochBumpOnShrink = 12,
  Transactions = 13,
  DelegationTokens = 14,
  ControllerRegistration = 15,
  DirectoryAssignment = 17,  // JBOD
  EligibleLeaderReplicas = 22,
};
constexpr bool supports(MetadataVersion version, MetadataGate gate) {
  return level_of(version) >= static_cast<std::int16_t>(gate);
}

}  // namespace sim
