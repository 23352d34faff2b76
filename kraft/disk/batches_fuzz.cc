#include <cstddef>
#include <cstdint>

#include "kraft/disk/segment_reader.h"
#include "sim/base/check.h"

// Any bytes as a log segment: read to their end, over damaged batches; what was read with a good checksum
// is written again and must then read as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kraft::SegmentReader reader(sim::ByteView(data, size), "fuzz");
  kraft::RecordBatch batch;
  do {
    while (reader.next(batch)) {
      bool readable = !batch.records.empty();
      for (const kraft::LogRecord& record : batch.records)
        readable = readable && record.content.index() < 2;
      if (!readable) continue;
      sim::ByteWriter out;
      kraft::write_batch(out, batch);
      kraft::RecordBatch again;
      sim::check(kraft::read_batch(out.view(), again).has_value() && again.crc_valid,
                 "what is written reads");
      sim::check(again.records.size() == batch.records.size(), "no record is lost");
    }
  } while (reader.skip_damaged());
  return 0;
}
