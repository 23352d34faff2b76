#include "sim/kernel/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sim/base/check.h"
#include "sim/kernel/world.h"

namespace sim {

TraceRecord TraceRecord::of(const Occurrence& occurrence) {
  return {.id = occurrence.id,
          .cause = occurrence.cause,
          .at = occurrence.at,
          .kind = occurrence.kind,
          .node = occurrence.node,
          .peer = occurrence.peer,
          .over = occurrence.over,
          .payload = occurrence.payload == nullptr ? Payload{} : *occurrence.payload,
          .text = std::string(occurrence.text)};
}

std::string describe(const TraceRecord& record, const World& world) {
  std::string line = fmt::format("{} #{}", describe(record.at), record.id.value());
  const auto out = std::back_inserter(line);
  if (record.cause != OccurrenceId{}) fmt::format_to(out, " (of #{})", record.cause.value());
  if (record.node != kOperator) fmt::format_to(out, " {}", world.name_of(record.node));
  fmt::format_to(out, " {}", name_of(record.kind));
  if (record.kind == OccurrenceKind::Sent) {
    fmt::format_to(out, " to {}", world.name_of(record.peer));
  } else if (record.peer != kOperator || record.kind == OccurrenceKind::Received) {
    fmt::format_to(out, " from {}", world.name_of(record.peer));
  }
  if (record.over != kDatagram) {
    fmt::format_to(out, " over {}/{}", world.name_of(record.over.opener), record.over.serial);
  }
  if (record.payload) fmt::format_to(out, ": {}", record.payload.describe());
  if (!record.text.empty()) fmt::format_to(out, " [{}]", record.text);
  return line;
}

TraceRing::TraceRing(std::size_t capacity) : capacity_(capacity) {
  check(capacity > 0, "a ring has room for a record");
  ring_.reserve(capacity);
}

void TraceRing::on(const Occurrence& occurrence, const World& /*world*/) {
  if (ring_.size() < capacity_) {
    ring_.push_back(TraceRecord::of(occurrence));
    return;
  }
  ring_[next_] = TraceRecord::of(occurrence);
  next_ = (next_ + 1) % capacity_;
}

std::vector<TraceRecord> TraceRing::records() const {
  std::vector<TraceRecord> records = ring_;
  std::ranges::rotate(records, records.begin() + static_cast<std::ptrdiff_t>(next_));
  return records;
}

std::string TraceRing::describe(const World& world) const {
  std::string text;
  for (const TraceRecord& record : records()) text += sim::describe(record, world) + '\n';
  return text;
}

}  // namespace sim
