#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kraft/controller.h"
#include "kraft/partition_change.h"
#include "sim/kafka/record_version.h"
#include "sim/kafka/rpc.h"

// What the areas of the controller share: the desk at which a request is decided, and the decision. An area
// is a set of `decide` functions that read the desk and write nothing but records (heartbeat state aside,
// which is no part of the log).
namespace kraft {

enum class Atomicity : std::uint8_t {
  Atomic,
  MaySplit
};

template <class Response>
struct Decision {
  Response response;
  Records records = {};
  Atomicity atomicity = Atomicity::Atomic;
};

struct Desk {
  const ControllerState& state;
  const Controller::Settings& settings;
  Heartbeats& heartbeats;
  Offset next_offset;  // where the first record would stand
  Instant now;
  Choices& choices;

  const sim::MetadataImage& image() const { return state.image; }
  sim::MetadataVersion version() const { return state.version(); }
  bool supports(sim::MetadataGate gate) const { return sim::supports(version(), gate); }
  const sim::BrokerRegistration* broker(BrokerId id) const { return image().cluster().broker(id); }
  // The version in which this controller writes the record.
  sim::VersionedRecord versioned(sim::Record record) const {
    const std::int16_t record_version = sim::record_version(record, version());
    return {std::move(record), record_version};
  }

  // ── cluster.cc ──
  // Registered, unfenced, not in controlled shutdown.
  bool is_active(BrokerId id) const;
  // A migration may register brokers in ZooKeeper mode.
  bool zk_registrations_allowed() const;
  // STALE_BROKER_EPOCH unless the broker is registered with that epoch.
  ErrorCode check_broker_epoch(BrokerId id, sim::BrokerEpoch epoch) const;
  // Where a new replica on this broker is recorded to stand (kraft.md §3.8).
  sim::Uuid default_directory(BrokerId id) const;
  // Whether a replica's directory is one that its broker has online.
  bool directory_online(const sim::Partition& partition, BrokerId replica) const;
  void fence(BrokerId id, Records& records) const;

  // ── partitions.cc ──
  // A change of this partition under the rules in force now; by default nobody is excluded.
  PartitionChange change_of(const sim::Topic& topic, sim::PartitionId id,
                            const sim::Partition& partition) const;
  bool unclean_election_allowed(std::string_view topic) const;
  // For a broker that leaves (fenced, shutting down) or comes back: changes of ISR and leader.
  enum class Leaving : std::uint8_t {
    Yes,
    No
  };
  void leave_all_isrs(BrokerId leaving, Records& records) const;
  void elect_for_leaderless(BrokerId coming, Records& records) const;
  bool leads_anything(BrokerId id) const;
};

// The decisions, by request. RUNS_IN_PREMIGRATION of each is said in controller.cc.
Decision<sim::BrokerRegistrationResponse> decide(Desk& desk,
                                                 const sim::BrokerRegistrationRequest& request);
Decision<sim::BrokerHeartbeatResponse> decide(Desk& desk,
                                              const sim::BrokerHeartbeatRequest& request);
Decision<sim::UnregisterBrokerResponse> decide(Desk& desk,
                                               const sim::UnregisterBrokerRequest& request);
Decision<sim::ControllerRegistrationResponse> decide(
    Desk& desk, const sim::ControllerRegistrationRequest& request);
Decision<sim::AlterPartitionResponse> decide(Desk& desk, const sim::AlterPartitionRequest& request);
Decision<sim::ElectLeadersResponse> decide(Desk& desk, const sim::ElectLeadersRequest& request);
Decision<sim::AlterPartitionReassignmentsResponse> decide(
    Desk& desk, const sim::AlterPartitionReassignmentsRequest& request);
Decision<sim::CreateTopicsResponse> decide(Desk& desk, const sim::CreateTopicsRequest& request);
Decision<sim::DeleteTopicsResponse> decide(Desk& desk, const sim::DeleteTopicsRequest& request);
Decision<sim::CreatePartitionsResponse> decide(Desk& desk,
                                               const sim::CreatePartitionsRequest& request);
Decision<sim::IncrementalAlterConfigsResponse> decide(
    Desk& desk, const sim::IncrementalAlterConfigsRequest& request);
Decision<sim::AlterClientQuotasResponse> decide(Desk& desk,
                                                const sim::AlterClientQuotasRequest& request);
Decision<sim::CreateAclsResponse> decide(Desk& desk, const sim::CreateAclsRequest& request);
Decision<sim::DeleteAclsResponse> decide(Desk& desk, const sim::DeleteAclsRequest& request);
Decision<sim::AlterUserScramCredentialsResponse> decide(
    Desk& desk, const sim::AlterUserScramCredentialsRequest& request);
Decision<sim::UpdateFeaturesResponse> decide(Desk& desk, const sim::UpdateFeaturesRequest& request);
Decision<sim::AllocateProducerIdsResponse> decide(Desk& desk,
                                                  const sim::AllocateProducerIdsRequest& request);

// Controller-initiated: at most `kMaxBalanceRecords` changes; true if there may be more.
constexpr std::size_t kMaxBalanceRecords = 1000;
bool balance_leaders(const Desk& desk, Records& records);
bool elect_unclean(const Desk& desk, Records& records);
bool anything_imbalanced(const sim::MetadataImage& image);

// A random version-4 UUID that Kafka would hand out: not reserved, its text not starting with '-'.
sim::Uuid random_uuid(Choices& choices, sim::Site site, std::uint64_t entity);

}  // namespace kraft
