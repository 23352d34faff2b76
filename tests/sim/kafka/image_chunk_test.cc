#include "sim/kafka/image_chunk.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/sim/kafka/replayed.h"

namespace sim {
namespace {

using testing::brokers;

const Uuid kA{1, 100};
const Uuid kB{2, 200};

Partition ordinary() {
  return {.replicas = brokers({1, 2, 3}),
          .directories = {kA, kB, {3, 300}},
          .isr = brokers({1, 2, 3}),
          .leader = BrokerId(1),
          .leader_epoch = LeaderEpoch(5),
          .partition_epoch = PartitionEpoch(9)};
}

template <class Change>
Partition ordinary_but(Change&& change) {
  Partition partition = ordinary();
  change(partition);
  return partition;
}

struct Case {
  const char* what;
  Partition partition;
};

std::vector<Case> cases() {
  return {
      {"ordinary", ordinary()},
      {"nothing at all", Partition{}},
      {"largest epochs", ordinary_but([](Partition& p) {
         p.leader_epoch = LeaderEpoch(INT32_MAX);
         p.partition_epoch = PartitionEpoch(INT32_MAX);
       })},
      {"negative epochs", ordinary_but([](Partition& p) {
         p.leader_epoch = LeaderEpoch(-1);
         p.partition_epoch = PartitionEpoch(-1);
       })},
      {"broker ids of any size",
       ordinary_but([](Partition& p) { p.replicas = brokers({0, 16'384, INT32_MAX}); })},
      {"shrunk ISR", ordinary_but([](Partition& p) { p.isr = brokers({2}); })},
      {"empty ISR", ordinary_but([](Partition& p) { p.isr.clear(); })},
      {"ISR in another order", ordinary_but([](Partition& p) { p.isr = brokers({3, 1, 2}); })},
      {"ISR beyond the replicas", ordinary_but([](Partition& p) { p.isr = brokers({9, 1}); })},
      {"no leader", ordinary_but([](Partition& p) { p.leader = kNoBroker; })},
      {"another leader", ordinary_but([](Partition& p) { p.leader = BrokerId(3); })},
      {"leader without replicas", {.leader = BrokerId(4)}},
      {"reassigning", ordinary_but([](Partition& p) {
         p.removing_replicas = brokers({1});
         p.adding_replicas = brokers({4, 5});
       })},
      {"adding only", ordinary_but([](Partition& p) { p.adding_replicas = brokers({4}); })},
      {"recovering", ordinary_but([](Partition& p) {
         p.leader_recovery_state = LeaderRecoveryState::Recovering;
       })},
      {"eligible leaders", ordinary_but([](Partition& p) {
         p.eligible_leader_replicas = brokers({2});
         p.last_known_elr = brokers({3, 1});
       })},
      {"last known leader only",
       ordinary_but([](Partition& p) { p.last_known_elr = brokers({3}); })},
      {"directories not known yet",
       ordinary_but([](Partition& p) { p.directories.assign(3, kMigratingDirectory); })},
      {"reserved directories", ordinary_but([](Partition& p) {
         p.directories = {kUnassignedDirectory, kLostDirectory, kMigratingDirectory};
       })},
      {"second directories", ordinary_but([](Partition& p) { p.directories = {kB, kA, kA}; })},
      {"the same broker twice", ordinary_but([](Partition& p) {
         p.replicas = brokers({1, 1, 1});
         p.directories = {kA, kB, kA};
       })},
  };
}

TEST(PartitionChunk, KeepsWhateverAPartitionCanBe) {
  const Ref<DirectoryPool> pool = make_ref<DirectoryPool>();
  for (const Case& c : cases()) {
    const auto chunk = PartitionChunk::with(nullptr, pool, PartitionId(70), c.partition);
    ASSERT_TRUE(chunk->has(6)) << c.what;
    EXPECT_EQ(chunk->at(6), c.partition) << c.what << ": " << describe_value(chunk->at(6));
  }
}

TEST(PartitionChunk, AnOrdinaryPartitionTakesADozenBytes) {
  const Ref<DirectoryPool> pool = make_ref<DirectoryPool>();
  const auto one = PartitionChunk::with(nullptr, pool, PartitionId(0), ordinary());
  const auto two = PartitionChunk::with(one.get(), pool, PartitionId(1), ordinary());
  EXPECT_LE(two->allocated_bytes() - one->allocated_bytes(), 12u);
}

TEST(PartitionChunk, APartitionIsAddedOrReplacedAmongTheOthersInWhateverOrder) {
  const Ref<DirectoryPool> pool = make_ref<DirectoryPool>();
  Ref<PartitionChunk> chunk;
  std::map<std::uint32_t, Partition> expected;
  const std::vector<Case> all = cases();
  for (std::uint32_t step = 0; step < 500; ++step) {
    const std::uint32_t slot = (step * 37 + step / 64) % 64;
    const Partition& partition = all[(step * 7) % all.size()].partition;
    chunk = PartitionChunk::with(chunk.get(), pool, PartitionId(static_cast<int>(128 + slot)),
                                 partition);
    expected[slot] = partition;
    std::map<std::uint32_t, Partition> read;
    for (PartitionChunk::Cursor at(*chunk); !at.done(); at.next()) read[at.slot()] = at.partition();
    ASSERT_EQ(read, expected) << "after step " << step;
    ASSERT_EQ(chunk->size(), expected.size());
    ASSERT_EQ(chunk->at(slot), partition);
    ASSERT_EQ(chunk->id_of(slot), PartitionId(static_cast<int>(128 + slot)));
  }
}

TEST(PartitionChunk, DigestIsOfWhatIsHeldAndNotOfHowItIsPacked) {
  const Ref<DirectoryPool> first = make_ref<DirectoryPool>();
  const Ref<DirectoryPool> second = make_ref<DirectoryPool>();
  second->number_of(BrokerId(1), kB);  // so that kA has another number there
  const auto a = PartitionChunk::with(nullptr, first, PartitionId(3), ordinary());
  const auto b = PartitionChunk::with(nullptr, second, PartitionId(3), ordinary());
  const auto elsewhere = PartitionChunk::with(nullptr, first, PartitionId(4), ordinary());
  EXPECT_EQ(a->digest(), b->digest());
  EXPECT_NE(a->digest(), elsewhere->digest());
  EXPECT_FALSE(a->same_bytes(*b));
  EXPECT_TRUE(a->same_bytes(*PartitionChunk::with(nullptr, first, PartitionId(3), ordinary())));
}

}  // namespace
}  // namespace sim
