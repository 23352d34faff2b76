#pragma once

#include <concepts>
#include <cstdint>

#include "sim/kafka/metadata_version.h"
#include "sim/kafka/records.h"

namespace sim {

// The version in which a 3.9 controller, or its snapshot writer, writes a record while this
// metadata.version is in force (kraft.md §5, "Writer choice"). What a level cannot carry, such as
// directories below 3.7-IV2, the caller has left at its default.
// The migration's copy chooses for itself: its PartitionRecords are always version 0 (migration.md §3).
std::int16_t record_version(const Record& record, MetadataVersion version);

// The same by type alone; BrokerRegistrationChangeRecord has none, as its version follows its content.
template <class T>
constexpr std::int16_t record_version(MetadataVersion version) {
  const bool directories = supports(version, MetadataGate::DirectoryAssignment);
  if constexpr (std::same_as<T, RegisterBrokerRecord>) {
    if (directories) return 3;
    if (supports(version, MetadataGate::ZkMigration)) return 2;
    return supports(version, MetadataGate::InControlledShutdown) ? 1 : 0;
  } else if constexpr (std::same_as<T, PartitionRecord> || std::same_as<T, PartitionChangeRecord>) {
    if (supports(version, MetadataGate::EligibleLeaderReplicas)) return 2;
    return directories ? 1 : 0;
  } else {
    static_assert(!std::same_as<T, BrokerRegistrationChangeRecord>, "ask with the record itself");
    static_assert(T::kHighestVersion == 0, "say here which version a controller writes");
    return 0;
  }
}

}  // namespace sim
