#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "migrate/check/check.h"
#include "sim/base/check.h"
#include "sim/kafka/delta.h"
#include "zk/znodes.h"

// Every check over a cluster of many partitions, as it is before the copy and in hybrid mode.
// Arguments: partitions, phase. The goal is a million in ten seconds, reading the files included.
namespace {

constexpr int kBrokers = 50;
constexpr int kPartitionsPerTopic = 100;

zk::Tree tree_of(std::int64_t partitions) {
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
  for (int id = 0; id < kBrokers; ++id)
    create(fmt::format("/brokers/ids/{}", id),
           zk::encode(zk::BrokerZnode{.rack = std::string(1, static_cast<char>('a' + id % 3))}));
  for (std::int64_t topic = 0; topic < partitions / kPartitionsPerTopic; ++topic) {
    std::string assignment;
    for (int partition = 0; partition < kPartitionsPerTopic; ++partition) {
      const std::int64_t first = (topic + partition) % kBrokers;
      assignment += fmt::format(R"({}"{}":[{},{},{}])", assignment.empty() ? "" : ",", partition,
                                first, (first + 1) % kBrokers, (first + 2) % kBrokers);
    }
    const std::string path = fmt::format("/brokers/topics/topic-{:06}", topic);
    create(path, fmt::format(R"({{"version":3,"topic_id":"{}","partitions":{{{}}},)"
                             R"("adding_replicas":{{}},"removing_replicas":{{}}}})",
                             sim::Uuid{1, topic + 2}.describe(), assignment));
    create(path + "/partitions", "");
    for (int partition = 0; partition < kPartitionsPerTopic; ++partition) {
      const std::int64_t first = (topic + partition) % kBrokers;
      const std::string below = fmt::format("{}/partitions/{}", path, partition);
      create(below, "");
      create(below + "/state",
             fmt::format(R"({{"controller_epoch":5,"leader":{0},"version":1,"leader_epoch":7,)"
                         R"("isr":[{0},{1},{2}]}})",
                         first, (first + 1) % kBrokers, (first + 2) % kBrokers));
    }
    create(fmt::format("/config/topics/topic-{:06}", topic),
           R"({"version":1,"config":{"retention.ms":"1000"}})");
  }
  return tree;
}

migrate::ClusterFacts cluster_of(std::int64_t partitions, migrate::Phase phase) {
  migrate::ClusterFacts facts;
  facts.phase = phase;
  zk::Tree tree = tree_of(partitions);
  auto read = zk::zk_to_image(tree, "", {});
  auto view = zk::cluster_view(tree, "");
  if (phase == migrate::Phase::S4) {
    sim::MetadataDelta delta{read.image};
    migrate::MetadataFacts log{.source = "log", .image = delta.apply({})};
    log.at_checkpoint = log.image;
    facts.metadata.push_back(std::move(log));
  }
  facts.zookeeper = migrate::ZooKeeperFacts{.source = "zk-1",
                                            .root = "",
                                            .tree = std::move(tree),
                                            .view = std::move(view),
                                            .image = std::move(read.image),
                                            .report = std::move(read.report)};
  for (int id = 0; id < kBrokers; ++id) {
    migrate::NodeFacts node{.name = fmt::format("broker-{}", id), .config = std::nullopt};
    auto file = sim::PropertiesFile::parse(
        fmt::format("broker.id={}\nzookeeper.connect=zk:2181\nlisteners=PLAINTEXT://b{}:9092\n"
                    "log.dirs=/data\nbroker.rack={}\n",
                    id, id, static_cast<char>('a' + id % 3)),
        node.name);
    node.config.emplace(*std::move(file));
    facts.nodes.push_back(std::move(node));
  }
  migrate::apply_dynamic_configs(facts);
  return facts;
}

void check_all(benchmark::State& state) {
  const auto facts = cluster_of(state.range(0), static_cast<migrate::Phase>(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(migrate::run_checks(facts));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
constexpr auto kBefore = static_cast<std::int64_t>(migrate::Phase::S0);
constexpr auto kHybrid = static_cast<std::int64_t>(migrate::Phase::S4);
BENCHMARK(check_all)
    ->Args({10'000, kBefore})
    ->Args({100'000, kBefore})
    ->Args({1'000'000, kBefore})
    ->Args({10'000, kHybrid})
    ->Args({1'000'000, kHybrid})
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
