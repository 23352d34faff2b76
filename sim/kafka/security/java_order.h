#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <string_view>

// Strings as Java sees them, in UTF-16 units, without leaving UTF-8. All of it requires valid
// UTF-8.
namespace sim {

// String.compareTo. It is the order of bytes but for characters beyond U+FFFF, whose surrogates
// come before U+E000.
inline std::strong_ordering java_compare(std::string_view a, std::string_view b) {
  const auto [at_a, at_b] = std::ranges::mismatch(a, b);
  if (at_a == a.end() || at_b == b.end()) return a.size() <=> b.size();
  const auto rank = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0xEE || byte == 0xEF ? byte + 0x100 : int{byte};
  };
  return rank(*at_a) <=> rank(*at_b);
}

// What two strings begin with alike.
struct CommonPrefix {
  std::size_t bytes = 0;  // of whole characters
  std::size_t units = 0;  // in UTF-16, half a surrogate pair included
};
inline CommonPrefix common_prefix(std::string_view a, std::string_view b) {
  std::size_t same = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  const auto inside = [](std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  const std::size_t differ = same;
  while (same > 0 && (inside(a, same) || inside(b, same))) --same;
  CommonPrefix prefix{.bytes = same};
  for (const char c : a.substr(0, same)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) prefix.units += byte >= 0xF0 ? 2 : 1;
  }
  // Pairs share their first half if they agree in all but the last ten bits: in the first two
  // bytes, and in the upper two of the six bits of the third.
  const bool pair = differ - same >= 2 && static_cast<unsigned char>(a[same]) >= 0xF0;
  if (pair && (differ - same > 2 || ((a[same + 2] ^ b[same + 2]) & 0x30) == 0)) ++prefix.units;
  return prefix;
}

}  // namespace sim
