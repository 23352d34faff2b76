#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/choices.h"
#include "sim/base/time.h"
#include "sim/core/core.h"
#include "zk/behaviour.h"
#include "zk/message.h"

// What the parts of a server share during one step: the configuration, the way out, and the disk's
// gate.
namespace zk {

// A voting member. Simplified: all members vote; no observers, weights, hierarchies or
// reconfiguration.
struct Peer {
  ServerId server;
  sim::NodeId node;
  bool operator==(const Peer&) const = default;
};

// zoo.cfg, by its own names (zookeeper.md §1.13).
struct ServerConfig {
  ServerId myid{1};
  std::vector<Peer> ensemble{};  // this server among them
  sim::Duration tick_time{2'000'000'000};
  std::int32_t init_limit = 10;              // ticks to connect and synchronise
  std::int32_t sync_limit = 5;               // ticks to lag behind
  std::int32_t min_session_timeout_ms = -1;  // -1: twice tick_time
  std::int32_t max_session_timeout_ms = -1;  // -1: twenty times tick_time
  std::uint64_t snap_count = 100'000;
  std::size_t commit_log_count = 500;
  std::size_t snap_retain_count = 3;
  // Wall clock of instant 0 in milliseconds since 1970; what the leader stamps into transactions.
  std::int64_t wall_clock_at_zero_ms = 1'731'984'000'000;
  ServerBehaviour behaviour{};

  std::int32_t negotiated(std::int32_t timeout_ms) const;
  sim::Duration init_timeout() const { return tick_time * init_limit; }
  sim::Duration sync_timeout() const { return tick_time * sync_limit; }
  sim::NodeId node_of(ServerId server) const;
  // Position in the ensemble: the bit of a server in a set of acknowledgements.
  std::uint32_t bit_of(ServerId server) const;
  bool is_quorum(std::uint32_t bits) const;
};

// What leaves through the main lane waits for nothing: a leader proposes, and answers reads, before
// its own fsync (zookeeper.md §2.6). Only what says "it is on my disk" waits, in the disk lane.
constexpr sim::Lane kDiskLane{1};

// The files of a server, as entries. `scenarios` writes the real bytes from them.
constexpr sim::File kLogFile{0};            // LoggedTxn, in order: log.*
constexpr sim::File kSnapshotFile{1};       // Snapshot, oldest first: snapshot.*
constexpr sim::File kAcceptedEpochFile{2};  // EpochFile: acceptedEpoch
constexpr sim::File kCurrentEpochFile{3};   // EpochFile: currentEpoch
constexpr sim::Files kHistoryFiles{kLogFile, kSnapshotFile};

struct EpochFile {
  static constexpr std::string_view kName = "zk.EpochFile";
  ZabEpoch epoch;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("epoch", &EpochFile::epoch));
  }
};

// Group commit (SyncRequestProcessor): one fsync at a time, and one covers all that was written
// while the one before it ran. Tickets name moments: what was written before a ticket was drawn is
// durable once it is done.
class DiskGate {
 public:
  using Ticket = std::uint64_t;
  // Asks for an fsync of everything written to these files so far.
  Ticket request(sim::Effects& effects, sim::NodeId self, sim::Files files, Zxid logged);
  // A DiskDone came back; asks for the next fsync if one is wanted.
  void on_done(sim::Effects& effects, sim::NodeId self, const DiskDone& done, Zxid logged);
  bool is_done(Ticket ticket) const { return done_ >= ticket; }
  // The last transaction that is certainly on the disk, as of the last fsync.
  void digest_into(sim::Digest& digest) const;

 private:
  void issue(sim::Effects& effects, sim::NodeId self, Zxid logged);
  Ticket issued_ = 0;
  Ticket done_ = 0;
  std::optional<sim::Files> wanted_;  // another one after the one that runs
};

class History;
class ClientConnections;

// One step of a server, as its parts see it. Lives no longer than the step.
struct Environment {
  sim::Instant now;
  sim::Choices& choices;
  sim::Effects& effects;
  const ServerConfig& config;
  History& history;
  ClientConnections& clients;
  DiskGate& disk;
  std::uint32_t& last_serial;
  // Set by a role that must end: why. The server then looks for a leader.
  std::optional<std::string> leave{};
  // Set when the process must end.
  std::optional<std::string> exit{};

  sim::NodeId self() const { return config.node_of(config.myid); }
  // Asks for an fsync of everything written to these files so far.
  DiskGate::Ticket sync(sim::Files files);
  WallTime wall_time() const { return WallTime(config.wall_clock_at_zero_ms + now.milliseconds()); }
  void send(sim::NodeId to, sim::ConnectionId over, sim::Payload message) {
    effects.emplace_back(sim::Send{sim::kMainLane, to, over, std::move(message)});
  }
  void disconnect(sim::ConnectionId connection) {
    effects.emplace_back(sim::Disconnect{sim::kMainLane, connection});
  }
  template <sim::Message T>
  void notify(T notice) {
    effects.emplace_back(sim::Notify{sim::Payload::of(std::move(notice))});
  }
};

// Applies a committed transaction: to the tree, to the watches, to the clients that wait for it.
void deliver(Environment& environment, const sim::Payload& txn);

}  // namespace zk
