#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "sim/kafka/records_groups.h"
#include "tests/support/record_generators.h"

// Random records of `__consumer_offsets` for properties, made from the same tables as everything
// else.
namespace tests {

// Tagged fields are only in flexible versions.
template <class T>
void without_tags(T& value) {
  if constexpr (sim::WireStruct<T>) {
    value.unknown_tagged_fields.clear();
    T::fields([&](const auto&... f) { (without_tags(value.*(f.member)), ...); });
  } else if constexpr (sim::IsOptional<T>::value) {
    if (value) without_tags(*value);
  } else if constexpr (sim::wire_detail::IsVector<T>::value) {
    for (auto& element : value) without_tags(element);
  }
}

constexpr std::size_t kGroupRecordTypes = std::variant_size_v<sim::GroupRecord>;

// A record of the type at this index of sim::GroupRecord, in one of its versions, or its tombstone.
inline sim::VersionedGroupRecord any_group_record_of_type(std::size_t type) {
  sim::VersionedGroupRecord versioned;
  const auto make = [&]<std::size_t N>() {
    if (N != type) return;
    using Entry = std::variant_alternative_t<N, sim::GroupRecord>;
    using Key = typename Entry::Key;
    using Value = typename Entry::Value;
    versioned.key_version =
        *rc::gen::inRange<std::int16_t>(Key::kLowestVersion, Key::kHighestVersion + 1);
    Entry entry;
    entry.key = any_value<Key>(versioned.key_version);
    without_tags(entry.key);
    if (*rc::gen::inRange(0, 5) != 0) {
      versioned.value_version = *rc::gen::inRange<std::int16_t>(0, Value::kHighestVersion + 1);
      entry.value = any_value<Value>(versioned.value_version);
      if (versioned.value_version < Value::kFlexibleSince) without_tags(*entry.value);
    }
    versioned.record = std::move(entry);
  };
  [&]<std::size_t... Ns>(std::index_sequence<Ns...>) {
    (make.template operator()<Ns>(), ...);
  }(std::make_index_sequence<kGroupRecordTypes>());
  return versioned;
}

inline sim::VersionedGroupRecord any_group_record() {
  return any_group_record_of_type(*rc::gen::inRange<std::size_t>(0, kGroupRecordTypes));
}

}  // namespace tests
