#include "zk/znodes_order.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace zk {
namespace {

// The table starts at 16 and doubles when it would become three quarters full.
std::uint32_t table_size(std::size_t keys) {
  std::uint32_t size = 16;
  while (keys >= size / 4 * 3) size *= 2;
  return size;
}

}  // namespace

std::vector<std::string> hash_map_order(std::vector<std::string> keys, WithinBucket within) {
  const std::uint32_t size = table_size(keys.size());
  // Bucket, order within it, and which of the keys it is, so that no two places are the same.
  std::vector<std::tuple<std::uint32_t, std::int32_t, std::size_t>> placed;
  placed.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto hash = static_cast<std::uint32_t>(java_hash(keys[i]));
    const std::uint32_t spread = hash ^ (hash >> 16);
    const bool by_hash = within == WithinBucket::ByHash;
    placed.emplace_back(spread & (size - 1), by_hash ? static_cast<std::int32_t>(spread) : 0, i);
  }
  std::ranges::sort(placed);
  std::vector<std::string> ordered;
  ordered.reserve(keys.size());
  for (const auto& place : placed) ordered.push_back(std::move(keys[std::get<2>(place)]));
  return ordered;
}

}  // namespace zk
