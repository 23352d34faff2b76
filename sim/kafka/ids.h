#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/described.h"
#include "sim/base/id.h"

// Kafka's numbers, each with its own type. Names are Kafka's.
namespace sim {

// node.id or broker.id; controllers and brokers share the number space. -1: none, -2: unchanged (as
// in records).
struct BrokerIdTag {};
using BrokerId = Id<BrokerIdTag, std::int32_t>;
constexpr BrokerId kNoBroker{-1};

// Incarnation number of a registered broker: czxid of /brokers/ids/N, or the offset of
// RegisterBrokerRecord.
struct BrokerEpochTag {};
using BrokerEpoch = Ordinal<BrokerEpochTag, std::int64_t>;

// Epoch of the metadata quorum's leader.
struct RaftEpochTag {};
using RaftEpoch = Ordinal<RaftEpochTag, std::int32_t>;

// Epoch in /controller_epoch, and in the header of LeaderAndIsr, UpdateMetadata, StopReplica.
struct ControllerEpochTag {};
using ControllerEpoch = Ordinal<ControllerEpochTag, std::int32_t>;

struct LeaderEpochTag {};
using LeaderEpoch = Ordinal<LeaderEpochTag, std::int32_t>;
// In ZooKeeper mode the version of the partition state znode, in KRaft the partitionEpoch.
struct PartitionEpochTag {};
using PartitionEpoch = Ordinal<PartitionEpochTag, std::int32_t>;

struct OffsetTag {};
using Offset = Ordinal<OffsetTag, std::int64_t>;

struct PartitionIdTag {};
using PartitionId = Id<PartitionIdTag, std::int32_t>;

struct ProducerIdTag {};
using ProducerId = Id<ProducerIdTag, std::int64_t>;

// Leader epoch of the `__transaction_state` partition whose leader coordinates a transactional id.
struct CoordinatorEpochTag {};
using CoordinatorEpoch = Ordinal<CoordinatorEpochTag, std::int32_t>;

struct TopicPartition {
  std::string topic;
  PartitionId partition;
  auto operator<=>(const TopicPartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topic", &TopicPartition::topic),
                 field("partition", &TopicPartition::partition));
  }
};

// An offset with the epoch of the record there; compares by epoch first, as Kafka's OffsetAndEpoch
// does.
struct OffsetAndEpoch {
  RaftEpoch epoch;
  Offset offset;
  auto operator<=>(const OffsetAndEpoch&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("epoch", &OffsetAndEpoch::epoch), field("offset", &OffsetAndEpoch::offset));
  }
};

// Lists of brokers (replicas, ISR) are short and keep their order, so they are vectors.
inline bool contains(const std::vector<BrokerId>& brokers, BrokerId broker) {
  return std::ranges::find(brokers, broker) != brokers.end();
}

}  // namespace sim
