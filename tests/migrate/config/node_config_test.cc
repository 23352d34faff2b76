#include "migrate/config/node_config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "migrate/config/definitions.h"
#include "migrate/config/validation.h"

// What is in force on a node, and what Kafka says of it before it starts; tools/conformance config
// asks the real KafkaConfig about many more.
namespace {

using migrate::NodeConfig;
using migrate::NodeShape;

NodeConfig node(std::string_view text) {
  return NodeConfig(sim::PropertiesFile::parse(text, "server.properties").value());
}

constexpr std::string_view kZooKeeperBroker =
    "broker.id=1\nzookeeper.connect=zk:2181\nlisteners=PLAINTEXT://h:9092\n"
    "inter.broker.protocol.version=3.9\n";
constexpr std::string_view kMigrating =
    "zookeeper.metadata.migration.enable=true\ncontroller.listener.names=CONTROLLER\n"
    "controller.quorum.voters=3000@c:9093\n"
    "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n";
constexpr std::string_view kController =
    "process.roles=controller\nnode.id=3000\ncontroller.listener.names=CONTROLLER\n"
    "controller.quorum.voters=3000@c:9093\nlisteners=CONTROLLER://:9093\n";
constexpr std::string_view kKRaftBroker =
    "process.roles=broker\nnode.id=1\ncontroller.listener.names=CONTROLLER\n"
    "controller.quorum.voters=3000@c:9093\nlisteners=PLAINTEXT://:9092\n";

std::string with(std::string_view base, std::string_view more) {
  return std::string(base) + std::string(more);
}

// "K03 K24": the rules that Kafka would break off at.
std::string refused(const std::string& text) {
  std::string ids;
  for (const auto& outcome : migrate::judge(node(text))) {
    if (outcome.refused) ids += (ids.empty() ? "" : " ") + std::string(outcome.rule->id);
  }
  return ids;
}

TEST(NodeConfig, TheShapeFollowsFromRolesAndFlag) {
  EXPECT_EQ(node(kZooKeeperBroker).shape(), NodeShape::ZooKeeperBroker);
  EXPECT_EQ(node(with(kZooKeeperBroker, kMigrating)).shape(), NodeShape::MigratingBroker);
  EXPECT_EQ(node(kKRaftBroker).shape(), NodeShape::KRaftBroker);
  EXPECT_EQ(node(kController).shape(), NodeShape::Controller);
  EXPECT_EQ(node("process.roles = controller , broker").shape(), NodeShape::Combined);
}

TEST(NodeConfig, WhatTheFileDoesNotSayIsKafkasDefault) {
  const NodeConfig config = node("min.insync.replicas = 2 \n");
  EXPECT_EQ(config.value("min.insync.replicas"), "2");
  EXPECT_EQ(config.place_of("min.insync.replicas").line, 1);
  EXPECT_EQ(config.value("default.replication.factor"), "1");
  EXPECT_EQ(config.place_of("default.replication.factor").line, std::nullopt);
  EXPECT_EQ(config.value("inter.broker.protocol.version"), "3.9-IV0");
  EXPECT_EQ(config.value("zookeeper.connect"), std::nullopt);
  EXPECT_EQ(config.log_dirs(), (std::vector<std::string>{"/tmp/kafka-logs"}));
}

TEST(NodeConfig, TheTwoNamesOfTheIdStandInForEachOther) {
  EXPECT_EQ(node("broker.id=7").node_id(), 7);
  EXPECT_EQ(node("node.id=7").node_id(), 7);
  EXPECT_EQ(node("").node_id(), -1);
}

TEST(NodeConfig, TheCommandLineWinsOverTheFileAndStandsInForZooKeepersTls) {
  const auto read = [](std::string_view text, const char* name) {
    return sim::PropertiesFile::parse(text, name).value();
  };
  const NodeConfig config(
      read("broker.id=1\nlog.dirs=/a\nzookeeper.ssl.protocol=TLSv1.3\n", "server.properties"),
      {.overrides = read("log.dirs=/b\nnode.id=2\n", "overrides.properties"),
       .system = read("zookeeper.client.secure=true\nzookeeper.ssl.protocol=TLSv1.2\n"
                      "zookeeper.ssl.keyStore.location=/k\nlog.dirs=/c\n",
                      "system.properties")});
  EXPECT_EQ(config.text("log.dirs"), "/b");
  EXPECT_EQ(sim::describe(config.place_of("log.dirs")), "overrides.properties:1");
  EXPECT_EQ(config.node_id(), 2);
  EXPECT_TRUE(config.flag("zookeeper.ssl.client.enable"));
  EXPECT_EQ(config.text("zookeeper.ssl.keystore.location"), "/k");
  EXPECT_EQ(config.text("zookeeper.ssl.protocol"), "TLSv1.3");
  EXPECT_EQ(config.at_start().text("log.dirs"), "/b");
}

TEST(NodeConfig, AReferenceIsUnresolvedOnlyWhereItsProviderIsConfigured) {
  const NodeConfig config =
      node("config.providers=env\nbroker.id=${env:ID}\nlog.dirs=${file:/x:dirs}\n");
  EXPECT_TRUE(config.is_unresolved("broker.id"));
  EXPECT_TRUE(config.is_unresolved("node.id"));
  EXPECT_FALSE(config.is_unresolved("log.dirs"));
}

TEST(NodeConfig, AddressesOfZooKeeperCompareWhateverTheirOrder) {
  EXPECT_EQ(node("zookeeper.connect=b:2181, a/kafka/").zookeeper(),
            node("zookeeper.connect=a:2181,b/kafka").zookeeper());
  EXPECT_NE(node("zookeeper.connect=a:2181/kafka").zookeeper(),
            node("zookeeper.connect=a:2181").zookeeper());
  EXPECT_EQ(node("zookeeper.connect=[::1],h").zookeeper()->servers,
            (std::set<std::string>{"[::1]:2181", "h:2181"}));
}

TEST(NodeConfig, InKRaftModeAControllersListenerIsPlaintextUnlessAnythingIsSecure) {
  EXPECT_EQ(node(kController).listeners()->front().protocol, "PLAINTEXT");
  EXPECT_EQ(refused(with(kController, "listeners=CONTROLLER://:9093,SSL://:9094\n")), "K39");
}

TEST(Validation, EachShapeOfAMigrationIsAccepted) {
  EXPECT_EQ(refused(std::string(kZooKeeperBroker)), "");
  EXPECT_EQ(refused(with(kZooKeeperBroker, kMigrating)), "");
  EXPECT_EQ(refused(std::string(kKRaftBroker)), "");
  EXPECT_EQ(refused(std::string(kController)), "");
  EXPECT_EQ(refused(with(kController,
                         "zookeeper.metadata.migration.enable=true\n"
                         "zookeeper.connect=zk:2181\n")),
            "");
}

struct Refused {
  std::string_view base;
  std::string_view more;
  std::string_view rules;
};
class Refusals : public testing::TestWithParam<Refused> {};
TEST_P(Refusals, NameTheRule) {
  EXPECT_EQ(refused(with(GetParam().base, GetParam().more)), GetParam().rules);
}
// What people get wrong in a migration, by the rule that Kafka has for it.
const Refused kRefused[]{
    {kZooKeeperBroker, "controller.listener.names=CONTROLLER\n", "K26"},
    {kZooKeeperBroker, "broker.id=1001\n", "K05"},
    {kZooKeeperBroker, "num.partitions=many\n", "K01"},
    {kZooKeeperBroker, "zookeeper.metadata.migration.enable=true\n", "K13 K23"},
    {kZooKeeperBroker, "node.id=2\n", "K02"},
    {kController, "zookeeper.metadata.migration.enable=true\n", "K07"},
    {kController, "node.id=3001\n", "K20"},
    {kController, "listeners=CONTROLLER://:9093,PLAINTEXT://:9092\n", "K19"},
    {kController, "control.plane.listener.name=CONTROLLER\n", "K14"},
    {kKRaftBroker, "node.id=3000\n", "K15"},
    {kKRaftBroker, "listeners=PLAINTEXT://:9092,CONTROLLER://:9093\n", "K17"},
    {kKRaftBroker, "controller.listener.names=\n", "K16"},
    {kKRaftBroker, "inter.broker.protocol.version=2.8\n", "K37"},
};
INSTANTIATE_TEST_SUITE_P(Of, Refusals, testing::ValuesIn(kRefused));

TEST(Validation, AMigratingBrokerNeedsItsProtocolVersion) {
  const std::string base = with(kZooKeeperBroker, kMigrating);
  EXPECT_EQ(refused(base + "inter.broker.protocol.version=3.3\n"), "K24");
  EXPECT_EQ(refused(base + "inter.broker.protocol.version=3.6\nlog.dirs=/a,/b\n"), "K25");
  EXPECT_EQ(refused(base + "inter.broker.protocol.version=3.7-IV2\nlog.dirs=/a,/b\n"), "");
  EXPECT_EQ(refused(base + "controller.listener.names=controller\nlisteners=PLAINTEXT://:1\n"), "");
}

TEST(Validation, WhatOnlyTheNodeCanResolveIsNeitherRightNorWrong) {
  const auto outcomes =
      migrate::judge(node(with(kZooKeeperBroker, "config.providers=env\nbroker.id=${env:ID}\n")));
  std::size_t unresolved = 0;
  for (const auto& outcome : outcomes) {
    EXPECT_FALSE(outcome.refused) << outcome.rule->id;
    if (outcome.unresolved) ++unresolved;
  }
  EXPECT_GE(unresolved, 2U);
}

TEST(Definitions, AreSortedSoThatTheyAreFound) {
  const auto all = migrate::config_definitions();
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &migrate::ConfigDefinition::name));
  for (const auto& each : all) {
    EXPECT_EQ(migrate::find_definition(each.name), &each);
    if (each.default_value == nullptr) continue;
    EXPECT_EQ(migrate::why_invalid(each, each.default_value), std::nullopt) << each.name;
  }
}

}  // namespace
