#include "kraft/disk/segment_reader.h"

namespace kraft {

sim::Expected<SegmentReader> SegmentReader::open(const std::filesystem::path& file, Depth depth) {
  auto batches = sim::BatchReader::open(file, sim::LogKind::Metadata);
  if (!batches) return std::unexpected(std::move(batches).error());
  return SegmentReader(*std::move(batches), depth);
}

bool SegmentReader::next(RecordBatch& batch) {
  batch.records.clear();
  sim::BatchView view;
  view.header = batch.header;
  view.position = batch.position;
  const bool sound = batches_.next(view);
  batch.header = view.header;
  batch.position = view.position;
  batch.crc_valid = view.crc_valid;
  if (depth_ == Depth::Headers || view.bytes.empty()) return sound;
  // Where the checksum is wrong, records are shown as far as they make sense.
  auto read = read_records(batch.header, view.bytes, batch.records);
  if (sound && !read) return batches_.reject(std::move(read).error());
  return sound;
}

}  // namespace kraft
