#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "zk/disk/snapshot.h"

// A snapshot as Kafka leaves one: topics of 100 partitions, two znodes a partition. Argument:
// znodes.
namespace {

zk::Database kafka_like(std::int64_t znodes) {
  zk::Database database;
  std::int64_t zxid = 0;
  const auto create = [&](std::string path, std::string data) {
    const auto cversion = database.tree.find(zk::parent_of(path))->stat.cversion.next();
    const zk::TxnHeader header{.zxid = zk::Zxid(++zxid), .time = zk::WallTime(1'700'000'000'000)};
    database.apply(header, zk::CreateTxn{.path = std::move(path),
                                         .data = std::move(data),
                                         .acl = zk::open_acl_unsafe(),
                                         .parent_cversion = cversion});
  };
  create("/brokers", "");
  create("/brokers/topics", "");
  constexpr std::int64_t kZnodesPerTopic = 202;
  for (std::int64_t topic = 0; topic < znodes / kZnodesPerTopic; ++topic) {
    const std::string path = fmt::format("/brokers/topics/topic-{:06}", topic);
    create(path, std::string(3000, 'x'));
    create(path + "/partitions", "");
    for (int partition = 0; partition < 100; ++partition) {
      create(fmt::format("{}/partitions/{}", path, partition), "");
      create(fmt::format("{}/partitions/{}/state", path, partition),
             R"({"controller_epoch":5,"leader":1,"version":1,"leader_epoch":7,"isr":[1,2,3]})");
    }
  }
  return database;
}

void load(benchmark::State& state) {
  const auto bytes =
      zk::disk::encode_snapshot(zk::disk::snapshot_of(kafka_like(state.range(0)), {}));
  std::size_t znodes = 0;
  for (auto _ : state) {
    const auto loaded = zk::disk::load_snapshot(zk::disk::Input::of(bytes), "benchmark");
    znodes = loaded->database.tree.size();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(znodes));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(load)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// A branch of the world: copying a server's tree, and the first change after it.
void copy_and_change(benchmark::State& state) {
  const zk::Database database = kafka_like(state.range(0));
  const zk::TxnHeader header{.zxid = zk::Zxid(1'000'000'000)};
  for (auto _ : state) {
    zk::Tree copy = database.tree;
    copy.apply(header, zk::SetDataTxn{"/brokers/topics/topic-000000/partitions/7/state", "new",
                                      zk::DataVersion(1)});
    benchmark::DoNotOptimize(copy.digest());
  }
}
BENCHMARK(copy_and_change)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
