#pragma once

#include <filesystem>
#include <vector>

#include "migrate/pseudonym/names.h"
#include "sim/base/problem.h"

// Files of both stores, written again with pseudonyms in them and every checksum right. What cannot
// be read cannot be written again: a damaged file is a Problem, for what is in it might name
// somebody.
namespace tools {

// A folder of ZooKeeper's with its snapshots and logs, packed as they were. The digests that
// servers put beside transactions and snapshots are those of the renamed tree; where an original
// one was wrong, the new one is wrong as well. A torn tail stays torn, zeros stay zeros. Snapshots
// that cannot be read, as one half written, are left out and named in `left_out`.
sim::Expected<void> rewrite_zookeeper(const std::filesystem::path& from,
                                      const std::filesystem::path& to, migrate::Pseudonyms& names,
                                      std::vector<sim::Problem>& left_out);

// A segment of the metadata log, or a checkpoint. A torn tail becomes zeros, as long.
sim::Expected<void> rewrite_metadata_file(const std::filesystem::path& from,
                                          const std::filesystem::path& to,
                                          migrate::Pseudonyms& names);

}  // namespace tools
