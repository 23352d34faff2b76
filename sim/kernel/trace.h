#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/kernel/occurrence.h"
#include "sim/kernel/process.h"

namespace sim {

// An occurrence that outlives the call: plain data, with a share of the payload.
struct TraceRecord {
  OccurrenceId id;
  OccurrenceId cause;
  Instant at;
  OccurrenceKind kind = OccurrenceKind::Started;
  NodeId node = kOperator;
  NodeId peer = kOperator;
  ConnectionId over = kDatagram;
  Payload payload;
  std::string text;

  static TraceRecord of(const Occurrence& occurrence);
};

// "12.345s #812 (of #790) zk-1 Received from zk-2: zab.Ack{zxid=…}"; the world gives the names.
std::string describe(const TraceRecord& record, const World& world);

// Keeps the last records: what is printed with a Bug.
class TraceRing final : public Observer {
 public:
  explicit TraceRing(std::size_t capacity = 40);
  void on(const Occurrence& occurrence, const World& world) override;
  // Oldest first.
  std::vector<TraceRecord> records() const;
  // One line each.
  std::string describe(const World& world) const;

 private:
  std::size_t capacity_;
  std::size_t next_ = 0;  // place of the oldest, once full
  std::vector<TraceRecord> ring_;
};

// Hands every record to a sink: the full trace.
class TraceSink final : public Observer {
 public:
  using Sink = std::function<void(TraceRecord record, const World& world)>;
  explicit TraceSink(Sink sink) : sink_(std::move(sink)) {}
  void on(const Occurrence& occurrence, const World& world) override {
    sink_(TraceRecord::of(occurrence), world);
  }

 private:
  Sink sink_;
};

}  // namespace sim
