#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "migrate/check/check.h"
#include "sim/base/check.h"
#include "sim/kafka/delta.h"
#include "sim/kafka/metadata_version.h"
#include "zk/migration_reader_tree.h"
#include "zk/znodes.h"

// A cluster for fixtures: sound in every phase, and then whatever a test does to it.
//
//   World world(Phase::S4);
//   world.set("controller-3001", "zookeeper.metadata.migration.enable", "false");
//   run_check(*find_check("H08"), world.facts());
namespace tests {

using migrate::Phase;

inline constexpr const char* kClusterId = "Tk3Z2c5KQ0CJLgD8kN0t3A";
inline constexpr const char* kOrdersId = "Xk3Z2c5KQ0CJLgD8kN0t3A";

// Brokers 1 and 2, controllers 3000 to 3002, topic orders with two partitions on both brokers.
class World {
 public:
  explicit World(Phase phase) : phase_(phase) {
    znodes_of_kafka();
    for (const int id : {1, 2}) add_broker(id);
    if (phase != Phase::S0 && phase != Phase::R2) {
      add_controllers();
      log_ = true;
    }
    zookeeper_ = phase != Phase::S8;
  }

  // ── ZooKeeper; from S4 on the log has what the tree has ───────────────────────────────────────

  World& znode(const std::string& path, const std::string& data) {
    znodes_[path] = data;
    return *this;
  }
  // With everything below.
  World& without(const std::string& path) {
    std::erase_if(znodes_, [&](const auto& each) {
      return each.first == path || each.first.starts_with(path + "/");
    });
    return *this;
  }
  // After the log took what it has from the tree.
  World& only_in_zookeeper(const std::string& path, const std::string& data) {
    late_[path] = data;
    return *this;
  }
  World& owned(const std::string& path, const std::string& scheme, const std::string& id) {
    owners_[path] = {scheme, id};
    return *this;
  }
  World& without_zookeeper() {
    zookeeper_ = false;
    return *this;
  }

  // ── The metadata log ──────────────────────────────────────────────────────────────────────────

  World& record(sim::Record record) {
    records_.push_back(std::move(record));
    log_ = true;
    return *this;
  }
  World& state(sim::ZkMigrationState state) {
    return record(sim::ZkMigrationStateRecord{.zk_migration_state = state});
  }
  // Another controller's log, one record short and of this epoch at its end.
  World& follower(int id, int epoch) {
    followers_[id] = epoch;
    return *this;
  }
  World& without_log() {
    log_ = false;
    return *this;
  }
  World& edit_log(void (*change)(migrate::MetadataFacts&)) {
    log_edits_.push_back(change);
    return *this;
  }
  // Seconds at which /migration, other znodes and the log were last written.
  World& times(std::int64_t migration, std::int64_t zookeeper, std::int64_t log) {
    migration_s_ = migration;
    zookeeper_s_ = zookeeper;
    log_s_ = log;
    return *this;
  }

  // ── Nodes ─────────────────────────────────────────────────────────────────────────────────────

  World& set(const std::string& node, const std::string& key, const std::string& value) {
    configs_[node][key] = value;
    return *this;
  }
  World& unset(const std::string& node, const std::string& key) {
    configs_[node].erase(key);
    return *this;
  }
  // Of all nodes whose names begin so.
  World& set_all(const std::string& prefix, const std::string& key, const std::string& value) {
    for (auto& [node, config] : configs_) {
      if (node.starts_with(prefix)) config[key] = value;
    }
    return *this;
  }
  World& unset_all(const std::string& prefix, const std::string& key) {
    for (auto& [node, config] : configs_) {
      if (node.starts_with(prefix)) config.erase(key);
    }
    return *this;
  }
  World& edit(const std::string& node, void (*change)(migrate::NodeFacts&)) {
    change(nodes_.at(node));
    return *this;
  }
  // Their folders, without a log.
  World& add_controllers() {
    for (const int id : {3000, 3001, 3002}) add_controller(id);
    return *this;
  }
  World& without_node(const std::string& node) {
    nodes_.erase(node);
    configs_.erase(node);
    return *this;
  }

  // ── What people know ──────────────────────────────────────────────────────────────────────────

  World& profile(migrate::Profile profile) {
    profile_ = profile;
    return *this;
  }
  World& answer(const std::string& check, bool yes) {
    answers_[check] = yes;
    return *this;
  }

  migrate::ClusterFacts facts() const {
    migrate::ClusterFacts facts;
    const zk::Tree copied = tree(false);
    const zk::Tree now = tree(true);
    zk::ReadOptions options;
    if (zookeeper_) {
      auto image = zk::zk_to_image(now, "", options);
      facts.zookeeper = migrate::ZooKeeperFacts{.source = "zk-1",
                                                .root = "",
                                                .tree = now,
                                                .view = zk::cluster_view(now, ""),
                                                .image = std::move(image.image),
                                                .report = std::move(image.report)};
    }
    if (log_) facts.metadata.push_back(metadata(copied));
    for (const auto& [id, epoch] : followers_) {
      migrate::MetadataFacts follower = facts.metadata.front();
      follower.source = "controller-" + std::to_string(id) + "/__cluster_metadata-0";
      follower.node = sim::BrokerId(id);
      follower.end.epoch = sim::RaftEpoch(epoch);
      follower.end.offset = sim::Offset(follower.end.offset.value() - 1);
      facts.metadata.push_back(std::move(follower));
    }
    for (const auto& [name, node] : nodes_) {
      migrate::NodeFacts one = node;
      std::string text;
      for (const auto& [key, value] : configs_.at(name)) text += key + "=" + value + "\n";
      one.config.emplace(sim::PropertiesFile::parse(text, name + "/server.properties").value());
      facts.nodes.push_back(std::move(one));
    }
    facts.phase = phase_;
    facts.profile = profile_;
    for (const auto& [id, yes] : answers_)
      facts.answers[id] = {.yes = yes, .reason = "so it is", .where = "answers.txt:1"};
    migrate::apply_dynamic_configs(facts);
    return facts;
  }

 private:
  bool led_by_kraft() const { return phase_ >= Phase::S3 && phase_ != Phase::R2; }
  bool copied() const { return phase_ >= Phase::S4 && phase_ != Phase::R2; }
  bool brokers_in_kraft() const { return phase_ >= Phase::S6 && phase_ <= Phase::S8; }

  void znodes_of_kafka() {
    znodes_["/cluster/id"] = std::string(R"({"version":"1","id":")") + kClusterId + R"("})";
    znodes_["/controller_epoch"] = "9";
    znodes_["/feature"] = zk::encode(zk::FeatureZnode{});
    znodes_["/controller"] = zk::encode(
        zk::ControllerZnode{.broker = sim::BrokerId(led_by_kraft() ? 3000 : 1),
                            .timestamp_ms = 0,
                            .kraft_controller_epoch = sim::RaftEpoch(led_by_kraft() ? 5 : -1)});
    if (phase_ != Phase::S0 && phase_ != Phase::R2)
      znodes_["/migration"] = migration(copied() ? 500 : -1);
    if (!brokers_in_kraft()) {
      for (const int id : {1, 2})
        znodes_["/brokers/ids/" + std::to_string(id)] = zk::encode(zk::BrokerZnode{});
    }
    znodes_["/brokers/topics/orders"] = topic(R"("0":[1,2],"1":[2,1])");
    znodes_["/brokers/topics/orders/partitions/0/state"] = partition_state(1, "1,2");
    znodes_["/brokers/topics/orders/partitions/1/state"] = partition_state(2, "2,1");
    znodes_["/config/topics/orders"] = R"({"version":1,"config":{"retention.ms":"1000"}})";
    for (const char* path : {"/config/brokers", "/config/users", "/config/clients", "/config/ips",
                             "/admin/delete_topics", "/kafka-acl", "/delegation_token/tokens"})
      znodes_[path] = "";
  }

  void add_broker(int id) {
    const std::string name = "broker-" + std::to_string(id);
    auto& config = configs_[name];
    config["listeners"] = "PLAINTEXT://b" + std::to_string(id) + ":9092";
    config["log.dirs"] = "/data";
    config["super.users"] = "User:admin";
    const std::string authorizer = brokers_in_kraft()
                                       ? "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
                                       : "kafka.security.authorizer.AclAuthorizer";
    config["authorizer.class.name"] = authorizer;
    if (brokers_in_kraft()) {
      config["process.roles"] = "broker";
      config["node.id"] = std::to_string(id);
    } else {
      config["broker.id"] = std::to_string(id);
      config["zookeeper.connect"] = "zk:2181";
      config["inter.broker.protocol.version"] = "3.9";
      const bool flagged = phase_ >= Phase::S2 && phase_ != Phase::R2;
      if (flagged) config["zookeeper.metadata.migration.enable"] = "true";
      if (!flagged) return add_node(name, id);
    }
    quorum(config);
    add_node(name, id);
  }

  void add_controller(int id) {
    const std::string name = "controller-" + std::to_string(id);
    auto& config = configs_[name];
    config["process.roles"] = "controller";
    config["node.id"] = std::to_string(id);
    config["listeners"] = "CONTROLLER://:9093";
    config["log.dirs"] = "/data";
    config["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
    config["super.users"] = "User:admin";
    if (phase_ < Phase::S7 || phase_ > Phase::S8) {
      config["zookeeper.metadata.migration.enable"] = "true";
      config["zookeeper.connect"] = "zk:2181";
    }
    quorum(config);
    add_node(name, id);
  }

  static void quorum(std::map<std::string, std::string>& config) {
    config["controller.quorum.voters"] = "3000@c0:9093,3001@c1:9093,3002@c2:9093";
    config["controller.listener.names"] = "CONTROLLER";
    config["listener.security.protocol.map"] = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT";
  }

  void add_node(const std::string& name, int id) {
    nodes_[name] = {.name = name,
                    .config = std::nullopt,
                    .log_directories = {{.file = name + "/meta.properties",
                                         .version = id < 3000 ? 0 : 1,  // as who formatted it
                                         .node_id = sim::BrokerId(id),
                                         .cluster_id = kClusterId}},
                    .software = "3.9.1"};
  }

 public:
  static std::string topic(const std::string& partitions) {
    return std::string(R"({"version":3,"topic_id":")") + kOrdersId + R"(","partitions":{)" +
           partitions + R"(},"adding_replicas":{},"removing_replicas":{}})";
  }
  static std::string partition_state(int leader, const std::string& isr, int controller_epoch = 9) {
    return R"({"controller_epoch":)" + std::to_string(controller_epoch) + R"(,"leader":)" +
           std::to_string(leader) + R"(,"version":1,"leader_epoch":0,"isr":[)" + isr + "]}";
  }
  static std::string migration(std::int64_t offset) {
    return zk::encode(
        zk::MigrationZnode{.kraft_controller_id = sim::BrokerId(3000),
                           .kraft_controller_epoch = sim::RaftEpoch(5),
                           .kraft_metadata = {sim::RaftEpoch(5), sim::Offset(offset)}});
  }

 private:
  zk::Tree tree(bool with_late) const {
    zk::Tree tree;
    std::map<std::string, std::string> all = znodes_;
    if (with_late) {
      for (const auto& [path, data] : late_) all[path] = data;
    }
    std::int32_t zxid = 0;
    const auto create = [&](const std::string& path, const std::string& data) {
      zk::Acl acl{zk::kAllPerms, "world", "anyone"};
      if (const auto owner = owners_.find(path); owner != owners_.end())
        acl = {zk::kAllPerms, owner->second.first, owner->second.second};
      ++zxid;
      const std::int64_t seconds = path == "/migration" ? migration_s_ : zookeeper_s_;
      (void)tree.apply({.client_id = {},
                        .cxid = 0,
                        .zxid = zk::Zxid(zxid),
                        .time = zk::WallTime(seconds * 1000)},
                       zk::Txn{zk::CreateTxn{.path = path,
                                             .data = data,
                                             .acl = {acl},
                                             .ephemeral = false,
                                             .parent_cversion = zk::ChildVersion(zxid)}});
    };
    for (const auto& [path, data] : all) {
      for (std::size_t at = path.find('/', 1); at != std::string::npos;
           at = path.find('/', at + 1)) {
        if (tree.find(path.substr(0, at)) == nullptr) create(path.substr(0, at), "");
      }
      create(path, data);
    }
    return tree;
  }

  sim::RegisterBrokerRecord registration(int id) const {
    return {.broker_id = sim::BrokerId(id),
            .is_migrating_zk_broker = !brokers_in_kraft(),
            .broker_epoch = sim::BrokerEpoch(id),
            .fenced = false};
  }

  migrate::MetadataFacts metadata(const zk::Tree& tree) const {
    using enum sim::ZkMigrationState;
    std::vector<sim::Record> all{
        sim::FeatureLevelRecord{.name = std::string(sim::kMetadataVersionFeature),
                                .feature_level = 21},
        sim::ZkMigrationStateRecord{.zk_migration_state = PreMigration}};
    for (const int id : {3000, 3001, 3002})
      all.emplace_back(sim::RegisterControllerRecord{.controller_id = sim::BrokerId(id),
                                                     .zk_migration_ready = true});
    if (phase_ >= Phase::S2) {
      for (const int id : {1, 2}) all.emplace_back(registration(id));
    }
    if (copied()) {
      const auto copy = zk::copy_of(tree, "", {.manner = zk::ReadManner::Driver});
      for (const auto& list : copy.lists) all.insert(all.end(), list.begin(), list.end());
      const bool final = phase_ == Phase::S7 || phase_ == Phase::S8;
      all.emplace_back(
          sim::ZkMigrationStateRecord{.zk_migration_state = final ? PostMigration : Migration});
    }
    all.insert(all.end(), records_.begin(), records_.end());
    sim::MetadataDelta delta{sim::MetadataImage{}};
    for (const sim::Record& record : all) {
      const auto replayed = delta.replay(record);
      sim::check(replayed.has_value(), "a fixture's records fit each other");
    }
    migrate::MetadataFacts facts{
        .source = "controller-3000/__cluster_metadata-0",
        .node = sim::BrokerId(3000),
        .image = delta.apply({sim::Offset(500), sim::RaftEpoch(5), log_s_ * 1000}),
        .end = {sim::RaftEpoch(5), sim::Offset(501)},
        .leader = sim::BrokerId(3000),
        .from_the_beginning = true,
        .at_checkpoint = {},
        .quotas_removed = {}};
    facts.at_checkpoint = facts.image;
    for (const auto change : log_edits_) change(facts);
    return facts;
  }

  Phase phase_;
  migrate::Profile profile_ = migrate::Profile::Apache;
  std::map<std::string, bool> answers_;
  std::map<std::string, std::string> znodes_;
  std::map<std::string, std::string> late_;
  std::map<std::string, std::pair<std::string, std::string>> owners_;
  bool zookeeper_ = true;
  std::vector<sim::Record> records_;
  bool log_ = false;
  std::map<int, int> followers_;
  std::vector<void (*)(migrate::MetadataFacts&)> log_edits_;
  std::map<std::string, std::map<std::string, std::string>> configs_;
  std::map<std::string, migrate::NodeFacts> nodes_;
  std::int64_t migration_s_ = 100;
  std::int64_t zookeeper_s_ = 100;
  std::int64_t log_s_ = 100;
};

}  // namespace tests
