#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "kraft/node.h"
#include "migrate/driver.h"
#include "sim/core/core.h"
#include "sim/kafka/client.h"
#include "sim/kafka/control_channels.h"
#include "zk/kafka_client.h"

// A KRaft controller's process: the quorum's node, and while the migration flag is on the driver with its
// ZooKeeper session and its channels to brokers in ZooKeeper mode (ControllerServer).
//
//   kraft::Node ── publications, leaders ──► Driver ── ZkBatch ──────► zk::KafkaClient ──► ensemble
//        ▲ ◄───── migration records ──────────┘  └─── SendRequests ─► sim::ControlChannels ─► brokers
//
// The machines are joined by plain calls and share one list of effects; none of them knows the others.
namespace migrate {

struct ControllerNodeConfig {
  kraft::Node::Config node;
  // zookeeper.metadata.migration.enable; without it neither driver nor session exists.
  std::optional<DriverConfig> driver;
  zk::ClientConfig zookeeper;
  sim::AddressBook brokers;  // inter.broker.listener.name of every broker
  // Wall clock of local instant 0, in milliseconds since 1970.
  std::int64_t wall_clock_at_zero_ms = 0;
};

class ControllerNode {
 public:
  // Boots from the disk. The first step, at once, draws what has to be drawn and begins.
  ControllerNode(ControllerNodeConfig config, const sim::Durable& durable);

  sim::Effects step(sim::Instant now, sim::Input input, sim::Choices& choices);
  std::optional<sim::Instant> deadline() const;
  void digest_into(sim::Digest& digest) const;

  // ── Views; null before the first step ──
  const kraft::Node* node() const { return node_ ? &*node_ : nullptr; }
  // Null with the flag off.
  const Driver* driver() const { return driver_ ? &*driver_ : nullptr; }
  const zk::KafkaClient* zookeeper() const { return zookeeper_ ? &*zookeeper_ : nullptr; }
  const ControllerNodeConfig& config() const { return config_; }

 private:
  struct Turn {
    sim::Instant now;
    sim::Choices& choices;
    sim::Effects& effects;
  };
  void boot(Turn& turn);
  void dispatch(Turn& turn, const sim::Input& input);
  // Hands on what the machines have for each other, until nothing moves any more.
  void settle(Turn& turn);
  bool deliver_publications(Turn& turn);
  bool deliver_commits(Turn& turn);
  void act(Turn& turn, DriverActions actions);
  void take(Turn& turn, zk::KafkaClientEvents events);
  void watch_write(TicketId ticket, kraft::WriteId write) { writes_.emplace(ticket, write); }
  std::int64_t wall_clock_ms(sim::Instant now) const {
    return config_.wall_clock_at_zero_ms + now.milliseconds();
  }
  // Runs a call of the driver and carries out what it asks for.
  template <class Call>
  void drive(Turn& turn, Call call) {
    DriverActions actions;
    call(Driver::Context{turn.now, wall_clock_ms(turn.now), turn.choices, actions});
    act(turn, std::move(actions));
  }

  ControllerNodeConfig config_;
  std::optional<sim::Durable> durable_;  // until the first step
  std::optional<kraft::Node> node_;
  std::optional<Driver> driver_;
  std::optional<zk::KafkaClient> zookeeper_;
  std::optional<sim::ControlChannels> channels_;
  std::map<TicketId, kraft::WriteId> writes_;  // of the driver, not yet committed
  // The driver is a publisher of the loader: it gets the whole image and the leader once, then every change.
  bool publisher_installed_ = false;
  bool image_due_ = false;
  std::uint32_t last_serial_ = 0;
};
static_assert(sim::Core<ControllerNode>);

}  // namespace migrate
