#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "migrate/check/check.h"
#include "migrate/check/large_tree.h"
#include "sim/base/check.h"
#include "sim/kafka/delta.h"
#include "zk/znodes.h"

// Every check over a cluster of many partitions, as it is before the copy and in hybrid mode.
// Arguments: partitions, phase. The goal is a million in ten seconds, reading the files included.
namespace {

migrate::ClusterFacts cluster_of(std::int64_t partitions, migrate::Phase phase) {
  migrate::ClusterFacts facts;
  facts.phase = phase;
  zk::Tree tree = migrate::large_tree(partitions);
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
  for (int id = 0; id < migrate::kLargeTreeBrokers; ++id) {
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
