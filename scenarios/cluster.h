#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/broker_node.h"
#include "migrate/controller_node.h"
#include "scenarios/client_programs.h"
#include "scenarios/defects.h"
#include "scenarios/initial.h"
#include "scenarios/scenario.pb.h"
#include "sim/kernel/world.h"
#include "zk/server.h"

// A world of three kinds of servers and some clients, and how to speak of it: which node is which server, who
// stands for a role now, and what program a server runs in which configuration.
//
//   zk-1 zk-2 zk-3 │ controller-3000 … │ broker-1 … │ producer-1, group-1, consumer-1, admin
namespace scenarios {

enum class ControllerMode : std::uint8_t {
  Migration,  // zookeeper.metadata.migration.enable=true
  Final,      // the flag is gone
};

// Simulated: 3.4 has another driver, without reconciliation or a record of where the migration stands (migration.md §6.8).
inline constexpr migrate::Release kFirstSimulated{3, 5, 0};

class Cluster {
 public:
  // The name of the node that is the operator's shell.
  static constexpr std::string_view kShell = "zookeeper-shell";

  // The plan of the cluster; nothing runs yet. A Usage problem if scenario and beginning do not fit.
  static sim::Expected<Cluster> plan(const zk2kraft::Scenario& scenario, Initial initial,
                                     const sim::Place& place);

  // Links as the scenario describes them.
  sim::WorldOptions world_options() const;
  // Adds all servers and clients to an empty world. ZooKeeper servers and brokers start at once; controllers
  // when the operator starts them.
  void populate(sim::World& world) const;
  // Of these the last: the administrator's clients and the operator's shell. For who has added other servers.
  void populate_administrators(sim::World& world) const;

  // ── Programs, for the operator ──
  std::unique_ptr<sim::Process> controller_program(sim::BrokerId id, ControllerMode mode) const;
  std::unique_ptr<sim::Process> broker_program(sim::BrokerId id, migrate::BrokerMode mode) const;

  // ── Who is who ──
  const std::vector<sim::NodeId>& zookeepers() const { return zookeepers_; }
  const std::map<sim::BrokerId, sim::NodeId>& controllers() const { return controllers_; }
  const std::map<sim::BrokerId, sim::NodeId>& brokers() const { return brokers_; }
  const std::vector<sim::NodeId>& producers() const { return producers_; }
  const std::vector<sim::NodeId>& groups() const { return groups_; }
  // Client programs, in the scenario's order, and the nodes that they run on.
  const std::vector<PlannedConsumer>& planned_consumers() const { return planned_consumers_; }
  const std::vector<sim::NodeId>& consumers() const { return consumers_; }
  sim::NodeId admin() const { return admin_; }
  // The administrator who asks controllers directly, where the scenario has one.
  std::optional<sim::NodeId> controller_admin() const { return controller_admin_; }
  // zookeeper-shell.sh in the operator's hands, where the scenario lets her go back or edit znodes.
  std::optional<sim::NodeId> shell() const { return shell_; }
  const Initial& initial() const { return *initial_; }
  const migrate::Release& release() const { return release_; }
  const Defects& defects() const { return defects_; }
  sim::MetadataVersion metadata_version() const { return metadata_version_; }

  // Whether the broker belongs to the cluster by now: a spare one does from its first start.
  bool expects(const sim::World& world, sim::BrokerId id) const;
  std::size_t expected_brokers(const sim::World& world) const;

  // Whom a role names now, in order of id. Roles: zk, zk:leader, zk:follower, zk:any; controller,
  // controller:active, controller:standby, controller:any, controller:acting (who is controller now, in whichever
  // mode); broker, broker:any, broker:controller, broker:other (one that is not controller); client; and
  // every node by its name.
  std::vector<sim::NodeId> resolve(const sim::World& world, std::string_view role) const;
  static std::vector<std::string_view> roles();

  // ── Views ──
  const zk::Server* zookeeper(const sim::World& world, sim::NodeId node) const {
    return world.core_if<zk::Server>(node);
  }
  const migrate::ControllerNode* controller(const sim::World& world, sim::BrokerId id) const {
    return world.core_if<migrate::ControllerNode>(controllers_.at(id));
  }
  const migrate::BrokerNode* broker(const sim::World& world, sim::BrokerId id) const {
    return world.core_if<migrate::BrokerNode>(brokers_.at(id));
  }
  // The controller that is active and leads the newest epoch, or null.
  const migrate::ControllerNode* active_controller(const sim::World& world) const;
  // The leader of the ensemble that a quorum has acknowledged, or null.
  const zk::Server* zookeeper_leader(const sim::World& world) const;

 private:
  Cluster() = default;
  sim::Expected<void> plan_software(const zk2kraft::Cluster& wanted, const sim::Place& place);
  void number_nodes(const zk2kraft::Scenario& scenario);
  void populate_consumers(sim::World& world) const;
  sim::Durable zookeeper_disk() const;
  std::vector<sim::ControlRequest> told_before(sim::BrokerId id) const;
  zk::ClientConfig session_of(sim::NodeId self) const;
  kraft::QuorumConfig quorum() const;
  sim::AddressBook address_book() const;
  std::vector<sim::NodeId> controlling_broker(const sim::World& world) const;

  std::shared_ptr<const Initial> initial_;
  std::shared_ptr<const sim::MetadataImage>
      found_;  // in the tree, for brokers that begin before the claim
  std::shared_ptr<const zk2kraft::Scenario> scenario_;
  Defects defects_;
  migrate::Release release_{3, 9, 1};  // of brokers and controllers
  sim::MetadataVersion latest_metadata_version_ = sim::kLatestProduction;
  sim::MetadataVersion metadata_version_ = sim::kLatestProduction;
  std::size_t min_batch_size_ = 200;
  std::int32_t min_insync_replicas_ = 1;
  std::optional<std::uint64_t> snap_count_;               // else ZooKeeper's default
  std::optional<std::uint64_t> metadata_snapshot_bytes_;  // else Kafka's
  sim::Duration zookeeper_session_timeout_{18'000'000'000};
  sim::Duration broker_session_timeout_{9'000'000'000};
  std::vector<sim::NodeId> zookeepers_;
  std::map<sim::BrokerId, sim::NodeId> controllers_;
  std::map<sim::BrokerId, sim::NodeId> brokers_;
  std::set<sim::BrokerId> spares_;
  std::vector<sim::NodeId> producers_;
  std::vector<sim::NodeId> groups_;
  std::vector<PlannedConsumer> planned_consumers_;
  std::vector<sim::NodeId> consumers_;
  sim::NodeId admin_;
  std::optional<sim::NodeId> controller_admin_;
  std::optional<sim::NodeId> shell_;
};

}  // namespace scenarios
