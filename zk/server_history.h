#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/digest.h"
#include "sim/core/core.h"
#include "zk/behaviour.h"
#include "zk/message.h"
#include "zk/server_environment.h"
#include "zk/tree.h"

// What a server has on its disk and, made of it, in memory: log, snapshots, the two epochs, and the
// tree with the sessions (FileTxnSnapLog, ZKDatabase, QuorumPeer's epoch files; zookeeper.md §2.1,
// §2.4, §3.8).
namespace zk {

// A whole database as of one zxid. Simplified: taken at one moment; ZooKeeper's are fuzzy, and its
// log is replayed over them. Sharing the tree's blocks makes one cheap.
struct Snapshot {
  static constexpr std::string_view kName = "zk.Snapshot";
  Zxid zxid;
  Tree tree;
  std::map<SessionId, std::int32_t> session_timeouts_ms;
  // Got from a leader: the log before it need not lead up to it.
  bool received = false;
  std::size_t wire_bytes() const { return 64 + tree.size() * 160; }  // an estimate: no one reads it
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("zxid", &Snapshot::zxid), field("tree", &Snapshot::tree),
                 field("sessions", &Snapshot::session_timeouts_ms),
                 field("received", &Snapshot::received));
  }
};

class History {
 public:
  // Recovers: the newest snapshot and the log behind it, committed or not.
  explicit History(const sim::Durable& durable);

  const Database& database() const { return database_; }
  // Of the last transaction in tree or log. Zxid 0 on a brand-new server.
  Zxid last_logged() const {
    return log_.empty() ? base_zxid_ : std::max(base_zxid_, zxid_at(log_.size() - 1));
  }
  // The applied prefix; a leader's becomes <epoch,0> when it is established.
  Zxid last_processed() const { return database_.tree.last_processed_zxid(); }
  ZabEpoch accepted_epoch() const { return accepted_epoch_; }
  ZabEpoch current_epoch() const { return current_epoch_; }
  Zxid recovered_snapshot() const { return recovered_snapshot_; }
  bool was_torn() const { return torn_; }

  // ── Epochs: on the disk with the next fsync ──
  void accept_epoch(Environment& environment, ZabEpoch epoch);
  void set_current_epoch(Environment& environment, ZabEpoch epoch);

  // ── The log ──
  // Adds to the log (not to the tree); takes a snapshot when it is due. On the disk with the next
  // fsync.
  void append(Environment& environment, const sim::Payload& txn);
  // Applies to the tree. Transactions come in order; one that the tree has already changes nothing.
  Applied apply(const sim::Payload& txn, const ServerBehaviour& behaviour);
  // Applies what is logged and not yet in the tree, be it committed or not, as a server does
  // between two roles (ZOOKEEPER-2845).
  void fast_forward(const ServerBehaviour& behaviour);
  void set_last_processed(Zxid zxid) { database_.tree.set_last_processed_zxid(zxid); }
  void take_snapshot(Environment& environment) { keep(environment, snapshot()); }

  // ── Synchronisation ──
  // How a leader brings a learner with this last zxid to its own history: mode, zxid, and the
  // committed transactions that follow.
  struct Plan {
    SyncMode mode = SyncMode::Diff;
    Zxid zxid;
    std::size_t first = 0;  // position in log() of the first transaction to send
    std::size_t end = 0;    // one behind the last committed transaction
  };
  Plan plan_for(Zxid learner_zxid, Zxid last_committed, std::size_t commit_log_count) const;
  const std::vector<sim::Payload>& log() const { return log_; }
  sim::Payload snapshot() const;
  // A learner's side of Trunc and Snap. Truncating fails when nothing is left to rebuild the tree
  // from: then ZooKeeper ends its process, and an operator must give it a new data directory.
  [[nodiscard]] bool truncate(Environment& environment, Zxid zxid);
  void install(Environment& environment, const sim::Payload& snapshot);

  void digest_into(sim::Digest& digest) const;

 private:
  Zxid zxid_at(std::size_t position) const { return log_[position].as<LoggedTxn>().header.zxid; }
  // Position of the first logged transaction behind this zxid.
  std::size_t position_after(Zxid zxid) const;
  void load(const sim::Payload& snapshot);
  void keep(Environment& environment, sim::Payload snapshot);
  // Rebuilds the tree from the newest snapshot left and the log behind it. False when the log's
  // beginning is gone.
  bool reload(const ServerBehaviour& behaviour);

  Database database_;
  std::vector<sim::Payload> log_;        // the whole log file
  std::uint64_t log_first_ = 0;          // index in the file of log_.front()
  std::vector<sim::Payload> snapshots_;  // the whole snapshot file, oldest first
  std::uint64_t snapshots_first_ = 0;
  // When each was taken; of one that was found at the start nothing is known before the next is.
  std::vector<std::optional<sim::Instant>> taken_at_;
  Zxid base_zxid_;  // of the snapshot that the tree was built on; older log entries may be another
                    // history's
  ZabEpoch accepted_epoch_;
  ZabEpoch current_epoch_;
  std::uint64_t since_snapshot_ = 0;  // transactions
  std::uint64_t next_snapshot_ =
      0;  // that many transactions make the next one due; 0: not drawn yet
  Zxid recovered_snapshot_;
  bool torn_ = false;
};

}  // namespace zk
