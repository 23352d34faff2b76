#include "kraft/disk/dump.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "kraft/disk/metadata_dir.h"
#include "sim/base/match.h"
#include "sim/kafka/disk/batch_json.h"
#include "sim/kafka/record_json.h"

namespace kraft {
namespace {

using sim::Problem;

using sim::json_text;
using sim::put;

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

void put_control(std::string& line, const ControlRecord& control) {
  std::visit(
      [&]<class T>(const T& message) {
        put(line, R"(,"controlType":"{}","data":)", control_type_name(T::kControlType));
        sim::append_json_struct(line, message, message.version);
      },
      control);
}

std::string record_line(const LogRecord& record, const BatchHeader& header) {
  std::string line = sim::record_line_start(header, {.offset = record.offset,
                                                     .timestamp = record.timestamp,
                                                     .key_size = record.key_size,
                                                     .value_size = record.value_size});
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
  if (const auto* control = std::get_if<UnreadControl>(&record.content))
    problem = &control->problem;
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
    print(sim::batch_line(batch.header, batch.position, batch.crc_valid));
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
