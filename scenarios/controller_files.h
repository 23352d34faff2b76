#pragma once

#include <filesystem>

#include "kraft/log.h"
#include "scenarios/cluster.h"
#include "sim/base/problem.h"
#include "sim/kernel/world.h"

// A simulated controller's disk as the real files of a real one, and back.
namespace scenarios {

// DIR/controller-3000/{meta.properties, bootstrap.checkpoint, __cluster_metadata-0/…} for each controller that has
// ever run. What is in the page cache counts as written. Nothing is overwritten.
sim::Expected<void> write_controller_files(const sim::World& world, const Cluster& cluster,
                                           const std::filesystem::path& directory);

// What is read back of such a folder, for a controller that shall go on from there.
struct ControllerFiles {
  std::string cluster_id;
  sim::BrokerId node_id;
  kraft::QuorumState quorum;
  sim::Durable disk;
};
// `wall_clock_at_zero_ms`: of the run that begins. A Problem for what is damaged, or was made by others in a way that the
// simulation has no place for.
// Simplified: a log that begins with a checkpoint is refused; our controllers make none within an hour.
sim::Expected<ControllerFiles> read_controller_files(const std::filesystem::path& folder,
                                                     std::int64_t wall_clock_at_zero_ms);

}  // namespace scenarios
