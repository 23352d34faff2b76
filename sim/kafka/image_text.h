#pragma once

#include <concepts>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "sim/base/bytes.h"
#include "sim/base/described.h"
#include "sim/kafka/image.h"

// How values stand in canonical text and in differences: so that two values look the same only if
// they are, which `describe_value` (for traces) does not promise.
namespace sim::image_text {

// A plain word as it is, anything else quoted, with quotes, backslashes and control characters
// escaped.
void put_text(std::string& out, std::string_view raw);

// Kafka's name for the number, or the number where it has none.
template <class Enum>
std::string name_or_number(Enum value) {
  const std::string_view name = name_of(value);
  return name == "UNKNOWN" ? std::to_string(static_cast<int>(value)) : std::string(name);
}

// "client-id=app,user=<default>"
std::string of_entity(const QuotaEntity& entity);

enum class Secrets {
  Shown,
  Hashed
};  // what stands for bytes: all of it in hex, or their length and hash
void put_bytes(std::string& out, const Bytes& bytes, Secrets secrets);

template <class Value>
void put_value(std::string& out, const Value& value, Secrets secrets = Secrets::Shown);

// " name=value" for each field of the value's table.
template <Described Value>
void put_fields(std::string& out, const Value& value, Secrets secrets = Secrets::Shown) {
  const auto put = [&](const auto& f) {
    out += ' ';
    out += f.name;
    out += '=';
    put_value(out, value.*(f.member), secrets);
  };
  Value::fields([&](const auto&... f) { (put(f), ...); });
}

template <class Value>
void put_value(std::string& out, const Value& value, Secrets secrets) {
  if constexpr (std::same_as<Value, Bytes>) {
    put_bytes(out, value, secrets);
  } else if constexpr (std::convertible_to<Value, std::string_view>) {
    put_text(out, value);
  } else if constexpr (IsOptional<Value>::value) {
    if (value) {
      put_value(out, *value, secrets);
    } else {
      out += "null";  // the word, as a text, is quoted
    }
  } else if constexpr (std::is_enum_v<Value>) {
    out += name_or_number(value);
  } else if constexpr (Described<Value>) {
    out += '{';
    put_fields(out, value, secrets);
    out += " }";
  } else if constexpr (SelfDescribed<Value> || StrongNumber<Value> || std::integral<Value>) {
    describe_to(out, value);
  } else {
    out += '[';
    std::string_view separator;
    for (const auto& element : value) {
      out += separator;
      put_value(out, element, secrets);
      separator = ",";
    }
    out += ']';
  }
}

}  // namespace sim::image_text
