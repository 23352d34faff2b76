#include "migrate/plan/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>

#include "migrate/config/definitions.h"

namespace migrate {
namespace {

constexpr std::int32_t kFirstPlaceholder = 3000;
constexpr int kPlaceholders = 3;
// Elections while controllers stop raise the quorum's epoch, once for each of them or a few times
// more; a higher /controller_epoch than is needed does no harm.
constexpr std::int64_t kEpochMargin = 100;

LaidOutNode& node_of(std::map<sim::BrokerId, LaidOutNode>& nodes, sim::BrokerId id,
                     std::string_view kind) {
  const auto [at, is_new] = nodes.try_emplace(id);
  if (is_new) at->second = {.name = fmt::format("{}-{}", kind, id.value()), .id = id};
  return at->second;
}

// Where another machine finds this one. Every machine is its own localhost, so that tells nothing.
bool tells_the_machine(std::string_view host) {
  return !host.empty() && host != "localhost" && !host.starts_with("127.") && host != "::1" &&
         host != "0.0.0.0";
}

// The host of the listener that the other brokers use, resp. of the controller's own place in the quorum.
std::string host_in_file(const NodeConfig& config) {
  if (const auto voters = config.voters()) {
    for (const Voter& voter : *voters) {
      const std::string host = voter.endpoint.substr(0, voter.endpoint.rfind(':'));
      if (voter.id.value() == config.node_id() && tells_the_machine(host)) return host;
    }
  }
  const auto advertised = config.advertised_listeners();
  if (!advertised) return "";
  const auto between_brokers = config.inter_broker_listener_name();
  for (const Listener& listener : *advertised) {
    if (between_brokers && listener.name == *between_brokers && tells_the_machine(listener.host))
      return listener.host;
  }
  return !advertised->empty() && tells_the_machine(advertised->front().host)
             ? advertised->front().host
             : "";
}

void take_file(const NodeFacts& facts, std::string_view kind,
               std::map<sim::BrokerId, LaidOutNode>& nodes) {
  if (!facts.config) return;
  std::int64_t number = facts.config->node_id();
  for (const LogDirectory& directory : facts.log_directories) {
    if (number < 0 && directory.node_id) number = directory.node_id->value();
  }
  if (number < 0) return;
  LaidOutNode& node = node_of(nodes, sim::BrokerId(static_cast<std::int32_t>(number)), kind);
  node.name = facts.name;
  node.shape = target_shape_of(*facts.config);
  node.host = facts.host ? *facts.host : host_in_file(*facts.config);
  if (!facts.config->text("broker.rack").empty()) node.rack = facts.config->text("broker.rack");
}

std::vector<LaidOutNode> values_of(std::map<sim::BrokerId, LaidOutNode> nodes) {
  std::vector<LaidOutNode> all;
  for (auto& [id, node] : nodes) all.push_back(std::move(node));
  return all;
}

std::vector<LaidOutNode> brokers_of(const ClusterFacts& facts) {
  std::map<sim::BrokerId, LaidOutNode> brokers;
  if (facts.zookeeper) {
    for (const auto& [id, broker] : facts.zookeeper->view.brokers) {
      LaidOutNode& node = node_of(brokers, id, "broker");
      if (broker.znode.rack) node.rack = *broker.znode.rack;
    }
  }
  if (const MetadataFacts* log = facts.latest()) {
    for (const auto& broker : log->image.cluster().brokers) {
      LaidOutNode& node = node_of(brokers, broker.broker_id, "broker");
      if (broker.rack) node.rack = *broker.rack;
    }
  }
  for (const NodeFacts* broker : facts.brokers()) take_file(*broker, "broker", brokers);
  return values_of(std::move(brokers));
}

std::vector<LaidOutNode> placeholders(const std::vector<LaidOutNode>& brokers) {
  std::vector<LaidOutNode> controllers;
  std::int32_t id = kFirstPlaceholder;
  while (controllers.size() < kPlaceholders) {
    const bool taken =
        std::ranges::find(brokers, sim::BrokerId(id), &LaidOutNode::id) != brokers.end();
    if (!taken)
      controllers.push_back(
          {.name = fmt::format("controller-{}", id), .id = sim::BrokerId(id), .exists = false});
    ++id;
  }
  return controllers;
}

std::vector<LaidOutNode> controllers_of(const ClusterFacts& facts) {
  std::map<sim::BrokerId, LaidOutNode> controllers;
  for (const NodeFacts* node : facts.controllers()) take_file(*node, "controller", controllers);
  for (const MetadataFacts& log : facts.metadata) {
    for (const auto& controller : log.image.cluster().controllers)
      node_of(controllers, controller.controller_id, "controller");
    const bool is_broker = log.node && log.image.cluster().broker(*log.node) != nullptr;
    if (log.node && !is_broker) node_of(controllers, *log.node, "controller");
  }
  return values_of(std::move(controllers));
}

}  // namespace

std::expected<std::vector<Voter>, std::string> parse_controllers(std::string_view text) {
  std::vector<Voter> voters;
  for (const std::string& each : csv_list_of(text)) {
    const std::size_t at = each.find('@');
    const auto id = integer_of(std::string_view(each).substr(0, at));
    const std::size_t colon = each.rfind(':');
    const auto port = integer_of(std::string_view(each).substr(std::min(each.size(), colon + 1)));
    const bool is_endpoint = at != std::string::npos && colon != std::string::npos &&
                             colon > at + 1 && port && *port > 0 && *port <= 65'535 &&
                             is_host_and_port(std::string_view(each).substr(at + 1));
    if (!id || *id < 0 || *id > INT32_MAX || !is_endpoint)
      return std::unexpected(fmt::format("'{}' is not ID@HOST:PORT", each));
    const sim::BrokerId broker(static_cast<std::int32_t>(*id));
    if (std::ranges::find(voters, broker, &Voter::id) != voters.end())
      return std::unexpected(fmt::format("controller {} is named twice", *id));
    voters.push_back({broker, each.substr(at + 1)});
  }
  if (voters.empty()) return std::unexpected("no controller is named");
  return voters;
}

std::int64_t safe_controller_epoch(const ClusterFacts& facts) {
  std::int64_t highest = 0;
  if (facts.zookeeper) {
    const zk::ClusterView& view = facts.zookeeper->view;
    if (view.controller_epoch)
      highest = std::max<std::int64_t>(highest, view.controller_epoch->value());
    if (view.highest_partition_controller_epoch)
      highest = std::max<std::int64_t>(highest, view.highest_partition_controller_epoch->value());
  }
  for (const MetadataFacts& log : facts.metadata)
    highest = std::max<std::int64_t>(highest, log.end.epoch.value());
  return highest + kEpochMargin;
}

const sim::MetadataImage* leading_image(const ClusterFacts& facts) {
  if (const sim::MetadataImage* const leading = facts.leading_store().image) return leading;
  const MetadataFacts* const log = facts.latest();
  if (log != nullptr) return &log->image;
  return facts.zookeeper ? &facts.zookeeper->image : nullptr;
}

Layout lay_out(const ClusterFacts& facts, const std::vector<Voter>& wanted) {
  Layout layout{.brokers = brokers_of(facts), .controllers = controllers_of(facts)};
  if (layout.controllers.empty()) {
    for (const Voter& each : wanted)
      layout.controllers.push_back({.name = fmt::format("controller-{}", each.id.value()),
                                    .id = each.id,
                                    .host = each.endpoint.substr(0, each.endpoint.rfind(':')),
                                    .exists = false});
    std::ranges::sort(layout.controllers, {}, &LaidOutNode::id);
  }
  if (layout.controllers.empty()) {
    layout.controllers = placeholders(layout.brokers);
    layout.controllers_assumed = true;
  }
  if (facts.zookeeper && facts.zookeeper->view.controller) {
    const zk::ControllerZnode& controller = facts.zookeeper->view.controller->znode;
    if (!controller.kraft_controller_epoch) layout.zookeeper_controller = controller.broker;
  }
  if (const MetadataFacts* log = facts.latest()) layout.active_controller = log->leader;
  return layout;
}

}  // namespace migrate
