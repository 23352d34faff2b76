#pragma once

#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "sim/kafka/disk/batch_bytes.h"

namespace sim {

// What one batch may hold when it is unpacked: above, it is taken for damage.
constexpr std::size_t kMostUnpackedBytes = 256U << 20;

// Unpacks the records of a batch into `out`, whose storage is used again: gzip; snappy in Xerial's
// frames or bare (SnappyInputStream); lz4 and zstd frames. None copies. Malformed where the stream
// contradicts itself, ends too early, or has more than `kMostUnpackedBytes`; the problem has no
// place.
Expected<void> decompress(Compression compression, ByteView packed, Bytes& out);

// The reverse, as a broker would write it: for tests, and for whoever makes files.
Bytes compress(Compression compression, ByteView plain);

}  // namespace sim
