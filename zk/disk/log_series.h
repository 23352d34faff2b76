#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sim/base/problem.h"
#include "zk/disk/data_directory.h"
#include "zk/disk/recovery.h"

namespace zk::disk {

// A transaction with the file it came from, and whether any before it are missing.
struct SeriesEntry {
  const LogFile& file;
  const LogEntry& entry;
  bool after_gap;
};

// Reads several log files as one series of transactions, from `after` (exclusive) on, as a server
// does: a file that ends is followed by the next one, whatever made it end. What was odd on the way
// goes to `warnings`; a Problem where a server refuses to go on. Stops when `visit` says so.
sim::Expected<std::vector<FileRead>> read_series(
    const std::vector<LogFile>& logs, Zxid after, std::vector<Warning>& warnings,
    const std::function<Visit(const SeriesEntry&)>& visit);

}  // namespace zk::disk
