#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "sim/kafka/record_wire.h"
#include "sim/kafka/records.h"

// Random metadata records for properties, made from the same table of fields as everything else.
namespace tests {

// Any value that a field of this type can hold in `version`; integers reach their extremes.
template <class T>
T any_value(std::int16_t version) {
  namespace detail = sim::wire_detail;
  if constexpr (std::same_as<T, bool>) {
    return *rc::gen::arbitrary<bool>();
  } else if constexpr (detail::WireNumber<T>) {
    using Integer = decltype(detail::as_integer(T{}));
    return static_cast<T>(*rc::gen::oneOf(rc::gen::arbitrary<Integer>(),
                                          rc::gen::inRange<Integer>(0, 10),
                                          rc::gen::element(std::numeric_limits<Integer>::min(),
                                                           std::numeric_limits<Integer>::max())));
  } else if constexpr (std::same_as<T, std::string>) {
    return *rc::gen::oneOf(
        rc::gen::string<std::string>(),
        rc::gen::element<std::string>("", "foo", "User:alice", "\xc3\xa9t\xc3\xa9"));
  } else if constexpr (std::same_as<T, sim::Bytes>) {
    return *rc::gen::arbitrary<sim::Bytes>();
  } else if constexpr (std::same_as<T, sim::Uuid>) {
    return sim::Uuid(*rc::gen::arbitrary<std::int64_t>(), *rc::gen::arbitrary<std::int64_t>());
  } else if constexpr (std::same_as<T, sim::QuotaValue>) {
    return sim::QuotaValue::from_bits(*rc::gen::arbitrary<std::uint64_t>());
  } else if constexpr (sim::IsOptional<T>::value) {
    if (*rc::gen::arbitrary<bool>()) return std::nullopt;
    return any_value<typename T::value_type>(version);
  } else if constexpr (detail::IsVector<T>::value) {
    T elements;
    const int count = *rc::gen::inRange(0, 5);
    for (int i = 0; i < count; ++i) {
      elements.push_back(any_value<typename T::value_type>(version));
    }
    return elements;
  } else {
    T value;
    const auto fill = [&](const auto& f) {
      if (!sim::in_version(f, version)) return;
      value.*(f.member) = any_value<std::remove_cvref_t<decltype(value.*(f.member))>>(version);
    };
    T::fields([&](const auto&... f) { (fill(f), ...); });
    if (*rc::gen::inRange(0, 5) == 0) {
      value.unknown_tagged_fields.push_back({.tag = *rc::gen::inRange<std::uint32_t>(100, 1000),
                                             .data = *rc::gen::arbitrary<sim::Bytes>()});
    }
    return value;
  }
}

constexpr std::size_t kRecordTypes = std::variant_size_v<sim::Record>;

// A record of the type at this index of sim::Record, in one of its versions. Call it inside a
// property.
inline sim::VersionedRecord any_record_of_type(std::size_t type) {
  sim::VersionedRecord versioned;
  const auto make = [&]<std::size_t N>() {
    if (N != type) return;
    using T = std::variant_alternative_t<N, sim::Record>;
    versioned.version = *rc::gen::inRange<std::int16_t>(0, T::kHighestVersion + 1);
    versioned.record = any_value<T>(versioned.version);
  };
  [&]<std::size_t... N>(std::index_sequence<N...>) {
    (make.template operator()<N>(), ...);
  }(std::make_index_sequence<kRecordTypes>());
  return versioned;
}

inline sim::VersionedRecord any_record() {
  return any_record_of_type(*rc::gen::inRange<std::size_t>(0, kRecordTypes));
}

}  // namespace tests
