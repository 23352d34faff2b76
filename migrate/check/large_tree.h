#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "sim/kafka/ids.h"
#include "zk/tree.h"
#include "zk/znodes.h"

// For measurements: what ZooKeeper holds of a cluster of many partitions. Fifty brokers in three
// racks, a hundred partitions a topic, three replicas each, one config a topic, everybody in sync; ACLs of
// as many topics, by name and by prefix in turn, three users each.
namespace migrate {

inline constexpr int kLargeTreeBrokers = 50;
inline constexpr int kLargeTreePartitionsPerTopic = 100;

inline zk::Tree large_tree(std::int64_t partitions, std::int64_t acl_resources = 0) {
  zk::Tree tree;
  std::int64_t zxid = 0;
  const auto create = [&](std::string path, std::string data) {
    const auto cversion = tree.find(zk::parent_of(path))->stat.cversion.next();
    (void)tree.apply({.zxid = zk::Zxid(++zxid), .time = zk::WallTime(1'700'000'000'000)},
                     zk::CreateTxn{.path = std::move(path),
                                   .data = std::move(data),
                                   .acl = zk::open_acl_unsafe(),
                                   .parent_cversion = cversion});
  };
  for (const char* path :
       {"/brokers", "/brokers/ids", "/brokers/topics", "/cluster", "/config", "/config/topics"})
    create(path, "");
  create("/cluster/id", R"({"version":"1","id":"Tk3Z2c5KQ0CJLgD8kN0t3A"})");
  create("/controller_epoch", "9");
  for (int id = 0; id < kLargeTreeBrokers; ++id)
    create(fmt::format("/brokers/ids/{}", id),
           zk::encode(zk::BrokerZnode{.endpoints = {{.listener = "PLAINTEXT",
                                                     .host = fmt::format("broker-{}", id),
                                                     .port = 9092}},
                                      .rack = std::string(1, static_cast<char>('a' + id % 3))}));
  for (std::int64_t topic = 0; topic < partitions / kLargeTreePartitionsPerTopic; ++topic) {
    std::string assignment;
    for (int partition = 0; partition < kLargeTreePartitionsPerTopic; ++partition) {
      const std::int64_t first = (topic + partition) % kLargeTreeBrokers;
      assignment +=
          fmt::format(R"({}"{}":[{},{},{}])", assignment.empty() ? "" : ",", partition, first,
                      (first + 1) % kLargeTreeBrokers, (first + 2) % kLargeTreeBrokers);
    }
    const std::string path = fmt::format("/brokers/topics/topic-{:06}", topic);
    create(path, fmt::format(R"({{"version":3,"topic_id":"{}","partitions":{{{}}},)"
                             R"("adding_replicas":{{}},"removing_replicas":{{}}}})",
                             sim::Uuid{1, topic + 2}.describe(), assignment));
    create(path + "/partitions", "");
    for (int partition = 0; partition < kLargeTreePartitionsPerTopic; ++partition) {
      const std::int64_t first = (topic + partition) % kLargeTreeBrokers;
      const std::string below = fmt::format("{}/partitions/{}", path, partition);
      create(below, "");
      create(below + "/state",
             fmt::format(R"({{"controller_epoch":5,"leader":{0},"version":1,"leader_epoch":7,)"
                         R"("isr":[{0},{1},{2}]}})",
                         first, (first + 1) % kLargeTreeBrokers, (first + 2) % kLargeTreeBrokers));
    }
    create(fmt::format("/config/topics/topic-{:06}", topic),
           R"({"version":1,"config":{"retention.ms":"1000"}})");
  }
  if (acl_resources == 0) return tree;
  constexpr std::string_view kLiteral = "/kafka-acl/Topic";
  constexpr std::string_view kPrefixed = "/kafka-acl-extended/prefixed/Topic";
  for (const std::string_view path :
       std::initializer_list<std::string_view>{"/kafka-acl", "/kafka-acl-extended",
                                               "/kafka-acl-extended/prefixed", kLiteral, kPrefixed})
    create(std::string(path), "");
  for (std::int64_t i = 0; i < acl_resources; ++i) {
    std::string entries;
    for (int user = 0; user < 3; ++user)
      entries += fmt::format(
          R"({}{{"principal":"User:team-{}","permissionType":"Allow","operation":"{}","host":"*"}})",
          entries.empty() ? "" : ",", (i + user) % 997, user == 0 ? "Write" : "Read");
    create(fmt::format("{}/topic-{:06}", i % 2 == 0 ? kLiteral : kPrefixed, i),
           fmt::format(R"({{"version":1,"acls":[{}]}})", entries));
  }
  return tree;
}

}  // namespace migrate
