#include "tools/zk2kraft/run_disks.h"

#include <filesystem>

#include "scenarios/disk_files.h"

namespace tools {

sim::Expected<void> disks_directory_ready(const std::string& directory) {
  std::error_code error;
  const bool exists = std::filesystem::exists(directory, error);
  if (!exists || (std::filesystem::is_directory(directory, error) &&
                  std::filesystem::is_empty(directory, error)))
    return {};
  return std::unexpected(
      sim::Problem{sim::Severity::Usage,
                   {.source = directory},
                   "--disks writes into a new or empty directory, and this is neither.",
                   "Name another one, or remove what is there."});
}

sim::Expected<void> write_disks(const sim::World& world, const scenarios::Cluster& cluster,
                                const std::string& directory) {
  return scenarios::write_disk_files(world, cluster, directory);
}

}  // namespace tools
