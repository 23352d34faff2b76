#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "zk/paths.h"

// Who trusts whom: authorizers' providers, identities towards ZooKeeper, keys and certificates.
namespace migrate {
namespace {

// ── Providers of rules ──────────────────────────────────────────────────────────────────────────

void rule_providers_fit(const ClusterFacts& facts, Verdicts& verdicts) {
  constexpr std::string_view kName = "confluent.authorizer.access.rule.providers";
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->is_unresolved(kName)) continue;
    const auto providers = node.config->list(kName);
    const bool kraft = node.config->in_kraft_mode();
    const std::string wrong = kraft ? "ZK_ACL" : "KRAFT_ACL";
    if (std::ranges::count(providers, wrong) == 0) continue;
    verdicts.find(node_named(node),
                  fmt::format("{} is a provider of {} mode: the node does not start", wrong,
                              kraft ? "ZooKeeper" : "KRaft"),
                  {at_config(*node.config, kName)});
  }
}

// ── Identity towards ZooKeeper ──────────────────────────────────────────────────────────────────

constexpr std::array kRoots{zk::paths::kController, zk::paths::kControllerEpoch,
                            zk::paths::kBrokerIds,  zk::paths::kTopics,
                            zk::paths::kConfig,     zk::paths::kMigration};

// The first of the cluster's roots that not everybody may write, with who may.
std::optional<Evidence> closed_root(const ClusterFacts& facts) {
  if (!facts.zookeeper) return std::nullopt;
  for (const std::string_view path : kRoots) {
    const zk::Znode* znode = facts.zookeeper->znode(path);
    const zk::AclList* acls = znode == nullptr ? nullptr : facts.zookeeper->tree.acl(*znode);
    if (acls == nullptr) continue;
    const bool open = std::ranges::any_of(*acls, [](const zk::Acl& acl) {
      return acl.scheme == "world" && acl.perms == zk::kAllPerms;
    });
    if (open || acls->empty()) continue;
    return at_znode(path, fmt::format("{}:{}", acls->front().scheme, acls->front().id));
  }
  return std::nullopt;
}

// What both ends of a connection to ZooKeeper must agree on; paths of stores may differ by host.
constexpr std::array kZooKeeperClient{
    std::string_view("zookeeper.ssl.client.enable"),
    std::string_view("zookeeper.clientCnxnSocket"),
    std::string_view("zookeeper.ssl.protocol"),
};

void same_zookeeper_client(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto brokers = facts.brokers();
  const auto broker = std::ranges::find_if(brokers, [](const NodeFacts* node) {
    return node->config && !node->config->in_kraft_mode();
  });
  for (const NodeFacts* node : facts.controllers()) {
    if (broker == brokers.end()) break;
    if (!node->config || !node->config->migration_enabled()) continue;
    for (const std::string_view name : kZooKeeperClient) {
      if (node->config->value(name) == (*broker)->config->value(name) ||
          node->config->is_unresolved(name) || (*broker)->config->is_unresolved(name))
        continue;
      verdicts.find(node_named(*node),
                    "it connects to ZooKeeper in another way than brokers do: it is not let in",
                    {at_config(*node->config, name), at_config(*(*broker)->config, name)});
    }
  }
  if (const auto closed = closed_root(facts))
    verdicts.ask(
        fmt::format("Is it certain that controllers log in to ZooKeeper as brokers do ({} of {} "
                    "alone may write)?",
                    closed->shows, closed->where));
}

void znodes_closed_by_all(const ClusterFacts& facts, Verdicts& verdicts) {
  constexpr std::string_view kName = "zookeeper.set.acl";
  const auto closed = closed_root(facts);
  const NodeFacts* closing = nullptr;
  for (const NodeFacts& node : facts.nodes) {
    if (node.config && node.config->flag(kName)) closing = &node;
  }
  if (!closed && closing == nullptr) return;
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->flag(kName) || !node.config->value("zookeeper.connect") ||
        node.config->is_unresolved(kName))
      continue;
    std::vector<Evidence> evidence{at_config(*node.config, kName)};
    if (closed) evidence.push_back(*closed);
    if (closing != nullptr) evidence.push_back(at_config(*closing->config, kName));
    verdicts.find(node_named(node),
                  "what it makes in ZooKeeper is open to everybody, beside znodes that are closed",
                  std::move(evidence));
  }
}

// ── Keys and certificates ───────────────────────────────────────────────────────────────────────

// A config of a listener: its own, or else the node's.
bool has_for_listener(const NodeConfig& config, const std::string& listener,
                      std::string_view name) {
  std::string small = listener;
  std::ranges::transform(small, small.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return config.has(fmt::format("listener.name.{}.{}", small, name)) || config.has(name);
}

bool is_encrypted(std::string_view protocol) {
  return protocol == "SSL" || protocol == "SASL_SSL";
}

void controllers_have_keys(const ClusterFacts& facts, Verdicts& verdicts) {
  bool encrypted = false;
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config) continue;
    const NodeConfig& config = *node->config;
    for (const Listener& listener : config.listeners().value_or(std::vector<Listener>{})) {
      if (!is_encrypted(listener.protocol)) continue;
      encrypted = true;
      const bool has_key =
          has_for_listener(config, listener.name, "ssl.keystore.location") ||
          has_for_listener(config, listener.name, "ssl.keystore.certificate.chain") ||
          has_for_listener(config, listener.name, "ssl.engine.factory.class");
      if (has_key) continue;
      verdicts.find(node_named(*node),
                    fmt::format("its listener {} speaks {} and has no key: no handshake succeeds",
                                listener.name, listener.protocol),
                    {at_config(config, "listeners"), at_config(config, "ssl.keystore.location")});
    }
    const auto name = config.inter_broker_listener_name();
    const auto protocols = config.protocol_map();
    if (!config.migration_enabled() || !name || !protocols) continue;
    const auto protocol = protocols->find(*name);
    if (protocol == protocols->end() || !is_encrypted(protocol->second)) continue;
    encrypted = true;
    if (has_for_listener(config, *name, "ssl.truststore.location") ||
        has_for_listener(config, *name, "ssl.truststore.certificates") ||
        has_for_listener(config, *name, "ssl.engine.factory.class"))
      continue;
    verdicts.warn(node_named(*node),
                  fmt::format("it dials brokers at {} with {} and trusts what its Java trusts: an "
                              "authority of your own is not among it",
                              *name, protocol->second),
                  {at_config(config, "ssl.truststore.location")});
  }
  if (encrypted)
    verdicts.ask(
        "Is it certain that no certificate of a controller or broker expires before the "
        "soak is over?");
}

constexpr std::array kSecurityChecks{
    Check{"C08", kE, kEveryPhase, kNothing, "node", "each node has the rule providers of its mode",
          "ConfluentServerAuthorizer reads ACLs where its providers say.",
          "confluent.authorizer.access.rule.providers: KRAFT_ACL instead of ZK_ACL at the roll to "
          "KRaft mode and on controllers; back at a rollback.",
          "product list C08", "", &rule_providers_fit},
    Check{"C11", kE, kWithControllers, kBrokers | kControllers, "controller",
          "controllers reach ZooKeeper as brokers do",
          "The claim, the copy and every mirrored write go there.",
          "Copy the brokers' zookeeper.ssl.* and zookeeper.clientCnxnSocket, or their JAAS Client "
          "section, to the controllers.",
          "product list C11", "", &same_zookeeper_client},
    Check{"C12", kW, Phases::from(Phase::S0, Phase::S6), kNothing, "node",
          "nodes agree whether znodes are closed",
          "Secrets and ACLs in open znodes may be read and written by anybody who reaches "
          "ZooKeeper.",
          "Set zookeeper.set.acl alike on brokers and controllers, then:\n"
          "  zookeeper-security-migration --zookeeper.acl secure --zookeeper.connect $ZK\n"
          "It creates an empty /migration: delete that before the controllers start (D02).",
          "product list C12", "", &znodes_closed_by_all},
    Check{"C21", kE, kWithControllers, kControllers, "controller",
          "controllers have the keys and certificates that their listeners need",
          "Brokers cannot register with a controller that shows no certificate.",
          "Put keystores and truststores on the controllers, and name them in ssl.* or "
          "listener.name.NAME.ssl.*.",
          "product list C21", "", &controllers_have_keys},
};

}  // namespace

std::span<const Check> security_checks() {
  return kSecurityChecks;
}

}  // namespace migrate
