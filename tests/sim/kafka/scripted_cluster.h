#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/kafka/broker.h"
#include "sim/kafka/consumer.h"
#include "sim/kafka/producer.h"
#include "tests/sim/kafka/miniature.h"

namespace sim {

// The partition that tests of one partition use.
inline const TopicPartition kOrders0{"orders", PartitionId{0}};

// Brokers in a miniature world, under a controller that a test scripts: it checks AlterPartition by
// epochs, elects whom it is told, and tells everybody. Nodes: broker N is node N, the controller
// node 100.
class ScriptedCluster {
 public:
  static constexpr NodeId kController{100};
  struct State {
    LeaderAndIsrPartitionState state;
    Uuid topic_id;
  };

  // A process that is a broker and nothing else.
  struct BrokerProcess {
    Broker broker;
    std::uint32_t last_serial = 0;
    Effects step(Instant now, Input input, Choices& choices) {
      Effects effects;
      Context context{now, choices, effects, last_serial};
      broker.handle(context, input);
      return effects;
    }
    std::optional<Instant> deadline() const { return broker.deadline(); }
  };
  // The controller's network side; its state is the cluster's.
  struct ControllerProcess {
    ScriptedCluster* cluster;
    NetworkClient network{{.self = kController}};
    std::uint32_t last_serial = 0;
    std::vector<std::function<void(Context&)>> to_do;
    Effects step(Instant now, Input input, Choices& choices) {
      Effects effects;
      Context context{now, choices, effects, last_serial};
      network.handle(context, input);
      for (auto& action : std::exchange(to_do, {})) action(context);
      if (const auto* received = std::get_if<Received>(&input)) serve(context, *received);
      return effects;
    }
    void serve(Context& context, const Received& received) {
      if (const auto* alter = received.message.get_if<Request<AlterPartitionRequest>>()) {
        context.effects.push_back(reply(received, *alter, cluster->alter(alter->body)));
      } else if (const auto* ids = received.message.get_if<Request<AllocateProducerIdsRequest>>()) {
        context.effects.push_back(
            reply(received, *ids,
                  AllocateProducerIdsResponse{.producer_id_start = ProducerId{cluster->next_ids},
                                              .producer_id_len = 1000}));
        cluster->next_ids += 1000;
      }
    }
    std::optional<Instant> deadline() const {
      if (!to_do.empty()) return Instant{};
      return network.deadline();
    }
  };

  explicit ScriptedCluster(int brokers, BrokerBehaviour with = {}, std::int32_t min_insync = 2,
                           std::uint64_t seed = 1, GroupConfig with_groups = {})
      : world(seed), behaviour(with), min_insync_replicas(min_insync), groups(with_groups) {
    for (int i = 1; i <= brokers; ++i) {
      book.emplace(BrokerId{i}, NodeId{static_cast<std::uint32_t>(i)});
      alive.insert(BrokerId{i});
    }
    controller = &world.add(kController, ControllerProcess{.cluster = this});
    for (int i = 1; i <= brokers; ++i) start(i);
  }
  ScriptedCluster(const ScriptedCluster&) = delete;

  BrokerProcess& start(int id) {
    const NodeId node{static_cast<std::uint32_t>(id)};
    BrokerConfig config{.id = BrokerId{id},
                        .self = node,
                        .cluster_id = "miniature",
                        .brokers = book,
                        .min_insync_replicas = min_insync_replicas,
                        .groups = groups,
                        .behaviour = behaviour};
    BrokerProcess& process =
        world.add(node, BrokerProcess{Broker(std::move(config), world.durable(node))});
    Effects effects;
    Context context{world.now, world.choices, effects, process.last_serial};
    process.broker.set_controller(context, ControllerLink{kController});
    processes[id] = &process;
    return process;
  }
  Broker& broker(int id) { return processes.at(id)->broker; }

  void create(const std::string& topic, int partitions, const std::vector<int>& replicas) {
    for (int p = 0; p < partitions; ++p) {
      LeaderAndIsrPartitionState state{.partition_index = PartitionId{p},
                                       .controller_epoch = epoch,
                                       .leader = BrokerId{replicas.front()},
                                       .leader_epoch = LeaderEpoch{0},
                                       .partition_epoch = PartitionEpoch{0}};
      for (const int r : replicas) {
        state.replicas.push_back(BrokerId{r});
        state.isr.push_back(BrokerId{r});
      }
      partitions_[{topic, PartitionId{p}}] = {state, Uuid{1, hash(topic)}};
    }
    announce();
  }
  // A new leader of everything that `from` leads; `from` leaves the ISRs, as after its death.
  void fail_over(int from) {
    alive.erase(BrokerId{from});
    for (auto& [id, entry] : partitions_) {
      auto& state = entry.state;
      const bool last = state.isr.size() == 1 && state.isr.front() == BrokerId{from};
      const bool led = state.leader == BrokerId{from};
      if (!last) std::erase(state.isr, BrokerId{from});
      if (!led && std::ranges::find(state.replicas, BrokerId{from}) == state.replicas.end())
        continue;
      if (led) state.leader = last ? kNoBroker : state.isr.front();
      state.leader_epoch = state.leader_epoch.next();
      state.partition_epoch = state.partition_epoch.next();
    }
    announce();
  }
  // A clean move of leadership to a member of the ISR.
  void elect(const TopicPartition& id, int leader) {
    auto& state = partitions_.at(id).state;
    state.leader = BrokerId{leader};
    state.leader_epoch = state.leader_epoch.next();
    state.partition_epoch = state.partition_epoch.next();
    announce();
  }
  void come_back(int id) {
    alive.insert(BrokerId{id});
    for (auto& [name, entry] : partitions_) {
      auto& state = entry.state;
      if (state.leader.value() >= 0 || state.isr.front() != BrokerId{id}) continue;
      state.leader = BrokerId{id};
      state.leader_epoch = state.leader_epoch.next();
      state.partition_epoch = state.partition_epoch.next();
    }
    announce(true);
  }
  const LeaderAndIsrPartitionState& state(const TopicPartition& id) const {
    return partitions_.at(id).state;
  }
  // UpdateMetadata and LeaderAndIsr of all there is, to all that live. Brokers that know it refuse
  // it.
  void announce(bool all = true) {
    static_cast<void>(all);
    controller->to_do.push_back([this](Context& context) {
      for (const BrokerId target : alive) {
        controller->network.send(context, book.at(target), metadata());
        controller->network.send(context, book.at(target), leader_and_isr(target));
      }
    });
  }
  UpdateMetadataRequest metadata() const {
    UpdateMetadataRequest request{
        .header = {.controller_id = BrokerId{1}, .controller_epoch = epoch}};
    for (const BrokerId broker : alive) request.live_brokers.push_back({.id = broker});
    for (const auto& [id, entry] : partitions_) {
      const auto& s = entry.state;
      request.topic_states.push_back({id.topic,
                                      entry.topic_id,
                                      {{.partition_index = id.partition,
                                        .controller_epoch = epoch,
                                        .leader = s.leader,
                                        .leader_epoch = s.leader_epoch,
                                        .isr = s.isr,
                                        .zk_version = s.partition_epoch,
                                        .replicas = s.replicas}}});
    }
    return request;
  }
  LeaderAndIsrRequest leader_and_isr(BrokerId target) const {
    LeaderAndIsrRequest request{
        .header = {.controller_id = BrokerId{1}, .controller_epoch = epoch}};
    for (const auto& [id, entry] : partitions_) {
      const auto& replicas = entry.state.replicas;
      if (std::ranges::find(replicas, target) == replicas.end()) continue;
      request.topic_states.push_back({id.topic, entry.topic_id, {entry.state}});
    }
    return request;
  }
  AlterPartitionResponse alter(const AlterPartitionRequest& request) {
    AlterPartitionResponse response;
    for (const AlterPartitionTopic& topic : request.topics) {
      response.topics.push_back({topic.topic_name, topic.topic_id, {}});
      for (const AlterPartitionData& data : topic.partitions) {
        auto& known = partitions_.at({topic.topic_name, data.partition_index}).state;
        AlterPartitionResult result{.partition_index = data.partition_index};
        const bool ineligible = std::ranges::any_of(
            data.new_isr_with_epochs,
            [&](const BrokerState& member) { return !alive.contains(member.broker_id); });
        if (data.leader_epoch != known.leader_epoch) {
          result.error_code = ErrorCode::FencedLeaderEpoch;
        } else if (data.partition_epoch != known.partition_epoch) {
          result.error_code = ErrorCode::InvalidUpdateVersion;
        } else if (ineligible) {
          result.error_code = ErrorCode::IneligibleReplica;
        } else {
          known.isr.clear();
          for (const auto& member : data.new_isr_with_epochs) known.isr.push_back(member.broker_id);
          known.partition_epoch = known.partition_epoch.next();
          result.leader_id = known.leader;
          result.leader_epoch = known.leader_epoch;
          result.isr = known.isr;
          result.partition_epoch = known.partition_epoch;
        }
        response.topics.back().partitions.push_back(std::move(result));
      }
    }
    return response;
  }

  Miniature world;
  BrokerBehaviour behaviour;
  std::int32_t min_insync_replicas;
  GroupConfig groups;
  AddressBook book;
  std::set<BrokerId> alive;
  ControllerEpoch epoch{1};
  std::int64_t next_ids = 0;
  std::map<int, BrokerProcess*> processes;
  ControllerProcess* controller = nullptr;

 private:
  static std::int64_t hash(const std::string& name) {
    return static_cast<std::int64_t>(hash_name(name) >> 1);
  }
  std::map<TopicPartition, State> partitions_;
};

}  // namespace sim
