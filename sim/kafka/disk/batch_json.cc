#include "sim/kafka/disk/batch_json.h"

#include "sim/kafka/record_json.h"

namespace sim {
namespace {

std::string_view time_name(const BatchHeader& header) {
  return header.is_log_append_time() ? "LogAppendTime" : "CreateTime";
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string out;
  json_detail::append_string(out, text);
  return out;
}

std::string batch_line(const BatchHeader& header, std::uint64_t position, bool crc_valid) {
  std::string line = R"({"kind":"batch")";
  put(line, R"(,"baseOffset":{},"lastOffset":{},"count":{},"baseSequence":{},"lastSequence":{})",
      header.base_offset.value(), header.last_offset().value(), header.records_count,
      header.base_sequence, sequence_at(header.base_sequence, header.last_offset_delta));
  put(line,
      R"(,"producerId":{},"producerEpoch":{},"partitionLeaderEpoch":{},"isTransactional":{},"isControl":{})",
      header.producer_id, header.producer_epoch, header.partition_leader_epoch.value(),
      header.is_transactional(), header.is_control());
  if (header.has_delete_horizon()) {
    put(line, R"(,"deleteHorizonMs":{})", header.base_timestamp);
  } else {
    line += R"(,"deleteHorizonMs":null)";
  }
  put(line,
      R"(,"position":{},"{}":{},"size":{},"magic":{},"compresscodec":"{}","crc":{},"isvalid":{}}})",
      position, time_name(header), header.max_timestamp, header.size, header.magic,
      header.compression_name(), header.crc, crc_valid);
  return line;
}

std::string record_line_start(const BatchHeader& header, const RecordFrame& record) {
  std::string line = R"({"kind":"record")";
  const auto distance = static_cast<std::int32_t>(header.base_offset.distance_to(record.offset));
  put(line, R"(,"offset":{},"{}":{},"keySize":{},"valueSize":{},"sequence":{},"headerKeys":[)",
      record.offset.value(), time_name(header), record.timestamp, record.key_size,
      record.value_size, sequence_at(header.base_sequence, distance));
  std::string_view separator;
  for (const std::string& key : record.header_keys) {
    line += separator;
    line += json_text(key);
    separator = ",";
  }
  return line + ']';
}

}  // namespace sim
