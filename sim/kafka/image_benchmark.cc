// Prints what the image is allowed to cost beside what it costs:
//   at most 24 bytes of heap for a partition at replication factor 3, with two million partitions;
//   at most 2 ms for a snapshot of it (a copy) and 1 000 changes to the copy;
//   at most 1 ms to compare two images that share structure.
// Every allocation of the process is counted, with what the allocator rounds it up to.

#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>

#include "sim/base/check.h"
#include "sim/kafka/compare.h"
#include "sim/kafka/delta.h"
#include "sim/kafka/image.h"

namespace {
std::size_t g_heap_bytes = 0;  // requested from the allocator and not given back, as it rounds them
constexpr std::size_t kBlockHeader = 8;  // glibc's own, before each block
bool g_counts = true;  // while memory is measured; what is timed shall not pay for it
}  // namespace

void* operator new(std::size_t bytes) {
  void* const block = std::malloc(bytes);
  if (block == nullptr) throw std::bad_alloc();
  if (g_counts) g_heap_bytes += malloc_usable_size(block) + kBlockHeader;
  return block;
}
void operator delete(void* block) noexcept {
  if (g_counts && block != nullptr) g_heap_bytes -= malloc_usable_size(block) + kBlockHeader;
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  operator delete(block);
}

namespace sim {
namespace {

struct Shape {
  const char* name;
  int topics;
  int partitions;  // of each topic
  int brokers;
  bool directories;  // each broker has three; else all are MIGRATING
};

constexpr Shape kLarge{"2 000 topics of 1 000 partitions, 300 brokers with 3 directories", 2'000,
                       1'000, 300, true};
constexpr Shape kShapes[] = {
    kLarge,
    {"the same, directories not assigned yet", 2'000, 1'000, 300, false},
    {"20 000 topics of 100 partitions", 20'000, 100, 300, true},
    {"200 000 topics of 10 partitions", 200'000, 10, 300, true},
    {"200 000 topics of one partition", 200'000, 1, 300, true},
};

Uuid topic_id(int topic) {
  return {0x5eed, topic + 1};
}

// A small generator of its own: replicas spread as by chance, epochs of a cluster some months old.
class Numbers {
 public:
  int below(int bound) {
    state_ = Digest::mix(state_ + 0x9e3779b97f4a7c15ULL);
    return static_cast<int>(state_ % static_cast<std::uint64_t>(bound));
  }

 private:
  std::uint64_t state_ = 1;
};

PartitionRecord some_partition(Numbers& numbers, const Shape& shape, int topic, int id) {
  PartitionRecord record{.partition_id = PartitionId(id), .topic_id = topic_id(topic)};
  const int first = numbers.below(shape.brokers);
  const int shift = 1 + numbers.below(shape.brokers / 2 - 1);
  for (int i = 0; i < 3; ++i) {
    const int broker = (first + i * shift) % shape.brokers;
    record.replicas.emplace_back(1 + broker);
    if (shape.directories) record.directories.push_back({1 + broker, 1000 + numbers.below(3)});
  }
  record.isr = record.replicas;
  if (numbers.below(20) == 0) record.isr.pop_back();
  record.leader = record.isr[numbers.below(5) == 0 ? 1 : 0];
  record.leader_epoch = LeaderEpoch(numbers.below(200));
  record.partition_epoch = PartitionEpoch(numbers.below(400));
  return record;
}

void replay(MetadataDelta& delta, const Record& record) {
  check(delta.replay(record).has_value(), "the benchmark's records replay");
}

MetadataImage built(const Shape& shape) {
  Numbers numbers;
  MetadataDelta delta{MetadataImage()};
  for (int topic = 0; topic < shape.topics; ++topic) {
    replay(delta, TopicRecord{.name = fmt::format("team-{}.topic-{}", topic % 97, topic),
                              .topic_id = topic_id(topic)});
    for (int id = 0; id < shape.partitions; ++id) {
      replay(delta, some_partition(numbers, shape, topic, id));
    }
  }
  return delta.apply({});
}

// `count` changes of leader and ISR, spread over the whole image.
std::vector<Record> changes(const Shape& shape, int count) {
  Numbers numbers;
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    PartitionChangeRecord change{.partition_id = PartitionId(numbers.below(shape.partitions)),
                                 .topic_id = topic_id(numbers.below(shape.topics))};
    change.leader = BrokerId(1 + numbers.below(shape.brokers));
    change.isr = std::vector<BrokerId>{change.leader};
    records.emplace_back(std::move(change));
  }
  return records;
}

const MetadataImage& large() {
  static const MetadataImage image = built(kLarge);
  return image;
}

MetadataImage changed(const MetadataImage& base, const std::vector<Record>& records) {
  MetadataDelta delta(base);
  for (const Record& record : records) replay(delta, record);
  return delta.apply({});
}

void report_memory() {
  for (const Shape& shape : kShapes) {
    const std::size_t before = g_heap_bytes;
    const MetadataImage image = built(shape);
    const auto partitions = static_cast<double>(image.topics().partition_count());
    const auto bytes = static_cast<double>(g_heap_bytes - before);
    fmt::print("{:<66} {:6.2f} bytes a partition", shape.name, bytes / partitions);
    if (partitions == 2e6 && shape.topics == kLarge.topics) {
      fmt::print("   {:4.0f} % of the budget of 24", 100 * bytes / partitions / 24);
    } else {
      fmt::print("   ({:.0f} bytes a topic)", bytes / shape.topics);
    }
    fmt::print("\n");
  }
}

void set_budget(benchmark::State& state, double milliseconds) {
  state.counters["budget_ms"] = milliseconds;
}

// A copy, and a thousand changes on it.
void snapshot_and_changes(benchmark::State& state) {
  const std::vector<Record> records = changes(kLarge, static_cast<int>(state.range(0)));
  const MetadataImage& base = large();
  for (auto _ : state) benchmark::DoNotOptimize(changed(base, records));
  set_budget(state, 2);
}
BENCHMARK(snapshot_and_changes)->Arg(1000)->Unit(benchmark::kMillisecond);

// A thousand images, each one change after the last.
void an_image_after_each_change(benchmark::State& state) {
  const std::vector<Record> records = changes(kLarge, 1000);
  for (auto _ : state) {
    MetadataImage image = large();
    for (const Record& record : records) image = changed(image, {record});
    benchmark::DoNotOptimize(image);
  }
}
BENCHMARK(an_image_after_each_change)->Unit(benchmark::kMillisecond);

// Two images, so many changes apart.
void comparison_of_relatives(benchmark::State& state) {
  const MetadataImage& base = large();
  const MetadataImage other = changed(base, changes(kLarge, static_cast<int>(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(compare(base, other));
  set_budget(state, 1);
}
BENCHMARK(comparison_of_relatives)->Arg(0)->Arg(10)->Arg(100)->Unit(benchmark::kMillisecond);

// The digest of an image a thousand changes away from one whose digest is known.
void digest_after_changes(benchmark::State& state) {
  (void)large().digest();
  const std::vector<Record> records = changes(kLarge, 1000);
  for (auto _ : state) {
    state.PauseTiming();
    const MetadataImage image = changed(large(), records);
    state.ResumeTiming();
    benchmark::DoNotOptimize(image.digest());
  }
}
BENCHMARK(digest_after_changes)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sim

int main(int argc, char** argv) {
  sim::report_memory();
  g_counts = false;
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
