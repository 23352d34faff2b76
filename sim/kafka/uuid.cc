#include "sim/kafka/uuid.h"

#include <array>

#include "sim/base/distribution.h"

namespace sim {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.ends_with("==")) text.remove_suffix(2);
  if (text.size() != 22) return std::nullopt;
  std::array<std::uint64_t, 2> halves{};
  // 22 characters carry 132 bits; the last four say nothing, and Java ignores them as well.
  Wide bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = kAlphabet.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    if (i < 21) {
      bits = (bits << 6) | digit;
    } else {
      bits = (bits << 2) | (digit >> 4);
    }
  }
  halves[0] = static_cast<std::uint64_t>(bits >> 64);
  halves[1] = static_cast<std::uint64_t>(bits);
  return Uuid(static_cast<std::int64_t>(halves[0]), static_cast<std::int64_t>(halves[1]));
}

std::string Uuid::describe() const {
  const Wide bits = (static_cast<Wide>(static_cast<std::uint64_t>(most_)) << 64) |
                    static_cast<std::uint64_t>(least_);
  std::string text(22, 'A');
  for (std::size_t i = 0; i < 21; ++i) {
    text[i] = kAlphabet[static_cast<std::size_t>((bits >> (122 - 6 * i)) & 63)];
  }
  text[21] = kAlphabet[static_cast<std::size_t>((bits << 4) & 63)];
  return text;
}

}  // namespace sim
