#pragma once

#include "migrate/differences.h"

// Two states of one store: ZooKeeper now and before a change, the logs of two controllers, a
// cluster and its copy. What is tolerated between the stores (migration.md §4.4) is so because a
// migration changes the store; here the same thing is a difference.
namespace migrate {

struct TreeState {
  const sim::MetadataImage& image;
  const zk::ReadReport& report;  // of reading it
};

// Nothing is tolerated but what has no order or no identity in ZooKeeper: lists of replicas in
// another order, and the ids that reading gives to ACLs. Two encodings of a password that could not
// be decoded may hide the same one: unknown. Left is `from`.
DiffReport differences_of_trees(const TreeState& from, const TreeState& to,
                                sim::Families kinds = sim::Families::mirrored());

// Everything that a metadata log holds, ids included. Left is `from`.
DiffReport differences_of_logs(const sim::MetadataImage& from, const sim::MetadataImage& to,
                               sim::Families kinds = sim::Families::all());

}  // namespace migrate
