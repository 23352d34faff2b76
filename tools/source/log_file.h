#pragma once

#include <filesystem>
#include <vector>

#include "migrate/status/log_event.h"
#include "sim/base/problem.h"

// Logs of controllers and brokers, plain or packed with gzip (by the name's ".gz").
namespace tools {

// The events of a file that matter to the migration. Usage where there is no such file, Malformed
// where it cannot be unpacked, or holds no line that log4j's layout would write.
sim::Expected<std::vector<migrate::LogEvent>> read_log_file(const std::filesystem::path& file);

}  // namespace tools
