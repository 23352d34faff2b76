#include "sim/kafka/image_chunk.h"

#include <algorithm>
#include <bit>
#include <boost/container/small_vector.hpp>
#include <cstring>
#include <new>

#include "sim/base/check.h"

namespace sim {
namespace {

using Packed = boost::container::small_vector<std::uint8_t, 64>;
using Numbers = boost::container::small_vector<std::uint32_t, 8>;

// The first byte of a packed partition: which of its parts are written, because they do not follow from
// the others. The order of what is written is that of `pack`.
enum Flag : std::uint8_t {
  kIsrListed = 1 << 0,      // else it is the replica list
  kLeaderWritten = 1 << 1,  // else it is the preferred replica
  kReassigning = 1 << 2,    // removing and adding replicas are listed
  kRecovering = 1 << 3,
  kElrListed = 1 << 4,          // eligible leader replicas and last known ELR are listed
  kDirectoriesFirst = 1 << 5,   // each replica is in its broker's first directory
  kDirectoriesListed = 1 << 6,  // by number; else all are MIGRATING
};

// Seven bits a byte, the lowest first, the high bit set on all but the last.
void put_varint(Packed& out, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::uint32_t take_varint(ByteView& in) {
  std::uint32_t value = 0;
  for (std::size_t i = 0;; ++i) {
    const std::uint8_t byte = in[i];
    value |= static_cast<std::uint32_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      in = in.subspan(i + 1);
      return value;
    }
  }
}

template <StrongNumber Number>
void put_number(Packed& out, Number number) {
  put_varint(out, static_cast<std::uint32_t>(number.value()));
}
template <StrongNumber Number>
Number take_number(ByteView& in) {
  return Number(static_cast<std::int32_t>(take_varint(in)));
}

void put_brokers(Packed& out, const std::vector<BrokerId>& brokers) {
  put_varint(out, static_cast<std::uint32_t>(brokers.size()));
  for (const BrokerId broker : brokers) put_number(out, broker);
}

std::vector<BrokerId> take_brokers(ByteView& in) {
  std::vector<BrokerId> brokers(take_varint(in));
  for (BrokerId& broker : brokers) broker = take_number<BrokerId>(in);
  return brokers;
}

// Moves past one length-prefixed partition.
void skip_partition(ByteView& in) {
  const std::uint32_t length = take_varint(in);
  in = in.subspan(length);
}

// How many partitions of a chunk stand before this slot.
int partitions_before(std::uint64_t present, std::uint32_t slot) {
  return std::popcount(present & ((std::uint64_t{1} << slot) - 1));
}

std::uint8_t flags_of(const Partition& partition, const Numbers& directories) {
  const auto all = [&](std::uint32_t number) {
    return std::ranges::all_of(directories, [&](std::uint32_t n) { return n == number; });
  };
  int flags = 0;
  if (partition.isr != partition.replicas) flags |= kIsrListed;
  if (partition.leader != partition.preferred_replica()) flags |= kLeaderWritten;
  if (!partition.removing_replicas.empty() || !partition.adding_replicas.empty()) {
    flags |= kReassigning;
  }
  if (partition.leader_recovery_state == LeaderRecoveryState::Recovering) flags |= kRecovering;
  if (!partition.eligible_leader_replicas.empty() || !partition.last_known_elr.empty()) {
    flags |= kElrListed;
  }
  if (!all(DirectoryPool::kMigrating)) {
    flags |= all(DirectoryPool::kFirstOfBroker) ? kDirectoriesFirst : kDirectoriesListed;
  }
  return static_cast<std::uint8_t>(flags);
}

Packed pack(const Partition& partition, const DirectoryPool& pool) {
  check(partition.directories.size() == partition.replicas.size(), "every replica has a directory");
  Numbers directories;
  for (std::size_t i = 0; i < partition.replicas.size(); ++i) {
    directories.push_back(pool.number_of(partition.replicas[i], partition.directories[i]));
  }
  const std::uint8_t flags = flags_of(partition, directories);
  Packed out;
  out.push_back(flags);
  put_brokers(out, partition.replicas);
  put_number(out, partition.leader_epoch);
  put_number(out, partition.partition_epoch);
  if ((flags & kDirectoriesListed) != 0) {
    for (const std::uint32_t number : directories) put_varint(out, number);
  }
  if ((flags & kIsrListed) != 0) put_brokers(out, partition.isr);
  if ((flags & kLeaderWritten) != 0) put_number(out, partition.leader);
  if ((flags & kReassigning) != 0) {
    put_brokers(out, partition.removing_replicas);
    put_brokers(out, partition.adding_replicas);
  }
  if ((flags & kElrListed) != 0) {
    put_brokers(out, partition.eligible_leader_replicas);
    put_brokers(out, partition.last_known_elr);
  }
  return out;
}

Partition unpack(ByteView in, const DirectoryPool& pool) {
  const std::uint8_t flags = in.front();
  in = in.subspan(1);
  Partition partition;
  partition.replicas = take_brokers(in);
  partition.leader_epoch = take_number<LeaderEpoch>(in);
  partition.partition_epoch = take_number<PartitionEpoch>(in);
  const std::uint32_t everywhere =
      (flags & kDirectoriesFirst) != 0 ? DirectoryPool::kFirstOfBroker : DirectoryPool::kMigrating;
  partition.directories.reserve(partition.replicas.size());
  for (const BrokerId replica : partition.replicas) {
    const bool listed = (flags & kDirectoriesListed) != 0;
    partition.directories.push_back(pool.directory(replica, listed ? take_varint(in) : everywhere));
  }
  partition.isr = (flags & kIsrListed) != 0 ? take_brokers(in) : partition.replicas;
  partition.leader =
      (flags & kLeaderWritten) != 0 ? take_number<BrokerId>(in) : partition.preferred_replica();
  if ((flags & kReassigning) != 0) {
    partition.removing_replicas = take_brokers(in);
    partition.adding_replicas = take_brokers(in);
  }
  if ((flags & kRecovering) != 0) {
    partition.leader_recovery_state = LeaderRecoveryState::Recovering;
  }
  if ((flags & kElrListed) != 0) {
    partition.eligible_leader_replicas = take_brokers(in);
    partition.last_known_elr = take_brokers(in);
  }
  return partition;
}

}  // namespace

// The three directories that are none take the numbers before `kFirstOfBroker`: Kafka's own (DirectoryId).
std::uint32_t DirectoryPool::number_of(BrokerId broker, Uuid directory) const {
  if (directory == kMigratingDirectory || directory == kUnassignedDirectory ||
      directory == kLostDirectory) {
    return static_cast<std::uint32_t>(directory.least());
  }
  Directories& known = of_broker(broker);
  const auto at = std::ranges::find(known, directory);
  const auto number = kFirstOfBroker + static_cast<std::uint32_t>(at - known.begin());
  if (at == known.end()) known.push_back(directory);
  return number;
}

Uuid DirectoryPool::directory(BrokerId broker, std::uint32_t number) const {
  if (number < kFirstOfBroker) return {0, static_cast<std::int64_t>(number)};
  const Directories& known = of_broker(broker);
  check(number - kFirstOfBroker < known.size(),
        "a chunk uses the directory numbers of its own pool");
  return known[number - kFirstOfBroker];
}

DirectoryPool::Directories& DirectoryPool::of_broker(BrokerId broker) const {
  const std::int32_t id = broker.value();
  if (id < 0 || id >= kIdsInRow) return others_[broker];
  const auto place = static_cast<std::size_t>(id);
  if (place >= row_.size()) row_.resize(place + 1);
  return row_[place];
}

Ref<PartitionChunk> PartitionChunk::with(const PartitionChunk* chunk,
                                         const Ref<DirectoryPool>& pool, PartitionId id,
                                         const Partition& partition) {
  check(id.value() >= 0, "partitions are numbered from 0");
  check(chunk == nullptr || chunk->number_ == number_for(id), "the partition belongs to the chunk");
  const std::uint32_t slot = slot_for(id);
  const Ref<DirectoryPool>& own_pool = chunk != nullptr ? chunk->pool_ : pool;
  const Packed packed = pack(partition, *own_pool);
  Packed length;
  put_varint(length, static_cast<std::uint32_t>(packed.size()));

  // The new data is the old up to this partition, the partition, and the old behind it.
  ByteView before;
  ByteView behind;
  if (chunk != nullptr) {
    behind = chunk->data();
    for (int i = partitions_before(chunk->present_, slot); i > 0; --i) skip_partition(behind);
    before = chunk->data().first(chunk->data_bytes_ - behind.size());
    if (chunk->has(slot)) skip_partition(behind);
  }
  const std::uint64_t present =
      (chunk != nullptr ? chunk->present_ : 0) | (std::uint64_t{1} << slot);
  const std::size_t bytes = before.size() + length.size() + packed.size() + behind.size();
  void* const block = ::operator new(sizeof(PartitionChunk) + bytes);
  auto* const made = new (block)
      PartitionChunk(number_for(id), present, static_cast<std::uint32_t>(bytes), own_pool);
  auto* to = reinterpret_cast<std::uint8_t*>(made + 1);
  to = std::copy(before.begin(), before.end(), to);
  to = std::copy(length.begin(), length.end(), to);
  to = std::copy(packed.begin(), packed.end(), to);
  std::copy(behind.begin(), behind.end(), to);
  return Ref<PartitionChunk>(made);
}

void PartitionChunk::dispose(const PartitionChunk* chunk) {
  chunk->~PartitionChunk();
  ::operator delete(const_cast<PartitionChunk*>(chunk));
}

std::size_t PartitionChunk::size() const {
  return static_cast<std::size_t>(std::popcount(present_));
}

Partition PartitionChunk::at(std::uint32_t slot) const {
  check(has(slot), "the partition is in the chunk");
  ByteView rest = data();
  for (int i = partitions_before(present_, slot); i > 0; --i) skip_partition(rest);
  const std::uint32_t length = take_varint(rest);
  return unpack(rest.first(length), *pool_);
}

std::uint64_t PartitionChunk::digest() const {
  if (digest_ == 0) {
    for (Cursor cursor(*this); !cursor.done(); cursor.next()) {
      Digest digest;
      digest_into(digest, id_of(cursor.slot()));
      digest_into(digest, cursor.partition());
      digest_ += digest.value();
    }
  }
  return digest_;
}

bool PartitionChunk::same_bytes(const PartitionChunk& other) const {
  return number_ == other.number_ && present_ == other.present_ && pool_ == other.pool_ &&
         std::ranges::equal(data(), other.data());
}

PartitionChunk::Cursor::Cursor(const PartitionChunk& chunk) : chunk_(&chunk), rest_(chunk.data()) {
  slot_ = static_cast<std::uint32_t>(std::countr_zero(chunk.present_));
  read_length();
}

Partition PartitionChunk::Cursor::partition() const {
  return unpack(packed_, *chunk_->pool_);
}

void PartitionChunk::Cursor::next() {
  ++slot_;
  const std::uint64_t higher = slot_ < kPartitions ? chunk_->present_ >> slot_ : 0;
  slot_ = higher == 0 ? kPartitions : slot_ + static_cast<std::uint32_t>(std::countr_zero(higher));
  if (!done()) read_length();
}

void PartitionChunk::Cursor::read_length() {
  const std::uint32_t length = take_varint(rest_);
  packed_ = rest_.first(length);
  rest_ = rest_.subspan(length);
}

}  // namespace sim
