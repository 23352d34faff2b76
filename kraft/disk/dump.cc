#include "kraft/disk/dump.h"

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <utility>

#include "kraft/disk/metadata_dir.h"
#include "sim/base/match.h"
#include "sim/kafka/record_json.h"

namespace kraft {
namespace {

using sim::Problem;

template <class... Args>
void put(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

std::string json_text(std::string_view text) {
  std::string out;
  sim::json_detail::append_string(out, text);
  return out;
}

std::string file_line(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  std::string line = R"({"kind":"file","file":)" + json_text(file.string());
  if (const auto base = parse_segment_name(name)) {
    put(line, R"(,"logStartingOffset":{})", base->value());
  } else if (const auto id = parse_checkpoint_name(name)) {
    put(line, R"(,"snapshotEndOffset":{},"epoch":{})", id->offset.value(), id->epoch.value());
  } else if (name == kBootstrapCheckpoint) {
    line += R"(,"bootstrap":true)";
  }
  return line + '}';
}

// The sequence number so many records on: they wrap to zero behind the largest (DefaultRecordBatch).
std::int32_t sequence_at(std::int32_t base, std::int32_t distance) {
  if (base < 0) return -1;
  return base > INT32_MAX - distance ? distance - (INT32_MAX - base) - 1 : base + distance;
}

std::string_view time_name(const BatchHeader& header) {
  return header.is_log_append_time() ? "LogAppendTime" : "CreateTime";
}

std::string batch_line(const RecordBatch& batch) {
  const BatchHeader& header = batch.header;
  std::string line = R"({"kind":"batch")";
  put(line, R"(,"baseOffset":{},"lastOffset":{},"count":{},"baseSequence":{},"lastSequence":{})",
      header.base_offset.value(), header.last_offset().value(), header.records_count, header.base_sequence,
      sequence_at(header.base_sequence, header.last_offset_delta));
  put(line, R"(,"producerId":{},"producerEpoch":{},"partitionLeaderEpoch":{},"isTransactional":{},"isControl":{})",
      header.producer_id, header.producer_epoch, header.partition_leader_epoch.value(),
      header.is_transactional(), header.is_control());
  if (header.has_delete_horizon()) {
    put(line, R"(,"deleteHorizonMs":{})", header.base_timestamp);
  } else {
    line += R"(,"deleteHorizonMs":null)";
  }
  put(line, R"(,"position":{},"{}":{},"size":{},"magic":{},"compresscodec":"{}","crc":{},"isvalid":{}}})",
      batch.position, time_name(header), header.max_timestamp, header.size, header.magic,
      header.compression(), header.crc, batch.crc_valid);
  return line;
}

void put_control(std::string& line, const ControlRecord& control) {
  std::visit(
      [&]<class T>(const T& message) {
        put(line, R"(,"controlType":"{}","data":)", control_type_name(T::kControlType));
        sim::append_json_struct(line, message, message.version);
      },
      control);
}

std::string record_line(const LogRecord& record, const BatchHeader& header) {
  std::string line = R"({"kind":"record")";
  const auto distance = static_cast<std::int32_t>(header.base_offset.distance_to(record.offset));
  put(line, R"(,"offset":{},"{}":{},"keySize":{},"valueSize":{},"sequence":{},"headerKeys":[])",
      record.offset.value(), time_name(header), record.timestamp, record.key_size, record.value_size,
      sequence_at(header.base_sequence, distance));
  sim::match(
      record.content,
      [&](const sim::VersionedRecord& versioned) {
        line += R"(,"payload":)";
        line += sim::to_json(versioned);
      },
      [&](const ControlRecord& control) { put_control(line, control); },
      [&](const Problem& problem) { line += R"(,"error":)" + json_text(problem.what); },
      [&](const UnreadControl& control) {
        put(line, R"(,"controlType":"{}","error":)", control_type_name(control.type));
        line += json_text(control.problem.what);
      });
  return line + '}';
}

void note_problem(const LogRecord& record, const RecordBatch& batch, const std::string& source,
                  std::vector<Problem>& problems) {
  const Problem* problem = std::get_if<Problem>(&record.content);
  if (const auto* control = std::get_if<UnreadControl>(&record.content)) problem = &control->problem;
  if (problem == nullptr) return;
  Problem& noted = problems.emplace_back(*problem);
  noted.place.source = source;
  noted.place.offset = batch.position + noted.place.offset.value_or(0);
}

}  // namespace

sim::Expected<Dumped> dump_file(const std::filesystem::path& file,
                                const std::function<void(std::string_view line)>& print) {
  auto reader = SegmentReader::open(file);
  if (!reader) return std::unexpected(std::move(reader).error());
  print(file_line(file));
  Dumped dumped;
  RecordBatch batch;
  const auto show = [&] {
    ++dumped.batches;
    dumped.records += batch.records.size();
    print(batch_line(batch));
    for (const LogRecord& record : batch.records) {
      print(record_line(record, batch.header));
      note_problem(record, batch, reader->source(), dumped.problems);
    }
  };
  for (;;) {
    while (reader->next(batch)) show();
    const std::optional<Stop> stop = reader->stop();
    if (!stop) return dumped;
    if (!reader->skip_damaged()) {
      dumped.stop = stop;
      print(fmt::format(R"({{"kind":"end","invalidBytes":{},"problem":{}}})", stop->unread,
                        json_text(stop->problem.what)));
      return dumped;
    }
    show();
    dumped.problems.push_back(stop->problem);
  }
}

}  // namespace kraft
