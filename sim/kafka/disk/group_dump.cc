#include "sim/kafka/disk/group_dump.h"

#include <string>
#include <utility>

#include "sim/base/match.h"
#include "sim/kafka/disk/batch_json.h"
#include "sim/kafka/disk/group_log.h"

namespace sim {
namespace {

std::string segment_line(const std::filesystem::path& file) {
  std::string line = R"({"kind":"file","file":)" + json_text(file.string());
  if (const auto base = base_of_segment(file))
    put(line, R"(,"logStartingOffset":{})", base->value());
  return line + '}';
}

std::string group_record_line(const BatchHeader& header, const GroupLogRecord& record) {
  std::string line = record_line_start(header, {.offset = record.offset,
                                                .timestamp = record.timestamp,
                                                .key_size = record.key_size,
                                                .value_size = record.value_size,
                                                .header_keys = record.header_keys});
  match(
      record.content,
      [&](const VersionedGroupRecord& versioned) {
        line += R"(,"key":)" + group_key_json(versioned);
        line += R"(,"payload":)" + group_value_json(versioned);
      },
      [&](const TransactionMarker& marker) {
        put(line, R"(,"endTxnMarker":"{}","coordinatorEpoch":{})",
            marker.outcome == GroupsImage::Outcome::Commit ? "COMMIT" : "ABORT",
            marker.coordinator_epoch);
      },
      [&](const OtherControl& control) {
        put(line, R"x(,"controlType":"UNKNOWN({})")x", control.type);
      },
      [&](const Problem& problem) { line += R"(,"error":)" + json_text(problem.what); });
  return line + '}';
}

}  // namespace

Expected<GroupDump> dump_group_log(const std::filesystem::path& segment,
                                   const std::function<void(std::string_view line)>& print) {
  auto reader = BatchReader::open(segment, LogKind::Compacted);
  if (!reader) return std::unexpected(std::move(reader).error());
  print(segment_line(segment));
  GroupDump dump;
  BatchView view;
  const auto problem = [&](Problem found) {
    found.place.source = reader->source();
    found.place.offset = view.position + found.place.offset.value_or(0);
    dump.problems.push_back(std::move(found));
  };
  const auto show = [&] {
    ++dump.batches;
    print(batch_line(view.header, view.position, view.crc_valid));
    if (view.bytes.empty()) return;
    auto read = read_group_batch(view, [&](GroupLogRecord& record) {
      ++dump.records;
      print(group_record_line(view.header, record));
      if (auto* const unread = std::get_if<Problem>(&record.content);
          unread != nullptr && view.crc_valid)
        problem(std::move(*unread));
    });
    if (!read && view.crc_valid) problem(std::move(read).error());
  };
  for (;;) {
    while (reader->next(view)) show();
    const std::optional<Stop> stop = reader->stop();
    if (!stop) return dump;
    if (stop->kind == Stop::Kind::Damage && !view.bytes.empty()) {
      show();
    } else {
      // Bytes that are no batch; a sound one may begin behind them.
      print(fmt::format(R"({{"kind":"end","invalidBytes":{},"problem":{}}})", stop->unread,
                        json_text(stop->problem.what)));
    }
    if (!reader->skip_to_next_sound_batch()) {
      dump.stop = stop;
      return dump;
    }
    dump.problems.push_back(stop->problem);
  }
}

}  // namespace sim
