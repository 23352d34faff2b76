#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/migrate/check/world.h"

namespace tests {

// What must be found, and what must not although it is near it.
struct Fixture {
  std::string_view check;
  Phase phase;
  void (*breaks)(World&);
  void (*nearly)(World&) = nullptr;  // none: the sound world
};

inline sim::Record acl_record(const std::string& resource,
                              const std::string& principal = "User:a") {
  return sim::AccessControlEntryRecord{.id = sim::Uuid{1, 2},
                                       .resource_type = sim::AclResourceType::Group,
                                       .resource_name = resource,
                                       .pattern_type = sim::PatternType::Literal,
                                       .principal = principal,
                                       .host = "*",
                                       .operation = sim::AclOperation::Read,
                                       .permission_type = sim::AclPermissionType::Allow};
}
inline std::string acl_znode(const std::string& principal) {
  return R"({"version":1,"acls":[{"principal":")" + principal +
         R"(","permissionType":"Allow","operation":"Read","host":"*"}]})";
}
inline std::string token_znode() {
  return zk::encode(zk::DelegationTokenZnode{.token_id = "t",
                                             .owner = "User:a",
                                             .token_requester = "User:a",
                                             .issue_timestamp_ms = 1,
                                             .expiry_timestamp_ms = 2,
                                             .max_timestamp_ms = 3});
}
inline sim::Record config_record(sim::ConfigResourceType type, const std::string& resource,
                                 const std::string& name) {
  return sim::ConfigRecord{
      .resource_type = type, .resource_name = resource, .name = name, .value = "x"};
}

inline const std::vector<Fixture>& fixtures() {
  static const std::vector<Fixture> all{
      // ── Versions ──
      {"A01", Phase::S0,
       [](World& w) { w.edit("broker-1", [](auto& n) { n.software = "3.6.1"; }); },
       [](World& w) { w.edit("broker-1", [](auto& n) { n.software = "3.9.0"; }); }},
      {"A02", Phase::S2,
       [](World& w) { w.edit("broker-1", [](auto& n) { n.software = "3.9.0"; }); }},
      {"A03", Phase::S0,
       [](World& w) { w.set("broker-1", "inter.broker.protocol.version", "3.6-IV0"); },
       [](World& w) { w.set("broker-1", "inter.broker.protocol.version", "3.6-IV1"); }},
      {"A04", Phase::S2,
       [](World& w) { w.set("broker-1", "inter.broker.protocol.version", "3.8"); },
       [](World& w) { w.set("broker-1", "inter.broker.protocol.version", "3.9-IV0"); }},

      // ── Identities ──
      {"B01", Phase::S1,
       [](World& w) {
         w.edit("controller-3000", [](auto& n) { n.log_directories[0].cluster_id = "other"; });
       }},
      {"B02", Phase::S1, [](World& w) { w.set("controller-3000", "node.id", "1"); }},
      {"B06", Phase::S0, [](World& w) { w.set("broker-1", "broker.id", "7"); },
       [](World& w) { w.set("broker-1", "node.id", "1"); }},
      {"B07", Phase::S1,
       [](World& w) {
         for (const char* node : {"controller-3000", "controller-3001", "controller-3002"})
           w.set(node, "controller.quorum.voters", "3000@c0:9093,3001@c1:9093");
       }},
      {"B08", Phase::S1,
       [](World& w) { w.set("controller-3000", "process.roles", "broker,controller"); }},
      {"B09", Phase::S1, [](World& w) { w.state(sim::ZkMigrationState::None); }},
      {"B11", Phase::S2,
       [](World& w) { w.set("broker-1", "controller.quorum.voters", "3000@c0:9093"); },
       [](World& w) {
         w.set("broker-1", "controller.quorum.voters", "3001@c1:9093,3002@c2:9093,3000@c0:9093");
       }},
      {"B12", Phase::S2,
       [](World& w) { w.znode("/brokers/ids/3", zk::encode(zk::BrokerZnode{})); }},
      {"B13", Phase::S0,
       [](World& w) {
         w.znode("/brokers/topics/orders", World::topic(R"("0":[1,2,4],"1":[2,1])"));
       }},
      {"B14", Phase::S0,
       [](World& w) {
         w.znode("/config/brokers/4", R"({"version":1,"config":{"log.cleaner.threads":"2"}})");
       },
       [](World& w) {
         w.znode("/config/brokers/2", R"({"version":1,"config":{"log.cleaner.threads":"2"}})");
       }},

      // ── Configurations against each other ──
      {"C04", Phase::S1,
       [](World& w) {
         w.set_all("broker", "inter.broker.listener.name", "INTERNAL");
         w.set_all("broker", "listener.security.protocol.map",
                   "PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT");
         w.set_all("broker", "listeners", "PLAINTEXT://:1,INTERNAL://:2");
       },
       [](World& w) { w.set_all("controller", "inter.broker.listener.name", "plaintext"); }},
      {"C07", Phase::S6,
       [](World& w) {
         w.set("broker-1", "authorizer.class.name", "kafka.security.authorizer.AclAuthorizer");
       },
       [](World& w) { w.set("broker-1", "authorizer.class.name", "com.example.Own"); }},
      {"C07", Phase::S1, [](World& w) { w.unset("controller-3001", "authorizer.class.name"); },
       [](World& w) {
         w.unset_all("broker", "authorizer.class.name")
             .unset_all("controller", "authorizer.class.name");
       }},
      {"C09", Phase::S1,
       [](World& w) { w.set("controller-3000", "super.users", "User:controller"); },
       [](World& w) {
         w.set_all("", "super.users", "User:b; User:a")
             .set("broker-1", "super.users", "User:a;User:b");
       }},
      {"C10", Phase::S1,
       [](World& w) { w.set("controller-3000", "zookeeper.connect", "zk:2181/kafka"); },
       [](World& w) { w.set("controller-3000", "zookeeper.connect", "zk:2181/"); }},
      {"C13", Phase::S1,
       [](World& w) {
         w.znode(
             "/config/brokers/1",
             R"({"version":1,"config":{"ssl.keystore.password":"keyFactoryAlgorithm:PBKDF2WithHmacSHA512,passwordLength:3,iterations:4096,keyLength:128,cipherAlgorithm:AES/CBC/PKCS5Padding,salt:YQ==,initializationVector:YQ==,encryptedPassword:YQ=="}})");
       },
       [](World& w) {
         w.znode(
             "/config/brokers/1",
             R"({"version":1,"config":{"ssl.keystore.password":"keyFactoryAlgorithm:PBKDF2WithHmacSHA512,passwordLength:3,iterations:4096,keyLength:128,cipherAlgorithm:AES/CBC/PKCS5Padding,salt:YQ==,initializationVector:YQ==,encryptedPassword:YQ=="}})");
         w.set_all("controller", "password.encoder.secret", "secret");
       }},
      {"C14", Phase::S1, [](World& w) { w.set_all("broker", "min.insync.replicas", "2"); },
       [](World& w) { w.set_all("", "min.insync.replicas", "2"); }},
      {"C15", Phase::S6, [](World& w) { w.set("broker-1", "zookeeper.connect", "zk:2181"); }},
      {"C18", Phase::S0,
       [](World& w) { w.set("broker-1", "unclean.leader.election.enable", "true"); },
       [](World& w) { w.set("broker-1", "unclean.leader.election.enable", "false"); }},

      // What is dynamic counts, and what cannot be dynamic does not.
      {"C18", Phase::S0,
       [](World& w) {
         w.set("broker-1", "num.partitions", "7");
         w.znode("/config/brokers/<default>", R"({"version":1,"config":{"num.partitions":"7"}})");
       },
       [](World& w) {
         w.set("broker-1", "num.io.threads", "7");
         w.znode("/config/brokers/<default>", R"({"version":1,"config":{"num.io.threads":"7"}})");
       }},
      {"C14", Phase::S4, [](World& w) { w.set_all("broker", "min.insync.replicas", "2"); },
       [](World& w) {
         w.set_all("broker", "min.insync.replicas", "2");
         w.znode("/config/brokers/<default>",
                 R"({"version":1,"config":{"min.insync.replicas":"1"}})");
       }},
      {"K45", Phase::S0,
       [](World& w) {
         w.znode("/config/brokers/1",
                 R"({"version":1,"config":{"advertised.listeners":"PLAINTEXT://0.0.0.0:9092"}})");
       },
       [](World& w) {
         w.znode("/config/brokers/1",
                 R"({"version":1,"config":{"advertised.listeners":"PLAINTEXT://b:9092"}})");
       }},
      {"K45", Phase::S4,
       [](World& w) {
         w.znode("/config/brokers/<default>",
                 R"({"version":1,"config":{"message.max.bytes":"-1"}})");
       },
       [](World& w) {
         w.znode("/config/brokers/<default>",
                 R"({"version":1,"config":{"message.max.bytes":"1"}})");
       }},

      // ── ZooKeeper's content ──
      {"D01", Phase::S1, [](World& w) { w.znode("/migration", World::migration(77)); }},
      {"D02", Phase::S1, [](World& w) { w.znode("/migration", ""); }},
      {"D03", Phase::S0,
       [](World& w) {
         w.znode("/controller",
                 R"({"version":2,"brokerid":3000,"timestamp":"0","kraftControllerEpoch":7})");
       }},
      {"D04", Phase::S0, [](World& w) { w.without("/controller_epoch"); }},
      {"D05", Phase::S0, [](World& w) { w.znode("/kafka-acl/Group/g", acl_znode("alice")); },
       [](World& w) { w.znode("/kafka-acl/Group/g", acl_znode("User:alice")); }},
      {"D06", Phase::S0,
       [](World& w) { w.znode("/kafka-acl-extended/prefixed/Group/a*", acl_znode("User:a")); },
       [](World& w) { w.znode("/kafka-acl/Group/*", acl_znode("User:a")); }},
      {"D07", Phase::S0, [](World& w) { w.znode("/kafka-acl/Group/g", "{"); }},
      {"D08", Phase::S0, [](World& w) { w.znode("/admin/delete_topics/orders", ""); }},
      {"D09", Phase::S0,
       [](World& w) {
         w.znode(
             "/brokers/topics/orders",
             R"({"version":3,"topic_id":"Xk3Z2c5KQ0CJLgD8kN0t3A","partitions":{"0":[1,2],"1":[2,1]},"adding_replicas":{"0":[2]},"removing_replicas":{}})");
       }},
      {"D10", Phase::S0,
       [](World& w) {
         w.znode("/admin/preferred_replica_election",
                 R"({"version":1,"partitions":[{"topic":"orders","partition":0}]})");
       }},
      {"D11", Phase::S0,
       [](World& w) {
         w.znode("/brokers/topics/old", R"({"version":1,"partitions":{"0":[1,2]}})");
       }},
      {"D13", Phase::S0,
       [](World& w) {
         w.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(1, "2"));
       }},
      {"D16", Phase::S0, nullptr},  // its own test: it depends on a secret
      {"D17", Phase::S0,
       [](World& w) {
         w.znode("/config/brokers/<default>",
                 R"({"version":1,"config":{"log.cleaner.threads":"2"}})");
       },
       [](World& w) { w.znode("/config/brokers/<default>", R"({"version":1,"config":{}})"); }},
      {"D18", Phase::S1, [](World& w) { w.znode("/delegation_token/tokens/t", token_znode()); },
       [](World& w) {
         w.znode("/delegation_token/tokens/t", token_znode());
         w.set_all("controller", "delegation.token.secret.key", "s");
       }},
      {"D21", Phase::S0, [](World& w) { w.znode("/consumers/big", std::string(900'000, 'x')); },
       [](World& w) { w.znode("/consumers/big", std::string(800'000, 'x')); }},
      {"D22", Phase::S0, [](World& w) { w.owned("/controller_epoch", "sasl", "kafka"); }},
      {"D23", Phase::S0, [](World& w) { w.znode("/solr", ""); }},
      {"D24", Phase::S0, [](World&) {},
       [](World& w) { w.without("/brokers/topics/orders").without("/config/topics/orders"); }},

      // ── Health ──
      {"E01", Phase::S0,
       [](World& w) {
         w.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(1, "1"));
       }},
      {"E01", Phase::S4,
       [](World& w) {
         w.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(1, "1"));
       }},
      {"E02", Phase::S0,
       [](World& w) {
         w.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(-1, "1"));
       }},
      {"E03", Phase::S0, [](World& w) { w.set_all("broker", "min.insync.replicas", "2"); },
       [](World& w) {
         w.set_all("broker", "min.insync.replicas", "2");
         w.znode("/config/topics/orders", R"({"version":1,"config":{"min.insync.replicas":"1"}})");
       }},
      {"E03", Phase::S0,
       [](World& w) {
         w.znode("/config/brokers/<default>",
                 R"({"version":1,"config":{"min.insync.replicas":"2"}})");
       },
       [](World& w) {
         w.set_all("broker", "min.insync.replicas", "2");
         w.znode("/config/brokers/<default>",
                 R"({"version":1,"config":{"min.insync.replicas":"1"}})");
       }},
      {"E14", Phase::S0,
       [](World& w) {
         w.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(2, "1,2"));
       }},

      // ── Gates ──
      {"G03", Phase::S4,
       [](World& w) { w.edit_log([](auto& log) { log.end.epoch = sim::RaftEpoch(9); }); },
       [](World& w) { w.edit_log([](auto& log) { log.end.epoch = sim::RaftEpoch(8); }); }},
      {"G04", Phase::S4,
       [](World& w) {
         w.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(1, "1,2", 11));
       },
       [](World& w) {
         w.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(1, "1,2", 10));
       }},
      // A broker that leads has the epoch that the znode says; the next one has one more.
      {"G04", Phase::R2,
       [](World& w) {
         w.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(1, "1,2", 10));
       },
       [](World& w) {
         w.without("/controller");
         w.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(1, "1,2", 10));
       }},
      {"G13", Phase::S4,
       [](World& w) {
         w.only_in_zookeeper("/config/topics/orders",
                             R"({"version":1,"config":{"retention.ms":"2000"}})");
       }},
      {"H01", Phase::S7,
       [](World& w) {
         w.record(sim::RegisterBrokerRecord{.broker_id = sim::BrokerId(1),
                                            .is_migrating_zk_broker = true,
                                            .broker_epoch = sim::BrokerEpoch(9)});
       }},
      {"H08", Phase::S4,
       [](World& w) { w.set("controller-3001", "zookeeper.metadata.migration.enable", "false"); },
       [](World& w) { w.set("controller-3001", "zookeeper.metadata.migration.enable", "TRUE"); }},

      // ── Seen on real clusters ──
      {"N01", Phase::R2, [](World& w) { w.state(sim::ZkMigrationState::Migration); },
       [](World& w) { w.state(sim::ZkMigrationState::PreMigration); }},
      {"N02", Phase::S4, [](World& w) { w.record(acl_record("team/app")); },
       [](World& w) { w.record(acl_record("team.app*")); }},
      {"N02", Phase::S4, [](World& w) { w.record(acl_record("..")); },
       [](World& w) { w.record(acl_record("...")); }},
      {"N03", Phase::S4,
       [](World& w) {
         w.record(config_record(sim::ConfigResourceType::ClientMetrics, "all", "metrics"));
       },
       [](World& w) {
         w.record(config_record(sim::ConfigResourceType::Broker, "", "log.cleaner.threads"));
       }},
      {"N04", Phase::S4,
       [](World& w) {
         w.only_in_zookeeper("/config/clients/app",
                             R"({"version":1,"config":{"producer_byte_rate":"1024"}})");
       },
       [](World& w) {
         w.znode("/config/clients/app", R"({"version":1,"config":{"producer_byte_rate":"1024"}})");
       }},
      {"N05", Phase::S4,
       [](World& w) {
         w.record(sim::BrokerRegistrationChangeRecord{.broker_id = sim::BrokerId(1),
                                                      .broker_epoch = sim::BrokerEpoch(1),
                                                      .fenced = sim::FencingChange::Fence});
         w.edit_log([](auto& log) { log.unfenced_in_vain[sim::BrokerId(1)] = sim::Offset(40); });
       },
       [](World& w) {
         w.edit_log([](auto& log) { log.unfenced_in_vain[sim::BrokerId(1)] = sim::Offset(40); });
       }},
      {"N06", Phase::S0,
       [](World& w) { w.znode("/config/topics/gone", R"({"version":1,"config":{}})"); }},
      {"N07", Phase::S4,
       [](World& w) { w.record(sim::TopicRecord{.name = "new", .topic_id = sim::Uuid{3, 4}}); }},
      {"N08", Phase::S4, [](World& w) { w.times(100, 900, 950); },
       [](World& w) { w.times(100, 900, 150); }},
      {"N09", Phase::S3, [](World& w) { w.state(sim::ZkMigrationState::Migration); }},
      {"N10", Phase::S4,
       [](World& w) {
         w.edit_log([](auto& log) {
           log.end.epoch = sim::RaftEpoch(6);
           log.leader = sim::BrokerId(3001);
         });
       }},
      {"N11", Phase::S1,
       [](World& w) {
         w.set_all("", "controller.quorum.bootstrap.servers", "c0:9093")
             .unset_all("controller", "controller.quorum.voters");
         w.set("controller-3002", "zookeeper.metadata.migration.enable", "false");
       },
       [](World& w) {
         w.set_all("controller", "controller.quorum.bootstrap.servers", "c0:9093")
             .unset_all("controller", "controller.quorum.voters");
       }},
      {"N12", Phase::S2,
       [](World& w) { w.set("controller-3000", "zookeeper.session.timeout.ms", "6000"); },
       [](World& w) { w.set("controller-3000", "zookeeper.session.timeout.ms", "30000"); }},
      {"N13", Phase::S4,
       [](World& w) {
         w.record(config_record(sim::ConfigResourceType::Broker, "1", "ssl.keystore.password"));
       },
       [](World& w) {
         w.record(config_record(sim::ConfigResourceType::Broker, "1", "ssl.keystore.location"));
       }},
      {"N14", Phase::S0,
       [](World& w) {
         w.znode("/cluster/id", R"({"version":"1","id":"-k3Z2c5KQ0CJLgD8kN0t3A"})");
       }},
      {"N15", Phase::S0, [](World& w) { w.without("/brokers/topics/orders/partitions/1"); }},
      {"N17", Phase::S4, [](World& w) { w.state(sim::ZkMigrationState::PreMigration); }},
      {"N19", Phase::S0, [](World& w) { w.znode("/kafka-acl/Group/$audit", acl_znode("User:a")); },
       [](World& w) { w.znode("/kafka-acl/Group/audit$", acl_znode("User:a")); }},
      {"N20", Phase::S0,
       [](World& w) {
         w.znode("/kafka-acl/Group/*", acl_znode("User:a"));
         w.znode("/kafka-acl/Group/*star", acl_znode("User:b"));
       },
       [](World& w) {
         w.znode("/kafka-acl/Group/*", acl_znode("User:a"));
         w.znode("/kafka-acl/Group/star*", acl_znode("User:b"));
       }},
      {"N18", Phase::S4,
       [](World& w) {
         w.only_in_zookeeper(
             "/config/topics/orders",
             R"({"version":1,"config":{"retention.ms":"1000","max.message.bytes":"900"}})");
         w.edit_log([](auto& log) {
           log.configs_of_deleted_topics[{sim::ConfigResourceType::Topic, "orders"}]
                                        ["max.message.bytes"] = "900";
         });
       },
       [](World& w) {
         w.edit_log([](auto& log) {
           log.configs_of_deleted_topics[{sim::ConfigResourceType::Topic, "orders"}]
                                        ["max.message.bytes"] = "900";
         });
       }},
      {"N16", Phase::S3,
       [](World& w) { w.record(sim::TopicRecord{.name = "new", .topic_id = sim::Uuid{3, 4}}); },
       [](World& w) {
         w.record(sim::TopicRecord{.name = "new", .topic_id = sim::Uuid{3, 4}})
             .state(sim::ZkMigrationState::Migration);
       }},
  };
  return all;
}

}  // namespace tests
