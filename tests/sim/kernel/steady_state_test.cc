// Nothing is allocated while a world goes about its business. Counted by replacing operator new for this
// whole test program.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/sim/kernel/toys.h"

namespace {
std::uint64_t allocations = 0;
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* const block = std::malloc(bytes)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  ++allocations;
  const auto align = static_cast<std::size_t>(alignment);
  if (void* const block = std::aligned_alloc(align, (bytes + align - 1) / align * align))
    return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::align_val_t) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}

namespace sim {
namespace {

using namespace sim::literals;

TEST(SteadyState, NothingIsAllocatedPerEvent) {
  World world = toys::clients_and_keepers(3);
  world.run_until(Instant{} + 20_s);
  const std::uint64_t before = allocations;
  const std::uint64_t events = world.events_handled();
  world.run_until(Instant{} + 60_s);
  EXPECT_GT(world.events_handled() - events, 10'000u);
  EXPECT_EQ(allocations - before, 0u);
}

TEST(SteadyState, AllocationsAreIndeedCounted) {
  const std::uint64_t before = allocations;
  const World copy = toys::clients_and_keepers(3);
  EXPECT_GT(allocations, before);
}

}  // namespace
}  // namespace sim
