#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "sim/base/problem.h"

// How a trace file is laid out. It is written front to back, a block at a time, and never changed:
//
//   "zk2kTRC1" │ header │ block │ block │ … │ index │ offset of the index │ "zk2kEND1"
//
// Header, block and index are frames. A frame is a head and a protobuf message (trace.proto):
//
//   type: 1 byte │ length: 4 │ checksum of the message: 4 │ checksum of these 9 bytes: 4 │ message
//
// Numbers are big-endian, checksums CRC-32C. A head with a checksum of its own tells a file that
// was cut short, whose blocks are good up to there, from a damaged one.
namespace scenarios::trace {

constexpr std::uint32_t kFormat = 1;
constexpr std::string_view kMagic = "zk2kTRC1";
constexpr std::string_view kEnd = "zk2kEND1";
constexpr std::size_t kHeadBytes = 13;
constexpr std::size_t kTrailerBytes = 16;

enum class FrameType : std::uint8_t {
  Header = 'H',
  Block = 'B',
  Index = 'I',
};
std::string_view name_of(FrameType type);

// A frame's bytes.
std::string framed(FrameType type, std::string_view message);
// The trailer's.
std::string trailer(std::uint64_t index_offset);

struct Frame {
  std::string message;
  std::uint64_t next = 0;  // offset behind it
};

// Reads frames by their offset. What is wrong is said with that offset: Malformed if the bytes are
// damaged, Unknown if the file ends within the frame.
class FrameFile {
 public:
  // Malformed if it does not begin as a trace does.
  static sim::Expected<FrameFile> open(const std::filesystem::path& path);

  std::uint64_t size() const { return size_; }
  sim::Expected<Frame> read(FrameType type, std::uint64_t offset);
  // Where the index is, or 0 if the file has no end.
  std::uint64_t index_offset();
  sim::Problem damaged(std::uint64_t offset, std::string what) const;
  // The file was not closed: what could come here never came.
  sim::Problem unfinished(std::uint64_t offset) const;

 private:
  FrameFile() = default;
  std::string bytes(std::uint64_t offset, std::size_t count);

  std::string path_;
  std::ifstream in_;
  std::uint64_t size_ = 0;
};

}  // namespace scenarios::trace
