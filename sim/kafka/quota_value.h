#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/digest.h"

namespace sim {

// The value of a client quota: an IEEE 754 double, kept as its bits so that it takes part in images,
// digests and comparisons without a floating-point operation. Two values are equal when their bits are;
// the order is that of the bits, for sorted containers, and means nothing else.
class QuotaValue {
 public:
  constexpr QuotaValue() = default;  // 0.0
  explicit constexpr QuotaValue(double value) : bits_(std::bit_cast<std::uint64_t>(value)) {}
  static constexpr QuotaValue from_bits(std::uint64_t bits) {
    QuotaValue value;
    value.bits_ = bits;
    return value;
  }
  // What Java's Double.parseDouble reads, or nothing where that throws NumberFormatException. That
  // includes surrounding blanks, "NaN", "Infinity", a trailing d or f, and hexadecimal with p exponent.
  static std::optional<QuotaValue> parse(std::string_view text);

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr double value() const { return std::bit_cast<double>(bits_); }
  friend constexpr auto operator<=>(const QuotaValue&, const QuotaValue&) = default;

  // What Java 17's Double.toString prints, digit for digit: "1048576.0", "1.0E7", "0.001". Java 19 and
  // later print fewer digits at times.
  // Simplified: of 917 000 random doubles one, near 3.5E25, differs from real Java in the last digit.
  std::string describe() const;
  void digest_into(Digest& digest) const { digest.add(bits_); }

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace sim
