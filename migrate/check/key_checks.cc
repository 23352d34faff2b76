#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"

// Lines of server.properties that do not do what their author thinks.
namespace migrate {
namespace {

// What 4.0 no longer knows, other than zookeeper.* and the protocol version (C15).
constexpr std::array kGoneIn4{
    std::string_view("auto.include.jmx.reporter"),
    std::string_view("broker.id.generation.enable"),
    std::string_view("control.plane.listener.name"),
    std::string_view("delegation.token.master.key"),
    std::string_view("log.message.downconversion.enable"),
    std::string_view("log.message.format.version"),
    std::string_view("log.message.timestamp.difference.max.ms"),
    std::string_view("offsets.commit.required.acks"),
    std::string_view("password.encoder.cipher.algorithm"),
    std::string_view("password.encoder.iterations"),
    std::string_view("password.encoder.key.length"),
    std::string_view("password.encoder.keyfactory.algorithm"),
    std::string_view("password.encoder.old.secret"),
    std::string_view("reserved.broker.max.id"),
};

void no_key_that_goes(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const std::string_view name : kGoneIn4) {
    std::vector<Evidence> evidence;
    for (const NodeFacts& node : facts.nodes) {
      if (node.config && node.config->file().find(name) != nullptr)
        evidence.push_back(at_config(*node.config, name));
    }
    if (evidence.empty()) continue;
    verdicts.find(std::string(name),
                  fmt::format("4.0 reads it no more, and says so in a line of its log alone "
                              "({} nodes have it)",
                              evidence.size()),
                  std::move(evidence));
  }
}

// What decides in which mode a node runs, and whom it finds.
bool decides_mode(std::string_view key) {
  for (const std::string_view prefix :
       {"process.roles", "node.id", "broker.id", "zookeeper.", "controller.quorum.",
        "controller.listener.names", "listeners", "advertised.listeners",
        "listener.security.protocol.map", "inter.broker.", "control.plane.listener.name",
        "authorizer.class.name", "metadata.log.dir", "log.dirs"}) {
    if (key.starts_with(prefix)) return true;
  }
  return false;
}

void said_once(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config) continue;
    for (const auto* element : node.config->file().overridden()) {
      const auto in_force = node.config->file().get(element->key);
      if (!decides_mode(element->key) || in_force == element->value) continue;
      verdicts.find(
          fmt::format("{}: {}", node_named(node), element->key),
          "it stands twice with different values, and the last one counts: an edit of the first, "
          "or an override that is taken back, changes the node's mode",
          {at_config(*node.config, element->key),
           {fmt::format("{}:{}", node.config->file().source(), element->line),
            fmt::format("{}={}", element->key, element->value)}});
    }
  }
}

void metadata_apart(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config || node->config->shape() == NodeShape::ZooKeeperBroker ||
        node->config->has("metadata.log.dir"))
      continue;
    const auto directories = node->config->log_dirs();
    if (directories.size() < 2) continue;
    verdicts.find(node_named(*node),
                  fmt::format("its metadata lie in {}, the first of {} directories: when that one "
                              "fails the broker halts, whatever the others hold",
                              directories.front(), directories.size()),
                  {at_config(*node->config, "log.dirs")});
  }
}

void reporters_on_controllers(const ClusterFacts& facts, Verdicts& verdicts) {
  constexpr std::string_view kName = "metric.reporters";
  const auto brokers = facts.brokers();
  const auto broker = std::ranges::find_if(brokers, [&](const NodeFacts* node) {
    return node->config && !node->config->text(kName).empty();
  });
  if (broker == brokers.end()) return;
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config || !node->config->text(kName).empty()) continue;
    verdicts.find(node_named(*node), "brokers report metrics, and it does not",
                  {at_config(*(*broker)->config, kName), at_config(*node->config, kName)});
  }
}

constexpr std::array kKeyChecks{
    Check{"C16", kW, kEveryPhase, kNothing, "config", "no file has a key that 4.0 no longer knows",
          "What it said is no longer so after the upgrade that follows.",
          "Remove it, and write down what replaces it.", "product list C16", "", &no_key_that_goes},
    Check{"C17", kW, kEveryPhase, kNothing, "node", "what decides a node's mode is said once",
          "Java keeps the last of several lines; operators append their overrides.",
          "Remove the line that does not count.", "product list C17", "", &said_once},
    Check{"C20", kW, kEveryPhase, kNothing, "broker",
          "brokers with several directories keep metadata in one that is chosen",
          "Outside pure ZooKeeper mode the loss of the metadata's directory ends the process.",
          "Set metadata.log.dir to the most reliable of them.", "KAFKA-16195, product list C20", "",
          &metadata_apart},
    Check{"F08", kI, Phases::from(Phase::S1, Phase::S8), kNothing, "controller",
          "metrics reporters of brokers and controllers",
          "The gates of a migration are metrics of controllers.",
          "Set metric.reporters and its settings on the controllers, if the tool takes "
          "controllers.",
          "product list F08", "", &reporters_on_controllers},
};

}  // namespace

std::span<const Check> key_checks() {
  return kKeyChecks;
}

}  // namespace migrate
