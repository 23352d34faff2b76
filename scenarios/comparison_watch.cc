#include "scenarios/comparison_watch.h"

#include <algorithm>

#include "kraft/notice.h"
#include "sim/kafka/broker.h"
#include "sim/kafka/broker_notice.h"
#include "sim/kafka/metadata_cache.h"
#include "sim/kafka/rpc.h"
#include "zk/controller_notice.h"

namespace scenarios {
namespace {

void raise(std::optional<sim::Duration>& longest, sim::Duration by) {
  if (!longest || *longest < by) longest = by;
}

const sim::Broker* kafka_broker(const sim::World& world, const Cluster& cluster,
                                sim::BrokerId broker) {
  const migrate::BrokerNode* const node = cluster.broker(world, broker);
  return node == nullptr ? nullptr : node->broker();
}

bool knows(const sim::Broker& broker, const sim::TopicPartition& id, sim::LeaderEpoch epoch) {
  const auto cached = broker.metadata().partition(id);
  return cached && cached->leader_epoch >= epoch;
}

}  // namespace

const std::vector<MeasureName>& all_measures() {
  static const std::vector<MeasureName> all{
      {"longestWithoutLeader", "a partition without leader, longest",
       &Measures::longest_without_leader},
      {"meanWithoutLeader", "without leader, mean of all partitions",
       &Measures::mean_without_leader},
      {"longestSilence", "no record acknowledged, longest", &Measures::longest_silence},
      {"withoutController", "no acting controller, longest", &Measures::without_controller},
      {"staleness", "a new leader known to all brokers", &Measures::staleness},
      {"changeAnswered", "an administrator's request answered", &Measures::change_answered},
      {"topicsKnown", "what was created known to all brokers", &Measures::topics_known},
      {"brokerRegistered", "a started broker registered", &Measures::broker_registered},
      {"brokerLeads", "a started broker leads", &Measures::broker_leads},
      {"brokerUsed", "a client's record acknowledged by it", &Measures::broker_used}};
  return all;
}

void ComparisonWatch::rest(const sim::World& world, const Cluster& cluster) {
  cluster_ = &cluster;
  rest_ = world.now();
  for (const auto& [id, node] : cluster.brokers()) {
    broker_of_.emplace(node, id);
    const sim::Broker* const broker = kafka_broker(world, cluster, id);
    if (broker == nullptr) continue;
    broker->for_each_partition([&](const sim::HostedPartition& hosted) {
      if (sim::is_internal_topic(hosted.id().topic)) return;
      Partition& partition = partitions_[hosted.id()];
      if (!hosted.leads() || hosted.leader_epoch() < partition.epoch) return;
      partition.leader = id;
      partition.epoch = hosted.leader_epoch();
      partition.leads = true;
    });
  }
  for (auto& [id, partition] : partitions_) {
    judge(rest_, partition, partition.leads && serves(world, partition.leader));
  }
  const auto acting = cluster.resolve(world, "controller:acting");
  if (acting.empty()) {
    no_controller_since_ = rest_;
  } else {
    controller_ = acting.front();
  }
}

std::optional<sim::BrokerId> ComparisonWatch::broker_at(sim::NodeId node) const {
  const auto found = broker_of_.find(node);
  if (found == broker_of_.end()) return std::nullopt;
  return found->second;
}

bool ComparisonWatch::serves(const sim::World& world, sim::BrokerId broker) const {
  const auto node = cluster_->brokers().find(broker);
  if (node == cluster_->brokers().end()) return false;
  const sim::Broker* const core = kafka_broker(world, *cluster_, broker);
  return core != nullptr && core->processes_requests() && !world.paused(node->second);
}

bool ComparisonWatch::registered(const sim::World& world, sim::BrokerId broker) const {
  const migrate::BrokerNode* const node = cluster_->broker(world, broker);
  if (node == nullptr || !serves(world, broker)) return false;
  return node->zookeeper() == nullptr || node->zookeeper()->registered();
}

void ComparisonWatch::on(const sim::Occurrence& occurrence, const sim::World& world) {
  if (cluster_ == nullptr) return;
  const auto broker = broker_at(occurrence.node);
  switch (occurrence.kind) {
    case sim::OccurrenceKind::Started:
      if (broker) starting_.insert_or_assign(*broker, Starting{.at = occurrence.at});
      return;
    case sim::OccurrenceKind::Crashed:
    case sim::OccurrenceKind::Exited:
    case sim::OccurrenceKind::Paused:
      if (broker) touched_.insert(*broker);
      if (broker) forget(occurrence.at, *broker);
      if (occurrence.node == controller_) lose_controller(occurrence.at);
      // Who stood still is controller again when he wakes, unless somebody has taken over.
      if (occurrence.kind != sim::OccurrenceKind::Paused && occurrence.node == controller_)
        controller_.reset();
      return;
    case sim::OccurrenceKind::Resumed:
      if (broker) touched_.insert(*broker);
      if (occurrence.node == controller_) find_controller(occurrence.at, occurrence.node);
      return;
    case sim::OccurrenceKind::Received:
      // What a broker is told, be it by UpdateMetadata or by records of the metadata log.
      if (broker && !spreading_.empty()) heard_.insert(*broker);
      if (occurrence.payload->get_if<AdminTask>() != nullptr) {
        asked_.push_back(occurrence.at);
        last_asked_ = occurrence.at;
        if (!first_asked_) first_asked_ = occurrence.at;
      }
      break;
    case sim::OccurrenceKind::Noticed:
      noticed(occurrence, world);
      break;
    default:
      break;
  }
  if (!broker) return;
  const auto starting = starting_.find(*broker);
  if (starting != starting_.end() && !starting->second.registered) touched_.insert(*broker);
}

void ComparisonWatch::noticed(const sim::Occurrence& occurrence, const sim::World& world) {
  const sim::Payload& notice = *occurrence.payload;
  const sim::Instant now = occurrence.at;
  if (const auto* const leads = notice.get_if<sim::BrokerBecameLeader>()) {
    became_leader(world, leads->broker, leads->topic_partition, leads->leader_epoch);
  } else if (const auto* const follows = notice.get_if<sim::BrokerBecameFollower>()) {
    if (!sim::is_internal_topic(follows->topic_partition.topic))
      learn_epoch(world, follows->topic_partition, follows->leader_epoch);
  } else if (const auto* const stopped = notice.get_if<sim::ReplicaStopped>()) {
    if (const auto found = partitions_.find(stopped->topic_partition);
        stopped->deleted && found != partitions_.end() && found->second.leader == stopped->broker)
      found->second.leads = false;
    touched_.insert(stopped->broker);
  } else if (const auto* const acknowledged = notice.get_if<sim::ClientAcknowledged>()) {
    acknowledge(now, acknowledged->topic_partition);
  } else if (notice.get_if<sim::RequestProcessingEnabled>() != nullptr) {
    touched_.insert(notice.as<sim::RequestProcessingEnabled>().broker);
  } else if (notice.get_if<zk::ZkControllerReady>() != nullptr ||
             notice.get_if<kraft::ControllerActivated>() != nullptr) {
    find_controller(now, occurrence.node);
  } else if (notice.get_if<zk::ZkControllerResigned>() != nullptr ||
             notice.get_if<kraft::ControllerRenounced>() != nullptr) {
    if (occurrence.node != controller_) return;
    lose_controller(now);
    controller_.reset();
  } else if (notice.get_if<AdminDone>() != nullptr && !asked_.empty()) {
    raise(measured_.change_answered, now - asked_.front());
    asked_.pop_front();
  }
}

// The epoch was decided: whoever led before leads no more, and all brokers shall know.
void ComparisonWatch::learn_epoch(const sim::World& world, const sim::TopicPartition& id,
                                  sim::LeaderEpoch epoch) {
  const auto [found, is_new] = partitions_.try_emplace(id);
  Partition& partition = found->second;
  partition.is_new |= is_new;
  if (epoch <= partition.epoch) return;
  partition.epoch = epoch;
  partition.leads = false;
  changed_.insert(id);
  Spreading spreading{.id = id, .epoch = epoch, .since = world.now()};
  for (const auto& [broker, node] : cluster_->brokers()) {
    if (kafka_broker(world, *cluster_, broker) != nullptr && !world.paused(node))
      spreading.lack.insert(broker);
  }
  // In the present event the first brokers learn of it.
  heard_.insert(spreading.lack.begin(), spreading.lack.end());
  began_ = true;
  spreading_.push_back(std::move(spreading));
}

void ComparisonWatch::became_leader(const sim::World& world, sim::BrokerId broker,
                                    const sim::TopicPartition& id, sim::LeaderEpoch epoch) {
  if (sim::is_internal_topic(id.topic)) return;
  learn_epoch(world, id, epoch);
  Partition& partition = partitions_.at(id);
  if (epoch < partition.epoch) return;
  partition.leader = broker;
  partition.leads = true;
  changed_.insert(id);
  const auto starting = starting_.find(broker);
  if (starting == starting_.end() || std::exchange(starting->second.leads, true)) return;
  raise(measured_.broker_leads, world.now() - since_asked(starting->second));
}

sim::Instant ComparisonWatch::since_asked(const Starting& starting) const {
  return last_asked_ ? std::max(starting.at, *last_asked_) : starting.at;
}

void ComparisonWatch::acknowledge(sim::Instant now, const sim::TopicPartition& id) {
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return;
  Partition& partition = found->second;
  const sim::Instant before = partition.acknowledged.value_or(partition.is_new ? now : rest_);
  partition.longest_silence = std::max(partition.longest_silence, now - before);
  partition.acknowledged = now;
  const auto starting = starting_.find(partition.leader);
  if (starting == starting_.end() || !starting->second.leads || !partition.leads) return;
  if (std::exchange(starting->second.used, true)) return;
  raise(measured_.broker_used, now - since_asked(starting->second));
}

void ComparisonWatch::judge(sim::Instant now, Partition& partition, bool serves) {
  if (!serves) {
    if (!partition.down_since) partition.down_since = now;
    return;
  }
  if (!partition.down_since) return;
  const sim::Duration down = now - *std::exchange(partition.down_since, std::nullopt);
  partition.down = partition.down + down;
  partition.longest_down = std::max(partition.longest_down, down);
}

void ComparisonWatch::after_event(const sim::World& world) {
  if (cluster_ == nullptr) return;
  for (const sim::TopicPartition& id : std::exchange(changed_, {})) {
    Partition& partition = partitions_.at(id);
    judge(world.now(), partition, partition.leads && serves(world, partition.leader));
  }
  for (const sim::BrokerId broker : std::exchange(touched_, {})) {
    const bool serving = serves(world, broker);
    for (auto& [id, partition] : partitions_) {
      if (partition.leader == broker) judge(world.now(), partition, partition.leads && serving);
    }
    const auto starting = starting_.find(broker);
    if (starting == starting_.end() || starting->second.registered || !registered(world, broker))
      continue;
    starting->second.registered = true;
    raise(measured_.broker_registered, world.now() - starting->second.at);
  }
  for (const sim::BrokerId broker : std::exchange(heard_, {})) {
    const sim::Broker* const core = kafka_broker(world, *cluster_, broker);
    if (core == nullptr) continue;
    // Most of what a broker hears is no metadata; in KRaft mode its image tells.
    const sim::MetadataCache& cache = core->metadata();
    const sim::Offset image = cache.image().provenance().last_contained_offset;
    if (cache.kraft_mode() && std::exchange(images_[broker], image) == image && !began_) continue;
    for (Spreading& spreading : spreading_) {
      if (spreading.lack.contains(broker) && knows(*core, spreading.id, spreading.epoch))
        spreading.lack.erase(broker);
    }
    settle(world.now());
  }
  began_ = false;
}

// What all have heard of is no news any more.
void ComparisonWatch::settle(sim::Instant now) {
  std::erase_if(spreading_, [&](const Spreading& spreading) {
    if (!spreading.lack.empty()) return false;
    raise(measured_.staleness, now - spreading.since);
    if (partitions_.at(spreading.id).is_new && first_asked_)
      raise(measured_.topics_known, now - *first_asked_);
    return true;
  });
}

// Nobody waits for a broker that does not run to hear of anything; what it is told later belongs to its start.
void ComparisonWatch::forget(sim::Instant now, sim::BrokerId broker) {
  for (Spreading& spreading : spreading_) spreading.lack.erase(broker);
  settle(now);
}

void ComparisonWatch::lose_controller(sim::Instant now) {
  if (!no_controller_since_) no_controller_since_ = now;
}

void ComparisonWatch::find_controller(sim::Instant now, sim::NodeId node) {
  controller_ = node;
  if (!no_controller_since_) return;
  raise(measured_.without_controller, now - *std::exchange(no_controller_since_, std::nullopt));
}

Measures ComparisonWatch::measures(const sim::World& world) const {
  Measures result = measured_;
  if (cluster_ == nullptr) return result;
  const sim::Instant now = world.now();
  sim::Duration down{};
  std::int64_t partitions = 0;
  for (auto [id, partition] : partitions_) {
    if (partition.acknowledged) {
      raise(result.longest_silence,
            std::max(partition.longest_silence, now - *partition.acknowledged));
    }
    if (partition.is_new) continue;
    judge(now, partition, true);
    down = down + partition.down;
    raise(result.longest_without_leader, partition.longest_down);
    ++partitions;
  }
  if (partitions > 0) result.mean_without_leader = down / partitions;
  if (no_controller_since_) raise(result.without_controller, now - *no_controller_since_);
  for (const Spreading& spreading : spreading_) raise(result.staleness, now - spreading.since);
  if (!asked_.empty()) raise(result.change_answered, now - asked_.front());
  return result;
}

}  // namespace scenarios
