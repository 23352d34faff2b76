#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "migrate/driver_state.h"
#include "migrate/leadership_state.h"
#include "migrate/propagator.h"
#include "sim/base/choices.h"
#include "sim/base/digest.h"
#include "sim/base/time.h"
#include "sim/core/payload.h"
#include "sim/kafka/control_batch.h"
#include "sim/kafka/delta.h"
#include "sim/kafka/image.h"
#include "zk/migration_reader.h"
#include "zk/migration_writer.h"
#include "zk/request.h"

// KRaftMigrationDriver of Kafka 3.9: the machine in a KRaft controller that takes ZooKeeper's
// controller role, copies the metadata, mirrors every change back, and tells brokers that still run
// in ZooKeeper mode (migration.md §2–§5). It lives inside the controller's process and is composed
// by plain calls: things happen to it (`on_…`), and it asks for things (`DriverAction`).
//
//   on_controller_change ┐                           ┌► ZkBatch ──────────► ZooKeeper ─► on_zk_answer
//   on_metadata_update   ├─► queue ──► one event ────┼► …MigrationRecords ► controller ► on_commit
//   its own polls        ┘   (FIFO)    at a time     └► SendRequests ─────► brokers in ZooKeeper mode
//
// One event runs at a time and each wait, for ZooKeeper or for a commit, blocks the ones behind it,
// as Kafka's single driver thread does. What is retried and what is not is Kafka's, too: see
// `EventFailed`.
namespace migrate {

// Who leads the metadata quorum, as this controller's loader knows it; kNoBroker: nobody known.
struct LeaderAndEpoch {
  sim::BrokerId leader = sim::kNoBroker;
  sim::RaftEpoch epoch{0};
  bool operator==(const LeaderAndEpoch&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("leader", &LeaderAndEpoch::leader),
                 sim::field("epoch", &LeaderAndEpoch::epoch));
  }
};

// Names what a driver waits for. The driver never reuses one within a life.
using TicketId = zk::CallId;

// Requests to send pipelined, in order, over the controller's ZooKeeper session. CONNECTIONLOSS is
// retried by whoever sends them (KafkaZkClient.retryRequestsUntilConnected), so answers bear any
// other error.
struct ZkBatch {
  TicketId ticket;
  std::vector<zk::Request> requests;
};
// Calls of the controller's ZkRecordConsumer; each is answered when it is committed.
struct BeginMigration {
  TicketId ticket;
};
struct AppendMigrationRecords {
  TicketId ticket;
  zk::RecordList records;
};
struct CompleteMigration {
  TicketId ticket;
};
// The copy has failed inside its transaction: the controller's fatal fault handler halts the
// process.
struct AbortMigration {
  std::string why;
};
// From now on the loader shall call on_metadata_update: the whole image first, then the current
// leader.
struct InstallPublisher {};
// Channels shall match the image's unfenced brokers in ZooKeeper mode; then queue these.
struct SendRequests {
  sim::MetadataImage image;
  sim::ControllerEpoch zk_controller_epoch;  // of the claim, in each request's header
  std::vector<sim::ControlRequest> requests;
};
using DriverAction =
    std::variant<ZkBatch, BeginMigration, AppendMigrationRecords, CompleteMigration, AbortMigration,
                 InstallPublisher, SendRequests, sim::Payload /*notice*/>;
using DriverActions = std::vector<DriverAction>;

// Behaviours of Kafka's driver that are defects (migration.md §7.1, §7.2; README "Defects of Kafka that
// it shows"). Those that are on are there in 3.9.1; which release has which is said in releases.h.
struct DriverDefects {
  // MB-01: what /migration says of a copy is believed though the log is of a quorum that never
  // copied anything, so that its empty image is written over ZooKeeper. Off: in PRE_MIGRATION
  // nothing is copied yet.
  bool foreign_copy_is_believed = true;
  // MB-02: a log that remembers a former attempt claims from the broker that has ruled since. Off:
  // with MIGRATION in the log nothing is claimed from a broker.
  bool stale_log_claims = true;
  // MB-03: a claim whose answer was lost is taken for another's for ever. Off: /controller with
  // this node's id and this epoch is this claim.
  bool claim_without_answer_is_lost = true;
  // MB-04: the version of /migration in memory stays behind when a write was done and its answer
  // lost; whatever is to be written afterwards fails. Off: it is read anew after a failure, if this
  // claim wrote it last.
  bool migration_version_is_never_reread = true;
  // MB-05: an election whose handling met a ZooKeeper error is forgotten. Off: the next poll
  // handles it again.
  bool leader_event_is_not_retried = true;
  // MB-06: a publication that could not be mirrored is skipped. Off: the next poll reconciles
  // everything.
  bool failed_change_is_skipped = true;
  // MB-07: a copy that is complete in the log, but whose offset never reached /migration, is the
  // end: no leader goes on. Off: such a leader claims and reconciles ZooKeeper with the log, as
  // after any other failover.
  bool half_complete_copy_is_the_end = true;
  // MB-09: brokers hear of a change when ZooKeeper has it. Off: when it is committed.
  bool requests_wait_for_zookeeper = true;
  // MB-23: what a claim writes to /migration is fenced by nothing, so that a controller that stood
  // still between the two writes undoes what its successor wrote there.
  bool claim_write_unfenced = true;

  // KAFKA-14909: nobody asks whether the other controllers are ready for a migration.
  bool controllers_are_not_asked = false;
  // KAFKA-15010: a leader that takes over after the copy reconciles nothing: what its predecessor had not mirrored yet
  // is never mirrored.
  bool failover_reconciles_nothing = false;
  // KAFKA-16171: after a claim nobody looks at /migration again, which the predecessor may have written meanwhile.
  bool migration_version_is_of_before_the_claim = false;
  // KAFKA-16563: recovery is a part of the first poll, which an error ends before the next is armed.
  bool failed_recovery_is_the_last = false;
  // KAFKA-16667: after a claim /migration is read and not written, so that what an older claim still writes there, behind
  // that read or on a ZooKeeper server that lags, is not seen.
  bool migration_is_reread_after_the_claim = false;
  bool operator==(const DriverDefects&) const = default;
};

struct DriverConfig {
  sim::BrokerId node_id;
  // zookeeper.metadata.migration.min.batch.size, at least 1.
  std::size_t min_batch_size = 200;
  // The statically configured voters; empty with controller.quorum.bootstrap.servers, which makes
  // the test of the controllers' readiness pass vacuously (migration.md §6.3).
  std::vector<sim::BrokerId> static_voters;
  // password.encoder.secret, if the controller has one.
  std::optional<std::string> password_secret;
  // Defects of the version's ZooKeeper writer (MB-11, MB-12).
  zk::MirrorDefects mirror_defects;
  zk::ReadDefects read_defects;
  PropagatorDefects propagator_defects;
  DriverDefects defects;
};

class Driver {
 public:
  explicit Driver(DriverConfig config);

  // What a call needs of the process it lives in.
  struct Context {
    sim::Instant now;
    std::int64_t wall_clock_ms;  // stamped into `/controller`
    sim::Choices& choices;
    DriverActions& actions;
  };
  // KRaftMigrationDriver.start: the first poll. Once per life.
  void start(Context context);
  // The loader learned of a leader or of a new epoch. Visible at once to events that are queued
  // already.
  void on_controller_change(Context context, LeaderAndEpoch leader);
  // The loader published an image, reached from the previous one by `delta`; `is_snapshot`: it was
  // loaded whole. Only after InstallPublisher.
  void on_metadata_update(Context context, std::shared_ptr<const sim::MetadataDelta> delta,
                          const sim::MetadataImage& image, bool is_snapshot);
  // Requires one response per request of the batch. An answer that nobody waits for is dropped.
  void on_zk_answer(Context context, TicketId ticket, std::vector<zk::Response> responses);
  // Offset and epoch of the last record, or why it was not committed.
  void on_commit(Context context, TicketId ticket,
                 std::expected<sim::OffsetAndEpoch, std::string> outcome);
  // The deadline may have passed.
  void wake(Context context);
  std::optional<sim::Instant> deadline() const;

  sim::BrokerId node_id() const { return config_.node_id; }
  MigrationDriverState state() const { return state_; }
  const LeadershipState& leadership() const { return leadership_; }
  const sim::MetadataImage& image() const { return image_; }
  // Nothing runs and nothing is queued.
  bool idle() const { return std::holds_alternative<Nothing>(task_) && events_.empty(); }
  void digest_into(sim::Digest& digest) const;

 private:
  // ── Events, as Kafka names them ───────────────────────────────────────────────────────────────
  struct PollEvent {};
  struct RecoverMigrationStateFromZkEvent {};
  struct KRaftLeaderEvent {
    LeaderAndEpoch leader;
  };
  struct WaitForControllerQuorumEvent {};
  struct WaitForZkBrokersEvent {};
  struct BecomeZkControllerEvent {
    LeaderAndEpoch leader;
  };
  struct MigrateMetadataEvent {
    LeaderAndEpoch leader;
  };
  struct SyncKRaftMetadataEvent {
    LeaderAndEpoch leader;
  };
  struct SendRpcsToBrokersEvent {
    LeaderAndEpoch leader;
  };
  // None of Kafka's: what a driver without MB-04 and MB-06 does at the first poll after a failed
  // write.
  struct RepairEvent {};
  struct MetadataChangeEvent {
    std::shared_ptr<const sim::MetadataDelta> delta;
    sim::MetadataImage image;
    bool is_snapshot = false;
    LeaderAndEpoch leader;
  };
  using Event = std::variant<PollEvent, RecoverMigrationStateFromZkEvent, KRaftLeaderEvent,
                             WaitForControllerQuorumEvent, WaitForZkBrokersEvent,
                             BecomeZkControllerEvent, MigrateMetadataEvent, SyncKRaftMetadataEvent,
                             SendRpcsToBrokersEvent, MetadataChangeEvent, RepairEvent>;

  // ── The event that runs, at the point where it waits ──────────────────────────────────────────
  struct Nothing {};
  // getOrCreateMigrationRecoveryState, for recovery (no leader) or on becoming leader.
  struct RecoverTask {
    enum class Step : std::uint8_t {
      TopLevelPaths,
      Read,
      Create
    };
    Step step = Step::TopLevelPaths;
    std::size_t path = 0;               // of the top-level ones
    std::vector<std::string> creating;  // that path, and behind it the parents that it lacks
    bool parents_created = false;       // the one at the back has been refused once
    std::optional<LeaderAndEpoch> leader;
  };
  struct BrokersTask {
    enum class Step : std::uint8_t {
      BrokerIds,
      TopicNames,
      Deletions,
      Topics
    };
    Step step = Step::BrokerIds;
    std::vector<std::string> topics;
  };
  struct ClaimTask {
    enum class Step : std::uint8_t {
      ReadEpoch,
      ReadController,
      Claim,
      WriteMigration,
      RereadMigration
    };
    Step step = Step::ReadEpoch;
    bool has_epoch = true;  // /controller_epoch is there
    sim::ControllerEpoch epoch;
    zk::DataVersion epoch_version;
  };
  struct CopyTask {
    enum class Step : std::uint8_t {
      Begin,
      Read,
      Append,
      Flush,
      Complete,
      WriteMigration
    };
    explicit CopyTask(zk::ReadOptions options) : read(std::move(options)) {}
    Step step = Step::Begin;
    zk::MigrationRead read;
    std::deque<zk::RecordList> lists;  // read and not yet in the buffer
    zk::RecordList buffer;
    std::int32_t batches = 0;
    std::int32_t records = 0;
    std::int32_t waiting_for = 0;  // records of the append under way
  };
  // A reconciliation or a delta on its way to ZooKeeper.
  struct MirrorTask {
    enum class Step : std::uint8_t {
      Write,
      Checkpoint
    };
    MirrorTask(zk::MirrorWriter writer, std::optional<MetadataChangeEvent> for_change)
        : write(std::move(writer)), change(std::move(for_change)) {}
    Step step = Step::Write;
    zk::MirrorWriter write;
    std::optional<MetadataChangeEvent> change;  // none: SYNC_KRAFT_TO_ZK
  };
  struct RereadTask {};
  using Task =
      std::variant<Nothing, RecoverTask, BrokersTask, ClaimTask, CopyTask, MirrorTask, RereadTask>;

  // driver.cc: the queue, polls, states.
  void run_queue(Context& context);
  void run(Context& context, Event event);
  void poll(Context& context);
  void transition_to(Context& context, MigrationDriverState next);
  bool is_current(MigrationDriverState expected) const { return state_ == expected; }
  bool is_current(MigrationDriverState expected, const LeaderAndEpoch& leader) const {
    return state_ == expected && leader == leader_;
  }
  void ask(Context& context, std::vector<zk::Request> requests);
  void proceed(Context& context, std::vector<zk::Response> responses);
  void finish() { task_ = Nothing{}; }
  void notify(Context& context, sim::Payload notice) {
    context.actions.emplace_back(std::move(notice));
  }
  // The event that runs ends here (MigrationEvent.handleException).
  void fail(Context& context, std::string why, bool unhandled);
  void fail(Context& context, std::string_view doing, zk::ErrorCode error);
  static bool is_auth_failure(zk::ErrorCode error);
  TicketId new_ticket();

  // driver_claim.cc: up to the claim.
  void become_leader(Context& context, const LeaderAndEpoch& leader);
  void create_path(Context& context, RecoverTask& task);
  void path_created(Context& context, RecoverTask& task, zk::ErrorCode error);
  void fail_recovery(Context& context, std::string why, bool unhandled);
  void recovered(Context& context, LeadershipState recovered);
  void wait_for_controller_quorum(Context& context);
  bool controllers_are_ready() const;
  bool is_copied() const;
  bool all_registered_as_zk_brokers(const std::set<sim::BrokerId>& brokers) const;
  void proceed(Context& context, RecoverTask& task, std::vector<zk::Response> responses);
  void proceed(Context& context, BrokersTask& task, std::vector<zk::Response> responses);
  void check_assigned_brokers(Context& context, const std::vector<zk::Response>& topics);
  void proceed(Context& context, ClaimTask& task, std::vector<zk::Response> responses);
  void claim(Context& context, ClaimTask& task, const zk::Response& controller);
  void adopt_claim(Context& context, ClaimTask& task, sim::ControllerEpoch epoch,
                   zk::DataVersion version);
  void write_migration_after_claim(Context& context);
  void claimed(Context& context, ClaimTask& task, const zk::Response& answer);
  void come_to_power(Context& context);

  // driver_copy.cc
  void proceed(Context& context, CopyTask& task, std::vector<zk::Response> responses);
  void committed(Context& context, CopyTask& task,
                 const std::expected<sim::OffsetAndEpoch, std::string>& outcome);
  void fill_buffer(Context& context, CopyTask& task);
  void append(Context& context, CopyTask& task, CopyTask::Step step);
  void complete(Context& context, CopyTask& task);
  void wait_for_commit(Context& context, TicketId ticket);
  void abort(Context& context, std::string why);

  // driver_mirror.cc
  zk::MirrorContext mirror_context() const;
  zk::MirrorOptions mirror_options(Context& context) const;
  void sync(Context& context);
  void change(Context& context, MetadataChangeEvent event);
  void write_on(Context& context, MirrorTask& task);
  void proceed(Context& context, MirrorTask& task, std::vector<zk::Response> responses);
  void written(Context& context, MirrorTask& task);
  void checkpointed(Context& context, MirrorTask& task);
  void send_requests_for(Context& context, const MetadataChangeEvent& change);
  void send_full_requests(Context& context);
  void fail_mirror(Context& context, std::string why, bool unhandled);
  void repair(Context& context);
  void reconcile_all(Context& context);
  void proceed(Context& context, RereadTask& task, std::vector<zk::Response> responses);

  DriverConfig config_;
  MigrationDriverState state_ = MigrationDriverState::Uninitialized;
  LeadershipState leadership_;
  sim::MetadataImage image_;
  bool first_publish_ = false;
  LeaderAndEpoch leader_;

  std::deque<Event> events_;
  std::string_view running_;  // Kafka's name of the event that runs
  Task task_;
  TicketId waiting_for_{0};                      // 0: for nothing
  std::optional<sim::Instant> commit_deadline_;  // METADATA_COMMIT_MAX_WAIT_MS
  std::uint64_t last_ticket_ = 0;
  std::optional<sim::Instant> next_poll_;
  std::uint32_t polls_ = 0;    // since the last change of state
  bool election_due_ = false;  // to be handled again (without MB-05)
  bool repair_due_ = false;    // without MB-04 or MB-06
};

}  // namespace migrate
