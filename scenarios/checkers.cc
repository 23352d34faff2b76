#include "scenarios/checkers.h"

#include <fmt/format.h>

#include <algorithm>

#include "kraft/notice.h"
#include "migrate/notice.h"
#include "scenarios/admin.h"
#include "zk/controller_notice.h"
#include "zk/migration_reader_tree.h"

namespace scenarios {
namespace {

// A session that is over is noticed and acted upon within this.
constexpr sim::Duration kCheckDelay{2'000'000'000};
// So long a broker may wait for what was decided; sessions that ended, and drivers that give up, have been seen to by then.
constexpr sim::Duration kMostSilence{40'000'000'000};
// After so long a dead broker has been replaced by whoever can.
constexpr sim::Duration kTakenOver{30'000'000'000};

}  // namespace

Checkers::Checkers(const Cluster& cluster) : cluster_(cluster) {
  migrate::remember(cluster.initial().database.tree, cluster.initial().chroot, migration_);
  for (const PlannedConsumer& consumer : cluster.planned_consumers()) {
    const sim::ClientProgram& program = consumer.config.program;
    deliveries_.declare(consumer.config.group, program);
    if (program.isolation_level == sim::IsolationLevel::ReadCommitted)
      transactions_.read_committed.insert(consumer.config.group);
    if (!program.uses_transactions()) continue;
    has_transactions_ = true;
    transactions_.timeouts[program.transactional_id] = program.transaction_timeout;
  }
}

void Checkers::count(std::initializer_list<std::string_view> names, std::uint64_t times) {
  for (const std::string_view name : names) checks_[std::string(name)] += times;
}

void Checkers::on(const sim::Occurrence& occurrence, const sim::World& world) {
  last_occurrence_ = occurrence.id.value();
  switch (occurrence.kind) {
    case sim::OccurrenceKind::Noticed:
      look_at_notice(occurrence, world);
      return;
    case sim::OccurrenceKind::Received:
    case sim::OccurrenceKind::Sent:
      listen_to_controllers(occurrence, world);
      listen_to_brokers(occurrence, world);
      return;
    case sim::OccurrenceKind::Paused:
    case sim::OccurrenceKind::Resumed:
      for (const auto& [id, node] : cluster_.brokers()) {
        if (node != occurrence.node) continue;
        if (occurrence.kind == sim::OccurrenceKind::Paused) {
          silent_since_.emplace(id, world.now());
        } else {
          silent_since_.erase(id);
        }
      }
      return;
    case sim::OccurrenceKind::Started:
    case sim::OccurrenceKind::Crashed:
    case sim::OccurrenceKind::Exited:
      ensemble_due_ = quorum_due_ = metadata_due_ = true;
      look_at_clients(occurrence, world);
      for (const auto& [id, node] : cluster_.brokers()) {
        if (node != occurrence.node) continue;
        told_everything_.erase(id);
        if (occurrence.kind == sim::OccurrenceKind::Started) {
          brokers_.on_restart(id);
          obeyed_epochs_.erase(id);
          silent_since_.erase(id);
        } else {
          silent_since_.emplace(id, world.now());
        }
        // Told before the process goes, so that what it had can still be seen. Kafka does not fsync what it
        // acknowledges: a machine that loses power takes unflushed records with it (brokers.md §1.12, §6.3).
        const migrate::BrokerNode* const core = cluster_.broker(world, id);
        if (occurrence.kind == sim::OccurrenceKind::Crashed && occurrence.text != "process" &&
            core != nullptr && core->broker() != nullptr) {
          brokers_.on_data_loss(id, *core->broker());
        }
      }
      return;
    default:
      return;
  }
}

// broker.P16 (brokers.md §6.4), as the wire shows it: who calls itself by an epoch that the controller's own image knows
// to be over is not obeyed.
void Checkers::listen_to_controllers(const sim::Occurrence& occurrence, const sim::World& world) {
  const auto controller = std::ranges::find(cluster_.controllers(), occurrence.node,
                                            [](const auto& entry) { return entry.second; });
  if (controller == cluster_.controllers().end()) return;
  const auto asked = [&]<class Body>(const sim::Request<Body>* request) {
    const migrate::ControllerNode* const core = cluster_.controller(world, controller->first);
    if (request == nullptr || core == nullptr || core->node() == nullptr) return;
    count({"broker.P16"});
    const auto* const known = core->node()->image().cluster().broker(request->body.broker_id);
    if (known == nullptr || request->body.broker_epoch >= known->broker_epoch) return;
    stale_requests_.emplace(occurrence.node, occurrence.peer, request->correlation);
  };
  const auto answered = [&]<class Body>(const sim::Response<Body>* response) {
    if (response == nullptr ||
        stale_requests_.erase({occurrence.node, occurrence.peer, response->correlation}) == 0)
      return;
    if (response->body.error_code != sim::ErrorCode::None) return;
    add(std::vector<Violation>{{.invariant = "broker.P16",
                                .what = fmt::format("controller {} obeys {}, whose epoch is over",
                                                    controller->first.value(),
                                                    world.name_of(occurrence.peer)),
                                .at = world.now()}},
        world);
  };
  if (occurrence.kind == sim::OccurrenceKind::Received) {
    asked(occurrence.payload->get_if<sim::Request<sim::BrokerHeartbeatRequest>>());
    asked(occurrence.payload->get_if<sim::Request<sim::AlterPartitionRequest>>());
    return;
  }
  watch_votes(occurrence, world);
  if (!stale_requests_.empty()) {
    answered(occurrence.payload->get_if<sim::Response<sim::BrokerHeartbeatResponse>>());
    answered(occurrence.payload->get_if<sim::Response<sim::AlterPartitionResponse>>());
  }
}

// migration.S8 and S9 (migration.md §7.4), and S13, as the wire shows them: a broker obeys no controller of an older epoch
// than it has obeyed in this life, and no request to a former life of its own; no producer id is given out twice.
void Checkers::listen_to_brokers(const sim::Occurrence& occurrence, const sim::World& world) {
  if (occurrence.kind == sim::OccurrenceKind::Sent) {
    if (const auto* const block =
            occurrence.payload->get_if<sim::Response<sim::AllocateProducerIdsResponse>>()) {
      if (block->body.error_code == sim::ErrorCode::None) {
        count({"migration.S13"});
        add(migrate::check_block(block->body.producer_id_start.value(), block->body.producer_id_len,
                                 migration_),
            world);
      }
    }
  }
  if (const auto* const task = occurrence.payload->get_if<AdminTask>()) {
    constexpr std::string_view kDeletes = "delete topic ";
    if (task->what.starts_with(kDeletes))
      migration_.deletions_asked.insert(task->what.substr(kDeletes.size()));
  }
  const auto broker = std::ranges::find(cluster_.brokers(), occurrence.node,
                                        [](const auto& entry) { return entry.second; });
  if (broker == cluster_.brokers().end()) return;
  const migrate::BrokerNode* const core = cluster_.broker(world, broker->first);
  check_obedience<sim::LeaderAndIsrRequest, sim::LeaderAndIsrResponse>(occurrence, world, core);
  check_obedience<sim::UpdateMetadataRequest, sim::UpdateMetadataResponse>(occurrence, world, core);
  check_obedience<sim::StopReplicaRequest, sim::StopReplicaResponse>(occurrence, world, core);
}

template <class Request, class Response>
void Checkers::check_obedience(const sim::Occurrence& occurrence, const sim::World& world,
                               const migrate::BrokerNode* broker) {
  if (broker == nullptr || broker->broker() == nullptr) return;
  if (const auto* const asked = occurrence.payload->get_if<sim::Request<Request>>()) {
    if (occurrence.kind != sim::OccurrenceKind::Received) return;
    count({"migration.S8", "migration.S9"});
    const sim::ControlHeader& header = asked->body.header;
    const sim::BrokerEpoch own =
        header.is_kraft_controller
            ? (broker->kraft() == nullptr ? sim::BrokerEpoch(-1) : broker->kraft()->broker_epoch())
        : broker->zookeeper() == nullptr ? sim::BrokerEpoch(-1)
                                         : broker->zookeeper()->epoch();
    sim::ControllerEpoch& newest = obeyed_epochs_[broker->id()];
    std::string breaks;
    if (header.controller_epoch < newest) breaks = "migration.S8";
    if (header.broker_epoch != sim::kNoBrokerEpoch && header.broker_epoch < own)
      breaks = "migration.S9";
    if (!breaks.empty())
      unfit_requests_.emplace(std::tuple(occurrence.node, occurrence.peer, asked->correlation),
                              breaks);
  } else if (const auto* const answer = occurrence.payload->get_if<sim::Response<Response>>()) {
    if (occurrence.kind != sim::OccurrenceKind::Sent) return;
    const auto unfit =
        unfit_requests_.find({occurrence.node, occurrence.peer, answer->correlation});
    if (unfit == unfit_requests_.end()) return;
    const std::string breaks = unfit->second;
    unfit_requests_.erase(unfit);
    if (answer->body.error_code != sim::ErrorCode::None) return;
    add(
        std::vector<Violation>{
            {.invariant = breaks,
             .what =
                 fmt::format("broker {} obeys a controller whose {} is over", broker->id().value(),
                             breaks == "migration.S8" ? "epoch" : "request is for a life that"),
             .at = world.now()}},
        world);
  }
}

void Checkers::watch_votes(const sim::Occurrence& occurrence, const sim::World& world) {
  const auto* const vote = occurrence.payload->get_if<kraft::VoteResponse>();
  if (vote == nullptr) return;
  const auto candidate = std::ranges::find(cluster_.controllers(), occurrence.peer,
                                           [](const auto& entry) { return entry.second; });
  if (candidate == cluster_.controllers().end()) return;
  add(kraft::check_vote(*vote, candidate->first, quorum_), world);
}

void Checkers::look_at_notice(const sim::Occurrence& occurrence, const sim::World& world) {
  const sim::Payload& notice = *occurrence.payload;
  const std::string_view name = notice.name();
  if (name.starts_with("zk.")) {
    ensemble_due_ = true;
    if (name == "zk.Established") ++zookeeper_elections_;
    count({"zk.OneLeaderPerEpoch", "zk.CommittedIsKept", "zk.CommittedPrefixAgrees",
           "zk.ZxidMonotone", "zk.MultiIsAtomic", "zk.SessionSeesNoPast"});
    add(zk::check_notice(notice, ensemble_), world);
    if (const auto* const leads = notice.get_if<zk::Established>()) {
      if (const zk::Server* const server = cluster_.zookeeper(world, occurrence.node))
        migrate::remember_history(server->database().tree, leads->history,
                                  cluster_.initial().chroot, migration_);
    }
    if (const auto* const committed = notice.get_if<zk::Committed>()) {
      count({"migration.S3", "migration.S6", "migration.S10", "migration.S14"});
      if (committed->zxid > migration_.authority.newest) {
        add(migrate::check_committed(*committed, cluster_.initial().chroot, committed_, migration_),
            world);
      }
      add(migrate::check_write(*committed, cluster_.initial().chroot, migration_), world);
    }
  } else if (name.starts_with("kraft.")) {
    quorum_due_ = true;
    metadata_due_ = metadata_due_ || name != "kraft.HighWatermark";
    if (name == "kraft.BecameLeader") ++raft_elections_;
    if (name == "kraft.ElectedPartitionLeader") ++partition_elections_;
    if (name == kraft::CopyOutlivedItsClaim::kName)
      add(migrate::check_notice(notice, migration_), world);
    if (const auto* const mark = notice.get_if<kraft::HighWatermark>())
      committed_ = std::max(committed_, mark->high_watermark);
    look_at_authority(notice, world);
  } else if (name.starts_with("migrate.")) {
    count({"migration.S1", "migration.S2", "migration.S7", "migration.S16"});
    add(migrate::check_notice(notice, migration_), world);
    look_at_migration(occurrence, world);
  } else if (name.starts_with("broker.") || name.starts_with("client.") ||
             name.starts_with("zkcontroller.")) {
    if (name == "zkcontroller.PartitionChanged") ++partition_elections_;
    look_at_authority(notice, world);
    count({"broker.P1", "broker.P7", "broker.P9", "broker.P12", "broker.P13", "broker.P16"});
    add(sim::check_broker_notice(notice, running_brokers(world), brokers_), world);
    if (has_transactions_) look_at_transactions(occurrence, world);
    if (name.starts_with("client.")) look_at_clients(occurrence, world);
  } else if (const auto* const done = notice.get_if<AdminDone>()) {
    constexpr std::string_view kDeletes = "delete topic ";
    if (done->error == sim::ErrorCode::None && done->what.starts_with(kDeletes)) {
      brokers_.on_topic_deleted(done->what.substr(kDeletes.size()));
      deliveries_.on_topic_deleted(done->what.substr(kDeletes.size()));
      transactions_.excused.insert(done->what.substr(kDeletes.size()));
    }
  }
}

// Who comes to power beside whom (migration.S17), and over whom the migration is finalised (MB-15).
void Checkers::look_at_authority(const sim::Payload& notice, const sim::World& world) {
  if (const auto* const refused = notice.get_if<zk::ZkElectionRefused>()) {
    const zk::Server* const server = cluster_.zookeeper_leader(world);
    if (server != nullptr)
      add(migrate::check_refusal(*refused, server->database().tree, cluster_.initial().chroot),
          world);
    return;
  }
  const auto* const activated = notice.get_if<kraft::ControllerActivated>();
  const bool broker_came = notice.get_if<zk::ZkControllerReady>() != nullptr;
  if (broker_came || activated != nullptr) {
    const zk::Server* const server = cluster_.zookeeper_leader(world);
    const migrate::ControllerNode* const active = cluster_.active_controller(world);
    const bool in_migration =
        activated != nullptr
            ? activated->migration_state == sim::name_of(sim::ZkMigrationState::Migration)
            : active != nullptr && active->node()->image().features().zk_migration_state ==
                                       sim::ZkMigrationState::Migration;
    count({"migration.S17"});
    if (server == nullptr || !in_migration) return;
    const sim::BrokerId who = activated != nullptr ? activated->node : active->config().node.id;
    const auto came =
        broker_came ? migrate::CameToPower::Broker : migrate::CameToPower::KRaftController;
    add(migrate::check_authority(who, server->database().tree, cluster_.initial().chroot,
                                 brokers_in(world), came, migration_),
        world);
    return;
  }
  const auto* const changed = notice.get_if<kraft::MigrationStateChanged>();
  if (changed == nullptr || changed->to != sim::name_of(sim::ZkMigrationState::PostMigration))
    return;
  count({"MB-15"});
  for (const migrate::RunningBroker& broker : brokers_in(world)) {
    if (broker.core == nullptr || broker.core->mode() == migrate::BrokerMode::KRaft) continue;
    add(std::vector<Violation>{{.invariant = "MB-15",
                                .what = fmt::format(
                                    "the migration is finalised, and broker {} lives by ZooKeeper",
                                    broker.id.value()),
                                .at = world.now()}},
        world);
  }
}

void Checkers::look_at_migration(const sim::Occurrence& occurrence, const sim::World& world) {
  const auto self = std::ranges::find(cluster_.controllers(), occurrence.node,
                                      [](const auto& entry) { return entry.second; });
  const migrate::ControllerNode* const core =
      self == cluster_.controllers().end() ? nullptr : cluster_.controller(world, self->first);
  if (core == nullptr || core->node() == nullptr) return;
  const sim::Payload& notice = *occurrence.payload;
  const sim::ZkMigrationState state = core->node()->image().features().zk_migration_state;
  if (const auto* const claim = notice.get_if<migrate::Claimed>()) {
    count({"MB-02"});
    add(migrate::check_claimant(*claim, state, migration_), world);
  } else if (const auto* const changed = notice.get_if<migrate::StateChanged>()) {
    if (changed->to == migrate::MigrationDriverState::DualWrite) {
      told_everything_.clear();
      for (const sim::BrokerRegistration& broker :
           migrate::reachable_zk_brokers(core->driver()->image()))
        told_everything_.insert(broker.broker_id);
    }
    if (changed->to != migrate::MigrationDriverState::SyncKraftToZk) return;
    count({"MB-01"});
    add(migrate::check_reconciler(changed->node, state, migration_), world);
  } else if (notice.get_if<migrate::CopyBegan>() != nullptr) {
    count({"KAFKA-17457"});
    add(migrate::check_beginning(core->node()->image()), world);
  } else if (notice.get_if<migrate::CopyCompleted>() != nullptr) {
    look_at_copy(*core, world);
  }
}

// The image is published with the commit of EndTransaction, in the very step that says so.
void Checkers::look_at_copy(const migrate::ControllerNode& controller, const sim::World& world) {
  const zk::Server* const server = cluster_.zookeeper_leader(world);
  if (server == nullptr) return;
  const zk::Tree& tree = server->database().tree;
  const std::string& root = cluster_.initial().chroot;
  const sim::MetadataImage& image = controller.node()->image();
  copied_leaderless_ = migrate::leaderless(image);
  count({"migration.S4", "migration.S11", "MB-19"});
  add(migrate::check_copy(image, controller.node()->replica().log(), tree, root,
                          cluster_.initial().password_secret),
      world);
  add(migrate::check_isr_at_copy(image, tree, root, brokers_in(world)), world);
  const sim::Duration patience =
      controller.config().node.controller.broker_session_timeout + kCheckDelay;
  for (const auto& [id, since] : silent_since_) {
    const sim::BrokerRegistration* const known = image.cluster().broker(id);
    if (known == nullptr || known->fenced || world.now() - since <= patience) continue;
    add(std::vector<Violation>{{.invariant = "MB-19",
                                .what = fmt::format("broker {} has been silent since {}, and the "
                                                    "image that the copy made has it unfenced",
                                                    id.value(), sim::describe(since)),
                                .at = world.now()}},
        world);
  }
}

std::vector<migrate::RunningBroker> Checkers::brokers_in(const sim::World& world) const {
  std::vector<migrate::RunningBroker> brokers;
  for (const auto& [id, node] : cluster_.brokers())
    brokers.push_back({id, cluster_.broker(world, id)});
  return brokers;
}

// Liveness, where nothing stands in its way any more (migration.md §7.5): every server that shall run runs, undisturbed.
void Checkers::demand_progress(const sim::World& world) {
  const auto undisturbed = [&](sim::NodeId node) {
    return world.alive(node) && !world.paused(node);
  };
  const bool brokers_run = std::ranges::all_of(
      cluster_.brokers(), [&](const auto& entry) { return undisturbed(entry.second); });
  const zk::Server* const server = cluster_.zookeeper_leader(world);
  if (server == nullptr) return;
  const bool settled = std::ranges::all_of(
      silent_since_, [&](const auto& entry) { return world.now() - entry.second > kTakenOver; });
  if (settled) {
    count({"migration.L8"});
    add(migrate::check_way_back(server->database().tree, cluster_.initial().chroot,
                                brokers_in(world)),
        world);
  }
  if (!brokers_run) return;
  const Admin* const admin = world.core_if<Admin>(cluster_.admin());
  count({"migration.L6"});
  if (admin != nullptr && admin->open() > 0) {
    add(
        std::vector<Violation>{
            {.invariant = "migration.L6",
             .what = fmt::format("{} requests of the administrator have no answer", admin->open()),
             .at = world.now()}},
        world);
  }
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  if (active == nullptr || active->driver() == nullptr) return;
  if (active->driver()->state() != migrate::MigrationDriverState::DualWrite) return;
  count({"migration.L3", "migration.L4", "migration.L5", "MB-26", "MB-28"});
  const std::string_view why = migrate::why_behind(
      *active->driver(), migration_, server->database().tree, cluster_.initial().chroot);
  add(migrate::check_lag(*active->driver(), committed_, why), world);
  add(migrate::check_knowledge(active->driver()->image(), why, copied_leaderless_,
                               brokers_in(world)),
      world);
  add(migrate::check_leftovers(active->driver()->image(), why, told_everything_, brokers_in(world)),
      world);
}

void Checkers::after_event(const sim::World& world) {
  if (ensemble_due_) {
    ensemble_due_ = false;
    std::vector<const zk::Server*> servers;
    for (const sim::NodeId node : cluster_.zookeepers())
      servers.push_back(cluster_.zookeeper(world, node));
    count({"zk.EpochsInOrder", "zk.EphemeralHasSession"});
    add(zk::check_servers(servers), world);
  }
  if (quorum_due_) {
    quorum_due_ = false;
    std::vector<const kraft::Replica*> replicas;
    for (const kraft::Node* const node : running_nodes(world)) {
      replicas.push_back(node == nullptr ? nullptr : &node->replica());
    }
    count({"kraft.OneLeaderPerEpoch", "kraft.EpochMonotone", "kraft.HighWatermarkMonotone",
           "kraft.CommittedPrefixAgrees", "kraft.LeaderCompleteness", "kraft.VoteIsKept",
           "kraft.LeaderCommitsItsEpoch", "kraft.CheckpointAtLogStart"});
    add(kraft::check_quorum(replicas, quorum_), world);
  }
  if (metadata_due_) {
    metadata_due_ = false;
    const std::vector<const kraft::Node*> nodes = running_nodes(world);
    std::vector<const sim::MetadataImage*> images;
    for (const auto& [id, node] : cluster_.brokers()) {
      const migrate::BrokerNode* const core = cluster_.broker(world, id);
      if (core != nullptr && core->kraft() != nullptr &&
          core->mode() == migrate::BrokerMode::KRaft) {
        images.push_back(&core->kraft()->image());
      }
    }
    for (const kraft::Node* const node : nodes) {
      if (node != nullptr &&
          node->image().features().zk_migration_state == sim::ZkMigrationState::PostMigration) {
        migration_.post_migration = true;
      }
    }
    count({"kraft.OneControllerPerEpoch", "kraft.ActiveControllerLeads",
           "kraft.PublishedImagesAgree", "kraft.EpochsMonotone", "kraft.PostMigrationIsFinal",
           "kraft.NoTransactionInAnImage", "kraft.MemoryIsTheImage", "broker.P10",
           "migration.S15"});
    add(kraft::check_metadata(nodes, images, metadata_), world);
    for (const kraft::Node* const node : nodes) {
      if (node != nullptr) add(migrate::check_silence(node->image(), migration_), world);
    }
  }
}

void Checkers::look(const sim::World& world, std::size_t quorums_formatted) {
  if (quorums_formatted != quorums_formatted_) {
    quorums_formatted_ = quorums_formatted;
    quorum_ = {};
    metadata_ = {};
    committed_ = sim::Offset(0);
  }
  // MB-09: while the driver waits for ZooKeeper, brokers in ZooKeeper mode do not hear what the quorum has decided.
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  if (active != nullptr) {
    std::erase_if(told_everything_, [&](sim::BrokerId id) {
      const sim::BrokerRegistration* const known = active->node()->image().cluster().broker(id);
      return known == nullptr || known->fenced;
    });
  }
  const bool waits = active != nullptr && active->driver() != nullptr &&
                     !active->driver()->idle() &&
                     active->driver()->state() == migrate::MigrationDriverState::DualWrite;
  if (!waits) {
    driver_waits_since_.reset();
    return;
  }
  if (!driver_waits_since_) driver_waits_since_ = world.now();
  if (world.now() - *driver_waits_since_ < kMostSilence) return;
  count({"MB-09"});
  auto unknown = migrate::check_knowledge(active->node()->image(), {}, {}, brokers_in(world));
  std::erase_if(unknown,
                [](const auto& violation) { return violation.invariant != "migration.L4"; });
  for (auto& violation : unknown) violation.invariant = "MB-09";
  add(unknown, world);
}

void Checkers::at_end(const sim::World& world) {
  last_occurrence_ = 0;
  for (const kraft::Node* const node : running_nodes(world)) {
    if (node == nullptr) continue;
    count({"kraft.ImageIsTheFoldOfTheLog"});
    add(kraft::check_fold(*node), world);
  }
  for (const auto& [id, node] : cluster_.controllers()) {
    if (const auto* const core = cluster_.controller(world, id))
      check_watches(core->zookeeper(), world);
  }
  for (const auto& [id, node] : cluster_.brokers()) {
    const auto* const core = cluster_.broker(world, id);
    if (core != nullptr && core->zookeeper() != nullptr)
      check_watches(&core->zookeeper()->session(), world);
  }
  demand_progress(world);
  settle_transactions(world);
  settle_deliveries(world);
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  const zk::Server* const server = cluster_.zookeeper_leader(world);
  if (active == nullptr || server == nullptr || active->driver() == nullptr) return;
  count({"MB-03", "MB-04", "MB-05", "MB-06", "MB-07", "MB-23", "MB-24"});
  if (active->driver()->idle() &&
      active->driver()->state() == migrate::MigrationDriverState::DualWrite)
    count({"migration.S5"});
  add(migrate::check_driver(*active->driver(), migration_, server->database().tree,
                            cluster_.initial().chroot, cluster_.initial().password_secret),
      world);
}

void Checkers::check_watches(const zk::KafkaClient* client, const sim::World& world) {
  if (client == nullptr) return;
  const zk::Server* const server = cluster_.zookeeper(world, client->client().server());
  if (server == nullptr) return;
  count({"zk.WatchesAreArmed"});
  add(zk::check_watches(client->client(), *server), world);
}

std::vector<const sim::Broker*> Checkers::running_brokers(const sim::World& world) const {
  std::vector<const sim::Broker*> running;
  for (const auto& [id, node] : cluster_.brokers()) {
    const migrate::BrokerNode* const core = cluster_.broker(world, id);
    running.push_back(core == nullptr ? nullptr : core->broker());
  }
  return running;
}

std::vector<const kraft::Node*> Checkers::running_nodes(const sim::World& world) const {
  std::vector<const kraft::Node*> running;
  for (const auto& [id, node] : cluster_.controllers()) {
    const migrate::ControllerNode* const core = cluster_.controller(world, id);
    running.push_back(core == nullptr ? nullptr : core->node());
  }
  return running;
}

sim::Durability Checkers::durability(const sim::World& world) const {
  return sim::durability(running_brokers(world), brokers_);
}

}  // namespace scenarios
