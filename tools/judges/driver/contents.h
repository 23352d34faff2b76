#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/kafka/image.h"
#include "tools/judges/driver/dice.h"
#include "zk/tree.h"

// What stands in ZooKeeper and in the log, drawn at random. Names and ids are few, and chosen such
// that where Kafka follows a hash map it follows their order, as ours does: so the order of what is
// written can be compared as well (README.md).
namespace judge {

using Znodes = std::vector<std::pair<std::string, std::optional<std::string>>>;

// A ZooKeeper-mode cluster's znodes, parents first; much may be missing.
Znodes any_tree(Dice& dice);
// The first batch of a quorum that is to be migrated; now and then one that cannot be.
std::vector<sim::VersionedRecord> any_bootstrap(Dice& dice,
                                                const std::vector<sim::BrokerId>& voters);
// A batch that a controller with this image may append; the ids of topics tell the generation in
// which they were created.
std::vector<sim::VersionedRecord> any_change(Dice& dice, const sim::MetadataImage& image,
                                             std::int64_t generation);
sim::VersionedRecord versioned(sim::Record record, const sim::MetadataImage& image);

struct Write {
  enum class Kind {
    Create,
    Set,
    Delete
  };
  Kind kind = Kind::Set;
  std::string path;
  std::optional<std::string> data;
};
// What brokers and operators write to ZooKeeper, as a few requests.
std::vector<Write> any_writes(Dice& dice, const zk::Tree& tree);

}  // namespace judge
