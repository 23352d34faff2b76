#pragma once

#include <concepts>
#include <nlohmann/json.hpp>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "sim/base/described.h"

// A described value (sim/base/described.h) as JSON, field by field in the order of its table, with
// numbers as numbers and enumerators by name: what describe_value says to people, for programs.
namespace scenarios {

using FieldJson = nlohmann::ordered_json;

template <class T>
FieldJson field_json(const T& value) {
  if constexpr (sim::SelfDescribed<T>) {
    return value.describe();
  } else if constexpr (sim::Described<T>) {
    FieldJson object = FieldJson::object();
    const auto add = [&](const auto& f) {
      if (!sim::is_passed_by(value, f)) object[std::string(f.name)] = field_json(value.*(f.member));
    };
    T::fields([&](const auto&... f) { (add(f), ...); });
    return object;
  } else if constexpr (sim::StrongNumber<T>) {
    return field_json(value.value());
  } else if constexpr (std::same_as<T, sim::Instant> || std::same_as<T, sim::Duration>) {
    return value.nanoseconds();
  } else if constexpr (std::is_enum_v<T>) {
    if constexpr (requires {
                    { name_of(value) } -> std::convertible_to<std::string_view>;
                  }) {
      return std::string(name_of(value));
    } else {
      return static_cast<std::int64_t>(value);
    }
  } else if constexpr (std::same_as<T, bool>) {
    return value;
  } else if constexpr (std::unsigned_integral<T>) {
    return static_cast<std::uint64_t>(value);
  } else if constexpr (std::integral<T>) {
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::convertible_to<T, std::string_view>) {
    return std::string(std::string_view(value));
  } else if constexpr (std::same_as<T, std::monostate>) {
    return nullptr;
  } else if constexpr (sim::IsOptional<T>::value) {
    return value ? field_json(*value) : FieldJson(nullptr);
  } else if constexpr (sim::IsVariant<T>::value) {
    return std::visit([](const auto& alternative) { return field_json(alternative); }, value);
  } else if constexpr (sim::IsPair<T>::value) {
    return FieldJson::array({field_json(value.first), field_json(value.second)});
  } else if constexpr (std::ranges::sized_range<const T>) {
    FieldJson array = FieldJson::array();
    for (const auto& element : value) array.push_back(field_json(element));
    return array;
  } else {
    static_assert(sizeof(T) == 0, "give this type fields(visit), or describe() and digest_into()");
  }
}

}  // namespace scenarios
