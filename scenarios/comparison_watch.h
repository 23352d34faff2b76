#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/cluster.h"
#include "sim/base/time.h"
#include "sim/kafka/ids.h"
#include "sim/kernel/occurrence.h"

// What a run comes to for those who use the cluster, measured alike in every mode. All are simulated times; nothing where
// there was nothing to measure.
namespace scenarios {

struct Measures {
  // Without a leader that is alive, not paused and answers: the longest time of one partition, and the mean over all
  // partitions of their sums.
  std::optional<sim::Duration> longest_without_leader;
  std::optional<sim::Duration> mean_without_leader;
  // The longest time in which a partition had no record acknowledged; with nothing wrong that is the time between two
  // records of the partition.
  std::optional<sim::Duration> longest_silence;
  // The longest time without a controller that acts.
  std::optional<sim::Duration> without_controller;
  // From the first broker that acts on a new leader epoch until every live broker's cache has it; the longest.
  std::optional<sim::Duration> staleness;
  // From an administrator's request to its answer; the longest.
  std::optional<sim::Duration> change_answered;
  // From her first request of the run until every live broker knows the leaders of all partitions that were made since.
  std::optional<sim::Duration> topics_known;
  // From the start of a broker's process: until it is registered where its mode asks for it and may be asked; until it leads
  // (from the request that gave it something to lead, if that came later); until a client had a record acknowledged by it.
  std::optional<sim::Duration> broker_registered;
  std::optional<sim::Duration> broker_leads;
  std::optional<sim::Duration> broker_used;

  bool operator==(const Measures&) const = default;
};

struct MeasureName {
  std::string_view name;  // "longestWithoutLeader", in JSON
  std::string_view says;  // in a table's first column
  std::optional<sim::Duration> Measures::* value;
};
const std::vector<MeasureName>& all_measures();

// Watches a run from its rest on. Topics of Kafka's own are not counted.
class ComparisonWatch : public sim::Observer {
 public:
  // The moment from which everything is measured; before it nothing is.
  void rest(const sim::World& world, const Cluster& cluster);
  void on(const sim::Occurrence& occurrence, const sim::World& world) override;
  void after_event(const sim::World& world) override;
  // What it comes to by now: windows that are still open count up to now.
  Measures measures(const sim::World& world) const;

 private:
  struct Partition {
    sim::BrokerId leader{-1};
    sim::LeaderEpoch epoch{-1};
    bool leads = false;  // the leader has said so
    std::optional<sim::Instant> down_since;
    sim::Duration down{};
    sim::Duration longest_down{};
    std::optional<sim::Instant> acknowledged;
    sim::Duration longest_silence{};
    bool is_new = false;  // since the rest
  };
  // Brokers whose caches lack a leader epoch.
  struct Spreading {
    sim::TopicPartition id;
    sim::LeaderEpoch epoch;
    sim::Instant since;
    std::set<sim::BrokerId> lack;
  };
  struct Starting {
    sim::Instant at;
    bool registered = false;
    bool leads = false;
    bool used = false;
  };

  void noticed(const sim::Occurrence& occurrence, const sim::World& world);
  void learn_epoch(const sim::World& world, const sim::TopicPartition& id, sim::LeaderEpoch epoch);
  void became_leader(const sim::World& world, sim::BrokerId broker, const sim::TopicPartition& id,
                     sim::LeaderEpoch epoch);
  void acknowledge(sim::Instant now, const sim::TopicPartition& id);
  sim::Instant since_asked(const Starting& starting) const;
  static void judge(sim::Instant now, Partition& partition, bool serves);
  void settle(sim::Instant now);
  void forget(sim::Instant now, sim::BrokerId broker);
  void lose_controller(sim::Instant now);
  void find_controller(sim::Instant now, sim::NodeId node);
  bool serves(const sim::World& world, sim::BrokerId broker) const;
  bool registered(const sim::World& world, sim::BrokerId broker) const;
  std::optional<sim::BrokerId> broker_at(sim::NodeId node) const;

  const Cluster* cluster_ = nullptr;
  sim::Instant rest_;
  std::map<sim::NodeId, sim::BrokerId> broker_of_;
  std::map<sim::TopicPartition, Partition> partitions_;
  std::vector<Spreading> spreading_;
  // What the present event may have changed: leaders, whether brokers serve, what they know.
  std::set<sim::TopicPartition> changed_;
  std::set<sim::BrokerId> touched_;
  std::set<sim::BrokerId> heard_;
  bool began_ = false;  // something to be spread: all are asked
  std::map<sim::BrokerId, sim::Offset> images_;
  std::map<sim::BrokerId, Starting> starting_;
  std::optional<sim::NodeId> controller_;
  std::optional<sim::Instant> no_controller_since_;
  std::deque<sim::Instant> asked_;  // by the administrator, unanswered
  std::optional<sim::Instant> first_asked_;
  std::optional<sim::Instant> last_asked_;
  Measures measured_;
};

}  // namespace scenarios
