#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "kraft/disk/metadata_log.h"
#include "kraft/disk/segment_reader.h"
#include "sim/kafka/delta.h"
#include "sim/kafka/disk/crc32c.h"

// The budget: a metadata log decoded and folded to an image at a million records a second or more.
namespace {

using sim::BrokerId;

// A log such as a migration's copy leaves: a thousand records a batch, a topic per ten partitions.
sim::Bytes partition_log(int records_wanted) {
  sim::ByteWriter out;
  std::int64_t written = 0;
  std::int64_t topic = 0;
  while (written < records_wanted) {
    std::vector<sim::VersionedRecord> records;
    while (records.size() < 1000) {
      const sim::Uuid id(7, ++topic);
      records.push_back(
          {sim::TopicRecord{.name = "topic-" + std::to_string(topic), .topic_id = id}, 0});
      for (int partition = 0; partition < 10; ++partition) {
        const std::vector<BrokerId> replicas{BrokerId(1), BrokerId(2), BrokerId(3)};
        records.push_back({sim::PartitionRecord{.partition_id = sim::PartitionId(partition),
                                                .topic_id = id,
                                                .replicas = replicas,
                                                .isr = replicas,
                                                .leader = BrokerId(1),
                                                .leader_epoch = sim::LeaderEpoch(3),
                                                .partition_epoch = sim::PartitionEpoch(4),
                                                .directories = std::vector<sim::Uuid>(3)},
                           1});
      }
    }
    kraft::write_batch(
        out, kraft::data_batch(sim::Offset(written), sim::RaftEpoch(1), 1700000000000, records));
    written += static_cast<std::int64_t>(records.size());
  }
  return out.take();
}

constexpr int kRecords = 200000;

void decode(benchmark::State& state) {
  const sim::Bytes log = partition_log(kRecords);
  std::uint64_t records = 0;
  for (auto _ : state) {
    kraft::SegmentReader reader(log, "benchmark");
    kraft::RecordBatch batch;
    while (reader.next(batch)) records += batch.records.size();
  }
  state.counters["records/s"] =
      benchmark::Counter(static_cast<double>(records), benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(log.size()));
}
BENCHMARK(decode)->Unit(benchmark::kMillisecond);

void decode_to_image(benchmark::State& state) {
  const sim::Bytes log = partition_log(kRecords);
  std::uint64_t records = 0;
  for (auto _ : state) {
    sim::MetadataDelta delta{sim::MetadataImage{}};
    kraft::AppliedRecords applied([&](const kraft::AppliedRecord& record) {
      sim::check(delta.replay(record.record.record).has_value(), "it replays");
    });
    kraft::SegmentReader reader(log, "benchmark");
    kraft::RecordBatch batch;
    while (reader.next(batch)) {
      records += batch.records.size();
      applied.add(batch, {.file = "benchmark"});
    }
    benchmark::DoNotOptimize(delta.apply({}));
  }
  state.counters["records/s"] =
      benchmark::Counter(static_cast<double>(records), benchmark::Counter::kIsRate);
}
BENCHMARK(decode_to_image)->Unit(benchmark::kMillisecond);

void checksum(benchmark::State& state) {
  const sim::Bytes bytes(1U << 20, 0x5a);
  for (auto _ : state) benchmark::DoNotOptimize(sim::crc32c(bytes));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(checksum);

}  // namespace

BENCHMARK_MAIN();
