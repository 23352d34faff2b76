#pragma once

#include <string>

#include "scenarios/cluster.h"
#include "sim/base/problem.h"
#include "sim/kernel/world.h"

namespace tools {

// Whether files may be written below this directory: it must be new or empty, so that nothing is overwritten.
sim::Expected<void> disks_directory_ready(const std::string& directory);

// Leaves the simulated servers' disks there as real files; see scenarios/disk_files.h.
sim::Expected<void> write_disks(const sim::World& world, const scenarios::Cluster& cluster,
                                const std::string& directory);

}  // namespace tools
