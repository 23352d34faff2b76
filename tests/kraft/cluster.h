#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "bench.h"
#include "kraft/broker_link.h"
#include "kraft/invariants.h"
#include "kraft/node.h"
#include "kraft/notice.h"
#include "sim/kafka/metadata_version.h"

namespace kraft::test {

using namespace sim::literals;

// A controller or a broker that is nothing but its link; a KRaft broker is ready as soon as it has metadata.
struct Process {
  std::variant<Node, BrokerLink> core;

  Effects step(Instant now, sim::Input input, Choices& choices) {
    Effects effects;
    const auto* received = std::get_if<sim::Received>(&input);
    sim::match(
        core, [&](Node& node) { effects = node.step(now, input, choices); },
        [&](BrokerLink& link) {
          if (received != nullptr) {
            link.receive(now, *received, choices, effects);
          } else {
            link.wake(now, choices, effects);
          }
          if (!link.take_publications().empty()) link.ready_to_unfence(now, choices, effects);
        });
    return effects;
  }
  std::optional<Instant> deadline() const {
    return sim::match(
        core, [](const Node& node) { return *node.deadline(); },
        [](const BrokerLink& link) { return link.deadline(); });
  }
};

struct ClusterPlan {
  std::size_t controllers = 3;
  std::size_t brokers = 3;
  bool migrating = false;  // flag on, brokers in ZooKeeper mode
  sim::MetadataVersion version = sim::kLatestProduction;
  Behaviour behaviour = {};
};

// Controllers 3000, 3001, …; brokers 0, 1, … behind them.
class Cluster {
 public:
  Cluster(ClusterPlan plan, std::uint64_t seed)
      : plan_(plan), bench(plan.controllers + plan.brokers, seed, maker()) {
    bench.after_each = [this] { check(); };
  }

  static BrokerId broker_id(std::size_t broker) {
    return BrokerId(static_cast<std::int32_t>(broker));
  }
  std::size_t process_of(std::size_t broker) const { return plan_.controllers + broker; }
  Node& node(std::size_t i) { return std::get<Node>(bench.core(i).core); }
  BrokerLink& link(std::size_t broker) {
    return std::get<BrokerLink>(bench.core(process_of(broker)).core);
  }
  std::optional<std::size_t> active() {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < plan_.controllers; ++i) {
      if (!bench.alive(i) || !node(i).is_active()) continue;
      if (!found || *node(*found).controller().claim_epoch() < *node(i).controller().claim_epoch())
        found = i;
    }
    return found;
  }
  bool activate(Duration within = 20_s) {
    return bench.run_until(within,
                           [&] { return active() && node(*active()).loader().published_any(); });
  }
  bool all_brokers_running(Duration within = 20_s) {
    return bench.run_until(within, [&] {
      for (std::size_t b = 0; b < plan_.brokers; ++b) {
        if (!bench.alive(process_of(b)) || link(b).state() != BrokerLifecycle::Running)
          return false;
      }
      return true;
    });
  }
  const sim::MetadataImage& image() { return node(*active()).image(); }
  bool fenced(std::size_t broker) {
    const auto* registration = image().cluster().broker(broker_id(broker));
    return registration == nullptr || registration->fenced;
  }

  // Sends to the active controller and waits for the answer.
  template <class Body>
  std::optional<typename Body::Response> ask(Body body, Duration within = 5_s) {
    using Answer = sim::Response<typename Body::Response>;
    correlation_ = correlation_.next();
    bench.send(*active(), Payload::of(sim::Request<Body>{correlation_, std::move(body)}));
    const auto answer = [&]() -> const Answer* {
      for (const Payload& message : bench.operator_inbox) {
        const auto* found = message.get_if<Answer>();
        if (found != nullptr && found->correlation == correlation_) return found;
      }
      return nullptr;
    };
    if (!bench.run_until(within, [&] { return answer() != nullptr; })) return std::nullopt;
    return answer()->body;
  }
  ErrorCode create_topic(std::string name, std::int32_t partitions, std::int16_t factor) {
    const auto answer = ask(sim::CreateTopicsRequest{.topics = {{.name = std::move(name),
                                                                 .num_partitions = partitions,
                                                                 .replication_factor = factor}}});
    return answer ? answer->topics.front().error_code : ErrorCode::RequestTimedOut;
  }

  // One of the migration's writes; its end.
  template <class Write>
  WriteStatus migrate(Write&& write, Duration within = 5_s) {
    const std::size_t at = *active();
    WriteId id = 0;
    bench.act(at, [&](Process& process, Effects& effects) {
      id = write(std::get<Node>(process.core), effects);
    });
    bench.run_until(within, [&] {
      return !bench.alive(at) || node(at).write_status(id).state != WriteStatus::State::Waiting;
    });
    return bench.alive(at) ? node(at).write_status(id)
                           : WriteStatus{.state = WriteStatus::State::Failed};
  }
  WriteStatus begin() {
    return migrate(
        [&](Node& n, Effects& e) { return n.begin_migration(bench.now(), bench.choices(), e); });
  }
  WriteStatus copy(Records records) {
    return migrate([&](Node& n, Effects& e) {
      return n.accept_batch(std::move(records), bench.now(), bench.choices(), e);
    });
  }
  WriteStatus complete() {
    return migrate(
        [&](Node& n, Effects& e) { return n.complete_migration(bench.now(), bench.choices(), e); });
  }

 private:
  void check() {
    std::vector<const Replica*> replicas;
    std::vector<const Node*> nodes;
    std::vector<const sim::MetadataImage*> images;
    for (std::size_t i = 0; i < bench.size(); ++i) {
      const bool up = bench.alive(i);
      if (i < plan_.controllers) {
        nodes.push_back(up ? &node(i) : nullptr);
        replicas.push_back(up ? &node(i).replica() : nullptr);
      } else {
        replicas.push_back(up ? &link(i - plan_.controllers).replica() : nullptr);
        if (up && !plan_.migrating) images.push_back(&link(i - plan_.controllers).image());
      }
    }
    const auto add = [&](std::vector<Violation> found) {
      std::ranges::move(found, std::back_inserter(violations));
    };
    add(check_quorum(replicas, quorum_memory));
    add(check_metadata(nodes, images, metadata_memory));
  }

  Bench<Process>::Make maker() {
    return
        [plan = plan_](NodeId self, Instant now, const sim::Durable& durable, std::uint32_t life) {
          QuorumConfig quorum;
          for (std::size_t i = 0; i < plan.controllers; ++i) {
            const BrokerId id(static_cast<std::int32_t>(3000 + i));
            quorum.voters.push_back(id);
            quorum.addresses[id] = NodeId(static_cast<std::uint32_t>(i));
          }
          Choices choices(self.value() * 1000003 + static_cast<std::uint64_t>(now.nanoseconds()));
          if (self.value() < plan.controllers) {
            Node::Config config{.id = BrokerId(static_cast<std::int32_t>(3000 + self.value())),
                                .self = self,
                                .life = life,
                                .quorum = quorum,
                                .raft = {},
                                .controller = {},
                                .listeners = {},
                                .features = {{"metadata.version", 1, 21}},
                                .behaviour = plan.behaviour};
            config.controller.cluster_id = "test-cluster";
            config.controller.zk_migration_enabled = plan.migrating;
            config.controller.bootstrap_version = plan.version;
            return Process{Node(std::move(config), durable, choices)};
          }
          const auto broker = static_cast<std::int32_t>(self.value() - plan.controllers);
          BrokerLink::Config config{.id = BrokerId(broker),
                                    .self = self,
                                    .life = life,
                                    .cluster_id = "test-cluster",
                                    .quorum = quorum,
                                    .raft = {},
                                    .listeners = {},
                                    .features = {{"metadata.version", 1, 21}},
                                    .rack = {},
                                    .log_dirs = {sim::Uuid(7, broker + 1)},
                                    .is_migrating_zk_broker = plan.migrating,
                                    .behaviour = plan.behaviour};
          return Process{BrokerLink(std::move(config), now, durable, choices)};
        };
  }

  ClusterPlan plan_;
  sim::CorrelationId correlation_{0};

 public:
  Bench<Process> bench;
  QuorumMemory quorum_memory;
  MetadataMemory metadata_memory;
  std::vector<Violation> violations;
};

}  // namespace kraft::test
