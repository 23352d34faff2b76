#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/violation.h"
#include "sim/core/payload.h"
#include "sim/kafka/broker.h"
#include "sim/kafka/log_batch.h"

// What Kafka promises of its records and offsets (brokers.md §6): pure functions over const views
// and notices, with the ghost state of §6.1: what clients were told, which no node can see. Work is
// done when something happens that could break a promise (an answer to a client, a new leader), not
// after every event.
namespace sim {

// Acknowledged or consumed records at consecutive offsets.
struct KnownRecords {
  Offset base_offset{};
  std::int64_t count = 0;
  RecordToken first_token{};
  LeaderEpoch epoch{-1};  // of the leader who acknowledged them
  Offset next_offset() const { return base_offset.plus(count); }
};

struct BrokerMemory {
  struct PartitionGhost {
    Uuid topic_id;  // of the topic that the records were written to
    std::map<Offset, KnownRecords>
        acknowledged;                         // by base offset, disjoint, merged where they adjoin
    std::map<LeaderEpoch, BrokerId> leaders;  // who was seen to lead in each epoch
    std::set<BrokerId>
        lossy;  // brokers that lost unflushed data or their disk since it was first written
    // Epochs whose leader lost data and leads on in them, as a broker in ZooKeeper mode does that is
    // back before a controller sees that it was gone. What it appends takes the offsets of what it
    // lost, under the epoch of what it lost: no follower can tell the two apart.
    std::set<LeaderEpoch> led_on;
    std::optional<LeaderEpoch> led_at_loss;  // the newest, if its leader lost data since it began
    // By broker: the highest leader and partition epochs seen in its present life.
    std::map<BrokerId, std::pair<LeaderEpoch, PartitionEpoch>> epochs;
  };
  std::map<TopicPartition, PartitionGhost> partitions;
  // By group and partition: the highest position that the group heard to be committed.
  std::map<std::pair<std::string, TopicPartition>, Offset> committed;

  std::uint64_t records_acknowledged = 0;
  // Losses that Kafka does not promise to survive, by the excuse of brokers.md §6.3: "E-LRS".
  std::map<std::string, std::uint64_t> expected_losses;

  // A process was started anew: its memory of epochs is gone, as it should be.
  void on_restart(BrokerId broker);
  // The broker's machine crashed or its disk was lost: what was not flushed is gone.
  void on_data_loss(BrokerId broker, const Broker& before);
  // A topic of that name was deleted: what it held is not promised any more (E-RETAIN).
  void on_topic_deleted(const std::string& topic);
};

// Looks at one notice; `running` are the brokers that run, in any order (null: down).
//
//   broker.P1   (client.Acknowledged, broker.BecameLeader)  an acknowledged record is in the log of
//               the leader of the newest epoch, at its offset
//   broker.P7   (broker.BecameLeader)  at most one broker leads in a leader epoch
//   broker.P9   (broker.BecameLeader, broker.BecameFollower)  a broker's leader and partition epochs
//               never fall
//   broker.P12  (client.Consumed)  a consumer reads at an offset what was acknowledged there
//   broker.P13  (client.FetchedOffset, broker.GroupsLoaded)  a committed position, or a later one,
//               is found
//   broker.P16  (broker.OffsetCommitAccepted)  who commits is a member of the group's present
//               generation, or the group has no members
Violations check_broker_notice(const Payload& notice, std::span<const Broker* const> running,
                               BrokerMemory& memory);

// For the verdict: how many acknowledged records the present leaders hold below their high
// watermarks, and how many committed positions their coordinators find.
struct Durability {
  std::uint64_t acknowledged = 0;
  std::uint64_t readable = 0;
  std::uint64_t committed = 0;
  std::uint64_t found = 0;
};
Durability durability(std::span<const Broker* const> running, const BrokerMemory& memory);

// The running broker that leads the partition in the highest epoch, or null.
const Broker* leader_of(const TopicPartition& id, std::span<const Broker* const> running);

}  // namespace sim
