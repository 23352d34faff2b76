#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "kraft/disk/segment_reader.h"
#include "sim/base/problem.h"

namespace kraft {

struct Dumped {
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  std::optional<Stop> stop;            // bytes at the end that are no batch
  std::vector<sim::Problem> problems;  // damaged batches and unreadable records, each shown as such
};

// Shows a log segment or checkpoint as JSON lines: all that `kafka-dump-log --cluster-metadata-decoder`
// knows of it, under the names that tool prints (kraft.md §6.11), one object a line, told apart by "kind":
//   file    "file", and "logStartingOffset", or "snapshotEndOffset" and "epoch", or "bootstrap":true
//   batch   "baseOffset", "lastOffset", "count", …, "CreateTime", "size", "crc", "isvalid"
//   record  "offset", "CreateTime", "keySize", "valueSize", "sequence", "headerKeys", and one of
//           "payload":{"type":…,"version":…,"data":{…}}, "controlType" with "data", "error"
//   end     "invalidBytes" and "problem", only if the file has bytes at its end that are no batch
// A batch with a wrong checksum is shown with "isvalid":false, and the next one looked for behind it.
// Fails only if the file cannot be opened.
sim::Expected<Dumped> dump_file(const std::filesystem::path& file,
                                const std::function<void(std::string_view line)>& print);

}  // namespace kraft
