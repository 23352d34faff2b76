#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/ids.h"

// What the ZooKeeper-mode controller says of itself, for traces, checkers, coverage and fault
// plans.
namespace zk {

// A broker made /controller and raised /controller_epoch in one transaction.
struct ZkControllerElected {
  static constexpr std::string_view kName = "zkcontroller.Elected";
  static constexpr std::string_view kRule = "zookeeper.md §6.3";
  sim::BrokerId broker{-1};
  sim::ControllerEpoch epoch{};
  static constexpr auto fields(auto&& visit) {
    using N = ZkControllerElected;
    return visit(sim::field("broker", &N::broker), sim::field("epoch", &N::epoch));
  }
};
// It has read the cluster and told all brokers.
struct ZkControllerReady {
  static constexpr std::string_view kName = "zkcontroller.Ready";
  static constexpr std::string_view kRule = "zookeeper.md §6.4";
  sim::BrokerId broker{-1};
  sim::ControllerEpoch epoch{};
  std::uint64_t brokers = 0;
  std::uint64_t partitions = 0;
  static constexpr auto fields(auto&& visit) {
    using N = ZkControllerReady;
    return visit(sim::field("broker", &N::broker), sim::field("epoch", &N::epoch),
                 sim::field("brokers", &N::brokers), sim::field("partitions", &N::partitions));
  }
};
struct ZkControllerResigned {
  static constexpr std::string_view kName = "zkcontroller.Resigned";
  static constexpr std::string_view kRule = "zookeeper.md §6.3";
  sim::BrokerId broker{-1};
  sim::ControllerEpoch epoch{};
  std::string why;
  static constexpr auto fields(auto&& visit) {
    using N = ZkControllerResigned;
    return visit(sim::field("broker", &N::broker), sim::field("epoch", &N::epoch),
                 sim::field("why", &N::why));
  }
};
// It wrote a partition's new state: leader -1 means nobody can lead.
struct ZkPartitionChanged {
  static constexpr std::string_view kName = "zkcontroller.PartitionChanged";
  static constexpr std::string_view kRule = "zookeeper.md §6.5";
  sim::BrokerId controller{-1};
  sim::TopicPartition topic_partition;
  sim::BrokerId leader{-1};
  sim::LeaderEpoch leader_epoch{};
  sim::PartitionEpoch partition_epoch{};
  std::vector<sim::BrokerId> isr;
  static constexpr auto fields(auto&& visit) {
    using N = ZkPartitionChanged;
    return visit(sim::field("controller", &N::controller),
                 sim::field("topicPartition", &N::topic_partition),
                 sim::field("leader", &N::leader), sim::field("leaderEpoch", &N::leader_epoch),
                 sim::field("partitionEpoch", &N::partition_epoch), sim::field("isr", &N::isr));
  }
};
// It would change this partition's leader or ISR and does not, for its state has a higher epoch than its own.
struct ZkElectionRefused {
  static constexpr std::string_view kName = "zkcontroller.ElectionRefused";
  static constexpr std::string_view kRule = "migration.md §1.5 rule 1";
  sim::BrokerId controller{-1};
  sim::TopicPartition topic_partition;
  sim::ControllerEpoch epoch{};
  sim::ControllerEpoch written_by{};
  static constexpr auto fields(auto&& visit) {
    using N = ZkElectionRefused;
    return visit(sim::field("controller", &N::controller),
                 sim::field("topicPartition", &N::topic_partition), sim::field("epoch", &N::epoch),
                 sim::field("writtenBy", &N::written_by));
  }
};
struct ZkTopicDeleted {
  static constexpr std::string_view kName = "zkcontroller.TopicDeleted";
  static constexpr std::string_view kRule = "zookeeper.md §6.9";
  sim::BrokerId controller{-1};
  std::string topic;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("controller", &ZkTopicDeleted::controller),
                 sim::field("topic", &ZkTopicDeleted::topic));
  }
};

}  // namespace zk
