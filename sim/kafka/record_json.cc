#include "sim/kafka/record_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace sim {
namespace {

struct Utf8Step {
  std::size_t length = 1;
  bool well_formed = false;
};

// The sequence that `text` begins with. Of an ill-formed one the length is how much Java replaces by one
// U+FFFD: the longest start of what could have become a character, all of an encoded surrogate.
Utf8Step utf8_step(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {.length = 1, .well_formed = true};
  if (lead < 0xc2 || lead > 0xf4 || !continues(1)) return {};
  if (lead < 0xe0) return {.length = 2, .well_formed = true};
  if (lead == 0xe0 && byte(1) < 0xa0) return {};  // overlong, as the next but one
  if (lead < 0xf0) {
    if (!continues(2)) return {.length = 2};
    return {.length = 3, .well_formed = lead != 0xed || byte(1) < 0xa0};
  }
  if (lead == 0xf0 && byte(1) < 0x90) return {};
  if (lead == 0xf4 && byte(1) > 0x8f) return {};  // beyond U+10FFFF
  if (!continues(2)) return {.length = 2};
  if (!continues(3)) return {.length = 3};
  return {.length = 4, .well_formed = true};
}

}  // namespace

std::string metadata_record_type(std::string_view record_name) {
  std::string type;
  for (const char c : record_name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !type.empty()) type += '_';
    type += upper ? c : static_cast<char>(c - 'a' + 'A');
  }
  return type;
}

void append_json(std::string& out, const Record& record, std::int16_t version) {
  std::visit([&](const auto& body) { append_json_struct(out, body, version); }, record);
}

std::string to_json(const VersionedRecord& versioned) {
  std::string out = R"({"type":")";
  out += metadata_record_type(name_of(versioned.record));
  fmt::format_to(std::back_inserter(out), R"(","version":{},"data":)", versioned.version);
  append_json(out, versioned.record, versioned.version);
  out += '}';
  return out;
}

namespace json_detail {

// As Jackson escapes. Bytes that are not UTF-8 become U+FFFD, as when Java reads them into a String.
void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (step.length != 1 || !step.well_formed) {
      out += step.well_formed ? text.substr(0, step.length) : std::string_view("\xef\xbf\xbd");
      text.remove_prefix(step.length);
      continue;
    }
    const char c = text.front();
    text.remove_prefix(1);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "\\u{:04X}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void append_base64(std::string& out, ByteView bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8) | (k < count ? bytes[i + k] : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= count ? kAlphabet[(group >> (18 - 6 * k)) & 63] : '=';
    }
  }
  out += '"';
}

// Jackson writes what JSON has no number for as text.
void append_quota(std::string& out, QuotaValue value) {
  const std::string text = value.describe();
  const bool is_number = text != "NaN" && !text.ends_with("Infinity");
  if (is_number) {
    out += text;
  } else {
    append_string(out, text);
  }
}

}  // namespace json_detail
}  // namespace sim
