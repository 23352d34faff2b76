#include "sim/kafka/disk/byte_window.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sim/base/check.h"

namespace sim {
namespace {

std::unexpected<Problem> cannot_open(const std::filesystem::path& file, int error) {
  return std::unexpected(
      Problem{.severity = error == ENOENT ? Severity::Usage : Severity::Malformed,
              .place = {.source = file.string(), .offset = {}, .line = {}, .column = {}},
              .what = fmt::format("the file cannot be read: {}", std::strerror(error)),
              .remedy = error == EACCES
                            ? "Read it as the user that Kafka runs as: checkpoints have mode 0400."
                            : "Check the path."});
}

// Up to `count` bytes at an offset; fewer where the file ends. What the device refuses counts as an
// end.
std::size_t read_at(int descriptor, std::uint8_t* to, std::size_t count, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got =
        ::pread(descriptor, to + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace

Expected<ByteWindow> ByteWindow::open(const std::filesystem::path& file) {
  ByteWindow window;
  window.source_ = file.string();
  window.descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (window.descriptor_ < 0) return cannot_open(file, errno);
  struct stat status{};
  if (::fstat(window.descriptor_, &status) != 0) return cannot_open(file, errno);
  if (!S_ISREG(status.st_mode)) return cannot_open(file, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  window.size_ = static_cast<std::uint64_t>(status.st_size);
  return window;
}

ByteWindow::ByteWindow(ByteView bytes, std::string source)
    : source_(std::move(source)), memory_(bytes), size_(bytes.size()) {}

ByteWindow::ByteWindow(ByteWindow&& other) noexcept
    : source_(std::move(other.source_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      memory_(other.memory_),
      buffer_(std::move(other.buffer_)),
      buffer_start_(other.buffer_start_),
      position_(other.position_),
      size_(other.size_) {}

ByteWindow& ByteWindow::operator=(ByteWindow&& other) noexcept {
  std::swap(source_, other.source_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(memory_, other.memory_);
  std::swap(buffer_, other.buffer_);
  std::swap(buffer_start_, other.buffer_start_);
  std::swap(position_, other.position_);
  std::swap(size_, other.size_);
  return *this;
}

ByteWindow::~ByteWindow() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

ByteView ByteWindow::peek(std::size_t count) {
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, remaining()));
  if (descriptor_ < 0) return memory_.subspan(static_cast<std::size_t>(position_), count);
  if (buffer_.size() - buffer_start_ < count) fill(count);
  return ByteView(buffer_).subspan(buffer_start_, std::min(count, buffer_.size() - buffer_start_));
}

void ByteWindow::fill(std::size_t count) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(buffer_start_));
  buffer_start_ = 0;
  const std::size_t have = buffer_.size();
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(std::max(count, kChunkBytes), remaining()));
  buffer_.resize(wanted);
  const std::size_t got =
      read_at(descriptor_, buffer_.data() + have, wanted - have, position_ + have);
  buffer_.resize(have + got);
  if (got < wanted - have) size_ = position_ + have + got;  // the file was cut meanwhile
}

void ByteWindow::advance(std::size_t count) {
  position_ += count;
  if (descriptor_ >= 0) buffer_start_ += count;
  check(position_ <= size_ && buffer_start_ <= buffer_.size(), "a window moves over what was seen");
}

}  // namespace sim
