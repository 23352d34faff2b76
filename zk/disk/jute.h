#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/described.h"

// Jute, ZooKeeper's encoding of records: big-endian, no tags, no padding, the fields of a record in
// the order of its table (zookeeper.md §3.1). The same table that digests and describes a struct
// encodes and decodes it:
//
//   bool, integers, strong numbers, enums   as many bytes as they have
//   std::string                             ustring: length, bytes (-1 means null and is refused)
//   std::optional<std::string>              buffer: length, bytes; -1 is no value
//   std::vector<T>                          count, elements (-1 reads as none)
//   a struct with fields(visit)             its fields
namespace zk::disk {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

// How many bytes a T always has; 0 where that depends on its value.
template <class T>
constexpr std::size_t jute_size() {
  if constexpr (sim::Described<T>) {
    return T::fields([](const auto&... f) {
      const std::size_t sizes[] = {
          jute_size<std::remove_cvref_t<decltype(std::declval<T&>().*(f.member))>>()...};
      std::size_t sum = 0;
      for (const std::size_t size : sizes) {
        if (size == 0) return std::size_t{0};
        sum += size;
      }
      return sum;
    });
  } else if constexpr (sim::StrongNumber<T>) {
    return jute_size<typename T::Representation>();
  } else if constexpr (std::is_enum_v<T>) {
    return jute_size<std::underlying_type_t<T>>();
  } else if constexpr (std::same_as<T, bool> || std::same_as<T, std::int32_t> ||
                       std::same_as<T, std::int64_t>) {
    return sizeof(T);
  } else {
    return 0;
  }
}

template <class T>
void jute_encode(sim::ByteWriter& out, const T& value) {
  if constexpr (sim::Described<T>) {
    T::fields([&](const auto&... f) { (jute_encode(out, value.*(f.member)), ...); });
  } else if constexpr (sim::StrongNumber<T>) {
    jute_encode(out, value.value());
  } else if constexpr (std::is_enum_v<T>) {
    jute_encode(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::same_as<T, bool>) {
    out.u8(value ? 1 : 0);
  } else if constexpr (std::same_as<T, std::int32_t>) {
    out.i32(value);
  } else if constexpr (std::same_as<T, std::int64_t>) {
    out.i64(value);
  } else if constexpr (std::same_as<T, std::string>) {
    out.i32(static_cast<std::int32_t>(value.size()));
    out.append(value);
  } else if constexpr (std::same_as<T, std::optional<std::string>>) {
    if (value) {
      jute_encode(out, *value);
    } else {
      out.i32(-1);
    }
  } else if constexpr (IsVector<T>::value) {
    out.i32(static_cast<std::int32_t>(value.size()));
    for (const auto& element : value) jute_encode(out, element);
  } else {
    static_assert(sizeof(T) == 0, "jute has no such type");
  }
}

// Decodes from a `Source`: `take(count)` and `position()`, as sim::ByteReader and Input have them.
// After a failure `why` says what is wrong and `where` at which position; memory grows only with
// bytes that are there.
template <class Source>
class JuteDecoder {
 public:
  explicit JuteDecoder(Source& source) : source_(&source) {}

  template <class T>
  std::optional<T> read(std::string_view what) {
    T value{};
    if (!into(value, what)) return std::nullopt;
    return value;
  }

  const std::string& why() const { return why_; }
  std::uint64_t where() const { return where_; }

 private:
  template <class T>
  bool into(T& value, std::string_view what) {
    if constexpr (sim::Described<T>) {
      if constexpr (jute_size<T>() > 0 && !std::same_as<Source, sim::ByteReader>) {
        // One look at the source for all fields. Where it ends, the fields say which of them is
        // cut.
        if (const auto bytes = source_->take(jute_size<T>())) {
          sim::ByteReader reader(*bytes);
          value = *JuteDecoder<sim::ByteReader>(reader).template read<T>(what);
          return true;
        }
      }
      return T::fields([&](const auto&... f) { return (into(value.*(f.member), f.name) && ...); });
    } else if constexpr (sim::StrongNumber<T>) {
      typename T::Representation number{};
      if (!into(number, what)) return false;
      value = T(number);
      return true;
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> number{};
      if (!into(number, what)) return false;
      value = static_cast<T>(number);
      return true;
    } else if constexpr (std::same_as<T, bool>) {
      const auto bytes = source_->take(1);
      if (!bytes) return cut_short(what);
      value = bytes->front() != 0;
      return true;
    } else if constexpr (std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t>) {
      const auto bytes = source_->take(sizeof(T));
      if (!bytes) return cut_short(what);
      std::uint64_t number = 0;
      for (const std::uint8_t byte : *bytes) number = (number << 8) | byte;
      value = static_cast<T>(number);
      return true;
    } else if constexpr (std::same_as<T, std::string>) {
      const std::optional<std::int32_t> length = length_of(what);
      if (!length) return false;
      if (*length < 0) return fail(what, "is null");
      return text(value, *length, what);
    } else if constexpr (std::same_as<T, std::optional<std::string>>) {
      const std::optional<std::int32_t> length = length_of(what);
      if (!length) return false;
      value.reset();
      return *length < 0 || text(value.emplace(), *length, what);
    } else if constexpr (IsVector<T>::value) {
      const std::optional<std::int32_t> count = length_of(what);
      if (!count) return false;
      // Not reserved: the count is only a claim until the elements are there.
      for (std::int32_t i = 0; i < *count; ++i) {
        if (!into(value.emplace_back(), what)) return false;
      }
      return true;
    } else {
      static_assert(sizeof(T) == 0, "jute has no such type");
    }
  }

  // A length or count: -1 or more.
  std::optional<std::int32_t> length_of(std::string_view what) {
    const std::uint64_t start = source_->position();
    std::int32_t length = 0;
    if (!into(length, what)) return std::nullopt;
    if (length < -1) {
      fail(what, fmt::format("has the impossible length {}", length));
      where_ = start;
      return std::nullopt;
    }
    return length;
  }
  bool text(std::string& value, std::int32_t length, std::string_view what) {
    const auto bytes = source_->take(static_cast<std::size_t>(length));
    if (!bytes) return fail(what, fmt::format("has {} bytes, more than there are", length));
    value = sim::as_text(*bytes);
    return true;
  }
  bool cut_short(std::string_view what) { return fail(what, "is cut short: the bytes end here"); }
  bool fail(std::string_view what, std::string_view is) {
    why_ = fmt::format("the field '{}' {}", what, is);
    where_ = source_->position();
    return false;
  }

  Source* source_;
  std::string why_;
  std::uint64_t where_ = 0;
};

}  // namespace zk::disk
