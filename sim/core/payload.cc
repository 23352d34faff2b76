#include "sim/core/payload.h"

#include <array>

namespace sim::payload_pool {
namespace {

constexpr std::size_t kGrain = 32;
constexpr std::size_t kClasses = 32;  // up to 1 KiB; larger blocks go to the allocator

struct FreeBlock {
  FreeBlock* next;
};

struct Pool {
  std::array<FreeBlock*, kClasses> free{};
  ~Pool() {
    for (FreeBlock* block : free) {
      while (block != nullptr) {
        FreeBlock* const next = block->next;
        ::operator delete(block);
        block = next;
      }
    }
  }
};

Pool& pool() {
  thread_local Pool blocks;
  return blocks;
}

std::size_t class_of(std::size_t bytes) {
  return (bytes + kGrain - 1) / kGrain - 1;
}

}  // namespace

void* allocate(std::size_t bytes) {
  const std::size_t size_class = class_of(bytes);
  if (size_class >= kClasses) return ::operator new(bytes);
  FreeBlock*& head = pool().free[size_class];
  if (head == nullptr) return ::operator new((size_class + 1) * kGrain);
  FreeBlock* const block = head;
  head = block->next;
  return block;
}

void release(void* block, std::size_t bytes) {
  const std::size_t size_class = class_of(bytes);
  if (size_class >= kClasses) {
    ::operator delete(block);
    return;
  }
  FreeBlock*& head = pool().free[size_class];
  head = new (block) FreeBlock{head};
}

}  // namespace sim::payload_pool
