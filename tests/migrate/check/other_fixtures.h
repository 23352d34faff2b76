#pragma once

#include <string>
#include <vector>

#include "tests/migrate/check/fixtures.h"

namespace tests {

inline std::string config_znode(const std::string& name, const std::string& value) {
  return R"({"version":1,"config":{")" + name + R"(":")" + value + R"("}})";
}
inline void dynamic_quorum(World& w) {
  w.set_all("", "controller.quorum.bootstrap.servers", "c0:9093,c1:9093,c2:9093")
      .unset_all("", "controller.quorum.voters");
}
inline void in_three_racks(World& w) {
  for (const char* id : {"1", "2", "3"}) {
    zk::BrokerZnode broker;
    broker.rack = std::string("az-") + id;
    w.znode(std::string("/brokers/ids/") + id, zk::encode(broker));
  }
}
inline void topic_with_lost_directory(World& w) {
  w.record(sim::TopicRecord{.name = "new", .topic_id = sim::Uuid{3, 4}});
  sim::PartitionRecord partition{.partition_id = sim::PartitionId(0), .topic_id = sim::Uuid{3, 4}};
  partition.replicas = partition.isr = {sim::BrokerId(1)};
  partition.leader = sim::BrokerId(1);
  partition.directories = {sim::kLostDirectory};
  w.record(partition);
}

// Of the checks in the files beside the older ones. What a passing world is asked is answered.
inline const std::vector<Fixture>& other_fixtures() {
  static const std::vector<Fixture> all{
      // ── Releases, the quorum's kind, plugins ──
      {"A01", Phase::S0,
       [](World& w) {
         w.profile(migrate::Profile::Strimzi).edit("broker-1", [](auto& n) {
           n.software = "3.6.2";
         });
       }},
      {"A01", Phase::S0,
       [](World& w) { w.edit("broker-1", [](auto& n) { n.software = "7.5.0-ccs"; }); },
       [](World& w) { w.edit("broker-1", [](auto& n) { n.software = "7.9.1-ccs"; }); }},
      {"A08", Phase::S0,
       [](World& w) { w.edit("broker-1", [](auto& n) { n.software = "3.6.1"; }); },
       [](World& w) {
         w.edit("broker-1", [](auto& n) { n.software = "3.9.2"; });
         for (const char* node : {"broker-2"}) w.edit(node, [](auto& n) { n.software = "3.9.2"; });
       }},
      {"A09", Phase::S1,
       [](World& w) {
         w.unset("controller-3002", "controller.quorum.voters")
             .set("controller-3002", "controller.quorum.bootstrap.servers", "c0:9093");
       },
       &dynamic_quorum},
      {"A10", Phase::S1,
       [](World& w) {
         dynamic_quorum(w);
         w.set("controller-3002", "node.id", "3009");
       },
       &dynamic_quorum},
      {"A11", Phase::S0,
       [](World& w) {
         w.set("broker-1", "confluent.schema.registry.authorizer.class",
               "io.confluent.kafka.schemaregistry.security.TopicAclAuthorizer");
       },
       [](World& w) { w.set("broker-1", "confluent.schema.registry.authorizer.class", "own"); }},
      {"A12", Phase::S1,
       [](World& w) {
         w.set_all("broker", "create.topic.policy.class.name", "com.example.Policy");
       },
       [](World& w) { w.set_all("", "create.topic.policy.class.name", "com.example.Policy"); }},
      {"A13", Phase::S0,
       [](World& w) {
         w.set("broker-1", "authorizer.class.name", "kafka.security.auth.SimpleAclAuthorizer");
       },
       [](World& w) { w.set("broker-1", "authorizer.class.name", "com.example.Own"); }},

      // ── Hosts, ports, disks, racks ──
      {"B10", Phase::S1,
       [](World& w) {
         w.set_all("", "controller.quorum.voters", "3000@c0:9093")
             .set("controller-3000", "log.dirs", "/tmp/kafka");
       },
       [](World& w) { w.set_all("controller", "log.dirs", "/tmpfs/kafka"); }},
      {"B15", Phase::S1,
       [](World& w) {
         w.set_all("", "controller.quorum.voters", "3000@b1:9092,3001@c1:9093,3002@c2:9093");
       },
       [](World& w) {
         w.set_all("", "controller.quorum.voters", "3000@b1:9093,3001@c1:9093,3002@c2:9093");
       }},
      {"B18", Phase::S1,
       [](World& w) {
         w.set_all("", "controller.quorum.voters", "3000@lb:9093,3001@lb:9093,3002@c2:9093");
       }},
      {"B18", Phase::S1,
       [](World& w) {
         dynamic_quorum(w);
         w.set("broker-1", "controller.quorum.bootstrap.servers", "lb:9093");
       },
       &dynamic_quorum},
      {"B23", Phase::S0,
       [](World& w) {
         in_three_racks(w);
         w.profile(migrate::Profile::Msk)
             .znode("/config/brokers/1", config_znode("advertised.listeners", "PLAINTEXT://b:1"));
       },
       [](World& w) {
         in_three_racks(w);
         w.profile(migrate::Profile::Msk);
       }},
      {"E04", Phase::S0,
       [](World& w) {
         in_three_racks(w);
         w.set_all("broker", "broker.rack", "az-1");
       },
       &in_three_racks},
      {"E05", Phase::S1, [](World& w) { w.without("/controller"); }},
      {"E05", Phase::R2, [](World& w) { w.without("/brokers/ids/1"); }},
      {"E07", Phase::S0,
       [](World& w) { w.znode("/log_dir_event_notification/log_dir_event_0000000000", ""); }},
      {"E07", Phase::S4, &topic_with_lost_directory},

      // ── Who trusts whom ──
      {"C08", Phase::S6,
       [](World& w) {
         w.set("broker-1", "confluent.authorizer.access.rule.providers", "CONFLUENT,ZK_ACL");
       },
       [](World& w) {
         w.set("broker-1", "confluent.authorizer.access.rule.providers", "CONFLUENT,KRAFT_ACL");
       }},
      {"C11", Phase::S1,
       [](World& w) { w.set_all("broker", "zookeeper.ssl.client.enable", "true"); },
       [](World& w) { w.set_all("", "zookeeper.ssl.client.enable", "true"); }},
      {"C12", Phase::S0, [](World& w) { w.set("broker-1", "zookeeper.set.acl", "true"); },
       [](World& w) { w.set_all("", "zookeeper.set.acl", "true"); }},
      {"C12", Phase::S0, [](World& w) { w.owned("/controller_epoch", "sasl", "kafka"); }},
      {"C21", Phase::S1,
       [](World& w) {
         w.set_all("controller", "listener.security.protocol.map",
                   "PLAINTEXT:PLAINTEXT,CONTROLLER:SSL");
       },
       [](World& w) {
         w.set_all("controller", "listener.security.protocol.map",
                   "PLAINTEXT:PLAINTEXT,CONTROLLER:SSL")
             .set_all("controller", "listener.name.controller.ssl.keystore.location", "/k");
       }},

      // ── Keys ──
      {"C16", Phase::S0, [](World& w) { w.set("broker-1", "log.message.format.version", "3.0"); },
       [](World& w) { w.set("broker-1", "log.message.timestamp.type", "CreateTime"); }},
      {"C17", Phase::S0, [](World& w) { w.set("broker-1", "log.dirs", "/a\nlog.dirs=/b"); },
       [](World& w) { w.set("broker-1", "log.dirs", "/a\nlog.dirs=/a"); }},
      {"C20", Phase::S2, [](World& w) { w.set("broker-1", "log.dirs", "/a,/b"); },
       [](World& w) {
         w.set("broker-1", "log.dirs", "/a,/b").set("broker-1", "metadata.log.dir", "/a");
       }},
      {"F08", Phase::S1, [](World& w) { w.set_all("broker", "metric.reporters", "com.example.R"); },
       [](World& w) { w.set_all("", "metric.reporters", "com.example.R"); }},

      // ── What else ZooKeeper holds ──
      {"D14", Phase::S0,
       [](World& w) {
         w.znode("/config/clients/<default>", config_znode("producer_byte_rate", "1024"));
         w.edit("broker-1", [](auto& n) { n.software = "3.7.0"; });
       },
       [](World& w) {
         w.znode("/config/clients/<default>", config_znode("producer_byte_rate", "1024"));
       }},
      {"D15", Phase::S0,
       [](World& w) {
         w.znode("/config/users/alice",
                 config_znode("SCRAM-SHA-256",
                              "salt=YQ==,stored_key=YQ==,server_key=YQ==,iterations=4096"));
       }},
      {"D19", Phase::S0, [](World& w) { w.znode("/latest_producer_id_block", "{"); },
       [](World& w) {
         w.znode("/latest_producer_id_block",
                 R"({"version":1,"broker":2,"block_start":"0","block_end":"999"})");
       }},
      {"D20", Phase::S0, [](World& w) { w.znode("/config/cluster-links/a", "{}"); },
       [](World& w) { w.znode("/config/cluster-links/a", "{}").znode("/cluster_links/a", "{}"); }},
      {"D26", Phase::S0,
       [](World& w) { w.znode("/feature", R"({"features":{},"version":2,"status":0})"); },
       [](World& w) {
         w.without("/feature").set_all("broker", "inter.broker.protocol.version", "2.6");
       }},
      {"F03", Phase::S0, [](World& w) { w.znode("/schema_registry/schema_id_counter", "1"); }},
      {"F06", Phase::S0, [](World& w) { w.znode("/consumers/g/ids/c-1", "{}"); },
       [](World& w) { w.znode("/consumers/g/offsets/t/0", "1"); }},

      // ── The way back, the way to the end ──
      {"G01", Phase::R1, [](World& w) { w.state(sim::ZkMigrationState::PostMigration); }},
      {"G05", Phase::R1,
       [](World& w) { w.edit_log([](auto& log) { log.at_checkpoint = sim::MetadataImage(); }); }},
      {"G07", Phase::S4,
       [](World& w) { w.unset("broker-1", "zookeeper.metadata.migration.enable"); }},
      {"G09", Phase::R2,
       [](World& w) {
         w.edit("broker-1", [](auto& n) {
           n.has_metadata_log = true;
           n.software = "3.7.0";
         });
       },
       [](World& w) { w.edit("broker-1", [](auto& n) { n.has_metadata_log = true; }); }},
      {"G10", Phase::R2,
       [](World& w) {
         w.znode("/kafka-acl/Group/g", acl_znode("User:a"))
             .unset("broker-1", "authorizer.class.name");
       },
       [](World& w) { w.znode("/kafka-acl/Group/g", acl_znode("User:a")); }},
      {"G11", Phase::R1,
       [](World& w) { w.set("broker-1", "inter.broker.protocol.version", "3.8"); },
       [](World& w) { w.set("broker-1", "inter.broker.protocol.version", "3.9-IV0"); }},
      {"G12", Phase::S1, [](World& w) { w.state(sim::ZkMigrationState::Migration); },
       [](World& w) { w.state(sim::ZkMigrationState::PreMigration); }},
      {"H02", Phase::S7, [](World& w) { w.unset("broker-1", "process.roles"); }},
      {"H03", Phase::S6,
       [](World& w) {
         w.record(sim::BrokerRegistrationChangeRecord{.broker_id = sim::BrokerId(1),
                                                      .broker_epoch = sim::BrokerEpoch(1),
                                                      .fenced = sim::FencingChange::Fence});
       }},
      {"H04", Phase::S6, [](World& w) { w.follower(3001, 4); },
       [](World& w) { w.follower(3001, 5); }},
      {"H05", Phase::S7,
       [](World& w) {
         w.only_in_zookeeper("/config/topics/orders", config_znode("retention.ms", "2000"));
       }},
      {"H09", Phase::S6, [](World& w) { w.unset("broker-1", "authorizer.class.name"); },
       [](World& w) {
         w.unset_all("broker", "authorizer.class.name")
             .unset_all("controller", "authorizer.class.name");
       }},
  };
  return all;
}

}  // namespace tests
