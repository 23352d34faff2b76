#include "scenarios/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "scenarios/admin.h"
#include "scenarios/durations.h"
#include "scenarios/zookeeper_shell.h"
#include "sim/base/check.h"
#include "sim/base/suggest.h"
#include "sim/kafka/consumer.h"
#include "sim/kafka/producer.h"
#include "zk/migration_reader_tree.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace scenarios {
namespace {

constexpr std::int32_t kUsualFirstController = 3000;
// Of the range of a consumer's letters, what each of its lives has.
constexpr std::int64_t kTokensPerLife = 1'000'000;

sim::Problem unusable(const sim::Place& place, std::string what, std::string remedy) {
  return {sim::Severity::Usage, place, std::move(what), std::move(remedy)};
}

sim::Distribution delay_of(const zk2kraft::Delay& delay, sim::Duration floor, sim::Duration mean) {
  const sim::Duration low = duration_or(delay.floor(), floor);
  if (!delay.up_to().empty()) {
    return sim::Distribution::uniform(low, std::max(low, duration_or(delay.up_to(), low)));
  }
  return sim::Distribution::exponential(low, duration_or(delay.mean(), mean));
}

// What a broker or controller of 3.9 registers, from the lowest to the highest metadata.version. It supports the
// dynamic quorums of kraft.version 1 as well, though none is simulated (kraft.md §1.14).
std::vector<sim::SupportedFeature> features(std::int16_t lowest, std::int16_t highest) {
  return {{"kraft.version", 0, 1}, {std::string(sim::kMetadataVersionFeature), lowest, highest}};
}

// The next thousand above the brokers' ids; where ids end before that, the lowest that the brokers leave free.
std::int32_t first_controller_beside(const std::vector<InitialBroker>& brokers,
                                     std::int32_t voters) {
  std::int64_t first = kUsualFirstController;
  for (const InitialBroker& broker : brokers) {
    first = std::max<std::int64_t>(first, (std::int64_t{broker.id.value()} / 1000 + 1) * 1000);
  }
  if (first + voters <= std::numeric_limits<std::int32_t>::max())
    return static_cast<std::int32_t>(first);
  const auto taken = [&](std::int32_t from) {
    return std::ranges::any_of(brokers, [&](const InitialBroker& broker) {
      return broker.id.value() >= from && broker.id.value() < from + voters;
    });
  };
  std::int32_t free = kUsualFirstController;
  while (taken(free)) free += 1000;
  return free;
}

// Clients that name no topic use all; of thousands these, spread over all names.
// Simplified: no client of a test reads a whole cluster, and each of ours asks for what it reads all the time.
std::vector<std::string> topics_of_clients(const Initial& initial) {
  constexpr std::size_t kMost = 200;
  std::vector<std::string> names =
      initial.database.tree.children(initial.chroot + std::string(zk::paths::kTopics));
  std::erase_if(names, [](const std::string& name) { return name.starts_with("__"); });
  if (names.size() <= kMost) return {};
  std::vector<std::string> some;
  for (std::size_t i = 0; i < kMost; ++i)
    some.push_back(std::move(names[i * names.size() / kMost]));
  return some;
}

}  // namespace

// Which release runs, with which metadata.version and which defects.
sim::Expected<void> Cluster::plan_software(const zk2kraft::Cluster& wanted,
                                           const sim::Place& place) {
  if (!wanted.kafka_version().empty()) {
    const auto releases = migrate::releases_that_migrate();
    const auto release = std::ranges::find(releases, wanted.kafka_version(), &migrate::describe);
    if (release == releases.end() || *release < kFirstSimulated) {
      std::string known;
      for (const migrate::Release& each : releases) {
        if (each >= kFirstSimulated) known += (known.empty() ? "" : ", ") + migrate::describe(each);
      }
      return std::unexpected(
          unusable(place, fmt::format("Kafka {} is not simulated.", wanted.kafka_version()),
                   fmt::format("Take one of {}.", known)));
    }
    release_ = *release;
    defects_ = Defects::of(release_);
  }
  for (const std::string& name : wanted.defects()) {
    if (auto set = defects_.set(name, true, place); !set) return std::unexpected(set.error());
  }
  for (const std::string& name : wanted.fixed()) {
    if (auto set = defects_.set(name, false, place); !set) return std::unexpected(set.error());
  }
  latest_metadata_version_ =
      sim::parse_metadata_version(migrate::describe(release_)).value_or(sim::kLatestProduction);
  metadata_version_ = latest_metadata_version_;
  if (wanted.metadata_version().empty()) return {};
  const auto version = sim::parse_metadata_version(wanted.metadata_version());
  if (!version || *version > latest_metadata_version_) {
    return std::unexpected(
        unusable(place,
                 fmt::format("Kafka {} knows no metadata.version '{}'.",
                             migrate::describe(release_), wanted.metadata_version()),
                 fmt::format("Write it like {}.", sim::describe(latest_metadata_version_))));
  }
  // Since KAFKA-17457 a controller that begins a migration without transactions ends at once, again and again.
  const auto least = defects_.kraft.copies_without_transaction ? sim::MetadataVersion::V3_4_IV0
                                                               : sim::kMinimumForMigration;
  // Who has it fixed is refused an older one, and takes the least that is not.
  const auto& fixed = wanted.fixed();
  const bool would_be_told =
      std::ranges::find(fixed, "KAFKA-17457") != fixed.end() && least <= latest_metadata_version_;
  if (*version < least && would_be_told) {
    metadata_version_ = least;
    return {};
  }
  if (*version < least) {
    return std::unexpected(
        unusable(place,
                 fmt::format("with metadata.version {} there is no migration from ZooKeeper.",
                             wanted.metadata_version()),
                 fmt::format("Write {} or a later one.", sim::describe(least))));
  }
  metadata_version_ = *version;
  return {};
}

sim::Expected<Cluster> Cluster::plan(const zk2kraft::Scenario& scenario, Initial initial,
                                     const sim::Place& place) {
  Cluster cluster;
  const zk2kraft::Cluster& wanted = scenario.cluster();
  if (auto software = cluster.plan_software(wanted, place); !software)
    return std::unexpected(software.error());
  const auto is_one_of = [](std::int32_t value, std::initializer_list<std::int32_t> allowed) {
    return value == 0 || std::ranges::find(allowed, value) != allowed.end();
  };
  if (!is_one_of(wanted.zookeepers(), {1, 3, 5})) {
    return std::unexpected(
        unusable(place, fmt::format("zookeepers: {} is not simulated.", wanted.zookeepers()),
                 "Take 1, 3 or 5."));
  }
  if (!is_one_of(wanted.controllers(), {1, 3})) {
    return std::unexpected(
        unusable(place, fmt::format("controllers: {} is not simulated.", wanted.controllers()),
                 "Take 1 or 3."));
  }
  if (wanted.min_insync_replicas() < 0)
    return std::unexpected(unusable(place, "min_insync_replicas is negative.", ""));
  if (wanted.min_insync_replicas() > 0) cluster.min_insync_replicas_ = wanted.min_insync_replicas();
  if (wanted.min_batch_size() < 0)
    return std::unexpected(unusable(place, "min_batch_size is negative.", ""));
  if (wanted.min_batch_size() > 0)
    cluster.min_batch_size_ = static_cast<std::size_t>(wanted.min_batch_size());
  if (wanted.snap_count() < 0)
    return std::unexpected(unusable(place, "snap_count is negative.", ""));
  if (wanted.snap_count() == 1)
    return std::unexpected(unusable(place, "snap_count is 1.", "ZooKeeper takes 2 for the least."));
  if (wanted.snap_count() > 0)
    cluster.snap_count_ = static_cast<std::uint64_t>(wanted.snap_count());
  if (wanted.metadata_snapshot_bytes() < 0)
    return std::unexpected(unusable(place, "metadata_snapshot_bytes is negative.", ""));
  if (wanted.metadata_snapshot_bytes() > 0) {
    cluster.metadata_snapshot_bytes_ = static_cast<std::uint64_t>(wanted.metadata_snapshot_bytes());
  }
  cluster.zookeeper_session_timeout_ =
      duration_or(wanted.zookeeper_session_timeout(), cluster.zookeeper_session_timeout_);
  cluster.broker_session_timeout_ =
      duration_or(wanted.broker_session_timeout(), cluster.broker_session_timeout_);
  if (auto left = leave_behind(wanted, initial, place); !left) return std::unexpected(left.error());
  if (auto spare = add_spare_brokers(wanted, initial, place); !spare)
    return std::unexpected(spare.error());
  cluster.initial_ = std::make_shared<const Initial>(std::move(initial));
  if (cluster.initial_->beginning == Beginning::BeforeClaim) {
    cluster.found_ = std::make_shared<const sim::MetadataImage>(
        zk::zk_to_image(cluster.initial_->database.tree, cluster.initial_->chroot, {}).image);
  }
  cluster.scenario_ = std::make_shared<const zk2kraft::Scenario>(scenario);
  auto consumers = plan_consumers(scenario, topics_of_clients(*cluster.initial_),
                                  cluster.defects_.client, place);
  if (!consumers) return std::unexpected(consumers.error());
  cluster.planned_consumers_ = std::move(*consumers);
  cluster.number_nodes(scenario);
  for (const auto& [id, node] : cluster.controllers_) {
    if (cluster.brokers_.contains(id)) {
      return std::unexpected(unusable(
          place, fmt::format("id {} would be both a broker's and a controller's.", id.value()),
          "Set first_controller_id so that the ids differ."));
    }
  }
  return cluster;
}

void Cluster::number_nodes(const zk2kraft::Scenario& scenario) {
  std::uint32_t next = 0;
  const auto number = [&] { return sim::NodeId(next++); };
  const std::int32_t servers =
      scenario.cluster().zookeepers() == 0 ? 3 : scenario.cluster().zookeepers();
  for (std::int32_t i = 0; i < servers; ++i) zookeepers_.push_back(number());
  const std::int32_t voters =
      scenario.cluster().controllers() == 0 ? 3 : scenario.cluster().controllers();
  std::int32_t first = scenario.cluster().first_controller_id();
  if (first == 0) first = first_controller_beside(initial_->brokers, voters);
  for (std::int32_t i = 0; i < voters; ++i)
    controllers_.emplace(sim::BrokerId(first + i), number());
  for (const InitialBroker& broker : initial_->brokers) {
    brokers_.emplace(broker.id, number());
    if (broker.spare) spares_.insert(broker.id);
  }
  for (const zk2kraft::Workload& workload : scenario.workload()) {
    if (workload.has_producer()) producers_.push_back(number());
  }
  for (const zk2kraft::Workload& workload : scenario.workload()) {
    if (workload.has_group()) groups_.push_back(number());
  }
  for (std::size_t i = 0; i < planned_consumers_.size(); ++i) consumers_.push_back(number());
  admin_ = number();
  const bool asks_controllers =
      std::ranges::any_of(scenario.workload(), [](const zk2kraft::Workload& workload) {
        return workload.has_change() && workload.change().to_controllers();
      });
  if (asks_controllers) controller_admin_ = number();
  const zk2kraft::Operator& person = scenario.operator_();
  const bool goes_back = person.then_size() > 0 || person.goal().starts_with('R');
  if (goes_back || person.edits_size() > 0) shell_ = number();
}

// ── Programs ────────────────────────────────────────────────────────────────────────────────────

zk::ClientConfig Cluster::session_of(sim::NodeId self) const {
  return {.self = self,
          .servers = zookeepers_,
          .session_timeout = zookeeper_session_timeout_,
          .chroot = initial_->chroot};
}

kraft::QuorumConfig Cluster::quorum() const {
  kraft::QuorumConfig quorum;
  for (const auto& [id, node] : controllers_) quorum.voters.push_back(id);
  quorum.addresses = controllers_;
  return quorum;
}

sim::AddressBook Cluster::address_book() const {
  sim::AddressBook book;
  for (const auto& [id, node] : brokers_) book.emplace(id, node);
  return book;
}

std::unique_ptr<sim::Process> Cluster::controller_program(sim::BrokerId id,
                                                          ControllerMode mode) const {
  migrate::ControllerNodeConfig config;
  config.node.id = id;
  config.node.self = controllers_.at(id);
  config.node.quorum = quorum();
  config.node.controller = {.id = id,
                            .cluster_id = initial_->cluster_id,
                            .quorum_nodes = config.node.quorum.voters,
                            .zk_migration_enabled = mode == ControllerMode::Migration,
                            .bootstrap_version = metadata_version_,
                            .broker_session_timeout = broker_session_timeout_,
                            .latest_supported = latest_metadata_version_,
                            .behaviour = defects_.kraft};
  config.node.listeners = {
      {.name = "CONTROLLER", .host = fmt::format("controller-{}", id.value()), .port = 9093}};
  config.node.features = features(1, sim::level_of(latest_metadata_version_));
  config.node.behaviour = defects_.kraft;
  config.node.snapshot_bytes = metadata_snapshot_bytes_.value_or(config.node.snapshot_bytes);
  config.brokers = address_book();
  config.wall_clock_at_zero_ms = initial_->wall_clock_at_zero_ms;
  if (mode == ControllerMode::Migration) {
    config.zookeeper = session_of(config.node.self);
    config.driver = migrate::DriverConfig{.node_id = id,
                                          .min_batch_size = min_batch_size_,
                                          .static_voters = config.node.quorum.voters,
                                          .password_secret = initial_->password_secret,
                                          .mirror_defects = defects_.mirror,
                                          .read_defects = defects_.read,
                                          .propagator_defects = defects_.propagator,
                                          .defects = defects_.driver};
  }
  return std::make_unique<sim::Host<migrate::ControllerNode>>(
      [config](sim::Instant, const sim::Durable& disk, sim::Incarnation incarnation) {
        migrate::ControllerNodeConfig own = config;
        own.node.life = incarnation;
        return migrate::ControllerNode(std::move(own), disk);
      });
}

std::unique_ptr<sim::Process> Cluster::broker_program(sim::BrokerId id,
                                                      migrate::BrokerMode mode) const {
  const auto initial = std::ranges::find(initial_->brokers, id, &InitialBroker::id);
  sim::check(initial != initial_->brokers.end(), "a program is asked for a broker of the cluster");
  migrate::BrokerNodeConfig config{.mode = mode};
  config.broker.id = id;
  config.broker.self = brokers_.at(id);
  config.broker.cluster_id = initial_->cluster_id;
  config.broker.kraft_mode = mode == migrate::BrokerMode::KRaft;
  config.broker.hears_kraft_controllers = mode != migrate::BrokerMode::ZooKeeper;
  config.broker.brokers = address_book();
  config.broker.offsets_topic_replication_factor =
      static_cast<std::int16_t>(std::min<std::size_t>(3, brokers_.size()));
  config.broker.transaction_state_log_replication_factor =
      config.broker.offsets_topic_replication_factor;
  config.broker.transaction_state_log_min_isr =
      std::min<std::int32_t>(2, config.broker.offsets_topic_replication_factor);
  config.broker.min_insync_replicas = min_insync_replicas_;
  config.broker.behaviour = defects_.broker;
  if (mode != migrate::BrokerMode::KRaft) {
    zk::BrokerZnode registration{.rack = initial->rack,
                                 .timestamp_ms = initial_->wall_clock_at_zero_ms};
    for (const sim::ListenerAddress& listener : initial->listeners) {
      registration.endpoints.push_back(
          {listener.name, listener.security_protocol, listener.host, listener.port});
    }
    config.zookeeper = zk::BrokerLinkConfig{.id = id,
                                            .registration = std::move(registration),
                                            .cluster_id = initial_->cluster_id,
                                            .session = session_of(config.broker.self)};
    config.controller = zk::ControllerConfig{.id = id,
                                             .self = config.broker.self,
                                             .addresses = address_book(),
                                             .behaviour = defects_.zookeeper_controller};
  }
  if (mode != migrate::BrokerMode::ZooKeeper) {
    const bool migrating = mode == migrate::BrokerMode::Migrating;
    const std::int16_t level = sim::level_of(metadata_version_);
    config.kraft = kraft::BrokerLink::Config{
        .id = id,
        .self = config.broker.self,
        .cluster_id = initial_->cluster_id,
        .quorum = quorum(),
        .listeners = initial->listeners,
        // A migrating broker supports exactly its inter.broker.protocol.version (migration.md §5.9).
        .features = migrating ? features(level, level)
                              : features(1, sim::level_of(latest_metadata_version_)),
        .rack = initial->rack,
        .log_dirs = initial->log_dirs,
        .is_migrating_zk_broker = migrating,
        .session_timeout = broker_session_timeout_,
        .behaviour = defects_.kraft};
  }
  return std::make_unique<sim::Host<migrate::BrokerNode>>(
      [config, initial = initial_, this_cluster = *this](sim::Instant, const sim::Durable& disk,
                                                         sim::Incarnation incarnation) {
        migrate::BrokerNodeConfig own = config;
        if (own.kraft) own.kraft->life = incarnation;
        // Only the life that the simulation finds running has a past.
        if (initial->beginning == Beginning::BeforeClaim && incarnation == 1) {
          const auto found = std::ranges::find(initial->brokers, own.broker.id, &InitialBroker::id);
          own.zookeeper->session.resume = found->session;
          own.controller.reset();
          own.told_before = this_cluster.told_before(own.broker.id);
        }
        return migrate::BrokerNode(std::move(own), disk);
      });
}

// What the controller in ZooKeeper mode had told a broker when the simulation finds it running: exactly what the
// tree says.
std::vector<sim::ControlRequest> Cluster::told_before(sim::BrokerId id) const {
  const zk::Tree& tree = initial_->database.tree;
  const zk::ClusterView view = zk::cluster_view(tree, initial_->chroot);
  sim::ControlSender sender{
      .controller_id = view.controller ? view.controller->znode.broker : sim::BrokerId(-1),
      .controller_epoch = view.controller_epoch.value_or(sim::ControllerEpoch(0))};
  for (const InitialBroker& broker : initial_->brokers) {
    if (broker.spare) continue;
    sender.live.emplace(broker.id, sim::kNoBrokerEpoch);
    sender.live_brokers.push_back(
        {.id = broker.id, .endpoints = broker.listeners, .rack = broker.rack});
  }
  sim::ControlRequestBatch batch;
  const sim::BrokerId told[] = {id};
  batch.add_update_metadata(told);
  for (const sim::Topic& topic : found_->topics()) {
    for (const auto& [number, partition] : topic.partitions()) {
      batch.add_update_metadata(topic.name(), topic.id(),
                                {.partition_index = number,
                                 .controller_epoch = sender.controller_epoch,
                                 .leader = partition.leader,
                                 .leader_epoch = partition.leader_epoch,
                                 .isr = partition.isr,
                                 .zk_version = partition.partition_epoch,
                                 .replicas = partition.replicas});
      if (!partition.has_replica(id)) continue;
      batch.add_leader_and_isr(id, topic.name(), topic.id(),
                               {.partition_index = number,
                                .controller_epoch = sender.controller_epoch,
                                .leader = partition.leader,
                                .leader_epoch = partition.leader_epoch,
                                .isr = partition.isr,
                                .partition_epoch = partition.partition_epoch,
                                .replicas = partition.replicas,
                                .adding_replicas = partition.adding_replicas,
                                .removing_replicas = partition.removing_replicas,
                                .leader_recovery_state = partition.leader_recovery_state});
    }
  }
  return batch.finish(sender);
}

// ── The world ───────────────────────────────────────────────────────────────────────────────────

sim::Durable Cluster::zookeeper_disk() const {
  sim::Durable disk;
  const zk::Tree& tree = initial_->database.tree;
  zk::Snapshot snapshot{.zxid = tree.last_processed_zxid(),
                        .tree = tree,
                        .session_timeouts_ms = initial_->database.session_timeouts_ms};
  const zk::ZabEpoch epoch(static_cast<zk::ZabEpoch::Representation>(snapshot.zxid.epoch()));
  const auto one = [](sim::Payload entry) {
    return sim::FileContent{.first = 0, .entries = {std::move(entry)}};
  };
  disk.files[zk::kSnapshotFile] = one(sim::Payload::of(std::move(snapshot)));
  disk.files[zk::kAcceptedEpochFile] = one(sim::Payload::of(zk::EpochFile{epoch}));
  disk.files[zk::kCurrentEpochFile] = one(sim::Payload::of(zk::EpochFile{epoch}));
  return disk;
}

sim::WorldOptions Cluster::world_options() const {
  sim::WorldOptions options;
  options.link.delay = delay_of(scenario_->cluster().network().delay(), sim::Duration(200'000),
                                sim::Duration(100'000));
  return options;
}

void Cluster::populate(sim::World& world) const {
  const auto added = [](sim::NodeId is, sim::NodeId planned) {
    sim::check(is == planned, "nodes are added in the order in which they were numbered");
  };
  std::vector<zk::Peer> ensemble;
  for (std::size_t i = 0; i < zookeepers_.size(); ++i) {
    ensemble.push_back({zk::ServerId(static_cast<std::int32_t>(i + 1)), zookeepers_[i]});
  }
  const sim::Distribution fsync = delay_of(scenario_->cluster().disk().fsync(),
                                           sim::Duration(1'000'000), sim::Duration(1'000'000));
  for (const zk::Peer& peer : ensemble) {
    zk::ServerConfig config{.myid = peer.server,
                            .ensemble = ensemble,
                            .wall_clock_at_zero_ms = initial_->wall_clock_at_zero_ms,
                            .behaviour = defects_.zookeeper};
    config.snap_count = snap_count_.value_or(config.snap_count);
    added(world.add<zk::Server>(fmt::format("zk-{}", peer.server.value()),
                                [config](sim::Instant, const sim::Durable& disk, sim::Incarnation) {
                                  return zk::Server(config, disk);
                                },
                                {.disk = zookeeper_disk(), .fsync = fsync}),
          peer.node);
  }
  sim::Durable quorum_disk;
  if (initial_->quorum_epoch > sim::RaftEpoch(0)) {
    const kraft::QuorumState state{.epoch = initial_->quorum_epoch, .voters = quorum().voters};
    quorum_disk.files[kraft::kQuorumStateFile] = {.first = 0, .entries = {sim::Payload::of(state)}};
  }
  for (const auto& [id, node] : controllers_) {
    added(world.add(fmt::format("controller-{}", id.value()),
                    controller_program(id, ControllerMode::Migration),
                    {.start = sim::Start::ByFault, .disk = quorum_disk, .fsync = fsync}),
          node);
  }
  const migrate::BrokerMode mode = initial_->beginning == Beginning::BeforeClaim
                                       ? migrate::BrokerMode::Migrating
                                       : migrate::BrokerMode::ZooKeeper;
  for (const auto& [id, node] : brokers_) {
    const sim::Start start = spares_.contains(id) ? sim::Start::ByFault : sim::Start::AtOnce;
    added(world.add(fmt::format("broker-{}", id.value()), broker_program(id, mode),
                    {.start = start, .fsync = fsync}),
          node);
  }
  const std::vector<std::string> usual_topics = topics_of_clients(*initial_);
  const auto topics_or_usual = [&](const std::string& named) {
    return named.empty() ? usual_topics : std::vector{named};
  };
  std::size_t producers = 0;
  std::size_t groups = 0;
  for (const zk2kraft::Workload& workload : scenario_->workload()) {
    if (!workload.has_producer()) continue;
    sim::ProducerConfig config{
        .name = fmt::format("producer-{}", producers + 1),
        .self = producers_[producers],
        .brokers = address_book(),
        .interval = duration_or(workload.producer().every(), sim::Duration(20'000'000)),
        .first_token = sim::RecordToken(static_cast<std::int64_t>(producers) * kTokensPerClient)};
    config.topics = topics_or_usual(workload.producer().topic());
    added(world.add<sim::Producer>(config.name,
                                   [config](sim::Instant, const sim::Durable&, sim::Incarnation) {
                                     return sim::Producer(config);
                                   }),
          producers_[producers]);
    ++producers;
  }
  for (const zk2kraft::Workload& workload : scenario_->workload()) {
    if (!workload.has_group()) continue;
    const std::string& id = workload.group().group_id();
    sim::ConsumerConfig config{.group = id.empty() ? fmt::format("group-{}", groups + 1) : id,
                               .self = groups_[groups],
                               .brokers = address_book()};
    config.topics = topics_or_usual(workload.group().topic());
    added(world.add<sim::Consumer>(fmt::format("group-{}", groups + 1),
                                   [config](sim::Instant, const sim::Durable&, sim::Incarnation) {
                                     return sim::Consumer(config);
                                   }),
          groups_[groups]);
    ++groups;
  }
  populate_consumers(world);
  populate_administrators(world);
}

void Cluster::populate_consumers(sim::World& world) const {
  for (std::size_t i = 0; i < consumers_.size(); ++i) {
    sim::ClientApplicationConfig config = planned_consumers_[i].config;
    config.self = consumers_[i];
    config.brokers = address_book();
    const sim::NodeId is = world.add<sim::ClientApplication>(
        planned_consumers_[i].name,
        [config](sim::Instant, const sim::Durable& disk, sim::Incarnation incarnation) {
          sim::ClientApplicationConfig own = config;
          own.life = incarnation;
          own.first_letter_token = config.first_letter_token.plus(incarnation * kTokensPerLife);
          return sim::ClientApplication(std::move(own), disk);
        });
    sim::check(is == consumers_[i], "nodes are added in the order in which they were numbered");
  }
}

bool Cluster::expects(const sim::World& world, sim::BrokerId id) const {
  return !spares_.contains(id) || world.incarnation(brokers_.at(id)) > 0;
}

std::size_t Cluster::expected_brokers(const sim::World& world) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      brokers_, [&](const auto& entry) { return expects(world, entry.first); }));
}

void Cluster::populate_administrators(sim::World& world) const {
  const auto added = [](sim::NodeId is, sim::NodeId planned) {
    sim::check(is == planned, "nodes are added in the order in which they were numbered");
  };
  const auto add_admin = [&](std::string name, sim::NodeId self, sim::AddressBook servers) {
    const Admin::Config config{.self = self, .brokers = std::move(servers)};
    added(world.add<Admin>(std::move(name), [config](sim::Instant, const sim::Durable&,
                                                     sim::Incarnation) { return Admin(config); }),
          self);
  };
  add_admin("admin", admin_, address_book());
  if (controller_admin_)
    add_admin("controller-admin", *controller_admin_, {controllers_.begin(), controllers_.end()});
  if (shell_) {
    const zk::ClientConfig session = session_of(*shell_);
    added(world.add<ZookeeperShell>(std::string(kShell),
                                    [session](sim::Instant, const sim::Durable&, sim::Incarnation) {
                                      return ZookeeperShell(session);
                                    }),
          *shell_);
  }
}

// ── Roles ───────────────────────────────────────────────────────────────────────────────────────

std::vector<std::string_view> Cluster::roles() {
  return {"zk",
          "zk:leader",
          "zk:follower",
          "zk:any",
          "controller",
          "controller:active",
          "controller:standby",
          "controller:any",
          "controller:acting",
          "broker",
          "broker:any",
          "broker:controller",
          "broker:other",
          "client"};
}

const migrate::ControllerNode* Cluster::active_controller(const sim::World& world) const {
  const migrate::ControllerNode* found = nullptr;
  for (const auto& [id, node] : controllers_) {
    const auto* const core = world.core_if<migrate::ControllerNode>(node);
    if (core == nullptr || core->node() == nullptr || !core->node()->is_active()) continue;
    if (found == nullptr ||
        core->node()->leader_and_epoch().epoch > found->node()->leader_and_epoch().epoch)
      found = core;
  }
  return found;
}

const zk::Server* Cluster::zookeeper_leader(const sim::World& world) const {
  const zk::Server* found = nullptr;
  for (const sim::NodeId node : zookeepers_) {
    const auto* const core = world.core_if<zk::Server>(node);
    if (core == nullptr || !core->is_established()) continue;
    if (found == nullptr || core->epoch() > found->epoch()) found = core;
  }
  return found;
}

// The broker that /controller names.
std::vector<sim::NodeId> Cluster::controlling_broker(const sim::World& world) const {
  const zk::Server* const server = zookeeper_leader(world);
  if (server == nullptr) return {};
  const zk::ClusterView view = zk::cluster_view(server->database().tree, initial_->chroot);
  if (!view.controller) return {};
  const auto broker = brokers_.find(view.controller->znode.broker);
  if (broker == brokers_.end()) return {};
  return {broker->second};
}

std::vector<sim::NodeId> Cluster::resolve(const sim::World& world, std::string_view role) const {
  if (const auto node = world.find(role)) return {*node};
  const auto alive = [&](std::vector<sim::NodeId> nodes) {
    std::erase_if(nodes, [&](sim::NodeId node) { return !world.alive(node); });
    return nodes;
  };
  const auto values = [](const std::map<sim::BrokerId, sim::NodeId>& nodes) {
    std::vector<sim::NodeId> list;
    for (const auto& [id, node] : nodes) list.push_back(node);
    return list;
  };
  const auto first = [](std::vector<sim::NodeId> nodes) {
    if (nodes.size() > 1) nodes.resize(1);
    return nodes;
  };
  std::vector<sim::NodeId> leader;
  if (const zk::Server* const server = zookeeper_leader(world)) {
    leader.push_back(zookeepers_[static_cast<std::size_t>(server->id().value() - 1)]);
  }
  std::vector<sim::NodeId> active;
  if (const migrate::ControllerNode* const core = active_controller(world))
    active.push_back(core->config().node.self);
  const auto without = [](std::vector<sim::NodeId> nodes, const std::vector<sim::NodeId>& those) {
    std::erase_if(nodes,
                  [&](sim::NodeId node) { return std::ranges::find(those, node) != those.end(); });
    return nodes;
  };
  if (role == "zk") return zookeepers_;
  if (role == "zk:leader") return leader;
  if (role == "zk:follower") return first(without(alive(zookeepers_), leader));
  if (role == "zk:any") return first(alive(zookeepers_));
  if (role == "controller") return values(controllers_);
  if (role == "controller:active") return active;
  if (role == "controller:standby") return first(without(alive(values(controllers_)), active));
  if (role == "controller:any") return first(alive(values(controllers_)));
  if (role == "controller:acting") return active.empty() ? controlling_broker(world) : active;
  if (role == "broker") return values(brokers_);
  if (role == "broker:any") return first(alive(values(brokers_)));
  if (role == "broker:controller") return controlling_broker(world);
  if (role == "broker:other")
    return first(without(alive(values(brokers_)), controlling_broker(world)));
  if (role == "client") {
    std::vector<sim::NodeId> clients = producers_;
    clients.insert(clients.end(), groups_.begin(), groups_.end());
    clients.insert(clients.end(), consumers_.begin(), consumers_.end());
    return clients;
  }
  return {};
}

}  // namespace scenarios
