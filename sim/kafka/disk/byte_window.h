#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "sim/base/bytes.h"
#include "sim/base/problem.h"

namespace sim {

// A file, or bytes in memory, seen through a window that moves forward. Holds no more of a file
// than was asked for last, plus a chunk.
class ByteWindow {
 public:
  static constexpr std::size_t kChunkBytes = 1U << 20;

  static Expected<ByteWindow> open(const std::filesystem::path& file);
  // Looks at bytes that the caller keeps.
  ByteWindow(ByteView bytes, std::string source);
  ByteWindow(ByteWindow&& other) noexcept;
  ByteWindow& operator=(ByteWindow&& other) noexcept;
  ~ByteWindow();

  // The next `count` bytes, fewer at the end of the file. Valid until the next call.
  ByteView peek(std::size_t count);
  void advance(std::size_t count);

  std::uint64_t position() const { return position_; }
  // As the file was when opened; what is appended meanwhile is not seen.
  std::uint64_t size() const { return size_; }
  std::uint64_t remaining() const { return size_ - position_; }
  const std::string& source() const { return source_; }

 private:
  ByteWindow() = default;
  void fill(std::size_t count);

  std::string source_;
  int descriptor_ = -1;  // -1: the bytes are in memory
  ByteView memory_;
  Bytes buffer_;
  std::size_t buffer_start_ = 0;  // of what is not yet consumed
  std::uint64_t position_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace sim
