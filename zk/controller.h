#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "sim/kafka/control_batch.h"
#include "sim/kafka/control_channels.h"
#include "sim/kafka/rpc.h"
#include "zk/broker_link.h"
#include "zk/partition_machine.h"

// The ZooKeeper-mode controller that every ZooKeeper-mode broker carries
// (kafka.controller.KafkaController; zookeeper.md §6). One of them is elected by making
// /controller; it alone decides leaders and ISRs, writes them under the epoch of its election, and
// pushes them to the brokers. Losing /controller, to another broker or to a KRaft controller, it
// resigns.
//
//                  /controller absent        multi ok              all read
//   Following ──► reading ──────────► claiming ───────► loading ───────────────► acting
//       ▲            │ present           │ lost the race     │                      │
//       └────────────┴───────────────────┴──── resign: moved, expired ──────────────┘
//
// As in Kafka all happens in one thread of events: an event is handled to its end, ZooKeeper round
// trips included, before the next is looked at.
//
// Simplified: leader and ISR of a partition are written in one step where Kafka takes two (leader,
// then ISR of the dead); states are read at a failover and after a refused write, not before each
// one; no reassignment, no IBP below 2.7-IV2, no feature znode, no log-dir events.
namespace zk {

struct ControllerBehaviour {
  bool controller_epoch_unchecked =
      false;  // writes without the check on /controller_epoch (KAFKA-6082)
  // States of partitions are written under neither the epoch nor the version that was read, so that
  // an older controller overwrites what a newer one decided. (The version alone changes nothing:
  // the check on /controller_epoch keeps every other writer away.)
  bool state_version_unchecked = false;
  static constexpr auto fields(auto&& visit) {
    using B = ControllerBehaviour;
    return visit(sim::field("zkcontroller-epoch-unchecked", &B::controller_epoch_unchecked),
                 sim::field("zkcontroller-state-version-unchecked", &B::state_version_unchecked));
  }
  bool operator==(const ControllerBehaviour&) const = default;
};

struct ControllerConfig {
  sim::BrokerId id{-1};
  sim::NodeId self{};
  sim::AddressBook addresses;
  std::int32_t num_partitions = 1;
  std::int16_t default_replication_factor = 1;
  bool unclean_leader_election_enable = false;
  bool auto_leader_rebalance = true;              // auto.leader.rebalance.enable
  std::int32_t leader_imbalance_percentage = 10;  // leader.imbalance.per.broker.percentage
  sim::Duration leader_imbalance_interval{
      300'000'000'000};  // leader.imbalance.check.interval.seconds
  ControllerBehaviour behaviour;
};

class Controller {
 public:
  explicit Controller(ControllerConfig config);

  // ── What the link says ──
  void on_registered(sim::Context& context, BrokerLink& link);
  void on_session_replaced(sim::Context& context);
  void on_watch(sim::Context& context, BrokerLink& link, const WatchedEvent& event);
  // False if the batch is not the controller's.
  bool on_answer(sim::Context& context, BrokerLink& link, const BatchDone& done);

  // Requests to the controller while it is active, answers to its pushes, connections, wakes. False
  // for what the broker shall look at: everything else, and requests while this is not the
  // controller.
  bool handle(sim::Context& context, BrokerLink& link, const sim::Input& input);
  std::optional<sim::Instant> deadline() const;
  void digest_into(sim::Digest& digest) const;

  // ── Views ──
  // Elected and not resigned, as far as it knows.
  bool active() const { return active_; }
  // Active, and through with its failover.
  bool ready() const { return ready_; }
  sim::ControllerEpoch epoch() const { return epoch_; }
  // Whom /controller named when it was last read.
  const std::optional<ControllerZnode>& known_controller() const { return known_controller_; }
  struct PartitionInfo {
    std::vector<sim::BrokerId> replicas;
    std::vector<sim::BrokerId> adding;
    std::vector<sim::BrokerId> removing;
    std::optional<LeaderAndIsr> leadership;  // none: the partition is new
  };
  struct TopicInfo {
    sim::Uuid id;
    std::map<sim::PartitionId, PartitionInfo> partitions;
  };
  const std::map<std::string, TopicInfo, std::less<>>& topics() const { return topics_; }
  const LiveBrokers& brokers() const { return live_; }

 private:
  // ── Events, zookeeper.md §6.2 ──
  struct Elect {};  // Startup, Reelect, ControllerChange, RegisterBrokerAndReelect
  struct BrokersChanged {};
  struct TopicsChanged {};
  struct TopicChanged {
    std::string topic;
  };
  struct DeletionsChanged {};
  struct FinishDeletion {
    std::string topic;
  };
  struct BalanceLeaders {};  // AutoPreferredReplicaLeaderElection
  template <class Body>
  struct Asked {
    sim::ReplyTo to;
    Body body;
  };
  using Event =
      std::variant<Elect, BrokersChanged, TopicsChanged, TopicChanged, DeletionsChanged,
                   FinishDeletion, BalanceLeaders, Asked<sim::AlterPartitionRequest>,
                   Asked<sim::ControlledShutdownRequest>, Asked<sim::AllocateProducerIdsRequest>,
                   Asked<sim::CreateTopicsRequest>, Asked<sim::DeleteTopicsRequest>,
                   Asked<sim::CreatePartitionsRequest>>;

  // What the outstanding batch is for.
  enum class Stage : std::uint8_t {
    Idle,
    ReadController,
    CreateEpoch,
    Claim,
    VerifyClaim,
    LoadNames,
    LoadData,
    LoadStates,
    ListBrokers,
    ReadBrokers,
    ListTopics,
    ReadTopics,
    ListDeletions,
    PurgeDeletions,
    CreateFolders,
    CreatePartitions,
    CreateStates,
    ReadConfigs,
    WriteStates,
    RereadStates,
    DeleteZnodes,
    ReadBlock,
    WriteBlock,
    AdminWrites,
  };
  // What is asked for a partition: a leader after brokers changed, a way out for a leaving broker,
  // its preferred leader, an ISR.
  struct Change {
    enum class Kind : std::uint8_t {
      BrokersChanged,
      Shutdown,
      Preferred,
      SetIsr
    } kind = Kind::BrokersChanged;
    sim::BrokerId leaving{-1};
    std::vector<sim::BrokerId> isr;
  };
  struct BrokerInfo {
    sim::BrokerEpoch epoch{-1};
    sim::UpdateMetadataBroker metadata;
  };

  // controller.cc: the event thread
  void pump(sim::Context& context, BrokerLink& link);
  void begin(sim::Context& context, BrokerLink& link, Event event);
  void ask(sim::Context& context, BrokerLink& link, Stage stage, std::vector<Request> requests,
           Watching watching = Watching::No);
  void finish_event();
  void resign(sim::Context& context, std::string why);
  void refuse(sim::Context& context, const Event& event);
  void advance(sim::Context& context, BrokerLink& link, const std::vector<Response>& responses);
  bool take_request(const sim::Received& received);

  // controller_election.cc
  void elect(sim::Context& context, BrokerLink& link);
  void on_controller_read(sim::Context& context, BrokerLink& link,
                          const std::vector<Response>& answers, bool verifying);
  void on_claimed(sim::Context& context, BrokerLink& link, const Response& answer);
  void become_active(sim::Context& context, BrokerLink& link, sim::ControllerEpoch epoch,
                     DataVersion version);
  void on_names(sim::Context& context, BrokerLink& link, const std::vector<Response>& answers);
  void on_data(sim::Context& context, BrokerLink& link, const std::vector<Response>& answers);
  void on_states(sim::Context& context, BrokerLink& link, const std::vector<Response>& answers);

  // controller_brokers.cc
  void read_broker(sim::BrokerId id, const Response& answer,
                   std::map<sim::BrokerId, BrokerInfo>& into);
  void on_brokers_read(sim::Context& context, BrokerLink& link,
                       const std::vector<Response>& answers);
  void refresh_channels(sim::Context& context);
  void tell_everything(const std::vector<sim::BrokerId>& brokers);
  void alter_partition(sim::Context& context, BrokerLink& link,
                       const Asked<sim::AlterPartitionRequest>& asked);
  void answer_alter_partition(sim::Context& context);
  void controlled_shutdown(sim::Context& context, BrokerLink& link,
                           const Asked<sim::ControlledShutdownRequest>& asked);
  void balance_leaders(sim::Context& context, BrokerLink& link);
  void on_block_read(sim::Context& context, BrokerLink& link, const Response& answer);

  // controller_topics.cc
  void on_topics_listed(sim::Context& context, BrokerLink& link, const Response& answer);
  void on_topics_read(sim::Context& context, BrokerLink& link,
                      const std::vector<Response>& answers);
  bool read_topic(const std::string& name, const Response& answer);
  void on_deletions_listed(sim::Context& context, BrokerLink& link, const Response& answer);
  void try_deletions(sim::Context& context);
  void on_stop_replica_answer(const sim::ControlAnswer& answer);
  void delete_znodes(sim::Context& context, BrokerLink& link, const std::string& topic);
  void create_topics(sim::Context& context, BrokerLink& link,
                     const Asked<sim::CreateTopicsRequest>& asked);
  void delete_topics(sim::Context& context, BrokerLink& link,
                     const Asked<sim::DeleteTopicsRequest>& asked);
  void create_partitions(sim::Context& context, BrokerLink& link,
                         const Asked<sim::CreatePartitionsRequest>& asked);
  std::vector<std::vector<sim::BrokerId>> place(sim::Context& context, std::int32_t partitions,
                                                std::int32_t replication_factor,
                                                std::int32_t first);
  void on_admin_written(sim::Context& context, const std::vector<Response>& answers);

  // controller_states.cc
  void create_new_partitions(sim::Context& context, BrokerLink& link);
  void on_created(sim::Context& context, BrokerLink& link, const std::vector<Response>& answers);
  void write_states(sim::Context& context, BrokerLink& link);
  void on_written(sim::Context& context, BrokerLink& link, const std::vector<Response>& answers);
  void on_reread(sim::Context& context, BrokerLink& link, const std::vector<Response>& answers);
  std::optional<LeaderAndIsr> next_state(const sim::TopicPartition& id, const Change& change) const;
  bool is_refused(sim::Context& context, const sim::TopicPartition& id, const Change& change) const;
  void changed(sim::Context& context, const sim::TopicPartition& id);
  void complete_changes(sim::Context& context, BrokerLink& link);
  Request fenced(Op op) const;
  bool moved(const Response& response) const;

  // Pushing
  sim::LeaderAndIsrPartitionState leader_and_isr_state(sim::PartitionId id,
                                                       const PartitionInfo& info,
                                                       bool is_new) const;
  sim::UpdateMetadataPartitionState metadata_state(sim::PartitionId id,
                                                   const PartitionInfo& info) const;
  void push(sim::Context& context);
  bool reachable(sim::BrokerId broker) const { return brokers_.contains(broker); }
  PartitionInfo* find(const sim::TopicPartition& id);
  const PartitionInfo* find(const sim::TopicPartition& id) const;
  template <class Visit>
  void for_each_partition(Visit visit) const {
    for (const auto& [name, topic] : topics_) {
      for (const auto& [id, info] : topic.partitions) visit(sim::TopicPartition{name, id}, info);
    }
  }

  ControllerConfig config_;
  sim::ControlChannels channels_;
  bool active_ = false;
  bool ready_ = false;
  sim::ControllerEpoch epoch_{0};
  DataVersion epoch_version_{0};
  std::optional<ControllerZnode> known_controller_;

  std::deque<Event> events_;
  Stage stage_ = Stage::Idle;
  std::optional<CallId> call_;
  std::optional<Event> current_;

  // ControllerContext
  std::map<sim::BrokerId, BrokerInfo> brokers_;
  LiveBrokers live_;
  std::map<std::string, TopicInfo, std::less<>> topics_;
  std::set<std::string, std::less<>> deleting_;
  std::map<std::string, std::set<std::pair<sim::TopicPartition, sim::BrokerId>>> deletion_awaited_;
  sim::ControlRequestBatch batch_;
  sim::Instant balance_at_ = sim::Instant::never();

  // Scratch of the current event.
  sim::ControllerEpoch claimed_epoch_{0};
  std::int64_t next_block_ = 0;
  std::vector<sim::BrokerId> asked_brokers_;
  std::vector<std::string> asked_topics_;
  std::vector<sim::TopicPartition> asked_partitions_;
  std::map<sim::TopicPartition, Change> changes_;
  std::map<std::string, bool> unclean_;  // of topics whose config was read
  std::vector<sim::TopicPartition> new_partitions_;
  std::map<sim::TopicPartition, LeaderAndIsr> written_;
  std::map<sim::TopicPartition, sim::ErrorCode> alter_errors_;
  std::vector<sim::CreatableTopicResult> created_topics_;
  std::vector<sim::AdminResult> admin_results_;
  std::vector<std::size_t> admin_slots_;  // which result an administrative write belongs to
};

}  // namespace zk
