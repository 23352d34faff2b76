#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "kraft/disk/metadata_image.h"
#include "tools/source/source.h"

// The moments of a metadata log at which it is held against ZooKeeper.
namespace tools {

// The image with the place where its log ends, whatever kind of record stands last there:
// ZooKeeper's offset may be that of one which makes no image.
sim::MetadataImage at_end_of_log(const kraft::LoadedMetadata& loaded);

// The metadata as of /migration's offset, if there is one that the log reaches.
struct Checkpoint {
  sim::MetadataImage image;
  std::optional<std::set<sim::QuotaEntity>> quotas_removed;
  std::map<sim::ConfigResource, std::map<std::string, std::string>> configs_of_deleted_topics;
  std::optional<std::string> why_not;  // the end of the log stands in for it
};
Checkpoint checkpoint_of(const MetadataSource& kraft,
                         const std::optional<zk::MigrationZnode>& migration);

}  // namespace tools
