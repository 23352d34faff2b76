#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/base/described.h"
#include "sim/core/core.h"
#include "sim/core/payload.h"
#include "sim/kafka/ids.h"
#include "sim/kafka/records.h"

// The metadata log of one replica: batches with epochs, cut where a leader says they diverge,
// dropped where a checkpoint replaces them (KafkaMetadataLog). What stands on a simulated disk are
// these same batches; bytes are made only where a tool asks for them.
namespace kraft {

using sim::BrokerId;
using sim::Effects;
using sim::Instant;
using sim::NodeId;
using sim::Offset;
using sim::OffsetAndEpoch;
using sim::Payload;
using sim::RaftEpoch;

constexpr BrokerId kNoLeader{-1};
constexpr Offset kUnknownOffset{-1};

// Files of a process that lives in the quorum; others in the same process number from
// kFirstFreeFile.
constexpr sim::File kQuorumStateFile{0};
constexpr sim::File kLogFile{1};
constexpr sim::File kCheckpointFile{2};
constexpr sim::File kFirstFreeFile{8};
// Checkpoints are written and synced by a thread that nothing waits for (SnapshotGenerator).
constexpr sim::Lane kSnapshotLane{1};

// The control record at the start of every epoch (kraft.md §6.5; schema version 0 in 3.9).
struct LeaderChange {
  BrokerId leader;
  std::vector<BrokerId> voters;
  std::vector<BrokerId> granting_voters;
  static constexpr std::string_view kName = "LeaderChange";
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("leader", &LeaderChange::leader),
                 sim::field("voters", &LeaderChange::voters),
                 sim::field("grantingVoters", &LeaderChange::granting_voters));
  }
  bool operator==(const LeaderChange&) const = default;
};

using Records = std::vector<sim::VersionedRecord>;

// A record batch: the unit of appending, fetching and truncating. Offsets run from `base` without
// gap. `identity` is the digest of the content, made once by the leader that appended the batch, so
// that logs can be compared without walking records again.
struct Batch {
  Offset base;
  RaftEpoch epoch;
  std::int64_t timestamp_ms = 0;
  std::variant<Records, LeaderChange> content;
  std::uint64_t identity = 0;
  std::uint32_t bytes = 0;  // as the segment file will weigh, an estimate

  static Payload of(Offset base, RaftEpoch epoch, std::int64_t timestamp_ms,
                    std::variant<Records, LeaderChange> content);

  bool is_control() const { return std::holds_alternative<LeaderChange>(content); }
  // Empty for a control batch: its records are invisible to the state machine.
  const Records& records() const;
  std::int64_t count() const;
  Offset end() const { return base.plus(count()); }

  static constexpr std::string_view kName = "kraft.Batch";
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("base", &Batch::base), sim::field("epoch", &Batch::epoch),
                 sim::field("timestamp", &Batch::timestamp_ms),
                 sim::field("content", &Batch::content));
  }
  std::string describe() const;
  void digest_into(sim::Digest& digest) const { digest.add(identity); }
  std::size_t wire_bytes() const { return bytes; }
};

// The metadata as of an end offset: what `id.offset` records folded to, as records in the order of
// MetadataImage.write (kraft.md §5.2). Written whole and atomically.
struct Checkpoint {
  OffsetAndEpoch id;  // id.offset is exclusive
  std::int64_t last_contained_timestamp_ms = 0;
  Records records;
  std::uint64_t chain = 0;  // Log::chain_at(id.offset)
  static constexpr std::string_view kName = "kraft.Checkpoint";
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("id", &Checkpoint::id),
                 sim::field("timestamp", &Checkpoint::last_contained_timestamp_ms),
                 sim::field("records", &Checkpoint::records),
                 sim::field("chain", &Checkpoint::chain));
  }
};

// The election state that is durable before anybody hears of it (quorum-state, kraft.md §1.2).
// Leader and vote are never both set.
struct QuorumState {
  RaftEpoch epoch{0};
  BrokerId leader = kNoLeader;
  BrokerId voted{-1};
  std::vector<BrokerId> voters;
  static constexpr std::string_view kName = "kraft.QuorumState";
  static constexpr auto fields(auto&& visit) {
    return visit(
        sim::field("epoch", &QuorumState::epoch), sim::field("leader", &QuorumState::leader),
        sim::field("voted", &QuorumState::voted), sim::field("voters", &QuorumState::voters));
  }
  bool operator==(const QuorumState&) const = default;
};

class Log {
 public:
  // What a leader says of the place from which a replica wants to fetch (kraft.md §1.10, step 3).
  struct Valid {};
  struct Diverging {
    OffsetAndEpoch end;
  };
  struct UseSnapshot {
    OffsetAndEpoch id;
  };
  using Validation = std::variant<Valid, Diverging, UseSnapshot>;

  Log() = default;
  // The log that a disk kept. A checkpoint that is ahead of the log replaces it (a crash while
  // installing).
  Log(const sim::FileContent& log, const sim::FileContent& checkpoint);

  Offset start() const { return start_; }
  Offset end() const { return end_; }
  // Epoch of the last record; of the checkpoint if there is none; 0 in an empty log.
  RaftEpoch last_epoch() const;
  OffsetAndEpoch last() const { return {last_epoch(), end_}; }
  const std::vector<Payload>& batches() const { return batches_; }
  // Null until there is one.
  const Payload& checkpoint() const { return checkpoint_; }
  std::optional<OffsetAndEpoch> checkpoint_id() const;

  // Requires that the batch begins at `end()` and is of no older epoch than the last one.
  void append(const Payload& batch);
  // Drops everything from `end` on; requires a batch border. The number of batches that are left.
  std::uint64_t truncate(Offset end);
  // A checkpoint made from this log's own records, or one fetched from a leader. A checkpoint past
  // the end replaces the whole log (truncateToLatestSnapshot).
  void install(const Payload& checkpoint);
  // Drops batches wholly below the checkpoint (log cleaning); the disk index of the first one kept.
  std::uint64_t clean();

  // The largest epoch at or below `epoch` and where it ends.
  OffsetAndEpoch end_offset_for(RaftEpoch epoch) const;
  Validation validate(OffsetAndEpoch fetch) const;
  // Whole batches from `from` on, at least one if there is any, up to `max_bytes`; none at or past
  // `limit`.
  std::vector<Payload> read(Offset from, Offset limit, std::size_t max_bytes) const;
  // A digest of everything before `offset`, which is a batch border at or after the checkpoint: two
  // logs agree up to there if and only if these agree.
  std::uint64_t chain_at(Offset offset) const;
  bool is_border(Offset offset) const;
  // Disk index of the first batch kept.
  std::uint64_t first_index() const { return first_index_; }
  // Number of disk entries that are left when `batches_` is as it is: index of the end.
  std::uint64_t end_index() const { return first_index_ + batches_.size(); }

  void digest_into(sim::Digest& digest) const;

 private:
  std::size_t position_of(Offset offset) const;

  Offset start_{0};
  Offset end_{0};
  std::uint64_t first_index_ = 0;
  std::uint64_t start_chain_ = 0;
  std::vector<Payload> batches_;
  std::vector<std::uint64_t> chain_;  // after batches_[i]
  // (epoch, first offset of it), ascending: the leader-epoch cache.
  std::vector<std::pair<RaftEpoch, Offset>> epochs_;
  Payload checkpoint_;
};

}  // namespace kraft
