#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "kraft/log.h"
#include "sim/kafka/image_partition.h"
#include "sim/kafka/metadata_version.h"
#include "sim/kafka/records.h"

namespace kraft {

// Which leader an election may fall back to (kraft.md §3.6).
enum class Election : std::uint8_t {
  Preferred,
  Online,
  Unclean
};

// PartitionChangeBuilder of 3.9: from a partition as it is and what it shall become to the record that says
// the difference, or nothing. Set the targets that change, then `build`.
//
// Simplified: eligible leader replicas (KIP-966) are off, as in every production 3.9 cluster.
class PartitionChange {
 public:
  PartitionChange(const sim::Partition& partition, sim::Uuid topic_id,
                  sim::PartitionId partition_id);

  // Whether a broker may lead: registered, unfenced, not shutting down, its directory online.
  std::function<bool(BrokerId)> acceptable_leader = [](BrokerId) { return false; };
  // Where a replica stands that the partition did not have; asked only where directories are recorded.
  std::function<sim::Uuid(BrokerId)> default_directory = [](BrokerId) { return sim::Uuid(); };
  sim::MetadataVersion version = sim::kLatestProduction;
  bool zk_registrations_allowed = false;  // a migration: shrinking the ISR raises the leader epoch
  Election election = Election::Online;

  std::vector<BrokerId> target_isr;
  std::vector<BrokerId> target_replicas;
  std::vector<BrokerId> target_removing;
  std::vector<BrokerId> target_adding;
  sim::LeaderRecoveryState target_recovery_state;

  std::optional<sim::VersionedRecord> build();

 private:
  struct Elected {
    BrokerId leader;
    bool unclean = false;
  };
  bool valid_new_leader(BrokerId replica) const;
  Elected elect() const;
  void complete_reassignment();
  void try_election(sim::PartitionChangeRecord& record) const;
  void set_assignment(sim::PartitionChangeRecord& record) const;

  const sim::Partition& partition_;
  sim::Uuid topic_id_;
  sim::PartitionId partition_id_;
};

// Set arithmetic on replica lists, in the order of the left one.
std::vector<BrokerId> without(const std::vector<BrokerId>& list,
                              const std::vector<BrokerId>& removed);
bool contains_all(const std::vector<BrokerId>& list, const std::vector<BrokerId>& wanted);

}  // namespace kraft
