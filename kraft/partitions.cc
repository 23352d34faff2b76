// Leaders and in-sync replicas: AlterPartition, elections, reassignment (ReplicationControlManager;
// kraft.md §3.6, §3.7, §3.9).

#include <algorithm>

#include "kraft/area.h"

namespace kraft {

using sim::LeaderRecoveryState;

bool Desk::unclean_election_allowed(std::string_view topic) const {
  constexpr std::string_view kKey = "unclean.leader.election.enable";
  using sim::ConfigResourceType;
  for (const sim::ConfigResource& resource :
       {sim::ConfigResource{ConfigResourceType::Topic, std::string(topic)},
        sim::ConfigResource{ConfigResourceType::Broker, ""}}) {
    if (const auto value = image().configs().value(resource, kKey)) return *value == "true";
  }
  return settings.unclean_leader_election;
}

PartitionChange Desk::change_of(const sim::Topic& topic, sim::PartitionId id,
                                const sim::Partition& partition) const {
  PartitionChange change(partition, topic.id(), id);
  change.version = version();
  change.zk_registrations_allowed = zk_registrations_allowed();
  change.election = unclean_election_allowed(topic.name()) ? Election::Unclean : Election::Online;
  change.acceptable_leader = [this, &partition](BrokerId replica) {
    if (settings.behaviour.fenced_replica_elected) return broker(replica) != nullptr;
    return is_active(replica) && directory_online(partition, replica);
  };
  change.default_directory = [this](BrokerId replica) { return default_directory(replica); };
  return change;
}

// generateLeaderAndIsrUpdates with a broker to remove: it may lead nothing, even if it is still active.
void Desk::leave_all_isrs(BrokerId leaving, Records& records) const {
  for (const sim::Topic& topic : image().topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      if (!partition.in_isr(leaving)) continue;
      PartitionChange change = change_of(topic, id, partition);
      change.target_isr = without(partition.isr, {leaving});
      change.acceptable_leader = [accepts = change.acceptable_leader, leaving](BrokerId replica) {
        return replica != leaving && accepts(replica);
      };
      if (auto record = change.build()) records.push_back(std::move(*record));
    }
  }
}

// The same with a broker to add, if one is named: it counts as active although it is still fenced.
void Desk::elect_for_leaderless(BrokerId coming, Records& records) const {
  for (const sim::Topic& topic : image().topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      if (partition.has_leader()) continue;
      PartitionChange change = change_of(topic, id, partition);
      change.acceptable_leader = [this, &leaderless = partition, coming,
                                  accepts = change.acceptable_leader](BrokerId replica) {
        return replica == coming ? directory_online(leaderless, replica) : accepts(replica);
      };
      if (auto record = change.build()) records.push_back(std::move(*record));
    }
  }
}

bool Desk::leads_anything(BrokerId id) const {
  for (const sim::Topic& topic : image().topics()) {
    for (const auto& [partition_id, partition] : topic.partitions()) {
      if (partition.leader == id) return true;
    }
  }
  return false;
}

namespace {

// validateAlterPartitionData: the order decides which error a broker sees (kraft.md §3.7).
ErrorCode check_alter_partition(const Desk& desk, BrokerId sender, const sim::Partition* partition,
                                const sim::AlterPartitionData& data) {
  if (partition == nullptr) return ErrorCode::UnknownTopicOrPartition;
  const bool unchecked = desk.settings.behaviour.alter_partition_epoch_unchecked;
  if (!unchecked) {
    // A sender that is ahead of this controller: this controller is not the last one.
    if (data.leader_epoch > partition->leader_epoch ||
        data.partition_epoch > partition->partition_epoch) {
      return ErrorCode::NotController;
    }
    if (data.leader_epoch < partition->leader_epoch) return ErrorCode::FencedLeaderEpoch;
    if (sender != partition->leader) return ErrorCode::InvalidRequest;
    if (data.partition_epoch < partition->partition_epoch) return ErrorCode::InvalidUpdateVersion;
  }
  std::vector<BrokerId> isr;
  for (const sim::BrokerState& member : data.new_isr_with_epochs) isr.push_back(member.broker_id);
  auto sorted = isr;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end() ||
      !contains_all(partition->replicas, isr)) {
    return ErrorCode::InvalidRequest;
  }
  if (!contains(isr, sender)) return ErrorCode::InvalidRequest;
  if (data.leader_recovery_state == LeaderRecoveryState::Recovering && isr.size() > 1) {
    return ErrorCode::InvalidRequest;
  }
  if (partition->leader_recovery_state == LeaderRecoveryState::Recovered &&
      data.leader_recovery_state == LeaderRecoveryState::Recovering) {
    return ErrorCode::InvalidRequest;
  }
  for (const sim::BrokerState& member : data.new_isr_with_epochs) {
    const auto* registration = desk.broker(member.broker_id);
    const bool eligible =
        registration != nullptr && !registration->fenced && !registration->in_controlled_shutdown &&
        (member.broker_epoch.value() == -1 || member.broker_epoch == registration->broker_epoch);
    if (!eligible) return ErrorCode::IneligibleReplica;
  }
  return ErrorCode::None;
}

sim::AlterPartitionResult result_of(sim::PartitionId id, const sim::Partition& partition) {
  return {.partition_index = id,
          .leader_id = partition.leader,
          .leader_epoch = partition.leader_epoch,
          .isr = partition.isr,
          .leader_recovery_state = partition.leader_recovery_state,
          .partition_epoch = partition.partition_epoch};
}

sim::AlterPartitionResult alter_partition(const Desk& desk, BrokerId sender,
                                          const sim::Topic& topic,
                                          const sim::AlterPartitionData& data, Records& records) {
  const sim::PartitionId id = data.partition_index;
  const auto partition = topic.partition(id);
  const ErrorCode error =
      check_alter_partition(desk, sender, partition ? &*partition : nullptr, data);
  if (error != ErrorCode::None) return {.partition_index = id, .error_code = error};

  PartitionChange change = desk.change_of(topic, id, *partition);
  change.target_isr.clear();
  for (const sim::BrokerState& member : data.new_isr_with_epochs) {
    change.target_isr.push_back(member.broker_id);
  }
  change.target_recovery_state = data.leader_recovery_state;
  auto record = change.build();
  if (!record) return result_of(id, *partition);
  const auto& written = std::get<sim::PartitionChangeRecord>(record->record);
  const auto next = merged(*partition, written);
  sim::check(next.has_value(), "the change that was built fits its partition");
  const bool new_leader = written.leader != sim::kLeaderUnchanged && written.leader != sender;
  if (desk.settings.behaviour.isr_without_version) {
    sim::Partition unversioned = *next;
    unversioned.partition_epoch = partition->partition_epoch;
    record = desk.versioned(to_record(unversioned, topic.id(), id));
  }
  records.push_back(std::move(*record));
  // A completed reassignment may take the leadership from who asked: both a record and an error.
  if (new_leader) return {.partition_index = id, .error_code = ErrorCode::NewLeaderElected};
  return result_of(id, *next);
}

}  // namespace

Decision<sim::AlterPartitionResponse> decide(Desk& desk,
                                             const sim::AlterPartitionRequest& request) {
  Decision<sim::AlterPartitionResponse> out{.response = {}, .atomicity = Atomicity::MaySplit};
  out.response.error_code = desk.check_broker_epoch(request.broker_id, request.broker_epoch);
  if (out.response.error_code != ErrorCode::None) return out;
  for (const sim::AlterPartitionTopic& asked : request.topics) {
    auto& answered = out.response.topics.emplace_back();
    answered.topic_name = asked.topic_name;
    answered.topic_id = asked.topic_id;
    // Version 2 and later name the topic by its id; a broker in ZooKeeper mode may know the name alone.
    const bool by_id = !asked.topic_id.is_zero();
    const sim::Topic* topic = by_id ? desk.image().topics().find(asked.topic_id)
                                    : desk.image().topics().find(asked.topic_name);
    for (const sim::AlterPartitionData& data : asked.partitions) {
      if (topic == nullptr) {
        answered.partitions.push_back(
            {.partition_index = data.partition_index,
             .error_code = by_id ? ErrorCode::UnknownTopicId : ErrorCode::UnknownTopicOrPartition});
      } else {
        answered.partitions.push_back(
            alter_partition(desk, request.broker_id, *topic, data, out.records));
      }
    }
  }
  return out;
}

namespace {

ErrorCode elect_one(const Desk& desk, sim::ElectionType type, const sim::Topic* topic,
                    sim::PartitionId id, Records& records) {
  if (topic == nullptr) return ErrorCode::UnknownTopicOrPartition;
  const auto partition = topic->partition(id);
  if (!partition) return ErrorCode::UnknownTopicOrPartition;
  const bool preferred = type == sim::ElectionType::Preferred;
  if (preferred ? partition->leader == partition->preferred_replica() : partition->has_leader()) {
    return ErrorCode::ElectionNotNeeded;
  }
  PartitionChange change = desk.change_of(*topic, id, *partition);
  change.election = preferred ? Election::Preferred : Election::Unclean;
  auto record = change.build();
  if (!record) {
    return preferred ? ErrorCode::PreferredLeaderNotAvailable
                     : ErrorCode::EligibleLeadersNotAvailable;
  }
  records.push_back(std::move(*record));
  return ErrorCode::None;
}

}  // namespace

Decision<sim::ElectLeadersResponse> decide(Desk& desk, const sim::ElectLeadersRequest& request) {
  Decision<sim::ElectLeadersResponse> out{.response = {}, .atomicity = Atomicity::MaySplit};
  const auto elect = [&](const sim::Topic* topic, const sim::TopicPartition& which) {
    return elect_one(desk, request.election_type, topic, which.partition, out.records);
  };
  if (request.partitions) {
    for (const sim::TopicPartition& which : *request.partitions) {
      const ErrorCode error = elect(desk.image().topics().find(which.topic), which);
      out.response.replica_election_results.push_back({which, error});
    }
    return out;
  }
  // All: only what an election changed is told.
  for (const sim::Topic& topic : desk.image().topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      const sim::TopicPartition which{topic.name(), id};
      const ErrorCode error = elect(&topic, which);
      if (error != ErrorCode::ElectionNotNeeded) {
        out.response.replica_election_results.push_back({which, error});
      }
    }
  }
  return out;
}

bool anything_imbalanced(const sim::MetadataImage& image) {
  for (const sim::Topic& topic : image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      if (partition.leader != partition.preferred_replica()) return true;
    }
  }
  return false;
}

namespace {

template <class Wanted>
bool elect_where(const Desk& desk, Election election, Wanted&& wanted, Records& records) {
  for (const sim::Topic& topic : desk.image().topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      if (!wanted(topic, partition)) continue;
      if (records.size() >= kMaxBalanceRecords) return true;
      PartitionChange change = desk.change_of(topic, id, partition);
      change.election = election;
      if (auto record = change.build()) records.push_back(std::move(*record));
    }
  }
  return false;
}

}  // namespace

// maybeBalancePartitionLeaders. (leader.imbalance.per.broker.percentage means nothing in KRaft.)
bool balance_leaders(const Desk& desk, Records& records) {
  const auto wanted = [](const sim::Topic&, const sim::Partition& partition) {
    return partition.leader != partition.preferred_replica();
  };
  return elect_where(desk, Election::Preferred, wanted, records);
}

bool elect_unclean(const Desk& desk, Records& records) {
  const auto wanted = [&](const sim::Topic& topic, const sim::Partition& partition) {
    return !partition.has_leader() && desk.unclean_election_allowed(topic.name());
  };
  return elect_where(desk, Election::Unclean, wanted, records);
}

namespace {

ErrorCode check_target(const Desk& desk, const std::vector<BrokerId>& target) {
  auto sorted = target;
  std::ranges::sort(sorted);
  if (target.empty() || std::ranges::adjacent_find(sorted) != sorted.end()) {
    return ErrorCode::InvalidReplicaAssignment;
  }
  const auto registered = [&](BrokerId id) { return desk.broker(id) != nullptr; };
  return std::ranges::all_of(target, registered) ? ErrorCode::None
                                                 : ErrorCode::InvalidReplicaAssignment;
}

void start_reassignment(PartitionChange& change, const sim::Partition& partition,
                        const std::vector<BrokerId>& target) {
  const auto& current = partition.replicas;
  auto removing = without(current, target);
  auto adding = without(target, current);
  std::ranges::sort(removing);
  std::ranges::sort(adding);
  change.target_replicas = target;
  change.target_replicas.insert(change.target_replicas.end(), removing.begin(), removing.end());
  // Kafka sets what is not empty: who asks for the replicas that a reassignment in flight has already listed
  // leaves it in flight.
  if (!removing.empty()) change.target_removing = std::move(removing);
  if (!adding.empty()) change.target_adding = std::move(adding);
  // A new assignment is no occasion for an unclean election, whatever the topic allows.
  change.election = Election::Online;
}

ErrorCode cancel_reassignment(const Desk& desk, const sim::Topic& topic, PartitionChange& change,
                              const sim::Partition& partition) {
  if (partition.adding_replicas.empty() && partition.removing_replicas.empty()) {
    return ErrorCode::NoReassignmentInProgress;
  }
  change.target_replicas = without(partition.replicas, partition.adding_replicas);
  change.target_isr = without(partition.isr, partition.adding_replicas);
  change.target_removing.clear();
  change.target_adding.clear();
  if (change.target_isr.empty()) {
    if (!desk.unclean_election_allowed(topic.name())) return ErrorCode::InvalidReplicaAssignment;
    if (change.target_replicas.empty()) return ErrorCode::InvalidReplicaAssignment;
    change.target_isr = {change.target_replicas.front()};
  }
  return ErrorCode::None;
}

ErrorCode reassign(const Desk& desk, const sim::ReassignablePartition& asked, Records& records) {
  const sim::Topic* topic = desk.image().topics().find(asked.topic_partition.topic);
  if (topic == nullptr) return ErrorCode::UnknownTopicOrPartition;
  const auto partition = topic->partition(asked.topic_partition.partition);
  if (!partition) return ErrorCode::UnknownTopicOrPartition;
  PartitionChange change = desk.change_of(*topic, asked.topic_partition.partition, *partition);
  if (asked.replicas) {
    if (const ErrorCode error = check_target(desk, *asked.replicas); error != ErrorCode::None)
      return error;
    start_reassignment(change, *partition, *asked.replicas);
  } else if (const ErrorCode error = cancel_reassignment(desk, *topic, change, *partition);
             error != ErrorCode::None) {
    return error;
  }
  if (auto record = change.build()) records.push_back(std::move(*record));
  return ErrorCode::None;
}

}  // namespace

Decision<sim::AlterPartitionReassignmentsResponse> decide(
    Desk& desk, const sim::AlterPartitionReassignmentsRequest& request) {
  Decision<sim::AlterPartitionReassignmentsResponse> out{.response = {}};
  for (const sim::ReassignablePartition& asked : request.partitions) {
    out.response.responses.push_back({asked.topic_partition, reassign(desk, asked, out.records)});
  }
  return out;
}

}  // namespace kraft
