#pragma once

#include <cstdint>

#include "sim/kafka/ids.h"
#include "zk/znodes.h"

namespace zk {

// The first id behind the block (ProducerIdsBlock.nextBlockFirstId). As in Java, the lowest 64-bit
// number follows the highest.
inline sim::ProducerId next_producer_id(const ProducerIdBlockZnode& block) {
  return sim::ProducerId(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(block.block_end) + std::uint64_t{1}));
}

}  // namespace zk
