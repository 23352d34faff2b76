#include "kraft/disk/segment_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sim/base/check.h"

namespace kraft {
namespace {

using sim::ByteView;
using sim::Problem;
using sim::Severity;

constexpr std::size_t kChunkBytes = 1U << 20;
// So many zeros at the end of the last batch, where records never have them, were left by a crash.
constexpr std::size_t kUnwrittenBytes = 8;

Problem here(std::string what) {
  return Problem{.severity = Severity::Malformed, .place = {}, .what = std::move(what), .remedy = {}};
}

std::unexpected<Problem> cannot_open(const std::filesystem::path& file, int error) {
  return std::unexpected(Problem{
      .severity = error == ENOENT ? Severity::Usage : Severity::Malformed,
      .place = {.source = file.string(), .offset = {}, .line = {}, .column = {}},
      .what = fmt::format("the file cannot be read: {}", std::strerror(error)),
      .remedy = error == EACCES ? "Read it as the user that Kafka runs as: checkpoints have mode 0400."
                                : "Check the path."});
}

// Up to `count` bytes at an offset; fewer where the file ends. What the device refuses counts as an end.
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

sim::Expected<ByteWindow> ByteWindow::open(const std::filesystem::path& file) {
  ByteWindow window;
  window.source_ = file.string();
  window.descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (window.descriptor_ < 0) return cannot_open(file, errno);
  struct stat status {};
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
  const auto wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(std::max(count, kChunkBytes), remaining()));
  buffer_.resize(wanted);
  const std::size_t got =
      read_at(descriptor_, buffer_.data() + have, wanted - have, position_ + have);
  buffer_.resize(have + got);
  if (got < wanted - have) size_ = position_ + have + got;  // the file was cut meanwhile
}

void ByteWindow::advance(std::size_t count) {
  position_ += count;
  if (descriptor_ >= 0) buffer_start_ += count;
  sim::check(position_ <= size_ && buffer_start_ <= buffer_.size(), "a window moves over what was seen");
}

sim::Expected<SegmentReader> SegmentReader::open(const std::filesystem::path& file, Depth depth) {
  auto window = ByteWindow::open(file);
  if (!window) return std::unexpected(std::move(window).error());
  return SegmentReader(*std::move(window), depth);
}

bool SegmentReader::stopped(Stop::Kind kind, Problem problem) {
  problem.place.source = window_.source();
  problem.place.offset = window_.position() + problem.place.offset.value_or(0);
  if (problem.remedy.empty()) {
    problem.remedy = kind == Stop::Kind::TornTail
                         ? "Kafka cuts this off when it starts; nothing in it was acknowledged here."
                         : "Take this file from another controller of the quorum.";
  }
  stop_ = Stop{.kind = kind, .problem = std::move(problem), .unread = window_.remaining()};
  return false;
}

bool SegmentReader::next(RecordBatch& batch) {
  batch.records.clear();
  skippable_ = stop_ ? skippable_ : 0;
  if (stop_ || window_.remaining() == 0) return false;
  const ByteView start = window_.peek(kBatchHeaderBytes);
  if (start.size() < kBatchHeaderBytes) {
    return stopped(Stop::Kind::TornTail,
                   here(fmt::format("the file ends {} bytes into the header of a batch", start.size())));
  }
  auto header = read_batch_header(start);
  if (!header) {
    stopped(Stop::Kind::Damage, std::move(header).error());
    const std::uint64_t rest = window_.remaining();
    if (rest_is_zero()) {
      stop_->kind = Stop::Kind::TornTail;
      stop_->problem.what = fmt::format("the last {} bytes of the file are zero", rest);
      stop_->problem.remedy = "They are preallocated space; nothing is missing.";
    }
    return false;
  }
  batch.header = *header;
  batch.position = window_.position();
  if (header->size > window_.remaining()) {
    stopped(Stop::Kind::TornTail, here(fmt::format("the file ends {} bytes into a batch of {} bytes",
                                                   window_.remaining(), header->size)));
    if (sound_batch_follows(header->base_offset)) {
      stop_->kind = Stop::Kind::Damage;
      stop_->problem.what = "the length of a batch is wrong: it leads past the end of the file, but more "
                            "batches follow";
    }
    return false;
  }
  return read_whole(window_.peek(header->size), batch);
}

bool SegmentReader::read_whole(ByteView bytes, RecordBatch& batch) {
  const std::uint64_t position = window_.position();
  if (bytes.size() < batch.header.size) {
    return stopped(Stop::Kind::TornTail, here("the file was cut while it was read"));
  }
  skippable_ = bytes.size();
  const auto read = depth_ == Depth::WithRecords ? read_batch(bytes, batch) : check_batch(bytes, batch);
  batch.position = position;
  if (!batch.crc_valid) {
    const bool unwritten_end =
        bytes.size() == window_.remaining() &&
        std::ranges::all_of(bytes.last(kUnwrittenBytes), [](std::uint8_t byte) { return byte == 0; });
    return stopped(unwritten_end ? Stop::Kind::TornTail : Stop::Kind::Damage,
                   here(fmt::format("the checksum of the batch at log offset {} is wrong",
                                    batch.header.base_offset.value())));
  }
  if (!read) return stopped(Stop::Kind::Damage, read.error());
  if (auto problem = out_of_order(batch.header)) return stopped(Stop::Kind::Damage, *std::move(problem));
  expected_ = batch.header.next_offset();
  epoch_ = batch.header.partition_leader_epoch;
  window_.advance(bytes.size());
  return true;
}

std::optional<Problem> SegmentReader::out_of_order(const BatchHeader& header) const {
  if (expected_ && header.base_offset != *expected_) {
    return here(fmt::format("a batch starts at log offset {} where {} is next",
                            header.base_offset.value(), expected_->value()));
  }
  if (header.last_offset_delta + 1 != header.records_count) {
    return here(fmt::format("a batch says it has {} records but ends {} offsets after its base",
                            header.records_count, header.last_offset_delta));
  }
  if (header.partition_leader_epoch < epoch_) {
    return here(fmt::format("a batch of epoch {} follows one of epoch {}",
                            header.partition_leader_epoch.value(), epoch_.value()));
  }
  return std::nullopt;
}

bool SegmentReader::skip_damaged() {
  if (!stop_ || skippable_ == 0) return false;
  window_.advance(skippable_);
  stop_.reset();
  skippable_ = 0;
  expected_.reset();
  epoch_ = sim::RaftEpoch(-1);
  return true;
}

bool SegmentReader::rest_is_zero() {
  while (window_.remaining() > 0) {
    const ByteView bytes = window_.peek(kChunkBytes);
    if (bytes.empty()) return true;
    if (std::ranges::any_of(bytes, [](std::uint8_t byte) { return byte != 0; })) return false;
    window_.advance(bytes.size());
  }
  return true;
}

bool SegmentReader::sound_batch_follows(sim::Offset after) {
  window_.advance(kBatchHeaderBytes);
  for (; window_.remaining() >= kBatchHeaderBytes; window_.advance(1)) {
    const auto header = read_batch_header(window_.peek(kBatchHeaderBytes));
    if (!header || header->size > window_.remaining() || header->base_offset <= after) continue;
    RecordBatch batch;
    if (read_batch(window_.peek(header->size), batch) && batch.crc_valid) return true;
  }
  return false;
}

}  // namespace kraft
