#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "migrate/releases.h"

// What this very release does wrong, and what of the cluster's features the migration bears.
namespace migrate {
namespace {

// ── Known bugs ──────────────────────────────────────────────────────────────────────────────────

void bugs_of_the_releases(const ClusterFacts& facts, Verdicts& verdicts) {
  std::map<std::string, std::string> nodes;  // of each version
  for (const NodeFacts& node : facts.nodes) {
    if (!node.software) continue;
    std::string& names = nodes[*node.software];
    names += (names.empty() ? "" : ", ") + node.name;
  }
  for (const auto& [version, names] : nodes) {
    const auto release = release_of(version);
    if (!release) {
      verdicts.unknown(fmt::format("which release of Kafka '{}' is", version));
      continue;
    }
    std::vector<Evidence> bad{{names, version}};
    std::vector<Evidence> harmless = bad;
    for (const KnownBug& bug : known_bugs()) {
      if (!bug.is_fixed_somewhere() || !bug.is_in(*release)) continue;
      (bug.harmless ? harmless : bad).push_back({std::string(bug.id), std::string(bug.symptom)});
    }
    if (bad.size() > 1)
      verdicts.warn("release " + version,
                    fmt::format("it has {} bugs of the migration that newer releases have not",
                                bad.size() - 1),
                    std::move(bad));
    if (harmless.size() > 1)
      verdicts.note("release " + version, "it has bugs that other checks look for",
                    std::move(harmless));
  }
}

// ── The quorum's kind ───────────────────────────────────────────────────────────────────────────

void one_kind_of_quorum(const ClusterFacts& facts, Verdicts& verdicts) {
  std::vector<const NodeFacts*> fixed;
  std::vector<const NodeFacts*> dynamic;
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config) continue;
    if (node->config->has_static_quorum()) {
      fixed.push_back(node);
    } else if (node->config->has("controller.quorum.bootstrap.servers")) {
      dynamic.push_back(node);
    }
  }
  if (fixed.empty()) return;
  const Evidence first = at_config(*fixed.front()->config, "controller.quorum.voters");
  if (dynamic.empty()) {
    verdicts.note(
        "the quorum",
        "it is static: before 4.1 no controller can be added, removed or moved to another "
        "id without a stop of them all",
        {first});
    return;
  }
  verdicts.warn(
      "the quorum",
      "some controllers take it for static and others for dynamic: they do not agree who "
      "votes",
      {first, at_config(*dynamic.front()->config, "controller.quorum.bootstrap.servers")});
}

void dynamic_quorum_registered(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto controllers = facts.controllers();
  const bool fixed = std::ranges::any_of(controllers, [](const NodeFacts* node) {
    return node->config && node->config->has_static_quorum();
  });
  if (fixed) return;
  const MetadataFacts& log = *facts.latest();
  for (const NodeFacts* node : controllers) {
    if (!node->config || log.image.cluster().controller(id_of(*node->config)) != nullptr) continue;
    verdicts.find(node_named(*node),
                  "it has not registered, and with a dynamic quorum Kafka begins without it: "
                  "whether it runs with the flag, nothing proves",
                  {in_log(log, "no RegisterControllerRecord of it"),
                   at_config(*node->config, "controller.quorum.bootstrap.servers")});
  }
}

// ── Plugins ─────────────────────────────────────────────────────────────────────────────────────

void supported_in_kraft(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config) continue;
    for (const std::string& key : node.config->file().keys()) {
      if (!key.starts_with("confluent.schema.registry.") ||
          node.config->text(key).find("TopicAclAuthorizer") == std::string::npos)
        continue;
      verdicts.find(node_named(node),
                    "Schema Registry's TopicAclAuthorizer reads ACLs from ZooKeeper: without it "
                    "nobody is authorized",
                    {at_config(*node.config, key)});
    }
  }
  if (!facts.zookeeper) return;
  const auto links = facts.zookeeper->children("/cluster_links");
  if (is_confluent(facts.profile) && !links.empty())
    verdicts.ask(
        fmt::format("Is it certain that none of the {} cluster links was initiated by its source "
                    "and by a release of 7.0 or older?",
                    links.size()));
}

void policies_on_controllers(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const std::string_view name :
       {"alter.config.policy.class.name", "create.topic.policy.class.name"}) {
    const auto brokers = facts.brokers();
    const auto has_it = [&](const NodeFacts* node) {
      return node->config && !node->config->text(name).empty();
    };
    const auto broker = std::ranges::find_if(brokers, has_it);
    if (broker == brokers.end()) continue;
    for (const NodeFacts* node : facts.controllers()) {
      if (!node->config || (!node->config->is_unresolved(name) &&
                            node->config->text(name) == (*broker)->config->text(name)))
        continue;
      verdicts.find(node_named(*node),
                    "brokers have a policy that it has not: in KRaft mode controllers ask the "
                    "policy, and nobody is refused any more",
                    {at_config(*(*broker)->config, name), at_config(*node->config, name)});
    }
  }
}

// Their documents say that they work in both modes.
constexpr std::array kKnownAuthorizers{
    std::string_view("kafka.security.authorizer.AclAuthorizer"),
    std::string_view("org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
    std::string_view("io.confluent.kafka.security.authorizer.ConfluentServerAuthorizer"),
    std::string_view("org.openpolicyagent.kafka.OpaAuthorizer"),
};

void authorizer_known(const ClusterFacts& facts, Verdicts& verdicts) {
  constexpr std::string_view kName = "authorizer.class.name";
  std::set<std::string> asked;
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->is_unresolved(kName)) continue;
    const std::string name = node.config->text(kName);
    if (name == "kafka.security.auth.SimpleAclAuthorizer") {
      verdicts.find(node_named(node), "this authorizer is gone since 3.0: the node does not start",
                    {at_config(*node.config, kName)});
    } else if (!name.empty() && std::ranges::count(kKnownAuthorizers, name) == 0 &&
               asked.insert(name).second) {
      verdicts.ask(
          fmt::format("Is it certain that {} works without ZooKeeper and on controllers "
                      "(ClusterMetadataAuthorizer, or a store of its own)?",
                      name));
    }
  }
}

constexpr std::array kFeatureChecks{
    Check{"A08", kW, Phases::from(Phase::S0, Phase::S6) | Phases{Phase::R1}, kSoftware, "release",
          "this release has no bug of the migration that a newer one has not",
          "They are met in just these steps.",
          "Upgrade to the newest 3.9.x first, in a roll of its own.", "migration.md §7.1", "",
          &bugs_of_the_releases},
    Check{"A09", kW, kWithControllers, kControllers, "cluster",
          "the quorum is of one kind, and chosen on purpose",
          "A static quorum (controller.quorum.voters) cannot become dynamic in 3.9; a dynamic one "
          "(controller.quorum.bootstrap.servers) can change its members.",
          "For a dynamic one, before any broker is restarted, format the first controller with "
          "--standalone and the others with --no-initial-controllers:\n"
          "  kafka-storage format --cluster-id=ID --standalone -c controller.properties",
          "KIP-853, product list A09", "", &one_kind_of_quorum},
    Check{"A10", kW, kWithControllers, kMetadata | kControllers, "controller",
          "every controller of a dynamic quorum has registered",
          "Kafka's own gate looks at static voters alone.",
          "Start it, and check again before any broker is restarted:\n"
          "  kafka-metadata-quorum --bootstrap-controller HOST:PORT describe --status",
          "migration.md §6.3", "", &dynamic_quorum_registered},
    Check{"A11", kE, Phases::from(Phase::S0, Phase::S6), kNothing, "node",
          "no feature is in use that KRaft mode lacks", "It stops at the roll to KRaft mode.",
          "Replace it while ZooKeeper leads.", "product list A11", "", &supported_in_kraft},
    Check{"A12", kW, kWithControllers, kBrokers | kControllers, "controller",
          "controllers have the brokers' policies for topics and configs",
          "Policies are asked where changes are made: by brokers in ZooKeeper mode, by controllers "
          "in KRaft mode.",
          "Copy alter.config.policy.class.name and create.topic.policy.class.name, with their "
          "jars, to the controllers; try them with KRaft's arguments (KIP-1252).",
          "KAFKA-19026, product list A12", "", &policies_on_controllers},
    Check{"A13", kE, Phases::from(Phase::S0, Phase::S6), kNothing, "node",
          "the authorizer works in KRaft mode",
          "A node whose authorizer cannot start does not start.",
          "Ask its maker for the version that implements ClusterMetadataAuthorizer or needs no "
          "ZooKeeper.",
          "product list A13", "", &authorizer_known},
};

}  // namespace

std::span<const Check> feature_checks() {
  return kFeatureChecks;
}

}  // namespace migrate
