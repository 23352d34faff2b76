#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "migrate/check/facts.h"
#include "migrate/driver_state.h"

// In which state the active controller's migration driver is, by what it left in both stores. The
// driver keeps its state in memory; what it has done so far shows where it can be (migration.md
// §2.2, §2.3):
//
//   log PRE_MIGRATION   no claim               WAIT_FOR_CONTROLLER_QUORUM, WAIT_FOR_BROKERS,
//                                              or BECOME_CONTROLLER when nothing is left to wait
//                                              for
//                       claimed, nothing done  ZK_MIGRATION
//   log MIGRATION       /migration empty       INACTIVE: a dead end (MB-07)
//                       claim of older epoch   BECOME_CONTROLLER
//                       checkpoint before the claim, or the copy's own   SYNC_KRAFT_TO_ZK
//                       checkpoint moved on    DUAL_WRITE
//   quorum-state        no leader above the log's epoch   INACTIVE, everywhere
//
// Simplified: KRAFT_CONTROLLER_TO_BROKER_COMM leaves no trace and lasts for milliseconds; it reads
// as one of its neighbours. A log (log_story.h) says it exactly.
namespace migrate {

enum class DriverPresence : std::uint8_t {
  None,     // no controller has a driver: before, after, or back from the migration
  Running,  // and its state is known
  Unknown,  // something that would show it is missing
};

struct DriverGuess {
  DriverPresence presence = DriverPresence::Unknown;
  std::optional<MigrationDriverState> state;  // where it is running
  std::string because;                        // a sentence
  // When the claim was made on which it acts (/controller's own timestamp), if it made one.
  std::optional<std::int64_t> claimed_ms;
};

DriverGuess guess_driver(const ClusterFacts& facts);

}  // namespace migrate
