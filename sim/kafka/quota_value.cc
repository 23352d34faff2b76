#include "sim/kafka/quota_value.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <cmath>
#include <system_error>

namespace sim {
namespace {

using boost::multiprecision::cpp_int;
using boost::multiprecision::pow;

// The digits of a number 0.d1d2d3… × 10^exponent.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

// A finite double above zero: mantissa × 2^shift, where the mantissa has `bits` significant bits, and
// the binary exponent of its leading bit.
struct Binary {
  std::uint64_t mantissa = 0;
  int shift = 0;
  int bits = 0;
  int exponent() const { return shift + bits - 1; }
};

constexpr int kMantissaBits = 53;

Binary take_apart(std::uint64_t bits) {
  constexpr std::uint64_t kFraction = (std::uint64_t{1} << 52) - 1;
  const int biased = static_cast<int>((bits >> 52) & 0x7ff);
  const std::uint64_t fraction = bits & kFraction;
  Binary binary;
  binary.mantissa = biased == 0 ? fraction : fraction | (kFraction + 1);
  binary.shift = std::max(biased, 1) - 1075;
  binary.bits = 64 - std::countl_zero(binary.mantissa);
  return binary;
}

void round_up(Decimal& decimal) {
  for (std::size_t i = decimal.digits.size(); i-- > 0;) {
    if (decimal.digits[i] != '9') {
      ++decimal.digits[i];
      return;
    }
    decimal.digits[i] = '0';
  }
  decimal.digits[0] = '1';  // 99…9 became 100…0
  ++decimal.exponent;
}

// Whole numbers below 2^63. Above 2^53 the digits that the mantissa cannot hold are rounded away, counted
// by how many decimal digits the power of two below its last bit has.
Decimal whole_number(const Binary& binary) {
  std::uint64_t value =
      binary.shift >= 0 ? binary.mantissa << binary.shift : binary.mantissa >> -binary.shift;
  Decimal decimal;
  if (binary.exponent() > kMantissaBits) {
    const std::uint64_t unit = std::uint64_t{1} << (binary.exponent() - kMantissaBits - 1);
    std::uint64_t power = 1;
    while (power * 10 <= unit) {
      power *= 10;
      ++decimal.exponent;
    }
    const std::uint64_t residue = value % power;
    value /= power;
    if (power > 1 && residue >= power / 2) ++value;
  }
  decimal.digits = std::to_string(value);
  decimal.exponent += static_cast<int>(decimal.digits.size());
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  return decimal;
}

// An estimate of floor(log10), at times one too high: the line through 1.5 that Java 17 uses.
int estimate_decimal_exponent(const Binary& binary) {
  const double fraction = std::ldexp(static_cast<double>(binary.mantissa), 1 - binary.bits);
  const double slope = (fraction - 1.5) * 0.289529654;
  const double power = static_cast<double>(binary.exponent()) * 0.301029995663981;
  return static_cast<int>(std::floor(slope + 0.176091259 + power));
}

// Digit generation after Steele and White, with the shortcuts and the imperfections of Java's
// FloatingDecimal before JDK 19, which at times yields a digit more than the shortest: it stops as soon
// as what is left is below half a unit in the last place (`low`), or that far from the next digit
// (`high`), but looks at these only after the second digit where the result has an exponent.
Decimal fraction_digits(const Binary& binary) {
  int exponent = estimate_decimal_exponent(binary);
  // value = rest / scale × 10^exponent; half = half a unit in the last place, in the same measure.
  const bool power_of_two = std::has_single_bit(binary.mantissa);
  const int significant = binary.bits;
  const int half_shift = binary.exponent() - significant - (power_of_two ? 1 : 0);
  const int lift = std::max({0, -binary.shift, -half_shift});
  const cpp_int tens = pow(cpp_int(10), static_cast<unsigned>(std::abs(exponent)));
  cpp_int rest = cpp_int(binary.mantissa) << (binary.shift + lift);
  cpp_int half = cpp_int(1) << (half_shift + lift);
  cpp_int scale = cpp_int(1) << lift;
  if (exponent >= 0) {
    scale *= tens;
  } else {
    rest *= tens;
    half *= tens;
  }
  const cpp_int ten_scale = scale * 10;

  Decimal decimal;
  bool low = false;
  bool high = false;
  const auto next_digit = [&] {
    cpp_int quotient;
    cpp_int remainder;
    divide_qr(rest, scale, quotient, remainder);
    rest = remainder * 10;
    half *= 10;
    low = rest < half;
    high = rest + half > ten_scale;
    return static_cast<char>('0' + quotient.convert_to<int>());
  };
  const char first = next_digit();
  if (first == '0' && !high) {
    --exponent;
  } else {
    decimal.digits += first;
  }
  if (exponent < -3 || exponent >= 8) low = high = false;
  while (!low && !high) decimal.digits += next_digit();
  decimal.exponent = exponent + 1;
  if (!high) return decimal;
  const int difference = cpp_int(rest * 2).compare(ten_scale);
  const bool odd = (decimal.digits.back() - '0') % 2 == 1;
  if (!low || difference > 0 || (difference == 0 && odd)) round_up(decimal);
  return decimal;
}

Decimal decimal_of(std::uint64_t bits) {
  const Binary binary = take_apart(bits);
  const int trailing_zeros = std::countr_zero(binary.mantissa);
  const bool whole = binary.shift + trailing_zeros >= 0 && binary.exponent() <= 62;
  return whole ? whole_number(binary) : fraction_digits(binary);
}

// Plain notation from a thousandth to ten million, else with an exponent; always a digit on both sides
// of the point.
std::string layout(const Decimal& decimal) {
  const std::string& digits = decimal.digits;
  const auto tail = [](std::string_view rest) {
    return rest.empty() ? std::string("0") : std::string(rest);
  };
  if (decimal.exponent > 0 && decimal.exponent < 8) {
    const auto before = static_cast<std::size_t>(decimal.exponent);
    if (digits.size() <= before) return digits + std::string(before - digits.size(), '0') + ".0";
    return digits.substr(0, before) + '.' + digits.substr(before);
  }
  if (decimal.exponent <= 0 && decimal.exponent > -3) {
    return "0." + std::string(static_cast<std::size_t>(-decimal.exponent), '0') + tail(digits);
  }
  return digits.substr(0, 1) + '.' + tail(std::string_view(digits).substr(1)) + 'E' +
         std::to_string(decimal.exponent - 1);
}

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
constexpr std::uint64_t kInfinity = std::uint64_t{0x7ff} << 52;
constexpr std::uint64_t kNotANumber = kInfinity | (std::uint64_t{1} << 51);

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The magnitude of a decimal or hexadecimal literal without sign and suffix.
std::optional<double> magnitude(std::string_view text) {
  auto format = std::chars_format::general;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    // Java demands the binary exponent.
    if (text.find_first_of("pP") == std::string_view::npos) return std::nullopt;
    text.remove_prefix(2);
    format = std::chars_format::hex;
  }
  if (text.empty() || text.front() == '-' || text.find_first_of("nN") != std::string_view::npos) {
    return std::nullopt;
  }
  double value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value, format);
  if (end != last || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Too large or too small: infinity or zero, told apart by the sign of the exponent.
    const std::size_t mark = text.find_first_of(format == std::chars_format::hex ? "pP" : "eE");
    const bool small = mark != std::string_view::npos
                           ? text.substr(mark + 1).starts_with('-')
                           : text.starts_with("0") || text.starts_with(".");
    return small ? 0.0 : HUGE_VAL;
  }
  return value;
}

}  // namespace

std::optional<QuotaValue> QuotaValue::parse(std::string_view text) {
  text = trim(text);
  std::uint64_t sign = 0;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    if (text.front() == '-') sign = kSign;
    text.remove_prefix(1);
  }
  if (text == "NaN") return from_bits(kNotANumber);  // Java's parser drops the sign
  if (text == "Infinity") return from_bits(sign | kInfinity);
  if (!text.empty() && std::string_view("dDfF").find(text.back()) != std::string_view::npos) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (!hex || text.find_first_of("pP") != std::string_view::npos) text.remove_suffix(1);
  }
  const std::optional<double> value = magnitude(text);
  if (!value) return std::nullopt;
  return from_bits(sign | QuotaValue(*value).bits());
}

std::string QuotaValue::describe() const {
  const std::uint64_t magnitude_bits = bits_ & ~kSign;
  if (magnitude_bits > kInfinity) return "NaN";
  const std::string sign = (bits_ & kSign) != 0 ? "-" : "";
  if (magnitude_bits == kInfinity) return sign + "Infinity";
  if (magnitude_bits == 0) return sign + "0.0";
  return sign + layout(decimal_of(magnitude_bits));
}

}  // namespace sim
