#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kraft/broker_link.h"
#include "sim/core/core.h"
#include "sim/kafka/broker.h"
#include "sim/kafka/client.h"
#include "sim/kafka/control_batch.h"
#include "zk/broker_link.h"
#include "zk/controller.h"

// A broker's process: what any broker is (sim::Broker), joined to the control planes that its mode
// knows (KafkaServer, BrokerServer). Only here are both known.
//
//   mode        zk::BrokerLink   kraft::BrokerLink          metadata comes by
//   ZooKeeper   yes              no                         LeaderAndIsr, UpdateMetadata,
//   StopReplica Migrating   yes              yes, observes and beats    the same, of whichever
//   controller there is KRaft       no               yes                        the metadata log
namespace migrate {

enum class BrokerMode : std::uint8_t {
  ZooKeeper,
  Migrating,
  KRaft
};
std::string_view name_of(BrokerMode mode);

// From the operator: leave in good order (SIGTERM). The process ends when its leaders have moved
// away, or when that has taken too long.
struct StopProcess {
  static constexpr std::string_view kName = "operator.StopProcess";
  bool controlled = true;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("controlled", &StopProcess::controlled));
  }
};

// meta.properties of a log directory: version 0 where a broker in ZooKeeper mode made it, 1 where
// kafka-storage.sh formatted it for KRaft. Only the second is written: what has none is of version 0.
struct MetaProperties {
  static constexpr std::string_view kName = "broker.MetaProperties";
  std::int32_t version = 0;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("version", &MetaProperties::version));
  }
};
constexpr sim::File kMetaPropertiesFile{32};

struct BrokerNodeConfig {
  BrokerMode mode = BrokerMode::ZooKeeper;
  sim::BrokerConfig broker;
  std::optional<zk::BrokerLinkConfig> zookeeper;  // ZooKeeper, Migrating
  // Every broker in ZooKeeper mode stands for election. None: this one never does (a broker that a
  // simulation finds running just before a claim, whose controller has nothing left to do).
  std::optional<zk::ControllerConfig> controller;
  std::optional<kraft::BrokerLink::Config> kraft;  // Migrating, KRaft
  // Of a process that is found running: what the controller had told it before. Nothing else is
  // known of it.
  std::vector<sim::ControlRequest> told_before;
  // How long a broker waits for the KRaft controller to let it go (migration.md §5.8).
  sim::Duration controlled_shutdown_timeout{300'000'000'000};
  // How often a broker asks a controller in ZooKeeper mode, and how long it waits between two times
  // (controlled.shutdown.max.retries, controlled.shutdown.retry.backoff.ms).
  std::int32_t controlled_shutdown_max_retries = 3;
  sim::Duration controlled_shutdown_retry_backoff{5'000'000'000};
};

class BrokerNode {
 public:
  // Boots from the disk. The first step, at once, draws what has to be drawn and begins.
  BrokerNode(BrokerNodeConfig config, const sim::Durable& durable);

  sim::Effects step(sim::Instant now, sim::Input input, sim::Choices& choices);
  std::optional<sim::Instant> deadline() const;
  void digest_into(sim::Digest& digest) const;

  // ── Views; null before the first step, and links that the mode does not have ──
  const sim::Broker* broker() const { return broker_ ? &*broker_ : nullptr; }
  const zk::BrokerLink* zookeeper() const { return zookeeper_ ? &*zookeeper_ : nullptr; }
  const kraft::BrokerLink* kraft() const { return kraft_ ? &*kraft_ : nullptr; }
  const zk::Controller* controller() const { return controller_ ? &*controller_ : nullptr; }
  BrokerMode mode() const { return config_.mode; }
  sim::BrokerId id() const { return config_.broker.id; }
  const BrokerNodeConfig& config() const { return config_; }

 private:
  void boot(sim::Context& context);
  bool storage_fits(sim::Context& context) const;
  void forget_metadata_log(sim::Context& context);
  void dispatch(sim::Context& context, const sim::Input& input);
  void settle(sim::Context& context);
  void follow_zookeeper(sim::Context& context);
  void refuse(sim::Context& context);
  void follow_kraft(sim::Context& context);
  std::optional<sim::ControllerLink> controller_link() const;
  void begin_shutdown(sim::Context& context, bool controlled);
  bool under_kraft_controller() const;
  void begin_kraft_shutdown(sim::Context& context);
  bool hear_of_shutdown(sim::Context& context, const sim::Input& input);
  void ask_to_leave(sim::Context& context);
  void leave_if_free(sim::Context& context);

  BrokerNodeConfig config_;
  std::optional<sim::Durable> durable_;  // until the first step
  std::optional<sim::Broker> broker_;
  std::optional<zk::BrokerLink> zookeeper_;
  std::optional<zk::Controller> controller_;
  std::optional<kraft::BrokerLink> kraft_;
  std::optional<sim::ControllerLink> controller_link_;
  sim::BrokerEpochs epochs_;
  std::optional<sim::Instant> leave_by_;
  // Of a broker that asks a controller in ZooKeeper mode to move its leaders away (KafkaServer.doControlledShutdown).
  struct Leaving {
    sim::NetworkClient network;
    std::int32_t tries = 0;
    std::optional<sim::CorrelationId> in_flight;
    sim::Instant not_before = sim::kLongAgo;
  };
  std::optional<Leaving> leaving_;
  bool told_ready_ = false;
  bool left_ = false;
  std::uint32_t last_serial_ = 0;
};
static_assert(sim::Core<BrokerNode>);

}  // namespace migrate
