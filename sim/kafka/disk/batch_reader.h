#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "sim/kafka/disk/batch_bytes.h"
#include "sim/kafka/disk/byte_window.h"

namespace sim {

// Why reading stopped before the end of a file.
struct Stop {
  // A torn tail is what a crash, or the copying of a live file, leaves at the end: an incomplete
  // batch, zeros of a preallocated file, a last batch whose end was never written. Kafka cuts it
  // off when it starts. Everything else is damage.
  enum class Kind {
    TornTail,
    Damage
  };
  Kind kind = Kind::Damage;
  Problem problem;           // placed in the file
  std::uint64_t unread = 0;  // bytes from the bad batch to the end of the file
};

// What one may expect of a log.
enum class LogKind : std::uint8_t {
  // A metadata log or checkpoint: every offset is there, every batch is of format v2.
  Metadata,
  // A log that is compacted, as __consumer_offsets: records and whole batches may be missing,
  // batches without any record may be left, and what was written before Kafka 0.11 and never since
  // is still in the old formats (LogCleaner keeps a batch's magic).
  Compacted,
};

// A batch as it lies in its file. `bytes` are valid until the reader's next call.
struct BatchView {
  BatchHeader header;
  std::uint64_t position = 0;  // bytes from the start of the file
  bool crc_valid = true;
  ByteView bytes;
  // Of magic 0 or 1: a message, or a wrapper around compressed ones, and no batch
  // (legacy_messages.h). Its base offset is that of its last message.
  bool is_legacy() const { return header.magic < 2; }
};

// Batches of a log segment or checkpoint in file order, undecoded. Each is checked by its checksum,
// and, as that does not cover them, base offset and epoch by those of the batch before. Holds a
// batch at a time.
class BatchReader {
 public:
  static Expected<BatchReader> open(const std::filesystem::path& file, LogKind kind);
  BatchReader(ByteView bytes, std::string source, LogKind kind)
      : window_(bytes, std::move(source)), kind_(kind) {}

  // The first batch shall start here, or in a compacted log not before: the offset in the file's
  // name, or where the last segment ended.
  void expect(Offset base) { expected_ = base; }

  // The next batch into `batch`. False at the end, or where a batch cannot be trusted: then
  // `stop()` says why, and `batch` holds what can be seen of it, without bytes if it is not whole.
  bool next(BatchView& batch);
  const std::optional<Stop>& stop() const { return stop_; }
  // The content of the batch that was handed out last makes no sense: reading stops there. The
  // problem's offset counts from the start of the batch. False, so that callers can return it.
  bool reject(Problem problem);

  // Goes on behind a batch that is whole but wrong in its content, as kafka-dump-log does. False
  // where the stop was of another kind.
  bool skip_damaged();
  // The same, or from wherever the next batch with a good checksum begins. False if there is none.
  bool skip_to_next_sound_batch();

  std::uint64_t position() const { return window_.position() + handed_out_; }
  const std::string& source() const { return window_.source(); }

 private:
  BatchReader(ByteWindow window, LogKind kind) : window_(std::move(window)), kind_(kind) {}
  bool stopped(Stop::Kind kind, Problem problem);
  Expected<BatchHeader> header_at(ByteView start) const;
  bool cut_header(std::size_t bytes);
  bool bad_header(Problem problem);
  bool too_long(const BatchHeader& header);
  bool check_whole(BatchView& batch);
  std::optional<Problem> out_of_order(const BatchHeader& header) const;
  void go_on();
  // These look ahead to the end of the file, and the reader stays there.
  bool rest_is_zero();
  bool sound_batch_follows(Offset after);

  ByteWindow window_;
  LogKind kind_ = LogKind::Metadata;
  std::optional<Stop> stop_;
  std::size_t handed_out_ = 0;      // bytes of the batch before, which the window still shows
  std::size_t skippable_ = 0;       // bytes of the batch that stopped us, if whole
  bool at_sound_batch_ = false;     // looking ahead ended at one
  std::optional<Offset> expected_;  // base offset of the next batch
  LeaderEpoch epoch_{-1};           // of the batch before
};

}  // namespace sim
