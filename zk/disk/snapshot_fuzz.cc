#include <cstddef>
#include <cstdint>

#include "sim/base/check.h"
#include "zk/disk/snapshot.h"

// Any bytes at all as a snapshot: either a Problem, or a snapshot that is written as it was read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zk::disk;
  const sim::ByteView bytes(data, size);
  const auto snapshot = read_snapshot(Input::of(bytes), "fuzz");
  const auto loaded = load_snapshot(Input::of(bytes), "fuzz");
  if (loaded) sim::check(snapshot.has_value(), "what can be loaded can be read");
  if (snapshot) {
    const auto again = encode_snapshot(*snapshot);
    const auto reread = read_snapshot(Input::of(again), "again");
    sim::check(reread && *reread == *snapshot, "a snapshot is written as it was read");
  }
  return 0;
}
