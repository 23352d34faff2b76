#pragma once

#include <optional>

#include "migrate/gate/gate.h"
#include "migrate/status/log_story.h"
#include "migrate/status/status.h"
#include "tools/source/fleet.h"
#include "tools/zk2kraft/verb.h"

// What `status` found, and how it is shown.
namespace tools {

// What was asked for: files, logs, or both.
struct SeenStatus {
  std::optional<Fleet> fleet;
  std::optional<migrate::Status> status;   // of the fleet
  std::optional<migrate::Gate> next;       // of the fleet
  std::optional<migrate::LogStory> story;  // of the logs
};

// The graver of what files and logs say: each sees what the other does not tell.
migrate::StatusVerdict overall(const SeenStatus& seen);
ExitCode exit_code_of(migrate::StatusVerdict verdict);

enum class StatusDetail : std::uint8_t {
  Last,  // transitions, and no line that is routine
  All,
};
void print_status(const SeenStatus& seen, OutputFormat format, StatusDetail detail);

}  // namespace tools
