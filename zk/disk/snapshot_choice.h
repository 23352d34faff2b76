#pragma once

#include <optional>
#include <vector>

#include "sim/base/problem.h"
#include "zk/disk/data_directory.h"
#include "zk/disk/recovery.h"
#include "zk/disk/snapshot.h"

namespace zk::disk {

// A snapshot to replay over, and what is known about its fuzziness.
struct ChosenSnapshot {
  LoadedSnapshot loaded;
  std::optional<SnapshotFile> file;  // none: the empty tree
  // The last transaction that may be in the snapshot in part; exact once that is replayed. Only
  // known when the server noted a digest (3.6), or when the snapshot is from before the first
  // transaction.
  Zxid fuzzy_until;
  bool fuzziness_known = true;
};

// What the choice is for.
struct SnapshotWish {
  // The state after this transaction must be exact: a snapshot that may hold parts of later ones
  // will not do.
  std::optional<Zxid> exact_by;
  // The oldest one that can be read instead of the newest.
  bool oldest = false;
  bool trust_empty = false;
};

// The snapshot that a server would take, or the one that fits the wish. Snapshots that cannot be
// read are passed over with a warning, as a server does. A Problem when none is left.
sim::Expected<ChosenSnapshot> choose_snapshot(const DataDirectory& directory,
                                              const SnapshotWish& wish,
                                              std::vector<Warning>& warnings);

}  // namespace zk::disk
