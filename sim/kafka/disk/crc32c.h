#pragma once

#include <cstdint>

#include "sim/base/bytes.h"

namespace sim {

// CRC-32C (Castagnoli), the checksum of a record batch: polynomial 0x1EDC6F41 reflected, start and
// end inverted. `before` is the checksum of the bytes that precede these.
std::uint32_t crc32c(ByteView bytes, std::uint32_t before = 0);

}  // namespace sim
