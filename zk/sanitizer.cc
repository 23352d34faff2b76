#include "zk/sanitizer.h"

#include "sim/base/utf8.h"

namespace zk {
namespace {

bool stays(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::string sanitize(std::string_view name) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string sanitized;
  sanitized.reserve(name.size());
  for (const char c : name) {
    if (stays(c)) {
      sanitized += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      sanitized += '%';
      sanitized += kHex[byte >> 4];
      sanitized += kHex[byte & 15U];
    }
  }
  return sanitized;
}

std::optional<std::string> desanitize(std::string_view sanitized) {
  std::string name;
  name.reserve(sanitized.size());
  for (std::size_t i = 0; i < sanitized.size(); ++i) {
    if (sanitized[i] == '+') {
      name += ' ';
    } else if (sanitized[i] == '%') {
      if (i + 2 >= sanitized.size()) return std::nullopt;
      // URLDecoder asks Integer.parseInt, which takes a sign; it refuses what is negative.
      const char first = sanitized[i + 1];
      const auto high = first == '+' || first == '-' ? std::optional(0U) : hex_digit(first);
      const auto low = hex_digit(sanitized[i + 2]);
      if (!high || !low || (first == '-' && *low != 0)) return std::nullopt;
      name += static_cast<char>(*high * 16 + *low);
      i += 2;
    } else {
      name += sanitized[i];
    }
  }
  return sim::valid_utf8(std::move(name));
}

}  // namespace zk
