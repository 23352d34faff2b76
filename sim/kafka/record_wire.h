#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/check.h"
#include "sim/base/described.h"
#include "sim/base/id.h"
#include "sim/kafka/quota_value.h"
#include "sim/kafka/record_fields.h"
#include "sim/kafka/uuid.h"

// Kafka's message encoding, driven by the table of fields (kraft.md §6.1): how metadata records,
// the control records of a log and the records of a group coordinator become bytes and back.
// Flexible versions have compact lengths and tagged fields (KIP-482), older ones neither. Says
// nothing about frames and batches.
namespace sim {

// A struct of Kafka's message schemas: a table of fields, and room for tags that the table lacks.
template <class T>
concept WireStruct = Described<T> && requires(T value) {
  { value.unknown_tagged_fields } -> std::same_as<UnknownTaggedFields&>;
};

// A version of a message, and how it is encoded. All versions of metadata records are flexible.
struct WireVersion {
  std::int16_t number = 0;
  bool flexible = true;
  constexpr WireVersion(std::int16_t version,
                        bool is_flexible = true)  // NOLINT(google-explicit-constructor)
      : number(version), flexible(is_flexible) {}
};

// Whether a field is one of this version. All but a few (RetiredWireField) stay once they are
// there.
template <class F>
constexpr bool in_version(const F& field, std::int16_t version) {
  if constexpr (requires { field.until; }) {
    if (version > field.until) return false;
  }
  return field.since <= version;
}

void write_uvarint(ByteWriter& out, std::uint32_t value);
void write_varint(ByteWriter& out, std::int32_t value);   // zigzag
void write_varlong(ByteWriter& out, std::int64_t value);  // zigzag

// Reads front to back. The first thing that is wrong stops all reading: `failed()` holds from then
// on, with the offset where the offending value began. No length is believed before the bytes are
// there.
class WireReader {
 public:
  explicit WireReader(ByteView bytes) : bytes_(bytes) {}

  bool uvarint(std::uint32_t& value);
  bool varint(std::int32_t& value);
  bool varlong(std::int64_t& value);
  // A big-endian number of the width of T.
  template <std::integral T>
  bool fixed(T& value) {
    if (remaining() < sizeof(T)) return end_of_bytes(sizeof(T));
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) bits = (bits << 8) | bytes_[position_ + i];
    value = static_cast<T>(bits);
    position_ += sizeof(T);
    return true;
  }
  bool take(std::size_t count, ByteView& taken);

  // Marks everything from `at` as unreadable. Returns false, so that callers can return it.
  bool fail(std::size_t at, std::string what);
  bool failed() const { return failed_; }
  const std::string& what() const { return what_; }
  std::size_t failed_at() const { return failed_at_; }

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  bool empty() const { return remaining() == 0; }

 private:
  bool end_of_bytes(std::size_t wanted);

  ByteView bytes_;
  std::size_t position_ = 0;
  bool failed_ = false;
  std::size_t failed_at_ = 0;
  std::string what_;
};

namespace wire_detail {

template <class Number>
constexpr auto as_integer(Number value) {
  if constexpr (StrongNumber<Number>) {
    return value.value();
  } else if constexpr (std::is_enum_v<Number>) {
    return static_cast<std::underlying_type_t<Number>>(value);
  } else {
    return value;
  }
}
template <class T>
concept WireNumber =
    StrongNumber<T> || std::is_enum_v<T> || (std::integral<T> && !std::same_as<T, bool>);

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptionalStruct : std::false_type {};
template <WireStruct T>
struct IsOptionalStruct<std::optional<T>> : std::true_type {};

// Strings longer than this are refused by Kafka's readers, whatever the schema.
constexpr std::uint32_t kLongestString = 0x7fff;

// Whether a field takes part in this version; a value that a version cannot carry is the writer's
// bug (Kafka throws UnsupportedVersionException, as no field of a metadata record is ignorable).
template <class F, class T>
bool present(const F& field, const T& value, const T& defaults, WireVersion version) {
  if (in_version(field, version.number)) return true;
  check(value.*(field.member) == defaults.*(field.member),
        "a record is written in a version that has all the fields it sets");
  return false;
}

template <class T>
const T& defaults_of() {
  static const T defaults{};
  return defaults;
}

// What stands before a value of variable size; absent: null.
enum class Sized : std::uint8_t {
  String,  // not flexible: int16, all others int32
  Bytes,
  Array,
};
void write_length(ByteWriter& out, Sized kind, std::optional<std::size_t> length,
                  WireVersion version);
bool read_length(WireReader& in, std::string_view name, Sized kind, WireVersion version,
                 std::uint32_t& length_plus_one);
template <class T>
constexpr Sized sized_as() {
  if constexpr (std::same_as<T, std::string>) return Sized::String;
  if constexpr (std::same_as<T, Bytes>) return Sized::Bytes;
  return Sized::Array;
}
bool read_string(WireReader& in, std::string_view name, std::uint32_t length_plus_one,
                 std::string& text);
bool read_unknown_tag(WireReader& in, std::uint32_t tag, std::uint32_t size,
                      UnknownTaggedFields& unknown);

}  // namespace wire_detail

template <WireStruct T>
void write_struct(ByteWriter& out, const T& value, WireVersion version);

template <class T>
void write_value(ByteWriter& out, const T& value, WireVersion version) {
  namespace detail = wire_detail;
  if constexpr (std::same_as<T, bool>) {
    out.u8(value ? 1 : 0);
  } else if constexpr (detail::WireNumber<T>) {
    const auto number = detail::as_integer(value);
    if constexpr (sizeof(number) == 1) out.i8(static_cast<std::int8_t>(number));
    if constexpr (sizeof(number) == 2) out.i16(static_cast<std::int16_t>(number));
    if constexpr (sizeof(number) == 4) out.i32(static_cast<std::int32_t>(number));
    if constexpr (sizeof(number) == 8) out.i64(static_cast<std::int64_t>(number));
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, Bytes>) {
    detail::write_length(out, detail::sized_as<T>(), value.size(), version);
    out.append(value);
  } else if constexpr (std::same_as<T, Uuid>) {
    out.i64(value.most());
    out.i64(value.least());
  } else if constexpr (std::same_as<T, QuotaValue>) {
    out.u64(value.bits());
  } else if constexpr (IsOptional<T>::value) {
    using Inner = typename T::value_type;
    // In a tag, where alone our tables have a nullable struct; elsewhere a null would be -1
    // (MessageDataGenerator).
    if constexpr (WireStruct<Inner>) write_uvarint(out, value ? 1 : 0);
    if (value) {
      write_value(out, *value, version);
    } else if constexpr (!WireStruct<Inner>) {
      detail::write_length(out, detail::sized_as<Inner>(), std::nullopt, version);
    }
  } else if constexpr (detail::IsVector<T>::value) {
    detail::write_length(out, detail::Sized::Array, value.size(), version);
    for (const auto& element : value) write_value(out, element, version);
  } else {
    write_struct(out, value, version);
  }
}

// The fields of `version` in the table's order, then the tagged section in ascending order of tags.
template <WireStruct T>
void write_struct(ByteWriter& out, const T& value, WireVersion version) {
  namespace detail = wire_detail;
  const T& defaults = detail::defaults_of<T>();
  std::uint32_t tagged = static_cast<std::uint32_t>(value.unknown_tagged_fields.size());
  std::int16_t highest_tag = kNoTag;
  const auto body = [&](const auto& f) {
    if (!detail::present(f, value, defaults, version)) return;
    if (f.tag == kNoTag) {
      write_value(out, value.*(f.member), version);
    } else if (value.*(f.member) != defaults.*(f.member)) {
      ++tagged;
      highest_tag = std::max(highest_tag, f.tag);
    }
  };
  T::fields([&](const auto&... f) { (body(f), ...); });
  check(version.flexible || tagged == 0, "only a flexible version has tagged fields");
  if (!version.flexible) return;
  write_uvarint(out, tagged);
  if (tagged == 0) return;

  const auto raw_tag = [&](std::uint32_t tag, ByteView payload) {
    write_uvarint(out, tag);
    write_uvarint(out, static_cast<std::uint32_t>(payload.size()));
    out.append(payload);
  };
  auto unknown = value.unknown_tagged_fields.begin();
  const auto unknown_end = value.unknown_tagged_fields.end();
  for (std::int16_t tag = 0; tag <= highest_tag; ++tag) {
    for (; unknown != unknown_end && unknown->tag < static_cast<std::uint32_t>(tag); ++unknown) {
      raw_tag(unknown->tag, unknown->data);
    }
    const auto section = [&](const auto& f) {
      if (f.tag != tag || value.*(f.member) == defaults.*(f.member)) return;
      ByteWriter payload;
      write_value(payload, value.*(f.member), version);
      raw_tag(static_cast<std::uint32_t>(tag), payload.view());
    };
    T::fields([&](const auto&... f) { (section(f), ...); });
  }
  for (; unknown != unknown_end; ++unknown) raw_tag(unknown->tag, unknown->data);
}

template <WireStruct T>
bool read_struct(WireReader& in, T& value, WireVersion version);

template <class T>
bool read_value(WireReader& in, std::string_view name, T& value, WireVersion version);

namespace wire_detail {

// The value behind a length that is not null.
template <class T>
bool read_sized(WireReader& in, std::string_view name, std::uint32_t length_plus_one, T& value,
                WireVersion version) {
  if constexpr (std::same_as<T, std::string>) {
    return read_string(in, name, length_plus_one, value);
  } else if constexpr (std::same_as<T, Bytes>) {
    ByteView bytes;
    if (!in.take(length_plus_one - 1, bytes)) return false;
    value.assign(bytes.begin(), bytes.end());
    return true;
  } else {
    using Element = typename T::value_type;
    const std::size_t count = length_plus_one - 1;
    // Each element takes at least a byte, so that a damaged count cannot make this run long.
    if (count > in.remaining()) {
      return in.fail(in.position(), "'" + std::string(name) + "' says it has " +
                                        std::to_string(count) +
                                        " elements, more than bytes that are left");
    }
    value.clear();
    if constexpr (WireNumber<Element> || std::same_as<Element, Uuid>) {
      value.reserve(std::min(count, in.remaining() / sizeof(Element)));
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!read_value(in, name, value.emplace_back(), version)) return false;
    }
    return true;
  }
}

}  // namespace wire_detail

template <class T>
bool read_value(WireReader& in, std::string_view name, T& value, WireVersion version) {
  namespace detail = wire_detail;
  if constexpr (std::same_as<T, bool>) {
    std::uint8_t byte = 0;
    if (!in.fixed(byte)) return false;
    value = byte != 0;
    return true;
  } else if constexpr (detail::WireNumber<T>) {
    decltype(detail::as_integer(value)) number{};
    if (!in.fixed(number)) return false;
    value = static_cast<T>(number);
    return true;
  } else if constexpr (std::same_as<T, Uuid>) {
    std::int64_t most = 0;
    std::int64_t least = 0;
    if (!in.fixed(most) || !in.fixed(least)) return false;
    value = Uuid(most, least);
    return true;
  } else if constexpr (std::same_as<T, QuotaValue>) {
    std::uint64_t bits = 0;
    if (!in.fixed(bits)) return false;
    value = QuotaValue::from_bits(bits);
    return true;
  } else if constexpr (WireStruct<T>) {
    return read_struct(in, value, version);
  } else if constexpr (detail::IsOptionalStruct<T>::value) {
    std::uint32_t present = 0;
    if (!in.uvarint(present)) return false;
    if (present > 0) return read_struct(in, value.emplace(), version);
    value.reset();
    return true;
  } else if constexpr (IsOptional<T>::value) {
    std::uint32_t length = 0;
    if (!detail::read_length(in, name, detail::sized_as<typename T::value_type>(), version, length))
      return false;
    if (length == 0) {
      value.reset();
      return true;
    }
    return detail::read_sized(in, name, length, value.emplace(), version);
  } else {
    const std::size_t at = in.position();
    std::uint32_t length = 0;
    if (!detail::read_length(in, name, detail::sized_as<T>(), version, length)) return false;
    if (length == 0) return in.fail(at, "'" + std::string(name) + "' is null and must not be");
    return detail::read_sized(in, name, length, value, version);
  }
}

// Reads the fields of `version`; those that it lacks keep their defaults, unknown tags are kept
// apart.
template <WireStruct T>
bool read_struct(WireReader& in, T& value, WireVersion version) {
  const auto body = [&](const auto& f) {
    if (f.tag != kNoTag || !in_version(f, version.number)) return true;
    return read_value(in, f.name, value.*(f.member), version);
  };
  if (!T::fields([&](const auto&... f) { return (body(f) && ...); })) return false;

  if (!version.flexible) return true;
  std::uint32_t count = 0;
  if (!in.uvarint(count)) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t at = in.position();
    std::uint32_t tag = 0;
    std::uint32_t size = 0;
    if (!in.uvarint(tag) || !in.uvarint(size)) return false;
    const std::size_t start = in.position();
    bool known = false;
    bool good = true;
    const auto section = [&](const auto& f) {
      if (f.tag == kNoTag || static_cast<std::uint32_t>(f.tag) != tag) return;
      known = true;
      if (!in_version(f, version.number)) {
        good = in.fail(at, "tag " + std::to_string(tag) + " is not valid in version " +
                               std::to_string(version.number));
      } else {
        good = read_value(in, f.name, value.*(f.member), version);
      }
    };
    T::fields([&](const auto&... f) { (section(f), ...); });
    if (!known) good = wire_detail::read_unknown_tag(in, tag, size, value.unknown_tagged_fields);
    if (!good) return false;
    if (in.position() - start != size) {
      return in.fail(at, "tag " + std::to_string(tag) + " says it has " + std::to_string(size) +
                             " bytes but has " + std::to_string(in.position() - start));
    }
  }
  return true;
}

}  // namespace sim
