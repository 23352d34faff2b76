#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kraft/loader.h"
#include "kraft/replica.h"
#include "sim/kafka/rpc.h"

// How a broker lives on KRaft: registered, heartbeating, fetching the metadata log as an observer
// (BrokerLifecycleManager, kraft.md §4.1; migration.md §5.9 for a broker in ZooKeeper mode that migrates).
//
//   NotRunning ─start─► Starting ─caught up─► Recovery ─unfenced─► Running ─► PendingControlledShutdown ─► ShuttingDown
namespace kraft {

// The numbers are public (the broker's state metric).
enum class BrokerLifecycle : std::uint8_t {
  NotRunning = 0,
  Starting = 1,
  Recovery = 2,
  Running = 3,
  PendingControlledShutdown = 6,
  ShuttingDown = 7,
};
std::string_view name_of(BrokerLifecycle state);

// Part of a broker's process, fed by plain calls. The process owns everything else of the broker: it applies
// publications, says when it is ready to be unfenced, and sends its own requests to `controller_address()`.
class BrokerLink {
 public:
  struct Config {
    BrokerId id;
    NodeId self;
    std::uint32_t life = 1;  // of its process
    std::string cluster_id;
    QuorumConfig quorum;
    RaftConfig raft;
    std::vector<sim::ListenerAddress> listeners;
    std::vector<sim::SupportedFeature> features;  // a migrating broker: metadata.version [IBP, IBP]
    std::optional<std::string> rack;
    std::vector<sim::Uuid> log_dirs;
    bool is_migrating_zk_broker = false;
    Duration heartbeat_interval{2'000'000'000};  // broker.heartbeat.interval.ms
    Duration session_timeout{9'000'000'000};  // broker.session.timeout.ms, also the longest backoff
    // initial.broker.registration.timeout.ms; a KRaft broker that is not registered by then shuts down.
    Duration registration_timeout{60'000'000'000};
    Behaviour behaviour;
  };

  // Draws the incarnation id; the metadata log goes on from what the disk kept. Starts at once.
  BrokerLink(Config config, Instant now, const sim::Durable& durable, Choices& choices);

  // True if the message was for this link: Raft's, or an answer that it waits for.
  bool receive(Instant now, const sim::Received& received, Choices& choices, Effects& effects);
  void wake(Instant now, Choices& choices, Effects& effects);
  Instant deadline() const;

  // ── What the broker tells its link ──
  // Initial metadata is applied and logs are recovered: heartbeats stop asking to stay fenced. A broker in
  // ZooKeeper mode is ready from the start.
  void ready_to_unfence(Instant now, Choices& choices, Effects& effects);
  // Asks the controller to move leaders away; `state()` becomes ShuttingDown when it may go.
  void begin_controlled_shutdown(Instant now, Choices& choices, Effects& effects);
  // A log directory failed (told to the controller with every heartbeat from now on).
  void directory_failed(sim::Uuid directory);

  // ── What the link tells its broker ──
  // Publications since the last call, in order. A broker in ZooKeeper mode builds no image: it gets none.
  std::vector<Publication> take_publications();
  BrokerLifecycle state() const { return state_; }
  // As the last heartbeat's answer said; true before the first.
  bool fenced() const { return fenced_; }
  bool registered() const { return broker_epoch_.value() >= 0; }
  sim::BrokerEpoch broker_epoch() const { return broker_epoch_; }
  sim::Uuid incarnation() const { return incarnation_; }
  // The active controller as the metadata quorum knows it, or kNoLeader.
  BrokerId controller() const { return replica_.leader(); }
  std::optional<NodeId> controller_address() const;
  const sim::MetadataImage& image() const { return loader_.image(); }
  // The highest offset applied, -1 before any: what heartbeats report.
  Offset metadata_offset() const;
  const Replica& replica() const { return replica_; }
  const Config& config() const { return config_; }
  void digest_into(sim::Digest& digest) const;

 private:
  enum class InFlight : std::uint8_t {
    None,
    Registration,
    Heartbeat
  };
  void read_log();
  void poll(Instant now, Choices& choices, Effects& effects);
  void send_registration(Instant now, Effects& effects);
  void send_heartbeat(Instant now, Effects& effects);
  void handle(Instant now, const sim::BrokerRegistrationResponse& response, Choices& choices,
              Effects& effects);
  void handle(Instant now, const sim::BrokerHeartbeatResponse& response, Choices& choices,
              Effects& effects);
  void move_to(BrokerLifecycle next, Effects& effects);
  void back_off(Instant now, Choices& choices);
  void register_again_if_directories_are_missing(Instant now);

  Config config_;
  Replica replica_;
  Loader loader_;
  std::vector<Publication> publications_;
  BrokerLifecycle state_ = BrokerLifecycle::Starting;
  sim::Uuid incarnation_;
  sim::BrokerEpoch broker_epoch_{-1};
  std::vector<sim::Uuid> failed_directories_;
  bool ready_ = false;
  bool fenced_ = true;
  bool must_register_ = true;
  bool registered_with_directories_ = false;
  Instant registered_by_ = Instant::never();
  InFlight in_flight_ = InFlight::None;
  sim::CorrelationId correlation_{0};
  Instant answer_by_ = Instant::never();
  Instant next_request_ = Instant(0);
  bool wanted_meanwhile_ = false;  // something changed while a request was under way
  std::uint32_t failures_ = 0;
  bool first_shutdown_reply_seen_ = false;
};

}  // namespace kraft
