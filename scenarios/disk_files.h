#pragma once

#include <filesystem>

#include "scenarios/cluster.h"
#include "sim/base/problem.h"
#include "sim/kernel/world.h"

namespace scenarios {

// Writes what the simulated servers have on their disks as real files, one folder a server:
//
//   DIR/zk-1/version-2/{snapshot.*, log.*, acceptedEpoch, currentEpoch}, DIR/zk-1/myid
//   DIR/controller-3000/{meta.properties, bootstrap.checkpoint, __cluster_metadata-0/…}
//   DIR/committed-records.jsonl: what the quorum had committed, record by record as its controllers hold it in
//     memory, with offset and epoch: {"offset":5,"epoch":2,"payload":{"type":"TOPIC_RECORD",…}}. To hold the files against.
//
// Real ZooKeeper and real Kafka read them and start from them. What is in the page cache counts as written.
// Controllers that never started have no folder. Simplified: brokers' partition logs are not written; a simulated
// record has no payload.
sim::Expected<void> write_disk_files(const sim::World& world, const Cluster& cluster,
                                     const std::filesystem::path& directory);

}  // namespace scenarios
