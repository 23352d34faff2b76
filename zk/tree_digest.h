#pragma once

#include <cstdint>
#include <string_view>

#include "zk/tree_map.h"

// ZooKeeper's own digest of a tree, as it stands in logs and snapshots since 3.6 (digest version
// 2): the sum of the digests of its znodes, so that a change costs one subtraction and one
// addition. zookeeper.md §3.7.
namespace zk {

constexpr std::int32_t kDigestVersion = 2;

// CRC-32 over path, data and stat of one znode. The root's path is "".
std::uint32_t node_digest(std::string_view path, const Znode& znode);

// Whether a znode counts. What is below /zookeeper is each server's own (quota statistics);
// /zookeeper counts.
bool counts_in_digest(std::string_view path);

// CRC-32 (zlib's polynomial) of `bytes`, continuing `crc`; start with 0.
std::uint32_t crc32(std::uint32_t crc, std::string_view bytes);

}  // namespace zk
