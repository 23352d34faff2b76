#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "migrate/config/definitions.h"
#include "migrate/releases.h"
#include "zk/paths.h"

// What else ZooKeeper holds: users and their quotas, producer ids, features, and the traces of
// others who use it.
namespace migrate {
namespace {

// ── Users and quotas ────────────────────────────────────────────────────────────────────────────

// KAFKA-16222 and KAFKA-16411 are in releases before 3.6.2, 3.7.1 and 3.8.
bool mixes_up_names(const Release& release) {
  return find_known_bug("KAFKA-16222")->is_in(release);
}

void quotas_have_names(const ClusterFacts& facts, Verdicts& verdicts) {
  std::optional<std::string> old;
  for (const NodeFacts& node : facts.nodes) {
    const auto release = node.software ? release_of(*node.software) : std::nullopt;
    if (release && mixes_up_names(*release)) old = node.software;
  }
  for (const auto& quota : facts.zookeeper->image.client_quotas().entities) {
    for (const auto& [type, name] : quota.entity) {
      const bool mixed_up =
          old && (!name || name->find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
                                                   "VWXYZ0123456789-_.") != std::string::npos);
      if (mixed_up)
        verdicts.find(fmt::format("quota of {} {}", type, name.value_or("<default>")),
                      fmt::format("release {} copies quotas of defaults and of names with special "
                                  "characters to another entity",
                                  *old),
                      {{fmt::format("/config/{}s", type), name.value_or("<default>")}});
    }
  }
}

void users_both_ways(const ClusterFacts& facts, Verdicts& verdicts) {
  const sim::MetadataImage& image = facts.zookeeper->image;
  std::set<std::string> with_credential;
  for (const auto& credential : image.scram().credentials) with_credential.insert(credential.name);
  std::set<std::string> with_quota;
  for (const auto& quota : image.client_quotas().entities) {
    const auto user = quota.entity.find("user");
    if (user != quota.entity.end() && user->second) with_quota.insert(*user->second);
  }
  const auto only = std::ranges::count_if(
      with_credential, [&](const std::string& name) { return !with_quota.contains(name); });
  if (only == 0) return;
  verdicts.find("users",
                fmt::format("{} of {} users with SCRAM credentials have no quota: before 3.5.0 "
                            "changes of such users were not mirrored",
                            only, with_credential.size()),
                {{"/config/users", fmt::format("{} credentials", with_credential.size())}});
}

void producer_ids_known(const ClusterFacts& facts, Verdicts& verdicts) {
  const zk::Znode* znode = facts.zookeeper->znode(zk::paths::kProducerIdBlock);
  if (znode == nullptr || !znode->data || znode->data->empty()) return;  // none was handed out
  if (facts.zookeeper->image.producer_ids().known()) return;
  verdicts.find("producer ids", "the last block cannot be read",
                {at_znode(zk::paths::kProducerIdBlock, *znode->data)});
}

// ── Features ────────────────────────────────────────────────────────────────────────────────────

void feature_fits_protocol(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto& feature = facts.zookeeper->view.feature;
  const auto versioning = protocol_version("2.7-IV0");
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config || node->config->in_kraft_mode() || node->config->is_unresolved(kProtocol))
      continue;
    const bool silent = !node->config->has(kProtocol) && !node->software;
    // Whatever can migrate has features.
    const auto protocol = silent ? versioning : protocol_of(*node);
    if (!protocol) continue;
    const bool should = *protocol >= *versioning;
    const bool is = feature && feature->status == 1;
    if (should == is) continue;
    verdicts.find(
        std::string(zk::paths::kFeature),
        should ? "features are not enabled at this protocol version: the last roll of it did not "
                 "reach the controller"
               : "features are enabled, and this broker's protocol version is older than they are",
        {at_znode(zk::paths::kFeature,
                  feature ? fmt::format("status {}", feature->status) : "not there"),
         at_protocol(*node)});
    return;
  }
}

// ── Others ──────────────────────────────────────────────────────────────────────────────────────

void links_whole(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  const auto in = [&](std::string_view path) {
    const auto names = zookeeper.children(path);
    return std::set<std::string>(names.begin(), names.end());
  };
  const auto links = in("/cluster_links");
  const auto configs = in("/config/cluster-links");
  for (const std::string& name : configs) {
    if (links.contains(name)) continue;
    verdicts.find(fmt::format("cluster link {}", name), "it has a config and does not exist",
                  {at_znode(fmt::format("/config/cluster-links/{}", name), "there"),
                   at_znode(fmt::format("/cluster_links/{}", name), "not there")});
  }
  for (const std::string& name : links) {
    if (configs.contains(name)) continue;
    verdicts.find(fmt::format("cluster link {}", name), "it exists and has no config",
                  {at_znode(fmt::format("/cluster_links/{}", name), "there"),
                   at_znode(fmt::format("/config/cluster-links/{}", name), "not there")});
  }
}

struct Tool {
  std::string_view znode;
  std::string_view name;
};
constexpr std::array kTools{
    Tool{"schema_registry", "Schema Registry (kafkastore.connection.url)"},
    Tool{"kafka-manager", "CMAK"},
    Tool{"burrow", "Burrow"},
    Tool{"kafka_offset_monitor", "KafkaOffsetMonitor"},
    Tool{"kafka-monitor", "Xinfra Monitor"},
    Tool{"CruiseControlBrokerList", "Cruise Control"},
};

void no_tool_uses_it(const ClusterFacts& facts, Verdicts& verdicts) {
  std::set<std::string> paths;
  for (const std::string& root : {std::string(), facts.zookeeper->root}) {
    for (const std::string& name : facts.zookeeper->tree.children(root.empty() ? "/" : root))
      paths.insert(root + "/" + name);
  }
  for (const std::string& path : paths) {
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    const auto tool = std::ranges::find(kTools, name, &Tool::znode);
    if (tool != kTools.end())
      verdicts.find(path, fmt::format("{} keeps something in ZooKeeper", tool->name),
                    {at_znode(path, "there")});
  }
  verdicts.ask(
      "Is it certain that no Schema Registry, CMAK, Burrow or exporter is given "
      "ZooKeeper's address?");
}

void no_old_consumers(const ClusterFacts& facts, Verdicts& verdicts) {
  const ZooKeeperFacts& zookeeper = *facts.zookeeper;
  for (const std::string& group : zookeeper.children(zk::paths::kConsumers)) {
    const std::string ids = fmt::format("{}/{}/ids", zk::paths::kConsumers, group);
    const auto members = zookeeper.children(ids);
    if (members.empty()) continue;
    verdicts.find(fmt::format("group {}", group),
                  fmt::format("{} consumers of it live by ZooKeeper, MirrorMaker 1 perhaps: they "
                              "stop with it",
                              members.size()),
                  {at_znode(ids, members.front())});
  }
  for (const std::string_view topic : {"__strimzi_store_topic",
                                       "__strimzi-topic-operator-kstreams-"
                                       "topic-store-changelog"}) {
    if (zookeeper.znode(zk::paths::topic(topic)) == nullptr) continue;
    verdicts.warn(fmt::format("topic {}", topic),
                  "the bidirectional topic operator was here, and it needs ZooKeeper",
                  {at_znode(zk::paths::topic(topic), "there")});
  }
}

constexpr std::array kContentChecks{
    Check{"D14", kW, kBeforeCopy, kZooKeeper, "quota", "every quota is for whom it was meant",
          "It binds nobody, or somebody else, once KRaft leads.",
          "Delete it, and set it for the user, client or address that was meant:\n"
          "  kafka-configs --bootstrap-server $BOOTSTRAP --entity-type users --entity-name NAME "
          "--alter --add-config …",
          "KAFKA-16222, KAFKA-16411", "", &quotas_have_names},
    Check{"D15", kI, kBeforeCopy, kZooKeeper, "user",
          "users with SCRAM credentials and without quotas",
          "Their znodes took another way in the mirrors of early releases.",
          "Use 3.5.0 or newer, and compare with zk2kraft diff.", "KAFKA-14970, KAFKA-15017", "",
          &users_both_ways},
    Check{"D19", kI, kBeforeCopy, kZooKeeper, "znode", "the last block of producer ids",
          "What cannot be read is not copied.", "zookeeper-shell $ZK get /latest_producer_id_block",
          "KAFKA-15552", "", &producer_ids_known},
    Check{"D20", kE, kBeforeCopy, kZooKeeper, "cluster link",
          "cluster links and their configs belong together",
          "Confluent's own migration check refuses orphans.",
          "Delete the orphan with kafka-cluster-links while ZooKeeper leads.", "product list D20",
          "", &links_whole},
    Check{"D26", kW, kBeforeCopy, kZooKeeper | kBrokers, "znode",
          "/feature says what the brokers' protocol version says",
          "A roll of the protocol version that is not finished shows itself here.",
          "Finish the roll of inter.broker.protocol.version, and make another broker the "
          "controller.",
          "KIP-584, product list D26", "", &feature_fits_protocol},
    Check{"F03", kW, kToS6, kZooKeeper, "tool", "no tool lives by ZooKeeper",
          "It stops with ZooKeeper, which it is often not known to use.",
          "Give it bootstrap servers instead, or replace it.", "product list F03", "",
          &no_tool_uses_it},
    Check{"F06", kE, kToS6, kZooKeeper, "group", "no consumer and no operator lives by ZooKeeper",
          "They have no way to go on without it.",
          "Move to consumers of today, MirrorMaker 2 and the unidirectional topic operator.",
          "product list F06", "", &no_old_consumers},
};

}  // namespace

std::span<const Check> content_checks() {
  return kContentChecks;
}

}  // namespace migrate
