#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "migrate/config/definitions.h"

// Nodes' configurations, each against the others and against the phase.
namespace migrate {
namespace {

constexpr const char* kStandardAuthorizer =
    "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
constexpr const char* kAclAuthorizer = "kafka.security.authorizer.AclAuthorizer";

// ── Configurations against each other ───────────────────────────────────────────────────────────

void controllers_reach_brokers(const ClusterFacts& facts, Verdicts& verdicts) {
  std::map<std::string, const NodeFacts*> names;
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config) continue;
    if (const auto name = node->config->inter_broker_listener_name()) names.emplace(*name, node);
  }
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config || !node->config->migration_enabled() || names.empty()) continue;
    const auto name = node->config->inter_broker_listener_name();
    if (!name || names.contains(*name)) continue;
    const auto& [theirs, broker] = *names.begin();
    verdicts.find(node_named(*node),
                  fmt::format("it would dial brokers at their listener {}, and they have {}: no "
                              "request ever reaches them",
                              *name, theirs),
                  {at_config(*node->config, "inter.broker.listener.name"),
                   at_config(*broker->config, "inter.broker.listener.name")});
  }
}

void authorizers_fit(const ClusterFacts& facts, Verdicts& verdicts) {
  constexpr const char* kName = "authorizer.class.name";
  bool brokers_authorize = false;
  for (const NodeFacts* node : facts.brokers())
    brokers_authorize = brokers_authorize || (node->config && !node->config->text(kName).empty());
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->is_unresolved(kName)) continue;
    const std::string authorizer = node.config->text(kName);
    const bool kraft = node.config->in_kraft_mode();
    const char* wrong =
        kraft && authorizer == kAclAuthorizer
            ? "AclAuthorizer keeps its ACLs in ZooKeeper: in KRaft mode it fails at the start"
        : !kraft && authorizer == kStandardAuthorizer
            ? "StandardAuthorizer waits for KRaft's metadata, which no node in ZooKeeper mode "
              "loads: the broker waits for it at its start, without end, and its ports never open"
        : node.is_controller() && authorizer.empty() && brokers_authorize
            ? "brokers authorize and it does not: whoever reaches it may change everything, and "
              "ACLs cannot be changed"
            : nullptr;
    if (wrong != nullptr) verdicts.find(node_named(node), wrong, {at_config(*node.config, kName)});
  }
}

void same_super_users(const ClusterFacts& facts, Verdicts& verdicts) {
  std::map<std::set<std::string>, const NodeFacts*> said;
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->text("authorizer.class.name").empty()) continue;
    const std::vector<std::string> users = node.config->super_users();
    said.emplace(std::set(users.begin(), users.end()), &node);
  }
  if (said.size() < 2) return;
  std::vector<Evidence> evidence;
  for (const auto& [users, node] : said)
    evidence.push_back(at_config(*node->config, "super.users"));
  verdicts.find(
      "the fleet",
      "nodes have different super users: brokers or controllers are denied by the other side",
      std::move(evidence));
}

void same_zookeeper(const ClusterFacts& facts, Verdicts& verdicts) {
  std::map<std::string, const NodeFacts*> chroots;
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->is_unresolved("zookeeper.connect")) continue;
    if (const auto address = node.config->zookeeper()) chroots.emplace(address->chroot, &node);
  }
  if (chroots.size() > 1) {
    std::vector<Evidence> evidence;
    for (const auto& [chroot, node] : chroots)
      evidence.push_back(at_config(*node->config, "zookeeper.connect"));
    verdicts.find("the fleet",
                  "nodes use different roots in ZooKeeper: controllers would migrate another "
                  "cluster, or none",
                  std::move(evidence));
  }
}

bool has_sensitive_configs(const ZooKeeperFacts& zookeeper) {
  return !zookeeper.report.encoded_passwords.empty() || !zookeeper.report.decoded_passwords.empty();
}

void controllers_have_secret(const ClusterFacts& facts, Verdicts& verdicts) {
  if (!has_sensitive_configs(*facts.zookeeper)) return;
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config || !node->config->migration_enabled() ||
        node->config->has("password.encoder.secret"))
      continue;
    verdicts.find(
        node_named(*node),
        "ZooKeeper has encoded passwords, and it cannot decode them: it copies the cipher text",
        {at_config(*node->config, "password.encoder.secret"),
         {"/config/brokers", "encoded passwords"}});
  }
}

void defaults_mirrored(const ClusterFacts& facts, Verdicts& verdicts) {
  constexpr std::array<std::string_view, 9> kNames{"auto.create.topics.enable",
                                                   "num.partitions",
                                                   "default.replication.factor",
                                                   "min.insync.replicas",
                                                   "unclean.leader.election.enable",
                                                   "log.retention.ms",
                                                   "offsets.topic.replication.factor",
                                                   "transaction.state.log.replication.factor",
                                                   "delete.topic.enable"};
  const auto brokers = facts.brokers();
  const auto first =
      std::ranges::find_if(brokers, [](const NodeFacts* node) { return node->config.has_value(); });
  if (first == brokers.end()) return;
  const NodeConfig& broker = *(*first)->config;
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config) continue;
    for (const std::string_view name : kNames) {
      if (node->config->value(name) == broker.value(name)) continue;
      verdicts.find(
          fmt::format("{}: {}", node_named(*node), name),
          "topics get the controller's default once KRaft leads, and it is not the brokers'",
          {at_config(*node->config, name), at_config(broker, name)});
    }
  }
}

void nothing_of_zookeeper_left(const ClusterFacts& facts, Verdicts& verdicts) {
  const bool finalised = facts.phase == Phase::S8;
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || !node.config->in_kraft_mode()) continue;
    if (node.is_controller() && !finalised) continue;
    for (const std::string& key : node.config->file().keys()) {
      if (!key.starts_with("zookeeper.") && key != kProtocol) continue;
      verdicts.find(fmt::format("{}: {}", node_named(node), key),
                    "it says nothing any more in KRaft mode, and 4.0 warns of it",
                    {at_config(*node.config, key)});
    }
  }
}

bool is_dynamic(const NodeConfig& config, std::string_view name) {
  return std::ranges::count(config.dynamic_names(), name) > 0;
}

// The value without the hashes that stand in the place of secrets ("REDACTED:<fingerprint of the
// salt>:<hash>", tools/collect), and the salts that they were made with.
struct WithoutSecrets {
  std::string text;
  std::set<std::string> salts;
};
WithoutSecrets without_secrets(std::string_view value) {
  constexpr std::string_view kMark = "REDACTED:";
  WithoutSecrets left;
  for (std::size_t mark; (mark = value.find(kMark)) != value.npos;) {
    left.text += value.substr(0, mark + kMark.size());
    value.remove_prefix(mark + kMark.size());
    const std::size_t colon = value.find(':');
    if (colon == value.npos) break;
    left.salts.emplace(value.substr(0, colon));
    value.remove_prefix(colon + 1);
    const std::size_t end = value.find_first_not_of("0123456789abcdef");
    value.remove_prefix(end == value.npos ? value.size() : end);
  }
  left.text += value;
  return left;
}

// Whether values that are not the same could be, had their secrets been hashed with one salt.
bool only_salts_differ(const std::map<std::string, const NodeFacts*>& values) {
  std::set<std::string> texts;
  std::set<std::set<std::string>> salts;
  for (const auto& [value, node] : values) {
    auto [text, used] = without_secrets(value);
    texts.insert(std::move(text));
    salts.insert(std::move(used));
  }
  return texts.size() == 1 && salts.size() == values.size();
}

void brokers_alike(const ClusterFacts& facts, Verdicts& verdicts) {
  static const std::set<std::string_view> kOwn{"broker.id",
                                               "node.id",
                                               "broker.rack",
                                               "listeners",
                                               "advertised.listeners",
                                               "log.dirs",
                                               "log.dir",
                                               "metadata.log.dir",
                                               "zookeeper.connect",
                                               "process.roles",
                                               kProtocol,
                                               "zookeeper.metadata.migration.enable"};
  std::map<std::string, std::map<std::string, const NodeFacts*>> said;
  std::map<NodeShape, std::size_t> shapes;
  for (const NodeFacts* node : facts.brokers()) {
    if (node->config) ++shapes[node->config->shape()];
  }
  // In the middle of a roll files differ; then only nodes of one shape are compared.
  for (const ConfigDefinition& definition : config_definitions()) {
    if (kOwn.contains(definition.name) || definition.name.starts_with("ssl.") ||
        definition.name.find("password") != std::string_view::npos)
      continue;
    for (const auto& [shape, count] : shapes) {
      auto& values = said[fmt::format("{} of every {}", definition.name, name_of(shape))];
      for (const NodeFacts* node : facts.brokers()) {
        // What is dynamic is the same for all, or somebody's purpose for one of them (D17).
        if (node->config && node->config->shape() == shape &&
            !is_dynamic(*node->config, definition.name))
          values.emplace(node->config->value(definition.name).value_or("(none)"), node);
      }
    }
  }
  for (const auto& [what, values] : said) {
    if (values.size() < 2) continue;
    std::vector<Evidence> evidence;
    const std::string name = what.substr(0, what.find(' '));
    if (only_salts_differ(values)) {
      verdicts.unknown(
          fmt::format("whether {} is alike: the collections have different salts", name));
      continue;
    }
    for (const auto& [value, node] : values) evidence.push_back(at_config(*node->config, name));
    verdicts.find(name, "brokers disagree", std::move(evidence));
  }
}

constexpr std::array kConfigChecks{
    Check{"C04", kE, kWithControllers, kBrokers | kControllers, "controller",
          "controllers know the brokers' inter-broker listener",
          "They dial brokers in ZooKeeper mode there.",
          "Set inter.broker.listener.name on the controllers as on the brokers, with its entry in "
          "listener.security.protocol.map.",
          "KAFKA-15670", "", &controllers_reach_brokers},
    Check{"C07", kE, kEveryPhase, kNothing, "node", "each node has the authorizer of its mode",
          "Either it does not start, or ACLs are not what they were.",
          "ZooKeeper mode: kafka.security.authorizer.AclAuthorizer. KRaft mode, controllers among "
          "it: org.apache.kafka.metadata.authorizer.StandardAuthorizer.",
          "KafkaServer.startup (authorizer futures), StandardAuthorizer.start; product list C07",
          "", &authorizers_fit},
    Check{"C09", kW, kWithControllers, kBrokers | kControllers, "cluster",
          "every node that authorizes has the same super users",
          "Brokers and controllers talk to each other as super users.",
          "Name the principals of brokers and controllers in super.users of all nodes.",
          "product list C09", "", &same_super_users},
    Check{"C10", kE, kToS6, kBrokers | kControllers, "cluster",
          "every node uses the same root in ZooKeeper",
          "The controllers find no broker, or somebody else's.",
          "Copy the chroot at the end of zookeeper.connect to all nodes.", "product list C10", "",
          &same_zookeeper},
    Check{"C13", kE, Phases::from(Phase::S1, Phase::S6), kZooKeeper | kControllers, "controller",
          "with encoded passwords controllers have their secret",
          "Cipher text becomes the password.",
          "Set password.encoder.secret on the controllers as on the brokers.", "KAFKA-14801", "",
          &controllers_have_secret},
    Check{"C14", kW, kWithControllers, kBrokers | kControllers, "controller",
          "controllers have the brokers' defaults for topics", "New topics get the controller's.",
          "Copy these keys from the brokers' files to the controllers'.", "product list C14", "",
          &defaults_mirrored},
    Check{"C15", kW, Phases::from(Phase::S5, Phase::S8), kNothing, "node",
          "nodes in KRaft mode have nothing of ZooKeeper's",
          "A key that means nothing is read as if it did.",
          "Remove it at the roll to KRaft mode; on controllers after finalisation.",
          "product list C15", "", &nothing_of_zookeeper_left},
    Check{"C18", kW, kToS6, kBrokers, "config", "brokers' files say the same",
          "What works on one fails on the next of a roll.",
          "Make them alike before the first roll.", "product list C18", "", &brokers_alike},
};

}  // namespace

std::span<const Check> config_checks() {
  return kConfigChecks;
}

}  // namespace migrate
