// What the operator sees of a cluster.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/operator.h"
#include "zk/migration_reader_tree.h"
#include "zk/paths.h"

namespace scenarios {

using migrate::BrokerMode;

const sim::MetadataImage* Operator::image(const sim::World& world) const {
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  return active == nullptr ? nullptr : &active->node()->image();
}

sim::ZkMigrationState Operator::migration_state(const sim::World& world) const {
  const sim::MetadataImage* const now = image(world);
  return now == nullptr ? sim::ZkMigrationState::None : now->features().zk_migration_state;
}

bool Operator::in_dual_write(const sim::World& world) const {
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  return active != nullptr && active->driver() != nullptr &&
         active->driver()->state() == migrate::MigrationDriverState::DualWrite;
}

bool Operator::some_broker_in_kraft_mode(const sim::World& world) const {
  return std::ranges::any_of(cluster_.brokers(), [&](const auto& entry) {
    const migrate::BrokerNode* const core = cluster_.broker(world, entry.first);
    return core != nullptr && core->mode() == BrokerMode::KRaft;
  });
}

std::string Operator::waiting_for(const sim::World& world) const {
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  const bool for_driver = phase_ == Phase::S3 || phase_ == Phase::S4 || phase_ == Phase::S6;
  if (!for_driver || active == nullptr || active->driver() == nullptr) return waiting_for_;
  std::string text = fmt::format("{}; the driver is in {}", waiting_for_,
                                 migrate::name_of(active->driver()->state()));
  if (active->driver()->state() != migrate::MigrationDriverState::WaitForBrokers) return text;
  for (const sim::BrokerId id : awaited_brokers(world))
    text += fmt::format(", waiting for broker {}", id.value());
  return text;
}

// Who has replicas or is registered in ZooKeeper, and is not registered with the quorum as a broker
// that migrates: what the driver logs as "Still waiting for ZK brokers" (migration.md §6.4).
std::vector<sim::BrokerId> Operator::awaited_brokers(const sim::World& world) const {
  const sim::MetadataImage* const now = image(world);
  const zk::Server* const server = cluster_.zookeeper_leader(world);
  if (now == nullptr || server == nullptr) return {};
  const zk::Tree& tree = server->database().tree;
  const std::string& chroot = cluster_.initial().chroot;
  std::set<sim::BrokerId> awaited = zk::zk_to_image(tree, chroot, {}).report.brokers_named;
  for (const auto& [id, broker] : zk::cluster_view(tree, chroot).brokers) awaited.insert(id);
  std::erase_if(awaited, [&](sim::BrokerId id) {
    const sim::BrokerRegistration* const registered = now->cluster().broker(id);
    return registered != nullptr && registered->is_migrating_zk_broker;
  });
  return {awaited.begin(), awaited.end()};
}

// Every broker registered, and every replica of theirs in sync; what brokers that are no more are
// said to have, they do not have, and she has lived with that.
bool Operator::zookeeper_mode_is_healthy(const sim::World& world) {
  const zk::Server* const server = cluster_.zookeeper_leader(world);
  if (server == nullptr) return false;
  const zk::Tree& tree = server->database().tree;
  const std::string& chroot = cluster_.initial().chroot;
  return tree.find(chroot + std::string(zk::paths::kController)) != nullptr &&
         tree.children(chroot + std::string(zk::paths::kBrokerIds)).size() >=
             cluster_.expected_brokers(world) &&
         std::ranges::none_of(out_of_sync_by(tree),
                              [&](sim::BrokerId id) { return cluster_.brokers().contains(id); });
}

// A tree says the same for as long as no transaction is applied; she looks far more often than
// that.
const std::set<sim::BrokerId>& Operator::out_of_sync_by(const zk::Tree& tree) {
  if (tree.last_processed_zxid() != out_of_sync_as_of_) {
    out_of_sync_ = zk::brokers_out_of_sync(tree, cluster_.initial().chroot);
    out_of_sync_as_of_ = tree.last_processed_zxid();
  }
  return out_of_sync_;
}

// In ZooKeeper mode the tree is the word, from the claim on the image, after the way back the tree
// again.
bool Operator::isr_is_full(const sim::World& world, sim::BrokerId id) {
  if (phase_ < Phase::S4 || phase_ == Phase::R2) {
    const zk::Server* const server = cluster_.zookeeper_leader(world);
    return server != nullptr && !out_of_sync_by(server->database().tree).contains(id);
  }
  const sim::MetadataImage* const now = image(world);
  if (now == nullptr) return false;
  for (const sim::Topic& topic : now->topics()) {
    for (const auto& [number, partition] : topic.partitions()) {
      if (partition.has_replica(id) && (!partition.in_isr(id) || !partition.has_leader()))
        return false;
    }
  }
  return true;
}

bool Operator::broker_is_ready(const sim::World& world, sim::BrokerId id, BrokerMode mode) {
  const migrate::BrokerNode* const core = cluster_.broker(world, id);
  if (core == nullptr || core->broker() == nullptr) return false;
  if (core->zookeeper() != nullptr && !core->zookeeper()->registered()) return false;
  if (mode == BrokerMode::ZooKeeper) {
    // Restarted out of turn, or without its flag, it may wait long for a controller; she does not.
    return phase_ != Phase::R2 || errs(MistakeKind::BrokersFirst) || isr_is_full(world, id);
  }
  const sim::MetadataImage* const now = image(world);
  if (now == nullptr) return false;
  const sim::BrokerRegistration* const registration = now->cluster().broker(id);
  if (registration == nullptr) return false;
  const bool migrating = mode == BrokerMode::Migrating;
  if (registration->is_migrating_zk_broker != migrating) return false;
  if ((!migrating || phase_ == Phase::R1) && registration->fenced) return false;
  // With the last migrating broker the copy begins by itself: nobody can wait for its replicas
  // before.
  const bool is_last =
      phase_ == Phase::S2 && std::ranges::none_of(cluster_.brokers(), [&](const auto& entry) {
        return entry.first > id && cluster_.expects(world, entry.first);
      });
  return (migrating && is_last) || isr_is_full(world, id);
}

}  // namespace scenarios
