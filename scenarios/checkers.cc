#include "scenarios/checkers.h"

#include <fmt/format.h>

#include <algorithm>

#include "kraft/notice.h"
#include "migrate/notice.h"
#include "scenarios/admin.h"
#include "zk/migration_reader_tree.h"

namespace scenarios {
namespace {

// Of one invariant the first violations tell the story; the rest is its echo.
constexpr int kMostOfOneInvariant = 5;

}  // namespace

Checkers::Checkers(const Cluster& cluster) : cluster_(cluster) {}

template <class Found>
void Checkers::add(const Found& found, const sim::World& world) {
  for (const auto& violation : found) {
    if (++seen_[violation.invariant] > kMostOfOneInvariant) continue;
    violations_.push_back({violation.invariant, violation.what, world.now(), last_occurrence_});
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
      return;
    case sim::OccurrenceKind::Started:
    case sim::OccurrenceKind::Crashed:
    case sim::OccurrenceKind::Exited:
      ensemble_due_ = quorum_due_ = metadata_due_ = true;
      for (const auto& [id, node] : cluster_.brokers()) {
        if (node != occurrence.node) continue;
        if (occurrence.kind == sim::OccurrenceKind::Started) brokers_.on_restart(id);
        // Told before the process goes, so that what it had can still be seen. Kafka does not fsync what it
        // acknowledges: a machine that loses power takes unflushed records with it (brokers.md §1.12, §6.3).
        const migrate::BrokerNode* const core = cluster_.broker(world, id);
        if (occurrence.kind == sim::OccurrenceKind::Crashed && occurrence.text != "process" && core != nullptr &&
            core->broker() != nullptr) {
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
    if (response == nullptr || stale_requests_.erase({occurrence.node, occurrence.peer, response->correlation}) == 0) return;
    if (response->body.error_code != sim::ErrorCode::None) return;
    add(std::vector<Violation>{{.invariant = "broker.P16",
                                .what = fmt::format("controller {} obeys {}, whose epoch is over",
                                                    controller->first.value(), world.name_of(occurrence.peer)),
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
    count({"zk.OneLeaderPerEpoch", "zk.CommittedIsKept", "zk.CommittedPrefixAgrees", "zk.ZxidMonotone", "zk.MultiIsAtomic",
           "zk.SessionSeesNoPast"});
    add(zk::check_notice(notice, ensemble_), world);
    if (const auto* const committed = notice.get_if<zk::Committed>()) {
      count({"migration.S3", "migration.S10"});
      add(migrate::check_write(*committed, cluster_.initial().chroot, migration_), world);
    }
  } else if (name.starts_with("kraft.")) {
    quorum_due_ = true;
    metadata_due_ = metadata_due_ || name != "kraft.HighWatermark";
    if (name == "kraft.BecameLeader") ++raft_elections_;
    if (name == "kraft.ElectedPartitionLeader") ++partition_elections_;
    if (name == kraft::CopyOutlivedItsClaim::kName) add(migrate::check_notice(notice, migration_), world);
  } else if (name.starts_with("migrate.")) {
    count({"migration.S1", "migration.S2", "migration.S7", "migration.S16"});
    add(migrate::check_notice(notice, migration_), world);
    if (const auto* const reconciled = notice.get_if<migrate::Reconciled>()) {
      count({"MB-01"});
      if (const migrate::ControllerNode* const core = cluster_.controller(world, reconciled->node))
        add(migrate::check_reconciliation(*reconciled, core->node()->image()), world);
    }
    if (notice.get_if<migrate::CopyCompleted>() != nullptr) {
      // The image is published with the commit of EndTransaction, in the very step that says so.
      const zk::Server* const server = cluster_.zookeeper_leader(world);
      for (const auto& [id, node] : cluster_.controllers()) {
        const migrate::ControllerNode* const core = cluster_.controller(world, id);
        if (node != occurrence.node || core == nullptr || server == nullptr) continue;
        count({"migration.S4"});
        add(migrate::check_copy(core->node()->image(), core->node()->replica().log(), server->database().tree, cluster_.initial().chroot,
                                cluster_.initial().password_secret),
            world);
      }
    }
  } else if (name.starts_with("broker.") || name.starts_with("client.") || name.starts_with("zkcontroller.")) {
    if (name == "zkcontroller.PartitionChanged") ++partition_elections_;
    count({"broker.P1", "broker.P7", "broker.P9", "broker.P12", "broker.P13"});
    add(sim::check_broker_notice(notice, running_brokers(world), brokers_), world);
  } else if (const auto* const done = notice.get_if<AdminDone>()) {
    constexpr std::string_view kDeletes = "delete topic ";
    if (done->error == sim::ErrorCode::None && done->what.starts_with(kDeletes)) {
      brokers_.on_topic_deleted(done->what.substr(kDeletes.size()));
    }
  }
}

void Checkers::after_event(const sim::World& world) {
  if (ensemble_due_) {
    ensemble_due_ = false;
    std::vector<const zk::Server*> servers;
    for (const sim::NodeId node : cluster_.zookeepers()) servers.push_back(cluster_.zookeeper(world, node));
    count({"zk.EpochsInOrder", "zk.EphemeralHasSession"});
    add(zk::check_servers(servers), world);
  }
  if (quorum_due_) {
    quorum_due_ = false;
    std::vector<const kraft::Replica*> replicas;
    for (const kraft::Node* const node : running_nodes(world)) {
      replicas.push_back(node == nullptr ? nullptr : &node->replica());
    }
    count({"kraft.OneLeaderPerEpoch", "kraft.EpochMonotone", "kraft.HighWatermarkMonotone", "kraft.CommittedPrefixAgrees",
           "kraft.LeaderCompleteness", "kraft.VoteIsKept", "kraft.LeaderCommitsItsEpoch", "kraft.CheckpointAtLogStart"});
    add(kraft::check_quorum(replicas, quorum_), world);
  }
  if (metadata_due_) {
    metadata_due_ = false;
    const std::vector<const kraft::Node*> nodes = running_nodes(world);
    std::vector<const sim::MetadataImage*> images;
    for (const auto& [id, node] : cluster_.brokers()) {
      const migrate::BrokerNode* const core = cluster_.broker(world, id);
      if (core != nullptr && core->kraft() != nullptr && core->mode() == migrate::BrokerMode::KRaft) {
        images.push_back(&core->kraft()->image());
      }
    }
    for (const kraft::Node* const node : nodes) {
      if (node != nullptr && node->image().features().zk_migration_state == sim::ZkMigrationState::PostMigration) {
        migration_.post_migration = true;
      }
    }
    count({"kraft.OneControllerPerEpoch", "kraft.ActiveControllerLeads", "kraft.PublishedImagesAgree", "kraft.EpochsMonotone",
           "kraft.PostMigrationIsFinal", "kraft.NoTransactionInAnImage", "kraft.MemoryIsTheImage", "broker.P10",
           "migration.S15"});
    add(kraft::check_metadata(nodes, images, metadata_), world);
    for (const kraft::Node* const node : nodes) {
      if (node != nullptr) add(migrate::check_silence(node->image(), migration_), world);
    }
  }
}

void Checkers::at_end(const sim::World& world) {
  last_occurrence_ = 0;
  for (const kraft::Node* const node : running_nodes(world)) {
    if (node == nullptr) continue;
    count({"kraft.ImageIsTheFoldOfTheLog"});
    add(kraft::check_fold(*node), world);
  }
  for (const auto& [id, node] : cluster_.controllers()) {
    if (const auto* const core = cluster_.controller(world, id)) check_watches(core->zookeeper(), world);
  }
  for (const auto& [id, node] : cluster_.brokers()) {
    const auto* const core = cluster_.broker(world, id);
    if (core != nullptr && core->zookeeper() != nullptr) check_watches(&core->zookeeper()->session(), world);
  }
  const migrate::ControllerNode* const active = cluster_.active_controller(world);
  const zk::Server* const server = cluster_.zookeeper_leader(world);
  if (active == nullptr || server == nullptr || active->driver() == nullptr) return;
  count({"MB-03", "MB-04", "MB-05", "MB-06", "MB-07", "MB-23", "MB-24"});
  if (active->driver()->idle() && active->driver()->state() == migrate::MigrationDriverState::DualWrite) count({"migration.S5"});
  add(migrate::check_driver(*active->driver(), migration_, server->database().tree, cluster_.initial().chroot,
                            cluster_.initial().password_secret),
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
