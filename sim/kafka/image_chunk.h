#pragma once

#include <algorithm>
#include <boost/container/flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/image_partition.h"
#include "sim/kafka/persistent_ref.h"
#include "sim/kafka/uuid.h"

// How an image keeps partitions: packed by 64 into one block of memory, and unpacked when asked for. A
// partition whose parts follow from each other (the ISR is the replica list, the preferred replica leads,
// each replica lies in its broker's first directory) takes a dozen bytes; everything else it can be takes
// some more.
namespace sim {

// Numbers for the log directories of brokers, so that a packed partition needs a byte where the id takes
// sixteen. Shared by all images of one lineage and only ever added to: numbers given out stay what they
// are, and nobody sees them but the chunks that use them.
class DirectoryPool : public Counted {
 public:
  // The number of the broker's directory, a new one if it was not known; MIGRATING, UNASSIGNED and LOST
  // have the same numbers for every broker.
  std::uint32_t number_of(BrokerId broker, Uuid directory) const;
  // Requires a number that `number_of` gave for this broker.
  Uuid directory(BrokerId broker, std::uint32_t number) const;

  static constexpr std::uint32_t kMigrating = 0;
  static constexpr std::uint32_t kFirstOfBroker = 3;

 private:
  using Directories = std::vector<Uuid>;  // few of each broker
  Directories& of_broker(BrokerId broker) const;

  // Every change of a partition asks for each of its replicas, so the ids that brokers have as a rule
  // are looked up by their place; a cluster may give any other that is not negative.
  static constexpr std::int32_t kIdsInRow = 4096;
  mutable std::vector<Directories> row_;  // of the brokers 0, 1, …
  mutable boost::container::flat_map<BrokerId, Directories> others_;
};

// The partitions 64 n … 64 n + 63 of a topic, as far as they exist. Immutable, and self-contained: a header,
// then for each partition its length and its packed form, in order of id.
class PartitionChunk final : public Counted {
 public:
  static constexpr std::int32_t kPartitions = 64;
  static constexpr std::int32_t number_for(PartitionId id) { return id.value() / kPartitions; }
  static constexpr std::uint32_t slot_for(PartitionId id) {
    return static_cast<std::uint32_t>(id.value() % kPartitions);
  }

  // A copy of `chunk`, or of nothing if that is null, in which the partition is as given. Requires that the
  // id is not negative, and that it belongs to the chunk.
  static Ref<PartitionChunk> with(const PartitionChunk* chunk, const Ref<DirectoryPool>& pool,
                                  PartitionId id, const Partition& partition);
  static void dispose(const PartitionChunk* chunk);

  std::int32_t number() const { return number_; }
  std::size_t size() const;
  bool has(std::uint32_t slot) const { return ((present_ >> slot) & 1) != 0; }
  PartitionId id_of(std::uint32_t slot) const {
    return PartitionId(number_ * kPartitions + static_cast<std::int32_t>(slot));
  }
  // Requires `has(slot)`.
  Partition at(std::uint32_t slot) const;
  // Sum of the digests of (id, partition); kept once computed.
  std::uint64_t digest() const;
  // True if both hold the same partitions in the same packed form. False says nothing.
  bool same_bytes(const PartitionChunk& other) const;
  // Calls `found(slot, const Partition* left, const Partition* right)` in order of slot for each partition
  // whose two states are unequal; null where a side has none. What is packed alike is not unpacked.
  template <class Found>
  static void for_each_difference(const PartitionChunk& left, const PartitionChunk& right,
                                  Found&& found);
  // Heap bytes, for people who count them.
  std::size_t allocated_bytes() const { return sizeof(PartitionChunk) + data_bytes_; }

  // Reads the partitions of a chunk in order of id, unpacking each once.
  class Cursor {
   public:
    explicit Cursor(const PartitionChunk& chunk);
    bool done() const { return slot_ == kPartitions; }
    // kPartitions once done.
    std::uint32_t slot() const { return slot_; }
    // Requires `!done()`, as the rest does.
    ByteView packed() const { return packed_; }
    Partition partition() const;
    void next();

   private:
    void read_length();
    const PartitionChunk* chunk_;
    ByteView rest_;
    ByteView packed_;
    std::uint32_t slot_ = 0;
  };

 private:
  PartitionChunk(std::int32_t number, std::uint64_t present, std::uint32_t data_bytes,
                 Ref<DirectoryPool> pool)
      : number_(number), data_bytes_(data_bytes), present_(present), pool_(std::move(pool)) {}
  PartitionChunk(const PartitionChunk&) = delete;
  PartitionChunk& operator=(const PartitionChunk&) = delete;
  ~PartitionChunk() = default;
  // The packed partitions stand right behind the object, in the same block.
  ByteView data() const { return {reinterpret_cast<const std::uint8_t*>(this + 1), data_bytes_}; }

  std::int32_t number_;
  std::uint32_t data_bytes_;
  std::uint64_t present_;  // a bit for each slot
  Ref<DirectoryPool> pool_;
  mutable std::uint64_t digest_ = 0;  // 0: not computed yet
};

template <class Found>
void PartitionChunk::for_each_difference(const PartitionChunk& left, const PartitionChunk& right,
                                         Found&& found) {
  const bool same_numbers = left.pool_ == right.pool_;
  Cursor a(left);
  Cursor b(right);
  while (!a.done() || !b.done()) {
    const std::uint32_t slot = std::min(a.slot(), b.slot());
    const bool in_a = a.slot() == slot;
    const bool in_b = b.slot() == slot;
    const bool same = in_a && in_b && same_numbers && std::ranges::equal(a.packed(), b.packed());
    if (!same) {
      const std::optional<Partition> l = in_a ? std::optional(a.partition()) : std::nullopt;
      const std::optional<Partition> r = in_b ? std::optional(b.partition()) : std::nullopt;
      if (l != r) found(slot, l ? &*l : nullptr, r ? &*r : nullptr);
    }
    if (in_a) a.next();
    if (in_b) b.next();
  }
}

}  // namespace sim
