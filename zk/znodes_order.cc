#include "zk/znodes_order.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sim/base/utf8.h"

namespace zk {
namespace {

// The table starts at 16 and doubles when it would become three quarters full.
std::uint32_t table_size(std::size_t keys) {
  std::uint32_t size = 16;
  while (keys >= size / 4 * 3) size *= 2;
  return size;
}

std::uint32_t code_point(std::string_view sequence) {
  const auto at = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(sequence[i]));
  };
  switch (sequence.size()) {
    case 1:
      return at(0);
    case 2:
      return (at(0) & 0x1FU) << 6 | (at(1) & 0x3FU);
    case 3:
      return (at(0) & 0x0FU) << 12 | (at(1) & 0x3FU) << 6 | (at(2) & 0x3FU);
    default:
      return (at(0) & 0x07U) << 18 | (at(1) & 0x3FU) << 12 | (at(2) & 0x3FU) << 6 | (at(3) & 0x3FU);
  }
}

}  // namespace

std::int32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  while (!text.empty()) {
    const std::size_t length = sim::utf8_sequence(text);
    const std::uint32_t point = length == 0 ? 0xFFFDU : code_point(text.substr(0, length));
    if (point >= 0x10000U) {
      hash = 31 * hash + (0xD800U + ((point - 0x10000U) >> 10));
      hash = 31 * hash + (0xDC00U + ((point - 0x10000U) & 0x3FFU));
    } else {
      hash = 31 * hash + point;
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return static_cast<std::int32_t>(hash);
}

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
