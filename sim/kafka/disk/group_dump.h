#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/base/problem.h"
#include "sim/kafka/disk/batch_reader.h"

namespace sim {

struct GroupDump {
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  std::optional<Stop> stop;       // bytes at the end that are no batch
  std::vector<Problem> problems;  // the same amid others, damaged batches and unreadable records
};

// Shows a segment of `__consumer_offsets` as JSON lines: all that `kafka-dump-log
// --offsets-decoder` knows of it. Kinds file, batch and end are those of kraft/disk/dump.h; a
// record has "key" and "payload", or "endTxnMarker" and "coordinatorEpoch", or "error". Fails only
// if the file cannot be opened.
Expected<GroupDump> dump_group_log(const std::filesystem::path& segment,
                                   const std::function<void(std::string_view line)>& print);

}  // namespace sim
