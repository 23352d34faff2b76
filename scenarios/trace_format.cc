#include "scenarios/trace_format.h"

#include <fmt/format.h>

#include "sim/base/bytes.h"
#include "sim/base/check.h"
#include "sim/kafka/disk/crc32c.h"

namespace scenarios::trace {
namespace {

// No block is near that long; a length beyond it is nonsense, and nobody is asked for the memory.
constexpr std::uint32_t kLongestMessage = 256U << 20;

std::uint32_t checksum(std::string_view text) {
  return sim::crc32c(sim::as_bytes(text));
}

void put(std::string& to, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    to += static_cast<char>(value >> shift & 0xff);
  }
}

}  // namespace

std::string_view name_of(FrameType type) {
  switch (type) {
    case FrameType::Header:
      return "header";
    case FrameType::Block:
      return "block";
    case FrameType::Index:
      return "index";
  }
  sim::unreachable("there are three types of frames");
}

std::string framed(FrameType type, std::string_view message) {
  sim::check(message.size() <= kLongestMessage, "a block is closed before it grows too long");
  std::string frame;
  frame.reserve(kHeadBytes + message.size());
  frame += static_cast<char>(type);
  put(frame, message.size(), 4);
  put(frame, checksum(message), 4);
  put(frame, checksum(frame), 4);
  frame += message;
  return frame;
}

std::string trailer(std::uint64_t index_offset) {
  std::string bytes;
  put(bytes, index_offset, 8);
  bytes += kEnd;
  return bytes;
}

sim::Expected<FrameFile> FrameFile::open(const std::filesystem::path& path) {
  FrameFile file;
  file.path_ = path.string();
  file.in_.open(path, std::ios::binary);
  std::error_code error;
  file.size_ = std::filesystem::file_size(path, error);
  if (!file.in_ || error) {
    return std::unexpected(sim::Problem{sim::Severity::Usage,
                                        {.source = file.path_},
                                        "this file cannot be opened.",
                                        "zk2kraft run SCENARIO --trace FILE writes one."});
  }
  if (file.bytes(0, kMagic.size()) != kMagic) {
    return std::unexpected(file.damaged(0, "this file does not begin as a trace does."));
  }
  return file;
}

sim::Expected<Frame> FrameFile::read(FrameType type, std::uint64_t offset) {
  const auto cut = [&] { return std::unexpected(unfinished(offset)); };
  if (offset > size_ || size_ - offset < kHeadBytes) return cut();
  const std::string head = bytes(offset, kHeadBytes);
  sim::ByteReader reader(sim::as_bytes(head));
  const std::uint8_t found = reader.u8().value_or(0);
  const std::uint32_t length = reader.u32().value_or(0);
  const std::uint32_t message_checksum = reader.u32().value_or(0);
  if (reader.u32() != checksum(std::string_view(head).substr(0, kHeadBytes - 4)) ||
      length > kLongestMessage) {
    return std::unexpected(
        damaged(offset, fmt::format("the head of the {} is damaged.", name_of(type))));
  }
  if (found != static_cast<std::uint8_t>(type)) {
    return std::unexpected(damaged(offset, fmt::format("here should be a {}.", name_of(type))));
  }
  if (size_ - offset - kHeadBytes < length) return cut();
  Frame frame{.message = bytes(offset + kHeadBytes, length), .next = offset + kHeadBytes + length};
  if (frame.message.size() != length || checksum(frame.message) != message_checksum) {
    return std::unexpected(
        damaged(offset, fmt::format("the checksum of the {} does not match.", name_of(type))));
  }
  return frame;
}

std::uint64_t FrameFile::index_offset() {
  if (size_ < kMagic.size() + kTrailerBytes) return 0;
  const std::string end = bytes(size_ - kTrailerBytes, kTrailerBytes);
  if (!end.ends_with(kEnd)) return 0;
  return sim::ByteReader(sim::as_bytes(end)).u64().value_or(0);
}

sim::Problem FrameFile::damaged(std::uint64_t offset, std::string what) const {
  return {sim::Severity::Malformed,
          {.source = path_, .offset = offset},
          std::move(what),
          "Write the trace again: the same seed gives the same file."};
}

sim::Problem FrameFile::unfinished(std::uint64_t offset) const {
  return {sim::Severity::Unknown,
          {.source = path_, .offset = offset},
          "the trace ends here without an end: the program that wrote it was stopped.",
          "What is before can be read; run the same seed again for all of it."};
}

std::string FrameFile::bytes(std::uint64_t offset, std::size_t count) {
  std::string read(count, '\0');
  in_.clear();
  in_.seekg(static_cast<std::streamoff>(offset));
  in_.read(read.data(), static_cast<std::streamsize>(count));
  read.resize(static_cast<std::size_t>(std::max<std::streamsize>(in_.gcount(), 0)));
  return read;
}

}  // namespace scenarios::trace
