#include "sim/kafka/broker_invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "sim/kafka/broker_notice.h"
#include "sim/kafka/group_coordinator.h"

namespace sim {
namespace {

using Ghost = BrokerMemory::PartitionGhost;

std::string name(const TopicPartition& id) {
  return fmt::format("{}-{}", id.topic, id.partition.value());
}

// The first offset of these records at which the log holds something else, or nothing.
std::optional<Offset> first_missing(const KnownRecords& records, const ReplicaLog& log) {
  Offset at = std::max(records.base_offset, log.start_offset());  // below: retention
  while (at < records.next_offset()) {
    const LogBatch* batch = log.batch_at(at);
    const RecordToken wanted = records.first_token.plus(records.base_offset.distance_to(at));
    if (batch == nullptr || batch->token_at(at) != wanted) return at;
    at = std::min(batch->next_offset(), records.next_offset());
  }
  return std::nullopt;
}

void remember(Ghost& ghost, const KnownRecords& records) {
  auto after = ghost.acknowledged.lower_bound(records.base_offset);
  if (after != ghost.acknowledged.begin()) {
    KnownRecords& before = std::prev(after)->second;
    if (before.next_offset() == records.base_offset && before.epoch == records.epoch &&
        before.first_token.plus(before.count) == records.first_token) {
      before.count += records.count;
      return;
    }
  }
  ghost.acknowledged.emplace(records.base_offset, records);
}

// What it leads by an image of its former life is nobody's leader before its ports are open.
bool is_leader(const Broker& broker, const HostedPartition* partition) {
  return partition != nullptr && partition->leads() && broker.processes_requests();
}

// broker.P1 at one leader. What is missing is reported once, then forgotten: every later leader
// lacks it too.
void check_records(const TopicPartition& id, const Broker& leader, BrokerMemory& memory,
                   Ghost& ghost, Violations& found) {
  const HostedPartition& partition = *leader.partition(id);
  if (ghost.topic_id != partition.log().topic_id()) {
    ghost.acknowledged.clear();
    ghost.topic_id = partition.log().topic_id();
  }
  std::erase_if(ghost.acknowledged, [&](const auto& entry) {
    const auto missing = first_missing(entry.second, partition.log());
    if (!missing) return false;
    const BrokerId broker = leader.config().id;
    const auto lost = static_cast<std::uint64_t>(missing->distance_to(entry.second.next_offset()));
    const bool alone = partition.committed_isr() == std::vector{broker};
    // Excuses of §6.3: it lost its data as the last in the ISR; or, with ZooKeeper-mode leaders, it
    // came back into an ISR on the strength of its former life, or led on in it.
    if (ghost.lossy.contains(broker) && (alone || !leader.config().kraft_mode)) {
      memory.expected_losses[alone ? "E-LRS" : "E-903"] += lost;
      return true;
    }
    if (ghost.led_on.contains(entry.second.epoch)) {
      memory.expected_losses["E-903"] += lost;
      return true;
    }
    found.push_back(
        {"broker.P1",
         fmt::format("broker {} leads {} in epoch {} without the record acknowledged at offset {} "
                     "(its log ends at {})",
                     broker.value(), name(id), partition.leader_epoch().value(), missing->value(),
                     partition.log().end_offset().value())});
    return true;
  });
}

void check_group(const std::string& group, const TopicPartition& id, Offset committed, Offset told,
                 std::string_view by, Violations& found) {
  if (told >= committed) return;
  found.push_back({"broker.P13", fmt::format("group {} committed {} of {}, and {} finds {}", group,
                                             committed.value(), name(id), by, told.value())});
}

// What the coordinator holds to be committed, or will when a marker comes: who was told that its transaction is committed
// may be faster than the marker, and who asks where to go on waits for that.
Offset promised_offset(const GroupCoordinator& groups, const std::string& group_id,
                       const TopicPartition& id) {
  Offset told = groups.committed_offset(group_id, id);
  const GroupMetadata* const group = groups.group(group_id);
  if (group == nullptr) return told;
  for (const auto& [producer, pending] : group->pending_transactional_offset_commits) {
    const auto commit = pending.find(id);
    if (commit != pending.end()) told = std::max(told, commit->second.value.offset);
  }
  return told;
}

// broker.P13 at one coordinator: what it has read from its partition.
void check_offsets(PartitionId partition, const Broker& coordinator, BrokerMemory& memory,
                   Violations& found) {
  const std::int32_t count = coordinator.metadata().partition_count(kGroupMetadataTopic);
  if (count == 0 || !coordinator.groups().leads(partition)) return;
  for (auto& [key, committed] : memory.committed) {
    const auto& [group, id] = key;
    if (group_partition(group, count) != partition) continue;
    const Offset told = promised_offset(coordinator.groups(), group, id);
    const Ghost& ghost = memory.partitions[{std::string(kGroupMetadataTopic), partition}];
    if (told < committed && ghost.lossy.contains(coordinator.config().id)) {
      ++memory.expected_losses["E-LRS"];
      committed = told;
      continue;
    }
    check_group(group, id, committed, told,
                fmt::format("coordinator {}", coordinator.config().id.value()), found);
    committed = std::min(committed, std::max(told, Offset{0}));
  }
}

void check_epochs(BrokerId broker, const TopicPartition& id, LeaderEpoch leader_epoch,
                  PartitionEpoch partition_epoch, BrokerMemory& memory, Violations& found) {
  auto& [known_leader, known_partition] =
      memory.partitions[id]
          .epochs.try_emplace(broker, LeaderEpoch{-1}, PartitionEpoch{-1})
          .first->second;
  if (leader_epoch < known_leader || partition_epoch < known_partition) {
    found.push_back({"broker.P9",
                     fmt::format("broker {} went from leader epoch {} and partition epoch {} of {} "
                                 "back to {} and {}",
                                 broker.value(), known_leader.value(), known_partition.value(),
                                 name(id), leader_epoch.value(), partition_epoch.value())});
  }
  known_leader = std::max(known_leader, leader_epoch);
  known_partition = std::max(known_partition, partition_epoch);
}

const Broker* running_broker(BrokerId id, std::span<const Broker* const> running) {
  const auto found = std::ranges::find_if(running, [&](const Broker* broker) {
    return broker != nullptr && broker->config().id == id;
  });
  return found == running.end() ? nullptr : *found;
}

// A leader of the past is allowed to lack what was acknowledged since.
void check_leader(const TopicPartition& id, const Broker& leader, BrokerMemory& memory,
                  Ghost& ghost, Violations& found) {
  const HostedPartition* partition = leader.partition(id);
  if (!is_leader(leader, partition)) return;
  if (!ghost.leaders.empty() && ghost.leaders.rbegin()->first > partition->leader_epoch()) return;
  check_records(id, leader, memory, ghost, found);
  if (id.topic == kGroupMetadataTopic) check_offsets(id.partition, leader, memory, found);
}

void on_leader(const BrokerBecameLeader& notice, std::span<const Broker* const> running,
               BrokerMemory& memory, Violations& found) {
  const TopicPartition& id = notice.topic_partition;
  const Broker* leader = running_broker(notice.broker, running);
  const HostedPartition* partition = leader == nullptr ? nullptr : leader->partition(id);
  if (partition == nullptr || !partition->leads()) return;  // over before it was looked at
  Ghost& ghost = memory.partitions[id];
  if (ghost.topic_id != partition->log().topic_id()) {
    ghost = {};
    ghost.topic_id = partition->log().topic_id();
  }
  check_epochs(notice.broker, id, notice.leader_epoch, notice.partition_epoch, memory, found);
  if (ghost.led_at_loss == notice.leader_epoch && !leader->config().kraft_mode) {
    ghost.led_on.insert(notice.leader_epoch);
  }
  const auto [known, first] = ghost.leaders.emplace(notice.leader_epoch, notice.broker);
  if (!first && known->second != notice.broker) {
    found.push_back({"broker.P7",
                     fmt::format("brokers {} and {} both led {} in epoch {}", known->second.value(),
                                 notice.broker.value(), name(id), notice.leader_epoch.value())});
  }
  check_leader(id, *leader, memory, ghost, found);
}

void on_groups_loaded(const GroupsLoaded& notice, std::span<const Broker* const> running,
                      BrokerMemory& memory, Violations& found) {
  const TopicPartition id{std::string(kGroupMetadataTopic), notice.partition};
  const Broker* coordinator = running_broker(notice.broker, running);
  if (coordinator == nullptr || !is_leader(*coordinator, coordinator->partition(id))) return;
  const Ghost& ghost = memory.partitions[id];
  if (!ghost.leaders.empty() && ghost.leaders.rbegin()->first > notice.leader_epoch) return;
  check_offsets(notice.partition, *coordinator, memory, found);
}

// broker.P16: who commits is a member of the present generation, unless the group has none.
void on_commit_accepted(const OffsetCommitAccepted& notice, std::span<const Broker* const> running,
                        Violations& found) {
  const Broker* coordinator = running_broker(notice.broker, running);
  const GroupMetadata* group =
      coordinator == nullptr ? nullptr : coordinator->groups().group(notice.group);
  if (group == nullptr) return;
  const bool is_simple = notice.generation_id < 0 && group->is(GroupState::Empty);
  const bool is_current = group->has(notice.member_id) &&
                          notice.generation_id == group->generation_id &&
                          (!notice.group_instance_id ||
                           group->static_member_id(*notice.group_instance_id) == notice.member_id);
  if (is_simple || is_current) return;
  found.push_back(
      {"broker.P16", fmt::format("group {} is in generation {}, and broker {} took a "
                                 "commit of member '{}' in generation {}",
                                 notice.group, group->generation_id, notice.broker.value(),
                                 notice.member_id, notice.generation_id)});
}

void on_ports_open(const RequestProcessingEnabled& notice, std::span<const Broker* const> running,
                   BrokerMemory& memory, Violations& found) {
  const Broker* leader = running_broker(notice.broker, running);
  if (leader == nullptr) return;
  for (auto& [id, ghost] : memory.partitions) check_leader(id, *leader, memory, ghost, found);
}

void on_acknowledged(const ClientAcknowledged& notice, std::span<const Broker* const> running,
                     BrokerMemory& memory, Violations& found) {
  memory.records_acknowledged += static_cast<std::uint64_t>(notice.count);
  Ghost& ghost = memory.partitions[notice.topic_partition];
  // With nobody in office the next leader is asked.
  const KnownRecords records{notice.base_offset, notice.count, notice.first_token,
                             notice.leader_epoch};
  remember(ghost, records);
  const Broker* leader = leader_of(notice.topic_partition, running);
  if (leader == nullptr) return;
  if (ghost.topic_id.is_zero()) {
    ghost.topic_id = leader->partition(notice.topic_partition)->log().topic_id();
  }
  if (ghost.leaders.empty() ||
      leader->partition(notice.topic_partition)->leader_epoch() >= ghost.leaders.rbegin()->first) {
    const ReplicaLog& log = leader->partition(notice.topic_partition)->log();
    if (first_missing(records, log)) {
      check_records(notice.topic_partition, *leader, memory, ghost, found);
    }
  }
}

void on_consumed(const ClientConsumed& notice, BrokerMemory& memory, Violations& found) {
  const auto known = memory.partitions.find(notice.topic_partition);
  if (known == memory.partitions.end()) return;
  const Offset below = notice.base_offset.plus(notice.count);
  auto at = known->second.acknowledged.upper_bound(notice.base_offset);
  if (at != known->second.acknowledged.begin()) --at;
  for (; at != known->second.acknowledged.end() && at->first < below; ++at) {
    const KnownRecords& records = at->second;
    const Offset both = std::max(records.base_offset, notice.base_offset);
    if (both >= std::min(records.next_offset(), below)) continue;
    const RecordToken acked = records.first_token.plus(records.base_offset.distance_to(both));
    const RecordToken read = notice.first_token.plus(notice.base_offset.distance_to(both));
    if (acked == read) continue;
    found.push_back({"broker.P12",
                     fmt::format("group {} read record {} at offset {} of {}, where record {} was "
                                 "acknowledged",
                                 notice.group, read.value(), both.value(),
                                 name(notice.topic_partition), acked.value())});
  }
}

}  // namespace

void BrokerMemory::on_restart(BrokerId broker) {
  for (auto& [id, ghost] : partitions) ghost.epochs.erase(broker);
}

void BrokerMemory::on_data_loss(BrokerId broker, const Broker& before) {
  before.for_each_partition([&](const HostedPartition& partition) {
    PartitionGhost& ghost = partitions[partition.id()];
    ghost.lossy.insert(broker);
    if (!ghost.leaders.empty() && ghost.leaders.rbegin()->second == broker)
      ghost.led_at_loss = ghost.leaders.rbegin()->first;
  });
}

void BrokerMemory::on_topic_deleted(const std::string& topic) {
  std::erase_if(partitions, [&](const auto& entry) { return entry.first.topic == topic; });
  std::erase_if(committed, [&](const auto& entry) { return entry.first.second.topic == topic; });
}

Violations check_broker_notice(const Payload& notice, std::span<const Broker* const> running,
                               BrokerMemory& memory) {
  Violations found;
  if (const auto* leader = notice.get_if<BrokerBecameLeader>()) {
    on_leader(*leader, running, memory, found);
  } else if (const auto* open = notice.get_if<RequestProcessingEnabled>()) {
    on_ports_open(*open, running, memory, found);
  } else if (const auto* loaded = notice.get_if<GroupsLoaded>()) {
    on_groups_loaded(*loaded, running, memory, found);
  } else if (const auto* removed = notice.get_if<CommittedOffsetsRemoved>()) {
    for (const TopicPartition& id : removed->partitions)
      memory.committed.erase({removed->group, id});
  } else if (const auto* accepted = notice.get_if<OffsetCommitAccepted>()) {
    on_commit_accepted(*accepted, running, found);
  } else if (const auto* follower = notice.get_if<BrokerBecameFollower>()) {
    check_epochs(follower->broker, follower->topic_partition, follower->leader_epoch,
                 follower->partition_epoch, memory, found);
  } else if (const auto* acknowledged = notice.get_if<ClientAcknowledged>()) {
    on_acknowledged(*acknowledged, running, memory, found);
  } else if (const auto* consumed = notice.get_if<ClientConsumed>()) {
    on_consumed(*consumed, memory, found);
  } else if (const auto* committed = notice.get_if<ClientCommitted>()) {
    Offset& known =
        memory.committed.try_emplace({committed->group, committed->topic_partition}, Offset{0})
            .first->second;
    known = std::max(known, committed->offset);
  } else if (const auto* fetched = notice.get_if<ClientFetchedOffset>()) {
    const auto known = memory.committed.find({fetched->group, fetched->topic_partition});
    if (known != memory.committed.end()) {
      check_group(fetched->group, fetched->topic_partition, known->second, fetched->offset,
                  "the group that starts anew", found);
      known->second = std::min(known->second, std::max(fetched->offset, Offset{0}));
    }
  } else if (const auto* stopped = notice.get_if<ReplicaStopped>(); stopped && stopped->deleted) {
    const auto known = memory.partitions.find(stopped->topic_partition);
    if (known != memory.partitions.end()) known->second.epochs.erase(stopped->broker);
  }
  return found;
}

const Broker* leader_of(const TopicPartition& id, std::span<const Broker* const> running) {
  const Broker* leader = nullptr;
  LeaderEpoch newest{-1};
  for (const Broker* broker : running) {
    const HostedPartition* partition = broker == nullptr ? nullptr : broker->partition(id);
    if (broker == nullptr || !is_leader(*broker, partition)) continue;
    if (partition->leader_epoch() < newest) continue;
    leader = broker;
    newest = partition->leader_epoch();
  }
  return leader;
}

Durability durability(std::span<const Broker* const> running, const BrokerMemory& memory) {
  Durability counts{.acknowledged = memory.records_acknowledged};
  for (const auto& [id, ghost] : memory.partitions) {
    const Broker* leader = leader_of(id, running);
    if (leader == nullptr) continue;
    const ReplicaLog& log = leader->partition(id)->log();
    for (const auto& [base, records] : ghost.acknowledged) {
      const Offset end = std::min(first_missing(records, log).value_or(records.next_offset()),
                                  log.high_watermark());
      if (end > base) counts.readable += static_cast<std::uint64_t>(base.distance_to(end));
    }
  }
  for (const auto& [key, offset] : memory.committed) {
    ++counts.committed;
    for (const Broker* broker : running) {
      if (broker == nullptr) continue;
      const std::int32_t count = broker->metadata().partition_count(kGroupMetadataTopic);
      if (count == 0) continue;
      const PartitionId partition = group_partition(key.first, count);
      if (leader_of({std::string(kGroupMetadataTopic), partition}, running) != broker) continue;
      if (broker->groups().committed_offset(key.first, key.second) >= offset) ++counts.found;
    }
  }
  return counts;
}

}  // namespace sim
