#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/migrate/check/world.h"

namespace tests {

// What Kafka refuses, one line a rule: on which node, and what is set there ("-" takes the key
// away).
struct RuleFixture {
  std::string_view check;
  Phase phase;
  std::string_view node;
  std::vector<std::pair<std::string, std::string>> settings;
};

inline const std::vector<RuleFixture>& rule_fixtures() {
  static const std::vector<RuleFixture> all{
      {"K01", Phase::S0, "broker-1", {{"num.partitions", "many"}}},
      {"K02", Phase::S0, "broker-1", {{"node.id", "7"}}},
      {"K03", Phase::S0, "broker-1", {{"zookeeper.connect", "-"}}},
      {"K04", Phase::S2, "broker-1", {{"broker.id", "-"}}},
      {"K05", Phase::S0, "broker-1", {{"broker.id", "1001"}}},
      {"K06", Phase::S1, "controller-3000", {{"node.id", "-1"}}},
      {"K07", Phase::S1, "controller-3000", {{"zookeeper.connect", "-"}}},
      {"K08", Phase::S0, "broker-1", {{"log.retention.ms", "0"}}},
      {"K09", Phase::S0, "broker-1", {{"log.dirs", ","}}},
      {"K10", Phase::S0, "broker-1", {{"log.cleaner.threads", "128"}}},
      {"K11", Phase::S0, "broker-1", {{"replica.lag.time.max.ms", "100"}}},
      {"K12", Phase::S1, "controller-3000", {{"controller.quorum.voters", "-"}}},
      {"K13", Phase::S2, "broker-1", {{"controller.quorum.voters", "-"}}},
      {"K14", Phase::S6, "broker-1", {{"control.plane.listener.name", "PLAINTEXT"}}},
      {"K15", Phase::S6, "broker-1", {{"node.id", "3000"}}},
      {"K16", Phase::S6, "broker-1", {{"controller.listener.names", ""}}},
      {"K17", Phase::S6, "broker-1", {{"listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"}}},
      {"K18", Phase::S6, "broker-1", {{"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT"}}},
      {"K19",
       Phase::S1,
       "controller-3000",
       {{"listeners", "CONTROLLER://:9093,PLAINTEXT://:9092"}}},
      {"K20", Phase::S1, "controller-3000", {{"node.id", "3003"}}},
      {"K21", Phase::S1, "controller-3000", {{"controller.listener.names", "OTHER"}}},
      {"K22", Phase::S1, "controller-3000", {{"controller.listener.names", "CONTROLLER,OTHER"}}},
      {"K23", Phase::S2, "broker-1", {{"controller.listener.names", "-"}}},
      {"K24", Phase::S2, "broker-1", {{"inter.broker.protocol.version", "3.3"}}},
      {"K25",
       Phase::S2,
       "broker-1",
       {{"inter.broker.protocol.version", "3.6"}, {"log.dirs", "/a,/b"}}},
      {"K26", Phase::S0, "broker-1", {{"controller.listener.names", "CONTROLLER"}}},
      {"K27", Phase::S2, "broker-1", {{"controller.listener.names", "PLAINTEXT"}}},
      {"K28",
       Phase::S0,
       "broker-1",
       {{"advertised.listeners", "SSL://h:1"}, {"listeners", "PLAINTEXT://:1,SSL://:2"}}},
      {"K29", Phase::S0, "broker-1", {{"advertised.listeners", "PLAINTEXT://h:1,SSL://h:2"}}},
      {"K30", Phase::S0, "broker-1", {{"listeners", "PLAINTEXT://0.0.0.0:9092"}}},
      {"K31", Phase::S0, "broker-1", {{"control.plane.listener.name", "PLAINTEXT"}}},
      {"K32",
       Phase::S0,
       "broker-1",
       {{"listeners", "SASL_SSL://:9092"},
        {"security.inter.broker.protocol", "SASL_SSL"},
        {"sasl.enabled.mechanisms", "PLAIN"}}},
      {"K33", Phase::S0, "broker-1", {{"queued.max.request.bytes", "1000"}}},
      {"K34", Phase::S0, "broker-1", {{"max.connections.per.ip", "0"}}},
      {"K35", Phase::S0, "broker-1", {{"connections.max.idle.ms", "100"}}},
      {"K36", Phase::S6, "broker-1", {{"process.roles", "broker,broker"}}},
      {"K37", Phase::S6, "broker-1", {{"inter.broker.protocol.version", "2.8"}}},
      {"K38",
       Phase::S0,
       "broker-1",
       {{"group.coordinator.rebalance.protocols", "classic,consumer"}}},
      {"K39", Phase::S0, "broker-1", {{"listeners", "PLAINTEXT:9092"}}},
      {"K40", Phase::S0, "broker-1", {{"advertised.listeners", "PLAINTEXT://h"}}},
      {"K41", Phase::S0, "broker-1", {{"inter.broker.listener.name", "NONE"}}},
      {"K42", Phase::S2, "broker-1", {{"controller.quorum.voters", "c0:9093"}}},
      {"K43", Phase::S2, "broker-1", {{"controller.quorum.bootstrap.servers", "c0"}}},
      {"K44", Phase::S0, "broker-1", {{"early.start.listeners", "NONE"}}},
  };
  return all;
}

}  // namespace tests
