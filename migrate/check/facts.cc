#include "migrate/check/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>

#include "migrate/config/dynamic.h"
#include "migrate/releases.h"
#include "zk/paths.h"

namespace migrate {
namespace {

using sim::ZkMigrationState;

struct Registered {
  std::size_t migrating = 0;  // still in ZooKeeper mode
  std::size_t kraft = 0;
};
Registered registered_in(const MetadataFacts& metadata) {
  Registered registered;
  for (const auto& broker : metadata.image.cluster().brokers)
    ++(broker.is_migrating_zk_broker ? registered.migrating : registered.kraft);
  return registered;
}

bool any_broker(const ClusterFacts& facts, NodeShape shape) {
  return std::ranges::any_of(facts.nodes, [&](const NodeFacts& node) {
    return node.config && node.config->shape() == shape;
  });
}

bool any_flagged_controller(const ClusterFacts& facts) {
  return std::ranges::any_of(facts.nodes, [&](const NodeFacts& node) {
    return node.config && node.config->shape() == NodeShape::Controller &&
           node.config->migration_enabled();
  });
}

std::string joined_brokers(const std::set<sim::BrokerId>& ids) {
  std::string text;
  for (const sim::BrokerId id : ids)
    text += fmt::format("{}{}", text.empty() ? "broker " : ", ", id.value());
  return text;
}

// A controller that runs without the flag, by its own registration: its file alone tells what it
// will be after its next restart.
const sim::ControllerRegistration* controller_without_flag(const sim::MetadataImage& image) {
  if (image.features().metadata_version < sim::MetadataVersion::V3_7_IV0) return nullptr;
  const auto& all = image.cluster().controllers;
  const auto found =
      std::ranges::find_if(all, [](const auto& each) { return !each.zk_migration_ready; });
  return found == all.end() ? nullptr : &*found;
}

// Where controllers do not register there is no better witness than such a file: the roll of the
// controllers is the one reason for which it is edited once every broker is in KRaft mode.
const NodeFacts* file_without_flag(const ClusterFacts& facts, const sim::MetadataImage& image) {
  if (image.features().metadata_version >= sim::MetadataVersion::V3_7_IV0) return nullptr;
  const auto found = controllers_without_flag(facts);
  return found.empty() ? nullptr : found.front();
}

// KRaft leads: which brokers have followed, or gone back?
PhaseGuess led_by_kraft(const ClusterFacts& facts, const MetadataFacts& metadata) {
  const Registered registered = registered_in(metadata);
  const std::string counted =
      fmt::format("the metadata log has {} brokers in ZooKeeper mode and {} in KRaft mode",
                  registered.migrating, registered.kraft);
  if (registered.migrating == 0) {
    if (const auto* controller = controller_without_flag(metadata.image))
      return {Phase::S7, fmt::format("{}, and controller {} runs without the migration flag",
                                     counted, controller->controller_id.value())};
    if (const NodeFacts* node = file_without_flag(facts, metadata.image))
      return {Phase::S7,
              fmt::format("{}, and the file of {} is without the migration flag; whether it runs "
                          "so, no log tells at metadata.version {}",
                          counted, node->name,
                          sim::describe(metadata.image.features().metadata_version))};
    return {Phase::S6, counted};
  }
  if (!metadata.back_in_zookeeper_mode.empty())
    return {Phase::R1, fmt::format("{}, and {} that was in KRaft mode is in ZooKeeper mode again",
                                   counted, joined_brokers(metadata.back_in_zookeeper_mode))};
  return {registered.kraft == 0 ? Phase::S4 : Phase::S5, counted};
}

PhaseGuess before_the_copy(const ClusterFacts& facts) {
  const MetadataFacts* latest = facts.latest();
  if (any_broker(facts, NodeShape::MigratingBroker))
    return {Phase::S2, "a broker's server.properties has the migration flag"};
  if (latest != nullptr && registered_in(*latest).migrating > 0)
    return {Phase::S2, "brokers in ZooKeeper mode have registered with the controllers"};
  if (latest != nullptr &&
      latest->image.features().zk_migration_state == ZkMigrationState::PreMigration)
    return {Phase::S1, "the metadata log is in state PRE_MIGRATION"};
  if (facts.zookeeper && facts.zookeeper->view.migration)
    return {Phase::S1, "/migration is there, and says that nothing was copied"};
  // A controller that was started with the flag has made /migration.
  if (any_flagged_controller(facts) && !facts.zookeeper)
    return {Phase::S1, "a controller's server.properties has the migration flag"};
  return {Phase::S0, facts.zookeeper ? "there is no /migration" : "nothing speaks of a migration"};
}

PhaseGuess by_log(const ClusterFacts& facts, const MetadataFacts& latest) {
  switch (latest.image.features().zk_migration_state) {
    case ZkMigrationState::Migration:
      return led_by_kraft(facts, latest);
    case ZkMigrationState::PostMigration:
      if (any_flagged_controller(facts))
        return {Phase::S7,
                "the metadata log is in state POST_MIGRATION, and a controller still has "
                "the flag"};
      return {Phase::S8, "the metadata log is in state POST_MIGRATION"};
    case ZkMigrationState::None:
    case ZkMigrationState::PreMigration:
    case ZkMigrationState::Zookeeper:
      return before_the_copy(facts);
  }
  return before_the_copy(facts);
}

PhaseGuess by_zookeeper(const ClusterFacts& facts, const zk::ClusterView& view) {
  const MetadataFacts* latest = facts.latest();
  const auto state =
      latest == nullptr ? ZkMigrationState::None : latest->image.features().zk_migration_state;
  if (state == ZkMigrationState::PostMigration) return by_log(facts, *latest);
  const bool by_kraft = view.controller && view.controller->znode.is_kraft();
  if (!view.migration) {
    if (state == ZkMigrationState::Migration)
      return {Phase::R2, "the metadata log is in state MIGRATION, and /migration is gone"};
    return before_the_copy(facts);
  }
  if (!view.migration->znode.initial_migration_complete()) {
    if (by_kraft)
      return {Phase::S3,
              "KRaft has claimed the cluster, and /migration says that nothing was copied"};
    if (state == ZkMigrationState::Migration)
      return {
          Phase::R2,
          "the metadata log is in state MIGRATION, /migration says that nothing was copied, and "
          "KRaft does not lead"};
    return before_the_copy(facts);
  }
  // Another attempt, with what an earlier one left (MB-01).
  if (!by_kraft && state == ZkMigrationState::PreMigration) return before_the_copy(facts);
  if (!by_kraft) {
    return {Phase::R2, view.controller ? "/migration says that all was copied, and a broker leads"
                                       : "/migration says that all was copied, and nobody leads"};
  }
  if (latest != nullptr && state == ZkMigrationState::Migration)
    return led_by_kraft(facts, *latest);
  if (view.brokers.empty()) return {Phase::S6, "KRaft leads, and no broker is in ZooKeeper mode"};
  return {Phase::S4, "KRaft leads, and brokers are in ZooKeeper mode"};
}

}  // namespace

bool NodeFacts::is_controller() const {
  if (config)
    return config->shape() == NodeShape::Controller || config->shape() == NodeShape::Combined;
  return name.starts_with("controller") || name.starts_with("kraft");
}

bool NodeFacts::is_broker() const {
  if (config) return config->is_broker();
  return name.starts_with("broker") || name.starts_with("kafka");
}

const MetadataFacts* ClusterFacts::latest() const {
  const auto last = std::ranges::max_element(
      metadata, [](const MetadataFacts& a, const MetadataFacts& b) { return a.end < b.end; });
  return last == metadata.end() ? nullptr : &*last;
}

std::vector<const NodeFacts*> ClusterFacts::brokers() const {
  std::vector<const NodeFacts*> found;
  for (const NodeFacts& node : nodes) {
    if (node.is_broker()) found.push_back(&node);
  }
  return found;
}

std::vector<const NodeFacts*> ClusterFacts::controllers() const {
  std::vector<const NodeFacts*> found;
  for (const NodeFacts& node : nodes) {
    if (node.is_controller()) found.push_back(&node);
  }
  return found;
}

std::optional<std::string> ClusterFacts::cluster_id() const {
  if (zookeeper && zookeeper->view.cluster_id) return zookeeper->view.cluster_id;
  std::optional<std::string> agreed;
  for (const NodeFacts& node : nodes) {
    for (const LogDirectory& directory : node.log_directories) {
      if (!directory.cluster_id) continue;
      if (agreed && agreed != directory.cluster_id) return std::nullopt;
      agreed = directory.cluster_id;
    }
  }
  return agreed;
}

namespace {

// The dynamic configs of one entity, as far as nodes take them.
void override_with(NodeConfig& config, const sim::MetadataImage& image, const std::string& name,
                   const std::string& store) {
  const auto* found = image.configs().find({sim::ConfigResourceType::Broker, name});
  if (found == nullptr) return;
  const auto level = name.empty() ? DynamicLevel::Cluster : DynamicLevel::Broker;
  const std::string entity = name.empty() ? "<default>" : name;
  for (const auto& [key, value] : found->values) {
    if (!is_in_force(key, level)) continue;
    config.set_dynamic(key, value,
                       store.empty() ? zk::paths::config(zk::paths::kBrokerEntity, entity)
                                     : fmt::format("config of broker {} in {}", entity, store));
  }
}

}  // namespace

std::set<sim::BrokerId> voters_not_ready(const ClusterFacts& facts,
                                         const sim::MetadataImage& image) {
  std::set<sim::BrokerId> voters;
  if (image.features().metadata_version < sim::MetadataVersion::V3_7_IV0) return voters;
  for (const NodeFacts* node : facts.controllers()) {
    if (node->config) voters.merge(node->config->voter_ids());
  }
  std::erase_if(voters, [&](sim::BrokerId id) {
    const sim::ControllerRegistration* const registration = image.cluster().controller(id);
    return registration != nullptr && registration->zk_migration_ready;
  });
  return voters;
}

std::vector<const NodeFacts*> controllers_without_flag(const ClusterFacts& facts) {
  std::vector<const NodeFacts*> found = facts.controllers();
  std::erase_if(found, [](const NodeFacts* node) {
    return !node->config || node->config->migration_enabled();
  });
  return found;
}

bool driver_asks_voters(const ClusterFacts& facts) {
  return std::ranges::any_of(facts.controllers(), [](const NodeFacts* node) {
    const auto release = node->software ? release_of(*node->software) : std::nullopt;
    return release && *release >= Release{3, 5, 0} && *release < Release{3, 7, 0};
  });
}

ClusterFacts::Store ClusterFacts::leading_store() const {
  const MetadataFacts* const log = latest();
  if (kraft_leads() && log != nullptr) return {&log->image, log->source};
  if (!kraft_leads() && zookeeper) return {&zookeeper->image, zookeeper->source};
  return {};
}

void apply_dynamic_configs(ClusterFacts& facts) {
  const MetadataFacts* log = facts.latest();
  const bool kraft = facts.kraft_leads() && log != nullptr;
  const sim::MetadataImage* image = kraft             ? &log->image
                                    : facts.zookeeper ? &facts.zookeeper->image
                                                      : nullptr;
  for (NodeFacts& node : facts.nodes) {
    if (!node.config) continue;
    if (node.config->has_dynamic()) node.config.emplace(node.config->at_start());
    if (image == nullptr) continue;
    for (const std::string& entity : {std::string(), std::to_string(node.config->node_id())})
      override_with(*node.config, *image, entity, kraft ? log->source : "");
  }
}

PhaseGuess guess_phase(const ClusterFacts& facts) {
  if (facts.zookeeper) return by_zookeeper(facts, facts.zookeeper->view);
  if (const MetadataFacts* latest = facts.latest()) return by_log(facts, *latest);
  if (any_broker(facts, NodeShape::KRaftBroker)) {
    const bool mixed = any_broker(facts, NodeShape::MigratingBroker) ||
                       any_broker(facts, NodeShape::ZooKeeperBroker);
    return {mixed ? Phase::S5 : Phase::S6, "brokers' server.properties have process.roles=broker"};
  }
  return before_the_copy(facts);
}

}  // namespace migrate
