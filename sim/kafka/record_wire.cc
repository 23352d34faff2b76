#include "sim/kafka/record_wire.h"

#include <fmt/format.h>

namespace sim {

void write_uvarint(ByteWriter& out, std::uint32_t value) {
  while (value >= 0x80) {
    out.u8(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.u8(static_cast<std::uint8_t>(value));
}

void write_varint(ByteWriter& out, std::int32_t value) {
  write_uvarint(out,
                (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31));
}

void write_varlong(ByteWriter& out, std::int64_t value) {
  std::uint64_t zigzag =
      (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  while (zigzag >= 0x80) {
    out.u8(static_cast<std::uint8_t>(zigzag | 0x80));
    zigzag >>= 7;
  }
  out.u8(static_cast<std::uint8_t>(zigzag));
}

bool WireReader::uvarint(std::uint32_t& value) {
  constexpr std::size_t kMostBytes = 5;
  value = 0;
  for (std::size_t i = 0; i < kMostBytes; ++i) {
    if (position_ + i >= bytes_.size()) return end_of_bytes(i + 1);
    const std::uint8_t byte = bytes_[position_ + i];
    value |= static_cast<std::uint32_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      position_ += i + 1;
      return true;
    }
  }
  return fail(position_, "a variable-length number has more than 5 bytes");
}

bool WireReader::varint(std::int32_t& value) {
  std::uint32_t zigzag = 0;
  if (!uvarint(zigzag)) return false;
  value = static_cast<std::int32_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
  return true;
}

bool WireReader::varlong(std::int64_t& value) {
  constexpr std::size_t kMostBytes = 10;
  std::uint64_t zigzag = 0;
  for (std::size_t i = 0; i < kMostBytes; ++i) {
    if (position_ + i >= bytes_.size()) return end_of_bytes(i + 1);
    const std::uint8_t byte = bytes_[position_ + i];
    zigzag |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      position_ += i + 1;
      value = static_cast<std::int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
      return true;
    }
  }
  return fail(position_, "a variable-length number has more than 10 bytes");
}

bool WireReader::take(std::size_t count, ByteView& taken) {
  if (count > remaining()) return end_of_bytes(count);
  taken = bytes_.subspan(position_, count);
  position_ += count;
  return true;
}

bool WireReader::fail(std::size_t at, std::string what) {
  if (!failed_) {
    failed_ = true;
    failed_at_ = at;
    what_ = std::move(what);
  }
  return false;
}

bool WireReader::end_of_bytes(std::size_t wanted) {
  return fail(position_, fmt::format("{} bytes are needed, {} are left", wanted, remaining()));
}

namespace wire_detail {

void write_length(ByteWriter& out, Sized kind, std::optional<std::size_t> length,
                  WireVersion version) {
  if (version.flexible) {
    write_uvarint(out, length ? static_cast<std::uint32_t>(*length) + 1 : 0);
  } else if (kind == Sized::String) {
    check(!length || *length <= kLongestString, "a string is no longer than its length can say");
    out.i16(length ? static_cast<std::int16_t>(*length) : std::int16_t{-1});
  } else {
    out.i32(length ? static_cast<std::int32_t>(*length) : -1);
  }
}

namespace {

// A length as a signed number before what it counts; below zero: null.
template <class Number>
bool read_signed_length(WireReader& in, std::uint32_t& length_plus_one) {
  Number length{};
  if (!in.fixed(length)) return false;
  length_plus_one = length < 0 ? 0 : static_cast<std::uint32_t>(length) + 1;
  return true;
}

}  // namespace

bool read_length(WireReader& in, std::string_view name, Sized kind, WireVersion version,
                 std::uint32_t& length_plus_one) {
  const std::size_t at = in.position();
  const bool read = version.flexible        ? in.uvarint(length_plus_one)
                    : kind == Sized::String ? read_signed_length<std::int16_t>(in, length_plus_one)
                                            : read_signed_length<std::int32_t>(in, length_plus_one);
  if (!read) return false;
  if (length_plus_one > 0 && length_plus_one - 1 > in.remaining()) {
    return in.fail(at, fmt::format("'{}' says its length is {}, only {} bytes are left", name,
                                   length_plus_one - 1, in.remaining()));
  }
  return true;
}

bool read_string(WireReader& in, std::string_view name, std::uint32_t length_plus_one,
                 std::string& text) {
  if (length_plus_one - 1 > kLongestString) {
    return in.fail(in.position(), fmt::format("'{}' has {} bytes; a string has at most {}", name,
                                              length_plus_one - 1, kLongestString));
  }
  ByteView bytes;
  if (!in.take(length_plus_one - 1, bytes)) return false;
  text.assign(as_text(bytes));
  return true;
}

bool read_unknown_tag(WireReader& in, std::uint32_t tag, std::uint32_t size,
                      UnknownTaggedFields& unknown) {
  ByteView bytes;
  if (!in.take(size, bytes)) return false;
  unknown.push_back({.tag = tag, .data = Bytes(bytes.begin(), bytes.end())});
  return true;
}

}  // namespace wire_detail
}  // namespace sim
