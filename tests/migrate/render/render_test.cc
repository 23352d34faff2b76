#include "migrate/render/render.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "migrate/config/validation.h"
#include "migrate/render/matrix.h"
#include "tests/migrate/check/world.h"

// What becomes of a node's file in each shape.
namespace {

using migrate::NodeConfig;
using migrate::NodeFacts;
using migrate::Phase;
using migrate::RemarkKind;
using migrate::RenderedFleet;
using migrate::RenderedNode;
using migrate::RenderOptions;
using tests::World;

constexpr std::array kAllPhases{Phase::S0, Phase::S1, Phase::S2, Phase::S3, Phase::S4, Phase::S5,
                                Phase::S6, Phase::S7, Phase::S8, Phase::R1, Phase::R2};

RenderOptions with_controllers() {
  RenderOptions options;
  options.controllers =
      migrate::parse_controllers("3000@c0:9093,3001@c1:9093,3002@c2:9093").value();
  options.controller_listener = migrate::parse_controller_listener("CONTROLLER:PLAINTEXT").value();
  return options;
}

NodeFacts node_of(const std::string& name, const std::string& text) {
  return {
      .name = name,
      .config = NodeConfig(sim::PropertiesFile::parse(text, name + "/server.properties").value())};
}

// Nodes whose files are what was rendered.
migrate::ClusterFacts cluster_of(const RenderedFleet& fleet) {
  migrate::ClusterFacts facts;
  for (const RenderedNode& node : fleet.nodes)
    facts.nodes.push_back(node_of(node.name, node.after.text()));
  return facts;
}

migrate::ClusterFacts brokers_of(const std::string& text, const std::string& more = "") {
  migrate::ClusterFacts facts;
  for (const char* id : {"1", "2"})
    facts.nodes.push_back(
        node_of(std::string("broker-") + id, "broker.id=" + std::string(id) + "\n" + text + more));
  return facts;
}

constexpr const char* kPlain = "listeners=PLAINTEXT://h:9092\nzookeeper.connect=zk:2181/kafka\n";

const RenderedNode& named(const RenderedFleet& fleet, const std::string& name) {
  const auto found = std::ranges::find(fleet.nodes, name, &RenderedNode::name);
  sim::check(found != fleet.nodes.end(), "the fleet has the node");
  return *found;
}

std::string value(const RenderedFleet& fleet, const std::string& node, const std::string& key) {
  return named(fleet, node).after.get(key).value_or("(none)");
}

std::string remarks_of(const RenderedFleet& fleet) {
  std::string text;
  const auto add = [&](const migrate::Remark& remark) {
    text += std::string(name_of(remark.kind)) + " " + remark.node + " " + remark.key + ": " +
            remark.what + "\n";
  };
  std::ranges::for_each(fleet.remarks, add);
  for (const RenderedNode& node : fleet.nodes) std::ranges::for_each(node.remarks, add);
  return text;
}

bool has(const RenderedFleet& fleet, RemarkKind kind, const std::string& key) {
  const auto is = [&](const migrate::Remark& remark) {
    return remark.kind == kind && remark.key == key;
  };
  return std::ranges::any_of(fleet.remarks, is) ||
         std::ranges::any_of(fleet.nodes, [&](const RenderedNode& node) {
           return std::ranges::any_of(node.remarks, is);
         });
}

// ── Any cluster, any phase ──────────────────────────────────────────────────────────────────────

TEST(Render, EveryShapeOfASoundClusterIsTakenByKafkaAndIsItself) {
  for (const Phase from : {Phase::S0, Phase::S1, Phase::S2, Phase::S4, Phase::S5}) {
    const auto facts = World(from).facts();
    for (const Phase to : kAllPhases) {
      const RenderedFleet fleet = render_fleet(facts, to, with_controllers());
      const std::string what = std::string(name_of(from)) + " to " + std::string(name_of(to));
      EXPECT_EQ(remarks_of(fleet), "") << what;
      for (const RenderedNode& node : fleet.nodes) {
        const NodeConfig config(node.after);
        EXPECT_EQ(target_shape_of(config), node.shape) << what << " " << node.name;
        for (const auto& outcome : judge(config))
          EXPECT_FALSE(outcome.refused) << what << " " << node.name << ": " << *outcome.refused;
      }
      const RenderedFleet again = render_fleet(cluster_of(fleet), to, with_controllers());
      for (const RenderedNode& node : again.nodes)
        EXPECT_FALSE(node.is_changed()) << what << " " << node.name << "\n" << node.after.text();
    }
  }
}

TEST(Render, ForwardAndBackAgainGivesTheFileThatWas) {
  const std::string hers =
      "# broker of rack a\r\nbroker.id : 1\r\n\r\nlisteners=PLAINTEXT://h:9092\r\n"
      "log.dirs=/a,\\\r\n   /b\r\nzookeeper.connect zk:2181/kafka\r\n"
      "authorizer.class.name=kafka.security.authorizer.AclAuthorizer\r\n"
      "super.users=User:a\r\n! the end\r\n";
  migrate::ClusterFacts facts;
  facts.nodes.push_back(node_of("broker-1", hers));
  const auto hybrid = render_fleet(facts, Phase::S4, with_controllers());
  EXPECT_NE(named(hybrid, "broker-1").after.text(), hers);
  EXPECT_EQ(named(render_fleet(cluster_of(hybrid), Phase::R2, {}), "broker-1").after.text(), hers);

  // From KRaft mode, too, but for the places of what was gone.
  RenderOptions options;
  options.before = &facts;
  const auto kraft = render_fleet(cluster_of(hybrid), Phase::S6, {});
  const auto back = render_fleet(cluster_of(kraft), Phase::R1, options);
  EXPECT_EQ(remarks_of(back), "");
  const auto end = render_fleet(cluster_of(back), Phase::R2, options);
  EXPECT_EQ(named(end, "broker-1").after.text(),
            "# broker of rack a\r\nbroker.id : 1\r\n\r\nlisteners=PLAINTEXT://h:9092\r\n"
            "log.dirs=/a,\\\r\n   /b\r\n"
            "authorizer.class.name=kafka.security.authorizer.AclAuthorizer\r\n"
            "super.users=User:a\r\n! the end\r\n"
            "# zk2kraft: for the migration to KRaft\r\nzookeeper.connect=zk:2181/kafka\r\n");
}

// ── The matrix ──────────────────────────────────────────────────────────────────────────────────

TEST(Render, BrokersBecomeWhatTheMatrixSays) {
  const auto facts = brokers_of(
      kPlain,
      "zookeeper.set.acl=true\ninter.broker.protocol.version=3.9\n"
      "broker.id.generation.enable=false\nauthorizer.class.name="
      "kafka.security.authorizer.AclAuthorizer\npassword.encoder.secret=s\nsuper.users=User:a\n");
  const auto hybrid = render_fleet(facts, Phase::S2, with_controllers());
  EXPECT_EQ(value(hybrid, "broker-1", "zookeeper.metadata.migration.enable"), "true");
  EXPECT_EQ(value(hybrid, "broker-1", "controller.quorum.voters"),
            "3000@c0:9093,3001@c1:9093,3002@c2:9093");
  EXPECT_EQ(value(hybrid, "broker-1", "listener.security.protocol.map"),
            "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,"
            "CONTROLLER:PLAINTEXT");
  EXPECT_EQ(value(hybrid, "broker-1", "authorizer.class.name"),
            "kafka.security.authorizer.AclAuthorizer");
  const auto kraft = render_fleet(facts, Phase::S5, with_controllers());
  const std::map<std::string, std::string> expected{
      {"process.roles", "broker"},
      {"node.id", "1"},
      {"broker.id", "(none)"},
      {"zookeeper.connect", "(none)"},
      {"zookeeper.set.acl", "(none)"},
      {"zookeeper.metadata.migration.enable", "(none)"},
      {"inter.broker.protocol.version", "(none)"},
      {"broker.id.generation.enable", "(none)"},
      {"authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
      {"password.encoder.secret", "s"}};
  for (const auto& [key, after] : expected) EXPECT_EQ(value(kraft, "broker-1", key), after) << key;
}

TEST(Render, NewControllersHaveTheBrokersZooKeeperSecurityAndDefaults) {
  const auto facts = brokers_of(
      "listeners=INTERNAL://h:9092\ninter.broker.listener.name=INTERNAL\n"
      "listener.security.protocol.map=INTERNAL:SASL_SSL\nzookeeper.connect=zk:2181/kafka\n"
      "zookeeper.ssl.client.enable=true\nssl.truststore.location=/etc/kafka/trust.p12\n"
      "sasl.enabled.mechanisms=PLAIN\nsasl.mechanism.inter.broker.protocol=PLAIN\n"
      "listener.name.internal.plain.sasl.jaas.config=x;\nlistener.name.other.y=z\n"
      "min.insync.replicas=2\npassword.encoder.secret=s\nauthorizer.class.name="
      "kafka.security.authorizer.AclAuthorizer\nsuper.users=User:a\nnum.io.threads=3\n");
  auto options = with_controllers();
  options.controller_listener = migrate::parse_controller_listener("CONTROLLER:SSL").value();
  const auto first = render_fleet(facts, Phase::S1, options);
  EXPECT_EQ(remarks_of(first), "");
  ASSERT_EQ(first.nodes.size(), 5U);
  EXPECT_FALSE(named(first, "controller-3001").before);
  const std::map<std::string, std::string> expected{
      {"process.roles", "controller"},
      {"node.id", "3001"},
      {"listeners", "CONTROLLER://:9093"},
      {"log.dirs", "/var/lib/kafka/metadata"},
      {"zookeeper.metadata.migration.enable", "true"},
      {"zookeeper.connect", "zk:2181/kafka"},
      {"zookeeper.ssl.client.enable", "true"},
      {"inter.broker.listener.name", "INTERNAL"},
      {"ssl.truststore.location", "/etc/kafka/trust.p12"},
      {"listener.name.internal.plain.sasl.jaas.config", "x;"},
      {"listener.name.other.y", "(none)"},
      {"min.insync.replicas", "2"},
      {"password.encoder.secret", "s"},
      {"super.users", "User:a"},
      {"authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
      {"num.io.threads", "(none)"}};
  for (const auto& [key, after] : expected)
    EXPECT_EQ(value(first, "controller-3001", key), after) << key;
  const auto config = NodeConfig(named(first, "controller-3001").after);
  EXPECT_EQ(config.protocol_map()->at("INTERNAL"), "SASL_SSL");
  EXPECT_EQ(config.protocol_map()->at("CONTROLLER"), "SSL");

  const auto final_ones = render_fleet(cluster_of(first), Phase::S7, {});
  for (const char* key : {"zookeeper.connect", "zookeeper.metadata.migration.enable",
                          "zookeeper.ssl.client.enable", "password.encoder.secret"})
    EXPECT_EQ(value(final_ones, "controller-3001", key), "(none)") << key;
}

TEST(Render, WhatZooKeeperGaveIsSaidByTheNodeItself) {
  migrate::ClusterFacts facts;
  facts.nodes.push_back(node_of("broker-a", kPlain));
  facts.nodes[0].log_directories.push_back(
      {.file = "meta.properties", .node_id = sim::BrokerId(1001)});
  const auto fleet = render_fleet(facts, Phase::S2, with_controllers());
  EXPECT_EQ(remarks_of(fleet), "");
  EXPECT_EQ(value(fleet, "broker-a", "broker.id"), "1001");
  facts.nodes[0].log_directories.clear();
  const auto unknown = render_fleet(facts, Phase::S2, with_controllers());
  EXPECT_TRUE(has(unknown, RemarkKind::Question, "broker.id")) << remarks_of(unknown);
}

TEST(Render, ConfluentsProviderOfRulesFollowsTheAcls) {
  const auto facts =
      brokers_of(kPlain, "confluent.authorizer.access.rule.providers=ZK_ACL,CONFLUENT\n");
  const std::string key = "confluent.authorizer.access.rule.providers";
  const auto kraft = render_fleet(facts, Phase::S5, with_controllers());
  EXPECT_EQ(value(kraft, "broker-1", key), "KRAFT_ACL,CONFLUENT");
  RenderOptions options;
  options.before = &facts;
  EXPECT_EQ(value(render_fleet(cluster_of(kraft), Phase::R1, options), "broker-1", key),
            "ZK_ACL,CONFLUENT");
}

TEST(Render, SuperUsersOfBothSidesAreKnownToBoth) {
  auto facts = brokers_of(kPlain,
                          "authorizer.class.name=kafka.security.authorizer.AclAuthorizer\n"
                          "super.users=User:broker\n");
  facts.nodes.push_back(
      node_of("controller-3000",
              "process.roles=controller\nnode.id=3000\ncontroller.quorum.voters=3000@c:9093\n"
              "controller.listener.names=CONTROLLER\nlisteners=CONTROLLER://c:9093\n"
              "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
              "super.users=User:controller\n"));
  const auto fleet = render_fleet(facts, Phase::S2, {});
  EXPECT_EQ(value(fleet, "broker-2", "super.users"), "User:broker;User:controller");
  EXPECT_EQ(value(fleet, "controller-3000", "super.users"), "User:broker;User:controller");
  EXPECT_EQ(value(fleet, "controller-3000", "zookeeper.connect"), "zk:2181/kafka");
}

TEST(Render, AnEntryOfTheMapThatWasThereBeforeComesBackAsItWas) {
  const std::string key = "listener.security.protocol.map";
  const std::string map = "PLAINTEXT:PLAINTEXT,CONTROLLER:SSL";
  const auto facts = brokers_of(kPlain, key + "=" + map + "\n");
  const auto hybrid = render_fleet(facts, Phase::S4, with_controllers());
  EXPECT_EQ(value(hybrid, "broker-1", key), "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
  RenderOptions options;
  options.before = &facts;
  EXPECT_EQ(value(render_fleet(cluster_of(hybrid), Phase::R2, options), "broker-1", key), map);
}

// ── What cannot be decided ──────────────────────────────────────────────────────────────────────

TEST(Render, AsksForTheQuorumWhereNoFileNamesIt) {
  const auto fleet = render_fleet(brokers_of(kPlain), Phase::S2, {});
  EXPECT_TRUE(has(fleet, RemarkKind::Question, "controller.quorum.voters")) << remarks_of(fleet);
  EXPECT_TRUE(has(fleet, RemarkKind::Question, "controller.listener.names")) << remarks_of(fleet);
  EXPECT_FALSE(has(fleet, RemarkKind::Problem, "controller.quorum.voters")) << remarks_of(fleet);
  EXPECT_EQ(remarks_of(render_fleet(brokers_of(kPlain), Phase::S0, {})), "");
}

TEST(Render, AsksWhatBrokersHadInZooKeeperModeAndTakesItFromThoseStillThere) {
  const auto before = brokers_of(kPlain, "inter.broker.protocol.version=3.8\n");
  const auto kraft = cluster_of(render_fleet(before, Phase::S6, with_controllers()));
  const auto back = render_fleet(kraft, Phase::R1, {});
  EXPECT_TRUE(has(back, RemarkKind::Question, "inter.broker.protocol.version"));
  EXPECT_EQ(value(back, "broker-1", "zookeeper.connect"), "zk:2181/kafka") << "controllers know it";
  auto half = kraft;
  half.nodes[0] = cluster_of(render_fleet(before, Phase::S4, with_controllers())).nodes[0];
  const auto rest = render_fleet(half, Phase::R1, {});
  EXPECT_EQ(remarks_of(rest), "");
  EXPECT_EQ(value(rest, "broker-2", "inter.broker.protocol.version"), "3.8");
  RenderOptions said;
  said.protocol_version = "3.9";
  EXPECT_EQ(
      value(render_fleet(kraft, Phase::R1, said), "broker-2", "inter.broker.protocol.version"),
      "3.9");
  auto alone = kraft;
  std::erase_if(alone.nodes, [](const NodeFacts& node) { return node.is_controller(); });
  EXPECT_TRUE(has(render_fleet(alone, Phase::R1, said), RemarkKind::Question, "zookeeper.connect"));
}

TEST(Render, WhatKafkaWouldRefuseIsAProblemThatNamesTheRule) {
  const auto fleet = render_fleet(brokers_of(kPlain, "inter.broker.protocol.version=3.3\n"),
                                  Phase::S2, with_controllers());
  EXPECT_TRUE(has(fleet, RemarkKind::Problem, "inter.broker.protocol.version"));
  EXPECT_NE(remarks_of(fleet).find("K24"), std::string::npos) << remarks_of(fleet);
}

TEST(Render, WhatTheNodeFillsInIsKept) {
  const auto fleet =
      render_fleet(brokers_of(kPlain,
                              "config.providers=env\nconfig.providers.env.class="
                              "org.apache.kafka.common.config.provider.EnvVarConfigProvider\n"
                              "authorizer.class.name=kafka.security.authorizer.AclAuthorizer\n"
                              "super.users=${env:SUPER}\ncontroller.quorum.voters=${env:VOTERS}\n"),
                   Phase::S5, with_controllers());
  EXPECT_EQ(value(fleet, "broker-1", "super.users"), "${env:SUPER}");
  EXPECT_EQ(value(fleet, "broker-1", "controller.quorum.voters"), "${env:VOTERS}");
}

TEST(Render, HashesInThePlaceOfSecretsAreNotTakenForThem) {
  const auto fleet = render_fleet(brokers_of(kPlain, "ssl.key.password=REDACTED:ab:12\n"),
                                  Phase::S2, with_controllers());
  EXPECT_TRUE(has(fleet, RemarkKind::Question, "ssl.key.password")) << remarks_of(fleet);
}

TEST(Render, BrokersThatDifferAreAskedAbout) {
  auto facts = brokers_of(kPlain);
  facts.nodes[1] =
      node_of("broker-2", std::string("broker.id=2\nmin.insync.replicas=2\n") + kPlain);
  const auto fleet = render_fleet(facts, Phase::S1, with_controllers());
  EXPECT_TRUE(has(fleet, RemarkKind::Question, "min.insync.replicas")) << remarks_of(fleet);
}

TEST(Render, ControllersAndBrokersHaveIdsOfOneNameSpace) {
  RenderOptions options = with_controllers();
  options.controllers = migrate::parse_controllers("1@c0:9093").value();
  EXPECT_TRUE(
      has(render_fleet(brokers_of(kPlain), Phase::S1, options), RemarkKind::Problem, "node.id"));
}

TEST(Render, AfterTheEndThereIsNoWayBack) {
  const auto facts = World(Phase::S8).facts();
  EXPECT_EQ(remarks_of(render_fleet(facts, Phase::S8, {})), "");
  EXPECT_NE(remarks_of(render_fleet(facts, Phase::R1, {})).find("no way back"), std::string::npos);
}

TEST(Render, SaysWhatIsWrongWithTheNamesOfControllers) {
  for (const char* wrong : {"", "3000", "3000@host", "x@h:1", "1@h:1,1@g:1"})
    EXPECT_FALSE(migrate::parse_controllers(wrong)) << wrong;
  for (const char* wrong : {"", "CONTROLLER", "CONTROLLER:TLS", ":SSL"})
    EXPECT_FALSE(migrate::parse_controller_listener(wrong)) << wrong;
}

TEST(Render, EachRowOfTheMatrixThatSetsSaysHow) {
  for (const auto& row : migrate::property_matrix()) {
    const bool sets =
        std::ranges::find(row.treatments, migrate::Treatment::Set) != row.treatments.end();
    EXPECT_EQ(sets, row.wanted != nullptr) << row.key;
    EXPECT_FALSE(row.why.empty()) << row.key;
    EXPECT_EQ(migrate::row_of_property(row.key), &row) << row.key;
  }
}

}  // namespace
