#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "kraft/disk/record_batch.h"
#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "sim/kafka/disk/batch_reader.h"

namespace kraft {

using sim::Stop;

// Batches of a metadata log's segment or checkpoint in file order, decoded: a sim::BatchReader that
// knows what the records say. Holds a batch at a time.
class SegmentReader {
 public:
  // Whether records are made of a batch, or only its header read and its checksum compared.
  enum class Depth {
    WithRecords,
    Headers
  };
  static sim::Expected<SegmentReader> open(const std::filesystem::path& file,
                                           Depth depth = Depth::WithRecords);
  SegmentReader(sim::ByteView bytes, std::string source)
      : batches_(bytes, std::move(source), sim::LogKind::Metadata) {}

  // The first batch shall start here: the offset in the file's name, or where the last segment
  // ended.
  void expect(sim::Offset base) { batches_.expect(base); }

  // The next batch into `batch`, whose storage is used again. False at the end, or where a batch
  // cannot be trusted: then `stop()` says why, and `batch` holds what could be read of it.
  bool next(RecordBatch& batch);
  const std::optional<Stop>& stop() const { return batches_.stop(); }

  // Goes on behind a batch that is whole but wrong in its content, as kafka-dump-log does. False
  // where the stop was of another kind.
  bool skip_damaged() { return batches_.skip_damaged(); }

  std::uint64_t position() const { return batches_.position(); }
  const std::string& source() const { return batches_.source(); }

 private:
  SegmentReader(sim::BatchReader batches, Depth depth)
      : batches_(std::move(batches)), depth_(depth) {}

  sim::BatchReader batches_;
  Depth depth_ = Depth::WithRecords;
};

}  // namespace kraft
