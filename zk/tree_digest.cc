#include "zk/tree_digest.h"

#include <array>
#include <bit>
#include <cstring>

namespace zk {
namespace {

// Table k gives the effect of a byte that k further bytes follow: eight tables, eight bytes a step.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}
constexpr Tables kTables = make_tables();

void put(std::array<char, 60>& block, std::size_t at, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    block[at + i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
  }
}

}  // namespace

std::uint32_t crc32(std::uint32_t crc, std::string_view bytes) {
  crc = ~crc;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  if constexpr (std::endian::native == std::endian::little) {
    for (; left >= 8; left -= 8, at += 8) {
      std::uint32_t low = 0;
      std::uint32_t high = 0;
      std::memcpy(&low, at, 4);
      std::memcpy(&high, at + 4, 4);
      low ^= crc;
      crc = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^
            kTables[5][(low >> 16) & 0xff] ^ kTables[4][low >> 24] ^ kTables[3][high & 0xff] ^
            kTables[2][(high >> 8) & 0xff] ^ kTables[1][(high >> 16) & 0xff] ^
            kTables[0][high >> 24];
    }
  }
  for (; left > 0; --left, ++at) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xff];
  return ~crc;
}

std::uint32_t node_digest(std::string_view path, const Znode& znode) {
  const PersistedStat& stat = znode.stat;
  // The order is the digest's own: pzxid stands before the times (DigestCalculator).
  std::array<char, 60> block{};
  std::size_t at = 0;
  const auto add = [&](auto value) {
    put(block, at, static_cast<std::uint64_t>(value), sizeof(value));
    at += sizeof(value);
  };
  add(stat.czxid.value());
  add(stat.mzxid.value());
  add(stat.pzxid.value());
  add(stat.ctime.value());
  add(stat.mtime.value());
  add(stat.version.value());
  add(stat.cversion.value());
  add(stat.aversion.value());
  add(stat.ephemeral_owner.value());
  std::uint32_t crc = crc32(0, path);
  if (znode.data) crc = crc32(crc, *znode.data);
  return crc32(crc, std::string_view(block.data(), block.size()));
}

bool counts_in_digest(std::string_view path) {
  return !path.starts_with("/zookeeper/");
}

}  // namespace zk
