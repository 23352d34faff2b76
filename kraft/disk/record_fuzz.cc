#include <cstddef>
#include <cstdint>

#include "kraft/disk/control_record.h"
#include "kraft/disk/node_files.h"
#include "sim/base/check.h"
#include "sim/kafka/record_codec.h"
#include "sim/kafka/record_json.h"

// Any bytes as a record's value, as a control record, and as each small file. No checksum stands in the
// way here, so that the fuzzer reaches every field.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const sim::ByteView bytes(data, size);
  if (const auto record = sim::decode_record(bytes)) {
    const sim::Bytes once = sim::encode_record(*record);
    const auto again = sim::decode_record(once);
    sim::check(again.has_value() && sim::encode_record(*again) == once,
               "a record is stable once written");
    sim::check(!sim::to_json(*record).empty(), "a record can be shown");
  }
  if (size >= 4) {
    if (const auto control = kraft::decode_control_record(bytes.first(4), bytes.subspan(4))) {
      sim::check(!kraft::encode_control_record(*control).value.empty(),
                 "a control record can be written");
    }
  }
  const std::string_view text = sim::as_text(bytes);
  static_cast<void>(kraft::parse_quorum_state(text, "fuzz"));
  static_cast<void>(kraft::parse_meta_properties(text, "fuzz"));
  static_cast<void>(kraft::parse_leader_epochs(text, "fuzz"));
  static_cast<void>(kraft::parse_partition_metadata(text, "fuzz"));
  return 0;
}
