#pragma once

#include <vector>

#include "kraft/disk/metadata_dir.h"
#include "sim/base/problem.h"
#include "sim/kafka/records.h"

// The copy of a migration, as a controller's log holds it: the records that ZooKeeper's tree became
// (migration.md §3.3).
namespace kraft {

// True for what a copy is made of. Other records may stand between its Begin and its End: NoOp, the
// registration change that unfences a broker, the migration's own state.
bool is_of_the_copy(const sim::Record& record);

// The copy's records in the order of the log: those of the transaction that set the migration's
// state to MIGRATION. Aborted copies before it do not count. Segments alone are read, for a
// checkpoint shows the result and not the transaction. A Problem of severity Unknown when no
// segment holds such a transaction.
sim::Expected<std::vector<sim::Record>> migration_transaction(const MetadataDir& dir);

}  // namespace kraft
