#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/field_json.h"
#include "sim/base/problem.h"
#include "sim/kernel/occurrence.h"

// A run's occurrences in a file, for whoever wants to know afterwards what happened and why:
// `dump`, a report, a debugger that steps back and forth. Written once from front to back with
// bounded memory, read from any place: a time or an occurrence is found by an index at the end,
// without reading what lies before it.
//
//   World ─► TraceWriter (an observer) ─► file ─► TraceReader: at, occurrence, causes, range
//
// The layout is in trace_format.h, the messages in trace.proto.
namespace scenarios {

// Which run it is.
struct TraceAbout {
  std::string program;  // "zk2kraft 0.1.0"
  std::uint32_t digest_format = 0;
  std::uint64_t seed = 0;
  std::string scenario;             // its text
  std::string source;               // where the cluster comes from
  std::vector<std::string> faults;  // directives beside the scenario's own
  bool operator==(const TraceAbout&) const = default;
};

// How it ended.
struct TraceEnd {
  std::string verdict;
  std::uint64_t digest = 0;
  sim::Instant ended_at;
  std::uint64_t events = 0;
  bool operator==(const TraceEnd&) const = default;
};

// An occurrence as it was written. Strings that do not apply are empty.
struct TraceEntry {
  sim::OccurrenceId id;
  sim::OccurrenceId cause;  // 0: none
  sim::Instant at;
  sim::OccurrenceKind kind = sim::OccurrenceKind::Started;
  std::string node;  // to whom it happened
  std::string peer;
  std::string over;         // the connection: "zk-1/3"
  std::string name;         // of the message or notice: "migrate.CopyBatch"
  std::string rule;         // that a notice follows
  std::string description;  // of a message, for people
  std::string text;         // what else is to be said: why, which fault
  FieldJson fields;         // of a notice; else null
  bool operator==(const TraceEntry&) const = default;
};

// One line for programs. Two entries are equal if and only if their lines are.
FieldJson to_json(const TraceEntry& entry);

// Writes a trace while a world runs. Watching changes nothing, least of all a digest. A block goes
// to the file as soon as it is full: who is killed leaves a trace that can be read up to the last
// block.
class TraceWriter final : public sim::Observer {
 public:
  // Makes the file, or empties it. A Usage problem if it cannot be written.
  static sim::Expected<std::unique_ptr<TraceWriter>> create(const std::filesystem::path& path,
                                                            const TraceAbout& about);
  // Writes what it still holds; without `finish` the trace has no end.
  ~TraceWriter() override;

  void on(const sim::Occurrence& occurrence, const sim::World& world) override;
  // Closes the trace. A Usage problem if it could not be written to its end.
  sim::Expected<void> finish(const TraceEnd& end);

 private:
  struct State;
  explicit TraceWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Reads one. What is damaged is a Malformed problem with its offset in the file; what lies in other
// blocks can be read all the same.
class TraceReader {
 public:
  // A file that begins as a trace does.
  static bool is_trace(const std::filesystem::path& path);
  // Malformed if it is no trace, or damaged in its header or its index; Unknown if it ends in its
  // header. A trace without an end is read through once, up to where it ends or is damaged; `flaw`
  // says so.
  static sim::Expected<TraceReader> open(const std::filesystem::path& path);
  TraceReader(TraceReader&&) noexcept;
  TraceReader& operator=(TraceReader&&) noexcept;
  ~TraceReader();

  const TraceAbout& about() const;
  // Nothing if the trace has no end.
  const std::optional<TraceEnd>& end() const;
  // Why it has none.
  const std::optional<sim::Problem>& flaw() const;
  std::uint64_t size() const;  // occurrences
  sim::Instant last_at() const;

  // The occurrence of this number; nothing if there is none.
  sim::Expected<std::optional<TraceEntry>> occurrence(sim::OccurrenceId id);
  // The first occurrence at this time or later; nothing behind the last.
  sim::Expected<std::optional<TraceEntry>> at(sim::Instant time);
  // The occurrence, its cause, the cause of that, … up to one without a cause. Empty if there is
  // none of this number. (A cause that nobody watched is not in the trace; then the chain ends
  // before it.)
  sim::Expected<std::vector<TraceEntry>> causes(sim::OccurrenceId id);

  struct Range {
    sim::Instant from{0};
    sim::Instant until = sim::Instant::never();  // included
    std::string node;                            // only what happened to this one; empty: to any
  };
  // Hands on what lies in the range, in order, until `visit` says false. Blocks that have nothing
  // of it are not read.
  sim::Expected<void> each(const Range& range, const std::function<bool(const TraceEntry&)>& visit);

 private:
  struct State;
  explicit TraceReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace scenarios
