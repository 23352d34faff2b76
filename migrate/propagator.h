#pragma once

#include <vector>

#include "sim/kafka/control_batch.h"
#include "sim/kafka/delta.h"
#include "sim/kafka/image.h"

// What the KRaft controller tells brokers that still run in ZooKeeper mode, in the words that they understand
// (MigrationPropagator, MigrationControllerChannelContext; migration.md §5.3, §5.4). Pure: an image or a delta
// in, requests in the order of sending out. Channels and queues are the controller's process's business.
//
// The header bears the ZooKeeper controller epoch of the claim; each partition bears the Raft epoch of the
// image. That these are two different epochs is Kafka's own trap (migration.md §0.4).
namespace migrate {

// What the propagator does wrong (migration.md §7.1, §7.2); those of former releases are off in 3.9.1.
struct PropagatorDefects {
  // MB-26: a broker that was fenced and is back is told what there is, and not that this is all: topics that were deleted
  // meanwhile stay with it until another controller's full requests.
  bool returning_brokers_are_not_told_all = true;
  // KAFKA-15149: new partitions of a topic that was there are told to nobody.
  bool new_partitions_are_not_told = false;
  // KAFKA-16120: a broker that loses a replica by a reassignment is not told to delete it.
  bool moved_replicas_are_not_deleted = false;
  bool operator==(const PropagatorDefects&) const = default;
};

// Brokers that get requests at all: registered as migrating ZooKeeper brokers, and unfenced.
std::vector<sim::BrokerRegistration> reachable_zk_brokers(const sim::MetadataImage& image);

// The full push, on entering KRAFT_CONTROLLER_TO_BROKER_COMM and after every snapshot: metadata for all first,
// then with type FULL one LeaderAndIsr per broker of exactly its partitions, and the metadata once more.
std::vector<sim::ControlRequest> requests_for_image(sim::BrokerId controller,
                                                    const sim::MetadataImage& image,
                                                    sim::ControllerEpoch zk_controller_epoch);

// What a delta asks for. `image` is what the delta led to.
std::vector<sim::ControlRequest> requests_for_delta(sim::BrokerId controller,
                                                    const sim::MetadataDelta& delta,
                                                    const sim::MetadataImage& image,
                                                    sim::ControllerEpoch zk_controller_epoch,
                                                    const PropagatorDefects& defects = {});

}  // namespace migrate
