#include "sim/base/properties_scan.h"

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sim {
namespace {

using Element = PropertiesFile::Element;
using Kind = PropertiesFile::Kind;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\f';
}
bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}
// ── From bytes to elements ──────────────────────────────────────────────────────────────────────

// What is left of natural lines when continuations and the blanks that lead them are gone
// (java.util.Properties.LineReader), each character with the offset that it came from.
struct LogicalLine {
  std::string text;
  std::vector<std::size_t> offsets;
  std::size_t end = 0;  // of the natural line that closes it, before its line end
};

// One element at the front of `bytes`, not yet decoded; `line` is filled for an entry.
struct Scanned {
  Kind kind = Kind::Blank;
  std::size_t size = 0;
  std::size_t begin = 0;
  LogicalLine line;
};

class Scanner {
 public:
  explicit Scanner(std::string_view bytes) : bytes_(bytes) {}

  Scanned run() {
    bool at_front = true;  // blanks are skipped
    while (at_ < bytes_.size()) {
      const char c = bytes_[at_];
      if (at_front && is_blank(c)) {
        ++at_;
        continue;
      }
      // A natural line without anything ends a line that was continued into it.
      if (line_.text.empty() && is_line_end(c)) return closed(Kind::Blank, at_);
      at_front = false;
      if (line_.text.empty() && (c == '#' || c == '!')) return comment();
      if (!is_line_end(c)) {
        take(c);
      } else if (!backslash_) {
        return closed(Kind::Entry, at_);
      } else {
        drop_backslash();
        // Java asks for the end of the file behind the first character of the line end: there a
        // lone backslash is the empty key.
        const bool last = at_ + 1 == bytes_.size();
        at_ += line_end_length(bytes_, at_);
        if (last) return finished(Kind::Entry);
        at_front = true;
      }
    }
    if (line_.text.empty()) return finished(Kind::Blank);
    if (backslash_) drop_backslash();
    return finished(Kind::Entry);
  }

 private:
  void take(char c) {
    line_.text += c;
    line_.offsets.push_back(at_++);
    backslash_ = c == '\\' && !backslash_;
  }
  void drop_backslash() {
    first_ = first_ ? first_ : line_.offsets.front();
    line_.text.pop_back();
    line_.offsets.pop_back();
    backslash_ = false;
  }
  Scanned comment() {
    const std::size_t begin = at_;
    while (at_ < bytes_.size() && !is_line_end(bytes_[at_])) ++at_;
    if (at_ < bytes_.size()) at_ += line_end_length(bytes_, at_);
    return {.kind = Kind::Comment, .size = at_, .begin = begin, .line = {}};
  }
  // At a line end, which belongs to the element.
  Scanned closed(Kind kind, std::size_t end) {
    at_ += line_end_length(bytes_, at_);
    return done(kind, end);
  }
  Scanned finished(Kind kind) { return done(kind, at_); }
  Scanned done(Kind kind, std::size_t end) {
    line_.end = end;
    const std::size_t begin = line_.offsets.empty() ? first_.value_or(0) : line_.offsets.front();
    return {.kind = kind, .size = at_, .begin = begin, .line = std::move(line_)};
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  LogicalLine line_;
  std::optional<std::size_t> first_;  // a character that a continuation took away again
  bool backslash_ = false;            // an odd number of them stands before
};

// Where the key ends and the value begins in a logical line (java.util.Properties.load0).
struct Split {
  std::size_t key_end = 0;
  std::size_t value_begin = 0;
};
Split split(std::string_view line) {
  std::size_t at = 0;
  bool escaped = false;
  for (; at < line.size(); ++at) {
    if (!escaped && (is_separator(line[at]) || is_blank(line[at]))) break;
    escaped = line[at] == '\\' && !escaped;
  }
  Split split{at, at};
  bool separated = false;
  for (; split.value_begin < line.size(); ++split.value_begin) {
    const char c = line[split.value_begin];
    if (is_blank(c)) continue;
    if (!is_separator(c) || separated) break;
    separated = true;
  }
  return split;
}

// ── Escapes ─────────────────────────────────────────────────────────────────────────────────────

std::optional<char16_t> four_digits(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(0, 4)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return static_cast<char16_t>(value);
}

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&](unsigned bits) { out += static_cast<char>(bits); };
  const auto rest = [&](int shift) { byte(0x80U | ((static_cast<unsigned>(c) >> shift) & 0x3FU)); };
  const auto bits = static_cast<unsigned>(c);
  if (bits < 0x80) {
    byte(bits);
  } else if (bits < 0x800) {
    byte(0xC0U | bits >> 6);
    rest(0);
  } else if (bits < 0x10000) {
    byte(0xE0U | bits >> 12);
    rest(6);
    rest(0);
  } else {
    byte(0xF0U | bits >> 18);
    rest(12);
    rest(6);
    rest(0);
  }
}

constexpr bool is_high(char16_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
constexpr bool is_low(char16_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

// Half of a pair alone, which a Java string can hold, becomes U+FFFD.
std::string to_utf8(std::u16string_view units) {
  std::string text;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const char16_t unit = units[i];
    if (is_high(unit) && i + 1 < units.size() && is_low(units[i + 1])) {
      append_utf8(text, 0x10000U + ((char32_t{unit} - 0xD800U) << 10) + (units[++i] - 0xDC00U));
    } else {
      append_utf8(text, is_high(unit) || is_low(unit) ? 0xFFFDU : char32_t{unit});
    }
  }
  return text;
}

char unescaped(char c) {
  switch (c) {
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 'f':
      return '\f';
  }
  return c;  // a backslash before anything else is not there
}

// What Java makes of a raw key or value; where it throws, the position of the backslash.
std::expected<std::string, std::size_t> decoded(std::string_view raw) {
  std::u16string units;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      units += static_cast<unsigned char>(raw[i]);
    } else if (raw[++i] != 'u') {
      units += static_cast<unsigned char>(unescaped(raw[i]));
    } else {
      const auto unit = four_digits(raw.substr(i + 1));
      if (!unit) return std::unexpected(i - 1);
      units += *unit;
      i += 4;
    }
  }
  return to_utf8(units);
}

Expected<Element> element_of(std::string_view bytes, Scanned scanned) {
  Element element{.kind = scanned.kind,
                  .text = std::string(bytes.substr(0, scanned.size)),
                  .line = 1,
                  .begin = scanned.begin};
  if (scanned.kind != Kind::Entry) return element;
  const LogicalLine& line = scanned.line;
  const Split at = split(line.text);
  const auto malformed = [&](std::size_t position) {
    const std::uint32_t lines = count_lines(bytes.substr(0, line.offsets[position]));
    return std::unexpected(
        Problem{.severity = Severity::Malformed,
                .place = {.source = "", .line = lines},
                .what = "\\u without four hexadecimal digits: Java refuses the whole file",
                .remedy = "Write \\\\u for a backslash and a u, or \\uXXXX for a character."});
  };
  auto key = decoded(std::string_view(line.text).substr(0, at.key_end));
  if (!key) return malformed(key.error());
  auto value = decoded(std::string_view(line.text).substr(at.value_begin));
  if (!value) return malformed(at.value_begin + value.error());
  element.key = *std::move(key);
  element.value = *std::move(value);
  element.key_end = at.key_end > 0 ? line.offsets[at.key_end - 1] + 1 : scanned.begin;
  element.value_begin =
      at.value_begin < line.offsets.size() ? line.offsets[at.value_begin] : line.end;
  element.value_end = line.end;
  return element;
}

}  // namespace

Expected<Element> first_element(std::string_view bytes) {
  return element_of(bytes, Scanner(bytes).run());
}

std::string_view line_end_of(std::string_view text) {
  if (text.ends_with("\r\n")) return "\r\n";
  if (text.ends_with('\n')) return "\n";
  return text.ends_with('\r') ? "\r" : "";
}

std::size_t line_end_length(std::string_view text, std::size_t at) {
  return text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 1;
}

std::uint32_t count_lines(std::string_view text) {
  std::uint32_t lines = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_line_end(text[i])) continue;
    ++lines;
    i += line_end_length(text, i) - 1;
  }
  return lines;
}

}  // namespace sim
