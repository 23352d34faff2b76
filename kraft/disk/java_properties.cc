#include "kraft/disk/java_properties.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace kraft {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }
bool is_line_end(char c) { return c == '\n' || c == '\r'; }

// The next logical line: comments and empty lines skipped, continued lines joined without the leading
// blanks of what follows. Escapes stay in it.
std::optional<std::string> next_natural_line(std::string_view& text) {
  while (!text.empty()) {
    while (!text.empty() && (is_blank(text.front()) || is_line_end(text.front()))) text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
    const bool comment = text.front() == '#' || text.front() == '!';
    std::string line;
    while (!text.empty() && !is_line_end(text.front())) {
      if (text.front() != '\\' || comment || text.size() < 2) {
        line += text.front();
        text.remove_prefix(1);
      } else if (!is_line_end(text[1])) {
        line += text.substr(0, 2);
        text.remove_prefix(2);
      } else {
        const bool two = text.size() > 2 && text[1] == '\r' && text[2] == '\n';
        text.remove_prefix(two ? 3 : 2);
        while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
      }
    }
    if (!comment) return line;
  }
  return std::nullopt;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto continuation = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += continuation(code);
  } else {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += continuation(code >> 6);
    out += continuation(code);
  }
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      if (text[i] != '\\') out += text[i];
      continue;
    }
    switch (const char c = text[++i]) {
      case 't': out += '\t'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 'f': out += '\f'; break;
      case 'u': {
        std::uint32_t code = 0;
        for (int digit = 0; digit < 4 && i + 1 < text.size(); ++digit) {
          const std::size_t value = std::string_view("0123456789abcdef")
                                        .find(static_cast<char>(text[i + 1] | 0x20));
          if (value == std::string_view::npos) break;
          code = code * 16 + static_cast<std::uint32_t>(value);
          ++i;
        }
        append_utf8(out, code);
        break;
      }
      default: out += c;
    }
  }
  return out;
}

}  // namespace

std::map<std::string, std::string> parse_java_properties(std::string_view text) {
  std::map<std::string, std::string> properties;
  while (auto line = next_natural_line(text)) {
    std::size_t end = 0;
    while (end < line->size() && (*line)[end] != '=' && (*line)[end] != ':' && !is_blank((*line)[end])) {
      end += (*line)[end] == '\\' ? 2U : 1U;
    }
    std::string_view rest = std::string_view(*line).substr(std::min(end, line->size()));
    const auto skip_blanks = [&] {
      while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
    };
    skip_blanks();
    if (!rest.empty() && (rest.front() == '=' || rest.front() == ':')) {
      rest.remove_prefix(1);
      skip_blanks();
    }
    properties[unescape(std::string_view(*line).substr(0, end))] = unescape(rest);
  }
  return properties;
}

std::string escape_java_property(std::string_view text, bool is_key) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (const char c = text[i]) {
      case ' ': out += is_key || i == 0 ? "\\ " : " "; break;
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\f': out += "\\f"; break;
      case '=':
      case ':':
      case '#':
      case '!':
      case '\\':
        out += '\\';
        out += c;
        break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace kraft
