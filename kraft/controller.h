#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kraft/behaviour.h"
#include "kraft/heartbeats.h"
#include "kraft/replica.h"
#include "sim/kafka/delta.h"
#include "sim/kafka/image.h"
#include "sim/kafka/rpc.h"

// QuorumController of 3.9 as a value: requests become records and an answer; the records are applied to
// memory at once and the answer waits until they are committed (kraft.md §3). What is written where:
// cluster.cc registers and fences brokers, topics.cc creates and reassigns, and so on by area; how they
// become one log write is written here alone.
namespace kraft {

// Whom a call may act on, for the time of the call.
struct Turn {
  Instant now;
  Replica& replica;
  Choices& choices;
  Effects& effects;
};

// What a controller remembers of the log: the image, and where each broker registered. A value, so that
// going back to an earlier state is an assignment.
struct ControllerState {
  sim::MetadataImage image;
  std::map<BrokerId, Offset> registered_at;   // offset of each broker's RegisterBrokerRecord
  Offset transaction_start = kUnknownOffset;  // of the open transaction, -1: none
  bool empty = true;                          // no metadata record was ever replayed
  sim::MetadataVersion version() const { return image.features().metadata_version; }
  sim::ZkMigrationState migration_state() const { return image.features().zk_migration_state; }
};

// Names a write whose end somebody wants to know.
using WriteId = std::uint64_t;
struct Desk;
struct WriteStatus {
  enum class State : std::uint8_t {
    Waiting,
    Committed,
    Failed
  };
  State state = State::Waiting;
  Offset offset = kUnknownOffset;  // Committed: of its last record
  RaftEpoch epoch{0};              // Committed: the claim epoch it was written in
  ErrorCode error = ErrorCode::None;
};

class Controller {
 public:
  struct Settings {
    BrokerId id;
    std::string cluster_id;
    std::vector<BrokerId> quorum_nodes;  // static voters
    bool zk_migration_enabled = false;   // zookeeper.metadata.migration.enable
    sim::MetadataVersion bootstrap_version = sim::kLatestProduction;
    Records bootstrap_records;  // behind the metadata.version of bootstrap.checkpoint
    // The listener through which the controller reaches brokers; a migrating broker must have it. "": any.
    std::string inter_broker_listener;
    Duration broker_session_timeout{9'000'000'000};  // broker.session.timeout.ms
    Duration max_idle_interval{500'000'000};  // metadata.max.idle.interval.ms, 0: no NoOpRecords
    bool auto_leader_rebalance = true;        // auto.leader.rebalance.enable
    Duration leader_imbalance_interval{300'000'000'000};  // leader.imbalance.check.interval.seconds
    Duration unclean_election_interval{300'000'000'000};  // unclean.leader.election.interval.ms
    std::int16_t default_replication_factor = 1;
    std::int32_t num_partitions = 1;
    bool unclean_leader_election = false;  // of topics that do not say
    sim::MetadataVersion latest_supported = sim::kLatestProduction;
    Behaviour behaviour;
  };

  explicit Controller(Settings settings) : settings_(std::move(settings)) {}

  // True if the message is a request for a controller; it was dealt with, if only by NOT_CONTROLLER.
  bool receive(Turn& turn, const sim::Received& received);
  // Periodic work that is due: no-ops, fencing, leader balance.
  void wake(Turn& turn);
  Instant deadline() const;

  // From the log, in order, each batch once: advances offsets when active, replays when not.
  void handle_commit(Turn& turn, const Batch& batch);
  void load_checkpoint(Turn& turn, const Checkpoint& checkpoint);
  // Raft made this node the leader, and it has read everything before: claims and writes the activation.
  void claim(Turn& turn, RaftEpoch epoch);
  // Another leader or none: memory goes back to what is committed, waiting requests get NOT_CONTROLLER.
  void renounce(Turn& turn);

  // The migration's writes; see Node.
  WriteId begin_migration(Turn& turn);
  WriteId accept_batch(Turn& turn, Records records);
  WriteId complete_migration(Turn& turn);
  WriteId abort_migration(Turn& turn);
  WriteStatus write_status(WriteId id) const;

  // ── Views ──
  bool is_active() const { return claim_epoch_.has_value(); }
  std::optional<RaftEpoch> claim_epoch() const { return claim_epoch_; }
  // Ahead of what is committed on an active controller.
  const ControllerState& state() const { return state_; }
  // As of the last offset that no open transaction can take back.
  const ControllerState& stable_state() const;
  // As of the last offset that is committed, whatever is open.
  const ControllerState& committed_state() const;
  Offset last_committed() const { return last_committed_; }
  Offset last_stable() const { return last_stable_; }
  const Heartbeats& heartbeats() const { return heartbeats_; }
  const Settings& settings() const { return settings_; }
  void digest_into(sim::Digest& digest) const;

 private:
  enum class PreMigration : std::uint8_t {
    Refused,
    Allowed
  };  // RUNS_IN_PREMIGRATION
  // An answer that waits for its records. `refused` is sent if they will never be known to be committed.
  struct Parked {
    Offset offset;  // of the last record
    PreMigration mode;
    std::optional<sim::ReplyTo> to;
    Payload answer;
    Payload refused;
    std::string request;
    std::optional<WriteId> write;
  };

  template <class Body>
  bool serve(Turn& turn, const sim::Received& received, PreMigration mode);
  bool refuses(PreMigration mode) const;
  Desk desk(Turn& turn);
  // The last offset, or nothing if this node leads no more.
  std::optional<Offset> write(Turn& turn, Records records);
  void replay_all(Turn& turn, const Records& records, Offset base);
  void replay_special(Turn& turn, const sim::Record& record, Offset offset);
  void abort_transaction(Turn& turn, std::string_view reason);
  void park(Turn& turn, Parked parked);
  void release(Turn& turn);
  void refuse_all(Turn& turn);
  WriteId write_for_migration(Turn& turn, std::optional<Records> records);
  WriteId write_copy(Turn& turn, Records records);
  void remember(Offset offset) { history_.insert_or_assign(offset, state_); }
  void advance_offsets(Offset committed);
  void fill_heartbeats(Instant now);
  // Nothing if this controller must not become active; it halted.
  std::optional<Records> activation_records(Turn& turn) const;
  void write_no_op(Turn& turn);
  void fence_stale_broker(Turn& turn);
  void balance(Turn& turn);
  void notice_of(Turn& turn, const sim::Record& record);

  Settings settings_;
  std::optional<RaftEpoch> claim_epoch_;
  std::optional<RaftEpoch> copy_began_in_;  // the claim under which the last copy began
  ControllerState state_;
  // By offset of the last record applied: states that memory may have to go back to.
  std::map<Offset, ControllerState> history_;
  Offset last_committed_ = kUnknownOffset;
  Offset last_stable_ = kUnknownOffset;
  Heartbeats heartbeats_;
  std::vector<Parked> parked_;
  std::map<WriteId, WriteStatus> writes_;
  WriteId last_write_ = 0;
  Instant no_op_at_ = Instant::never();
  Instant fence_at_ = Instant::never();
  Instant balance_at_ = Instant::never();
  Instant unclean_at_ = Instant::never();
};

}  // namespace kraft
