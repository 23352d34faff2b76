#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/base/described.h"
#include "sim/core/core.h"
#include "sim/kafka/error.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/log_batch.h"
#include "sim/kafka/log_transactions.h"
#include "sim/kafka/rpc_data.h"
#include "sim/kafka/uuid.h"

// One replica's log of one partition (UnifiedLog, LeaderEpochFileCache, ProducerStateManager):
// offsets, leader epochs, truncation, the high watermark, and what of it the disk holds. A value.
//
// In memory the log is run-length coded: neighbouring batches of one producer merge, so a log costs
// by its changes of epoch and producer, not by its records. On disk it is one file of entries in
// the order of events: `LogCreated`, then appends, epoch starts, truncations. Nothing here ever
// asks for a Sync; only a clean stop does (brokers.md §1.12: no fsync on the produce path). So a machine
// crash takes a suffix of these entries, whatever else was synced, and a process crash takes nothing.
//
// Simplified: log and leader-epoch-checkpoint share one file, and the checkpoint's fsync is left
// out; no segments, retention, compaction or index; log start moves only with the leader's.
namespace sim {

// ── Entries of the file
// ─────────────────────────────────────────────────────────────────────────────

// partition.metadata: which partition this file is the log of. A file whose last LogCreated is
// followed by LogDeleted is free.
struct LogCreated {
  static constexpr std::string_view kName = "log.Created";
  TopicPartition topic_partition;
  Uuid topic_id;
  static constexpr auto fields(auto&& visit) {
    return visit(field("topicPartition", &LogCreated::topic_partition),
                 field("topicId", &LogCreated::topic_id));
  }
};
struct LogAppended {
  static constexpr std::string_view kName = "log.Appended";
  std::vector<LogBatch> batches;
  static constexpr auto fields(auto&& visit) {
    return visit(field("batches", &LogAppended::batches));
  }
};
struct LogEpochStarted {
  static constexpr std::string_view kName = "log.EpochStarted";
  LeaderEpoch epoch{};
  Offset start_offset{};
  static constexpr auto fields(auto&& visit) {
    return visit(field("epoch", &LogEpochStarted::epoch),
                 field("startOffset", &LogEpochStarted::start_offset));
  }
};
struct LogTruncated {
  static constexpr std::string_view kName = "log.Truncated";
  Offset to{};
  bool restart = false;  // everything dropped, the log starts anew at `to`
  static constexpr auto fields(auto&& visit) {
    return visit(field("to", &LogTruncated::to), field("restart", &LogTruncated::restart));
  }
};
struct LogDeleted {
  static constexpr std::string_view kName = "log.Deleted";
  bool stray = false;  // renamed to NAME-stray for the operator to clean, not removed (KAFKA-15605)
  static constexpr auto fields(auto&& visit) { return visit(field("stray", &LogDeleted::stray)); }
};

// ── The log
// ─────────────────────────────────────────────────────────────────────────────────────────

// What the log knows of one idempotent or transactional producer (brokers.md §2.3, §2.5).
struct ProducerState {
  struct Written {
    std::int32_t first_sequence = -1;
    std::int32_t last_sequence = -1;
    Offset base_offset{};
    static constexpr auto fields(auto&& visit) {
      return visit(field("firstSequence", &Written::first_sequence),
                   field("lastSequence", &Written::last_sequence),
                   field("baseOffset", &Written::base_offset));
    }
  };
  std::int16_t epoch = -1;
  CoordinatorEpoch coordinator_epoch{-1};  // of its last marker
  std::vector<Written> recent;             // the last five batches, oldest first
  std::optional<Offset> current_txn_first_offset;
  static constexpr auto fields(auto&& visit) {
    using P = ProducerState;
    return visit(field("epoch", &P::epoch), field("coordinatorEpoch", &P::coordinator_epoch),
                 field("recent", &P::recent),
                 field("currentTxnFirstOffset", &P::current_txn_first_offset));
  }
};

// KIP-890: a leader takes the first batch of a transaction only after the coordinator has said that the partition is
// part of it, and only once for each time that it has asked (VerificationStateEntry).
using VerificationGuard = std::uint64_t;
constexpr VerificationGuard kNoGuard = 0;
struct Verification {
  bool required = false;  // transaction.partition.verification.enable
  VerificationGuard guard = kNoGuard;
};

class ReplicaLog {
 public:
  // A new log; its first entry goes to `file`.
  ReplicaLog(File file, TopicPartition topic_partition, Uuid topic_id, Effects& effects);
  // The log that a file holds, or nothing if the file is free. The high watermark starts at the
  // checkpoint, bounded by the log's end.
  static std::optional<ReplicaLog> recover(File file, const FileContent& content);

  File file() const { return file_; }
  const TopicPartition& topic_partition() const { return topic_partition_; }
  // Zero when the log was made by a controller that knew no topic ids.
  Uuid topic_id() const { return topic_id_; }
  // Gives an id to a log that has none (the first LeaderAndIsr with ids after an upgrade).
  void assign_topic_id(Uuid id, Effects& effects);

  Offset start_offset() const { return start_offset_; }
  // LEO: the next offset to write.
  Offset end_offset() const { return end_offset_; }
  Offset high_watermark() const { return high_watermark_; }
  // The epoch of the last batch, as followers put it into `lastFetchedEpoch`; -1 when the cache is
  // empty.
  LeaderEpoch latest_epoch() const {
    return epochs_.empty() ? LeaderEpoch{-1} : epochs_.back().epoch;
  }
  // Ascending by epoch and by start offset, strictly in both.
  std::span<const LogEpochStarted> epochs() const { return epochs_; }
  // Merged batches, ascending and without gaps from `start_offset` to `end_offset`.
  std::span<const LogBatch> batches() const { return batches_; }
  // The batch (or merged run) that holds the offset, or null.
  const LogBatch* batch_at(Offset offset) const;

  // Where an epoch ends (LeaderEpochFileCache.endOffsetFor): the answer to OffsetForLeaderEpoch and
  // the test of a follower's lastFetchedEpoch. (-1, -1) is Kafka's undefined.
  EpochEndOffset end_offset_for(LeaderEpoch epoch) const;

  // Writes a producer's or coordinator's batch at the end, under this leader epoch. A batch that
  // the log holds already is answered with its old offset and not written again.
  struct AppendResult {
    ErrorCode error = ErrorCode::None;
    Offset base_offset{-1};
    bool duplicate = false;
  };
  AppendResult append_as_leader(LogBatch batch, LeaderEpoch epoch, Effects& effects,
                                Verification verification = {});
  // Requires that the batches continue the log.
  void append_as_follower(std::vector<LogBatch> batches, Effects& effects);

  // Notes that an epoch begins here, with or without data (KAFKA-7415). Entries that contradict it
  // go.
  void start_epoch(LeaderEpoch epoch, Offset start_offset, Effects& effects);

  // Drops what is at or above `offset`, epochs and producer state included; lowers the high
  // watermark if need be. Returns false if there was nothing to drop.
  bool truncate_to(Offset offset, Effects& effects);
  // What a follower does with the leader's diverging epoch (AbstractFetcherThread): see brokers.md
  // §1.8. Returns true when the logs are known to agree up to the new end; otherwise the next fetch
  // asks again.
  bool truncate_to_divergence(const EpochEndOffset& leader, Effects& effects);
  // Drops everything; the next record is written at `offset`.
  void restart_at(Offset offset, Effects& effects);
  void remove(bool stray, Effects& effects);

  // Sets the high watermark, bounded by the log; a follower's may go down (brokers.md §1.3).
  void set_high_watermark(Offset offset);

  // Batches in [from, below), split at the edges. `max_records` 0: no limit.
  std::vector<LogBatch> read(Offset from, Offset below, std::int32_t max_records = 0) const;

  // ── Transactions (brokers.md §2.5) ──
  // LSO: below it every transaction is decided, and its marker committed. Never above the high watermark.
  Offset last_stable_offset() const {
    return std::min(high_watermark_, transactions_.first_unstable().value_or(high_watermark_));
  }
  const LogTransactions& transactions() const { return transactions_; }
  // For checkers: what a reader of committed data is given, from the beginning on.
  std::vector<const LogBatch*> committed_batches() const;
  bool has_ongoing_transaction(ProducerId producer) const;
  // A guard for the producer's next batch if that would begin a transaction here; none if one is open.
  VerificationGuard maybe_start_verification(const LogBatch& batch);

  const std::map<ProducerId, ProducerState>& producers() const { return producers_; }
  // Cheap: content is hashed as it is appended.
  void digest_into(Digest& digest) const;

 private:
  ReplicaLog(File file, const LogCreated& created)
      : file_(file), topic_partition_(created.topic_partition), topic_id_(created.topic_id) {}
  void replay(const Payload& entry);
  void append(const LogBatch& batch);
  void add_epoch(LeaderEpoch epoch, Offset start_offset);
  void drop_from(Offset offset);
  void remember(const LogBatch& batch);
  void rebuild_derived();
  void remember_marker(const LogBatch& batch, ProducerState& producer);
  AppendResult check_append(const LogBatch& batch, Verification verification) const;
  static std::optional<AppendResult> find_duplicate(const LogBatch& batch,
                                                    const ProducerState& known);
  ErrorCode check_sequence(const LogBatch& batch, const ProducerState* known) const;

  File file_;
  TopicPartition topic_partition_;
  Uuid topic_id_;
  Offset start_offset_{0};
  Offset end_offset_{0};
  Offset high_watermark_{0};
  std::vector<LogBatch> batches_;
  std::vector<LogEpochStarted> epochs_;
  // The lowest sequence number that was asked about (VerificationStateEntry).
  struct VerificationState {
    VerificationGuard guard = kNoGuard;
    std::int32_t lowest_sequence = 0;
    std::int16_t epoch = -1;
  };

  std::map<ProducerId, ProducerState> producers_;
  LogTransactions transactions_;
  boost::container::flat_map<ProducerId, VerificationState> verifications_;  // in memory alone
  VerificationGuard last_guard_ = kNoGuard;
  std::uint64_t content_digest_ = 0;
};

}  // namespace sim
