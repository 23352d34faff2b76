#include "sim/kafka/image_text.h"

#include <algorithm>

namespace sim::image_text {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-:/*@+").find(c) != std::string_view::npos;
}

}  // namespace

void put_text(std::string& out, std::string_view raw) {
  if (!raw.empty() && raw != "null" && std::ranges::all_of(raw, is_plain)) {
    out += raw;
    return;
  }
  out += '"';
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string of_entity(const QuotaEntity& entity) {
  std::string out;
  for (const auto& [type, name] : entity) {
    if (!out.empty()) out += ',';
    put_text(out, type);
    out += '=';
    if (name) {
      put_text(out, *name);
    } else {
      out += "<default>";  // a name of these characters is quoted
    }
  }
  return out;
}

void put_bytes(std::string& out, const Bytes& bytes, Secrets secrets) {
  const auto sink = std::back_inserter(out);
  if (secrets == Secrets::Hashed) {
    Digest digest;
    digest.add(as_text(bytes));
    fmt::format_to(sink, "{} bytes #{:016x}", bytes.size(), digest.value());
    return;
  }
  out += "0x";
  for (const std::uint8_t byte : bytes) fmt::format_to(sink, "{:02x}", byte);
}

}  // namespace sim::image_text
