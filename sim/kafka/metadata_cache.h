#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/broker_behaviour.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/image.h"
#include "sim/kafka/rpc_control.h"
#include "sim/kafka/rpc_data.h"
#include "sim/kafka/uuid.h"

// What a broker believes of its cluster, whoever told it: UpdateMetadata of a controller, which it
// takes on that controller's word (ZkMetadataCache), or the metadata log (KRaftMetadataCache).
// Clients are answered from here; a leader asks here who may join an ISR.
namespace sim {

struct CachedPartition {
  BrokerId leader{-1};
  LeaderEpoch leader_epoch{-1};
  PartitionEpoch partition_epoch{};
  std::vector<BrokerId> isr;
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> offline_replicas;
  bool operator==(const CachedPartition&) const = default;
  static constexpr auto fields(auto&& visit) {
    using P = CachedPartition;
    return visit(field("leader", &P::leader), field("leaderEpoch", &P::leader_epoch),
                 field("partitionEpoch", &P::partition_epoch), field("isr", &P::isr),
                 field("replicas", &P::replicas), field("offlineReplicas", &P::offline_replicas));
  }
};
struct CachedTopic {
  Uuid topic_id;
  std::map<PartitionId, CachedPartition> partitions;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicId", &CachedTopic::topic_id),
                 field("partitions", &CachedTopic::partitions));
  }
};
struct CachedBroker {
  std::vector<ListenerAddress> endpoints;
  std::optional<std::string> rack;
  // Known in KRaft mode alone; a ZooKeeper-mode cache holds live brokers and no others.
  BrokerEpoch epoch{-1};
  bool fenced = false;
  bool in_controlled_shutdown = false;
  static constexpr auto fields(auto&& visit) {
    using B = CachedBroker;
    return visit(field("endpoints", &B::endpoints), field("rack", &B::rack),
                 field("epoch", &B::epoch), field("fenced", &B::fenced),
                 field("inControlledShutdown", &B::in_controlled_shutdown));
  }
};
// Who leads the cluster, and of which kind: ZkCachedControllerId, KRaftCachedControllerId.
struct CachedController {
  BrokerId id{-1};
  bool kraft = false;
  bool operator==(const CachedController&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("id", &CachedController::id), field("kraft", &CachedController::kraft));
  }
};

class MetadataCache {
 public:
  explicit MetadataCache(bool kraft_mode) : kraft_mode_(kraft_mode) {}

  // ZooKeeper mode: applies an UpdateMetadata that has passed the checks of its header. Live
  // brokers are replaced if any are named, partitions one by one; a FULL request first removes
  // topics whose ids it lacks (migration.md §5.6). Returns the names of topics that are gone.
  std::vector<std::string> update(const UpdateMetadataRequest& request,
                                  const BrokerBehaviour& behaviour = {});
  // KRaft mode: the cache is the image.
  void publish(const MetadataImage& image);

  bool kraft_mode() const { return kraft_mode_; }
  const MetadataImage& image() const { return image_; }
  const std::map<BrokerId, CachedBroker>& brokers() const { return brokers_; }
  std::optional<CachedPartition> partition(const TopicPartition& topic_partition) const;
  // 0: no such topic.
  std::int32_t partition_count(std::string_view topic) const;
  std::vector<std::string> topic_names() const;
  // In ZooKeeper mode, whom UpdateMetadata named.
  std::optional<CachedController> controller() const { return controller_; }
  bool is_alive(BrokerId broker) const;
  // Whether a leader may propose this broker for an ISR, given the epoch under which it last
  // fetched (Partition.isReplicaIsrEligible, brokers.md §1.5).
  bool is_isr_eligible(BrokerId broker, BrokerEpoch fetch_epoch) const;
  // The answer to a client; `topics` none: all. The controller is the caller's to fill in.
  MetadataResponse describe_to_client(const MetadataRequest& request) const;
  void digest_into(Digest& digest) const;

 private:
  MetadataTopic describe_topic(const std::string& name) const;

  bool kraft_mode_;
  std::map<BrokerId, CachedBroker> brokers_;
  std::map<std::string, CachedTopic, std::less<>> topics_;  // ZooKeeper mode
  MetadataImage image_;                                     // KRaft mode
  std::optional<CachedController> controller_;
};

// Topics that Kafka makes for itself: their names begin with two underscores by list, not by rule.
constexpr std::string_view kGroupMetadataTopic = "__consumer_offsets";
constexpr std::string_view kTransactionStateTopic = "__transaction_state";
constexpr bool is_internal_topic(std::string_view name) {
  return name == kGroupMetadataTopic || name == kTransactionStateTopic;
}

}  // namespace sim
