#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/core/core.h"
#include "sim/kafka/broker_behaviour.h"
#include "sim/kafka/client.h"
#include "sim/kafka/fetch_session.h"
#include "sim/kafka/group_coordinator.h"
#include "sim/kafka/leader_fetcher.h"
#include "sim/kafka/metadata_cache.h"
#include "sim/kafka/replica.h"
#include "sim/kafka/rpc.h"
#include "sim/kafka/transaction_coordinator.h"

// What any Kafka broker is, whoever controls it (ReplicaManager, KafkaApis, AlterPartitionManager):
// it hosts partitions, answers clients and followers, follows leaders, and does what a controller
// says, be it by LeaderAndIsr, UpdateMetadata and StopReplica, or by a metadata image. How it
// registers and who its controller is are for others: `zk/broker_link` and `kraft/broker_link`
// know, `migrate/broker_node` joins.
//
//        LeaderAndIsr …      publish(image)            set_controller
//              │                  │                          │
//              ▼                  ▼                          ▼
//   clients ─► Broker: partitions · metadata cache · groups ─► AlterPartition, AllocateProducerIds,
//   followers ◄─► fetchers, one per leading broker              forwarded admin requests
//
// All fetches between two brokers travel in one request, in incremental fetch sessions: what a
// request costs is what has changed, whatever the number of partitions.
//
// Simplified: no quotas, no authorizer, no log directories, no reassignment throttles; OffsetForLeaderEpoch is answered and never needed.
namespace sim {

// High watermarks are checkpointed by a thread that nothing waits for.
constexpr Lane kCheckpointLane{1};

struct BrokerConfig {
  BrokerId id{-1};
  NodeId self{};
  std::string cluster_id;
  bool kraft_mode = false;  // metadata from images; fetches bear the broker's epoch
  // A broker in ZooKeeper mode without the migration flag hears no KRaft controller (migration.md §5.5).
  bool hears_kraft_controllers = true;
  AddressBook brokers;  // of all brokers, itself included
  // Files of this process that are the broker's: the checkpoint, and after it one per log.
  File checkpoint_file{64};
  std::int32_t min_insync_replicas = 1;
  Duration replica_lag_time_max{30'000'000'000};
  Duration replica_fetch_wait_max{500'000'000};
  Duration replica_fetch_backoff{1'000'000'000};
  Duration high_watermark_checkpoint_interval{5'000'000'000};
  FetchSessionCache::Config fetch_sessions;
  std::int32_t offsets_topic_num_partitions = 50;
  std::int16_t offsets_topic_replication_factor = 3;
  GroupConfig groups;
  // What one thread needs to read a partition of `__consumer_offsets`: to begin, and for each record.
  Duration group_load_start{1'000'000};
  Duration group_load_per_record{2'000};
  std::int32_t transaction_state_log_num_partitions = 50;
  std::int16_t transaction_state_log_replication_factor = 3;
  std::int32_t transaction_state_log_min_isr = 2;
  bool transaction_partition_verification_enable = true;  // KIP-890, part 1
  TransactionConfig transactions;
  BrokerBehaviour behaviour;
};

// Where AlterPartition and the like go, and under which epoch of this broker (migration.md §5.7).
struct ControllerLink {
  NodeId node{};
  BrokerEpoch broker_epoch{-1};
  bool operator==(const ControllerLink&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("node", &ControllerLink::node),
                 field("brokerEpoch", &ControllerLink::broker_epoch));
  }
};

// The epochs under which control requests reach this broker: czxid of its znode, and its
// registration with the quorum. -1: not registered there.
struct BrokerEpochs {
  BrokerEpoch zk{-1};
  BrokerEpoch kraft{-1};
  static constexpr auto fields(auto&& visit) {
    return visit(field("zk", &BrokerEpochs::zk), field("kraft", &BrokerEpochs::kraft));
  }
};

class Broker {
 public:
  // Boots from what the disk kept: every log is there, none is led or followed yet.
  Broker(BrokerConfig config, const Durable& durable);

  // ── What its links tell it ──
  void set_controller(Context& context, std::optional<ControllerLink> link);
  void set_epochs(BrokerEpochs epochs) { epochs_ = epochs; }
  // KRaft: the loader published a new image.
  void publish(Context& context, const MetadataImage& image);
  // Opens the ports (SocketServer.enableRequestProcessing); whoever connects before that is
  // refused. In ZooKeeper mode they are open from the start. In KRaft mode the last step of a start
  // is to open them, once the controller has unfenced the broker (BrokerServer.startup): until then
  // it may believe to lead, by the image of its former life, and nobody can ask it.
  void enable_request_processing(Context& context);
  // min.insync.replicas of a topic as its dynamic config says (ZooKeeper mode), or none.
  void set_min_insync_replicas(const std::string& topic, std::optional<std::int32_t> value);

  // ── What controllers say in ZooKeeper mode; `handle` calls these for what comes by the wire ──
  LeaderAndIsrResponse leader_and_isr(Context& context, const LeaderAndIsrRequest& request);
  UpdateMetadataResponse update_metadata(Context& context, const UpdateMetadataRequest& request);
  StopReplicaResponse stop_replica(Context& context, const StopReplicaRequest& request);

  // Handles an input: requests of clients, followers and controllers, answers to its own requests,
  // connections, wakes. False if it was a message that is not a broker's.
  bool handle(Context& context, const Input& input);
  std::optional<Instant> deadline() const;
  // A controlled shutdown has begun. From here on a new leader epoch ends the fetching of a replica that is out of the ISR,
  // in ZooKeeper mode of any replica (ReplicaManager.makeFollowers, applyLocalFollowersDelta): a broker that is about to go
  // does not look as if it were about to join.
  void begin_shutdown() { shutting_down_ = true; }
  // Controlled or not, a clean stop: flushes all files of the process (clean-shutdown marker left out).
  void flush(Context& context);
  void digest_into(Digest& digest) const;

  // ── Views ──
  const BrokerConfig& config() const { return config_; }
  const MetadataCache& metadata() const { return metadata_; }
  const GroupCoordinator& groups() const { return groups_; }
  const TransactionCoordinator& transactions() const { return transactions_; }
  const BrokerEpochs& epochs() const { return epochs_; }
  bool processes_requests() const { return processes_requests_; }
  // The highest seen in LeaderAndIsr, UpdateMetadata and StopReplica; 0 after a start.
  ControllerEpoch controller_epoch() const { return controller_epoch_; }
  const HostedPartition* partition(const TopicPartition& id) const;
  // `for_each_partition([](const HostedPartition&) { … })`, in order of name.
  template <class Visit>
  void for_each_partition(Visit visit) const {
    for (const auto& [id, hosted] : hosted_) visit(hosted.partition);
  }
  std::size_t leader_count() const;

 private:
  // One write waits for the replication of this partition.
  struct WriteWait {
    Offset required{};
    std::uint64_t write = 0;
    std::size_t topic = 0;
    std::size_t partition = 0;
  };
  struct Hosted {
    HostedPartition partition;
    std::vector<FetchSessionCache::Slot> fetched_by;  // these hear of changes; some may be gone
    std::vector<WriteWait> writes;
    Instant fetch_not_before = kLongAgo;  // while following
    bool fetch_failed = false;            // until the controller speaks again
    BrokerId fetched_from{-1};            // the fetcher that it belongs to; -1: none
  };
  struct ParkedProduce {
    ReplyTo to;
    ProduceResponse response;
  };
  struct ParkedGroupWrite {
    std::uint64_t write = 0;  // as the coordinator knows it
    Offset record{};
  };
  struct ParkedTransactionWrite {
    std::uint64_t write = 0;  // as the coordinator knows it
  };
  struct ParkedMarkers {
    ReplyTo to;
    TxnMarker marker;
    WriteTxnMarkersResponse response;
  };
  struct ParkedWrite {
    Instant expires;
    std::size_t outstanding = 0;
    std::variant<ParkedProduce, ParkedGroupWrite, ParkedTransactionWrite, ParkedMarkers> what;
  };
  // What waits until the coordinator has said whether partitions are part of a transaction (AddPartitionsToTxnManager).
  using Guards = std::map<TopicPartition, std::pair<VerificationGuard, ErrorCode>>;
  struct VerifiedProduce {
    ReplyTo to;
    ProduceRequest request;
  };
  struct VerifiedOffsets {
    ReplyTo to;
    TxnOffsetCommitRequest request;
  };
  struct Verifying {
    std::variant<VerifiedProduce, VerifiedOffsets> what;
    Guards guards;
  };
  struct MarkerTask {
    TransactionMarkers markers;
    Instant not_before;
  };
  // KAFKA-17507: a marker whose offsets another thread will see to.
  struct LateCompletion {
    Instant at;
    PartitionId partition{};
    ProducerId producer{-1};
    TransactionResult result = TransactionResult::Abort;
  };
  // What a look at one partition of a fetch has found.
  enum class Fetched : std::uint8_t {
    Nothing,
    Settled,  // nothing, and so it stays until the partition changes
    News
  };
  struct Fetcher : LeaderFetcher {
    std::size_t partitions = 0;  // that are fetched from there
  };

  // broker_control.cc
  ErrorCode check_header(Context& context, const ControlHeader& header, std::string_view request);
  ErrorCode apply_state(Context& context, const std::string& topic, Uuid topic_id,
                        const LeaderAndIsrPartitionState& state, bool kraft);
  ErrorCode check_state(const Hosted* hosted, Uuid topic_id,
                        const LeaderAndIsrPartitionState& state, bool kraft) const;
  Hosted& host(Context& context, const TopicPartition& id, Uuid topic_id);
  void become(Context& context, Hosted& hosted, const LeaderAndIsrPartitionState& state);
  void stop(Context& context, const TopicPartition& id, bool erase, bool stray);
  ErrorCode stray_replicas(const LeaderAndIsrRequest& request,
                           std::vector<TopicPartition>& found) const;
  ReplicaRules rules(const std::string& topic) const;
  Hosted* find(const TopicPartition& id);
  void read_topic_configs(const MetadataImage& image);

  // broker_data.cc
  bool on_request(Context& context, const Received& received);
  void serve_produce(Context& context, const Received& received,
                     const Request<ProduceRequest>& request);
  void append_produced(Context& context, const ReplyTo& to, const ProduceRequest& request,
                       const Guards& guards);
  MetadataResponse serve_metadata(Context& context, const MetadataRequest& request);
  ListOffsetsResponse list_offsets(const ListOffsetsRequest& request) const;
  OffsetForLeaderEpochResponse offset_for_leader_epoch(
      const OffsetForLeaderEpochRequest& request) const;
  void settle_writes(Context& context, Hosted& hosted);
  void finish_write(Context& context, std::uint64_t write, const WriteWait& wait, ErrorCode error);
  void after_change(Context& context, Hosted& hosted);
  void expire_parked(Context& context);

  // broker_fetch.cc
  void serve_fetch(Context& context, const Received& received,
                   const Request<FetchRequest>& request);
  Fetched look_at(Context& context, const FetchSession& session, const FetchSession::Cached& cached,
                  Hosted& hosted, std::vector<Hosted*>& progressed);
  void answer_fetch(Context& context, FetchSessionCache::Slot slot);
  void end_fetch(FetchSessionCache::Slot slot);
  IsolationLevel isolation_of(const FetchSession& session) const;
  void link(Hosted& hosted, FetchSessionCache::Slot slot);
  void stir(Hosted& hosted);
  void wake_fetches(Context& context, Hosted& hosted);

  // broker_groups.cc
  FindCoordinatorResponse find_coordinator(Context& context, const FindCoordinatorRequest& request);
  bool on_group_request(Context& context, const Received& received);
  // Lets the coordinator act, and does what it wants.
  void with_groups(Context& context, const auto& act) {
    GroupEffects effects;
    GroupContext groups{context.now, context.choices, effects};
    act(groups);
    perform(context, std::move(effects));
  }
  void perform(Context& context, GroupEffects effects);
  void write_groups(Context& context, GroupAppend append);
  void load_groups(Context& context, const Hosted& hosted);
  void unload_groups(Context& context, Hosted& hosted);
  void finish_group_loads(Context& context);
  void forget_offsets(Context& context, const std::set<std::string>& deleted_topics);
  void serve_init_producer_id(Context& context, const ReplyTo& to);
  void ask_for_producer_ids(Context& context);
  void on_producer_ids(Context& context, const AllocateProducerIdsResponse& response);
  PartitionId partition_of_group(const std::string& group) const;
  FindCoordinatorResponse coordinator_of(std::string_view topic, PartitionId partition) const;
  void create_internal_topic(Context& context, std::string_view topic);
  template <RequestBody Body>
  bool forward(Context& context, const Received& received);
  bool forward_any(Context& context, const Received& received);
  template <RequestBody Body>
  bool relay(Context& context, const Received& received);
  bool relay_any(Context& context, const Received& received);

  // broker_transactions.cc
  bool on_transaction_request(Context& context, const Received& received);
  bool on_transaction_response(Context& context, const Received& received);
  bool on_transaction_lost(Context& context, CorrelationId correlation);
  // Lets the coordinator act, and does what it wants. Markers leave then.
  void with_transactions(Context& context, Instant markers_from, const auto& act) {
    TransactionEffects effects;
    TransactionContext transactions{context.now, producer_ids_, effects};
    act(transactions);
    perform(context, std::move(effects), markers_from);
  }
  bool verifies() const {
    return config_.transaction_partition_verification_enable &&
           !config_.behaviour.transactional_writes_are_not_verified;
  }
  void perform(Context& context, TransactionEffects effects, Instant markers_from);
  void on_markers_written(Context& context, const TransactionMarkers& markers,
                          const std::vector<PartitionError>& results);
  void write_transaction(Context& context, TransactionAppend append);
  void load_transactions(Context& context, const Hosted& hosted);
  void unload_transactions(Context& context, Hosted& hosted);
  void finish_transaction_loads(Context& context);
  PartitionId partition_of_transactional_id(std::string_view transactional_id) const;
  bool verify(Context& context, const std::string& transactional_id,
              const ProducerIdAndEpoch& producer, Verifying verifying);
  void on_verified(Context& context, Verifying verified);
  void on_verified(Context& context, CorrelationId correlation,
                   const AddPartitionsToTxnResponse& response);
  void serve_txn_offset_commit(Context& context, const ReplyTo& to,
                               const TxnOffsetCommitRequest& request);
  void serve_markers(Context& context, const ReplyTo& to, const WriteTxnMarkersRequest& request);
  void finish_markers(Context& context, ParkedMarkers parked);
  void complete_late(Context& context);
  void run_markers(Context& context);
  void send_markers(Context& context, TransactionMarkers markers);
  void note_opened(Context& context, const HostedPartition& partition, ProducerId producer);
  void expire_transactions(Context& context);
  Instant transactions_deadline() const;
  void digest_transactions(Digest& digest) const;

  // broker_fetcher.cc
  void follow(Hosted& hosted, BrokerId leader);
  void unfollow(Hosted& hosted);
  void run_fetchers(Context& context);
  static std::optional<FetchSessionHandler::Position> fetch_position(Instant now, Fetcher& fetcher,
                                                                     const Hosted& hosted);
  void send_fetch(Context& context, BrokerId leader, Fetcher& fetcher);
  void on_fetched(Context& context, BrokerId leader, Fetcher& fetcher,
                  const FetchResponse& response);
  void on_partition_fetched(Context& context, Hosted& hosted, const FetchPartition& asked,
                            const FetchPartitionData& data);

  // broker_isr.cc
  void propose_isr(const TopicPartition& id) { isr_queue_.insert(id); }
  void send_alter_partition(Context& context);
  void on_alter_partition(Context& context, const AlterPartitionResponse& response);
  void on_altered(Context& context, Hosted& hosted, const AlterPartitionResult& result);
  void check_lagging(Context& context);
  void checkpoint(Context& context);

  bool on_response(Context& context, const Received& received);
  void on_lost(Context& context, CorrelationId correlation);
  void on_wake(Context& context);

  BrokerConfig config_;
  NetworkClient network_;
  MetadataCache metadata_;
  GroupCoordinator groups_;
  std::map<PartitionId, Instant> group_loads_;  // when each will be done
  Instant group_loader_free_ = kLongAgo;
  TransactionCoordinator transactions_;
  std::map<PartitionId, Instant> transaction_loads_;
  Instant transaction_loader_free_ = kLongAgo;
  std::map<CorrelationId, Verifying> verifying_;
  std::vector<MarkerTask> marker_tasks_;
  std::map<CorrelationId, TransactionMarkers> markers_in_flight_;
  std::vector<LateCompletion> late_completions_;
  BrokerEpochs epochs_;
  ControllerEpoch controller_epoch_{0};
  bool processes_requests_;
  bool shutting_down_ = false;
  std::optional<ControllerLink> controller_;
  std::map<TopicPartition, Hosted> hosted_;
  std::map<std::string, std::int32_t, std::less<>> min_insync_;
  std::vector<File> free_files_;
  File next_file_;

  FetchSessionCache fetch_sessions_;
  std::map<std::uint64_t, ParkedWrite> writes_;
  std::set<std::pair<Instant, std::uint64_t>> expiries_;  // of both
  std::uint64_t last_parked_ = 0;

  std::map<BrokerId, Fetcher> fetchers_;
  std::set<TopicPartition> isr_queue_;
  std::optional<CorrelationId> isr_in_flight_;
  std::vector<TopicPartition> isr_asked_;
  Instant isr_not_before_ = kLongAgo;
  Instant next_lag_check_;
  Instant next_checkpoint_;
  bool checkpoint_due_ = false;

  std::map<CorrelationId, ReplyTo> forwarded_;
  std::optional<CorrelationId> producer_ids_asked_;
  std::vector<ReplyTo> producer_ids_awaited_;
  ProducerIds producer_ids_;
  std::optional<CorrelationId> offsets_topic_asked_;
  std::optional<CorrelationId> transaction_topic_asked_;
};

// replication-offset-checkpoint: high watermarks as of some seconds ago.
struct HighWatermarkCheckpoint {
  static constexpr std::string_view kName = "log.HighWatermarkCheckpoint";
  std::vector<std::pair<TopicPartition, Offset>> high_watermarks;
  static constexpr auto fields(auto&& visit) {
    return visit(field("highWatermarks", &HighWatermarkCheckpoint::high_watermarks));
  }
};

}  // namespace sim
