#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kraft/controller.h"
#include "kraft/loader.h"
#include "kraft/replica.h"
#include "sim/kafka/rpc.h"

// A controller process without its migration driver: replica, controller, loader and the
// controller's own registration. `migrate/controller_node` embeds it by plain calls and adds the
// driver and its ZooKeeper client; by itself it meets the Core contract, too.
namespace kraft {

// Who leads, as a listener of the Raft client is told (kraft.md §1.8): another leader at once, this
// node itself only when it has read everything before its own epoch; none while nobody is known.
struct LeaderAndEpoch {
  BrokerId leader = kNoLeader;
  RaftEpoch epoch{0};
  auto operator<=>(const LeaderAndEpoch&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(sim::field("leader", &LeaderAndEpoch::leader),
                 sim::field("epoch", &LeaderAndEpoch::epoch));
  }
};

class Node {
 public:
  struct Config {
    BrokerId id;
    NodeId self;
    std::uint32_t life = 1;  // of its process
    QuorumConfig quorum;
    RaftConfig raft;
    Controller::Settings controller;
    std::vector<sim::ListenerAddress> listeners;  // its own, for its registration
    std::vector<sim::SupportedFeature> features;
    // metadata.log.max.record.bytes.between.snapshots, metadata.log.max.snapshot.interval.ms (0:
    // off)
    std::uint64_t snapshot_bytes = 20 * 1024 * 1024;
    Duration snapshot_interval{3'600'000'000'000};
    Behaviour behaviour;
  };

  Node(Config config, const sim::Durable& durable, Choices& choices);

  // The Core contract, for a process that is nothing but this.
  Effects step(Instant now, sim::Input input, Choices& choices);
  std::optional<Instant> deadline() const { return next_deadline(); }
  void digest_into(sim::Digest& digest) const;

  // ── For who embeds it ──
  // True if the message was for this node: Raft's, a request to the controller, an answer it waits
  // for.
  bool receive(Instant now, const sim::Received& received, Choices& choices, Effects& effects);
  void wake(Instant now, Choices& choices, Effects& effects);
  Instant next_deadline() const;
  // Stops for good: resigns, so that a successor need not wait.
  void begin_shutdown(Instant now, Choices& choices, Effects& effects);

  // Publications and changes of leader since the last call, each in order. Kafka tells both from
  // one thread; who takes both after each call applies the publications first.
  std::vector<Publication> take_publications();
  std::vector<LeaderAndEpoch> take_leader_changes();

  // ── The migration's writes (ZkRecordConsumer): on the active controller, in PRE_MIGRATION ──
  // Each is a write whose end is asked for by `write_status`. Fails at once (status Failed) where
  // this is not the active controller.
  WriteId begin_migration(Instant now, Choices& choices, Effects& effects);
  WriteId accept_batch(Records records, Instant now, Choices& choices, Effects& effects);
  WriteId complete_migration(Instant now, Choices& choices, Effects& effects);
  WriteId abort_migration(Instant now, Choices& choices, Effects& effects);
  // Waiting, or how it ended: Committed with the offset of its last record and the claim epoch.
  WriteStatus write_status(WriteId id) const { return controller_.write_status(id); }

  // ── Views ──
  const Replica& replica() const { return replica_; }
  const Controller& controller() const { return controller_; }
  const Loader& loader() const { return loader_; }
  // The latest published image.
  const sim::MetadataImage& image() const { return loader_.image(); }
  LeaderAndEpoch leader_and_epoch() const { return announced_; }
  bool is_active() const { return controller_.is_active(); }
  const Config& config() const { return config_; }

 private:
  Turn turn(Instant now, Choices& choices, Effects& effects) {
    return {.now = now, .replica = replica_, .choices = choices, .effects = effects};
  }
  void progress(Instant now, Choices& choices, Effects& effects);
  void read_committed(Turn& turn);
  void announce_leader(Turn& turn);
  void maybe_keep_checkpoint(Instant now, Effects& effects);
  void maybe_register(Instant now, Effects& effects);
  void handle(Instant now, const sim::ControllerRegistrationResponse& response);

  Config config_;
  Replica replica_;
  Controller controller_;
  Loader loader_;
  std::vector<Publication> publications_;
  std::vector<LeaderAndEpoch> leader_changes_;
  LeaderAndEpoch announced_;
  // Checkpoints (SnapshotGenerator, kraft.md §3.11).
  std::uint64_t bytes_since_checkpoint_ = 0;
  Instant last_checkpoint_ = Instant(0);
  // ControllerRegistrationManager.
  sim::Uuid incarnation_;
  bool registration_sent_ = false;
  sim::CorrelationId correlation_{0};
  Instant register_at_ = Instant(0);
  std::uint32_t registration_failures_ = 0;
};

}  // namespace kraft
