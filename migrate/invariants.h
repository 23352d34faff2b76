#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kraft/log.h"
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

// What the transactions of ZooKeeper have said so far of who may write Kafka's tree.
struct AuthorityMemory {
  zk::Zxid newest{0};             // servers deliver each transaction once; the first one counts
  sim::ControllerEpoch epoch{0};  // of /controller_epoch
  std::optional<sim::RaftEpoch> kraft_epoch;              // of the last claim by a KRaft controller
  zk::SessionId claimant = zk::kNoSession;                // whose session moved it there last
  std::set<zk::SessionId> former;                         // sessions that had claimed before
  std::map<std::string, sim::LeaderEpoch> leader_epochs;  // by path of a partition's state
  sim::Offset checkpoint{-1};                             // in /migration
  bool claim_is_noted = true;  // the last claim by a KRaft controller has written /migration
  // Who holds /controller, and who held it before the last claim.
  std::optional<zk::ControllerZnode> office;
  std::optional<zk::ControllerZnode> former_office;
  std::map<std::string, sim::Uuid> topics;  // by path, as the tree has them
  std::set<std::string>
      mirrored_topics;          // names of those that a KRaft controller has created there
  std::set<sim::Uuid> deleted;  // by controllers
};

struct MigrationMemory {
  // What failed in each controller's driver and was not made good since.
  struct Trouble {
    bool election = false;     // since the last change of state
    std::int32_t skipped = 0;  // publications, since the last full reconciliation
    std::string reconciling;   // why the last attempt failed, since the last change of state
  };
  std::map<sim::BrokerId, Trouble> troubles;
  std::map<sim::ControllerEpoch, sim::BrokerId>
      claims;  // of /controller_epoch, by KRaft controllers
  std::optional<Claimed> last_claim;
  std::optional<sim::OffsetAndEpoch> checkpoint;  // of the present claim
  bool post_migration = false;
  bool copy_outlived = false;  // MB-24 has struck, and left parts of a copy in the log
  AuthorityMemory authority;
  std::set<std::string> deletions_asked;  // names of topics
  // Why the last claim may break what others may not, by the name of the hazard; empty: no reason (road_invariants.h).
  std::string astray;
  bool two_ruled = false;                             // migration.S17 was broken
  std::map<std::int64_t, std::int64_t> producer_ids;  // blocks given out, first to end
};

// What the tree says at the beginning of a run.
void remember(const zk::Tree& tree, const std::string& root, MigrationMemory& memory);

// A new leader of the ensemble has a history up to `history`, which may have what nobody was seen to deliver: a claim that
// its predecessor had logged on a quorum when it died.
void remember_history(const zk::Tree& tree, zk::Zxid history, const std::string& root,
                      MigrationMemory& memory);

// Looks at a notice of a controller's process.
//
//   migration.S1  (Claimed)          no value of /controller_epoch is claimed twice
//   migration.S7  (Mirrored)         within one claim the checkpoint never steps back
//   MB-24         (CopyOutlivedItsClaim)  what a copy appends stands in its own transaction
//   migration.S16 (StateChanged, Claimed)  after POST_MIGRATION no driver becomes active
Violations check_notice(const sim::Payload& notice, MigrationMemory& memory);

// Looks at a transaction that a ZooKeeper server delivered; `root` is the cluster's chroot, "" if none.
//
//   migration.S2   each claim, of whatever kind, raises /controller_epoch by exactly one; those of KRaft controllers
//                  have rising Raft epochs
//   migration.S3   after a claim no write under the authority of an older one is applied: neither a partition's state
//                  nor any multi, for those are how controllers of both kinds write
//   migration.S10  the leader epoch of a partition's state never falls while its znode lives
//   migration.S14  no controller deletes a topic that nobody wanted deleted, or brings one back that it has deleted
//   MB-01, MB-02, MB-13  S10 and S14 again, after a claim that could not but break them (road_invariants.h)
//   MB-23          what S3 leaves out in 3.9.1: under the authority of an older claim /migration is taken back
Violations check_write(const zk::Committed& notice, const std::string& root,
                       MigrationMemory& memory);

// migration.S15, pre-migration silence: before the copy is complete no image tells of topics, configs, quotas,
// credentials or ACLs. What a copy left behind that outlived its claim is told as MB-24.
// With a metadata.version without transactions nothing hides the copy, and this says nothing.
Violations check_silence(const sim::MetadataImage& image, const MigrationMemory& memory);

// The same where there are none, when a copy begins: KAFKA-17457, a former one left its parts in the log.
Violations check_beginning(const sim::MetadataImage& image);

// migration.S4, copy fidelity: at EndTransaction the image holds exactly what the copy makes of the tree, topics
// pending deletion aside. `tree` must not have changed on mirrored paths since the claim. What merely stands in between is
// not the copy's (migration.md §3.3): a broker that is fenced meanwhile takes partitions that were copied out of its hands
// by PartitionChangeRecords, which a copy never writes; `log` tells which.
Violations check_copy(const sim::MetadataImage& image, const kraft::Log& log, const zk::Tree& tree,
                      const std::string& root, const std::optional<std::string>& password_secret);

// migration.S5, checkpoint soundness: with the driver idle in DUAL_WRITE, and /migration as far as the image, the
// tree holds what the image says, but for the differences that are tolerated (migration.md §4.4). One of these is a
// defect of 3.9.1 and told under its own name: "MB-12", a quota left behind.
// `deleted`: names of topics whose deletion was asked for; one of them that ZooKeeper lacks is MB-08.
Violations check_checkpoint(const sim::MetadataImage& image, const zk::Tree& tree,
                            const std::string& root,
                            const std::optional<std::string>& password_secret,
                            const std::set<std::string>& deleted = {});

// The known defect that explains why ZooKeeper, and the brokers that live by it, are not as the log is: MB-01, MB-04,
// KAFKA-16171, or MB-06 with publications that were skipped since the last full reconciliation; empty if none does.
std::string_view why_behind(const Driver& driver, const MigrationMemory& memory,
                            const zk::Tree& tree, const std::string& root);

// Whether the active controller's driver goes on, when nothing disturbs any more. What keeps it from it is told under the
// names of the defects of 3.9.1 (migration.md §7.2).
//
//   MB-03  a driver that waits to claim /controller has not claimed it already
//   MB-04  the version of /migration that it remembers is that of its own last write
//   MB-05  an election that a ZooKeeper error hid from it does not leave it INACTIVE
//   MB-07  with MIGRATION in the log it is not INACTIVE
//   MB-10, MB-11  it does not reconcile in vain for ever, for want of a state znode or for a config it does not know;
//          migration.L2 for another reason
//   MB-23  once a claim has written /migration, no older one writes it
//   KAFKA-16171  a claim that goes by what it read in /migration before has not been overtaken by an older one's write
//
//   KAFKA-16003  each topic that KRaft has created there has a config znode
//
// And migration.S5 of check_checkpoint, where it is sound to ask: differences that one of these explains, a publication
// that was skipped since the last reconciliation (MB-06), or a topic that was deleted and made anew (MB-08), are told under
// that name.
Violations check_driver(const Driver& driver, const MigrationMemory& memory, const zk::Tree& tree,
                        const std::string& root, const std::optional<std::string>& password_secret);

}  // namespace migrate
