#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sim {

// How many bytes the well-formed UTF-8 sequence at the front of `text` has; 0 if there is none.
inline std::size_t utf8_sequence(std::string_view text) {
  if (text.empty()) return 0;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && at(1) < 0xA0) || (first == 0xF0 && at(1) < 0x90);
  const bool surrogate = first == 0xED && at(1) > 0x9F;
  const bool beyond_unicode = first == 0xF4 && at(1) > 0x8F;
  return overlong || surrogate || beyond_unicode ? 0 : length;
}

// The text with each byte that is part of no UTF-8 sequence replaced by U+FFFD. (Java may merge
// several bad bytes into one replacement; the difference is in what was garbage already.)
inline std::string valid_utf8(std::string text) {
  std::string valid;
  bool changed = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_sequence(std::string_view(text).substr(i));
    if (length == 0) {
      valid += "\xEF\xBF\xBD";
      changed = true;
      ++i;
    } else {
      valid.append(text, i, length);
      i += length;
    }
  }
  return changed ? valid : text;
}

// Length in UTF-16 units, which is what Java's String.length() says. Requires valid UTF-8.
inline std::size_t java_length(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

}  // namespace sim
