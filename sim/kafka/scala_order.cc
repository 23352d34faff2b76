#include "sim/kafka/scala_order.h"

#include <map>

#include "sim/base/utf8.h"

namespace sim {
namespace {

// scala.collection.Hashing.improve, which immutable.HashMap uses.
std::uint32_t improved_for_trie(std::int32_t hash) {
  const auto code = static_cast<std::uint32_t>(hash);
  std::uint32_t h = code + ~(code << 9);
  h ^= h >> 14;
  h += h << 4;
  return h ^ (h >> 10);
}

constexpr std::uint32_t kBitsPerLevel = 5;
constexpr std::uint32_t kHashBits = 32;

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

// BitmapIndexedMapNode: entries that are alone in their place come first, then the nodes below; both
// by place.
void append_node(std::vector<std::string> names, std::uint32_t shift,
                 std::vector<std::string>& ordered) {
  if (shift >= kHashBits) {  // HashCollisionMapNode, in the order of insertion
    ordered.insert(ordered.end(), names.begin(), names.end());
    return;
  }
  std::map<std::uint32_t, std::vector<std::string>> places;
  for (std::string& name : names) {
    const std::uint32_t place =
        (improved_for_trie(java_hash(name)) >> shift) & ((1U << kBitsPerLevel) - 1);
    places[place].push_back(std::move(name));
  }
  for (const auto& [place, here] : places) {
    if (here.size() == 1) ordered.push_back(here.front());
  }
  for (auto& [place, here] : places) {
    if (here.size() > 1) append_node(std::move(here), shift + kBitsPerLevel, ordered);
  }
}

}  // namespace

std::int32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
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

std::int32_t scala_order::improved(std::int32_t hash) {
  const auto code = static_cast<std::uint32_t>(hash);
  return static_cast<std::int32_t>(code ^ (code >> 16));
}

std::vector<std::string> immutable_hash_map_order(std::vector<std::string> names) {
  std::vector<std::string> ordered;
  append_node(std::move(names), 0, ordered);
  return ordered;
}

}  // namespace sim
