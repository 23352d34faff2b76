#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>
#include <compare>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/choices.h"
#include "sim/base/described.h"
#include "sim/base/digest.h"
#include "sim/base/id.h"
#include "sim/base/time.h"
#include "sim/core/payload.h"

// The contract that every process meets, simulated or live. A protocol is a value with one door:
//
//   Effects step(Instant now, Input input, Choices& choices);
//   std::optional<Instant> deadline() const;
//
// Inputs come in, effects go out in order; time, randomness and what the disk kept are arguments.
// Nothing here knows a kernel.
namespace sim {

// The address of a process. Processes of one world are numbered from 0; protocol ids (broker.id,
// myid, node.id) are other numbers, mapped by configuration.
struct NodeTag {};
using NodeId = Id<NodeTag, std::uint32_t>;
// The sender of what no process sent: a fault plan's poke, an operator's command.
constexpr NodeId kOperator{0xffff'ffff};

// A TCP-like connection: who opened it, and the opener's own count. The opener numbers from 1,
// never reuses a number within one life, and need not remember numbers over a restart: the kernel
// tells connections of different lives apart and never delivers from a former one.
struct ConnectionId {
  NodeId opener;
  std::uint32_t serial = 0;
  constexpr auto operator<=>(const ConnectionId&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("opener", &ConnectionId::opener), field("serial", &ConnectionId::serial));
  }
};
// Serial 0 is no connection: a datagram, which may be lost, doubled and overtaken like any other.
constexpr ConnectionId kDatagram{};

// Effects of one lane leave in order; a Sync holds back what is behind it in its own lane alone.
struct LaneTag {};
using Lane = Id<LaneTag, std::uint8_t>;
constexpr Lane kMainLane{0};

// A file of a process: an ordered list of entries. Each core names its own, from 0.
struct FileTag {};
using File = Id<FileTag, std::uint16_t>;
// One file, or neighbours, both ends included: what a Sync flushes. There is no default, for whoever
// syncs must say what; a log that nobody names is lost with the machine's power.
class Files {
 public:
  constexpr Files(File only) : first(only), last(only) {}  // NOLINT(google-explicit-constructor)
  constexpr Files(File from, File to) : first(from), last(to) {}
  constexpr bool contain(File file) const { return first <= file && file <= last; }
  constexpr bool operator==(const Files&) const = default;

  File first;
  File last;
};
constexpr Files kAllFiles{File{0}, File{UINT16_MAX}};

// ── Inputs ──────────────────────────────────────────────────────────────────────────────────────

struct Received {
  NodeId from;
  ConnectionId over;  // kDatagram, or the connection it came by
  Payload message;
};
// The deadline has passed (or an earlier one had; a core must look at `now`, never at a timer's
// identity).
struct Wake {};
// Both ends learn of an opened connection.
struct Connected {
  ConnectionId connection;
  NodeId peer;
};
// Refused, reset, closed by the peer, or cut. What was sent over it and not yet received may be
// lost; nothing more arrives by it.
struct Disconnected {
  ConnectionId connection;
  NodeId peer;
};
enum class DiskError : std::uint8_t {
  Full,
  InputOutput
};
// A write was refused; the file holds what it held before. Like an exception out of a write, this
// ends the step that wrote: none of its effects behind the refused one is performed.
struct DiskFailed {
  File file;
  DiskError error;
};
using Input = std::variant<Received, Wake, Connected, Disconnected, DiskFailed>;

// ── Effects ─────────────────────────────────────────────────────────────────────────────────────
// Disk effects act on the page cache at once, in the order of the effects; they become durable at
// the next Sync that names their file. Messages, connections and exits wait in their lane behind its
// Syncs.

struct Connect {
  Lane lane;
  ConnectionId connection;  // opener = self
  NodeId to;
};
struct Disconnect {
  Lane lane;
  ConnectionId connection;
};
// To self: delivered at once (after what is before it in its lane). That is how a core learns that
// its own Sync is done.
struct Send {
  Lane lane;
  NodeId to;
  ConnectionId over;
  Payload message;
};
// Adds an entry at the end of a file.
struct Append {
  File file;
  Payload entry;
};
// Drops entries from the end until `entries` are left, counting from the file's first index.
struct Truncate {
  File file;
  std::uint64_t entries = 0;
};
// Drops the entries before index `first` (log cleaning). Indexes of the rest do not change.
struct DropBefore {
  File file;
  std::uint64_t first = 0;
};
// Write to a temporary file, fsync, rename: after a crash the file is the old one or the new one,
// whole. The new one is certain only after the next Sync of the file.
struct Replace {
  File file;
  Payload content;
};
// All that was written to these files before this becomes durable; what is behind it in its lane
// waits for that. Other files stay as they are: that a broker's metadata log is on the disk says
// nothing about its partitions' logs (brokers.md §1.12).
struct Sync {
  Lane lane;
  Files files;
};
// Something worth watching happened. Reaches observers at once, whatever the lanes hold.
struct Notify {
  Payload notice;
};
// The process halts itself (a fatal fault handler). Nothing after this in the same step is
// performed.
struct Exit {
  Lane lane;
  std::string reason;
};
using Effect = std::variant<Send, Notify, Append, Sync, Connect, Disconnect, Replace, Truncate,
                            DropBefore, Exit>;
using Effects = boost::container::small_vector<Effect, 6>;

// ── Disks as a core sees them when it is made ───────────────────────────────────────────────────

struct FileContent {
  std::uint64_t first = 0;       // index of entries.front()
  std::vector<Payload> entries;  // a replaced file has exactly one
  bool torn = false;             // behind the last entry stood part of another, now cut off
};
// What the disk kept. A core is constructed from this; booting and recovering are one thing.
struct Durable {
  boost::container::flat_map<File, FileContent> files;
  // The file's content, empty if it was never written.
  const FileContent& at(File file) const {
    static const FileContent none;
    const auto found = files.find(file);
    return found == files.end() ? none : found->second;
  }
};

template <class C>
concept Core =
    std::copy_constructible<C> &&
    requires(C core, const C view, Instant now, Input input, Choices& choices, Digest& digest) {
      { core.step(now, std::move(input), choices) } -> std::same_as<Effects>;
      { view.deadline() } -> std::same_as<std::optional<Instant>>;
      view.digest_into(digest);
    };

}  // namespace sim
