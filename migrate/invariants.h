#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "migrate/driver.h"
#include "migrate/notice.h"
#include "sim/base/violation.h"
#include "sim/core/payload.h"
#include "sim/kafka/image.h"
#include "zk/notice.h"
#include "zk/tree.h"

// What must always hold of a migration (migration.md §7.4): pure functions over notices and const views, with a
// little remembered state.
namespace migrate {

using sim::Violation;
using sim::Violations;

struct MigrationMemory {
  std::map<sim::ControllerEpoch, sim::BrokerId> claims;  // of /controller_epoch, by KRaft controllers
  std::optional<Claimed> last_claim;
  std::optional<sim::OffsetAndEpoch> checkpoint;  // of the present claim
  bool post_migration = false;
};

// Looks at a notice of a controller's process.
//
//   migration.S1  (Claimed)          no value of /controller_epoch is claimed twice
//   migration.S2  (Claimed)          claims have strictly increasing KRaft epochs and ZooKeeper controller epochs
//   migration.S7  (Mirrored)         within one claim the checkpoint never steps back
//   migration.S16 (StateChanged, Claimed)  after POST_MIGRATION no driver becomes active
Violations check_notice(const sim::Payload& notice, MigrationMemory& memory);

// migration.S4, copy fidelity: at EndTransaction the image holds exactly what the copy makes of the tree, topics
// pending deletion aside. `tree` must not have changed on mirrored paths since the claim.
Violations check_copy(const sim::MetadataImage& image, const zk::Tree& tree, const std::string& root,
                      const std::optional<std::string>& password_secret);

// migration.S5, checkpoint soundness: with the driver idle in DUAL_WRITE, and /migration as far as the image, the
// tree holds what the image says, but for the differences that are tolerated (migration.md §4.4).
Violations check_checkpoint(const sim::MetadataImage& image, const zk::Tree& tree, const std::string& root,
                            const std::optional<std::string>& password_secret);

}  // namespace migrate
