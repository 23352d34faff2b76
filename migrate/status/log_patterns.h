#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "migrate/status/log_event.h"

// What Kafka's own lines mean: every line that the migration driver of 3.9 writes at INFO or above,
// and the lines of controllers and brokers that a migration is recognised by. Data; see
// log_story.h for what is made of it.
namespace migrate {

enum class LogMeaning : std::uint8_t {
  Routine,   // seen in sound migrations; says nothing more
  Progress,  // something succeeded: what was stuck before it is no more
  Waiting,   // it waits for somebody else, as it should, until that one comes
  Trouble,   // it failed and is tried again by itself
  Lost,      // a change did not reach ZooKeeper, and is not tried again
  Stuck,     // nothing goes on until somebody acts
  Final,     // no way back from here
};
std::string_view name_of(LogMeaning meaning);  // "waiting"

// What makes it history.
enum class LogCure : std::uint8_t {
  NextState,  // the driver of that node goes to another state, or makes progress
  FullSync,   // some controller reconciles ZooKeeper with the whole image
  Nothing,    // it stays true
};

struct LogPattern {
  std::string_view id;      // stable: "L21"
  std::string_view logger;  // its end, "KRaftMigrationDriver"; empty: any
  std::string_view text;    // with '*' for any letters, found anywhere in the event
  LogMeaning meaning = LogMeaning::Routine;
  std::string_view hazard;  // "MB-04", "KAFKA-20488"; may be empty
  std::string_view says;    // what it means, a sentence
  std::string_view action;  // what to do; empty: nothing
  LogCure cure = LogCure::NextState;
  // So many of them without progress mean Stuck; 0: never.
  std::uint32_t stuck_after = 0;
};

std::span<const LogPattern> log_patterns();

// The line of a poll that is the last one (KAFKA-16563): by its text it is an ordinary one.
inline constexpr std::string_view kPollsStopped = "L99";
// Requires an id of the table.
const LogPattern& pattern_named(std::string_view id);

// The first that fits, most telling first; null for none.
const LogPattern* find_pattern(const LogEvent& event);

}  // namespace migrate
