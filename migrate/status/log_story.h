#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/driver_state.h"
#include "migrate/status/log_event.h"
#include "migrate/status/log_patterns.h"
#include "sim/kafka/record_enums.h"

// What the logs of controllers and brokers tell of the migration, however they were cut up: in
// which state the driver is and since when, how it came there, and which of the bad lines are
// history and which still stand.
//
//   lines of each file ─► LogReader ─► LogEvents, those that matter ─► tell ─► LogStory
namespace migrate {

// Takes the lines of one file, front to back, and keeps the events that fit a pattern, or that the
// driver logged as a warning or worse.
class LogReader {
 public:
  explicit LogReader(std::string file) : file_(std::move(file)) {}
  void add_line(std::string_view line);
  // Ends the file.
  std::vector<LogEvent> finish();

  std::uint64_t lines() const { return lines_; }
  std::uint64_t events() const { return events_; }  // lines that begin one

 private:
  void keep();

  std::string file_;
  std::uint64_t lines_ = 0;
  std::uint64_t events_ = 0;
  std::optional<LogEvent> open_;  // whose stack trace may follow
  std::vector<LogEvent> kept_;
  std::optional<sim::BrokerId> node_;  // the file's, by the first event that names one
};

struct LogTransition {
  std::string time;
  std::optional<sim::BrokerId> node;
  MigrationDriverState from = MigrationDriverState::Uninitialized;
  MigrationDriverState to = MigrationDriverState::Uninitialized;
};

// All events of one pattern on one node.
struct LogHit {
  const LogPattern* pattern = nullptr;
  std::optional<sim::BrokerId> node;
  LogMeaning meaning = LogMeaning::Routine;  // Stuck where there were too many of them
  std::uint64_t count = 0;
  std::string first;  // time
  std::string last;
  std::string where;    // of the last: "controller.log:4711"
  std::string text;     // of the last, its first line
  bool stands = false;  // nothing that came later made it history
};

struct LogDriver {
  std::optional<MigrationDriverState> state;  // none: it was shut down
  std::string since;
};

enum class LogVerdict : std::uint8_t {
  Sound,    // nothing stands but what is expected
  AtRisk,   // something did not reach ZooKeeper, or did harm
  Wedged,   // something is stuck
  Unknown,  // no line of a driver, nor of a controller's state
};
std::string_view name_of(LogVerdict verdict);

struct LogStory {
  std::map<sim::BrokerId, LogDriver> drivers;
  std::optional<sim::BrokerId> active;  // whose driver acts
  std::optional<sim::ZkMigrationState> log_state;
  std::vector<LogTransition> transitions;  // in order of time
  std::vector<LogHit> hits;                // those that stand first, the gravest first
  std::vector<LogEvent> unexplained;       // of the driver, WARN or worse, without a pattern
  std::string last_time;                   // of all that was read
  LogVerdict verdict() const;
};

// Events of any number of files, in any order.
LogStory tell(std::vector<LogEvent> events);

}  // namespace migrate
