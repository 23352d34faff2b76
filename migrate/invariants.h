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
  // What failed in each controller's driver and was not made good since.
  struct Trouble {
    bool election = false;        // since the last change of state
    std::int32_t skipped = 0;     // publications, since the last full reconciliation
  };
  std::map<sim::BrokerId, Trouble> troubles;
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

// Whether the active controller's driver goes on, when nothing disturbs any more. What keeps it from it is told under the
// names of the defects of 3.9.1 (migration.md §7.2).
//
//   MB-03  a driver that waits to claim /controller has not claimed it already
//   MB-04  the version of /migration that it remembers is that of its own last write
//   MB-05  an election that a ZooKeeper error hid from it does not leave it INACTIVE
//   MB-07  with MIGRATION in the log it is not INACTIVE
//   MB-23  once a claim has written /migration, no older one writes it
//
// And migration.S5 of check_checkpoint, where it is sound to ask: differences that one of these explains, or a publication
// that was skipped since the last reconciliation (MB-06), are told under that name.
Violations check_driver(const Driver& driver, const MigrationMemory& memory, const zk::Tree& tree, const std::string& root,
                        const std::optional<std::string>& password_secret);

}  // namespace migrate
