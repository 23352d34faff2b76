#include "sim/kafka/application/payload_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

constexpr std::size_t kShown = 48;

}  // namespace

std::size_t RecordContent::bytes() const {
  std::size_t size = key.size() + value.size() + padding;
  for (const auto& [name, content] : headers) size += name.size() + content.size();
  return size;
}

std::string hex_of(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes.substr(0, kShown)) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned char>(byte));
  }
  return bytes.size() > kShown ? text + " …" : text;
}

std::string text_of(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes.substr(0, kShown)) {
    const bool printable = byte >= 0x20 && byte < 0x7f;
    text += printable ? std::string(1, byte) : "·";
  }
  return bytes.size() > kShown ? text + " …" : text;
}

const RecordContent* PayloadTable::find(RecordToken token) const {
  for (const Rule& rule : rules_) {
    const std::int64_t at = rule.first.distance_to(token) + 1;  // the producer's nth, from 1
    if (at < rule.nth || at > rule.below) continue;
    if (at == rule.nth || (rule.every > 0 && (at - rule.nth) % rule.every == 0)) {
      return &rule.content;
    }
  }
  return nullptr;
}

std::int32_t PayloadTable::plain_before(RecordToken first, std::int32_t count) const {
  std::int64_t plain = count;
  for (const Rule& rule : rules_) {
    const std::int64_t from = rule.first.distance_to(first) + 1;
    if (from > rule.below) continue;
    std::int64_t next = rule.nth;
    if (from > next) {
      if (rule.every <= 0) continue;
      next += (from - next + rule.every - 1) / rule.every * rule.every;
    }
    if (next <= rule.below) plain = std::min(plain, next - from);
  }
  return static_cast<std::int32_t>(plain);
}

}  // namespace sim
