#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "kraft/disk/record_batch.h"
#include "sim/base/bytes.h"
#include "sim/base/problem.h"

namespace kraft {

// A file, or bytes in memory, seen through a window that moves forward. Holds no more of a file than was
// asked for last, plus a chunk.
class ByteWindow {
 public:
  static sim::Expected<ByteWindow> open(const std::filesystem::path& file);
  // Looks at bytes that the caller keeps.
  ByteWindow(sim::ByteView bytes, std::string source);
  ByteWindow(ByteWindow&& other) noexcept;
  ByteWindow& operator=(ByteWindow&& other) noexcept;
  ~ByteWindow();

  // The next `count` bytes, fewer at the end of the file. Valid until the next call.
  sim::ByteView peek(std::size_t count);
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
  sim::ByteView memory_;
  sim::Bytes buffer_;
  std::size_t buffer_start_ = 0;  // of what is not yet consumed
  std::uint64_t position_ = 0;
  std::uint64_t size_ = 0;
};

// Why reading stopped before the end of a file.
struct Stop {
  // A torn tail is what a crash, or the copying of a live file, leaves at the end: an incomplete batch,
  // zeros of a preallocated file, a last batch whose end was never written. Kafka cuts it off when it
  // starts. Everything else is damage.
  enum class Kind { TornTail, Damage };
  Kind kind = Kind::Damage;
  sim::Problem problem;      // placed in the file
  std::uint64_t unread = 0;  // bytes from the bad batch to the end of the file
};

// Batches of a log segment or checkpoint in file order. Each is checked by its checksum, and, as that
// does not cover them, base offset and epoch by those of the batch before. Holds a batch at a time.
class SegmentReader {
 public:
  // Whether records are made of a batch, or only its header read and its checksum compared.
  enum class Depth { WithRecords, Headers };
  static sim::Expected<SegmentReader> open(const std::filesystem::path& file,
                                           Depth depth = Depth::WithRecords);
  SegmentReader(sim::ByteView bytes, std::string source) : window_(bytes, std::move(source)) {}

  // The first batch shall start here: the offset in the file's name, or where the last segment ended.
  void expect(sim::Offset base) { expected_ = base; }

  // The next batch into `batch`, whose storage is used again. False at the end, or where a batch cannot
  // be trusted: then `stop()` says why, and `batch` holds what could be read of it.
  bool next(RecordBatch& batch);
  const std::optional<Stop>& stop() const { return stop_; }

  // Goes on behind a batch that is whole but wrong in its content, as kafka-dump-log does. False where
  // the stop was of another kind.
  bool skip_damaged();

  std::uint64_t position() const { return window_.position(); }
  const std::string& source() const { return window_.source(); }

 private:
  SegmentReader(ByteWindow window, Depth depth) : window_(std::move(window)), depth_(depth) {}
  bool stopped(Stop::Kind kind, sim::Problem problem);
  bool read_whole(sim::ByteView bytes, RecordBatch& batch);
  std::optional<sim::Problem> out_of_order(const BatchHeader& header) const;
  // These look ahead to the end of the file, and the reader stays there.
  bool rest_is_zero();
  bool sound_batch_follows(sim::Offset after);

  ByteWindow window_;
  Depth depth_ = Depth::WithRecords;
  std::optional<Stop> stop_;
  std::size_t skippable_ = 0;            // bytes of the batch that stopped us, if whole
  std::optional<sim::Offset> expected_;  // base offset of the next batch
  sim::RaftEpoch epoch_{-1};             // of the batch before
};

}  // namespace kraft
