#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

// Bytes as files and wires hold them. Text and bytes convert explicitly, by `as_text`, `as_bytes`.
using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Reads big-endian primitives from a view, front to back. A read past the end returns an empty
// optional (or view) and leaves the position where it was; nothing is ever read out of bounds, and
// nothing is allocated on the word of a length field that the view cannot back.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  std::optional<std::uint8_t> u8() { return big_endian<std::uint8_t>(); }
  std::optional<std::int8_t> i8() { return big_endian<std::int8_t>(); }
  std::optional<std::int16_t> i16() { return big_endian<std::int16_t>(); }
  std::optional<std::uint16_t> u16() { return big_endian<std::uint16_t>(); }
  std::optional<std::int32_t> i32() { return big_endian<std::int32_t>(); }
  std::optional<std::uint32_t> u32() { return big_endian<std::uint32_t>(); }
  std::optional<std::int64_t> i64() { return big_endian<std::int64_t>(); }
  std::optional<std::uint64_t> u64() { return big_endian<std::uint64_t>(); }
  std::optional<ByteView> take(std::size_t count) {
    if (count > remaining()) return std::nullopt;
    const ByteView taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  bool empty() const { return remaining() == 0; }
  ByteView rest() const { return bytes_.subspan(position_); }

 private:
  template <class T>
  std::optional<T> big_endian() {
    if (sizeof(T) > remaining()) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value = (value << 8) | bytes_[position_ + i];
    position_ += sizeof(T);
    return static_cast<T>(value);
  }

  ByteView bytes_;
  std::size_t position_ = 0;
};

// Appends big-endian primitives to a growing buffer.
class ByteWriter {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(value); }
  void i8(std::int8_t value) { u8(static_cast<std::uint8_t>(value)); }
  void i16(std::int16_t value) { big_endian(static_cast<std::uint64_t>(value), 2); }
  void u16(std::uint16_t value) { big_endian(value, 2); }
  void i32(std::int32_t value) { big_endian(static_cast<std::uint64_t>(value), 4); }
  void u32(std::uint32_t value) { big_endian(value, 4); }
  void i64(std::int64_t value) { big_endian(static_cast<std::uint64_t>(value), 8); }
  void u64(std::uint64_t value) { big_endian(value, 8); }
  void append(ByteView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void append(std::string_view text) { append(as_bytes(text)); }
  // Overwrites four bytes that were written before, for lengths and checksums known only later.
  void patch_u32(std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) {
      bytes_[at + i] = static_cast<std::uint8_t>(value >> (8 * (3 - i)));
    }
  }

  std::size_t size() const { return bytes_.size(); }
  ByteView view() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }

 private:
  void big_endian(std::uint64_t value, int count) {
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  }
  Bytes bytes_;
};

}  // namespace sim
