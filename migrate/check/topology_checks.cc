#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "migrate/check/evidence.h"
#include "migrate/check/groups.h"
#include "zk/paths.h"

// Where nodes stand: hosts, ports, disks and racks.
namespace migrate {
namespace {

// ── Disks ───────────────────────────────────────────────────────────────────────────────────────

// What does not outlive a restart of the host.
bool is_volatile(std::string_view path) {
  for (const std::string_view root : {"/tmp", "/var/tmp", "/dev/shm", "/run", "/var/run"}) {
    if (path == root || (path.starts_with(root) && path[root.size()] == '/')) return true;
  }
  return false;
}

std::size_t quorum_size(const ClusterFacts& facts) {
  std::set<sim::BrokerId> voters;
  for (const NodeFacts& node : facts.nodes) {
    if (node.config) voters.merge(node.config->voter_ids());
  }
  return voters.empty() ? facts.controllers().size() : voters.size();
}

void metadata_outlives_restart(const ClusterFacts& facts, Verdicts& verdicts) {
  const std::size_t voters = quorum_size(facts);
  for (const NodeFacts* node : facts.controllers()) {
    if (!node->config) continue;
    const std::string directory = node->config->metadata_log_dir();
    if (!is_volatile(directory)) continue;
    const std::string_view name = node->config->has("metadata.log.dir") ? "metadata.log.dir"
                                  : node->config->has("log.dirs")       ? "log.dirs"
                                                                        : "log.dir";
    std::vector<Evidence> evidence{at_config(*node->config, name)};
    if (voters <= 1) {
      verdicts.find(node_named(*node),
                    fmt::format("it is the only controller, and {} is emptied with a restart of "
                                "its host: all metadata go",
                                directory),
                    std::move(evidence));
    } else {
      verdicts.warn(node_named(*node),
                    fmt::format("{} is emptied with a restart of its host: it comes back without "
                                "its votes",
                                directory),
                    std::move(evidence));
    }
  }
}

void directories_work(const ClusterFacts& facts, Verdicts& verdicts) {
  if (facts.zookeeper) {
    for (const std::string& name : facts.zookeeper->children(zk::paths::kLogDirEvents))
      verdicts.warn("a log directory", "a broker has told the controller that one has failed",
                    {at_znode(fmt::format("{}/{}", zk::paths::kLogDirEvents, name), "there")});
  }
  const MetadataFacts* log = facts.latest();
  if (log == nullptr) return;
  std::map<sim::BrokerId, std::string> lost;
  for (const auto& topic : log->image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      for (std::size_t i = 0; i < partition.directories.size(); ++i) {
        if (partition.directories[i] == sim::kLostDirectory)
          lost.emplace(partition.replicas[i], fmt::format("{}-{}", topic.name(), id.value()));
      }
    }
  }
  for (const auto& [broker, partition] : lost)
    verdicts.find(fmt::format("broker {}", broker.value()),
                  "a log directory of its has failed, and its replicas there are offline",
                  {in_log(*log, fmt::format("{} and others have the directory LOST", partition))});
}

// ── Hosts and ports ─────────────────────────────────────────────────────────────────────────────

// "HOST:PORT" in small letters; nothing where the host is not said.
std::optional<std::string> endpoint_of(const Listener& listener) {
  if (listener.host.empty() || listener.host == "0.0.0.0" || listener.port == 0)
    return std::nullopt;
  std::string text = fmt::format("{}:{}", listener.host, listener.port);
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return text;
}

// Every address that brokers and ZooKeeper's servers are known to have, and who says so.
std::map<std::string, std::pair<std::string, Evidence>> taken_ports(const ClusterFacts& facts) {
  std::map<std::string, std::pair<std::string, Evidence>> taken;
  for (const NodeFacts* node : facts.brokers()) {
    if (!node->config || node->is_controller()) continue;
    for (const bool advertised : {true, false}) {
      const auto listeners =
          advertised ? node->config->advertised_listeners() : node->config->listeners();
      if (!listeners) continue;
      for (const Listener& listener : *listeners) {
        const std::string_view name = advertised && node->config->has("advertised.listeners")
                                          ? "advertised.listeners"
                                          : "listeners";
        if (const auto endpoint = endpoint_of(listener))
          taken.emplace(*endpoint, std::pair(node_named(*node), at_config(*node->config, name)));
      }
    }
  }
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->is_unresolved("zookeeper.connect")) continue;
    const auto address = node.config->zookeeper();
    if (!address) continue;
    for (const std::string& server : address->servers)
      taken.emplace(server, std::pair("ZooKeeper", at_config(*node.config, "zookeeper.connect")));
  }
  return taken;
}

// Each voter's address, once.
std::map<std::string, std::map<sim::BrokerId, Evidence>> voters_by_endpoint(
    const ClusterFacts& facts) {
  std::map<std::string, std::map<sim::BrokerId, Evidence>> voters;
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || node.config->is_unresolved("controller.quorum.voters")) continue;
    for (const Voter& voter : node.config->voters().value_or(std::vector<Voter>{}))
      voters[voter.endpoint].emplace(voter.id, at_config(*node.config, "controller.quorum.voters"));
  }
  return voters;
}

void ports_of_their_own(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto taken = taken_ports(facts);
  for (const auto& [endpoint, voters] : voters_by_endpoint(facts)) {
    const auto other = taken.find(endpoint);
    if (other == taken.end()) continue;
    const auto& [id, evidence] = *voters.begin();
    verdicts.find(fmt::format("controller {}", id.value()),
                  fmt::format("{} is to listen at {}, and so does {}: the second to start does not "
                              "start",
                              id.value(), endpoint, other->second.first),
                  {evidence, other->second.second});
  }
}

void addresses_of_their_own(const ClusterFacts& facts, Verdicts& verdicts) {
  for (const auto& [endpoint, voters] : voters_by_endpoint(facts)) {
    if (voters.size() < 2) continue;
    std::set<sim::BrokerId> ids;
    for (const auto& [id, evidence] : voters) ids.insert(id);
    verdicts.find(
        "the quorum",
        fmt::format("controllers {} have one address, {}: votes and fetches for one reach "
                    "another",
                    joined(ids), endpoint),
        {voters.begin()->second});
  }
  const std::size_t controllers = facts.controllers().size();
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config || controllers < 2 || node.config->has_static_quorum() ||
        node.config->is_unresolved("controller.quorum.bootstrap.servers"))
      continue;
    const auto servers = node.config->list("controller.quorum.bootstrap.servers");
    if (servers.size() != 1) continue;
    verdicts.find(node_named(node),
                  fmt::format("it finds {} controllers through one address: when that is away, or "
                              "a load balancer that waits for healthy controllers, none is found",
                              controllers),
                  {at_config(*node.config, "controller.quorum.bootstrap.servers")});
  }
}

// ── Racks ───────────────────────────────────────────────────────────────────────────────────────

std::map<sim::BrokerId, std::string> racks_of(const ClusterFacts& facts) {
  std::map<sim::BrokerId, std::string> racks;
  if (facts.zookeeper) {
    for (const auto& [id, broker] : facts.zookeeper->view.brokers) {
      if (broker.znode.rack) racks[id] = *broker.znode.rack;
    }
  }
  for (const NodeFacts* node : facts.brokers()) {
    if (node->config && !node->config->text("broker.rack").empty())
      racks[id_of(*node->config)] = node->config->text("broker.rack");
  }
  return racks;
}

std::set<std::string> different(const std::map<sim::BrokerId, std::string>& racks) {
  std::set<std::string> names;
  for (const auto& [id, rack] : racks) names.insert(rack);
  return names;
}

void spread_over_racks(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto racks = racks_of(facts);
  if (different(racks).size() < 2) return;
  const bool kraft = facts.kraft_leads();
  const MetadataFacts* log = facts.latest();
  if (kraft ? log == nullptr : !facts.zookeeper) {
    verdicts.unknown(kraft ? "a controller's metadata log" : "ZooKeeper's files");
    return;
  }
  const sim::MetadataImage& image = kraft ? log->image : facts.zookeeper->image;
  for (const auto& topic : image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      if (partition.replicas.size() < 2) continue;  // E03
      const std::string* only = nullptr;
      const bool one_rack = std::ranges::all_of(partition.replicas, [&](sim::BrokerId replica) {
        const auto rack = racks.find(replica);
        if (rack == racks.end()) return false;
        if (only == nullptr) only = &rack->second;
        return *only == rack->second;
      });
      if (!one_rack) continue;
      verdicts.find(fmt::format("partition {}-{}", topic.name(), id.value()),
                    fmt::format("all its replicas are in rack {}: a roll by racks takes it "
                                "offline",
                                *only),
                    {{kraft ? log->source : facts.zookeeper->source,
                      fmt::format("replicas [{}]", joined(partition.replicas))}});
    }
  }
}

void fit_for_msk(const ClusterFacts& facts, Verdicts& verdicts) {
  if (facts.profile != Profile::Msk) return;
  for (const auto& configs : facts.zookeeper->image.configs().resources) {
    if (configs.resource.type != sim::ConfigResourceType::Broker ||
        !configs.values.contains("advertised.listeners"))
      continue;
    verdicts.find(fmt::format("broker {}", configs.resource.name),
                  "its advertised.listeners are dynamic: the service refuses to begin",
                  {at_znode(zk::paths::config(zk::paths::kBrokerEntity, configs.resource.name),
                            "advertised.listeners")});
  }
  const auto racks = different(racks_of(facts));
  if (racks.size() < 3)
    verdicts.warn(
        "the cluster",
        fmt::format("its brokers are in {} zones, and the service asks for three", racks.size()),
        {{std::string(zk::paths::kBrokerIds), "rack of each broker"}});
}

// ── The controller that leads ───────────────────────────────────────────────────────────────────

void somebody_leads(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto& view = facts.zookeeper->view;
  if (!view.controller) {
    verdicts.find("/controller",
                  "no broker leads: nobody elects leaders, and no controller can claim in an "
                  "orderly way",
                  {at_znode(zk::paths::kController, "not there")});
    return;
  }
  if (view.controller->znode.is_kraft()) return;  // D03
  const sim::BrokerId id = view.controller->znode.broker;
  if (view.brokers.contains(id)) return;
  verdicts.find("/controller",
                fmt::format("broker {} leads and is not registered: its session with ZooKeeper is "
                            "at its end, or has ended",
                            id.value()),
                {at_znode(zk::paths::kController, fmt::format("broker {}", id.value())),
                 at_znode(zk::paths::broker(id), "not there")});
}

constexpr std::array kTopologyChecks{
    Check{"B10", kE, Phases::from(Phase::S1, Phase::S8), kControllers, "controller",
          "controllers keep their metadata on disks that outlive a restart",
          "From the copy on, the controllers' disks are the cluster's memory.",
          "Set metadata.log.dir or log.dirs to a directory on a disk, and format it, before the "
          "first broker is restarted.",
          "product list B10", "", &metadata_outlives_restart},
    Check{"B15", kE, kToS6, kNothing, "controller", "controllers listen where nobody else does",
          "On a host that is shared the second process cannot bind its port.",
          "Give the controllers a port of their own, in listeners and in "
          "controller.quorum.voters.",
          "product list B15", "", &ports_of_their_own},
    Check{"B18", kW, Phases::from(Phase::S1, Phase::S8), kNothing, "cluster",
          "each controller is reached at its own address",
          "Raft speaks to each voter by itself; a load balancer waits for what is not ready "
          "before the quorum is.",
          "Name every controller's own host and port in controller.quorum.voters or "
          "controller.quorum.bootstrap.servers.",
          "product list B18", "", &addresses_of_their_own},
    Check{"B23", kE, kBeforeCopy, kZooKeeper, "broker", "the cluster is one that MSK migrates",
          "The service refuses others.",
          "kafka-configs --bootstrap-server $BOOTSTRAP --entity-type brokers --entity-name ID "
          "--alter --delete-config advertised.listeners",
          "product list B23", "", &fit_for_msk},
    Check{"E04", kW, kRolls, kNothing, "partition", "no partition has all its replicas in one rack",
          "Whoever rolls or loses a rack takes it offline.",
          "Move a replica to another rack:\n  kafka-reassign-partitions --bootstrap-server "
          "$BOOTSTRAP --reassignment-json-file …",
          "product list E04", "", &spread_over_racks},
    Check{"E05", kE, kBeforeCopy | Phases{Phase::R2}, kZooKeeper, "znode",
          "one living broker leads the cluster",
          "Without a controller partitions get no leaders, and the migration begins from a store "
          "that nobody keeps.",
          "Restart a broker, or wait for its session; on the way back, roll one broker at once.",
          "product list E05", "", &somebody_leads},
    Check{"E07", kE, kRolls, kNothing, "broker", "no log directory has failed",
          "A broker with the migration flag halts when any of its directories fails, and one that "
          "is broken does not start in KRaft mode.",
          "Replace the disk, or take it out of log.dirs, before the broker's next restart.",
          "KAFKA-16431, product list E07", "", &directories_work},
};

}  // namespace

std::span<const Check> topology_checks() {
  return kTopologyChecks;
}

}  // namespace migrate
