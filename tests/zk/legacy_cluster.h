#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/kafka/broker.h"
#include "sim/kafka/broker_notice.h"
#include "sim/kafka/consumer.h"
#include "sim/kafka/producer.h"
#include "tests/sim/kafka/miniature.h"
#include "zk/broker_link.h"
#include "zk/controller.h"
#include "zk/controller_notice.h"
#include "zk/server.h"

namespace zk {

// A broker's process in ZooKeeper mode and nothing else: broker, link, controller, joined by plain
// calls.
struct LegacyBroker {
  sim::Broker broker;
  BrokerLink link;
  Controller controller;
  std::uint32_t last_serial = 0;
  bool refused = false;

  sim::Effects step(sim::Instant now, sim::Input input, sim::Choices& choices) {
    sim::Effects effects;
    sim::Context context{now, choices, effects, last_serial};
    link.handle(context, input);
    if (!controller.handle(context, link, input)) broker.handle(context, input);
    while (auto event = link.next(context)) {
      if (const auto* registered = std::get_if<BrokerRegistered>(&*event)) {
        broker.set_epochs({.zk = registered->epoch});
        controller.on_registered(context, link);
      } else if (std::holds_alternative<SessionReplaced>(*event)) {
        controller.on_session_replaced(context);
      } else if (const auto* fired = std::get_if<WatchFired>(&*event)) {
        controller.on_watch(context, link, fired->event);
      } else if (const auto* done = std::get_if<BatchDone>(&*event)) {
        controller.on_answer(context, link, *done);
      } else {
        refused = true;
      }
    }
    std::optional<sim::ControllerLink> known;
    if (const auto cached = broker.metadata().controller(); cached && !cached->kraft) {
      known = sim::ControllerLink{broker.config().brokers.at(cached->id), link.epoch()};
    }
    broker.set_controller(context, known);
    return effects;
  }
  std::optional<sim::Instant> deadline() const {
    sim::Instant due = sim::Instant::never();
    for (const auto& each : {link.deadline(), broker.deadline(), controller.deadline()}) {
      if (each) due = std::min(due, *each);
    }
    if (due == sim::Instant::never()) return std::nullopt;
    return due;
  }
};

// Speaks to the ensemble as a KRaft controller or a tool would; every batch it is given is
// performed.
struct Scribe {
  KafkaClient client;
  std::vector<std::vector<Request>> to_do;
  std::vector<BatchDone> done;
  std::uint32_t last_serial = 0;
  std::uint64_t last_call = 0;
  sim::Effects step(sim::Instant now, sim::Input input, sim::Choices& choices) {
    sim::Effects effects;
    const auto context = [&] { return ClientContext{now, choices, effects, last_serial}; };
    const auto keep = [&](KafkaClientEvents events) {
      for (auto& event : events) {
        if (auto* batch = std::get_if<BatchDone>(&event)) done.push_back(std::move(*batch));
      }
    };
    for (auto& batch : std::exchange(to_do, {})) {
      keep(client.submit(context(), CallId{++last_call}, std::move(batch)));
    }
    if (client.owns(input) || std::holds_alternative<sim::Wake>(input)) {
      keep(client.handle(context(), input));
    }
    return effects;
  }
  std::optional<sim::Instant> deadline() const {
    if (!to_do.empty()) return sim::Instant{};
    return client.deadline();
  }
};

// One ZooKeeper server (node 50) and brokers N at nodes N.
class LegacyCluster {
 public:
  static constexpr sim::NodeId kServer{50};
  static constexpr sim::NodeId kScribe{60};

  explicit LegacyCluster(int broker_count, ControllerBehaviour with = {}) : behaviour(with) {
    server = &world.add(kServer, Server({.myid = ServerId{1}, .ensemble = {{ServerId{1}, kServer}}},
                                        sim::Durable{}));
    scribe = &world.add(kScribe, Scribe{KafkaClient({.self = kScribe, .servers = {kServer}})});
    for (int i = 1; i <= broker_count; ++i) {
      book.emplace(sim::BrokerId{i}, sim::NodeId{static_cast<std::uint32_t>(i)});
    }
    for (int i = 1; i <= broker_count; ++i) start(i);
  }
  LegacyCluster(const LegacyCluster&) = delete;

  void start(int id) {
    const sim::NodeId node{static_cast<std::uint32_t>(id)};
    const BrokerZnode znode{.endpoints = {{.listener = "PLAINTEXT", .host = "b", .port = 9092}}};
    brokers[id] =
        &world.add(node, LegacyBroker{sim::Broker({.id = sim::BrokerId{id},
                                                   .self = node,
                                                   .cluster_id = "legacy",
                                                   .brokers = book,
                                                   .min_insync_replicas = 2},
                                                  world.durable(node)),
                                      BrokerLink({.id = sim::BrokerId{id},
                                                  .registration = znode,
                                                  .cluster_id = "legacy",
                                                  .session = {.self = node, .servers = {kServer}}}),
                                      Controller({.id = sim::BrokerId{id},
                                                  .self = node,
                                                  .addresses = book,
                                                  .behaviour = behaviour})});
  }
  void kill(int id) {
    world.kill(sim::NodeId{static_cast<std::uint32_t>(id)});
    brokers.erase(id);
  }
  // The one broker whose controller acts, or 0.
  int controller() const {
    int found = 0;
    for (const auto& [id, broker] : brokers) {
      if (broker->controller.ready()) found = found == 0 ? id : -1;
    }
    return found;
  }
  template <class Body>
  void ask(int broker, Body body) {
    world.post(sim::NodeId{static_cast<std::uint32_t>(broker)},
               sim::Received{sim::NodeId{99}, sim::kDatagram,
                             sim::Payload::of(sim::Request<Body>{sim::CorrelationId{1}, body})});
  }
  void create(const std::string& topic, int partitions, int replication_factor) {
    ask(controller(),
        sim::CreateTopicsRequest{
            .topics = {{.name = topic,
                        .num_partitions = partitions,
                        .replication_factor = static_cast<std::int16_t>(replication_factor)}}});
  }
  // The broker that leads the partition, or 0.
  int leader(const sim::TopicPartition& id) const {
    int found = 0;
    sim::LeaderEpoch epoch{-1};
    for (const auto& [broker, process] : brokers) {
      const auto* partition = process->broker.partition(id);
      if (partition == nullptr || !partition->leads() || partition->leader_epoch() < epoch)
        continue;
      found = broker;
      epoch = partition->leader_epoch();
    }
    return found;
  }

  sim::Miniature world;
  ControllerBehaviour behaviour;
  sim::AddressBook book;
  Server* server = nullptr;
  Scribe* scribe = nullptr;
  std::map<int, LegacyBroker*> brokers;
};

}  // namespace zk
