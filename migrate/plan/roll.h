#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "migrate/plan/layout.h"

// In which order the brokers of this cluster can be restarted so that every partition keeps
// min.insync.replicas replicas in sync, and which partitions no order can keep.
//
// Kafka asks for acks=all only what the ISR has: a restart takes one replica of each of its
// partitions away, so a partition bears as many brokers down at once as its replicas exceed
// min.insync.replicas. That every replica is in sync before the next wave is the gate of each step.
namespace migrate {

struct Wave {
  std::vector<sim::BrokerId> brokers;  // may be down together
  std::string rack;                    // theirs; "" where there are none
};

enum class HazardKind : std::uint8_t {
  Offline,        // one replica: nobody can read or write while its broker restarts
  WritesRefused,  // min.insync.replicas asks for every replica: acks=all is refused meanwhile
  NotInSync,      // not all replicas are in sync now: wait, or it is one of the above
  OneRack,  // all replicas in one rack of several: the loss of that rack takes it, roll or not
};
std::string_view name_of(HazardKind kind);  // "writes-refused"

struct RollHazard {
  HazardKind kind = HazardKind::Offline;
  std::string topic;
  std::vector<sim::PartitionId> partitions;  // rising
  std::string what;                          // a sentence
};

struct RollPlan {
  std::vector<Wave> waves;          // every broker once
  std::vector<RollHazard> hazards;  // by kind, then by topic
  // Partitions of which neither the topic nor a replica's file tells min.insync.replicas: whether a
  // restart refuses their writes is not known.
  std::uint64_t min_isr_unknown = 0;
};

// Rack after rack, the ZooKeeper controller's rack last and it the last of all, so that leadership
// of the cluster moves once; otherwise by id. With `at_once` above 1, brokers of one rack (of any,
// if none has a rack) are put together as long as every partition bears it.
RollPlan plan_roll(const ClusterFacts& facts, const Layout& layout, std::size_t at_once = 1);

// "0-4,7"
std::string ranges_of(const std::vector<sim::PartitionId>& partitions);

}  // namespace migrate
