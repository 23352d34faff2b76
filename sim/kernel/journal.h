#pragma once

#include <array>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include "sim/core/payload.h"

namespace sim {

// The entries of a file, by index from `first()` to `end()` (excluded). A value that shares: a copy costs
// a pointer per 31 entries, and a chunk is copied only when one of several owners writes to it. So a
// world with a long history on its disks branches cheaply, and a disk can keep what was durable beside
// what is in the page cache.
class Journal {
 public:
  std::uint64_t first() const { return first_; }
  std::uint64_t end() const { return end_; }
  bool empty() const { return first_ == end_; }
  // Requires first() <= index < end().
  const Payload& at(std::uint64_t index) const {
    const std::uint64_t place = index - base_;
    return chunks_[place / kEntries]->entries[place % kEntries];
  }

  void append(Payload entry);
  // Drops entries from the end until end() == `end`; no effect when that is not before end().
  void truncate(std::uint64_t end);
  // Drops entries before `first`; the indexes of the rest stay. Past end(), the journal is empty there.
  void drop_before(std::uint64_t first);
  // The same entries up to `end` (excluded).
  Journal prefix(std::uint64_t end) const;
  void digest_into(Digest& digest) const;

 private:
  static constexpr std::uint64_t kEntries = 31;  // a chunk is 256 bytes
  struct Chunk {
    std::uint32_t owners = 1;
    std::array<Payload, kEntries> entries;
  };
  // Counted without atomics, like Payload: a world and its copies live on one thread.
  class ChunkRef {
   public:
    ChunkRef() : chunk_(new(payload_pool::allocate(sizeof(Chunk))) Chunk) {}
    ChunkRef(const ChunkRef& other) : chunk_(other.chunk_) { ++chunk_->owners; }
    ChunkRef(ChunkRef&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
    ChunkRef& operator=(ChunkRef other) noexcept {
      std::swap(chunk_, other.chunk_);
      return *this;
    }
    ~ChunkRef() {
      if (chunk_ != nullptr && --chunk_->owners == 0) {
        chunk_->~Chunk();
        payload_pool::release(chunk_, sizeof(Chunk));
      }
    }
    Chunk* operator->() const { return chunk_; }

   private:
    Chunk* chunk_;
  };

  std::uint64_t base_ = 0;  // the index of the first place of the first chunk
  std::uint64_t first_ = 0;
  std::uint64_t end_ = 0;
  std::vector<ChunkRef> chunks_;
};

}  // namespace sim
