#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/kafka/ids.h"

// One event of a log4j log as Kafka's default layout writes it, and as the operators' images do:
//
//   [2026-11-23 08:46:09,503] ERROR [KRaftMigrationDriver id=3000] text (logger)
//   2026-11-23T08:46:09.503Z INFO [KRaftMigrationDriver id=3000] text (logger) [thread]
//   <tab>at …                                  belongs to the event before it
//
// Simplified: JSON layouts are not read, and times are compared as they are written: logs of one
// cluster are taken to be in one time zone.
namespace migrate {

struct LogEvent {
  std::string time;  // "2026-11-23 08:46:09,503", however it was written
  std::string level;
  std::string text;    // the message, and the lines of a stack trace behind it
  std::string logger;  // "org.apache.kafka.controller.QuorumController"; may be empty
  std::optional<sim::BrokerId> node;  // of "[KRaftMigrationDriver id=3000]"
  std::string file;
  std::uint64_t line = 0;  // from 1
  bool operator==(const LogEvent&) const = default;
};

// The event that begins on this line; nothing for a line that continues another, or is none.
std::optional<LogEvent> parse_log_line(std::string_view line);

}  // namespace migrate
