#include "sim/kafka/quota_value.h"

#include <charconv>
#include <cmath>
#include <system_error>

namespace sim {

std::optional<QuotaValue> QuotaValue::parse(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return QuotaValue(value);
}

std::string QuotaValue::describe() const {
  char buffer[32];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof buffer, value(), std::chars_format::scientific);
  return error == std::errc{} ? std::string(buffer, end) : std::string();
}

}  // namespace sim
